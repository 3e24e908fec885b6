/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bursts: many streams, versions and directions at once, a queue that is too small, KeyUpdates in
 * the middle of a burst, and that no sequence number is ever used for two records.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "record_support.h"

#define DEPTH 32u
#define BURST 256u

static struct rig rig;
static struct record records[BURST];
static struct glacis_record_op *ops[BURST];

static void set_up(void)
{
	rig_open(&rig, DEPTH);
	for (unsigned i = 0; i < BURST; i++)
		ops[i] = &records[i].op;
}

static void tear_down(void)
{
	rig_close(&rig);
}

TestSuite(record_burst, .init = set_up, .fini = tear_down, .timeout = 120);

static unsigned poll_some(unsigned max)
{
	struct glacis_op *done[DEPTH];

	glacis_queue_flush(rig.queue);
	return glacis_queue_poll(rig.queue, done, max);
}

/* Submits all, a queue's depth at a time, and polls all. */
static void run_all(unsigned count)
{
	unsigned submitted = 0;

	while (submitted < count) {
		int accepted = glacis_record_submit(rig.queue, ops + submitted, count - submitted);

		cr_assert_geq(accepted, 0);
		submitted += (unsigned)accepted;
		if (submitted < count)
			cr_assert_eq(ops[submitted]->aead.op.status, GLACIS_STATUS_PENDING);
		drain(&rig);
	}
}

/* A queue that is full takes what fits, says so, and consumes no number for the rest. */
Test(record_burst, a_full_queue_consumes_no_numbers)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	struct glacis_queue_counters counters;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	for (unsigned i = 0; i < DEPTH + 10; i++)
		write_content(&records[i], writer, 23, &i, sizeof(i), 0);
	cr_assert_eq(glacis_record_submit(rig.queue, ops, DEPTH + 10), DEPTH);
	cr_expect_eq(ops[DEPTH]->aead.op.status, GLACIS_STATUS_PENDING);
	cr_expect_eq(records[DEPTH].buffer[0], 0xa5, "a record was framed that was not accepted");
	cr_expect_eq(glacis_record_sequence(writer), DEPTH);
	cr_expect_eq(glacis_record_submit(rig.queue, ops + DEPTH, 10), 0);
	cr_expect_eq(glacis_record_sequence(writer), DEPTH);
	glacis_queue_counters(rig.queue, &counters);
	cr_expect_eq(counters.refused_full, 20);
	cr_assert_eq(poll_some(3), 3);
	cr_assert_eq(glacis_record_submit(rig.queue, ops + DEPTH, 10), 3);
	cr_expect_eq(glacis_record_sequence(writer), DEPTH + 3);
	drain(&rig);
	cr_assert_eq(glacis_record_submit(rig.queue, ops + DEPTH + 3, 7), 7);
	drain(&rig);
	for (unsigned i = 0; i < DEPTH + 10; i++) {
		uint8_t expected[64];
		uint32_t size = reference_seal13(&keys, i, 23, &i, sizeof(i), 0, expected);

		cr_assert_arr_eq(records[i].buffer, expected, size, "record %u", i);
	}
	glacis_record_stream_destroy(writer);
}

/* What comes before an illegal record is accepted, the record is named by its status, the rest waits. */
Test(record_burst, stops_at_an_illegal_record)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0xc02f, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	for (unsigned i = 0; i < 5; i++)
		write_content(&records[i], writer, i == 3 ? GLACIS_CONTENT_ALERT : 23, "", 0, 0);
	cr_expect_eq(glacis_record_submit(rig.queue, ops, 5), 3);
	cr_expect_eq(ops[3]->aead.op.status, GLACIS_STATUS_INVALID);
	cr_expect_eq(glacis_record_sequence(writer), 3);
	drain(&rig);
	glacis_record_stream_destroy(writer);
}

Test(record_burst, stops_at_the_limit)
{
	const struct glacis_record_stream_options options = { .hard_limit = 7 };
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0x1302, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, &options);
	for (unsigned i = 0; i < 10; i++)
		write_content(&records[i], writer, 23, "x", 1, 0);
	cr_expect_eq(glacis_record_submit(rig.queue, ops, 10), 7);
	cr_expect_eq(ops[7]->aead.op.status, GLACIS_STATUS_LIMIT);
	drain(&rig);
	glacis_record_stream_destroy(writer);
}

/* An operation under way is not touched by a second submission of it. */
Test(record_burst, an_operation_in_flight_is_refused)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	uint8_t expected[64];
	uint32_t size;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	write_content(&records[0], writer, 23, "one", 3, 0);
	cr_assert_eq(glacis_record_submit(rig.queue, ops, 1), 1);
	cr_expect_eq(glacis_record_submit(rig.queue, ops, 1), 0);
	cr_expect_eq(glacis_record_sequence(writer), 1);
	drain(&rig);
	size = reference_seal13(&keys, 0, 23, "one", 3, 0, expected);
	cr_expect_eq(records[0].op.aead.op.status, GLACIS_STATUS_OK);
	cr_expect_arr_eq(records[0].buffer, expected, size);
	glacis_record_stream_destroy(writer);
}

/* ---- mixed bursts ---- */

#define PAIRS 24u

struct pair {
	struct glacis_record_stream *writer;
	struct glacis_record_stream *reader;
	uint64_t written;
};

static const uint16_t pair_suites[] = { 0x1301, 0x1302, 0xc02f, 0xc030 };

static void open_pairs(struct pair *pairs)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		struct glacis_record_keys keys;

		make_keys(pair_suites[i % 4], i, &keys);
		pairs[i].writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
		pairs[i].reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
		pairs[i].written = 0;
	}
}

static void close_pairs(struct pair *pairs)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		glacis_record_stream_destroy(pairs[i].writer);
		glacis_record_stream_destroy(pairs[i].reader);
	}
}

/* In each round one burst holds this round's seals and the opens of the round before, over all pairs. */
Test(record_burst, mixes_streams_versions_sizes_and_directions)
{
	static struct {
		struct pair *pair;
		uint32_t size;
		unsigned seed;
		uint32_t wire_size;
		uint8_t wire[RECORD_BUFFER_SIZE];
	} sent[BURST / 2];
	static uint8_t content[GLACIS_RECORD_CONTENT_MAX];
	static struct pair pairs[PAIRS];
	unsigned state = 12345;
	unsigned in_transit = 0;

	open_pairs(pairs);
	for (unsigned round = 0; round < 20; round++) {
		unsigned opens = in_transit;

		for (unsigned i = 0; i < opens; i++)
			read_bytes(&records[i], sent[i].pair->reader, sent[i].wire, sent[i].wire_size);
		in_transit = round == 19 ? 0 : BURST / 2;
		for (unsigned i = 0; i < in_transit; i++) {
			state = state * 1664525u + 1013904223u;
			/* The operations keep what `sent` still needs for checking until the burst is done. */
			struct pair *pair = &pairs[(state >> 8) % PAIRS];
			uint32_t size = (state >> 16) % 10 == 0 ? (state >> 3) % GLACIS_RECORD_CONTENT_MAX
								: (state >> 3) % 600 + 1;

			fill(content, size, state);
			write_content(&records[opens + i], pair->writer, 23, content, size, 0);
			records[opens + i].op.aead.op.cookie = state;
		}
		run_all(opens + in_transit);
		for (unsigned i = 0; i < opens; i++) {
			glacis_record_finish(ops[i], &records[i].event);
			cr_assert_eq(records[i].event.kind, GLACIS_EVENT_DATA);
			cr_assert_eq(records[i].event.content_size, sent[i].size);
			fill(content, sent[i].size, sent[i].seed);
			cr_assert_arr_eq(records[i].event.content, content, sent[i].size);
		}
		for (unsigned i = 0; i < in_transit; i++) {
			struct record *record = &records[opens + i];

			for (unsigned p = 0; p < PAIRS; p++) {
				if (pairs[p].writer == record->op.stream)
					sent[i].pair = &pairs[p];
			}
			sent[i].pair->written++;
			sent[i].size = record->op.content_size;
			sent[i].seed = (unsigned)record->op.aead.op.cookie;
			sent[i].wire_size = record->op.record_size;
			memcpy(sent[i].wire, record->buffer, record->op.record_size);
		}
	}
	for (unsigned i = 0; i < PAIRS; i++) {
		cr_expect_eq(glacis_record_sequence(pairs[i].writer), pairs[i].written);
		cr_expect_eq(glacis_record_sequence(pairs[i].reader), pairs[i].written);
	}
	close_pairs(pairs);
}

/* Accepted or refused, in whatever order: the nonces of a key are 0, 1, 2, ... with no repetition. */
Test(record_burst, no_nonce_is_used_twice)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	static uint8_t seen[4096];
	uint64_t accepted_total = 0;
	unsigned state = 1;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	while (accepted_total < 3000) {
		unsigned count = 1 + (state >> 10) % 60;
		int accepted;

		for (unsigned i = 0; i < count; i++) {
			state = state * 1664525u + 1013904223u;
			/* One in sixteen is illegal. */
			write_content(&records[i], writer, state >> 28 == 0 ? 20 : 23, &state, 4, 0);
		}
		accepted = glacis_record_submit(rig.queue, ops, count);
		cr_assert_geq(accepted, 0);
		for (int i = 0; i < accepted; i++) {
			const uint8_t *nonce = records[i].op.aead.nonce;
			uint64_t number = 0;

			for (int b = 4; b < 12; b++)
				number = number << 8 | (uint64_t)(nonce[b] ^ keys.iv[b]);
			cr_assert_eq(number, accepted_total + (uint64_t)i);
			cr_assert_eq(seen[number]++, 0);
		}
		accepted_total += (uint64_t)accepted;
		cr_assert_eq(glacis_record_sequence(writer), accepted_total);
		drain(&rig);
	}
	glacis_record_stream_destroy(writer);
}

/* ---- KeyUpdate in the middle of a burst ---- */

/* Two records of data, a KeyUpdate, three records of data under the next keys. */
static unsigned prepare_update(struct glacis_record_stream *reader, struct glacis_record_keys *keys)
{
	static uint8_t wire[256];
	uint8_t message[GLACIS_KEY_UPDATE_MESSAGE_SIZE];
	unsigned count = 0;

	for (uint8_t i = 0; i < 2; i++, count++)
		read_bytes(&records[count], reader, wire, reference_seal13(keys, count, 23, &i, 1, 0, wire));
	glacis_record_key_update_message(message, true);
	read_bytes(&records[count], reader, wire, reference_seal13(keys, count, 22, message, 5, 0, wire));
	count++;
	cr_assert_eq(glacis_tls13_next_keys(keys), 0);
	for (uint8_t i = 2; i < 5; i++, count++)
		read_bytes(&records[count], reader, wire, reference_seal13(keys, i - 2, 23, &i, 1, 0, wire));
	return count;
}

static enum glacis_record_event_kind finish(unsigned index)
{
	glacis_record_finish(ops[index], &records[index].event);
	return records[index].event.kind;
}

static void expect_byte(unsigned index, uint8_t expected)
{
	cr_assert_eq(finish(index), GLACIS_EVENT_DATA, "record %u", index);
	cr_assert_eq(records[index].event.content_size, 1);
	cr_assert_eq(records[index].event.content[0], expected);
}

Test(record_burst, key_update_makes_later_records_stale)
{
	static const uint16_t suites[] = { 0x1301, 0x1302 };

	for (size_t i = 0; i < 2; i++) {
		struct glacis_record_keys keys;
		struct glacis_record_stream *reader;
		unsigned count;

		make_keys(suites[i], 1, &keys);
		reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
		count = prepare_update(reader, &keys);
		cr_assert_eq(glacis_record_submit(rig.queue, ops, count), (int)count);
		drain(&rig);
		expect_byte(0, 0);
		expect_byte(1, 1);
		cr_assert_eq(finish(2), GLACIS_EVENT_KEY_UPDATE);
		cr_assert(records[2].event.reply_requested);
		for (unsigned r = 3; r < count; r++) {
			cr_assert_eq(finish(r), GLACIS_EVENT_STALE);
			cr_assert_null(records[r].event.content);
		}
		cr_assert_eq(glacis_record_submit(rig.queue, ops + 3, count - 3), (int)count - 3);
		drain(&rig);
		for (unsigned r = 3; r < count; r++)
			expect_byte(r, (uint8_t)(r - 1));
		glacis_record_stream_destroy(reader);
	}
}

/* The KeyUpdate is finished while later records of the stream are in flight still: the key steps as
 * soon as they have been polled, and until then the reader takes no record. */
Test(record_burst, key_update_with_records_in_flight)
{
	static uint8_t wire[64];
	static const uint8_t byte = 5;
	struct glacis_record_keys keys;
	struct glacis_record_stream *reader;
	unsigned count;

	make_keys(0x1301, 1, &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
	count = prepare_update(reader, &keys);
	cr_assert_eq(glacis_record_submit(rig.queue, ops, count), (int)count);
	cr_assert_eq(poll_some(3), 3);
	expect_byte(0, 0);
	expect_byte(1, 1);
	cr_assert_eq(finish(2), GLACIS_EVENT_KEY_UPDATE);
	cr_assert_eq(glacis_record_sequence(reader), 0);

	read_bytes(&records[count], reader, wire, reference_seal13(&keys, 3, 23, &byte, 1, 0, wire));
	cr_assert_eq(glacis_record_submit(rig.queue, ops + count, 1), 0);
	cr_assert_eq(ops[count]->aead.op.status, GLACIS_STATUS_PENDING);
	cr_assert_eq(glacis_record_sequence(reader), 0);

	drain(&rig);
	for (unsigned r = 3; r < count; r++)
		cr_assert_eq(finish(r), GLACIS_EVENT_STALE);
	cr_assert_eq(glacis_record_submit(rig.queue, ops + 3, count - 2), (int)count - 2);
	drain(&rig);
	for (unsigned r = 3; r <= count; r++)
		expect_byte(r, (uint8_t)(r - 1));
	glacis_record_stream_destroy(reader);
}

/* A peer that goes on under its old keys: stale first, and forged when submitted again. */
Test(record_burst, records_under_old_keys_do_not_get_through)
{
	static uint8_t wire[64];
	uint8_t message[GLACIS_KEY_UPDATE_MESSAGE_SIZE];
	struct glacis_record_keys keys;
	struct glacis_record_stream *reader;

	make_keys(0x1301, 1, &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
	glacis_record_key_update_message(message, false);
	read_bytes(&records[0], reader, wire, reference_seal13(&keys, 0, 22, message, 5, 0, wire));
	read_bytes(&records[1], reader, wire, reference_seal13(&keys, 1, 23, "old", 3, 0, wire));
	cr_assert_eq(glacis_record_submit(rig.queue, ops, 2), 2);
	drain(&rig);
	cr_assert_eq(finish(0), GLACIS_EVENT_KEY_UPDATE);
	cr_assert_eq(finish(1), GLACIS_EVENT_STALE);
	cr_assert_null(records[1].event.content);
	cr_assert_eq(glacis_record_submit(rig.queue, ops + 1, 1), 1);
	drain(&rig);
	cr_assert_eq(finish(1), GLACIS_EVENT_ERROR);
	cr_assert_eq(records[1].event.alert, GLACIS_ALERT_BAD_RECORD_MAC);
	glacis_record_stream_destroy(reader);
}

/* Many KeyUpdates in one burst: each makes the rest stale, and all get through in the end. */
Test(record_burst, a_burst_of_key_updates)
{
	static uint8_t wire[64];
	uint8_t message[GLACIS_KEY_UPDATE_MESSAGE_SIZE];
	struct glacis_record_keys keys;
	struct glacis_record_stream *reader;
	unsigned first = 0, count = 20;

	make_keys(0x1302, 1, &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
	glacis_record_key_update_message(message, false);
	for (unsigned i = 0; i < count; i++) {
		read_bytes(&records[i], reader, wire, reference_seal13(&keys, 0, 22, message, 5, 0, wire));
		cr_assert_eq(glacis_tls13_next_keys(&keys), 0);
	}
	while (first < count) {
		cr_assert_eq(glacis_record_submit(rig.queue, ops + first, count - first), (int)(count - first));
		drain(&rig);
		cr_assert_eq(finish(first), GLACIS_EVENT_KEY_UPDATE);
		for (unsigned i = first + 1; i < count; i++)
			cr_assert_eq(finish(i), GLACIS_EVENT_STALE);
		first++;
	}
	glacis_record_stream_destroy(reader);
}

/* The records behind an error carry nothing out, though they were opened already. */
Test(record_burst, nothing_comes_out_behind_an_error)
{
	static uint8_t wire[64];
	struct glacis_record_keys keys;
	struct glacis_record_stream *reader;

	make_keys(0x1301, 1, &keys);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
	for (unsigned i = 0; i < 4; i++)
		read_bytes(&records[i], reader, wire, reference_seal13(&keys, i, 23, "data", 4, 0, wire));
	records[1].buffer[7] ^= 1;
	cr_assert_eq(glacis_record_submit(rig.queue, ops, 4), 4);
	drain(&rig);
	cr_assert_eq(finish(0), GLACIS_EVENT_DATA);
	for (unsigned i = 1; i < 4; i++) {
		cr_assert_eq(finish(i), GLACIS_EVENT_ERROR);
		cr_assert_eq(records[i].event.alert, GLACIS_ALERT_BAD_RECORD_MAC);
		cr_assert_null(records[i].event.content);
	}
	glacis_record_stream_destroy(reader);
}

Test(record_burst, a_child_is_refused)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	int status = -1;
	pid_t child;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	write_content(&records[0], writer, 23, "x", 1, 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		struct glacis_record_stream *other = NULL;
		bool right = glacis_record_submit(rig.queue, ops, 1) == -ECHILD &&
			     glacis_record_stream_create(rig.engine, GLACIS_SEAL, &keys, NULL, &other) == -ECHILD;

		glacis_record_stream_destroy(writer);
		_exit(right ? 0 : 1);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %#x", status);
	cr_expect_eq(run(&rig, &records[0]), GLACIS_STATUS_OK, "the parent carries on");
	glacis_record_stream_destroy(writer);
}
