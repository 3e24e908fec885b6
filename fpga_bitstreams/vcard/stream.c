/* SPDX-License-Identifier: Apache-2.0 */
/* See stream.h. */
#include <emmintrin.h>
#include <string.h>

#include "stream.h"

#define LINE  64u /* a streaming store that does not fill a line is dear */
#define LEAST 256u

/* Whole lines, `to` at the start of one. */
static void copy_lines(uint8_t *to, const uint8_t *from, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += sizeof(__m128i))
		_mm_stream_si128((__m128i *)(to + at), _mm_loadu_si128((const __m128i *)(from + at)));
	_mm_sfence();
}

void vcard_stream_copy(uint8_t *to, const uint8_t *from, uint32_t size)
{
	uint32_t head = (uint32_t)(-(uintptr_t)to % LINE), lines;

	if (size < LEAST) {
		memcpy(to, from, size);
		return;
	}
	lines = (size - head) / LINE * LINE;
	memcpy(to, from, head);
	copy_lines(to + head, from + head, lines);
	memcpy(to + head + lines, from + head + lines, size - head - lines);
}
