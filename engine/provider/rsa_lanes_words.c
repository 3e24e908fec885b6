/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for paddings and digests; see rsa_lanes_words.h.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* the functions of one digest */

#include "rsa_lanes_words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

static const struct lanes_hash hashes[] = {
	{ GLACIS_RSA_SHA256, 32, { "SHA2-256", "SHA256", "SHA-256" } },
	{ GLACIS_RSA_SHA384, 48, { "SHA2-384", "SHA384", "SHA-384" } },
	{ GLACIS_RSA_SHA512, 64, { "SHA2-512", "SHA512", "SHA-512" } },
	{ GLACIS_RSA_SHA1, 20, { "SHA1", "SHA-1", "SSL3-SHA1" } },
};

const struct lanes_hash *lanes_hash_by_name(const char *name)
{
	for (unsigned i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		for (unsigned j = 0; j < 3; j++)
			if (strcasecmp(name, hashes[i].names[j]) == 0)
				return &hashes[i];
	return NULL;
}

bool lanes_words_start(struct lanes_words *words, const char *digest)
{
	const struct lanes_hash *hash = lanes_hash_by_name(digest);

	*words = (struct lanes_words){ .padding = OSSL_PKEY_RSA_PAD_MODE_PKCSV15 };
	if (hash != NULL)
		snprintf(words->digest, sizeof(words->digest), "%s", digest);
	return hash != NULL;
}

/* A parameter that is given as a word or as its number. */
static bool is_said(const OSSL_PARAM *param, const char *word, int number)
{
	int value;

	if (param->data == NULL)
		return false;
	if (param->data_type == OSSL_PARAM_UTF8_STRING)
		return strlen(word) == strnlen(param->data, param->data_size) &&
		       memcmp(word, param->data, strlen(word)) == 0;
	if (param->data_type != OSSL_PARAM_INTEGER || param->data_size != sizeof(value))
		return false;
	memcpy(&value, param->data, sizeof(value));
	return value == number;
}

static bool take_one(struct lanes_words *words, const OSSL_PARAM *param)
{
	bool pss = strcmp(words->padding, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0;

	if (strcmp(param->key, OSSL_SIGNATURE_PARAM_PAD_MODE) == 0) {
		if (is_said(param, OSSL_PKEY_RSA_PAD_MODE_PSS, RSA_PKCS1_PSS_PADDING))
			snprintf(words->padding, sizeof(words->padding), "%s", OSSL_PKEY_RSA_PAD_MODE_PSS);
		else if (pss || !is_said(param, OSSL_PKEY_RSA_PAD_MODE_PKCSV15, RSA_PKCS1_PADDING))
			return false;
		return true;
	}
	if (!pss || strcmp(param->key, OSSL_SIGNATURE_PARAM_PSS_SALTLEN) != 0 ||
	    !is_said(param, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, RSA_PSS_SALTLEN_DIGEST))
		return false;
	snprintf(words->salt, sizeof(words->salt), "%s", OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST);
	return true;
}

bool lanes_words_take(struct lanes_words *words, const OSSL_PARAM params[])
{
	struct lanes_words taken = *words;

	for (const OSSL_PARAM *param = params; param->key != NULL; param++)
		if (!take_one(&taken, param))
			return false;
	*words = taken;
	return true;
}

bool lanes_words_complete(const struct lanes_words *words)
{
	return words->salt[0] != '\0' || strcmp(words->padding, OSSL_PKEY_RSA_PAD_MODE_PSS) != 0;
}

bool lanes_words_tell(struct lanes_words *words, EVP_PKEY_CTX *inner)
{
	OSSL_PARAM params[4], *param = params;

	*param++ = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, words->digest, 0);
	*param++ = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, words->padding, 0);
	if (words->salt[0] != '\0')
		*param++ = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, words->salt, 0);
	*param = OSSL_PARAM_construct_end();
	return EVP_PKEY_CTX_set_params(inner, params) > 0;
}

/* Each is asked for alone: a digest that was never set has no name, and that is no error of the others. */
void lanes_word_ask(EVP_PKEY_CTX *inner, const char *name, char answer[LANES_WORD_MAX])
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(name, answer, LANES_WORD_MAX),
				OSSL_PARAM_construct_end() };

	answer[0] = '\0';
	ERR_set_mark();
	if (EVP_PKEY_CTX_get_params(inner, params) <= 0)
		answer[0] = '\0';
	ERR_pop_to_mark();
}

void lanes_words_ask(struct lanes_words *words, EVP_PKEY_CTX *inner)
{
	*words = (struct lanes_words){ 0 };
	lanes_word_ask(inner, OSSL_SIGNATURE_PARAM_PAD_MODE, words->padding);
	lanes_word_ask(inner, OSSL_SIGNATURE_PARAM_DIGEST, words->digest);
	if (strcmp(words->padding, OSSL_PKEY_RSA_PAD_MODE_PSS) != 0)
		return;
	lanes_word_ask(inner, OSSL_SIGNATURE_PARAM_MGF1_DIGEST, words->mgf1_digest);
	lanes_word_ask(inner, OSSL_SIGNATURE_PARAM_PSS_SALTLEN, words->salt);
}

/* These functions of libcrypto return a status that is always success. */
size_t lanes_words_hash(const struct lanes_words *words, const uint8_t *text, size_t size,
			uint8_t digest[EVP_MAX_MD_SIZE])
{
	const struct lanes_hash *hash = lanes_hash_by_name(words->digest);
	union {
		SHA_CTX sha1;
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} state;

	switch (hash->id) {
	case GLACIS_RSA_SHA256:
		(void)SHA256_Init(&state.sha256);
		(void)SHA256_Update(&state.sha256, text, size);
		(void)SHA256_Final(digest, &state.sha256);
		break;
	case GLACIS_RSA_SHA384:
		(void)SHA384_Init(&state.sha512);
		(void)SHA384_Update(&state.sha512, text, size);
		(void)SHA384_Final(digest, &state.sha512);
		break;
	case GLACIS_RSA_SHA512:
		(void)SHA512_Init(&state.sha512);
		(void)SHA512_Update(&state.sha512, text, size);
		(void)SHA512_Final(digest, &state.sha512);
		break;
	default:
		(void)SHA1_Init(&state.sha1);
		(void)SHA1_Update(&state.sha1, text, size);
		(void)SHA1_Final(digest, &state.sha1);
		break;
	}
	OPENSSL_cleanse(&state, sizeof(state));
	return hash->size;
}
