/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an RSA operation is to be padded, in OpenSSL's words.
 *
 * Concepts. An inner context understands all parameters, so it can be told whatever comes and be asked afterwards. To
 * make one costs more than to understand the few words that libssl says for a signature, so that these are kept here
 * until somebody says something else.
 */
#ifndef GLACIS_PROVIDER_RSA_LANES_WORDS_H
#define GLACIS_PROVIDER_RSA_LANES_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include <glacis/rsa.h>

#define LANES_WORD_MAX 32u

/* Empty: nothing was said. */
struct lanes_words {
	char padding[LANES_WORD_MAX], digest[LANES_WORD_MAX], mgf1_digest[LANES_WORD_MAX], salt[LANES_WORD_MAX];
};

/* A digest that lanes know. */
struct lanes_hash {
	enum glacis_rsa_hash id;
	uint32_t size;
	const char *names[3];
};

/* NULL: lanes do not know it. */
const struct lanes_hash *lanes_hash_by_name(const char *name);

/* The words that a signature with `digest` starts with. False: lanes do not know it. */
bool lanes_words_start(struct lanes_words *words, const char *digest);
/* Adds what `params`, which are not empty, say of the padding. False: not all of that is among what libssl says; then
 * nothing has changed. */
bool lanes_words_take(struct lanes_words *words, const OSSL_PARAM params[]);
/* Whether nothing is left to a default, which differs between releases of OpenSSL. */
bool lanes_words_complete(const struct lanes_words *words);
/* Says it all to an inner context that was started for signing. */
bool lanes_words_tell(struct lanes_words *words, EVP_PKEY_CTX *inner);

/* Asks an inner context for the words of a signature, or for one word. */
void lanes_words_ask(struct lanes_words *words, EVP_PKEY_CTX *inner);
void lanes_word_ask(EVP_PKEY_CTX *inner, const char *name, char answer[LANES_WORD_MAX]);

/* The digest of a text. Without EVP, which would cost several times the hashing of what TLS signs. Returns its size. */
size_t lanes_words_hash(const struct lanes_words *words, const uint8_t *text, size_t size,
			uint8_t digest[EVP_MAX_MD_SIZE]);

#endif
