/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue pair: a submission ring, a completion ring, and for each entry a slot that remembers whose operation it is.
 *
 * Concepts. Counters run freely; entry and slot of an operation are its counter's index, and its cookie is the counter
 * itself, so that no cookie of an earlier pass is mistaken. `tail` belongs to the thread that enqueues and `head`, the
 * oldest operation that has not come back, to the one that dequeues: two threads may share a queue pair, as DPDK
 * allows. Completions may come in any order; a slot is used again only when all before it are back.
 *
 * An operation that cannot be done takes its place in the ring as a NOP and comes back in turn with its status. One
 * that is under way for longer than the device's timeout makes the queue RESETTING (glacis_recovery.c).
 */
#ifndef GLACIS_DRIVER_QP_H
#define GLACIS_DRIVER_QP_H

#include <cryptodev_pmd.h>
#include <rte_crypto.h>
#include <rte_memzone.h>

#include "glacis_device.h"
#include "glacis_ring.h"

/* Memory of a slot that the card reads and writes: two segment lists, or base and result of RSA. */
#define GLACIS_SCRATCH 1024u

static_assert(GLACIS_SCRATCH >= 2 * GLACIS_CARD_SEGMENTS_MAX * sizeof(struct glacis_card_segment), "segment lists");
static_assert(GLACIS_SCRATCH >= 2 * GLACIS_CARD_RSA_BYTES_MAX, "RSA numbers");

union glacis_descriptor {
	struct glacis_card_aead aead;
	struct glacis_card_rsa rsa;
	struct glacis_card_key key;
	uint8_t bytes[128];
};
static_assert(sizeof(union glacis_descriptor) == 128, "descriptors");

enum glacis_slot_kind {
	GLACIS_SLOT_LOCAL, /* a NOP: the operation's status is decided */
	GLACIS_SLOT_SEAL,
	GLACIS_SLOT_OPEN,
	GLACIS_SLOT_RSA,
};

struct glacis_slot {
	struct rte_crypto_op *op; /* NULL: back, or never used */
	uint64_t since;           /* when it was enqueued, in TSC cycles */
	rte_iova_t scratch_iova;
	uint32_t expected; /* size a completion must have */
	uint8_t kind;      /* enum glacis_slot_kind */
};

enum glacis_qp_state {
	GLACIS_QP_STOPPED,
	GLACIS_QP_RUNNING,
	GLACIS_QP_RESETTING,  /* something was late: the card was asked to reset the queue, and has not said that it did
			       */
	GLACIS_QP_RECOVERING, /* was reset: operations go back with an error, then the rings start again */
	GLACIS_QP_LOST,       /* the card is gone: operations go back with an error, and new ones as well */
};

struct glacis_qp_counters {
	uint64_t operations;
	uint64_t errors;
};

struct glacis_qp {
	/* Fixed at set-up and start. */
	union glacis_descriptor *sq;
	volatile struct glacis_card_completion *cq;
	struct glacis_slot *slots;
	uint8_t *scratch;
	volatile uint32_t *sq_tail; /* doorbells; NULL: written through the transport */
	volatile uint32_t *cq_head;
	struct glacis_device *device;
	const struct rte_memzone *sq_zone;
	const struct rte_memzone *cq_zone;
	uint64_t timeout;  /* cycles */
	uint64_t patience; /* cycles without an answer until the card is asked whether it is there */
	uint32_t log2;     /* of both rings */
	uint32_t limit;    /* operations under way */
	uint16_t number;   /* on the card; 0 is the admin queue */
	uint16_t id;
	uint32_t state; /* enum glacis_qp_state, atomic; changed by the consumer while it has `gate` */
	struct rte_cryptodev_stats forgotten; /* counts at the newest reset of the statistics */

	struct {
		uint32_t gate; /* atomic; 1: enqueue runs, or recovery keeps it out */
		uint32_t tail; /* atomic; written by the producer */
		struct glacis_qp_counters counters;
	} producer __rte_cache_aligned;

	struct {
		uint32_t head;  /* atomic; written by the consumer */
		uint32_t taken; /* completions */
		struct glacis_qp_counters counters;
		uint64_t unknown;    /* completions that belong to nothing */
		uint64_t recoveries; /* resets of the queue because an operation was late */
		uint64_t reset_by;   /* when the card must have reset the queue */
		uint64_t asked;      /* when the card was asked whether it is there */
	} consumer __rte_cache_aligned;
} __rte_cache_aligned;

/* Operations of struct rte_cryptodev_ops and of the data path. */
int glacis_qp_setup(struct rte_cryptodev *cryptodev, uint16_t id, const struct rte_cryptodev_qp_conf *conf,
		    int socket_id);
int glacis_qp_release(struct rte_cryptodev *cryptodev, uint16_t id);
uint16_t glacis_qp_enqueue(void *queue_pair, struct rte_crypto_op **ops, uint16_t count);
uint16_t glacis_qp_dequeue(void *queue_pair, struct rte_crypto_op **ops, uint16_t count);

/* Puts the rings on the card. What was under way before comes back with an error first. */
int glacis_qp_start(struct glacis_qp *qp);
void glacis_qp_stop(struct glacis_qp *qp);

/* glacis_recovery.c: the way of operations while the queue is not RUNNING, and into it when one is late. */
uint16_t glacis_qp_drain(struct glacis_qp *qp, struct rte_crypto_op **ops, uint16_t count);
uint16_t glacis_qp_recover(struct glacis_qp *qp, struct rte_crypto_op **ops, uint16_t count);
/* Starts empty rings on the card; the caller keeps the producer out. */
int glacis_qp_rings_start(struct glacis_qp *qp);

/* Counts; read by other threads at any time, written by one. */
static inline void glacis_count(uint64_t *counter, uint64_t more)
{
	__atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* Both sides' view of a counter of the other. */
static inline uint32_t glacis_qp_head(const struct glacis_qp *qp)
{
	return __atomic_load_n(&qp->consumer.head, __ATOMIC_ACQUIRE);
}

static inline uint32_t glacis_qp_tail(const struct glacis_qp *qp)
{
	return __atomic_load_n(&qp->producer.tail, __ATOMIC_ACQUIRE);
}

static inline struct glacis_slot *glacis_qp_slot(const struct glacis_qp *qp, uint32_t counter)
{
	return &qp->slots[glacis_ring_index(counter, qp->log2)];
}

#endif
