/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes through the YAML events and checks them against the schema of config_schema.c before
 * libcyaml loads anything. libcyaml stops at the first fault and does not know the line of a value
 * that is well formed but not allowed; here each fault has its line, and several are told at once.
 * Called by config.c with untrusted bytes: recursion is bounded by the schema's depth, the rest by
 * config_events.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_events.h"
#include "config_schema.h"

#define PATH_SIZE 64u

struct scan {
	struct glacisd_events events;
	struct glacisd_config_lines *lines;
	uint32_t entry; /* index in the list being read, else 0: selects the line of a value */
};

static bool scan_value(struct scan *scan, const cyaml_schema_value_t *schema, const char *path, yaml_event_t *event);

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
	glacisd_events_fault(&scan->events, glacisd_events_line(event), path, what);
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
		glacisd_events_fault(&scan->events, glacisd_events_line(event), rule->path, why);
}

/* The bit of one entry of a list of names, 0 after telling that it is none of them. */
static uint32_t scan_flag(struct scan *scan, const cyaml_schema_value_t *schema, const struct glacisd_config_rule *rule,
			  const yaml_event_t *event)
{
	char shown[GLACISD_QUOTE_SIZE], what[256];
	const char *text;

	if (event->type != YAML_SCALAR_EVENT) {
		snprintf(what, sizeof(what), "holds a list or group; allowed: %s", rule->allowed);
		glacisd_events_fault(&scan->events, glacisd_events_line(event), rule->path, what);
		glacisd_events_skip(&scan->events, event);
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
	glacisd_events_fault(&scan->events, glacisd_events_line(event), rule->path, what);
	return 0;
}

static bool scan_flags(struct scan *scan, const cyaml_schema_value_t *schema, const struct glacisd_config_rule *rule,
		       const yaml_event_t *start)
{
	unsigned faults = scan->events.messages->count;
	uint32_t flags = 0;
	yaml_event_t event;
	char what[256];
	bool more;

	do {
		if (!glacisd_events_next(&scan->events, &event))
			return false;
		more = event.type != YAML_SEQUENCE_END_EVENT;
		if (more)
			flags |= scan_flag(scan, schema, rule, &event);
		yaml_event_delete(&event);
	} while (more);
	if (!(flags & GLACISD_TLS_1_3) && faults == scan->events.messages->count) {
		snprintf(what, sizeof(what), "1.3 is missing from the list; allowed: %s", rule->allowed);
		glacisd_events_fault(&scan->events, glacisd_events_line(start), rule->path, what);
	}
	return !scan->events.stopped;
}

static bool scan_field(struct scan *scan, const cyaml_schema_field_t *field, const char *parent)
{
	char path[PATH_SIZE];
	yaml_event_t event;
	bool going;

	if (!glacisd_events_next(&scan->events, &event))
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

	if (!glacisd_events_next(&scan->events, &event))
		return false;
	going = glacisd_events_skip(&scan->events, &event);
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
		return glacisd_events_stop(&scan->events, glacisd_events_line(event),
					   "a key must be a word; values with [ ] { } stand in quotes");
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
		first_lines[i] = glacisd_events_line(event);
		return scan_field(scan, &fields[i], path);
	}
	glacisd_events_fault(&scan->events, glacisd_events_line(event), path, what);
	return skip_field(scan);
}

/* A group that is there but lacks a key it cannot do without; told at the line where the group begins. */
static void check_needed(struct scan *scan, const cyaml_schema_field_t *fields, const uint32_t *first_lines,
			 const char *path, uint32_t line)
{
	for (size_t i = 0; fields[i].key; i++) {
		const struct glacisd_config_rule *rule;
		char key[PATH_SIZE], what[256];

		if (first_lines[i] || (fields[i].value.flags & CYAML_FLAG_OPTIONAL))
			continue;
		snprintf(key, sizeof(key), "%s.%s", path, fields[i].key);
		rule = glacisd_config_rule_find(key);
		snprintf(what, sizeof(what), "\"%s\" is missing here; allowed: %s", fields[i].key, rule->allowed);
		glacisd_events_fault(&scan->events, line, path, what);
	}
}

static bool scan_mapping(struct scan *scan, const cyaml_schema_value_t *schema, const char *path,
			 const yaml_event_t *start)
{
	uint32_t first_lines[32] = { 0 }; /* by index of the field; the longest group has 12 */
	bool going = true;

	while (going) {
		yaml_event_t event;

		if (!glacisd_events_next(&scan->events, &event))
			return false;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			break;
		}
		going = scan_key(scan, schema->mapping.fields, first_lines, path, &event);
		yaml_event_delete(&event);
	}
	if (going)
		check_needed(scan, schema->mapping.fields, first_lines, path, glacisd_events_line(start));
	return going && !scan->events.stopped;
}

static void wrong_type(struct scan *scan, const cyaml_schema_value_t *schema, const char *path,
		       const struct glacisd_config_rule *rule, const yaml_event_t *event)
{
	char shown[GLACISD_QUOTE_SIZE], keys[256], what[512];
	const char *wanted = "single value";

	if (schema->type == CYAML_MAPPING) {
		list_keys(schema->mapping.fields, keys, sizeof(keys));
		wanted = "group of keys";
	} else if (schema->type == CYAML_FLAGS || schema->type == CYAML_SEQUENCE) {
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
	glacisd_events_fault(&scan->events, glacisd_events_line(event), path, what);
}

/* One entry of a list of groups. */
static bool scan_entry(struct scan *scan, const cyaml_schema_value_t *schema, const char *path,
		       const yaml_event_t *event)
{
	if (event->type == YAML_MAPPING_START_EVENT)
		return scan_mapping(scan, schema, path, event);
	wrong_type(scan, schema, path, NULL, event);
	return glacisd_events_skip(&scan->events, event);
}

/* Entries beyond the longest list allowed have no line to be kept in: they are counted, not read. */
static bool scan_list(struct scan *scan, const cyaml_schema_value_t *schema, const char *path,
		      const struct glacisd_config_rule *rule, const yaml_event_t *start)
{
	uint32_t count = 0;
	bool going = true;
	char what[256];

	while (going) {
		yaml_event_t event;

		if (!glacisd_events_next(&scan->events, &event))
			return false;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			break;
		}
		scan->entry = count++;
		going = scan->entry < schema->sequence.max ? scan_entry(scan, schema->sequence.entry, path, &event)
							   : glacisd_events_skip(&scan->events, &event);
		yaml_event_delete(&event);
	}
	scan->entry = 0;
	if (going && (count < schema->sequence.min || count > schema->sequence.max)) {
		snprintf(what, sizeof(what), "the list has %u entries; allowed: %s", count, rule->allowed);
		glacisd_events_fault(&scan->events, glacisd_events_line(start), path, what);
	}
	return going && !scan->events.stopped;
}

/* Checks the value that begins with `event`. False: reading must end. */
static bool scan_value(struct scan *scan, const cyaml_schema_value_t *schema, const char *path, yaml_event_t *event)
{
	const struct glacisd_config_rule *rule = glacisd_config_rule_find(path);
	uint32_t line = glacisd_events_line(event);

	if (rule && rule->line != GLACISD_CONFIG_LINE_NONE)
		memcpy((char *)scan->lines + rule->line + scan->entry * sizeof(line), &line, sizeof(line));
	if (schema->type == CYAML_MAPPING && event->type == YAML_MAPPING_START_EVENT)
		return scan_mapping(scan, schema, path, event);
	if (schema->type == CYAML_FLAGS && event->type == YAML_SEQUENCE_START_EVENT)
		return scan_flags(scan, schema, rule, event);
	if (schema->type == CYAML_SEQUENCE && event->type == YAML_SEQUENCE_START_EVENT)
		return scan_list(scan, schema, path, rule, event);
	if (rule && schema->type != CYAML_FLAGS && schema->type != CYAML_SEQUENCE && event->type == YAML_SCALAR_EVENT) {
		scan_scalar(scan, schema, rule, event);
		return !scan->events.stopped;
	}
	wrong_type(scan, schema, path, rule, event);
	return glacisd_events_skip(&scan->events, event);
}

static void scan_stream(struct scan *scan)
{
	yaml_event_t event;
	uint32_t line;
	bool going;
	int found;

	if (glacisd_events_marker(&scan->events, YAML_STREAM_START_EVENT, &line) < 0)
		return;
	found = glacisd_events_marker(&scan->events, YAML_DOCUMENT_START_EVENT, &line);
	if (found == 0)
		glacisd_events_stop(&scan->events, 1,
				    "the file is empty; at least listen, backend and certificates are needed");
	if (found <= 0 || !glacisd_events_next(&scan->events, &event))
		return;
	going = scan_value(scan, &glacisd_document_schema, "", &event);
	yaml_event_delete(&event);
	if (!going || glacisd_events_marker(&scan->events, YAML_DOCUMENT_END_EVENT, &line) < 0)
		return;
	if (glacisd_events_marker(&scan->events, YAML_STREAM_END_EVENT, &line) == 0)
		glacisd_events_stop(&scan->events, line,
				    "a second document starts here; allowed: one document, without --- inside");
}

int glacisd_config_scan(const char *name, const uint8_t *yaml, size_t size, struct glacisd_config_lines *lines,
			struct glacisd_messages *messages)
{
	struct scan scan = { .lines = lines };
	int error = glacisd_events_begin(&scan.events, name, yaml, size, messages);

	if (error)
		return error;
	scan_stream(&scan);
	glacisd_events_end(&scan.events);
	return messages->count > 0 ? -EINVAL : 0;
}
