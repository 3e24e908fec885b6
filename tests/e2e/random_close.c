/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients and origins that break off at random moments, for test_random_close.py. Each client
 * connection chooses sizes, speeds and an end (clean, FIN, RST, in the handshake or in the data) and tells
 * the origin behind glacisd by a header how it shall behave. All bytes follow from a seed, both ends check
 * them, and a connection that both meant to end cleanly must carry all of them. Any byte out of place (of
 * another connection, say) or any clean transfer cut short makes the exit status 1.
 *
 * usage: random_close GLACISD_PORT ORIGIN_PORT CONNECTIONS THREADS SEED [hello | hold]
 *
 * hello: three of four clients vanish right behind their ClientHello, the others stay to a clean end.
 * hold: more clients, HOLDERS of them, ask for much and read nothing until the others have come.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX  128
#define PIECE_MAX    40000u
#define WAIT_MS      20000
#define MAGIC        0x676c6163u

#define HOLDERS      64
#define HOLD_SIZE    (1u << 20) /* far more than sockets of the sizes below take */
#define HOLD_RECEIVE 8192
#define HOLD_SEGMENT 1200
#define HOLD_US      600000u /* alone, and as long again with the others */

enum { CLEAN = 1, DOWN_FIRST = 2, SLOW_ORIGIN = 4, RESET_BY_ORIGIN = 8, CLOSED_BY_ORIGIN = 16, HALF_CLOSE = 32 };

/* What a client tells the origin first. */
struct header {
	uint32_t magic, seed, up, down, flags, break_at;
};

enum vanish { STAY, AT_ONCE, BEHIND_HELLO, IN_HANDSHAKE, AFTER_HANDSHAKE, IN_DATA };

struct client {
	SSL *ssl;
	int fd;
	struct header header;
	enum vanish vanish;
	uint32_t vanish_at;
	bool slow;
	bool holds; /* reads nothing until released */
	uint64_t sent, received;
	bool closed; /* close_notify came */
	bool said_close;
};

static struct sockaddr_in glacisd_address, origin_address;
static SSL_CTX *context;
static atomic_long left, clean, broken, wrong;
static atomic_long origins;
static bool hellos;          /* the mode hello */
static atomic_bool released; /* the holders may read */

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* One in `n`. */
static bool chance(uint32_t *state, uint32_t n)
{
	return next_random(state) % n == 0;
}

static uint32_t random_size(uint32_t *state)
{
	static const uint32_t limits[] = { 1, 100, 4096, 4097, 20000, 70000, 300000, 1500000 };
	uint32_t limit = limits[next_random(state) % (sizeof(limits) / sizeof(*limits))];

	return next_random(state) % (limit + 1);
}

static uint8_t pattern(uint32_t seed, uint64_t offset)
{
	return (uint8_t)((seed ^ ((uint32_t)offset * 2654435761u)) >> 21);
}

static void fill(uint8_t *bytes, size_t size, uint32_t seed, uint64_t offset)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = pattern(seed, offset + i);
}

static bool matches(const uint8_t *bytes, size_t size, uint32_t seed, uint64_t offset)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != pattern(seed, offset + i))
			return false;
	return true;
}

static void complain(const char *what, const struct header *header, uint64_t at)
{
	atomic_fetch_add(&wrong, 1);
	fprintf(stderr, "random_close: %s at byte %llu (seed %08x up %u down %u flags %u break %u)\n", what,
		(unsigned long long)at, header->seed, header->up, header->down, header->flags, header->break_at);
}

static void pause_us(unsigned us)
{
	const struct timespec pause = { .tv_nsec = (long)us * 1000 };

	nanosleep(&pause, NULL);
}

static void make_reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static bool wait_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, WAIT_MS) == 1;
}

/* ---- the origin ---- */

static bool read_header(int fd, struct header *header)
{
	size_t have = 0;

	while (have < sizeof(*header)) {
		ssize_t got = wait_for(fd, POLLIN) ? read(fd, (char *)header + have, sizeof(*header) - have) : -1;

		if (got <= 0)
			return false;
		have += (size_t)got;
	}
	return true;
}

/* Reads, or finds the end. False when the connection is over. */
static bool origin_read(int fd, const struct header *header, uint64_t *received, bool *ended)
{
	uint8_t bytes[PIECE_MAX];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	if (got < 0)
		return errno == EAGAIN;
	if (got == 0) {
		*ended = true;
		if (*received < header->up && header->flags & CLEAN)
			complain("the origin sees a clean end", header, *received);
		return *received == header->up;
	}
	if (*received + (uint64_t)got > header->up || !matches(bytes, (size_t)got, header->seed, *received)) {
		complain("wrong byte at the origin", header, *received);
		return false;
	}
	*received += (uint64_t)got;
	return true;
}

static bool origin_write(int fd, const struct header *header, uint64_t *sent, uint32_t *random)
{
	uint8_t bytes[PIECE_MAX];
	uint32_t piece = header->flags & SLOW_ORIGIN ? next_random(random) % 5000 + 1 : PIECE_MAX;
	uint32_t size = header->down - *sent < piece ? (uint32_t)(header->down - *sent) : piece;
	ssize_t put;

	fill(bytes, size, ~header->seed, *sent);
	put = send(fd, bytes, size, MSG_NOSIGNAL);
	if (put < 0)
		return errno == EAGAIN;
	*sent += (uint64_t)put;
	if (header->flags & SLOW_ORIGIN)
		pause_us(next_random(random) % 1000);
	return true;
}

static void origin_serve(int fd)
{
	struct header header;
	uint64_t received = 0, sent = 0;
	bool ended = false, finished = false;
	uint32_t random;

	if (!read_header(fd, &header))
		return;
	if (header.magic != MAGIC) {
		memset(&header, 0, sizeof(header));
		complain("no header at the origin", &header, 0);
		return;
	}
	random = header.seed | 1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		bool may_send = sent < header.down && (received == header.up || header.flags & DOWN_FIRST);
		short events = (short)((ended ? 0 : POLLIN) | (may_send ? POLLOUT : 0));

		if (header.flags & (RESET_BY_ORIGIN | CLOSED_BY_ORIGIN) && received + sent >= header.break_at) {
			if (header.flags & RESET_BY_ORIGIN)
				make_reset(fd);
			return;
		}
		if (sent == header.down && !finished && (received == header.up || header.flags & DOWN_FIRST)) {
			finished = true;
			shutdown(fd, SHUT_WR);
		}
		if ((finished && received == header.up) || !wait_for(fd, events))
			return;
		if (!ended && !origin_read(fd, &header, &received, &ended))
			return;
		if (may_send && !origin_write(fd, &header, &sent, &random))
			return;
	}
}

static void *origin_connection(void *argument)
{
	int fd = (int)(intptr_t)argument;

	origin_serve(fd);
	close(fd);
	atomic_fetch_sub(&origins, 1);
	return NULL;
}

static void *origin_accept(void *argument)
{
	int listener = *(int *)argument;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_attr_t small;
		pthread_t thread;

		if (fd < 0)
			continue;
		atomic_fetch_add(&origins, 1);
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, 256 * 1024);
		pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
		if (pthread_create(&thread, &small, origin_connection, (void *)(intptr_t)fd)) {
			close(fd);
			atomic_fetch_sub(&origins, 1);
		}
		pthread_attr_destroy(&small);
	}
	return NULL;
}

/* ---- the client ---- */

static void choose(struct client *client, uint32_t *random, long number)
{
	static const enum vanish choices[] = { STAY,    STAY,    STAY,         STAY,
					       STAY,    AT_ONCE, IN_HANDSHAKE, AFTER_HANDSHAKE,
					       IN_DATA, IN_DATA };
	struct header *header = &client->header;

	memset(client, 0, sizeof(*client));
	header->magic = MAGIC;
	header->seed = next_random(random);
	header->up = random_size(random);
	header->down = random_size(random);
	header->break_at = next_random(random) % (header->up + header->down + 1);
	client->vanish = choices[next_random(random) % 10];
	client->vanish_at = next_random(random) % (header->up + header->down + (uint32_t)sizeof(*header) + 1);
	client->slow = chance(random, 8);
	header->flags = (chance(random, 3) ? (uint32_t)DOWN_FIRST : 0) |
			(chance(random, 10) ? (uint32_t)SLOW_ORIGIN : 0) |
			(chance(random, 2) ? (uint32_t)HALF_CLOSE : 0);
	if (chance(random, 8))
		header->flags |= chance(random, 2) ? (uint32_t)RESET_BY_ORIGIN : (uint32_t)CLOSED_BY_ORIGIN;
	if (client->vanish == STAY && !(header->flags & (RESET_BY_ORIGIN | CLOSED_BY_ORIGIN)))
		header->flags |= CLEAN;
	if (hellos) {
		client->vanish = number % 4 ? BEHIND_HELLO : STAY;
		header->flags &= ~(uint32_t)(RESET_BY_ORIGIN | CLOSED_BY_ORIGIN | CLEAN);
		header->flags |= client->vanish == STAY ? CLEAN : 0;
	}
}

/* False: over, for good or ill. */
static bool wanted(struct client *client, int result)
{
	switch (SSL_get_error(client->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return true;
	case SSL_ERROR_ZERO_RETURN:
		client->closed = true;
		return true;
	default:
		return false;
	}
}

static bool handshake(struct client *client, uint32_t *random)
{
	bool vanishes = client->vanish == BEHIND_HELLO || client->vanish == IN_HANDSHAKE;
	unsigned steps = client->vanish == IN_HANDSHAKE ? next_random(random) % 3 : vanishes ? 0 : 100;

	for (unsigned step = 0;; step++) {
		int result = SSL_do_handshake(client->ssl);

		if (result == 1)
			return !vanishes;
		if (step >= steps || !wanted(client, result) ||
		    !wait_for(client->fd, SSL_want_write(client->ssl) ? POLLOUT : POLLIN))
			return false;
	}
}

/* The header, then the pattern. */
static bool client_write(struct client *client, uint32_t *random)
{
	const struct header *header = &client->header;
	uint64_t total = sizeof(*header) + header->up;
	uint8_t bytes[PIECE_MAX];
	uint64_t left_over = total - client->sent;
	uint32_t size = next_random(random) % (chance(random, 4) ? 50 : PIECE_MAX) + 1;
	int put;

	if (size > left_over)
		size = (uint32_t)left_over;
	for (uint32_t i = 0; i < size; i++) {
		uint64_t at = client->sent + i;

		bytes[i] = at < sizeof(*header) ? ((const uint8_t *)header)[at]
						: pattern(header->seed, at - sizeof(*header));
	}
	if (SSL_version(client->ssl) == TLS1_3_VERSION && chance(random, 20))
		SSL_key_update(client->ssl,
			       chance(random, 2) ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
	put = SSL_write(client->ssl, bytes, (int)size);
	if (put <= 0)
		return wanted(client, put);
	client->sent += (uint64_t)put;
	return true;
}

static bool client_read(struct client *client, uint32_t *random)
{
	const struct header *header = &client->header;
	uint8_t bytes[PIECE_MAX];
	int got = SSL_read(client->ssl, bytes, (int)(next_random(random) % PIECE_MAX + 1));

	if (got <= 0)
		return wanted(client, got);
	if (client->received + (uint64_t)got > header->down ||
	    !matches(bytes, (size_t)got, ~header->seed, client->received)) {
		complain("wrong byte at the client", header, client->received);
		return false;
	}
	client->received += (uint64_t)got;
	if (client->slow)
		pause_us(next_random(random) % 2000);
	return true;
}

/* True when all was carried and both ends were said. */
static bool transfer(struct client *client, uint32_t *random)
{
	const struct header *header = &client->header;
	uint64_t total = sizeof(*header) + header->up;

	for (;;) {
		bool sending = client->sent < total;
		uint64_t before = client->sent + client->received;

		if (client->vanish == IN_DATA && before >= client->vanish_at)
			return false;
		if (!sending && header->flags & HALF_CLOSE && !client->said_close) {
			client->said_close = true;
			SSL_shutdown(client->ssl);
		}
		if (client->closed && !sending)
			return client->received == header->down;
		if (sending && !client_write(client, random))
			return false;
		while (client->holds && !sending && !atomic_load(&released))
			pause_us(10000);
		if (!client->closed && !client_read(client, random))
			return false;
		if (client->sent + client->received == before && !(client->closed && client->sent == total) &&
		    !wait_for(client->fd,
			      (short)((client->closed ? 0 : POLLIN) | (client->sent < total ? POLLOUT : 0)))) {
			complain("nothing happens", header, before);
			return false;
		}
	}
}

static void say_goodbye(struct client *client, bool whole, uint32_t *random)
{
	if (whole || (client->ssl && chance(random, 4)))
		SSL_shutdown(client->ssl);
	else if (chance(random, 2))
		make_reset(client->fd);
}

static bool open_socket(struct client *client)
{
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->holds) {
		const int receive = HOLD_RECEIVE, segment = HOLD_SEGMENT;

		setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
		setsockopt(client->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
	}
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&glacisd_address, sizeof(glacisd_address))) {
		complain("connect failed", &client->header, 0);
		return false;
	}
	fcntl(client->fd, F_SETFL, O_NONBLOCK);
	return true;
}

static void open_tls(struct client *client, uint32_t *random)
{
	client->ssl = SSL_new(context);
	SSL_set_fd(client->ssl, client->fd);
	SSL_set_connect_state(client->ssl);
	if (client->vanish == BEHIND_HELLO) /* whatever glacisd says, it is not heard */
		SSL_set0_rbio(client->ssl, BIO_new(BIO_s_mem()));
	SSL_set_mode(client->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (chance(random, 3))
		SSL_set_max_proto_version(client->ssl, TLS1_2_VERSION);
	if (!client->holds && chance(random, 10))
		SSL_set_tlsext_max_fragment_length(client->ssl, (uint8_t)(next_random(random) % 4 + 1));
}

static void converse(struct client *client, uint32_t *random)
{
	bool whole = false;

	if (!open_socket(client) || client->vanish == AT_ONCE)
		goto out;
	open_tls(client, random);
	if (handshake(client, random) && client->vanish != AFTER_HANDSHAKE)
		whole = transfer(client, random);
	if (client->header.flags & CLEAN && !whole) {
		complain("a clean transfer is cut short", &client->header, client->received);
		ERR_print_errors_fp(stderr);
	}
	ERR_clear_error();
	say_goodbye(client, whole, random);
out:
	atomic_fetch_add(whole ? &clean : &broken, 1);
	SSL_free(client->ssl);
	if (client->fd >= 0)
		close(client->fd);
}

static void *client_thread(void *argument)
{
	uint32_t random = *(uint32_t *)argument;

	for (long number; (number = atomic_fetch_sub(&left, 1)) > 0;) {
		struct client client;

		choose(&client, &random, number);
		converse(&client, &random);
	}
	return NULL;
}

static void *holder_thread(void *argument)
{
	uint32_t random = *(uint32_t *)argument;
	struct client client = {
		.holds = true,
		.header = { .magic = MAGIC, .seed = next_random(&random), .down = HOLD_SIZE, .flags = CLEAN },
	};

	converse(&client, &random);
	return NULL;
}

static void start(pthread_t *threads, uint32_t *seeds, int count, void *(*run)(void *), uint32_t seed)
{
	for (int i = 0; i < count; i++) {
		seeds[i] = seed * 2654435761u + (uint32_t)i * 40503u + 1;
		pthread_create(&threads[i], NULL, run, &seeds[i]);
	}
}

static void join(const pthread_t *threads, int count)
{
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	static pthread_t threads[THREADS_MAX], holder_threads[HOLDERS];
	static uint32_t seeds[THREADS_MAX], holder_seeds[HOLDERS];
	const char *mode = argc == 7 ? argv[6] : "";
	bool holding = strcmp(mode, "hold") == 0;
	pthread_t acceptor;
	int listener, one = 1, count, holders = holding ? HOLDERS : 0;

	hellos = strcmp(mode, "hello") == 0;
	if ((argc != 6 && !hellos && !holding) || (count = atoi(argv[4])) < 1 || count > THREADS_MAX) {
		fprintf(stderr,
			"usage: random_close GLACISD_PORT ORIGIN_PORT CONNECTIONS THREADS(1..%d) SEED [hello | hold]\n",
			THREADS_MAX);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	glacisd_address = (struct sockaddr_in){ .sin_family = AF_INET,
						.sin_port = htons((uint16_t)atoi(argv[1])),
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	origin_address = glacisd_address;
	origin_address.sin_port = htons((uint16_t)atoi(argv[2]));
	atomic_store(&left, atol(argv[3]));
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&origin_address, sizeof(origin_address)) || listen(listener, 4096)) {
		perror("random_close: the origin's port");
		return 2;
	}
	context = SSL_CTX_new(TLS_client_method());
	pthread_create(&acceptor, NULL, origin_accept, &listener);
	start(holder_threads, holder_seeds, holders, holder_thread, ~(uint32_t)atol(argv[5]));
	if (holders)
		pause_us(HOLD_US);
	start(threads, seeds, count, client_thread, (uint32_t)atol(argv[5]));
	if (holders)
		pause_us(HOLD_US);
	atomic_store(&released, true);
	join(holder_threads, holders);
	join(threads, count);
	for (int turn = 0; turn < 500 && atomic_load(&origins); turn++)
		pause_us(10000);
	printf("clean %ld broken %ld wrong %ld\n", atomic_load(&clean), atomic_load(&broken), atomic_load(&wrong));
	return atomic_load(&wrong) ? 1 : 0;
}
