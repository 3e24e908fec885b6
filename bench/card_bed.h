/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set-up of `glacis-bench card`: an emulated card that completes at once, the EAL, two DPDK devices, and operations
 * ready to be enqueued. Whatever fails here ends the program with a message.
 */
#ifndef BENCH_CARD_BED_H
#define BENCH_CARD_BED_H

#include <stdint.h>

#include <rte_crypto.h>

#define CARD_BURST    32u
#define CARD_OPS      1024u /* in turn, so that what is measured is not one burst in the cache */
#define CARD_SIZE_MAX 16384u

struct card_contender {
	const char *name;
	uint8_t device;
	void *session;
};

struct card_bed {
	struct card_contender ours, peer;
	struct rte_crypto_op *ops[CARD_OPS];
};

void card_bed_open(struct card_bed *bed, const char *program, const char *vcard);
void card_bed_close(void);
/* Gives all operations the size and the contender's session. */
void card_bed_prepare(struct card_bed *bed, const struct card_contender *contender, uint32_t size);

#endif
