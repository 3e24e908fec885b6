/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proxies of `glacis-bench tls`: started with one worker on one core, measured from outside,
 * always stopped.
 *
 * Processor time is what the kernel charged to the process, all its threads, user and system. On
 * loopback that includes the work of the receiving side of TCP, which runs in the sender's context.
 */
#ifndef BENCH_TLS_PROXY_H
#define BENCH_TLS_PROXY_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "tls_card.h"

enum tls_proxy_kind {
	TLS_PROXY_GLACISD,           /* ours; the others are peers */
	TLS_PROXY_HAPROXY,           /* mode http, what operators run */
	TLS_PROXY_HAPROXY_TCP,       /* mode tcp: like glacisd it does not look at what it carries */
	TLS_PROXY_GLACISD_CARD,      /* ours with an emulated card that does all it can; its results are checked */
	TLS_PROXY_GLACISD_UNCHECKED, /* ... and are not */
	TLS_PROXY_COUNT,
};

/* What all proxies of a run have in common. */
struct tls_proxy_setup {
	const char *glacisd; /* path of the program */
	const char *vcard;   /* path of the emulated card; NULL: no proxy has one */
	const char *folder;  /* certificate, configurations and logs */
	uint16_t origin_port;
	int core;
};

struct tls_proxy {
	enum tls_proxy_kind kind;
	pid_t pid; /* 0: not running */
	uint16_t port;
	clockid_t clock;
	struct tls_card card; /* of a kind that has one */
	const struct tls_proxy_setup *setup;
};

/* Is it glacisd with a card? */
static inline int tls_proxy_has_card(enum tls_proxy_kind kind)
{
	return kind == TLS_PROXY_GLACISD_CARD || kind == TLS_PROXY_GLACISD_UNCHECKED;
}

/* "glacisd", "haproxy", "haproxy-tcp", "glacisd-card", "glacisd-unchecked". */
const char *tls_proxy_name(enum tls_proxy_kind kind);

/* Starts a proxy and waits until it accepts connections. Returns 0 or a negative errno after a
 * message with the end of the proxy's own output. */
int tls_proxy_start(const struct tls_proxy_setup *setup, enum tls_proxy_kind kind, struct tls_proxy *proxy);

/* Ends it: SIGTERM, then SIGKILL. Harmless when it does not run. */
void tls_proxy_stop(struct tls_proxy *proxy);

/* Processor time since the proxy's start, in seconds; negative when it has died. */
double tls_proxy_cpu_seconds(const struct tls_proxy *proxy);

/* Time in seconds that its threads were ready to run and did not, because others had the core; 0 where the kernel does
 * not say. */
double tls_proxy_waited_seconds(const struct tls_proxy *proxy);

/* Proportional set size in bytes (/proc/PID/smaps_rollup); negative errno when it cannot be read. */
long tls_proxy_pss_bytes(const struct tls_proxy *proxy);

/* Copies the last lines of the proxy's output to stderr. */
void tls_proxy_print_log(const struct tls_proxy *proxy);

#endif
