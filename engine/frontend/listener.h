/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening and accepting. Every worker has its own socket on the same address (SO_REUSEPORT), so
 * the kernel spreads the connections and workers share nothing.
 */
#ifndef GLACISD_LISTENER_H
#define GLACISD_LISTENER_H

#include "address.h"
#include "worker.h"

/* A listening socket. `shared`: other workers bind the same address. Returns the descriptor or a negative
 * errno after logging what to do. For port 0 the port chosen is written back to `address`. */
int glacisd_listener_open(struct glacisd_address *address, bool shared);
void glacisd_listener_arm(struct glacisd_worker *worker);
void glacisd_listener_accepted(struct glacisd_worker *worker, int result, uint32_t flags);
/* Stops accepting: new connections are refused by the kernel. */
void glacisd_listener_close(struct glacisd_worker *worker);

#endif
