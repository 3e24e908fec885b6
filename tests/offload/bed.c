/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AAD 13u

struct bed bed;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static const uint8_t key[32] = "thirty-two bytes, of which none ";

/* One operation, where its buffers are, and what it must give. */
struct item {
	struct glacis_aead_op op;
	struct iovec pieces[3];
	uint8_t aad[AAD];
	uint8_t *source, *output;
	bool pool_source, pool_output;
	enum glacis_status expected_status;
	uint8_t expected[BED_BUFFER];
};

void bed_fail(const char *format, ...)
{
	va_list arguments;

	printf("Bail out! ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n# the card's log:\n%s", bed.log);
	exit(1);
}

static void log_line(void *context, enum glacis_card_log_level level, const char *line)
{
	size_t used;

	(void)context;
	pthread_mutex_lock(&log_lock);
	used = strlen(bed.log);
	snprintf(bed.log + used, sizeof(bed.log) - used, "# %d %s\n", (int)level, line);
	pthread_mutex_unlock(&log_lock);
}

static struct glacis_aead_session *session(struct glacis_engine *engine, enum glacis_direction direction)
{
	struct glacis_aead_session *made;

	if (glacis_aead_session_create(engine, direction, key, 16, &made) != 0)
		bed_fail("no session");
	return made;
}

int bed_try(const struct glacis_card_options *options)
{
	struct glacis_card_options card = *options;
	const struct glacis_pool_options pool = { .buffer_size = BED_BUFFER, .count = 2 * BED_BURST + 8 };
	int error;

	card.log = log_line;
	bed.log[0] = '\0';
	if (glacis_engine_create(NULL, &bed.engine) != 0)
		bed_fail("no engine");
	error = glacis_card_open(bed.engine, &card);
	if (glacis_engine_create(NULL, &bed.plain) != 0 || glacis_queue_create(bed.engine, NULL, &bed.queue) != 0 ||
	    glacis_queue_create(bed.plain, NULL, &bed.plain_queue) != 0 ||
	    glacis_pool_create(bed.engine, &pool, &bed.pool) != 0)
		bed_fail("no queues or buffers");
	bed.seal = session(bed.engine, GLACIS_SEAL);
	bed.open = session(bed.engine, GLACIS_OPEN);
	bed.plain_seal = session(bed.plain, GLACIS_SEAL);
	bed.plain_open = session(bed.plain, GLACIS_OPEN);
	return error;
}

void bed_start(const struct glacis_card_options *options)
{
	int error = bed_try(options);

	if (error != 0)
		bed_fail("no engine with the card %s: %s", options->device, strerror(-error));
}

void bed_end(void)
{
	glacis_aead_session_destroy(bed.seal);
	glacis_aead_session_destroy(bed.open);
	glacis_aead_session_destroy(bed.plain_seal);
	glacis_aead_session_destroy(bed.plain_open);
	glacis_pool_destroy(bed.pool);
	glacis_queue_destroy(bed.queue);
	glacis_queue_destroy(bed.plain_queue);
	glacis_engine_destroy(bed.engine);
	glacis_engine_destroy(bed.plain);
}

/* xorshift64* */
uint32_t bed_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15u;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

/* The processor alone, in place in memory of nobody's business. */
static enum glacis_status plain_run(struct glacis_aead_session *with, const struct item *item, uint8_t *text)
{
	struct glacis_aead_op op = item->op, *list = &op;
	struct glacis_op *done;

	op.session = with;
	op.source = op.destination = text;
	op.segment_count = 0;
	op.tag = text + op.length;
	if (glacis_queue_submit(bed.plain_queue, &list, 1) != 1 || glacis_queue_poll(bed.plain_queue, &done, 1) != 1)
		bed_fail("the processor does not run an operation");
	return (enum glacis_status)op.op.status;
}

static uint8_t *buffer(bool pool)
{
	uint8_t *made = pool ? glacis_pool_get(bed.pool) : malloc(BED_BUFFER);

	if (made == NULL)
		bed_fail("no buffer");
	memset(made, 0xee, BED_BUFFER);
	return made;
}

static void places_make(struct item *item, enum bed_place place)
{
	bool inside = place == BED_POOL_INSIDE || place == BED_HEAP_INSIDE;

	item->pool_source = place == BED_POOL_APART || place == BED_POOL_INSIDE;
	item->pool_output = item->pool_source || place == BED_PIECES;
	item->source = buffer(item->pool_source);
	item->output = inside ? item->source : buffer(item->pool_output);
}

static void places_free(struct item *item)
{
	if (item->output != item->source) {
		if (item->pool_output)
			glacis_pool_put(bed.pool, item->output);
		else
			free(item->output);
	}
	if (item->pool_source)
		glacis_pool_put(bed.pool, item->source);
	else
		free(item->source);
}

static void pieces_make(struct item *item)
{
	uint32_t cut = item->op.length / 3;

	item->pieces[0] = (struct iovec){ item->source, cut };
	item->pieces[1] = (struct iovec){ item->source + cut, 0 };
	item->pieces[2] = (struct iovec){ item->source + cut, item->op.length - cut };
	item->op.segments = item->pieces;
	item->op.segment_count = 3;
}

static void item_make(struct item *item, const struct bed_burst *burst, unsigned index)
{
	static uint64_t number;
	uint32_t size = burst->size != 0 ? burst->size : 1 + bed_random() % BED_SIZE_MAX;
	uint64_t nonce = ++number;

	memset(item, 0, sizeof(*item));
	places_make(item, burst->place);
	for (uint32_t i = 0; i < size; i++)
		item->source[i] = (uint8_t)(bed_random() >> (i % 24));
	for (uint32_t i = 0; i < AAD; i++)
		item->aad[i] = (uint8_t)bed_random();
	item->op = (struct glacis_aead_op){ .op.cookie = index,
					    .session = bed.seal,
					    .source = item->source,
					    .destination = item->output,
					    .aad = item->aad,
					    .aad_size = burst->size == 64 ? 5 : AAD,
					    .length = size };
	memcpy(item->op.nonce, &nonce, sizeof(nonce));
	memcpy(item->expected, item->source, size);
	item->expected_status = plain_run(bed.plain_seal, item, item->expected);
	item->op.tag = item->output + size;
	if (burst->open) {
		memcpy(item->source, item->expected, size + GLACIS_AEAD_TAG_SIZE);
		if (index % 8 < burst->tampered)
			item->source[size + index % 16] ^= 4;
		memcpy(item->expected, item->source, size + GLACIS_AEAD_TAG_SIZE);
		item->expected_status = plain_run(bed.plain_open, item, item->expected);
		item->op.session = bed.open;
		item->op.tag = item->source + size;
	}
	if (burst->place == BED_PIECES)
		pieces_make(item);
}

/* Does the operation have the right result, whichever way it took? */
static bool item_right(const struct item *item)
{
	uint32_t size = item->op.length + (item->op.session == bed.seal ? GLACIS_AEAD_TAG_SIZE : 0);

	if (item->op.op.status != item->expected_status)
		return false;
	if (item->expected_status == GLACIS_STATUS_OK)
		return memcmp(item->output, item->expected, size) == 0;
	/* In place the ciphertext is back, else there are zeros. */
	if (item->output == item->source)
		return memcmp(item->output, item->expected, size) == 0;
	for (uint32_t i = 0; i < size; i++)
		if (item->output[i] != 0)
			return false;
	return true;
}

/* Polls until `count` are back. Returns how many are. */
unsigned bed_poll(unsigned count)
{
	uint64_t end = now_us() + BED_DEADLINE_S * UINT64_C(1000000);
	struct glacis_op *done[BED_BURST];
	unsigned back = 0;

	while (back < count && now_us() < end) {
		unsigned more = glacis_queue_poll(bed.queue, done, count - back < BED_BURST ? count - back : BED_BURST);

		back += more;
		if (more == 0)
			pause_us(20); /* the card is a process, and wants this processor too */
	}
	return back;
}

struct bed_outcome bed_run(const struct bed_burst *burst)
{
	static struct item items[BED_BURST];
	struct glacis_aead_op *list[BED_BURST];
	struct bed_outcome outcome = { 0 };
	uint64_t start;

	for (unsigned i = 0; i < BED_BURST; i++) {
		item_make(&items[i], burst, i);
		list[i] = &items[i].op;
	}
	start = now_us();
	if (glacis_queue_submit(bed.queue, list, BED_BURST) != (int)BED_BURST)
		bed_fail("a burst is not accepted");
	outcome.lost = BED_BURST - bed_poll(BED_BURST);
	outcome.us = now_us() - start;
	if (outcome.lost > 0)
		bed_fail("%u operations do not come back", outcome.lost);
	for (unsigned i = 0; i < BED_BURST; i++) {
		bool right = item_right(&items[i]);

		outcome.right += right;
		outcome.wrong += !right;
		outcome.by_card += items[i].op.op.path == GLACIS_PATH_CARD;
		if (!right)
			printf("# operation %u, place %d, size %u: status %u for %d, path %u\n", i, (int)burst->place,
			       items[i].op.length, items[i].op.op.status, (int)items[i].expected_status,
			       items[i].op.op.path);
		places_free(&items[i]);
	}
	return outcome;
}

bool bed_wait(enum glacis_card_state state)
{
	uint64_t end = now_us() + BED_DEADLINE_S * UINT64_C(1000000);
	struct glacis_card_info info;

	for (;;) {
		glacis_card_info(bed.engine, &info);
		if (info.state == state)
			return true;
		if (now_us() > end)
			return false;
		pause_us(1000);
	}
}

void bed_control(const char *vcard, const char *socket, const char *command, const char *text)
{
	char line[1024];

	snprintf(line, sizeof(line), "'%s' ctl --socket '%s.ctl' %s %s", vcard, socket, command, text);
	if (system(line) != 0)
		bed_fail("the card refuses %s %s", command, text);
}
