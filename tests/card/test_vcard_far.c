/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory without a descriptor, for which the card must ask the client: rings, lists, texts and keys in it; clients that
 * answer wrongly, late, never, or die instead.
 *
 * usage: test_vcard_far GLACIS-VCARD [CASE...]
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"

#define BOTH   (VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE)
#define NOPS   20u
#define PAGE   4096u
#define REACH  (RIG_MEMORY / 2)
#define SILENT 5000 /* ms until the card gives a silent client up */

/* A rig whose upper half of memory the card does not have mapped, but must ask for. */
struct bed {
	struct rig rig;
	struct ring ring;
	uint8_t *text; /* in the upper half */
};

static bool attach(struct bed *bed)
{
	struct rig *rig = &bed->rig;

	if (!rig_attach(rig))
		return false;
	rig->client.far = rig->memory + REACH;
	rig->client.far_address = RIG_ADDRESS + REACH;
	rig->client.far_size = RIG_MEMORY - REACH;
	return CHECK(client_unmap(&rig->client, 0, 0, VCARD_WIRE_UNMAP_ALL) == 0) &&
	       CHECK(client_map(&rig->client, RIG_ADDRESS, REACH, BOTH, rig->memory_fd, 0) == 0) &&
	       CHECK(client_map(&rig->client, RIG_ADDRESS + REACH, RIG_MEMORY - REACH, BOTH, -1, 0) == 0);
}

static bool bed_open(struct bed *bed, bool far_rings)
{
	if (!rig_start(&bed->rig, NULL) || !attach(bed))
		return false;
	if (far_rings)
		bed->rig.used = REACH;
	if (!CHECK(ring_open(&bed->ring, &bed->rig, 1, 3, 3)))
		return false;
	bed->rig.used = REACH + (1u << 20);
	bed->text = rig_allocate(&bed->rig, 4 * PAGE);
	rig_enable(&bed->rig);
	return true;
}

static void bed_close(struct bed *bed)
{
	bed->rig.client.far = NULL;
	CHECK(rig_stop(&bed->rig) == 0);
}

static struct glacis_card_aead seal(const struct bed *bed, uint32_t cookie)
{
	return ring_aead(&bed->rig, true, cookie, bed->text, bed->text + PAGE, 100, bed->text + 2 * PAGE);
}

static void everything_is_far(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_segment *list;
	struct glacis_card_aead aead;
	struct bed bed;

	NEED(bed_open(&bed, true));
	for (uint32_t i = 0; i < NOPS; i++) {
		struct glacis_card_rsa nop = ring_nop(i);

		CHECK(ring_run(&bed.ring, &nop, &completion) == GLACIS_CARD_STATUS_OK && completion.cookie == i);
	}
	CHECK(bed.rig.client.far_reads == NOPS && bed.rig.client.far_writes == NOPS);
	aead = seal(&bed, 7);
	list = (void *)(bed.text + 3 * PAGE);
	list[0] = (struct glacis_card_segment){ rig_address(&bed.rig, bed.text), 40, 0 };
	list[1] = (struct glacis_card_segment){ rig_address(&bed.rig, bed.text + 60), 60, 0 };
	aead.source = rig_address(&bed.rig, list);
	aead.source_count = 2;
	CHECK(ring_run(&bed.ring, &aead, &completion) == GLACIS_CARD_STATUS_OK && completion.size == 100);
	aead.opcode = GLACIS_CARD_OPCODE_OPEN;
	aead.source_count = 0;
	aead.source = aead.destination;
	memset(bed.text, 1, 100);
	aead.destination = rig_address(&bed.rig, bed.text);
	CHECK(ring_run(&bed.ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	CHECK(bed.text[0] == 0 && bed.text[99] == 0 && bed.text[100] == 0);
	bed_close(&bed);
}

/* ---- clients that answer otherwise than they should ---- */

/* Takes the card's next request from the socket. */
static bool take_request(struct client *client, struct vcard_wire_header *header, struct vcard_wire_dma_access *access)
{
	return read(client->fd, header, sizeof(*header)) == sizeof(*header) &&
	       header->size == sizeof(*header) + sizeof(*access) &&
	       read(client->fd, access, sizeof(*access)) == sizeof(*access);
}

/* What is wrong with an answer to a read. */
enum wrong { ERROR, SHORT, EMPTY, OTHER_ADDRESS, OTHER_COUNT, WRONGS };

static void answer_wrongly(struct client *client, enum wrong wrong)
{
	struct {
		struct vcard_wire_header header;
		struct vcard_wire_dma_access access;
		uint8_t data[256];
	} answer = { 0 };

	NEED(take_request(client, &answer.header, &answer.access) && answer.access.count <= sizeof(answer.data));
	answer.header.flags = VCARD_WIRE_REPLY | (wrong == ERROR ? VCARD_WIRE_ERROR : 0);
	answer.header.size += (uint32_t)answer.access.count - (wrong == SHORT);
	if (wrong == EMPTY)
		answer.header.size = sizeof(answer.header);
	answer.access.address += wrong == OTHER_ADDRESS;
	answer.access.count += wrong == OTHER_COUNT;
	CHECK(client_send(client, &answer, answer.header.size, NULL, 0) == 0);
}

static void wrong_answers(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_aead aead;
	struct bed bed;

	NEED(bed_open(&bed, false));
	for (enum wrong wrong = ERROR; wrong < WRONGS; wrong++) {
		tap_context("wrong answer %d", wrong);
		aead = seal(&bed, wrong);
		bed.rig.client.far = NULL; /* we answer ourselves */
		ring_put(&bed.ring, &aead);
		ring_bell(&bed.ring);
		answer_wrongly(&bed.rig.client, wrong);
		CHECK(ring_take(&bed.ring, &completion, RIG_WAIT_MS));
		CHECK(completion.status == GLACIS_CARD_STATUS_DMA_READ && completion.cookie == wrong);
		bed.rig.client.far = bed.rig.memory + REACH;
		CHECK(ring_run(&bed.ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	}
	tap_context("%s", "");
	bed_close(&bed);
}

/* The card serves on while it waits, and what it waited for is dropped by a reset. */
static void reset_while_waiting(void)
{
	struct glacis_card_completion completion;
	struct vcard_wire_dma_access access;
	struct vcard_wire_header header;
	struct glacis_card_aead aead;
	struct bed bed;
	uint64_t start;

	NEED(bed_open(&bed, false));
	aead = seal(&bed, 1);
	for (unsigned i = 0; i < 4; i++) {
		tap_context("round %u", i);
		bed.rig.client.far = NULL;
		ring_put(&bed.ring, &aead);
		ring_bell(&bed.ring);
		NEED(take_request(&bed.rig.client, &header, &access));
		if (rig_is_rtl()) /* whole beats of its bus */
			CHECK(access.address == aead.source / 32 * 32 && access.count == 128);
		else
			CHECK(access.address == aead.source && access.count == 100);
		start = rig_now_ms();
		if (i % 2)
			CHECK(rig_reset(&bed.rig));
		else
			CHECK(ring_reset(&bed.ring));
		CHECK(rig_now_ms() - start < SILENT);
		/* The answer comes too late for anything but to let the worker go on. */
		header.flags = VCARD_WIRE_REPLY | VCARD_WIRE_ERROR;
		header.size = sizeof(header);
		CHECK(client_send(&bed.rig.client, &header, sizeof(header), NULL, 0) == 0);
		NEED(ring_start(&bed.ring));
		rig_enable(&bed.rig);
		CHECK(!ring_take(&bed.ring, &completion, 20));
		bed.rig.client.far = bed.rig.memory + REACH;
		CHECK(ring_run(&bed.ring, &aead, &completion) == GLACIS_CARD_STATUS_OK);
		CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_ERRORS) == 0);
	}
	tap_context("%s", "");
	bed_close(&bed);
}

/* Whatever the client does at the moment when the card waits for it, the next client finds a card. */
static void death_while_waiting(void)
{
	struct vcard_wire_dma_access access;
	struct vcard_wire_header header;
	struct glacis_card_aead aead;
	struct bed bed;
	uint64_t start;

	NEED(bed_open(&bed, false));
	for (unsigned i = 0; i < 10; i++) {
		aead = seal(&bed, i);
		bed.rig.client.far = NULL;
		ring_put(&bed.ring, &aead);
		ring_bell(&bed.ring);
		if (i % 2)
			NEED(take_request(&bed.rig.client, &header, &access));
		rig_detach(&bed.rig);
		start = rig_now_ms();
		NEED(attach(&bed));
		CHECK(rig_now_ms() - start < SILENT);
		rig_enable(&bed.rig);
		NEED(ring_start(&bed.ring));
		CHECK(ring_run(&bed.ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	}
	bed_close(&bed);
}

static void silence(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_aead aead;
	struct bed bed;
	uint64_t start = rig_now_ms();

	NEED(bed_open(&bed, false));
	aead = seal(&bed, 3);
	bed.rig.client.far_silent = true;
	ring_put(&bed.ring, &aead);
	ring_bell(&bed.ring);
	CHECK(ring_take(&bed.ring, &completion, RIG_WAIT_MS));
	CHECK(completion.status == GLACIS_CARD_STATUS_DMA_READ && rig_now_ms() - start >= SILENT);
	bed.rig.client.far_silent = false;
	CHECK(ring_run(&bed.ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	bed_close(&bed);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "everything is far", everything_is_far },
		{ "wrong answers", wrong_answers },
		{ "reset while waiting", reset_while_waiting },
		{ "death while waiting", death_while_waiting },
		{ "silence", silence },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
