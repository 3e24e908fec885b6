/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table between libglacis and a module that knows devices: all that crosses the line is here. glacis-cryptodev.so
 * (lib/cryptodev/) is the one module there is; tests bring one of their own. A module calls nothing of libglacis.
 *
 * Contract. A module borrows an operation's buffers from `submit` until `poll` gives the operation back, and gives back
 * each one exactly once. It never writes into memory that it has given back, whatever the device does: either the
 * device is known to have let go (`direct`), or it works on copies of the module's, which stay out of use - in
 * quarantine - until it has. Outputs are written out of place: after any outcome but CARD_DONE the input is as it was.
 *
 * Threads. A queue is used by one thread at a time, which libglacis' gate sees to; `session_release` may be called by
 * any thread once no operation of the session is with libglacis. `restart` and `close` are called while nobody is in
 * any queue.
 */
#ifndef GLACIS_LIB_CARD_MODULE_H
#define GLACIS_LIB_CARD_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glacis/aead.h>
#include <glacis/card.h>

/* Changes whenever anything here does, or the layout of sessions and operations. */
#define CARD_MODULE_VERSION UINT32_C(0x00010004)
#define CARD_MODULE_SYMBOL  "glacis_card_module"
#define CARD_WHY_SIZE       512u

struct card_device;
struct card_queue;
struct card_rsa_key;

enum card_outcome {
	CARD_DONE,        /* the output is there */
	CARD_AUTH_FAILED, /* open: the device says that the tag does not match */
	CARD_ERROR,       /* the device refused, failed, was reset, or is gone */
	CARD_LATE,        /* no answer in time; the device may still be at its copy */
	CARD_WRONG,       /* `verify` refused the output */
	CARD_RETURNED,    /* done, but taken back without a look at the output, which is not released */
};

/* An operation that comes back. */
struct card_result {
	void *owner; /* the glacis_aead_op or the card_rsa_request */
	uint8_t outcome;
	bool rsa;
};

/* base^d mod n with a loaded key; big-endian, of the modulus's size. The caller's until it comes back. */
struct card_rsa_request {
	struct card_rsa_key *key;
	const uint8_t *base;
	uint8_t *result;
	uint32_t size;
};

/* A private key's numbers, big-endian. */
struct card_rsa_numbers {
	struct {
		const uint8_t *bytes;
		size_t size;
	} n, e, d, p, q, dp, dq, qinv;
};

/*
 * Is `output` the right result of the operation? Called before the output is released. `source` is contiguous or NULL
 * (then `op`'s segments hold the input); `tag` is what a seal has made.
 */
typedef bool (*card_verify)(void *context, const struct glacis_aead_op *op, const uint8_t *output, const uint8_t *tag);

struct card_open {
	const struct glacis_card_options *options; /* with all defaults filled in */
	char *why;                                 /* CARD_WHY_SIZE bytes: what is wrong and what helps */
};

struct card_description {
	char device[64], driver[32];
	bool aead, rsa;
	bool direct;         /* the driver gives an operation back only when the device has let go of it */
	uint32_t queues;     /* that can be opened */
	uint32_t length_max; /* bytes of text */
};

struct card_queue_setup {
	uint32_t index;    /* below `queues` */
	uint32_t patience; /* where the deadline is the module's: so many times as long; 0: once */
	card_verify verify;
	void *context;
};

/* Gauges and counters of a queue; read by any thread. */
struct card_queue_state {
	uint64_t copied;
	uint64_t quarantined;
};

struct card_module {
	uint32_t version;
	uint32_t session_size; /* sizeof(struct glacis_aead_session), another witness of the layout */
	const char *name;

	/* 0; -ENODEV (`auto` found nothing, or the device does not answer), or another negative errno. */
	int (*open)(const struct card_open *open, struct card_device **device);
	void (*close)(struct card_device *device);
	void (*describe)(const struct card_device *device, struct card_description *description);
	/* Who the device is, which may be another after a restart. By the thread that opens and restarts. */
	void (*identity)(const struct card_device *device, struct glacis_card_identity *identity);
	/* Stops and starts the device, and loads its RSA keys again. Nothing is with any queue. When that fails `why`,
	 * of CARD_WHY_SIZE bytes, is filled. */
	int (*restart)(struct card_device *device, char *why);

	/* Zeroed memory that the device reaches, 64-byte aligned; NULL when there is no more. */
	void *(*memory_alloc)(struct card_device *device, size_t size);
	void (*memory_free)(struct card_device *device, void *memory, size_t size);
	/* Gives free memory inside such an allocation back to the kernel; it reads as zeros or as before afterwards. */
	void (*memory_trim)(struct card_device *device, void *memory, size_t size);

	int (*queue_open)(struct card_device *device, const struct card_queue_setup *setup, struct card_queue **queue);
	void (*queue_close)(struct card_queue *queue);
	/* How many of the first were taken; the next one is unfit or finds no room, as `unfit` says. */
	unsigned (*submit)(struct card_queue *queue, struct glacis_aead_op *const ops[], unsigned count, bool *unfit);
	unsigned (*submit_rsa)(struct card_queue *queue, struct card_rsa_request *const requests[], unsigned count);
	/* What is back. Without `release` no output is looked at or released, and `verify` is not called: for a thread
	 * that is not the queue's. */
	unsigned (*poll)(struct card_queue *queue, struct card_result results[], unsigned max, bool release);
	void (*state)(const struct card_queue *queue, struct card_queue_state *state);
	/* Forgets what a session's key was made into. */
	void (*session_release)(struct card_device *device, struct glacis_aead_session *session);

	int (*rsa_load)(struct card_device *device, const struct card_rsa_numbers *numbers, struct card_rsa_key **key);
	void (*rsa_unload)(struct card_rsa_key *key);
};

#endif
