/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of what a vfio-user server answers: good answers, and each way to be wrong that it must see. */
#include "tap.h"

#include <errno.h>
#include <string.h>

#include "glacis_vfio_user_wire.h"

#define PAGE 4096u

struct answer {
	struct glacis_wire_region_info info;
	struct {
		uint16_t id, version;
		uint32_t next;
		uint32_t areas, reserved;
		struct glacis_wire_area area[3];
	} sparse;
};

static struct answer good_answer(void)
{
	struct answer answer = {
		.info = { .argsz = sizeof(answer),
			  .flags = 0xf,
			  .index = 0,
			  .capabilities = sizeof(answer.info),
			  .size = 64 * PAGE },
		.sparse = { .id = 1,
			    .version = 1,
			    .areas = 3,
			    .area = { { 2 * PAGE, PAGE }, { 8 * PAGE, 2 * PAGE }, { 63 * PAGE, PAGE } } },
	};

	return answer;
}

static int parse(const struct answer *answer, size_t size, struct glacis_wire_region *region)
{
	uint8_t body[sizeof(*answer)];

	memcpy(body, answer, sizeof(body));
	return glacis_wire_parse_region(body, size, 0, region);
}

static void headers(void)
{
	struct glacis_wire_header header = { .id = 7, .command = 5, .size = 48, .flags = GLACIS_WIRE_REPLY };
	struct glacis_wire_header wrong;
	size_t size = 0;

	CHECK(glacis_wire_check_header(&header, 7, 5, &size) == 0 && size == 32, "a good header");
	wrong = header, wrong.id = 8;
	CHECK(glacis_wire_check_header(&wrong, 7, 5, &size) == -EPROTO && size == 0, "another request's answer");
	wrong = header, wrong.command = 6;
	CHECK(glacis_wire_check_header(&wrong, 7, 5, &size) == -EPROTO, "another command");
	wrong = header, wrong.flags = 0;
	CHECK(glacis_wire_check_header(&wrong, 7, 5, &size) == -EPROTO, "a request, not an answer");
	wrong = header, wrong.size = 15;
	CHECK(glacis_wire_check_header(&wrong, 7, 5, &size) == -EPROTO, "shorter than a header");
	wrong = header, wrong.size = 16 + GLACIS_WIRE_BODY_MAX + 1;
	CHECK(glacis_wire_check_header(&wrong, 7, 5, &size) == -EPROTO, "longer than we take");
	wrong = header, wrong.size = UINT32_MAX;
	CHECK(glacis_wire_check_header(&wrong, 7, 5, &size) == -EPROTO, "as long as can be said");
	tap_case("headers");

	CHECK(glacis_wire_refusal(&header) == 0, "none");
	wrong = header, wrong.flags |= GLACIS_WIRE_ERROR, wrong.error = EINVAL;
	CHECK(glacis_wire_refusal(&wrong) == -EINVAL, "the server's error");
	wrong.error = 0;
	CHECK(glacis_wire_refusal(&wrong) == -EIO, "an error that says none");
	wrong.error = UINT32_MAX;
	CHECK(glacis_wire_refusal(&wrong) == -EIO, "an error that no errno is");
	tap_case("refusals");
}

static void regions(void)
{
	struct answer answer = good_answer();
	struct glacis_wire_region region;

	CHECK(parse(&answer, sizeof(answer), &region) == 0, "a good answer");
	CHECK(region.area_count == 3 && region.size == 64 * PAGE, "%u areas", region.area_count);
	CHECK(region.areas[1].offset == 8 * PAGE && region.areas[1].size == 2 * PAGE, "the second area");
	answer.info.flags = 0x3;
	CHECK(parse(&answer, sizeof(answer), &region) == 0 && region.area_count == 0, "nothing can be mapped");
	answer.info.flags = 0x7;
	CHECK(parse(&answer, sizeof(answer), &region) == 0 && region.area_count == 1 &&
		      region.areas[0].size == 64 * PAGE,
	      "all of it can be mapped");
	tap_case("regions");
}

#define REFUSED(change, what)                                                                                          \
	do {                                                                                                           \
		struct answer answer = good_answer();                                                                  \
		struct glacis_wire_region region;                                                                      \
		change;                                                                                                \
		CHECK(parse(&answer, sizeof(answer), &region) == -EPROTO, what);                                       \
	} while (0)

static void regions_cut_off(void)
{
	struct answer answer = good_answer();
	struct glacis_wire_region region;

	/* Cut off anywhere, it promises more than is there. */
	for (size_t size = 0; size < sizeof(answer); size++)
		CHECK(parse(&answer, size, &region) == -EPROTO, "cut off at %zu", size);
	tap_case("regions cut off");
}

static void regions_wrong(void)
{
	REFUSED(answer.info.index = 1, "another region");
	REFUSED(answer.info.offset = 1, "an offset inside a page");
	REFUSED(answer.info.offset = UINT64_MAX - PAGE + 1, "an end beyond 2^64");
	REFUSED(answer.info.capabilities = 8, "capabilities in the fixed part");
	REFUSED(answer.info.capabilities = UINT32_MAX, "capabilities outside");
	REFUSED(answer.sparse.areas = 4, "more areas than there are");
	REFUSED(answer.sparse.areas = UINT32_MAX, "very many areas");
	REFUSED((answer.sparse.id = 9, answer.sparse.next = sizeof(answer.info)), "a loop of capabilities");
	REFUSED(answer.sparse.next = 1, "a next capability in the fixed part");
	REFUSED(answer.sparse.area[0].offset = 1, "an area inside a page");
	REFUSED(answer.sparse.area[0].size = 1, "an area of less than a page");
	REFUSED(answer.sparse.area[2].size = 2 * PAGE, "an area beyond the region");
	REFUSED(answer.sparse.area[2].offset = 65 * PAGE, "an area outside the region");
	REFUSED(answer.sparse.area[0].size = UINT64_MAX - PAGE + 1, "an area that wraps");
	tap_case("regions that no server has");
}

static void reads(void)
{
	struct glacis_wire_access asked = { .offset = 8, .region = 0, .count = 4 };
	uint8_t body[20], data[4] = { 0 };

	memcpy(body, &asked, sizeof(asked));
	memcpy(body + sizeof(asked), "abcd", 4);
	CHECK(glacis_wire_parse_read(body, 20, &asked, data) == 0 && memcmp(data, "abcd", 4) == 0, "good");
	CHECK(glacis_wire_parse_read(body, 19, &asked, data) == -EPROTO, "too short");
	asked.count = 3;
	CHECK(glacis_wire_parse_read(body, 20, &asked, data) == -EPROTO, "another count");
	asked.count = 4, asked.offset = 0;
	CHECK(glacis_wire_parse_read(body, 20, &asked, data) == -EPROTO, "another offset");
	tap_case("reads of a region");

	CHECK(glacis_wire_parse_version((const uint8_t *)"\0\0\0\0", 4) == 0, "version 0");
	CHECK(glacis_wire_parse_version((const uint8_t *)"\1\0\0\0", 4) == -EPROTO, "version 1");
	CHECK(glacis_wire_parse_version((const uint8_t *)"\0\0\0", 3) == -EPROTO, "too short");
	tap_case("versions");
}

int main(void)
{
	headers();
	regions();
	regions_cut_off();
	regions_wrong();
	reads();
	return tap_end();
}
