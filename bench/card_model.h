/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From clock cycles to rates: what a card would do at a clock and behind a PCIe link. Arithmetic, no measurement; of
 * each target it is said whether its clock was met by place and route or is assumed.
 */
#ifndef BENCH_CARD_MODEL_H
#define BENCH_CARD_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define CARD_TARGETS 2u

struct card_target {
	const char *name, *basis; /* basis: where the clocks come from */
	double aead_mhz, rsa_mhz;
	const char *link;
	double link_gbps; /* each way, behind line coding */
};

extern const struct card_target card_targets[CARD_TARGETS];

/* Records of `size` bytes a second: what one pipe does of them, and what goes over the link. */
double card_model_pipe(const struct card_target *target, double cycles);
double card_model_link(const struct card_target *target, uint32_t size, bool open);

/* Both: the smaller one, as Gb/s of text. */
double card_model_gbps(const struct card_target *target, uint32_t size, bool open, double cycles);

/* Operations a second and engine. */
double card_model_rsa(const struct card_target *target, uint64_t cycles);

#endif
