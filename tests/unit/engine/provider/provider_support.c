/* SPDX-License-Identifier: Apache-2.0 */
#include "provider_support.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

void world_open(struct world *world)
{
	world->ours = OSSL_LIB_CTX_new();
	world->theirs = OSSL_LIB_CTX_new();
	cr_assert(world->ours && world->theirs);
	cr_assert(OSSL_PROVIDER_set_default_search_path(world->ours, PROVIDER_DIR));
	world->glacis = OSSL_PROVIDER_load(world->ours, "glacis");
	if (!world->glacis)
		ERR_print_errors_fp(stderr);
	cr_assert_not_null(world->glacis, "glacis.so in " PROVIDER_DIR " does not load");
	world->fallback = OSSL_PROVIDER_load(world->ours, "default");
	cr_assert_not_null(world->fallback);
	cr_assert(EVP_set_default_properties(world->ours, "?provider=glacis"));
}

void world_close(struct world *world)
{
	OSSL_PROVIDER_unload(world->glacis);
	OSSL_PROVIDER_unload(world->fallback);
	OSSL_LIB_CTX_free(world->ours);
	OSSL_LIB_CTX_free(world->theirs);
}

bool world_has(const struct world *world, const char *parameter)
{
	const char *text = NULL;
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_ptr(parameter, &text, 0), OSSL_PARAM_END };

	cr_assert(OSSL_PROVIDER_get_params(world->glacis, params));
	cr_assert_not_null(text);
	if (strncmp(text, "left to OpenSSL", 15) != 0)
		return true;
	fprintf(stderr, "nothing to test here: %s\n", text);
	return false;
}

void world_open_rsa(struct world *world)
{
	world_open(world);
	if (!world_has(world, "glacis-rsa"))
		cr_skip_test("no RSA of ours here");
}

EVP_PKEY *world_key(OSSL_LIB_CTX *library, const char *name)
{
	char path[512];
	EVP_PKEY *key;
	FILE *file;

	snprintf(path, sizeof(path), VECTORS_DIR "/rsa/%s", name);
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	key = PEM_read_PrivateKey_ex(file, NULL, NULL, NULL, library, NULL);
	fclose(file);
	cr_assert_not_null(key, "%s does not decode", path);
	return key;
}

uint64_t world_counter(const struct world *world, const char *name)
{
	uint64_t value = UINT64_MAX;
	OSSL_PARAM params[] = { OSSL_PARAM_uint64(name, &value), OSSL_PARAM_END };

	cr_assert(OSSL_PROVIDER_get_params(world->glacis, params));
	cr_assert_neq(value, UINT64_MAX, "no counter %s", name);
	return value;
}

bool job_step(struct job *job, int (*function)(void *argument), void *argument, size_t size)
{
	if (!job->wait)
		job->wait = ASYNC_WAIT_CTX_new();
	cr_assert_not_null(job->wait);
	switch (ASYNC_start_job(&job->job, job->wait, &job->result, function, argument, size)) {
	case ASYNC_FINISH:
		job->finished = true;
		return true;
	case ASYNC_PAUSE:
		job->pauses++;
		return true;
	default:
		return false;
	}
}

bool job_wait(const struct job *job)
{
	struct pollfd event = { .events = POLLIN };
	OSSL_ASYNC_FD file;
	size_t count = 0;

	if (!ASYNC_WAIT_CTX_get_all_fds(job->wait, NULL, &count) || count != 1 ||
	    !ASYNC_WAIT_CTX_get_all_fds(job->wait, &file, &count))
		return false;
	event.fd = file;
	return poll(&event, 1, 5000) == 1;
}

void jobs_run(struct job *jobs, unsigned count, int (*function)(void *argument), void *arguments, size_t size)
{
	unsigned left = 0;

	for (unsigned i = 0; i < count; i++) {
		cr_assert(job_step(&jobs[i], function, (char *)arguments + i * size, size));
		left += !jobs[i].finished;
	}
	while (left > 0)
		for (unsigned i = 0; i < count; i++) {
			if (jobs[i].finished)
				continue;
			cr_assert(job_wait(&jobs[i]), "job %u is not woken", i);
			cr_assert(job_step(&jobs[i], function, (char *)arguments + i * size, size));
			left -= jobs[i].finished;
		}
}

void jobs_free(struct job *jobs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		ASYNC_WAIT_CTX_free(jobs[i].wait);
}

unsigned descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	cr_assert_not_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}
