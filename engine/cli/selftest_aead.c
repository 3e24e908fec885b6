/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis selftest`, AES-GCM: known answers, and long messages against OpenSSL, each in place, out of
 * place and from segments; sealed, opened, and refused when one bit of them has changed.
 *
 * Source of the known answers: D. McGrew, J. Viega, "The Galois/Counter Mode of Operation (GCM)",
 * appendix B, the base of NIST SP 800-38D: cases 4, 10 and 16. They are short; the code for many blocks
 * at a time is reached by the long messages only.
 */
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "selftest.h"

#define MCGREW_VIEGA_TEXT                                                                                              \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5"     \
	"aa0de657ba637b39"
#define MCGREW_VIEGA_KEY "feffe9928665731c6d6a8f9467308308"
#define SEGMENTS         4u

struct known_answer {
	const char *name, *key, *sealed, *tag;
};

static const struct known_answer known_answers[] = {
	{ "McGrew-Viega-4", MCGREW_VIEGA_KEY,
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b39"
	  "6a0aac973d58e091",
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ "McGrew-Viega-10", MCGREW_VIEGA_KEY "feffe9928665731c",
	  "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b"
	  "2fe324d9ccda2710",
	  "2519498e80f1478f37ba55bd6d27618c" },
	{ "McGrew-Viega-16", MCGREW_VIEGA_KEY MCGREW_VIEGA_KEY,
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e63"
	  "93ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static const size_t long_key_sizes[] = { 16, 32 };
static const size_t long_sizes[] = { 1420, 16384 };

enum way { IN_PLACE, OUT_OF_PLACE, FROM_SEGMENTS, WAYS };

static const char *const way_names[WAYS] = { "in-place", "out-of-place", "segments" };

/* One message on its way through libglacis. */
struct trial {
	const struct selftest_message *message;
	enum way way;
	struct glacis_aead_session *sessions[2]; /* by enum glacis_direction */
	struct iovec segments[SEGMENTS];
	uint8_t input[SELFTEST_TEXT_MAX], output[SELFTEST_TEXT_MAX];
	uint8_t aad[GLACIS_AEAD_AAD_SIZE_MAX], tag[GLACIS_AEAD_TAG_SIZE];
};

/* Pieces that fit no block: 1, 18 and 7 bytes, and the rest. */
static void cut(struct trial *trial)
{
	static const size_t sizes[SEGMENTS - 1] = { 1, 18, 7 };
	size_t at = 0;

	for (unsigned i = 0; i < SEGMENTS - 1; i++) {
		trial->segments[i] = (struct iovec){ trial->input + at, sizes[i] };
		at += sizes[i];
	}
	trial->segments[SEGMENTS - 1] = (struct iovec){ trial->input + at, trial->message->size - at };
}

static uint8_t *output_of(struct trial *trial)
{
	return trial->way == IN_PLACE ? trial->input : trial->output;
}

/* Runs `input`, `aad` and `tag` as they are. False when the operation was not accepted. */
static bool run(struct selftest *test, struct trial *trial, enum glacis_direction direction, uint8_t *status)
{
	const struct selftest_message *message = trial->message;
	struct glacis_aead_op op = {
		.session = trial->sessions[direction],
		.source = trial->input,
		.destination = output_of(trial),
		.length = (uint32_t)message->size,
		.tag = trial->tag,
		.aad = trial->aad,
		.aad_size = (uint8_t)message->aad_size,
	};

	memcpy(op.nonce, message->nonce, sizeof(op.nonce));
	if (trial->way == FROM_SEGMENTS) {
		cut(trial);
		op.source = NULL;
		op.segments = trial->segments;
		op.segment_count = SEGMENTS;
	}
	if (local_run_aead(&test->local, &op, 1) != 0)
		return selftest_fail(test, "the queue did not accept the operation (%s)",
				     glacis_status_name((enum glacis_status)op.op.status));
	*status = op.op.status;
	return true;
}

static void prepare_open(struct trial *trial)
{
	memcpy(trial->input, trial->message->sealed, trial->message->size);
	memcpy(trial->aad, trial->message->aad, trial->message->aad_size);
	memcpy(trial->tag, trial->message->tag, sizeof(trial->tag));
	memset(trial->output, 0xa5, sizeof(trial->output));
}

static bool check_seal(struct selftest *test, struct trial *trial)
{
	const struct selftest_message *message = trial->message;
	uint8_t status;

	memcpy(trial->input, message->text, message->size);
	memcpy(trial->aad, message->aad, message->aad_size);
	memset(trial->tag, 0xa5, sizeof(trial->tag));
	memset(trial->output, 0xa5, sizeof(trial->output));
	if (!run(test, trial, GLACIS_SEAL, &status))
		return false;
	if (status != GLACIS_STATUS_OK)
		return selftest_fail(test, "sealing ended with \"%s\"", glacis_status_name((enum glacis_status)status));
	if (memcmp(output_of(trial), message->sealed, message->size) != 0)
		return selftest_fail(test, "sealing gave a wrong ciphertext");
	if (memcmp(trial->tag, message->tag, sizeof(trial->tag)) != 0)
		return selftest_fail(test, "sealing gave a wrong tag");
	return true;
}

static bool check_open(struct selftest *test, struct trial *trial)
{
	uint8_t status;

	prepare_open(trial);
	if (!run(test, trial, GLACIS_OPEN, &status))
		return false;
	if (status != GLACIS_STATUS_OK)
		return selftest_fail(test, "opening ended with \"%s\"", glacis_status_name((enum glacis_status)status));
	if (memcmp(output_of(trial), trial->message->text, trial->message->size) != 0)
		return selftest_fail(test, "opening gave a wrong text");
	return true;
}

/* Out of place the output is zeroed; in place the ciphertext is back. */
static bool plaintext_is_hidden(struct trial *trial, const uint8_t *sealed)
{
	if (trial->way == IN_PLACE)
		return memcmp(trial->input, sealed, trial->message->size) == 0;
	for (size_t i = 0; i < trial->message->size; i++)
		if (trial->output[i] != 0)
			return false;
	return true;
}

/* `byte` lies in the trial's input, additional data or tag. */
static bool check_refused(struct selftest *test, struct trial *trial, uint8_t *byte, const char *what)
{
	uint8_t damaged[SELFTEST_TEXT_MAX], status;

	prepare_open(trial);
	*byte ^= 0x10;
	memcpy(damaged, trial->input, trial->message->size);
	if (!run(test, trial, GLACIS_OPEN, &status))
		return false;
	if (status != GLACIS_STATUS_AUTH_FAILED)
		return selftest_fail(test, "opening with a changed bit in the %s ended with \"%s\"", what,
				     glacis_status_name((enum glacis_status)status));
	if (!plaintext_is_hidden(trial, damaged))
		return selftest_fail(test, "opening with a changed bit in the %s left text behind", what);
	return true;
}

static bool check_ways(struct selftest *test, struct trial *trial)
{
	return check_seal(test, trial) && check_open(test, trial) &&
	       check_refused(test, trial, &trial->tag[15], "tag") &&
	       check_refused(test, trial, &trial->aad[0], "additional data") &&
	       check_refused(test, trial, &trial->input[trial->message->size - 1], "ciphertext");
}

static void check_message(struct selftest *test, const struct selftest_message *message, const char *name)
{
	struct trial trial = { .message = message };
	bool ready = true;

	for (unsigned i = 0; i < 2 && ready; i++) {
		int error = glacis_aead_session_create(test->local.engine, (enum glacis_direction)i, message->key,
						       message->key_size, &trial.sessions[i]);
		if (error != 0)
			ready = selftest_fail(test, "no session: %s", strerror(-error));
	}
	for (unsigned way = 0; way < WAYS; way++) {
		trial.way = (enum way)way;
		if (!ready)
			selftest_fail(test, "no session could be made; free some memory");
		selftest_report(test, ready && check_ways(test, &trial), "aes-%zu-gcm %s %s", message->key_size * 8,
				way_names[way], name);
	}
	for (unsigned i = 0; i < 2; i++)
		glacis_aead_session_destroy(trial.sessions[i]);
}

static void check_known_answer(struct selftest *test, const struct known_answer *answer)
{
	struct selftest_message message = { 0 };

	message.key_size = selftest_hex(answer->key, message.key, sizeof(message.key));
	selftest_hex("cafebabefacedbaddecaf888", message.nonce, sizeof(message.nonce));
	message.aad_size = selftest_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", message.aad, sizeof(message.aad));
	message.size = selftest_hex(MCGREW_VIEGA_TEXT, message.text, sizeof(message.text));
	selftest_hex(answer->sealed, message.sealed, sizeof(message.sealed));
	selftest_hex(answer->tag, message.tag, sizeof(message.tag));
	check_message(test, &message, answer->name);
}

static void check_long(struct selftest *test, size_t key_size, size_t size)
{
	struct selftest_message message = { .key_size = key_size, .aad_size = 13, .size = size };
	char name[48];

	selftest_fill(message.key, key_size);
	selftest_fill(message.aad, message.aad_size);
	selftest_fill(message.text, size);
	message.nonce[0] = (uint8_t)key_size;
	snprintf(name, sizeof(name), "%zu-bytes-as-OpenSSL", size);
	if (selftest_openssl_seal(&message))
		check_message(test, &message, name);
	else
		selftest_report(test, selftest_fail(test, "OpenSSL failed; is its default provider installed?"),
				"aes-%zu-gcm %s", key_size * 8, name);
}

void selftest_aead(struct selftest *test)
{
	for (size_t i = 0; i < sizeof(known_answers) / sizeof(known_answers[0]); i++)
		check_known_answer(test, &known_answers[i]);
	for (size_t i = 0; i < sizeof(long_key_sizes) / sizeof(long_key_sizes[0]); i++)
		for (size_t j = 0; j < sizeof(long_sizes) / sizeof(long_sizes[0]); j++)
			check_long(test, long_key_sizes[i], long_sizes[j]);
}
