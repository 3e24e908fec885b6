/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a configuration file event by event: see config_events.h. The bytes are untrusted. Memory is
 * bounded by the size of the input, skipped parts by DEPTH_MAX, messages by FAULTS_MAX, and aliases
 * are refused, so nothing can multiply.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_events.h"

#define DEPTH_MAX  16u
#define FAULTS_MAX 16u

uint32_t glacisd_events_line(const yaml_event_t *event)
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

bool glacisd_events_stop(struct glacisd_events *events, uint32_t line, const char *what)
{
	if (!events->stopped)
		glacisd_messages_add(events->messages, "%s:%u: %s", events->name, line, what);
	events->stopped = true;
	return false;
}

void glacisd_events_fault(struct glacisd_events *events, uint32_t line, const char *path, const char *what)
{
	if (events->messages->count >= FAULTS_MAX)
		glacisd_events_stop(events, line, "more faults follow; mend these first");
	else
		glacisd_messages_add(events->messages, "%s:%u: %s%s%s", events->name, line, path, path[0] ? ": " : "",
				     what);
}

static bool syntax_error(struct glacisd_events *events)
{
	const yaml_parser_t *parser = &events->parser;
	uint32_t line = (uint32_t)parser->problem_mark.line + 1;
	char context[96] = "", what[384];

	if (parser->error == YAML_MEMORY_ERROR)
		return glacisd_events_stop(events, line, "out of memory while reading");
	if (parser->error == YAML_READER_ERROR) {
		size_t offset = parser->problem_offset < events->size ? parser->problem_offset : events->size;

		snprintf(what, sizeof(what), "not a text file: %s; allowed: YAML in UTF-8", parser->problem);
		return glacisd_events_stop(events, line_at(events->yaml, offset), what);
	}
	/* An open quote or bracket is noticed at the end of the file only: say where it began. */
	if (parser->context)
		snprintf(context, sizeof(context), "%s that begins in line %u, ", parser->context,
			 (uint32_t)parser->context_mark.line + 1);
	snprintf(what, sizeof(what),
		 "not YAML: %s%s; allowed: lines of \"key: value\", groups indented with spaces, "
		 "values that hold [ ] { } # or \": \" in quotes",
		 context, parser->problem ? parser->problem : "unknown problem");
	return glacisd_events_stop(events, line, what);
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

bool glacisd_events_next(struct glacisd_events *events, yaml_event_t *event)
{
	const char *unwanted = NULL;

	memset(event, 0, sizeof(*event));
	if (events->stopped)
		return false;
	if (!yaml_parser_parse(&events->parser, event))
		return syntax_error(events);
	if (event->type == YAML_ALIAS_EVENT || anchor_of(event))
		unwanted =
			"anchors (&) and aliases (*) are not allowed; write the value out, or in quotes if it is text";
	else if (tag_of(event))
		unwanted = "tags (!) are not allowed; write the value without, or in quotes if it is text";
	if (unwanted) {
		glacisd_events_stop(events, glacisd_events_line(event), unwanted);
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

bool glacisd_events_skip(struct glacisd_events *events, const yaml_event_t *first)
{
	unsigned depth = opens(first) ? 1 : 0;

	while (depth > 0) {
		yaml_event_t event;

		if (!glacisd_events_next(events, &event))
			return false;
		depth += opens(&event);
		depth -= closes(&event);
		if (depth > DEPTH_MAX)
			glacisd_events_stop(
				events, glacisd_events_line(&event),
				"nested too deeply; a key of glacisd has at most a list and a group above it");
		yaml_event_delete(&event);
	}
	return !events->stopped;
}

int glacisd_events_marker(struct glacisd_events *events, yaml_event_type_t wanted, uint32_t *line)
{
	yaml_event_t event;
	int found;

	if (!glacisd_events_next(events, &event))
		return -1;
	*line = glacisd_events_line(&event);
	found = event.type == wanted;
	yaml_event_delete(&event);
	return found;
}

int glacisd_events_begin(struct glacisd_events *events, const char *name, const uint8_t *yaml, size_t size,
			 struct glacisd_messages *messages)
{
	const uint8_t *nul = size > 0 ? memchr(yaml, '\0', size) : NULL;

	*events = (struct glacisd_events){ .name = name, .yaml = yaml, .size = size, .messages = messages };
	if (nul) {
		glacisd_events_stop(events, line_at(yaml, (size_t)(nul - yaml)),
				    "a NUL byte; allowed: YAML text in UTF-8");
		return -EINVAL;
	}
	if (!yaml_parser_initialize(&events->parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&events->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&events->parser, yaml, size);
	return 0;
}

void glacisd_events_end(struct glacisd_events *events)
{
	yaml_parser_delete(&events->parser);
}
