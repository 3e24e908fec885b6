/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the card misbehaves on command. Each fault is one line of a table in faults.c, with the event at which it may
 * strike; it is armed by a text, strikes at every event, at the next N, or at each with a probability, and counts its
 * strikes.
 *
 * Any thread may ask vcard_faults_strike(); a card without faults pays one load for it. The socket's thread arms and
 * clears.
 */
#ifndef VCARD_FAULTS_H
#define VCARD_FAULTS_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vcard_fault {
	VCARD_FAULT_DROP,
	VCARD_FAULT_DELAY,
	VCARD_FAULT_DUPLICATE,
	VCARD_FAULT_REORDER,
	VCARD_FAULT_WRONG_PHASE,
	VCARD_FAULT_UNKNOWN_COOKIE,
	VCARD_FAULT_CORRUPT_TAG,
	VCARD_FAULT_CORRUPT_RSA,
	VCARD_FAULT_DMA_OUTSIDE,
	VCARD_FAULT_STALL_QUEUE,
	VCARD_FAULT_ALL_ONES,
	VCARD_FAULT_DIE,
	VCARD_FAULT_RESTART,
	VCARD_FAULT_ABI_MISMATCH,
	VCARD_FAULT_NO_RSA,
	VCARD_FAULT_POWER_LOSS,
	VCARD_FAULT_WRONG_FLASH,
	VCARD_FAULTS,
};

#define VCARD_FAULT_ANY_QUEUE  UINT32_MAX
#define VCARD_FAULT_MS_DEFAULT 100u
#define VCARD_FAULT_MS_MAX     60000u

struct vcard_fault_state {
	uint64_t left;  /* strikes to come; UINT64_MAX: without end */
	double rate;    /* probability at each event */
	uint32_t queue; /* or VCARD_FAULT_ANY_QUEUE */
	uint32_t ms;    /* of those that last */
	uint64_t strikes;
};

struct vcard_faults {
	_Atomic uint32_t armed; /* bits by enum vcard_fault */
	atomic_bool restart;    /* the card is to go away for a while; `event_fd` tells the socket's thread */
	int event_fd;
	pthread_mutex_t lock; /* of what follows */
	struct vcard_fault_state states[VCARD_FAULTS];
	uint64_t random;
};

int vcard_faults_init(struct vcard_faults *faults);
void vcard_faults_destroy(struct vcard_faults *faults);

/* NAME[:count=N|rate=R][,queue=Q][,ms=N]. 0, or -EINVAL with what is wrong in `message`. */
int vcard_faults_arm(struct vcard_faults *faults, const char *text, char *message, size_t size);

/* Clears the fault of this name, or all for NULL. -ENOENT for an unknown name. */
int vcard_faults_clear(struct vcard_faults *faults, const char *name);

/* What is armed, or has struck, as an array of objects. NULL without memory. */
json_t *vcard_faults_list(struct vcard_faults *faults);

/* The names and events, for the help. */
const char *vcard_faults_help(void);

static inline bool vcard_faults_is_armed(const struct vcard_faults *faults, enum vcard_fault fault)
{
	return atomic_load_explicit(&faults->armed, memory_order_relaxed) & 1u << fault;
}

/* An event of `queue`, or of VCARD_FAULT_ANY_QUEUE for those of the whole card: does the fault strike? */
bool vcard_faults_decide(struct vcard_faults *faults, enum vcard_fault fault, uint32_t queue);

static inline bool vcard_faults_strike(struct vcard_faults *faults, enum vcard_fault fault, uint32_t queue)
{
	return vcard_faults_is_armed(faults, fault) && vcard_faults_decide(faults, fault, queue);
}

/* How long a fault that has struck lasts. */
uint64_t vcard_faults_ns(struct vcard_faults *faults, enum vcard_fault fault);

/* Ends the process as a crash does. Asks the socket's thread for a restart. */
void vcard_faults_die(void) __attribute__((noreturn));
void vcard_faults_restart(struct vcard_faults *faults);

#endif
