/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 of the provider: the answers of RFC 7748, alone and in a crowd of async jobs, where secrets meet in lanes;
 * pairs made ahead, before and after fork(); points that no honest peer sends; keys in and out.
 */
#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provider_support.h"

#define SIZE 32u
#define JOBS 32u

static struct world world;

static void open_world(void)
{
	world_open(&world);
	if (!world_has(&world, "glacis-rsa"))
		cr_skip_test("no lanes here");
}

static void close_world(void)
{
	world_close(&world);
}

TestSuite(provider_x25519, .init = open_world, .fini = close_world, .timeout = 120);

/* A value of tests/vectors/x25519.txt (RFC 7748). */
static void answer(const char *name, uint8_t bytes[SIZE])
{
	char line[256], key[64], hex[128];
	bool found = false;
	FILE *file = fopen(VECTORS_DIR "/x25519.txt", "r");

	cr_assert_not_null(file);
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%63s = %127s", key, hex) == 2 && strcmp(key, name) == 0;
	fclose(file);
	cr_assert(found && strlen(hex) == 2 * SIZE, "no vector %s", name);
	for (unsigned i = 0; i < SIZE; i++) {
		unsigned byte;
		cr_assert_eq(sscanf(hex + 2 * (size_t)i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
}

static EVP_PKEY *private_key(OSSL_LIB_CTX *library, const uint8_t bytes[SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(library, "X25519", NULL, bytes, SIZE);

	cr_assert_not_null(key);
	return key;
}

static EVP_PKEY *public_key(OSSL_LIB_CTX *library, const uint8_t bytes[SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(library, "X25519", NULL, bytes, SIZE);

	cr_assert_not_null(key);
	return key;
}

static void public_of(EVP_PKEY *key, uint8_t bytes[SIZE])
{
	size_t size = SIZE;

	cr_assert_eq(EVP_PKEY_get_raw_public_key(key, bytes, &size), 1);
	cr_assert_eq(size, SIZE);
}

static EVP_PKEY *generate(OSSL_LIB_CTX *library)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(library, NULL, "X25519");

	cr_assert_not_null(key);
	return key;
}

static bool is_ours(EVP_PKEY *key)
{
	return strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "glacis") == 0;
}

/* The peer's key goes before the secret is asked for, as a program may. */
static int derive(OSSL_LIB_CTX *library, EVP_PKEY *own, const uint8_t peer_bytes[SIZE], uint8_t secret[SIZE])
{
	EVP_PKEY *peer = public_key(library, peer_bytes);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(library, own, NULL);
	size_t size = SIZE;
	int result = EVP_PKEY_derive_init(context) > 0 && EVP_PKEY_derive_set_peer(context, peer) > 0;

	EVP_PKEY_free(peer);
	result = result && EVP_PKEY_derive(context, secret, &size) > 0 && size == SIZE;
	EVP_PKEY_CTX_free(context);
	return result;
}

Test(provider_x25519, gives_the_answers_of_rfc_7748)
{
	uint8_t alice[SIZE], bob[SIZE], alice_public[SIZE], bob_public[SIZE], expected[SIZE], got[SIZE];
	EVP_PKEY *key;

	answer("alice_private", alice);
	answer("alice_public", alice_public);
	answer("bob_private", bob);
	answer("bob_public", bob_public);
	answer("shared", expected);
	key = private_key(world.ours, alice);
	cr_assert(is_ours(key));
	public_of(key, got);
	cr_expect_arr_eq(got, alice_public, SIZE);
	cr_assert(derive(world.ours, key, bob_public, got));
	cr_expect_arr_eq(got, expected, SIZE);
	EVP_PKEY_free(key);
	key = private_key(world.ours, bob);
	cr_assert(derive(world.ours, key, alice_public, got));
	cr_expect_arr_eq(got, expected, SIZE);
	EVP_PKEY_free(key);
}

/* ---- jobs ---- */

struct exchange {
	EVP_PKEY *signer, *own;
	uint8_t peer[SIZE], secret[SIZE];
	bool signed_well, derived;
};

/* As in a handshake: a secret, then a signature. */
static int sign_and_derive(void *argument)
{
	struct exchange *exchange = *(struct exchange **)argument;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[256];
	size_t size = sizeof(signature);

	exchange->derived = derive(world.ours, exchange->own, exchange->peer, exchange->secret);
	exchange->signed_well = EVP_DigestSignInit_ex(context, NULL, "SHA256", world.ours, NULL, exchange->signer,
						      NULL) &&
				EVP_DigestSign(context, signature, &size, exchange->peer, SIZE) > 0;
	EVP_MD_CTX_free(context);
	return 1;
}

/* Two rounds of JOBS: in the first the crew sees the crowd, in the second secrets wait for each other. `exchanges` has
 * what to derive, and afterwards what came of it. */
static void run_crowd(struct exchange exchanges[JOBS], EVP_PKEY *signer)
{
	struct exchange *arguments[JOBS];

	for (unsigned round = 0; round < 3; round++) {
		struct job jobs[JOBS] = { 0 };
		for (unsigned i = 0; i < JOBS; i++) {
			exchanges[i].signer = signer;
			exchanges[i].signed_well = false;
			memset(exchanges[i].secret, 0xee, SIZE);
			arguments[i] = &exchanges[i];
		}
		jobs_run(jobs, JOBS, sign_and_derive, arguments, sizeof(arguments[0]));
		jobs_free(jobs, JOBS);
		for (unsigned i = 0; i < JOBS; i++)
			cr_assert(exchanges[i].signed_well);
	}
}

Test(provider_x25519, derives_in_lanes_in_a_crowd_of_jobs)
{
	static struct exchange exchanges[JOBS];
	EVP_PKEY *signer = world_key(world.ours, "key2048.pem"), *peers[JOBS];
	uint8_t shares[JOBS][SIZE], expected[SIZE];

	for (unsigned i = 0; i < JOBS; i++) {
		exchanges[i].own = generate(world.ours);
		public_of(exchanges[i].own, shares[i]);
		peers[i] = generate(world.theirs);
		public_of(peers[i], exchanges[i].peer);
	}
	run_crowd(exchanges, signer);
	for (unsigned i = 0; i < JOBS; i++) {
		cr_assert(exchanges[i].derived);
		cr_assert(derive(world.theirs, peers[i], shares[i], expected));
		cr_expect_arr_eq(exchanges[i].secret, expected, SIZE, "job %u", i);
	}
	cr_expect_gt(world_counter(&world, "glacis-x25519-lanes"), JOBS);
	cr_expect_lt(world_counter(&world, "glacis-x25519-batches"), world_counter(&world, "glacis-x25519-lanes") / 2);
	cr_expect_eq(world_counter(&world, "glacis-rsa-openssl-fault"), 0);
	for (unsigned i = 0; i < JOBS; i++) {
		EVP_PKEY_free(exchanges[i].own);
		EVP_PKEY_free(peers[i]);
	}
	EVP_PKEY_free(signer);
	ASYNC_cleanup_thread();
}

/* Points of small order (RFC 7748 section 6.1): zero, one, and p, alone and in lanes beside good ones, which are not
 * disturbed. Nothing is written where the secret would be. */
Test(provider_x25519, refuses_secrets_of_zeros)
{
	static struct exchange exchanges[JOBS];
	uint8_t points[3][SIZE] = { { 0 }, { 1 } }, secret[SIZE];
	EVP_PKEY *signer = world_key(world.ours, "key2048.pem"), *own = generate(world.ours),
		 *peer = generate(world.theirs);

	memset(points[2], 0xff, SIZE);
	points[2][0] = 0xed;
	points[2][31] = 0x7f;
	for (unsigned i = 0; i < 3; i++)
		cr_expect_not(derive(world.ours, own, points[i], secret), "point %u", i);
	for (unsigned i = 0; i < JOBS; i++) {
		exchanges[i].own = own;
		if (i % 4 < 3)
			memcpy(exchanges[i].peer, points[i % 4], SIZE);
		else
			public_of(peer, exchanges[i].peer);
	}
	run_crowd(exchanges, signer);
	for (unsigned i = 0; i < JOBS; i++) {
		cr_expect_eq(exchanges[i].derived, i % 4 == 3, "job %u", i);
		if (i % 4 < 3)
			for (unsigned j = 0; j < SIZE; j++)
				cr_assert(exchanges[i].secret[j] == 0xee || exchanges[i].secret[j] == 0);
	}
	cr_expect_gt(world_counter(&world, "glacis-x25519-lanes"), 0);
	ERR_clear_error();
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(signer);
	ASYNC_cleanup_thread();
}

/* A client alone: no wait, no pause. */
Test(provider_x25519, derives_at_once_for_a_job_alone)
{
	struct exchange exchange = { 0 }, *argument = &exchange;
	struct job job = { 0 };
	EVP_PKEY *peer = generate(world.theirs);

	exchange.own = generate(world.ours);
	exchange.signer = generate(world.ours); /* cannot sign: the job ends after the secret */
	public_of(peer, exchange.peer);
	cr_assert(job_step(&job, sign_and_derive, &argument, sizeof(argument)));
	cr_expect(job.finished && job.pauses == 0);
	cr_expect(exchange.derived);
	cr_expect_eq(world_counter(&world, "glacis-x25519-lanes"), 0);
	ERR_clear_error();
	jobs_free(&job, 1);
	EVP_PKEY_free(exchange.own);
	EVP_PKEY_free(exchange.signer);
	EVP_PKEY_free(peer);
	ASYNC_cleanup_thread();
}

/* ---- pairs made ahead ---- */

#define PAIRS 130u /* more than the pool holds, twice */

static void generate_many(uint8_t shares[PAIRS][SIZE])
{
	for (unsigned i = 0; i < PAIRS; i++) {
		EVP_PKEY *key = generate(world.ours);
		public_of(key, shares[i]);
		EVP_PKEY_free(key);
	}
}

Test(provider_x25519, hands_each_pair_out_once)
{
	static uint8_t shares[PAIRS][SIZE];
	uint8_t ours[SIZE], theirs[SIZE];

	generate_many(shares);
	for (unsigned i = 0; i < PAIRS; i++)
		for (unsigned before = 0; before < i; before++)
			cr_assert_arr_neq(shares[i], shares[before], SIZE, "pair %u again as %u", before, i);
	cr_expect_geq(world_counter(&world, "glacis-x25519-ahead"), PAIRS - 10);
	for (unsigned i = 0; i < 10; i++) {
		EVP_PKEY *own = generate(world.ours), *peer = generate(world.theirs);
		public_of(peer, shares[0]);
		public_of(own, shares[1]);
		cr_assert(derive(world.ours, own, shares[0], ours));
		cr_assert(derive(world.theirs, peer, shares[1], theirs));
		cr_expect_arr_eq(ours, theirs, SIZE);
		EVP_PKEY_free(own);
		EVP_PKEY_free(peer);
	}
}

/* A child has a pool of its own: no pair of its parent, and none that the parent hands out later. */
Test(provider_x25519, shares_no_pair_with_a_child)
{
	static uint8_t shares[2][PAIRS][SIZE];
	int ends[2], status;
	pid_t child;

	generate_many(shares[0]); /* some are left over in the pool */
	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		generate_many(shares[0]);
		for (unsigned i = 0; i < PAIRS; i++)
			if (write(ends[1], shares[0][i], SIZE) != (ssize_t)SIZE)
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	for (unsigned i = 0; i < PAIRS; i++)
		cr_assert_eq(read(ends[0], shares[1][i], SIZE), (ssize_t)SIZE);
	close(ends[0]);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
	generate_many(shares[0]);
	for (unsigned i = 0; i < PAIRS; i++)
		for (unsigned j = 0; j < PAIRS; j++)
			cr_assert_arr_neq(shares[0][i], shares[1][j], SIZE, "the child's %u is the parent's %u", j, i);
}

static int generate_in_job(void *argument)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(*(OSSL_LIB_CTX **)argument, NULL, "X25519");
	bool made = key != NULL;

	EVP_PKEY_free(key);
	return made;
}

/* Jobs find pairs that the crew has made: the first asks for them. */
Test(provider_x25519, makes_pairs_in_the_crew_for_jobs)
{
	uint64_t ahead = 0;

	for (unsigned round = 0; round < 200 && ahead == 0; round++) {
		struct job job = { 0 };
		OSSL_LIB_CTX *library = world.ours;
		cr_assert(job_step(&job, generate_in_job, &library, sizeof(library)));
		cr_assert(job.finished && job.result == 1 && job.pauses == 0);
		jobs_free(&job, 1);
		usleep(5000);
		ahead = world_counter(&world, "glacis-x25519-ahead");
	}
	cr_expect_gt(ahead, 0);
	ASYNC_cleanup_thread();
}

/* ---- keys in and out ---- */

Test(provider_x25519, keys_go_to_pem_and_back)
{
	EVP_PKEY *key = generate(world.ours), *read, *copy;
	uint8_t before[SIZE], after[SIZE];
	size_t size = SIZE;
	BIO *bio = BIO_new(BIO_s_mem());

	cr_assert(is_ours(key));
	cr_assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	read = PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, NULL, world.theirs, NULL);
	cr_assert_not_null(read, "OpenSSL alone reads it");
	cr_assert_eq(EVP_PKEY_get_raw_private_key(key, before, &size), 1);
	cr_assert_eq(EVP_PKEY_get_raw_private_key(read, after, &size), 1);
	cr_expect_arr_eq(before, after, SIZE);
	public_of(key, before);
	public_of(read, after);
	cr_expect_arr_eq(before, after, SIZE);
	copy = EVP_PKEY_dup(key);
	cr_assert_not_null(copy);
	cr_expect_eq(EVP_PKEY_eq(copy, key), 1);
	cr_expect_eq(EVP_PKEY_get_id(key), EVP_PKEY_X25519);
	cr_expect_eq(EVP_PKEY_get_bits(key), EVP_PKEY_get_bits(read));
	cr_expect_eq(EVP_PKEY_get_security_bits(key), EVP_PKEY_get_security_bits(read));
	EVP_PKEY_free(copy);
	EVP_PKEY_free(read);
	EVP_PKEY_free(key);
	BIO_free(bio);
}

Test(provider_x25519, refuses_keys_of_another_size)
{
	uint8_t bytes[SIZE + 1] = { 1 };

	cr_expect_null(EVP_PKEY_new_raw_public_key_ex(world.ours, "X25519", NULL, bytes, SIZE - 1));
	cr_expect_null(EVP_PKEY_new_raw_public_key_ex(world.ours, "X25519", NULL, bytes, SIZE + 1));
	cr_expect_null(EVP_PKEY_new_raw_private_key_ex(world.ours, "X25519", NULL, bytes, SIZE - 1));
	cr_expect_null(EVP_PKEY_new_raw_private_key_ex(world.ours, "X25519", NULL, bytes, SIZE + 1));
	ERR_clear_error();
}

Test(provider_x25519, obeys_property_queries)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(world.ours, "X25519", "provider=default");
	EVP_PKEY *key = NULL;

	cr_assert_eq(EVP_PKEY_keygen_init(context), 1);
	cr_assert_eq(EVP_PKEY_generate(context, &key), 1);
	cr_expect_not(is_ours(key));
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
	key = EVP_PKEY_Q_keygen(world.ours, NULL, "ED25519");
	cr_expect_not(is_ours(key), "Ed25519 is none of ours");
	EVP_PKEY_free(key);
}

/* DHKEM's pairs are derived from what OpenSSL 3.2 and newer are told: never one that lay ready. */
Test(provider_x25519, passes_on_what_a_pair_is_to_be_derived_from)
{
	uint8_t material[SIZE] = { 1, 2, 3 };
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string("dhkem-ikm", material, SIZE),
				OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(world.ours, "X25519", NULL);
	static uint8_t shares[PAIRS][SIZE];
	EVP_PKEY *key = NULL;
	uint64_t ahead;

	generate_many(shares);
	ahead = world_counter(&world, "glacis-x25519-ahead");
	cr_assert_gt(ahead, 0);
	cr_assert_gt(EVP_PKEY_keygen_init(context), 0);
	cr_assert_gt(EVP_PKEY_CTX_set_params(context, params), 0);
	cr_assert_gt(EVP_PKEY_generate(context, &key), 0);
	cr_expect_eq(world_counter(&world, "glacis-x25519-ahead"), ahead);
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
}
