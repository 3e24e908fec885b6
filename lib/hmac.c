/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HMAC over libcrypto's SHA-256 and SHA-384. See hmac.h.
 */
#include "hmac.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#define BLOCK_SIZE_MAX 128u

/* These functions of libcrypto return a status that is always success. */
static void start(union hmac_state *state, size_t hash_size)
{
	if (hash_size == 32)
		(void)SHA256_Init(&state->sha256);
	else
		(void)SHA384_Init(&state->sha384);
}

static void update(union hmac_state *state, size_t hash_size, const void *bytes, size_t size)
{
	if (hash_size == 32)
		(void)SHA256_Update(&state->sha256, bytes, size);
	else
		(void)SHA384_Update(&state->sha384, bytes, size);
}

static void finish(union hmac_state *state, size_t hash_size, uint8_t *output)
{
	if (hash_size == 32)
		(void)SHA256_Final(output, &state->sha256);
	else
		(void)SHA384_Final(output, &state->sha384);
}

static void take_key(union hmac_state *state, size_t hash_size, uint8_t pad, const uint8_t *key, size_t key_size)
{
	uint8_t block[BLOCK_SIZE_MAX];

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < key_size; i++)
		block[i] ^= key[i];
	start(state, hash_size);
	update(state, hash_size, block, hash_size == 32 ? SHA256_CBLOCK : SHA512_CBLOCK);
	OPENSSL_cleanse(block, sizeof(block));
}

int hmac_begin(struct hmac *hmac, size_t hash_size, const uint8_t *key, size_t key_size)
{
	if ((hash_size != 32 && hash_size != 48) || key_size > HMAC_KEY_SIZE_MAX)
		return -EINVAL;
	hmac->hash_size = hash_size;
	take_key(&hmac->inner, hash_size, 0x36, key, key_size);
	take_key(&hmac->outer, hash_size, 0x5c, key, key_size);
	return 0;
}

void hmac_of(const struct hmac *hmac, const struct hmac_piece *pieces, size_t count, uint8_t *output)
{
	union hmac_state state = hmac->inner;
	uint8_t hash[HMAC_HASH_SIZE_MAX];

	for (size_t i = 0; i < count; i++)
		update(&state, hmac->hash_size, pieces[i].bytes, pieces[i].size);
	finish(&state, hmac->hash_size, hash);
	state = hmac->outer;
	update(&state, hmac->hash_size, hash, hmac->hash_size);
	finish(&state, hmac->hash_size, output);
	OPENSSL_cleanse(hash, sizeof(hash));
	OPENSSL_cleanse(&state, sizeof(state));
}

void hmac_end(struct hmac *hmac)
{
	OPENSSL_cleanse(hmac, sizeof(*hmac));
}
