/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: a thread that runs every n-th queue. Doorbells are plain memory that the client writes without telling
 * anybody, so somebody must look. After work a worker looks without pause for WORKER_SPIN_NS, then it sleeps between
 * looks, twice as long each time up to WORKER_SLEEP_MAX_NS, and after WORKER_QUIET_NS without work up to
 * WORKER_SLEEP_QUIET_NS: the first command after a pause waits for up to a millisecond, and after a long one for up to
 * ten, at a hundred short wake-ups a second. With no queue enabled it sleeps until it is woken.
 */
#ifndef VCARD_WORKER_H
#define VCARD_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "glacis_card_abi.h"

#define WORKER_SPIN_NS        50000u
#define WORKER_SLEEP_MIN_NS   20000u
#define WORKER_SLEEP_MAX_NS   1000000u
#define WORKER_QUIET_NS       1000000000u
#define WORKER_SLEEP_QUIET_NS 10000000u

/* What a command's operands lie in while it runs; of one worker. */
struct vcard_scratch {
	unsigned thread;
	uint8_t source[GLACIS_CARD_TEXT_MAX] __attribute__((aligned(64)));
	uint8_t destination[GLACIS_CARD_TEXT_MAX] __attribute__((aligned(64)));
	uint8_t numbers[GLACIS_CARD_RSA_BYTES_MAX * 5];
};

struct vcard_card;

struct vcard_worker {
	struct vcard_card *card;
	unsigned index;
	pthread_t thread;
	struct vcard_scratch *scratch;

	atomic_bool stop;
	pthread_mutex_t lock; /* of `wake` */
	pthread_cond_t woken;
	bool wake;
};

int vcard_worker_start(struct vcard_worker *worker, struct vcard_card *card, unsigned index);
void vcard_worker_stop(struct vcard_worker *worker);
void vcard_worker_wake(struct vcard_worker *worker);

#endif
