/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's inside: the one device it has, queues on it, the place of an operation there, and sessions.
 *
 * Invariants. A slot is free, or the device has its `op`; `owner` is NULL while it is in quarantine: given back as late
 * to libglacis and not yet given back by the driver. A session in use by a slot is not freed. Addresses are those of
 * the process (IOVA as VA): an EAL with others is refused.
 */
#ifndef GLACIS_LIB_CRYPTODEV_DEVICE_H
#define GLACIS_LIB_CRYPTODEV_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <rte_mbuf.h>

#include "aead_session.h"
#include "card_module.h"

#define QUEUES_MAX   63u
#define RANGES_MAX   256u /* pools in memory of the device */
#define BURST        64u
#define COPY_SIZE    17408u /* a TLS record with all that may surround it, and room to align */
#define COPY_PAIR    ((size_t)2 * COPY_SIZE) /* source and destination */
#define COPIES_MAX   256u   /* pairs of copies of a queue */
#define SESSIONS     512u   /* of a queue */
#define RSA_SLOTS    64u    /* of a queue */
#define RSA_SESSIONS 256u
#define TEXT_MAX     65535u /* an mbuf's length has 16 bits */

/* What a session's key was made into for one length of additional data. */
struct session_slot {
	void *session;                           /* DPDK's; NULL: none */
	const struct glacis_aead_session *owner; /* NULL: nobody's any more; freed when its users are gone */
	uint32_t users;                          /* slots */
	uint8_t aad_size;
	bool referenced;
};

/* An AEAD operation on the device. `op` comes first, and DPDK wants `sym` right behind it. */
struct slot {
	struct rte_crypto_op op;
	struct rte_crypto_sym_op sym;
	uint8_t nonce[16];
	uint8_t tag[16];
	uint8_t aad[GLACIS_AEAD_AAD_SIZE_MAX];
	struct glacis_aead_op *owner;
	struct session_slot *session;
	uint64_t since;             /* TSC */
	struct slot *older, *newer; /* on the device, where libglacis itself keeps the deadline */
	uint8_t *copy;              /* source and destination, COPY_SIZE each; NULL: neither is copied */
	bool copied_out;            /* the output is in the copy */
	bool tag_here;              /* a seal's tag is in `tag` */
	struct rte_mbuf source, destination;
} __rte_cache_aligned;

/* An RSA operation on the device; numbers lie here so that any device reaches them. */
struct rsa_slot {
	struct rte_crypto_op op;
	struct rte_crypto_asym_op asym;
	struct card_rsa_request *owner;
	uint64_t since;
	bool on_device;
	uint8_t base[512], result[512];
} __rte_cache_aligned;

struct card_queue {
	struct card_device *device;
	struct card_queue_setup setup;
	uint32_t id; /* never 0, never used again */
	uint16_t pair;
	uint32_t depth;
	uint64_t deadline; /* TSC cycles; 0: the driver's own */
	struct slot *slots;
	struct slot **free_slots;
	uint32_t free_count;
	struct rsa_slot *rsa_slots;
	uint32_t rsa_used;
	uint8_t *copies;
	uint32_t *free_copies;
	uint32_t free_copy_count;
	struct slot *oldest, *newest;
	uint32_t range;               /* the range that held the newest buffer */
	uint64_t copied, quarantined; /* atomic */
	pthread_mutex_t
		sessions_lock; /* what is made and freed; not `users` of sessions whose operations are with libglacis */
	struct session_slot *sessions;
	uint32_t hand;
};

/* Memory of the device that was given to libglacis. */
struct range {
	uintptr_t base;
	size_t size; /* 0: none any more */
};

struct card_rsa_key {
	struct card_device *device;
	struct card_rsa_key *next;
	void *session; /* NULL: the device has none of it now */
	uint32_t size;
	uint8_t *bytes; /* all numbers behind one another, to load them again */
	size_t bytes_size;
	struct card_rsa_numbers numbers;
};

struct card_device {
	uint8_t id;
	bool plugged; /* by us: unplugged at close */
	bool started;
	struct card_description description;
	char bus[8];
	char socket[112]; /* path of a card behind a socket; "": it is none */
	uint32_t depth;
	uint64_t deadline; /* TSC cycles; 0: the driver's own */
	struct rte_mempool *sessions, *rsa_sessions;
	pthread_mutex_t lock;            /* all below */
	struct range ranges[RANGES_MAX]; /* read without the lock: entries are added at the end */
	uint32_t range_count;            /* atomic */
	struct card_queue *queues[QUEUES_MAX];
	struct card_queue *held[QUEUES_MAX]; /* closed, with operations that the device has not given back */
	uint32_t last_queue_id;
	struct card_rsa_key *keys;
};

/* Is what began at `since` older than that? Clocks of two processors may differ, so `since` may lie ahead. */
static inline bool module_older(uint64_t now, uint64_t since, uint64_t age)
{
	return (int64_t)(now - since) > (int64_t)age;
}

/* eal.c: starts DPDK, or joins it. 0 or negative errno with `why` filled. */
int module_eal_start(const struct card_open *open);
/* eal.c: finds or plugs the device. */
int module_device_find(const struct card_open *open, struct card_device *device);
void module_device_unplug(struct card_device *device);

/* log.c: where DPDK's lines go until `leave`. */
void module_log_direct(const struct glacis_card_options *options);
void module_log_leave(void);
/* What the driver has said first since `forget`: why a device does not start. False: nothing. */
void module_log_reason_forget(void);
bool module_log_reason(char *text, size_t size);

/* identity.c: who the device is now; not while it is started or stopped. */
void module_identity(const struct card_device *device, struct glacis_card_identity *identity);

/* memory.c */
void *module_memory_alloc(struct card_device *device, size_t size);
void module_memory_free(struct card_device *device, void *memory, size_t size);
void module_memory_trim(struct card_device *device, void *memory, size_t size);
bool module_memory_holds(struct card_queue *queue, const void *bytes, size_t size);

/* sessions.c */
struct session_slot *module_session_get(struct card_queue *queue, const struct glacis_aead_op *op);
/* A late operation of it is back. */
void module_session_leave(struct card_queue *queue, struct session_slot *slot);
void module_session_release(struct card_device *device, struct glacis_aead_session *session);
void module_sessions_free(struct card_queue *queue);

/* queue.c */
int module_queue_open(struct card_device *device, const struct card_queue_setup *setup, struct card_queue **queue);
void module_queue_close(struct card_queue *queue);
void module_queue_free(struct card_queue *queue);
/* After a start, with nobody in any queue and nothing of libglacis' there: takes what was in quarantine. */
void module_queues_drain(struct card_device *device);
void module_state(const struct card_queue *queue, struct card_queue_state *state);

/* aead.c */
unsigned module_submit(struct card_queue *queue, struct glacis_aead_op *const ops[], unsigned count, bool *unfit);
/* Results of RSA as well. */
unsigned module_poll(struct card_queue *queue, struct card_result results[], unsigned max, bool release);

/* rsa.c */
int module_rsa_load(struct card_device *device, const struct card_rsa_numbers *numbers, struct card_rsa_key **key);
void module_rsa_unload(struct card_rsa_key *key);
void module_rsa_load_all(struct card_device *device, bool empty);
unsigned module_submit_rsa(struct card_queue *queue, struct card_rsa_request *const requests[], unsigned count);
/* An operation is back. False: its owner was told earlier that it is late. */
bool module_rsa_back(struct card_queue *queue, struct rsa_slot *slot, struct card_result *result);
unsigned module_rsa_late(struct card_queue *queue, struct card_result results[], unsigned max);

#endif
