/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: each call is one write() to stderr, so lines of several threads never mix. Where stderr
 * is the journal a line starts with its priority ("<6>"), elsewhere with the time in UTC and the level.
 * What a peer sent may be part of a message, so control characters are shown as '?', and a line
 * break gives an indented continuation line: a peer cannot forge a line of its own.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#define MESSAGE_MAX 4096u
#define PREFIX_MAX  64u
#define LINES_MAX   32u

static _Atomic int threshold = GLACISD_LOG_INFO;
static pthread_once_t journal_once = PTHREAD_ONCE_INIT;
static bool to_journal;

/* systemd says in JOURNAL_STREAM which device and inode its end of the pipe has; a redirected stderr
 * keeps the variable but not the inode. */
static void find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;
	int end = 0;

	if (!stream || sscanf(stream, "%llu:%llu%n", &device, &inode, &end) != 2 || stream[end] != '\0')
		return;
	to_journal = fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

static const char *level_name(enum glacisd_log_level level)
{
	switch (level) {
	case GLACISD_LOG_ERROR:
		return "error";
	case GLACISD_LOG_WARNING:
		return "warning";
	case GLACISD_LOG_INFO:
		return "info";
	case GLACISD_LOG_DEBUG:
		return "debug";
	}
	return "info";
}

static size_t write_prefix(char *prefix, enum glacisd_log_level level)
{
	struct timespec now;
	struct tm utc;
	char seconds[32];

	if (to_journal)
		return (size_t)snprintf(prefix, PREFIX_MAX, "<%d>", (int)level);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
	return (size_t)snprintf(prefix, PREFIX_MAX, "%s.%03ldZ %s: ", seconds, now.tv_nsec / 1000000,
				level_name(level));
}

static void write_all(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* there is nowhere to complain */
		text += written;
		size -= (size_t)written;
	}
}

/* Copies `message` behind `prefix`, once per line. `line` has room for MESSAGE_MAX bytes and LINES_MAX prefixes. */
static size_t compose(char *line, const char *prefix, size_t prefix_size, const char *message)
{
	size_t used = prefix_size;
	unsigned lines = 1;

	memcpy(line, prefix, prefix_size);
	for (; *message != '\0'; message++) {
		unsigned char byte = (unsigned char)*message;

		if (byte == '\n' && message[1] != '\0' && lines < LINES_MAX) {
			line[used++] = '\n';
			memcpy(line + used, prefix, prefix_size);
			used += prefix_size;
			line[used++] = ' ';
			line[used++] = ' ';
			lines++;
		} else if (byte != '\n' || message[1] != '\0') {
			line[used++] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
		}
	}
	line[used++] = '\n';
	return used;
}

void glacisd_log_set_level(enum glacisd_log_level level)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

void glacisd_log(enum glacisd_log_level level, const char *format, ...)
{
	char message[MESSAGE_MAX];
	char prefix[PREFIX_MAX];
	char line[MESSAGE_MAX + LINES_MAX * (PREFIX_MAX + 3) + 1];
	int saved_errno = errno;
	va_list arguments;

	if ((int)level > atomic_load_explicit(&threshold, memory_order_relaxed))
		return;
	pthread_once(&journal_once, find_journal);
	va_start(arguments, format);
	if (vsnprintf(message, sizeof(message), format, arguments) < 0)
		message[0] = '\0';
	va_end(arguments);
	write_all(line, compose(line, prefix, write_prefix(prefix, level), message));
	errno = saved_errno;
}
