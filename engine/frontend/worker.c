/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's thread: set-up, the event loop, the drain. See worker.h.
 */
#include "worker.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "connection.h"
#include "exchange.h"
#include "handshake.h"
#include "listener.h"
#include "log.h"
#include "provider.h"
#include "rsa_signer.h"

/* A sanitizer's allocator is not the C library's, which must not be asked to trim what it does not manage. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static void heap_trim(void)
{
}
#else
static void heap_trim(void)
{
	malloc_trim(0);
}
#endif

/* Time stamps need milliseconds only, and once a turn. */
static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* ---- completions ---- */

static void wake_arm(struct glacisd_worker *worker)
{
	io_uring_prep_read(glacisd_ring_sqe(&worker->ring, worker, GLACISD_TAG_WAKE), worker->wake, &worker->wake_value,
			   sizeof(worker->wake_value), 0);
}

static void connection_completed(struct glacisd_connection *connection, unsigned tag, int result, uint32_t flags)
{
	switch (tag) {
	case GLACISD_TAG_CLIENT_RECEIVE:
		glacisd_receive_completed(connection, &connection->client, result, flags);
		break;
	case GLACISD_TAG_BACKEND_RECEIVE:
		glacisd_receive_completed(connection, &connection->backend, result, flags);
		break;
	case GLACISD_TAG_CLIENT_SEND:
		if (connection->handshake)
			glacisd_handshake_sent(connection, result);
		else
			glacisd_flow_sent(connection, &connection->down, result);
		break;
	case GLACISD_TAG_BACKEND_SEND:
		glacisd_flow_sent(connection, &connection->up, result);
		break;
	default:
		connection->pending--;
		glacisd_backend_connected(connection, result);
	}
	if (connection->phase == GLACISD_PHASE_DEAD)
		glacisd_connection_reap(connection);
}

static void completed(struct glacisd_worker *worker, const struct io_uring_cqe *cqe)
{
	unsigned tag = (unsigned)(cqe->user_data & GLACISD_TAG_MASK);
	void *object = (void *)(uintptr_t)(cqe->user_data & ~(uint64_t)GLACISD_TAG_MASK);

	if (tag == GLACISD_TAG_NONE)
		return; /* the result of a cancel; the cancelled request reports itself */
	if (tag == GLACISD_TAG_ACCEPT)
		glacisd_listener_accepted(worker, cqe->res, cqe->flags);
	else if (tag == GLACISD_TAG_WAKE)
		wake_arm(worker);
	else
		connection_completed(object, tag, cqe->res, cqe->flags);
}

static unsigned handle_completions(struct glacisd_worker *worker)
{
	struct io_uring *uring = &worker->ring.uring;
	struct io_uring_cqe *cqe;
	unsigned count = io_uring_cq_ready(uring);

	/* Each is copied and given back first: what it sets off may have to submit, for which older kernels want
	 * room. What comes meanwhile belongs to the next turn. */
	for (unsigned left = count; left && !io_uring_peek_cqe(uring, &cqe); left--) {
		const struct io_uring_cqe copy = *cqe;

		io_uring_cqe_seen(uring, cqe);
		completed(worker, &copy);
	}
	return count;
}

/* Company for a waiting signature can come only from handshakes that have not asked for theirs yet. */
static bool company_possible(const struct glacisd_worker *worker)
{
	return worker->handshakes_unsigned > 0;
}

/* Signatures whose lanes are full, or that have waited long enough, run in the poll; those for whom nobody can come
 * run once there is nothing else to do. */
static void sign(struct glacisd_worker *worker, unsigned handled)
{
	if (!worker->signatures)
		return;
	if (!handled && !company_possible(worker))
		glacis_queue_flush(worker->queue);
	glacisd_batch_poll(worker);
}

/* Takes what the card has done since, and what it has not: the queue runs that again. */
static void collect_from_card(struct glacisd_worker *worker)
{
	if (glacis_card_wait_us(worker->queue) >= 0)
		glacisd_batch_poll(worker);
}

/* ---- what time and scarcity bring ---- */

static void expire(struct glacisd_worker *worker)
{
	struct glacisd_timer *timer;

	while ((timer = glacisd_timers_expired(&worker->timers, worker->now_ms))) {
		struct glacisd_connection *connection = (void *)((uint8_t *)timer -
								 offsetof(struct glacisd_connection, timer));

		timer->timer_class = GLACISD_TIMER_NONE;
		glacisd_connection_expired(connection);
		glacisd_connection_reap(connection);
	}
}

/* One try each for those who wait for a buffer now; who fails goes to the end of the line. */
static void feed_starved(struct glacisd_worker *worker)
{
	struct glacisd_connection *end = worker->starved_last, *connection;

	if (!worker->feed)
		return;
	worker->feed = false;
	while ((connection = worker->starved_first)) {
		worker->starved_first = connection->starved_next;
		if (!worker->starved_first)
			worker->starved_last = NULL;
		connection->starved = false;
		if (connection->phase == GLACISD_PHASE_HANDSHAKE)
			glacisd_handshake_advance(connection);
		glacisd_download_advance(connection);
		if (connection->phase != GLACISD_PHASE_DEAD && connection->phase != GLACISD_PHASE_HANDSHAKE)
			glacisd_upload_advance(connection);
		if (connection == end) {
			glacisd_connection_reap(connection);
			break;
		}
		glacisd_connection_reap(connection);
	}
}

static void drain_begin(struct glacisd_worker *worker)
{
	worker->draining = true;
	worker->drain_deadline_ms = worker->now_ms + worker->config->timeouts.drain_ms;
	glacisd_listener_close(worker);
}

/* A connection that was answered and has been quiet is finished; one that waits for an answer is not. */
static bool drained(const struct glacisd_connection *connection)
{
	return connection->phase == GLACISD_PHASE_RELAY && !connection->last_was_up &&
	       connection->down.stage == GLACISD_STAGE_IDLE && connection->up.stage == GLACISD_STAGE_IDLE &&
	       connection->worker->now_ms - connection->timer.active_ms >= GLACISD_DRAIN_IDLE_MS;
}

static void drain(struct glacisd_worker *worker)
{
	bool overdue = worker->now_ms >= worker->drain_deadline_ms || atomic_load(&worker->stopping) > 1;
	struct glacisd_connection *connection, *next;

	for (connection = worker->all; connection; connection = next) {
		next = connection->all_next;
		if (overdue)
			glacisd_connection_close(connection);
		else if (drained(connection))
			glacisd_connection_finish(connection);
		glacisd_connection_reap(connection);
	}
}

static int64_t wait_ms(struct glacisd_worker *worker)
{
	int64_t wait = glacisd_timers_wait_ms(&worker->timers, worker->now_ms);

	if (worker->feed || worker->exchange_count)
		return 0;
	if (worker->trim_ms && (wait < 0 || wait > GLACISD_TRIM_MS))
		wait = GLACISD_TRIM_MS;
	if (worker->draining && (wait < 0 || wait > 100))
		return 100;
	if (!worker->accept_armed && worker->listener >= 0 && (wait < 0 || wait > 100))
		return 100;
	return wait;
}

/* What a busy time has touched goes back to the kernel: blocks, and the heap that handshakes have left. */
static void trim(struct glacisd_worker *worker)
{
	if (!worker->trim_ms) {
		if (glacis_pool_used(worker->blocks) || worker->handshakes)
			worker->trim_ms = worker->now_ms + GLACISD_TRIM_MS;
		return;
	}
	if (worker->now_ms < worker->trim_ms)
		return;
	worker->trim_ms = 0;
	glacis_pool_trim(worker->blocks, GLACISD_TRIM_KEEP);
	if (!worker->handshakes)
		heap_trim();
}

static int64_t signatures_wait_us(struct glacisd_worker *worker)
{
	int64_t wait = wait_ms(worker), signatures = worker->signatures ? glacis_rsa_wait_us(worker->queue) : -1;

	if (wait > 0)
		wait *= 1000;
	if (signatures < 0)
		return wait;
	if (!company_possible(worker))
		return 0;
	return wait < 0 || signatures < wait ? signatures : wait;
}

static int64_t wait_us(struct glacisd_worker *worker)
{
	int64_t wait = signatures_wait_us(worker), card = glacis_card_wait_us(worker->queue);

	return card >= 0 && (wait < 0 || card < wait) ? card : wait;
}

static void publish_signatures(struct glacisd_worker *worker)
{
	struct glacis_rsa_counters counters;

	if (!worker->signed_since_publish)
		return;
	worker->signed_since_publish = false;
	glacis_rsa_counters(worker->queue, &counters);
	GLACISD_STAT_SET(&worker->stats, rsa_operations, counters.operations);
	GLACISD_STAT_SET(&worker->stats, rsa_batches, counters.batches);
	GLACISD_STAT_SET(&worker->stats, rsa_lanes_filled, counters.lanes_filled);
	GLACISD_STAT_SET(&worker->stats, rsa_singles, counters.singles);
	GLACISD_STAT_SET(&worker->stats, rsa_openssl, counters.openssl);
	GLACISD_STAT_SET(&worker->stats, rsa_check_failed, counters.check_failed);
}

/* Sixteen counters, and only where there is a card that had something to do. */
static void publish_card(struct glacisd_worker *worker)
{
	struct glacis_card_counters card;

	if (!worker->card || worker->now_ms == worker->card_published_ms)
		return;
	worker->card_published_ms = worker->now_ms;
	glacis_card_counters(worker->queue, &card);
	GLACISD_STAT_SET(&worker->stats, card_submitted, card.submitted);
	GLACISD_STAT_SET(&worker->stats, card_completed, card.completed);
	GLACISD_STAT_SET(&worker->stats, card_copied, card.copied);
	GLACISD_STAT_SET(&worker->stats, card_verified, card.verified);
	GLACISD_STAT_SET(&worker->stats, card_to_cpu_policy, card.to_cpu_policy);
	GLACISD_STAT_SET(&worker->stats, card_to_cpu_unfit, card.to_cpu_unfit);
	GLACISD_STAT_SET(&worker->stats, card_to_cpu_full, card.to_cpu_full);
	GLACISD_STAT_SET(&worker->stats, card_to_cpu_down, card.to_cpu_down);
	GLACISD_STAT_SET(&worker->stats, card_again_error, card.again_error);
	GLACISD_STAT_SET(&worker->stats, card_again_late, card.again_late);
	GLACISD_STAT_SET(&worker->stats, card_again_auth, card.again_auth);
	GLACISD_STAT_SET(&worker->stats, card_again_wrong, card.again_wrong);
}

static void publish(struct glacisd_worker *worker)
{
	publish_card(worker);
	publish_signatures(worker);
	GLACISD_STAT_INC(&worker->stats, loop_turns);
	GLACISD_STAT_SET(&worker->stats, connections_open, worker->open);
	GLACISD_STAT_SET(&worker->stats, handshakes_open, worker->handshakes);
	GLACISD_STAT_SET(&worker->stats, blocks_used, glacis_pool_used(worker->blocks));
}

static void loop(struct glacisd_worker *worker)
{
	while (!worker->draining || worker->open) {
		int error = glacisd_ring_wait(&worker->ring, wait_us(worker));
		unsigned handled;

		if (error) {
			/* Its connections are lost and nothing here can mend it: a new process can. */
			glacisd_log(GLACISD_LOG_ERROR, "worker %u: io_uring_enter: %s; giving up", worker->index,
				    strerror(-error));
			abort();
		}
		worker->now_ms = clock_ms();
		handled = handle_completions(worker);
		glacisd_exchange_run(worker, handled);
		sign(worker, handled);
		collect_from_card(worker);
		glacisd_batch_run(worker);
		expire(worker);
		feed_starved(worker);
		if (!worker->draining && atomic_load_explicit(&worker->stopping, memory_order_relaxed))
			drain_begin(worker);
		if (worker->draining)
			drain(worker);
		glacisd_batch_run(worker);
		glacisd_listener_arm(worker);
		trim(worker);
		publish(worker);
	}
}

/* ---- set-up ---- */

static unsigned long number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 10) : 0;
}

/* Fewer buffers make a test of what happens when they run out possible. */
static uint32_t count_or_fewer(uint32_t count, const char *variable)
{
	unsigned long wanted = number_in(variable);

	return wanted && wanted < count ? (uint32_t)wanted : count;
}

static int pools_create(struct glacisd_worker *worker)
{
	const struct glacis_pool_options blocks = {
		.buffer_size = GLACISD_BLOCK_SIZE,
		.count = glacisd_card_blocks(worker->engine, worker->config,
					     count_or_fewer(GLACISD_BLOCK_COUNT, "GLACISD_BLOCKS"), GLACISD_BLOCK_SIZE),
	};
	const struct glacis_pool_options records = {
		.buffer_size = sizeof(struct glacisd_record),
		.count = count_or_fewer(GLACISD_RECORD_COUNT, "GLACISD_RECORDS"),
		.plain = true,
	};
	const struct glacis_pool_options connections = { .buffer_size = sizeof(struct glacisd_connection),
							 .count = worker->config->connections_max,
							 .plain = true };
	const struct glacis_queue_options queue = {
		.key_slots = GLACISD_KEY_SLOTS,
		.batch_wait_us = (uint32_t)number_in(
			"GLACISD_BATCH_WAIT_US"), /* for glacis-bench batch-wait; 0: default */
	};
	int error = glacis_queue_create(worker->engine, &queue, &worker->queue);
	struct glacis_card_info card;

	glacis_card_info(worker->engine, &card);
	worker->card = card.state != GLACIS_CARD_NONE;
	worker->card_records = worker->card && card.aead && card.direct && card.policy != GLACIS_CARD_NEVER &&
			       (card.policy == GLACIS_CARD_FIRST || card.size_from_busy != UINT32_MAX);
	if (!error)
		error = glacis_pool_create(worker->engine, &blocks, &worker->blocks);
	if (!error)
		error = glacis_pool_create(worker->engine, &records, &worker->records);
	if (!error)
		error = glacis_pool_create(worker->engine, &connections, &worker->connections);
	worker->batch = calloc(GLACISD_RECORD_COUNT, sizeof(*worker->batch));
	worker->batch_spare = calloc(GLACISD_RECORD_COUNT, sizeof(*worker->batch_spare));
	if (!error && (!worker->batch || !worker->batch_spare))
		error = -ENOMEM;
	if (error)
		glacisd_log(GLACISD_LOG_ERROR, "worker %u: no memory for queues and buffers: %s", worker->index,
			    strerror(-error));
	return error;
}

static void pin(struct glacisd_worker *worker)
{
	cpu_set_t allowed, one;
	unsigned wanted, seen = 0;

	if (!worker->config->pin_workers || sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	wanted = worker->index % (unsigned)CPU_COUNT(&allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || seen++ != wanted)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

/* The ring belongs to the thread that makes it (IORING_SETUP_SINGLE_ISSUER). */
static int thread_init(struct glacisd_worker *worker)
{
	const struct glacisd_timeouts *timeouts = &worker->config->timeouts;
	uint32_t half_closed = timeouts->idle_ms < GLACISD_HALF_CLOSED_MS ? timeouts->idle_ms : GLACISD_HALF_CLOSED_MS;
	const uint32_t lengths[GLACISD_TIMER_CLASSES] = {
		[GLACISD_TIMER_HANDSHAKE] = timeouts->handshake_ms, [GLACISD_TIMER_CONNECT] = timeouts->connect_ms,
		[GLACISD_TIMER_IDLE] = timeouts->idle_ms,           [GLACISD_TIMER_HALF_CLOSED] = half_closed,
		[GLACISD_TIMER_LINGER] = GLACISD_LINGER_MS,
	};
	int error;

	pin(worker);
	error = glacisd_rsa_signer_thread_init();
	if (!error)
		error = glacisd_ring_init(&worker->ring, worker->config->workers);
	if (error)
		return error;
	if (worker->ring.features.provided_buffers && glacisd_chunks_init(&worker->chunks, &worker->ring))
		worker->ring.features.provided_buffers = false;
	error = pools_create(worker);
	if (error)
		return error;
	worker->now_ms = clock_ms();
	glacisd_timers_init(&worker->timers, lengths, worker->now_ms);
	wake_arm(worker);
	glacisd_listener_arm(worker);
	return 0;
}

static void thread_exit(struct glacisd_worker *worker)
{
	if (worker->listener >= 0)
		close(worker->listener);
	glacisd_chunks_exit(&worker->chunks, &worker->ring);
	glacisd_ring_exit(&worker->ring);
	glacis_queue_destroy(worker->queue);
	glacis_pool_destroy(worker->blocks);
	glacis_pool_destroy(worker->records);
	glacis_pool_destroy(worker->connections);
	free(worker->batch);
	free(worker->batch_spare);
	glacisd_rsa_signer_thread_exit();
}

static void *thread_main(void *argument)
{
	struct glacisd_worker *worker = argument;
	int error = thread_init(worker);

	atomic_store(&worker->started, error ? error : 1);
	if (!error)
		loop(worker);
	thread_exit(worker);
	return NULL;
}

/* Lower limits of a key's use make a test of what happens there possible. */
static uint32_t rekey_records(void)
{
	unsigned long records = number_in("GLACISD_REKEY_RECORDS");

	return records < GLACIS_RECORD_LIMIT_SOFT ? (uint32_t)records : 0;
}

int glacisd_worker_create(struct glacisd_service *service, uint32_t index, int listener, struct glacisd_worker **result)
{
	struct glacisd_worker *worker = aligned_alloc(64, sizeof(*worker));

	if (!worker)
		return -ENOMEM;
	memset(worker, 0, sizeof(*worker));
	worker->service = service;
	worker->config = service->config;
	worker->engine = service->engine;
	worker->index = index;
	worker->listener = listener;
	worker->last_path = GLACIS_PATH_CPU;
	worker->rekey_records = rekey_records();
	worker->wake = eventfd(0, EFD_CLOEXEC);
	if (worker->wake < 0) {
		free(worker);
		return -errno;
	}
	*result = worker;
	return 0;
}

int glacisd_worker_start(struct glacisd_worker *worker)
{
	int error = pthread_create(&worker->thread, NULL, thread_main, worker), started;

	if (error)
		return -error;
	while (!(started = atomic_load(&worker->started))) {
		const struct timespec pause = { .tv_nsec = 200000 };

		nanosleep(&pause, NULL);
	}
	return started < 0 ? started : 0;
}

void glacisd_worker_stop(struct glacisd_worker *worker, int level)
{
	const uint64_t one = 1;

	atomic_store(&worker->stopping, level);
	if (write(worker->wake, &one, sizeof(one)) != sizeof(one))
		glacisd_log(GLACISD_LOG_ERROR, "cannot wake worker %u: %s", worker->index, strerror(errno));
}

void glacisd_worker_join(struct glacisd_worker *worker)
{
	if (worker->thread)
		pthread_join(worker->thread, NULL);
	else if (worker->listener >= 0)
		close(worker->listener);
}

void glacisd_worker_free(struct glacisd_worker *worker)
{
	SSL_CTX_free(worker->tls);
	glacisd_provider_destroy(worker->provider);
	close(worker->wake);
	free(worker);
}
