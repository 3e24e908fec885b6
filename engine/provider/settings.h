/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator may choose, in the provider's section of openssl.cnf or, stronger, in the environment.
 * Read once, when the module is loaded, before any thread of ours exists.
 */
#ifndef GLACIS_PROVIDER_SETTINGS_H
#define GLACIS_PROVIDER_SETTINGS_H

#include <stdbool.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <glacis/card.h>

/* Longest wait of an operation for company, in microseconds. */
#define SETTINGS_WAIT_DEFAULT_US 16000u
#define SETTINGS_WAIT_MAX_US     100000u
/* Most threads of the crew. */
#define SETTINGS_THREADS_MAX 16u

/* Longest time of an operation on a card, in milliseconds, as libglacis bounds it. */
#define SETTINGS_CARD_DEADLINE_MAX_MS 60000u

/* A card for RSA; see glacis/card.h. */
struct settings_card {
	char device[256]; /* as libglacis takes it; "": none */
	enum glacis_card_policy policy;
	unsigned deadline_ms; /* 0: libglacis' default */
	char eal[256];        /* arguments of DPDK's EAL with spaces between them */
};

struct settings {
	bool rsa;             /* offer RSA */
	bool aes;             /* offer AES-GCM */
	bool x25519;          /* offer X25519 */
	bool kdf;             /* offer the key schedule of TLS 1.3 */
	unsigned threads;     /* of the crew at most; 0: one for each processor that may be used, up to the limit */
	unsigned wait_us;     /* for company, at most */
	unsigned log_seconds; /* a line of status so often, while operations run; 0: at the end only */
	char log[512];        /* where lines of status go: "", "stderr" or a file's absolute path */
	struct settings_card card;
};

/*
 * Fills `settings`. `get_params` asks the core for the section's values; NULL: there are none. A value that makes no
 * sense is named on stderr and replaced by its default: OpenSSL would only say that the provider failed to load.
 */
void settings_read(struct settings *settings, const OSSL_CORE_HANDLE *core, OSSL_FUNC_core_get_params_fn *get_params);

#endif
