/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See openmetrics.h. Source of the rules: OpenMetrics 1.0, sections "ABNF" and "MetricFamily".
 */
#include "openmetrics.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct openmetrics *result;
	char names[OPENMETRICS_FAMILIES_MAX][64];
	char type[16];      /* of the current family */
	bool help;          /* its HELP line was there */
	char seen[64][128]; /* samples of the current family */
	size_t seen_count;
};

static int wrong(struct reader *reader, const char *what, const char *line)
{
	snprintf(reader->result->why, sizeof(reader->result->why), "%.100s: %.500s", what, line);
	return -EINVAL;
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return 0;
	while (isalnum((unsigned char)text[length]) || text[length] == '_')
		length++;
	return length;
}

static const char *current(const struct reader *reader)
{
	return reader->names[reader->result->families - 1];
}

static int read_type(struct reader *reader, const char *line)
{
	const char *rest = line + 7;
	size_t length = name_length(rest);

	if (length == 0 || length >= sizeof(reader->names[0]) || rest[length] != ' ')
		return wrong(reader, "bad family name", line);
	if (reader->result->families > 0 && reader->seen_count == 0)
		return wrong(reader, "the family before has no sample", line);
	for (size_t family = 0; family < reader->result->families; family++)
		if (strlen(reader->names[family]) == length && strncmp(reader->names[family], rest, length) == 0)
			return wrong(reader, "family twice", line);
	if (reader->result->families == OPENMETRICS_FAMILIES_MAX)
		return wrong(reader, "too many families for this test", line);
	snprintf(reader->names[reader->result->families++], sizeof(reader->names[0]), "%.*s", (int)length, rest);
	snprintf(reader->type, sizeof(reader->type), "%.15s", rest + length + 1);
	if (strcmp(reader->type, "counter") != 0 && strcmp(reader->type, "gauge") != 0 &&
	    strcmp(reader->type, "info") != 0)
		return wrong(reader, "unknown type", line);
	if (strcmp(reader->type, "counter") == 0 && length > 6 && strncmp(rest + length - 6, "_total", 6) == 0)
		return wrong(reader, "_total belongs to the sample, not the family", line);
	reader->help = false;
	reader->seen_count = 0;
	return 0;
}

static int read_help(struct reader *reader, const char *line)
{
	const char *rest = line + 7;
	size_t length = name_length(rest);

	if (reader->result->families == 0 || strlen(current(reader)) != length ||
	    strncmp(current(reader), rest, length) != 0)
		return wrong(reader, "HELP of another family", line);
	if (reader->help || reader->seen_count > 0)
		return wrong(reader, "HELP twice or late", line);
	if (rest[length] != ' ' || rest[length + 1] == '\0')
		return wrong(reader, "empty HELP", line);
	reader->help = true;
	return 0;
}

/* Returns the length of {name="value",...}, 0 when it is malformed or empty. */
static size_t labels_length(const char *text)
{
	size_t at = 1;

	for (;;) {
		size_t length = name_length(text + at);

		if (length == 0 || strncmp(text + at + length, "=\"", 2) != 0)
			return 0;
		at += length + 2;
		for (; text[at] != '"'; at++) {
			if (text[at] == '\0')
				return 0;
			if (text[at] == '\\' && strchr("\\\"n", text[++at]) == NULL)
				return 0;
		}
		at++;
		if (text[at] == '}')
			return at + 1;
		if (text[at++] != ',')
			return 0;
	}
}

static int read_sample(struct reader *reader, const char *line)
{
	size_t length = name_length(line);
	const char *suffix = strcmp(reader->type, "counter") == 0 ? "_total"
			     : strcmp(reader->type, "info") == 0  ? "_info"
								  : "";
	char expected[80];

	if (reader->result->families == 0 || !reader->help)
		return wrong(reader, "sample before TYPE and HELP", line);
	snprintf(expected, sizeof(expected), "%s%s", current(reader), suffix);
	if (strlen(expected) != length || strncmp(expected, line, length) != 0)
		return wrong(reader, "sample of another family, or wrong suffix", line);
	if (line[length] == '{') {
		size_t labels = labels_length(line + length);

		if (labels == 0)
			return wrong(reader, "malformed labels", line);
		length += labels;
	}
	if (line[length] != ' ' || length >= sizeof(reader->seen[0]) || reader->seen_count == 64)
		return wrong(reader, "malformed sample", line);
	const char *number = line + length + 1;

	if (*number == '\0' || strspn(number, "0123456789") != strlen(number))
		return wrong(reader, "not a whole number", line);
	for (size_t sample = 0; sample < reader->seen_count; sample++)
		if (strlen(reader->seen[sample]) == length && strncmp(reader->seen[sample], line, length) == 0)
			return wrong(reader, "sample twice", line);
	snprintf(reader->seen[reader->seen_count++], sizeof(reader->seen[0]), "%.*s", (int)length, line);
	reader->result->samples++;
	return 0;
}

static int read_line(struct reader *reader, const char *line)
{
	if (strncmp(line, "# TYPE ", 7) == 0)
		return read_type(reader, line);
	if (strncmp(line, "# HELP ", 7) == 0)
		return read_help(reader, line);
	return read_sample(reader, line);
}

int openmetrics_check(const char *text, size_t size, struct openmetrics *result)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	int error = 0;

	if (reader == NULL)
		return -ENOMEM;
	memset(result, 0, sizeof(*result));
	reader->result = result;
	if (size < 6 || memcmp(text + size - 6, "# EOF\n", 6) != 0 || memchr(text, '\0', size) != NULL)
		error = wrong(reader, "no # EOF at the end, or a NUL inside", "");
	for (const char *end = text + size - 6; !error && text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		char line[512];

		if (newline == NULL || newline - text >= (ptrdiff_t)sizeof(line)) {
			error = wrong(reader, "line without end, or too long", "");
			break;
		}
		snprintf(line, sizeof(line), "%.*s", (int)(newline - text), text);
		error = read_line(reader, line);
		text = newline + 1;
	}
	if (!error && reader->seen_count == 0)
		error = wrong(reader, "the last family has no sample", "");
	free(reader);
	return error;
}

int64_t openmetrics_value(const char *text, const char *sample)
{
	size_t length = strlen(sample);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		if (line != text)
			line++;
		if (strncmp(line, sample, length) == 0 && line[length] == ' ')
			return strtoll(line + length + 1, NULL, 10);
	}
	return -1;
}
