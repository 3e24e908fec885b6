/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of `glacis selftest` share: the running test with its list of results, and OpenSSL's
 * AES-GCM as the second opinion.
 *
 * A part runs checks; a check ends with one selftest_report. A check is a function that returns true, or
 * selftest_fail(...), which keeps the reason and returns false.
 */
#ifndef CLI_SELFTEST_H
#define CLI_SELFTEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "local_engine.h"

/* Longest text of a check: a full TLS record and its type byte. */
#define SELFTEST_TEXT_MAX (GLACIS_RECORD_CONTENT_MAX + 1u)

struct selftest {
	struct local_engine local;
	const char *device; /* the card to be tried too, or NULL */
	json_t *checks; /* [{"name", "ok", "why"}] */
	unsigned failed;
	bool quiet; /* print no lines: JSON is wanted */
	char why[512];
};

/* One AEAD message, both ways. */
struct selftest_message {
	size_t key_size, aad_size, size;
	uint8_t key[GLACIS_AEAD_KEY_SIZE_MAX], nonce[GLACIS_AEAD_NONCE_SIZE], aad[GLACIS_AEAD_AAD_SIZE_MAX];
	uint8_t text[SELFTEST_TEXT_MAX], sealed[SELFTEST_TEXT_MAX], tag[GLACIS_AEAD_TAG_SIZE];
};

/* Runs all parts; `failed` and `checks` say how it went. Returns 0, or -ENOMEM. */
GLACIS_MUST_CHECK int selftest_run(struct selftest *test);

void selftest_aead(struct selftest *test);
void selftest_record(struct selftest *test);
void selftest_rsa(struct selftest *test);
void selftest_x25519(struct selftest *test);
void selftest_card(struct selftest *test);

/* Prints "ok NAME" or "FAILED NAME: why" and keeps it for the JSON. */
__attribute__((format(printf, 3, 4))) void selftest_report(struct selftest *test, bool good, const char *format, ...);
/* Keeps the reason; always false. */
__attribute__((format(printf, 2, 3))) bool selftest_fail(struct selftest *test, const char *format, ...);

/* Fills `sealed` and `tag` by OpenSSL's EVP. False when OpenSSL failed. */
GLACIS_MUST_CHECK bool selftest_openssl_seal(struct selftest_message *message);
/* A text that has no period of a power of two. */
void selftest_fill(uint8_t *text, size_t size);
/* Reads at most `room` bytes of hex digits, and returns their number. */
size_t selftest_hex(const char *hex, uint8_t *bytes, size_t room);

#endif
