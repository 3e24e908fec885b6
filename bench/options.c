/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line that some subcommands share, see options.h.
 */
#include "options.h"

#include <argp.h>

enum { OPTION_JSON = 256, OPTION_QUICK, OPTION_TIMING, OPTION_CHECK, OPTION_MODULES, OPTION_ONLY, OPTION_AGAINST };

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct bench_options *options = state->input;

	switch (key) {
	case OPTION_JSON:
		options->json = argument;
		return 0;
	case OPTION_QUICK:
		options->quick = true;
		return 0;
	case OPTION_TIMING:
		options->timing = true;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_MODULES:
		options->modules = argument;
		return 0;
	case OPTION_ONLY:
		options->only = argument;
		return 0;
	case OPTION_AGAINST:
		options->against = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void bench_options_parse(int argc, char **argv, const char *doc, unsigned more, struct bench_options *options)
{
	static const struct argp_option check = {
		"check", OPTION_CHECK, NULL, 0, "exit with status 1 when a target of the project is missed", 0
	};
	static const struct argp_option timing = {
		"timing", OPTION_TIMING, NULL, 0, "instead of speed: look for timing that depends on secrets", 0
	};
	static const struct argp_option modules = {
		"modules", OPTION_MODULES, "PATH", 0, "folder of glacis.so (default: of this build)", 0
	};
	static const struct argp_option only = {
		"only", OPTION_ONLY, "NAME", 0, "only what is called NAME, or begins with it and a hyphen", 0
	};
	static const struct argp_option against = {
		"against", OPTION_AGAINST, "PATH", 0, "compare with the glacis.so in PATH, not with none", 0
	};
	struct argp_option list[8] = {
		{ "json", OPTION_JSON, "FILE", 0, "write the results as JSON to FILE (-: standard output)", 0 },
		{ "quick", OPTION_QUICK, NULL, 0, "as few rounds as still give a median", 0 },
	};
	const struct argp argp = { .options = list, .parser = parse, .doc = doc };
	unsigned count = 2;

	if (more & BENCH_OPTION_CHECK)
		list[count++] = check;
	if (more & BENCH_OPTION_TIMING)
		list[count++] = timing;
	if (more & BENCH_OPTION_MODULES)
		list[count++] = modules;
	if (more & BENCH_OPTION_ONLY)
		list[count++] = only;
	if (more & BENCH_OPTION_AGAINST)
		list[count++] = against;
	*options = (struct bench_options){ 0 };
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
