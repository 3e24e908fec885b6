/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: limits of faults, what is refused, the status, and that nonsense and silence there hold up
 * nobody.
 *
 * usage: test_vcard_control GLACIS-VCARD [CASE...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "fault_bed.h"

static void rates(void)
{
	unsigned seen = 0;
	struct glacis_card_completion completion;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, "unknown-cookie:rate=0.25,queue=1"));
	for (unsigned i = 0; i < 1000; i++) {
		fault_bed_put_nops(&bed, i, 1);
		CHECK(ring_take(&bed.ring, &completion, RIG_WAIT_MS));
		seen += completion.cookie != i;
	}
	tap_context("%u of 1000", seen);
	CHECK(seen > 180 && seen < 320);
	fault_bed_close(&bed);
}

static void texts_and_commands(void)
{
	static const char *const bad[] = { "",
					   "drop",
					   "drop-completion:",
					   "drop-completion:count",
					   "drop-completion:count=0",
					   "drop-completion:count=-1",
					   "drop-completion:count=1x",
					   "drop-completion:rate=0",
					   "drop-completion:rate=1.5",
					   "drop-completion:rate=nan",
					   "drop-completion:queue=65",
					   "drop-completion:ms=0",
					   "drop-completion:ms=60001",
					   "drop-completion:often=1" };
	const char *const status[] = { "status", "--json", NULL };
	const char *const plain[] = { "status", NULL };
	const char *const nonsense[] = { "dance", NULL };
	const char *const stop[] = { "stop", NULL };
	char said[4096];
	struct fault_bed bed;
	int end = -1;

	NEED(fault_bed_open(&bed, NULL));
	for (size_t i = 0; i < TAP_COUNT(bad); i++) {
		tap_context("\"%s\"", bad[i]);
		CHECK(fault_bed_control(&bed, "fault", bad[i]) == (i == 2));
	}
	tap_context("%s", "");
	CHECK(!fault_bed_control(&bed, "clear", "drop"));
	CHECK(fault_bed_control(&bed, "clear", NULL));
	CHECK(fault_bed_control(&bed, "fault", "corrupt-tag:count=3,queue=5"));
	CHECK(rig_control(&bed.rig, status, said, sizeof(said)) == 0);
	CHECK(strstr(said, "\"client\": true") && strstr(said, "\"name\": \"corrupt-tag\"") &&
	      strstr(said, "\"left\": 3"));
	CHECK(rig_control(&bed.rig, plain, said, sizeof(said)) == 0);
	CHECK(strstr(said, "3 to come, queue 5") && strstr(said, "attached"));
	CHECK(rig_control(&bed.rig, nonsense, said, sizeof(said)) == 1 && strstr(said, "there are"));
	CHECK(rig_control(&bed.rig, stop, NULL, 0) == 0);
	for (uint64_t until = rig_now_ms() + RIG_WAIT_MS; rig_is_alive(&bed.rig, &end) && rig_now_ms() < until;)
		rig_sleep_ms(1);
	CHECK(!bed.rig.process && WIFEXITED(end) && WEXITSTATUS(end) == 0);
	CHECK(rig_control(&bed.rig, plain, said, sizeof(said)) == 1 && strstr(said, "is the card running?"));
	rig_stop(&bed.rig);
}

/* Nonsense and silence on the control socket hold up neither it nor the client. */
static void odd_requests(void)
{
	static const char *const lines[] = {
		"\n", "{}\n", "[1]\n", "{\"command\":1}\n", "{\"command\":\"fault\"}\n", "{\"command\":\"status\"", ""
	};
	char longest[6000];
	struct client raw;
	struct fault_bed bed;

	NEED(fault_bed_open(&bed, NULL));
	memset(longest, 'x', sizeof(longest));
	for (size_t i = 0; i < TAP_COUNT(lines); i++) {
		NEED(client_connect(&raw, bed.rig.control) == 0);
		if (lines[i][0])
			client_send(&raw, lines[i], strlen(lines[i]), NULL, 0);
		fault_bed_put_nops(&bed, 1, 1);
		CHECK(fault_bed_comes(&bed, 1));
		CHECK(rig_read32(&bed.rig, GLACIS_CARD_IDENTITY_MAGIC) == GLACIS_CARD_MAGIC);
		client_close(&raw);
	}
	NEED(client_connect(&raw, bed.rig.control) == 0);
	client_send(&raw, longest, sizeof(longest), NULL, 0);
	CHECK(fault_bed_control(&bed, "clear", NULL));
	client_close(&raw);

	/* One that says nothing is dropped in time for the next. */
	NEED(client_connect(&raw, bed.rig.control) == 0);
	CHECK(fault_bed_control(&bed, "clear", NULL));
	client_close(&raw);
	fault_bed_close(&bed);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "rates", rates },
		{ "texts and commands", texts_and_commands },
		{ "odd requests", odd_requests },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
