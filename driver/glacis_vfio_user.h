/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport over a vfio-user socket, for the emulated card and any other server of the protocol. What its files
 * share: glacis_vfio_user.c (regions and doorbells), glacis_vfio_user_memory.c (memory for DMA),
 * glacis_vfio_user_socket.c (requests), glacis_vfio_user_wire.c (the judge of what comes back).
 */
#ifndef GLACIS_DRIVER_VFIO_USER_H
#define GLACIS_DRIVER_VFIO_USER_H

#include <stdbool.h>

#include "glacis_transport.h"
#include "glacis_vfio_user_socket.h"

#define GLACIS_VFIO_USER_PATH_MAX 108u

struct glacis_vfio_user_mapping {
	uint64_t offset; /* in BAR0 */
	uint64_t size;
	volatile uint8_t *address;
};

struct glacis_vfio_user {
	struct glacis_socket socket;
	char path[GLACIS_VFIO_USER_PATH_MAX];
	char callback_name[32]; /* of the memory events */
	bool callback;          /* registered */
	uint32_t mapping_count;
	struct glacis_vfio_user_mapping mappings[GLACIS_WIRE_AREAS_MAX];
};

extern const struct glacis_transport glacis_vfio_user_transport;

/* Returns 0 with the link, or -errno; says in the log what failed. */
int glacis_vfio_user_open(const char *path, void **link);

/* Shares all memory of this process that DPDK may use for DMA, and what is added later. */
int glacis_vfio_user_memory_share(struct glacis_vfio_user *link);
/* Forgets what was shared: the connection is about to be closed, or was. */
void glacis_vfio_user_memory_forget(struct glacis_vfio_user *link);

#endif
