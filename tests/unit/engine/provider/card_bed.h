/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of glacis.so with a card: the emulated one, started and killed, what the provider says of it, and
 * signatures in async jobs, each compared with what OpenSSL alone thinks of it.
 */
#ifndef TESTS_PROVIDER_CARD_BED_H
#define TESTS_PROVIDER_CARD_BED_H

#include "provider_support.h"

#define JOBS       32u /* at once, at most */
#define PATIENCE_S 60u

/* Opened by the test, after it has made its settings. */
extern struct world world;

/* Settings that all tests have, in the environment: a card behind a socket of the test's own, which is not started. */
void prepare(void);
void clean_up(void);
void card_start(void);
void card_kill(void);

/* The provider's parameter glacis-card. */
const char *card_text(void);
/* How many lines of the provider's log hold these words. */
unsigned said(const char *what);
uint64_t counter(const char *name);
void pause_ms(unsigned ms);

/* A key file, for the provider and for OpenSSL alone. */
struct keys {
	EVP_PKEY *ours, *theirs;
};
struct keys keys_open(const char *name);
void keys_close(const struct keys *keys);

/* How many of so many signatures are wrong or missing. `meanwhile` runs when all jobs are paused. */
unsigned wrong_of(const struct keys *keys, unsigned count, void (*meanwhile)(void));
void nothing(void);
/* Signs until the counter has grown so far; all signatures are right. */
void sign_until(const struct keys *keys, const char *name, uint64_t least);

#endif
