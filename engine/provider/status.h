/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the provider did in this process, and by whom: counters, provider parameters, a line of text. A child after
 * fork() goes on from its parent's figures; status_line() says whose they are.
 */
#ifndef GLACIS_PROVIDER_STATUS_H
#define GLACIS_PROVIDER_STATUS_H

#include <stdint.h>

#include <openssl/core.h>

#include "provider.h"

/* How private RSA operations and AES-GCM operations were computed. Each is a provider parameter of that name. */
#define STATUS_COUNTERS(X)                                                                                             \
	X(RSA_LANES, "glacis-rsa-lanes")                   /* eight side by side */                                    \
	X(RSA_SINGLE, "glacis-rsa-single")                 /* of an async job, but too few waited to pay for lanes */  \
	X(RSA_BATCHES, "glacis-rsa-batches")               /* batches of lanes */                                      \
	X(RSA_CARD, "glacis-rsa-card")                     /* by the card */                                           \
	X(RSA_CARD_AGAIN, "glacis-rsa-card-again")         /* on the card, and run again: error, late, wrong */        \
	X(RSA_CARD_POLICY, "glacis-rsa-card-policy")       /* not on the card: the processor costs less, or policy */  \
	X(RSA_CARD_FULL, "glacis-rsa-card-full")           /* ... its places are taken */                              \
	X(RSA_CARD_DOWN, "glacis-rsa-card-down")           /* ... it is suspect or lost, or RSA failed on it */        \
	X(RSA_CARD_UNFIT, "glacis-rsa-card-unfit")         /* ... it does no RSA */                                    \
	X(RSA_OPENSSL_NO_JOB, "glacis-rsa-openssl-no-job") /* the caller is not in an async job */                     \
	X(RSA_OPENSSL_KEY, "glacis-rsa-openssl-key")       /* the key's size or form */                                \
	X(RSA_OPENSSL_PADDING, "glacis-rsa-openssl-padding") /* padding or digest that lanes do not know */            \
	X(RSA_OPENSSL_FAULT, "glacis-rsa-openssl-fault") /* no thread, no memory, full, late, forked, failed check */  \
	X(X25519_AHEAD, "glacis-x25519-ahead")           /* key pairs that lay ready */                                \
	X(X25519_LANES, "glacis-x25519-lanes")           /* secrets, up to eight side by side */                       \
	X(X25519_BATCHES, "glacis-x25519-batches")       /* batches of them */                                         \
	X(X25519_OPENSSL, "glacis-x25519-openssl")       /* pairs and secrets by OpenSSL */                            \
	X(AES_OPERATIONS, "glacis-aes-ipsec-mb")         /* messages, by ipsec-mb */                                   \
	X(AES_OPENSSL, "glacis-aes-openssl")             /* messages with unusual nonces or much associated data */

enum status_counter {
#define STATUS_ENUM(name, text) STATUS_##name,
	STATUS_COUNTERS(STATUS_ENUM)
#undef STATUS_ENUM
		STATUS_COUNT
};

void status_add(enum status_counter counter, uint64_t count);
uint64_t status_get(enum status_counter counter);

/* Writes one line to where the settings say, if they say so. Never called from a signal handler. */
void status_log(const struct provider *provider, const char *when);

/* Writes a line of text to `path`, which is a setting `log`. */
void status_say(const char *path, const char *text);

/* status_log, when `log_seconds` have passed since the last line. Cheap otherwise. */
void status_log_if_due(const struct provider *provider);

/* OpenSSL's functions for provider parameters. */
const OSSL_PARAM *status_gettable_params(void *provider);
int status_get_params(void *provider, OSSL_PARAM params[]);

#endif
