/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each fault the card can be told to have: seen by its client exactly as it is described, as often as it was asked for,
 * and over when it is cleared. Armed at start and over the control socket.
 *
 * usage: test_vcard_faults GLACIS-VCARD [CASE...]
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "fault_bed.h"

#ifndef QUIET_MS
#define QUIET_MS 60 /* when nothing is expected */
#endif
#define ACCESSES 300u

static bool is_quiet(struct fault_bed *bed)
{
	struct glacis_card_completion completion;

	return !ring_take(&bed->ring, &completion, QUIET_MS);
}

/* The same, of a card that is there: on a busy machine it may not have had the processor at all in that time, but it
 * lives through some cycles with each access. */
static bool is_quiet_after_cycles(struct fault_bed *bed)
{
	bool is = is_quiet(bed);

	for (unsigned i = 0; i < ACCESSES; i++)
		rig_read32(&bed->rig, GLACIS_CARD_CONTROL_STATUS);
	return is && is_quiet(bed);
}

/* ---- completions ---- */

static void dropped(void)
{
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "drop-completion:count=2"));
	fault_bed_put_nops(&bed, 10, 4);
	CHECK(fault_bed_comes(&bed, 12) && fault_bed_comes(&bed, 13) && is_quiet_after_cycles(&bed));
	CHECK(fault_bed_control(&bed, "fault", "drop-completion"));
	fault_bed_put_nops(&bed, 20, 5);
	CHECK(is_quiet_after_cycles(&bed));
	CHECK(fault_bed_control(&bed, "clear", "drop-completion"));
	fault_bed_put_nops(&bed, 30, 1);
	CHECK(fault_bed_comes(&bed, 30));
	fault_bed_close(&bed);
}

static void delayed(void)
{
	uint64_t start;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "delay-completion:count=1,ms=300"));
	start = rig_now_ms();
	fault_bed_put_nops(&bed, 1, 3);
	CHECK(fault_bed_comes(&bed, 2) && fault_bed_comes(&bed, 3));
	CHECK(fault_bed_comes(&bed, 1));
	CHECK(rig_now_ms() - start >= 300);
	/* What is held back ends with a reset. */
	CHECK(fault_bed_control(&bed, "fault", "delay-completion:ms=20"));
	fault_bed_put_nops(&bed, 1, 3);
	CHECK(ring_reset(&bed.ring) && ring_start(&bed.ring));
	CHECK(is_quiet(&bed));
	fault_bed_close(&bed);
}

static void duplicated(void)
{
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "duplicate-completion"));
	for (uint32_t i = 0; i < 100; i++) {
		fault_bed_put_nops(&bed, i, 1);
		CHECK(fault_bed_comes(&bed, i) && fault_bed_comes(&bed, i));
	}
	/* More of them than fit. */
	fault_bed_put_nops(&bed, 0, 15);
	for (uint32_t i = 0; i < 15; i++)
		CHECK(fault_bed_comes(&bed, i) && fault_bed_comes(&bed, i));
	CHECK(is_quiet(&bed));
	fault_bed_close(&bed);
}

/* Waits for a completion in an entry of the first pass, without telling the card that it was read. */
static bool is_written(const struct fault_bed *bed, unsigned entry)
{
	uint64_t limit = rig_now_ms() + RIG_WAIT_MS;

	while (!__atomic_load_n(&bed->ring.cq[entry].phase, __ATOMIC_ACQUIRE)) {
		if (rig_now_ms() > limit)
			return false;
		usleep(100);
	}
	return true;
}

/* One that waits for room to come again ends with the reset of its queue. */
static void duplicated_without_room(void)
{
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "duplicate-completion"));
	fault_bed_put_nops(&bed, 0, 15);
	CHECK(is_written(&bed, 29));
	fault_bed_put_nops(&bed, 15, 1); /* of 32 entries the last but one: the last stays free */
	CHECK(is_written(&bed, 30) && bed.ring.cq[30].cookie == 15);
	for (unsigned i = 0; i < ACCESSES; i++)
		rig_read32(&bed.rig, GLACIS_CARD_CONTROL_STATUS);
	CHECK(bed.ring.cq[31].phase == 0);
	CHECK(ring_reset(&bed.ring) && ring_start(&bed.ring));
	fault_bed_put_nops(&bed, 7, 1);
	CHECK(fault_bed_comes(&bed, 7) && fault_bed_comes(&bed, 7) && is_quiet(&bed));
	CHECK(ring_reset(&bed.ring));
	fault_bed_close(&bed);
}

static void out_of_order(void)
{
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "reorder-completion:count=1"));
	fault_bed_put_nops(&bed, 1, 2);
	CHECK(fault_bed_comes(&bed, 2) && fault_bed_comes(&bed, 1));
	CHECK(fault_bed_control(&bed, "fault", "reorder-completion:count=1"));
	fault_bed_put_nops(&bed, 5, 1);
	CHECK(fault_bed_comes(&bed, 5)); /* with nobody to overtake it comes all the same */
	fault_bed_close(&bed);
}

static void wrong_phase(void)
{
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "wrong-phase:count=1"));
	fault_bed_put_nops(&bed, 1, 2);
	CHECK(is_quiet_after_cycles(&bed));
	CHECK(bed.ring.cq[0].cookie == 1 && bed.ring.cq[0].phase == 0);
	CHECK(bed.ring.cq[1].cookie == 2 && bed.ring.cq[1].phase == 1);
	fault_bed_close(&bed);
}

static void unknown_cookie(void)
{
	struct glacis_card_completion completion;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "unknown-cookie:count=1"));
	fault_bed_put_nops(&bed, 1, 1);
	CHECK(ring_take(&bed.ring, &completion, RIG_WAIT_MS) && completion.cookie != 1);
	fault_bed_put_nops(&bed, 2, 1);
	CHECK(fault_bed_comes(&bed, 2));
	fault_bed_close(&bed);
}

/* ---- results ---- */

static int run_aead(struct fault_bed *bed, bool seal, const uint8_t *source)
{
	struct glacis_card_aead aead = ring_aead(&bed->rig, seal, 9, source, bed->destination, 100, bed->tag);

	return ring_run(&bed->ring, &aead, NULL);
}

static void corrupted_tag(void)
{
	uint8_t good[16], bits = 0;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, NULL));
	CHECK(run_aead(&bed, true, bed.source) == GLACIS_CARD_STATUS_OK);
	memcpy(good, bed.tag, 16);
	CHECK(fault_bed_control(&bed, "fault", "corrupt-tag:count=1"));
	CHECK(run_aead(&bed, true, bed.source) == GLACIS_CARD_STATUS_OK);
	for (unsigned i = 0; i < 16; i++)
		bits = (uint8_t)(bits + __builtin_popcount(good[i] ^ bed.tag[i]));
	CHECK(bits == 1);
	CHECK(run_aead(&bed, true, bed.source) == GLACIS_CARD_STATUS_OK);
	CHECK(memcmp(good, bed.tag, 16) == 0);
	memcpy(bed.source + 2048, bed.destination, 100);
	CHECK(run_aead(&bed, false, bed.source + 2048) == GLACIS_CARD_STATUS_OK);
	CHECK(fault_bed_control(&bed, "fault", "corrupt-tag:count=1"));
	CHECK(run_aead(&bed, false, bed.source + 2048) == GLACIS_CARD_STATUS_AUTH_FAILED);
	CHECK(run_aead(&bed, false, bed.source + 2048) == GLACIS_CARD_STATUS_OK);
	fault_bed_close(&bed);
}

/* A public key with e = 3 and any odd modulus is enough to see a wrong result: 2^3 = 8. */
static void corrupted_rsa(void)
{
	struct glacis_card_rsa command;
	struct glacis_card_key load;
	struct ring admin;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "corrupt-rsa:count=1"));
	NEED(ring_open(&admin, &bed.rig, 0, 2, 2));
	memset(bed.source, 0xff, 128);
	bed.source[128] = 3;
	load = (struct glacis_card_key){ .opcode = GLACIS_CARD_OPCODE_KEY_LOAD,
					 .kind = GLACIS_CARD_KEY_KIND_RSA_PUBLIC,
					 .modulus_size = 128,
					 .exponent_size = 1,
					 .key = rig_address(&bed.rig, bed.source) };
	CHECK(ring_run(&admin, &load, NULL) == GLACIS_CARD_STATUS_OK);
	memset(bed.source, 0, 128);
	bed.source[127] = 2;
	command = ring_rsa(&bed.rig, false, 1, 0, 128, bed.source, bed.destination);
	CHECK(ring_run(&bed.ring, &command, NULL) == GLACIS_CARD_STATUS_OK);
	CHECK(bed.destination[127] == 8 && bed.destination[64] != 0);
	CHECK(ring_run(&bed.ring, &command, NULL) == GLACIS_CARD_STATUS_OK);
	CHECK(bed.destination[127] == 8 && bed.destination[64] == 0);
	CHECK(fault_bed_control(&bed, "fault", "dma-outside:count=1"));
	CHECK(ring_run(&bed.ring, &command, NULL) == GLACIS_CARD_STATUS_DMA_WRITE);
	fault_bed_close(&bed);
}

static void dma_outside(void)
{
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "dma-outside:count=1"));
	memset(bed.destination, 0x44, 100);
	CHECK(run_aead(&bed, true, bed.source) == GLACIS_CARD_STATUS_DMA_WRITE);
	CHECK(bed.destination[0] == 0x44);
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_ERRORS) == GLACIS_CARD_CONTROL_ERRORS_DMA_WRITE_MASK);
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_ERROR_QUEUE) == 1);
	CHECK(run_aead(&bed, true, bed.source) == GLACIS_CARD_STATUS_OK);
	fault_bed_close(&bed);
}

/* ---- queues and the card ---- */

static void stalled_queue(void)
{
	struct ring other;
	struct fault_bed bed;
	struct glacis_card_rsa nop = ring_nop(4);

	NEED(fault_bed_open(&bed, "stall-queue:count=1,queue=1"));
	NEED(ring_open(&other, &bed.rig, 2, 2, 2));
	CHECK(ring_run(&other, &nop, NULL) == GLACIS_CARD_STATUS_OK);
	fault_bed_put_nops(&bed, 1, 3);
	CHECK(is_quiet_after_cycles(&bed));
	CHECK(ring_state(&bed.ring) == GLACIS_CARD_STATE_ENABLED);
	CHECK(ring_run(&other, &nop, NULL) == GLACIS_CARD_STATUS_OK);
	CHECK(ring_reset(&bed.ring) && ring_start(&bed.ring));
	fault_bed_put_nops(&bed, 7, 1);
	CHECK(fault_bed_comes(&bed, 7));

	/* Cleared instead of reset: it goes on behind the command that it stood at. */
	CHECK(fault_bed_control(&bed, "fault", "stall-queue"));
	fault_bed_put_nops(&bed, 8, 2);
	CHECK(is_quiet_after_cycles(&bed));
	CHECK(fault_bed_control(&bed, "clear", NULL));
	if (rig_is_rtl()) /* which had fetched 9 as well, and dropped it with 8 */
		fault_bed_put_nops(&bed, 9, 1);
	CHECK(fault_bed_comes(&bed, 9));
	fault_bed_close(&bed);
}

static void all_ones(void)
{
	uint32_t config = 0;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, NULL));
	CHECK(fault_bed_control(&bed, "fault", "all-ones:count=2"));
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_STATUS) == UINT32_MAX);
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_MAGIC) == UINT32_MAX);
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_STATUS) == GLACIS_CARD_CONTROL_STATUS_READY_MASK);
	fault_bed_put_nops(&bed, 1, 1);
	CHECK(fault_bed_comes(&bed, 1));

	/* Pulled out: nothing answers, nothing is written; back as after a reset. */
	CHECK(fault_bed_control(&bed, "fault", "all-ones"));
	for (uint32_t offset = 0; offset < GLACIS_CARD_BAR0_SIZE; offset += 0x10004)
		CHECK(rig_read32(&bed.rig, offset & ~3u) == UINT32_MAX);
	CHECK(client_read(&bed.rig.client, VFIO_PCI_CONFIG_REGION_INDEX, 0, &config, 4) == 0 && config == UINT32_MAX);
	CHECK(bed.rig.client.doorbells[0] == 0xff && bed.rig.client.doorbells[5 * GLACIS_CARD_PAGE + 0x40] == 0xff);
	fault_bed_put_nops(&bed, 2, 3);
	CHECK(is_quiet(&bed));
	rig_write32(&bed.rig, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_RESET_MASK);
	CHECK(fault_bed_control(&bed, "clear", NULL));
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_MAGIC) == GLACIS_CARD_MAGIC);
	CHECK(ring_state(&bed.ring) == GLACIS_CARD_STATE_DISABLED);
	rig_enable(&bed.rig);
	CHECK(ring_start(&bed.ring));
	fault_bed_put_nops(&bed, 3, 1);
	CHECK(fault_bed_comes(&bed, 3));
	fault_bed_close(&bed);
}

static void death(void)
{
	struct fault_bed bed;
	int status = 0;
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	NEED(fault_bed_open(&bed, "die:count=1"));
	fault_bed_put_nops(&bed, 1, 1);
	while (rig_is_alive(&bed.rig, &status) && rig_now_ms() < end)
		rig_sleep_ms(1);
	CHECK(!bed.rig.process && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(is_quiet(&bed));
	rig_detach(&bed.rig);
	CHECK(rig_start_again(&bed.rig, NULL) && rig_attach(&bed.rig));
	rig_enable(&bed.rig);
	CHECK(ring_start(&bed.ring));
	fault_bed_put_nops(&bed, 2, 1);
	CHECK(fault_bed_comes(&bed, 2));
	fault_bed_close(&bed);
}

static void restart(void)
{
	struct client client;
	uint64_t start;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "restart:count=1,ms=150"));
	start = rig_now_ms();
	fault_bed_put_nops(&bed, 1, 3);
	CHECK(is_quiet(&bed));
	CHECK(client_connect(&client, bed.rig.socket) != 0 || rig_now_ms() - start >= 150);
	client_close(&client);
	rig_detach(&bed.rig);
	CHECK(rig_attach(&bed.rig));
	CHECK(rig_now_ms() - start >= 150);
	CHECK(rig_read64(&bed.rig, GLACIS_CARD_COUNTERS_COMMANDS) == 0);
	rig_enable(&bed.rig);
	CHECK(ring_start(&bed.ring));
	fault_bed_put_nops(&bed, 2, 1);
	CHECK(fault_bed_comes(&bed, 2));
	fault_bed_close(&bed);
}

static void other_images(void)
{
	struct glacis_card_rsa command;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "abi-mismatch:count=1"));
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_ABI) >> 16 == GLACIS_CARD_ABI_MAJOR + 1);
	CHECK(fault_bed_control(&bed, "fault", "no-rsa:count=1"));
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_CAPABILITIES) ==
	      (rig_is_rtl() ? 7 : 0x17)); /* not under the client's feet */
	rig_detach(&bed.rig);
	NEED(rig_attach(&bed.rig));
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_ABI) >> 16 == GLACIS_CARD_ABI_MAJOR);
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_CAPABILITIES) == (rig_is_rtl() ? 5 : 0x15));
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_KEY_SLOTS) == 0);
	CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_RSA_BITS) == 0);
	rig_enable(&bed.rig);
	CHECK(ring_start(&bed.ring));
	command = ring_rsa(&bed.rig, true, 1, 0, 128, bed.source, bed.destination);
	CHECK(ring_run(&bed.ring, &command, NULL) == GLACIS_CARD_STATUS_UNSUPPORTED);
	fault_bed_close(&bed);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "dropped", dropped },
		{ "delayed", delayed },
		{ "duplicated", duplicated },
		{ "duplicated without room", duplicated_without_room },
		{ "out of order", out_of_order },
		{ "wrong phase", wrong_phase },
		{ "unknown cookie", unknown_cookie },
		{ "corrupted tag", corrupted_tag },
		{ "corrupted RSA", corrupted_rsa },
		{ "DMA outside", dma_outside },
		{ "stalled queue", stalled_queue },
		{ "all ones", all_ones },
		{ "death", death },
		{ "restart", restart },
		{ "other images", other_images },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
