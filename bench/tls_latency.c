/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of latency, see tls_latency.h.
 */
#include "tls_latency.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls_arrivals.h"
#include "tls_client.h"

#define CAPACITY_CONNECTIONS 64u
#define ATTEMPTS             3u   /* at a sample that others do not disturb */
#define DISTURBED            0.02 /* part of the time that others had the proxy's core */
#define WARM_UP              10u  /* the first part of the arrivals, one in so many, is not counted */

int tls_latency_capacity(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
			 double *handshakes_per_s)
{
	struct tls_load load = tls_make_load(metric, proxy, sampling->authority);
	uint64_t requests = sampling->quick ? metric->quick_requests : metric->requests;
	struct tls_client *client = NULL;
	double cpu;
	int status;

	load.connections = CAPACITY_CONNECTIONS;
	status = tls_client_open(&load, &client);
	if (status)
		return status;
	cpu = tls_proxy_cpu_seconds(proxy);
	status = tls_client_run(client, requests);
	cpu = tls_proxy_cpu_seconds(proxy) - cpu;
	tls_client_close(client);
	if (!status && cpu <= 0.0) {
		fprintf(stderr, "\nglacis-bench: %s has used no processor time: it has died or was replaced\n",
			tls_proxy_name(proxy->kind));
		status = -ESRCH;
	}
	*handshakes_per_s = status ? 0.0 : (double)requests / cpu;
	return status;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Sorts `values` of the arrivals that count, chosen by their place in struct tls_arrival. */
static size_t collect(const struct tls_arrival *arrivals, unsigned count, size_t offset, double *values)
{
	unsigned first = count / WARM_UP;

	for (unsigned i = first; i < count; i++)
		values[i - first] = *(const double *)((const char *)&arrivals[i] + offset);
	qsort(values, count - first, sizeof(*values), compare);
	return count - first;
}

/* One run of the arrivals; says what part of the time the proxy was ready and others had its core. */
static int run_once(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
		    struct tls_arrival *arrivals, unsigned count, double *busy, double *disturbed)
{
	struct tls_load load = tls_make_load(metric, proxy, sampling->authority);
	double cpu = tls_proxy_cpu_seconds(proxy), waited = tls_proxy_waited_seconds(proxy), seconds;
	int status = tls_arrivals_run(&load, sampling->rate, count, arrivals);

	seconds = arrivals[count - 1].due * 1e-6;
	*busy = (tls_proxy_cpu_seconds(proxy) - cpu) / seconds;
	*disturbed = (tls_proxy_waited_seconds(proxy) - waited) / seconds;
	return status;
}

int tls_latency_measure(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
			struct tls_series *series, struct tls_series *median)
{
	unsigned count = (unsigned)(sampling->quick ? metric->quick_requests : metric->requests);
	struct tls_arrival *arrivals = calloc(count, sizeof(*arrivals));
	double *values = calloc(count, sizeof(*values));
	int status = arrivals && values ? 0 : -ENOMEM;
	double busy = 0.0, disturbed = 1.0;

	for (unsigned attempt = 0; attempt < ATTEMPTS && disturbed > DISTURBED && !status; attempt++)
		status = run_once(metric, proxy, sampling, arrivals, count, &busy, &disturbed);
	if (!status) {
		size_t counted = collect(arrivals, count, offsetof(struct tls_arrival, handshake), values);

		bench_samples_add(&series->cost, bench_percentile(values, counted, metric->percentile));
		bench_samples_add(&median->cost, bench_percentile(values, counted, 0.5));
		bench_samples_add(&series->busy, busy);
		bench_samples_add(&median->busy, busy);
		counted = collect(arrivals, count, offsetof(struct tls_arrival, late), values);
		bench_samples_add(&series->late, bench_percentile(values, counted, metric->percentile));
		bench_samples_add(&median->late, bench_percentile(values, counted, 0.5));
		series->disturbed += disturbed > DISTURBED;
	}
	free(arrivals);
	free(values);
	return status;
}
