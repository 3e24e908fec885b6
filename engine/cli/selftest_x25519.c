/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis selftest`, X25519: a published answer (RFC 7748 section 5.2) and a random function as OpenSSL computes it,
 * each alone and in a full burst, which runs in lanes wherever there are lanes.
 */
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "selftest.h"

#define SIZE GLACIS_X25519_SIZE

struct function {
	uint8_t scalar[SIZE], point[SIZE], result[SIZE];
};

static bool check_burst(struct selftest *test, const struct function *function, unsigned count)
{
	uint8_t results[GLACIS_X25519_LANES][SIZE];
	struct glacis_x25519_op ops[GLACIS_X25519_LANES];

	for (unsigned i = 0; i < count; i++)
		ops[i] = (struct glacis_x25519_op){ .scalar = function->scalar,
						    .point = function->point,
						    .result = results[i] };
	if (glacis_x25519(ops, count) != 0)
		return selftest_fail(test, "libcrypto failed");
	for (unsigned i = 0; i < count; i++) {
		if (ops[i].status != GLACIS_STATUS_OK || memcmp(results[i], function->result, SIZE) != 0)
			return selftest_fail(test, "result %u of %u is wrong", i + 1, count);
	}
	return true;
}

static void check_function(struct selftest *test, const struct function *function, const char *name)
{
	selftest_report(test, check_burst(test, function, 1), "x25519 %s alone", name);
	selftest_report(test, check_burst(test, function, GLACIS_X25519_LANES), "x25519 %s burst", name);
}

static bool by_openssl(struct function *function)
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, function->scalar, SIZE);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, function->point, SIZE);
	EVP_PKEY_CTX *context = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t size = SIZE;
	bool done = context && peer && EVP_PKEY_derive_init(context) == 1 &&
		    EVP_PKEY_derive_set_peer(context, peer) == 1 &&
		    EVP_PKEY_derive(context, function->result, &size) == 1;

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return done;
}

void selftest_x25519(struct selftest *test)
{
	struct function function;

	selftest_hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", function.scalar, SIZE);
	selftest_hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", function.point, SIZE);
	selftest_hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552", function.result, SIZE);
	check_function(test, &function, "RFC-7748");
	if (RAND_bytes(function.scalar, SIZE) == 1 && RAND_bytes(function.point, SIZE) == 1 && by_openssl(&function))
		check_function(test, &function, "as-OpenSSL");
	else
		selftest_report(test, selftest_fail(test, "OpenSSL did not compute it"), "x25519 as-OpenSSL");
}
