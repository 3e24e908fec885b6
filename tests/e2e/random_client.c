/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client connection of random_close. See random_client.h.
 */
#include "random_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOLD_RECEIVE 8192
#define HOLD_SEGMENT 1200

static struct sockaddr_in glacisd_address;
static SSL_CTX *context;
static atomic_bool released;

int clients_prepare(uint16_t port)
{
	glacisd_address = (struct sockaddr_in){ .sin_family = AF_INET,
						.sin_port = htons(port),
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	context = SSL_CTX_new(TLS_client_method());
	return context ? 0 : -1;
}

void clients_release(void)
{
	atomic_store(&released, true);
}

static uint32_t random_size(uint32_t *state)
{
	static const uint32_t limits[] = { 1, 100, 4096, 4097, 20000, 70000, 300000, 1500000 };
	uint32_t limit = limits[next_random(state) % (sizeof(limits) / sizeof(*limits))];

	return next_random(state) % (limit + 1);
}

void client_choose(struct client *client, uint32_t *random)
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
}

void client_choose_hello(struct client *client, bool vanishes)
{
	client->vanish = vanishes ? BEHIND_HELLO : STAY;
	client->header.flags &= ~(uint32_t)(RESET_BY_ORIGIN | CLOSED_BY_ORIGIN | CLEAN);
	client->header.flags |= vanishes ? 0 : CLEAN;
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

void client_converse(struct client *client, uint32_t *random)
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
	atomic_fetch_add(whole ? &outcome.clean : &outcome.broken, 1);
	SSL_free(client->ssl);
	if (client->fd >= 0)
		close(client->fd);
}
