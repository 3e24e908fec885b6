/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log line looks like on a terminal or file and in the journal, and that nothing a peer sends
 * can forge one.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture.h"
#include "log.h"

static void matches(const char *text, const char *pattern)
{
	regex_t regex;

	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	cr_assert_eq(regexec(&regex, text, 0, NULL, 0), 0, "\"%s\" does not match \"%s\"", text, pattern);
	regfree(&regex);
}

static int log_each_level(void *context)
{
	unsetenv("JOURNAL_STREAM");
	if (context)
		glacisd_log_set_level(*(enum glacisd_log_level *)context);
	glacisd_log(GLACISD_LOG_ERROR, "one %d", 1);
	glacisd_log(GLACISD_LOG_WARNING, "two");
	glacisd_log(GLACISD_LOG_INFO, "three");
	glacisd_log(GLACISD_LOG_DEBUG, "four");
	return 0;
}

Test(log, stamps_lines_with_time_and_level)
{
	static struct capture capture;

	capture_child(log_each_level, NULL, &capture);
	matches(capture.text, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z error: one 1\n"
			      "[^ \n]+Z warning: two\n[^ \n]+Z info: three\n$");
}

Test(log, drops_what_is_above_the_level)
{
	enum glacisd_log_level level = GLACISD_LOG_DEBUG;
	static struct capture capture;

	capture_child(log_each_level, &level, &capture);
	cr_assert(strstr(capture.text, "debug: four\n"));
	level = GLACISD_LOG_ERROR;
	capture_child(log_each_level, &level, &capture);
	cr_assert(strstr(capture.text, "one 1"));
	cr_assert_not(strstr(capture.text, "two"));
}

/* `context` is added to the inode: 0 makes stderr the journal's stream. */
static int log_to_journal(void *context)
{
	struct stat status;
	char stream[64];

	if (fstat(STDERR_FILENO, &status))
		return 1;
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino + *(unsigned *)context);
	setenv("JOURNAL_STREAM", stream, 1);
	glacisd_log(GLACISD_LOG_WARNING, "hello");
	return 0;
}

Test(log, gives_the_journal_a_priority)
{
	static struct capture capture;
	unsigned offset = 0;

	capture_child(log_to_journal, &offset, &capture);
	cr_assert_str_eq(capture.text, "<4>hello\n");
	offset = 1; /* inherited from a service whose stderr was redirected */
	capture_child(log_to_journal, &offset, &capture);
	matches(capture.text, "^[^ ]+Z warning: hello\n$");
}

static int log_hostile_text(void *context)
{
	unsetenv("JOURNAL_STREAM");
	glacisd_log(GLACISD_LOG_INFO, "name: %s", "a\r\x1b[2Jb\n2030-01-01T00:00:00.000Z error: forged\n");
	return 0;
}

Test(log, lets_no_peer_forge_a_line)
{
	static struct capture capture;

	capture_child(log_hostile_text, NULL, &capture);
	matches(capture.text,
		"^[^ ]+Z info: name: a\\?\\?\\[2Jb\n[^ ]+Z info:   2030-01-01T00:00:00.000Z error: forged\n$");
}

static int log_huge_text(void *context)
{
	static char text[100000];

	unsetenv("JOURNAL_STREAM");
	memset(text, context ? '\n' : 'x', sizeof(text) - 1);
	glacisd_log(GLACISD_LOG_INFO, "%s", text);
	return 0;
}

Test(log, cuts_what_is_too_long)
{
	static struct capture capture;

	capture_child(log_huge_text, NULL, &capture);
	cr_assert_geq(strlen(capture.text), 4095);
	cr_assert_leq(strlen(capture.text), 4096 + 64);
	cr_assert_eq(strchr(capture.text, '\n'), capture.text + strlen(capture.text) - 1);
	capture_child(log_huge_text, capture.text, &capture);
	cr_assert_eq(capture.status, 0);
}

static void *log_many(void *context)
{
	for (int i = 0; i < 50; i++)
		glacisd_log(GLACISD_LOG_INFO, "abcdefghijklmnopqrstuvwxyz");
	return NULL;
}

static int log_from_threads(void *context)
{
	pthread_t threads[4];

	unsetenv("JOURNAL_STREAM");
	for (int i = 0; i < 4; i++) {
		if (pthread_create(&threads[i], NULL, log_many, NULL))
			return 1;
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	errno = 5;
	glacisd_log(GLACISD_LOG_INFO, "end");
	return errno == 5 ? 0 : 2;
}

Test(log, keeps_lines_of_threads_apart)
{
	static struct capture capture;
	unsigned lines = 0;

	capture_child(log_from_threads, NULL, &capture);
	cr_assert_eq(capture.status, 0, "errno was not kept");
	for (char *line = strtok(capture.text, "\n"); line; line = strtok(NULL, "\n"), lines++)
		matches(line, "^[^ ]+Z info: (abcdefghijklmnopqrstuvwxyz|end)$");
	cr_assert_eq(lines, 201);
}
