/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The emulated card of a glacisd that is measured with one: a process of its own beside client and origin, whose
 * processor time is counted apart, since a real card has none.
 */
#ifndef BENCH_TLS_CARD_H
#define BENCH_TLS_CARD_H

#include <sys/types.h>
#include <time.h>

struct tls_card {
	pid_t pid; /* 0: not running */
	clockid_t clock;
	char folder[64];
	char socket[80];
};

/* Starts `program` (a glacis-vcard) as the user that glacisd becomes. Returns 0 or a negative errno after a message. */
int tls_card_start(const char *program, struct tls_card *card);
/* Ends it and removes its folder. Harmless when it does not run. */
void tls_card_stop(struct tls_card *card);
/* Processor time since its start, in seconds; negative when it has died. */
double tls_card_cpu_seconds(const struct tls_card *card);

#endif
