/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A storm of short TLS connections, for the tests that watch what is left behind: each thread
 * connects, shakes hands (resuming its last session), sends one small HTTP request, reads the
 * answer, closes cleanly, and starts again. Any failure ends the program with status 1.
 * Connections come from many addresses of 127.0.0.0/8: a closed one keeps its port for a minute, and from one
 * address the search for a free port gets slow, then hopeless, before a storm is over.
 * Started by test_storm.py; prints one line "connections N full N resumed N seconds S".
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define THREADS_MAX 64
#define ANSWER_SIZE 100 /* what /bytes/100 sends after its head */
#define SOURCES     200 /* addresses of a thread */

static const char request[] = "GET /bytes/100 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct storm {
	struct sockaddr_in server;
	int version;      /* TLS1_2_VERSION or TLS1_3_VERSION */
	long rst_every;   /* every Nth connection ends with RST, without close_notify; 0: none */
	atomic_long left; /* connections still to start */
	atomic_long full;
	atomic_long resumed;
	atomic_bool failed;
};

struct worker {
	struct storm *storm;
	SSL_CTX *context;
	SSL_SESSION *session; /* from the last connection; owned */
	uint32_t network;     /* 127.x.0.0, its own, in host order */
	pthread_t thread;
};

static int session_arrived(SSL *ssl, SSL_SESSION *session)
{
	struct worker *worker = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(worker->session);
	worker->session = session;
	return 1; /* the reference is ours now */
}

static bool complain(struct storm *storm, const char *what)
{
	if (!atomic_exchange(&storm->failed, true)) {
		fprintf(stderr, "client_storm: %s failed\n", what);
		perror("client_storm: last system error");
		ERR_print_errors_fp(stderr);
	}
	return false;
}

/* The answer ends with close_notify and must hold the bytes asked for. */
static bool answer_read(struct storm *storm, SSL *ssl)
{
	char answer[4096];
	size_t total = 0;
	int size;

	while (total < sizeof(answer) && (size = SSL_read(ssl, answer + total, (int)(sizeof(answer) - total))) > 0)
		total += (size_t)size;
	if (SSL_get_error(ssl, 0) != SSL_ERROR_ZERO_RETURN)
		return complain(storm, "reading up to close_notify");
	if (total < ANSWER_SIZE + 12 || memcmp(answer, "HTTP/1.1 200", 12) != 0)
		return complain(storm, "expecting HTTP/1.1 200 and 100 bytes");
	return true;
}

static bool connection_run(struct worker *worker, int fd, bool rst)
{
	struct storm *storm = worker->storm;
	const struct linger abort_on_close = { .l_onoff = 1, .l_linger = 0 };
	SSL *ssl = SSL_new(worker->context);
	bool ok = false;

	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		goto out;
	if (worker->session && SSL_set_session(ssl, worker->session) != 1)
		goto out;
	if (SSL_connect(ssl) != 1) {
		complain(storm, "the handshake");
		goto out;
	}
	atomic_fetch_add(SSL_session_reused(ssl) ? &storm->resumed : &storm->full, 1);
	if (SSL_write(ssl, request, sizeof(request) - 1) <= 0) {
		complain(storm, "sending the request");
		goto out;
	}
	if (rst) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof(abort_on_close));
		SSL_set_quiet_shutdown(ssl, 1);
		ok = true;
		goto out;
	}
	ok = answer_read(storm, ssl);
	SSL_shutdown(ssl);
out:
	SSL_free(ssl);
	return ok;
}

/* The next address of this thread; the port is chosen with the whole tuple in view, when it connects. */
static bool connect_from(const struct worker *worker, int fd, long number)
{
	const struct sockaddr_in source = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(worker->network | (uint32_t)(number % SOURCES + 1))
	};
	const struct sockaddr_in *server = &worker->storm->server;
	const int on = 1;

	return setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == 0 &&
	       bind(fd, (const struct sockaddr *)&source, sizeof(source)) == 0 &&
	       connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct storm *storm = worker->storm;
	long number;

	while (!atomic_load(&storm->failed) && (number = atomic_fetch_sub(&storm->left, 1)) > 0) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		const int on = 1;

		if (fd < 0 || !connect_from(worker, fd, number)) {
			complain(storm, "connecting");
		} else {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			connection_run(worker, fd, storm->rst_every && number % storm->rst_every == 0);
		}
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static bool worker_start(struct worker *worker, struct storm *storm, uint32_t index)
{
	worker->storm = storm;
	worker->network = (127u << 24) | (index + 1) << 16;
	worker->context = SSL_CTX_new(TLS_client_method());
	if (!worker->context)
		return false;
	SSL_CTX_set_app_data(worker->context, worker);
	SSL_CTX_set_min_proto_version(worker->context, storm->version);
	SSL_CTX_set_max_proto_version(worker->context, storm->version);
	SSL_CTX_set_session_cache_mode(worker->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(worker->context, session_arrived);
	return pthread_create(&worker->thread, NULL, worker_main, worker) == 0;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS_MAX];
	static struct storm storm;
	double started = now_s();
	int threads, started_threads = 0;
	long count;

	if (argc != 6) {
		fprintf(stderr, "usage: client_storm PORT CONNECTIONS THREADS 1.2|1.3 RST_EVERY\n");
		return 64;
	}
	storm.server.sin_family = AF_INET;
	storm.server.sin_port = htons((uint16_t)atoi(argv[1]));
	storm.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	count = atol(argv[2]);
	threads = atoi(argv[3]);
	storm.version = strcmp(argv[4], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
	storm.rst_every = atol(argv[5]);
	if (count < 1 || threads < 1 || threads > THREADS_MAX || storm.server.sin_port == 0) {
		fprintf(stderr, "client_storm: port, connections and threads (1..%d) must be positive\n", THREADS_MAX);
		return 64;
	}
	atomic_store(&storm.left, count);
	for (; started_threads < threads && worker_start(&workers[started_threads], &storm, (uint32_t)started_threads);
	     started_threads++)
		;
	if (started_threads < threads)
		complain(&storm, "starting a thread");
	for (int i = 0; i < started_threads; i++) {
		pthread_join(workers[i].thread, NULL);
		SSL_SESSION_free(workers[i].session);
		SSL_CTX_free(workers[i].context);
	}
	printf("connections %ld full %ld resumed %ld seconds %.1f\n",
	       atomic_load(&storm.full) + atomic_load(&storm.resumed), atomic_load(&storm.full),
	       atomic_load(&storm.resumed), now_s() - started);
	return atomic_load(&storm.failed) ? 1 : 0;
}
