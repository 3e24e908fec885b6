// SPDX-License-Identifier: Apache-2.0
// The S-box of AES made of gates, simulated: all 256 bytes in each place of a word, beside FIPS 197, 5.1.1: the inverse
// in GF(2^8), which is searched for here, and the affine map.
#include <cstdint>

#include "Vglacis_aes_sbox_tower.h"
#include "coverage.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

unsigned times(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (; b; b >>= 1, a = a & 0x80 ? (a << 1 ^ 0x11b) : a << 1)
		product ^= b & 1 ? a : 0;
	return product;
}

unsigned sbox(unsigned x)
{
	unsigned inverse = 0, y = 0x63;

	while (x && times(x, inverse) != 1)
		inverse++;
	for (unsigned i = 0; i < 5; i++)
		y ^= (inverse << i | inverse >> (8 - i)) & 0xff;
	return y;
}

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
		CHECK(model.y == word(i, sbox));
		model.enable = 0;
		model.x = ~model.x;
		tick();
		CHECK(model.y == word(i, sbox));
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
