/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cases of odd_client.c share: their table, and what they expect of the server.
 *
 * Invariants: an expectation that is not met says why on stderr and ends the program with status 1.
 */
#ifndef ODD_CASE_H
#define ODD_CASE_H

#include "odd_peer.h"

enum odd_alert {
	ODD_ANY_ALERT = -1,
	ODD_UNEXPECTED_MESSAGE = 10,
	ODD_BAD_RECORD_MAC = 20,
	ODD_RECORD_OVERFLOW = 22,
	ODD_ILLEGAL_PARAMETER = 47,
	ODD_DECODE_ERROR = 50,
	ODD_USER_CANCELED = 90,
	ODD_NO_RENEGOTIATION = 100,
};

#define ODD_RECORD_LIMIT 16384u
#define ODD_FLOOD        1000 /* far above what any reader should put up with */

#define ODD_TLS12        1u
#define ODD_TLS13        2u
#define ODD_BOTH         (ODD_TLS12 | ODD_TLS13)

struct odd_case {
	const char *name; /* NULL ends a table */
	unsigned int versions;
	void (*run)(struct odd_peer *peer);
};
#define ODD_CASE(function, versions)                                                                                   \
	{                                                                                                              \
#function, versions, function                                                                          \
	}

extern const struct odd_case odd_record_cases[];
extern const struct odd_case odd_message_cases[];

extern const uint8_t odd_zeros[ODD_CONTENT_MAX];

/* Reads until `size` bytes of application data came and compares them; returns the KeyUpdates on the way. */
unsigned int odd_expect_echo(struct odd_peer *peer, const void *expected, size_t size);

/* Sends a line and expects its echo. */
void odd_echo(struct odd_peer *peer);

/* Reads until a fatal alert; it must be the last record. */
void odd_expect_alert(struct odd_peer *peer, enum odd_alert description);

/* Reads until a fatal alert or the end of input: a server that closes on a flood may lose its alert to a RST. */
void odd_expect_refusal(struct odd_peer *peer);

/* Reads until the end of input; no fatal alert and no data may come. */
void odd_expect_silent_end(struct odd_peer *peer);

#endif
