/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crew of glacis.so under several threads, without async jobs, whose stacks ThreadSanitizer cannot follow: tasks
 * are handed over as task.c does, and waited for by a condition variable, with a task_finish of ours. Keys are made,
 * shared and let go while their tasks are under way; library contexts come and go. With a card the crew opens it, hands
 * it what it takes, and lets it go. Plain TAP, because Criterion's worker processes do not run under ThreadSanitizer,
 * whose report makes the exit status other than 0.
 *
 * usage: crew_threads FOLDER_WITH_RSA_KEYS [CARD]
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crew.h"
#include "key_pool.h"
#include "rsa_key.h"
#include "status.h"

#define THREADS 4u
#define ROUNDS  12u
#define BURST   11u /* a batch, and some that are left */

/* A task and who waits for it. */
struct waiting {
	struct task task; /* first: the crew knows its address */
	pthread_mutex_t lock;
	pthread_cond_t woken;
	uint8_t input[3 * GLACIS_X25519_SIZE], output[GLACIS_RSA_BYTES_MAX]; /* the task's */
};

static const char *folder;
static atomic_uint failures, pairs;

static void expect(bool good, const char *what)
{
	if (!good && atomic_fetch_add(&failures, 1) < 10)
		printf("# wrong: %s\n", what);
}

void task_finish(struct task *task, enum task_result result)
{
	struct waiting *waiting = (struct waiting *)task;
	struct rsa_key *key = task->key;

	pthread_mutex_lock(&waiting->lock);
	task->result = result;
	atomic_store(&task->done, true);
	pthread_cond_signal(&waiting->woken);
	pthread_mutex_unlock(&waiting->lock);
	rsa_key_release(key); /* perhaps the last who holds it */
}

/* What the module's other files ask of task.c. */
unsigned task_wait_contexts(void)
{
	return 0;
}

enum task_result task_run(struct rsa_key *key, const struct task_request *request, uint8_t *output, size_t *output_size)
{
	return TASK_REFUSED;
}

enum task_result task_exchange(const struct provider *provider, const uint8_t scalar[GLACIS_X25519_SIZE],
			       const uint8_t peer[GLACIS_X25519_SIZE], uint8_t secret[GLACIS_X25519_SIZE])
{
	return TASK_REFUSED;
}

static EVP_PKEY *read_key(const char *name)
{
	char path[512];
	FILE *file;
	EVP_PKEY *pair;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	pair = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	if (file)
		fclose(file);
	return pair;
}

static bool is_right(EVP_PKEY *pair, const uint8_t digest[32], const struct task *task)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair, NULL);
	bool good = EVP_PKEY_verify_init(context) > 0 && EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0 &&
		    EVP_PKEY_verify(context, task->output, task->op.output_size, digest, 32) == 1;

	EVP_PKEY_CTX_free(context);
	return good;
}

static void hand_over(struct waiting *waiting, struct rsa_key *key, const uint8_t digest[32])
{
	struct task *task = &waiting->task;

	*task = (struct task){ .input = waiting->input, .output = waiting->output };
	task->kind = TASK_RSA;
	task->provider = key->provider;
	task->key = rsa_key_hold(key);
	task->process = getpid();
	memcpy(task->input, digest, 32);
	task->op = (struct glacis_rsa_op){ .op.cookie = (uint64_t)(uintptr_t)task,
					   .kind = GLACIS_RSA_SIGN_PKCS1,
					   .hash = GLACIS_RSA_SHA256,
					   .input = task->input,
					   .input_size = 32,
					   .output = task->output };
	expect(crew_submit(task) == 0, "a task is taken");
}

static void wait_for(struct waiting *waiting, EVP_PKEY *pair, const uint8_t digest[32])
{
	pthread_mutex_lock(&waiting->lock);
	while (!atomic_load(&waiting->task.done))
		pthread_cond_wait(&waiting->woken, &waiting->lock);
	pthread_mutex_unlock(&waiting->lock);
	expect(waiting->task.result == TASK_DONE && is_right(pair, digest, &waiting->task), "a right signature");
}

static bool has_card(const struct settings *settings)
{
	return settings->card.device[0] != '\0';
}

/* Until the card is there, or two minutes have passed: the crew's threads turn to it by and by. */
static void wait_for_card(const struct settings *settings)
{
	for (unsigned ms = 0; ms < 120000 && strcmp(crew_card(settings), "up") != 0; ms++)
		usleep(1000);
	expect(strcmp(crew_card(settings), "up") == 0, "the card is up");
}

/* A pair of the pool, whose public half the crew is to compute again. False: none was ready. */
static bool hand_over_pair(struct waiting *waiting, const struct provider *provider)
{
	static const uint8_t base[GLACIS_X25519_SIZE] = { 9 };
	struct task *task = &waiting->task;

	*task = (struct task){ .input = waiting->input, .output = waiting->output };
	if (!key_pool_take(task->input, task->input + 2 * GLACIS_X25519_SIZE)) {
		crew_ask_keys(provider);
		return false;
	}
	task->kind = TASK_X25519;
	task->provider = provider;
	task->process = getpid();
	memcpy(task->input + GLACIS_X25519_SIZE, base, sizeof(base));
	task->exchange = (struct glacis_x25519_op){ .scalar = task->input,
						    .point = task->input + GLACIS_X25519_SIZE,
						    .result = task->output };
	expect(crew_submit(task) == 0, "a task of X25519 is taken");
	return true;
}

static void wait_for_pair(struct waiting *waiting)
{
	const struct task *task = &waiting->task;

	pthread_mutex_lock(&waiting->lock);
	while (!atomic_load(&task->done))
		pthread_cond_wait(&waiting->woken, &waiting->lock);
	pthread_mutex_unlock(&waiting->lock);
	expect(task->result == TASK_DONE &&
		       memcmp(task->output, task->input + 2 * GLACIS_X25519_SIZE, GLACIS_X25519_SIZE) == 0,
	       "a right pair, and a right secret");
	atomic_fetch_add(&pairs, 1);
}

struct member {
	struct provider *provider;
	EVP_PKEY *pair;
	pthread_t thread;
};

static void *work(void *opaque)
{
	struct member *self = opaque;
	static struct waiting all[THREADS][BURST], exchanges[THREADS][BURST];
	static atomic_uint numbers;
	unsigned number = atomic_fetch_add(&numbers, 1) % THREADS;
	struct waiting *own = all[number], *own_exchanges = exchanges[number];
	bool handed_over[BURST];
	uint8_t digest[32] = { 1, 2, 3 };

	for (unsigned i = 0; i < BURST; i++) {
		pthread_mutex_init(&own[i].lock, NULL);
		pthread_cond_init(&own[i].woken, NULL);
		pthread_mutex_init(&own_exchanges[i].lock, NULL);
		pthread_cond_init(&own_exchanges[i].woken, NULL);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (round == 2 && has_card(&self->provider->settings))
			wait_for_card(&self->provider->settings);
		struct rsa_key *key = rsa_key_new(self->provider);
		EVP_PKEY_up_ref(self->pair);
		rsa_key_adopt(key, self->pair, true);
		digest[0] = (uint8_t)round;
		for (unsigned i = 0; i < BURST; i++)
			hand_over(&own[i], key, digest);
		for (unsigned i = 0; i < BURST; i++)
			handed_over[i] = hand_over_pair(&own_exchanges[i], self->provider);
		rsa_key_release(key); /* its tasks hold it still */
		(void)crew_threads();
		(void)crew_is_crowded();
		(void)status_get(STATUS_RSA_LANES);
		for (unsigned i = 0; i < BURST; i++)
			wait_for(&own[i], self->pair, digest);
		for (unsigned i = 0; i < BURST; i++)
			if (handed_over[i])
				wait_for_pair(&own_exchanges[i]);
	}
	for (unsigned i = 0; i < BURST; i++) {
		pthread_cond_destroy(&own[i].woken);
		pthread_mutex_destroy(&own[i].lock);
		pthread_cond_destroy(&own_exchanges[i].woken);
		pthread_mutex_destroy(&own_exchanges[i].lock);
	}
	OPENSSL_thread_stop();
	return NULL;
}

int main(int argc, char **argv)
{
	static const char *const names[THREADS] = { "key2048.pem", "key2048.pem", "key3072.pem", "key4096.pem" };
	struct provider provider = { .settings = { .rsa = true, .wait_us = 2000, .threads = 3 } };
	struct member members[THREADS];

	folder = argc > 1 ? argv[1] : ".";
	if (argc > 2) {
		provider.settings.card = (struct settings_card){ .policy = GLACIS_CARD_FIRST, .deadline_ms = 60000 };
		snprintf(provider.settings.card.device, sizeof(provider.settings.card.device), "%s", argv[2]);
		snprintf(provider.settings.log, sizeof(provider.settings.log), "stderr");
	}
	printf("1..2\n");
	for (unsigned life = 0; life < 2; life++) {
		uint64_t by_card = status_get(STATUS_RSA_CARD);
		key_pool_enter();
		crew_enter();
		crew_enter(); /* a second library context, which leaves first */
		for (unsigned i = 0; i < THREADS; i++) {
			members[i] = (struct member){ .provider = &provider, .pair = read_key(names[i]) };
			expect(members[i].pair != NULL, "a key file");
			expect(pthread_create(&members[i].thread, NULL, work, &members[i]) == 0, "a thread");
		}
		crew_leave();
		for (unsigned i = 0; i < THREADS; i++)
			pthread_join(members[i].thread, NULL);
		crew_leave();
		key_pool_leave();
		expect(crew_threads() == 0, "the crew has ended");
		expect(!has_card(&provider.settings) || status_get(STATUS_RSA_CARD) > by_card + BURST, "by the card");
		expect(key_pool_ready() == 0, "the pool is gone");
		expect(atomic_load(&provider.keys) == 0, "every key is gone");
		for (unsigned i = 0; i < THREADS; i++)
			EVP_PKEY_free(members[i].pair);
		printf("%sok %u - %s\n", atomic_load(&failures) ? "not " : "", life + 1,
		       life ? "a second crew does the same" : "the crew serves threads that make and free keys");
	}
	printf("# %u pairs and secrets of X25519\n", atomic_load(&pairs));
	return atomic_load(&failures) ? 1 : 0;
}
