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

/* Handshakes a second for which this proxy's processor time would last; the load that finds out keeps its core busy.
 * Returns 0 or a negative errno after a message. */
int tls_latency_capacity(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
			 double *handshakes_per_s);

/* Takes one sample at `sampling->rate`: the metric's percentile goes to `series`, the median to `median`. */
int tls_latency_measure(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
			struct tls_series *series, struct tls_series *median);

#endif
