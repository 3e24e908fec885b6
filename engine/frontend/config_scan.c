/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes through the YAML events and checks them against the schema of config_schema.c before
 * libcyaml loads anything. libcyaml stops at the first fault and does not know the line of a value
 * that is well formed but not allowed; here each fault has its line, and several are told at once.
 * Called by config.c with untrusted bytes: memory is bounded by the size of the input, recursion by
 * the schema's depth, skipped parts by DEPTH_MAX, and aliases are refused, so nothing can multiply.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "config_schema.h"

#define DEPTH_MAX  16u
#define FAULTS_MAX 16u
#define PATH_SIZE  64u

struct scan {
	yaml_parser_t parser;
	const char *name;
	const uint8_t *yaml;
	size_t size;
	struct glacisd_config_lines *lines;
	struct glacisd_messages *messages;
	bool stopped; /* nothing more can be read */
};

static bool scan_value(struct scan *scan, const cyaml_schema_value_t *schema, const char *path, yaml_event_t *event);

static uint32_t line_of(const yaml_event_t *event)
{
	return (uint32_t)event->start_mark.line + 1;
}

static uint32_t line_at(const uint8_t *yaml, size_t offset)
{
	uint32_t line = 1;

	for (size_t i = 0; i < offset; i++)
		line += yaml[i] == '\n';
	return line;
}

/* Always false, so that a caller can return it: the value is bad or reading ends. */
static bool stop(struct scan *scan, uint32_t line, const char *what)
{
	if (!scan->stopped)
		glacisd_messages_add(scan->messages, "%s:%u: %s", scan->name, line, what);
	scan->stopped = true;
	return false;
}

static void fault(struct scan *scan, uint32_t line, const char *path, const char *what)
{
	if (scan->messages->count >= FAULTS_MAX)
		stop(scan, line, "more faults follow; mend these first");
	else
		glacisd_messages_add(scan->messages, "%s:%u: %s%s%s", scan->name, line, path, path[0] ? ": " : "",
				     what);
}

static bool syntax_error(struct scan *scan)
{
	const yaml_parser_t *parser = &scan->parser;
	uint32_t line = (uint32_t)parser->problem_mark.line + 1;
	char context[96] = "", what[384];

	if (parser->error == YAML_MEMORY_ERROR)
		return stop(scan, line, "out of memory while reading");
	if (parser->error == YAML_READER_ERROR) {
		size_t offset = parser->problem_offset < scan->size ? parser->problem_offset : scan->size;

		snprintf(what, sizeof(what), "not a text file: %s; allowed: YAML in UTF-8", parser->problem);
		return stop(scan, line_at(scan->yaml, offset), what);
	}
	/* An open quote or bracket is noticed at the end of the file only: say where it began. */
	if (parser->context)
		snprintf(context, sizeof(context), "%s that begins in line %u, ", parser->context,
			 (uint32_t)parser->context_mark.line + 1);
	snprintf(what, sizeof(what),
		 "not YAML: %s%s; allowed: lines of \"key: value\", groups indented with spaces, "
		 "values that hold [ ] { } # or \": \" in quotes",
		 context, parser->problem ? parser->problem : "unknown problem");
	return stop(scan, line, what);
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor;
	default:
		return NULL;
	}
}

static const yaml_char_t *tag_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag;
	default:
		return NULL;
	}
}

/* On true the caller owns the event. */
static bool next(struct scan *scan, yaml_event_t *event)
{
	const char *unwanted = NULL;

	memset(event, 0, sizeof(*event));
	if (scan->stopped)
		return false;
	if (!yaml_parser_parse(&scan->parser, event))
		return syntax_error(scan);
	if (event->type == YAML_ALIAS_EVENT || anchor_of(event))
		unwanted =
			"anchors (&) and aliases (*) are not allowed; write the value out, or in quotes if it is text";
	else if (tag_of(event))
		unwanted = "tags (!) are not allowed; write the value without, or in quotes if it is text";
	if (unwanted) {
		stop(scan, line_of(event), unwanted);
		yaml_event_delete(event);
		return false;
	}
	return true;
}

static bool opens(const yaml_event_t *event)
{
	return event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT;
}

static bool closes(const yaml_event_t *event)
{
	return event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT;
}

/* Reads on to the end of the value that began with `first`. */
static bool skip_value(struct scan *scan, const yaml_event_t *first)
{
	unsigned depth = opens(first) ? 1 : 0;

	while (depth > 0) {
		yaml_event_t event;

		if (!next(scan, &event))
			return false;
		depth += opens(&event);
		depth -= closes(&event);
		if (depth > DEPTH_MAX)
			stop(scan, line_of(&event),
			     "nested too deeply; a key of glacisd has at most one group above it");
		yaml_event_delete(&event);
	}
	return !scan->stopped;
}

static void list_keys(const cyaml_schema_field_t *fields, char *keys, size_t size)
{
	size_t used = 0;

	for (; fields->key && used < size; fields++)
		used += (size_t)snprintf(keys + used, size - used, "%s%s", used ? ", " : "", fields->key);
}

/* A scalar's text; NULL after telling what is wrong with it. */
static const char *scalar_text(struct scan *scan, const yaml_event_t *event, const char *path, const char *allowed)
{
	const char *text = (const char *)event->data.scalar.value;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	char what[512];

	if (strlen(text) != event->data.scalar.length)
		snprintf(what, sizeof(what), "holds a NUL byte; allowed: %s", allowed);
	else if (text[0] == '\0' || (plain && (strcmp(text, "~") == 0 || strcmp(text, "null") == 0)))
		snprintf(what, sizeof(what), "has no value; allowed: %s", allowed);
	else
		return text;
	fault(scan, line_of(event), path, what);
	return NULL;
}

static void scan_scalar(struct scan *scan, const cyaml_schema_value_t *schema, const struct glacisd_config_rule *rule,
			const yaml_event_t *event)
{
	const char *text = scalar_text(scan, event, rule->path, rule->allowed);
	struct glacisd_address address;
	char why[512];
	uint32_t number;
	bool on;
	int error;

	if (!text)
		return;
	if (schema->type == CYAML_UINT)
		error = glacisd_config_rule_number(rule, text, &number, why, sizeof(why));
	else if (schema->type == CYAML_BOOL)
		error = glacisd_config_rule_switch(rule, text, &on, why, sizeof(why));
	else if (rule->kinds)
		error = glacisd_config_rule_address(rule, text, &address, why, sizeof(why));
	else
		error = glacisd_config_rule_text(rule, text, why, sizeof(why));
	if (error)
		fault(scan, line_of(event), rule->path, why);
}

/* The bit of one entry of a list of names, 0 after telling that it is none of them. */
static uint32_t scan_flag(struct scan *scan, const cyaml_schema_value_t *schema, const struct glacisd_config_rule *rule,
			  const yaml_event_t *event)
{
	char shown[GLACISD_QUOTE_SIZE], what[256];
	const char *text;

	if (event->type != YAML_SCALAR_EVENT) {
		snprintf(what, sizeof(what), "holds a list or group; allowed: %s", rule->allowed);
		fault(scan, line_of(event), rule->path, what);
		skip_value(scan, event);
		return 0;
	}
	text = scalar_text(scan, event, rule->path, rule->allowed);
	if (!text)
		return 0;
	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		if (strcmp(schema->enumeration.strings[i].str, text) == 0)
			return (uint32_t)schema->enumeration.strings[i].val;
	}
	snprintf(what, sizeof(what), "\"%s\" is not offered; allowed: %s",
		 glacisd_messages_quote(text, shown, sizeof(shown)), rule->allowed);
	fault(scan, line_of(event), rule->path, what);
	return 0;
}

static bool scan_flags(struct scan *scan, const cyaml_schema_value_t *schema, const struct glacisd_config_rule *rule,
		       const yaml_event_t *start)
{
	unsigned faults = scan->messages->count;
	uint32_t flags = 0;
	yaml_event_t event;
	char what[256];
	bool more;

	do {
		if (!next(scan, &event))
			return false;
		more = event.type != YAML_SEQUENCE_END_EVENT;
		if (more)
			flags |= scan_flag(scan, schema, rule, &event);
		yaml_event_delete(&event);
	} while (more);
	if (!(flags & GLACISD_TLS_1_3) && faults == scan->messages->count) {
		snprintf(what, sizeof(what), "1.3 is missing from the list; allowed: %s", rule->allowed);
		fault(scan, line_of(start), rule->path, what);
	}
	return !scan->stopped;
}

static bool scan_field(struct scan *scan, const cyaml_schema_field_t *field, const char *parent)
{
	char path[PATH_SIZE];
	yaml_event_t event;
	bool going;

	if (!next(scan, &event))
		return false;
	snprintf(path, sizeof(path), "%s%s%s", parent, parent[0] ? "." : "", field->key);
	going = scan_value(scan, &field->value, path, &event);
	yaml_event_delete(&event);
	return going;
}

/* The value of a key that will not be used. */
static bool skip_field(struct scan *scan)
{
	yaml_event_t event;
	bool going;

	if (!next(scan, &event))
		return false;
	going = skip_value(scan, &event);
	yaml_event_delete(&event);
	return going;
}

static bool scan_key(struct scan *scan, const cyaml_schema_field_t *fields, uint32_t *first_lines, const char *path,
		     const yaml_event_t *event)
{
	const char *key = (const char *)event->data.scalar.value;
	char shown[GLACISD_QUOTE_SIZE], keys[256], what[384];
	size_t i = 0;

	if (event->type != YAML_SCALAR_EVENT)
		return stop(scan, line_of(event), "a key must be a word; values with [ ] { } stand in quotes");
	glacisd_messages_quote(key, shown, sizeof(shown));
	while (fields[i].key && (strlen(key) != event->data.scalar.length || strcmp(fields[i].key, key) != 0))
		i++;
	if (!fields[i].key) {
		list_keys(fields, keys, sizeof(keys));
		snprintf(what, sizeof(what), "unknown key \"%s\"; allowed here: %s", shown, keys);
	} else if (first_lines[i]) {
		snprintf(what, sizeof(what), "key \"%s\" is there twice, first in line %u; keep one", shown,
			 first_lines[i]);
	} else {
		first_lines[i] = line_of(event);
		return scan_field(scan, &fields[i], path);
	}
	fault(scan, line_of(event), path, what);
	return skip_field(scan);
}

static bool scan_mapping(struct scan *scan, const cyaml_schema_value_t *schema, const char *path)
{
	uint32_t first_lines[32] = { 0 }; /* by index of the field; the longest group has 12 */
	bool going = true;

	while (going) {
		yaml_event_t event;

		if (!next(scan, &event))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			break;
		}
		going = scan_key(scan, schema->mapping.fields, first_lines, path, &event);
		yaml_event_delete(&event);
	}
	return going;
}

static void wrong_type(struct scan *scan, const cyaml_schema_value_t *schema, const char *path,
		       const struct glacisd_config_rule *rule, const yaml_event_t *event)
{
	char shown[GLACISD_QUOTE_SIZE], keys[256], what[512];
	const char *wanted = "single value";

	if (schema->type == CYAML_MAPPING) {
		list_keys(schema->mapping.fields, keys, sizeof(keys));
		wanted = "group of keys";
	} else if (schema->type == CYAML_FLAGS) {
		wanted = "list";
	}
	if (event->type == YAML_SCALAR_EVENT)
		snprintf(what, sizeof(what), "\"%s\" is not a %s; allowed: %s",
			 glacisd_messages_quote((const char *)event->data.scalar.value, shown, sizeof(shown)), wanted,
			 rule ? rule->allowed : keys);
	else
		snprintf(what, sizeof(what), "a %s is not a %s; allowed: %s",
			 event->type == YAML_MAPPING_START_EVENT ? "group" : "list", wanted,
			 rule ? rule->allowed : keys);
	fault(scan, line_of(event), path, what);
}

/* Checks the value that begins with `event`. False: reading must end. */
static bool scan_value(struct scan *scan, const cyaml_schema_value_t *schema, const char *path, yaml_event_t *event)
{
	const struct glacisd_config_rule *rule = glacisd_config_rule_find(path);
	uint32_t line = line_of(event);

	if (rule && rule->line != GLACISD_CONFIG_LINE_NONE)
		memcpy((char *)scan->lines + rule->line, &line, sizeof(line));
	if (schema->type == CYAML_MAPPING && event->type == YAML_MAPPING_START_EVENT)
		return scan_mapping(scan, schema, path);
	if (schema->type == CYAML_FLAGS && event->type == YAML_SEQUENCE_START_EVENT)
		return scan_flags(scan, schema, rule, event);
	if (rule && schema->type != CYAML_FLAGS && event->type == YAML_SCALAR_EVENT) {
		scan_scalar(scan, schema, rule, event);
		return !scan->stopped;
	}
	wrong_type(scan, schema, path, rule, event);
	return skip_value(scan, event);
}

/* Reads over stream start, document start or document end: 1 there it was, 0 the stream ended, -1 fault. */
static int scan_marker(struct scan *scan, yaml_event_type_t wanted, uint32_t *line)
{
	yaml_event_t event;
	int found;

	if (!next(scan, &event))
		return -1;
	*line = line_of(&event);
	found = event.type == wanted;
	yaml_event_delete(&event);
	return found;
}

static void scan_stream(struct scan *scan)
{
	yaml_event_t event;
	uint32_t line;
	bool going;
	int found;

	if (scan_marker(scan, YAML_STREAM_START_EVENT, &line) < 0)
		return;
	found = scan_marker(scan, YAML_DOCUMENT_START_EVENT, &line);
	if (found == 0)
		stop(scan, 1, "the file is empty; at least listen, backend and certificate are needed");
	if (found <= 0 || !next(scan, &event))
		return;
	going = scan_value(scan, &glacisd_document_schema, "", &event);
	yaml_event_delete(&event);
	if (!going || scan_marker(scan, YAML_DOCUMENT_END_EVENT, &line) < 0)
		return;
	if (scan_marker(scan, YAML_STREAM_END_EVENT, &line) == 0)
		stop(scan, line, "a second document starts here; allowed: one document, without --- inside");
}

int glacisd_config_scan(const char *name, const uint8_t *yaml, size_t size, struct glacisd_config_lines *lines,
			struct glacisd_messages *messages)
{
	struct scan scan = { .name = name, .yaml = yaml, .size = size, .lines = lines, .messages = messages };
	const uint8_t *nul = size > 0 ? memchr(yaml, '\0', size) : NULL;

	if (nul) {
		stop(&scan, line_at(yaml, (size_t)(nul - yaml)), "a NUL byte; allowed: YAML text in UTF-8");
		return -EINVAL;
	}
	if (!yaml_parser_initialize(&scan.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&scan.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&scan.parser, yaml, size);
	scan_stream(&scan);
	yaml_parser_delete(&scan.parser);
	return messages->count > 0 ? -EINVAL : 0;
}
