/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the YAML configuration. Beyond crashes and leaks it holds the parser to what it
 * promises: a file is either taken whole, or refused with messages that all begin with file and line;
 * and what the scan lets through, libcyaml loads. A buffer of odd size checks the cutting of messages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds, const char *promise, const char *message)
{
	if (holds)
		return;
	fprintf(stderr, "broken promise: %s\nmessage: %s\n", promise, message);
	abort();
}

static void check_refusal(const struct glacisd_config *config, const char *message)
{
	require(!config->file, "a refused file leaves no trace", message);
	require(message[0] != '\0', "a refusal has a message", message);
	for (const char *line = message; line; line = strchr(line, '\n')) {
		unsigned number = 0;
		int end = 0;

		line += *line == '\n';
		require(sscanf(line, "fuzz.yaml:%u:%n", &number, &end) == 1 && end > 0 && number > 0,
			"a message begins with file and line", message);
	}
}

static void check_taken(const struct glacisd_config *config, const char *message)
{
	require(message[0] == '\0', "no message without a fault", message);
	require(config->file && strcmp(config->file, "fuzz.yaml") == 0, "the file's name is kept", message);
	require(config->workers <= GLACISD_WORKERS_MAX, "workers is in range", message);
	require(config->connections_max > 0, "connections_max is in range", message);
	require(config->timeouts.handshake_ms > 0 && config->timeouts.idle_ms > 0, "timeouts are in range", message);
	require(config->listen.kind == GLACISD_ADDRESS_NONE || config->listen.kind == GLACISD_ADDRESS_TCP,
		"listen is a TCP address", message);
	require(config->certificate_count <= GLACISD_CERTIFICATES_MAX, "few enough certificates", message);
	for (uint32_t i = 0; i < config->certificate_count; i++) {
		require(config->certificates[i].cert && config->certificates[i].key, "pairs are whole", message);
		require(config->lines.cert[i] && config->lines.key[i], "their lines are known", message);
	}
	require(config->user && config->user[0], "the user has a name", message);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct glacisd_config config;
	char message[16384], cut[61];
	int error;

	glacisd_config_defaults(&config);
	error = glacisd_config_parse("fuzz.yaml", bytes, size, &config, message, sizeof(message));
	require(error != -EBADMSG, "what the scan takes, libcyaml loads", message);
	if (error)
		check_refusal(&config, message);
	else
		check_taken(&config, message);
	glacisd_config_free(&config);

	glacisd_config_defaults(&config);
	require(glacisd_config_parse("fuzz.yaml", bytes, size, &config, cut, sizeof(cut)) == error,
		"the same bytes give the same result", message);
	require(memchr(cut, '\0', sizeof(cut)) && strncmp(cut, message, strlen(cut)) == 0,
		"a small buffer holds the beginning of the message", message);
	glacisd_config_free(&config);
	return 0;
}
