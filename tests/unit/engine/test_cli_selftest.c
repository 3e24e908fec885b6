/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-test finds what is wrong: results of libglacis are spoilt on their way out of the queue, by a
 * wrapper around glacis_queue_poll (the linker's --wrap), and the checks concerned must fail, by name.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "selftest.h"

unsigned __wrap_glacis_queue_poll(struct glacis_queue *queue, struct glacis_op *done[], unsigned max);
unsigned __real_glacis_queue_poll(struct glacis_queue *queue, struct glacis_op *done[], unsigned max);
int __wrap_glacis_rsa_lanes_from(const struct glacis_engine *engine, uint32_t bits);
int __real_glacis_rsa_lanes_from(const struct glacis_engine *engine, uint32_t bits);
int __wrap_glacis_x25519(struct glacis_x25519_op ops[], unsigned count);
int __real_glacis_x25519(struct glacis_x25519_op ops[], unsigned count);

/* Spoils one completed operation. */
static void (*spoil)(struct glacis_op *op);
static int lanes_from; /* what is said instead; 0: the truth */
static bool spoil_x25519; /* the last of a burst */

unsigned __wrap_glacis_queue_poll(struct glacis_queue *queue, struct glacis_op *done[], unsigned max)
{
	unsigned count = __real_glacis_queue_poll(queue, done, max);

	for (unsigned i = 0; i < count && spoil; i++)
		spoil(done[i]);
	return count;
}

int __wrap_glacis_rsa_lanes_from(const struct glacis_engine *engine, uint32_t bits)
{
	return lanes_from != 0 ? lanes_from : __real_glacis_rsa_lanes_from(engine, bits);
}

int __wrap_glacis_x25519(struct glacis_x25519_op ops[], unsigned count)
{
	int error = __real_glacis_x25519(ops, count);

	if (spoil_x25519 && count > 1)
		ops[count - 1].result[31] ^= 0x40;
	return error;
}

static struct selftest test;

static void run(void)
{
	memset(&test, 0, sizeof(test));
	test.quiet = true;
	cr_assert_eq(selftest_run(&test), 0);
}

/* True when exactly the checks with `word` in their names have failed, and there are some. */
static bool failed_are(const char *word)
{
	size_t index;
	json_t *check;
	bool exactly = test.failed > 0;

	json_array_foreach(test.checks, index, check)
	{
		const char *name = json_string_value(json_object_get(check, "name"));
		bool ok = json_is_true(json_object_get(check, "ok"));
		const char *why = json_string_value(json_object_get(check, "why"));

		if (ok == (strstr(name, word) != NULL)) {
			cr_log_info("%s: %s", name, ok ? "ok" : why);
			exactly = false;
		}
		cr_assert(ok || strlen(why) > 0, "%s has no reason", name);
	}
	json_decref(test.checks);
	return exactly;
}

static struct glacis_aead_op *aead(struct glacis_op *op)
{
	return op->kind == GLACIS_OP_AEAD ? (struct glacis_aead_op *)op : NULL;
}

static struct glacis_rsa_op *rsa(struct glacis_op *op)
{
	return op->kind == GLACIS_OP_RSA ? (struct glacis_rsa_op *)op : NULL;
}

Test(cli_selftest, passes_when_nothing_is_wrong)
{
	run();
	cr_assert_eq(test.failed, 0u);
	cr_assert_geq(json_array_size(test.checks), 35u);
	json_decref(test.checks);
}

static void flip_last_of_16384(struct glacis_op *op)
{
	if (aead(op) && aead(op)->length == 16384)
		aead(op)->destination[16383] ^= 1;
}

Test(cli_selftest, finds_a_wrong_byte_in_a_long_text)
{
	spoil = flip_last_of_16384;
	run();
	/* The records of TLS 1.2 have as many bytes. */
	cr_assert_eq(test.failed, 2u * 3u + 2u);
	json_decref(test.checks);
}

static void flip_segments(struct glacis_op *op)
{
	if (aead(op) && aead(op)->segment_count > 0)
		aead(op)->destination[0] ^= 1;
}

Test(cli_selftest, finds_a_wrong_byte_on_one_way_only)
{
	spoil = flip_segments;
	run();
	cr_assert(failed_are("-gcm segments"));
}

static void accept_all(struct glacis_op *op)
{
	if (aead(op) && op->status == GLACIS_STATUS_AUTH_FAILED && aead(op)->aad_size == 20)
		op->status = GLACIS_STATUS_OK;
}

Test(cli_selftest, finds_that_tampering_goes_unnoticed)
{
	spoil = accept_all;
	run();
	cr_assert(failed_are("McGrew-Viega"));
}

static void leak(struct glacis_op *op)
{
	if (aead(op) && op->status == GLACIS_STATUS_AUTH_FAILED && aead(op)->destination != aead(op)->source)
		aead(op)->destination[aead(op)->length / 2] = 1;
}

Test(cli_selftest, finds_text_that_a_refused_message_left_behind)
{
	spoil = leak;
	run();
	cr_assert_eq(test.failed, 7u * 2u, "of each message, out of place and from segments");
	json_decref(test.checks);
}

static void flip_rsa(struct glacis_op *op)
{
	if (rsa(op) && rsa(op)->output_size == 3072 / 8)
		rsa(op)->output[7] ^= 1;
}

Test(cli_selftest, finds_a_wrong_signature)
{
	spoil = flip_rsa;
	run();
	cr_assert(failed_are("rsa-3072"));
}

Test(cli_selftest, finds_lanes_that_libglacis_does_not_trust)
{
	lanes_from = -EBADMSG;
	run();
	cr_assert(failed_are(" lanes"));
}

Test(cli_selftest, finds_a_wrong_shared_secret)
{
	spoil_x25519 = true;
	run();
	cr_assert(failed_are(" burst"));
}

static void say_single(struct glacis_op *op)
{
	if (rsa(op))
		rsa(op)->lane = GLACIS_RSA_LANE_SINGLE;
}

Test(cli_selftest, finds_lanes_that_are_not_used)
{
	lanes_from = 2;
	spoil = say_single;
	run();
	cr_assert(failed_are(" lanes"));
}
