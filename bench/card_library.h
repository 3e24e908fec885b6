/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench card` through libglacis: what an offloaded record costs the host, what the router measures and chooses,
 * and how long operations take whose card dies. Runs in a process of its own, forked before DPDK is started.
 */
#ifndef BENCH_CARD_LIBRARY_H
#define BENCH_CARD_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include <glacis/card.h>

#include "stats.h"

#define CARD_LIBRARY_SIZES 5u
#define CARD_DEATHS        20u

/* How a record goes to the card. */
enum card_library_way {
	CARD_LIBRARY_BARE,     /* from pool to pool, results not checked */
	CARD_LIBRARY_COPIED,   /* in place, so through a copy */
	CARD_LIBRARY_WAYS
};

struct card_library_results {
	bool good; /* false: nothing else counts */
	char why[512];
	uint32_t sizes[CARD_LIBRARY_SIZES];
	struct bench_figure cycles[CARD_LIBRARY_WAYS][CARD_LIBRARY_SIZES]; /* host_cycles_per_record */
	struct glacis_card_cost costs[GLACIS_CARD_SIZES]; /* of the emulated card that computes */
	uint32_t size_from, size_from_busy;
	double recovery_ms_median, recovery_ms_p99, recovery_ms_max; /* of operations on a card that is killed */
	uint32_t recovery_operations;
};

/* Measures everything. `results` is shared with the process that does it. */
void card_library_measure(const char *vcard, struct card_library_results *results);

#endif
