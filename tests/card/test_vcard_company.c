/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA of the simulated logic in company: records overtake operations, queues with many of them do not stop others, a
 * queue that is reset does not wait for what it has given up, and cycles do not depend on key or message. usage:
 * test_vcard_company GLACIS_VCARD FOLDER_WITH_KEYS [CASE...]
 */
#include <stdio.h>
#include <string.h>

#include "rsa_key.h"

#define RING_LOG2 6u
#define MANY      60u /* operations of a queue */
#define RECORDS   20u
#define RSA_2048  700000u /* cycles that one takes at least, by its primes */

static struct rig rig;
static struct ring admin, first, second, third;
static struct rsa_key key;
static uint8_t *numbers, *base, *results, *text;

static uint64_t cycles(void)
{
	return rig_read64(&rig, GLACIS_CARD_CONTROL_CYCLES);
}

static bool begin(unsigned bits, unsigned kind, const char *seed)
{
	const char *options[] = { "--backend", "rtl", "--seed", seed, NULL };
	struct glacis_card_key load;

	if (!CHECK(rig_open(&rig, options)) || !CHECK(rsa_key_get(&key, bits)))
		return false;
	rig_enable(&rig);
	numbers = rig_allocate(&rig, 4096);
	base = rig_allocate(&rig, GLACIS_CARD_RSA_BYTES_MAX);
	results = rig_allocate(&rig, MANY * GLACIS_CARD_RSA_BYTES_MAX);
	text = rig_allocate(&rig, 8192);
	if (!CHECK(ring_open(&admin, &rig, 0, 2, 2)) || !CHECK(ring_open(&first, &rig, 1, RING_LOG2, RING_LOG2)) ||
	    !CHECK(ring_open(&second, &rig, 2, RING_LOG2, RING_LOG2)) ||
	    !CHECK(ring_open(&third, &rig, 64, RING_LOG2, RING_LOG2)))
		return false;
	load = rsa_key_command(&rig, numbers, &key, kind, 0);
	return CHECK(ring_run(&admin, &load, NULL) == GLACIS_CARD_STATUS_OK);
}

static void end(void)
{
	rsa_key_free(&key);
	CHECK(rig_stop(&rig) == 0);
}

/* Whose result, that of base 1, is 1. */
static void put_rsa(struct ring *ring, bool private_exponent, unsigned index)
{
	struct glacis_card_rsa command;

	memset(base, 0, key.size);
	base[key.size - 1] = 1;
	memset(results + index * key.size, 0x77, key.size);
	command = ring_rsa(&rig, private_exponent, index, 0, key.size, base, results + index * key.size);
	ring_put(ring, &command);
}

static bool is_one(unsigned index)
{
	return memcmp(results + index * key.size, base, key.size) == 0;
}

static void put_record(struct ring *ring, unsigned cookie)
{
	struct glacis_card_aead record = ring_aead(&rig, true, cookie, text, text + 2048, 1024, text + 4096);

	ring_put(ring, &record);
}

static bool comes(struct ring *ring, unsigned cookie)
{
	struct glacis_card_completion completion;

	return ring_take(ring, &completion, RIG_WAIT_MS) && completion.status == GLACIS_CARD_STATUS_OK &&
	       completion.cookie == cookie;
}

static void records_overtake(void)
{
	uint64_t start, records;

	NEED(begin(2048, GLACIS_CARD_KEY_KIND_RSA_CRT, "1"));
	put_rsa(&first, true, 0);
	for (unsigned i = 0; i < RECORDS; i++) {
		put_record(&first, 100 + i);
		put_record(&second, 200 + i);
	}
	start = cycles();
	ring_bell(&first);
	ring_bell(&second);
	for (unsigned i = 0; i < RECORDS; i++) /* in order among themselves */
		CHECK(comes(&first, 100 + i) && comes(&second, 200 + i));
	records = cycles() - start;
	CHECK(rig_read64(&rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS) == 0);
	CHECK(comes(&first, 0) && is_one(0));
	printf("# %u records after %llu cycles, the operation after %llu\n", 2 * RECORDS, (unsigned long long)records,
	       (unsigned long long)(cycles() - start));
	CHECK(cycles() - start > RSA_2048);
	CHECK(rig_read64(&rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS) == 1);
	end();
}

/* More than the logic takes of a queue at a time: the rest stays in the ring, and nobody else waits. */
static void many_operations(void)
{
	NEED(begin(1024, GLACIS_CARD_KEY_KIND_RSA_PUBLIC, "1"));
	for (unsigned i = 0; i < MANY; i++) {
		put_rsa(&first, false, i);
		put_rsa(&third, false, i);
	}
	put_record(&second, 7);
	ring_bell(&first);
	ring_bell(&third);
	ring_bell(&second);
	CHECK(comes(&second, 7));
	CHECK(rig_read64(&rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS) < MANY);
	for (unsigned i = 0; i < MANY; i++) {
		tap_context("operation %u", i);
		CHECK(comes(&first, i) && comes(&third, i) && is_one(i));
	}
	tap_context("%s", "");
	end();
}

/* Of two queues with operations one is reset: the other's go on in order, and the first starts anew. */
static void reset_while_operations_run(void)
{
	enum { EACH = 30 };
	struct glacis_card_completion none;
	uint64_t start, taken;

	NEED(begin(1024, GLACIS_CARD_KEY_KIND_RSA_CRT, "1"));
	for (unsigned i = 0; i < EACH; i++)
		put_rsa(&first, true, i);
	ring_bell(&first);
	for (unsigned i = 0; i < 5; i++)
		put_rsa(&second, true, EACH + i);
	ring_bell(&second);
	CHECK(comes(&first, 0)); /* all is under way */
	start = cycles();
	CHECK(ring_reset(&first));
	taken = cycles() - start; /* once: they go on while this program waits for a processor */
	printf("# a queue with operations is reset within %llu cycles\n", (unsigned long long)taken);
	CHECK(taken < 100000); /* one operation takes 150,000 */
	memset(results, 0x77, EACH * key.size);
	for (unsigned i = 0; i < 5; i++)
		CHECK(comes(&second, EACH + i) && is_one(EACH + i));
	CHECK(!ring_take(&first, &none, 0));
	for (unsigned i = 0; i < EACH * key.size; i++)
		NEED(results[i] == 0x77);
	NEED(ring_start(&first));
	put_rsa(&first, true, 3);
	ring_bell(&first);
	CHECK(comes(&first, 3) && is_one(3));

	/* The function is reset while one runs: afterwards the slots are empty. */
	put_rsa(&first, true, 4);
	ring_bell(&first);
	CHECK(rig_reset(&rig));
	NEED(ring_start(&first));
	rig_enable(&rig);
	put_rsa(&first, true, 5);
	ring_bell(&first);
	CHECK(ring_take(&first, &none, RIG_WAIT_MS) && none.status == GLACIS_CARD_STATUS_KEY_EMPTY && none.cookie == 5);
	end();
}

/* From doorbell to completion, on a bus that answers at once. */
static uint64_t cycles_of(unsigned fills)
{
	struct glacis_card_rsa command = ring_rsa(&rig, true, 1, 0, key.size, base, results);
	uint64_t start;

	memset(base, (int)fills, key.size);
	base[0] = 0;
	start = cycles();
	CHECK(ring_run(&first, &command, NULL) == GLACIS_CARD_STATUS_OK);
	return cycles() - start;
}

static void constant_cycles(void)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (unsigned round = 0; round < 2; round++) { /* two keys: 1024 bits are made anew */
		NEED(begin(1024, GLACIS_CARD_KEY_KIND_RSA_CRT, "0"));
		for (unsigned fills = 0; fills < 256; fills += 85) {
			uint64_t now = cycles_of(fills);

			least = now < least ? now : least;
			most = now > most ? now : most;
		}
		end();
	}
	printf("# 1,024 bits: from %llu to %llu cycles, with the registers' reads\n", (unsigned long long)least,
	       (unsigned long long)most);
	/* the clock runs on for a few cycles behind what the host sees */
	CHECK(most - least <= 128);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "records overtake", records_overtake },
		{ "many operations", many_operations },
		{ "reset while operations run", reset_while_operations_run },
		{ "constant cycles", constant_cycles },
	};

	if (argc < 3)
		return 2;
	rig_vcard = argv[1];
	rsa_keys_folder = argv[2];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 3);
}
