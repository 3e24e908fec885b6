/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libglacis with a device as its card: every way a buffer can lie, right and tampered records, several keys, RSA; all
 * results are the processor's, and the card has done the work.
 *
 * usage: test_offload_devices DEVICE KEYS [rsa|copy]...   DEVICE as in the configuration, KEYS a folder of RSA keys
 *
 * With GLACIS_VCARD_BACKEND=rtl the device is simulated logic: one group of signatures, of 2048 bits.
 */
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "bed_rsa.h"
#include "tap.h"

#define ROUNDS 20u

static bool copies;

static void places(void)
{
	static const char *const names[BED_PLACES] = { "from pool to pool", "in place in the pool", "from heap to heap",
						       "in place in the heap", "from pieces" };

	for (unsigned place = 0; place < BED_PLACES; place++) {
		struct glacis_card_counters before, after;
		char name[64];

		glacis_card_counters(bed.queue, &before);
		for (unsigned round = 0; round < ROUNDS; round++) {
			struct bed_burst burst = { .place = (enum bed_place)place, .open = (round & 1) != 0 };
			struct bed_outcome outcome;
			/* Opens in pieces cannot be checked, so they are the processor's. */
			bool ours = burst.open && burst.place == BED_PIECES;

			burst.tampered = burst.open && round % 4 == 3 ? 2 : 0;
			outcome = bed_run(&burst);
			CHECK(outcome.right == BED_BURST, "%u wrong in round %u", outcome.wrong, round);
			CHECK(outcome.by_card == (ours ? 0 : BED_BURST - burst.tampered * BED_BURST / 8),
			      "%u by the card in round %u", outcome.by_card, round);
		}
		glacis_card_counters(bed.queue, &after);
		if (place == BED_POOL_APART && !copies)
			CHECK(after.copied == before.copied, "%lu copies", after.copied - before.copied);
		else
			CHECK(after.copied > before.copied, "no copies");
		snprintf(name, sizeof(name), "texts %s", names[place]);
		tap_case(name);
	}
}

static void sizes(void)
{
	static const uint32_t list[] = { 1, 15, 16, 17, 64, 1350, 16384 };

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		for (unsigned open = 0; open < 2; open++) {
			struct bed_burst burst = { .size = list[i], .open = open != 0 };
			struct bed_outcome outcome = bed_run(&burst);

			CHECK(outcome.right == BED_BURST && outcome.by_card == BED_BURST,
			      "size %u: %u wrong, %u by card", list[i], outcome.wrong, outcome.by_card);
		}
	tap_case("sizes");
}

/* More keys than the card's queue has sessions, each used more than once. */
static void many_keys(void)
{
	enum { KEYS = 700 };
	static struct glacis_aead_session *sessions[KEYS];
	struct glacis_aead_session *before = bed.seal;
	uint8_t key[32] = { 0 };

	for (unsigned i = 0; i < KEYS; i++) {
		memcpy(key, &i, sizeof(i));
		if (glacis_aead_session_create(bed.engine, GLACIS_SEAL, key, 32, &sessions[i]) != 0)
			bed_fail("no session");
	}
	for (unsigned i = 0; i < 2 * KEYS && tap_failures == 0; i++) {
		struct glacis_aead_session *plain;
		struct glacis_card_counters now;
		struct bed_outcome outcome;
		unsigned index = i % KEYS;

		memcpy(key, &index, sizeof(index));
		if (i >= KEYS && index % 3 == 0) { /* re-keyed: what the card has of the old key may not be used */
			key[31] = 1;
			CHECK(glacis_aead_session_rekey(sessions[index], key, 32) == 0, "re-keys");
		}
		if (glacis_aead_session_create(bed.plain, GLACIS_SEAL, key, 32, &plain) != 0)
			bed_fail("no session");
		key[31] = 0;
		bed.seal = sessions[index];
		struct glacis_aead_session *plain_before = bed.plain_seal;
		bed.plain_seal = plain;
		outcome = bed_run(&(struct bed_burst){ .size = 40 });
		glacis_card_counters(bed.queue, &now);
		CHECK(outcome.right == BED_BURST && outcome.by_card == BED_BURST,
		      "key %u: %u wrong, %u by card; of all so far %lu down, %lu full, %lu unfit, %lu policy, %lu late",
		      index, outcome.wrong, outcome.by_card, now.to_cpu_down, now.to_cpu_full, now.to_cpu_unfit,
		      now.to_cpu_policy, now.again_late);
		bed.plain_seal = plain_before;
		glacis_aead_session_destroy(plain);
	}
	for (unsigned i = 0; i < KEYS; i++)
		glacis_aead_session_destroy(sessions[i]);
	bed.seal = before;
	tap_case("more keys than the card has sessions, and new keys for old sessions");
}

/* ---- RSA ---- */

static void rsa(const char *folder)
{
	static const unsigned bits[] = { 2048, 3072, 4096 };
	enum { OPS = 40, GROUP = 10 };
	static struct glacis_rsa_op ops[OPS], *list[OPS];
	static uint8_t output[OPS][GLACIS_RSA_BYTES_MAX], digest[OPS][32];

	const bool rtl = getenv("GLACIS_VCARD_BACKEND") != NULL;
	const unsigned sizes = rtl ? 1 : 3, count = rtl ? GROUP : OPS;

	for (unsigned size = 0; size < sizes; size++) {
		struct glacis_rsa_key *key = bed_rsa_load(folder, bits[size]);
		unsigned by_card = 0, right = 0;

		for (unsigned i = 0; i < count; i++) {
			memset(digest[i], (int)i, sizeof(digest[i]));
			ops[i] = (struct glacis_rsa_op){ .key = key,
							 .input = digest[i],
							 .output = output[i],
							 .input_size = 32,
							 .kind = i % 2 ? GLACIS_RSA_SIGN_PSS : GLACIS_RSA_SIGN_PKCS1,
							 .hash = GLACIS_RSA_SHA256,
							 .salt_size = 32 };
			list[i] = &ops[i];
		}
		for (unsigned i = 0; i < count; i += GROUP) {
			CHECK(glacis_card_rsa_room(bed.queue) == 8 && glacis_card_rsa_room(bed.plain_queue) == 0,
			      "room");
			CHECK(glacis_rsa_submit(bed.queue, list + i, GROUP) == (int)GROUP, "accepted");
			CHECK(glacis_card_rsa_room(bed.queue) == 0, "no room for more than it has");
			glacis_queue_flush(bed.queue);
			if (bed_poll(GROUP) != GROUP)
				bed_fail("RSA operations do not come back");
		}
		for (unsigned i = 0; i < count; i++) {
			by_card += ops[i].op.path == GLACIS_PATH_CARD;
			right += ops[i].op.status == GLACIS_STATUS_OK && bed_rsa_right(key, &ops[i]);
		}
		/* The card has room for eight; the others found it full. */
		CHECK(right == count && by_card >= count / GROUP * 8 && by_card < count,
		      "%u bits: %u right, %u by the card", bits[size], right, by_card);
		glacis_rsa_key_destroy(key);
	}
	tap_case("RSA signatures");
}

static void counters(void)
{
	struct glacis_card_counters counters;
	struct glacis_queue_counters queue;
	struct glacis_card_info info;

	glacis_card_counters(bed.queue, &counters);
	glacis_queue_counters(bed.queue, &queue);
	glacis_card_info(bed.engine, &info);
	CHECK(info.state == GLACIS_CARD_UP && info.failures == 0, "the card is %s after %lu failures",
	      glacis_card_state_name(info.state), info.failures);
	CHECK(counters.submitted == counters.completed + counters.again_auth, "%lu submitted, %lu completed, %lu again",
	      counters.submitted, counters.completed, counters.again_auth);
	CHECK(counters.completed == queue.completed[GLACIS_PATH_CARD], "%lu completed", counters.completed);
	CHECK(counters.auth_wrong == 0 && counters.again_wrong == 0 && counters.quarantined == 0, "no fault");
	CHECK(counters.verified > 0, "results were checked");
	printf("# %s (%s), %s: %lu submitted, %lu copied, %lu verified\n", info.device, info.driver,
	       info.direct ? "direct" : "copies", counters.submitted, counters.copied, counters.verified);
	for (unsigned i = 0; i < GLACIS_CARD_SIZES; i++)
		printf("# %5u bytes: %6u ns here, %6u ns of here on the card, back after %6u ns\n", info.costs[i].size,
		       info.costs[i].cpu_ns, info.costs[i].host_ns, info.costs[i].card_ns);
	tap_case("what is counted");
}

int main(int count, char *values[])
{
	/* An emulated IOMMU maps page by page, and a process has 65,530 mappings: 192 MiB fit. */
	struct glacis_card_options options = { .policy = GLACIS_CARD_FIRST, .deadline_ms = 2000, .memory_mib = 192 };
	bool with_rsa = false;

	if (count < 3) {
		fprintf(stderr, "usage: %s DEVICE KEYS [rsa|copy]...\n", values[0]);
		return 64;
	}
	if (getenv("GLACIS_VCARD_BACKEND") != NULL)
		options.deadline_ms = 60000;
	options.device = values[1];
	for (int i = 3; i < count; i++) {
		with_rsa |= strcmp(values[i], "rsa") == 0;
		copies |= strcmp(values[i], "copy") == 0;
	}
	options.copy_always = copies;
	bed_start(&options);
	places();
	sizes();
	many_keys();
	if (with_rsa)
		rsa(values[2]);
	counters();
	bed_end();
	if (tap_failed)
		printf("%s", bed.log);
	return tap_end();
}
