/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in origin (`backend: builtin`): an HTTP/1.1 server inside the process
 * (libmicrohttpd), reached by socket pairs. For demonstrations, tests and benchmarks.
 *   GET /         a page: the visitor's TLS version, cipher, who seals its records, live counters
 *   GET /status   the same as JSON
 *   GET /bytes/N  N bytes of a fixed pseudo-random sequence (N up to 2^40)
 *   POST or PUT /sha256  reads the body, answers its SHA-256 in hex
 */
#ifndef GLACISD_ORIGIN_H
#define GLACISD_ORIGIN_H

#include "service.h"

struct glacisd_origin;

/* What the origin is told of the TLS connection in front of it. */
struct glacisd_visitor {
	char tls_version[16]; /* "TLSv1.3" */
	char cipher[40];      /* "TLS_AES_128_GCM_SHA256" */
	char path[8];         /* "cpu" or "card": who seals its records */
};

int glacisd_origin_start(const struct glacisd_service *service, struct glacisd_origin **origin);
void glacisd_origin_stop(struct glacisd_origin *origin);

/* Hands the origin one end of a new socket pair; the other end, non-blocking, comes back in `fd`.
 * Thread-safe. Returns 0 or a negative errno. */
int glacisd_origin_connect(struct glacisd_origin *origin, const struct glacisd_visitor *visitor, int *fd);

#endif
