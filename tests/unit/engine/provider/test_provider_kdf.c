/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS13-KDF of the provider beside OpenSSL's own: what TLS asks for, what it does not, and contexts that are told
 * things one by one.
 */
#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "provider_support.h"

static struct world world;

static void open_world(void)
{
	world_open(&world);
}

static void close_world(void)
{
	world_close(&world);
}

TestSuite(provider_kdf, .init = open_world, .fini = close_world);

static EVP_KDF_CTX *context_of(bool ours)
{
	EVP_KDF *kdf = EVP_KDF_fetch(ours ? world.ours : world.theirs, "TLS13-KDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);

	cr_assert_not_null(context);
	cr_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), ours ? "glacis" : "default");
	EVP_KDF_free(kdf);
	return context;
}

static char secret[80] = "a secret of some stage, as long as the longest hash there is, and longer.";
static char transcript[48] = "what was said so far";

struct question {
	int mode;
	const char *mode_word; /* instead */
	const char *digest;
	size_t key_size, salt_size, data_size; /* 0: not given */
	const char *prefix, *label;
};

static void ask(const struct question *question, OSSL_PARAM params[8], int *mode)
{
	OSSL_PARAM *p = params;

	*mode = question->mode;
	*p++ = question->mode_word ? OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE,
								      (char *)(uintptr_t)question->mode_word, 0)
				   : OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, mode);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)question->digest, 0);
	if (question->key_size)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, question->key_size);
	if (question->salt_size)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, secret + 7, question->salt_size);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (char *)(uintptr_t)question->prefix,
						 strlen(question->prefix));
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (char *)(uintptr_t)question->label,
						 strlen(question->label));
	if (question->data_size)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, transcript, question->data_size);
	*p = OSSL_PARAM_construct_end();
}

/* Whether both give the same: an answer, or none. In one call, or told first and asked then. */
static void expect_same(const struct question *question, size_t size)
{
	for (unsigned way = 0; way < 2; way++) {
		uint8_t answers[2][512] = { { 0 } };
		int results[2];
		for (unsigned ours = 0; ours < 2; ours++) {
			EVP_KDF_CTX *context = context_of(ours);
			OSSL_PARAM params[8];
			int mode;
			ask(question, params, &mode);
			if (way == 1)
				results[ours] = EVP_KDF_CTX_set_params(context, params) > 0 &&
						EVP_KDF_derive(context, answers[ours], size, NULL) > 0;
			else
				results[ours] = EVP_KDF_derive(context, answers[ours], size, params) > 0;
			EVP_KDF_CTX_free(context);
		}
		cr_assert_eq(results[0], results[1], "%s, label %s, %zu bytes, way %u: %d, OpenSSL %d",
			     question->digest, question->label, size, way, results[1], results[0]);
		if (results[0])
			cr_expect_arr_eq(answers[0], answers[1], size, "%s, label %s, %zu bytes, way %u",
					 question->digest, question->label, size, way);
	}
	ERR_clear_error();
}

Test(provider_kdf, answers_as_openssl_does)
{
	static const char *const digests[] = { "SHA256", "SHA2-384", "SHA512", "SHA1" };
	static const size_t hash_sizes[] = { 32, 48, 64, 20 }, sizes[] = { 1, 12, 16, 32, 48, 64, 300 };
	static const char *const labels[] = { "key", "c hs traffic",
					      "a label of an exporter that is longer than any of the handshake's" };

	for (unsigned d = 0; d < 4; d++)
		for (unsigned l = 0; l < 3; l++)
			for (unsigned s = 0; s < 7; s++) {
				struct question question = { .mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
							     .digest = digests[d],
							     .key_size = hash_sizes[d],
							     .prefix = "tls13 ",
							     .label = labels[l] };
				expect_same(&question, sizes[s]);
				question.data_size = 32;
				expect_same(&question, sizes[s]);
				question.prefix = "dtls13";
				expect_same(&question, sizes[s]);
				question.mode_word = "EXPAND_ONLY";
				expect_same(&question, sizes[s]);
			}
	for (unsigned d = 0; d < 3; d++)
		for (unsigned way = 0; way < 4; way++) {
			struct question question = { .mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY,
						     .digest = digests[d],
						     .key_size = way & 1 ? 66 : 0,
						     .salt_size = way & 2 ? hash_sizes[d] : 0,
						     .prefix = "tls13 ",
						     .label = "derived" };
			expect_same(&question, hash_sizes[d]);
			question.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
			expect_same(&question, hash_sizes[d]);
		}
}

/* What a context was told it knows still when it is asked again, ours as OpenSSL's; a reset forgets it. */
Test(provider_kdf, remembers_what_it_was_told)
{
	const struct question question = { .mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
					   .digest = "SHA256",
					   .key_size = 32,
					   .prefix = "tls13 ",
					   .label = "key" };
	char other[] = "iv", unusual[] = "SHA512";
	uint8_t answers[2][3][32];

	for (unsigned ours = 0; ours < 2; ours++) {
		EVP_KDF_CTX *context = context_of(ours);
		OSSL_PARAM params[8], relabel[] = { OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, other, 2),
						    OSSL_PARAM_construct_end() };
		OSSL_PARAM digest[] = { OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, unusual, 0),
					OSSL_PARAM_construct_end() };
		int mode;
		ask(&question, params, &mode);
		cr_assert_gt(EVP_KDF_derive(context, answers[ours][0], 32, params), 0);
		cr_assert_gt(EVP_KDF_derive(context, answers[ours][1], 32, relabel), 0);
		cr_assert_gt(EVP_KDF_derive(context, answers[ours][2], 32, digest), 0);
		EVP_KDF_CTX_reset(context);
		cr_expect_leq(EVP_KDF_derive(context, answers[ours][2], 32, NULL), 0);
		EVP_KDF_CTX_free(context);
	}
	cr_expect_arr_eq(answers[0][0], answers[1][0], 32);
	cr_expect_arr_eq(answers[0][1], answers[1][1], 32);
	cr_expect_arr_eq(answers[0][2], answers[1][2], 32);
	cr_expect_arr_neq(answers[0][0], answers[0][1], 32);
	ERR_clear_error();
}
