/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis selftest`, RSA: for each size, signatures made one at a time and in full lanes, all verified
 * by OpenSSL with the key as OpenSSL read it. Lanes are checked where libglacis uses them; lanes that it
 * has found to compute wrongly are a failure, lanes that are merely slow here are not.
 */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "selftest.h"

#define DIGEST_SIZE 32u

/* One key on both sides. */
struct pair {
	const struct glacis_rsa_key *key;
	EVP_PKEY *public_key;
	uint32_t bits;
};

static const struct {
	const char *name;
	enum glacis_rsa_kind kind;
	int padding;
} schemes[] = {
	{ "pkcs1", GLACIS_RSA_SIGN_PKCS1, RSA_PKCS1_PADDING },
	{ "pss", GLACIS_RSA_SIGN_PSS, RSA_PKCS1_PSS_PADDING },
};

static bool verify(EVP_PKEY *key, int padding, const struct glacis_rsa_op *op)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	bool good = context && EVP_PKEY_verify_init(context) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
		    (padding != RSA_PKCS1_PSS_PADDING || EVP_PKEY_CTX_set_rsa_pss_saltlen(context, DIGEST_SIZE) == 1) &&
		    EVP_PKEY_verify(context, op->output, op->output_size, op->input, op->input_size) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

/* Signs `count` digests in one burst. */
static bool check_signatures(struct selftest *test, const struct pair *pair, unsigned scheme, unsigned count,
			     bool in_lanes)
{
	uint8_t digests[GLACIS_RSA_LANES][DIGEST_SIZE], signatures[GLACIS_RSA_LANES][GLACIS_RSA_BYTES_MAX];
	struct glacis_rsa_op ops[GLACIS_RSA_LANES] = { 0 };

	for (unsigned i = 0; i < count; i++) {
		memset(digests[i], (int)i + 1, DIGEST_SIZE);
		ops[i].key = pair->key;
		ops[i].kind = (uint8_t)schemes[scheme].kind;
		ops[i].hash = GLACIS_RSA_SHA256;
		ops[i].salt_size = DIGEST_SIZE;
		ops[i].input = digests[i];
		ops[i].input_size = DIGEST_SIZE;
		ops[i].output = signatures[i];
	}
	if (local_run_rsa(&test->local, ops, count) != 0)
		return selftest_fail(test, "the queue did not accept the operations");
	for (unsigned i = 0; i < count; i++) {
		if (ops[i].op.status != GLACIS_STATUS_OK)
			return selftest_fail(test, "signature %u of %u ended with \"%s\"", i + 1, count,
					     glacis_status_name((enum glacis_status)ops[i].op.status));
		if (!verify(pair->public_key, schemes[scheme].padding, &ops[i]))
			return selftest_fail(test, "OpenSSL refuses signature %u of %u", i + 1, count);
		if (in_lanes && ops[i].op.path != GLACIS_PATH_CARD && ops[i].lane != GLACIS_RSA_LANE_BATCH)
			return selftest_fail(test,
					     "signature %u of %u was not made in lanes, or failed its check there",
					     i + 1, count);
	}
	return true;
}

static void check_lanes(struct selftest *test, const struct pair *pair)
{
	int lanes_from = glacis_rsa_lanes_from(test->local.engine, pair->bits);

	if (lanes_from == -EBADMSG)
		selftest_report(test,
				selftest_fail(test, "lanes computed something else than OpenSSL; libglacis does "
						    "not use them. Report the processor's model"),
				"rsa-%u lanes", (unsigned)pair->bits);
	for (unsigned i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && lanes_from > 0; i++)
		selftest_report(test, check_signatures(test, pair, i, GLACIS_RSA_LANES, true), "rsa-%u %s lanes",
				(unsigned)pair->bits, schemes[i].name);
}

static void check_pair(struct selftest *test, const struct pair *pair)
{
	for (unsigned i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		selftest_report(test, check_signatures(test, pair, i, 1, false), "rsa-%u %s single",
				(unsigned)pair->bits, schemes[i].name);
	check_lanes(test, pair);
}

void selftest_rsa(struct selftest *test)
{
	if (local_engine_load_keys(&test->local, test->why, sizeof(test->why)) != 0) {
		selftest_report(test, false, "rsa keys");
		return;
	}
	for (unsigned i = 0; i < LOCAL_RSA_SIZES; i++) {
		const struct pair pair = {
			.key = test->local.rsa[i],
			.public_key = local_openssl_key(i),
			.bits = local_rsa_bits[i],
		};

		if (pair.public_key)
			check_pair(test, &pair);
		else
			selftest_report(test, selftest_fail(test, "OpenSSL did not read the key"), "rsa-%u",
					(unsigned)pair.bits);
		EVP_PKEY_free(pair.public_key);
	}
}
