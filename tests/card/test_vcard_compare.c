/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model and simulated logic side by side: the same random descriptors, many under way in several queues, must lead to
 * the same completions and the same memory. Good ones, forged ones, malformed ones, ones whose memory is not there.
 * usage: test_vcard_compare GLACIS_VCARD RECORDS [SEED]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aead_vectors.h"
#include "ring.h"

#define QUEUES     3u
#define RING_LOG2  4u
#define SLOTS      15u /* of a queue; one entry of a ring stays free */
#define SLOT_BYTES (96u << 10)
#define SPACE      (40u << 10) /* for source or destination with holes */
#define PIECES_MAX GLACIS_CARD_SEGMENTS_MAX

/* Memory of one command, at the same place in both cards' memory. */
struct slot {
	struct glacis_card_segment source_list[PIECES_MAX];
	struct glacis_card_segment destination_list[PIECES_MAX];
	uint8_t aad[64 + 32];
	uint8_t tag[16 + 32];
	uint8_t source[SPACE];
	uint8_t destination[SPACE];
};
_Static_assert(sizeof(struct slot) <= SLOT_BYTES, "slots");

struct side {
	struct rig rig;
	struct ring rings[QUEUES];
	uint8_t *slots;
};

static unsigned records = 1000;
static uint32_t seed = 1;
static uint64_t state;
static struct side model, logic;
static unsigned seen[16]; /* completions by status */
static struct glacis_card_aead commands[QUEUES][SLOTS];

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

/* Of either place where the memory lies. */
static uint64_t address_of(const struct rig *rig, const void *memory)
{
	return pick(2) ? rig_address(rig, memory) : rig_address_again(rig, memory);
}

static struct slot *slot_of(const struct side *side, unsigned queue, unsigned index)
{
	return (struct slot *)(void *)(side->slots + (size_t)(queue * SLOTS + index) * SLOT_BYTES);
}

/* ---- one command ---- */

static uint32_t pick_size(void)
{
	switch (pick(8)) {
	case 0:
		return pick(20);
	case 1:
		return 16 * pick(70);
	case 2:
		return 1 + pick(16640);
	case 3:
		return 480 + pick(64);
	default:
		return pick(1500);
	}
}

/* Lays `size` bytes out in pieces with holes from `space` on; 1 piece: at a random place. The count of the list. */
static uint8_t lay_out(const struct rig *rig, struct glacis_card_segment *list, uint8_t *space, uint32_t size)
{
	uint32_t count = size && pick(2) ? 1 + pick(size < PIECES_MAX ? size : PIECES_MAX) : 1, at = pick(4200),
		 left = size;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t last = left - (count - 1 - i),
			 piece = i + 1 == count ? left : 1 + pick(2 * left / (count - i));

		if (piece > last)
			piece = last;
		list[i] = (struct glacis_card_segment){ .address = address_of(rig, space + at), .size = piece };
		at += piece + (pick(3) ? pick(40) : 0);
		left -= piece;
	}
	return (uint8_t)count;
}

static void gather(const struct rig *rig, const struct glacis_card_segment *list, uint32_t count, uint8_t *bytes)
{
	for (uint32_t i = 0; i < count; i++) {
		memcpy(bytes, rig_memory(rig, list[i].address), list[i].size);
		bytes += list[i].size;
	}
}

static void scatter(const struct rig *rig, const struct glacis_card_segment *list, uint32_t count, const uint8_t *bytes)
{
	for (uint32_t i = 0; i < count; i++) {
		memcpy(rig_memory(rig, list[i].address), bytes, list[i].size);
		bytes += list[i].size;
	}
}

/* Makes the source what an OPEN takes, and the tag that belongs to it. */
static void encrypt(const struct rig *rig, const struct glacis_card_aead *command, struct slot *slot, uint32_t count,
		    const uint8_t *aad, uint8_t *tag)
{
	static uint8_t plain[SPACE], cipher[SPACE];

	gather(rig, slot->source_list, count, plain);
	CHECK(vector_openssl(command->key, command->key_size, command->nonce, aad, command->aad_size, plain,
			     command->text_size, cipher, tag));
	scatter(rig, slot->source_list, count, cipher);
}

/* Any bytes at all; the model says what is the first that is wrong with them. */
static void make_noise(struct glacis_card_aead *command)
{
	uint32_t cookie = command->cookie;
	uint8_t opcode = command->opcode;

	fill((uint8_t *)command, sizeof(*command));
	command->cookie = cookie;
	if (pick(4))
		command->opcode = opcode;
}

/* Something that is wrong, sometimes; the model says what it leads to. */
static void spoil(struct glacis_card_aead *command, struct slot *slot, uint8_t *tag)
{
	/* The memory's end; some bytes of what is asked for may be there, but not all. */
	const uint64_t nowhere = RIG_ADDRESS + RIG_MEMORY - (command->text_size > 8 ? pick(8) : 0);

	switch (pick(60)) {
	case 0:
		tag[pick(16)] ^= (uint8_t)(1 << pick(8));
		return;
	case 1:
		slot->source[pick(SPACE)] ^= 1;
		return;
	case 2:
		command->key_size = (uint8_t)pick(256);
		return;
	case 3:
		command->aad_size = (uint8_t)pick(256);
		return;
	case 4:
		command->reserved[pick(3)] = 1;
		return;
	case 5:
		command->source = nowhere;
		return;
	case 6:
		command->destination = nowhere;
		return;
	case 7:
		command->tag = nowhere;
		return;
	case 8:
		slot->source_list[pick(PIECES_MAX)].size++;
		return;
	case 9:
		slot->destination_list[pick(PIECES_MAX)].reserved = pick(2);
		return;
	case 10:
		slot->source_list[pick(2)].address = UINT64_MAX - pick(64);
		return;
	case 11:
		slot->destination_list[pick(2)].address = nowhere;
		return;
	case 12:
		command->source_count = (uint8_t)(17 + pick(200));
		return;
	case 13:
		command->destination_count = (uint8_t)(17 + pick(200));
		return;
	case 14:
		command->opcode = (uint8_t)pick(256);
		return;
	case 15:
		command->text_size = pick(2) ? GLACIS_CARD_TEXT_MAX + 1 + pick(100) : command->text_size + 1;
		return;
	case 16:
		command->aad_address = nowhere;
		return;
	case 17:
	case 18:
		make_noise(command);
		return;
	default:
		return;
	}
}

static struct glacis_card_aead make(unsigned queue, unsigned index, uint32_t cookie)
{
	const struct rig *rig = &model.rig;
	struct slot *slot = slot_of(&model, queue, index);
	struct glacis_card_aead command = { .opcode = (uint8_t)(1 + pick(2)), .key_size = (uint8_t)(16 + 8 * pick(3)) };
	uint8_t *aad = slot->aad + pick(32), *tag = slot->tag + pick(32);
	bool in_place = pick(4) == 0;

	fill((uint8_t *)slot, offsetof(struct slot, source));
	for (uint32_t i = 0; i < SPACE; i += 64)
		fill(slot->source + i, 8); /* the rest is what earlier rounds have left */
	command.cookie = cookie;
	command.text_size = pick_size();
	command.aad_size = (uint8_t)(pick(3) ? 13 : pick(65));
	fill(command.key, sizeof(command.key));
	fill(command.nonce, sizeof(command.nonce));
	fill(command.aad, sizeof(command.aad));
	if (command.aad_size > GLACIS_CARD_AAD_INLINE_MAX)
		command.aad_address = address_of(rig, aad);
	else
		aad = command.aad;
	command.source_count = lay_out(rig, slot->source_list, slot->source, command.text_size);
	command.destination_count = lay_out(rig, slot->destination_list, slot->destination, command.text_size);
	command.tag = address_of(rig, tag);
	if (command.opcode == GLACIS_CARD_OPCODE_OPEN)
		encrypt(rig, &command, slot, command.source_count, aad, tag);
	command.source = command.source_count > 1 ? address_of(rig, slot->source_list) : slot->source_list[0].address;
	command.destination = command.destination_count > 1 ? address_of(rig, slot->destination_list)
							    : slot->destination_list[0].address;
	if (in_place) {
		command.destination = command.source;
		command.destination_count = command.source_count;
	}
	spoil(&command, slot, tag);
	if (pick(40) == 0)
		command.opcode = GLACIS_CARD_OPCODE_NOP;
	return command;
}

/* ---- both sides ---- */

static bool side_open(struct side *side, const char *backend)
{
	const char *options[] = { "--backend", backend, "--fault", "no-rsa", "--queues", "4", "--seed", "1", NULL };
	char number[16];

	snprintf(number, sizeof(number), "%u", seed);
	options[7] = number;
	if (!CHECK(rig_open(&side->rig, options)))
		return false;
	if (!rig_map_again(&side->rig))
		return false;
	rig_enable(&side->rig);
	for (unsigned i = 0; i < QUEUES; i++) {
		if (!CHECK(ring_open(&side->rings[i], &side->rig, i + 1, RING_LOG2, RING_LOG2)))
			return false;
	}
	/* the last queue's rings are at the other place */
	if (!CHECK(ring_reset(&side->rings[QUEUES - 1])) || !CHECK(ring_start_again(&side->rings[QUEUES - 1])))
		return false;
	side->slots = rig_allocate(&side->rig, (size_t)QUEUES * SLOTS * SLOT_BYTES);
	return true;
}

static void describe(const struct glacis_card_aead *command, const uint8_t *expected, const uint8_t *got)
{
	size_t at = 0;

	while (expected[at] == got[at])
		at++;
	printf("# differs from byte %zu of the slot on: %02x and %02x; opcode %u, %u bytes, %u pieces at %#llx to %u "
	       "at "
	       "%#llx, tag at %#llx\n",
	       at, expected[at], got[at], command->opcode, command->text_size, command->source_count,
	       (unsigned long long)command->source, command->destination_count,
	       (unsigned long long)command->destination, (unsigned long long)command->tag);
}

/* Both cards' completion of the oldest command of a queue; they must be the same. */
static bool compare(unsigned queue, unsigned index)
{
	struct glacis_card_completion by_model, by_logic;
	struct slot *expected = slot_of(&model, queue, index), *got = slot_of(&logic, queue, index);

	tap_context("queue %u, command %u of the round", queue, index);
	if (!CHECK(ring_take(&model.rings[queue], &by_model, RIG_WAIT_MS)) ||
	    !CHECK(ring_take(&logic.rings[queue], &by_logic, RIG_WAIT_MS)))
		return false;
	tap_context("queue %u, command %u: status %u and %u, size %u and %u", queue, by_model.cookie, by_model.status,
		    by_logic.status, by_model.size, by_logic.size);
	CHECK(by_model.cookie == by_logic.cookie && by_model.status == by_logic.status &&
	      by_model.size == by_logic.size && by_model.queue == by_logic.queue && by_model.phase == by_logic.phase);
	seen[by_model.status & 15]++;
	/* a write that fails may have written a part, and which is the card's business */
	if (by_model.status == GLACIS_CARD_STATUS_DMA_WRITE)
		memcpy(got, expected, sizeof(*got));
	else if (!CHECK(memcmp(expected, got, sizeof(*got)) == 0))
		describe(&commands[queue][index], (const uint8_t *)expected, (const uint8_t *)got);
	tap_context("%s", "");
	return true;
}

/* Rounds of commands on both cards until `count` have been compared. */
static bool run(uint32_t count, struct glacis_card_aead (*next)(unsigned queue, unsigned index, uint32_t cookie))
{
	uint32_t cookie = 0;

	while (cookie < count) {
		unsigned counts[QUEUES];

		for (unsigned queue = 0; queue < QUEUES; queue++) {
			counts[queue] = 1 + pick(SLOTS);
			for (unsigned i = 0; i < counts[queue]; i++) {
				struct glacis_card_aead command = next(queue, i, cookie++);

				commands[queue][i] = command;
				memcpy(slot_of(&logic, queue, i), slot_of(&model, queue, i), sizeof(struct slot));
				ring_put(&model.rings[queue], &command);
				ring_put(&logic.rings[queue], &command);
			}
		}
		for (unsigned queue = 0; queue < QUEUES; queue++) {
			ring_bell(&model.rings[queue]);
			ring_bell(&logic.rings[queue]);
		}
		for (unsigned queue = 0; queue < QUEUES; queue++) {
			for (unsigned i = 0; i < counts[queue]; i++) {
				if (!compare(queue, i))
					return false;
			}
		}
	}
	printf("# %u commands:", cookie);
	for (unsigned i = 0; i < 16; i++) {
		if (seen[i])
			printf(" status %u %u times", i, seen[i]);
	}
	printf("\n");
	return true;
}

static bool open_both(void)
{
	state = seed * 0x9e3779b97f4a7c15u | 1;
	memset(seen, 0, sizeof(seen));
	return side_open(&model, "model") && side_open(&logic, "rtl");
}

/* What is in memory already may be counted a moment later: the logic waits for the bus's answer. */
static bool counters_meet(uint32_t counter)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	while (rig_read64(&model.rig, counter) != rig_read64(&logic.rig, counter)) {
		if (rig_now_ms() > end)
			return false;
	}
	return true;
}

static void close_both(void)
{
	/* what the registers have counted, but for bytes: of reads in vain each card has its own */
	for (uint32_t counter = GLACIS_CARD_COUNTERS_COMMANDS; counter <= GLACIS_CARD_COUNTERS_ERRORS; counter += 8) {
		tap_context("counter %#x", counter);
		CHECK(counters_meet(counter));
	}
	tap_context("%s", "");
	CHECK(rig_stop(&model.rig) == 0);
	CHECK(rig_stop(&logic.rig) == 0);
}

static void random_commands(void)
{
	NEED(open_both());
	NEED(run(records, make));
	CHECK(seen[GLACIS_CARD_STATUS_OK] && seen[GLACIS_CARD_STATUS_AUTH_FAILED] &&
	      seen[GLACIS_CARD_STATUS_BAD_FIELD] && seen[GLACIS_CARD_STATUS_DMA_READ] &&
	      seen[GLACIS_CARD_STATUS_DMA_WRITE]);
	close_both();
}

/*
 * Every place in a beat of the bus for source and destination, on both sides of a page's end; sizes of less than a
 * beat, of some, and of more than a burst.
 */
static struct glacis_card_aead make_crossing(unsigned queue, unsigned index, uint32_t cookie)
{
	static const uint32_t sizes[] = { 7, 100, 700 };
	const struct rig *rig = &model.rig;
	struct slot *slot = slot_of(&model, queue, index);
	uint64_t from = (rig_address(rig, slot->source) | 4095) - 20 + cookie % 32;
	uint64_t to = (rig_address(rig, slot->destination) | 4095) - 20 + cookie / 32 % 32;
	struct glacis_card_aead command = { .opcode = GLACIS_CARD_OPCODE_SEAL,
					    .key_size = 16,
					    .cookie = cookie,
					    .text_size = sizes[cookie / 1024 % 3],
					    .source = from,
					    .destination = to,
					    .tag = rig_address(rig, slot->tag + cookie % 32) };

	fill(slot->source, 6000);
	fill(command.key, 16);
	return command;
}

static void every_alignment(void)
{
	NEED(open_both());
	NEED(run(3 * 1024, make_crossing));
	CHECK(seen[GLACIS_CARD_STATUS_OK] >= 3 * 1024);
	close_both();
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "random commands", random_commands },
		{ "every alignment", every_alignment },
	};

	if (argc < 3)
		return 2;
	rig_vcard = argv[1];
	records = (unsigned)atoi(argv[2]);
	if (argc > 3)
		seed = (uint32_t)atoi(argv[3]);
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 4);
}
