// SPDX-License-Identifier: Apache-2.0
// What the benches of single modules have alike: a cycle, random bytes, which queues live, and the command
// line.
#ifndef GLACIS_TEST_RTL_BENCH_H
#define GLACIS_TEST_RTL_BENCH_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "verilated.h"

extern "C" {
#include "tap.h"
}

// A cycle of a model with one clock.
template <class Model> void bench_edge(Model &model)
{
	model.clk = 1;
	model.eval();
	model.clk = 0;
	model.eval();
}

// The port `alive`, a bit for each queue.
template <class Model> void bench_set_alive(Model &model, const std::vector<bool> &alive)
{
	for (unsigned i = 0; i < 4; i++)
		model.alive[i] = 0;
	for (unsigned q = 0; q < alive.size(); q++)
		model.alive[q / 32] |= static_cast<uint32_t>(alive[q]) << q % 32;
}

template <class Random> void bench_fill(Random &random, void *to, size_t size)
{
	uint8_t *bytes = static_cast<uint8_t *>(to);

	for (size_t i = 0; i < size; i++)
		bytes[i] = static_cast<uint8_t>(random());
}

// PROGRAM WANTED [SEED], and one case. `unit` is what is wanted, for the usage.
inline int bench_main(int argc, char **argv, const char *unit, const struct tap_case &only, unsigned long &wanted,
		      uint32_t &seed)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s %s [SEED]\n", argv[0], unit);
		return 64;
	}
	Verilated::commandArgs(argc, argv);
	wanted = strtoul(argv[1], nullptr, 10);
	seed = argc > 2 ? static_cast<uint32_t>(strtoul(argv[2], nullptr, 10)) : 1;
	return tap_run(&only, 1, argc, argv, argc);
}

#endif
