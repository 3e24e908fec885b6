/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin behind the proxies: a small HTTP/1.1 server in a process of its own that costs as
 * little as possible. `GET /bytes/N` answers N bytes; bytes repeat with the period
 * TLS_ORIGIN_PERIOD, so that a client can check any part of a body without the rest.
 */
#ifndef BENCH_TLS_ORIGIN_H
#define BENCH_TLS_ORIGIN_H

#include <stdint.h>
#include <sys/types.h>

#define TLS_ORIGIN_PERIOD 65536u

/* Forks the origin onto `core`; `port` is where it listens on 127.0.0.1. Returns its process id or
 * a negative errno after a message. It dies with this process. */
pid_t tls_origin_start(int core, uint16_t *port);

/* The body's byte at `offset`. */
static inline uint8_t tls_origin_byte(uint64_t offset)
{
	uint32_t place = offset % TLS_ORIGIN_PERIOD;

	return (uint8_t)(place * 167u + (place >> 8));
}

#endif
