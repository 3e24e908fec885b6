/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be said of an RSA signature, and in which order, beside OpenSSL's own: the provider keeps libssl's words
 * itself and hands all others on, and nobody must see the seam.
 */
#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

#include "provider_support.h"

static struct world world;
static const uint8_t message[] = "The ditch behind the slope.";

static void open_world(void)
{
	world_open_rsa(&world);
}

static void close_world(void)
{
	world_close(&world);
}

TestSuite(provider_words, .init = open_world, .fini = close_world);

enum step { PKCS1, PSS, PSS_WORD, NONE, SALT_DIGEST, SALT_DIGEST_WORD, SALT_20, SALT_MAX, MGF1, SAME, OTHER, STEPS };

static int say(EVP_PKEY_CTX *context, enum step step)
{
	char pss[] = OSSL_PKEY_RSA_PAD_MODE_PSS, digest[] = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;
	OSSL_PARAM padding_word[] = { OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, pss, 0),
				      OSSL_PARAM_construct_end() };
	OSSL_PARAM salt_word[] = { OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, digest, 0),
				   OSSL_PARAM_construct_end() };

	switch (step) {
	case PKCS1:
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING);
	case PSS:
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING);
	case PSS_WORD:
		return EVP_PKEY_CTX_set_params(context, padding_word);
	case NONE:
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING);
	case SALT_DIGEST:
		return EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST);
	case SALT_DIGEST_WORD:
		return EVP_PKEY_CTX_set_params(context, salt_word);
	case SALT_20:
		return EVP_PKEY_CTX_set_rsa_pss_saltlen(context, 20);
	case SALT_MAX:
		return EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_MAX);
	case MGF1:
		return EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha384());
	case SAME:
		return EVP_PKEY_CTX_set_signature_md(context, EVP_sha256());
	default:
		return EVP_PKEY_CTX_set_signature_md(context, EVP_sha512());
	}
}

/* A signature of which some things were said, and whether that was taken. */
struct saying {
	EVP_MD_CTX *context;
	EVP_PKEY_CTX *parameters;
	int taken[3];
};

static void begin(struct saying *saying, OSSL_LIB_CTX *library, EVP_PKEY *key, const enum step steps[3])
{
	saying->context = EVP_MD_CTX_new();
	cr_assert(EVP_DigestSignInit_ex(saying->context, &saying->parameters, "SHA256", library, NULL, key, NULL));
	for (unsigned i = 0; i < 3; i++)
		saying->taken[i] = say(saying->parameters, steps[i]) > 0;
}

static int ask(const struct saying *saying, const char *name, char answer[64])
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(name, answer, 64), OSSL_PARAM_construct_end() };

	memset(answer, 0, 64);
	return EVP_PKEY_CTX_get_params(saying->parameters, params) > 0 && OSSL_PARAM_modified(params);
}

/* The padding decides whether a signature comes about, and whether two are the same. */
static void compare(const struct saying *ours, const struct saying *theirs, EVP_PKEY *key, unsigned number)
{
	static const char *const names[] = { OSSL_SIGNATURE_PARAM_PAD_MODE, OSSL_SIGNATURE_PARAM_DIGEST,
					     OSSL_SIGNATURE_PARAM_MGF1_DIGEST, OSSL_SIGNATURE_PARAM_PSS_SALTLEN };
	uint8_t signature[256], expected[256];
	size_t size = sizeof(signature), expected_size = sizeof(expected);
	char answer[64], expected_answer[64];
	int done, expected_done;

	cr_assert_arr_eq(ours->taken, theirs->taken, sizeof(ours->taken), "%u", number);
	/* Every other time nobody asks before the signature. */
	for (unsigned i = 0; i < 4 && number % 2 == 0; i++) {
		int told = ask(ours, names[i], answer), expected_told = ask(theirs, names[i], expected_answer);
		cr_assert_eq(told, expected_told, "%u: %s", number, names[i]);
		cr_assert_str_eq(answer, expected_answer, "%u: %s", number, names[i]);
	}
	done = EVP_DigestSign(ours->context, signature, &size, message, sizeof(message));
	expected_done = EVP_DigestSign(theirs->context, expected, &expected_size, message, sizeof(message));
	cr_assert_eq(done > 0, expected_done > 0, "%u", number);
	if (done <= 0)
		return;
	cr_assert_eq(size, expected_size);
	if (ask(ours, OSSL_SIGNATURE_PARAM_PAD_MODE, answer) && strcmp(answer, OSSL_PKEY_RSA_PAD_MODE_PSS) != 0) {
		cr_assert_arr_eq(signature, expected, size, "%u", number);
	} else {
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		EVP_PKEY_CTX *parameters;
		char digest[64];
		cr_assert(ask(theirs, OSSL_SIGNATURE_PARAM_MGF1_DIGEST, digest));
		cr_assert(EVP_DigestVerifyInit_ex(context, &parameters, "SHA256", world.theirs, NULL, key, NULL));
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 0);
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, digest, NULL), 0);
		cr_assert_eq(EVP_DigestVerify(context, signature, size, message, sizeof(message)), 1, "%u", number);
		EVP_MD_CTX_free(context);
	}
}

Test(provider_words, says_three_things_in_every_order)
{
	EVP_PKEY *ours = world_key(world.ours, "key2048.pem"), *theirs = world_key(world.theirs, "key2048.pem");

	for (unsigned number = 0; number < STEPS * STEPS * STEPS; number++) {
		const enum step steps[3] = { number / (STEPS * STEPS), number / STEPS % STEPS, number % STEPS };
		struct saying our_saying, their_saying;
		begin(&our_saying, world.ours, ours, steps);
		begin(&their_saying, world.theirs, theirs, steps);
		compare(&our_saying, &their_saying, theirs, number);
		EVP_MD_CTX_free(our_saying.context);
		EVP_MD_CTX_free(their_saying.context);
		ERR_clear_error();
	}
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}

/* A context that was copied before anything needed the inner one signs what it was told. */
Test(provider_words, go_with_a_copy)
{
	EVP_PKEY *ours = world_key(world.ours, "key2048.pem"), *theirs = world_key(world.theirs, "key2048.pem");
	EVP_MD_CTX *first = EVP_MD_CTX_new(), *copy = EVP_MD_CTX_new(), *check = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	uint8_t signature[256];
	size_t size = sizeof(signature);

	cr_assert(EVP_DigestSignInit_ex(first, &parameters, "SHA384", world.ours, NULL, ours, NULL));
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST), 0);
	cr_assert(EVP_MD_CTX_copy_ex(copy, first));
	EVP_MD_CTX_free(first);
	cr_assert(EVP_DigestSignUpdate(copy, message, 3));
	cr_assert(EVP_DigestSignUpdate(copy, message + 3, sizeof(message) - 3));
	cr_assert(EVP_DigestSignFinal(copy, signature, &size));
	cr_assert(EVP_DigestVerifyInit_ex(check, &parameters, "SHA384", world.theirs, NULL, theirs, NULL));
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 48), 0);
	cr_assert_eq(EVP_DigestVerify(check, signature, size, message, sizeof(message)), 1);
	EVP_MD_CTX_free(copy);
	EVP_MD_CTX_free(check);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}
