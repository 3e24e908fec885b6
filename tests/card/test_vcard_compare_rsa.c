/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model and simulated logic side by side: random RSA operations and key commands, good and bad ones, must lead to the
 * same statuses and the same memory. The logic may complete operations behind others of their queue, so they are told
 * apart by their cookies. usage: test_vcard_compare_rsa GLACIS_VCARD FOLDER_WITH_KEYS OPERATIONS [SEED] (OPERATIONS:
 * that end well)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rsa_key.h"

#define ROUND      8u /* commands of a round */
#define RING_LOG2  4u
#define SLOTS      3u /* of the card's, that are used */
#define KEYS       4u
#define BYTES      GLACIS_CARD_RSA_BYTES_MAX
#define KEY_MEMORY 4096u

struct side {
	struct rig rig;
	struct ring admin, ring;
	uint8_t *key, *bases, *results;
	struct glacis_card_completion completions[ROUND]; /* by cookie */
};

static unsigned operations, seed = 1;
static uint64_t state;
static struct side model, logic;
static struct side *const sides[] = { &model, &logic };
static struct rsa_key keys[KEYS];
static int in_slot[SLOTS]; /* key that was loaded last, -1: none */
static unsigned kind_in_slot[SLOTS], seen[16];

static uint32_t pick(uint32_t range)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32) % range;
}

static void fill(uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)pick(256);
}

static bool side_open(struct side *side, const char *backend)
{
	const char *options[] = { "--backend", backend, "--seed", "1", NULL };

	if (!CHECK(rig_open(&side->rig, options)))
		return false;
	if (!rig_map_again(&side->rig))
		return false;
	rig_enable(&side->rig);
	side->key = rig_allocate(&side->rig, KEY_MEMORY);
	side->bases = rig_allocate(&side->rig, ROUND * BYTES);
	side->results = rig_allocate(&side->rig, ROUND * BYTES);
	return CHECK(ring_open(&side->admin, &side->rig, 0, 2, 2)) &&
	       CHECK(ring_open(&side->ring, &side->rig, 1, RING_LOG2, RING_LOG2));
}

/* Of either place where the memory lies. */
static uint64_t move(uint64_t address)
{
	return pick(2) ? address : address - RIG_ADDRESS + RIG_ADDRESS_AGAIN;
}

/* ---- key commands ---- */

static void spoil_key(struct glacis_card_key *command)
{
	switch (pick(14)) {
	case 0:
		command->kind = (uint8_t)pick(256);
		return;
	case 1:
		command->slot = (uint16_t)(256 + pick(65280));
		return;
	case 2:
		command->modulus_size = pick(2) ? pick(1100) : 1u << pick(32);
		return;
	case 3:
		command->exponent_size = pick(2) ? pick(600) : 1u << pick(32);
		return;
	case 4:
		command->reserved[pick(sizeof(command->reserved))] = 1;
		return;
	case 5:
		command->key = RIG_ADDRESS + RIG_MEMORY - pick(100);
		return;
	case 6: /* some number is another, and maybe out of bounds */
		model.key[pick(5 * command->modulus_size / 2)] ^= (uint8_t)(1 << pick(8));
		return;
	case 7: /* any bytes at all */
		fill((uint8_t *)command, sizeof(*command));
		command->opcode = pick(2) ? GLACIS_CARD_OPCODE_KEY_LOAD : GLACIS_CARD_OPCODE_KEY_ZEROISE;
		if (pick(2))
			memset(command->reserved, 0, sizeof(command->reserved));
		return;
	default:
		return;
	}
}

static struct glacis_card_key make_key(unsigned slot)
{
	unsigned which = pick(8) ? pick(2) : pick(KEYS), kind = 1 + pick(3);
	struct glacis_card_key command = rsa_key_command(&model.rig, model.key, &keys[which], kind, slot);

	/* an exponent of more than 1,040 bits takes the logic millions of cycles */
	if (kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT && which > 1)
		command = rsa_key_command(&model.rig, model.key, &keys[which], GLACIS_CARD_KEY_KIND_RSA_CRT, slot);
	if (pick(5) == 0)
		command = (struct glacis_card_key){ .opcode = GLACIS_CARD_OPCODE_KEY_ZEROISE,
						    .slot = (uint16_t)slot,
						    .modulus_size = pick(4) ? 0 : 128 };
	else
		spoil_key(&command);
	if (command.opcode == GLACIS_CARD_OPCODE_KEY_LOAD)
		command.key = move(command.key);
	in_slot[slot] = (int)which;
	kind_in_slot[slot] = command.kind;
	return command;
}

static bool change_key(void)
{
	struct glacis_card_key command = make_key(pick(SLOTS));
	struct glacis_card_completion by_model, by_logic;
	int expected, got;

	memcpy(logic.key, model.key, KEY_MEMORY);
	expected = ring_run(&model.admin, &command, &by_model);
	got = ring_run(&logic.admin, &command, &by_logic);
	tap_context("key command: status %d and %d; opcode %u, kind %u, sizes %u and %u", expected, got, command.opcode,
		    command.kind, command.modulus_size, command.exponent_size);
	seen[expected & 15]++;
	return CHECK(expected >= 0 && expected == got && by_model.size == by_logic.size);
}

/* ---- operations ---- */

static struct glacis_card_rsa make_operation(unsigned index)
{
	unsigned slot = pick(20) ? pick(SLOTS) : pick(300);
	const struct rsa_key *key = slot < SLOTS && in_slot[slot] >= 0 ? &keys[in_slot[slot]] : &keys[0];
	uint8_t *base = model.bases + index * BYTES;
	struct glacis_card_rsa command = ring_rsa(&model.rig, pick(4) != 0, index, slot, key->size, base,
						  model.results + index * BYTES);

	fill(base, key->size);
	switch (pick(20)) {
	case 0: /* around the modulus */
		rsa_key_put(base, key->n, key->size);
		base[key->size - 1] = (uint8_t)(base[key->size - 1] - pick(3));
		break;
	case 1:
		memset(base, 0, key->size - pick(2));
		break;
	case 2:
		command.modulus_size = pick(2) ? pick(1030) : 1u << pick(32);
		break;
	case 3:
		command.base = RIG_ADDRESS + RIG_MEMORY - pick(key->size);
		break;
	case 4:
		command.result = RIG_ADDRESS + RIG_MEMORY - pick(key->size);
		break;
	case 5:
		command.reserved3[pick(sizeof(command.reserved3))] = 1;
		break;
	case 6:
		command.opcode = GLACIS_CARD_OPCODE_NOP;
		break;
	case 7: /* any bytes at all */
		fill((uint8_t *)&command, sizeof(command));
		command.opcode = GLACIS_CARD_OPCODE_RSA_PRIVATE;
		command.cookie = index;
		if (pick(2)) {
			command.reserved = 0;
			command.reserved2 = 0;
			memset(command.reserved3, 0, sizeof(command.reserved3));
		}
		return command;
	default:
		base[0] = 0; /* below any modulus */
	}
	command.base = move(command.base);
	command.result = move(command.result);
	return command;
}

static bool take_all(struct side *side)
{
	for (unsigned i = 0; i < ROUND; i++) {
		struct glacis_card_completion completion;

		if (!CHECK(ring_take(&side->ring, &completion, RIG_WAIT_MS)) || !CHECK(completion.cookie < ROUND))
			return false;
		side->completions[completion.cookie] = completion;
	}
	return true;
}

static bool compare(unsigned index, const struct glacis_card_rsa *command)
{
	const struct glacis_card_completion *by_model = &model.completions[index],
					    *by_logic = &logic.completions[index];
	bool same;

	tap_context("operation %u of the round, opcode %u, slot %u, %u bytes: status %u and %u, size %u and %u", index,
		    command->opcode, command->slot, command->modulus_size, by_model->status, by_logic->status,
		    by_model->size, by_logic->size);
	same = CHECK(by_model->status == by_logic->status && by_model->size == by_logic->size &&
		     by_model->queue == by_logic->queue);
	seen[by_model->status & 15]++;
	/* a write that fails may have written a part */
	if (by_model->status != GLACIS_CARD_STATUS_DMA_WRITE)
		same &= CHECK(memcmp(model.results + index * BYTES, logic.results + index * BYTES, BYTES) == 0);
	return same;
}

static bool run_round(void)
{
	struct glacis_card_rsa commands[ROUND];

	for (unsigned k = 0; k < 2; k++)
		memset(sides[k]->results, 0x5a, ROUND * BYTES);
	for (unsigned i = 0; i < ROUND; i++)
		commands[i] = make_operation(i);
	memcpy(logic.bases, model.bases, ROUND * BYTES);
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < ROUND; i++)
			ring_put(&sides[k]->ring, &commands[i]);
		ring_bell(&sides[k]->ring);
	}
	if (!take_all(&model) || !take_all(&logic))
		return false;
	for (unsigned i = 0; i < ROUND; i++) {
		if (!compare(i, &commands[i]))
			return false;
	}
	return true;
}

static void random_operations(void)
{
	static const unsigned bits[KEYS] = { 1024, 1040, 2048, 3072 };
	bool good = true;

	state = seed * 0x9e3779b97f4a7c15u | 1;
	NEED(side_open(&model, "model") && side_open(&logic, "rtl"));
	for (unsigned i = 0; i < KEYS; i++)
		NEED(rsa_key_get(&keys[i], bits[i]));
	for (unsigned i = 0; i < SLOTS; i++)
		in_slot[i] = -1;
	while (good && rig_read64(&model.rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS) < operations)
		good = change_key() && change_key() && run_round();
	tap_context("%s", "");
	CHECK(rig_read64(&model.rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS) ==
	      rig_read64(&logic.rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS));
	CHECK(rig_read64(&model.rig, GLACIS_CARD_COUNTERS_ERRORS) ==
	      rig_read64(&logic.rig, GLACIS_CARD_COUNTERS_ERRORS));
	printf("# %llu operations done; commands by status:",
	       (unsigned long long)rig_read64(&logic.rig, GLACIS_CARD_COUNTERS_RSA_OPERATIONS));
	for (unsigned i = 0; i < 16; i++) {
		if (seen[i])
			printf(" %u: %u", i, seen[i]);
	}
	printf("\n");
	for (unsigned i = 0; i < KEYS; i++)
		rsa_key_free(&keys[i]);
	CHECK(rig_stop(&model.rig) == 0);
	CHECK(rig_stop(&logic.rig) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = { { "random RSA commands", random_operations } };

	if (argc < 4)
		return 2;
	rig_vcard = argv[1];
	rsa_keys_folder = argv[2];
	operations = (unsigned)atoi(argv[3]);
	if (argc > 4)
		seed = (unsigned)atoi(argv[4]);
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 5);
}
