/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS key schedule from an exported secret to record keys: HKDF-Expand-Label of TLS 1.3
 * and the PRF of TLS 1.2, both on one HMAC. Called once per handshake and direction, and by the
 * record layer at each KeyUpdate.
 *
 * Invariants. Every secret on the stack is wiped before return; on failure no part of a key is
 * left in the output.
 */
#include <glacis/tls_keys.h>

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "hmac.h"

#define LABEL_PREFIX "tls13 "
/* RFC 8446 section 7.1: label and context have one length byte each. */
#define LABEL_SIZE_MAX   255u
#define CONTEXT_SIZE_MAX 255u
#define INFO_SIZE_MAX    (2 + 1 + LABEL_SIZE_MAX + 1 + CONTEXT_SIZE_MAX)
/* RFC 5869 section 2.3: an HKDF output is at most 255 blocks long. */
#define EXPAND_BLOCKS_MAX 255u
/* RFC 5288: a direction's implicit part of the nonce. */
#define SALT_SIZE 4u
#define IV_SIZE   12u
/* Two AES-256 keys and two salts. */
#define KEY_BLOCK_SIZE_MAX (2 * 32 + 2 * SALT_SIZE)

struct suite {
	uint16_t id;
	uint16_t version;
	uint8_t key_size;
	uint8_t hash_size;
};

static const struct suite suites[] = {
	{ 0x1301, GLACIS_TLS_1_3, 16, 32 }, /* TLS_AES_128_GCM_SHA256 */
	{ 0x1302, GLACIS_TLS_1_3, 32, 48 }, /* TLS_AES_256_GCM_SHA384 */
	{ 0xc02b, GLACIS_TLS_1_2, 16, 32 }, /* TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
	{ 0xc02c, GLACIS_TLS_1_2, 32, 48 }, /* TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 */
	{ 0xc02f, GLACIS_TLS_1_2, 16, 32 }, /* TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 */
	{ 0xc030, GLACIS_TLS_1_2, 32, 48 }, /* TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 */
};

static const struct suite *find_suite(uint16_t id, uint16_t version)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (suites[i].id == id && suites[i].version == version)
			return &suites[i];
	}
	return NULL;
}

/* HKDF-Expand, RFC 5869 section 2.3: T(i) = HMAC(secret, T(i - 1) | info | i). */
static void hkdf_expand(const struct hmac *hmac, const uint8_t *info, size_t info_size, uint8_t *output,
			size_t output_size)
{
	uint8_t block[HMAC_HASH_SIZE_MAX];
	uint8_t counter = 1;
	size_t done = 0;

	while (done < output_size) {
		const struct hmac_piece pieces[] = { { block, done == 0 ? 0 : hmac->hash_size },
						     { info, info_size },
						     { &counter, 1 } };
		size_t part = output_size - done < hmac->hash_size ? output_size - done : hmac->hash_size;

		hmac_of(hmac, pieces, 3, block);
		memcpy(output + done, block, part);
		done += part;
		counter++;
	}
	OPENSSL_cleanse(block, sizeof(block));
}

static int expand_label(const struct hmac *hmac, const char *label, const uint8_t *context, size_t context_size,
			uint8_t *output, size_t output_size)
{
	const size_t prefix_size = sizeof(LABEL_PREFIX) - 1;
	size_t label_size = strlen(label);
	uint8_t info[INFO_SIZE_MAX];
	size_t size = 0;

	if (label_size + prefix_size > LABEL_SIZE_MAX || context_size > CONTEXT_SIZE_MAX ||
	    output_size > EXPAND_BLOCKS_MAX * hmac->hash_size)
		return -EINVAL;
	info[size++] = (uint8_t)(output_size >> 8);
	info[size++] = (uint8_t)output_size;
	info[size++] = (uint8_t)(prefix_size + label_size);
	memcpy(info + size, LABEL_PREFIX, prefix_size);
	size += prefix_size;
	memcpy(info + size, label, label_size);
	size += label_size;
	info[size++] = (uint8_t)context_size;
	if (context_size > 0)
		memcpy(info + size, context, context_size);
	size += context_size;
	hkdf_expand(hmac, info, size, output, output_size);
	return 0;
}

int glacis_tls13_expand_label(size_t hash_size, const uint8_t *secret, const char *label, const uint8_t *context,
			      size_t context_size, uint8_t *output, size_t output_size)
{
	struct hmac hmac;
	int rc;

	if ((hash_size != 32 && hash_size != 48) || secret == NULL || label == NULL || output == NULL ||
	    (context == NULL && context_size > 0))
		return -EINVAL;
	rc = hmac_begin(&hmac, hash_size, secret, hash_size);
	if (rc != 0)
		return rc;
	rc = expand_label(&hmac, label, context, context_size, output, output_size);
	hmac_end(&hmac);
	return rc;
}

int glacis_tls13_extract(size_t hash_size, const uint8_t *salt, size_t salt_size, const uint8_t *input,
			 size_t input_size, uint8_t *output)
{
	const struct hmac_piece piece = { input, input_size };
	struct hmac hmac;
	int rc;

	if ((salt == NULL && salt_size > 0) || (input == NULL && input_size > 0) || output == NULL)
		return -EINVAL;
	rc = hmac_begin(&hmac, hash_size, salt, salt_size);
	if (rc != 0)
		return rc;
	hmac_of(&hmac, &piece, 1, output);
	hmac_end(&hmac);
	return 0;
}

/* Fills key and iv from the secret that `keys` already holds (RFC 8446 section 7.3). */
static int derive_traffic_keys(struct glacis_record_keys *keys)
{
	struct hmac hmac;
	int rc = hmac_begin(&hmac, keys->secret_size, keys->secret, keys->secret_size);

	if (rc != 0)
		return rc;
	rc = expand_label(&hmac, "key", NULL, 0, keys->key, keys->key_size);
	if (rc == 0)
		rc = expand_label(&hmac, "iv", NULL, 0, keys->iv, IV_SIZE);
	hmac_end(&hmac);
	return rc;
}

int glacis_tls13_record_keys(uint16_t suite, const uint8_t *secret, size_t secret_size, struct glacis_record_keys *keys)
{
	const struct suite *known = find_suite(suite, GLACIS_TLS_1_3);
	int rc;

	if (known == NULL)
		return -ENOTSUP;
	if (secret == NULL || secret_size != known->hash_size)
		return -EINVAL;
	*keys = (struct glacis_record_keys){
		.version = GLACIS_TLS_1_3,
		.suite = suite,
		.key_size = known->key_size,
		.secret_size = known->hash_size,
	};
	memcpy(keys->secret, secret, secret_size);
	rc = derive_traffic_keys(keys);
	if (rc != 0)
		glacis_record_keys_wipe(keys);
	return rc;
}

int glacis_tls13_next_keys(struct glacis_record_keys *keys)
{
	uint8_t next[GLACIS_TLS_SECRET_SIZE_MAX];
	int rc;

	if (keys->version != GLACIS_TLS_1_3 || find_suite(keys->suite, GLACIS_TLS_1_3) == NULL)
		return -ENOTSUP;
	rc = glacis_tls13_expand_label(keys->secret_size, keys->secret, "traffic upd", NULL, 0, next,
				       keys->secret_size);
	if (rc == 0)
		rc = glacis_tls13_record_keys(keys->suite, next, keys->secret_size, keys);
	OPENSSL_cleanse(next, sizeof(next));
	return rc;
}

/* PRF(master, "key expansion", server_random + client_random), RFC 5246 sections 5 and 6.3:
 * A(0) = seed, A(i) = HMAC(A(i - 1)), output = HMAC(A(1) | seed) | HMAC(A(2) | seed) ... */
static void expand_key_block(const struct hmac *hmac, const uint8_t *client_random, const uint8_t *server_random,
			     uint8_t *output, size_t output_size)
{
	static const char label[] = "key expansion";
	uint8_t chain[HMAC_HASH_SIZE_MAX];
	uint8_t block[HMAC_HASH_SIZE_MAX];
	const struct hmac_piece pieces[] = { { chain, hmac->hash_size },
					     { label, sizeof(label) - 1 },
					     { server_random, GLACIS_TLS_RANDOM_SIZE },
					     { client_random, GLACIS_TLS_RANDOM_SIZE } };
	size_t done = 0;

	hmac_of(hmac, pieces + 1, 3, chain);
	while (done < output_size) {
		size_t part = output_size - done < hmac->hash_size ? output_size - done : hmac->hash_size;

		hmac_of(hmac, pieces, 4, block);
		memcpy(output + done, block, part);
		done += part;
		hmac_of(hmac, pieces, 1, chain);
	}
	OPENSSL_cleanse(chain, sizeof(chain));
	OPENSSL_cleanse(block, sizeof(block));
}

static void take_tls12_keys(const struct suite *suite, const uint8_t *key, const uint8_t *salt,
			    struct glacis_record_keys *keys)
{
	*keys = (struct glacis_record_keys){
		.version = GLACIS_TLS_1_2,
		.suite = suite->id,
		.key_size = suite->key_size,
	};
	memcpy(keys->key, key, suite->key_size);
	memcpy(keys->iv, salt, SALT_SIZE);
}

int glacis_tls12_record_keys(uint16_t suite, const uint8_t master[GLACIS_TLS_MASTER_SECRET_SIZE],
			     const uint8_t client_random[GLACIS_TLS_RANDOM_SIZE],
			     const uint8_t server_random[GLACIS_TLS_RANDOM_SIZE],
			     struct glacis_record_keys *client_write, struct glacis_record_keys *server_write)
{
	const struct suite *known = find_suite(suite, GLACIS_TLS_1_2);
	uint8_t block[KEY_BLOCK_SIZE_MAX];
	const uint8_t *salts;
	struct hmac hmac;
	int rc;

	if (known == NULL)
		return -ENOTSUP;
	rc = hmac_begin(&hmac, known->hash_size, master, GLACIS_TLS_MASTER_SECRET_SIZE);
	if (rc != 0)
		return rc;
	expand_key_block(&hmac, client_random, server_random, block, 2 * (known->key_size + SALT_SIZE));
	salts = block + 2 * known->key_size;
	take_tls12_keys(known, block, salts, client_write);
	take_tls12_keys(known, block + known->key_size, salts + SALT_SIZE, server_write);
	hmac_end(&hmac);
	OPENSSL_cleanse(block, sizeof(block));
	return 0;
}

void glacis_record_keys_wipe(struct glacis_record_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}
