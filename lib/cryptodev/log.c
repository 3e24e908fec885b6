/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where DPDK's lines go: the newest card's log, unless the program runs DPDK itself. What crypto_glacis says first when
 * a device does not start is kept as the reason: DPDK hands on a number alone.
 */
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

#include "device.h"

#define LINE_SIZE 512u
#define DRIVER    "crypto_glacis: "

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all below */
static const struct glacis_card_options *options;
static char line[LINE_SIZE], reason[LINE_SIZE];
static size_t used;

static void line_end(void)
{
	line[used] = '\0';
	if (reason[0] == '\0' && strncmp(line, DRIVER, strlen(DRIVER)) == 0)
		snprintf(reason, sizeof(reason), "%s", line + strlen(DRIVER));
	if (used > 0 && options != NULL && options->log != NULL)
		options->log(options->log_context, GLACIS_CARD_LOG_INFO, line);
	used = 0;
}

static ssize_t log_write(void *cookie, const char *bytes, size_t size)
{
	(void)cookie;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n')
			line_end();
		else if (used + 1 < sizeof(line))
			line[used++] = bytes[i];
	}
	pthread_mutex_unlock(&lock);
	return (ssize_t)size;
}

void module_log_direct(const struct glacis_card_options *to)
{
	static FILE *stream;

	pthread_mutex_lock(&lock);
	options = to;
	if (stream == NULL) {
		stream = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = log_write });
		if (stream != NULL)
			setvbuf(stream, NULL, _IOLBF, 0);
	}
	pthread_mutex_unlock(&lock);
	if (stream != NULL)
		rte_openlog_stream(stream);
}

void module_log_leave(void)
{
	pthread_mutex_lock(&lock);
	options = NULL;
	pthread_mutex_unlock(&lock);
}

void module_log_reason_forget(void)
{
	pthread_mutex_lock(&lock);
	reason[0] = '\0';
	pthread_mutex_unlock(&lock);
}

bool module_log_reason(char *text, size_t size)
{
	bool known;

	pthread_mutex_lock(&lock);
	known = reason[0] != '\0';
	if (known)
		snprintf(text, size, "%s", reason);
	pthread_mutex_unlock(&lock);
	return known;
}
