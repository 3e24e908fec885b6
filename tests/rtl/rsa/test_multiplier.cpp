// SPDX-License-Identifier: Apache-2.0
// The multiplier of the RSA engine, simulated: products of random and of extreme numbers beside libcrypto's, one and two at a time, for
// every number of words an engine can ask for; results stay below the bound and their words settled; cycles are the
// formula's; multiplications that follow at once see each other's results.
// usage: test_multiplier [ROUNDS [SEED]]
#include <algorithm>
#include <cstring>

#include "../coverage.h"
#include "Vglacis_rsa_multiplier.h"
#include "number.h"
#include "verilated.h"

namespace {

constexpr int lanes = 17;
constexpr int r_last = 63;
Vglacis_rsa_multiplier *top;
unsigned long cycles, failures, checks;

void tick()
{
	top->clk = 0;
	top->eval();
	top->clk = 1;
	top->eval();
	cycles++;
}

void check(bool good, const char *what, int words, bool dual)
{
	checks++;
	if (good)
		return;
	if (failures++ < 20)
		printf("# failed: %s, %d words, %s\n", what, words, dual ? "two numbers" : "one number");
}

struct Shape {
	int s;
	bool dual;
	int chunks() const { return (s + 3 + lanes - 1) / lanes; }
	int beats() const { return std::max(6, dual ? 2 * chunks() : chunks()); }
	Number bound() const { return Number::power_of_two(16 * s + 17); }
	Number r() const { return Number::power_of_two(16 * (s + 2)); }
};

enum Target { TO_X, TO_N, TO_REGISTER };

void load(const Shape &shape, Target target, int which, int number, const Number &value)
{
	std::vector<uint16_t> words = value.words((size_t)shape.chunks() * lanes);

	top->load_x = target == TO_X;
	top->load_n = target == TO_N;
	top->load_w = target != TO_N;
	top->load_register = target == TO_X ? r_last : which;
	for (size_t i = 0; i < words.size(); i++) {
		top->load_lane = i % lanes;
		top->load_chunk = i / lanes + (number ? shape.chunks() : 0);
		top->load_data = words[i];
		tick();
	}
	top->load_x = top->load_n = top->load_w = 0;
}

Number read(const Shape &shape, int number)
{
	Number value;

	for (int i = shape.chunks() * lanes; i-- > 0;) {
		top->read_lane = i % lanes;
		top->read_chunk = i / lanes + (number ? shape.chunks() : 0);
		tick();
		tick();
		check(top->read_data <= 0x10002, "a word of the result is not settled", shape.s, shape.dual);
		value = (value << 16) + Number(top->read_data);
	}
	return value;
}

void start(int p, int q, int result)
{
	while (!top->ready)
		tick();
	top->multiplicand_p = p;
	top->multiplicand_q = q;
	top->result = result;
	top->start = 1;
	tick();
	top->start = 0;
}

void wait_idle()
{
	while (!top->idle)
		tick();
}

Number extreme(Random &random, const Number &limit)
{
	switch (random.below(6)) {
	case 0: return Number(0);
	case 1: return Number(1);
	case 2: return limit - Number(1);
	case 3: return limit - (Number(1) + Number(random.below(65536)));
	default: return random.below(limit);
	}
}

/* Odd, with any number of bits up to the words', mostly all; or all ones. */
Number modulus(Random &random, const Shape &shape)
{
	int bits = random.below(4) ? 16 * shape.s : 2 + (int)random.below((uint32_t)(16 * shape.s - 2));
	Number top_bit = Number::power_of_two(bits - 1);
	Number made = random.below(5) ? random.below(top_bit) + top_bit : top_bit + top_bit - Number(1);

	return made.odd() ? made : made + Number(1);
}

void try_products(Random &random, const Shape &shape)
{
	Number m[2], x[2], w[2], now[2];
	int numbers = shape.dual ? 2 : 1;
	unsigned long from;

	top->dual = shape.dual;
	top->chunks = shape.chunks();
	top->words = shape.s + 3;
	for (int i = 0; i < numbers; i++) {
		m[i] = modulus(random, shape);
		Number radix = Number::power_of_two(16), inverse = radix - (m[i] % radix).inverse(radix);
		load(shape, TO_N, 0, i, (m[i] * inverse + Number(1)) >> 16);
		x[i] = extreme(random, shape.bound());
		w[i] = extreme(random, shape.bound() >> 1); /* words of a load have 16 bits */
		x[i] = x[i] < (shape.bound() >> 1) ? x[i] : x[i] - (shape.bound() >> 1);
		load(shape, TO_X, 0, i, x[i]);
		load(shape, TO_REGISTER, 5 + i, i, w[i]);
		now[i] = (x[i] * w[i] * (shape.r() % m[i]).inverse(m[i])) % m[i];
	}
	from = cycles;
	start(5, 6, 9);
	while (!top->ready)
		tick();
	check(cycles - from == (unsigned long)((shape.s + 5) * shape.beats() + 1), "cycles", shape.s, shape.dual);
	wait_idle();
	for (int i = 0; i < numbers; i++) {
		Number result = read(shape, i);
		check(result < shape.bound(), "the result is not below the bound", shape.s, shape.dual);
		check(result % m[i] == now[i], "the product is wrong", shape.s, shape.dual);
	}
	/* The result is in register 9; its square, then that by register 5 or 6, without a pause. */
	start(9, 9, r_last);
	start(5, 6, r_last);
	start(r_last, r_last, r_last);
	wait_idle();
	for (int i = 0; i < numbers; i++) {
		Number inverse = (shape.r() % m[i]).inverse(m[i]);
		now[i] = (now[i] * now[i] * inverse) % m[i];
		now[i] = (now[i] * w[i] * inverse) % m[i];
		now[i] = (now[i] * now[i] * inverse) % m[i];
		Number result = read(shape, i);
		check(result < shape.bound(), "a chain's result is not below the bound", shape.s, shape.dual);
		check(result % m[i] == now[i], "a chain is wrong", shape.s, shape.dual);
	}
}

} // namespace

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
	Random random(argc > 2 ? (uint64_t)atoll(argv[2]) : 1);
	const int dual[] = { 32, 33, 48, 49, 64, 65, 66, 82, 83, 96, 99, 100, 116, 117, 127, 128 };
	const int single[] = { 64, 65, 66, 82, 83, 99, 100, 116, 117, 128, 133, 151, 192, 202, 255, 256 };

	Verilated::commandArgs(argc, argv);
	top = new Vglacis_rsa_multiplier;
	top->rst = 1;
	for (int i = 0; i < 4; i++)
		tick();
	top->rst = 0;
	for (unsigned round = 0; round < rounds; round++) {
		for (int s : dual)
			try_products(random, Shape{ s, true });
		for (int s : single)
			try_products(random, Shape{ s, false });
	}
	for (int s : { 32, 64, 96, 128 })
		printf("# two products of %d bits: %d cycles\n", 16 * s, (s + 5) * Shape{ s, true }.beats());
	printf("1..1\n%s 1 - %lu checks of products, %lu cycles\n", failures ? "not ok" : "ok", checks, cycles);
	top->final();
	coverage_keep();
	delete top;
	return failures != 0;
}
