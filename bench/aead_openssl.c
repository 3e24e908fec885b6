/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's EVP interface in the AEAD benchmark, used as TLS libraries use it: one context whose
 * cipher was fetched once. With one key each record sets only the nonce; with rotating keys each
 * record sets key and nonce. EVP has no bursts: records follow one another.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "aead.h"

struct openssl_state {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *context;
};

static void openssl_finish(void *opaque)
{
	struct openssl_state *state = opaque;

	EVP_CIPHER_CTX_free(state->context);
	EVP_CIPHER_free(state->cipher);
	free(state);
}

static int openssl_prepare(struct aead_bed *bed, void **opaque)
{
	const char *name = bed->shape.key_size == 16 ? "AES-128-GCM" : "AES-256-GCM";
	struct openssl_state *state = calloc(1, sizeof(*state));
	uint8_t nonce[AEAD_NONCE_SIZE] = { 0 };

	if (!state)
		return -ENOMEM;
	state->cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	state->context = EVP_CIPHER_CTX_new();
	if (!state->cipher || !state->context ||
	    EVP_CipherInit_ex2(state->context, state->cipher, bed->key[0], nonce, !bed->shape.open, NULL) != 1) {
		fprintf(stderr, "glacis-bench: OpenSSL has no %s\n", name);
		openssl_finish(state);
		return -ENOTSUP;
	}
	*opaque = state;
	return 0;
}

static bool seal(EVP_CIPHER_CTX *context, struct aead_bed *bed, const uint8_t *key, uint64_t number)
{
	unsigned slot = number % AEAD_SLOTS;
	uint8_t nonce[AEAD_NONCE_SIZE];
	int length;

	aead_nonce(bed, number, nonce);
	return EVP_EncryptInit_ex(context, NULL, NULL, key, nonce) == 1 &&
	       EVP_EncryptUpdate(context, NULL, &length, bed->aad, AEAD_AAD_SIZE) == 1 &&
	       EVP_EncryptUpdate(context, bed->destination[slot], &length, bed->source[slot], (int)bed->shape.size) ==
		       1 &&
	       EVP_EncryptFinal_ex(context, bed->destination[slot] + length, &length) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, bed->tag[slot]) == 1;
}

static bool open_record(EVP_CIPHER_CTX *context, struct aead_bed *bed, const uint8_t *key, uint64_t number)
{
	unsigned slot = number % AEAD_SLOTS;
	uint8_t nonce[AEAD_NONCE_SIZE];
	int length;

	aead_nonce(bed, number, nonce);
	return EVP_DecryptInit_ex(context, NULL, NULL, key, nonce) == 1 &&
	       EVP_DecryptUpdate(context, NULL, &length, bed->aad, AEAD_AAD_SIZE) == 1 &&
	       EVP_DecryptUpdate(context, bed->destination[slot], &length, bed->source[slot], (int)bed->shape.size) ==
		       1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE,
				   bed->record_tag[number % AEAD_RECORDS]) == 1 &&
	       EVP_DecryptFinal_ex(context, bed->destination[slot] + length, &length) == 1;
}

static int openssl_run(void *opaque, struct aead_bed *bed, uint64_t first, unsigned bursts)
{
	struct openssl_state *state = opaque;
	const bool rotate = bed->shape.keys > 1;
	uint64_t end = first + (uint64_t)bursts * bed->shape.burst;

	for (uint64_t number = first; number < end; number++) {
		const uint8_t *key = rotate ? bed->key[number & (bed->shape.keys - 1)] : NULL;

		if (!(bed->shape.open ? open_record : seal)(state->context, bed, key, number))
			return -EBADMSG;
	}
	return 0;
}

const struct aead_contender aead_openssl = {
	.name = "openssl",
	.prepare = openssl_prepare,
	.run = openssl_run,
	.finish = openssl_finish,
};
