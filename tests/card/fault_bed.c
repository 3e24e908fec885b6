/* SPDX-License-Identifier: Apache-2.0 */
/* See fault_bed.h. */
#include "fault_bed.h"

bool fault_bed_open(struct fault_bed *bed, const char *fault)
{
	const char *const options[] = { fault ? "--fault" : NULL, fault, NULL };

	if (!rig_open(&bed->rig, options))
		return false;
	bed->source = rig_allocate(&bed->rig, 4096);
	bed->destination = rig_allocate(&bed->rig, 4096);
	bed->tag = rig_allocate(&bed->rig, 16);
	rig_enable(&bed->rig);
	return CHECK(ring_open(&bed->ring, &bed->rig, 1, 4, 5));
}

void fault_bed_close(struct fault_bed *bed)
{
	CHECK(rig_stop(&bed->rig) == 0);
}

bool fault_bed_control(struct fault_bed *bed, const char *command, const char *text)
{
	const char *const words[] = { command, text, NULL };

	return rig_control(&bed->rig, words, NULL, 0) == 0;
}

void fault_bed_put_nops(struct fault_bed *bed, uint32_t first, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct glacis_card_rsa nop = ring_nop(first + i);

		ring_put(&bed->ring, &nop);
	}
	ring_bell(&bed->ring);
}

bool fault_bed_comes(struct fault_bed *bed, uint32_t cookie)
{
	struct glacis_card_completion completion;

	return ring_take(&bed->ring, &completion, RIG_WAIT_MS) && completion.cookie == cookie;
}
