/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis.so with a card for RSA: the emulated one, started and killed here, and one of DPDK's own devices. Every
 * signature must be right whatever becomes of the card, and the counters must say who made it.
 */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provider_support.h"

#define JOBS       32u
#define PATIENCE_S 60u

/* The allocator of gcc 12's AddressSanitizer has locks that another thread may hold at fork(). */
#ifdef __SANITIZE_ADDRESS__
#define FORK_AMONG_THREADS 0
#else
#define FORK_AMONG_THREADS 1
#endif

static struct world world;
static char folder[] = "/tmp/glacis-provider-XXXXXX", socket_path[64], log_path[64];
static pid_t card;
static const uint8_t message[] = "The slope in front of the wall.";

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

/* ---- the card, and the world around it ---- */

static void card_start(void)
{
	char text[80];

	card = fork();
	cr_assert_geq(card, 0);
	if (card == 0) {
		snprintf(text, sizeof(text), "%s/card.out", folder);
		if (freopen(text, "a", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
			_exit(126);
		execl(VCARD, VCARD, "--socket", socket_path, (char *)NULL);
		_exit(127);
	}
	for (unsigned ms = 0; ms < PATIENCE_S * 1000 && access(socket_path, F_OK) != 0; ms++)
		pause_ms(1);
	cr_assert_eq(access(socket_path, F_OK), 0, "%s does not start", VCARD);
}

static void card_kill(void)
{
	int status;

	if (card <= 0)
		return;
	cr_assert_eq(kill(card, SIGKILL), 0);
	cr_assert_eq(waitpid(card, &status, 0), card);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the card ended by itself: %#x",
		  (unsigned)status);
	unlink(socket_path);
	card = 0;
}

/* Settings that all tests have; each adds its own before it opens the world. */
static void prepare(void)
{
	char device[96];

	cr_assert_not_null(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/card", folder);
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	snprintf(device, sizeof(device), "vfio-user:%s", socket_path);
	setenv("GLACIS_CRYPTODEV", MODULE, 1);
	setenv("GLACIS_PROVIDER_LOG", log_path, 1);
	setenv("GLACIS_PROVIDER_CARD", device, 1);
	setenv("GLACIS_PROVIDER_CARD_POLICY", "card", 1);
	setenv("GLACIS_PROVIDER_CARD_DEADLINE_MS", "30000", 1); /* the machine may be busy */
	setenv("GLACIS_PROVIDER_THREADS", "2", 1);
}

static void clean_up(void)
{
	char command[96];

	card_kill();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(provider_card, .init = prepare, .fini = clean_up, .timeout = 180);

static const char *card_text(void)
{
	const char *text = NULL;
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_ptr("glacis-card", &text, 0), OSSL_PARAM_END };

	cr_assert(OSSL_PROVIDER_get_params(world.glacis, params));
	cr_assert_not_null(text);
	return text;
}

/* How often the log says it. */
static unsigned said(const char *what)
{
	char line[2048];
	unsigned count = 0;
	FILE *file = fopen(log_path, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, what) != NULL;
	if (file != NULL)
		fclose(file);
	return count;
}

static uint64_t counter(const char *name)
{
	return world_counter(&world, name);
}

/* ---- signatures ---- */

struct task {
	EVP_PKEY *key;
	uint8_t *signature;
};

static int sign(void *argument)
{
	struct task *task = argument;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	size_t size = 512;
	bool good = EVP_DigestSignInit_ex(context, &parameters, "SHA256", world.ours, NULL, task->key, NULL) &&
		    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
		    EVP_DigestSign(context, task->signature, &size, message, sizeof(message));

	EVP_MD_CTX_free(context);
	return good;
}

static bool is_right(EVP_PKEY *theirs, const uint8_t *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	bool good = EVP_DigestVerifyInit_ex(context, &parameters, "SHA256", world.theirs, NULL, theirs, NULL) &&
		    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
		    EVP_DigestVerify(context, signature, (size_t)EVP_PKEY_get_size(theirs), message, sizeof(message)) ==
			    1;

	EVP_MD_CTX_free(context);
	return good;
}

struct keys {
	EVP_PKEY *ours, *theirs;
};

static struct keys keys_open(const char *name)
{
	return (struct keys){ world_key(world.ours, name), world_key(world.theirs, name) };
}

static void keys_close(const struct keys *keys)
{
	EVP_PKEY_free(keys->ours);
	EVP_PKEY_free(keys->theirs);
}

/* How many of so many signatures are wrong or missing. `meanwhile`, if there, runs when all jobs are paused. */
static unsigned wrong_of(const struct keys *keys, unsigned count, void (*meanwhile)(void))
{
	static uint8_t signatures[JOBS][512];
	struct task tasks[JOBS];
	struct job jobs[JOBS] = { 0 };
	unsigned wrong = 0;

	memset(signatures, 0, sizeof(signatures));
	for (unsigned i = 0; i < count; i++) {
		tasks[i] = (struct task){ keys->ours, signatures[i] };
		if (meanwhile != NULL && !job_step(&jobs[i], sign, &tasks[i], sizeof(tasks[i])))
			return count;
	}
	if (meanwhile != NULL)
		meanwhile();
	for (unsigned i = 0; i < count; i++)
		while (!jobs[i].finished)
			if ((jobs[i].job != NULL && !job_wait(&jobs[i])) ||
			    !job_step(&jobs[i], sign, &tasks[i], sizeof(tasks[i])))
				return count;
	for (unsigned i = 0; i < count; i++)
		wrong += jobs[i].result != 1 || !is_right(keys->theirs, signatures[i]);
	jobs_free(jobs, count);
	return wrong;
}

static void nothing(void)
{
}

/* Signs until the counter has grown so far; all signatures are right. */
static void sign_until(const struct keys *keys, const char *name, uint64_t least)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (counter(name) < least) {
		cr_assert_eq(wrong_of(keys, 8, nothing), 0);
		cr_assert_lt(time(NULL), end, "%s is %lu, and the card \"%s\"", name, (unsigned long)counter(name),
			     card_text());
		pause_ms(1);
	}
}

Test(provider_card, signs_by_the_card_with_keys_of_all_three_sizes)
{
	static const char *const names[] = { "key2048.pem", "key3072.pem", "key4096.pem" };

	card_start();
	world_open(&world);
	cr_assert_str_eq(card_text(), "not started");
	for (unsigned i = 0; i < 3; i++) {
		struct keys keys = keys_open(names[i]);
		uint64_t by_card = counter("glacis-rsa-card");

		sign_until(&keys, "glacis-rsa-card", by_card + 8);
		for (unsigned count = 1; count <= JOBS; count += 5)
			cr_assert_eq(wrong_of(&keys, count, nothing), 0);
		cr_assert_gt(counter("glacis-rsa-card"), by_card + 30);
		keys_close(&keys);
	}
	cr_assert_str_eq(card_text(), "up");
	cr_assert_eq(counter("glacis-rsa-card-again"), 0);
	cr_assert_eq(counter("glacis-rsa-card-policy") + counter("glacis-rsa-card-unfit"), 0);
	cr_assert_eq(counter("glacis-rsa-openssl-fault"), 0);
	world_close(&world);
	cr_assert_eq(said("at its end: "), 1);
	cr_assert_eq(said("cannot be used"), 0);
}

/* A lone client's operations go to the card without waiting for company, which would take 100 ms each. */
Test(provider_card, waits_for_nobody_while_the_card_takes_operations)
{
	struct timespec start, end;
	struct keys keys;
	long ms;

	setenv("GLACIS_PROVIDER_WAIT_US", "100000", 1);
	card_start();
	world_open(&world);
	keys = keys_open("key2048.pem");
	sign_until(&keys, "glacis-rsa-card", 8);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned i = 0; i < 80; i++)
		cr_assert_eq(wrong_of(&keys, 1 + i % 6, nothing), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
	cr_assert_lt(ms, 4000, "%ld ms for 80 groups", ms);
	keys_close(&keys);
	world_close(&world);
}

Test(provider_card, leaves_everything_to_the_processor_when_the_policy_says_so)
{
	struct keys keys;

	setenv("GLACIS_PROVIDER_CARD_POLICY", "cpu", 1);
	card_start();
	world_open(&world);
	keys = keys_open("key2048.pem");
	sign_until(&keys, "glacis-rsa-card-policy", 20);
	cr_assert_eq(counter("glacis-rsa-card"), 0);
	cr_assert_str_eq(card_text(), "up");
	keys_close(&keys);
	world_close(&world);
}

/* ---- a card that fails ---- */

Test(provider_card, is_killed_among_operations_and_comes_back)
{
	struct keys keys;

	card_start();
	world_open(&world);
	keys = keys_open("key4096.pem");
	sign_until(&keys, "glacis-rsa-card", 8);
	for (unsigned round = 0; round < 5; round++) {
		cr_assert_eq(wrong_of(&keys, JOBS, card_kill), 0, "round %u", round);
		sign_until(&keys, "glacis-rsa-card-down", counter("glacis-rsa-card-down") + 1);
		card_start();
		sign_until(&keys, "glacis-rsa-card", counter("glacis-rsa-card") + 8);
	}
	cr_assert_gt(counter("glacis-rsa-card-again"), 0);
	cr_assert_eq(counter("glacis-rsa-openssl-fault"), 0);
	cr_assert_geq(said("gets traffic again"), 5);
	keys_close(&keys);
	world_close(&world);
}

Test(provider_card, ends_with_a_card_that_is_gone)
{
	struct keys keys;

	card_start();
	world_open(&world);
	keys = keys_open("key2048.pem");
	sign_until(&keys, "glacis-rsa-card", 8);
	card_kill();
	cr_assert_eq(wrong_of(&keys, 8, nothing), 0);
	keys_close(&keys);
	world_close(&world);
	cr_assert_eq(said("at its end: "), 1);
}

/* ---- a card that is not there ---- */

Test(provider_card, is_waited_for_when_it_is_not_there)
{
	struct keys keys;

	world_open(&world);
	keys = keys_open("key2048.pem");
	for (time_t end = time(NULL) + 4; time(NULL) < end; pause_ms(20))
		cr_assert_eq(wrong_of(&keys, 8, nothing), 0);
	cr_assert_str_eq(card_text(), "out of reach, tried again");
	cr_assert_eq(counter("glacis-rsa-card"), 0);
	cr_assert_eq(said("cannot be used"), 1, "the reason is said once");
	card_start();
	sign_until(&keys, "glacis-rsa-card", 8);
	cr_assert_str_eq(card_text(), "up");
	keys_close(&keys);
	world_close(&world);
}

Test(provider_card, does_without_a_module_for_dpdk)
{
	struct keys keys;

	setenv("GLACIS_CRYPTODEV", "/nowhere/glacis-cryptodev.so", 1);
	world_open(&world);
	keys = keys_open("key2048.pem");
	for (unsigned ms = 0; ms < PATIENCE_S * 1000 && strcmp(card_text(), "unusable") != 0; ms += 10) {
		cr_assert_eq(wrong_of(&keys, 8, nothing), 0);
		pause_ms(10);
	}
	cr_assert_str_eq(card_text(), "unusable");
	cr_assert_eq(said("the module for DPDK devices cannot be loaded"), 1);
	cr_assert_eq(said("cannot be used"), 1);
	keys_close(&keys);
	world_close(&world);
}

static bool is_mapped(const char *name)
{
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");

	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, name) != NULL;
	fclose(maps);
	return found;
}

/* No setting, "none", or nonsense: then nothing of DPDK comes into the process. */
Test(provider_card, loads_nothing_without_a_good_setting)
{
	static const char *const bad[] = { "",          "none",      "vfio-user:", "vfio-user:relative/path",
					   "pci:",      "two words", ",x",         "crypto/openssl",
					   "../../card" };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct keys keys;

		setenv("GLACIS_PROVIDER_CARD", bad[i], 1);
		world_open(&world);
		keys = keys_open("key2048.pem");
		cr_assert_eq(wrong_of(&keys, 8, nothing), 0);
		cr_assert_str_eq(card_text(), "none", "card = %s", bad[i]);
		keys_close(&keys);
		world_close(&world);
	}
	cr_assert_not(is_mapped("glacis-cryptodev.so"));
	cr_assert_not(is_mapped("librte_"));
}

Test(provider_card, takes_a_device_of_dpdk_s_own)
{
	struct keys keys;

	setenv("GLACIS_PROVIDER_CARD", "crypto_openssl0", 1);
	world_open(&world);
	keys = keys_open("key2048.pem");
	sign_until(&keys, "glacis-rsa-card", 100);
	cr_assert_eq(counter("glacis-rsa-card-again"), 0);
	keys_close(&keys);
	world_close(&world);
}

/* ---- fork ---- */

/* Ends a child by its own work. _exit, because Criterion's exit handlers are the parent's. */
static void expect_child(pid_t child)
{
	int status = -1;

	cr_assert_gt(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's status is %#x", (unsigned)status);
}

/* Workers that are forked before anything was signed: each asks for the card, and who has it lets it go when it ends.
 */
Test(provider_card, serves_one_worker_after_the_other)
{
	struct keys keys;

	card_start();
	world_open(&world);
	keys = keys_open("key2048.pem");
	for (unsigned round = 0; round < 3; round++) {
		pid_t child = fork();

		if (child == 0) {
			alarm(PATIENCE_S);
			sign_until(&keys, "glacis-rsa-card", 8);
			keys_close(&keys);
			world_close(&world);
			_exit(0);
		}
		expect_child(child);
	}
	keys_close(&keys);
	world_close(&world);
}

/* A child of a process with a card: the card stays the parent's. */
Test(provider_card, leaves_the_card_to_the_process_that_had_it_first)
{
	struct keys keys;

	if (!FORK_AMONG_THREADS)
		cr_skip_test("AddressSanitizer's allocator does not survive fork() while other threads allocate");
	card_start();
	world_open(&world);
	keys = keys_open("key2048.pem");
	sign_until(&keys, "glacis-rsa-card", 8);
	for (unsigned round = 0; round < 3; round++) {
		uint64_t before = counter("glacis-rsa-card");
		pid_t child = fork();

		if (child == 0) {
			bool good;

			alarm(PATIENCE_S);
			good = wrong_of(&keys, 8, nothing) == 0 && wrong_of(&keys, JOBS, nothing) == 0 &&
			       strcmp(card_text(), "another process's") == 0 && counter("glacis-rsa-card") == before;
			keys_close(&keys);
			world_close(&world);
			_exit(!good);
		}
		expect_child(child);
		cr_assert_eq(said("before this one was forked from it"), round + 1, "each child says it once");
		sign_until(&keys, "glacis-rsa-card", before + 8);
	}
	cr_assert_eq(counter("glacis-rsa-card-again"), 0);
	keys_close(&keys);
	world_close(&world);
}

/* ---- several lives ---- */

Test(provider_card, is_unloaded_and_finds_the_card_again)
{
	card_start();
	for (unsigned round = 0; round < 3; round++) {
		struct keys keys;

		world_open(&world);
		keys = keys_open("key3072.pem");
		sign_until(&keys, "glacis-rsa-card", 8);
		keys_close(&keys);
		world_close(&world);
	}
}

/* The last user leaves while DPDK is being started. */
Test(provider_card, is_unloaded_while_the_card_is_opened)
{
	card_start();
	for (unsigned round = 0; round < 3; round++) {
		struct keys keys;

		world_open(&world);
		keys = keys_open("key2048.pem");
		cr_assert_eq(wrong_of(&keys, 1, nothing), 0);
		keys_close(&keys);
		pause_ms(round * 30);
		world_close(&world);
	}
}
