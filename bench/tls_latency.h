/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latency of handshakes at part of a proxy's load. The rate is the same for all proxies: a part of what HAProxy's
 * core can do, which is measured in the same run.
 */
#ifndef BENCH_TLS_LATENCY_H
#define BENCH_TLS_LATENCY_H

#include "tls_measure.h"

/* The part. */
#define TLS_LATENCY_LOAD 0.7

/* Handshakes a second at saturation: as many of them as this proxy answers to a client that always has 64 under way.
 * Returns 0 or a negative errno after a message. */
int tls_latency_capacity(const struct tls_load *load, struct tls_proxy *proxy, unsigned handshakes,
			 double *handshakes_per_s);

/* One run of arrivals, in microseconds. */
struct tls_latency_sample {
	double median, p99;
	double late_median, late_p99; /* how late the client itself was, which is part of them */
	double cpu_us;                /* of the proxy, per handshake */
	double busy;                  /* part of the time in which its core was */
	bool disturbed;               /* others used that core too, also in the last attempt */
};

/* Measures `count` arrivals at this rate, again when others disturbed it. Returns 0 or a negative errno after a
 * message. */
int tls_latency_take(const struct tls_load *load, struct tls_proxy *proxy, double rate, unsigned count,
		     struct tls_latency_sample *sample);

/* The same as a sample of a metric and of the metric behind it, its median. */
int tls_latency_measure(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
			struct tls_series *p99, struct tls_series *median);

#endif
