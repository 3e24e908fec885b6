/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batcher of RSA operations; see rsa_batch.h.
 *
 * An operation's way: padded at submit into its list's block; then in lanes blinded, exponentiated,
 * unblinded and checked with the public exponent, or by OpenSSL exponentiated and checked; then its
 * padding is removed. A lane's result that fails the check is computed again by OpenSSL. What fails
 * there too ends as GLACIS_STATUS_FAILED; its bytes are wiped with everything else.
 *
 * Invariants: a list never holds more than RSA_LANES operations; all blocks lie in secure memory.
 * Nothing is allocated here after rsa_batch_open but what a key's first operation on this queue
 * needs (rsa_key_use), and what OpenSSL allocates by itself.
 */
#include "rsa_batch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "engine.h"
#include "rsa_key.h"
#include "rsa_openssl.h"
#include "rsa_padding.h"

/* What started a list. */
enum start_reason { START_FULL, START_DEADLINE, START_FLUSH };

/* Operations of one key size and kind of work, waiting. */
struct rsa_list {
	struct glacis_rsa_op *ops[RSA_LANES];
	struct rsa_use *uses[RSA_LANES];
	uint64_t deadlines_us[RSA_LANES]; /* of each; the oldest comes first */
	unsigned count;
	uint8_t (*blocks)[GLACIS_RSA_BYTES_MAX]; /* RSA_LANES of them: padded, big-endian */
};

/* Lies in secure memory. Numbers of a batch under way are little-endian. */
struct rsa_work_space {
	uint8_t blocks[RSA_SIZES][RSA_WORKS][RSA_LANES][GLACIS_RSA_BYTES_MAX]; /* the lists' */
	uint8_t input[RSA_LANES][GLACIS_RSA_BYTES_MAX];
	uint8_t result[RSA_LANES][GLACIS_RSA_BYTES_MAX];
	uint8_t check[RSA_LANES][GLACIS_RSA_BYTES_MAX];
	uint8_t single[GLACIS_RSA_BYTES_MAX], single_check[GLACIS_RSA_BYTES_MAX]; /* big-endian */
};

struct rsa_batch {
	struct rsa_list lists[RSA_SIZES][RSA_WORKS];
	struct rsa_work_space *space; /* in `region` */
	struct rsa_calculator calculator;
	struct backend_queue_setup setup;
	struct secure_region region;
	unsigned waiting; /* in all lists */
	unsigned queue_index;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

int rsa_batch_open(const struct backend_queue_setup *setup, struct rsa_batch **batch)
{
	struct glacis_engine *engine = setup->engine;
	struct rsa_batch *opened = calloc(1, sizeof(*opened));

	if (opened == NULL)
		return -ENOMEM;
	int error = secure_memory_map(&engine->memory, sizeof(*opened->space), &opened->region);
	if (error != 0)
		goto free_batch;
	error = rsa_calculator_init(&opened->calculator);
	if (error != 0)
		goto unmap;
	int index = rsa_engine_take_queue(&engine->rsa);
	if (index < 0) {
		error = index;
		goto free_calculator;
	}
	opened->space = opened->region.base;
	for (unsigned i = 0; i < RSA_SIZES * RSA_WORKS; i++)
		opened->lists[i / RSA_WORKS][i % RSA_WORKS].blocks =
			opened->space->blocks[i / RSA_WORKS][i % RSA_WORKS];
	opened->setup = *setup;
	opened->queue_index = (unsigned)index;
	*batch = opened;
	return 0;
free_calculator:
	rsa_calculator_fini(&opened->calculator);
unmap:
	secure_memory_unmap(&engine->memory, &opened->region);
free_batch:
	free(opened);
	return error;
}

void rsa_batch_close(struct rsa_batch *batch)
{
	if (batch == NULL)
		return;
	struct glacis_engine *engine = batch->setup.engine;
	/* In a child the lock may be held by a thread that does not exist there, and the work space is zeros. */
	if (!engine_is_foreign(engine)) {
		assert(batch->waiting == 0);
		rsa_engine_return_queue(&engine->rsa, batch->queue_index);
		explicit_bzero(batch->space, sizeof(*batch->space));
	}
	rsa_calculator_fini(&batch->calculator);
	secure_memory_unmap(&engine->memory, &batch->region);
	free(batch);
}

static void reverse(uint8_t *to, const uint8_t *from, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
}

static struct rsa_queue_counters *counters_of(struct rsa_batch *batch)
{
	return &batch->setup.counters->rsa;
}

static void complete(struct rsa_batch *batch, struct glacis_rsa_op *op, enum glacis_status status,
		     enum glacis_rsa_lane lane)
{
	op->lane = (uint8_t)lane;
	op->op.status = (uint8_t)status;
	op->op.path = GLACIS_PATH_CPU;
	op->op.state = GLACIS_OP_DONE;
	counter_add(&counters_of(batch)->operations, 1);
	counter_add(&batch->setup.counters->completed[GLACIS_PATH_CPU], 1);
	completion_push(batch->setup.completions, &op->op);
}

static bool is_public(const struct glacis_rsa_op *op)
{
	return op->kind == GLACIS_RSA_PUBLIC_RAW;
}

/*
 * Undoes `result` with the public exponent. A decrypted result must stay secret, and OpenSSL's big numbers show
 * their size in words: lanes, if there are any, do not.
 */
static int undo(struct rsa_batch *batch, const struct glacis_rsa_op *op, const uint8_t *result, uint8_t *undone)
{
	const struct rsa_lanes *lanes = batch->setup.engine->rsa.lanes;
	const struct rsa_lane_key *keys[RSA_LANES] = { &op->key->secrets->lane };
	const uint8_t *in[RSA_LANES] = { batch->space->result[0] };
	uint8_t *out[RSA_LANES] = { batch->space->check[0] };
	bool secret = op->kind != GLACIS_RSA_SIGN_PKCS1 && op->kind != GLACIS_RSA_SIGN_PSS;

	if (lanes == NULL || !secret)
		return rsa_openssl_public(op->key, &batch->calculator, result, undone);
	reverse(batch->space->result[0], result, op->key->bytes);
	lanes->public_x8(keys, in, out);
	reverse(undone, batch->space->check[0], op->key->bytes);
	return 0;
}

/* One operation by OpenSSL. */
static void run_single(struct rsa_batch *batch, struct glacis_rsa_op *op, struct rsa_use *use, const uint8_t *block,
		       enum glacis_rsa_lane lane)
{
	const struct glacis_rsa_key *key = op->key;
	struct rsa_work_space *space = batch->space;
	enum glacis_status status = GLACIS_STATUS_FAILED;

	op->op.state = GLACIS_OP_INFLIGHT;
	if (is_public(op)) {
		if (rsa_openssl_public(key, &batch->calculator, block, space->single) == 0)
			status = GLACIS_STATUS_OK;
	} else if (rsa_openssl_private(key, use->private_raw, block, space->single) == 0 &&
		   undo(batch, op, space->single, space->single_check) == 0) {
		if (memcmp(block, space->single_check, key->bytes) == 0)
			status = GLACIS_STATUS_OK;
		else
			counter_add(&counters_of(batch)->check_failed, 1);
	}
	if (status == GLACIS_STATUS_OK)
		status = rsa_unpad(op, block, space->single);
	complete(batch, op, status, lane);
}

/* Takes the first operation off the list. */
static void drop_first(struct rsa_list *list)
{
	unsigned left = --list->count;

	memmove(list->ops, list->ops + 1, left * sizeof(list->ops[0]));
	memmove(list->uses, list->uses + 1, left * sizeof(list->uses[0]));
	memmove(list->deadlines_us, list->deadlines_us + 1, left * sizeof(list->deadlines_us[0]));
	memmove(list->blocks, list->blocks + 1, left * sizeof(list->blocks[0]));
}

/* Only the first: its owner can go on with the result, and the others may get company, before they are computed. */
static void run_first(struct rsa_batch *batch, struct rsa_list *list)
{
	bool lanes = batch->setup.engine->rsa.lanes != NULL;
	struct rsa_queue_counters *counters = counters_of(batch);

	list->uses[0]->inflight--;
	run_single(batch, list->ops[0], list->uses[0], list->blocks[0],
		   lanes ? GLACIS_RSA_LANE_SINGLE : GLACIS_RSA_LANE_OPENSSL);
	counter_add(lanes ? &counters->singles : &counters->openssl, 1);
	batch->waiting--;
	drop_first(list);
}

/* What the lanes work on; an idle lane's key is NULL. */
struct lane_set {
	const struct rsa_lane_key *keys[RSA_LANES];
	const uint8_t *input[RSA_LANES], *factor[RSA_LANES], *inverse[RSA_LANES], *result_in[RSA_LANES];
	uint8_t *input_out[RSA_LANES], *factor_out[RSA_LANES], *inverse_out[RSA_LANES];
	uint8_t *result[RSA_LANES], *check[RSA_LANES];
};

static void prepare_lane(struct lane_set *set, struct rsa_work_space *space, const struct rsa_list *list, unsigned lane)
{
	const struct glacis_rsa_key *key = list->ops[lane]->key;
	const struct rsa_blinding *blinding = &list->uses[lane]->blinding;

	set->factor[lane] = set->factor_out[lane] = rsa_blinding_factor(blinding, lane);
	set->inverse[lane] = set->inverse_out[lane] = rsa_blinding_inverse(blinding, lane);
	reverse(space->input[lane], list->blocks[lane], key->bytes);
	set->keys[lane] = &key->secrets->lane;
	set->input[lane] = set->input_out[lane] = space->input[lane];
	set->result_in[lane] = set->result[lane] = space->result[lane];
	set->check[lane] = space->check[lane];
}

/* Blinds, exponentiates, unblinds, undoes each with the public exponent for the check, and squares the blindings. */
static void exponentiate_private(const struct rsa_lanes *lanes, const struct lane_set *set)
{
	lanes->multiply_x8(set->keys, set->input, set->factor, set->input_out);
	lanes->private_x8(set->keys, set->input, set->result);
	lanes->multiply_x8(set->keys, set->result_in, set->inverse, set->result);
	lanes->public_x8(set->keys, set->result_in, set->check);
	lanes->multiply_x8(set->keys, set->factor, set->factor, set->factor_out);
	lanes->multiply_x8(set->keys, set->inverse, set->inverse, set->inverse_out);
}

/* Gives a lane's result out, unless it is wrong. The compared number came from outside. */
static void finish_lane(struct rsa_batch *batch, const struct rsa_list *list, unsigned lane)
{
	struct rsa_work_space *space = batch->space;
	struct glacis_rsa_op *op = list->ops[lane];
	uint32_t bytes = op->key->bytes;

	if (!is_public(op)) {
		reverse(space->single_check, space->check[lane], bytes);
		if (memcmp(space->single_check, list->blocks[lane], bytes) != 0) {
			counter_add(&counters_of(batch)->check_failed, 1);
			op->lane = GLACIS_RSA_LANE_OPENSSL; /* run again, after the other lanes */
			return;
		}
	}
	reverse(space->single, space->result[lane], bytes);
	complete(batch, op, rsa_unpad(op, list->blocks[lane], space->single), GLACIS_RSA_LANE_BATCH);
}

static void run_lanes(struct rsa_batch *batch, struct rsa_list *list, enum rsa_work work)
{
	const struct rsa_lanes *lanes = batch->setup.engine->rsa.lanes;
	struct rsa_work_space *space = batch->space;
	struct lane_set set = { 0 };
	unsigned run = 0; /* lanes that got a blinding */

	for (unsigned lane = 0; lane < list->count; lane++) {
		struct glacis_rsa_op *op = list->ops[lane];
		op->op.state = GLACIS_OP_INFLIGHT;
		op->lane = GLACIS_RSA_LANE_OPENSSL;
		if (work == RSA_WORK_PRIVATE &&
		    rsa_blinding_take(&list->uses[lane]->blinding, op->key, &batch->calculator, lane) != 0)
			continue;
		op->lane = GLACIS_RSA_LANE_BATCH;
		prepare_lane(&set, space, list, lane);
		run++;
	}
	if (work == RSA_WORK_PRIVATE)
		exponentiate_private(lanes, &set);
	else
		lanes->public_x8(set.keys, set.input, set.result);
	for (unsigned lane = 0; lane < list->count; lane++)
		if (set.keys[lane] != NULL)
			finish_lane(batch, list, lane);
	counter_add(&counters_of(batch)->batches, 1);
	counter_add(&counters_of(batch)->lanes_filled, run);
}

/* Operations that a batch could not do: no random numbers for the blinding, or a result that was wrong. */
static void run_leftovers(struct rsa_batch *batch, struct rsa_list *list)
{
	for (unsigned lane = 0; lane < list->count; lane++) {
		struct glacis_rsa_op *op = list->ops[lane];
		if (op->op.state == GLACIS_OP_INFLIGHT && op->lane == GLACIS_RSA_LANE_OPENSSL)
			run_single(batch, op, list->uses[lane], list->blocks[lane], GLACIS_RSA_LANE_OPENSSL);
	}
}

static void run_all(struct rsa_batch *batch, struct rsa_list *list, enum rsa_work work, enum start_reason reason)
{
	struct rsa_queue_counters *counters = counters_of(batch);
	uint32_t bytes = list->ops[0]->key->bytes;

	for (unsigned i = 0; i < list->count; i++)
		list->uses[i]->inflight--;
	counter_add(reason == START_FULL       ? &counters->by_full
		    : reason == START_DEADLINE ? &counters->by_deadline
					       : &counters->by_flush,
		    1);
	run_lanes(batch, list, work);
	run_leftovers(batch, list);
	for (unsigned lane = 0; lane < list->count; lane++)
		OPENSSL_cleanse(batch->space->result[lane], bytes);
	batch->waiting -= list->count;
	list->count = 0;
}

static void start_list(struct rsa_batch *batch, unsigned size, enum rsa_work work, enum start_reason reason)
{
	struct rsa_list *list = &batch->lists[size][work];
	struct rsa_engine *rsa = &batch->setup.engine->rsa;
	uint32_t bytes = list->ops[0]->key->bytes;

	if (rsa->lanes == NULL ||
	    list->count < atomic_load_explicit(&rsa->break_even[size][work], memory_order_relaxed))
		run_first(batch, list);
	else
		run_all(batch, list, work, reason);
	OPENSSL_cleanse(batch->space->single, bytes);
}

/* Whether waiting for more can pay at all. */
static bool lanes_pay(const struct rsa_batch *batch, unsigned size, enum rsa_work work)
{
	const struct rsa_engine *rsa = &batch->setup.engine->rsa;

	return rsa->lanes != NULL &&
	       atomic_load_explicit(&rsa->break_even[size][work], memory_order_relaxed) <= RSA_LANES;
}

static void add(struct rsa_batch *batch, struct glacis_rsa_op *op, uint64_t now)
{
	unsigned size = op->key->size_index;
	enum rsa_work work = is_public(op) ? RSA_WORK_PUBLIC : RSA_WORK_PRIVATE;
	struct rsa_list *list = &batch->lists[size][work];
	struct rsa_use *use = rsa_key_use(op->key, batch->queue_index);

	op->output_size = 0;
	if (use == NULL) {
		complete(batch, op, GLACIS_STATUS_FAILED, GLACIS_RSA_LANE_NONE);
		return;
	}
	if (rsa_pad(op, list->blocks[list->count]) != 0) {
		complete(batch, op, GLACIS_STATUS_INVALID, GLACIS_RSA_LANE_NONE);
		return;
	}
	list->deadlines_us[list->count] = now + batch->setup.batch_wait_us;
	list->ops[list->count] = op;
	list->uses[list->count++] = use;
	use->inflight++;
	batch->waiting++;
	if (list->count == RSA_LANES || !lanes_pay(batch, size, work))
		start_list(batch, size, work, START_FULL);
}

void rsa_batch_submit(struct rsa_batch *batch, struct glacis_rsa_op *const ops[], unsigned count)
{
	uint64_t now = now_us();

	for (unsigned i = 0; i < count; i++) {
		assert(ops[i]->op.state == GLACIS_OP_QUEUED);
		add(batch, ops[i], now);
	}
}

void rsa_batch_poll(struct rsa_batch *batch)
{
	if (batch->waiting == 0)
		return;
	uint64_t now = now_us();
	for (unsigned size = 0; size < RSA_SIZES; size++)
		for (unsigned work = 0; work < RSA_WORKS; work++) {
			const struct rsa_list *list = &batch->lists[size][work];
			if (list->count > 0 && list->deadlines_us[0] <= now)
				start_list(batch, size, (enum rsa_work)work, START_DEADLINE);
		}
}

void rsa_batch_flush(struct rsa_batch *batch)
{
	for (unsigned size = 0; size < RSA_SIZES && batch->waiting > 0; size++)
		for (unsigned work = 0; work < RSA_WORKS; work++) {
			struct rsa_list *list = &batch->lists[size][work];
			if (list->count > 0)
				start_list(batch, size, (enum rsa_work)work, START_FLUSH);
			memset(list->deadlines_us, 0, list->count * sizeof(list->deadlines_us[0]));
		}
}

int64_t rsa_batch_wait_us(const struct rsa_batch *batch)
{
	uint64_t earliest = UINT64_MAX;

	if (batch->waiting == 0)
		return -1;
	for (unsigned size = 0; size < RSA_SIZES; size++)
		for (unsigned work = 0; work < RSA_WORKS; work++) {
			const struct rsa_list *list = &batch->lists[size][work];
			if (list->count > 0 && list->deadlines_us[0] < earliest)
				earliest = list->deadlines_us[0];
		}
	uint64_t now = now_us();
	return earliest <= now ? 0 : (int64_t)(earliest - now);
}
