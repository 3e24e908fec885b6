/* SPDX-License-Identifier: Apache-2.0 */
/* The copy past the caches: every start and end in a cache line, and nothing around it is touched. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "stream.h"

#define LINE   64u
#define AROUND (4 * LINE)
#define MOST   16640u
#define GUARD  0xa5

static uint8_t from[LINE + MOST];
static _Alignas(64) uint8_t to[MOST + 2 * AROUND];

static void copy_is_right(uint32_t to_offset, uint32_t from_offset, uint32_t size)
{
	uint8_t *start = to + AROUND + to_offset;

	memset(to, GUARD, sizeof(to));
	vcard_stream_copy(start, from + from_offset, size);
	cr_assert_arr_eq(start, from + from_offset, size, "to %u from %u size %u", to_offset, from_offset, size);
	for (uint8_t *byte = to; byte < to + sizeof(to); byte++)
		cr_assert(*byte == GUARD || (byte >= start && byte < start + size),
			  "byte %td of a copy to %u of %u is changed", byte - start, to_offset, size);
}

static void fill(void)
{
	for (uint32_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i * 31 + i / 251);
}

Test(vcard_stream, any_start_and_end, .init = fill)
{
	for (uint32_t offset = 0; offset < LINE; offset++)
		for (uint32_t size = 255; size < 256 + 2 * LINE; size += 3)
			copy_is_right(offset, (offset * 7) % LINE, size);
}

Test(vcard_stream, any_size, .init = fill)
{
	static const uint32_t sizes[] = { 0, 1, 16, 255, 256, 257, 1024, 4095, 4096, 16383, 16384, MOST };

	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (uint32_t offset = 0; offset < LINE; offset += 21)
			copy_is_right(offset, 0, sizes[i]);
}
