/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the import of RSA private keys. Beyond crashes and leaks it holds the import to
 * what it promises: a key is either taken, and then has an accepted size and a public half that decodes,
 * or refused with one of the documented errors and a sentence. A passphrase is always offered.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <glacis/glacis.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct glacis_engine *engine;

static void require(bool holds, const char *promise, int error, const char *why)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s (%d: %s)\n", promise, error, why);
	abort();
}

static int give_passphrase(void *context, char *buffer, int size)
{
	static const char phrase[] = "fuzz";

	if (size < (int)strlen(phrase))
		return -1;
	memcpy(buffer, phrase, strlen(phrase));
	return (int)strlen(phrase);
}

static void check_taken(struct glacis_rsa_key *key, const char *why)
{
	uint8_t der[1024];
	const uint8_t *at = der;
	uint32_t bits = glacis_rsa_key_bits(key);
	int size = glacis_rsa_key_public(key, der, sizeof(der));

	require(why[0] == '\0', "no sentence without a fault", 0, why);
	require(bits == 2048 || bits == 3072 || bits == 4096, "the size is accepted", (int)bits, why);
	require(size > 0, "the public half fits", size, why);
	EVP_PKEY *half = d2i_PUBKEY(NULL, &at, size);
	require(half != NULL && EVP_PKEY_get_bits(half) == (int)bits, "the public half decodes", size, why);
	EVP_PKEY_free(half);
	glacis_rsa_key_destroy(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct glacis_rsa_key *key = NULL;
	char why[160];

	if (engine == NULL && glacis_engine_create(NULL, &engine) != 0)
		abort();
	int error = glacis_rsa_key_import(engine, bytes, size, give_passphrase, NULL, &key, why, sizeof(why));
	require(ERR_peek_error() == 0, "no error is left in OpenSSL's list", error, why);
	if (error == 0) {
		check_taken(key, why);
		return 0;
	}
	require(error == -EINVAL || error == -ENOTSUP || error == -EACCES, "the error is a documented one", error, why);
	require(why[0] != '\0', "a refusal has a sentence", error, why);
	return 0;
}
