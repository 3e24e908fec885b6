/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithms that glacisd puts before OpenSSL's own: each gives what OpenSSL's gives, and the key schedule keeps
 * the secrets that the record layer takes over. The worker and the connection here are shells: the provider looks at
 * which handshake runs, and at nothing else.
 */
#include <criterion/criterion.h>
#include <openssl/async.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "handshake.h"
#include "provider.h"

#define OURS   "provider=glacisd"
#define THEIRS "provider=default"

static struct glacisd_worker worker;
static struct glacisd_connection connection;
static struct glacisd_handshake handshake;
static struct glacisd_provider *provider;

static void set_up(void)
{
	memset(&worker, 0, sizeof(worker));
	memset(&handshake, 0, sizeof(handshake));
	connection.worker = &worker;
	connection.handshake = &handshake;
	provider = glacisd_provider_create(&worker);
	cr_assert_not_null(provider);
}

static void tear_down(void)
{
	glacisd_provider_destroy(provider);
}

/* ---- the key schedule ---- */

struct derivation {
	int mode;
	const char *digest;
	const uint8_t *key, *salt, *data;
	size_t key_size, salt_size, data_size;
	const char *prefix, *label;
};

/* OSSL_PARAM has one type for what is read and what is written. */
static void *unconst(const void *pointer)
{
	void *same;

	memcpy(&same, &pointer, sizeof(same));
	return same;
}

static int derive(const char *query, const struct derivation *d, uint8_t *output, size_t size)
{
	EVP_KDF *kdf = EVP_KDF_fetch(provider->library, "TLS13-KDF", query);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[8], *p = params;
	int mode = d->mode, result;

	cr_assert_not_null(context, "%s", query);
	if (mode >= 0)
		*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, unconst(d->digest), 0);
	if (d->key)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, unconst(d->key), d->key_size);
	if (d->salt)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, unconst(d->salt), d->salt_size);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, unconst(d->prefix), strlen(d->prefix));
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, unconst(d->label), strlen(d->label));
	if (d->data)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_DATA, unconst(d->data), d->data_size);
	*p = OSSL_PARAM_construct_end();
	result = EVP_KDF_derive(context, output, size, params);
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return result;
}

static void expect_same(const struct derivation *d, size_t size)
{
	uint8_t ours[512], theirs[512];

	cr_assert_eq(derive(THEIRS, d, theirs, size), 1);
	cr_assert_eq(derive(OURS, d, ours, size), 1, "%s, label %s, %zu bytes", d->digest, d->label, size);
	cr_expect_arr_eq(ours, theirs, size, "%s, label %s, %zu bytes", d->digest, d->label, size);
}

TestSuite(provider, .init = set_up, .fini = tear_down);

Test(provider, expands_as_openssl_does)
{
	static const char *const digests[] = { "SHA256", "SHA2-256", "SHA384", "SHA2-384" };
	static const char *const labels[] = { "c hs traffic", "finished", "key", "iv", "res master", "x" };
	static const size_t sizes[] = { 1, 12, 16, 32, 33, 48, 64, 255 };
	uint8_t secret[48], data[48];

	RAND_bytes(secret, sizeof(secret));
	RAND_bytes(data, sizeof(data));
	for (size_t i = 0; i < 4; i++) {
		for (size_t l = 0; l < 6; l++) {
			for (size_t s = 0; s < 8; s++) {
				size_t hash_size = i < 2 ? 32 : 48;
				struct derivation d = { .mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
							.digest = digests[i],
							.key = secret,
							.key_size = hash_size,
							.prefix = "tls13 ",
							.label = labels[l] };

				expect_same(&d, sizes[s]);
				d.data = data;
				d.data_size = hash_size;
				expect_same(&d, sizes[s]);
			}
		}
	}
}

/* The four ways a stage of the schedule begins: with and without a secret of the stage before, with and without input.
 */
Test(provider, extracts_as_openssl_does)
{
	uint8_t salt[48], key[66];

	RAND_bytes(salt, sizeof(salt));
	RAND_bytes(key, sizeof(key));
	for (unsigned way = 0; way < 8; way++) {
		size_t hash_size = way & 4 ? 48 : 32;
		struct derivation d = { .mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY,
					.digest = way & 4 ? "SHA384" : "SHA256",
					.key = way & 1 ? key : NULL,
					.salt = way & 2 ? salt : NULL,
					.salt_size = hash_size,
					.prefix = "tls13 ",
					.label = "derived" };

		for (d.key_size = 1; d.key_size <= sizeof(key); d.key_size += 5)
			expect_same(&d, hash_size);
	}
}

Test(provider, refuses_what_the_schedule_never_asks)
{
	const uint8_t secret[48] = { 1 };
	const struct derivation good = { .mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
					 .digest = "SHA256",
					 .key = secret,
					 .key_size = 32,
					 .prefix = "tls13 ",
					 .label = "key" };
	struct derivation bad;
	uint8_t output[32];

	cr_expect_eq(derive(OURS, &good, output, 32), 1);
	bad = good;
	bad.digest = "SHA512";
	cr_expect_neq(derive(OURS, &bad, output, 32), 1, "another digest");
	bad = good;
	bad.prefix = "dtls13";
	cr_expect_neq(derive(OURS, &bad, output, 32), 1, "another prefix");
	bad = good;
	bad.label = "a label that no version of TLS has ever had";
	cr_expect_neq(derive(OURS, &bad, output, 32), 1, "a long label");
	bad = good;
	bad.key_size = 31;
	cr_expect_neq(derive(OURS, &bad, output, 32), 1, "a short secret");
	bad = good;
	bad.mode = -1;
	cr_expect_neq(derive(OURS, &bad, output, 32), 1, "no mode");
	bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
	cr_expect_neq(derive(OURS, &bad, output, 32), 1, "another mode");
	bad.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
	cr_expect_neq(derive(OURS, &bad, output, 31), 1, "part of a secret");
}

Test(provider, keeps_the_application_secrets_of_the_handshake_that_runs)
{
	const uint8_t secret[48] = { 1 };
	struct derivation d = { .mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
				.digest = "SHA256",
				.key = secret,
				.key_size = 32,
				.prefix = "tls13 ",
				.label = "c ap traffic" };
	uint8_t client[48], server[48], other[48];

	cr_assert_eq(derive(OURS, &d, client, 32), 1);
	cr_expect_eq(handshake.secret_size, 0, "no handshake runs");
	worker.running = &connection;
	d.label = "c hs traffic";
	cr_assert_eq(derive(OURS, &d, other, 32), 1);
	cr_expect_eq(handshake.secret_size, 0, "a secret of the handshake itself");
	d.label = "c ap traffic";
	cr_assert_eq(derive(OURS, &d, client, 32), 1);
	d.label = "s ap traffic";
	cr_assert_eq(derive(OURS, &d, server, 32), 1);
	cr_expect_eq(handshake.secret_size, 32);
	cr_expect_arr_eq(handshake.client_secret, client, 32);
	cr_expect_arr_eq(handshake.server_secret, server, 32);
	cr_expect_arr_neq(client, server, 32);
	d.digest = "SHA384";
	d.key_size = 48;
	cr_assert_eq(derive(OURS, &d, server, 48), 1);
	cr_expect_eq(handshake.secret_size, 48);
	cr_expect_arr_eq(handshake.server_secret, server, 48);
}

/* ---- X25519 ---- */

static EVP_PKEY *generate(const char *query)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(provider->library, "X25519", query);
	EVP_PKEY *key = NULL;

	cr_assert_eq(glacisd_provider_prepare(provider), 0);
	cr_assert_eq(EVP_PKEY_keygen_init(context), 1);
	cr_assert_eq(EVP_PKEY_generate(context, &key), 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void share_of(EVP_PKEY *key, uint8_t share[32])
{
	unsigned char *bytes = NULL;

	cr_assert_eq(EVP_PKEY_get1_encoded_public_key(key, &bytes), 32);
	memcpy(share, bytes, 32);
	OPENSSL_free(bytes);
}

/* The peer's share as libssl takes it: into a key that has the own one's group. Returns NULL when it is refused. */
static EVP_PKEY *take_share(EVP_PKEY *own, const uint8_t *share, size_t size)
{
	EVP_PKEY *peer = EVP_PKEY_new();

	cr_assert_eq(EVP_PKEY_copy_parameters(peer, own), 1);
	if (EVP_PKEY_set1_encoded_public_key(peer, share, size) == 1)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

static int exchange(const char *query, EVP_PKEY *own, const uint8_t share[32], uint8_t secret[32])
{
	EVP_PKEY *peer = take_share(own, share, 32);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(provider->library, own, query);
	size_t size = 32;
	int result;

	cr_assert_not_null(peer);
	cr_assert_eq(EVP_PKEY_derive_init(context), 1);
	cr_assert_eq(EVP_PKEY_derive_set_peer(context, peer), 1);
	result = EVP_PKEY_derive(context, secret, &size);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer);
	return result;
}

static void need_lanes(void)
{
	if (!glacis_x25519_lanes_from())
		cr_skip_test("this processor has no AVX512-IFMA: X25519 is OpenSSL's own");
}

Test(provider, agrees_on_a_secret_with_openssl_s_x25519)
{
	uint8_t shares[20][32], peer_share[32], ours[32], theirs[32];

	need_lanes();
	for (unsigned i = 0; i < 20; i++) { /* more than are made at once */
		EVP_PKEY *own = generate(OURS), *peer = generate(THEIRS);

		cr_assert_eq(EVP_PKEY_get_bits(own), EVP_PKEY_get_bits(peer));
		cr_assert_eq(EVP_PKEY_get_security_bits(own), EVP_PKEY_get_security_bits(peer));
		cr_assert_eq(EVP_PKEY_get_size(own), EVP_PKEY_get_size(peer));
		share_of(own, shares[i]);
		share_of(peer, peer_share);
		cr_assert_eq(exchange(OURS, own, peer_share, ours), 1);
		cr_assert_eq(exchange(THEIRS, peer, shares[i], theirs), 1);
		cr_expect_arr_eq(ours, theirs, 32);
		for (unsigned before = 0; before < i; before++)
			cr_expect_arr_neq(shares[before], shares[i], 32, "key %u again as %u", before, i);
		EVP_PKEY_free(own);
		EVP_PKEY_free(peer);
	}
}

Test(provider, refuses_shares_that_are_none)
{
	const uint8_t zero[33] = { 0 };
	EVP_PKEY *own, *peer;
	uint8_t secret[32];

	need_lanes();
	own = generate(OURS);
	cr_expect_null(take_share(own, zero, 31));
	cr_expect_null(take_share(own, zero, 33));
	cr_expect_null(take_share(own, zero, 0));
	cr_expect_neq(exchange(OURS, own, zero, secret), 1, "a point of small order");
	peer = take_share(own, (const uint8_t[32]){ 9 }, 32);
	cr_expect_not_null(peer);
	cr_expect_eq(EVP_PKEY_eq(own, peer), 0);
	cr_expect_eq(EVP_PKEY_eq(own, own), 1);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
}

/* As the hybrid X25519MLKEM768 of OpenSSL 3.5 does with its part of a client's share. */
static EVP_PKEY *import(const char *name, const uint8_t *bytes, size_t size)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(provider->library, "X25519", OURS);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(name, unconst(bytes), size), OSSL_PARAM_END };
	EVP_PKEY *key = NULL;

	cr_assert_eq(EVP_PKEY_fromdata_init(context), 1);
	if (EVP_PKEY_fromdata(context, &key, OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_PRIVATE_KEY,
			      params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	return key;
}

Test(provider, imports_a_public_key_and_no_other)
{
	uint8_t share[33] = { 0 }, imported[32];
	EVP_PKEY *peer, *copy;

	need_lanes();
	peer = generate(THEIRS);
	share_of(peer, share);
	copy = import(OSSL_PKEY_PARAM_PUB_KEY, share, 32);
	cr_assert_not_null(copy);
	share_of(copy, imported);
	cr_expect_arr_eq(imported, share, 32);
	cr_expect_null(import(OSSL_PKEY_PARAM_PUB_KEY, share, 31));
	cr_expect_null(import(OSSL_PKEY_PARAM_PUB_KEY, share, 33));
	cr_expect_null(import(OSSL_PKEY_PARAM_PRIV_KEY, share, 32));
	EVP_PKEY_free(copy);
	EVP_PKEY_free(peer);
}

/* None is made where a job's small stack may be in use. */
Test(provider, makes_no_pair_while_a_handshake_runs)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(provider->library, "X25519", OURS);
	EVP_PKEY *key = NULL;

	need_lanes();
	cr_assert_eq(EVP_PKEY_keygen_init(context), 1);
	cr_expect_neq(EVP_PKEY_generate(context, &key), 1);
	cr_assert_eq(glacisd_provider_prepare(provider), 0);
	cr_expect_eq(provider->pairs_left, GLACIS_X25519_LANES);
	cr_expect_eq(EVP_PKEY_generate(context, &key), 1);
	cr_expect_eq(provider->pairs_left, GLACIS_X25519_LANES - 1);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
}

struct job {
	EVP_PKEY *own;
	uint8_t share[32], secret[32];
};

static int exchange_in_job(void *argument)
{
	struct job *job = *(struct job **)argument;

	return exchange(OURS, job->own, job->share, job->secret);
}

/* In an async job, as all handshakes are, the secret is asked for and waited for. */
Test(provider, pauses_the_job_until_the_secret_is_computed)
{
	ASYNC_WAIT_CTX *wait = ASYNC_WAIT_CTX_new();
	ASYNC_JOB *async = NULL;
	struct job job, *argument = &job;
	EVP_PKEY *peer;
	uint8_t expected[32], own_share[32];
	int result = 0;

	need_lanes();
	job.own = generate(OURS);
	peer = generate(THEIRS);
	share_of(peer, job.share);
	share_of(job.own, own_share);
	cr_assert_eq(exchange(THEIRS, peer, own_share, expected), 1);
	worker.running = &connection;
	cr_assert_eq(ASYNC_start_job(&async, wait, &result, exchange_in_job, &argument, sizeof(argument)), ASYNC_PAUSE);
	cr_assert_not_null(handshake.exchange);
	cr_assert_eq(handshake.exchange->status, GLACIS_STATUS_PENDING);
	cr_assert_eq(glacis_x25519(handshake.exchange, 1), 0);
	handshake.exchange = NULL;
	cr_assert_eq(ASYNC_start_job(&async, wait, &result, exchange_in_job, &argument, sizeof(argument)),
		     ASYNC_FINISH);
	cr_expect_eq(result, 1);
	cr_expect_arr_eq(job.secret, expected, 32);
	ASYNC_WAIT_CTX_free(wait);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(job.own);
}
