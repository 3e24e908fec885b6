/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writing side: what a sealed record looks like on the wire, every size and padding against
 * OpenSSL's AES-GCM, what is refused, and the limits of a key.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "record_support.h"

static struct rig rig;
static struct record record;

static void set_up(void)
{
	rig_open(&rig, 64);
}

static void tear_down(void)
{
	rig_close(&rig);
}

TestSuite(record_seal, .init = set_up, .fini = tear_down, .timeout = 120);

/* The TLS 1.3 record that was just sealed, made again by OpenSSL. */
static void expect_reference(const struct glacis_record_keys *keys, uint64_t sequence, const uint8_t *content)
{
	static uint8_t expected[RECORD_BUFFER_SIZE];
	uint32_t size = reference_seal13(keys, sequence, record.op.content_type, content, record.op.content_size,
					 record.op.padding, expected);

	cr_assert_eq(record.op.record_size, size);
	cr_assert_arr_eq(record.buffer, expected, size, "%u bytes, %u of padding", record.op.content_size,
			 record.op.padding);
	cr_assert_eq(record.buffer[size], 0xa5, "a byte behind the record was written");
}

static void seal_every_size(uint16_t suite)
{
	static uint8_t content[GLACIS_RECORD_CONTENT_MAX];
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	uint64_t sequence = 0;

	fill(content, sizeof(content), 9);
	make_keys(suite, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	for (uint32_t size = 0; size <= GLACIS_RECORD_CONTENT_MAX; size += size < 1100 || size > 16250 ? 1 : 95) {
		cr_assert_eq(glacis_record_sequence(writer), sequence);
		cr_assert_eq(seal(&rig, &record, writer, 23, content, size, 0), GLACIS_STATUS_OK);
		expect_reference(&keys, sequence++, content);
	}
	cr_assert_eq(record.op.content_size, GLACIS_RECORD_CONTENT_MAX);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, tls13_aes128_agrees_with_openssl)
{
	seal_every_size(0x1301);
}

Test(record_seal, tls13_aes256_agrees_with_openssl)
{
	seal_every_size(0x1302);
}

Test(record_seal, padding_from_nothing_to_all)
{
	static const uint32_t sizes[] = { 0, 1, 15, 16, 100, 8192, 16383, 16384 };
	static const uint16_t paddings[] = { 0, 1, 2, 15, 16, 17, 255, 256, 8192, 16284, 16368, 16383, 16384 };
	static uint8_t content[GLACIS_RECORD_CONTENT_MAX];
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	uint64_t sequence = 0;

	fill(content, sizeof(content), 3);
	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t j = 0; j < sizeof(paddings) / sizeof(paddings[0]); j++) {
			bool legal = sizes[i] + paddings[j] <= GLACIS_RECORD_CONTENT_MAX;

			cr_assert_eq(seal(&rig, &record, writer, GLACIS_CONTENT_APPLICATION_DATA, content, sizes[i],
					  paddings[j]),
				     legal ? GLACIS_STATUS_OK : GLACIS_STATUS_INVALID);
			if (legal)
				expect_reference(&keys, sequence++, content);
			cr_assert_eq(glacis_record_sequence(writer), sequence);
		}
	}
	glacis_record_stream_destroy(writer);
}

Test(record_seal, tls12_frame)
{
	const struct glacis_record_stream_options options = { .first_sequence = 0x010203 };
	static const uint8_t frame[] = { 23, 3, 3, 0, 8 + 3 + 16, 0, 0, 0, 0, 0, 1, 2, 3 };
	static struct record opened;
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer, *reader;

	make_keys(0xc030, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, &options);
	reader = make_stream(&rig, GLACIS_OPEN, &keys, &options);
	cr_expect_eq(glacis_record_prefix_size(writer), 13);
	cr_expect_eq(glacis_record_suffix_size(writer), 16);
	cr_assert_eq(seal(&rig, &record, writer, 23, "abc", 3, 0), GLACIS_STATUS_OK);
	cr_assert_eq(record.op.record_size, 5 + 8 + 3 + 16);
	cr_assert_arr_eq(record.buffer, frame, sizeof(frame));
	cr_assert_eq(record.buffer[record.op.record_size], 0xa5);
	cr_assert_eq(open_record(&rig, &opened, reader, record.buffer, record.op.record_size), GLACIS_EVENT_DATA);
	cr_assert_eq(opened.event.content_size, 3);
	cr_assert_arr_eq(opened.event.content, "abc", 3);
	glacis_record_stream_destroy(writer);
	glacis_record_stream_destroy(reader);
}

Test(record_seal, tls13_frame)
{
	static const uint8_t header[] = { 23, 3, 3, 0, 2 + 1 + 3 + 16 };
	static const uint8_t close_notify[] = { 1, 0 };
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	cr_expect_eq(glacis_record_prefix_size(writer), 5);
	cr_expect_eq(glacis_record_suffix_size(writer), 17);
	cr_assert_eq(seal(&rig, &record, writer, GLACIS_CONTENT_ALERT, close_notify, 2, 3), GLACIS_STATUS_OK);
	cr_assert_arr_eq(record.buffer, header, 5);
	expect_reference(&keys, 0, close_notify);
	glacis_record_stream_destroy(writer);
}

static void expect_refused(struct glacis_record_stream *writer, uint8_t type, uint32_t size, uint16_t padding)
{
	static const uint8_t zeros[GLACIS_RECORD_CONTENT_MAX + 1];
	static uint8_t before[RECORD_BUFFER_SIZE];
	uint64_t sequence = glacis_record_sequence(writer);

	write_content(&record, writer, type, zeros, size, padding);
	memcpy(before, record.buffer, sizeof(before));
	cr_expect_eq(run(&rig, &record), GLACIS_STATUS_INVALID, "type %u, %u bytes, %u of padding", type, size,
		     padding);
	cr_expect_arr_eq(record.buffer, before, sizeof(before), "a refused record was written to");
	cr_expect_eq(glacis_record_sequence(writer), sequence, "a refused record consumed its number");
}

Test(record_seal, refuses_illegal_content)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };
	struct glacis_record_keys keys;

	for (size_t i = 0; i < 2; i++) {
		struct glacis_record_stream *writer;

		make_keys(suites[i], 1, &keys);
		writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
		expect_refused(writer, GLACIS_CONTENT_ALERT, 0, 0);
		expect_refused(writer, GLACIS_CONTENT_HANDSHAKE, 0, 0);
		expect_refused(writer, GLACIS_CONTENT_CHANGE_CIPHER_SPEC, 1, 0);
		expect_refused(writer, 0, 1, 0);
		expect_refused(writer, 24, 1, 0);
		expect_refused(writer, 255, 1, 0);
		expect_refused(writer, GLACIS_CONTENT_APPLICATION_DATA, GLACIS_RECORD_CONTENT_MAX + 1, 0);
		glacis_record_stream_destroy(writer);
	}
}

Test(record_seal, huge_sizes_do_not_wrap)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	write_content(&record, writer, GLACIS_CONTENT_APPLICATION_DATA, "", 0, 2);
	record.op.content_size = UINT32_MAX;
	cr_expect_eq(run(&rig, &record), GLACIS_STATUS_INVALID);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, tls12_takes_no_padding)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0xc02f, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	expect_refused(writer, GLACIS_CONTENT_APPLICATION_DATA, 10, 1);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, content_limit_holds_content_and_padding)
{
	const struct glacis_record_stream_options options = { .content_limit = 100 };
	static const uint8_t content[101];
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, &options);
	cr_expect_eq(seal(&rig, &record, writer, 23, content, 100, 0), GLACIS_STATUS_OK);
	cr_expect_eq(seal(&rig, &record, writer, 23, content, 40, 60), GLACIS_STATUS_OK);
	expect_refused(writer, 23, 101, 0);
	expect_refused(writer, 23, 40, 61);
	expect_refused(writer, 23, 100, UINT16_MAX);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, limits_of_a_key)
{
	const struct glacis_record_stream_options options = { .soft_limit = 3, .hard_limit = 5 };
	struct glacis_record_keys keys, next;
	struct glacis_record_stream *writer;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, &options);
	for (unsigned i = 0; i < 5; i++) {
		cr_expect_eq(glacis_record_writer_rekey_due(writer), i >= 3, "after %u records", i);
		cr_assert_eq(seal(&rig, &record, writer, 23, "x", 1, 0), GLACIS_STATUS_OK);
	}
	cr_expect_eq(seal(&rig, &record, writer, 23, "x", 1, 0), GLACIS_STATUS_LIMIT);
	cr_expect_eq(glacis_record_sequence(writer), 5);

	cr_assert_eq(glacis_record_writer_update(writer), 0);
	cr_expect_eq(glacis_record_sequence(writer), 0);
	cr_expect_not(glacis_record_writer_rekey_due(writer));
	next = keys;
	cr_assert_eq(glacis_tls13_next_keys(&next), 0);
	cr_assert_eq(seal(&rig, &record, writer, 23, "x", 1, 0), GLACIS_STATUS_OK);
	expect_reference(&next, 0, (const uint8_t *)"x");
	cr_expect_eq(record.op.epoch, 1);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, limits_count_earlier_records)
{
	struct glacis_record_stream_options options = { .first_sequence = GLACIS_RECORD_LIMIT_SOFT - 1 };
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0xc02f, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, &options);
	cr_expect_not(glacis_record_writer_rekey_due(writer));
	cr_expect_eq(seal(&rig, &record, writer, 23, "x", 1, 0), GLACIS_STATUS_OK);
	cr_expect(glacis_record_writer_rekey_due(writer));
	glacis_record_stream_destroy(writer);

	options.first_sequence = GLACIS_RECORD_LIMIT_HARD - 1;
	writer = make_stream(&rig, GLACIS_SEAL, &keys, &options);
	cr_expect_eq(seal(&rig, &record, writer, 23, "x", 1, 0), GLACIS_STATUS_OK);
	cr_expect_eq(seal(&rig, &record, writer, 23, "x", 1, 0), GLACIS_STATUS_LIMIT);
	glacis_record_stream_destroy(writer);

	options.first_sequence = UINT64_MAX;
	writer = make_stream(&rig, GLACIS_SEAL, &keys, &options);
	cr_expect_eq(seal(&rig, &record, writer, 23, "x", 1, 0), GLACIS_STATUS_LIMIT);
	cr_expect_eq(glacis_record_sequence(writer), UINT64_MAX);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, update_is_for_tls13_writers)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *stream;

	make_keys(0xc02f, 1, &keys);
	stream = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	cr_expect_eq(glacis_record_writer_update(stream), -ENOTSUP);
	glacis_record_stream_destroy(stream);
	make_keys(0x1301, 1, &keys);
	stream = make_stream(&rig, GLACIS_OPEN, &keys, NULL);
	cr_expect_eq(glacis_record_writer_update(stream), -ENOTSUP);
	glacis_record_stream_destroy(stream);
}

Test(record_seal, update_waits_for_records_in_flight)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	struct glacis_record_op *op = &record.op;

	make_keys(0x1302, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	write_content(&record, writer, 23, "x", 1, 0);
	cr_assert_eq(glacis_record_submit(rig.queue, &op, 1), 1);
	cr_expect_eq(glacis_record_writer_update(writer), -EBUSY);
	cr_expect_eq(glacis_record_sequence(writer), 1);
	drain(&rig);
	cr_expect_eq(glacis_record_writer_update(writer), 0);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, an_idle_stream_carries_on)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	for (uint64_t i = 0; i < 3; i++) {
		glacis_record_stream_idle(writer);
		cr_assert_eq(seal(&rig, &record, writer, 23, "idle", 4, 0), GLACIS_STATUS_OK);
		expect_reference(&keys, i, (const uint8_t *)"idle");
	}
	glacis_record_stream_destroy(writer);
}

Test(record_seal, create_checks_its_arguments)
{
	struct glacis_record_stream_options options = { 0 };
	struct glacis_record_stream *stream = NULL;
	struct glacis_record_keys good, bad;

	make_keys(0x1301, 1, &good);
	cr_expect_eq(glacis_record_stream_create(NULL, GLACIS_SEAL, &good, NULL, &stream), -EINVAL);
	cr_expect_eq(glacis_record_stream_create(rig.engine, (enum glacis_direction)2, &good, NULL, &stream), -EINVAL);
	cr_expect_eq(glacis_record_stream_create(rig.engine, GLACIS_SEAL, NULL, NULL, &stream), -EINVAL);
	bad = good;
	bad.version = 0x0302;
	cr_expect_eq(glacis_record_stream_create(rig.engine, GLACIS_SEAL, &bad, NULL, &stream), -EINVAL);
	bad = good;
	bad.key_size = 32;
	cr_expect_eq(glacis_record_stream_create(rig.engine, GLACIS_SEAL, &bad, NULL, &stream), -EINVAL);
	bad = good;
	bad.secret_size = 48;
	cr_expect_eq(glacis_record_stream_create(rig.engine, GLACIS_SEAL, &bad, NULL, &stream), -EINVAL);
	options.content_limit = GLACIS_RECORD_CONTENT_MAX + 1;
	cr_expect_eq(glacis_record_stream_create(rig.engine, GLACIS_SEAL, &good, &options, &stream), -EINVAL);
	options = (struct glacis_record_stream_options){ .hard_limit = GLACIS_RECORD_LIMIT_HARD + 1 };
	cr_expect_eq(glacis_record_stream_create(rig.engine, GLACIS_SEAL, &good, &options, &stream), -EINVAL);
	options = (struct glacis_record_stream_options){ .soft_limit = GLACIS_RECORD_LIMIT_SOFT + 1 };
	cr_expect_eq(glacis_record_stream_create(rig.engine, GLACIS_SEAL, &good, &options, &stream), -EINVAL);
	cr_expect_null(stream);
	glacis_record_stream_destroy(NULL);
}

Test(record_seal, submit_refuses_an_operation_without_stream_or_buffer)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;

	make_keys(0x1301, 1, &keys);
	writer = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
	write_content(&record, writer, 23, "x", 1, 0);
	record.op.stream = NULL;
	cr_expect_eq(run(&rig, &record), GLACIS_STATUS_INVALID);
	write_content(&record, writer, 23, "x", 1, 0);
	record.op.record = NULL;
	cr_expect_eq(run(&rig, &record), GLACIS_STATUS_INVALID);
	cr_expect_eq(glacis_record_sequence(writer), 0);
	glacis_record_stream_destroy(writer);
}

Test(record_seal, a_stream_of_another_engine_is_refused)
{
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer;
	struct rig other;

	rig_open(&other, 16);
	make_keys(0x1301, 1, &keys);
	writer = make_stream(&other, GLACIS_SEAL, &keys, NULL);
	write_content(&record, writer, 23, "x", 1, 0);
	cr_expect_eq(run(&rig, &record), GLACIS_STATUS_INVALID);
	cr_expect_eq(run(&other, &record), GLACIS_STATUS_OK);
	glacis_record_stream_destroy(writer);
	rig_close(&other);
}

Test(record_seal, key_update_message)
{
	static const uint8_t asks[] = { 24, 0, 0, 1, 1 }, answers[] = { 24, 0, 0, 1, 0 };
	uint8_t message[GLACIS_KEY_UPDATE_MESSAGE_SIZE];

	glacis_record_key_update_message(message, true);
	cr_expect_arr_eq(message, asks, sizeof(asks));
	glacis_record_key_update_message(message, false);
	cr_expect_arr_eq(message, answers, sizeof(answers));
}

Test(record_seal, alert_names)
{
	cr_expect_str_eq(glacis_alert_name(GLACIS_ALERT_CLOSE_NOTIFY), "close_notify");
	cr_expect_str_eq(glacis_alert_name(GLACIS_ALERT_BAD_RECORD_MAC), "bad_record_mac");
	cr_expect_str_eq(glacis_alert_name(GLACIS_ALERT_NO_RENEGOTIATION), "no_renegotiation");
	cr_expect_str_eq(glacis_alert_name((enum glacis_alert)1), "unknown");
	for (int number = -2; number < 300; number++)
		cr_expect_not_null(glacis_alert_name((enum glacis_alert)number));
	cr_expect_str_eq(glacis_alert_name((enum glacis_alert)255), "unknown");
}

/* Sealed into another buffer: the same record, and the content stays. */
Test(record_seal, goes_apart_when_asked)
{
	static const uint16_t suites[] = { 0x1301, 0xc02f };
	static uint8_t content[3000], output[RECORD_BUFFER_SIZE];

	fill(content, sizeof(content), 4);
	for (unsigned i = 0; i < 2; i++) {
		struct glacis_record_keys keys;
		struct glacis_record_stream *inside, *apart;
		uint32_t size, prefix;

		make_keys(suites[i], 7, &keys);
		inside = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
		apart = make_stream(&rig, GLACIS_SEAL, &keys, NULL);
		prefix = glacis_record_prefix_size(apart);
		memset(output, 0xa5, sizeof(output));
		write_content(&record, apart, 23, content, sizeof(content), 0);
		record.op.output = output;
		cr_assert_eq(run(&rig, &record), GLACIS_STATUS_OK);
		cr_assert_arr_eq(record.buffer + prefix, content, sizeof(content), "the content is there still");
		size = record.op.record_size;
		cr_assert_eq(output[size], 0xa5, "a byte behind the record was written");
		record.op.output = NULL;
		cr_assert_eq(seal(&rig, &record, inside, 23, content, sizeof(content), 0), GLACIS_STATUS_OK);
		cr_assert_eq(record.op.record_size, size);
		cr_assert_arr_eq(output, record.buffer, size);
		glacis_record_stream_destroy(inside);
		glacis_record_stream_destroy(apart);
	}
}
