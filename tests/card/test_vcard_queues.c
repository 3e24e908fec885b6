/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues: rings that wrap, fill up and run empty, doorbells and rings out of bounds, resets with work under way.
 *
 * usage: test_vcard_queues GLACIS-VCARD [CASE...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ring.h"

static uint32_t queue_error(struct ring *ring)
{
	uint32_t status = rig_read32(ring->rig, glacis_card_queue(ring->queue, GLACIS_CARD_QUEUE_STATUS));

	return (status & GLACIS_CARD_QUEUE_STATUS_ERROR_MASK) >> GLACIS_CARD_QUEUE_STATUS_ERROR_SHIFT;
}

/* True when the queue comes to the state ERROR for `reason`. */
static bool fails(struct ring *ring, uint32_t reason)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	while (ring_state(ring) != GLACIS_CARD_STATE_ERROR && rig_now_ms() < end)
		rig_sleep_ms(1);
	return ring_state(ring) == GLACIS_CARD_STATE_ERROR && queue_error(ring) == reason;
}

static void wrapping(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop;
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	rig_enable(&rig);
	for (uint32_t sq = 1; sq <= 4; sq++) {
		for (uint32_t cq = sq; cq <= 5; cq++) {
			tap_context("rings of 2^%u and 2^%u", sq, cq);
			NEED(ring_open(&ring, &rig, 1, sq, cq));
			for (uint32_t i = 0; i < 100; i++) {
				nop = ring_nop(i);
				CHECK(ring_run(&ring, &nop, &completion) == GLACIS_CARD_STATUS_OK);
				CHECK(completion.cookie == i && completion.sq_head == ring.sq_tail);
			}
			CHECK(rig_comes_to(&rig, glacis_card_queue(1, GLACIS_CARD_QUEUE_COMMANDS), 100));
			CHECK(rig_comes_to(&rig, glacis_card_queue(1, GLACIS_CARD_QUEUE_COMPLETIONS), 100));
			CHECK(ring_reset(&ring));
		}
	}
	tap_context("%s", "");
	CHECK(rig_stop(&rig) == 0);
}

/* Full submission rings, over and over; then a completion ring that software does not empty. */
static void full_rings(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop;
	uint32_t next = 0, seen = 0;
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	rig_enable(&rig);
	NEED(ring_open(&ring, &rig, 3, 6, 6));
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 63; i++) {
			nop = ring_nop(next++);
			ring_put(&ring, &nop);
		}
		ring_bell(&ring);
		for (unsigned i = 0; i < 63 && ring_take(&ring, &completion, RIG_WAIT_MS); i++)
			CHECK(completion.cookie == seen++);
	}
	CHECK(seen == next);

	/* Nothing is taken: 63 are completed, the card waits, and goes on when there is room. */
	for (unsigned i = 0; i < 63; i++) {
		nop = ring_nop(next++);
		ring_put(&ring, &nop);
	}
	ring_bell(&ring);
	CHECK(rig_comes_to(&rig, glacis_card_queue(3, GLACIS_CARD_QUEUE_COMPLETIONS), next));
	for (unsigned i = 0; i < 20; i++) {
		nop = ring_nop(next++);
		ring_put(&ring, &nop);
	}
	ring_bell(&ring);
	rig_sleep_ms(30);
	CHECK(rig_read64(&rig, glacis_card_queue(3, GLACIS_CARD_QUEUE_COMPLETIONS)) == next - 20);
	CHECK(rig_read64(&rig, glacis_card_queue(3, GLACIS_CARD_QUEUE_COMMANDS)) == next - 20);
	while (seen < next && ring_take(&ring, &completion, RIG_WAIT_MS))
		CHECK(completion.cookie == seen++);
	CHECK(seen == next);
	CHECK(ring_state(&ring) == GLACIS_CARD_STATE_ENABLED);
	CHECK(rig_stop(&rig) == 0);
}

/* Queues are set up while another is fetched from, whose commands are done once each, in order. */
static void start_beside_a_busy_one(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop;
	struct ring busy, other;
	uint32_t next = 0, seen = 0;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	rig_enable(&rig);
	NEED(ring_open(&busy, &rig, 1, 6, 6) && ring_open(&other, &rig, 2, 6, 6));
	for (unsigned round = 0; round < 100; round++) {
		while (next - seen < 63) {
			nop = ring_nop(next++);
			ring_put(&busy, &nop);
		}
		ring_bell(&busy);
		for (unsigned i = 0; i < 4; i++)
			NEED(ring_reset(&other) && ring_start(&other));
		for (unsigned i = 0; i < 40 && ring_take(&busy, &completion, RIG_WAIT_MS); i++)
			NEED(completion.cookie == seen++);
	}
	while (seen < next && ring_take(&busy, &completion, RIG_WAIT_MS))
		NEED(completion.cookie == seen++);
	CHECK(seen == next);
	CHECK(rig_read64(&rig, glacis_card_queue(1, GLACIS_CARD_QUEUE_COMMANDS)) == next);
	CHECK(rig_stop(&rig) == 0);
}

static void refuse_setup(struct rig *rig, uint64_t sq, uint64_t cq, uint32_t size)
{
	uint32_t page = glacis_card_queue(4, 0);
	struct ring ring = { .rig = rig, .queue = 4 };

	tap_context("SQ %#llx, CQ %#llx, SIZE %#x", (unsigned long long)sq, (unsigned long long)cq, size);
	rig_write64(rig, page + GLACIS_CARD_QUEUE_SQ_BASE, sq);
	rig_write64(rig, page + GLACIS_CARD_QUEUE_CQ_BASE, cq);
	rig_write32(rig, page + GLACIS_CARD_QUEUE_SIZE, size);
	rig_write32(rig, page + GLACIS_CARD_QUEUE_CONTROL, GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	CHECK(fails(&ring, GLACIS_CARD_STATUS_BAD_RING));
	CHECK(rig_read32(rig, GLACIS_CARD_CONTROL_ERRORS) == GLACIS_CARD_CONTROL_ERRORS_QUEUE_MASK);
	CHECK(rig_read32(rig, GLACIS_CARD_CONTROL_ERROR_QUEUE) == 4);
	rig_write32(rig, GLACIS_CARD_CONTROL_ERRORS, UINT32_MAX);
	CHECK(ring_reset(&ring));
	tap_context("%s", "");
}

static void rings_out_of_bounds(void)
{
	static const uint32_t doorbells[] = { 8, 9, 0x10000, UINT32_MAX };
	struct ring ring, outside;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	rig_enable(&rig);
	refuse_setup(&rig, RIG_ADDRESS, RIG_ADDRESS, 0);
	refuse_setup(&rig, RIG_ADDRESS, RIG_ADDRESS, 0x1010);
	refuse_setup(&rig, RIG_ADDRESS, RIG_ADDRESS, 0x0304);
	refuse_setup(&rig, RIG_ADDRESS, RIG_ADDRESS, 0xffff);
	refuse_setup(&rig, RIG_ADDRESS + 128, RIG_ADDRESS, 0x0303);
	refuse_setup(&rig, RIG_ADDRESS, RIG_ADDRESS + 16, 0x0303);
	refuse_setup(&rig, UINT64_MAX - 4095, RIG_ADDRESS, 0x0f0f);

	NEED(ring_open(&ring, &rig, 4, 3, 3));
	for (size_t i = 0; i < 2 * TAP_COUNT(doorbells); i++) {
		tap_context("doorbell %zu of %#x", i % 2, doorbells[i / 2]);
		if (i % 2) {
			struct glacis_card_rsa nop = ring_nop(1);

			rig_write32(&rig, glacis_card_doorbell(4, GLACIS_CARD_DOORBELL_CQ_HEAD), doorbells[i / 2]);
			ring_put(&ring, &nop);
			ring_bell(&ring);
		} else {
			rig_write32(&rig, glacis_card_doorbell(4, GLACIS_CARD_DOORBELL_SQ_TAIL), doorbells[i / 2]);
		}
		CHECK(fails(&ring, GLACIS_CARD_STATUS_BAD_RING));
		CHECK(ring_reset(&ring) && ring_start(&ring));
	}
	tap_context("%s", "");

	/* Rings that the map does not hold: the first access finds out. */
	outside = ring;
	CHECK(ring_reset(&ring));
	rig_write64(&rig, glacis_card_queue(4, GLACIS_CARD_QUEUE_SQ_BASE), RIG_ADDRESS + RIG_MEMORY);
	rig_write32(&rig, glacis_card_queue(4, GLACIS_CARD_QUEUE_CONTROL), GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	outside.sq_tail = 1;
	ring_bell(&outside);
	CHECK(fails(&outside, GLACIS_CARD_STATUS_DMA_READ));
	CHECK(ring_reset(&ring));
	rig_write64(&rig, glacis_card_queue(4, GLACIS_CARD_QUEUE_SQ_BASE), rig_address(&rig, ring.sq));
	rig_write64(&rig, glacis_card_queue(4, GLACIS_CARD_QUEUE_CQ_BASE), RIG_ADDRESS + RIG_MEMORY);
	rig_write32(&rig, glacis_card_queue(4, GLACIS_CARD_QUEUE_CONTROL), GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	ring_bell(&outside);
	CHECK(fails(&outside, GLACIS_CARD_STATUS_DMA_WRITE));
	CHECK(ring_reset(&ring) && ring_start(&ring));
	CHECK(rig_stop(&rig) == 0);
}

/* Fills a ring with seals of 64 KiB. */
static void put_work(struct ring *ring, uint8_t *source, uint8_t *destination, uint8_t *tag)
{
	for (uint32_t i = 1; i < 1u << ring->sq_log2; i++) {
		struct glacis_card_aead aead = ring_aead(ring->rig, true, i, source, destination, GLACIS_CARD_TEXT_MAX,
							 tag);

		ring_put(ring, &aead);
	}
	ring_bell(ring);
}

static bool comes(const struct glacis_card_completion *entry)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	while (!__atomic_load_n(&entry->phase, __ATOMIC_ACQUIRE)) {
		if (rig_now_ms() > end)
			return false;
	}
	return true;
}

#define CUT_MIN 10u

/* After the acknowledgement of a reset, of queue or function, nothing is written any more; many times. */
static void resets_with_work_under_way(void)
{
	uint8_t *source, *destination, *tag;
	struct ring ring;
	struct rig rig;
	const unsigned rounds = rig_is_rtl() ? 20 : 60;
	unsigned cut = 0; /* rounds in which the reset came in time */

	NEED(rig_open(&rig, NULL));
	source = rig_allocate(&rig, GLACIS_CARD_TEXT_MAX);
	destination = rig_allocate(&rig, GLACIS_CARD_TEXT_MAX);
	tag = rig_allocate(&rig, 16);
	NEED(ring_open(&ring, &rig, 2, 8, 8));
	/* On a busy machine the card may be through before the reset comes: then there are more rounds. */
	for (unsigned i = 0; i < rounds || (cut <= CUT_MIN && i < 40 * rounds); i++) {
		struct glacis_card_completion before[256];
		uint32_t done = 0;

		tap_context("round %u", i);
		rig_enable(&rig);
		put_work(&ring, source, destination, tag);
		NEED(comes(&ring.cq[i % (rig_is_rtl() ? 4 : 20)]));
		if (i % 2) {
			CHECK(ring_reset(&ring));
		} else {
			CHECK(rig_reset(&rig));
		}
		/* What was there may now be used for something else. */
		memcpy(before, ring.cq, sizeof(before));
		memset(destination, 0x77, GLACIS_CARD_TEXT_MAX);
		memset(tag, 0x77, 16);
		while (done < 256 && before[done].phase)
			done++;
		cut += done < 255;
		rig_sleep_ms(2);
		CHECK(memcmp(before, ring.cq, sizeof(before)) == 0);
		for (uint32_t k = 0; k < GLACIS_CARD_TEXT_MAX; k += 61)
			NEED(destination[k] == 0x77);
		CHECK(tag[0] == 0x77);
		NEED(ring_start(&ring));
	}
	tap_context("%s", "");
	CHECK(cut > CUT_MIN); /* else nothing was under way */
	CHECK(rig_stop(&rig) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "wrapping", wrapping },
		{ "full rings", full_rings },
		{ "start beside a busy one", start_beside_a_busy_one },
		{ "rings out of bounds", rings_out_of_bounds },
		{ "resets with work under way", resets_with_work_under_way },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
