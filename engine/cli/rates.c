/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short measurements; see rates.h. A figure is the median of five slices. Time is the thread's
 * processor time, so that other programs on the core count little.
 */
#include "rates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICES        5u
#define AEAD_SLICE_US 10000.0
#define RSA_SLICE_US  20000.0
#define AEAD_BURST    32u
#define AEAD_SIZE_MAX 16384u
#define AAD_SIZE      13u
#define DIGEST_SIZE   32u

/* What is timed: one burst. Operations keep their buffers from burst to burst. */
struct work {
	struct local_engine *local;
	unsigned count;
	bool rsa;
	uint64_t nonce;
	struct glacis_aead_op aead[AEAD_BURST];
	struct glacis_rsa_op signatures[GLACIS_RSA_LANES];
	uint8_t tags[AEAD_BURST][GLACIS_AEAD_TAG_SIZE];
	uint8_t results[GLACIS_RSA_LANES][GLACIS_RSA_BYTES_MAX];
};

static const uint8_t input[DIGEST_SIZE] = { 1 }; /* digest, and additional data */

static double thread_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* A nonce is never used twice under a key. */
static bool run_burst(struct work *work)
{
	if (work->rsa) {
		if (local_run_rsa(work->local, work->signatures, work->count) != 0)
			return false;
		for (unsigned i = 0; i < work->count; i++)
			if (work->signatures[i].op.status != GLACIS_STATUS_OK)
				return false;
		return true;
	}
	for (unsigned i = 0; i < work->count; i++) {
		work->nonce++;
		memcpy(work->aead[i].nonce, &work->nonce, sizeof(work->nonce));
	}
	if (local_run_aead(work->local, work->aead, work->count) != 0)
		return false;
	for (unsigned i = 0; i < work->count; i++)
		if (work->aead[i].op.status != GLACIS_STATUS_OK)
			return false;
	return true;
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* Microseconds for one operation; negative when one failed. */
static double measure(struct work *work, double slice_us)
{
	double us[SLICES];

	if (!run_burst(work)) /* the first use makes keys ready */
		return -1;
	for (unsigned i = 0; i < SLICES; i++) {
		double start = thread_us(), elapsed;
		unsigned done = 0;

		do {
			if (!run_burst(work))
				return -1;
			done += work->count;
			elapsed = thread_us() - start;
		} while (elapsed < slice_us);
		us[i] = elapsed / done;
	}
	qsort(us, SLICES, sizeof(us[0]), compare);
	return us[SLICES / 2];
}

/* Bursts of `size` bytes each, sealed in place. */
static double measure_seal(struct work *work, struct glacis_aead_session *session, uint8_t *buffers, uint32_t size)
{
	work->rsa = false;
	work->count = AEAD_BURST;
	for (unsigned i = 0; i < AEAD_BURST; i++) {
		uint8_t *text = buffers + (size_t)i * AEAD_SIZE_MAX;

		work->aead[i] = (struct glacis_aead_op){
			.session = session,
			.source = text,
			.destination = text,
			.length = size,
			.tag = work->tags[i],
			.aad = input,
			.aad_size = AAD_SIZE,
		};
	}
	return measure(work, AEAD_SLICE_US);
}

static json_t *measure_aead(struct work *work, size_t key_size)
{
	static const uint8_t key[GLACIS_AEAD_KEY_SIZE_MAX] = { 1, 2, 3 };
	struct glacis_aead_session *session = NULL;
	uint8_t *buffers = calloc(AEAD_BURST, AEAD_SIZE_MAX);
	json_t *result = NULL;

	if (buffers && glacis_aead_session_create(work->local->engine, GLACIS_SEAL, key, key_size, &session) == 0) {
		double large = measure_seal(work, session, buffers, AEAD_SIZE_MAX);
		double small = measure_seal(work, session, buffers, 64);

		if (large > 0 && small > 0)
			result = json_pack("{s:f, s:f}", "seal_16384_bytes_gb_per_s", AEAD_SIZE_MAX / large / 1e3,
					   "seal_64_bytes_ns", small * 1e3);
	}
	glacis_aead_session_destroy(session);
	free(buffers);
	return result;
}

static double measure_sign(struct work *work, const struct glacis_rsa_key *key, unsigned count)
{
	work->rsa = true;
	work->count = count;
	for (unsigned i = 0; i < count; i++)
		work->signatures[i] = (struct glacis_rsa_op){
			.key = key,
			.kind = GLACIS_RSA_SIGN_PKCS1,
			.hash = GLACIS_RSA_SHA256,
			.input = input,
			.input_size = DIGEST_SIZE,
			.output = work->results[i],
		};
	return measure(work, RSA_SLICE_US);
}

static json_t *measure_rsa(struct work *work, const struct glacis_rsa_key *key)
{
	double single = measure_sign(work, key, 1);
	double full = measure_sign(work, key, GLACIS_RSA_LANES);

	if (single <= 0 || full <= 0)
		return NULL;
	return json_pack("{s:f, s:f}", "sign_per_s_single", 1e6 / single, "sign_per_s_at_8", 1e6 / full);
}

static bool add(json_t *rates, const char *name, json_t *rate, char *why, size_t why_size)
{
	/* Takes NULL for a failure. */
	if (json_object_set_new(rates, name, rate) == 0)
		return true;
	snprintf(why, why_size, "measuring %s failed; `glacis selftest` says what does not work", name);
	return false;
}

json_t *rates_measure(struct local_engine *local, char *why, size_t why_size)
{
	struct work *work = calloc(1, sizeof(*work));
	json_t *rates = json_object();
	bool good = work && rates;

	if (!good)
		snprintf(why, why_size, "out of memory for the measurements; free some");
	else
		work->local = local;
	good = good && add(rates, "aes-128-gcm", measure_aead(work, 16), why, why_size) &&
	       add(rates, "aes-256-gcm", measure_aead(work, 32), why, why_size);
	for (unsigned i = 0; i < LOCAL_RSA_SIZES && good; i++) {
		char name[16];

		snprintf(name, sizeof(name), "rsa-%u", (unsigned)local_rsa_bits[i]);
		good = add(rates, name, measure_rsa(work, local->rsa[i]), why, why_size);
	}
	free(work);
	if (good)
		return rates;
	json_decref(rates);
	return NULL;
}
