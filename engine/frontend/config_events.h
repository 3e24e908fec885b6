/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The YAML events of a configuration file, without what it may not hold (anchors, aliases, tags,
 * deep nesting), and the messages that carry their lines. Private to config_scan.c.
 */
#ifndef GLACISD_CONFIG_EVENTS_H
#define GLACISD_CONFIG_EVENTS_H

#include <yaml.h>

#include "config_schema.h"

struct glacisd_events {
	yaml_parser_t parser;
	const char *name;
	const uint8_t *yaml;
	size_t size;
	struct glacisd_messages *messages;
	bool stopped; /* nothing more can be read; the message is there */
};

/* 0, or -EINVAL (told) or -ENOMEM; then there is nothing to end. */
int glacisd_events_begin(struct glacisd_events *events, const char *name, const uint8_t *yaml, size_t size,
			 struct glacisd_messages *messages);
void glacisd_events_end(struct glacisd_events *events);

/* The next event, which the caller then owns. False: reading has ended with a message. */
bool glacisd_events_next(struct glacisd_events *events, yaml_event_t *event);

/* Reads on to the end of the value that began with `first`. */
bool glacisd_events_skip(struct glacisd_events *events, const yaml_event_t *first);

/* Reads over the start or end of a stream or document: 1 it was `wanted`, 0 another, -1 reading has ended. */
int glacisd_events_marker(struct glacisd_events *events, yaml_event_type_t wanted, uint32_t *line);

uint32_t glacisd_events_line(const yaml_event_t *event);

/* Tells a fault and goes on. `path` may be empty. */
void glacisd_events_fault(struct glacisd_events *events, uint32_t line, const char *path, const char *what);

/* Tells a fault and ends reading. Always false, so that a caller can return it. */
bool glacisd_events_stop(struct glacisd_events *events, uint32_t line, const char *what);

#endif
