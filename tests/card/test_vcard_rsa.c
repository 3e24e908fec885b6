/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA by the card: keys of every kind and size in slots, both exponents beside OpenSSL's numbers, slots that are empty
 * or overwritten, keys and values out of bounds, the admin queue's rules.
 *
 * usage: test_vcard_rsa GLACIS-VCARD FOLDER_WITH_KEYS [CASE...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>

#include "ring.h"
#include "rsa_key.h"

struct bed {
	struct rig rig;
	struct ring admin, ring;
	uint8_t *key, *base, *result;
};

static bool bed_open(struct bed *bed, const char *const *options)
{
	if (!rig_open(&bed->rig, options))
		return false;
	bed->key = rig_allocate(&bed->rig, 4096);
	bed->base = rig_allocate(&bed->rig, 1024);
	bed->result = rig_allocate(&bed->rig, 4096);
	if (!CHECK(ring_open(&bed->admin, &bed->rig, 0, 2, 2)) || !CHECK(ring_open(&bed->ring, &bed->rig, 5, 3, 3)))
		return false;
	rig_enable(&bed->rig);
	return true;
}

static void bed_close(struct bed *bed)
{
	CHECK(rig_stop(&bed->rig) == 0);
}

/* ---- keys ---- */

static bool load(struct bed *bed, const struct rsa_key *numbers, unsigned kind, unsigned slot)
{
	struct glacis_card_key command = rsa_key_command(&bed->rig, bed->key, numbers, kind, slot);

	return ring_run(&bed->admin, &command, NULL) == GLACIS_CARD_STATUS_OK;
}

/* ---- operations ---- */

/* A power of a random base by the card, beside OpenSSL's. */
static void try_power(struct bed *bed, const struct rsa_key *numbers, bool private_exponent, unsigned slot)
{
	struct glacis_card_rsa command = ring_rsa(&bed->rig, private_exponent, 99, slot, numbers->size, bed->base,
						  bed->result);
	BN_CTX *context = BN_CTX_new();
	BIGNUM *base = BN_new(), *power = BN_new();
	struct glacis_card_completion completion;
	uint8_t expected[GLACIS_CARD_RSA_BYTES_MAX];

	CHECK(BN_rand_range(base, numbers->n) == 1);
	CHECK(BN_mod_exp(power, base, private_exponent ? numbers->d : numbers->e, numbers->n, context) == 1);
	rsa_key_put(bed->base, base, numbers->size);
	rsa_key_put(expected, power, numbers->size);
	memset(bed->result, 0x33, numbers->size + 1);
	CHECK(ring_run(&bed->ring, &command, &completion) == GLACIS_CARD_STATUS_OK);
	CHECK(completion.size == numbers->size && completion.cookie == 99 && completion.queue == 5);
	CHECK(memcmp(bed->result, expected, numbers->size) == 0);
	CHECK(bed->result[numbers->size] == 0x33);
	BN_free(base);
	BN_free(power);
	BN_CTX_free(context);
}

static void kinds_and_sizes(void)
{
	static const unsigned sizes[] = { 1024, 1040, 2048, 3072, 4096 };
	struct rsa_key numbers;
	unsigned operations = 0, each = rig_is_rtl() ? 1 : 3;
	struct bed bed;

	NEED(bed_open(&bed, NULL));
	for (size_t i = 0; i < TAP_COUNT(sizes); i++) {
		/* d of 4096 bits takes the simulated logic twenty million cycles */
		bool skips = rig_is_rtl() && sizes[i] > 1040;

		NEED(rsa_key_get(&numbers, sizes[i]));
		for (unsigned kind = GLACIS_CARD_KEY_KIND_RSA_PUBLIC; kind <= GLACIS_CARD_KEY_KIND_RSA_CRT; kind++) {
			tap_context("%u bits, kind %u", sizes[i], kind);
			CHECK(load(&bed, &numbers, kind, kind));
			try_power(&bed, &numbers, false, kind);
			operations++;
			if (kind == GLACIS_CARD_KEY_KIND_RSA_PUBLIC ||
			    (skips && kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT))
				continue;
			for (unsigned k = 0; k < each; k++, operations++)
				try_power(&bed, &numbers, true, kind);
		}
		rsa_key_free(&numbers);
	}
	tap_context("%s", "");
	CHECK(rig_read64(&bed.rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS) == operations);
	CHECK(rig_read64(&bed.rig, GLACIS_CARD_COUNTERS_ERRORS) == 0);
	bed_close(&bed);
}

static int run_rsa(struct bed *bed, bool private_exponent, unsigned slot, uint32_t size)
{
	struct glacis_card_rsa command = ring_rsa(&bed->rig, private_exponent, 1, slot, size, bed->base, bed->result);

	return ring_run(&bed->ring, &command, NULL);
}

static int zeroise(struct bed *bed, unsigned slot)
{
	struct glacis_card_key command = { .opcode = GLACIS_CARD_OPCODE_KEY_ZEROISE, .slot = (uint16_t)slot };

	return ring_run(&bed->admin, &command, NULL);
}

static void slots(void)
{
	static const char *const options[] = { "--key-slots", "3", NULL };
	const unsigned slots = rig_is_rtl() ? 256 : 3; /* the logic's number is fixed */
	const unsigned last = slots - 1;
	struct rsa_key one, other;
	struct bed bed;

	NEED(bed_open(&bed, rig_is_rtl() ? NULL : options));
	NEED(rsa_key_get(&one, 1024) && rsa_key_get(&other, 2048));
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_KEY_SLOTS) == slots);
	CHECK(run_rsa(&bed, true, 0, 128) == GLACIS_CARD_STATUS_KEY_EMPTY);
	CHECK(load(&bed, &one, GLACIS_CARD_KEY_KIND_RSA_PUBLIC, 0));
	CHECK(run_rsa(&bed, true, 0, 128) == GLACIS_CARD_STATUS_KEY_EMPTY);
	CHECK(load(&bed, &other, GLACIS_CARD_KEY_KIND_RSA_CRT, last));
	try_power(&bed, &other, true, last);
	try_power(&bed, &one, false, 0);

	/* Overwritten with another size, emptied, emptied again. */
	CHECK(load(&bed, &one, GLACIS_CARD_KEY_KIND_RSA_EXPONENT, last));
	try_power(&bed, &one, true, last);
	CHECK(run_rsa(&bed, true, last, 256) == GLACIS_CARD_STATUS_BAD_FIELD);
	CHECK(zeroise(&bed, last) == GLACIS_CARD_STATUS_OK);
	CHECK(run_rsa(&bed, true, last, 128) == GLACIS_CARD_STATUS_KEY_EMPTY);
	CHECK(zeroise(&bed, last) == GLACIS_CARD_STATUS_OK);

	CHECK(run_rsa(&bed, true, slots, 128) == GLACIS_CARD_STATUS_BAD_FIELD);
	CHECK(run_rsa(&bed, true, 65535, 128) == GLACIS_CARD_STATUS_BAD_FIELD);
	CHECK(!load(&bed, &one, GLACIS_CARD_KEY_KIND_RSA_CRT, slots));
	CHECK(zeroise(&bed, slots) == GLACIS_CARD_STATUS_BAD_FIELD);
	rsa_key_free(&one);
	rsa_key_free(&other);
	bed_close(&bed);
}

/* A reset of the function, and another client, find empty slots. */
static void keys_do_not_outlive_a_reset(void)
{
	struct rsa_key numbers;
	struct bed bed;

	NEED(bed_open(&bed, NULL));
	NEED(rsa_key_get(&numbers, 1024));
	for (unsigned way = 0; way < 3; way++) {
		tap_context("way %u", way);
		CHECK(load(&bed, &numbers, GLACIS_CARD_KEY_KIND_RSA_CRT, 7));
		try_power(&bed, &numbers, true, 7);
		if (way == 0) {
			CHECK(rig_reset(&bed.rig));
		} else if (way == 1) {
			CHECK(client_call(&bed.rig.client, &(struct message){ .command = VCARD_WIRE_RESET }, NULL) ==
			      0);
			CHECK(client_master(&bed.rig.client, true) == 0);
		} else {
			rig_detach(&bed.rig);
			NEED(rig_attach(&bed.rig));
		}
		NEED(ring_start(&bed.admin) && ring_start(&bed.ring));
		rig_enable(&bed.rig);
		CHECK(run_rsa(&bed, true, 7, 128) == GLACIS_CARD_STATUS_KEY_EMPTY);
	}
	rsa_key_free(&numbers);
	bed_close(&bed);
}

static void keys_out_of_bounds(void)
{
	struct rsa_key numbers;
	struct bed bed;
	struct glacis_card_key good, bad;
	const struct {
		const char *what;
		uint32_t kind, modulus, exponent;
	} sizes[] = {
		{ "kind 0", 0, 128, 3 },      { "kind 4", 4, 128, 3 },
		{ "1008 bits", 3, 126, 3 },   { "an odd modulus", 3, 129, 3 },
		{ "4112 bits", 3, 514, 3 },   { "4 GiB", 3, UINT32_MAX - 1, 3 },
		{ "no exponent", 3, 128, 0 }, { "a long exponent", 3, 128, 129 },
		{ "no modulus", 3, 0, 3 },
	};
	/* Offsets of bytes in a CRT key of 1024 bits with e of 3 bytes, and what makes the key wrong there. */
	const struct {
		const char *what;
		uint32_t offset;
		uint8_t and, or ;
	} bytes[] = {
		{ "even n", 127, 0xfe, 0 },      { "short n", 0, 0, 0 },           { "even e", 130, 0xfe, 0 },
		{ "even p", 131 + 63, 0xfe, 0 }, { "even q", 195 + 63, 0xfe, 0 },  { "dp above p", 259, 0, 0xff },
		{ "dq above q", 323, 0, 0xff },  { "qinv above p", 387, 0, 0xff },
	};

	NEED(bed_open(&bed, NULL));
	NEED(rsa_key_get(&numbers, 1024));
	good = rsa_key_command(&bed.rig, bed.key, &numbers, GLACIS_CARD_KEY_KIND_RSA_CRT, 1);
	NEED(good.exponent_size == 3);
	for (size_t i = 0; i < TAP_COUNT(sizes); i++) {
		tap_context("%s", sizes[i].what);
		bad = good;
		bad.kind = (uint8_t)sizes[i].kind;
		bad.modulus_size = sizes[i].modulus;
		bad.exponent_size = sizes[i].exponent;
		CHECK(ring_run(&bed.admin, &bad, NULL) == GLACIS_CARD_STATUS_BAD_FIELD);
	}
	for (size_t i = 0; i < TAP_COUNT(bytes); i++) {
		tap_context("%s", bytes[i].what);
		rsa_key_command(&bed.rig, bed.key, &numbers, GLACIS_CARD_KEY_KIND_RSA_CRT, 1);
		for (unsigned k = 0; k < (bytes[i].or ? 2u : 1u); k++)
			bed.key[bytes[i].offset + k] = (bed.key[bytes[i].offset + k] & bytes[i].and) | bytes[i].or ;
		CHECK(ring_run(&bed.admin, &good, NULL) == GLACIS_CARD_STATUS_KEY_BAD);
	}
	tap_context("%s", "");
	CHECK(run_rsa(&bed, true, 1, 128) == GLACIS_CARD_STATUS_KEY_EMPTY);

	bad = good;
	bad.reserved[103] = 1;
	CHECK(ring_run(&bed.admin, &bad, NULL) == GLACIS_CARD_STATUS_BAD_FIELD);
	bad = good;
	bad.key = RIG_ADDRESS + RIG_MEMORY - 100;
	CHECK(ring_run(&bed.admin, &bad, NULL) == GLACIS_CARD_STATUS_DMA_READ);
	/* Commands of the other kind of queue. */
	CHECK(ring_run(&bed.ring, &good, NULL) == GLACIS_CARD_STATUS_BAD_OPCODE);
	bad = (struct glacis_card_key){ .opcode = GLACIS_CARD_OPCODE_RSA_PUBLIC };
	CHECK(ring_run(&bed.admin, &bad, NULL) == GLACIS_CARD_STATUS_BAD_OPCODE);
	rsa_key_free(&numbers);
	bed_close(&bed);
}

static void values_out_of_bounds(void)
{
	struct glacis_card_rsa command;
	struct rsa_key numbers;
	struct bed bed;

	NEED(bed_open(&bed, NULL));
	NEED(rsa_key_get(&numbers, 1024));
	NEED(load(&bed, &numbers, GLACIS_CARD_KEY_KIND_RSA_CRT, 0));
	rsa_key_put(bed.base, numbers.n, 128);
	CHECK(run_rsa(&bed, true, 0, 128) == GLACIS_CARD_STATUS_VALUE_RANGE);
	CHECK(run_rsa(&bed, false, 0, 128) == GLACIS_CARD_STATUS_VALUE_RANGE);
	bed.base[127] -= 1; /* n is odd: n - 1, whose power is itself */
	CHECK(run_rsa(&bed, true, 0, 128) == GLACIS_CARD_STATUS_OK);
	CHECK(memcmp(bed.base, bed.result, 128) == 0);
	memset(bed.base, 0, 128);
	CHECK(run_rsa(&bed, true, 0, 128) == GLACIS_CARD_STATUS_OK);
	CHECK(memcmp(bed.base, bed.result, 128) == 0);
	CHECK(run_rsa(&bed, true, 0, 127) == GLACIS_CARD_STATUS_BAD_FIELD);

	command = ring_rsa(&bed.rig, true, 1, 0, 128, bed.base, bed.result);
	command.reserved3[50] = 1;
	CHECK(ring_run(&bed.ring, &command, NULL) == GLACIS_CARD_STATUS_BAD_FIELD);
	command = ring_rsa(&bed.rig, true, 1, 0, 128, bed.base, bed.result);
	command.base = RIG_ADDRESS - 1;
	CHECK(ring_run(&bed.ring, &command, NULL) == GLACIS_CARD_STATUS_DMA_READ);
	command = ring_rsa(&bed.rig, true, 1, 0, 128, bed.base, bed.result);
	command.result = RIG_ADDRESS + RIG_MEMORY - 127;
	CHECK(ring_run(&bed.ring, &command, NULL) == GLACIS_CARD_STATUS_DMA_WRITE);
	rsa_key_free(&numbers);
	bed_close(&bed);
}

/* Operations of several queues with keys that are overwritten and emptied meanwhile: right, or KEY_EMPTY. */
static void slots_change_under_operations(void)
{
	enum { QUEUES = 4, EACH = 3 };
	const unsigned rounds = rig_is_rtl() ? 2 : 40;
	struct glacis_card_completion completion;
	struct ring rings[QUEUES];
	unsigned good = 0, empty = 0;
	struct rsa_key numbers;
	struct bed bed;

	NEED(bed_open(&bed, NULL));
	NEED(rsa_key_get(&numbers, 1024));
	NEED(load(&bed, &numbers, GLACIS_CARD_KEY_KIND_RSA_CRT, 0));
	for (unsigned q = 0; q < QUEUES; q++)
		NEED(ring_open(&rings[q], &bed.rig, 10 + q, 2, 2));
	memset(bed.base, 0, 128);
	bed.base[127] = 1; /* whose power is itself */
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < QUEUES * EACH; i++) {
			struct glacis_card_rsa rsa = ring_rsa(&bed.rig, true, i, 0, 128, bed.base,
							      bed.result + i * 128);

			ring_put(&rings[i % QUEUES], &rsa);
			ring_bell(&rings[i % QUEUES]);
		}
		if (round % 2)
			CHECK(zeroise(&bed, 0) == GLACIS_CARD_STATUS_OK);
		CHECK(load(&bed, &numbers,
			   round % 4 < 2 ? GLACIS_CARD_KEY_KIND_RSA_EXPONENT : GLACIS_CARD_KEY_KIND_RSA_CRT, 0));
		for (unsigned i = 0; i < QUEUES * EACH; i++) {
			NEED(ring_take(&rings[i % QUEUES], &completion, RIG_WAIT_MS));
			good += completion.status == GLACIS_CARD_STATUS_OK;
			empty += completion.status == GLACIS_CARD_STATUS_KEY_EMPTY;
			CHECK(completion.cookie == i);
		}
	}
	CHECK(good + empty == QUEUES * EACH * rounds && good > 0);
	for (unsigned i = 0; i < QUEUES * EACH; i++)
		CHECK(memcmp(bed.base, bed.result + i * 128, 128) == 0);
	rsa_key_free(&numbers);
	bed_close(&bed);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "kinds and sizes", kinds_and_sizes },
		{ "slots", slots },
		{ "keys do not outlive a reset", keys_do_not_outlive_a_reset },
		{ "keys out of bounds", keys_out_of_bounds },
		{ "values out of bounds", values_out_of_bounds },
		{ "slots change under operations", slots_change_under_operations },
	};

	if (argc < 3)
		return 2;
	rig_vcard = argv[1];
	rsa_keys_folder = argv[2];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 3);
}
