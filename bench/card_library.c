/* SPDX-License-Identifier: Apache-2.0 */
/* See card_library.h. */
#include "card_library.h"
#include "card_wait.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glacis/glacis.h>

#include <rte_cycles.h>

#define BURST     32u
#define BURSTS    200u /* of a sample; the sample is their median */
#define ROUNDS    10u
#define TRIES     50u /* as many bursts, before a sample is given up */
#define SIZE_MAX_ 16384u
#define BUFFER    (SIZE_MAX_ + 64u)
#define BUFFERS   (16u * BURST) /* in turn, so that what is measured is not one burst in the cache */
#define START_MS  10000

static const uint32_t sizes[CARD_LIBRARY_SIZES] = { 64, 256, 1024, 4096, 16384 };

struct library {
	struct card_library_results *results;
	const char *vcard;
	char folder[64], device[128];
	pid_t card;
	struct glacis_engine *engine;
	struct glacis_queue *queue;
	struct glacis_pool *pool;
	struct glacis_aead_session *session;
	uint8_t *buffers[2 * BUFFERS];
	struct glacis_aead_op ops[BURST];
	uint64_t hz;
};

static __attribute__((noreturn, format(printf, 2, 3))) void give_up(struct library *library, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(library->results->why, sizeof(library->results->why), format, arguments);
	va_end(arguments);
	if (library->card > 0)
		kill(library->card, SIGKILL);
	exit(1);
}

static void log_line(void *library_, enum glacis_card_log_level level, const char *line)
{
	struct library *library = library_;

	if (level == GLACIS_CARD_LOG_ERROR)
		snprintf(library->results->why, sizeof(library->results->why), "%s", line);
}

static void pin(size_t core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The last of the processors is the card's, the first ours. `extra` may be NULL. */
static void card_start(struct library *library, const char *extra)
{
	const char *path = library->device + strlen("vfio-user:");
	struct stat status;

	unlink(path);
	library->card = fork();
	if (library->card == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		pin((size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1);
		execl(library->vcard, library->vcard, "--socket", path, "--threads", "1", extra, NULL);
		_exit(127);
	}
	for (int waited = 0; stat(path, &status) != 0; waited++) {
		if (waited == START_MS)
			give_up(library, "%s does not start", library->vcard);
		usleep(1000);
	}
}

static void card_stop(struct library *library, int how)
{
	kill(library->card, how);
	waitpid(library->card, NULL, 0);
	library->card = 0;
}

static void open_with(struct library *library, const struct glacis_card_options *wanted)
{
	static const uint8_t key[16] = "sixteen bytes...";
	const struct glacis_pool_options pool = { .buffer_size = BUFFER, .count = 2 * BUFFERS };
	struct glacis_card_options options = *wanted;
	int error;

	options.device = library->device;
	options.queues = 1;
	options.log = log_line;
	options.log_context = library;
	error = glacis_engine_create(NULL, &library->engine);
	if (error == 0)
		error = glacis_card_open(library->engine, &options);
	if (error == 0)
		error = glacis_queue_create(library->engine, NULL, &library->queue);
	if (error == 0)
		error = glacis_pool_create(library->engine, &pool, &library->pool);
	if (error == 0)
		error = glacis_aead_session_create(library->engine, GLACIS_SEAL, key, sizeof(key), &library->session);
	if (error != 0)
		give_up(library, "libglacis with %s: %s", library->device, strerror(-error));
	for (unsigned i = 0; i < 2 * BUFFERS; i++) {
		library->buffers[i] = glacis_pool_get(library->pool);
		memset(library->buffers[i], 0, BUFFER);
	}
}

static void close_all(struct library *library)
{
	glacis_aead_session_destroy(library->session);
	for (unsigned i = 0; i < 2 * BUFFERS; i++)
		glacis_pool_put(library->pool, library->buffers[i]);
	glacis_pool_destroy(library->pool);
	glacis_queue_destroy(library->queue);
	glacis_engine_destroy(library->engine);
}

static void burst_make(struct library *library, struct glacis_aead_op *list[], uint32_t size, bool in_place,
		       unsigned first)
{
	static const uint8_t aad[13];

	for (unsigned i = 0; i < BURST; i++) {
		struct glacis_aead_op *op = &library->ops[i];

		memset(op, 0, sizeof(*op));
		op->session = library->session;
		op->source = library->buffers[first + i];
		op->destination = in_place ? library->buffers[first + i] : library->buffers[BUFFERS + first + i];
		op->tag = op->destination + size;
		op->aad = aad;
		op->aad_size = sizeof(aad);
		op->length = size;
		list[i] = op;
	}
}

static int compare(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void take_rest(struct library *library, unsigned back)
{
	struct glacis_op *done[BURST];
	uint64_t end = rte_rdtsc() + library->hz * 10;

	while (back < BURST && rte_rdtsc() < end)
		back += glacis_queue_poll(library->queue, done, BURST);
	if (back < BURST)
		give_up(library, "%u operations do not come back", BURST - back);
}

/* Cycles per record of bursts whose completions one poll has taken, in the middle of them. */
static double sample(struct library *library, uint32_t size, bool in_place, struct card_wait *wait)
{
	struct glacis_aead_op *list[BURST];
	struct glacis_op *done[BURST];
	double values[BURSTS];
	unsigned count = 0, first = 0;

	for (unsigned tries = 0; count < BURSTS && tries < TRIES * BURSTS; tries++) {
		uint64_t start, cycles;
		unsigned back;

		burst_make(library, list, size, in_place, first);
		first = (first + BURST) % BUFFERS;
		start = rte_rdtsc_precise();
		if (glacis_queue_submit(library->queue, list, BURST) != (int)BURST)
			give_up(library, "a burst was not accepted");
		cycles = rte_rdtsc_precise() - start;
		card_wait(wait);
		start = rte_rdtsc_precise();
		back = glacis_queue_poll(library->queue, done, BURST);
		cycles += rte_rdtsc_precise() - start;
		card_wait_learn(wait, back == BURST);
		if (back == BURST && done[0]->path == GLACIS_PATH_CARD && done[BURST - 1]->path == GLACIS_PATH_CARD)
			values[count++] = (double)cycles / BURST;
		else
			take_rest(library, back);
	}
	if (count < BURSTS)
		give_up(library, "the card is too slow to be measured here");
	qsort(values, count, sizeof(values[0]), compare);
	return bench_percentile(values, count, 0.5);
}

static void measure_cycles(struct library *library, enum card_library_way way)
{
	struct glacis_card_options options = { .policy = GLACIS_CARD_FIRST,
					       .verify = GLACIS_CARD_VERIFY_NONE,
					       .deadline_ms = 10000,
					       .ask_nothing = true };
	static struct bench_samples samples;
	struct card_wait wait;

	open_with(library, &options);
	for (unsigned i = 0; i < CARD_LIBRARY_SIZES; i++) {
		card_wait_begin(&wait);
		samples.count = 0;
		for (unsigned round = 0; round < ROUNDS; round++)
			bench_samples_add(&samples, sample(library, sizes[i], way == CARD_LIBRARY_COPIED, &wait));
		library->results->cycles[way][i] = bench_samples_figure(&samples);
	}
	close_all(library);
}

/* The router's own table, with a card that computes. */
static void measure_crossover(struct library *library)
{
	struct glacis_card_info info;

	open_with(library, &(struct glacis_card_options){ .deadline_ms = 10000 });
	glacis_card_info(library->engine, &info);
	memcpy(library->results->costs, info.costs, sizeof(info.costs));
	library->results->size_from = info.size_from;
	library->results->size_from_busy = info.size_from_busy;
	close_all(library);
}

/* A burst on a card that stands still and is then killed: from the kill to each operation's return. */
static void one_death(struct library *library, double milliseconds[])
{
	struct glacis_aead_op *list[BURST];
	struct glacis_op *done[BURST];
	struct glacis_card_info info;
	unsigned back = 0;
	uint64_t start;

	burst_make(library, list, 1024, false, 0);
	if (glacis_queue_submit(library->queue, list, BURST) != (int)BURST)
		give_up(library, "a burst was not accepted");
	start = rte_rdtsc();
	kill(library->card, SIGKILL);
	while (back < BURST) {
		unsigned count = glacis_queue_poll(library->queue, done, BURST);

		for (unsigned i = 0; i < count; i++) {
			if (done[i]->status != GLACIS_STATUS_OK || done[i]->path != GLACIS_PATH_CPU)
				give_up(library, "an operation did not survive the card's death");
			milliseconds[back++] = (double)(rte_rdtsc() - start) * 1e3 / (double)library->hz;
		}
	}
	waitpid(library->card, NULL, 0);
	card_start(library, "--fault=stall-queue:queue=2");
	do {
		usleep(1000);
		glacis_card_info(library->engine, &info);
	} while (info.state != GLACIS_CARD_UP || info.failures != info.readmissions);
}

static void measure_recovery(struct library *library)
{
	static double milliseconds[CARD_DEATHS * BURST];
	const unsigned count = CARD_DEATHS * BURST;

	/* Queue 2 of the card is ours: 0 is for keys, 1 is the keeper's. */
	card_start(library, "--fault=stall-queue:queue=2");
	open_with(library, &(struct glacis_card_options){ .policy = GLACIS_CARD_FIRST });
	for (unsigned i = 0; i < CARD_DEATHS; i++)
		one_death(library, milliseconds + i * BURST);
	close_all(library);
	card_stop(library, SIGTERM);
	qsort(milliseconds, count, sizeof(milliseconds[0]), compare);
	library->results->recovery_ms_median = bench_percentile(milliseconds, count, 0.5);
	library->results->recovery_ms_p99 = bench_percentile(milliseconds, count, 0.99);
	library->results->recovery_ms_max = milliseconds[count - 1];
	library->results->recovery_operations = count;
}

static void measure_all(struct library *library)
{
	pin(0);
	library->hz = 0;
	snprintf(library->folder, sizeof(library->folder), "/tmp/glacis-bench-library-XXXXXX");
	if (mkdtemp(library->folder) == NULL)
		give_up(library, "%s: %s", library->folder, strerror(errno));
	snprintf(library->device, sizeof(library->device), "vfio-user:%s/card", library->folder);
	memcpy(library->results->sizes, sizes, sizeof(sizes));
	library->hz = rte_get_tsc_hz();
	card_start(library, NULL);
	measure_crossover(library);
	card_stop(library, SIGTERM);
	library->hz = rte_get_tsc_hz(); /* known since DPDK has started */
	measure_recovery(library);
	card_start(library, "--instant");
	measure_cycles(library, CARD_LIBRARY_BARE);
	measure_cycles(library, CARD_LIBRARY_COPIED);
	card_stop(library, SIGTERM);
	rmdir(library->folder);
	library->results->good = true;
}

void card_library_measure(const char *vcard, struct card_library_results *results)
{
	struct library library = { .results = results, .vcard = vcard };
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		measure_all(&library);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		results->good = false;
		if (results->why[0] == '\0')
			snprintf(results->why, sizeof(results->why), "the measurement ended with status %d", status);
	}
}
