// SPDX-License-Identifier: Apache-2.0
// The S-box of AES made of gates, simulated: all 256 bytes in each place of a word, beside FIPS 197's definition.
#include <cstdint>

#include "Vglacis_aes_sbox_tower.h"
#include "coverage.h"
#include "fips197.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

uint32_t word(unsigned i, unsigned (*of)(unsigned))
{
	return of(i) | of(i * 5 & 255) << 8 | of((i * 11 + 1) & 255) << 16 | of((i * 3 + 7) & 255) << 24;
}

void every_byte()
{
	Vglacis_aes_sbox_tower model;

	auto tick = [&] {
		model.clk = 0;
		model.eval();
		model.clk = 1;
		model.eval();
	};
	for (unsigned i = 0; i < 256; i++) {
		model.enable = 1;
		model.x = word(i, [](unsigned x) { return x; });
		tick();
		tap_context("word %u", i);
		CHECK(model.y == word(i, fips197_sbox));
		model.enable = 0;
		model.x = ~model.x;
		tick();
		CHECK(model.y == word(i, fips197_sbox));
	}
	tap_context("%s", "");
	coverage_keep();
}

} // namespace

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "each byte in each place, kept while nothing comes", every_byte },
	};

	return tap_run(cases, TAP_COUNT(cases), argc, argv, 1);
}
