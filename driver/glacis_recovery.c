/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of operations when the card does not answer in time. The queue is reset on the card; only when the
 * card has said that its DMA has ended, or is cut off, does an operation go back, so that nothing is written into
 * memory of which its owner believes that it is his again. Then the rings start anew, at once, without the caller.
 * Nothing waits for the card: each dequeue looks once whether it has reset the queue, until it has or its time is over.
 *
 * Runs in the thread that dequeues. The producer is kept out by the gate that enqueue takes for each burst.
 */
#include <errno.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "glacis_card.h"
#include "glacis_log.h"
#include "glacis_qp.h"

#define GATE_US 10000u /* a producer that is not running when we come back asks again */

int glacis_qp_rings_start(struct glacis_qp *qp)
{
	const struct glacis_queue_setup setup = {
		.sq_base = qp->sq_zone->iova,
		.cq_base = qp->cq_zone->iova,
		.sq_log2 = qp->log2,
		.cq_log2 = qp->log2,
	};
	uint32_t counter = glacis_ring_restart(qp->producer.tail, qp->log2);
	int status;

	/* A queue of which this driver does not know what it was doing. */
	status = glacis_card_queue_reset(qp->device, qp->number);
	if (status != 0)
		return status;
	memset(qp->cq_zone->addr, 0, qp->cq_zone->len);
	qp->consumer.taken = 0;
	__atomic_store_n(&qp->consumer.head, counter, __ATOMIC_RELEASE);
	__atomic_store_n(&qp->producer.tail, counter, __ATOMIC_RELEASE);
	return glacis_card_queue_enable(qp->device, qp->number, &setup);
}

static bool gate_close(struct glacis_qp *qp)
{
	uint64_t deadline = rte_get_timer_cycles() + rte_get_timer_hz() / 1000000 * GATE_US;

	while (__atomic_exchange_n(&qp->producer.gate, 1, __ATOMIC_ACQUIRE) != 0) {
		if (rte_get_timer_cycles() > deadline)
			return false;
		rte_pause();
	}
	return true;
}

static void gate_open(struct glacis_qp *qp, enum glacis_qp_state state)
{
	__atomic_store_n(&qp->state, state, __ATOMIC_RELAXED);
	__atomic_store_n(&qp->producer.gate, 0, __ATOMIC_RELEASE);
}

/* Hands back what is under way, oldest first, with an error. */
static uint16_t give_back(struct glacis_qp *qp, struct rte_crypto_op **ops, uint16_t count)
{
	uint32_t head = qp->consumer.head, tail = glacis_qp_tail(qp);
	uint16_t done = 0;

	for (; head != tail && done < count; head++) {
		struct glacis_slot *slot = glacis_qp_slot(qp, head);

		if (slot->op == NULL)
			continue;
		slot->op->status = RTE_CRYPTO_OP_STATUS_ERROR;
		ops[done++] = slot->op;
		slot->op = NULL;
	}
	__atomic_store_n(&qp->consumer.head, head, __ATOMIC_RELEASE);
	glacis_count(&qp->consumer.counters.operations, done);
	glacis_count(&qp->consumer.counters.errors, done);
	return done;
}

/* Looks whether the card has reset the queue. The state afterwards. */
static uint32_t reset_follow(struct glacis_qp *qp)
{
	int status = glacis_card_queue_reset_ended(qp->device, qp->number);

	if (status == -EAGAIN && rte_get_timer_cycles() < qp->consumer.reset_by)
		return GLACIS_QP_RESETTING;
	if (status == 0) {
		__atomic_store_n(&qp->state, GLACIS_QP_RECOVERING, __ATOMIC_RELAXED); /* the gate stays closed */
		return GLACIS_QP_RECOVERING;
	}
	glacis_card_cut(qp->device, "it does not answer, or does not reset a queue");
	gate_open(qp, GLACIS_QP_LOST);
	return GLACIS_QP_LOST;
}

uint16_t glacis_qp_drain(struct glacis_qp *qp, struct rte_crypto_op **ops, uint16_t count)
{
	uint32_t state = __atomic_load_n(&qp->state, __ATOMIC_RELAXED);
	uint16_t done;

	if (state == GLACIS_QP_RESETTING)
		state = reset_follow(qp);
	if (state == GLACIS_QP_STOPPED || state == GLACIS_QP_RESETTING)
		return 0;
	done = give_back(qp, ops, count);
	if (state != GLACIS_QP_RECOVERING || qp->consumer.head != glacis_qp_tail(qp))
		return done;
	if (glacis_qp_rings_start(qp) == 0) {
		gate_open(qp, GLACIS_QP_RUNNING);
		return done;
	}
	glacis_card_cut(qp->device, "a queue does not start again");
	gate_open(qp, GLACIS_QP_LOST);
	return done;
}

uint16_t glacis_qp_recover(struct glacis_qp *qp, struct rte_crypto_op **ops, uint16_t count)
{
	if (!gate_close(qp))
		return 0;
	glacis_count(&qp->consumer.recoveries, 1);
	GLACIS_LOG(WARNING,
		   "%s: queue pair %u: an operation is late by more than %u ms, or the card is gone; resetting the "
		   "queue, %u come back with an error",
		   qp->device->name, qp->id, qp->device->timeout_ms, glacis_qp_tail(qp) - qp->consumer.head);
	/* A card that does not take the command is found by the look at it. */
	(void)glacis_card_queue_reset_begin(qp->device, qp->number);
	qp->consumer.reset_by = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * GLACIS_RESET_MS;
	__atomic_store_n(&qp->state, GLACIS_QP_RESETTING, __ATOMIC_RELAXED); /* the gate stays closed */
	return glacis_qp_drain(qp, ops, count);
}
