/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables, JSON rows and targets of the RSA benchmark, see rsa.h.
 */
#include "rsa.h"

#include <openssl/crypto.h>

#define FULL 8u

const char *const rsa_algorithm_names[RSA_ALGORITHMS] = {
	[RSA_PSS] = "rsa-pss-sha256",
	[RSA_PKCS1] = "rsa-pkcs1-sha256",
};

const char *rsa_peer(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "openssl %s", OpenSSL_version(OPENSSL_VERSION_STRING));
	return name;
}

static double per_second(const struct rsa_shape *shape, const struct bench_figure *figure)
{
	return figure->median > 0 ? shape->count * 1e6 / figure->median : 0;
}

void rsa_print(FILE *out, const struct rsa_result *results, size_t count)
{
	fprintf(out, "\nSignatures on one core, so many asked for at once. Latency: until the last one is there, "
		     "median and\n"
		     "(interquartile range) in microseconds. Ratio: time of OpenSSL / time of Glacis; above 1 = Glacis "
		     "faster.\n");
	fprintf(out, "%-17s %5s %6s %-7s %10s %20s %10s %20s %7s\n", "", "bits", "lanes", "run", "sign/s", "latency",
		"openssl/s", "latency", "ratio");
	for (size_t i = 0; i < count; i++) {
		const struct rsa_result *result = &results[i];
		const struct rsa_shape *shape = &result->shape;

		fprintf(out, "%-17s %5u %6u %-7s %10.1f %10.1f (%7.1f) %10.1f %10.1f (%7.1f) %6.2fx\n",
			rsa_algorithm_names[shape->algorithm], shape->bits, shape->count,
			result->in_lanes ? "batch" : "singly", per_second(shape, &result->ours), result->ours.median,
			result->ours.spread, per_second(shape, &result->peer), result->peer.median, result->peer.spread,
			result->ratio);
	}
}

void rsa_add_rows(struct bench_report *report, const struct rsa_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct rsa_result *result = &results[i];
		const struct rsa_shape *shape = &result->shape;

		bench_report_row(report,
				 json_pack("{s:s, s:i, s:i, s:b, s:f, s:f, s:f, s:s, s:f, s:f, s:f, s:f}", "algorithm",
					   rsa_algorithm_names[shape->algorithm], "bits", (int)shape->bits, "lanes",
					   (int)shape->count, "in_lanes", (int)result->in_lanes, "ours_ops_s",
					   per_second(shape, &result->ours), "ours_us", result->ours.median,
					   "ours_spread_us", result->ours.spread, "peer", rsa_peer(), "peer_ops_s",
					   per_second(shape, &result->peer), "peer_us", result->peer.median,
					   "peer_spread_us", result->peer.spread, "ratio", result->ratio));
	}
}

/* Set against OpenSSL 3.0; newer ones have vector code of their own. */
static const struct rsa_target {
	unsigned bits, count;
	double ratio; /* at least */
} targets[] = {
	{ 2048, FULL, 2.5 },   { 3072, FULL, 3.4 },   { 4096, FULL, 4.0 },
	{ 2048, 1, 1 / 1.10 }, { 3072, 1, 1 / 1.10 }, { 4096, 1, 1 / 1.10 },
};

unsigned rsa_check(FILE *out, const struct rsa_result *results, size_t count)
{
	unsigned missed = 0;

	fprintf(out, "\nTargets (time of OpenSSL / time of Glacis), set for OpenSSL 3.0; this is %s:\n", rsa_peer());
	for (size_t i = 0; i < count; i++) {
		const struct rsa_shape *shape = &results[i].shape;

		for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
			const struct rsa_target *target = &targets[t];
			bool reached = results[i].ratio >= target->ratio;

			if (shape->bits != target->bits || shape->count != target->count)
				continue;
			missed += !reached;
			fprintf(out, "%-6s  %-17s %u bits, %u at once: %5.2f, wanted at least %.2f\n",
				reached ? "ok" : "MISSED", rsa_algorithm_names[shape->algorithm], shape->bits,
				shape->count, results[i].ratio, target->ratio);
		}
	}
	fflush(out);
	return missed;
}
