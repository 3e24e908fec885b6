/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS client that builds its records by hand, for odd_client.c. OpenSSL shakes hands; then the
 * keys are taken over and every record is sealed and opened here with EVP, on purpose without
 * libglacis: what is tested must not vouch for itself.
 *
 * Invariants: a function that fails says why on stderr and ends the program with status 1.
 */
#ifndef ODD_PEER_H
#define ODD_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ODD_CONTENT_MAX 18432u
#define ODD_RECORD_MAX  (5u + 8u + ODD_CONTENT_MAX + 17u)

enum odd_type { ODD_CCS = 20, ODD_ALERT = 21, ODD_HANDSHAKE = 22, ODD_DATA = 23 };

struct odd_direction {
	uint8_t secret[48]; /* TLS 1.3: traffic secret */
	uint8_t key[32];
	uint8_t iv[12]; /* TLS 1.2: the first 4 bytes only */
	uint64_t sequence;
};

struct odd_peer {
	int fd;
	bool tls13;
	size_t key_size;
	size_t hash_size;
	struct odd_direction out, in;
};

/* A record that came in. */
struct odd_record {
	uint8_t type; /* the inner type in TLS 1.3 */
	size_t size;
	uint8_t content[ODD_RECORD_MAX];
};

/* Ends the program with a message. */
_Noreturn void odd_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Connects to 127.0.0.1:port and takes the keys over. */
void odd_connect(struct odd_peer *peer, uint16_t port, bool tls13, bool aes256);

/* Seals one record with `padding` zero bytes (TLS 1.3) into `record`; returns its size. */
size_t odd_seal(struct odd_peer *peer, uint8_t type, const void *content, size_t size, size_t padding, uint8_t *record);

/* Sends raw bytes. */
void odd_send_raw(struct odd_peer *peer, const void *bytes, size_t size);

/* Seals and sends one record. */
void odd_send(struct odd_peer *peer, uint8_t type, const void *content, size_t size);

/* Receives and opens one record; false at the end of input. */
bool odd_receive(struct odd_peer *peer, struct odd_record *record);

/* TLS 1.3: moves a direction to its next keys. */
void odd_next_keys(struct odd_peer *peer, struct odd_direction *direction);

#endif
