/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key schedule against RFC 8448, NIST's TLS 1.2 answers, a published KeyUpdate step, and
 * OpenSSL's own HKDF and TLS1-PRF over many sizes.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "record_support.h"

#define TRACE    "rfc8448_section3.txt"
#define SCHEDULE "tls_key_schedule.txt"

static void expect_label(const char *secret_name, const char *label, const char *context_name, const char *answer_name)
{
	uint8_t secret[48], context[64], answer[64], output[64];
	uint32_t context_size = 0;
	uint32_t size;

	vector(TRACE, secret_name, secret, sizeof(secret));
	if (context_name != NULL)
		context_size = vector(TRACE, context_name, context, sizeof(context));
	size = vector(TRACE, answer_name, answer, sizeof(answer));
	cr_assert_eq(glacis_tls13_expand_label(32, secret, label, context_size > 0 ? context : NULL, context_size,
					       output, size),
		     0);
	cr_expect_arr_eq(output, answer, size, "%s", answer_name);
}

Test(tls_keys, rfc8448_secrets)
{
	expect_label("handshake_secret", "c hs traffic", "hello_hash", "client_handshake_secret");
	expect_label("handshake_secret", "s hs traffic", "hello_hash", "server_handshake_secret");
	expect_label("master_secret", "c ap traffic", "finished_hash", "client_application_secret");
	expect_label("master_secret", "s ap traffic", "finished_hash", "server_application_secret");
	expect_label("client_handshake_secret", "finished", NULL, "client_finished_key");
	expect_label("server_handshake_secret", "finished", NULL, "server_finished_key");
}

static void expect_record_keys(const char *secret_name, const char *key_name, const char *iv_name)
{
	struct glacis_record_keys keys;
	uint8_t secret[32], key[16], iv[12];

	vector(TRACE, secret_name, secret, sizeof(secret));
	vector(TRACE, key_name, key, sizeof(key));
	vector(TRACE, iv_name, iv, sizeof(iv));
	cr_assert_eq(glacis_tls13_record_keys(0x1301, secret, sizeof(secret), &keys), 0);
	cr_expect_eq(keys.version, GLACIS_TLS_1_3);
	cr_expect_eq(keys.suite, 0x1301);
	cr_expect_eq(keys.key_size, 16);
	cr_expect_eq(keys.secret_size, 32);
	cr_expect_arr_eq(keys.key, key, sizeof(key), "%s", key_name);
	cr_expect_arr_eq(keys.iv, iv, sizeof(iv), "%s", iv_name);
	cr_expect_arr_eq(keys.secret, secret, sizeof(secret), "%s", secret_name);
}

Test(tls_keys, rfc8448_record_keys)
{
	expect_record_keys("client_handshake_secret", "client_handshake_key", "client_handshake_iv");
	expect_record_keys("server_handshake_secret", "server_handshake_key", "server_handshake_iv");
	expect_record_keys("client_application_secret", "client_application_key", "client_application_iv");
	expect_record_keys("server_application_secret", "server_application_key", "server_application_iv");
}

Test(tls_keys, key_update_step)
{
	struct glacis_record_keys keys, expected;
	uint8_t secret[48], updated[48];

	vector(SCHEDULE, "update_secret", secret, sizeof(secret));
	vector(SCHEDULE, "updated_secret", updated, sizeof(updated));
	cr_assert_eq(glacis_tls13_record_keys(0x1302, secret, sizeof(secret), &keys), 0);
	cr_assert_eq(glacis_tls13_next_keys(&keys), 0);
	cr_expect_arr_eq(keys.secret, updated, sizeof(updated));
	cr_assert_eq(glacis_tls13_record_keys(0x1302, updated, sizeof(updated), &expected), 0);
	cr_expect_arr_eq(&keys, &expected, sizeof(keys));
	cr_expect_eq(keys.key_size, 32);
}

static void expect_key_block(uint16_t suite, const char *prefix, uint8_t key_size)
{
	struct glacis_record_keys client, server;
	uint8_t master[48], client_random[32], server_random[32], block[128];
	static const uint8_t zeros[8];
	char name[64];

	snprintf(name, sizeof(name), "%s_master_secret", prefix);
	vector(SCHEDULE, name, master, sizeof(master));
	snprintf(name, sizeof(name), "%s_client_random", prefix);
	vector(SCHEDULE, name, client_random, sizeof(client_random));
	snprintf(name, sizeof(name), "%s_server_random", prefix);
	vector(SCHEDULE, name, server_random, sizeof(server_random));
	snprintf(name, sizeof(name), "%s_key_block", prefix);
	vector(SCHEDULE, name, block, sizeof(block));

	cr_assert_eq(glacis_tls12_record_keys(suite, master, client_random, server_random, &client, &server), 0);
	cr_expect_eq(client.version, GLACIS_TLS_1_2);
	cr_expect_eq(client.suite, suite);
	cr_expect_eq(client.key_size, key_size);
	cr_expect_eq(client.secret_size, 0);
	cr_expect_arr_eq(client.key, block, key_size);
	cr_expect_arr_eq(server.key, block + key_size, key_size);
	cr_expect_arr_eq(client.iv, block + 2 * key_size, 4);
	cr_expect_arr_eq(server.iv, block + 2 * key_size + 4, 4);
	cr_expect_arr_eq(client.iv + 4, zeros, 8);
	cr_expect_arr_eq(server.iv + 4, zeros, 8);
}

Test(tls_keys, nist_tls12_key_blocks)
{
	expect_key_block(0xc02f, "sha256", 16);
	expect_key_block(0xc02b, "sha256", 16);
	expect_key_block(0xc030, "sha384", 32);
	expect_key_block(0xc02c, "sha384", 32);
}

/* OpenSSL takes parameters without const. */
static char *digest_name(bool sha384)
{
	static char names[2][8] = { "SHA256", "SHA384" };

	return names[sha384 ? 1 : 0];
}

static void reference_expand(size_t hash_size, uint8_t *secret, const char *label, const uint8_t *context,
			     size_t context_size, uint8_t *output, size_t size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *work = EVP_KDF_CTX_new(kdf);
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	uint8_t info[600];
	size_t info_size = 0;
	OSSL_PARAM params[5];

	info[info_size++] = (uint8_t)(size >> 8);
	info[info_size++] = (uint8_t)size;
	info[info_size++] = (uint8_t)(6 + strlen(label));
	info_size += (size_t)sprintf((char *)info + info_size, "tls13 %s", label);
	info[info_size++] = (uint8_t)context_size;
	if (context_size > 0)
		memcpy(info + info_size, context, context_size);
	info_size += context_size;
	params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name(hash_size == 48), 0);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, hash_size);
	params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, info_size);
	params[4] = OSSL_PARAM_construct_end();
	cr_assert_eq(EVP_KDF_derive(work, output, size, params), 1);
	EVP_KDF_CTX_free(work);
	EVP_KDF_free(kdf);
}

Test(tls_keys, expand_label_agrees_with_openssl)
{
	static const size_t sizes[] = { 1, 12, 16, 31, 32, 33, 48, 49, 64, 96, 97, 255, 1000, 32 * 255 };
	static uint8_t ours[32 * 255], theirs[32 * 255];
	uint8_t secret[48], context[255];

	fill(secret, sizeof(secret), 1);
	fill(context, sizeof(context), 2);
	for (size_t hash_size = 32; hash_size <= 48; hash_size += 16) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			size_t context_size = i * 255 / 13;

			cr_assert_eq(glacis_tls13_expand_label(hash_size, secret, "a label", context, context_size,
							       ours, sizes[i]),
				     0);
			reference_expand(hash_size, secret, "a label", context, context_size, theirs, sizes[i]);
			cr_assert_arr_eq(ours, theirs, sizes[i], "hash %zu, %zu bytes", hash_size, sizes[i]);
		}
	}
}

Test(tls_keys, key_block_agrees_with_openssl)
{
	static const uint16_t suites[] = { 0xc02b, 0xc02c, 0xc02f, 0xc030 };
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	struct glacis_record_keys client, server;
	uint8_t master[48], client_random[32], server_random[32], seed[13 + 64], block[72];

	for (unsigned round = 0; round < 64; round++) {
		uint16_t suite = suites[round % 4];
		bool sha384 = suite == 0xc02c || suite == 0xc030;
		size_t key_size = sha384 ? 32 : 16;
		EVP_KDF_CTX *work = EVP_KDF_CTX_new(kdf);
		OSSL_PARAM params[4];

		fill(master, sizeof(master), 3 * round);
		fill(client_random, sizeof(client_random), 3 * round + 1);
		fill(server_random, sizeof(server_random), 3 * round + 2);
		memcpy(seed, "key expansion", 13);
		memcpy(seed + 13, server_random, 32);
		memcpy(seed + 45, client_random, 32);
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name(sha384), 0);
		params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof(master));
		params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof(seed));
		params[3] = OSSL_PARAM_construct_end();
		cr_assert_eq(EVP_KDF_derive(work, block, 2 * key_size + 8, params), 1);
		EVP_KDF_CTX_free(work);

		cr_assert_eq(glacis_tls12_record_keys(suite, master, client_random, server_random, &client, &server),
			     0);
		cr_assert_arr_eq(client.key, block, key_size);
		cr_assert_arr_eq(server.key, block + key_size, key_size);
		cr_assert_arr_eq(client.iv, block + 2 * key_size, 4);
		cr_assert_arr_eq(server.iv, block + 2 * key_size + 4, 4);
	}
	EVP_KDF_free(kdf);
}

Test(tls_keys, refuses_what_it_does_not_know)
{
	struct glacis_record_keys keys, other;
	uint8_t secret[48] = { 0 }, random[32] = { 0 };

	cr_expect_eq(glacis_tls13_record_keys(0x1303, secret, 32, &keys), -ENOTSUP);
	cr_expect_eq(glacis_tls13_record_keys(0xc02f, secret, 32, &keys), -ENOTSUP);
	cr_expect_eq(glacis_tls13_record_keys(0x1301, secret, 48, &keys), -EINVAL);
	cr_expect_eq(glacis_tls13_record_keys(0x1301, secret, 31, &keys), -EINVAL);
	cr_expect_eq(glacis_tls13_record_keys(0x1302, secret, 32, &keys), -EINVAL);
	cr_expect_eq(glacis_tls13_record_keys(0x1302, NULL, 48, &keys), -EINVAL);
	cr_expect_eq(glacis_tls12_record_keys(0x1301, secret, random, random, &keys, &other), -ENOTSUP);
	cr_expect_eq(glacis_tls12_record_keys(0xc013, secret, random, random, &keys, &other), -ENOTSUP);
	make_keys(0xc02f, 1, &keys);
	cr_expect_eq(glacis_tls13_next_keys(&keys), -ENOTSUP);
}

Test(tls_keys, expand_label_bounds)
{
	static uint8_t output[48 * 255 + 1];
	uint8_t secret[48] = { 0 }, context[256] = { 0 };
	char label[251];

	memset(label, 'x', sizeof(label));
	label[250] = '\0';
	cr_expect_eq(glacis_tls13_expand_label(32, secret, label, NULL, 0, output, 16), -EINVAL);
	label[249] = '\0';
	cr_expect_eq(glacis_tls13_expand_label(32, secret, label, NULL, 0, output, 16), 0);
	cr_expect_eq(glacis_tls13_expand_label(32, secret, "x", context, 255, output, 16), 0);
	cr_expect_eq(glacis_tls13_expand_label(32, secret, "x", context, 256, output, 16), -EINVAL);
	cr_expect_eq(glacis_tls13_expand_label(32, secret, "x", NULL, 1, output, 16), -EINVAL);
	cr_expect_eq(glacis_tls13_expand_label(32, secret, "x", NULL, 0, output, 32 * 255 + 1), -EINVAL);
	cr_expect_eq(glacis_tls13_expand_label(48, secret, "x", NULL, 0, output, 48 * 255), 0);
	cr_expect_eq(glacis_tls13_expand_label(48, secret, "x", NULL, 0, output, 48 * 255 + 1), -EINVAL);
	cr_expect_eq(glacis_tls13_expand_label(20, secret, "x", NULL, 0, output, 16), -EINVAL);
}

Test(tls_keys, wipe_leaves_zeros)
{
	static const struct glacis_record_keys zeros;
	struct glacis_record_keys keys;

	make_keys(0x1302, 5, &keys);
	glacis_record_keys_wipe(&keys);
	cr_expect_arr_eq(&keys, &zeros, sizeof(keys));
}
