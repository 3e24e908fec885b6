/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis-bench-card-rtl, `glacis-bench card --backend rtl`: clock cycles of the simulated logic for records and RSA
 * operations, and what they would be in bits and operations a second. A program of its own: it alone has the logic
 * inside.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "card_logic.h"
#include "card_model.h"
#include "progress.h"
#include "report.h"

#define ALONE   20u  /* records, one at a time */
#define MANY    300u /* records, 48 at a time */
#define AT_ONCE 48u

enum { OPTION_JSON = 1, OPTION_BACKEND, OPTION_QUICK };

struct options {
	const char *json;
	bool quick;
};

static void record(struct bench_report *report, const struct card_logic_record *record, uint32_t many)
{
	FILE *table = bench_report_table(report);
	double alone = card_logic_records(record, ALONE, 1), company = card_logic_records(record, many, AT_ONCE);

	fprintf(table, "%6u  %3u  %-4s  %8.1f  %8.1f", record->size, record->key_size * 8,
		record->open ? "open" : "seal", alone, company);
	for (unsigned i = 0; i < CARD_TARGETS; i++) {
		const struct card_target *target = &card_targets[i];
		double pipe = card_model_pipe(target, company) * record->size * 8 / 1e9;
		double link = card_model_link(target, record->size, record->open) * record->size * 8 / 1e9;

		fprintf(table, "  %7.2f %6.2f", pipe, link);
		bench_report_row(report,
				 json_pack("{s:s, s:i, s:i, s:s, s:f, s:f, s:s, s:s, s:f, s:f, s:f}", "what",
					   "rtl-record", "size", (int)record->size, "key_bits",
					   (int)record->key_size * 8, "direction", record->open ? "open" : "seal",
					   "cycles_alone", alone, "cycles_in_company", company, "target", target->name,
					   "clock", target->basis, "pipe_gbps", pipe, "link_gbps", link, "gbps",
					   card_model_gbps(target, record->size, record->open, company)));
	}
	fputc('\n', table);
}

static void records(struct bench_report *report, bool quick)
{
	static const uint32_t sizes[] = { 16, 64, 256, 1024, 1460, 4096, 16384 };
	FILE *table = bench_report_table(report);

	fprintf(table,
		"AES-GCM, one pipe, bus that answers at once; cycles for a record alone and with %u under way; Gb/s of "
		"text by the pipe | by the link\n"
		" bytes  key  what     alone   company",
		AT_ONCE);
	for (unsigned i = 0; i < CARD_TARGETS; i++)
		fprintf(table, "  %s", card_targets[i].name);
	fputc('\n', table);
	for (unsigned open = 0; open < 2; open++)
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			for (uint32_t key = 16; key <= 32; key += 8) {
				const struct card_logic_record one = { sizes[i], key, open };

				if (quick && (key == 24 || sizes[i] % 1024))
					continue;
				bench_progress("card: records of %u bytes", sizes[i]);
				record(report, &one, quick ? MANY / 3 : MANY);
			}
}

static void rsa_row(struct bench_report *report, uint32_t bits, const char *operation, uint64_t cycles)
{
	FILE *table = bench_report_table(report);

	fprintf(table, "%6u  %-8s  %9llu", bits, operation, (unsigned long long)cycles);
	for (unsigned i = 0; i < CARD_TARGETS; i++) {
		double rate = card_model_rsa(&card_targets[i], cycles);

		fprintf(table, "  %11.1f", rate);
		bench_report_row(report, json_pack("{s:s, s:i, s:s, s:I, s:s, s:s, s:f}", "what", "rtl-rsa", "bits",
						   (int)bits, "operation", operation, "cycles", (json_int_t)cycles,
						   "target", card_targets[i].name, "clock", card_targets[i].basis,
						   "operations_per_second_and_engine", rate));
	}
	fputc('\n', table);
}

static void rsa(struct bench_report *report, bool quick)
{
	static const uint32_t bits[CARD_LOGIC_RSA_SIZES] = { 1024, 2048, 3072, 4096 };
	FILE *table = bench_report_table(report);

	fprintf(table, "\nRSA, cycles from doorbell to completion; operations a second and engine\n  bits  what        "
		       " cycles");
	for (unsigned i = 0; i < CARD_TARGETS; i++)
		fprintf(table, "  %11s", card_targets[i].name);
	fputc('\n', table);
	for (unsigned i = 0; i < (quick ? 2 : CARD_LOGIC_RSA_SIZES); i++) {
		struct card_logic_rsa one = { .bits = bits[i] };

		bench_progress("card: RSA of %u bits", bits[i]);
		card_logic_rsa(&one);
		rsa_row(report, bits[i], "private", one.private_crt);
		rsa_row(report, bits[i], "public", one.public_exponent);
		rsa_row(report, bits[i], "key load", one.key_load);
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_JSON:
		options->json = argument;
		return 0;
	case OPTION_BACKEND:
		if (strcmp(argument, "rtl") != 0)
			argp_error(state, "--backend: \"%s\" is unknown; there is rtl", argument);
		return 0;
	case OPTION_QUICK:
		options->quick = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp_option list[] = {
		{ "backend", OPTION_BACKEND, "rtl", 0, "What is measured: the simulated logic", 0 },
		{ "json", OPTION_JSON, "FILE", 0, "Write the results to FILE, - for standard output", 0 },
		{ "quick", OPTION_QUICK, NULL, 0, "Some sizes only", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = list,
		.parser = parse,
		.doc = "Clock cycles of the card's simulated logic, and what they would give."
	};
	struct options options = { 0 };
	struct bench_report *report;
	int status;

	argp_err_exit_status = EX_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	report = bench_report_create("card", options.json);
	if (report == NULL)
		return 1;
	bench_report_print_head(report);
	for (unsigned i = 0; i < CARD_TARGETS; i++)
		fprintf(bench_report_table(report), "%s: %g MHz (RSA %g MHz), %s; %s\n", card_targets[i].name,
			card_targets[i].aead_mhz, card_targets[i].rsa_mhz, card_targets[i].basis, card_targets[i].link);
	card_logic_open();
	records(report, options.quick);
	rsa(report, options.quick);
	card_logic_close();
	bench_progress_end();
	status = bench_report_write(report);
	bench_report_destroy(report);
	return status != 0;
}
