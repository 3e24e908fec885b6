/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's logic, simulated in this process, for what its commands cost in clock cycles: one client with memory, an
 * admin queue and a queue of operations, and a bus that answers at once (glacis-vcard's seed 0), so that figures are
 * the same in each run. Whatever fails ends the program with a message. One thread.
 */
#ifndef BENCH_CARD_LOGIC_H
#define BENCH_CARD_LOGIC_H

#include <stdbool.h>
#include <stdint.h>

#define CARD_LOGIC_RSA_SIZES 4u

struct card_logic_record {
	uint32_t size;     /* bytes of text, up to 16384 */
	uint32_t key_size; /* bytes */
	bool open;
};

struct card_logic_rsa {
	uint32_t bits;
	uint64_t key_load, private_crt, public_exponent; /* cycles from doorbell to completion; e is 65537 */
};

void card_logic_open(void);
void card_logic_close(void);

/* Cycles of `count` records with `at_once` of them under way, each. */
double card_logic_records(const struct card_logic_record *record, uint32_t count, uint32_t at_once);

/* Fills in the cycles of `rsa->bits`; the key is made for it. */
void card_logic_rsa(struct card_logic_rsa *rsa);

#endif
