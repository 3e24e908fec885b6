/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of glacisd.yaml, their types, ranges and the words that explain them, in one place: the
 * schema is walked by libcyaml to load and by config_scan.c to check; the rules also serve the
 * command line. A new key is one line in each table, one in struct glacisd_document, one in config.c.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_schema.h"

#define HOUR_MS 3600000u
#define DAY_MS  86400000u

#define TEXT(key, structure, member)                                                                                   \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member, 0, CYAML_UNLIMITED)
#define NUMBER(key, structure, member)                                                                                 \
	CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member)
#define SWITCH(key, structure, member)                                                                                 \
	CYAML_FIELD_BOOL_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member)
#define NEEDED_TEXT(key, structure, member)                                                                            \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, structure, member, 0, CYAML_UNLIMITED)
#define GROUP(key, member, fields)                                                                                     \
	CYAML_FIELD_MAPPING(key, CYAML_FLAG_OPTIONAL, struct glacisd_document, member, fields)

/* The fields of an inner group are addressed from the group's start: these name the group's type. */
#define OF(member) __typeof__(((struct glacisd_document *)0)->member)

static const cyaml_strval_t tls_versions[] = {
	{ .str = "1.2", .val = GLACISD_TLS_1_2 },
	{ .str = "1.3", .val = GLACISD_TLS_1_3 },
};

static const cyaml_schema_field_t certificate_fields[] = {
	NEEDED_TEXT("cert", struct glacisd_certificate, cert),
	NEEDED_TEXT("key", struct glacisd_certificate, key),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t certificate = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct glacisd_certificate, certificate_fields),
};

static const cyaml_schema_field_t tls_fields[] = {
	CYAML_FIELD_FLAGS("versions", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, OF(tls), versions, tls_versions,
			  CYAML_ARRAY_LEN(tls_versions)),
	SWITCH("session_tickets", OF(tls), session_tickets),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t timeouts_fields[] = {
	NUMBER("handshake_ms", OF(timeouts), handshake_ms),
	NUMBER("connect_ms", OF(timeouts), connect_ms),
	NUMBER("idle_ms", OF(timeouts), idle_ms),
	NUMBER("drain_ms", OF(timeouts), drain_ms),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t offload_fields[] = {
	TEXT("policy", OF(offload), policy),
	TEXT("verify", OF(offload), verify),
	TEXT("eal", OF(offload), eal),
	NUMBER("deadline_ms", OF(offload), deadline_ms),
	NUMBER("memory_mib", OF(offload), memory_mib),
	NUMBER("size_from", OF(offload), size_from),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t document_fields[] = {
	TEXT("listen", struct glacisd_document, listen),
	TEXT("backend", struct glacisd_document, backend),
	TEXT("admin", struct glacisd_document, admin),
	CYAML_FIELD_SEQUENCE("certificates", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct glacisd_document,
			     certificates, &certificate, 1, GLACISD_CERTIFICATES_MAX),
	NUMBER("workers", struct glacisd_document, workers),
	NUMBER("connections_max", struct glacisd_document, connections_max),
	GROUP("tls", tls, tls_fields),
	GROUP("timeouts", timeouts, timeouts_fields),
	TEXT("card", struct glacisd_document, card),
	GROUP("offload", offload, offload_fields),
	TEXT("user", struct glacisd_document, user),
	SWITCH("sandbox", struct glacisd_document, sandbox),
	SWITCH("pin_workers", struct glacisd_document, pin_workers),
	SWITCH("verbose", struct glacisd_document, verbose),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t glacisd_document_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct glacisd_document, document_fields),
};

#define LINE(member)  offsetof(struct glacisd_config_lines, member)
#define KIND(name)    (1u << GLACISD_ADDRESS_##name)
#define TRUE_OR_FALSE "true or false"
#define SWITCH_RULE(key)                                                                                               \
	{                                                                                                              \
		.path = key, .allowed = TRUE_OR_FALSE, .line = GLACISD_CONFIG_LINE_NONE                                \
	}

static const char *const policies[] = { "auto", "card", "cpu", NULL };
static const char *const verifications[] = { "all", "sample", "none", NULL };

static const struct glacisd_config_rule rules[] = {
	{ .path = "listen",
	  .allowed = "ADDRESS:PORT, e.g. 0.0.0.0:443 or \"[::]:443\"",
	  .kinds = KIND(TCP),
	  .line = LINE(listen) },
	{ .path = "backend",
	  .allowed = "ADDRESS:PORT, unix:PATH or builtin",
	  .kinds = KIND(TCP) | KIND(UNIX) | KIND(BUILTIN),
	  .line = LINE(backend) },
	{ .path = "admin", .allowed = "ADDRESS:PORT, e.g. 127.0.0.1:9443", .kinds = KIND(TCP), .line = LINE(admin) },
	{ .path = "certificates",
	  .allowed =
		  "one or two entries \"- {cert: FILE, key: FILE}\", two only with keys of different types (RSA, EC)",
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "certificates.cert",
	  .allowed = "the path of a PEM file, the server's certificate first, then its chain",
	  .length_max = PATH_MAX - 1,
	  .line = LINE(cert) },
	{ .path = "certificates.key",
	  .allowed = "the path of a PEM file with an RSA or EC private key without a passphrase",
	  .length_max = PATH_MAX - 1,
	  .line = LINE(key) },
	{ .path = "workers",
	  .allowed = "0 (one per core) to 64",
	  .max = GLACISD_WORKERS_MAX,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "connections_max",
	  .allowed = "1 to 1000000, per worker",
	  .min = 1,
	  .max = 1000000,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "tls.versions", .allowed = "[1.2, 1.3] or [1.3]", .line = GLACISD_CONFIG_LINE_NONE },
	SWITCH_RULE("tls.session_tickets"),
	{ .path = "timeouts.handshake_ms",
	  .allowed = "1 to 3600000 milliseconds",
	  .min = 1,
	  .max = HOUR_MS,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "timeouts.connect_ms",
	  .allowed = "1 to 3600000 milliseconds",
	  .min = 1,
	  .max = HOUR_MS,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "timeouts.idle_ms",
	  .allowed = "1 to 86400000 milliseconds",
	  .min = 1,
	  .max = DAY_MS,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "timeouts.drain_ms",
	  .allowed = "0 (close at once) to 3600000 milliseconds",
	  .max = HOUR_MS,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "card",
	  .allowed = "auto, pci:ADDRESS, vfio-user:PATH or the name of a DPDK crypto device",
	  .length_max = 255,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "offload.policy",
	  .allowed = "auto (where the card costs less), card (whenever it can) or cpu (never)",
	  .length_max = 8,
	  .words = policies,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "offload.verify",
	  .allowed = "all, sample (one result in 64) or none",
	  .length_max = 8,
	  .words = verifications,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "offload.eal",
	  .allowed = "arguments of DPDK's EAL with spaces between them, e.g. \"--in-memory\"",
	  .length_max = 1023,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "offload.deadline_ms",
	  .allowed = "1 to 60000 milliseconds",
	  .min = 1,
	  .max = 60000,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "offload.memory_mib",
	  .allowed = "64 to 65536 MiB",
	  .min = 64,
	  .max = 65536,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "offload.size_from",
	  .allowed = "0 (measured) to 16384 bytes",
	  .max = 16384,
	  .line = GLACISD_CONFIG_LINE_NONE },
	{ .path = "user", .allowed = "the name of a user of this machine", .length_max = 255, .line = LINE(user) },
	SWITCH_RULE("sandbox"),
	SWITCH_RULE("pin_workers"),
	SWITCH_RULE("verbose"),
};

static_assert(GLACISD_WORKERS_MAX == 64, "the rule of `workers` says 64");
static_assert(GLACISD_CERTIFICATES_MAX == 2, "the rule of `certificates` says two");

const struct glacisd_config_rule *glacisd_config_rule_find(const char *path)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].path, path) == 0)
			return &rules[i];
	}
	return NULL;
}

__attribute__((format(printf, 5, 6))) static int refuse(const struct glacisd_config_rule *rule, const char *text,
							char *why, size_t why_size, const char *format, ...)
{
	char shown[GLACISD_QUOTE_SIZE], reason[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	snprintf(why, why_size, "\"%s\" %s; allowed: %s", glacisd_messages_quote(text, shown, sizeof(shown)), reason,
		 rule->allowed);
	return -EINVAL;
}

/* Decimal digits only: strtoul alone takes "-1" and "0x10", and 010 would be an octal 8 to libcyaml. */
int glacisd_config_rule_number(const struct glacisd_config_rule *rule, const char *text, uint32_t *value, char *why,
			       size_t why_size)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long number;

	if (digits == 0 || text[digits] != '\0')
		return refuse(rule, text, why, why_size, "is not a number");
	if (digits > 1 && text[0] == '0')
		return refuse(rule, text, why, why_size, "starts with 0, write it without");
	number = digits <= 10 ? strtoul(text, NULL, 10) : ULONG_MAX;
	if (number < rule->min || number > rule->max)
		return refuse(rule, text, why, why_size, "is out of range");
	*value = (uint32_t)number;
	return 0;
}

int glacisd_config_rule_switch(const struct glacisd_config_rule *rule, const char *text, bool *value, char *why,
			       size_t why_size)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return refuse(rule, text, why, why_size, "is neither true nor false");
	*value = text[0] == 't';
	return 0;
}

int glacisd_config_rule_address(const struct glacisd_config_rule *rule, const char *text,
				struct glacisd_address *address, char *why, size_t why_size)
{
	char sentence[192];

	if (glacisd_address_parse(text, address, sentence, sizeof(sentence)))
		return refuse(rule, text, why, why_size, "is no address: %s", sentence);
	if (!(rule->kinds & (1u << address->kind)))
		return refuse(rule, text, why, why_size, "cannot be used here");
	return 0;
}

int glacisd_config_rule_text(const struct glacisd_config_rule *rule, const char *text, char *why, size_t why_size)
{
	size_t length = strlen(text);

	if (length == 0)
		return refuse(rule, text, why, why_size, "is empty");
	if (length > rule->length_max)
		return refuse(rule, text, why, why_size, "is longer than %u bytes", rule->length_max);
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return refuse(rule, text, why, why_size, "holds a control character");
	}
	for (size_t i = 0; rule->words && strcmp(text, rule->words[i]) != 0; i++) {
		if (!rule->words[i + 1])
			return refuse(rule, text, why, why_size, "is none of the words for it");
	}
	return 0;
}

void glacisd_messages_begin(struct glacisd_messages *messages, char *text, size_t size)
{
	*messages = (struct glacisd_messages){ .text = text, .size = size };
	if (size > 0)
		text[0] = '\0';
}

void glacisd_messages_add(struct glacisd_messages *messages, const char *format, ...)
{
	size_t left = messages->size - messages->used;
	va_list arguments;
	int length;

	messages->count++;
	/* A line break, at least one byte and the end, or nothing. */
	if (left < (messages->used > 0 ? 3 : 1))
		return;
	if (messages->used > 0) {
		messages->text[messages->used++] = '\n';
		left--;
	}
	va_start(arguments, format);
	length = vsnprintf(messages->text + messages->used, left, format, arguments);
	va_end(arguments);
	if (length > 0)
		messages->used += (size_t)length < left ? (size_t)length : left - 1;
}

const char *glacisd_messages_quote(const char *text, char *shown, size_t size)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		shown[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	shown[i] = '\0';
	if (text[i] != '\0' && size > 4)
		memcpy(shown + size - 4, "...", 4);
	return shown;
}
