/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 in lanes whatever the number of operations, for who knows that the processor has them (ifma.h) and wants no
 * OpenSSL in the call: glacis.so, whose threads may not take OpenSSL's locks.
 */
#ifndef GLACIS_LIB_X25519_LANES_H
#define GLACIS_LIB_X25519_LANES_H

#include <glacis/x25519.h>

/* Runs 1 to GLACIS_X25519_LANES operations, each with its status; all take the time of a full call. Some 8 KiB of
 * stack, several times that with sanitizers. */
void x25519_lanes_run(struct glacis_x25519_op ops[], unsigned count);

#endif
