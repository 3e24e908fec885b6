/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared secrets of handshakes (X25519), computed together: those that were asked for in one turn of a worker's loop.
 */
#ifndef GLACISD_EXCHANGE_H
#define GLACISD_EXCHANGE_H

struct glacisd_connection;
struct glacisd_worker;

/* The handshake's async job has paused with `exchange` to be computed. Until then the connection is not freed. */
void glacisd_exchange_add(struct glacisd_connection *connection);
/* Computes all that were added and lets their handshakes go on. Too few for full lanes wait one turn for company, unless
 * this turn handled nothing: then there is time. `handled`: completions in this turn. */
void glacisd_exchange_run(struct glacisd_worker *worker, unsigned handled);

#endif
