// SPDX-License-Identifier: Apache-2.0
// glacis_rsa_engine as the benches use it: a command with its bytes in, status, result and cycles out. Streams stall at
// random when they are told to. What the engine must never do, whatever the command, is checked in here.
#ifndef TEST_RTL_RSA_ENGINE_H
#define TEST_RTL_RSA_ENGINE_H

#include <cstring>

#include "../coverage.h"
#include "Vglacis_rsa_engine.h"
#include "glacis_card_abi.h"
#include "number.h"
#include "verilated.h"

#ifndef STREAM_BYTES
#define STREAM_BYTES 4
#endif

struct Command {
	uint8_t opcode = 0, kind = 0;
	uint16_t slot = 0;
	uint32_t modulus_size = 0, exponent_size = 0;
	std::vector<uint8_t> bytes;        /* for `in` */
	int stall = 0;                     /* of 100 cycles in which a stream does not move */
	unsigned long cancel_after = 0;    /* cycles, 0 for never */
	unsigned long zeroise_after = 0;
	int error_at_beat = -1;            /* this beat of `in` could not be read */
};

struct Outcome {
	unsigned status = 999;             /* 999: zeroised, nothing came */
	unsigned long cycles = 0;          /* as the engine counts them */
	unsigned long elapsed = 0;         /* as the bench does */
	unsigned long cancel_cycles = 0;   /* from cancel to done */
	uint32_t fetched = 0;
	std::vector<uint8_t> result;
};

class Engine {
public:
	explicit Engine(uint64_t seed) : random_(seed)
	{
		top_ = new Vglacis_rsa_engine;
		top_->rst = 1;
		for (int i = 0; i < 5; i++)
			tick();
		top_->rst = 0;
		wait_idle(100000);
	}
	~Engine()
	{
		top_->final();
		coverage_keep();
		delete top_;
	}

	Outcome run(const Command &command)
	{
		Outcome outcome;
		size_t taken = 0;
		int beat = 0;
		unsigned long begin, cancelled = 0;
		bool fetching = false, done = false;

		need(top_->command_ready, "ready for a command");
		top_->command_valid = 1;
		top_->command_opcode = command.opcode;
		top_->command_kind = command.kind;
		top_->command_slot = command.slot;
		top_->command_modulus_size = command.modulus_size;
		top_->command_exponent_size = command.exponent_size;
		tick();
		begin = cycles_;
		top_->command_valid = 0;
		/* Only the cycle of the hand-shake counts. */
		top_->command_opcode = (uint8_t)random_.next();
		top_->command_slot = (uint16_t)random_.next();
		top_->command_modulus_size = (uint32_t)random_.next();
		top_->command_exponent_size = (uint32_t)random_.next();
		top_->command_kind = (uint8_t)random_.next();
		while (!done) {
			unsigned long now = cycles_ - begin;
			bool in_moves, out_moves;

			need(now < 40000000, "an end");
			top_->cancel = command.cancel_after && now == command.cancel_after;
			if (top_->cancel)
				cancelled = cycles_;
			top_->zeroise = command.zeroise_after && now == command.zeroise_after;
			if (top_->zeroise)
				break;
			top_->in_valid = fetching && taken < command.bytes.size() && !stalls(command);
			top_->in_error = top_->in_valid && beat == command.error_at_beat;
			if (top_->in_valid)
				put(command.bytes, taken);
			top_->out_ready = !stalls(command);
			top_->done_ready = 1;
			top_->eval();
			if (top_->fetch_valid) {
				need(!fetching, "one fetch");
				fetching = true;
				outcome.fetched = top_->fetch_size;
			}
			in_moves = top_->in_valid && (top_->in_ready || top_->in_error);
			out_moves = top_->out_valid && top_->out_ready;
			if (out_moves)
				get(outcome.result, command.modulus_size);
			if (top_->done_valid) {
				done = true;
				outcome.status = top_->done_status;
				outcome.cycles = top_->done_cycles;
				outcome.elapsed = cycles_ - begin;
				outcome.cancel_cycles = cancelled ? cycles_ - cancelled : 0;
			}
			tick();
			if (in_moves) {
				taken += STREAM_BYTES;
				beat++;
			}
		}
		if (top_->zeroise)
			tick();
		top_->cancel = top_->zeroise = top_->in_valid = top_->in_error = 0;
		need(!done || outcome.status != GLACIS_CARD_STATUS_OK || !fetching || taken >= outcome.fetched,
		     "all bytes taken");
		if (command.zeroise_after)
			wait_idle(200000);
		return outcome;
	}

	void zeroise()
	{
		top_->zeroise = 1;
		tick();
		top_->zeroise = 0;
		wait_idle(200000);
	}

	/* Cycles until it is idle. */
	unsigned long wait_idle(unsigned long limit)
	{
		unsigned long begin = cycles_;

		top_->eval();
		while (top_->busy) {
			need(cycles_ - begin < limit, "idle again");
			tick();
		}
		return cycles_ - begin;
	}

	unsigned long cycles() const { return cycles_; }

private:
	void tick()
	{
		top_->clk = 0;
		top_->eval();
		top_->clk = 1;
		top_->eval();
		cycles_++;
	}
	bool stalls(const Command &command) { return command.stall && (int)random_.below(100) < command.stall; }
	void need(bool good, const char *what)
	{
		if (good)
			return;
		printf("not ok - engine: %s, cycle %lu\n", what, cycles_);
		exit(1);
	}
	void put(const std::vector<uint8_t> &bytes, size_t from)
	{
		uint8_t beat[STREAM_BYTES];

		for (size_t i = 0; i < STREAM_BYTES; i++)
			beat[i] = from + i < bytes.size() ? bytes[from + i] : (uint8_t)random_.next();
		memcpy(&top_->in_data, beat, sizeof(beat));
	}
	void get(std::vector<uint8_t> &result, size_t size)
	{
		uint8_t beat[STREAM_BYTES];
		size_t left = size - result.size();

		memcpy(beat, &top_->out_data, sizeof(beat));
		need(top_->out_last == (left <= STREAM_BYTES), "the last beat marked");
		for (size_t i = 0; i < STREAM_BYTES; i++) {
			if (i < left)
				result.push_back(beat[i]);
			else
				need(beat[i] == 0, "zeros behind the result");
		}
	}

	Vglacis_rsa_engine *top_;
	Random random_;
	unsigned long cycles_ = 0;
};

#endif
