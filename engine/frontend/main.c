/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacisd: terminates TLS in front of a plain TCP or UNIX-socket backend. This file is the start
 * and the end of the process: read everything secret and bind everything privileged, give up
 * privileges, start the workers, wait for a signal, drain.
 */
#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <glacis/glacis.h>

#include "admin.h"
#include "card.h"
#include "config.h"
#include "listener.h"
#include "log.h"
#include "origin.h"
#include "privileges.h"
#include "rsa_signer.h"
#include "service.h"
#include "tls_context.h"
#include "worker.h"

/* Free bytes at the top of a heap that a busy time may keep. */
#define HEAP_KEEP (16 * 1024 * 1024)
/* OpenSSL's secure heap: a handshake in progress holds one grain for its ephemeral key, and when none is left it
 * fails, so there are two for each connection there can be, and some for the private keys. */
#define SECURE_GRAIN	 32u
#define SECURE_HEAP_MIN	 (1u << 20)
#define SECURE_HEAP_MAX	 (1u << 28)

struct process {
	struct glacisd_config config;
	struct glacisd_service service;
	struct glacisd_worker *workers[GLACISD_WORKERS_MAX];
	struct glacis_rsa_key *rsa_keys[GLACISD_CERTIFICATES_MAX]; /* NULL: not RSA, OpenSSL's */
	struct glacisd_admin *admin;
	struct glacisd_origin *origin;
};

static int check_only(const struct glacisd_config *config)
{
	printf("glacisd: the configuration is valid (listen %s, backend %s)\n", config->listen.text,
	       config->backend.text);
	return EXIT_SUCCESS;
}

/* Cores this process may use, which in a container can be fewer than the machine has. */
static uint32_t cores(void)
{
	cpu_set_t allowed;
	uint32_t count = 1;

	if (!sched_getaffinity(0, sizeof(allowed), &allowed))
		count = (uint32_t)CPU_COUNT(&allowed);
	return count < GLACISD_WORKERS_MAX ? count : GLACISD_WORKERS_MAX;
}

/* Workers that exist but do not run yet: sockets bound, certificates read. */
static int workers_create(struct process *process)
{
	struct glacisd_config *config = &process->config;
	uint8_t ticket_keys[GLACISD_TICKET_KEYS_SIZE];
	int error = 0;

	if (RAND_bytes(ticket_keys, sizeof(ticket_keys)) != 1)
		return -EIO;
	for (uint32_t i = 0; i < config->workers && !error; i++) {
		int listener = glacisd_listener_open(&config->listen, i > 0);
		struct glacisd_worker *worker;

		if (listener < 0) {
			error = listener;
			break;
		}
		error = glacisd_worker_create(&process->service, i, listener, &worker);
		if (error)
			break;
		process->workers[i] = worker;
		process->service.stats[i] = &worker->stats;
		process->service.workers = i + 1;
		worker->tls = glacisd_tls_context_create(worker, ticket_keys, process->rsa_keys);
		if (!worker->tls)
			error = -EINVAL;
	}
	OPENSSL_cleanse(ticket_keys, sizeof(ticket_keys));
	return error;
}

static int workers_start(struct process *process)
{
	for (uint32_t i = 0; i < process->service.workers; i++) {
		int error;

		process->workers[i]->origin = process->origin;
		error = glacisd_worker_start(process->workers[i]);

		if (error)
			return error;
	}
	return 0;
}

static int start(struct process *process)
{
	struct glacisd_service *service = &process->service;
	struct glacisd_config *config = &process->config;
	int error;

	service->config = config;
	service->started_at_s = (uint64_t)time(NULL);
	error = glacis_engine_create(NULL, &service->engine);
	if (error) {
		glacisd_log(GLACISD_LOG_ERROR, "cannot start libglacis: %s", strerror(-error));
		return error;
	}
	for (uint32_t i = 0; i < config->certificate_count && !error; i++)
		error = glacisd_rsa_signer_load(service->engine, &config->certificates[i], &process->rsa_keys[i]);
	if (!error)
		error = workers_create(process);
	if (!error && config->admin.kind != GLACISD_ADDRESS_NONE)
		error = glacisd_admin_open(service, &process->admin);
	/* No thread may exist before this: each has rights of its own to lose. */
	if (!error)
		error = glacisd_privileges_drop(config->user);
	if (!error)
		error = glacisd_card_open(service->engine, config);
	if (!error && config->backend.kind == GLACISD_ADDRESS_BUILTIN)
		error = glacisd_origin_start(service, &process->origin);
	if (!error && process->admin)
		error = glacisd_admin_serve(process->admin);
	if (!error)
		error = workers_start(process);
	if (!error && config->sandbox && glacisd_sandbox_enter() == -EPERM)
		error = -EPERM;
	return error;
}

static void report_memory(const struct glacis_engine *engine)
{
	struct glacis_engine_info info;

	glacis_engine_info(engine, &info);
	if (info.unlocked_key_bytes)
		glacisd_log(GLACISD_LOG_WARNING,
			    "%llu bytes of key memory could not be locked; raise LimitMEMLOCK (ulimit -l)",
			    (unsigned long long)info.unlocked_key_bytes);
	glacisd_log(GLACISD_LOG_INFO, "records on the CPU by %s", info.cpu_backend);
}

static void stop_workers(struct process *process, int level)
{
	for (uint32_t i = 0; i < process->service.workers; i++)
		glacisd_worker_stop(process->workers[i], level);
}

/* Waits for the drain in its own thread's stead: a second signal ends it at once. */
static void wait_for_signals(struct process *process, const sigset_t *signals)
{
	int received;

	sigwait(signals, &received);
	glacisd_log(GLACISD_LOG_INFO, "%s: no new connections; waiting up to %u ms for the open ones",
		    received == SIGTERM ? "SIGTERM" : "SIGINT", process->config.timeouts.drain_ms);
	atomic_store(&process->service.draining, 1);
	sd_notify(0, "STOPPING=1");
	stop_workers(process, 1);
	while (GLACISD_SERVICE_SUM(&process->service, connections_open)) {
		const struct timespec pause = { .tv_nsec = 20000000 };

		if (sigtimedwait(signals, NULL, &pause) < 0)
			continue;
		glacisd_log(GLACISD_LOG_WARNING, "second signal: closing the open connections");
		stop_workers(process, 2);
		break;
	}
}

static void stop(struct process *process)
{
	for (uint32_t i = 0; i < process->service.workers; i++)
		glacisd_worker_join(process->workers[i]);
	/* These two look at the workers' counters until they have stopped. */
	if (process->admin)
		glacisd_admin_stop(process->admin);
	if (process->origin)
		glacisd_origin_stop(process->origin);
	for (uint32_t i = 0; i < process->service.workers; i++)
		glacisd_worker_free(process->workers[i]);
	for (uint32_t i = 0; i < GLACISD_CERTIFICATES_MAX; i++)
		glacis_rsa_key_destroy(process->rsa_keys[i]);
	glacis_engine_destroy(process->service.engine);
	glacisd_config_free(&process->config);
}

/* OpenSSL's copies of private numbers: locked where the limit allows. Without it they lie in the plain heap. */
static void secure_heap_init(const struct glacisd_config *config)
{
	uint64_t wanted = (uint64_t)config->workers * config->connections_max * 2 * SECURE_GRAIN;
	size_t size = SECURE_HEAP_MIN;

	while (size < wanted && size < SECURE_HEAP_MAX)
		size *= 2;
	if (CRYPTO_secure_malloc_init(size, SECURE_GRAIN) != 1)
		glacisd_log(GLACISD_LOG_WARNING,
			    "OpenSSL's secure heap of %zu KiB could not be locked; raise LimitMEMLOCK (ulimit -l) or "
			    "lower connections_max",
			    size / 1024);
}

int main(int argc, char **argv)
{
	static struct process process;
	char message[4096];
	sigset_t signals;

	/* Handshakes come and go on every worker. Their memory goes back to the kernel in quiet moments (worker.c), not
	 * at each free in the middle of a busy time. */
	mallopt(M_TRIM_THRESHOLD, HEAP_KEEP);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);

	glacisd_config_defaults(&process.config);
	if (glacisd_options_parse(argc, argv, &process.config))
		return EXIT_FAILURE;
	if (process.config.verbose)
		glacisd_log_set_level(GLACISD_LOG_DEBUG);
	if (glacisd_config_validate(&process.config, message, sizeof(message))) {
		fprintf(stderr, "%s\n", message);
		glacisd_config_free(&process.config);
		return EXIT_FAILURE;
	}
	if (process.config.check_only)
		return check_only(&process.config);
	if (!process.config.workers)
		process.config.workers = cores();
	glacisd_limits_raise();
	glacisd_undumpable();
	secure_heap_init(&process.config);
	if (start(&process)) {
		stop_workers(&process, 2);
		stop(&process);
		return EXIT_FAILURE;
	}
	report_memory(process.service.engine);
	glacisd_log(GLACISD_LOG_INFO, "glacisd %s serves %s with %u worker%s, backend %s", glacis_version(),
		    process.config.listen.text, process.config.workers, process.config.workers == 1 ? "" : "s",
		    process.config.backend.text);
	sd_notify(0, "READY=1");
	wait_for_signals(&process, &signals);
	stop(&process);
	glacisd_log(GLACISD_LOG_INFO, "stopped");
	return EXIT_SUCCESS;
}
