/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for what a vfio-user server answers the driver (driver/glacis_vfio_user_wire.c). The first byte
 * chooses the kind of answer; the rest is its header, where there is one, and its body. Promises: what passes names
 * only whole pages inside the region, no more of them than there is room for, and bytes that were in the answer.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glacis_vfio_user_wire.h"

#define PAGE 4096u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds, const char *promise)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

static void header(const uint8_t *bytes, size_t size)
{
	struct glacis_wire_header header;
	size_t body = 1;
	int status;

	if (size < sizeof(header))
		return;
	memcpy(&header, bytes, sizeof(header));
	status = glacis_wire_check_header(&header, 7, GLACIS_WIRE_REGION_INFO, &body);
	require(status == 0 || status == -EPROTO, "a header is good or -EPROTO");
	require(body <= GLACIS_WIRE_BODY_MAX && (status == 0 || body == 0), "a body has its bounds");
	status = glacis_wire_refusal(&header);
	require(status <= 0 && status >= -4095, "a refusal is an errno");
}

static void region(const uint8_t *bytes, size_t size)
{
	static struct glacis_wire_region region;

	if (glacis_wire_parse_region(bytes, size, GLACIS_WIRE_REGION_BAR0, &region) != 0)
		return;
	require(region.area_count <= GLACIS_WIRE_AREAS_MAX, "areas have their bounds");
	require(region.file_offset % PAGE == 0 && region.file_offset + region.size >= region.size, "a file offset");
	for (uint32_t i = 0; i < region.area_count; i++) {
		const struct glacis_wire_area *area = &region.areas[i];

		require(area->size > 0 && area->size % PAGE == 0 && area->offset % PAGE == 0, "areas are pages");
		require(area->offset <= region.size && area->size <= region.size - area->offset, "inside the region");
	}
}

static void read_answer(const uint8_t *bytes, size_t size)
{
	const struct glacis_wire_access asked = { .offset = 0x1004, .region = 0, .count = 4 };
	uint8_t data[4] = { 0 };

	if (glacis_wire_parse_read(bytes, size, &asked, data) == 0)
		require(size >= 20 && memcmp(data, bytes + 16, 4) == 0, "data is what was read");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint32_t regions;

	if (size == 0)
		return 0;
	switch (*bytes % 5) {
	case 0:
		header(bytes + 1, size - 1);
		break;
	case 1:
		region(bytes + 1, size - 1);
		break;
	case 2:
		read_answer(bytes + 1, size - 1);
		break;
	case 3:
		(void)glacis_wire_parse_version(bytes + 1, size - 1);
		break;
	default:
		(void)glacis_wire_parse_device(bytes + 1, size - 1, &regions);
		break;
	}
	return 0;
}
