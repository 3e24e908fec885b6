/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What surrounds proxies that are measured: a core for them and one for client and origin, the private network, the
 * certificate, the origin, a folder for it all. Signals only set tls_interrupted, so that every run comes to
 * tls_bed_close().
 */
#ifndef BENCH_TLS_BED_H
#define BENCH_TLS_BED_H

#include <limits.h>

#include "report.h"
#include "tls_proxy.h"

/* Zero-initialise. */
struct tls_bed {
	struct tls_proxy_setup setup;
	pid_t origin;
	char folder[64];
	char authority[PATH_MAX];
	char glacisd[PATH_MAX], vcard[PATH_MAX];
	char network[128];
};

/* The one at `path` or, when that is NULL, the one of this build tree. Returns 0 or a negative errno after a message.
 */
int tls_bed_find_glacisd(struct tls_bed *bed, const char *path);

/* The emulated card of this build tree. Returns 0 or a negative errno after a message. */
int tls_bed_find_vcard(struct tls_bed *bed);

/* Takes this process to its core and its network; before anything is started. */
void tls_bed_place(struct tls_bed *bed);

void tls_bed_describe(const struct tls_bed *bed, struct bench_report *report);

/* Makes the folder and the certificate and starts the origin. Returns 0 or a negative errno after a message; close it
 * all the same. */
int tls_bed_open(struct tls_bed *bed);

/* Stops the origin and removes the folder; the proxies are gone by then. */
void tls_bed_close(struct tls_bed *bed);

/* Says so on standard error when that is what ended the run. */
void tls_bed_say_interrupted(void);

#endif
