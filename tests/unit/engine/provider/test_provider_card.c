/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis.so with a card for RSA: the emulated one, started and killed here, and one of DPDK's own devices. Every
 * signature must be right whatever becomes of the card, and the counters must say who made it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card_bed.h"

/* The allocator of gcc 12's AddressSanitizer has locks that another thread may hold at fork(). */
#ifdef __SANITIZE_ADDRESS__
#define FORK_AMONG_THREADS 0
#else
#define FORK_AMONG_THREADS 1
#endif

TestSuite(provider_card, .init = prepare, .fini = clean_up, .timeout = 180);

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
