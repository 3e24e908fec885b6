/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand in the configuration: the libcyaml schema of the file, and the rule of each single
 * value (its range and the words that explain it), which the command line shares. Private to the
 * config*.c and options.c files.
 */
#ifndef GLACISD_CONFIG_SCHEMA_H
#define GLACISD_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>

#include "config.h"

#define GLACISD_CONFIG_FILE_MAX (1024u * 1024u)

enum { GLACISD_TLS_1_2 = 1u << 0, GLACISD_TLS_1_3 = 1u << 1 };

/* The file as libcyaml fills it. A NULL pointer is a key that is not in the file. */
struct glacisd_document {
	char *listen;
	char *backend;
	char *admin;
	struct glacisd_certificate *certificates;
	uint32_t certificates_count; /* libcyaml finds it by this name */
	uint32_t *workers;
	uint32_t *connections_max;
	struct {
		uint32_t versions; /* GLACISD_TLS_1_* bits; 0: not in the file */
		bool *session_tickets;
	} tls;
	struct {
		uint32_t *handshake_ms;
		uint32_t *connect_ms;
		uint32_t *idle_ms;
		uint32_t *drain_ms;
	} timeouts;
	char *card;
	struct {
		char *policy, *verify, *eal;
		uint32_t *deadline_ms, *memory_mib, *size_from;
	} offload;
	char *user;
	bool *sandbox;
	bool *pin_workers;
	bool *verbose;
};

extern const cyaml_schema_value_t glacisd_document_schema;

struct glacisd_config_rule {
	const char *path;    /* the key, below its group or list: "timeouts.idle_ms", "certificates.cert" */
	const char *allowed; /* finishes a message: "allowed: ..." */
	uint32_t min, max;   /* of a number */
	unsigned kinds;      /* of an address: bits 1 << enum glacisd_address_kind */
	uint32_t length_max; /* of other text, in bytes */
	const char *const *words; /* the only texts there may be, NULL behind them; NULL: any */
	size_t line;         /* offset in struct glacisd_config_lines, of entry 0 in a list; LINE_NONE: not kept */
};

#define GLACISD_CONFIG_LINE_NONE SIZE_MAX

/* Every key of the schema that is not a group has one; NULL for others. */
const struct glacisd_config_rule *glacisd_config_rule_find(const char *path);

/* Each returns 0, or -EINVAL with a message that begins with the value: `"x" is not ...; allowed: ...`. */
int glacisd_config_rule_number(const struct glacisd_config_rule *rule, const char *text, uint32_t *value, char *why,
			       size_t why_size);
int glacisd_config_rule_switch(const struct glacisd_config_rule *rule, const char *text, bool *value, char *why,
			       size_t why_size);
int glacisd_config_rule_address(const struct glacisd_config_rule *rule, const char *text,
				struct glacisd_address *address, char *why, size_t why_size);
int glacisd_config_rule_text(const struct glacisd_config_rule *rule, const char *text, char *why, size_t why_size);

/* Messages: lines gathered in a buffer of the caller, cut at its end, never beyond. */
struct glacisd_messages {
	char *text;
	size_t size, used;
	unsigned count;
};

void glacisd_messages_begin(struct glacisd_messages *messages, char *text, size_t size);
void glacisd_messages_add(struct glacisd_messages *messages, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Copies untrusted text for a message: cut to `size`, control characters as '?'. Returns `shown`. */
const char *glacisd_messages_quote(const char *text, char *shown, size_t size);
#define GLACISD_QUOTE_SIZE 72u

/* Reads the file's events and checks everything libcyaml would not tell with its line: unknown and
 * repeated keys, types, ranges, lengths of lists, keys that an entry of a list lacks, aliases, depth,
 * more than one document. Fills `lines`. What passes loads. */
int glacisd_config_scan(const char *name, const uint8_t *yaml, size_t size, struct glacisd_config_lines *lines,
			struct glacisd_messages *messages);

#endif
