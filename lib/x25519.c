/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 in bursts: lanes of eight where the processor has them and enough operations are there, else
 * OpenSSL. See glacis/x25519.h.
 */
#include <glacis/x25519.h>

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "ifma.h"
#include "x25519_ifma.h"
#include "x25519_lanes.h"

#define TRIALS 4u /* each side's best counts: others may be using the core */

static const uint8_t base_point[GLACIS_X25519_SIZE] = { 9 };

static pthread_once_t lanes_once = PTHREAD_ONCE_INIT;
static unsigned lanes_from; /* 0: no lanes */

/* Idle lanes repeat the first operation and throw the result away. */
static void run_lanes(struct glacis_x25519_op ops[], unsigned count)
{
	const uint8_t *scalars[X25519_LANES], *points[X25519_LANES];
	uint8_t *results[X25519_LANES], idle[GLACIS_X25519_SIZE];

	for (unsigned lane = 0; lane < X25519_LANES; lane++) {
		const struct glacis_x25519_op *op = &ops[lane < count ? lane : 0];

		scalars[lane] = op->scalar;
		points[lane] = op->point ? op->point : base_point;
		results[lane] = lane < count ? op->result : idle;
	}
	x25519_ifma_x8(scalars, points, results);
	OPENSSL_cleanse(idle, sizeof(idle));
}

/* In constant time: whether a shared secret is zero is the peer's choice, but the rest of it is secret. */
static void set_status(struct glacis_x25519_op *op)
{
	uint8_t any = 0;

	for (unsigned i = 0; i < GLACIS_X25519_SIZE; i++)
		any |= op->result[i];
	op->status = any ? GLACIS_STATUS_OK : GLACIS_STATUS_INVALID;
}

void x25519_lanes_run(struct glacis_x25519_op ops[], unsigned count)
{
	run_lanes(ops, count);
	for (unsigned i = 0; i < count; i++)
		set_status(&ops[i]);
}

static int derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *result)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
	size_t size = GLACIS_X25519_SIZE;
	int error = -EIO;

	if (context && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1) {
		/* It fails for one reason that is the peer's fault: the result is all zeros. */
		if (EVP_PKEY_derive(context, result, &size) != 1)
			memset(result, 0, GLACIS_X25519_SIZE);
		error = 0;
	}
	EVP_PKEY_CTX_free(context);
	return error;
}

static int run_single(struct glacis_x25519_op *op)
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, op->scalar, GLACIS_X25519_SIZE);
	EVP_PKEY *peer = NULL;
	size_t size = GLACIS_X25519_SIZE;
	int error = -EIO;

	if (own && !op->point) {
		error = EVP_PKEY_get_raw_public_key(own, op->result, &size) == 1 ? 0 : -EIO;
	} else if (own) {
		peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, op->point, GLACIS_X25519_SIZE);
		error = peer ? derive(own, peer, op->result) : -EIO;
	}
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return error;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void measure_lanes(void)
{
	uint8_t scalar[GLACIS_X25519_SIZE] = { 1, 2, 3 }, result[GLACIS_X25519_SIZE];
	struct glacis_x25519_op op = { .scalar = scalar, .point = base_point, .result = result };
	uint64_t lanes_ns = UINT64_MAX, single_ns = UINT64_MAX;

	if (!ifma_usable())
		return;
	for (unsigned i = 0; i < TRIALS; i++) {
		const uint64_t begin = now_ns();
		uint64_t middle, end;

		run_lanes(&op, 1);
		middle = now_ns();
		if (run_single(&op))
			single_ns = 1; /* never mind: the operation itself will say so */
		end = now_ns();
		lanes_ns = middle - begin < lanes_ns ? middle - begin : lanes_ns;
		single_ns = end - middle < single_ns ? end - middle : single_ns;
	}
	for (lanes_from = 1; lanes_from < X25519_LANES && lanes_from * single_ns < lanes_ns;)
		lanes_from++;
}

unsigned glacis_x25519_lanes_from(void)
{
	return pthread_once(&lanes_once, measure_lanes) ? 0 : lanes_from;
}

int glacis_x25519(struct glacis_x25519_op ops[], unsigned count)
{
	const unsigned from = glacis_x25519_lanes_from();
	unsigned done = 0;
	int error = 0;

	while (from && count - done >= from) {
		const unsigned size = count - done < X25519_LANES ? count - done : X25519_LANES;

		run_lanes(ops + done, size);
		done += size;
	}
	for (; done < count && !error; done++)
		error = run_single(&ops[done]);
	for (unsigned i = 0; i < count && !error; i++)
		set_status(&ops[i]);
	return error;
}
