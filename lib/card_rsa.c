/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA on the card; see card_rsa.h. A result is undone with the public exponent and compared with what was sent before
 * it leaves: a wrong one, which would give the key away, is wiped, and the operation run on the processor.
 */
#include "card_rsa.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "backend_cpu.h"
#include "engine.h"
#include "rsa_import.h"
#include "rsa_key.h"
#include "rsa_openssl.h"
#include "rsa_padding.h"

/* Operations of a queue on the card at once: more would only wait there, and be late before their turn. */
#define PLACES 8u

/* An operation on the card. */
struct place {
	struct card_rsa_request request; /* comes first: the card gives it back */
	struct glacis_rsa_op *op;        /* NULL: free */
	uint8_t block[GLACIS_RSA_BYTES_MAX], result[GLACIS_RSA_BYTES_MAX];
};

/* Lies in secure memory. */
struct card_rsa_space {
	struct place places[PLACES];
	uint8_t undone[GLACIS_RSA_BYTES_MAX];
	uint8_t in[GLACIS_RSA_BYTES_MAX], out[GLACIS_RSA_BYTES_MAX]; /* of the lanes, little-endian */
};

struct card_rsa {
	struct backend_queue_setup setup;
	struct card_seat *seat;
	struct card_counters *counters;
	void *cpu;
	struct rsa_calculator calculator;
	struct secure_region region;
	struct card_rsa_space *space;
	unsigned used;
};

int card_rsa_open(const struct backend_queue_setup *setup, struct card_seat *seat, struct card_counters *counters,
		  void *cpu, struct card_rsa **opened)
{
	struct card_rsa *rsa = calloc(1, sizeof(*rsa));
	int error;

	if (rsa == NULL)
		return -ENOMEM;
	error = secure_memory_map(&setup->engine->memory, sizeof(*rsa->space), &rsa->region);
	if (error == 0) {
		error = rsa_calculator_init(&rsa->calculator);
		if (error != 0)
			secure_memory_unmap(&setup->engine->memory, &rsa->region);
	}
	if (error != 0) {
		free(rsa);
		return error;
	}
	rsa->setup = *setup;
	rsa->seat = seat;
	rsa->counters = counters;
	rsa->cpu = cpu;
	rsa->space = rsa->region.base;
	*opened = rsa;
	return 0;
}

void card_rsa_close(struct card_rsa *rsa)
{
	if (rsa == NULL)
		return;
	assert(rsa->used == 0);
	explicit_bzero(rsa->space, sizeof(*rsa->space));
	rsa_calculator_fini(&rsa->calculator);
	secure_memory_unmap(&rsa->setup.engine->memory, &rsa->region);
	free(rsa);
}

static void to_cpu(struct card_rsa *rsa, struct glacis_rsa_op *op)
{
	op->op.state = GLACIS_OP_QUEUED;
	backend_cpu.rsa_submit(rsa->cpu, &op, 1);
}

unsigned card_rsa_room(const struct card_rsa *rsa)
{
	return rsa != NULL ? PLACES - rsa->used : PLACES;
}

static struct place *place_find(struct card_rsa *rsa)
{
	for (unsigned i = 0; i < PLACES && rsa->used < PLACES; i++)
		if (rsa->space->places[i].op == NULL)
			return &rsa->space->places[i];
	return NULL;
}

static void place_free(struct card_rsa *rsa, struct place *place)
{
	OPENSSL_cleanse(place->block, place->request.size);
	OPENSSL_cleanse(place->result, place->request.size);
	place->op = NULL;
	rsa->used--;
}

/* Gives one to the card. False: it has no room, or is not there. The caller has the gate. */
static bool offer(struct card_rsa *rsa, struct glacis_rsa_op *op)
{
	struct place *place = place_find(rsa);
	struct card_rsa_request *request;

	if (place == NULL || rsa_pad(op, place->block) != 0)
		return false; /* what is malformed the CPU backend says */
	place->request = (struct card_rsa_request){
		.key = op->key->card_key, .base = place->block, .result = place->result, .size = op->key->bytes
	};
	place->op = op;
	rsa->used++;
	op->op.state = GLACIS_OP_INFLIGHT;
	request = &place->request;
	if (rsa->seat->card->module->submit_rsa(rsa->seat->queue, &request, 1) != 1) {
		place_free(rsa, place);
		return false;
	}
	atomic_fetch_add_explicit(&rsa->seat->live, 1, memory_order_relaxed);
	counter_add(&rsa->counters->submitted, 1);
	return true;
}

void card_rsa_submit(struct card_rsa *rsa, struct glacis_rsa_op *const ops[], unsigned count, bool wanted)
{
	struct card *card = rsa->seat->card;
	bool entered = wanted && card_is_up(card) && card_rsa_allowed(card) && card_seat_enter(rsa->seat);

	if (!entered)
		counter_add(wanted ? &rsa->counters->to_cpu_down : &rsa->counters->to_cpu_policy, count);
	for (unsigned i = 0; i < count; i++) {
		bool fits = ops[i]->key->card_key != NULL && ops[i]->kind != GLACIS_RSA_PUBLIC_RAW;

		ops[i]->output_size = 0;
		if (entered && fits && offer(rsa, ops[i]))
			continue;
		if (entered)
			counter_add(fits ? &rsa->counters->to_cpu_full : &rsa->counters->to_cpu_unfit, 1);
		to_cpu(rsa, ops[i]);
	}
	if (entered)
		card_seat_exit(rsa->seat);
}

static void reverse(uint8_t *to, const uint8_t *from, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
}

/*
 * The result to the public exponent. As in rsa_batch.c: what may be a secret goes through lanes, where there are any,
 * since OpenSSL's numbers show their size.
 */
static bool undo(struct card_rsa *rsa, const struct glacis_rsa_op *op, const uint8_t *result)
{
	struct card_rsa_space *space = rsa->space;
	const struct rsa_lanes *lanes = rsa->setup.engine->rsa.lanes;
	const struct rsa_lane_key *keys[RSA_LANES] = { &op->key->secrets->lane };
	const uint8_t *in[RSA_LANES] = { space->in };
	uint8_t *out[RSA_LANES] = { space->out };

	if (lanes == NULL || op->kind == GLACIS_RSA_SIGN_PKCS1 || op->kind == GLACIS_RSA_SIGN_PSS)
		return rsa_openssl_public(op->key, &rsa->calculator, result, space->undone) == 0;
	reverse(space->in, result, op->key->bytes);
	lanes->public_x8(keys, in, out);
	reverse(space->undone, space->out, op->key->bytes);
	OPENSSL_cleanse(space->in, op->key->bytes);
	return true;
}

static void complete(struct card_rsa *rsa, struct place *place)
{
	struct glacis_rsa_op *op = place->op;

	op->lane = GLACIS_RSA_LANE_NONE;
	op->op.status = (uint8_t)rsa_unpad(op, place->block, place->result);
	op->op.path = GLACIS_PATH_CARD;
	op->op.state = GLACIS_OP_DONE;
	counter_add(&rsa->counters->completed, 1);
	counter_add(&rsa->setup.counters->rsa.operations, 1);
	counter_add(&rsa->setup.counters->completed[GLACIS_PATH_CARD], 1);
	completion_push(rsa->setup.completions, &op->op);
}

void card_rsa_back(struct card_rsa *rsa, const struct card_result *result)
{
	struct place *place = result->owner;
	struct glacis_rsa_op *op = place->op;
	bool right = false;

	if (result->outcome == CARD_DONE) {
		counter_add(&rsa->counters->verified, 1);
		right = undo(rsa, op, place->result) && memcmp(rsa->space->undone, place->block, op->key->bytes) == 0;
		if (right) {
			complete(rsa, place);
		} else {
			counter_add(&rsa->counters->again_wrong, 1);
			counter_add(&rsa->setup.counters->rsa.check_failed, 1);
			card_rsa_failed(rsa->seat->card);
		}
	} else if (result->outcome == CARD_RETURNED) {
		counter_add(&rsa->counters->again_error, 1);
	} else if (result->outcome == CARD_LATE) {
		counter_add(&rsa->counters->again_late, 1);
		card_failed(rsa->seat->card, "an RSA operation did not come back in time");
	} else {
		counter_add(&rsa->counters->again_error, 1);
		card_failed(rsa->seat->card, "an RSA operation ended with an error");
	}
	place_free(rsa, place);
	if (!right)
		to_cpu(rsa, op);
}

/* ---- keys ---- */

/* The numbers behind one another, each as long as it is. */
struct key_text {
	uint8_t bytes[7 * GLACIS_RSA_BYTES_MAX];
	size_t used;
};

static size_t number_write(struct key_text *text, const BIGNUM *number)
{
	size_t size = (size_t)BN_num_bytes(number);

	if (size > sizeof(text->bytes) - text->used)
		return 0;
	(void)BN_bn2bin(number, text->bytes + text->used);
	text->used += size;
	return size;
}

void card_rsa_key_load(struct glacis_rsa_key *key)
{
	const struct card *card = key->engine->card;
	const struct rsa_reason nobody = { 0 };
	struct card_rsa_numbers numbers;
	struct rsa_numbers own;
	struct key_text text;

	if (card == NULL || key->card_key != NULL || !card->description.rsa ||
	    rsa_numbers_load(&own, key->pair, &nobody) != 0)
		return;
	text.used = 0;
	/* Places first, then sizes: the order of evaluation in an initialiser would be anybody's guess. */
#define TAKE(name)                                                                                                     \
	numbers.name.bytes = text.bytes + text.used;                                                                   \
	numbers.name.size = number_write(&text, own.name)
	TAKE(n);
	TAKE(e);
	TAKE(d);
	TAKE(p);
	TAKE(q);
	TAKE(dp);
	TAKE(dq);
	TAKE(qinv);
#undef TAKE
	if (card->module->rsa_load(card->device, &numbers, &key->card_key) != 0)
		key->card_key = NULL;
	OPENSSL_cleanse(&text, sizeof(text));
	rsa_numbers_free(&own);
}

void card_rsa_key_unload(struct glacis_rsa_key *key)
{
	if (key->card_key != NULL && !engine_is_foreign(key->engine))
		key->engine->card->module->rsa_unload(key->card_key);
	key->card_key = NULL;
}
