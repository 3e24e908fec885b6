/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 key pairs made ahead, eight in lanes at a time, so that a handshake finds one ready.
 *
 * Concepts. A pair is handed out once and wiped where it lay. Who finds the pool empty takes OpenSSL's way; who runs
 * on a stack that is large enough fills it: the crew whenever it is awake, a caller outside of async jobs for itself.
 * Scalars come from the kernel, without a lock that fork() could find held.
 *
 * Invariants. The pool belongs to one process: its memory is locked, left out of core dumps, and zeroed by the kernel
 * in a child, which makes its own pool and never touches the parent's lock.
 */
#ifndef GLACIS_PROVIDER_KEY_POOL_H
#define GLACIS_PROVIDER_KEY_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <glacis/x25519.h>

/* Seven calls' worth: a page. */
#define KEY_POOL_PAIRS (7u * GLACIS_X25519_LANES)

/* Takes a pair. False: none is ready. Any thread, any stack. */
bool key_pool_take(uint8_t private_key[GLACIS_X25519_SIZE], uint8_t public_key[GLACIS_X25519_SIZE]);

/* Pairs ready. Once somebody has taken one, or tried to, it is worth to have more. Any thread. */
unsigned key_pool_ready(void);
bool key_pool_is_wanted(void);

/* Makes eight pairs, when there is room for them. Not on an async job's stack. Returns 0, -ENOMEM, or the error of
 * getentropy. */
int key_pool_fill(void);

/* The module counts who uses it; when the last user leaves, the pool is wiped and freed. */
void key_pool_enter(void);
void key_pool_leave(void);

#endif
