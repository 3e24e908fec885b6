/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of glacis.so: library contexts that load the module of this build, OpenSSL alone beside them, keys,
 * counters, async jobs.
 */
#ifndef TESTS_PROVIDER_SUPPORT_H
#define TESTS_PROVIDER_SUPPORT_H

#include <openssl/async.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdbool.h>
#include <stdint.h>

/* A library context with glacis and default, glacis preferred; and one with default alone. */
struct world {
	OSSL_LIB_CTX *ours, *theirs;
	OSSL_PROVIDER *glacis, *fallback;
};

void world_open(struct world *world);
/* ... and ends the test as skipped where the provider has no RSA. */
void world_open_rsa(struct world *world);
void world_close(struct world *world);

/* Whether this processor gives the provider its RSA, or its AES: "glacis-rsa", "glacis-aes". */
bool world_has(const struct world *world, const char *parameter);

/* A key file of tests/vectors/rsa, decoded in `library`. */
EVP_PKEY *world_key(OSSL_LIB_CTX *library, const char *name);

/* A counter of the provider. */
uint64_t world_counter(const struct world *world, const char *name);

/* Async jobs: `function` runs in each of `count` jobs with a pointer to its slot. */
struct job {
	ASYNC_JOB *job;
	ASYNC_WAIT_CTX *wait;
	int result; /* of the function */
	bool finished;
	unsigned pauses;
};

/* Starts a job, or lets it go on. False when it has failed. */
bool job_step(struct job *job, int (*function)(void *argument), void *argument, size_t size);
/* Waits until the descriptor of a paused job is readable; false after 5 seconds. */
bool job_wait(const struct job *job);
/* Runs all to their end. */
void jobs_run(struct job *jobs, unsigned count, int (*function)(void *argument), void *arguments, size_t size);
void jobs_free(struct job *jobs, unsigned count);

/* Open descriptors of this process. */
unsigned descriptors(void);

#endif
