/* SPDX-License-Identifier: Apache-2.0 */
/* The gate between the socket's thread and the workers; see gate.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "gate.h"

#define GATE_DEADLINE_S 30

int vcard_gate_init(struct vcard_gate *gate)
{
	int error;

	gate->inside = 0;
	atomic_init(&gate->closed, false);
	error = pthread_mutex_init(&gate->lock, NULL);
	if (error)
		return -error;
	error = vcard_clock_condition(&gate->opened);
	if (error)
		goto no_opened;
	error = vcard_clock_condition(&gate->emptied);
	if (error)
		goto no_emptied;
	return 0;
no_emptied:
	pthread_cond_destroy(&gate->opened);
no_opened:
	pthread_mutex_destroy(&gate->lock);
	return error;
}

void vcard_gate_destroy(struct vcard_gate *gate)
{
	pthread_cond_destroy(&gate->emptied);
	pthread_cond_destroy(&gate->opened);
	pthread_mutex_destroy(&gate->lock);
}

void vcard_gate_enter(struct vcard_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	while (atomic_load_explicit(&gate->closed, memory_order_relaxed))
		pthread_cond_wait(&gate->opened, &gate->lock);
	gate->inside++;
	pthread_mutex_unlock(&gate->lock);
}

void vcard_gate_leave(struct vcard_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	if (--gate->inside == 0)
		pthread_cond_signal(&gate->emptied);
	pthread_mutex_unlock(&gate->lock);
}

void vcard_gate_close(struct vcard_gate *gate)
{
	struct timespec deadline = vcard_clock_after(GATE_DEADLINE_S * VCARD_SECOND);

	pthread_mutex_lock(&gate->lock);
	atomic_store_explicit(&gate->closed, true, memory_order_relaxed);
	while (gate->inside) {
		if (pthread_cond_timedwait(&gate->emptied, &gate->lock, &deadline) == ETIMEDOUT) {
			fprintf(stderr,
				"glacis-vcard: a worker has not paused for %d s; this is a defect, please report it\n",
				GATE_DEADLINE_S);
			abort();
		}
	}
	pthread_mutex_unlock(&gate->lock);
}

void vcard_gate_open(struct vcard_gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	atomic_store_explicit(&gate->closed, false, memory_order_relaxed);
	pthread_cond_broadcast(&gate->opened);
	pthread_mutex_unlock(&gate->lock);
}
