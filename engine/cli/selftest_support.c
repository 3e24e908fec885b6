/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results, texts and the second opinion of the self-test; see selftest.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "selftest.h"

void selftest_report(struct selftest *test, bool good, const char *format, ...)
{
	char name[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	const char *why = test->why[0] != '\0' ? test->why : "no reason was given";
	if (!good)
		test->failed++;
	if (!test->quiet && good)
		printf("ok %s\n", name);
	else if (!test->quiet)
		printf("FAILED %s: %s\n", name, why);
	/* A result that is lost for lack of memory is missed by selftest_run. */
	json_array_append_new(test->checks, good ? json_pack("{s:s, s:b}", "name", name, "ok", 1)
						 : json_pack("{s:s, s:b, s:s}", "name", name, "ok", 0, "why", why));
	test->why[0] = '\0';
}

bool selftest_fail(struct selftest *test, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(test->why, sizeof(test->why), format, arguments);
	va_end(arguments);
	return false;
}

static const EVP_CIPHER *cipher_of(size_t key_size)
{
	switch (key_size) {
	case 16:
		return EVP_aes_128_gcm();
	case 24:
		return EVP_aes_192_gcm();
	default:
		return EVP_aes_256_gcm();
	}
}

bool selftest_openssl_seal(struct selftest_message *message)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int size = 0;
	bool good = context &&
		    EVP_EncryptInit_ex(context, cipher_of(message->key_size), NULL, message->key, message->nonce) ==
			    1 &&
		    EVP_EncryptUpdate(context, NULL, &size, message->aad, (int)message->aad_size) == 1 &&
		    EVP_EncryptUpdate(context, message->sealed, &size, message->text, (int)message->size) == 1 &&
		    EVP_EncryptFinal_ex(context, message->sealed + size, &size) == 1 &&
		    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, GLACIS_AEAD_TAG_SIZE, message->tag) == 1;

	EVP_CIPHER_CTX_free(context);
	return good;
}

void selftest_fill(uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text[i] = (uint8_t)(i % 251);
}

size_t selftest_hex(const char *hex, uint8_t *bytes, size_t room)
{
	size_t size = 0;
	unsigned byte;

	while (size < room && sscanf(hex + 2 * size, "%2x", &byte) == 1)
		bytes[size++] = (uint8_t)byte;
	return size;
}
