// SPDX-License-Identifier: Apache-2.0
// The sums of all queues, simulated beside an array: amounts of any size, so that each bit of a sum carries into the
// next, and sums that begin anew.
// usage: test_queue_counters CYCLES [SEED]; QUEUE_COUNT of the module is 6, AMOUNT_BITS 64
#include <array>
#include <cstdint>
#include <random>

#include "Vglacis_queue_counters.h"
#include "bench.h"
#include "coverage.h"

namespace
{

constexpr unsigned QUEUES = 6; // so few that Verilator counts toggles of their sums

unsigned long cycles;
uint32_t seed;

class bench
{
      public:
	bench() : random(seed)
	{
		for (unsigned q = 0; q < QUEUES; q++)
			step(true, q, false, 0, 0);
	}
	~bench()
	{
		coverage_keep();
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	// One cycle, and behind it a look at one queue: at the one that changed, or at any.
	void step(bool clear, unsigned clear_queue, bool add, unsigned add_queue, uint64_t amount)
	{
		unsigned look = random() % 2 ? random() % QUEUES : clear ? clear_queue : add_queue;

		model.clear_valid = clear;
		model.clear_queue = static_cast<uint8_t>(clear_queue);
		model.add_valid = add;
		model.add_queue = static_cast<uint8_t>(add_queue);
		model.add_amount = amount;
		model.bus_queue = static_cast<uint8_t>(look);
		bench_edge(model);
		if (clear)
			sums[clear_queue] = 0;
		else if (add)
			sums[add_queue] += amount;
		known[clear_queue] |= clear;
		tap_context("queue %u", look);
		if (known[look])
			CHECK(model.bus_sum == sums[look]);
	}
	void check_all()
	{
		for (unsigned q = 0; q < QUEUES; q++) {
			model.bus_queue = static_cast<uint8_t>(q);
			model.eval();
			tap_context("queue %u at the end", q);
			CHECK(model.bus_sum == sums[q]);
		}
	}
	uint64_t sum(unsigned q) const
	{
		return sums[q];
	}

	std::mt19937_64 random;

      private:
	Vglacis_queue_counters model;
	std::array<uint64_t, QUEUES> sums{};
	std::array<bool, QUEUES> known{};
};

// Small amounts and large ones, and such as bring a sum to where the next one carries through many bits.
void sums()
{
	bench bench;

	for (unsigned long i = 0; i < cycles; i++) {
		unsigned q = static_cast<unsigned>(bench.random() % QUEUES);
		uint64_t any = bench.random(), amount = any >> any % 64, bit = uint64_t{ 1 } << any % 64;

		if (any >> 62 == 0)
			amount = bit - 1 - bench.sum(q);
		else if (any >> 62 == 1)
			amount = any >> 32 & 1;
		bench.step(bench.random() % 64 == 0, static_cast<unsigned>(bench.random() % QUEUES), bench.random() % 8,
			   q, amount);
	}
	bench.check_all();
}

} // namespace

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "CYCLES", { "sums of each queue", sums }, cycles, seed);
}
