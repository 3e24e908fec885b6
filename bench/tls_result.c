/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table, JSON rows and targets of `glacis-bench tls`, see tls_result.h. A figure without samples
 * (a proxy that was left out) prints as a dash and has no row.
 */
#include "tls_result.h"

static void print_figure(FILE *out, const struct bench_figure *cost, const struct bench_figure *busy)
{
	char text[40];

	if (cost->count == 0) {
		fprintf(out, " %24s", "-");
		return;
	}
	if (cost->median < 10.0)
		snprintf(text, sizeof(text), "%.3f (%.3f)", cost->median, cost->spread);
	else
		snprintf(text, sizeof(text), "%.1f (%.1f)", cost->median, cost->spread);
	if (busy->count > 0)
		fprintf(out, " %18s %4.0f%%", text, busy->median * 100.0);
	else
		fprintf(out, " %18s %5s", text, "");
}

/* How much of a latency is the client's own: it handles one event after the other. */
static void print_lateness(FILE *out, const struct tls_result *result)
{
	if (result->late[TLS_PROXY_HAPROXY].count == 0)
		return;
	fprintf(out, "  of which the client was late itself");
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		if (result->late[kind].count > 0)
			fprintf(out, "%s %s %.0f", kind > 0 ? "," : ":", tls_proxy_name(kind),
				result->late[kind].median);
	fputc('\n', out);
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		if (result->disturbed[kind] > 0)
			fprintf(out, "  %u of %zu samples of %s were disturbed: other programs used its core\n",
				result->disturbed[kind], result->cost[kind].count, tls_proxy_name(kind));
}

/* A real card would have no part of the processor. */
static void print_card(FILE *out, const struct tls_result *result)
{
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		if (result->card[kind].count > 0)
			fprintf(out, "  beside that, the emulated card of %s: %.3f %s\n", tls_proxy_name(kind),
				result->card[kind].median, result->metric->unit);
}

/* Has anybody of the kind been measured? The proxies of every run have a column in any case. */
static bool is_shown(const struct tls_result *results, size_t count, unsigned kind)
{
	return kind < TLS_PROXY_GLACISD_CARD || (count > 0 && results[0].cost[kind].count > 0);
}

void tls_print_results(FILE *out, const struct tls_result *results, size_t count)
{
	fprintf(out, "\nCost to the proxy, median and (interquartile range), and how busy its core was with it.\n"
		     "Ratio: cost of the peer / cost of Glacis, median over the rounds; above 1 = Glacis better.\n");
	fprintf(out, "%-53s %-5s", "", "unit");
	for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++)
		if (is_shown(results, count, kind))
			fprintf(out, " %24s%s", tls_proxy_name(kind), kind == TLS_PROXY_GLACISD ? "" : "    ratio");
	fputc('\n', out);
	for (size_t i = 0; i < count; i++) {
		const struct tls_result *result = &results[i];

		fprintf(out, "%-53s %-5s", result->metric->name, result->metric->unit);
		for (unsigned kind = 0; kind < TLS_PROXY_COUNT; kind++) {
			if (!is_shown(results, count, kind))
				continue;
			print_figure(out, &result->cost[kind], &result->busy[kind]);
			if (kind != TLS_PROXY_GLACISD && result->ratio[kind] > 0.0)
				fprintf(out, " %7.2fx", result->ratio[kind]);
			else if (kind != TLS_PROXY_GLACISD)
				fprintf(out, " %8s", "-");
		}
		fputc('\n', out);
		print_lateness(out, result);
		print_card(out, result);
	}
}

static json_t *row(const struct tls_result *result, unsigned kind)
{
	const struct bench_figure *cost = result->cost, *busy = result->busy, *late = result->late;
	json_t *row = json_pack("{s:s, s:s, s:i, s:f, s:f, s:f, s:s, s:f, s:f, s:f, s:f}", "measured",
				result->metric->name, "unit", result->metric->unit, "rounds", (int)cost[0].count,
				"ours", cost[0].median, "ours_spread", cost[0].spread, "ours_core_busy", busy[0].median,
				"peer", tls_proxy_name(kind), "peer_value", cost[kind].median, "peer_spread",
				cost[kind].spread, "peer_core_busy", busy[kind].median, "ratio", result->ratio[kind]);

	if (row && result->card[kind].count > 0 &&
	    json_object_set_new(row, "peer_card_cpu", json_real(result->card[kind].median))) {
		json_decref(row);
		row = NULL;
	}
	if (row && late[0].count > 0 &&
	    (json_object_set_new(row, "ours_client_late", json_real(late[0].median)) ||
	     json_object_set_new(row, "peer_client_late", json_real(late[kind].median)) ||
	     json_object_set_new(row, "disturbed", json_integer(result->disturbed[0] + result->disturbed[kind])))) {
		json_decref(row);
		row = NULL;
	}
	return row;
}

void tls_add_rows(struct bench_report *report, const struct tls_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct bench_figure *cost = results[i].cost;

		for (unsigned kind = 1; kind < TLS_PROXY_COUNT; kind++)
			if (cost[0].count > 0 && cost[kind].count > 0)
				bench_report_row(report, row(&results[i], kind));
	}
}

unsigned tls_check(FILE *out, const struct tls_result *results, size_t count)
{
	unsigned missed = 0;

	fprintf(out, "\nTargets (cost of Glacis / cost of HAProxy in mode http):\n");
	for (size_t i = 0; i < count; i++) {
		const struct tls_metric *metric = results[i].metric;
		const struct bench_figure *ours = &results[i].cost[TLS_PROXY_GLACISD];
		double ratio = results[i].ratio[TLS_PROXY_HAPROXY];
		double part = ratio > 0.0 ? 1.0 / ratio : 0.0;
		bool reached = ours->count > 0 && ratio > 0.0 && part <= metric->target;

		if (metric->target <= 0.0)
			continue;
		missed += !reached;
		fprintf(out, "%-6s  %-53s %.3f, wanted at most %.2f%s\n", reached ? "ok" : "MISSED", metric->name, part,
			metric->target,
			2 * (results[i].disturbed[TLS_PROXY_GLACISD] + results[i].disturbed[TLS_PROXY_HAPROXY]) >
					ours->count
				? " (disturbed: repeat it on a quiet machine)"
				: "");
	}
	fflush(out);
	return missed;
}
