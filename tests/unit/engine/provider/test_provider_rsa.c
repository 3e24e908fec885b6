/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA of the provider beside OpenSSL's own, outside async jobs: keys of all forms, paddings, parameters, bad input.
 */
#include <criterion/criterion.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "provider_support.h"

static struct world world;
static const uint8_t message[] = "The slope in front of the wall.";

static void open_world(void)
{
	world_open_rsa(&world);
}

static void close_world(void)
{
	world_close(&world);
}

TestSuite(provider_rsa, .init = open_world, .fini = close_world);

/* How to sign. */
struct way {
	const char *digest, *mgf1;
	int padding, salt;
};

static void apply(EVP_PKEY_CTX *context, const struct way *way)
{
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, way->padding), 0);
	if (way->padding != RSA_PKCS1_PSS_PADDING)
		return;
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, way->salt), 0);
	if (way->mgf1)
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, way->mgf1, NULL), 0);
}

static size_t sign(OSSL_LIB_CTX *library, EVP_PKEY *key, const struct way *way, uint8_t *signature, size_t room)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;

	cr_assert(EVP_DigestSignInit_ex(context, &parameters, way->digest, library, NULL, key, NULL));
	apply(parameters, way);
	cr_assert(EVP_DigestSign(context, signature, &room, message, sizeof(message)));
	EVP_MD_CTX_free(context);
	return room;
}

static bool verify(OSSL_LIB_CTX *library, EVP_PKEY *key, const struct way *way, const uint8_t *signature, size_t size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;

	cr_assert(EVP_DigestVerifyInit_ex(context, &parameters, way->digest, library, NULL, key, NULL));
	apply(parameters, way);
	bool good = EVP_DigestVerify(context, signature, size, message, sizeof(message)) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

/* Keys come from OpenSSL's decoders, and ours is the provider that uses them. */
Test(provider_rsa, gets_keys_that_openssl_decoded)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, key, NULL);
	uint8_t digest[32] = { 1 }, signature[256];
	size_t size = sizeof(signature);
	uint64_t before = world_counter(&world, "glacis-rsa-openssl-no-job");

	cr_assert_gt(EVP_PKEY_sign_init(context), 0);
	cr_assert_gt(EVP_PKEY_sign(context, signature, &size, digest, sizeof(digest)), 0);
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-no-job"), before + 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
}

Test(provider_rsa, signs_and_verifies_in_every_way)
{
	static const char *const digests[] = { "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "MD5" };
	static const int salts[] = { RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_AUTO, RSA_PSS_SALTLEN_MAX, 0, 17 };
	EVP_PKEY *ours = world_key(world.ours, "key2048.pem"), *theirs = world_key(world.theirs, "key2048.pem");
	uint8_t signature[256];

	for (unsigned i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		for (unsigned j = 0; j <= sizeof(salts) / sizeof(salts[0]); j++) {
			struct way way = { .digest = digests[i], .padding = RSA_PKCS1_PADDING };
			if (j > 0)
				way = (struct way){ .digest = digests[i],
						    .padding = RSA_PKCS1_PSS_PADDING,
						    .salt = salts[j - 1],
						    .mgf1 = j % 2 ? NULL : "SHA256" };
			cr_assert_eq(sign(world.ours, ours, &way, signature, sizeof(signature)), 256);
			cr_assert(verify(world.theirs, theirs, &way, signature, 256), "%s, %u: theirs", digests[i], j);
			cr_assert(verify(world.ours, ours, &way, signature, 256), "%s, %u: ours", digests[i], j);
			signature[100] ^= 1;
			cr_assert_not(verify(world.ours, ours, &way, signature, 256));
			cr_assert_not(verify(world.ours, ours, &way, signature, 255));
			ERR_clear_error();
		}
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}

Test(provider_rsa, signs_a_message_in_pieces_and_goes_on_in_a_copy)
{
	const struct way way = { .digest = "SHA256", .padding = RSA_PKCS1_PADDING };
	EVP_PKEY *key = world_key(world.ours, "key3072.pem");
	EVP_MD_CTX *context = EVP_MD_CTX_new(), *copy = EVP_MD_CTX_new();
	uint8_t signature[384];
	size_t size = 0;

	cr_assert(EVP_DigestSignInit_ex(context, NULL, "SHA256", world.ours, NULL, key, NULL));
	cr_assert(EVP_DigestSignUpdate(context, message, 5));
	cr_assert(EVP_MD_CTX_copy_ex(copy, context));
	cr_assert(EVP_DigestSignUpdate(context, "something else", 14));
	cr_assert(EVP_DigestSignUpdate(copy, message + 5, sizeof(message) - 5));
	cr_assert(EVP_DigestSignFinal(copy, NULL, &size));
	cr_assert_eq(size, sizeof(signature));
	size = 10;
	cr_assert_not(EVP_DigestSignFinal(copy, signature, &size), "10 bytes are no room");
	size = sizeof(signature);
	cr_assert(EVP_DigestSignFinal(copy, signature, &size));
	cr_assert(verify(world.ours, key, &way, signature, size));
	/* The digest is what it is while a message is hashed. */
	cr_assert_leq(EVP_PKEY_CTX_set_signature_md(EVP_MD_CTX_get_pkey_ctx(context), EVP_sha512()), 0);
	EVP_MD_CTX_free(context);
	EVP_MD_CTX_free(copy);
	EVP_PKEY_free(key);
}

Test(provider_rsa, recovers_what_was_signed)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, key, NULL);
	uint8_t signature[256], recovered[256], digest[32] = { 9, 8, 7 };
	size_t size = sizeof(signature), recovered_size = sizeof(recovered);

	cr_assert_gt(EVP_PKEY_sign_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 0);
	cr_assert_leq(EVP_PKEY_sign(context, signature, &size, digest, 31), 0, "31 bytes are no SHA-256");
	size = sizeof(signature);
	cr_assert_gt(EVP_PKEY_sign(context, signature, &size, digest, sizeof(digest)), 0);
	cr_assert_gt(EVP_PKEY_verify_recover_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 0);
	cr_assert_gt(EVP_PKEY_verify_recover(context, recovered, &recovered_size, signature, size), 0);
	cr_assert_eq(recovered_size, sizeof(digest));
	cr_assert_arr_eq(recovered, digest, sizeof(digest));
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
}

Test(provider_rsa, encrypts_and_decrypts)
{
	static const int paddings[] = { RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING };
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	uint8_t sealed[256], opened[256];

	for (unsigned i = 0; i < 2; i++) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, key, NULL);
		size_t size = sizeof(sealed), opened_size = sizeof(opened);
		cr_assert_gt(EVP_PKEY_encrypt_init(context), 0);
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, paddings[i]), 0);
		cr_assert_gt(EVP_PKEY_encrypt(context, sealed, &size, message, sizeof(message)), 0);
		cr_assert_gt(EVP_PKEY_decrypt_init(context), 0);
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, paddings[i]), 0);
		cr_assert_gt(EVP_PKEY_decrypt(context, opened, &opened_size, sealed, size), 0);
		cr_assert_eq(opened_size, sizeof(message));
		cr_assert_arr_eq(opened, message, sizeof(message));
		EVP_PKEY_CTX_free(context);
	}
	EVP_PKEY_free(key);
}

/* libssl's way with the old key exchange: a wrong padding gives random bytes, and no error. */
Test(provider_rsa, knows_the_padding_of_tls)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, key, NULL);
	unsigned version = 0x303;
	OSSL_PARAM params[] = { OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &version), OSSL_PARAM_END };
	uint8_t secret[48] = { 3, 3, 42 }, sealed[256], opened[256], again[48];
	size_t size = sizeof(sealed), opened_size = sizeof(opened);

	cr_assert_gt(EVP_PKEY_encrypt_init(context), 0);
	cr_assert_gt(EVP_PKEY_encrypt(context, sealed, &size, secret, sizeof(secret)), 0);
	for (unsigned round = 0; round < 3; round++) {
		cr_assert_gt(EVP_PKEY_decrypt_init(context), 0);
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_WITH_TLS_PADDING), 0);
		cr_assert_gt(EVP_PKEY_CTX_set_params(context, params), 0);
		opened_size = sizeof(opened);
		cr_assert_gt(EVP_PKEY_decrypt(context, opened, &opened_size, sealed, size), 0);
		cr_assert_eq(opened_size, 48);
		if (round == 0)
			cr_assert_arr_eq(opened, secret, 48);
		else
			cr_assert(memcmp(opened, secret, 48) != 0);
		if (round == 2)
			cr_assert(memcmp(opened, again, 48) != 0, "twice the same random bytes");
		memcpy(again, opened, 48);
		sealed[100] ^= round == 0;
	}
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
}

/* Keys of sizes and forms that lanes do not know work all the same. */
static void use(EVP_PKEY *key, const char *what)
{
	const struct way way = { .digest = "SHA256", .padding = RSA_PKCS1_PADDING };
	uint8_t signature[1024];
	size_t size = sign(world.ours, key, &way, signature, sizeof(signature));

	cr_assert(verify(world.ours, key, &way, signature, size), "%s", what);
	cr_assert_eq(ERR_peek_error(), 0, "%s leaves an error", what);
}

Test(provider_rsa, takes_odd_sizes_and_many_primes)
{
	static const unsigned bits[] = { 512, 1024, 2047, 2049, 2056, 3073, 5120 };
	EVP_PKEY *key;

	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		key = EVP_PKEY_Q_keygen(world.theirs, NULL, "RSA", (size_t)bits[i]);
		cr_assert_not_null(key);
		use(key, "an odd size");
		EVP_PKEY_free(key);
	}
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(world.ours, "RSA", NULL);
	cr_assert_gt(EVP_PKEY_keygen_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_rsa_keygen_primes(context, 3), 0);
	key = NULL;
	cr_assert_gt(EVP_PKEY_generate(context, &key), 0);
	use(key, "three primes");
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
}

/* A key without primes, as some hardware gives it out. */
Test(provider_rsa, takes_a_key_of_three_numbers)
{
	EVP_PKEY *whole = world_key(world.theirs, "key2048.pem"), *bare = NULL;
	BIGNUM *n = NULL, *e = NULL, *d = NULL;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(world.ours, "RSA", NULL);

	cr_assert(EVP_PKEY_get_bn_param(whole, "n", &n) && EVP_PKEY_get_bn_param(whole, "e", &e) &&
		  EVP_PKEY_get_bn_param(whole, "d", &d));
	cr_assert(OSSL_PARAM_BLD_push_BN(builder, "n", n) && OSSL_PARAM_BLD_push_BN(builder, "e", e) &&
		  OSSL_PARAM_BLD_push_BN(builder, "d", d));
	params = OSSL_PARAM_BLD_to_param(builder);
	cr_assert_gt(EVP_PKEY_fromdata_init(context), 0);
	cr_assert_gt(EVP_PKEY_fromdata(context, &bare, EVP_PKEY_KEYPAIR, params), 0);
	use(bare, "n, e and d alone");
	EVP_PKEY_free(bare);
	/* Nothing is no key, and is said so. */
	bare = NULL;
	cr_assert_leq(EVP_PKEY_fromdata(context, &bare, EVP_PKEY_KEYPAIR, (OSSL_PARAM[]){ OSSL_PARAM_END }), 0);
	cr_assert_null(bare);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(n);
	BN_free(e);
	BN_free(d);
	EVP_PKEY_free(whole);
}

/* RSASSA-PSS keys and whatever else is no plain RSA key are OpenSSL's from beginning to end. */
Test(provider_rsa, leaves_other_types_of_key_alone)
{
	static const char *const types[] = { "RSA-PSS", "ED25519" };
	uint64_t before = world_counter(&world, "glacis-rsa-openssl-no-job");
	uint8_t signature[256];

	for (unsigned i = 0; i < 2; i++) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(world.ours, types[i], NULL);
		EVP_PKEY *key = NULL;
		EVP_MD_CTX *signing = EVP_MD_CTX_new();
		size_t size = sizeof(signature);
		cr_assert_gt(EVP_PKEY_keygen_init(context), 0);
		cr_assert_gt(EVP_PKEY_generate(context, &key), 0);
		cr_assert(EVP_DigestSignInit_ex(signing, NULL, i == 0 ? "SHA256" : NULL, world.ours, NULL, key, NULL));
		cr_assert(EVP_DigestSign(signing, signature, &size, message, sizeof(message)));
		cr_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "default");
		EVP_MD_CTX_free(signing);
		EVP_PKEY_free(key);
		EVP_PKEY_CTX_free(context);
	}
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-no-job"), before);
}

/* Keys made by us go out again: to OpenSSL's encoders, to copies, to comparisons, to checks. */
Test(provider_rsa, gives_keys_out)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(world.ours, NULL, "RSA", (size_t)2048), *copy, *back;
	EVP_PKEY *other = world_key(world.theirs, "key2048.pem");
	BIO *file = BIO_new(BIO_s_mem());
	uint8_t *der = NULL;

	cr_assert_not_null(key);
	cr_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "glacis");
	cr_assert_eq(EVP_PKEY_get_bits(key), 2048);
	cr_assert_eq(EVP_PKEY_get_security_bits(key), 112);
	cr_assert(PEM_write_bio_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
	back = PEM_read_bio_PrivateKey_ex(file, NULL, NULL, NULL, world.theirs, NULL);
	cr_assert_not_null(back);
	cr_assert_eq(EVP_PKEY_eq(key, back), 1);
	cr_assert_eq(EVP_PKEY_eq(key, other), 0);
	cr_assert_gt(i2d_PUBKEY(key, &der), 0);
	copy = EVP_PKEY_dup(key);
	cr_assert_not_null(copy);
	cr_assert_eq(EVP_PKEY_eq(key, copy), 1);
	use(copy, "a copy");
	use(back, "a key that was written and read");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, key, NULL);
	cr_assert_eq(EVP_PKEY_check(context), 1);
	cr_assert_eq(EVP_PKEY_public_check(context), 1);
	cr_assert_eq(EVP_PKEY_private_check(context), 1);
	EVP_PKEY_CTX_free(context);
	OPENSSL_free(der);
	BIO_free(file);
	EVP_PKEY_free(key);
	EVP_PKEY_free(copy);
	EVP_PKEY_free(back);
	EVP_PKEY_free(other);
}

/* A public key that came through us has no private half to give, and cannot sign. */
Test(provider_rsa, does_not_sign_with_a_public_key)
{
	EVP_PKEY *whole = world_key(world.ours, "key2048.pem"), *half;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t *der = NULL, signature[256];
	const uint8_t *bytes;
	size_t size = sizeof(signature);
	int der_size = i2d_PUBKEY(whole, &der);

	bytes = der;
	half = d2i_PUBKEY_ex(NULL, &bytes, der_size, world.ours, NULL);
	cr_assert_not_null(half);
	if (EVP_DigestSignInit_ex(context, NULL, "SHA256", world.ours, NULL, half, NULL))
		cr_assert_not(EVP_DigestSign(context, signature, &size, message, sizeof(message)));
	OPENSSL_free(der);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(half);
	EVP_PKEY_free(whole);
}

/* What X.509 asks of a signature: its algorithm identifier. */
Test(provider_rsa, makes_certificates)
{
	static const int paddings[] = { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING };

	for (unsigned i = 0; i < 2; i++) {
		EVP_PKEY *key = EVP_PKEY_Q_keygen(world.ours, NULL, "RSA", (size_t)2048);
		X509 *certificate = X509_new_ex(world.ours, NULL);
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		EVP_PKEY_CTX *parameters;
		cr_assert(X509_set_pubkey(certificate, key));
		X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
		X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
		cr_assert(EVP_DigestSignInit_ex(context, &parameters, "SHA256", world.ours, NULL, key, NULL));
		cr_assert_gt(EVP_PKEY_CTX_set_rsa_padding(parameters, paddings[i]), 0);
		cr_assert_gt(X509_sign_ctx(certificate, context), 0);
		cr_assert_eq(X509_verify(certificate, key), 1);
		EVP_MD_CTX_free(context);
		X509_free(certificate);
		EVP_PKEY_free(key);
	}
}
