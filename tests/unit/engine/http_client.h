/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict, blocking HTTP/1.1 client on a descriptor, and a service to serve, for the tests of the admin server
 * and the built-in origin. Every wait ends after ten seconds with a failed assertion.
 */
#ifndef TEST_HTTP_CLIENT_H
#define TEST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service.h"

struct http_reply {
	int status;
	char head[4096]; /* status line and headers, ended by the empty line */
	uint64_t length; /* Content-Length */
	char *body;      /* length bytes and a NUL */
};

/* Makes the descriptor blocking with a time limit. */
void http_prepare(int fd);

void http_send(int fd, const void *data, size_t size);
void http_send_text(int fd, const char *text);

/* Reads `size` bytes, which must come. */
void http_read(int fd, void *data, size_t size);

/* True when the peer has closed and nothing is left to read. */
bool http_at_end(int fd);

/* Reads the head of a reply byte-exactly, so that the body is still to be read. */
void http_read_head(int fd, struct http_reply *reply);

/* Reads a whole reply; `head_only` for HEAD. */
void http_read_reply(int fd, bool head_only, struct http_reply *reply);

/* Sends METHOD URL without a body and reads the reply. */
void http_request(int fd, const char *method, const char *url, struct http_reply *reply);
void http_reply_free(struct http_reply *reply);

/* The value of a header, NULL when it is not there; in a buffer that the next call overwrites. */
const char *http_header(const struct http_reply *reply, const char *name);

/* A service of two workers with counters that differ from each other: counter number K (from 1, gauges
 * after counters) of worker W is 1000 * W + K. No engine. */
#define FAKE_WORKERS 2u

struct fake_service {
	struct glacisd_config config;
	struct glacisd_stats stats[FAKE_WORKERS];
	struct glacisd_service service;
};

void fake_service_make(struct fake_service *fake);

#endif
