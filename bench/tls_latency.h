/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latency of handshakes at part of a proxy's load. The rate is the same for all proxies: a part of what HAProxy's
 * core can do, which is measured in the same run.
 */
#ifndef BENCH_TLS_LATENCY_H
#define BENCH_TLS_LATENCY_H

#include "tls_arrivals.h"
#include "tls_measure.h"

/* The part. */
#define TLS_LATENCY_LOAD 0.7

/* Handshakes a second at saturation: as many of them as the server at the load's port answers to a client that always
 * has 64 under way. Returns 0 or a negative errno after a message. */
int tls_latency_capacity(const struct tls_load *load, unsigned handshakes, double *handshakes_per_s);

/* Median and 99th percentile, in microseconds, of the member at `offset` of the arrivals, without the first tenth of
 * them. `values` has room for `count`. */
void tls_latency_percentiles(const struct tls_arrival *arrivals, unsigned count, size_t offset, double *values,
			     double *median, double *p99);

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
