/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `glacis-bench provider` measures in its own process: AES-GCM messages and lone RSA signatures through EVP, with
 * glacis.so and with OpenSSL's default provider in turns.
 */
#ifndef BENCH_PROVIDER_LOCAL_H
#define BENCH_PROVIDER_LOCAL_H

#include "stats.h"

/* One line: ours and theirs in nanoseconds. */
struct provider_local_result {
	char name[64];
	struct bench_samples ours, theirs;
};

#define PROVIDER_LOCAL_RESULTS 11u

/* Fills `results`. `modules` is the folder of glacis.so. Returns how many, or a negative errno after a message. */
int provider_local_measure(const char *modules, unsigned rounds, struct provider_local_result *results);

#endif
