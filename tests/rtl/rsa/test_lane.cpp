// SPDX-License-Identifier: Apache-2.0
// A lane of the RSA engine's multiplier, simulated: any inputs each cycle, and a x + q n + t of what went in three cycles
// before, where x, n and t are the words that were in memory when they were read.
// usage: test_lane [CYCLES [SEED]]
#include <cstdio>
#include <cstdlib>
#include <random>

#include "../coverage.h"
#include "Vglacis_rsa_lane.h"
#include "verilated.h"

namespace {

constexpr unsigned X_BITS = 17, N_BITS = 16, T_BITS = 18, S_BITS = 34, REGISTERS = 1024;

uint64_t cut(uint64_t value, unsigned bits)
{
	return value & ((UINT64_C(1) << bits) - 1);
}

struct Step { /* what a cycle gave to the stages behind it */
	uint64_t product = 0, t = 0;
};

unsigned long failures, checks;

void check(uint64_t got, uint64_t expected, const char *what, unsigned long cycle)
{
	checks++;
	if (got != expected && failures++ < 20)
		printf("# failed: %s is %#llx, not %#llx, cycle %lu\n", what, (unsigned long long)got,
		       (unsigned long long)expected, cycle);
}

} // namespace

int main(int argc, char **argv)
{
	unsigned long cycles = argc > 1 ? strtoul(argv[1], nullptr, 10) : 20000;
	std::mt19937_64 random(argc > 2 ? strtoul(argv[2], nullptr, 10) : 1);
	Vglacis_rsa_lane *top = new Vglacis_rsa_lane;
	uint64_t x[16], n[16], t[16], registers[REGISTERS], x_read = 0, w_read = 0, low_before = 0;
	Step steps[4]; /* 0: the last cycle's */

	Verilated::commandArgs(argc, argv);
	for (unsigned long cycle = 0; cycle < cycles + REGISTERS; cycle++) {
		bool is_fill = cycle < REGISTERS; /* memories are known behind it */
		unsigned at = (unsigned)(cycle % REGISTERS);
		uint64_t result, carry = cut(random(), T_BITS), s4;

		top->chunk = (uint8_t)cut(random(), 4);
		top->a = (uint32_t)cut(random(), X_BITS);
		top->q = (uint16_t)random();
		top->sum_chunk = (uint8_t)cut(random(), 4);
		top->sum_zero = random() % 4 == 0;
		top->carry = (uint32_t)carry;
		top->sum_above = (uint32_t)cut(random(), T_BITS);
		top->sum_below = (uint32_t)cut(random(), X_BITS);
		top->load = random() % 2;
		top->load_data = (uint32_t)cut(random(), X_BITS);
		top->sum_write = is_fill || random() % 2;
		top->sum_write_chunk = (uint8_t)(is_fill ? at % 16 : cut(random(), 4));
		top->x_write = is_fill || random() % 2;
		top->n_write = is_fill || random() % 2;
		top->x_write_chunk = (uint8_t)(is_fill ? at % 16 : cut(random(), 4));
		top->w_write = is_fill || random() % 2;
		top->w_write_address = (uint16_t)(is_fill ? at : cut(random(), 10));
		top->w_address = (uint16_t)cut(random(), 10);
		/* what this cycle reads is what was there before it writes */
		for (unsigned i = 3; i > 0; i--)
			steps[i] = steps[i - 1];
		if (!is_fill || at > 16) {
			steps[0].product = top->a * x[top->chunk] + top->q * n[top->chunk];
			steps[0].t = top->sum_zero ? 0 : t[top->sum_chunk];
			x_read = x[top->chunk];
		}
		if (!is_fill)
			w_read = registers[top->w_address];
		result = top->load ? top->load_data : top->sum_below;
		if (top->sum_write)
			t[top->sum_write_chunk] = top->sum_above;
		if (top->x_write)
			x[top->x_write_chunk] = result;
		if (top->n_write)
			n[top->x_write_chunk] = cut(top->load_data, N_BITS);
		if (top->w_write)
			registers[top->w_write_address] = result;
		top->clk = 0;
		top->eval();
		top->clk = 1;
		top->eval();
		s4 = cut(steps[3].product + steps[1].t, S_BITS);
		if (is_fill) {
			low_before = cut(s4, 16);
			continue;
		}
		check(top->x, x_read, "x", cycle);
		check(top->w, w_read, "w", cycle);
		check(top->low, cut(s4, 16), "low", cycle);
		check(top->high, s4 >> 16, "high", cycle);
		check(top->sum, cut(low_before + carry, T_BITS), "sum", cycle);
		low_before = cut(s4, 16);
	}
	printf("1..1\n%s 1 - a lane, %lu checks\n", failures ? "not ok" : "ok", checks);
	top->final();
	coverage_keep();
	delete top;
	return failures != 0;
}
