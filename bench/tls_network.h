/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of `glacis-bench tls`: the loopback interface of a network namespace of its own
 * when the kernel allows one, so that every program in the comparison has the same TCP
 * congestion control, and so that no port collides with the host's.
 */
#ifndef BENCH_TLS_NETWORK_H
#define BENCH_TLS_NETWORK_H

#include <stddef.h>
#include <stdint.h>

/* Moves this process (before it has children) into a new namespace with "reno"; carries on in the
 * host's when that is not allowed. `description` says which, for the report. */
void tls_network_setup(char *description, size_t size);

/* A listening socket on 127.0.0.1 with a port of the kernel's choice. Returns the descriptor or a
 * negative errno. */
int tls_network_listen(uint16_t *port);

/* A port on 127.0.0.1 that was free a moment ago. Returns 0 or a negative errno. */
int tls_network_free_port(uint16_t *port);

/* A non-blocking socket that connects to 127.0.0.1:`port`. Returns the descriptor or a negative errno. */
int tls_network_connect(uint16_t port);

/* Allows as many descriptors as the hard limit has. Returns the new soft limit. */
size_t tls_network_raise_descriptors(void);

#endif
