/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight little-endian byte strings to and from digits in radix 2^52, one lane each. Called by rsa_ifma_operations.c.
 * Two digits are 13 bytes. Lengths are public.
 */
#include <string.h>

#include "rsa_ifma.h"

#define BYTES_MAX (RSA_IFMA_DIGITS_MAX / 2 * 13 + 8)

void rsa_ifma_wipe(void *memory, size_t size)
{
	memset(memory, 0, size);
	__asm__ volatile("" : : "r"(memory) : "memory");
}

static uint64_t load_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

void rsa_ifma_interleave(__m512i *out, const void *const in[RSA_LANES], uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t row[RSA_LANES];

		for (unsigned lane = 0; lane < RSA_LANES; lane++)
			row[lane] = load_word((const uint8_t *)in[lane] + (size_t)i * sizeof(uint64_t));
		out[i] = _mm512_loadu_si512(row);
	}
}

void rsa_ifma_from_bytes(__m512i *out, uint32_t count, const uint8_t *const in[RSA_LANES], size_t bytes)
{
	/* With zeros after the end: the last digit's word reaches beyond it. */
	uint8_t padded[RSA_LANES][BYTES_MAX] = { 0 };

	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		memcpy(padded[lane], in[lane], bytes);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t row[RSA_LANES];

		for (unsigned lane = 0; lane < RSA_LANES; lane++)
			row[lane] = load_word(padded[lane] + i * 13 / 2) >> (i % 2 * 4) & RSA_IFMA_MASK;
		out[i] = _mm512_loadu_si512(row);
	}
	rsa_ifma_wipe(padded, sizeof(padded));
}

void rsa_ifma_to_bytes(uint8_t *const out[RSA_LANES], size_t bytes, const __m512i *in, uint32_t count)
{
	uint8_t padded[RSA_LANES][BYTES_MAX];

	for (uint32_t i = 0; i < count; i += 2) {
		uint64_t even[RSA_LANES], odd[RSA_LANES];

		_mm512_storeu_si512(even, in[i]);
		_mm512_storeu_si512(odd, in[i + 1]);
		for (unsigned lane = 0; lane < RSA_LANES; lane++) {
			const uint64_t first = even[lane] | odd[lane] << 52, rest = odd[lane] >> 12;

			memcpy(padded[lane] + i / 2 * 13, &first, 8);
			memcpy(padded[lane] + i / 2 * 13 + 8, &rest, 8);
		}
	}
	for (unsigned lane = 0; lane < RSA_LANES; lane++)
		if (out[lane])
			memcpy(out[lane], padded[lane], bytes);
	rsa_ifma_wipe(padded, sizeof(padded));
}
