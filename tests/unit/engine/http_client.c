/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See http_client.h.
 */
#include "http_client.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define TIME_LIMIT_S 60 /* only what hangs takes so long */

void http_prepare(int fd)
{
	const struct timeval limit = { .tv_sec = TIME_LIMIT_S };

	cr_assert_eq(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
}

void http_send(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

		cr_assert_gt(sent, 0, "send: %s", strerror(errno));
		at += sent;
		size -= (size_t)sent;
	}
}

void http_send_text(int fd, const char *text)
{
	http_send(fd, text, strlen(text));
}

void http_read(int fd, void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t got = recv(fd, at, size, 0);

		cr_assert_gt(got, 0, "%zu bytes missing: %s", size, got == 0 ? "closed" : strerror(errno));
		at += got;
		size -= (size_t)got;
	}
}

bool http_at_end(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) == 0;
}

void http_read_head(int fd, struct http_reply *reply)
{
	size_t used = 0;

	memset(reply, 0, sizeof(*reply));
	while (used < 4 || memcmp(reply->head + used - 4, "\r\n\r\n", 4) != 0) {
		cr_assert_lt(used, sizeof(reply->head) - 1, "the head of the reply has no end");
		http_read(fd, reply->head + used, 1);
		used++;
	}
	cr_assert_eq(sscanf(reply->head, "HTTP/1.1 %3d ", &reply->status), 1, "no status line: %s", reply->head);
	const char *length = http_header(reply, "Content-Length");

	if (length != NULL)
		reply->length = strtoull(length, NULL, 10);
}

void http_read_reply(int fd, bool head_only, struct http_reply *reply)
{
	http_read_head(fd, reply);
	cr_assert_not_null(http_header(reply, "Content-Length"), "no Content-Length in: %s", reply->head);
	if (head_only)
		return;
	reply->body = malloc(reply->length + 1);
	cr_assert_not_null(reply->body);
	http_read(fd, reply->body, reply->length);
	reply->body[reply->length] = '\0';
}

void http_request(int fd, const char *method, const char *url, struct http_reply *reply)
{
	char request[512];

	snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: test\r\n\r\n", method, url);
	http_send_text(fd, request);
	http_read_reply(fd, strcmp(method, "HEAD") == 0, reply);
}

void http_reply_free(struct http_reply *reply)
{
	free(reply->body);
	reply->body = NULL;
}

const char *http_header(const struct http_reply *reply, const char *name)
{
	static char value[1024];
	size_t length = strlen(name);

	for (const char *line = strstr(reply->head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " ");
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
		return value;
	}
	return NULL;
}

void fake_service_make(struct fake_service *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->config.timeouts.idle_ms = 300000;
	fake->config.workers = FAKE_WORKERS;
	fake->service.config = &fake->config;
	fake->service.workers = FAKE_WORKERS;
	fake->service.started_at_s = (uint64_t)time(NULL) - 100;
	for (uint32_t worker = 0; worker < FAKE_WORKERS; worker++) {
		uint64_t number = 0;

		fake->service.stats[worker] = &fake->stats[worker];
#define FILL(name, help) GLACISD_STAT_SET(&fake->stats[worker], name, 1000 * worker + ++number);
		GLACISD_COUNTERS(FILL)
		GLACISD_GAUGES(FILL)
#undef FILL
	}
}
