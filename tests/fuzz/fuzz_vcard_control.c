/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the emulated card's control socket: a line of JSON and the texts of faults in it. Each line is
 * answered by an object that says whether it was done, and why not; what is not done changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds, const char *promise)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct vcard_setup setup = {
		.backend = &vcard_instant, .queues = 2, .threads = 0, .key_slots = 2
	};
	static struct vcard_card *card;
	uint32_t before;
	json_t *answer;
	bool stop, ok;

	if (!card) {
		card = calloc(1, sizeof(*card));
		require(card && !vcard_card_init(card, &setup), "a card can be made");
	}
	before = card->faults.armed;
	answer = vcard_control_answer(card, (const char *)bytes, size, &stop);
	ok = json_is_true(json_object_get(answer, "ok"));
	require(json_is_boolean(json_object_get(answer, "ok")), "an answer says whether it was done");
	require(ok != json_is_string(json_object_get(answer, "error")), "a refusal says why");
	require(ok || (!stop && card->faults.armed == before), "a refusal changes nothing");
	for (unsigned i = 0; i < VCARD_FAULTS; i++) {
		const struct vcard_fault_state *state = &card->faults.states[i];

		require(!(card->faults.armed >> i & 1) ||
				(state->left && state->rate > 0 && state->rate <= 1 && state->ms <= VCARD_FAULT_MS_MAX),
			"an armed fault is in bounds");
	}
	json_decref(answer);
	vcard_faults_clear(&card->faults, NULL);
	return 0;
}
