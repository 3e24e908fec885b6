/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a configuration: defaults, the YAML file over them, and freeing. A file is read whole
 * (up to 1 MiB), scanned for faults with their lines, then loaded by libcyaml and copied over the
 * defaults. The caller's configuration changes only when all of the file is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_schema.h"

#define LOG_SIZE 256

void glacisd_config_defaults(struct glacisd_config *config)
{
	*config = (struct glacisd_config){
		.connections_max = 65536,
		.tls_1_2 = true,
		.session_tickets = true,
		.timeouts = { .handshake_ms = 10000, .connect_ms = 5000, .idle_ms = 300000, .drain_ms = 30000 },
		.user = strdup("nobody"), /* NULL, out of memory, means the same to glacisd_privileges_drop */
		.sandbox = true,
	};
}

void glacisd_config_clear_certificates(struct glacisd_config *config)
{
	for (uint32_t i = 0; i < GLACISD_CERTIFICATES_MAX; i++) {
		free(config->certificates[i].cert);
		free(config->certificates[i].key);
		config->certificates[i] = (struct glacisd_certificate){ 0 };
		config->lines.cert[i] = config->lines.key[i] = 0;
	}
	config->certificate_count = 0;
}

void glacisd_config_free(struct glacisd_config *config)
{
	glacisd_config_clear_certificates(config);
	free(config->card);
	free(config->offload.policy);
	free(config->offload.verify);
	free(config->offload.eal);
	free(config->user);
	free(config->file);
	memset(config, 0, sizeof(*config));
}

/* Keeps the first line libcyaml logs; the others are its way to the fault. */
__attribute__((format(printf, 3, 0))) static void keep_log(cyaml_log_t level, void *context, const char *format,
							   va_list arguments)
{
	char *first = context;

	if (level < CYAML_LOG_ERROR || first[0] != '\0')
		return;
	vsnprintf(first, LOG_SIZE, format, arguments);
	first[strcspn(first, "\n")] = '\0';
}

/* The scan lets nothing through that libcyaml refuses (the fuzzer watches); if it does, -EBADMSG and
 * libcyaml's words are better than none. */
static int load(const char *name, const uint8_t *yaml, size_t size, struct glacisd_document **document,
		struct glacisd_messages *messages)
{
	char first[LOG_SIZE] = "";
	const cyaml_config_t options = {
		.log_fn = keep_log,
		.log_ctx = first,
		.mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	cyaml_err_t error = cyaml_load_data(yaml, size, &options, &glacisd_document_schema, (cyaml_data_t **)document,
					    NULL);

	if (error == CYAML_OK)
		return 0;
	glacisd_messages_add(messages, "%s:1: cannot be loaded: %s: %s", name, cyaml_strerror(error), first);
	return error == CYAML_ERR_OOM ? -ENOMEM : -EBADMSG;
}

static void take_number(uint32_t *to, const uint32_t *from)
{
	if (from)
		*to = *from;
}

static void take_switch(bool *to, const bool *from)
{
	if (from)
		*to = *from;
}

/* The document gives its string away: both sides use malloc. */
static void take_text(char **to, char **from)
{
	if (*from) {
		free(*to);
		*to = *from;
		*from = NULL;
	}
}

static int take_address(struct glacisd_address *to, const char *from)
{
	char why[256];

	return from ? glacisd_address_parse(from, to, why, sizeof(why)) : 0;
}

/* The list is taken whole: it replaces what was there. The scan has counted its entries. */
static void take_certificates(struct glacisd_config *config, struct glacisd_document *document)
{
	if (!document->certificates)
		return;
	glacisd_config_clear_certificates(config);
	for (uint32_t i = 0; i < document->certificates_count; i++) {
		take_text(&config->certificates[i].cert, &document->certificates[i].cert);
		take_text(&config->certificates[i].key, &document->certificates[i].key);
	}
	config->certificate_count = document->certificates_count;
}

static int take_document(struct glacisd_config *config, struct glacisd_document *document)
{
	if (take_address(&config->listen, document->listen) || take_address(&config->backend, document->backend) ||
	    take_address(&config->admin, document->admin))
		return -EINVAL;
	take_certificates(config, document);
	take_number(&config->workers, document->workers);
	take_number(&config->connections_max, document->connections_max);
	if (document->tls.versions)
		config->tls_1_2 = document->tls.versions & GLACISD_TLS_1_2;
	take_switch(&config->session_tickets, document->tls.session_tickets);
	take_number(&config->timeouts.handshake_ms, document->timeouts.handshake_ms);
	take_number(&config->timeouts.connect_ms, document->timeouts.connect_ms);
	take_number(&config->timeouts.idle_ms, document->timeouts.idle_ms);
	take_number(&config->timeouts.drain_ms, document->timeouts.drain_ms);
	take_text(&config->card, &document->card);
	take_text(&config->offload.policy, &document->offload.policy);
	take_text(&config->offload.verify, &document->offload.verify);
	take_text(&config->offload.eal, &document->offload.eal);
	take_number(&config->offload.deadline_ms, document->offload.deadline_ms);
	take_number(&config->offload.memory_mib, document->offload.memory_mib);
	take_number(&config->offload.size_from, document->offload.size_from);
	take_text(&config->user, &document->user);
	take_switch(&config->sandbox, document->sandbox);
	take_switch(&config->pin_workers, document->pin_workers);
	take_switch(&config->verbose, document->verbose);
	return 0;
}

int glacisd_config_parse(const char *name, const uint8_t *yaml, size_t size, struct glacisd_config *config,
			 char *message, size_t message_size)
{
	struct glacisd_config_lines lines = { 0 };
	struct glacisd_document *document = NULL;
	struct glacisd_messages messages;
	const cyaml_config_t options = { .mem_fn = cyaml_mem };
	char *file = NULL;
	int error;

	glacisd_messages_begin(&messages, message, message_size);
	if (size > GLACISD_CONFIG_FILE_MAX) {
		glacisd_messages_add(&messages, "%s:1: the file is too large; allowed: up to 1 MiB", name);
		return -EFBIG;
	}
	error = glacisd_config_scan(name, yaml, size, &lines, &messages);
	if (!error)
		error = load(name, yaml, size, &document, &messages);
	if (error)
		goto out;
	file = strdup(name);
	error = file ? take_document(config, document) : -ENOMEM;
	if (error)
		goto out;
	free(config->file);
	config->file = file;
	config->lines = lines;
	file = NULL;
out:
	if (error && messages.count == 0)
		glacisd_messages_add(&messages, "%s:1: cannot be loaded: %s", name, strerror(-error));
	cyaml_free(&options, &glacisd_document_schema, document, 0);
	free(file);
	return error;
}

/* Reads at most `size` bytes. Returns how many, or a negative errno. */
static ssize_t read_file(const char *path, uint8_t *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (used < size && got != 0) {
		got = read(fd, bytes + used, size - used);
		if (got < 0 && errno != EINTR)
			break;
		used += got > 0 ? (size_t)got : 0;
	}
	got = used == size || got >= 0 ? (ssize_t)used : -errno;
	close(fd);
	return got;
}

int glacisd_config_load(const char *path, struct glacisd_config *config, char *message, size_t message_size)
{
	uint8_t *bytes = malloc(GLACISD_CONFIG_FILE_MAX + 1);
	ssize_t size;
	int error;

	if (!bytes) {
		snprintf(message, message_size, "%s: out of memory", path);
		return -ENOMEM;
	}
	size = read_file(path, bytes, GLACISD_CONFIG_FILE_MAX + 1);
	if (size < 0) {
		error = (int)size;
		snprintf(message, message_size,
			 "%s: cannot read the configuration: %s; give -c a YAML file that is readable", path,
			 strerror(-error));
	} else {
		error = glacisd_config_parse(path, bytes, (size_t)size, config, message, message_size);
	}
	free(bytes);
	return error;
}
