/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the emulated card's commands: a queue whose ring, segment lists, keys and texts are the input.
 * Beyond crashes it checks that nothing outside the mapped memory is written, that each command has one completion with
 * a known status, and that what failed to be read wrote nothing.
 *
 * An input: a byte (bit 0: the admin queue; bit 1: compute nothing; bit 2: a fault is armed), how many commands, then
 * what host memory holds from its beginning, where the ring is; the completion ring is at its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card.h"
#include "completion.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define ADDRESS  UINT64_C(0x10000)
#define MEMORY   0x20000u
#define MARGIN   0x10000u /* of the same file, before and behind what is mapped */
#define CQ       (MEMORY - 0x1000u)
#define SQ_LOG2  3u
#define COMMANDS ((1u << SQ_LOG2) - 1)

static struct vcard_card *cards[2];
static struct vcard_scratch *scratch;
static uint8_t *memory; /* with the margins */
static int memory_fd;

static void require(bool holds, const char *promise)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

static void prepare(void)
{
	struct vcard_setup setup = { .backend = &vcard_model, .queues = 1, .threads = 0, .key_slots = 2 };

	memory_fd = memfd_create("fuzz", MFD_CLOEXEC);
	require(memory_fd >= 0 && !ftruncate(memory_fd, MEMORY + 2 * MARGIN), "memory can be made");
	memory = mmap(NULL, MEMORY + 2 * MARGIN, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	scratch = calloc(1, sizeof(*scratch));
	for (unsigned i = 0; i < 2; i++) {
		cards[i] = calloc(1, sizeof(*cards[i]));
		require(memory != MAP_FAILED && scratch && cards[i] && !vcard_card_init(cards[i], &setup),
			"a card can be made");
		setup.backend = &vcard_instant;
	}
}

static bool is_all(const uint8_t *bytes, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != value)
			return false;
	}
	return true;
}

/* A client with one region, and a queue on it. */
static struct vcard_queue *attach(struct vcard_card *card, unsigned index, unsigned count)
{
	struct vcard_queue *queue = &card->queues[index];

	require(!vcard_card_attach(card, NULL), "a client can come");
	vcard_card_choose_image(card);
	vcard_card_master(card, true);
	require(!vcard_dma_map_add(&card->map, ADDRESS, MEMORY, 3, memory_fd, MARGIN), "memory can be mapped");
	card->enabled = true;
	queue->sq_base = ADDRESS;
	queue->cq_base = ADDRESS + CQ;
	queue->size = SQ_LOG2 | (SQ_LOG2 + 1) << GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_SHIFT;
	vcard_queue_enable(queue);
	require(queue->state == GLACIS_CARD_STATE_ENABLED, "the queue is accepted");
	*vcard_card_doorbell(card, index, GLACIS_CARD_DOORBELL_SQ_TAIL) = count;
	return queue;
}

static void check(const struct vcard_card *card, const struct vcard_queue *queue, unsigned count)
{
	require(is_all(memory, MARGIN, 0x77) && is_all(memory + MARGIN + MEMORY, MARGIN, 0x77),
		"nothing is written outside the map");
	require(queue->state == GLACIS_CARD_STATE_ENABLED, "no command fails a queue");
	require(queue->counters[VCARD_COMMANDS] == count && queue->sq_head == count, "all commands are taken");
	require(queue->counters[VCARD_COMPLETIONS] == count && queue->cq_tail == count,
		"each command has a completion");
	require(queue->counters[VCARD_AEAD_OPERATIONS] + queue->counters[VCARD_RSA_OPERATIONS] +
				queue->counters[VCARD_ERRORS] <=
			count,
		"a command is counted once");
	require(!(card->errors & (GLACIS_CARD_CONTROL_ERRORS_QUEUE_MASK | GLACIS_CARD_CONTROL_ERRORS_INTERNAL_MASK)),
		"errors are those of commands");
}

/* The last completion, which no command can have overwritten. */
static void check_last(const struct vcard_queue *queue, unsigned count)
{
	struct glacis_card_completion last;

	memcpy(&last, memory + MARGIN + CQ + (count - 1) * sizeof(last), sizeof(last));
	require(last.phase == 1 && last.queue == queue->index && last.sq_head == count, "a completion is whole");
	require(last.status <= GLACIS_CARD_STATUS_INTERNAL, "its status is known");
	require(!last.size || last.status == GLACIS_CARD_STATUS_OK, "a size comes with success only");
	require(last.size <= GLACIS_CARD_TEXT_MAX, "the size is in bounds");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const faults[] = { "corrupt-tag", "dma-outside", "corrupt-rsa" };
	struct vcard_queue *queue;
	struct vcard_card *card;
	char message[128];
	unsigned count;

	if (!cards[0])
		prepare();
	if (size < 2 || size - 2 > CQ)
		return 0;
	card = cards[bytes[0] >> 1 & 1];
	count = 1 + bytes[1] % COMMANDS;
	memset(memory, 0x77, MEMORY + 2 * MARGIN);
	memset(memory + MARGIN, 0, MEMORY);
	memcpy(memory + MARGIN, bytes + 2, size - 2);
	queue = attach(card, bytes[0] & 1 ? 0 : 1, count);
	if (bytes[0] & 4)
		require(!vcard_faults_arm(&card->faults, faults[bytes[1] % 3], message, sizeof(message)),
			"a fault is armed");
	vcard_gate_enter(&card->gate);
	require(vcard_queue_run(queue, scratch) == count, "commands are run");
	vcard_gate_leave(&card->gate);
	check(card, queue, count);
	check_last(queue, count);
	vcard_faults_clear(&card->faults, NULL);
	vcard_card_detach(card);
	return 0;
}
