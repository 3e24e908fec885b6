/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands between the driver and its card, passes on what each says, and keeps the card when the driver has hung up:
 * to the card its client is still there, with all its memory. Then the test can see what the card could still do.
 */
#ifndef GLACIS_TESTS_DRIVER_MIDDLE_H
#define GLACIS_TESTS_DRIVER_MIDDLE_H

#include <pthread.h>
#include <stdbool.h>

#include "client.h"

struct middle {
	char folder[64];
	char path[96]; /* where the driver finds its card */
	int listener;
	pthread_t thread;
	struct client card; /* the thread's until middle_wait() */
};

/* Connects to the card's socket, and serves one connection of a driver at `path`. */
bool middle_start(struct middle *middle, const char *card);

/* Waits until the driver has hung up. From then on `card` is the caller's. */
void middle_wait(struct middle *middle);

void middle_end(struct middle *middle);

#endif
