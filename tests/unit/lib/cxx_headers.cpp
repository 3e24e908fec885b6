/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A C++ program that includes every public header and uses the library: run as a test, so that
 * headers that C++ cannot read, or symbols without C linkage, are found.
 */
#include <glacis/glacis.h>

#include <glacis/aead.h>
#include <glacis/engine.h>
#include <glacis/pool.h>
#include <glacis/queue.h>
#include <glacis/record.h>
#include <glacis/status.h>
#include <glacis/tls_keys.h>
#include <glacis/version.h>

#include <cstdio>

static int check(bool good, const char *what)
{
	if (!good)
		std::fprintf(stderr, "%s\n", what);
	return good ? 0 : 1;
}

int main()
{
	glacis_engine *engine = nullptr;
	glacis_queue *queue = nullptr;
	glacis_aead_session *session = nullptr;
	const uint8_t key[16] = {};
	/* McGrew and Viega, test case 2. */
	const uint8_t expected[2] = { 0x03, 0x88 };
	uint8_t text[32] = {};
	int failures = 0;

	failures += check(glacis_engine_create(nullptr, &engine) == 0, "no engine");
	failures += check(glacis_queue_create(engine, nullptr, &queue) == 0, "no queue");
	failures += check(glacis_aead_session_create(engine, GLACIS_SEAL, key, sizeof(key), &session) == 0,
			  "no session");
	glacis_aead_op op = {};
	op.session = session;
	op.source = op.destination = text;
	op.tag = text + 16;
	op.length = 16;
	glacis_aead_op *ops[1] = { &op };
	glacis_op *done[1] = {};
	failures += check(glacis_queue_submit(queue, ops, 1) == 1, "not accepted");
	failures += check(glacis_queue_poll(queue, done, 1) == 1 && done[0]->status == GLACIS_STATUS_OK, "not done");
	failures += check(text[0] == expected[0] && text[1] == expected[1], "wrong ciphertext");
	failures += check(glacis_alert_name(GLACIS_ALERT_BAD_RECORD_MAC) != nullptr, "no alert name");
	failures += check(glacis_version()[0] != '\0', "no version");
	glacis_aead_session_destroy(session);
	glacis_queue_destroy(queue);
	glacis_engine_destroy(engine);
	return failures;
}
