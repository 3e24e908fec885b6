/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `glacis-bench tls`, see tls_options.h.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "tls_measure.h"
#include "tls_options.h"

#define ROUNDS       5u
#define ROUNDS_QUICK 3u
#define ROUNDS_MAX   100u

enum {
	OPTION_JSON = 256,
	OPTION_QUICK,
	OPTION_GLACISD,
	OPTION_ROUNDS,
	OPTION_ONLY,
	OPTION_PEERS,
	OPTION_CARD,
	OPTION_PROVIDER,
	OPTION_CHECK
};

static bool is_group(const char *name)
{
	for (size_t i = 0; i < tls_metric_count; i++)
		if (strcmp(tls_metrics[i].group, name) == 0)
			return true;
	return false;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct tls_options *options = state->input;
	char *end;
	unsigned long rounds;

	switch (key) {
	case OPTION_JSON:
		options->json = argument;
		return 0;
	case OPTION_QUICK:
		options->quick = true;
		if (options->rounds == ROUNDS)
			options->rounds = ROUNDS_QUICK;
		return 0;
	case OPTION_GLACISD:
		options->glacisd = argument;
		return 0;
	case OPTION_ROUNDS:
		rounds = strtoul(argument, &end, 10);
		if (end == argument || *end || rounds < 1 || rounds > ROUNDS_MAX)
			argp_error(state, "--rounds %s: wanted a number from 1 to %u", argument, ROUNDS_MAX);
		options->rounds = (unsigned)rounds;
		return 0;
	case OPTION_ONLY:
		if (!is_group(argument))
			argp_error(state, "--only %s: wanted bulk, requests, handshakes, latency or memory", argument);
		options->only = argument;
		return 0;
	case OPTION_PEERS:
		options->peers_only = true;
		return 0;
	case OPTION_CARD:
		options->card = true;
		return 0;
	case OPTION_PROVIDER:
		argp_error(state, "--provider comes first; what follows are options of glacis-bench provider");
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case ARGP_KEY_END:
		if (options->card &&
		    (options->check || options->peers_only || (options->only && strcmp(options->only, "memory") == 0) ||
		     (options->only && strcmp(options->only, "latency") == 0)))
			argp_error(state,
				   "--card compares glacisd's processor time with its own: use neither --check nor "
				   "--peers-only, and --only with bulk, requests or handshakes");
		if (options->check && options->peers_only)
			argp_error(state, "--check needs glacisd: drop --peers-only");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void tls_options_parse(int argc, char **argv, struct tls_options *options)
{
	static const struct argp_option list[] = {
		{ "json", OPTION_JSON, "FILE", 0, "write the results as JSON to FILE (-: standard output)", 0 },
		{ "quick", OPTION_QUICK, NULL, 0, "3 rounds with less load each: about a minute", 0 },
		{ "glacisd", OPTION_GLACISD, "PATH", 0, "the glacisd to measure (default: of this build)", 0 },
		{ "rounds", OPTION_ROUNDS, "N", 0, "samples per figure (default 5)", 0 },
		{ "only", OPTION_ONLY, "WHAT", 0, "one of bulk, requests, handshakes, latency, memory", 0 },
		{ "peers-only", OPTION_PEERS, NULL, 0, "leave glacisd out", 0 },
		{ "card", OPTION_CARD, NULL, 0,
		  "glacisd beside glacisd with an emulated card, instead of the peers; the card's own time is counted "
		  "apart",
		  0 },
		{ "provider", OPTION_PROVIDER, NULL, 0,
		  "as the first option: HAProxy and nginx with the OpenSSL provider beside the same without it, as "
		  "glacis-bench "
		  "provider does, with its options",
		  0 },
		{ "check", OPTION_CHECK, NULL, 0, "exit with status 1 when a target of the project is missed", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = list,
		.parser = parse,
		.doc = "Processor time and memory that TLS costs a proxy: glacisd beside HAProxy.",
	};

	*options = (struct tls_options){ .rounds = ROUNDS };
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
