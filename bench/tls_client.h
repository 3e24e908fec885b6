/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load: a closed loop of HTTP/1.1 requests over a number of TLS connections, one epoll loop in
 * the caller's thread. Certificates are verified, records decrypted, lengths and samples of every
 * body checked: an answer that counts is a right answer. Session resumption is never used.
 */
#ifndef BENCH_TLS_CLIENT_H
#define BENCH_TLS_CLIENT_H

#include <signal.h>
#include <stdint.h>

#include "tls_exchange.h"

struct tls_client;

/* Set by the signal handler of tls.c: every wait ends with -EINTR. */
extern volatile sig_atomic_t tls_interrupted;

/* Opens the connections and sends one request on each, so that they are warm. With `close_each`
 * each is closed again. Returns 0 or a negative errno after a message. */
int tls_client_open(const struct tls_load *load, struct tls_client **client);

/* Sends `requests` requests over the connections and waits for the answers. */
int tls_client_run(struct tls_client *client, uint64_t requests);

/* Closes everything. NULL is ignored. */
void tls_client_close(struct tls_client *client);

#endif
