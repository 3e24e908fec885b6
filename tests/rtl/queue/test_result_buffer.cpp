// SPDX-License-Identifier: Apache-2.0
// The result buffer alone, simulated beside an array of bytes: blocks and pieces anywhere in it, in any order.
// usage: test_result_buffer CYCLES [SEED]; BYTE_BITS of the compiler is the module's
#include <array>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "Vglacis_result_buffer.h"
#include "coverage.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

constexpr size_t BYTES = 1u << BYTE_BITS, BLOCK = 16, WORD = 32, PIECE = 64;
using piece = std::array<uint8_t, PIECE>;

unsigned long cycles_wanted;
uint32_t seed;

class bench
{
      public:
	bench() : random(seed)
	{
		for (size_t block = 0; block < BYTES / BLOCK; block++)
			step(true, block, false, 0);
	}
	~bench()
	{
		coverage_keep();
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	// One cycle: a piece is as it was ahead of what is written in the same cycle, and stays until the next read.
	void step(bool write, size_t block, bool read, size_t word)
	{
		uint8_t data[BLOCK];

		for (auto &byte : data)
			byte = static_cast<uint8_t>(random());
		model.write = write;
		model.write_block = static_cast<uint16_t>(block);
		memcpy(&model.write_data[0], data, BLOCK);
		model.read = read;
		model.read_word = static_cast<uint16_t>(word);
		model.clk = 0;
		model.eval();
		model.clk = 1;
		model.eval();
		if (read)
			for (size_t i = 0; i < PIECE; i++)
				expected[i] = memory[(word * WORD + i) % BYTES];
		if (write)
			memcpy(&memory[block * BLOCK], data, BLOCK);
		was_read |= read;
		tap_context("block %zu, word %zu", block, word);
		if (was_read)
			CHECK(memcmp(&model.read_data[0], expected.data(), PIECE) == 0);
	}

	std::mt19937 random;

      private:
	Vglacis_result_buffer model;
	std::vector<uint8_t> memory = std::vector<uint8_t>(BYTES);
	piece expected{};
	bool was_read = false;
};

void anywhere()
{
	bench bench;

	for (unsigned long i = 0; i < cycles_wanted; i++)
		bench.step(bench.random() % 2, bench.random() % (BYTES / BLOCK), bench.random() % 2,
			   bench.random() % (BYTES / WORD));
}

// One result behind the other while the one before is read, round and round.
void behind_each_other()
{
	bench bench;

	for (size_t i = 0; i < 4 * BYTES / BLOCK; i++)
		bench.step(true, (i + 8) % (BYTES / BLOCK), i % 4 == 0, i / 2 % (BYTES / WORD));
}

} // namespace

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "blocks and pieces anywhere", anywhere },
		{ "results behind each other", behind_each_other },
	};

	if (argc < 2) {
		fprintf(stderr, "usage: test_result_buffer CYCLES [SEED]\n");
		return 64;
	}
	Verilated::commandArgs(argc, argv);
	cycles_wanted = strtoul(argv[1], nullptr, 10);
	seed = argc > 2 ? static_cast<uint32_t>(strtoul(argv[2], nullptr, 10)) : 1;
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 3);
}
