/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables, JSON rows and targets of the AEAD benchmark, see aead_result.h.
 */
#include "aead_result.h"

/* Columns as in `openssl speed`; the row's name is longer. */
static void print_row_name(FILE *out, const char *contender, const struct aead_shape *shape)
{
	char name[64];

	snprintf(name, sizeof(name), "%s aes-%u-gcm %s", contender, shape->key_size * 8, shape->open ? "open" : "seal");
	fprintf(out, "%-25s %4u %5u", name, shape->keys, shape->burst);
}

void aead_print_throughput(FILE *out, const struct aead_result *results, size_t count, size_t sizes)
{
	fprintf(out, "\nThe 'numbers' are in 1000s of bytes per second processed, on one core.\n");
	fprintf(out, "%-25s %4s %5s", "type", "keys", "burst");
	for (size_t i = 0; i < sizes && i < count; i++)
		fprintf(out, " %7u bytes", results[i].shape.size);
	fputc('\n', out);
	for (size_t first = 0; first + sizes <= count; first += sizes) {
		for (unsigned who = 0; who < AEAD_CONTENDERS; who++) {
			print_row_name(out, aead_contenders[who]->name, &results[first].shape);
			for (size_t i = first; i < first + sizes; i++)
				fprintf(out, " %12.2fk", results[i].shape.size * 1e6 / results[i].ns[who].median);
			fputc('\n', out);
		}
	}
}

void aead_print_times(FILE *out, const struct aead_result *results, size_t count)
{
	fprintf(out, "\nNanoseconds per record, median and (interquartile range). Ratio: time of the peer / time of\n"
		     "Glacis, median over the rounds; above 1 = Glacis faster.\n");
	fprintf(out, "%-17s %6s %5s %5s %18s %18s %8s %18s %8s\n", "algorithm", "bytes", "keys", "burst", "glacis",
		"openssl", "ratio", "ipsec-mb", "ratio");
	for (size_t i = 0; i < count; i++) {
		const struct aead_result *result = &results[i];
		const struct aead_shape *shape = &result->shape;

		fprintf(out, "aes-%u-gcm %s  %6u %5u %5u", shape->key_size * 8, shape->open ? "open" : "seal",
			shape->size, shape->keys, shape->burst);
		for (unsigned who = 0; who < AEAD_CONTENDERS; who++) {
			fprintf(out, " %9.1f (%6.1f)", result->ns[who].median, result->ns[who].spread);
			if (who > 0)
				fprintf(out, " %7.2fx", result->ratio[who]);
		}
		fputc('\n', out);
	}
}

void aead_add_rows(struct bench_report *report, const struct aead_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct aead_result *result = &results[i];
		const struct aead_shape *shape = &result->shape;
		char algorithm[16];

		snprintf(algorithm, sizeof(algorithm), "aes-%u-gcm", shape->key_size * 8);
		for (unsigned who = 1; who < AEAD_CONTENDERS; who++)
			bench_report_row(report,
					 json_pack("{s:s, s:s, s:i, s:i, s:i, s:f, s:f, s:s, s:f, s:f, s:f}",
						   "algorithm", algorithm, "direction", shape->open ? "open" : "seal",
						   "size", (int)shape->size, "keys", (int)shape->keys, "burst",
						   (int)shape->burst, "ours_ns", result->ns[0].median, "ours_spread",
						   result->ns[0].spread, "peer", aead_contenders[who]->name, "peer_ns",
						   result->ns[who].median, "peer_spread", result->ns[who].spread,
						   "ratio", result->ratio[who]));
	}
}

/* AES-128 with rotating keys must reach these ratios, both directions. */
static const struct aead_target {
	unsigned who;     /* index of the peer */
	unsigned minimum; /* sizes from here */
	unsigned maximum; /* to here */
	double ratio;     /* at least */
} targets[] = {
	{ .who = 1, .minimum = 64, .maximum = 256, .ratio = 5.0 },
	{ .who = 1, .minimum = 1420, .maximum = 1420, .ratio = 4.0 },
	{ .who = 1, .minimum = 16384, .maximum = 16384, .ratio = 2.5 },
	{ .who = 2, .minimum = 64, .maximum = 64, .ratio = 1 / 1.6 },
	{ .who = 2, .minimum = 1420, .maximum = 16384, .ratio = 1 / 1.15 },
};

unsigned aead_check(FILE *out, const struct aead_result *results, size_t count)
{
	unsigned missed = 0;

	fprintf(out, "\nTargets (time of the peer / time of Glacis):\n");
	for (size_t i = 0; i < count; i++) {
		const struct aead_shape *shape = &results[i].shape;

		if (shape->key_size != 16 || shape->keys == 1)
			continue;
		for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
			const struct aead_target *target = &targets[t];
			double ratio = results[i].ratio[target->who];
			bool reached = ratio >= target->ratio;

			if (shape->size < target->minimum || shape->size > target->maximum)
				continue;
			missed += !reached;
			fprintf(out, "%-6s  %s %5u bytes, burst %2u, vs %-8s: %5.2f, wanted at least %.2f\n",
				reached ? "ok" : "MISSED", shape->open ? "open" : "seal", shape->size, shape->burst,
				aead_contenders[target->who]->name, ratio, target->ratio);
		}
	}
	fflush(out);
	return missed;
}
