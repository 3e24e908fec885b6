/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The servers of `glacis-bench provider`: HAProxy and nginx of the system, each as it is and with glacis.so, with one
 * thread on one core; started, measured from outside, always stopped.
 */
#ifndef BENCH_PROVIDER_SERVER_H
#define BENCH_PROVIDER_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum provider_server_kind { PROVIDER_HAPROXY, PROVIDER_NGINX, PROVIDER_SERVERS };

/* What all of a run have in common. */
struct provider_setup {
	const char *folder;  /* keys, certificates, configurations, logs */
	const char *modules; /* where glacis.so is */
	const char *against; /* where the peer's glacis.so is; NULL: it has none */
	uint16_t origin_port;
	int core;
};

struct provider_server {
	enum provider_server_kind kind;
	const char *modules; /* where its glacis.so is; NULL: it has none */
	pid_t pid;           /* 0: not running */
	uint16_t port;
	clockid_t clock;
};

/* "HAProxy", "nginx". */
const char *provider_server_name(enum provider_server_kind kind);

/* Makes bitsN.pem (certificate and key) and certN.pem in the folder. Returns 0 or a negative errno after a message. */
int provider_credentials(const char *folder, unsigned bits);

/* Starts ours or its peer with the key of `bits` and waits until it accepts connections. Returns 0 or a negative errno
 * after a message. */
int provider_server_start(const struct provider_setup *setup, enum provider_server_kind kind, bool ours, unsigned bits,
			  struct provider_server *server);
void provider_server_stop(struct provider_server *server);

/* Processor time since its start, all threads, user and system; negative when it has died. */
double provider_server_cpu(const struct provider_server *server);
/* The same, once it has nothing left to do: no processor time for some milliseconds, or two seconds are over. */
double provider_server_settle(const struct provider_server *server);

#endif
