/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latency with glacis.so and without, see provider_latency.h. Arrivals are those of tls_arrivals.h: an open loop, whose
 * connections begin whether earlier ones are done or not.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "progress.h"
#include "provider_latency.h"
#include "tls_arrivals.h"
#include "tls_latency.h"

#define SATURATED       600u /* handshakes that tell what a server can do */
#define SATURATED_QUICK 200u
#define ARRIVALS        1000u
#define ARRIVALS_QUICK  200u

const unsigned provider_latency_percent[PROVIDER_LATENCY_LOADS] = { 20, 50, 80 };

/* One run of arrivals at one server. */
static int take(const struct tls_load *load, double rate, unsigned count, struct bench_samples *median,
		struct bench_samples *p99)
{
	struct tls_arrival *arrivals = calloc(count, sizeof(*arrivals));
	double *values = calloc(count, sizeof(*values)), median_us, p99_us;
	int status = arrivals && values ? tls_arrivals_run(load, rate, count, arrivals) : -ENOMEM;

	if (!status) {
		tls_latency_percentiles(arrivals, count, offsetof(struct tls_arrival, handshake), values, &median_us,
					&p99_us);
		bench_samples_add(median, median_us / 1e3);
		bench_samples_add(p99, p99_us / 1e3);
	}
	free(arrivals);
	free(values);
	return status;
}

int provider_latency_measure(const struct provider_server servers[2], const struct tls_load *load, unsigned rounds,
			     bool quick, struct provider_latency_result results[PROVIDER_LATENCY_LOADS])
{
	struct tls_load loads[2] = { *load, *load };
	double most = 0;
	int status;

	loads[0].port = servers[0].port;
	loads[1].port = servers[1].port;
	bench_progress("what %s does without glacis.so at most", provider_server_name(servers[1].kind));
	status = tls_latency_capacity(&loads[1], quick ? SATURATED_QUICK : SATURATED, &most);
	for (unsigned round = 0; round < rounds && !status; round++)
		for (unsigned i = 0; i < 2 * PROVIDER_LATENCY_LOADS && !status; i++) {
			unsigned part = i / 2, side = (round + i) % 2;
			struct provider_latency_result *result = &results[part];

			result->rate = most * provider_latency_percent[part] / 100;
			bench_progress("latency at %u%%: round %u of %u", provider_latency_percent[part], round + 1,
				       rounds);
			status = take(&loads[side], result->rate, quick ? ARRIVALS_QUICK : ARRIVALS,
				      &result->median[side], &result->p99[side]);
		}
	return status;
}
