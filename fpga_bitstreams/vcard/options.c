/* SPDX-License-Identifier: Apache-2.0 */
/* The command line; see options.h and glacis-vcard(1). */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "options.h"

enum {
	OPTION_SOCKET = 's',
	OPTION_BACKEND = 'b',
	OPTION_INSTANT = 256,
	OPTION_QUEUES,
	OPTION_THREADS,
	OPTION_SLOTS,
	OPTION_BUSY_POLL,
	OPTION_FAULT,
	OPTION_CONTROL,
	OPTION_FLASH,
	OPTION_TRIAL,
	OPTION_IN_SLOT,
	OPTION_TRACE,
	OPTION_TRACE_CYCLES,
	OPTION_SEED,
};

#define KEY_SLOTS 256u /* also those of the simulated logic: see meson.build */

static const struct argp_option known[] = {
	{ "socket", OPTION_SOCKET, "PATH", 0, "Serve vfio-user at this UNIX socket", 0 },
	{ "backend", OPTION_BACKEND, "NAME", 0, "What computes: model (the default), or rtl, the simulated logic", 0 },
	{ "instant", OPTION_INSTANT, NULL, 0, "Compute nothing: results are zeros. For measuring the host's cost", 0 },
	{ "queues", OPTION_QUEUES, "N", 0, "Queue pairs beside the admin queue, 1 to 64; 64 by default", 0 },
	{ "threads", OPTION_THREADS, "N", 0, "Threads that run queues, 1 to 64; by default one for each processor", 0 },
	{ "key-slots", OPTION_SLOTS, "N", 0, "Slots for RSA keys, 1 to 65535; 256 by default", 0 },
	{ "busy-poll", OPTION_BUSY_POLL, NULL, 0, "Never sleep while a queue is enabled", 0 },
	{ "fault", OPTION_FAULT, "TEXT", 0,
	  "Misbehave from the start: NAME[:count=N|rate=R][,queue=Q][,ms=N]; may be repeated", 0 },
	{ "control", OPTION_CONTROL, "PATH", 0, "Control socket; by default that of --socket and .ctl", 0 },
	{ "flash", OPTION_FLASH, "FILE", 0, "Have a flash for images, in this file; made when it is not there", 0 },
	{ "trial-s", OPTION_TRIAL, "N", 0,
	  "Seconds until a new image that was not confirmed gives way to the golden one, 1 to 65535; 60 by default",
	  0 },
	{ "in-slot", OPTION_IN_SLOT, NULL, 0,
	  "When it boots or restarts, keep the client and read as ones meanwhile, as a card in a slot does: for QEMU",
	  0 },
	{ "trace", OPTION_TRACE, "FILE", 0, "rtl: write waveforms (FST) of the newest cycles", 0 },
	{ "trace-cycles", OPTION_TRACE_CYCLES, "N", 0, "rtl: how many of them at least; 100000 by default", 0 },
	{ "seed", OPTION_SEED, "N", 0, "rtl: of the memory bus's delays and their order; 1 by default, 0 for none", 0 },
	{ 0 },
};

static void print_version(FILE *stream, struct argp_state *state)
{
	fprintf(stream, "glacis-vcard %s\n", VCARD_VERSION);
}

void (*argp_program_version_hook)(FILE *, struct argp_state *) = print_version;

static unsigned parse_number(struct argp_state *state, const char *option, const char *text, unsigned max)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || value < 1 || value > max)
		argp_error(state, "--%s: \"%s\" is no number from 1 to %u", option, text, max);
	return (unsigned)value;
}

static void choose_backend(struct argp_state *state, struct vcard_setup *setup, const char *name)
{
	if (strcmp(name, vcard_model.name) == 0) {
		setup->backend = &vcard_model;
		return;
	}
	if (strcmp(name, "rtl") != 0)
		argp_error(state, "--backend: \"%s\" is unknown; there are model and rtl", name);
#ifdef VCARD_HAS_RTL
	setup->backend = &vcard_rtl;
#else
	argp_error(state, "--backend=rtl: this build has no simulation of the logic; install what it needs "
			  "(scripts/setup rtl) and build again, or use --backend=model");
#endif
}

static void check_rtl(struct argp_state *state, const struct vcard_options *options)
{
	if (options->setup.trace && !options->setup.backend->logic)
		argp_error(state, "--trace: only --backend=rtl has waveforms");
	if (options->flash && options->setup.backend->logic)
		argp_error(state, "--flash: the logic has no flash yet; use --backend=model");
	if (options->setup.key_slots != KEY_SLOTS && options->setup.backend->logic)
		argp_error(state, "--key-slots: the logic has %u, whatever is asked for; leave the option out",
			   KEY_SLOTS);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct vcard_options *options = state->input;

	switch (key) {
	case OPTION_SOCKET:
		options->socket = argument;
		return 0;
	case OPTION_BACKEND:
		choose_backend(state, &options->setup, argument);
		return 0;
	case OPTION_INSTANT:
		options->setup.backend = &vcard_instant;
		return 0;
	case OPTION_QUEUES:
		options->setup.queues = parse_number(state, "queues", argument, GLACIS_CARD_QUEUES_MAX - 1);
		return 0;
	case OPTION_THREADS:
		options->setup.threads = parse_number(state, "threads", argument, VCARD_THREADS_MAX);
		return 0;
	case OPTION_SLOTS:
		options->setup.key_slots = parse_number(state, "key-slots", argument, VCARD_KEY_SLOTS_MAX);
		return 0;
	case OPTION_BUSY_POLL:
		options->setup.busy_poll = true;
		return 0;
	case OPTION_FAULT:
		if (options->fault_count == VCARD_OPTIONS_FAULTS_MAX)
			argp_error(state, "--fault: more than %u", VCARD_OPTIONS_FAULTS_MAX);
		options->faults[options->fault_count++] = argument;
		return 0;
	case OPTION_CONTROL:
		snprintf(options->control, sizeof(options->control), "%s", argument);
		return 0;
	case OPTION_FLASH:
		options->flash = argument;
		return 0;
	case OPTION_TRIAL:
		options->trial_s = parse_number(state, "trial-s", argument, UINT16_MAX);
		return 0;
	case OPTION_IN_SLOT:
		options->in_slot = true;
		return 0;
	case OPTION_TRACE:
		options->setup.trace = argument;
		return 0;
	case OPTION_TRACE_CYCLES:
		options->setup.trace_cycles = parse_number(state, "trace-cycles", argument, UINT32_MAX);
		return 0;
	case OPTION_SEED:
		options->setup.seed = strcmp(argument, "0") == 0 ? 0
								 : parse_number(state, "seed", argument, UINT32_MAX);
		return 0;
	case ARGP_KEY_END:
		check_rtl(state, options);
		if (options->setup.backend->logic)
			options->setup.threads = 1; /* one clock */
		if (!options->socket)
			argp_error(state, "--socket=PATH is missing: where shall the card be?");
		if (!options->control[0])
			snprintf(options->control, sizeof(options->control), "%s.ctl", options->socket);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Faults and the other command behind the options. */
static char *help_filter(int key, const char *text, void *input)
{
	char *help;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	if (asprintf(&help,
		     "Faults:\n%s\n`glacis-vcard ctl --help` tells how to speak to a running card. The manual is "
		     "glacis-vcard(1).",
		     vcard_faults_help()) < 0)
		return NULL;
	return help;
}

void vcard_options_parse(int argc, char **argv, struct vcard_options *options)
{
	static const struct argp parser = {
		.options = known,
		.parser = parse,
		.doc = "The Glacis card, emulated: serves vfio-user on a UNIX socket.\v",
		.help_filter = help_filter,
	};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	*options = (struct vcard_options){
		.trial_s = VCARD_FLASH_TRIAL_S,
		.setup = { .backend = &vcard_model,
			   .queues = GLACIS_CARD_QUEUES_MAX - 1,
			   .threads = processors > 0 && processors < VCARD_THREADS_MAX ? (unsigned)processors : 1,
			   .key_slots = KEY_SLOTS,
			   .trace_cycles = 100000,
			   .seed = 1 },
	};
	argp_err_exit_status = EX_USAGE;
	argp_parse(&parser, argc, argv, 0, NULL, options);
}
