/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver as DPDK knows it: its number, and what makes a cryptodev of a card that a bus or a socket has found.
 */
#ifndef GLACIS_DRIVER_PMD_H
#define GLACIS_DRIVER_PMD_H

#include <rte_cryptodev.h>

#include "glacis_device.h"

#define GLACIS_DRIVER_NAME "crypto_glacis"

extern uint8_t glacis_driver_id;
extern struct rte_cryptodev_ops glacis_dev_ops;

/*
 * Makes a cryptodev of an open link; the link is closed when that fails. Returns 0 or -errno; says in the log what
 * failed.
 */
int glacis_pmd_create(const char *name, struct rte_device *bus_device, int socket_id, uint32_t timeout_ms,
		      const struct glacis_transport *transport, void *link);
int glacis_pmd_destroy(const char *name);

/* Reads an option "timeout_ms": a handler for rte_kvargs_process, with a uint32_t behind it. */
int glacis_pmd_timeout_parse(const char *key, const char *value, void *timeout_ms);

/* glacis_capabilities.c: what the card can do, as DPDK describes it. */
uint64_t glacis_capabilities_fill(struct glacis_device *device);

/* glacis_identity.c */
#define GLACIS_GIT_HASH_TEXT 41u
#define GLACIS_DATE_TEXT     24u
/* The device of this driver with the number; NULL: there is none. */
struct rte_cryptodev *glacis_pmd_device(uint8_t id);
void glacis_identity_git_hash(const struct glacis_identity *identity, char text[GLACIS_GIT_HASH_TEXT]);
/* UTC, as 2026-01-31T12:00:00Z. */
void glacis_identity_build_date(const struct glacis_identity *identity, char text[GLACIS_DATE_TEXT]);
/* The name of the board in lower case; "unknown" for one that this driver has not heard of. */
const char *glacis_identity_board(const struct glacis_identity *identity);

/* glacis_stats.c */
void glacis_stats_get(struct rte_cryptodev *cryptodev, struct rte_cryptodev_stats *stats);
void glacis_stats_reset(struct rte_cryptodev *cryptodev);

/* glacis_pci.c */
extern const struct glacis_transport glacis_pci_transport;

#endif
