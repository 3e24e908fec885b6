/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for glacis.so: what a program, and through it a peer, can bring to the provider by the EVP
 * interface, beside OpenSSL's own implementation of the same. Beyond crashes it holds the provider to this: a call
 * succeeds when OpenSSL's does; results are the same bytes; nothing opens without its tag.
 *
 * The first byte of an input says what the rest is:
 *   0  an AES-GCM message: key size, sizes of nonce, tag and additional data, how it is cut; then sealed and opened
 *   1  a row of calls in any order, TLS ones too, to one context, which may be copied: results are not compared
 *   2  an RSA ciphertext or signature, with padding parameters as text
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define TEXT_MAX 4096u

OSSL_provider_init_fn OSSL_provider_init;

static OSSL_LIB_CTX *ours, *theirs;
static EVP_PKEY *our_key, *their_key;

/* What is left of an input. */
struct input {
	const uint8_t *at;
	size_t left;
};

static void require(bool holds, const char *promise)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	ERR_print_errors_fp(stderr);
	abort();
}

static uint8_t take(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* Up to `size` bytes; how many is stored there. */
static const uint8_t *take_bytes(struct input *input, size_t *size)
{
	const uint8_t *bytes = input->at;

	if (*size > input->left)
		*size = input->left;
	input->at += *size;
	input->left -= *size;
	return bytes;
}

static EVP_PKEY *key_load(OSSL_LIB_CTX *context)
{
	FILE *file = fopen(RSA_KEY, "r");
	EVP_PKEY *key = NULL;

	require(file != NULL, "the key " RSA_KEY " can be read");
	key = PEM_read_PrivateKey_ex(file, NULL, NULL, NULL, context, NULL);
	fclose(file);
	require(key != NULL, "the key is one");
	return key;
}

static void prepare(void)
{
	ours = OSSL_LIB_CTX_new();
	theirs = OSSL_LIB_CTX_new();
	require(ours != NULL && theirs != NULL && OSSL_PROVIDER_add_builtin(ours, "glacis", OSSL_provider_init) == 1 &&
			OSSL_PROVIDER_load(ours, "glacis") != NULL && OSSL_PROVIDER_load(ours, "default") != NULL &&
			OSSL_PROVIDER_load(theirs, "default") != NULL &&
			EVP_set_default_properties(ours, "?provider=glacis") == 1,
		"the provider can be loaded");
	our_key = key_load(ours);
	their_key = key_load(theirs);
}

static EVP_CIPHER *cipher_fetch(OSSL_LIB_CTX *context, uint8_t choice)
{
	static const char *const names[] = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" };
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(context, names[choice % 3], NULL);

	require(cipher != NULL, "there is AES-GCM");
	return cipher;
}

/* A message and how it is given. */
struct message {
	uint8_t choice, nonce_size, tag_size, step, key[32], nonce[255];
	const uint8_t *aad, *text;
	size_t aad_size, text_size;
};

/* Seals or opens; the size of what came out, or -1. */
static int message_run(OSSL_LIB_CTX *context, const struct message *message, const uint8_t *in, uint8_t *out,
		       uint8_t *tag, int seal)
{
	EVP_CIPHER *cipher = cipher_fetch(context, message->choice);
	EVP_CIPHER_CTX *running = EVP_CIPHER_CTX_new();
	size_t done = 0, part;
	int length, result = -1;

	if (EVP_CipherInit_ex2(running, cipher, NULL, NULL, seal, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(running, EVP_CTRL_AEAD_SET_IVLEN, message->nonce_size, NULL) != 1 ||
	    EVP_CipherInit_ex2(running, NULL, message->key, message->nonce, seal, NULL) != 1)
		goto end;
	if (!seal && EVP_CIPHER_CTX_ctrl(running, EVP_CTRL_AEAD_SET_TAG, message->tag_size, tag) != 1)
		goto end;
	for (size_t at = 0; at < message->aad_size; at += part) {
		part = message->step < message->aad_size - at ? message->step : message->aad_size - at;
		if (EVP_CipherUpdate(running, NULL, &length, message->aad + at, (int)part) != 1)
			goto end;
	}
	for (; done < message->text_size; done += part) {
		part = message->step < message->text_size - done ? message->step : message->text_size - done;
		if (EVP_CipherUpdate(running, out + done, &length, in + done, (int)part) != 1 || length != (int)part)
			goto end;
	}
	if (EVP_CipherFinal_ex(running, out + done, &length) != 1)
		goto end;
	if (seal && EVP_CIPHER_CTX_ctrl(running, EVP_CTRL_AEAD_GET_TAG, message->tag_size, tag) != 1)
		goto end;
	result = (int)done;
end:
	EVP_CIPHER_CTX_free(running);
	EVP_CIPHER_free(cipher);
	return result;
}

static void try_message(struct input *input)
{
	static uint8_t sealed[2][TEXT_MAX], opened[2][TEXT_MAX];
	uint8_t tags[2][16] = { 0 }, spoil;
	struct message message = { .choice = take(input), .nonce_size = take(input), .tag_size = take(input) % 18 };
	int results[2];
	size_t size;

	message.step = take(input) | 1;
	spoil = take(input);
	message.aad_size = take(input);
	size = sizeof(message.key);
	memcpy(message.key, take_bytes(input, &size), size);
	size = message.nonce_size;
	memcpy(message.nonce, take_bytes(input, &size), size);
	message.aad = take_bytes(input, &message.aad_size);
	message.text_size = TEXT_MAX;
	message.text = take_bytes(input, &message.text_size);

	results[0] = message_run(ours, &message, message.text, sealed[0], tags[0], 1);
	results[1] = message_run(theirs, &message, message.text, sealed[1], tags[1], 1);
	require(results[0] == results[1], "seals when OpenSSL does");
	if (results[0] < 0)
		return;
	require(memcmp(sealed[0], sealed[1], message.text_size) == 0, "the same text");
	require(memcmp(tags[0], tags[1], sizeof(tags[0])) == 0, "the same tag");
	if (spoil % 4 == 0 && message.tag_size > 0) {
		tags[0][spoil / 4 % message.tag_size] ^= 1;
		tags[1][spoil / 4 % message.tag_size] ^= 1;
	}
	results[0] = message_run(ours, &message, sealed[0], opened[0], tags[0], 0);
	results[1] = message_run(theirs, &message, sealed[1], opened[1], tags[1], 0);
	require(results[0] == results[1], "opens when OpenSSL does");
	require(results[0] < 0 || spoil % 4 != 0 || message.tag_size == 0, "nothing opens with a wrong tag");
	require(results[0] < 0 || memcmp(opened[0], message.text, message.text_size) == 0, "the text comes back");
}

/* One call of a row. False: the row is over. */
static bool call_one(EVP_CIPHER_CTX **running, struct input *input)
{
	static uint8_t out[TEXT_MAX];
	uint8_t call = take(input), given[256] = { 0 };
	size_t size = take(input), tried = size;
	EVP_CIPHER_CTX *copy;
	int length;

	memcpy(given, take_bytes(input, &size), size);
	switch (call % 12) {
	case 0:
		EVP_CipherInit_ex2(*running, NULL, size > 0 ? given : NULL, tried & 1 ? given + 32 : NULL, -1, NULL);
		break;
	case 1:
		EVP_CipherInit_ex2(*running, NULL, given, given + 32, (int)(tried & 1), NULL);
		break;
	case 2:
		EVP_CIPHER_CTX_ctrl(*running, EVP_CTRL_AEAD_SET_IVLEN, (int)tried, NULL);
		break;
	case 3:
		EVP_CIPHER_CTX_ctrl(*running, EVP_CTRL_AEAD_SET_TAG, (int)tried, given);
		break;
	case 4:
		EVP_CIPHER_CTX_ctrl(*running, EVP_CTRL_AEAD_GET_TAG, (int)tried, out);
		break;
	case 5:
		EVP_CipherUpdate(*running, NULL, &length, given, (int)size);
		break;
	case 6:
		EVP_CipherUpdate(*running, out, &length, given, (int)size);
		break;
	case 7:
		EVP_CipherFinal_ex(*running, out, &length);
		break;
	case 8: /* -1: all of it, by a convention of OpenSSL's */
		EVP_CIPHER_CTX_ctrl(*running, EVP_CTRL_GCM_SET_IV_FIXED, tried == 255 ? -1 : (int)tried, given);
		break;
	case 9:
		EVP_CIPHER_CTX_ctrl(*running, call & 64 ? EVP_CTRL_GCM_IV_GEN : EVP_CTRL_GCM_SET_IV_INV, (int)tried,
				    given);
		break;
	case 10: /* a TLS record, in place */
		EVP_CIPHER_CTX_ctrl(*running, EVP_CTRL_AEAD_TLS1_AAD, 13, given);
		EVP_Cipher(*running, given, given, (unsigned)size);
		break;
	default:
		copy = EVP_CIPHER_CTX_new();
		if (EVP_CIPHER_CTX_copy(copy, *running) == 1) {
			EVP_CIPHER_CTX_free(*running);
			*running = copy;
		} else {
			EVP_CIPHER_CTX_free(copy);
		}
	}
	return input->left > 0;
}

static void try_calls(struct input *input)
{
	EVP_CIPHER *cipher = cipher_fetch(ours, take(input));
	EVP_CIPHER_CTX *running = EVP_CIPHER_CTX_new();

	if (EVP_CipherInit_ex2(running, cipher, NULL, NULL, take(input) & 1, NULL) == 1)
		while (call_one(&running, input))
			;
	EVP_CIPHER_CTX_free(running);
	EVP_CIPHER_free(cipher);
}

/* Padding and digests, each a text of up to 15 bytes. */
struct padding {
	char texts[4][16];
};

static bool padding_set(EVP_PKEY_CTX *context, const struct padding *padding)
{
	static const char *const names[] = { OSSL_PKEY_PARAM_PAD_MODE, OSSL_SIGNATURE_PARAM_DIGEST,
					     OSSL_PKEY_PARAM_MGF1_DIGEST, OSSL_SIGNATURE_PARAM_PSS_SALTLEN };
	OSSL_PARAM params[5];
	unsigned count = 0;

	for (unsigned i = 0; i < 4; i++)
		if (padding->texts[i][0] != '\0')
			params[count++] = OSSL_PARAM_construct_utf8_string(names[i],
									   (char *)(uintptr_t)padding->texts[i], 0);
	params[count] = OSSL_PARAM_construct_end();
	return EVP_PKEY_CTX_set_params(context, params) == 1;
}

/* The result of a decryption or of a verification; -1: the parameters are refused. */
static int rsa_run(OSSL_LIB_CTX *context, EVP_PKEY *key, const struct padding *padding, bool decrypt,
		   const uint8_t *bytes, size_t size, uint8_t *out, size_t *out_size)
{
	EVP_PKEY_CTX *running = EVP_PKEY_CTX_new_from_pkey(context, key, NULL);
	int result = -1;

	require(running != NULL && (decrypt ? EVP_PKEY_decrypt_init(running) : EVP_PKEY_verify_init(running)) == 1,
		"an operation begins");
	require(context == theirs ||
			strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_CTX_get0_provider(running)), "glacis") == 0,
		"the operation is ours");
	if (padding_set(running, padding))
		result = decrypt ? EVP_PKEY_decrypt(running, out, out_size, bytes, size) == 1
				 : EVP_PKEY_verify(running, bytes, size, out, 32) == 1;
	EVP_PKEY_CTX_free(running);
	return result;
}

static void try_rsa(struct input *input)
{
	static uint8_t outs[2][512];
	size_t sizes[2] = { sizeof(outs[0]), sizeof(outs[1]) }, size = 300;
	struct padding padding = { 0 };
	bool decrypt = take(input) & 1;
	const uint8_t *bytes;
	int results[2];

	for (unsigned i = 0; i < 4; i++) {
		size_t length = take(input) & 15;

		memcpy(padding.texts[i], take_bytes(input, &length), length);
	}
	bytes = take_bytes(input, &size);
	results[0] = rsa_run(ours, our_key, &padding, decrypt, bytes, size, outs[0], &sizes[0]);
	results[1] = rsa_run(theirs, their_key, &padding, decrypt, bytes, size, outs[1], &sizes[1]);
	require(results[0] == results[1], "an RSA operation ends as OpenSSL's");
	require(results[0] != 1 || !decrypt || (sizes[0] == sizes[1] && memcmp(outs[0], outs[1], sizes[0]) == 0),
		"the same text is decrypted");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };

	if (ours == NULL)
		prepare();
	switch (take(&input) % 3) {
	case 0:
		try_message(&input);
		break;
	case 1:
		try_calls(&input);
		break;
	default:
		try_rsa(&input);
	}
	ERR_clear_error();
	return 0;
}
