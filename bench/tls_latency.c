/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of latency, see tls_latency.h.
 */
#include "tls_latency.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tls_client.h"

#define CAPACITY_CONNECTIONS 64u
#define ATTEMPTS             3u   /* at a sample that others do not disturb */
#define DISTURBED            0.02 /* part of the time that others had the proxy's core */
#define WARM_UP              10u  /* the first part of the arrivals, one in so many, is not counted */

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int tls_latency_capacity(const struct tls_load *load, unsigned handshakes, double *handshakes_per_s)
{
	struct tls_load many = *load;
	struct tls_client *client = NULL;
	double seconds;
	int status;

	many.connections = CAPACITY_CONNECTIONS;
	status = tls_client_open(&many, &client);
	if (status)
		return status;
	seconds = now_seconds();
	status = tls_client_run(client, handshakes);
	seconds = now_seconds() - seconds;
	tls_client_close(client);
	*handshakes_per_s = status ? 0.0 : handshakes / seconds;
	return status;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

void tls_latency_percentiles(const struct tls_arrival *arrivals, unsigned count, size_t offset, double *values,
			     double *median, double *p99)
{
	unsigned first = count / WARM_UP;

	for (unsigned i = first; i < count; i++)
		values[i - first] = *(const double *)((const char *)&arrivals[i] + offset);
	qsort(values, count - first, sizeof(*values), compare);
	*median = bench_percentile(values, count - first, 0.5);
	*p99 = bench_percentile(values, count - first, 0.99);
}

/* One run of the arrivals. */
static int run_once(const struct tls_load *load, struct tls_proxy *proxy, double rate, struct tls_arrival *arrivals,
		    unsigned count, struct tls_latency_sample *sample)
{
	double cpu = tls_proxy_cpu_seconds(proxy), waited = tls_proxy_waited_seconds(proxy), seconds;
	int status = tls_arrivals_run(load, rate, count, arrivals);

	seconds = arrivals[count - 1].due * 1e-6;
	cpu = tls_proxy_cpu_seconds(proxy) - cpu;
	sample->cpu_us = cpu * 1e6 / count;
	sample->busy = cpu / seconds;
	sample->disturbed = (tls_proxy_waited_seconds(proxy) - waited) / seconds > DISTURBED;
	return status;
}

int tls_latency_take(const struct tls_load *load, struct tls_proxy *proxy, double rate, unsigned count,
		     struct tls_latency_sample *sample)
{
	struct tls_arrival *arrivals = calloc(count, sizeof(*arrivals));
	double *values = calloc(count, sizeof(*values));
	int status = arrivals && values ? 0 : -ENOMEM;

	sample->disturbed = true;
	for (unsigned attempt = 0; attempt < ATTEMPTS && sample->disturbed && !status; attempt++)
		status = run_once(load, proxy, rate, arrivals, count, sample);
	if (!status) {
		tls_latency_percentiles(arrivals, count, offsetof(struct tls_arrival, handshake), values,
					&sample->median, &sample->p99);
		tls_latency_percentiles(arrivals, count, offsetof(struct tls_arrival, late), values,
					&sample->late_median, &sample->late_p99);
	}
	free(arrivals);
	free(values);
	return status;
}

int tls_latency_measure(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
			struct tls_series *p99, struct tls_series *median)
{
	struct tls_load load = tls_make_load(metric, proxy, sampling->authority);
	struct tls_latency_sample sample;
	int status = tls_latency_take(&load, proxy, sampling->rate,
				      (unsigned)(sampling->quick ? metric->quick_requests : metric->requests), &sample);

	if (status)
		return status;
	bench_samples_add(&p99->cost, sample.p99);
	bench_samples_add(&median->cost, sample.median);
	bench_samples_add(&p99->busy, sample.busy);
	bench_samples_add(&median->busy, sample.busy);
	bench_samples_add(&p99->late, sample.late_p99);
	bench_samples_add(&median->late, sample.late_median);
	p99->disturbed += sample.disturbed;
	return 0;
}
