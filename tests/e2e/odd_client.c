/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records no well-behaved library sends, and what the server must answer. Started by test_odd.py
 * once per case against a glacisd whose backend echoes:
 *   odd_client PORT 1.2|1.3 128|256 CASE     odd_client --list
 * Exit status 0: the server did what the RFC asks for. 1: not, and stderr says what instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "odd_case.h"

const uint8_t odd_zeros[ODD_CONTENT_MAX];

/* Takes a record that is not application data: tickets are skipped, KeyUpdates followed. */
static unsigned int side_record(struct odd_peer *peer, const struct odd_record *record)
{
	if (record->type == ODD_HANDSHAKE && peer->tls13 && record->size && record->content[0] == 4)
		return 0;
	if (record->type == ODD_HANDSHAKE && peer->tls13 && record->size == 5 && record->content[0] == 24) {
		odd_next_keys(peer, &peer->in);
		return 1;
	}
	if (record->type == ODD_ALERT && record->size == 2)
		odd_fail("alert %u of level %u came", record->content[1], record->content[0]);
	odd_fail("a record of type %u, %zu bytes, came", record->type, record->size);
}

unsigned int odd_expect_echo(struct odd_peer *peer, const void *expected, size_t size)
{
	struct odd_record record;
	unsigned int updates = 0;

	for (size_t done = 0; done < size;) {
		if (!odd_receive(peer, &record))
			odd_fail("the connection ended with %zu bytes of the echo missing", size - done);
		if (record.type != ODD_DATA) {
			updates += side_record(peer, &record);
			continue;
		}
		if (record.size > size - done ||
		    memcmp(record.content, (const uint8_t *)expected + done, record.size) != 0)
			odd_fail("the echo differs within %zu bytes behind %zu", record.size, done);
		done += record.size;
	}
	return updates;
}

void odd_echo(struct odd_peer *peer)
{
	static const char text[] = "still there?";

	odd_send(peer, ODD_DATA, text, sizeof(text));
	odd_expect_echo(peer, text, sizeof(text));
}

void odd_expect_alert(struct odd_peer *peer, enum odd_alert description)
{
	struct odd_record record;

	for (;;) {
		if (!odd_receive(peer, &record))
			odd_fail("the connection ended without an alert; alert %d was expected", (int)description);
		if (record.type == ODD_ALERT)
			break;
		if (record.type != ODD_DATA)
			side_record(peer, &record);
	}
	if (record.size != 2 || record.content[0] != 2 || record.content[1] == 0)
		odd_fail("alert %u of level %u came, a fatal one was expected", record.content[1], record.content[0]);
	if (description != ODD_ANY_ALERT && record.content[1] != (int)description)
		odd_fail("alert %u came, %d was expected", record.content[1], (int)description);
	if (odd_receive(peer, &record))
		odd_fail("a record of type %u follows the fatal alert", record.type);
}

void odd_expect_refusal(struct odd_peer *peer)
{
	struct odd_record record;

	while (odd_receive(peer, &record)) {
		if (record.type == ODD_ALERT && record.content[0] == 2)
			return;
		if (record.type == ODD_HANDSHAKE)
			side_record(peer, &record);
	}
}

void odd_expect_silent_end(struct odd_peer *peer)
{
	struct odd_record record;

	while (odd_receive(peer, &record)) {
		if (record.type == ODD_DATA)
			odd_fail("%zu bytes came, none was expected", record.size);
		else if (record.type == ODD_ALERT && record.size == 2 && record.content[1] != 0)
			odd_fail("alert %u came", record.content[1]);
		else if (record.type != ODD_ALERT)
			side_record(peer, &record);
	}
}

static const struct odd_case *const tables[] = { odd_record_cases, odd_message_cases };
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static const struct odd_case *case_find(const char *name)
{
	for (size_t i = 0; i < TABLES; i++) {
		for (const struct odd_case *one = tables[i]; one->name; one++) {
			if (strcmp(one->name, name) == 0)
				return one;
		}
	}
	return NULL;
}

static void cases_list(void)
{
	for (size_t i = 0; i < TABLES; i++) {
		for (const struct odd_case *one = tables[i]; one->name; one++)
			printf("%s%s%s\n", one->name, one->versions & ODD_TLS12 ? " 1.2" : "",
			       one->versions & ODD_TLS13 ? " 1.3" : "");
	}
}

int main(int argc, char **argv)
{
	const struct odd_case *chosen;
	struct odd_peer peer;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		cases_list();
		return 0;
	}
	if (argc != 5) {
		fprintf(stderr, "usage: odd_client PORT 1.2|1.3 128|256 CASE, or odd_client --list\n");
		return 64;
	}
	chosen = case_find(argv[4]);
	if (!chosen) {
		fprintf(stderr, "odd_client: no case \"%s\"; --list shows them\n", argv[4]);
		return 64;
	}
	odd_connect(&peer, (uint16_t)atoi(argv[1]), strcmp(argv[2], "1.3") == 0, strcmp(argv[3], "256") == 0);
	chosen->run(&peer);
	close(peer.fd);
	return 0;
}
