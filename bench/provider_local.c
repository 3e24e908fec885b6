/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM and lone RSA signatures through EVP, see provider_local.h. As libssl does it: the key once, a nonce for each
 * message, 13 bytes of associated data, the tag fetched. Time is the thread's own processor time.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include "progress.h"
#include "provider_local.h"

#define SLICE_NS 4e6

/* Two library contexts: ours prefers glacis. */
struct sides {
	OSSL_LIB_CTX *library[2];
	OSSL_PROVIDER *glacis, *fallback;
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int open_sides(struct sides *sides, const char *modules)
{
	sides->library[0] = OSSL_LIB_CTX_new();
	sides->library[1] = OSSL_LIB_CTX_new();
	if (sides->library[0] && sides->library[1] &&
	    OSSL_PROVIDER_set_default_search_path(sides->library[0], modules) &&
	    (sides->glacis = OSSL_PROVIDER_load(sides->library[0], "glacis")) &&
	    (sides->fallback = OSSL_PROVIDER_load(sides->library[0], "default")) &&
	    EVP_set_default_properties(sides->library[0], "?provider=glacis"))
		return 0;
	fprintf(stderr, "glacis-bench: glacis.so does not load from %s\n", modules);
	return -ENOENT;
}

static void close_sides(struct sides *sides)
{
	OSSL_PROVIDER_unload(sides->glacis);
	OSSL_PROVIDER_unload(sides->fallback);
	OSSL_LIB_CTX_free(sides->library[0]);
	OSSL_LIB_CTX_free(sides->library[1]);
}

/* Nanoseconds for one message, over one slice; negative: OpenSSL failed. */
static double time_messages(EVP_CIPHER_CTX *context, uint8_t *text, int size)
{
	static const uint8_t header[13] = { 23, 3, 3 };
	uint8_t nonce[12] = { 0 }, tag[16];
	double start = now_ns(), spent = 0;
	unsigned count = 0;
	int written;

	do {
		for (unsigned i = 0; i < 8; i++, count++) {
			memcpy(nonce, &count, sizeof(count));
			if (!EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) ||
			    !EVP_EncryptUpdate(context, NULL, &written, header, sizeof(header)) ||
			    !EVP_EncryptUpdate(context, text, &written, text, size) ||
			    !EVP_EncryptFinal_ex(context, text, &written) ||
			    !EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag))
				return -1;
		}
		spent = now_ns() - start;
	} while (spent < SLICE_NS);
	return spent / count;
}

static int measure_cipher(const struct sides *sides, const char *name, int size, unsigned rounds,
			  struct provider_local_result *result)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	static uint8_t text[16384];
	EVP_CIPHER_CTX *contexts[2];
	int status = 0;

	snprintf(result->name, sizeof(result->name), "%s, %d bytes", name, size);
	for (unsigned side = 0; side < 2; side++) {
		EVP_CIPHER *cipher = EVP_CIPHER_fetch(sides->library[side], name, NULL);
		contexts[side] = EVP_CIPHER_CTX_new();
		if (!cipher || !contexts[side] || !EVP_EncryptInit_ex(contexts[side], cipher, NULL, key, NULL))
			status = -EIO;
		EVP_CIPHER_free(cipher);
	}
	for (unsigned round = 0; round < rounds && !status; round++) {
		double ours = time_messages(contexts[0], text, size), theirs = time_messages(contexts[1], text, size);
		if (ours < 0 || theirs < 0)
			status = -EIO;
		bench_samples_add(&result->ours, ours);
		bench_samples_add(&result->theirs, theirs);
	}
	EVP_CIPHER_CTX_free(contexts[0]);
	EVP_CIPHER_CTX_free(contexts[1]);
	return status;
}

/* A signature as libssl makes one for TLS 1.3. */
static bool sign(OSSL_LIB_CTX *library, EVP_PKEY *key)
{
	static const uint8_t text[130] = { 32 };
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[512];
	size_t size = sizeof(signature);
	EVP_PKEY_CTX *parameters;
	bool done = EVP_DigestSignInit_ex(context, &parameters, "SHA256", library, NULL, key, NULL) &&
		    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) > 0 &&
		    EVP_DigestSign(context, signature, &size, text, sizeof(text));

	EVP_MD_CTX_free(context);
	return done;
}

static double time_signatures(OSSL_LIB_CTX *library, EVP_PKEY *key)
{
	double start = now_ns(), spent = 0;
	unsigned count = 0;

	do {
		if (!sign(library, key))
			return -1;
		count++;
		spent = now_ns() - start;
	} while (spent < 2 * SLICE_NS);
	return spent / count;
}

static int measure_signature(const struct sides *sides, unsigned bits, unsigned rounds,
			     struct provider_local_result *result)
{
	EVP_PKEY *keys[2] = { EVP_PKEY_Q_keygen(sides->library[1], NULL, "RSA", (size_t)bits), NULL };
	int status = keys[0] && (keys[1] = EVP_PKEY_dup(keys[0])) ? 0 : -EIO;

	snprintf(result->name, sizeof(result->name), "lone RSA-%u signature, PSS", bits);
	for (unsigned round = 0; round < rounds && !status; round++) {
		double ours = time_signatures(sides->library[0], keys[0]);
		double theirs = time_signatures(sides->library[1], keys[1]);
		if (ours < 0 || theirs < 0)
			status = -EIO;
		bench_samples_add(&result->ours, ours);
		bench_samples_add(&result->theirs, theirs);
	}
	EVP_PKEY_free(keys[0]);
	EVP_PKEY_free(keys[1]);
	return status;
}

int provider_local_measure(const char *modules, unsigned rounds, struct provider_local_result *results)
{
	static const char *const ciphers[] = { "AES-128-GCM", "AES-256-GCM" };
	static const int sizes[] = { 64, 1024, 4096, 16384 };
	static const unsigned bits[] = { 2048, 3072, 4096 };
	struct sides sides = { 0 };
	int count = 0, status = open_sides(&sides, modules);

	for (unsigned i = 0; i < 8 && !status; i++, count++) {
		bench_progress("%s, %d bytes", ciphers[i / 4], sizes[i % 4]);
		status = measure_cipher(&sides, ciphers[i / 4], sizes[i % 4], rounds * 4, &results[count]);
	}
	for (unsigned i = 0; i < 3 && !status; i++, count++) {
		bench_progress("lone RSA-%u signatures", bits[i]);
		status = measure_signature(&sides, bits[i], rounds * 2, &results[count]);
	}
	close_sides(&sides);
	if (status == -EIO)
		fprintf(stderr, "\nglacis-bench: OpenSSL failed in the middle of a measurement\n");
	return status ? status : count;
}
