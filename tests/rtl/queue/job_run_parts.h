// SPDX-License-Identifier: Apache-2.0
// What test_job_run.cpp keeps of what is under way: jobs, accesses, ends of RSA commands, completions, packets of text.
#ifndef GLACIS_TEST_RTL_QUEUE_JOB_RUN_PARTS_H
#define GLACIS_TEST_RTL_QUEUE_JOB_RUN_PARTS_H

#include <cstdint>
#include <cstring>
#include <vector>

extern "C" {
#include "glacis_card_abi.h"
}

namespace job_run_parts
{

typedef std::vector<uint8_t> bytes;
typedef std::vector<glacis_card_segment> list;

struct job {
	unsigned queue = 0;
	glacis_card_aead at;
	bool drop = false, poison = false, has_data = false, to_rsa = false;
	bool died = false;                                      // its queue has, since the job came
	bool outside = false, read_fails = false, left = false; // it has left for an RSA engine
	uint8_t status = GLACIS_CARD_STATUS_OK;
	uint8_t aad[GLACIS_CARD_AAD_MAX] = { 0 }, tag[16] = { 0 }, made_tag[16] = { 0 };
	bytes text, made;
	list source, destination;
	unsigned step = 0; // accesses of its result so far

	bool is_refused() const
	{
		return at.opcode == GLACIS_CARD_OPCODE_OPEN && memcmp(made_tag, tag, sizeof(tag));
	}
};

struct access {
	uint64_t address;
	unsigned size, place, source;
	bool zeros, is_inline, last;
	unsigned owner;
	bytes expected;
};

// An RSA command's end, as the unit gives it.
struct result {
	bool drop, outside, operation;
	unsigned queue;
	uint32_t cookie;
	uint8_t status;
	unsigned size;
	uint64_t address;
	bool died;
};

// What is to be completed: a job's or an RSA command's.
struct ending {
	bool rsa, drop, poison, left, operation, aead;
	unsigned queue, size;
	uint32_t cookie;
	uint8_t status;
	bool answered = false, drops = false, holds = false, phase = false, twice = false, placed = false,
	     retired = false;
	uint32_t wrong = 0;
};

struct packet {
	unsigned words, next;
	bool error;
	bytes text;
};

} // namespace job_run_parts

#endif
