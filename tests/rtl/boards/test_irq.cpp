// SPDX-License-Identifier: Apache-2.0
// Interrupts one at a time: whatever comes in, each vector that was asked for is told after it was asked for the last
// time, none is told without being asked for, and a request stays with its vector until its answer.
// usage: test_irq CYCLES [SEED]
#include <cstdlib>
#include <random>

#include "Vglacis_irq_serial.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

constexpr unsigned VECTORS = 8, ANSWER_CYCLES = 6;

unsigned cycles = 10000;
uint32_t seed = 1;

// `load`: of 64 cycles in how many one comes.
void interrupts(unsigned load)
{
	Vglacis_irq_serial model;
	std::mt19937 random(seed);
	unsigned asked[VECTORS] = { 0 }, told[VECTORS] = { 0 };
	/* asked for and not told since: before the last cycle, in which a request could not see it yet, and in it */
	bool older[VECTORS] = { false }, recent[VECTORS] = { false }, open = false;
	unsigned vector = 0, total = 0;

	auto tick = [&] {
		model.clk = 0;
		model.eval();
		model.clk = 1;
		model.eval();
	};
	model.rst = 1;
	tick();
	model.rst = 0;
	for (unsigned cycle = 0; cycle < cycles + 200; cycle++) {
		model.irq_valid = cycle < cycles && random() % 64 < load;
		model.irq_queue = static_cast<uint8_t>(random() % 65);
		model.done = model.request && random() % ANSWER_CYCLES == 0;
		model.clk = 0;
		model.eval();
		CHECK(model.first == (model.request && !open));
		CHECK(model.request || !open);
		if (model.first) {
			vector = model.which;
			CHECK(older[vector]);
			older[vector] = false;
			told[vector]++;
			total++;
		}
		if (model.request)
			CHECK(model.which == vector);
		open = model.request && !model.done;
		for (unsigned i = 0; i < VECTORS; i++) {
			older[i] |= recent[i];
			recent[i] = model.irq_valid && model.irq_queue % VECTORS == i;
			asked[i] += recent[i];
		}
		tick();
	}
	for (unsigned i = 0; i < VECTORS; i++) {
		CHECK(!older[i] && !recent[i]);
		CHECK(asked[i] == 0 || (told[i] > 0 && told[i] <= asked[i]));
	}
	printf("# %u told\n", total);
}

void few()
{
	interrupts(1);
}

void many()
{
	interrupts(60);
}

} // namespace

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "few interrupts", few },
		{ "an interrupt in nearly each cycle", many },
	};

	if (argc > 1)
		cycles = static_cast<unsigned>(atoi(argv[1]));
	if (argc > 2)
		seed = static_cast<uint32_t>(atoi(argv[2]));
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 3);
}
