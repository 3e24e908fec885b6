/* SPDX-License-Identifier: Apache-2.0 */
/* The check of a tag by hashing alone, on every instruction set: right for what OpenSSL sealed, wrong for any change.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "aead_support.h"
#include "backend_cpu.h"
#include "queue.h"

static const uint32_t lengths[] = { 0, 1, 15, 16, 17, 31, 32, 255, 256, 1350, 4096, 16384 };
static const uint8_t aad_sizes[] = { 0, 5, 13, 16, 17, 64 };

static void check_all(struct bed *bed, size_t key_size)
{
	static uint8_t text[TEXT_MAX], sealed[TEXT_MAX + 16];
	uint8_t key[32], nonce[12], aad[64];

	fill_pattern(key, sizeof(key), 1);
	fill_pattern(nonce, sizeof(nonce), 2);
	fill_pattern(aad, sizeof(aad), 3);
	fill_pattern(text, sizeof(text), 4);
	struct glacis_aead_session *session = make_session(bed, GLACIS_SEAL, key, key_size);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (size_t j = 0; j < sizeof(aad_sizes); j++) {
			uint32_t length = lengths[i];
			struct glacis_aead_op op = { 0 };
			void *state = bed->queue->backend_state;

			reference_seal(key, key_size, nonce, aad, aad_sizes[j], text, length, sealed);
			fill_op(&op, session, sealed, length, nonce, aad, aad_sizes[j]);
			cr_assert(backend_cpu_tag_right(state, &op, sealed, sealed + length), "%zu, %u, %u", key_size,
				  length, aad_sizes[j]);
			for (unsigned bit = 0; bit < 128; bit += 17) {
				sealed[length + bit / 8] ^= 1u << bit % 8;
				cr_assert_not(backend_cpu_tag_right(state, &op, sealed, sealed + length));
				sealed[length + bit / 8] ^= 1u << bit % 8;
			}
			if (length > 0) {
				sealed[length - 1] ^= 0x80;
				cr_assert_not(backend_cpu_tag_right(state, &op, sealed, sealed + length));
			}
			op.nonce[11] ^= 1;
			cr_assert_not(backend_cpu_tag_right(state, &op, sealed, sealed + length));
		}
	}
	glacis_aead_session_destroy(session);
}

Test(tag_check, agrees_with_openssl_on_every_instruction_set, .timeout = 120)
{
	for (int variant = BACKEND_CPU_BEST; variant < BACKEND_CPU_VARIANTS; variant++) {
		struct bed bed;

		if (!bed_open_variant(&bed, (enum backend_cpu_variant)variant))
			continue;
		for (size_t key_size = 16; key_size <= 32; key_size += 8)
			check_all(&bed, key_size);
		bed_close(&bed);
	}
}
