/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker: a thread with its own listener, io_uring, glacis queue, buffers and connections.
 * Nothing on the data path is shared between workers.
 *
 * Concepts. A turn of the loop handles every completion that is there, which leaves records to be
 * sealed and opened in the batch; then the batch goes to the queue as one burst; then what came
 * out is sent. One system call per turn.
 */
#ifndef GLACISD_WORKER_H
#define GLACISD_WORKER_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <glacis/glacis.h>

#include "chunks.h"
#include "config.h"
#include "origin.h"
#include "ring.h"
#include "service.h"
#include "stats.h"
#include "timers.h"

struct glacisd_connection;
struct glacisd_provider;
struct glacisd_record;

/* I/O block: eight full records as they lie on the wire, and slack to keep them 64-byte aligned. */
#define GLACISD_BLOCK_RECORDS 8u
#define GLACISD_BLOCK_SIZE (GLACISD_BLOCK_RECORDS * (GLACIS_RECORD_CONTENT_MAX + 32u) + 64u)
#define GLACISD_BLOCK_COUNT 8192u /* per worker; memory is used only by blocks that were written */
#define GLACISD_RECORD_COUNT 65536u
/* Expanded keys kept, 1 KiB each: more would not fit the second-level cache together with the records, and
 * building one again costs little more than fetching it from the third. */
#define GLACISD_KEY_SLOTS 512u
#define GLACISD_LINGER_MS 1000u       /* for the peer to read a fatal alert before the socket closes */
#define GLACISD_HALF_CLOSED_MS 30000u /* without a byte, once one direction has ended */
#define GLACISD_TRIM_MS 1000u         /* between looks for memory that is no longer used */
#define GLACISD_TRIM_KEEP 64u         /* free blocks that stay warm */
#define GLACISD_DRAIN_IDLE_MS 500u    /* while draining: quiet after an answer */

/* Async jobs of OpenSSL: handshakes that can wait for a signature or a shared secret at once. Others wait for a job. */
#define GLACISD_JOBS_MAX 256u

/* What a completion belongs to: the low bits of user_data. */
enum glacisd_tag {
	GLACISD_TAG_NONE = 0,
	GLACISD_TAG_ACCEPT,	    /* object: worker */
	GLACISD_TAG_WAKE,	    /* object: worker */
	GLACISD_TAG_CLIENT_RECEIVE, /* object: connection, from here on */
	GLACISD_TAG_CLIENT_SEND,
	GLACISD_TAG_BACKEND_RECEIVE,
	GLACISD_TAG_BACKEND_SEND,
	GLACISD_TAG_CONNECT,
};

struct glacisd_worker {
	_Alignas(64) struct glacisd_ring ring;
	struct glacisd_chunks chunks;
	struct glacisd_timers timers;
	struct glacisd_stats stats;
	const struct glacisd_config *config;
	struct glacisd_service *service;
	struct glacisd_origin *origin; /* backend: builtin */
	struct glacis_engine *engine;
	struct glacis_queue *queue;
	struct glacis_pool *blocks;
	struct glacis_pool *records;
	struct glacis_pool *connections;
	SSL_CTX *tls;
	struct glacisd_provider *provider; /* the library context that `tls` is made in */
	uint64_t now_ms;
	/* The batch of this turn. */
	struct glacis_record_op **batch; /* room for every record there can be */
	struct glacis_record_op **batch_spare;
	uint32_t batch_size;
	/* Connections that wait for a block or a record (first in, first out). */
	struct glacisd_connection *starved_first, *starved_last;
	/* All open connections, for the drain. */
	struct glacisd_connection *all;
	bool feed; /* something was given back: the starved may try again */
	uint32_t open;
	uint32_t index;
	uint32_t rekey_records; /* 0: the limit of RFC 8446; tests lower it by GLACISD_REKEY_RECORDS */
	int listener; /* owned; -1 once closed */
	int wake;     /* eventfd: written by the main thread when `stopping` changes */
	uint64_t wake_value;
	bool accept_armed;
	uint8_t last_path; /* enum glacis_path of the newest record, for the built-in origin's page */
	bool card; /* there is one */
	bool card_records; /* and it may get records of blocks */
	uint64_t card_published_ms;
	uint32_t handshakes;
	uint32_t handshakes_unsigned; /* those that have not asked for a signature yet */
	bool signed_since_publish;
	uint32_t signatures; /* RSA operations with the queue */
	struct glacisd_connection *running; /* whose handshake OpenSSL works on right now: keys and provider ask */
	/* Handshakes that wait for a shared secret. */
	struct glacisd_connection *exchanges[GLACISD_JOBS_MAX];
	uint32_t exchange_count;
	bool exchange_waited; /* one turn for company */
	bool draining;
	uint64_t drain_deadline_ms;
	uint64_t trim_ms;	  /* when memory of a busy time is given back; 0: nothing to give */
	uint64_t accept_retry_ms; /* accept() failed: not before this */
	_Atomic int stopping; /* set by the main thread: 1 drain, 2 stop now */
	pthread_t thread;
	_Atomic int started; /* 0 not yet, 1 running, negative errno */
};

/* Makes a worker; main thread. `listener` becomes the worker's. */
int glacisd_worker_create(struct glacisd_service *service, uint32_t index, int listener,
			  struct glacisd_worker **worker);
/* Starts the thread (after `tls` and, with backend: builtin, `origin` were set) and waits until it serves. Returns 0 or a negative errno. */
int glacisd_worker_start(struct glacisd_worker *worker);
/* Asks for a drain (level 1) or an immediate stop (level 2); any thread. */
void glacisd_worker_stop(struct glacisd_worker *worker, int level);
/* Waits for the thread's end, if it was started. */
void glacisd_worker_join(struct glacisd_worker *worker);
/* After the join, when nobody looks at its counters any more. */
void glacisd_worker_free(struct glacisd_worker *worker);

#endif
