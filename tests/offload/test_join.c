/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that runs DPDK itself, and has an engine with a card beside that: libglacis joins its environment, works on
 * a card of its own and on a device of the program's, and leaves everything as it was when the engine is closed.
 *
 * usage: test_offload_join SOCKET
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_cryptodev.h>
#include <rte_eal.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

#include "bed.h"
#include "tap.h"

#define DEVICE  "crypto_openssl0"
#define SIZE    4096u
#define OBJECTS 63u
/* Of each queue pair that was configured DPDK keeps what it needs for callbacks, which nobody can free; a device that
 * stays keeps its queues. libglacis has megabytes of it while an engine is open. */
#define LEFT_BY_CARD   8192u
#define LEFT_BY_DEVICE 98304u

/* What the program has of DPDK. */
static struct {
	uint8_t *memory;
	struct rte_mempool *pool;
	FILE *log;
	char *lines;
	size_t lines_size;
	cpu_set_t affinity;
	size_t heap;
	uint8_t devices;
} own;

static size_t heap_used(void)
{
	struct rte_malloc_socket_stats stats;

	return rte_malloc_get_socket_stats(0, &stats) == 0 ? stats.heap_allocsz_bytes : 0;
}

static void own_start(const char *name)
{
	char core[16];
	const char *arguments[] = { name, "--no-huge",   "--no-shconf", "--no-pci", "-m",   "256",           "-l",
				    core, "--iova-mode", "va",          "--vdev",   DEVICE, "--no-telemetry" };

	snprintf(core, sizeof(core), "%d", sched_getcpu());
	if (rte_eal_init((int)(sizeof(arguments) / sizeof(arguments[0])), (char **)(uintptr_t)arguments) < 0)
		bed_fail("DPDK does not start");
	own.memory = rte_malloc("own", SIZE, 64);
	own.pool = rte_mempool_create("own", OBJECTS, 128, 0, 0, NULL, NULL, NULL, NULL, SOCKET_ID_ANY, 0);
	own.log = open_memstream(&own.lines, &own.lines_size);
	if (own.memory == NULL || own.pool == NULL || own.log == NULL)
		bed_fail("no memory of DPDK's");
	memset(own.memory, 0x5a, SIZE);
	rte_openlog_stream(own.log);
	sched_getaffinity(0, sizeof(own.affinity), &own.affinity);
	own.devices = rte_cryptodev_count();
	own.heap = heap_used();
}

/* Is everything as it was? */
static void own_check(const char *when)
{
	void *object = NULL;
	cpu_set_t affinity;
	unsigned right = 0;

	for (unsigned i = 0; i < SIZE; i++)
		right += own.memory[i] == 0x5a;
	CHECK(right == SIZE, "%s: %u bytes of the program's are right", when, right);
	CHECK(rte_mempool_get(own.pool, &object) == 0, "%s: the pool is empty", when);
	rte_mempool_put(own.pool, object);
	CHECK(rte_mempool_avail_count(own.pool) == OBJECTS, "%s: %u objects", when, rte_mempool_avail_count(own.pool));
	sched_getaffinity(0, sizeof(affinity), &affinity);
	CHECK(CPU_EQUAL(&affinity, &own.affinity), "%s: another affinity", when);
	CHECK(rte_log_get_stream() == own.log, "%s: the log is somebody else's", when);
	rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "%s\n", when);
	fflush(own.log);
	CHECK(strstr(own.lines, when) != NULL, "%s: the program's line is not in its log", when);
	CHECK(rte_cryptodev_count() == own.devices, "%s: %u devices", when, rte_cryptodev_count());
}

/* Records by the card, then no engine any more. `left`: bytes that DPDK keeps of a device. */
static void engine_run(const char *device, size_t left, const char *when)
{
	const struct glacis_card_options options = { .device = device,
						     .policy = GLACIS_CARD_FIRST,
						     .deadline_ms = 2000 };
	unsigned by_card = 0;

	bed_start(&options);
	CHECK(rte_log_get_stream() == own.log, "%s: the log is libglacis'", when);
	for (unsigned i = 0; i < 2 * BED_PLACES; i++) {
		struct bed_outcome outcome = bed_run(&(struct bed_burst){ .place = (enum bed_place)(i % BED_PLACES) });

		CHECK(outcome.right == BED_BURST, "%s: %u wrong", when, outcome.wrong);
		by_card += outcome.by_card;
	}
	CHECK(by_card == 2 * BED_PLACES * BED_BURST, "%s: %u by the card", when, by_card);
	bed_end();
	own_check(when);
	CHECK(heap_used() <= own.heap + left, "%s: %zu bytes of DPDK's heap are used, %zu were before", when,
	      heap_used(), own.heap);
	own.heap = heap_used();
}

/* A child has the same memory of DPDK's, and would write the same heap: it gets no card. */
static void child_try(const char *device)
{
	const struct glacis_card_options options = { .device = device };
	struct glacis_engine *engine;
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(glacis_engine_create(NULL, &engine) == 0 ? -glacis_card_open(engine, &options) : 0);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status), "the child crashes");
	CHECK(WEXITSTATUS(status) == ECHILD, "the child gets %d", WEXITSTATUS(status));
}

/* The program's own device, which libglacis has used and left: as the program would have it. */
static void device_use(void)
{
	const struct rte_cryptodev_qp_conf conf = { .nb_descriptors = 64 };
	struct rte_cryptodev_config config = { .nb_queue_pairs = 1 };
	int id = rte_cryptodev_get_dev_id(DEVICE);

	CHECK(id >= 0, "it is gone");
	if (id < 0)
		return;
	CHECK(rte_cryptodev_configure((uint8_t)id, &config) == 0, "cannot be configured");
	CHECK(rte_cryptodev_queue_pair_setup((uint8_t)id, 0, &conf, 0) == 0, "has no queue");
	CHECK(rte_cryptodev_start((uint8_t)id) == 0, "does not start");
	rte_cryptodev_stop((uint8_t)id);
}

int main(int count, char *values[])
{
	char device[512];

	if (count != 2) {
		fprintf(stderr, "usage: %s SOCKET\n", values[0]);
		return 64;
	}
	snprintf(device, sizeof(device), "vfio-user:%s", values[1]);
	own_start(values[0]);
	own_check("before any engine");
	tap_case("a program that runs DPDK");
	engine_run(device, LEFT_BY_CARD, "after a card");
	tap_case("an engine with a card in it, and closed");
	engine_run(device, LEFT_BY_CARD, "after the card again");
	tap_case("another, with the same card");
	engine_run(DEVICE, LEFT_BY_DEVICE, "after a device of the program's");
	device_use();
	tap_case("one with a device of the program's, which it has back");
	child_try(device);
	own_check("after a child");
	tap_case("a child, which gets no card");
	rte_openlog_stream(NULL);
	fclose(own.log);
	rte_mempool_free(own.pool);
	rte_free(own.memory);
	CHECK(rte_eal_cleanup() == 0, "DPDK does not end");
	free(own.lines);
	tap_case("DPDK ends when the program wants it");
	if (tap_failed)
		printf("%s", bed.log);
	return tap_end();
}
