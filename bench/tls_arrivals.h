/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load as an open loop: connections begin at moments set in advance, whether earlier ones are done or not, as
 * visitors of a server do. Latency counts from the moment at which a connection was to begin, not from the one at
 * which a busy client got round to it, so that nobody is spared by being slow (no coordinated omission).
 */
#ifndef BENCH_TLS_ARRIVALS_H
#define BENCH_TLS_ARRIVALS_H

#include "tls_exchange.h"

/* What one connection of the load went through, in microseconds. */
struct tls_arrival {
	double due;       /* when it was to begin, since the start of the run */
	double late;      /* by how much the client was late: part of both below */
	double handshake; /* until the client's handshake was complete */
};

/* Sets the moments of `count` arrivals, `rate` a second on average: those of a Poisson process from a fixed seed, the
 * same for everyone who is measured with this rate and count. */
void tls_arrivals_schedule(struct tls_arrival *list, unsigned count, double rate);

/* Begins `count` connections at these moments, each with a full handshake and one request, and waits until all are
 * closed. Returns 0 or a negative errno after a message. */
int tls_arrivals_run(const struct tls_load *load, double rate, unsigned count, struct tls_arrival *arrivals);

#endif
