/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing PKCS#1 v1.5 padding with implicit rejection (draft-irtf-cfrg-rsa-guidance section 7): a
 * block that is not well padded decrypts to a message that looks random, is bound to the ciphertext,
 * and costs the same time. So there is no oracle for Bleichenbacher's attack, and no error to act on.
 * Written here because OpenSSL has it only from 3.2 on. Called by rsa_padding.c.
 *
 * Invariants: no branch and no address depends on the block, on the made-up message, or on either's
 * size. HMAC is written out over SHA256_*: EVP would allocate for each of the 25 calls.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "rsa_padding.h"

/* Candidates for the made-up size, 16 bits each; the last one that fits is taken. */
#define CANDIDATES 128u
/* 0, 2, at least 8 bytes of padding, 0. */
#define PADDING_MIN 11u

struct hmac_key {
	SHA256_CTX inner, outer;
};

static void hmac_set_key(struct hmac_key *key, const uint8_t secret[SHA256_DIGEST_LENGTH])
{
	uint8_t pad[SHA256_CBLOCK];

	memset(pad, 0x36, sizeof(pad));
	for (unsigned i = 0; i < SHA256_DIGEST_LENGTH; i++)
		pad[i] ^= secret[i];
	SHA256_Init(&key->inner);
	SHA256_Update(&key->inner, pad, sizeof(pad));
	for (unsigned i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(&key->outer);
	SHA256_Update(&key->outer, pad, sizeof(pad));
	OPENSSL_cleanse(pad, sizeof(pad));
}

static void hmac_finish(const struct hmac_key *key, SHA256_CTX *inner, uint8_t mac[SHA256_DIGEST_LENGTH])
{
	SHA256_CTX outer = key->outer;

	SHA256_Final(mac, inner);
	SHA256_Update(&outer, mac, SHA256_DIGEST_LENGTH);
	SHA256_Final(mac, &outer);
	OPENSSL_cleanse(&outer, sizeof(outer));
}

/* The draft's IRPRF: `size` bytes from a key and a label. */
static void expand(const struct hmac_key *key, const char *label, uint8_t *output, uint32_t size)
{
	uint8_t mac[SHA256_DIGEST_LENGTH];
	const uint8_t bits[2] = { (uint8_t)(size * 8 >> 8), (uint8_t)(size * 8) };

	for (uint32_t at = 0; at < size; at += sizeof(mac)) {
		uint32_t round = at / sizeof(mac);
		const uint8_t counter[2] = { (uint8_t)(round >> 8), (uint8_t)round };
		SHA256_CTX inner = key->inner;
		SHA256_Update(&inner, counter, sizeof(counter));
		SHA256_Update(&inner, label, strlen(label));
		SHA256_Update(&inner, bits, sizeof(bits));
		hmac_finish(key, &inner, mac);
		memcpy(output + at, mac, size - at < sizeof(mac) ? size - at : sizeof(mac));
	}
	OPENSSL_cleanse(mac, sizeof(mac));
}

/* Hides from the compiler that a mask has two values only: it would make a branch of it. */
static inline uint32_t opaque(uint32_t value)
{
	__asm__("" : "+r"(value));
	return value;
}

/* All ones if a < b, else zero; both below 2^31. */
static inline uint32_t mask_less(uint32_t a, uint32_t b)
{
	return opaque(0u - ((a - b) >> 31));
}

static inline uint32_t mask_equal(uint32_t a, uint32_t b)
{
	return opaque(0u - (((a ^ b) - 1u) >> 31));
}

static inline uint32_t choose(uint32_t mask, uint32_t yes, uint32_t no)
{
	return (mask & yes) | (~mask & no);
}

static uint32_t made_up_size(const struct hmac_key *key, uint32_t size)
{
	uint8_t candidates[2 * CANDIDATES];
	uint32_t limit = size - 10; /* 0 .. size - 11 */
	uint32_t cover = (1u << (32 - __builtin_clz(limit))) - 1;
	uint32_t chosen = 0;

	expand(key, "length", candidates, sizeof(candidates));
	for (unsigned i = 0; i < CANDIDATES; i++) {
		uint32_t candidate = ((uint32_t)candidates[2 * i] << 8 | candidates[2 * i + 1]) & cover;
		chosen = choose(mask_less(candidate, limit), candidate, chosen);
	}
	OPENSSL_cleanse(candidates, sizeof(candidates));
	return chosen;
}

/* Where the message starts in a well padded block; `good` is all ones if it is one. */
static uint32_t message_start(const uint8_t *block, uint32_t size, uint32_t *good)
{
	uint32_t found = 0, separator = 0;

	for (uint32_t i = 2; i < size; i++) {
		uint32_t zero = mask_equal(block[i], 0);
		separator = choose(zero & ~found, i, separator);
		found |= zero;
	}
	/* Not found leaves 0, which is too early as well. */
	*good = mask_equal(block[0], 0) & mask_equal(block[1], 2) & ~mask_less(separator, PADDING_MIN - 1);
	return separator + 1;
}

/* Moves `bytes` to the left by a secret number, zeros follow: by 1, 2, 4, ... or not. */
static void shift_left(uint8_t *bytes, uint32_t size, uint32_t places)
{
	for (uint32_t step = 1; step <= size; step <<= 1) {
		uint8_t mask = (uint8_t)~mask_equal(places & step, 0);
		for (uint32_t i = 0; i < size; i++) {
			uint8_t moved = i + step < size ? bytes[i + step] : 0;
			bytes[i] = (uint8_t)((mask & moved) | (~mask & bytes[i]));
		}
	}
}

uint32_t rsa_unpad_pkcs1(const uint8_t rejection_key[RSA_REJECTION_KEY_SIZE], const uint8_t *ciphertext,
			 const uint8_t *block, uint32_t size, uint8_t *output)
{
	uint8_t bound[SHA256_DIGEST_LENGTH], made_up[GLACIS_RSA_BYTES_MAX];
	struct hmac_key key;
	uint32_t good;

	hmac_set_key(&key, rejection_key);
	SHA256_CTX inner = key.inner;
	SHA256_Update(&inner, ciphertext, size);
	hmac_finish(&key, &inner, bound);
	hmac_set_key(&key, bound);
	uint32_t made_up_start = size - made_up_size(&key, size);
	expand(&key, "message", made_up, size);

	uint32_t start = message_start(block, size, &good);
	start = choose(good, start, made_up_start);
	for (uint32_t i = 0; i < size; i++)
		output[i] = (uint8_t)choose(good, block[i], made_up[i]);
	shift_left(output, size, start);
	OPENSSL_cleanse(&key, sizeof(key));
	OPENSSL_cleanse(bound, sizeof(bound));
	OPENSSL_cleanse(made_up, sizeof(made_up));
	return size - start;
}
