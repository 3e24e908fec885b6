/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the waits of glacis.so do to latency: full handshakes of a server with it and of one without, at the same rates,
 * which are parts of what the latter can do at most.
 */
#ifndef BENCH_PROVIDER_LATENCY_H
#define BENCH_PROVIDER_LATENCY_H

#include "provider_server.h"
#include "stats.h"
#include "tls_exchange.h"

#define PROVIDER_LATENCY_LOADS 3u

/* The parts, in percent: little to do, something, nearly all that it can. */
extern const unsigned provider_latency_percent[PROVIDER_LATENCY_LOADS];

/* At one rate; ms, of the server with glacis.so and of that without. */
struct provider_latency_result {
	double rate; /* handshakes a second */
	struct bench_samples median[2], p99[2];
};

/* Measures both servers in turn, `rounds` times at each rate, with a client that knows only the load's suite and
 * authority. Returns 0 or a negative errno after a message. */
int provider_latency_measure(const struct provider_server servers[2], const struct tls_load *load, unsigned rounds,
			     bool quick, struct provider_latency_result results[PROVIDER_LATENCY_LOADS]);

#endif
