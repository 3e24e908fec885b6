/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card: any DPDK crypto device that libglacis hands operations to behind the same calls.
 *
 * Concepts. A card is given to an engine after it was made. DPDK is loaded then and only then, as a module of its own,
 * and started in a thread of the library. Every operation has one way at a time: the card's or the processor's. What
 * the card refuses, does not answer in time or gets wrong is run again on the processor, and the caller sees one
 * completion with the right result. A card that failed gets no traffic before it has answered known questions right;
 * each failure in a row makes it wait longer.
 *
 * Memory. A device writes into buffers of a `glacis_pool` directly when source and destination of an operation are two
 * such buffers, and when its driver gives late operations back only after the device has let go of them. Else
 * the operation goes through a copy, and the device never sees the caller's memory.
 *
 * Threads. Options are read by glacis_card_open alone; glacis_card_info may be called from any thread.
 */
#ifndef GLACIS_CARD_H
#define GLACIS_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include <glacis/engine.h>
#include <glacis/queue.h>
#include <glacis/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which way an operation takes while both are open. */
enum glacis_card_policy {
	GLACIS_CARD_AUTO = 0, /**< the card where it costs less than the processor, by measurement at start */
	GLACIS_CARD_FIRST,    /**< the card whenever it can */
	GLACIS_CARD_NEVER,    /**< the processor; the card is only watched */
};

/** How many results of the card are checked on the processor before they are released: the tag is computed again,
 *  about half the work of the operation. RSA results are always checked. */
enum glacis_card_verify {
	GLACIS_CARD_VERIFY_ALL = 0,
	GLACIS_CARD_VERIFY_SAMPLE, /**< one in 64; a wrong tag found is followed by a time of checking all */
	GLACIS_CARD_VERIFY_NONE,
};

/** How urgent a line of the log is. */
enum glacis_card_log_level { GLACIS_CARD_LOG_ERROR = 0, GLACIS_CARD_LOG_WARNING, GLACIS_CARD_LOG_INFO };

/** What to use and how. Zero-initialise, set `device` and what differs; a zero number takes its default. */
struct glacis_card_options {
	/** `auto` (a Glacis card or another hardware device that DPDK finds), `pci:0000:01:00.0`, `vfio-user:PATH`, or
	 *  the name of any DPDK crypto device, with its arguments: `crypto_aesni_mb0`, `crypto_openssl0,socket_id=0`.
	 */
	const char *device;
	const char *const *eal_arguments; /**< further arguments of DPDK's EAL; NULL when there are none */
	uint32_t eal_argument_count;
	uint32_t queues;      /**< glacis queues that use the card at once; default 8, at most 62 */
	uint32_t depth;       /**< operations of one queue on the card at once; default 1024, 64 to 32,767 */
	uint32_t deadline_ms; /**< how long an operation may be on the card; default 100, at most 60,000 */
	uint32_t memory_mib;  /**< memory that DPDK may use, resident as it is used; default 512, at most 65,536 */
	uint32_t size_from;   /**< auto: bytes of text from which on the card is taken; 0: measured */
	enum glacis_card_policy policy;
	enum glacis_card_verify verify;
	bool copy_always;   /**< the device never sees the caller's memory: for tests, and for devices one mistrusts */
	bool ask_nothing;   /**< no known answers: for measurements with an emulated card that computes nothing */
	const char *module; /**< path of glacis-cryptodev.so; NULL: beside libglacis */
	/** Gets one line at a time, without a line end, from any thread; NULL: lines go nowhere. */
	void (*log)(void *context, enum glacis_card_log_level level, const char *line);
	void *log_context;
};

enum glacis_card_state {
	GLACIS_CARD_NONE = 0, /**< none is configured, or `auto` found none */
	GLACIS_CARD_UP,       /**< gets traffic */
	GLACIS_CARD_SUSPECT,  /**< something went wrong: no traffic before known answers are right */
	GLACIS_CARD_LOST,     /**< does not answer; it is tried again and again */
	GLACIS_CARD_STATES
};

#define GLACIS_CARD_SIZES 6u /**< sizes the costs are measured at */

/** What one record costs, measured at start: processor time in nanoseconds, bursts of 32, AES-128-GCM. */
struct glacis_card_cost {
	uint32_t size;    /**< bytes of text */
	uint32_t cpu_ns;  /**< of the host, on the processor */
	uint32_t host_ns; /**< of the host, on the card: submit, completion, check and copies */
	uint32_t card_ns; /**< from submit to completion, divided by the burst: what the card can do */
};

/** Who the card is. Texts are "" where the device's driver does not say: all but `place` of other cards than Glacis'.
 */
struct glacis_card_identity {
	char place[128];     /**< `pci:0000:01:00.0`, `vfio-user:PATH`, or DPDK's name of the device */
	char board[32];      /**< what the image is made for; `model` or `simulation` of an emulated card */
	char abi[16];        /**< version of the interface to the card, `1.1` */
	char driver_abi[16]; /**< the version that the driver was made for; of the same major number */
	char build_id[20];   /**< number of the image, 16 hexadecimal digits */
	char build_date[24]; /**< of the image, UTC: `2026-01-31T12:00:00Z` */
	char git_hash[44];   /**< of the commit the image was made from, 40 hexadecimal digits */
};

struct glacis_card_info {
	enum glacis_card_state state;
	char device[64]; /**< DPDK's name of the device */
	char driver[32];
	struct glacis_card_identity identity;
	bool aead, rsa; /**< what it can do */
	bool direct;    /**< it writes into the caller's buffers */
	uint32_t queues, queues_used;
	uint32_t deadline_ms;
	enum glacis_card_policy policy;
	enum glacis_card_verify verify;
	uint32_t size_from;      /**< auto: from this size on the card is taken; UINT32_MAX: never */
	uint32_t size_from_busy; /**< the same while the processor is saturated */
	struct glacis_card_cost costs[GLACIS_CARD_SIZES];
	uint64_t failures;      /**< times it was taken out of traffic */
	uint64_t restarts;      /**< times the device was started again */
	uint64_t readmissions;  /**< times it came back into traffic */
	uint64_t tests_failed;  /**< known answers that were wrong or did not come */
	uint64_t recovery_us;   /**< from the newest failure to the return into traffic */
	char last_failure[256]; /**< what the newest failure was; "" when there was none */
};

/** What became of the operations of a queue, and why. */
struct glacis_card_counters {
	uint64_t submitted;     /**< operations handed to the card */
	uint64_t completed;     /**< of these, completed by it */
	uint64_t copied;        /**< of those submitted, through a copy */
	uint64_t verified;      /**< results checked on the processor */
	uint64_t to_cpu_policy; /**< not handed: policy, or the processor costs less */
	uint64_t to_cpu_unfit;  /**< not handed: size, segments or kind that the device does not take */
	uint64_t to_cpu_full;   /**< not handed: the device's queue was full */
	uint64_t to_cpu_down;   /**< not handed: the card is suspect or lost, or has no queue left */
	uint64_t again_error;   /**< run again: the card reported an error, or was reset or lost */
	uint64_t again_late;    /**< run again: no answer within the deadline */
	uint64_t again_auth;    /**< run again: the card found a wrong tag; the processor decides */
	uint64_t again_wrong;   /**< run again: the card's result failed its check */
	uint64_t auth_wrong;    /**< of again_auth: the tag was right, the card was not */
	uint64_t quarantined;   /**< operations that the device still holds although they were run again; now */
};

/**
 * Gives the engine a card: once, after keys were imported or before, and before any queue or pool is made. Takes a
 * second or so: DPDK is started, the card is tried and measured. A program that gives up privileges does so first: the
 * card may have to be reached again later, by its path or its device file.
 * Returns 0 (with `auto` also when there is none, which the log tells), -EINVAL (an option out of bounds), -EBUSY
 * (there is one, or a queue or a pool), -ENOENT or -ELIBBAD (the module for DPDK is not there, or of another version),
 * -ENODEV (no such device, or it does not answer), -ENOTSUP (it is of another ABI, or can do nothing of what is
 * needed), -ECHILD, or what DPDK says. The options' log tells more. After an error the engine goes on without a card.
 */
GLACIS_MUST_CHECK int glacis_card_open(struct glacis_engine *engine, const struct glacis_card_options *options);

/** Fills `info`, with state GLACIS_CARD_NONE when there is no card. */
void glacis_card_info(const struct glacis_engine *engine, struct glacis_card_info *info);

/** Counters of one queue; any thread. All zero when there is no card. */
void glacis_card_counters(const struct glacis_queue *queue, struct glacis_card_counters *counters);

/** Microseconds until `glacis_queue_poll` should be called for the sake of operations on the card: 0 now,
 *  -1 none are there. Completions come without a sign, so this is a guess of when to look; it grows, to at most 400,
 *  while polls find nothing. */
int64_t glacis_card_wait_us(const struct glacis_queue *queue);

/** How many private RSA operations would be handed to the card if they were submitted now: 0 when there is none, it is
 *  out of traffic or does no RSA, its places are taken, or the policy speaks for the processor at this moment. Whoever
 *  lets operations wait for company need not while there is room. Called by the queue's thread. */
unsigned glacis_card_rsa_room(struct glacis_queue *queue);

/** "none", "up", "suspect" or "lost". Never NULL. */
const char *glacis_card_state_name(enum glacis_card_state state);

#ifdef __cplusplus
}
#endif
#endif
