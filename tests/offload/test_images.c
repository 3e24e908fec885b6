/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cards with images that are not as they should be, through libglacis: of another ABI, at start and when the card comes
 * back, and without RSA. What the card cannot have is the processor's, and whoever looks is told why.
 *
 * usage: test_offload_images GLACIS_VCARD SOCKET KEYS
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "bed_rsa.h"
#include "tap.h"

static const char *vcard, *socket_path, *keys;
static struct glacis_card_options options = { .policy = GLACIS_CARD_FIRST, .deadline_ms = 2000 };

static void control(const char *command, const char *text)
{
	bed_control(vcard, socket_path, command, text);
}

/* Records of all kinds, all right. Gives how many the card has done. */
static unsigned records(const char *when)
{
	unsigned by_card = 0;

	for (unsigned i = 0; i < BED_PLACES; i++) {
		struct bed_outcome outcome = bed_run(
			&(struct bed_burst){ .place = (enum bed_place)i, .open = i % 2 != 0 });

		CHECK(outcome.right == BED_BURST, "%s: %u wrong", when, outcome.wrong);
		by_card += outcome.by_card;
	}
	return by_card;
}

/* Both versions: the card's, and that the driver is made for. */
static bool names_both(const char *text)
{
	const char *cards = strstr(text, "the card has ABI 2.");

	return cards != NULL && strstr(cards, "this driver is made for 1.") != NULL;
}

static void another_abi_at_start(void)
{
	struct glacis_rsa_key *key;
	struct glacis_card_info info;
	int error;

	control("fault", "abi-mismatch");
	error = bed_try(&options);
	CHECK(error == -ENOTSUP, "refused with %d", error);
	CHECK(names_both(bed.log), "the log names both versions: %s", bed.log);
	glacis_card_info(bed.engine, &info);
	CHECK(info.state == GLACIS_CARD_NONE, "there is a card");
	CHECK(records("without") == 0, "a card does them");
	key = bed_rsa_load(keys, 2048);
	CHECK(bed_rsa_sign(key, BED_SIGNATURES).right == 8, "signatures by the processor");
	glacis_rsa_key_destroy(key);
	control("clear", "");
	bed_end();
	tap_case("a card of another ABI is refused at start, with both versions");
}

static void another_abi_comes_back(void)
{
	struct glacis_card_info info;

	bed_start(&options);
	CHECK(records("at first") > 0, "the card does nothing");
	control("fault", "abi-mismatch");
	control("fault", "restart:count=1,ms=20");
	(void)records("when it goes");
	CHECK(bed_wait(GLACIS_CARD_LOST), "it is not called lost");
	do /* the first tries may find nobody there */
		glacis_card_info(bed.engine, &info);
	while (!names_both(info.last_failure) && records("while it is lost") == 0 && tap_failures == 0);
	CHECK(info.state == GLACIS_CARD_LOST, "it is %s", glacis_card_state_name(info.state));
	CHECK(names_both(info.last_failure), "the status: %s", info.last_failure);
	CHECK(names_both(bed.log), "the log: %s", bed.log);
	control("clear", "");
	CHECK(bed_wait(GLACIS_CARD_UP), "it does not come back with the right image");
	CHECK(records("when it is back") > 0, "the card does nothing");
	bed_end();
	tap_case("a card that comes back with another ABI stays lost until it has the right one");
}

static void without_rsa(void)
{
	struct glacis_card_counters before, after;
	struct glacis_card_info info;
	struct glacis_rsa_key *key;
	struct bed_outcome outcome;

	control("fault", "no-rsa");
	bed_start(&options);
	glacis_card_info(bed.engine, &info);
	CHECK(info.state == GLACIS_CARD_UP && info.aead && !info.rsa, "%s, AEAD %d, RSA %d",
	      glacis_card_state_name(info.state), info.aead, info.rsa);
	CHECK(strstr(bed.log, "AES-GCM by the card, RSA by the processor alone") != NULL, "the log: %s", bed.log);
	key = bed_rsa_load(keys, 2048);
	CHECK(records("without RSA") > 0, "no record is the card's");
	glacis_card_counters(bed.queue, &before);
	outcome = bed_rsa_sign(key, BED_SIGNATURES);
	glacis_card_counters(bed.queue, &after);
	CHECK(outcome.right == 8 && outcome.by_card == 0, "%u right, %u by the card", outcome.right, outcome.by_card);
	CHECK(after.to_cpu_unfit == before.to_cpu_unfit + 8, "%lu counted as unfit",
	      after.to_cpu_unfit - before.to_cpu_unfit);
	glacis_rsa_key_destroy(key);
	bed_end();
	control("clear", "");
	tap_case("a card without RSA does records, and the processor signs");
}

int main(int count, char *values[])
{
	char device[512];

	if (count != 4) {
		fprintf(stderr, "usage: %s GLACIS_VCARD SOCKET KEYS\n", values[0]);
		return 64;
	}
	vcard = values[1];
	socket_path = values[2];
	keys = values[3];
	snprintf(device, sizeof(device), "vfio-user:%s", socket_path);
	options.device = device;
	another_abi_at_start();
	another_abi_comes_back();
	without_rsa();
	if (tap_failed)
		printf("%s", bed.log);
	return tap_end();
}
