/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each fault of the emulated card, through libglacis: the caller sees right results only, every operation comes back
 * once, and afterwards the card has traffic again. With `copy` the device works on copies, operations come back before
 * the driver lets go of them, and the card's late writes meet memory in quarantine.
 *
 * usage: test_offload_faults GLACIS_VCARD SOCKET KEYS [copy|rsa]
 *
 * With `rsa` no faults but those of signatures. With GLACIS_VCARD_BACKEND=rtl the card is simulated logic, which is
 * given more time, and fewer signatures.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bed.h"
#include "bed_rsa.h"
#include "tap.h"

#define DEADLINE_MS 60u
#define BURSTS      12u

static const char *vcard, *socket_path;
static bool copies;
static const char *backend; /* NULL: the model */

static void control(const char *command, const char *text)
{
	bed_control(vcard, socket_path, command, text);
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* Bursts of all kinds in turn. Gives how many operations the card has done. */
static unsigned traffic(unsigned bursts, const char *when)
{
	unsigned by_card = 0;

	for (unsigned i = 0; i < bursts; i++) {
		struct bed_burst burst = { .place = (enum bed_place)(i % BED_PLACES), .open = i % 3 == 1 };
		struct bed_outcome outcome;

		burst.tampered = burst.open && i % 2 ? 1 : 0;
		outcome = bed_run(&burst);
		CHECK(outcome.right == BED_BURST, "%s, burst %u: %u wrong", when, i, outcome.wrong);
		by_card += outcome.by_card;
	}
	return by_card;
}

static void healthy(const char *when)
{
	unsigned by_card = 0;

	/* With copies the card is up while the driver's ring may still be full behind an operation that is late. */
	for (unsigned i = 0; i < 100 && by_card < BED_BURST && tap_failures == 0; i++) {
		CHECK(bed_wait(GLACIS_CARD_UP), "%s: the card does not come back", when);
		by_card = traffic(2, when);
		if (by_card < BED_BURST)
			pause_ms(50);
	}
	if (!CHECK(by_card >= BED_BURST, "%s: the card does not work", when))
		control("status", ">&2");
}

/* What must have been counted. */
enum reason { NOTHING, AGAIN, AGAIN_WRONG, AUTH_WRONG };

static uint64_t reasons(enum reason reason)
{
	struct glacis_card_counters counters;

	glacis_card_counters(bed.queue, &counters);
	switch (reason) {
	case AGAIN:
		return counters.again_error + counters.again_late;
	case AGAIN_WRONG:
		return counters.again_wrong;
	case AUTH_WRONG:
		return counters.again_wrong + counters.auth_wrong;
	default:
		return 0;
	}
}

static void fault_try(const char *text, enum reason reason)
{
	uint64_t before = reasons(reason);
	char name[128];

	control("fault", text);
	/* The driver's ring may be full for a while behind what was late before: then the fault strikes later. */
	for (unsigned i = 0;
	     i < 100 && tap_failures == 0 && (i == 0 || (reason != NOTHING && reasons(reason) == before)); i++) {
		/* Or the keeper's question has met it. */
		if (i > 0) {
			pause_ms(50);
			control("fault", text);
		}
		(void)traffic(BURSTS, text);
	}
	CHECK(reason == NOTHING || reasons(reason) > before, "nothing was counted");
	control("clear", "");
	healthy("afterwards");
	snprintf(name, sizeof(name), "fault %s", text);
	tap_case(name);
}

static void queue_faults(void)
{
	fault_try("drop-completion:count=1", AGAIN);
	fault_try("drop-completion:rate=0.01", AGAIN);
	fault_try("delay-completion:count=3,ms=5", NOTHING);
	/* longer than the deadline, which main() sets */
	fault_try(backend ? "delay-completion:count=1,ms=3000" : "delay-completion:count=1,ms=300", AGAIN);
	fault_try("duplicate-completion:count=3", NOTHING);
	fault_try("reorder-completion:count=3", NOTHING);
	fault_try("wrong-phase:count=1", AGAIN);
	fault_try("unknown-cookie:count=2", AGAIN);
	fault_try("corrupt-tag:count=3", AUTH_WRONG);
	fault_try("corrupt-tag:rate=0.05", AUTH_WRONG);
	fault_try("dma-outside:count=1", AGAIN);
	fault_try("stall-queue:count=1", AGAIN);
}

/* ---- RSA: a wrong result would give the key away ---- */

/* Some signatures. Gives how many the card has made. */
static unsigned sign(const struct glacis_rsa_key *key, const char *when)
{
	struct bed_outcome outcome = bed_rsa_sign(key, backend ? 2 : BED_SIGNATURES);

	CHECK(outcome.wrong == 0, "%s: %u signatures are wrong", when, outcome.wrong);
	return outcome.by_card;
}

/* Until the card signs: after a wrong result it is not asked for a while. */
static void signs(struct glacis_rsa_key *key, const char *when)
{
	unsigned by_card = 0;

	for (unsigned i = 0; i < 200 && by_card == 0 && tap_failures == 0; i++) {
		by_card = sign(key, when);
		if (by_card == 0)
			pause_ms(25);
	}
	CHECK(by_card > 0, "%s: the card does not sign", when);
}

static void wrong_signatures(const char *folder)
{
	struct glacis_rsa_key *key = bed_rsa_load(folder, 2048);
	struct glacis_rsa_counters rsa;
	uint64_t wrong = reasons(AGAIN_WRONG), failed;

	signs(key, "RSA at first");
	glacis_rsa_counters(bed.queue, &rsa);
	failed = rsa.check_failed;
	control("fault", "corrupt-rsa:count=2");
	for (unsigned i = 0; i < 200 && reasons(AGAIN_WRONG) < wrong + 2 && tap_failures == 0; i++) {
		(void)sign(key, "corrupt-rsa");
		pause_ms(5);
	}
	glacis_rsa_counters(bed.queue, &rsa);
	CHECK(reasons(AGAIN_WRONG) == wrong + 2 && rsa.check_failed == failed + 2, "both wrong results were noticed");
	CHECK(glacis_card_rsa_room(bed.queue) == 0, "no room while RSA is kept from the card");
	control("clear", "");
	signs(key, "RSA afterwards");
	glacis_rsa_key_destroy(key);
	tap_case("fault corrupt-rsa: no wrong signature, and the card signs again");
}

/* A flood of operations, to a card that answers none. Gives how many it was given; all are the processor's in the end.
 */
static uint64_t flood(void)
{
	enum { OPS = 256 };
	static struct glacis_aead_op ops[OPS], *list[OPS];
	static uint8_t texts[OPS][2][64 + 16];
	struct glacis_card_counters before, after;
	unsigned right = 0;

	control("fault", "drop-completion");
	glacis_card_counters(bed.queue, &before);
	for (unsigned i = 0; i < OPS; i++) {
		ops[i] = (struct glacis_aead_op){ .session = bed.seal,
						  .source = texts[i][0],
						  .destination = texts[i][1],
						  .tag = texts[i][1] + 64,
						  .length = 64,
						  .nonce = { 0xff, (uint8_t)i } };
		list[i] = &ops[i];
	}
	CHECK(glacis_queue_submit(bed.queue, list, OPS) == OPS, "not accepted");
	for (unsigned i = 0; i < OPS; i += BED_BURST)
		CHECK(bed_poll(BED_BURST) == BED_BURST, "they do not come back");
	for (unsigned i = 0; i < OPS; i++)
		right += ops[i].op.status == GLACIS_STATUS_OK && ops[i].op.path == GLACIS_PATH_CPU;
	CHECK(right == OPS, "%u right", right);
	glacis_card_counters(bed.queue, &after);
	return after.submitted - before.submitted;
}

/* More operations at once than a driver gives back in one burst, none of which comes back in time: afterwards the card
 * is back at the first try, and has records at once. */
static void many_late(void)
{
	struct glacis_card_info info;
	uint64_t restarts, submitted = flood();
	unsigned by_card;

	/* The keeper's question may have met the fault first, and the card had nothing then. */
	for (unsigned i = 0; i < 20 && submitted <= 128 && tap_failures == 0; i++) {
		control("clear", "");
		CHECK(bed_wait(GLACIS_CARD_UP), "it does not come back");
		submitted = flood();
	}
	CHECK(submitted > 128, "%lu were on the card", submitted);
	CHECK(bed_wait(GLACIS_CARD_LOST), "it is not called lost");
	control("clear", "");
	glacis_card_info(bed.engine, &info);
	restarts = info.restarts;
	CHECK(bed_wait(GLACIS_CARD_UP), "it does not come back");
	by_card = bed_run(&(struct bed_burst){ .place = BED_POOL_APART }).by_card;
	CHECK(by_card == BED_BURST, "%u records by the card at once", by_card);
	glacis_card_info(bed.engine, &info);
	/* One may have been under way. */
	CHECK(info.restarts <= restarts + 2, "%lu restarts", info.restarts - restarts);
	tap_case("many that are late, and the card is back at once");
}

/* ---- a card that goes ---- */

static void gone_for_a_while(void)
{
	struct glacis_card_info info;

	control("fault", "all-ones");
	control("fault", "drop-completion:count=1"); /* registers are read when something is late */
	(void)traffic(BURSTS, "gone");
	CHECK(bed_wait(GLACIS_CARD_LOST), "it is not called lost");
	(void)traffic(BURSTS, "lost");
	control("clear", "");
	healthy("when it is back");
	glacis_card_info(bed.engine, &info);
	CHECK(info.restarts > 0 && info.readmissions > 0, "%lu restarts", info.restarts);
	tap_case("fault all-ones");

	control("fault", "restart:count=1,ms=200");
	(void)traffic(BURSTS, "restarting");
	healthy("when it is back");
	tap_case("fault restart");
}

static pid_t card_spawn(void)
{
	struct stat status;
	pid_t card = fork();

	if (card == 0) {
		execl(vcard, vcard, "--socket", socket_path, "--backend", backend ? backend : "model", NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < 5000 && stat(socket_path, &status) != 0; i++)
		pause_ms(1);
	return card;
}

/* Killed under load, and started again: by `die` first, since that card is not ours, then by a signal. */
static void killed(void)
{
	pid_t card;

	control("fault", "die:count=1");
	(void)traffic(BURSTS, "died");
	CHECK(bed_wait(GLACIS_CARD_LOST), "it is not called lost");
	for (unsigned i = 0; i < 5; i++) {
		struct bed_outcome outcome;

		unlink(socket_path);
		card = card_spawn();
		healthy("started again");
		/* Signals reach the card while operations are on it. */
		kill(card, SIGKILL);
		outcome = bed_run(&(struct bed_burst){ .place = BED_POOL_APART });
		CHECK(outcome.right == BED_BURST, "%u wrong", outcome.wrong);
		CHECK(copies || outcome.us < 50000, "%lu us until all were back", outcome.us);
		(void)traffic(2, "killed");
		waitpid(card, NULL, 0);
		CHECK(bed_wait(GLACIS_CARD_LOST), "it is not called lost");
	}
	unlink(socket_path);
	card = card_spawn();
	healthy("at last");
	kill(card, SIGTERM);
	waitpid(card, NULL, 0);
	tap_case("killed under load, six times");
}

static void accounts(void)
{
	struct glacis_card_counters counters;

	/* Whatever was late has come back in the end. */
	for (unsigned i = 0; i < 2000; i++) {
		struct glacis_op *done[1];

		(void)glacis_queue_poll(bed.queue, done, 1);
		glacis_card_counters(bed.queue, &counters);
		if (counters.quarantined == 0)
			break;
		(void)traffic(1, "while waiting for quarantine");
		pause_ms(5);
	}
	CHECK(counters.submitted == counters.completed + counters.again_error + counters.again_late +
					    counters.again_auth + counters.again_wrong,
	      "%lu submitted, %lu completed", counters.submitted, counters.completed);
	CHECK(counters.quarantined == 0, "%lu in quarantine", counters.quarantined);
	CHECK(!copies || counters.again_late > 0, "nothing was late");
	CHECK(glacis_queue_inflight(bed.queue) == 0 && glacis_pool_used(bed.pool) == 0, "all is back");
	printf("# %lu submitted, %lu completed, again: %lu error, %lu late, %lu auth (%lu wrong), %lu wrong\n",
	       counters.submitted, counters.completed, counters.again_error, counters.again_late, counters.again_auth,
	       counters.auth_wrong, counters.again_wrong);
	tap_case("accounts");
}

int main(int count, char *values[])
{
	struct glacis_card_options options = { .policy = GLACIS_CARD_FIRST, .deadline_ms = DEADLINE_MS };
	char device[512];
	bool only_rsa;

	if (count < 4) {
		fprintf(stderr, "usage: %s GLACIS_VCARD SOCKET KEYS [copy|rsa]\n", values[0]);
		return 64;
	}
	vcard = values[1];
	socket_path = values[2];
	backend = getenv("GLACIS_VCARD_BACKEND");
	copies = count > 4 && strcmp(values[4], "copy") == 0;
	only_rsa = count > 4 && strcmp(values[4], "rsa") == 0;
	if (backend)
		options.deadline_ms = only_rsa ? 60000 : 2000;
	options.copy_always = copies;
	snprintf(device, sizeof(device), "vfio-user:%s", socket_path);
	options.device = device;
	bed_start(&options);
	healthy("at first");
	tap_case("a healthy card");
	if (!only_rsa)
		queue_faults();
	if (only_rsa || !backend)
		wrong_signatures(values[3]);
	if (!backend)
		many_late();
	if (!only_rsa) {
		gone_for_a_while();
		killed();
	}
	accounts();
	bed_end();
	if (tap_failed)
		printf("%s", bed.log);
	return tap_end();
}
