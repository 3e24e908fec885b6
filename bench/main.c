/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis-bench: speed of Glacis beside the software it replaces, interleaved in one run.
 * This file only finds the subcommand; to add one, write its `struct bench_command` and put it
 * into the table.
 */
#include <argp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <glacis/version.h>

#include "command.h"

static const struct bench_command *const commands[] = {
	&bench_aead_command,
	&bench_rsa_command,
	&bench_x25519_command,
	&bench_tls_command,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_version(FILE *stream, struct argp_state *state)
{
	fprintf(stream, "glacis-bench %s\n", GLACIS_VERSION);
}

void (*argp_program_version_hook)(FILE *, struct argp_state *) = print_version;

struct selection {
	const struct bench_command *command;
	int first; /* index in argv of the subcommand's name */
};

static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t size = 0;
	FILE *stream;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	stream = open_memstream(&list, &size);
	if (!stream)
		return NULL;
	fprintf(stream, "Commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stream, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(stream, "\n`glacis-bench COMMAND --help` lists a command's options.");
	fclose(stream);
	return list;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct selection *selection = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		for (size_t i = 0; i < COMMAND_COUNT; i++)
			if (strcmp(commands[i]->name, argument) == 0)
				selection->command = commands[i];
		if (!selection->command)
			argp_error(state, "unknown command '%s'; --help lists the commands", argument);
		selection->first = state->next - 1;
		state->next = state->argc; /* the rest is the subcommand's */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a command is missing; --help lists the commands");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "COMMAND [OPTION...]",
		.doc = "Measures Glacis beside the software it replaces, interleaved in one run.\v",
		.help_filter = list_commands,
	};
	struct selection selection = { 0 };
	char name[64];

	argp_err_exit_status = EX_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &selection);

	snprintf(name, sizeof(name), "glacis-bench %s", selection.command->name);
	argv[selection.first] = name;
	return selection.command->run(argc - selection.first, argv + selection.first);
}
