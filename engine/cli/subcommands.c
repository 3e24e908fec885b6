/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and runs a subcommand; see subcommands.h.
 */
#include "subcommands.h"

#include <argp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <glacis/version.h>

struct selection {
	const struct subcommands *commands;
	const struct subcommand *chosen;
	int first; /* index in argv of the subcommand's name */
};

static const char *program; /* argp's hook has no other way to it */

static void print_version(FILE *stream, struct argp_state *state)
{
	fprintf(stream, "%s %s\n", program, GLACIS_VERSION);
}

void (*argp_program_version_hook)(FILE *, struct argp_state *) = print_version;

static char *list_commands(int key, const char *text, void *input)
{
	const struct selection *selection = input;
	char *list = NULL;
	size_t size = 0;
	FILE *stream;

	if (key != ARGP_KEY_HELP_POST_DOC || !selection)
		return (char *)(uintptr_t)text;
	stream = open_memstream(&list, &size);
	if (!stream)
		return NULL;
	fprintf(stream, "Commands:\n");
	for (size_t i = 0; i < selection->commands->count; i++)
		fprintf(stream, "  %-10s %s\n", selection->commands->list[i]->name,
			selection->commands->list[i]->summary);
	fprintf(stream, "\n`%s COMMAND --help` lists a command's options.", selection->commands->program);
	if (selection->commands->more)
		fprintf(stream, " %s", selection->commands->more);
	fclose(stream);
	return list;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct selection *selection = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		for (size_t i = 0; i < selection->commands->count; i++)
			if (strcmp(selection->commands->list[i]->name, argument) == 0)
				selection->chosen = selection->commands->list[i];
		if (!selection->chosen)
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

int subcommands_main(const struct subcommands *commands, int argc, char **argv)
{
	const struct argp argp = {
		.parser = parse,
		.args_doc = "COMMAND [OPTION...]",
		.doc = commands->purpose,
		.help_filter = list_commands,
	};
	struct selection selection = { .commands = commands };
	char name[64];
	int status;

	program = commands->program;
	argp_err_exit_status = EX_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &selection);

	snprintf(name, sizeof(name), "%s %s", commands->program, selection.chosen->name);
	argv[selection.first] = name;
	status = selection.chosen->run(argc - selection.first, argv + selection.first);
	errno = 0;
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: cannot write to standard output: %s; what was printed is incomplete\n", name,
			errno ? strerror(errno) : "an earlier write failed");
		return EXIT_FAILURE;
	}
	return status;
}
