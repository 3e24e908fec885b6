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
 * hold: more clients, HOLDERS of them, come first, ask for much and read nothing. A line on standard input lets
 * the others come, a second one lets the holders read: whoever started us sees when glacisd's buffers are out.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "random_client.h"

#define THREADS_MAX 128
#define WAIT_MS     60000
#define HOLDERS     64

struct outcome outcome;

static atomic_long left;
static bool hellos; /* the mode hello */

uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

bool chance(uint32_t *state, uint32_t n)
{
	return next_random(state) % n == 0;
}

uint8_t pattern(uint32_t seed, uint64_t offset)
{
	return (uint8_t)((seed ^ ((uint32_t)offset * 2654435761u)) >> 21);
}

void fill(uint8_t *bytes, size_t size, uint32_t seed, uint64_t offset)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = pattern(seed, offset + i);
}

bool matches(const uint8_t *bytes, size_t size, uint32_t seed, uint64_t offset)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != pattern(seed, offset + i))
			return false;
	return true;
}

void complain(const char *what, const struct header *header, uint64_t at)
{
	atomic_fetch_add(&outcome.wrong, 1);
	fprintf(stderr, "random_close: %s at byte %llu (seed %08x up %u down %u flags %u break %u)\n", what,
		(unsigned long long)at, header->seed, header->up, header->down, header->flags, header->break_at);
}

void pause_us(unsigned us)
{
	const struct timespec pause = { .tv_nsec = (long)us * 1000 };

	nanosleep(&pause, NULL);
}

void make_reset(int fd)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

bool wait_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, WAIT_MS) == 1;
}

static void *client_thread(void *argument)
{
	uint32_t random = *(uint32_t *)argument;

	for (long number; (number = atomic_fetch_sub(&left, 1)) > 0;) {
		struct client client;

		client_choose(&client, &random);
		if (hellos)
			client_choose_hello(&client, number % 4 != 0);
		client_converse(&client, &random);
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

	client_converse(&client, &random);
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

/* False at the end of input: nobody is there to say so. */
static bool wait_for_line(void)
{
	char line[16];

	return fgets(line, sizeof(line), stdin) != NULL;
}

static int run(int count, int holders, uint32_t seed)
{
	static pthread_t threads[THREADS_MAX], holder_threads[HOLDERS];
	static uint32_t seeds[THREADS_MAX], holder_seeds[HOLDERS];
	bool told = true;

	start(holder_threads, holder_seeds, holders, holder_thread, ~seed);
	if (holders)
		told = wait_for_line();
	start(threads, seeds, count, client_thread, seed);
	if (holders)
		told = wait_for_line() && told;
	clients_release();
	join(holder_threads, holders);
	join(threads, count);
	origin_wait();
	printf("clean %ld broken %ld wrong %ld\n", atomic_load(&outcome.clean), atomic_load(&outcome.broken),
	       atomic_load(&outcome.wrong));
	if (!told)
		fprintf(stderr, "random_close: hold: standard input ended; two lines must come\n");
	return told && !atomic_load(&outcome.wrong) ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *mode = argc == 7 ? argv[6] : "";
	bool holding = strcmp(mode, "hold") == 0;
	int count;

	hellos = strcmp(mode, "hello") == 0;
	if ((argc != 6 && !hellos && !holding) || (count = atoi(argv[4])) < 1 || count > THREADS_MAX) {
		fprintf(stderr,
			"usage: random_close GLACISD_PORT ORIGIN_PORT CONNECTIONS THREADS(1..%d) SEED [hello | hold]\n",
			THREADS_MAX);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	atomic_store(&left, atol(argv[3]));
	if (origin_start((uint16_t)atoi(argv[2])) || clients_prepare((uint16_t)atoi(argv[1]))) {
		perror("random_close: the origin's port or OpenSSL");
		return 2;
	}
	return run(count, holding ? HOLDERS : 0, (uint32_t)atol(argv[5]));
}
