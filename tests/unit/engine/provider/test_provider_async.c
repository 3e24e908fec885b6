/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Async jobs: batches across jobs and threads, the ways a job can be woken, and everything that can go wrong around
 * one: jobs that are dropped, threads that end, fork() before, after and in the middle, contexts that go away.
 */
#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provider_support.h"

#define JOBS 32u

/* A sanitizer slows lanes down so much that OpenSSL is faster, and is then used. The allocator of gcc 12's has locks
 * that another thread may hold at fork(); the child then waits for ever in malloc. */
#ifdef __SANITIZE_ADDRESS__
#define LANES_PAY          0
#define FORK_AMONG_THREADS 0
#else
#define LANES_PAY          1
#define FORK_AMONG_THREADS 1
#endif

static struct world world;
static const uint8_t message[] = "The slope in front of the wall.";

static void open_world(void)
{
	world_open_rsa(&world);
}

static void close_world(void)
{
	world_close(&world);
}

TestSuite(provider_async, .init = open_world, .fini = close_world, .timeout = 120);

/* What a job does: signs and leaves the signature. */
struct task {
	OSSL_LIB_CTX *library;
	EVP_PKEY *key;
	int padding;
	bool blocked; /* pausing is forbidden */
	uint8_t signature[512];
	size_t size;
	bool *out_good; /* jobs get a copy of their argument */
	uint8_t *out_signature;
};

static int sign(void *argument)
{
	struct task *task = argument;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	bool good;

	if (task->blocked)
		ASYNC_block_pause();
	task->size = sizeof(task->signature);
	good = EVP_DigestSignInit_ex(context, &parameters, "SHA256", task->library, NULL, task->key, NULL) &&
	       EVP_PKEY_CTX_set_rsa_padding(parameters, task->padding) > 0 &&
	       EVP_DigestSign(context, task->signature, &task->size, message, sizeof(message));
	EVP_MD_CTX_free(context);
	if (task->blocked)
		ASYNC_unblock_pause();
	if (task->out_good)
		*task->out_good = good;
	if (task->out_signature)
		memcpy(task->out_signature, task->signature, task->size);
	return good;
}

/* Verified by OpenSSL alone. */
static bool is_right(EVP_PKEY *theirs, int padding, const uint8_t *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	bool good = EVP_DigestVerifyInit_ex(context, &parameters, "SHA256", world.theirs, NULL, theirs, NULL) &&
		    EVP_PKEY_CTX_set_rsa_padding(parameters, padding) > 0 &&
		    EVP_DigestVerify(context, signature, (size_t)EVP_PKEY_get_size(theirs), message, sizeof(message)) ==
			    1;

	EVP_MD_CTX_free(context);
	return good;
}

static void sign_in_jobs(const char *file, int padding, unsigned count)
{
	static uint8_t signatures[JOBS][512];
	EVP_PKEY *ours = world_key(world.ours, file), *theirs = world_key(world.theirs, file);
	struct job jobs[JOBS] = { 0 };
	struct task tasks[JOBS];
	bool good[JOBS] = { false };

	for (unsigned i = 0; i < count; i++)
		tasks[i] = (struct task){ .library = world.ours,
					  .key = ours,
					  .padding = padding,
					  .out_good = &good[i],
					  .out_signature = signatures[i] };
	jobs_run(jobs, count, sign, tasks, sizeof(tasks[0]));
	for (unsigned i = 0; i < count; i++) {
		cr_assert(good[i] && jobs[i].result == 1);
		cr_assert_gt(jobs[i].pauses, 0);
		cr_assert(is_right(theirs, padding, signatures[i]), "%s, job %u", file, i);
	}
	jobs_free(jobs, count);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}

Test(provider_async, signs_in_lanes_with_keys_of_all_three_sizes)
{
	static const char *const files[] = { "key2048.pem", "key3072.pem", "key4096.pem" };

	cr_assert(ASYNC_init_thread(JOBS, 0));
	for (unsigned i = 0; i < 3; i++) {
		sign_in_jobs(files[i], RSA_PKCS1_PADDING, JOBS);
		sign_in_jobs(files[i], RSA_PKCS1_PSS_PADDING, JOBS);
	}
	cr_assert_eq(world_counter(&world, "glacis-rsa-lanes") + world_counter(&world, "glacis-rsa-single"), 6 * JOBS);
	cr_assert_geq(world_counter(&world, "glacis-rsa-lanes"), LANES_PAY * 3 * JOBS);
	cr_assert_geq(world_counter(&world, "glacis-rsa-batches"), LANES_PAY * 3 * JOBS / 8);
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-fault"), 0);
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-key"), 0);
	ASYNC_cleanup_thread();
}

/* No waiting for company: 20 jobs one after another would wait 20 times wait_us, which is set to 100 ms here. */
Test(provider_async, serves_a_job_alone_at_once)
{
	struct timespec start, end;

	world_close(&world);
	setenv("GLACIS_PROVIDER_WAIT_US", "100000", 1);
	world_open(&world);
	sign_in_jobs("key2048.pem", RSA_PKCS1_PADDING, 1); /* imports and measures */
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < 20; i++)
		sign_in_jobs("key2048.pem", RSA_PKCS1_PADDING, 1);
	clock_gettime(CLOCK_MONOTONIC, &end);
	cr_assert_lt(end.tv_sec - start.tv_sec, 2);
	cr_assert_geq(world_counter(&world, "glacis-rsa-single") + world_counter(&world, "glacis-rsa-lanes"), 21);
	ASYNC_cleanup_thread();
}

/* Five of six that were there before, each time: the sixth does not come, and the program sleeps. Twenty waits of 100
 * ms would be two seconds. */
Test(provider_async, does_not_wait_for_an_idle_program)
{
	struct timespec start, end;
	double seconds;

	world_close(&world);
	setenv("GLACIS_PROVIDER_WAIT_US", "100000", 1);
	world_open(&world);
	cr_assert(ASYNC_init_thread(JOBS, 0));
	sign_in_jobs("key2048.pem", RSA_PKCS1_PADDING, 6); /* imports and measures */
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < 20; i++) {
		sign_in_jobs("key2048.pem", RSA_PKCS1_PADDING, 6);
		sign_in_jobs("key2048.pem", RSA_PKCS1_PADDING, 5);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
	cr_assert_lt(seconds, 1.5);
	ASYNC_cleanup_thread();
}

Test(provider_async, leaves_keys_that_lanes_do_not_know_to_openssl)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(world.ours, NULL, "RSA", (size_t)1024);
	struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	struct job job = { 0 };

	cr_assert(job_step(&job, sign, &task, sizeof(task)));
	cr_assert(job.finished && job.result == 1 && job.pauses == 0);
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-key"), 1);
	jobs_free(&job, 1);
	EVP_PKEY_free(key);
	ASYNC_cleanup_thread();
}

/* The operations of EVP_PKEY_sign and EVP_PKEY_decrypt. */
struct bare {
	EVP_PKEY *key;
	const uint8_t *sealed;
	int expected;
};

static int sign_bare(void *argument)
{
	const struct bare *bare = argument;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, bare->key, NULL);
	uint8_t text[36] = { 1, 2, 3 }, signature[256], recovered[256];
	size_t size = sizeof(signature), recovered_size = sizeof(recovered);
	bool good = EVP_PKEY_sign_init(context) > 0 && EVP_PKEY_sign(context, signature, &size, text, 36) > 0 &&
		    EVP_PKEY_verify_recover_init(context) > 0 &&
		    EVP_PKEY_verify_recover(context, recovered, &recovered_size, signature, size) > 0 &&
		    recovered_size == 36 && memcmp(recovered, text, 36) == 0;

	EVP_PKEY_CTX_free(context);
	return good;
}

static int decrypt(void *argument)
{
	const struct bare *bare = argument;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, bare->key, NULL);
	uint8_t opened[256];
	size_t size = sizeof(opened);
	bool good = EVP_PKEY_decrypt_init(context) > 0 &&
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
		    EVP_PKEY_decrypt(context, opened, &size, bare->sealed, 256) > 0;

	if (good)
		good = size == sizeof(message) && memcmp(opened, message, size) == 0;
	else if (!bare->expected)
		ERR_clear_error();
	EVP_PKEY_CTX_free(context);
	return good == bare->expected;
}

Test(provider_async, signs_without_a_digest_and_decrypts_oaep)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(world.ours, key, NULL);
	uint8_t sealed[256], spoilt[256];
	size_t size = sizeof(sealed);
	struct job jobs[16] = { 0 };
	struct bare bare[16];

	cr_assert(EVP_PKEY_encrypt_init(context) > 0 &&
		  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
		  EVP_PKEY_encrypt(context, sealed, &size, message, sizeof(message)) > 0);
	EVP_PKEY_CTX_free(context);
	memcpy(spoilt, sealed, sizeof(sealed));
	spoilt[200] ^= 1;
	for (unsigned i = 0; i < 16; i++)
		bare[i] = (struct bare){ key, i % 2 ? sealed : spoilt, i % 2 };
	jobs_run(jobs, 16, decrypt, bare, sizeof(bare[0]));
	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(jobs[i].result, 1, "decryption %u", i);
	jobs_free(jobs, 16);
	memset(jobs, 0, sizeof(jobs));
	jobs_run(jobs, 16, sign_bare, bare, sizeof(bare[0]));
	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(jobs[i].result, 1, "signature %u", i);
	jobs_free(jobs, 16);
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-padding"), 0);
	cr_assert_geq(world_counter(&world, "glacis-rsa-lanes") + world_counter(&world, "glacis-rsa-single"), 32);
	EVP_PKEY_free(key);
	ASYNC_cleanup_thread();
}

/* ---- waking ---- */

static int called(void *argument)
{
	atomic_fetch_add((atomic_int *)argument, 1);
	return 1;
}

Test(provider_async, calls_the_application_back)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	struct job job = { .wait = ASYNC_WAIT_CTX_new() };
	atomic_int calls = 0;

	cr_assert(ASYNC_WAIT_CTX_set_callback(job.wait, called, &calls));
	cr_assert(job_step(&job, sign, &task, sizeof(task)));
	cr_assert_not(job.finished);
	for (unsigned ms = 0; ms < 5000 && atomic_load(&calls) == 0; ms++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	cr_assert_eq(atomic_load(&calls), 1);
	cr_assert(job_step(&job, sign, &task, sizeof(task)));
	cr_assert(job.finished && job.result == 1);
	jobs_free(&job, 1);
	EVP_PKEY_free(key);
	ASYNC_cleanup_thread();
}

/* HAProxy ends when a connection has a descriptor that it was not told of in a pause. */
Test(provider_async, registers_no_descriptor_without_a_pause)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };

	for (unsigned i = 0; i < 200; i++) {
		struct job job = { 0 };
		size_t count = 0;
		task.blocked = i % 20 == 19;
		cr_assert(job_step(&job, sign, &task, sizeof(task)));
		cr_assert_eq(job.finished, task.blocked, "the job is paused, however fast the result is there");
		while (!job.finished) {
			cr_assert(job_wait(&job));
			cr_assert(job_step(&job, sign, &task, sizeof(task)));
		}
		cr_assert_eq(job.result, 1);
		cr_assert(ASYNC_WAIT_CTX_get_all_fds(job.wait, NULL, &count));
		cr_assert_eq(count, task.blocked ? 0 : 1);
		jobs_free(&job, 1);
	}
	EVP_PKEY_free(key);
	ASYNC_cleanup_thread();
}

Test(provider_async, is_patient_with_a_job_that_is_resumed_too_early)
{
	EVP_PKEY *key = world_key(world.ours, "key4096.pem");
	struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	struct job job = { 0 };

	for (unsigned i = 0; i < 1000 && !job.finished; i++)
		cr_assert(job_step(&job, sign, &task, sizeof(task)));
	cr_assert(job.finished && job.result == 1);
	jobs_free(&job, 1);
	EVP_PKEY_free(key);
	ASYNC_cleanup_thread();
}

/* ---- what is dropped ---- */

/* An application may free a connection whose job is paused. The job's memory is OpenSSL's to lose; descriptors, keys
 * and tasks are ours. */
Test(provider_async, survives_jobs_that_are_never_resumed)
{
	EVP_PKEY *key = world_key(world.ours, "key4096.pem");
	struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	unsigned before;

	sign_in_jobs("key4096.pem", RSA_PKCS1_PADDING, 1);
	before = descriptors();
	for (unsigned i = 0; i < 20; i++) {
		struct job job = { 0 };
		cr_assert(job_step(&job, sign, &task, sizeof(task)));
		cr_assert_not(job.finished);
		jobs_free(&job, 1); /* while the operation is under way */
	}
	EVP_PKEY_free(key);
	sign_in_jobs("key4096.pem", RSA_PKCS1_PADDING, 8); /* behind them */
	for (unsigned ms = 0; ms < 5000 && descriptors() > before; ms++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	cr_assert_leq(descriptors(), before, "%u descriptors, %u before", descriptors(), before);
}

static void *sign_and_die(void *argument)
{
	struct task *task = argument;
	struct job job = { 0 };

	ASYNC_init_thread(4, 0);
	if (!job_step(&job, sign, task, sizeof(*task)) || job.finished)
		return NULL;
	ASYNC_WAIT_CTX_free(job.wait);
	return task; /* the thread's jobs end with it */
}

Test(provider_async, survives_threads_that_end_with_a_job_under_way)
{
	EVP_PKEY *key = world_key(world.ours, "key3072.pem");
	struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	void *result;

	for (unsigned i = 0; i < 20; i++) {
		pthread_t thread;
		cr_assert_eq(pthread_create(&thread, NULL, sign_and_die, &task), 0);
		cr_assert_eq(pthread_join(thread, &result), 0);
		cr_assert_eq(result, &task);
	}
	sign_in_jobs("key3072.pem", RSA_PKCS1_PADDING, 8);
	EVP_PKEY_free(key);
}

static void *sign_many(void *argument)
{
	EVP_PKEY *key = world_key(world.ours, argument);
	struct task tasks[8];
	struct job jobs[8] = { 0 };

	for (unsigned i = 0; i < 8; i++)
		tasks[i] = (struct task){ .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	for (unsigned round = 0; round < 10; round++) {
		jobs_run(jobs, 8, sign, tasks, sizeof(tasks[0]));
		for (unsigned i = 0; i < 8; i++) {
			cr_assert_eq(jobs[i].result, 1);
			jobs[i].finished = false;
			jobs[i].job = NULL;
		}
	}
	jobs_free(jobs, 8);
	EVP_PKEY_free(key);
	ASYNC_cleanup_thread();
	return NULL;
}

Test(provider_async, batches_across_threads)
{
	static char files[][12] = { "key2048.pem", "key3072.pem", "key2048.pem", "key4096.pem", "key2048.pem" };
	pthread_t threads[5];

	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, sign_many, files[i]), 0);
	for (unsigned i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(world_counter(&world, "glacis-rsa-lanes") + world_counter(&world, "glacis-rsa-single"), 400);
	cr_assert_geq(world_counter(&world, "glacis-rsa-lanes"), LANES_PAY * 200);
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-fault"), 0);
}

/* ---- fork ---- */

/* Ends a child by its own work: status 0 when `good`. _exit, because Criterion's exit handlers are the parent's. */
static void expect_child(pid_t child)
{
	int status = -1;

	cr_assert_gt(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's status is %#x", (unsigned)status);
}

static int child_signs(EVP_PKEY *key, EVP_PKEY *theirs)
{
	static uint8_t signatures[8][512];
	struct task tasks[8];
	struct job jobs[8] = { 0 };
	bool good[8] = { false };

	alarm(30);
	for (unsigned i = 0; i < 8; i++)
		tasks[i] = (struct task){ .library = world.ours,
					  .key = key,
					  .padding = RSA_PKCS1_PADDING,
					  .out_good = &good[i],
					  .out_signature = signatures[i] };
	jobs_run(jobs, 8, sign, tasks, sizeof(tasks[0]));
	for (unsigned i = 0; i < 8; i++)
		if (!good[i] || !is_right(theirs, RSA_PKCS1_PADDING, signatures[i]))
			return 1;
	jobs_free(jobs, 8);
	return 0;
}

Test(provider_async, works_in_children_forked_before_and_after_first_use)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem"), *theirs = world_key(world.theirs, "key2048.pem");

	for (unsigned round = 0; round < 4; round++) {
		pid_t child = fork();
		if (child == 0) {
			int status = child_signs(key, theirs);
			/* A grandchild too: workers of workers. */
			pid_t grandchild = fork();
			if (grandchild == 0)
				_exit(child_signs(key, theirs));
			waitpid(grandchild, &status, 0);
			/* The end of everything in a child, as exit() would have it. */
			EVP_PKEY_free(key);
			world_close(&world);
			_exit(status != 0);
		}
		expect_child(child);
		cr_assert_eq(child_signs(key, theirs), 0);
	}
	EVP_PKEY_free(key);
	EVP_PKEY_free(theirs);
	ASYNC_cleanup_thread();
}

Test(provider_async, lets_a_job_end_in_a_child_that_was_forked_meanwhile)
{
	EVP_PKEY *key = world_key(world.ours, "key4096.pem"), *theirs = world_key(world.theirs, "key4096.pem");
	static uint8_t signature[512];
	bool good = false;
	struct task task = { .library = world.ours,
			     .key = key,
			     .padding = RSA_PKCS1_PADDING,
			     .out_good = &good,
			     .out_signature = signature };
	struct job job = { 0 };
	pid_t child;

	if (!FORK_AMONG_THREADS)
		cr_skip_test("AddressSanitizer's allocator does not survive fork() while other threads allocate");
	cr_assert(job_step(&job, sign, &task, sizeof(task)));
	cr_assert_not(job.finished);
	child = fork();
	if (child == 0) {
		alarm(30);
		bool done = job_step(&job, sign, &task, sizeof(task)) && job.finished && good &&
			    is_right(theirs, RSA_PKCS1_PADDING, signature);
		jobs_free(&job, 1);
		_exit(!done || child_signs(key, theirs));
	}
	expect_child(child);
	/* The parent's job has not lost its waker to the child. */
	cr_assert(job_wait(&job));
	cr_assert(job_step(&job, sign, &task, sizeof(task)));
	cr_assert(job.finished && good && is_right(theirs, RSA_PKCS1_PADDING, signature));
	jobs_free(&job, 1);
	EVP_PKEY_free(key);
	EVP_PKEY_free(theirs);
	ASYNC_cleanup_thread();
}

/* fork() at any moment of the crew's work, its start and the import of a key included. The process that forks has no
 * threads but those of the crew: OpenSSL's own locks do not survive fork() with other threads at work in them. */
Test(provider_async, is_forked_at_any_moment)
{
	EVP_PKEY *theirs = world_key(world.theirs, "key2048.pem");

	if (!FORK_AMONG_THREADS)
		cr_skip_test("AddressSanitizer's allocator does not survive fork() while other threads allocate");
	for (unsigned round = 0; round < 25; round++) {
		EVP_PKEY *key = world_key(world.ours, "key2048.pem");
		struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
		struct job jobs[10] = { 0 };
		pid_t child;
		for (unsigned i = 0; i < 10; i++)
			cr_assert(job_step(&jobs[i], sign, &task, sizeof(task)));
		nanosleep(&(struct timespec){ .tv_nsec = (round % 13) * 100000 }, NULL);
		child = fork();
		if (child == 0)
			_exit(child_signs(key, theirs));
		expect_child(child);
		for (unsigned i = 0; i < 10; i++)
			while (!jobs[i].finished) {
				cr_assert(job_wait(&jobs[i]));
				cr_assert(job_step(&jobs[i], sign, &task, sizeof(task)));
			}
		jobs_free(jobs, 10);
		EVP_PKEY_free(key);
	}
	EVP_PKEY_free(theirs);
	ASYNC_cleanup_thread();
}

/* ---- two contexts, unloading ---- */

Test(provider_async, serves_two_library_contexts_and_outlives_one)
{
	struct world second;
	EVP_PKEY *key;
	struct task task;
	struct job job = { 0 };

	world_open(&second);
	key = world_key(second.ours, "key4096.pem");
	task = (struct task){ .library = second.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	sign_in_jobs("key4096.pem", RSA_PKCS1_PADDING, 8);
	/* A job of the second is dropped, and its context with it, while its operation is under way. */
	cr_assert(job_step(&job, sign, &task, sizeof(task)));
	jobs_free(&job, 1);
	EVP_PKEY_free(key);
	world_close(&second);
	sign_in_jobs("key2048.pem", RSA_PKCS1_PSS_PADDING, 8);
	cr_assert_eq(world_counter(&world, "glacis-rsa-openssl-fault"), 0);
}

static unsigned threads(void)
{
	char line[128];
	unsigned count = 0;
	FILE *status = fopen("/proc/self/status", "r");

	cr_assert_not_null(status);
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "Threads: %u", &count) == 1)
			break;
	fclose(status);
	return count;
}

static bool is_mapped(void)
{
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");

	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, "glacis.so");
	fclose(maps);
	return found;
}

Test(provider_async, is_unloaded_and_loaded_again)
{
	unsigned files = 0, others = threads();

	for (unsigned round = 0; round < 5; round++) {
		struct world own;
		EVP_PKEY *key;
		struct job job = { 0 };
		world_open(&own);
		key = world_key(own.ours, "key2048.pem");
		struct task task = { .library = own.ours, .key = key, .padding = RSA_PKCS1_PADDING };
		jobs_run(&job, 1, sign, &task, sizeof(task));
		cr_assert_eq(job.result, 1);
		cr_assert_gt(threads(), others);
		jobs_free(&job, 1);
		EVP_PKEY_free(key);
		world_close(&own);
		if (round == 0) {
			world_close(&world); /* the last user of the module */
			files = descriptors();
		}
		cr_assert_eq(threads(), others, "%u threads, %u before", threads(), others);
		cr_assert_eq(descriptors(), files);
		cr_assert_not(is_mapped(), "dlclose has unmapped the module");
	}
	world_open(&world);
	ASYNC_cleanup_thread();
}

/* A connection's wait context that is freed after the provider: the function it calls must be there still. */
Test(provider_async, stays_mapped_while_a_wait_context_knows_it)
{
	EVP_PKEY *key = world_key(world.ours, "key2048.pem");
	struct task task = { .library = world.ours, .key = key, .padding = RSA_PKCS1_PADDING };
	struct job job = { 0 };

	jobs_run(&job, 1, sign, &task, sizeof(task));
	EVP_PKEY_free(key);
	world_close(&world);
	cr_assert(is_mapped());
	jobs_free(&job, 1);
	world_open(&world);
	ASYNC_cleanup_thread();
}
