/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis selftest`, TLS records: key schedules and a record against published answers; for each suite,
 * records of several sizes sealed as OpenSSL's AES-GCM seals the same bytes, opened again, and refused
 * when one bit has changed.
 *
 * Sources: RFC 8448 section 3 (client's application data); NIST CAVP, SP 800-135 component vectors,
 * tls.rsp, [TLS 1.2, SHA-256] and [TLS 1.2, SHA-384], COUNT = 0; the 48-byte traffic secret is from
 * s2n-tls, tests/unit/s2n_tls13_keys_test.c.
 */
#include <string.h>

#include "selftest.h"

#define RFC8448_SECRET "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
#define RFC8448_RECORD                                                                                                 \
	"1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a62" \
	"92"                                                                                                           \
	"a2977014bd1e3deae63aeebb21694915e4"
#define RFC8448_CONTENT_SIZE 50u
#define RECORD_ROOM          (GLACIS_RECORD_CONTENT_MAX + GLACIS_RECORD_PREFIX_MAX + GLACIS_RECORD_SUFFIX_MAX)

/* A suite of TLS 1.3 with its secret, or of TLS 1.2 with what its keys are made from and how they begin. */
struct suite {
	const char *name;
	uint16_t version, number;
	const char *secret, *client_random, *server_random, *client_key;
};

static const struct suite suites[] = {
	{ "tls-1.3 aes-128-gcm", GLACIS_TLS_1_3, 0x1301, RFC8448_SECRET, NULL, NULL,
	  "17422dda596ed5d9acd890e3c63f5051" },
	{ "tls-1.3 aes-256-gcm", GLACIS_TLS_1_3, 0x1302,
	  "4bc28934ddd802b00f479e14a72d7725dab45d32b3b145f29e4c5b56677560eb5236b168c71c5c75aa52f3e20ee89bfb", NULL,
	  NULL, NULL },
	{ "tls-1.2 aes-128-gcm", GLACIS_TLS_1_2, 0xc02f,
	  "202c88c00f84a17a20027079604787461176455539e705be730890602c289a5001e34eeb3a043e5d52a65e66125188bf",
	  "62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616",
	  "ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868", "d06139889fffac1e3a71865f504aa5d0" },
	{ "tls-1.2 aes-256-gcm", GLACIS_TLS_1_2, 0xc030,
	  "b4d49bfa87747fe815457bc3da15073d6ac73389e703079a3503c09e14bd559a5b3c7c601c7365f6ea8c68d3d9596827",
	  "954b5fe1849c2ede177438261f099a2fcd884d001b9fe1de754364b1f6a6dd8e",
	  "1b1c8568344a65c30828e7483c0e353e2c68641c9551efae6927d9cd627a107c",
	  "10fd89ef689c7ef033387b8a8f3e5e8e7c11f680f6bdd71fbac3246a73e98d45" },
};

/* One after the other on one stream, so that sequence numbers above 0 count too. */
static const uint32_t content_sizes[] = { 1, 1420, GLACIS_RECORD_CONTENT_MAX };

/* Both ends of one direction. */
struct direction {
	struct glacis_record_keys keys;
	struct glacis_record_stream *writer, *reader;
	struct glacis_record_op op;
	uint8_t record[RECORD_ROOM];
};

static int make_keys(const struct suite *suite, struct glacis_record_keys *keys)
{
	uint8_t secret[GLACIS_TLS_SECRET_SIZE_MAX], client[GLACIS_TLS_RANDOM_SIZE], server[GLACIS_TLS_RANDOM_SIZE];
	size_t secret_size = selftest_hex(suite->secret, secret, sizeof(secret));
	struct glacis_record_keys other;

	if (suite->version == GLACIS_TLS_1_3)
		return glacis_tls13_record_keys(suite->number, secret, secret_size, keys);
	selftest_hex(suite->client_random, client, sizeof(client));
	selftest_hex(suite->server_random, server, sizeof(server));
	return glacis_tls12_record_keys(suite->number, secret, client, server, keys, &other);
}

static bool check_keys(struct selftest *test, const struct suite *suite)
{
	struct glacis_record_keys keys = { 0 };
	uint8_t expected[GLACIS_AEAD_KEY_SIZE_MAX];
	int error = make_keys(suite, &keys);
	size_t size = selftest_hex(suite->client_key, expected, sizeof(expected));

	if (error != 0)
		return selftest_fail(test, "no keys: %s", strerror(-error));
	if (size != keys.key_size || memcmp(keys.key, expected, size) != 0)
		return selftest_fail(test, "the write key is wrong");
	return true;
}

static void close_direction(struct direction *direction)
{
	glacis_record_stream_destroy(direction->writer);
	glacis_record_stream_destroy(direction->reader);
	glacis_record_keys_wipe(&direction->keys);
}

static bool open_direction(struct selftest *test, const struct suite *suite, struct direction *direction)
{
	const struct glacis_record_stream_options options = { 0 };
	struct glacis_engine *engine = test->local.engine;
	int error = make_keys(suite, &direction->keys);

	if (error == 0)
		error = glacis_record_stream_create(engine, GLACIS_SEAL, &direction->keys, &options,
						    &direction->writer);
	if (error == 0)
		error = glacis_record_stream_create(engine, GLACIS_OPEN, &direction->keys, &options,
						    &direction->reader);
	return error == 0 || selftest_fail(test, "no streams: %s", strerror(-error));
}

static bool run(struct selftest *test, struct direction *direction, struct glacis_record_stream *stream)
{
	struct glacis_record_op *op = &direction->op;

	op->stream = stream;
	op->record = direction->record;
	if (local_run_record(&test->local, op) != 0)
		return selftest_fail(test, "the record was not accepted (%s)",
				     glacis_status_name((enum glacis_status)op->aead.op.status));
	return true;
}

static bool seal(struct selftest *test, struct direction *direction, const uint8_t *content, uint32_t size)
{
	memset(&direction->op, 0, sizeof(direction->op));
	direction->op.content_size = size;
	direction->op.content_type = GLACIS_CONTENT_APPLICATION_DATA;
	memcpy(direction->record + glacis_record_prefix_size(direction->writer), content, size);
	if (!run(test, direction, direction->writer))
		return false;
	if (direction->op.aead.op.status != GLACIS_STATUS_OK)
		return selftest_fail(test, "sealing ended with \"%s\"",
				     glacis_status_name((enum glacis_status)direction->op.aead.op.status));
	return true;
}

/* Peeks at, opens and finishes what lies in `record`. */
static bool open_record(struct selftest *test, struct direction *direction, uint32_t record_size,
			struct glacis_record_event *event)
{
	enum glacis_alert alert;
	uint32_t size;

	if (glacis_record_peek(direction->reader, direction->record, record_size, &size, &alert) != 1 ||
	    size != record_size)
		return selftest_fail(test, "the record's header is wrong");
	memset(&direction->op, 0, sizeof(direction->op));
	direction->op.record_size = record_size;
	if (!run(test, direction, direction->reader))
		return false;
	glacis_record_finish(&direction->op, event);
	return true;
}

static void put_sequence(uint8_t bytes[8], uint64_t sequence)
{
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(sequence >> (56 - 8 * i));
}

/* RFC 8446 sections 5.2 and 5.3. */
static void expect_tls13(const struct direction *direction, uint64_t sequence, struct selftest_message *message)
{
	uint8_t number[8];

	put_sequence(number, sequence);
	memcpy(message->nonce, direction->keys.iv, sizeof(message->nonce));
	for (unsigned i = 0; i < 8; i++)
		message->nonce[4 + i] ^= number[i];
	message->text[message->size++] = GLACIS_CONTENT_APPLICATION_DATA;
	message->aad_size = GLACIS_RECORD_HEADER_SIZE;
	memcpy(message->aad, direction->record, GLACIS_RECORD_HEADER_SIZE);
}

/* RFC 5246 section 6.2.3.3 and RFC 5288 section 3; the explicit nonce is the sealer's choice. */
static void expect_tls12(const struct direction *direction, uint64_t sequence, struct selftest_message *message)
{
	const uint8_t tail[] = { GLACIS_CONTENT_APPLICATION_DATA, 3, 3, (uint8_t)(message->size >> 8),
				 (uint8_t)message->size };

	memcpy(message->nonce, direction->keys.iv, 4);
	memcpy(message->nonce + 4, direction->record + GLACIS_RECORD_HEADER_SIZE, 8);
	put_sequence(message->aad, sequence);
	memcpy(message->aad + 8, tail, sizeof(tail));
	message->aad_size = 8 + sizeof(tail);
}

static bool check_as_openssl(struct selftest *test, const struct direction *direction, uint64_t sequence,
			     struct selftest_message *message)
{
	uint32_t prefix = glacis_record_prefix_size(direction->writer);
	size_t content_size = message->size;

	message->key_size = direction->keys.key_size;
	memcpy(message->key, direction->keys.key, message->key_size);
	if (direction->keys.version == GLACIS_TLS_1_3)
		expect_tls13(direction, sequence, message);
	else
		expect_tls12(direction, sequence, message);
	if (!selftest_openssl_seal(message))
		return selftest_fail(test, "OpenSSL failed; is its default provider installed?");
	if (direction->op.record_size != prefix + message->size + GLACIS_AEAD_TAG_SIZE)
		return selftest_fail(test, "the sealed record has %u bytes", (unsigned)direction->op.record_size);
	if (memcmp(direction->record + prefix, message->sealed, message->size) != 0 ||
	    memcmp(direction->record + prefix + message->size, message->tag, GLACIS_AEAD_TAG_SIZE) != 0)
		return selftest_fail(test, "the record with %zu bytes was not sealed as OpenSSL seals it",
				     content_size);
	return true;
}

static bool check_size(struct selftest *test, struct direction *direction, uint64_t sequence, uint32_t size)
{
	struct selftest_message message = { .size = size };
	struct glacis_record_event event;

	selftest_fill(message.text, size);
	if (!seal(test, direction, message.text, size) || !check_as_openssl(test, direction, sequence, &message) ||
	    !open_record(test, direction, direction->op.record_size, &event))
		return false;
	if (event.kind != GLACIS_EVENT_DATA || event.content_size != size ||
	    memcmp(event.content, message.text, size) != 0)
		return selftest_fail(test, "opening the record with %u bytes did not give them back", (unsigned)size);
	return true;
}

static bool check_tampered(struct selftest *test, struct direction *direction)
{
	const uint8_t content[64] = { 1 };
	struct glacis_record_event event;

	if (!seal(test, direction, content, sizeof(content)))
		return false;
	direction->record[direction->op.record_size - 1] ^= 1;
	if (!open_record(test, direction, direction->op.record_size, &event))
		return false;
	if (event.kind != GLACIS_EVENT_ERROR || event.alert != GLACIS_ALERT_BAD_RECORD_MAC)
		return selftest_fail(test, "a record with a changed bit was not refused");
	return true;
}

static bool check_suite(struct selftest *test, const struct suite *suite)
{
	struct direction direction = { 0 };
	bool good = open_direction(test, suite, &direction);

	for (unsigned i = 0; i < sizeof(content_sizes) / sizeof(content_sizes[0]) && good; i++)
		good = check_size(test, &direction, i, content_sizes[i]);
	good = good && check_tampered(test, &direction);
	close_direction(&direction);
	return good;
}

static bool check_rfc8448(struct selftest *test)
{
	struct direction direction = { 0 };
	uint8_t expected[RFC8448_CONTENT_SIZE + 22], content[RFC8448_CONTENT_SIZE];
	struct glacis_record_event event;
	bool good = open_direction(test, &suites[0], &direction);

	selftest_hex(RFC8448_RECORD, expected, sizeof(expected));
	for (unsigned i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)i;
	good = good && seal(test, &direction, content, sizeof(content));
	if (good &&
	    (direction.op.record_size != sizeof(expected) || memcmp(direction.record, expected, sizeof(expected)) != 0))
		good = selftest_fail(test, "the sealed record is wrong");
	memcpy(direction.record, expected, sizeof(expected));
	good = good && open_record(test, &direction, sizeof(expected), &event);
	if (good && (event.kind != GLACIS_EVENT_DATA || event.content_size != sizeof(content) ||
		     memcmp(event.content, content, sizeof(content)) != 0))
		good = selftest_fail(test, "the published record was not opened");
	close_direction(&direction);
	return good;
}

void selftest_record(struct selftest *test)
{
	for (unsigned i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (suites[i].client_key)
			selftest_report(test, check_keys(test, &suites[i]), "%s key schedule", suites[i].name);
		selftest_report(test, check_suite(test, &suites[i]), "%s records", suites[i].name);
	}
	selftest_report(test, check_rfc8448(test), "tls-1.3 RFC-8448-record");
}
