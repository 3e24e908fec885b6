/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client connection of random_close: what it shall do, and doing it.
 */
#ifndef RANDOM_CLIENT_H
#define RANDOM_CLIENT_H

#include <openssl/ssl.h>

#include "random_close.h"

#define HOLD_SIZE (1u << 20) /* far more than the sockets of a client that holds take */

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

/* Before the first connection: whom to connect to. 0, or -1. */
int clients_prepare(uint16_t port);
/* Clients that hold may read from now on. */
void clients_release(void);
/* Chooses sizes, speeds and an end at random. */
void client_choose(struct client *client, uint32_t *random);
/* Or: gone right behind the ClientHello, or else there to a clean end. */
void client_choose_hello(struct client *client, bool vanishes);
/* From connect() to close(). */
void client_converse(struct client *client, uint32_t *random);

#endif
