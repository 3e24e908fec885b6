/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of `glacis-bench tls` and how a sample of one is taken, see tls_measure.h.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "tls_client.h"
#include "tls_latency.h"
#include "tls_measure.h"

#define SETTLE_SECONDS 2 /* idle connections: time for a proxy to give memory back */

const struct tls_metric tls_metrics[] = {
	{ .group = "bulk",
	  .name = "CPU per GB, 1 MB downloads, TLS 1.3 AES-128-GCM",
	  .unit = "s/GB",
	  .suite = "TLS_AES_128_GCM_SHA256",
	  .scale = 1e3,
	  .target = 0.55,
	  .body = 1000000,
	  .requests = 1000,
	  .quick_requests = 300,
	  .connections = 8 },
	{ .group = "bulk",
	  .name = "CPU per GB, 1 MB downloads, TLS 1.3 AES-256-GCM",
	  .unit = "s/GB",
	  .suite = "TLS_AES_256_GCM_SHA384",
	  .scale = 1e3,
	  .target = 0.55,
	  .body = 1000000,
	  .requests = 1000,
	  .quick_requests = 300,
	  .connections = 8 },
	{ .group = "requests",
	  .name = "CPU per 100-byte request on keep-alive",
	  .unit = "us",
	  .suite = "TLS_AES_128_GCM_SHA256",
	  .scale = 1e6,
	  .target = 0.65,
	  .body = 100,
	  .requests = 40000,
	  .quick_requests = 10000,
	  .connections = 64 },
	{ .group = "handshakes",
	  .name = "CPU per full TLS 1.3 handshake + 100 bytes, RSA-2048, 64 at once",
	  .unit = "us",
	  .suite = "TLS_AES_128_GCM_SHA256",
	  .scale = 1e6,
	  .target = 0.55,
	  .body = 100,
	  .requests = 3000,
	  .quick_requests = 1000,
	  .connections = 64,
	  .close_each = true },
	{ .group = "handshakes",
	  .name = "CPU per full TLS 1.3 handshake + 100 bytes, RSA-2048, 256 at once",
	  .unit = "us",
	  .suite = "TLS_AES_128_GCM_SHA256",
	  .scale = 1e6,
	  .target = 0.55,
	  .body = 100,
	  .requests = 3000,
	  .quick_requests = 1000,
	  .connections = 256,
	  .close_each = true },
	{ .group = "handshakes",
	  .name = "CPU per full TLS 1.2 handshake + 100 bytes, RSA-2048, 64 at once",
	  .unit = "us",
	  .suite = "ECDHE-RSA-AES128-GCM-SHA256",
	  .scale = 1e6,
	  .body = 100,
	  .requests = 3000,
	  .quick_requests = 1000,
	  .connections = 64,
	  .tls_1_2 = true,
	  .close_each = true },
	{ .group = "latency",
	  .name = "full TLS 1.3 handshake at 70% load, RSA-2048, p99",
	  .unit = "us",
	  .suite = "TLS_AES_128_GCM_SHA256",
	  .target = 1.0,
	  .body = 100,
	  .requests = 3000,
	  .quick_requests = 1000,
	  .close_each = true,
	  .latency = true },
	{ .group = "latency",
	  .name = "full TLS 1.3 handshake at 70% load, RSA-2048, median",
	  .unit = "us",
	  .median = true },
	{ .group = "memory",
	  .name = "user memory (PSS) per idle connection",
	  .unit = "bytes",
	  .suite = "TLS_AES_128_GCM_SHA256",
	  .scale = 1.0,
	  .target = 0.25,
	  .body = 100,
	  .connections = 2000,
	  .memory = true },
};

const size_t tls_metric_count = sizeof(tls_metrics) / sizeof(tls_metrics[0]);

static double wall_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct tls_load tls_make_load(const struct tls_metric *metric, const struct tls_proxy *proxy, const char *authority)
{
	return (struct tls_load){
		.suite = metric->suite,
		.authority = authority,
		.connections = metric->connections,
		.body = metric->body,
		.port = proxy->port,
		.tls_1_2 = metric->tls_1_2,
		.close_each = metric->close_each,
	};
}

/* Processor time of `requests` requests over connections that are already warm. */
static int measure_cpu(const struct tls_metric *metric, struct tls_proxy *proxy, const char *authority, bool quick,
		       struct tls_series *series)
{
	struct tls_load load = tls_make_load(metric, proxy, authority);
	uint64_t requests = quick ? metric->quick_requests : metric->requests;
	struct tls_client *client = NULL;
	double cpu, wall, card = 0.0;
	int status = tls_client_open(&load, &client);

	if (status)
		return status;
	wall = wall_seconds();
	cpu = tls_proxy_cpu_seconds(proxy);
	if (tls_proxy_has_card(proxy->kind))
		card = tls_card_cpu_seconds(&proxy->card);
	status = tls_client_run(client, requests);
	if (tls_proxy_has_card(proxy->kind))
		card = tls_card_cpu_seconds(&proxy->card) - card;
	cpu = tls_proxy_cpu_seconds(proxy) - cpu;
	wall = wall_seconds() - wall;
	tls_client_close(client);
	if (status)
		return status;
	if (cpu <= 0.0) {
		fprintf(stderr, "\nglacis-bench: %s has used no processor time: it has died or was replaced\n",
			tls_proxy_name(proxy->kind));
		return -ESRCH;
	}
	bench_samples_add(&series->cost, cpu / (double)requests * metric->scale);
	bench_samples_add(&series->busy, cpu / wall);
	if (tls_proxy_has_card(proxy->kind))
		bench_samples_add(&series->card, card / (double)requests * metric->scale);
	return 0;
}

/* One connection first, so that what a proxy allocates once is not counted. */
static int warm_up(const struct tls_load *load)
{
	struct tls_load one = *load;
	struct tls_client *client = NULL;
	int status;

	one.connections = 1;
	one.close_each = true;
	status = tls_client_open(&one, &client);
	tls_client_close(client);
	return status;
}

static int measure_memory(const struct tls_metric *metric, struct tls_proxy *proxy, const char *authority,
			  struct tls_series *series)
{
	const struct timespec settle = { .tv_sec = SETTLE_SECONDS };
	struct tls_client *client = NULL;
	struct tls_load load;
	long before = 0, after = 0;
	int status = tls_proxy_start(proxy->setup, proxy->kind, proxy);

	if (status)
		return status;
	load = tls_make_load(metric, proxy, authority);
	status = warm_up(&load);
	if (!status) {
		before = tls_proxy_pss_bytes(proxy);
		status = before < 0 ? (int)before : tls_client_open(&load, &client);
	}
	if (!status && nanosleep(&settle, NULL))
		status = -EINTR;
	if (!status) {
		after = tls_proxy_pss_bytes(proxy);
		status = after < 0 ? (int)after : 0;
	}
	/* Still all there? A proxy that had closed some would look small. */
	if (!status)
		status = tls_client_run(client, metric->connections);
	if (!status)
		bench_samples_add(&series->cost, (double)(after - before) / metric->connections * metric->scale);
	tls_client_close(client);
	if (status && status != -EINTR)
		tls_proxy_print_log(proxy);
	tls_proxy_stop(proxy);
	return status;
}

int tls_measure(const struct tls_metric *metric, struct tls_proxy *proxy, const struct tls_sampling *sampling,
		struct tls_series *series, struct tls_series *median)
{
	int status;

	if (metric->memory)
		return measure_memory(metric, proxy, sampling->authority, series);
	if (metric->latency)
		status = tls_latency_measure(metric, proxy, sampling, series, median);
	else
		status = measure_cpu(metric, proxy, sampling->authority, sampling->quick, series);
	if (status && status != -EINTR)
		tls_proxy_print_log(proxy);
	return status;
}
