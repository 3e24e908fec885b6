/* SPDX-License-Identifier: Apache-2.0 */
/* `glacis-vcard ctl`; see ctl.h, and control.h for what is said on the socket. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <jansson.h>

#include "ctl.h"
#include "socket.h"

#define ANSWER_MAX 65536u
#define DEADLINE_S 10

struct request {
	const char *socket;
	bool json;
	const char *command;
	const char *text;
};

static const struct argp_option known[] = {
	{ "socket", 's', "PATH", 0, "The card's control socket, by default its socket's path and .ctl", 0 },
	{ "json", 'j', NULL, 0, "The status in JSON", 0 },
	{ 0 },
};

static bool is_whole(const struct request *request)
{
	if (!request->command || !request->socket)
		return false;
	if (strcmp(request->command, "fault") == 0)
		return request->text;
	return strcmp(request->command, "clear") == 0 || !request->text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case 's':
		request->socket = argument;
		return 0;
	case 'j':
		request->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->text)
			return ARGP_ERR_UNKNOWN;
		*(request->command ? &request->text : &request->command) = argument;
		return 0;
	case ARGP_KEY_END:
		if (!is_whole(request))
			argp_error(state, "say --socket=PATH and what to do: fault TEXT, clear [NAME], status or stop");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Sends the request and reads the line that answers it. 0 or a negative errno. */
static int exchange(const struct request *request, char *answer, size_t size)
{
	const struct timeval deadline = { .tv_sec = DEADLINE_S };
	json_t *object = request->text ? json_pack("{s:s, s:s}", "command", request->command, "text", request->text)
				       : json_pack("{s:s}", "command", request->command);
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
	int fd = vcard_socket_connect(request->socket), error = fd < 0 ? fd : 0;
	size_t used = 0;
	ssize_t got = 1;

	if (!line)
		error = -EINVAL; /* no UTF-8 */
	if (!error &&
	    (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) ||
	     send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_MORE) < 0 || send(fd, "\n", 1, MSG_NOSIGNAL) < 0))
		error = -errno;
	while (!error && got > 0 && used < size - 1) {
		got = recv(fd, answer + used, size - 1 - used, 0);
		if (got < 0)
			error = errno == EAGAIN ? -ETIMEDOUT : -errno;
		used += got > 0 ? (size_t)got : 0;
	}
	answer[error ? 0 : used] = '\0';
	if (fd >= 0)
		close(fd);
	free(line);
	json_decref(object);
	return error;
}

static void print_faults(const json_t *faults)
{
	const json_t *fault;
	size_t i;

	json_array_foreach(faults, i, fault)
	{
		const json_t *left = json_object_get(fault, "left"), *rate = json_object_get(fault, "rate");
		const json_t *queue = json_object_get(fault, "queue");

		printf("fault %-22s %-8s %lld struck", json_string_value(json_object_get(fault, "name")),
		       json_is_true(json_object_get(fault, "armed")) ? "armed" : "over",
		       (long long)json_integer_value(json_object_get(fault, "strikes")));
		if (left)
			printf(", %lld to come", (long long)json_integer_value(left));
		if (rate)
			printf(", rate %g", json_real_value(rate));
		if (queue)
			printf(", queue %lld", (long long)json_integer_value(queue));
		printf("\n");
	}
}

static void print_status(const json_t *status)
{
	static const char *const numbers[] = { "regions",     "queues_enabled", "queues_failed",  "commands",
					       "completions", "aead_bytes",     "rsa_operations", "errors" };

	printf("%-16s %s\n", "backend", json_string_value(json_object_get(status, "backend")));
	printf("%-16s %s\n", "client", json_is_true(json_object_get(status, "client")) ? "attached" : "none");
	printf("%-16s %s\n", "function", json_is_true(json_object_get(status, "enabled")) ? "enabled" : "disabled");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		printf("%-16s %lld\n", numbers[i], (long long)json_integer_value(json_object_get(status, numbers[i])));
	print_faults(json_object_get(status, "faults"));
}

static int print_answer(const struct request *request, const char *text)
{
	json_t *answer = json_loads(text, 0, NULL);
	const json_t *status = json_object_get(answer, "status");
	bool good = json_is_true(json_object_get(answer, "ok"));

	if (!answer)
		fputs("glacis-vcard ctl: the answer is not one of a card; is this its control socket?\n", stderr);
	else if (!good)
		fprintf(stderr, "glacis-vcard ctl: %s\n", json_string_value(json_object_get(answer, "error")));
	else if (status && request->json)
		json_dumpf(status, stdout, JSON_INDENT(2));
	else if (status)
		print_status(status);
	if (status && request->json)
		putchar('\n');
	json_decref(answer);
	return good && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int vcard_ctl(int argc, char **argv)
{
	static const struct argp parser = {
		.options = known,
		.parser = parse,
		.args_doc = "fault TEXT\nclear [NAME]\nstatus\nstop",
		.doc = "Makes a running card misbehave, behave, tell how it is, or end. A TEXT is "
		       "NAME[:count=N|rate=R][,queue=Q][,ms=N]; glacis-vcard --help lists the names.",
	};
	static char answer[ANSWER_MAX], name[] = "glacis-vcard ctl";
	struct request request = { 0 };
	int error;

	argp_err_exit_status = EX_USAGE;
	argv[0] = name;
	argp_parse(&parser, argc, argv, 0, NULL, &request);
	error = exchange(&request, answer, sizeof(answer));
	if (error) {
		fprintf(stderr, "glacis-vcard ctl: %s: %s; is the card running?\n", request.socket, strerror(-error));
		return EXIT_FAILURE;
	}
	return print_answer(&request, answer);
}
