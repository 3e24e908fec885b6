/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card with queues and nothing to do: it hardly wakes up, and is there again when a command comes.
 *
 * usage: test_vcard_idle GLACIS-VCARD [CASE...]
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ring.h"

#define THREADS      "4"
#define QUIET_MS     2500 /* until sleeps have become long */
#define WATCHED_MS   1000
#define WAKE_UPS_MAX 600 /* of four threads in WATCHED_MS: a hundred each, and what else there is */
#define COMMANDS     50
#define QUICK_US     2000 /* of the fastest of so many commands, with a machine that has more to do */

/* How often the kernel says that a thread went to sleep. */
static unsigned long switches_of(const char *path)
{
	unsigned long count = 0;
	char line[128];
	FILE *file = fopen(path, "r");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		sscanf(line, "voluntary_ctxt_switches: %lu", &count);
	fclose(file);
	return count;
}

static unsigned long switches(pid_t process)
{
	unsigned long sum = 0;
	char path[512];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)process, entry->d_name);
		sum += switches_of(path);
	}
	if (folder)
		closedir(folder);
	return sum;
}

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The time of the fastest of COMMANDS one after the other. */
static long fastest_us(struct ring *ring)
{
	struct glacis_card_completion completion;
	long best = RIG_WAIT_MS * 1000, start;

	for (uint32_t i = 0; i < COMMANDS; i++) {
		struct glacis_card_rsa nop = ring_nop(i);

		start = now_us();
		CHECK(ring_run(ring, &nop, &completion) == GLACIS_CARD_STATUS_OK);
		best = now_us() - start < best ? now_us() - start : best;
	}
	return best;
}

static void enabled_queues(void)
{
	static const char *const options[] = { "--threads", THREADS, NULL };
	struct ring rings[4];
	unsigned long before, count;
	struct rig rig;

	NEED(rig_open(&rig, options));
	rig_enable(&rig);
	for (unsigned i = 0; i < 4; i++)
		NEED(ring_open(&rings[i], &rig, i + 1, 4, 4));
	CHECK(fastest_us(&rings[0]) < QUICK_US);
	rig_sleep_ms(QUIET_MS);
	before = switches(rig.process);
	rig_sleep_ms(WATCHED_MS);
	count = switches(rig.process) - before;
	tap_context("%lu wake-ups", count);
	CHECK(before > 0 && count < WAKE_UPS_MAX);
	tap_context("%s", "");
	for (unsigned i = 0; i < 4; i++)
		CHECK(fastest_us(&rings[i]) < QUICK_US);
	CHECK(rig_stop(&rig) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "enabled queues without work hardly wake the card", enabled_queues },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
