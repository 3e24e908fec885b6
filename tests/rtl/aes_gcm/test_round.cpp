// SPDX-License-Identifier: Apache-2.0
// A round of AES, simulated beside FIPS 197, 5.1: blocks with gaps, each with the key of its context, while keys of others
// are written. LAST as the model was built: without MixColumns.
#include <array>
#include <cstdint>
#include <cstring>
#include <random>

#include "Vglacis_aes_round.h"
#include "coverage.h"
#include "fips197.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

using block = std::array<uint8_t, 16>;

constexpr unsigned CONTEXTS = 8, CYCLES = 4000;

block sub_bytes(const block &in)
{
	static std::array<uint8_t, 256> table;
	block made;

	for (unsigned x = 0; !table[0] && x < 256; x++)
		table[255 - x] = static_cast<uint8_t>(fips197_sbox(255 - x));
	for (unsigned i = 0; i < 16; i++)
		made[i] = table[in[i]];
	return made;
}

// FIPS 197, 5.1.2 and 5.1.3, then the key.
block rest(const block &in, const block &key)
{
	block shifted, made;

	for (unsigned column = 0; column < 4; column++)
		for (unsigned row = 0; row < 4; row++)
			shifted[4 * column + row] = in[4 * ((column + row) % 4) + row];
	for (unsigned i = 0; i < 16; i++) {
		const uint8_t *s = &shifted[i / 4 * 4];
		unsigned mixed = fips197_times(s[i % 4], 2) ^ fips197_times(s[(i + 1) % 4], 3) ^ s[(i + 2) % 4] ^ s[(i + 3) % 4];

		made[i] = static_cast<uint8_t>((LAST ? shifted[i] : mixed) ^ key[i]);
	}
	return made;
}

void blocks_with_gaps()
{
	Vglacis_aes_round model;
	std::mt19937 random(1);
	block keys[CONTEXTS], first{}, second{}, expected{}, key{};
	bool known = false;
	unsigned checked = 0;

	auto tick = [&] {
		model.clk = 0;
		model.eval();
		model.clk = 1;
		model.eval();
	};
	auto fill = [&](auto &to, size_t size) {
		for (size_t i = 0; i < size; i++)
			reinterpret_cast<uint8_t *>(&to)[i] = static_cast<uint8_t>(random());
	};
	auto write = [&](unsigned context, bool half) {
		model.key_write = 1;
		model.key_context = context;
		model.key_half = half;
		fill(model.key_data, 8);
	};
	for (unsigned i = 0; i < 2 * CONTEXTS; i++) {
		write(i / 2, i % 2);
		memcpy(&keys[i / 2][i % 2 * 8], &model.key_data, 8);
		tick();
	}
	model.valid = model.valid_second = model.valid_third = 0;
	for (unsigned cycle = 0; cycle < CYCLES; cycle++) {
		unsigned context = random() % CONTEXTS;

		model.valid_third = model.valid_second;
		model.valid_second = model.valid;
		model.valid = random() % 4 != 0;
		model.context_second = context;
		fill(model.in, 16);
		model.key_write = 0;
		if (random() % 3 == 0)
			write(random() % CONTEXTS, random() % 2);
		if (model.valid_third) {
			expected = rest(second, key);
			known = true;
		}
		if (model.valid_second) {
			second = first;
			key = keys[context];
		}
		if (model.valid) {
			block in;
			memcpy(in.data(), &model.in, 16);
			first = sub_bytes(in);
		}
		if (model.key_write)
			memcpy(&keys[model.key_context][model.key_half ? 8 : 0], &model.key_data, 8);
		tick();
		tap_context("cycle %u", cycle);
		if (known && CHECK(memcmp(&model.out, expected.data(), 16) == 0))
			checked++;
	}
	tap_context("%s", "");
	CHECK(checked > CYCLES / 2);
	coverage_keep();
}

} // namespace

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "blocks with gaps, keys that are written meanwhile", blocks_with_gaps },
	};

	return tap_run(cases, TAP_COUNT(cases), argc, argv, 1);
}
