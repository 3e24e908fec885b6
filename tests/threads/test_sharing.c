/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What threads share in libglacis, used by several of them at once: the engine, RSA keys, expanded keys of
 * sessions that wander between queues, counters. Results are checked; made for a build with ThreadSanitizer, whose
 * report makes the exit status other than 0. Plain TAP, because Criterion's worker processes do not run there.
 *
 * usage: test_sharing FOLDER_WITH_RSA_KEYS
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glacis/glacis.h>

#define THREADS  4u
#define SESSIONS 24u
#define BURST    11u /* one batch of RSA lanes, and some that are alone */
#define KEY_FILE 8192u

struct bed;

struct member {
	struct bed *bed;
	unsigned index;
	void (*work)(struct member *self);
	pthread_t thread;
	struct glacis_queue *queue; /* the thread's own; others read its counters while it is `ready` */
	atomic_bool ready;
};

/* One engine, a team of threads, and what they hand one another. */
struct bed {
	struct glacis_engine *engine;
	struct glacis_rsa_key *key;
	struct member members[THREADS];
	pthread_barrier_t barrier;
	pthread_mutex_t lock;                             /* of the two below */
	struct glacis_aead_session *session[SESSIONS][2]; /* seal and open; NULL: a thread has it */
	uint64_t nonce[SESSIONS];
	atomic_uint working;
};

static const char *keys_folder;
static atomic_uint failures;

static bool expect(bool true_for, const char *what)
{
	if (!true_for && atomic_fetch_add(&failures, 1) < 10)
		printf("# wrong: %s\n", what);
	return true_for;
}

static size_t read_key(const char *name, uint8_t bytes[KEY_FILE])
{
	char path[512];
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", keys_folder, name);
	file = fopen(path, "rb");
	if (!expect(file != NULL, path))
		return 0;
	size = fread(bytes, 1, KEY_FILE, file);
	fclose(file);
	return size;
}

static struct glacis_rsa_key *import(struct glacis_engine *engine, const char *name)
{
	struct glacis_rsa_key *key = NULL;
	uint8_t bytes[KEY_FILE];
	size_t size = read_key(name, bytes);

	expect(glacis_rsa_key_import(engine, bytes, size, NULL, NULL, &key, NULL, 0) == 0, name);
	return key;
}

/* ---- RSA ---- */

/* Runs them all, and polls until each is done. */
static void run_rsa(struct glacis_queue *queue, struct glacis_rsa_op *ops, unsigned count)
{
	struct glacis_rsa_op *pointers[BURST];
	struct glacis_op *done[BURST];
	unsigned completed = 0;

	for (unsigned i = 0; i < count; i++)
		pointers[i] = &ops[i];
	if (!expect(glacis_rsa_submit(queue, pointers, count) == (int)count, "RSA operations are accepted"))
		return;
	glacis_queue_flush(queue);
	while (completed < count)
		completed += glacis_queue_poll(queue, done, BURST);
	for (unsigned i = 0; i < count; i++)
		expect(ops[i].op.status == GLACIS_STATUS_OK, "an RSA operation ends well");
}

/* Private operations, undone by public ones. */
static void there_and_back(struct glacis_queue *queue, const struct glacis_rsa_key *key, unsigned count, unsigned seed)
{
	static _Thread_local uint8_t input[BURST][GLACIS_RSA_BYTES_MAX], middle[BURST][GLACIS_RSA_BYTES_MAX],
		output[BURST][GLACIS_RSA_BYTES_MAX];
	struct glacis_rsa_op ops[BURST];
	uint32_t size = glacis_rsa_key_bits(key) / 8;

	for (unsigned round = 0; round < 2; round++) {
		memset(ops, 0, sizeof(ops));
		for (unsigned i = 0; i < count; i++) {
			if (round == 0)
				memset(input[i], (int)(seed + i) & 0x7f, size);
			ops[i].key = key;
			ops[i].kind = round == 0 ? GLACIS_RSA_PRIVATE_RAW : GLACIS_RSA_PUBLIC_RAW;
			ops[i].input = round == 0 ? input[i] : middle[i];
			ops[i].output = round == 0 ? middle[i] : output[i];
			ops[i].input_size = size;
		}
		run_rsa(queue, ops, count);
	}
	for (unsigned i = 0; i < count; i++)
		expect(memcmp(input[i], output[i], size) == 0, "the public operation undoes the private one");
}

static void sign_with_the_shared_key(struct member *self)
{
	for (unsigned round = 0; round < 12; round++)
		there_and_back(self->queue, self->bed->key, round % BURST + 1, round * THREADS + self->index);
}

/* The first import of a size measures; here all are first. */
static void import_and_destroy(struct member *self)
{
	static const char *const names[] = { "key2048.pem", "other2048.pem", "e3_2048.pem", "key3072.pem" };
	for (unsigned round = 0; round < 6; round++) {
		struct glacis_rsa_key *key = import(self->bed->engine, names[(self->index + round) % 4]);

		if (key == NULL)
			return;
		there_and_back(self->queue, key, 2, round);
		if (self->bed->key != NULL)
			there_and_back(self->queue, self->bed->key, 1, round);
		glacis_rsa_key_destroy(key);
	}
}

static void queues_that_come_and_go(struct member *self)
{
	for (unsigned round = 0; round < 8; round++) {
		struct glacis_queue *queue;

		if (!expect(glacis_queue_create(self->bed->engine, NULL, &queue) == 0, "a queue is made"))
			return;
		there_and_back(queue, self->bed->key, 3, round);
		glacis_queue_destroy(queue);
	}
}

/* ---- sessions ---- */

static void make_session(struct bed *bed, unsigned number)
{
	uint8_t key[16] = { (uint8_t)number };

	for (unsigned way = 0; way < 2; way++)
		expect(glacis_aead_session_create(bed->engine, (enum glacis_direction)way, key, sizeof(key),
						  &bed->session[number][way]) == 0,
		       "a session is made");
}

/* Takes one that nobody has. The lock is what hands it over. */
static unsigned take(struct bed *bed, unsigned start, struct glacis_aead_session *pair[2], uint64_t *nonce)
{
	for (unsigned number = start % SESSIONS;; number = (number + 1) % SESSIONS) {
		bool free;

		pthread_mutex_lock(&bed->lock);
		free = bed->session[number][0] != NULL;
		if (free) {
			memcpy(pair, bed->session[number], sizeof(bed->session[number]));
			bed->session[number][0] = NULL;
			*nonce = ++bed->nonce[number];
		}
		pthread_mutex_unlock(&bed->lock);
		if (free)
			return number;
	}
}

static void put_back(struct bed *bed, unsigned number, struct glacis_aead_session *const pair[2])
{
	pthread_mutex_lock(&bed->lock);
	memcpy(bed->session[number], pair, sizeof(bed->session[number]));
	pthread_mutex_unlock(&bed->lock);
}

static void seal_and_open(struct glacis_queue *queue, struct glacis_aead_session *const pair[2], uint64_t nonce)
{
	uint8_t text[300], tag[GLACIS_AEAD_TAG_SIZE];

	memset(text, (int)nonce & 0xff, sizeof(text));
	for (unsigned way = 0; way < 2; way++) {
		struct glacis_aead_op op = {
			.session = pair[way], .source = text, .destination = text, .length = sizeof(text), .tag = tag
		};
		struct glacis_aead_op *burst[] = { &op };
		struct glacis_op *done;

		memcpy(op.nonce, &nonce, sizeof(nonce));
		if (!expect(glacis_queue_submit(queue, burst, 1) == 1, "a record is accepted"))
			return;
		while (glacis_queue_poll(queue, &done, 1) == 0)
			;
		expect(op.op.status == GLACIS_STATUS_OK, "a record comes through");
	}
	expect(text[0] == (uint8_t)nonce && text[sizeof(text) - 1] == (uint8_t)nonce, "the text is back");
}

/* More sessions than a queue keeps keys, and each seen by one queue after another. */
static void wandering_sessions(struct member *self)
{
	struct bed *bed = self->bed;

	for (unsigned round = 0; round < 3000; round++) {
		struct glacis_aead_session *pair[2];
		uint64_t nonce;
		unsigned number = take(bed, round * 7 + self->index * 5, pair, &nonce);

		seal_and_open(self->queue, pair, nonce);
		if (round % 5 == 0) {
			glacis_aead_session_idle(pair[0]);
		} else if (round % 7 == 0) {
			const uint8_t key[16] = { (uint8_t)round };

			expect(glacis_aead_session_rekey(pair[0], key, sizeof(key)) == 0, "a new key is taken");
			expect(glacis_aead_session_rekey(pair[1], key, sizeof(key)) == 0, "a new key is taken");
		} else if (round % 11 == 0) { /* often not by the thread whose queue has its key */
			glacis_aead_session_destroy(pair[0]);
			glacis_aead_session_destroy(pair[1]);
			pthread_mutex_lock(&bed->lock);
			make_session(bed, number);
			pthread_mutex_unlock(&bed->lock);
			continue;
		}
		put_back(bed, number, pair);
	}
}

/* A queue goes while others free or take the sessions whose keys it keeps. */
static void queues_that_leave_sessions(struct member *self)
{
	struct bed *bed = self->bed;

	for (unsigned round = 0; round < 100; round++) {
		struct glacis_queue *queue;

		if (!expect(glacis_queue_create(bed->engine, NULL, &queue) == 0, "a queue is made"))
			return;
		for (unsigned i = 0; i < 10; i++) {
			struct glacis_aead_session *pair[2];
			uint64_t nonce;
			unsigned number = take(bed, round * 3 + i + self->index * 5, pair, &nonce);

			seal_and_open(queue, pair, nonce);
			put_back(bed, number, pair);
		}
		glacis_queue_destroy(queue);
	}
}

/* ---- the team ---- */

static void *member_main(void *argument)
{
	const struct glacis_queue_options options = { .key_slots = 8 };
	struct member *self = argument;

	expect(glacis_queue_create(self->bed->engine, &options, &self->queue) == 0, "a queue is made");
	atomic_store(&self->ready, true);
	pthread_barrier_wait(&self->bed->barrier);
	self->work(self);
	atomic_fetch_sub(&self->bed->working, 1);
	return NULL;
}

/* What any thread may read at any time. Counters never go back. */
static void watch(struct bed *bed)
{
	uint64_t last[THREADS] = { 0 };

	while (atomic_load(&bed->working) > 0) {
		struct glacis_engine_info info;

		glacis_engine_info(bed->engine, &info);
		expect(glacis_rsa_lanes_from(bed->engine, 2048) != -EINVAL, "2048 bits are a size that is accepted");
		for (unsigned i = 0; i < THREADS; i++) {
			struct glacis_queue_counters counters;
			struct glacis_rsa_counters rsa;

			if (!atomic_load(&bed->members[i].ready))
				continue;
			glacis_queue_counters(bed->members[i].queue, &counters);
			glacis_rsa_counters(bed->members[i].queue, &rsa);
			expect(counters.submitted >= last[i], "a counter goes back");
			last[i] = counters.submitted;
		}
	}
}

struct test {
	const char *name;
	bool with_key;
	void (*work[THREADS])(struct member *self);
};

static const struct test tests[] = {
	{ "queues share an RSA key",
	  true,
	  { sign_with_the_shared_key, sign_with_the_shared_key, sign_with_the_shared_key, queues_that_come_and_go } },
	{ "RSA keys are imported by all at once",
	  false,
	  { import_and_destroy, import_and_destroy, import_and_destroy, import_and_destroy } },
	{ "RSA keys and queues come and go while a key signs",
	  true,
	  { import_and_destroy, sign_with_the_shared_key, queues_that_come_and_go, queues_that_come_and_go } },
	{ "sessions wander between queues",
	  false,
	  { wandering_sessions, wandering_sessions, wandering_sessions, wandering_sessions } },
	{ "queues come and go while sessions wander",
	  false,
	  { wandering_sessions, wandering_sessions, queues_that_leave_sessions, queues_that_leave_sessions } },
};
#define TESTS (sizeof(tests) / sizeof(tests[0]))

static bool run(const struct test *test)
{
	static struct bed bed;
	unsigned before = atomic_load(&failures);

	memset(&bed, 0, sizeof(bed));
	if (!expect(glacis_engine_create(NULL, &bed.engine) == 0, "an engine is made"))
		return false;
	pthread_mutex_init(&bed.lock, NULL);
	pthread_barrier_init(&bed.barrier, NULL, THREADS + 1);
	if (test->with_key)
		bed.key = import(bed.engine, "key2048.pem");
	for (unsigned i = 0; i < SESSIONS; i++)
		make_session(&bed, i);
	atomic_store(&bed.working, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		bed.members[i].bed = &bed;
		bed.members[i].index = i;
		bed.members[i].work = test->work[i];
		if (!expect(pthread_create(&bed.members[i].thread, NULL, member_main, &bed.members[i]) == 0,
			    "a thread"))
			exit(1);
	}
	pthread_barrier_wait(&bed.barrier);
	watch(&bed);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(bed.members[i].thread, NULL);
	for (unsigned i = 0; i < SESSIONS; i++)
		for (unsigned way = 0; way < 2; way++)
			glacis_aead_session_destroy(bed.session[i][way]);
	for (unsigned i = 0; i < THREADS; i++)
		glacis_queue_destroy(bed.members[i].queue);
	glacis_rsa_key_destroy(bed.key);
	glacis_engine_destroy(bed.engine);
	pthread_barrier_destroy(&bed.barrier);
	pthread_mutex_destroy(&bed.lock);
	return atomic_load(&failures) == before;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test_sharing FOLDER_WITH_RSA_KEYS\n");
		return 64;
	}
	keys_folder = argv[1];
	printf("1..%zu\n", TESTS);
	for (size_t i = 0; i < TESTS; i++) {
		printf("%s %zu - %s\n", run(&tests[i]) ? "ok" : "not ok", i + 1, tests[i].name);
		fflush(stdout);
	}
	return atomic_load(&failures) ? 1 : 0;
}
