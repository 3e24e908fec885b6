/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's card: loaded module, device, health, and the seats of queues on it. One thread of its own, the keeper,
 * starts it, tests it, measures it, and brings it back; queues only look at `state` and tell what went wrong.
 *
 * Concepts. UP: queues hand operations over. SUSPECT: something went wrong; what is on the card comes back, and the
 * keeper asks known answers. LOST: they were wrong or did not come; the keeper closes all seats, starts the device
 * again and asks again, for as long as it takes. Each return waits longer when the card has failed lately.
 *
 * Invariants. Whoever calls the module for a queue holds its seat's gate. The keeper has all gates while the device is
 * stopped and started, and not before nothing is on the card any more. What it takes from the card on behalf of a
 * queue waits in the seat's stash.
 */
#ifndef GLACIS_LIB_CARD_H
#define GLACIS_LIB_CARD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <glacis/card.h>

#include "backend.h"
#include "card_module.h"

#define CARD_SEATS_MAX      63u
#define CARD_SAMPLE_EVERY   64u
#define CARD_SUSPICION      4096u /* results checked after a wrong one, with GLACIS_CARD_VERIFY_SAMPLE */
#define CARD_BACKOFF_MS     10u
#define CARD_BACKOFF_MS_MAX 2000u
#define CARD_RETRY_MS_MAX   500u   /* between tries to reach a card that is gone */
#define CARD_GOOD_MS        10000u /* without a failure: earlier ones are forgotten */
#define CARD_HEARTBEAT_MS   500u
#define CARD_RSA_PAUSE_MS   100u /* after a wrong result, doubled each time */
#define CARD_PATIENCE       8u   /* deadlines: what an answer may take that need only be right */
#define CARD_WAIT_US        50u  /* a guess of how long an operation is on the card */
#define CARD_WAIT_POLLS     4u   /* that were in vain, until the guess is doubled */
#define CARD_WAIT_DOUBLINGS 3u

/* Counters of a seat's queue, written by its thread. */
struct card_counters {
	_Atomic uint64_t submitted, completed, verified;
	_Atomic uint64_t to_cpu_policy, to_cpu_unfit, to_cpu_full, to_cpu_down;
	_Atomic uint64_t again_error, again_late, again_auth, again_wrong, auth_wrong;
};

/* A queue's place at the card. */
struct card_seat {
	struct card *card;
	struct card_queue *queue;
	_Atomic uint32_t gate;     /* 1: somebody is with the module for this queue */
	_Atomic uint32_t live;     /* operations on the card and in the stash; changed under the gate */
	struct card_result *stash; /* room for all there can be */
	uint32_t stashed, taken;
	uint32_t room;
};

struct card_answers;

struct card {
	struct glacis_engine *engine;
	struct glacis_card_options options; /* with defaults; strings are the card's own */
	const struct card_module *module;
	void *library;
	struct card_device *device;
	struct card_description description;
	_Atomic uint32_t state; /* enum glacis_card_state */
	_Atomic uint32_t size_from, size_from_busy;
	_Atomic uint64_t failures, restarts, readmissions, tests_failed, recovery_us;
	_Atomic uint64_t failed_us; /* when the newest failure was */
	_Atomic uint32_t rsa_wrong;
	_Atomic uint32_t seats_used;
	_Atomic uint64_t rsa_pause_until_us;
	_Atomic uint32_t plain_pools; /* pools for which the device had no memory */
	pthread_mutex_t lock;         /* the seats, and who is in them */
	struct card_seat *seats[CARD_SEATS_MAX];
	pthread_mutex_t text_lock; /* texts and costs; nothing is waited for under it */
	char last_failure[256];
	struct glacis_card_identity identity;
	struct glacis_card_cost costs[GLACIS_CARD_SIZES];
	/* The keeper's. */
	pthread_t keeper;
	sem_t wake, ready;
	int open_error;
	_Atomic bool stopping;
	uint32_t failures_in_row;
	uint64_t back_since_us;
	bool measured;
	struct card_seat own_seat;
	struct card_answers *answers;
	void *cpu; /* a queue of the CPU backend for right answers */
	struct completion_ring cpu_done;
	struct queue_counters cpu_counters;
	struct glacis_op *cpu_entries[64];
};

/* Loads, starts and tests. Returns 0 with *card NULL when `auto` finds nothing, or a negative errno; the log tells. */
GLACIS_MUST_CHECK int card_open(struct glacis_engine *engine, const struct glacis_card_options *options,
				struct card **card);
/* All seats are free again. NULL is ignored. */
void card_close(struct card *card);

/* card_keeper.c: opens the device in a thread of its own, and ends both. */
GLACIS_MUST_CHECK int card_keeper_start(struct card *card);
void card_keeper_stop(struct card *card);

/* card_load.c: finds the module and fills `module` and `library`. */
GLACIS_MUST_CHECK int card_load(struct card *card);
void card_unload(struct card *card);
__attribute__((format(printf, 3, 4))) void card_log(const struct card *card, enum glacis_card_log_level level,
						    const char *format, ...);

/* A place for a queue of `depth`; NULL: all are taken, or memory is out. */
struct card_seat *card_seat_take(struct card *card, card_verify verify, void *context);
void card_seat_leave(struct card_seat *seat);
int card_seat_open(struct card *card, struct card_seat *seat, uint32_t index, card_verify verify, void *context);
void card_seat_close(struct card_seat *seat);

/* One locked instruction, for a burst. False: the keeper is there. */
static inline bool card_seat_enter(struct card_seat *seat)
{
	return atomic_exchange_explicit(&seat->gate, 1, memory_order_acquire) == 0;
}

static inline void card_seat_exit(struct card_seat *seat)
{
	atomic_store_explicit(&seat->gate, 0, memory_order_release);
}

/* Takes what is back. The caller has the gate. */
unsigned card_seat_poll(struct card_seat *seat, struct card_result results[], unsigned max);
/* The keeper, with the gate: moves what is back into the stash. */
void card_seat_stash(struct card_seat *seat);

static inline bool card_is_up(const struct card *card)
{
	return atomic_load_explicit(&card->state, memory_order_acquire) == GLACIS_CARD_UP;
}

/* Takes the card out of traffic; any thread. Only the first who says so counts. */
void card_failed(struct card *card, const char *what);
/* An RSA result was wrong: RSA leaves the card for a while. */
void card_rsa_failed(struct card *card);
bool card_rsa_allowed(const struct card *card);

/* Memory for pools; NULL: the device has no more, which the log tells once. */
void *card_memory_alloc(struct card *card, size_t size);
void card_memory_free(struct card *card, void *memory, size_t size);
void card_memory_trim(struct card *card, void *memory, size_t size);

uint64_t card_now_us(void);

/* card_answers.c: known answers, through the keeper's seat, whose gate the keeper has. */
GLACIS_MUST_CHECK int card_answers_open(struct card *card);
void card_answers_close(struct card *card);
bool card_answers_right(struct card *card, bool quick);
/* card_costs.c: what records cost here and there; sets the sizes from which on the card is taken. The keeper. */
void card_costs_measure(struct card *card);

#endif
