/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of subcommands, see options.h.
 */
#include "options.h"

#include <argp.h>

enum { OPTION_JSON = 256, OPTION_RATES, OPTION_DEVICE };

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct cli_options *options = state->input;

	switch (key) {
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_RATES:
		options->rates = true;
		return 0;
	case OPTION_DEVICE:
		options->device = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'; --help lists what is accepted", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void cli_options_parse(int argc, char **argv, const char *doc, unsigned extras, struct cli_options *options)
{
	static const struct argp_option measure = {
		"rates", OPTION_RATES, NULL, 0, "measure what one core does, about a second", 0
	};
	static const struct argp_option device = {
		"device",
		OPTION_DEVICE,
		"DEVICE",
		0,
		"use this card too: auto, pci:ADDRESS, vfio-user:PATH or the name of a DPDK crypto device",
		0
	};
	struct argp_option list[] = {
		{ "json", OPTION_JSON, NULL, 0, "print one JSON object instead of text", 0 },
		{ 0 },
		{ 0 },
		{ 0 },
	};
	unsigned used = 1;
	const struct argp argp = { .options = list, .parser = parse, .doc = doc };

	if (extras & CLI_RATES)
		list[used++] = measure;
	if (extras & CLI_DEVICE)
		list[used++] = device;
	*options = (struct cli_options){ 0 };
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
