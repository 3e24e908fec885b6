/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What glacisd is told: by the command line, or by a YAML file. Filled once before the workers
 * start, constant afterwards.
 */
#ifndef GLACISD_CONFIG_H
#define GLACISD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

#define GLACISD_WORKERS_MAX      64u
#define GLACISD_CERTIFICATES_MAX 2u /* one RSA and one ECDSA: OpenSSL serves one of each key type */

struct glacisd_certificate {
	char *cert; /* path of a PEM chain, leaf first */
	char *key;  /* path of a PEM private key */
};

struct glacisd_timeouts {
	uint32_t handshake_ms; /* from accept to the end of the handshake; default 10,000 */
	uint32_t connect_ms;   /* to the backend; default 5,000 */
	uint32_t idle_ms;      /* no byte in either direction; default 300,000 */
	uint32_t drain_ms;     /* after SIGTERM; default 30,000 */
};

/* The line of `file` each value came from, for messages; 0: a default or the command line. */
struct glacisd_config_lines {
	uint32_t listen;
	uint32_t backend;
	uint32_t admin;
	uint32_t cert[GLACISD_CERTIFICATES_MAX]; /* by index of the certificate */
	uint32_t key[GLACISD_CERTIFICATES_MAX];
	uint32_t user;
};

/* How the card is used; of no matter without one. */
struct glacisd_offload {
	char *policy; /* auto, card or cpu; NULL: auto */
	char *verify; /* all, sample or none; NULL: all */
	char *eal;    /* further arguments of DPDK's EAL, with spaces between them; NULL: none */
	uint32_t deadline_ms, memory_mib, size_from; /* 0: libglacis' default, or what it measures */
};

struct glacisd_config {
	struct glacisd_address listen;
	struct glacisd_address backend;
	struct glacisd_address admin; /* kind NONE: no admin server */
	/* One or two, of different key types; at least one once validated. Both paths of each are set. */
	struct glacisd_certificate certificates[GLACISD_CERTIFICATES_MAX];
	uint32_t certificate_count;
	uint32_t workers;         /* 0 in the input: one per core this process may use */
	uint32_t connections_max; /* per worker; default 65,536 */
	bool tls_1_2;             /* default true */
	bool session_tickets;     /* default true */
	struct glacisd_timeouts timeouts;
	char *card;       /* as libglacis takes it (glacis/card.h); NULL: none */
	struct glacisd_offload offload;
	char *user;       /* to become after start-up as root; default "nobody" */
	bool sandbox;     /* seccomp filter; default true */
	bool pin_workers; /* worker N on the Nth allowed core; default false */
	bool verbose;     /* one log line per connection that ends in error */
	bool check_only;  /* --check */
	char *file;       /* the YAML file these came from, for messages; NULL: none */
	struct glacisd_config_lines lines;
};

/* Defaults for everything but listen, backend and certificates, which must be given. */
void glacisd_config_defaults(struct glacisd_config *config);

/* Loads YAML over the defaults. On error returns a negative errno and writes one or more lines
 * "file:line: what, and what is allowed" to `message`. */
int glacisd_config_load(const char *path, struct glacisd_config *config, char *message, size_t message_size);

/* The same from memory; `name` stands for the file in messages. The fuzz target's entry. */
int glacisd_config_parse(const char *name, const uint8_t *yaml, size_t size, struct glacisd_config *config,
			 char *message, size_t message_size);

/* Checks what no single option shows: files readable, keys fit certificates, required options there.
 * Returns 0 or a negative errno, with `message` as above. */
int glacisd_config_validate(const struct glacisd_config *config, char *message, size_t message_size);

/* Forgets the certificates' paths; their lines become 0. */
void glacisd_config_clear_certificates(struct glacisd_config *config);

void glacisd_config_free(struct glacisd_config *config);

/* Parses the command line (argp: --help, --usage, --version), loads -c FILE first when given, then
 * the options over it. Exits by itself, with status 0 or 64 (EX_USAGE), for --help and bad usage. On a bad
 * value or file prints the message to stderr and returns a negative errno. */
int glacisd_options_parse(int argc, char **argv, struct glacisd_config *config);

#endif
