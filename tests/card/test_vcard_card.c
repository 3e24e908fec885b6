/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card as a whole: all queues at once, interrupts, a client that dies, a second client, two cards side by side, an
 * idle card.
 *
 * usage: test_vcard_card GLACIS-VCARD [CASE...]
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "ring.h"

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

static int set_irqs(struct rig *rig, uint32_t start, uint32_t count, uint32_t data, const int *fds, unsigned fd_count)
{
	struct vfio_irq_set set = { .argsz = sizeof(set),
				    .flags = data | VFIO_IRQ_SET_ACTION_TRIGGER,
				    .index = VFIO_PCI_MSIX_IRQ_INDEX,
				    .start = start,
				    .count = count };

	return client_call(&rig->client,
			   &(struct message){ .command = VCARD_WIRE_SET_IRQS,
					      .body = &set,
					      .size = sizeof(set),
					      .fds = fds,
					      .fd_count = fd_count },
			   NULL);
}

static bool is_raised(int fd, int ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	uint64_t count;

	return poll(&ready, 1, ms) == 1 && read(fd, &count, sizeof(count)) == sizeof(count);
}

static uint64_t cpu_ms(pid_t process)
{
	unsigned long user = 0, system = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", process);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		user = 0;
	fclose(file);
	return (user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK);
}

/* CONTROL.ENABLE of the function stops all queues, and lets them go on where they were. */
static void stopped_function(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop = ring_nop(5);
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	NEED(ring_open(&ring, &rig, 1, 3, 3));
	ring_put(&ring, &nop);
	ring_bell(&ring);
	CHECK(!ring_take(&ring, &completion, 30));
	rig_enable(&rig);
	CHECK(ring_take(&ring, &completion, RIG_WAIT_MS) && completion.cookie == 5);
	rig_write32(&rig, GLACIS_CARD_CONTROL_CONTROL, 0);
	ring_put(&ring, &nop);
	ring_bell(&ring);
	CHECK(!ring_take(&ring, &completion, 30));
	rig_enable(&rig);
	CHECK(ring_take(&ring, &completion, RIG_WAIT_MS));
	CHECK(rig_stop(&rig) == 0);
}

/* A doorbell rung by a message instead of in its page. */
static void trapped_doorbells(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop = ring_nop(6);
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	rig_enable(&rig);
	NEED(ring_open(&ring, &rig, 64, 2, 2));
	for (unsigned i = 0; i < 10; i++) {
		ring_put(&ring, &nop);
		rig_write32(&rig, glacis_card_doorbell(64, GLACIS_CARD_DOORBELL_SQ_TAIL), ring.sq_tail);
		CHECK(ring_take(&ring, &completion, RIG_WAIT_MS));
		CHECK(rig_read32(&rig, glacis_card_doorbell(64, GLACIS_CARD_DOORBELL_CQ_HEAD)) == ring.cq_head);
	}
	CHECK(rig_stop(&rig) == 0);
}

static void all_queues_at_once(void)
{
	static struct ring rings[GLACIS_CARD_QUEUES_MAX];
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	for (unsigned q = 1; q < GLACIS_CARD_QUEUES_MAX; q++)
		NEED(ring_open(&rings[q], &rig, q, 5, 5));
	rig_enable(&rig);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 31; i++) {
			for (unsigned q = 1; q < GLACIS_CARD_QUEUES_MAX; q++) {
				nop = ring_nop(q << 16 | i);
				ring_put(&rings[q], &nop);
				ring_bell(&rings[q]);
			}
		}
		for (unsigned q = 1; q < GLACIS_CARD_QUEUES_MAX; q++) {
			for (unsigned i = 0; i < 31; i++) {
				NEED(ring_take(&rings[q], &completion, RIG_WAIT_MS));
				CHECK(completion.cookie == (q << 16 | i) && completion.queue == q);
			}
		}
	}
	CHECK(rig_read64(&rig, GLACIS_CARD_COUNTERS_COMMANDS) == 20u * 31 * 64);
	CHECK(rig_comes_to(&rig, GLACIS_CARD_COUNTERS_COMPLETIONS, 20u * 31 * 64));
	CHECK(rig_stop(&rig) == 0);
}

static void interrupts(void)
{
	struct glacis_card_completion completion;
	struct glacis_card_rsa nop = ring_nop(1);
	uint32_t control = glacis_card_queue(17, GLACIS_CARD_QUEUE_CONTROL);
	int fds[16], pipes[2];
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	rig_enable(&rig);
	for (unsigned i = 0; i < 16; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	/* In chunks, as QEMU does. */
	CHECK(set_irqs(&rig, 0, 16, VFIO_IRQ_SET_DATA_EVENTFD, fds, 16) == 0);
	CHECK(set_irqs(&rig, 16, 3, VFIO_IRQ_SET_DATA_EVENTFD, fds, 3) == 0);
	CHECK(set_irqs(&rig, 19, 46, VFIO_IRQ_SET_DATA_EVENTFD, NULL, 0) == 0);
	NEED(ring_open(&ring, &rig, 17, 2, 2));
	CHECK(ring_run(&ring, &nop, NULL) == 0);
	CHECK(!is_raised(fds[1], 20)); /* not asked for */
	rig_write32(&rig, control, GLACIS_CARD_QUEUE_CONTROL_IRQ_MASK);
	CHECK(rig_read32(&rig, control) ==
	      (GLACIS_CARD_QUEUE_CONTROL_IRQ_MASK | GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK));
	for (unsigned i = 0; i < 20; i++) {
		ring_put(&ring, &nop);
		ring_bell(&ring);
		CHECK(is_raised(fds[1], RIG_WAIT_MS));
		CHECK(ring_take(&ring, &completion, RIG_WAIT_MS));
	}
	CHECK(!is_raised(fds[2], 0));

	/* Raised by hand; taken away; beyond the vectors; no eventfd. */
	CHECK(set_irqs(&rig, 18, 1, VFIO_IRQ_SET_DATA_NONE, NULL, 0) == 0);
	CHECK(is_raised(fds[2], RIG_WAIT_MS));
	CHECK(set_irqs(&rig, 17, 1, VFIO_IRQ_SET_DATA_EVENTFD, NULL, 0) == 0);
	CHECK(ring_run(&ring, &nop, NULL) == 0);
	CHECK(!is_raised(fds[1], 20));
	CHECK(set_irqs(&rig, 0, 0, VFIO_IRQ_SET_DATA_NONE, NULL, 0) == 0);
	CHECK(set_irqs(&rig, 64, 2, VFIO_IRQ_SET_DATA_EVENTFD, fds, 2) == -22);
	CHECK(set_irqs(&rig, UINT32_MAX, 1, VFIO_IRQ_SET_DATA_EVENTFD, fds, 1) == -22);
	CHECK(set_irqs(&rig, 0, 2, VFIO_IRQ_SET_DATA_EVENTFD, fds, 1) == -22);
	NEED(pipe(pipes) == 0);
	CHECK(set_irqs(&rig, 0, 1, VFIO_IRQ_SET_DATA_EVENTFD, &pipes[1], 1) == -22);
	close(pipes[0]);
	close(pipes[1]);
	for (unsigned i = 0; i < 16; i++)
		close(fds[i]);
	CHECK(rig_stop(&rig) == 0);
}

/* A client that goes away with work under way leaves a clean card; its doorbell pages are its own. */
static void client_death(void)
{
	uint8_t *source, *destination, *tag;
	uint8_t *old_doorbells;
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	source = rig_allocate(&rig, GLACIS_CARD_TEXT_MAX);
	destination = rig_allocate(&rig, GLACIS_CARD_TEXT_MAX);
	tag = rig_allocate(&rig, 16);
	NEED(ring_open(&ring, &rig, 1, 8, 8));
	for (unsigned i = 0; i < 20; i++) {
		struct glacis_card_rsa nop = ring_nop(i);

		rig_enable(&rig);
		put_work(&ring, source, destination, tag);
		old_doorbells = rig.client.doorbells;
		rig.client.doorbells = NULL; /* stays mapped */
		rig_detach(&rig);
		NEED(rig_attach(&rig));
		CHECK(rig_read32(&rig, GLACIS_CARD_CONTROL_CONTROL) == 0);
		CHECK(rig_read64(&rig, GLACIS_CARD_COUNTERS_COMMANDS) == 0);
		CHECK(ring_state(&ring) == GLACIS_CARD_STATE_DISABLED);
		rig_enable(&rig);
		NEED(ring_start(&ring));
		memset(old_doorbells, 0xff, 65 * GLACIS_CARD_PAGE);
		CHECK(ring_run(&ring, &nop, NULL) == GLACIS_CARD_STATUS_OK);
		CHECK(ring_reset(&ring) && ring_start(&ring));
	}
	CHECK(rig_stop(&rig) == 0);
}

static void one_client_at_a_time(void)
{
	struct client second;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	CHECK(client_connect(&second, rig.socket) == 0);
	CHECK(client_negotiate(&second) == -104);
	client_close(&second);
	CHECK(rig_read32(&rig, GLACIS_CARD_IDENTITY_MAGIC) == GLACIS_CARD_MAGIC);
	CHECK(rig_stop(&rig) == 0);
}

static void two_cards(void)
{
	static struct rig rigs[2];
	struct ring rings[2];

	for (unsigned i = 0; i < 2; i++) {
		NEED(rig_open(&rigs[i], NULL));
		rig_enable(&rigs[i]);
		NEED(ring_open(&rings[i], &rigs[i], 1, 4, 4));
	}
	for (uint32_t i = 0; i < 200; i++) {
		struct glacis_card_completion completion;
		struct glacis_card_rsa nop = ring_nop(i);

		CHECK(ring_run(&rings[i % 2], &nop, &completion) == 0 && completion.cookie == i);
	}
	CHECK(rig_stop(&rigs[0]) == 0);
	CHECK(rig_read64(&rigs[1], GLACIS_CARD_COUNTERS_COMMANDS) == 100);
	CHECK(rig_stop(&rigs[1]) == 0);
}

/* Enabled queues without work cost next to nothing, and the first command afterwards is still answered soon. */
static void idle_card(void)
{
	struct glacis_card_rsa nop = ring_nop(1);
	uint64_t before, used, best = UINT64_MAX;
	struct ring ring;
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	rig_enable(&rig);
	NEED(ring_open(&ring, &rig, 1, 4, 4));
	CHECK(ring_run(&ring, &nop, NULL) == 0);
	rig_sleep_ms(50);
	before = cpu_ms(rig.process);
	rig_sleep_ms(1000);
	used = cpu_ms(rig.process) - before;
	tap_context("%u ms of a second", (unsigned)used);
	CHECK(used <= 200);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t start = rig_now_ms();

		rig_sleep_ms(10);
		CHECK(ring_run(&ring, &nop, NULL) == 0);
		best = rig_now_ms() - start < best ? rig_now_ms() - start : best;
	}
	tap_context("%u ms for pause and answer", (unsigned)best);
	CHECK(best <= 10 + 5);
	CHECK(rig_stop(&rig) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "stopped function", stopped_function },
		{ "trapped doorbells", trapped_doorbells },
		{ "all queues at once", all_queues_at_once },
		{ "interrupts", interrupts },
		{ "client death", client_death },
		{ "one client at a time", one_client_at_a_time },
		{ "two cards", two_cards },
		{ "idle card", idle_card },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
