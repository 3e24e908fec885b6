/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `glacis-bench tls` measures. A metric is one row of the table of metrics in tls_measure.c:
 * a name, a unit, a target, a load and how much of it. tls.c takes samples of every proxy in turn.
 */
#ifndef BENCH_TLS_MEASURE_H
#define BENCH_TLS_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "stats.h"
#include "tls_exchange.h"
#include "tls_proxy.h"

struct tls_metric {
	const char *group; /* for --only */
	const char *name;
	const char *unit;
	const char *suite;
	double scale;  /* from seconds, or bytes, per request to the unit */
	double target; /* Glacis' cost must be at most this part of HAProxy's; 0: only reported */
	uint64_t body;
	uint64_t requests; /* per sample */
	uint64_t quick_requests;
	unsigned connections;
	bool tls_1_2;
	bool close_each;
	bool memory;  /* bytes of user memory per idle connection, in a fresh process */
	bool latency; /* 99th percentile at a fixed rate of arrivals */
	bool median;  /* of the metric before it, in whose samples it is taken */
};

extern const struct tls_metric tls_metrics[];
extern const size_t tls_metric_count;

/* What the samples of one metric and proxy are collected in. */
struct tls_series {
	struct bench_samples cost;
	struct bench_samples card; /* of the emulated card itself, in the unit of the cost */
	struct bench_samples busy; /* part of the time in which the proxy's core was busy with it */
	struct bench_samples late; /* latency only: how late the client itself was, which is part of the cost */
	unsigned disturbed;        /* latency only: samples during which others used the proxy's core */
};

/* How samples of this run are taken. */
struct tls_sampling {
	const char *authority; /* the certificate */
	bool quick;
	double rate; /* latency only: arrivals a second */
};

/* The load of a metric for a proxy. */
struct tls_load tls_make_load(const struct tls_metric *metric, const struct tls_proxy *proxy, const char *authority);

/* Takes one sample. `proxy` runs; for a memory metric it is started and stopped here. `median` is the series of the
 * metric behind a metric of latency. Returns 0 or a negative errno after a message. */
int tls_measure(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
		struct tls_series *series, struct tls_series *median);

#endif
