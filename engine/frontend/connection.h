/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client connection and its backend connection.
 *
 * Concepts. A connection has two sockets (client, backend) and two flows: `down` carries what the
 * backend says, sealed, to the client; `up` carries what the client says, opened, to the backend.
 * A flow is in one stage at a time: it collects records, waits for the crypto of all of them, sends
 * the results, and only then collects again, so a direction never holds more than one block or
 * sixteen chunks. An object is freed when no request of it is with the kernel and no record of
 * it is with the queue.
 */
#ifndef GLACISD_CONNECTION_H
#define GLACISD_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "worker.h"

struct glacisd_handshake;

/* A record on its way, from collect to sent. Comes from worker->records. */
struct glacisd_record {
	struct glacis_record_op op; /* first: completions are cast back */
	struct glacisd_record *next;
	uint8_t *data; /* what is to be sent */
	uint32_t size;
	uint8_t small[64]; /* where an alert or a KeyUpdate is built */
};

enum glacisd_stage {
	GLACISD_STAGE_IDLE,
	GLACISD_STAGE_CRYPTO,
	GLACISD_STAGE_SENDING,
};

struct glacisd_flow {
	struct glacisd_record *first, *last;
	uint32_t crypto_pending; /* records of this flow that the queue has */
	uint32_t first_sent;	 /* bytes of `first` that are out */
	uint8_t stage;		 /* enum glacisd_stage */
	bool starved;		 /* has to wait for a record before anything else */
	bool ended;		 /* the end of this direction was passed on */
	bool dead;		 /* its sink is gone: what still comes is discarded */
};

enum glacisd_receive_mode {
	GLACISD_RECEIVE_CHUNKS, /* small: the kernel picks a chunk when data comes */
	GLACISD_RECEIVE_BLOCK,	/* bulk: wait by poll, then receive into a large block */
};

enum glacisd_receive_state {
	GLACISD_RECEIVE_NONE,
	GLACISD_RECEIVE_ARMED,	    /* chunk receive */
	GLACISD_RECEIVE_CANCELLING, /* the same, asked to stop */
	GLACISD_RECEIVE_POLLING,
	GLACISD_RECEIVE_READING, /* into the block */
};

struct glacisd_socket {
	struct glacisd_chunk *first, *last; /* received, not consumed */
	uint8_t *block;			    /* NULL when none is held */
	uint32_t block_begin, block_end;    /* bytes received, not consumed */
	uint32_t stride;		    /* client side 0; backend side: content per record in the block */
	int fd;				    /* -1: none */
	uint8_t mode;	     /* enum glacisd_receive_mode */
	uint8_t state;	     /* enum glacisd_receive_state */
	uint8_t small_reads; /* in a row, in block mode */
	bool readable;	     /* block mode: the last poll or read says there is more */
	bool sending;
	bool ended; /* end of file or error: nothing more will be received */
};

enum glacisd_phase {
	GLACISD_PHASE_HANDSHAKE,
	GLACISD_PHASE_CONNECTING,
	GLACISD_PHASE_RELAY,
	GLACISD_PHASE_LINGER, /* alert sent, waiting for the client to take it */
	GLACISD_PHASE_DEAD,   /* waiting for the kernel to give requests back */
};

/* Records to be made by the down flow, in this order of precedence. */
struct glacisd_control {
	bool key_update;	/* due, or asked for by the client */
	bool no_renegotiation;
	bool final;		/* `level`, `alert`, and then nothing more */
	bool final_made;
	bool close_notify_made;
	uint8_t level;
	uint8_t alert;
};

struct glacisd_connection {
	_Alignas(64) struct glacisd_worker *worker;
	struct glacisd_timer timer;
	struct glacisd_socket client, backend;
	struct glacisd_flow up, down;
	struct glacis_record_stream *reader, *writer;
	struct glacisd_handshake *handshake; /* until its last flight is out */
	struct glacisd_connection *starved_next;
	struct glacisd_connection *all_next, **all_link;
	uint64_t down_bytes; /* since the connection was last quiet: chooses the record size */
	uint64_t down_at_ms;
	uint32_t pending; /* requests with the kernel */
	uint16_t version, suite;
	uint16_t content_limit;
	uint8_t phase; /* enum glacisd_phase */
	struct glacisd_control control;
	uint8_t *sealed; /* with a card: the block that the backend's block is sealed into; NULL between passes */
	bool starved;
	bool last_was_up; /* direction of the last data: while draining, an unanswered request is waited for */
	bool close_received;
};

/* connection.c: life */
void glacisd_connection_open(struct glacisd_worker *worker, int fd);
/* Closes at once and without a word; the backend sees a reset unless both directions had ended. */
void glacisd_connection_close(struct glacisd_connection *connection);
/* The client's socket is reset or broken: counts that, and a handshake that it cut short, then closes. */
void glacisd_connection_client_gone(struct glacisd_connection *connection);
/* Sends a fatal alert if that is still possible, then closes; the backend is reset. */
void glacisd_connection_fail(struct glacisd_connection *connection, enum glacis_alert alert);
/* Frees a dead connection when nothing of it is with the kernel or the queue. True when it was freed. */
bool glacisd_connection_reap(struct glacisd_connection *connection);
/* Says close_notify and goes: idle time-outs, drains, key limits. */
void glacisd_connection_finish(struct glacisd_connection *connection);
/* Only notes the last word; the down flow says it when it is next advanced. */
void glacisd_connection_say_last(struct glacisd_connection *connection, enum glacis_alert_level level,
				 enum glacis_alert alert);
/* The client's last words are out: ends our half and waits a little for the client's, so that a reset
 * does not overtake them. */
void glacisd_connection_linger(struct glacisd_connection *connection);
/* One direction ended: closes when both have. */
void glacisd_connection_check_end(struct glacisd_connection *connection);
void glacisd_connection_expired(struct glacisd_connection *connection);
/* Waits in line for a block. */
void glacisd_connection_starve(struct glacisd_connection *connection);
void glacisd_connection_feed_starved(struct glacisd_worker *worker);

/* receive.c: both sockets */
void glacisd_receive_arm(struct glacisd_connection *connection, struct glacisd_socket *socket);
void glacisd_receive_completed(struct glacisd_connection *connection, struct glacisd_socket *socket, int result,
			       uint32_t flags);
void glacisd_receive_stop(struct glacisd_connection *connection, struct glacisd_socket *socket);
/* Drops the first chunk, which has been consumed. */
void glacisd_socket_drop_chunk(struct glacisd_connection *connection, struct glacisd_socket *socket);
/* The oldest contiguous bytes received and not consumed; false when there are none. */
bool glacisd_socket_bytes(const struct glacisd_socket *socket, uint8_t **bytes, uint32_t *size);
/* Moves past `size` of them. They stay in memory until glacisd_socket_release. */
void glacisd_socket_consume(struct glacisd_socket *socket, uint32_t size);
/* Gives back chunks and the block that are consumed. */
void glacisd_socket_release(struct glacisd_connection *connection, struct glacisd_socket *socket);
/* Gives the block back. */
void glacisd_socket_drop_block(struct glacisd_connection *connection, struct glacisd_socket *socket);

/* flow.c: records through crypto and out */
struct glacisd_record *glacisd_flow_add(struct glacisd_connection *connection, struct glacisd_flow *flow);
/* Waits in line for a record. The other direction goes on: it may hold what others wait for. */
void glacisd_flow_starve(struct glacisd_connection *connection, struct glacisd_flow *flow);
void glacisd_record_free(struct glacisd_connection *connection, struct glacisd_record *record);
void glacisd_flow_free_first(struct glacisd_connection *connection, struct glacisd_flow *flow);
void glacisd_flow_free_all(struct glacisd_connection *connection, struct glacisd_flow *flow);
/* Hands every record of the flow from `from` on to the turn's batch. */
void glacisd_flow_submit(struct glacisd_connection *connection, struct glacisd_flow *flow, struct glacisd_record *from);
void glacisd_flow_send(struct glacisd_connection *connection, struct glacisd_flow *flow);
void glacisd_flow_sent(struct glacisd_connection *connection, struct glacisd_flow *flow, int result);
/* Takes what the queue has completed: records go on in their flows, signatures in their handshakes. */
void glacisd_batch_poll(struct glacisd_worker *worker);
/* Runs the turn's batch until nothing is left to do in this turn. */
void glacisd_batch_run(struct glacisd_worker *worker);

/* download.c */
void glacisd_download_advance(struct glacisd_connection *connection);
void glacisd_download_crypto_done(struct glacisd_connection *connection);
/* Gives back the block that a pass was sealed into. */
void glacisd_download_drop_sealed(struct glacisd_connection *connection);
/* Content bytes per record for the next block read. */
uint32_t glacisd_download_record_size(const struct glacisd_connection *connection);

/* upload.c */
void glacisd_upload_advance(struct glacisd_connection *connection);
void glacisd_upload_crypto_done(struct glacisd_connection *connection);

/* control.c: adds the control records that are due to the down flow; true when nothing else may follow in
 * this pass: a KeyUpdate changes the keys, a final alert ends everything, a missing buffer must be waited for. */
bool glacisd_control_collect(struct glacisd_connection *connection);
/* Adds close_notify behind the last data; false when there is no buffer for it. */
bool glacisd_control_close_notify(struct glacisd_connection *connection);

/* backend.c */
void glacisd_backend_connect(struct glacisd_connection *connection);
void glacisd_backend_connected(struct glacisd_connection *connection, int result);

static inline struct glacisd_socket *glacisd_flow_source(struct glacisd_connection *connection,
							 const struct glacisd_flow *flow)
{
	return flow == &connection->up ? &connection->client : &connection->backend;
}

static inline struct glacisd_socket *glacisd_flow_sink(struct glacisd_connection *connection,
						       const struct glacisd_flow *flow)
{
	return flow == &connection->up ? &connection->backend : &connection->client;
}

#endif
