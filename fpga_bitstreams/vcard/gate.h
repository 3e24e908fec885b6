/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the thread that serves the socket and the workers: a gate. Workers are inside while they touch what the other
 * thread may change: the DMA map, queues' set-up, interrupts. To change it that thread closes the gate, which waits
 * until no worker is inside, and opens it afterwards. Whatever takes a worker long (sleep, a message to the client, an
 * RSA operation) is done outside. So changes are plain code without locks, and the data path pays one atomic load.
 */
#ifndef VCARD_GATE_H
#define VCARD_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct vcard_gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	pthread_cond_t emptied;
	unsigned inside;
	atomic_bool closed;
};

int vcard_gate_init(struct vcard_gate *gate);
void vcard_gate_destroy(struct vcard_gate *gate);

void vcard_gate_enter(struct vcard_gate *gate);
void vcard_gate_leave(struct vcard_gate *gate);

/* Called by a worker inside, between two commands: steps out when somebody wants the gate closed. */
static inline void vcard_gate_pause(struct vcard_gate *gate)
{
	if (atomic_load_explicit(&gate->closed, memory_order_relaxed)) {
		vcard_gate_leave(gate);
		vcard_gate_enter(gate);
	}
}

/*
 * One closer at a time. A worker is inside for microseconds; when one does not come out in GATE_DEADLINE_S the process
 * ends, because nothing it says to the client could be relied on any more.
 */
void vcard_gate_close(struct vcard_gate *gate);
void vcard_gate_open(struct vcard_gate *gate);

#endif
