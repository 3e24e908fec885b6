/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vfio-user server answers, judged. Every length and offset in here was written by somebody else: each is
 * compared with the bytes that came before it is used, and every loop has a bound of ours.
 */
#include "glacis_vfio_user_wire.h"

#include <errno.h>
#include <string.h>

#define PAGE              4096u
#define CAPABILITY_SPARSE 1u
#define CAPABILITIES_MAX  16u /* in one answer */
#define ERRNO_MAX         4095u

struct capability {
	uint16_t id;
	uint16_t version;
	uint32_t next; /* offset in the body, 0 for none */
};

struct sparse {
	struct capability capability;
	uint32_t areas;
	uint32_t reserved;
};

int glacis_wire_check_header(const struct glacis_wire_header *header, uint16_t id, uint16_t command, size_t *body_size)
{
	*body_size = 0;
	if (header->id != id || header->command != command ||
	    (header->flags & GLACIS_WIRE_TYPE_MASK) != GLACIS_WIRE_REPLY)
		return -EPROTO;
	if (header->size < sizeof(*header) || header->size - sizeof(*header) > GLACIS_WIRE_BODY_MAX)
		return -EPROTO;
	*body_size = header->size - sizeof(*header);
	return 0;
}

int glacis_wire_refusal(const struct glacis_wire_header *header)
{
	if ((header->flags & GLACIS_WIRE_ERROR) == 0)
		return 0;
	return header->error == 0 || header->error > ERRNO_MAX ? -EIO : -(int)header->error;
}

int glacis_wire_parse_version(const uint8_t *body, size_t size)
{
	uint16_t major;

	/* Major, minor, and a text of capabilities that this client can do without. */
	if (size < 4)
		return -EPROTO;
	memcpy(&major, body, sizeof(major));
	return major == 0 ? 0 : -EPROTO;
}

int glacis_wire_parse_device(const uint8_t *body, size_t size, uint32_t *regions)
{
	struct glacis_wire_device_info info;

	if (size < sizeof(info))
		return -EPROTO;
	memcpy(&info, body, sizeof(info));
	*regions = info.regions;
	return 0;
}

/* An area must lie in its region, on whole pages. */
static int area_add(struct glacis_wire_region *region, const struct glacis_wire_area *area)
{
	if (area->size == 0)
		return 0;
	if (area->offset % PAGE != 0 || area->size % PAGE != 0 || area->offset > region->size ||
	    area->size > region->size - area->offset || region->area_count == GLACIS_WIRE_AREAS_MAX)
		return -EPROTO;
	region->areas[region->area_count++] = *area;
	return 0;
}

static int sparse_parse(const uint8_t *body, size_t size, size_t offset, struct glacis_wire_region *region)
{
	struct glacis_wire_area area;
	struct sparse sparse;

	if (size - offset < sizeof(sparse))
		return -EPROTO;
	memcpy(&sparse, body + offset, sizeof(sparse));
	offset += sizeof(sparse);
	if (sparse.areas > (size - offset) / sizeof(area))
		return -EPROTO;
	for (uint32_t i = 0; i < sparse.areas; i++) {
		memcpy(&area, body + offset + i * sizeof(area), sizeof(area));
		if (area_add(region, &area) != 0)
			return -EPROTO;
	}
	return 0;
}

/* Follows the chain of capabilities. Sets *sparse when one lists what can be mapped. */
static int capabilities_parse(const uint8_t *body, size_t size, uint32_t first, struct glacis_wire_region *region,
			      int *sparse)
{
	struct capability capability;
	size_t offset = first;

	for (unsigned count = 0; offset != 0; count++) {
		if (count == CAPABILITIES_MAX || offset < sizeof(struct glacis_wire_region_info) || offset > size ||
		    size - offset < sizeof(capability))
			return -EPROTO;
		memcpy(&capability, body + offset, sizeof(capability));
		if (capability.id == CAPABILITY_SPARSE) {
			*sparse = 1;
			if (sparse_parse(body, size, offset, region) != 0)
				return -EPROTO;
		}
		offset = capability.next;
	}
	return 0;
}

int glacis_wire_parse_region(const uint8_t *body, size_t size, uint32_t index, struct glacis_wire_region *region)
{
	struct glacis_wire_region_info info;
	int sparse = 0;

	memset(region, 0, sizeof(*region));
	if (size < sizeof(info))
		return -EPROTO;
	memcpy(&info, body, sizeof(info));
	if (info.index != index || info.offset % PAGE != 0 || info.size > UINT64_MAX - info.offset)
		return -EPROTO;
	region->size = info.size;
	region->file_offset = info.offset;
	region->flags = info.flags;
	if ((info.flags & GLACIS_WIRE_REGION_MAPPABLE) == 0)
		return 0;
	if ((info.flags & GLACIS_WIRE_REGION_CAPABILITIES) != 0 &&
	    capabilities_parse(body, size, info.capabilities, region, &sparse) != 0)
		return -EPROTO;
	if (sparse)
		return 0;
	return area_add(region, &(struct glacis_wire_area){ .size = info.size - info.size % PAGE });
}

int glacis_wire_parse_read(const uint8_t *body, size_t size, const struct glacis_wire_access *asked, uint8_t *data)
{
	struct glacis_wire_access answer;

	if (size < sizeof(answer) || size - sizeof(answer) < asked->count)
		return -EPROTO;
	memcpy(&answer, body, sizeof(answer));
	if (answer.offset != asked->offset || answer.region != asked->region || answer.count != asked->count)
		return -EPROTO;
	memcpy(data, body + sizeof(answer), asked->count);
	return 0;
}
