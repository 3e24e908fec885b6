/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import of private keys: each format, encryption with the right, a wrong and no passphrase, and
 * each way of being wrong with its own sentence.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "rsa_support.h"

/* The numbers of PKCS#1 in their order: version, n, e, d, p, q, dp, dq, qinv. */
#define NUMBERS 9u
enum { VERSION, N, E, D, P, Q, DP, DQ, QINV };

static struct rsa_bed bed;

static void open_bed(void)
{
	rsa_bed_open(&bed, NULL);
}

static void close_bed(void)
{
	rsa_bed_close(&bed);
}

TestSuite(rsa_key, .init = open_bed, .fini = close_bed);

static int attempt(const uint8_t *bytes, size_t size, char why[256])
{
	struct glacis_rsa_key *key = NULL;
	int error = glacis_rsa_key_import(bed.engine, bytes, size, NULL, NULL, &key, why, 256);
	if (error == 0) {
		cr_assert_str_empty(why);
		glacis_rsa_key_destroy(key);
	}
	return error;
}

/* Expects a refusal whose sentence holds `word`. */
static void refused(const uint8_t *bytes, size_t size, int error, const char *word)
{
	char why[256] = "untouched";
	int got = attempt(bytes, size, why);
	cr_assert_eq(got, error, "got %d (%s), wanted %d (%s)", got, why, error, word);
	cr_assert_not_null(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
}

static void load_numbers(const char *name, BIGNUM *numbers[NUMBERS])
{
	static const char *const parameters[NUMBERS] = {
		[N] = OSSL_PKEY_PARAM_RSA_N,          [E] = OSSL_PKEY_PARAM_RSA_E,
		[D] = OSSL_PKEY_PARAM_RSA_D,          [P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
		[Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,    [DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
		[DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	};
	EVP_PKEY *key = rsa_reference_key(name);
	numbers[VERSION] = BN_new();
	for (unsigned i = N; i < NUMBERS; i++) {
		numbers[i] = NULL;
		cr_assert(EVP_PKEY_get_bn_param(key, parameters[i], &numbers[i]));
	}
	EVP_PKEY_free(key);
}

static void free_numbers(BIGNUM *numbers[NUMBERS])
{
	for (unsigned i = 0; i < NUMBERS; i++)
		BN_free(numbers[i]);
}

static size_t put_header(uint8_t *to, uint8_t tag, size_t size)
{
	const uint8_t header[4] = { tag, 0x82, (uint8_t)(size >> 8), (uint8_t)size };
	memcpy(to, header, sizeof(header));
	return sizeof(header);
}

/* DER of PKCS#1, whatever the numbers are; lengths always in two bytes, which BER allows, so no. 4096 fits. */
static size_t write_pkcs1(BIGNUM *const numbers[NUMBERS], uint8_t *der)
{
	uint8_t body[RSA_FILE_MAX];
	size_t used = 0;

	for (unsigned i = 0; i < NUMBERS; i++) {
		ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(numbers[i], NULL);
		uint8_t *at = body + used;
		int size = i2d_ASN1_INTEGER(integer, &at);
		cr_assert_gt(size, 0);
		used += (size_t)size;
		ASN1_INTEGER_free(integer);
	}
	size_t header = put_header(der, 0x30, used);
	memcpy(der + header, body, used);
	return header + used;
}

static void refused_numbers(BIGNUM *const numbers[NUMBERS], int error, const char *word)
{
	uint8_t der[RSA_FILE_MAX];
	refused(der, write_pkcs1(numbers, der), error, word);
}

static size_t write_pem(const EVP_PKEY *key, const char *structure, const char *passphrase, uint8_t *bytes)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_256_cbc() : NULL;
	int length = passphrase != NULL ? (int)strlen(passphrase) : 0;
	int done = strcmp(structure, "PKCS#1") == 0
			   ? PEM_write_bio_PrivateKey_traditional(bio, key, cipher, (const unsigned char *)passphrase,
								  length, NULL, NULL)
			   : PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, passphrase, length, NULL, NULL);
	cr_assert_eq(done, 1);
	long size = BIO_get_mem_data(bio, &data);
	cr_assert_lt(size, (long)RSA_FILE_MAX);
	memcpy(bytes, data, (size_t)size);
	BIO_free(bio);
	return (size_t)size;
}

Test(rsa_key, takes_every_size_and_gives_the_public_half)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} files[] = {
		{ "key2048.pem", 2048 }, { "key3072.pem", 3072 }, { "key4096.pem", 4096 }, { "e3_2048.pem", 2048 }
	};

	for (unsigned i = 0; i < 4; i++) {
		struct glacis_rsa_key *key = rsa_import(&bed, files[i].name);
		EVP_PKEY *reference = rsa_reference_key(files[i].name), *half = rsa_public_key(key);
		uint8_t small[10];
		cr_assert_eq(glacis_rsa_key_bits(key), files[i].bits);
		cr_assert_eq(EVP_PKEY_eq(reference, half), 1);
		cr_assert_eq(glacis_rsa_key_public(key, small, sizeof(small)), -ENOSPC);
		EVP_PKEY_free(reference);
		EVP_PKEY_free(half);
		glacis_rsa_key_destroy(key);
	}
	glacis_rsa_key_destroy(NULL);
}

Test(rsa_key, takes_pkcs1_and_pkcs8_in_pem_and_der)
{
	EVP_PKEY *key = rsa_reference_key("key2048.pem");
	uint8_t bytes[RSA_FILE_MAX], *at = bytes;
	char why[256];

	cr_assert_eq(attempt(bytes, write_pem(key, "PKCS#1", NULL, bytes), why), 0, "%s", why);
	cr_assert_eq(attempt(bytes, write_pem(key, "PKCS#8", NULL, bytes), why), 0, "%s", why);
	int size = i2d_PrivateKey(key, &at);
	cr_assert_eq(attempt(bytes, (size_t)size, why), 0, "%s", why);
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	at = bytes;
	size = i2d_PKCS8_PRIV_KEY_INFO(info, &at);
	cr_assert_eq(attempt(bytes, (size_t)size, why), 0, "%s", why);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
}

/* What many servers keep in one file. */
Test(rsa_key, passes_over_a_certificate_before_the_key)
{
	EVP_PKEY *key = rsa_reference_key("key2048.pem");
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t bytes[2 * RSA_FILE_MAX];
	char *data, why[256];

	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_set_pubkey(certificate, key);
	cr_assert_gt(X509_sign(certificate, key, EVP_sha256()), 0);
	cr_assert_eq(PEM_write_bio_X509(bio, certificate), 1);
	long size = BIO_get_mem_data(bio, &data);
	memcpy(bytes, data, (size_t)size);
	refused(bytes, (size_t)size, -EINVAL, "holds \"CERTIFICATE\"");
	size_t both = (size_t)size + write_pem(key, "PKCS#8", NULL, bytes + size);
	cr_assert_eq(attempt(bytes, both, why), 0, "%s", why);
	BIO_free(bio);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static int give(void *context, char *buffer, int size)
{
	const char *phrase = context;
	if (phrase == NULL)
		return -1;
	cr_assert_gt(size, (int)strlen(phrase));
	memcpy(buffer, phrase, strlen(phrase));
	return (int)strlen(phrase);
}

static int attempt_encrypted(const uint8_t *bytes, size_t size, glacis_rsa_passphrase callback, const char *phrase,
			     const char *word)
{
	struct glacis_rsa_key *key = NULL;
	char why[256], copy[64];
	snprintf(copy, sizeof(copy), "%s", phrase != NULL ? phrase : "");
	int error = glacis_rsa_key_import(bed.engine, bytes, size, callback, phrase != NULL ? copy : NULL, &key, why,
					  sizeof(why));
	cr_assert_not_null(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
	if (error == 0)
		glacis_rsa_key_destroy(key);
	return error;
}

Test(rsa_key, asks_for_the_passphrase)
{
	static const char *const structures[] = { "PKCS#1", "PKCS#8" };
	EVP_PKEY *key = rsa_reference_key("key2048.pem");
	uint8_t bytes[RSA_FILE_MAX];

	for (unsigned i = 0; i < 2; i++) {
		size_t size = write_pem(key, structures[i], "open sesame", bytes);
		cr_assert_eq(attempt_encrypted(bytes, size, give, "open sesame", ""), 0);
		cr_assert_eq(attempt_encrypted(bytes, size, give, "wrong", "the passphrase is wrong"), -EACCES);
		cr_assert_eq(attempt_encrypted(bytes, size, give, NULL, "no passphrase was given"), -EACCES);
		cr_assert_eq(attempt_encrypted(bytes, size, NULL, NULL, "no passphrase was given"), -EACCES);
	}
	EVP_PKEY_free(key);
}

Test(rsa_key, refuses_what_is_cut_off)
{
	EVP_PKEY *key = rsa_reference_key("key2048.pem");
	uint8_t bytes[RSA_FILE_MAX], *at = bytes;
	int size = i2d_PrivateKey(key, &at);

	for (int left = size - 1; left > 4; left -= 97)
		refused(bytes, (size_t)left, -EINVAL, "cut off: its header promises");
	refused(bytes, 1, -EINVAL, "no private key found");
	refused(bytes, 0, -EINVAL, "0 bytes");
	size_t pem = write_pem(key, "PKCS#8", NULL, bytes);
	refused(bytes, pem / 2, -EINVAL, "no END line");
	memmove(bytes + 100, bytes + 300, pem - 300);
	refused(bytes, pem - 200, -EINVAL, "does not decode");
	EVP_PKEY_free(key);
}

Test(rsa_key, refuses_what_is_no_rsa_key_of_its_sizes)
{
	uint8_t bytes[RSA_FILE_MAX];
	static const unsigned sizes[] = { 1024, 2056, 3071 };
	EVP_PKEY *key = EVP_EC_gen("P-256");

	refused(bytes, write_pem(key, "PKCS#8", NULL, bytes), -ENOTSUP, "key for EC");
	EVP_PKEY_free(key);
	for (unsigned i = 0; i < 3; i++) {
		key = EVP_RSA_gen(sizes[i]);
		refused(bytes, write_pem(key, "PKCS#8", NULL, bytes), -ENOTSUP, "2048, 3072 and 4096 are accepted");
		EVP_PKEY_free(key);
	}
	memset(bytes, 'x', sizeof(bytes));
	refused(bytes, sizeof(bytes), -EINVAL, "no private key found");
}

Test(rsa_key, refuses_more_than_two_primes)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	uint8_t bytes[RSA_FILE_MAX], *at = bytes;

	cr_assert_gt(EVP_PKEY_keygen_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_keygen_primes(context, 3), 0);
	cr_assert_gt(EVP_PKEY_generate(context, &key), 0);
	int size = i2d_PrivateKey(key, &at);
	refused(bytes, (size_t)size, -ENOTSUP, "more than two primes");
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
}

/* Each case changes one number of a good key. */
Test(rsa_key, refuses_numbers_that_do_not_fit)
{
	static const struct {
		unsigned number;
		const char *word;
	} cases[] = { { DP, "dp does not fit" }, { DQ, "dq does not fit" }, { QINV, "qinv does not fit" },
		      { P, "p * q is not" },     { Q, "p * q is not" },     { N, "p * q is not" },
		      { D, "dp does not fit" } };

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BIGNUM *numbers[NUMBERS];
		load_numbers("key2048.pem", numbers);
		/* Stays odd. */
		BN_add_word(numbers[cases[i].number], 2);
		refused_numbers(numbers, -EINVAL, cases[i].word);
		free_numbers(numbers);
	}
}

Test(rsa_key, refuses_an_even_modulus)
{
	BIGNUM *numbers[NUMBERS];
	load_numbers("key2048.pem", numbers);
	BN_sub_word(numbers[N], 1);
	refused_numbers(numbers, -EINVAL, "modulus is even");
	free_numbers(numbers);
}

Test(rsa_key, refuses_a_wrong_public_exponent)
{
	static const struct {
		BN_ULONG low;
		int shift;
		const char *word;
	} cases[] = { { 1, 0, "exponent is 1" },
		      { 65536, 0, "exponent is even" },
		      { 65539, 0, "d and e do not fit" },
		      { 1, 64, "above 2^64 - 1" } };

	for (unsigned i = 0; i < 4; i++) {
		BIGNUM *numbers[NUMBERS];
		load_numbers("key2048.pem", numbers);
		BN_zero(numbers[E]);
		if (cases[i].shift > 0)
			BN_set_bit(numbers[E], cases[i].shift);
		BN_add_word(numbers[E], cases[i].low);
		refused_numbers(numbers, -EINVAL, cases[i].word);
		free_numbers(numbers);
	}
}

Test(rsa_key, refuses_missing_numbers)
{
	static const struct {
		unsigned number;
		const char *word;
	} cases[] = { { P, "no prime p" }, { QINV, "no coefficient" }, { D, "no private exponent" } };

	for (unsigned i = 0; i < 3; i++) {
		BIGNUM *numbers[NUMBERS];
		load_numbers("key2048.pem", numbers);
		BN_zero(numbers[cases[i].number]);
		refused_numbers(numbers, -EINVAL, cases[i].word);
		free_numbers(numbers);
	}
}

/* n = p * p with everything else to match: only p = q is wrong. */
Test(rsa_key, refuses_one_prime_twice)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *numbers[NUMBERS], *less = BN_new();

	load_numbers("key2048.pem", numbers);
	BN_copy(numbers[Q], numbers[P]);
	BN_sqr(numbers[N], numbers[P], context);
	if (BN_num_bits(numbers[N]) == 2048) {
		BN_sub(less, numbers[P], BN_value_one());
		BN_mod_inverse(numbers[D], numbers[E], less, context);
		BN_copy(numbers[DP], numbers[D]);
		BN_copy(numbers[DQ], numbers[D]);
		refused_numbers(numbers, -EINVAL, "p and q are the same");
	} else {
		cr_assert_fail("the test key's p is too small for this test");
	}
	free_numbers(numbers);
	BN_free(less);
	BN_CTX_free(context);
}

/* p composite, and all other numbers made to fit: no equation shows it, only a trial does. */
Test(rsa_key, refuses_a_prime_that_is_none)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *numbers[NUMBERS], *factor = BN_new(), *p1 = BN_new(), *q1 = BN_new(), *all = BN_new();

	load_numbers("key2048.pem", numbers);
	do {
		BN_rand(numbers[P], 1024, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
		BN_sub(p1, numbers[P], BN_value_one());
		BN_gcd(factor, p1, numbers[E], context);
		BN_mul(numbers[N], numbers[P], numbers[Q], context);
	} while (!BN_is_one(factor) || BN_check_prime(numbers[P], context, NULL) == 1 ||
		 BN_num_bits(numbers[N]) != 2048 ||
		 BN_mod_inverse(numbers[QINV], numbers[Q], numbers[P], context) == NULL);
	BN_sub(q1, numbers[Q], BN_value_one());
	BN_mul(all, p1, q1, context);
	BN_mod_inverse(numbers[D], numbers[E], all, context);
	BN_mod(numbers[DP], numbers[D], p1, context);
	BN_mod(numbers[DQ], numbers[D], q1, context);
	refused_numbers(numbers, -EINVAL, "p or q is not prime");
	free_numbers(numbers);
	BN_free(factor);
	BN_free(p1);
	BN_free(q1);
	BN_free(all);
	BN_CTX_free(context);
}

/* p < q is unusual and right. */
Test(rsa_key, takes_the_primes_in_either_order)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *numbers[NUMBERS];
	uint8_t der[RSA_FILE_MAX], input[256], output[256], expected[256];
	struct glacis_rsa_op op;
	EVP_PKEY *reference = rsa_reference_key("key2048.pem");

	load_numbers("key2048.pem", numbers);
	BN_swap(numbers[P], numbers[Q]);
	BN_swap(numbers[DP], numbers[DQ]);
	BN_mod_inverse(numbers[QINV], numbers[Q], numbers[P], context);
	struct glacis_rsa_key *key = rsa_import_bytes(&bed, der, write_pkcs1(numbers, der));
	rsa_bed_set_break_even(&bed, 1);
	for (unsigned i = 0; i < 50; i++) {
		rsa_random(input, sizeof(input), i);
		input[0] = 0;
		rsa_fill_op(&op, key, GLACIS_RSA_PRIVATE_RAW, input, sizeof(input), output);
		cr_assert_eq(rsa_run_one(&bed, &op), GLACIS_STATUS_OK);
		rsa_reference_private(reference, input, sizeof(input), expected);
		cr_assert_arr_eq(output, expected, sizeof(output));
	}
	glacis_rsa_key_destroy(key);
	free_numbers(numbers);
	EVP_PKEY_free(reference);
	BN_CTX_free(context);
}

Test(rsa_key, leaves_no_error_behind_and_needs_no_room_for_the_reason)
{
	struct glacis_rsa_key *key;
	char why[8];

	cr_assert_eq(glacis_rsa_key_import(bed.engine, (const uint8_t *)"0", 1, NULL, NULL, &key, NULL, 0), -EINVAL);
	cr_assert_eq(glacis_rsa_key_import(bed.engine, (const uint8_t *)"0", 1, NULL, NULL, &key, why, sizeof(why)),
		     -EINVAL);
	cr_assert_eq(strlen(why), sizeof(why) - 1);
	cr_assert_eq(ERR_peek_error(), 0ul);
}
