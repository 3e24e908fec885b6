/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fork of the program waits until no thread of the crew is inside OpenSSL or libglacis.
 *
 * Concepts. OpenSSL's locks are not made for fork(): one that a thread holds at that moment is held for ever in the child.
 * A program of one thread may fork when it likes, and must be able to with our threads in it, of which it does not know.
 * They pass the gate before they call OpenSSL, and leave it before they wait or call back into the program; a fork shuts it
 * and waits for a batch at most.
 */
#ifndef GLACIS_PROVIDER_FORK_GATE_H
#define GLACIS_PROVIDER_FORK_GATE_H

/* Sets up what fork() has to do; before the first thread that enters. Any thread, any number of times. */
void fork_gate_init(void);

/* Not by a thread that is inside already. */
void fork_gate_enter(void);
void fork_gate_leave(void);

#endif
