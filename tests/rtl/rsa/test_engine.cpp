// SPDX-License-Identifier: Apache-2.0
// The RSA engine, simulated beside libcrypto: keys of each kind and size, messages at every edge, keys that are none, slots,
// streams that stall or fail, commands that are given up; and that its cycles do not depend on numbers.
// usage: test_engine quick|long [SEED [CASE...]]
#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "engine.h"
#include "key.h"

namespace
{

constexpr unsigned OK = GLACIS_CARD_STATUS_OK, BAD_FIELD = GLACIS_CARD_STATUS_BAD_FIELD,
		   KEY_EMPTY = GLACIS_CARD_STATUS_KEY_EMPTY, KEY_BAD = GLACIS_CARD_STATUS_KEY_BAD,
		   VALUE_RANGE = GLACIS_CARD_STATUS_VALUE_RANGE, INTERNAL = GLACIS_CARD_STATUS_INTERNAL,
		   DMA_READ = GLACIS_CARD_STATUS_DMA_READ;
constexpr unsigned PUBLIC = GLACIS_CARD_KEY_KIND_RSA_PUBLIC, EXPONENT = GLACIS_CARD_KEY_KIND_RSA_EXPONENT,
		   CRT = GLACIS_CARD_KEY_KIND_RSA_CRT;
constexpr uint16_t SLOTS = 16;

struct Bench {
	Engine engine;
	Random random;
	bool is_long;
	unsigned long operations = 0;
	std::map<std::string, unsigned long> cycles; /* of what is constant */
	std::string context;
	unsigned failures = 0;

	Bench(bool is_long, uint64_t seed) : engine(seed), random(seed), is_long(is_long) {}

	void check(bool good, const std::string &what)
	{
		if (good)
			return;
		if (failures++ < 20)
			printf("# failed: %s: %s\n", context.c_str(), what.c_str());
	}
};

Command load_command(const Key &key, unsigned kind, uint16_t slot)
{
	Command command;

	command.opcode = GLACIS_CARD_OPCODE_KEY_LOAD;
	command.kind = (uint8_t)kind;
	command.slot = slot;
	command.modulus_size = key.size;
	command.exponent_size = key.exponent_size;
	command.bytes = key.bytes(kind);
	return command;
}

Command power_command(uint32_t size, bool is_public, uint16_t slot, const Number &base)
{
	Command command;

	command.opcode = is_public ? GLACIS_CARD_OPCODE_RSA_PUBLIC : GLACIS_CARD_OPCODE_RSA_PRIVATE;
	command.slot = slot;
	command.modulus_size = size;
	command.bytes = base.bytes(size);
	return command;
}

Command zeroise_command(uint16_t slot)
{
	Command command;

	command.opcode = GLACIS_CARD_OPCODE_KEY_ZEROISE;
	command.slot = slot;
	return command;
}

void load(Bench &bench, const Key &key, unsigned kind, uint16_t slot, int stall = 0)
{
	Command command = load_command(key, kind, slot);

	command.stall = stall;
	Outcome outcome = bench.engine.run(command);
	bench.check(outcome.status == OK, "a key is not taken, status " + std::to_string(outcome.status));
	bench.check(outcome.fetched == command.bytes.size(), "bytes of a key");
}

/* The result beside libcrypto's; cycles the same as ever for this kind and size. */
void power(Bench &bench, const Key &key, unsigned kind, bool is_public, uint16_t slot, const Number &base, int stall = 0)
{
	Command command = power_command(key.size, is_public, slot, base);
	std::string name = std::to_string(key.size * 8) + " bits, " + (kind == CRT ? "with p and q" : "with d");

	command.stall = stall;
	Outcome outcome = bench.engine.run(command);
	bench.operations++;
	bench.check(outcome.fetched == key.size, "bytes of the base");
	if (!(base < key.n)) {
		bench.check(outcome.status == VALUE_RANGE && outcome.result.empty(), "too large a base is not refused");
		return;
	}
	bench.check(outcome.status == OK, "status " + std::to_string(outcome.status));
	bench.check(outcome.result.size() == key.size &&
			    Number::of_bytes(outcome.result) == key.power(kind, is_public, base),
		    "the result is wrong");
	if (!stall)
		bench.check(outcome.cycles == outcome.elapsed, "the engine's count of cycles is wrong");
	if (is_public)
		return;
	unsigned long &known = bench.cycles[name];
	bench.check(!known || known == outcome.cycles, name + ": cycles depend on the numbers");
	known = outcome.cycles;
}

// ---- cases ----

void real_keys(Bench &bench)
{
	const struct {
		uint32_t size;
		unsigned crt, exponent; /* operations, in the quick and in the long suite */
		unsigned crt_long, exponent_long;
	} plan[] = {
		{ 128, 4, 1, 60, 4 },
		{ 256, 2, 0, 40, 2 },
		{ 384, 1, 0, 12, 1 },
		{ 512, 1, 0, 8, 1 },
	};

	for (const auto &row : plan) {
		unsigned crt = bench.is_long ? row.crt_long : row.crt;
		unsigned exponent = bench.is_long ? row.exponent_long : row.exponent;
		unsigned messages = row.size > 256 ? 4 : 2;
		Key key;

		bench.context = "real key of " + std::to_string(row.size * 8) + " bits";
		for (unsigned i = 0; i < crt; i++) {
			if (i % messages == 0) {
				key = real_key(row.size);
				load(bench, key, CRT, 1);
			}
			Number base = bench.random.below(key.n);
			power(bench, key, CRT, false, 1, base);
			bench.check(key.power(CRT, false, base).power(key.e, key.n) == base, "the bench's key is none");
			power(bench, key, CRT, true, 1, base);
		}
		for (unsigned i = 0; i < exponent; i++) {
			load(bench, key, EXPONENT, 2);
			power(bench, key, EXPONENT, false, 2, bench.random.below(key.n));
		}
		load(bench, key, PUBLIC, 3);
		power(bench, key, PUBLIC, true, 3, bench.random.below(key.n));
	}
}

/* Keys of each size, of which only what is public is used: the widths of all sizes in a fraction of the cycles. */
void each_size_in_public(Bench &bench)
{
	for (uint32_t size : { 128u, 130u, 192u, 256u, 384u, 510u, 512u }) {
		Key key = loose_key(bench.random, size, false);

		bench.context = "key of " + std::to_string(size) + " bytes in public";
		key.e = Number(65537);
		key.exponent_size = 3;
		load(bench, key, CRT, (uint16_t)(size % SLOTS));
		power(bench, key, CRT, true, (uint16_t)(size % SLOTS), key.n - Number(1));
		power(bench, key, CRT, true, (uint16_t)(size % SLOTS), bench.random.below(key.n));
	}
}

void bases_at_edges(Bench &bench)
{
	Key key = real_key(128);
	Number all = Number::power_of_two(1024) - Number(1);
	std::vector<Number> bases = { Number(0),	      Number(1),	  Number(2),
				      key.n - Number(1),      key.n,		  key.n + Number(1),
				      all,		      key.p,		  key.q,
				      key.p * Number(12345),  key.q * Number(9), key.p - Number(1),
				      key.q + Number(1),      (key.q - Number(1)) * key.p };

	load(bench, key, CRT, 0);
	load(bench, key, EXPONENT, 1);
	for (size_t i = 0; i < bases.size(); i++) {
		bench.context = "base " + std::to_string(i);
		power(bench, key, CRT, false, 0, bases[i]);
		power(bench, key, CRT, true, 0, bases[i]);
		if (bench.is_long || i == 0 || i == 5)
			power(bench, key, EXPONENT, false, 1, bases[i]);
	}
}

/* Whatever is within the bounds gives what the model's formula gives. */
void loose_keys(Bench &bench)
{
	unsigned rounds = bench.is_long ? 110 : 12;

	for (unsigned i = 0; i < rounds; i++) {
		uint32_t size = i % 3 == 0 ? 128 : 128 + 2 * bench.random.below(bench.is_long && i % 8 == 0 ? 192 : 12);
		bool odd_lengths = i % 2;
		Key key = loose_key(bench.random, size, odd_lengths);

		bench.context = "loose key " + std::to_string(i) + " of " + std::to_string(size) + " bytes";
		load(bench, key, CRT, (uint16_t)(i % SLOTS));
		power(bench, key, CRT, false, (uint16_t)(i % SLOTS), bench.random.below(key.n));
		if (key.exponent_size < 9)
			power(bench, key, CRT, true, (uint16_t)(i % SLOTS), bench.random.below(key.n));
		if (i % 6 == 0 && size < 160) {
			load(bench, key, EXPONENT, (uint16_t)(i % SLOTS));
			power(bench, key, EXPONENT, false, (uint16_t)(i % SLOTS), bench.random.below(key.n));
		}
	}
}

/* Extreme keys of one size: power() finds differences in cycles. */
void keys_at_edges(Bench &bench)
{
	Key key = loose_key(bench.random, 128, false), now;
	Number half = Number::power_of_two(512);
	const std::vector<std::function<void(Key &)>> changes = {
		[](Key &k) { k.p = Number(3), k.dp = Number(2), k.qinv = Number(1); },
		[](Key &k) { k.q = Number(3), k.dq = Number(1); },
		[](Key &k) { k.q = k.p; k.dq = k.dp; },
		[&](Key &k) { k.p = k.q = half - Number(1); k.dp = k.dq = k.qinv = half - Number(2); },
		[&](Key &k) { k.n = Number::power_of_two(1024) - Number(1); },
		[&](Key &k) { k.n = Number::power_of_two(1017) - Number(1); },
		[](Key &k) { k.dp = k.dq = k.qinv = Number(1); },
		[&](Key &k) { k.p = half - Number(65535); k.q = half - Number(3); },
		[](Key &k) { k.p = Number(65535); k.dp = Number(65534); k.qinv = Number(65534); },
	};

	for (size_t i = 0; i < changes.size(); i++) {
		bench.context = "extreme key " + std::to_string(i);
		now = key;
		changes[i](now);
		/* Whatever the change left above its bound. */
		now.dp = now.dp < now.p ? now.dp : now.p - Number(1);
		now.dq = now.dq < now.q ? now.dq : now.q - Number(1);
		now.qinv = now.qinv < now.p ? now.qinv : now.p - Number(1);
		now.e = Number(3);
		now.exponent_size = 1;
		now.d = now.d < now.n ? now.d : Number(1);
		load(bench, now, CRT, 4);
		power(bench, now, CRT, false, 4, bench.random.below(now.n));
		power(bench, now, CRT, false, 4, now.n - Number(1));
		power(bench, now, CRT, true, 4, now.n - Number(1));
	}
}

void exponents_at_edges(Bench &bench)
{
	Key key = loose_key(bench.random, 128, false);
	const Number exponents[] = { Number(1), key.n - Number(1), Number::power_of_two(1000) };

	for (const Number &d : exponents) {
		bench.context = "extreme exponent";
		key.d = d;
		load(bench, key, EXPONENT, 4);
		power(bench, key, EXPONENT, false, 4, bench.random.below(key.n));
	}
	/* e as long as the modulus, just below it */
	key.exponent_size = 128;
	key.e = key.n - Number(2);
	load(bench, key, PUBLIC, 4);
	power(bench, key, PUBLIC, true, 4, bench.random.below(key.n));
}

void bad_keys(Bench &bench)
{
	Key good = real_key(128), bad;
	const std::vector<std::pair<const char *, std::function<void(Key &)>>> changes = {
		{ "even n", [](Key &k) { k.n = k.n - Number(1); } },
		{ "short n", [](Key &k) { k.n = k.n % Number::power_of_two(1016); k.e = Number(3); } },
		{ "n of zero", [](Key &k) { k.n = Number(0); } },
		{ "even e", [](Key &k) { k.e = Number(2); } },
		{ "e of zero", [](Key &k) { k.e = Number(0); } },
		{ "e = n", [](Key &k) { k.exponent_size = 128; k.e = k.n; } },
		{ "e above n", [](Key &k) { k.exponent_size = 128; k.e = k.n + Number(2); } },
		{ "even p", [](Key &k) { k.p = k.p - Number(1); } },
		{ "p of one", [](Key &k) { k.p = Number(1); } },
		{ "p of zero", [](Key &k) { k.p = Number(0); } },
		{ "even q", [](Key &k) { k.q = k.q + Number(1); } },
		{ "q of one", [](Key &k) { k.q = Number(1); } },
		{ "dp of zero", [](Key &k) { k.dp = Number(0); } },
		{ "dp = p", [](Key &k) { k.dp = k.p; } },
		{ "dq of zero", [](Key &k) { k.dq = Number(0); } },
		{ "dq above q", [](Key &k) { k.dq = k.q + Number(1); } },
		{ "qinv of zero", [](Key &k) { k.qinv = Number(0); } },
		{ "qinv = p", [](Key &k) { k.qinv = k.p; } },
	};
	Number base = bench.random.below(good.n);

	bench.context = "bad keys";
	bench.engine.zeroise();
	load(bench, good, CRT, 5);
	for (const auto &change : changes) {
		bench.context = change.first;
		bad = good;
		change.second(bad);
		Command command = load_command(bad, CRT, 5);
		Outcome outcome = bench.engine.run(command);
		bench.check(outcome.status == KEY_BAD, "status " + std::to_string(outcome.status));
		bench.check(outcome.fetched == command.bytes.size(), "bytes of the key");
	}
	bench.context = "d out of bounds";
	for (const Number &d : { Number(0), good.n, good.n + Number(1) }) {
		bad = good;
		bad.d = d;
		bench.check(bench.engine.run(load_command(bad, EXPONENT, 5)).status == KEY_BAD, "is taken");
	}
	bench.context = "the key of before";
	power(bench, good, CRT, false, 5, base);
	bench.check(bench.engine.run(power_command(128, false, 6, base)).status == KEY_EMPTY, "another slot");
	bad = good;
	bad.p = Number(4);
	bench.check(bench.engine.run(load_command(bad, CRT, 6)).status == KEY_BAD, "is taken into an empty slot");
	bench.check(bench.engine.run(power_command(128, false, 6, base)).status == KEY_EMPTY, "and used");
}

void fields_out_of_bounds(Bench &bench)
{
	Key key = real_key(128);
	Command good = load_command(key, CRT, 1), command;
	const struct {
		uint32_t kind, modulus, exponent, slot;
	} rows[] = {
		{ 0, 128, 3, 1 },	{ 4, 128, 3, 1 },	 { 255, 128, 3, 1 },	    { 3, 126, 3, 1 },
		{ 3, 129, 3, 1 },	{ 3, 514, 3, 1 },	 { 3, 0, 3, 1 },	    { 3, 0xfffffffe, 3, 1 },
		{ 3, 128, 0, 1 },	{ 3, 128, 129, 1 },	 { 3, 128, 0x80000003, 1 }, { 3, 0x10080, 3, 1 },
		{ 3, 128, 3, SLOTS },	{ 3, 128, 3, 0xffff },	 { 3, 128, 3, 0x4001 },
	};

	for (const auto &row : rows) {
		bench.context = "kind " + std::to_string(row.kind) + ", modulus " + std::to_string(row.modulus) +
				", exponent " + std::to_string(row.exponent) + ", slot " + std::to_string(row.slot);
		command = good;
		command.kind = (uint8_t)row.kind;
		command.modulus_size = row.modulus;
		command.exponent_size = row.exponent;
		command.slot = (uint16_t)row.slot;
		Outcome outcome = bench.engine.run(command);
		bench.check(outcome.status == BAD_FIELD && !outcome.fetched, "status " + std::to_string(outcome.status));
	}
	bench.context = "opcodes";
	for (unsigned opcode : { 0x00u, 0x01u, 0x12u, 0x42u, 0xffu }) {
		command = good;
		command.opcode = (uint8_t)opcode;
		bench.check(bench.engine.run(command).status == GLACIS_CARD_STATUS_BAD_OPCODE, std::to_string(opcode));
	}
	bench.context = "zeroise";
	command = zeroise_command(SLOTS);
	bench.check(bench.engine.run(command).status == BAD_FIELD, "a slot that is not there");
	for (int field = 0; field < 3; field++) {
		command = zeroise_command(1);
		(field == 0 ? command.modulus_size : command.exponent_size) = field < 2;
		command.kind = field == 2;
		bench.check(bench.engine.run(command).status == BAD_FIELD, "a field that is not zero");
	}
}

void slots(Bench &bench)
{
	Key keys[SLOTS];
	Number base;

	bench.context = "slots";
	bench.engine.zeroise();
	for (uint16_t slot = 0; slot < SLOTS; slot++)
		bench.check(bench.engine.run(power_command(128, true, slot, base)).status == KEY_EMPTY, "not empty");
	for (uint16_t slot = 0; slot < SLOTS; slot++) {
		keys[slot] = loose_key(bench.random, slot % 3 ? 128 : 134, false);
		keys[slot].e = Number(65537);
		keys[slot].exponent_size = 3;
		load(bench, keys[slot], slot % 2 ? CRT : PUBLIC, slot);
	}
	for (uint16_t slot = 0; slot < SLOTS; slot++)
		power(bench, keys[slot], CRT, true, slot, bench.random.below(keys[slot].n));
	power(bench, keys[7], CRT, false, 7, bench.random.below(keys[7].n));
	bench.check(bench.engine.run(power_command(134, false, 0, base)).status == KEY_EMPTY, "private with a public key");
	bench.check(bench.engine.run(power_command(128, true, 0, base)).status == BAD_FIELD, "another size");
	bench.check(bench.engine.run(power_command(128, false, SLOTS, base)).status == BAD_FIELD, "no such slot");

	/* Emptied, twice; its neighbours stay. */
	for (int i = 0; i < 2; i++)
		bench.check(bench.engine.run(zeroise_command(7)).status == OK, "zeroise");
	bench.check(bench.engine.run(power_command(128, true, 7, base)).status == KEY_EMPTY, "emptied");
	for (uint16_t slot : { 6, 8 })
		power(bench, keys[slot], CRT, true, slot, bench.random.below(keys[slot].n));
	/* Overwritten by another kind and size, many times: pages go round. */
	for (unsigned i = 0; i < 2 * SLOTS + 3; i++) {
		keys[7] = loose_key(bench.random, i % 2 ? 128 : 130, false);
		keys[7].e = Number(3);
		keys[7].exponent_size = 2;
		load(bench, keys[7], i % 3 == 0 ? CRT : PUBLIC, 7);
		power(bench, keys[7], CRT, true, 7, bench.random.below(keys[7].n));
	}
	for (uint16_t slot = 0; slot < SLOTS; slot++)
		power(bench, keys[slot], CRT, true, slot, bench.random.below(keys[slot].n));
	bench.engine.zeroise();
	for (uint16_t slot = 0; slot < SLOTS; slot++)
		bench.check(bench.engine.run(power_command(keys[slot].size, true, slot, base)).status == KEY_EMPTY,
			    "not empty after zeroise");
}

/* Keys of any size and length of e in each slot, one after the other; a few operations find the right ones. */
void slots_of_any_size(Bench &bench)
{
	for (unsigned i = 0; i < 3 * SLOTS; i++) {
		uint16_t slot = (uint16_t)(i * 5 % SLOTS);
		Key key = loose_key(bench.random, i < 2 * SLOTS && i % 4 == 0 ? 128 : 128 + 2 * bench.random.below(193), false);

		bench.context = "key " + std::to_string(i) + " of any size";
		key.e = Number(3);
		key.exponent_size = 1 + bench.random.below(key.size);
		load(bench, key, PUBLIC, slot);
		if (key.size == 128 && i % 8 == 0) {
			key.exponent_size = 1;
			load(bench, key, PUBLIC, slot);
			power(bench, key, PUBLIC, true, slot, bench.random.below(key.n));
		}
	}
}

void stalls(Bench &bench)
{
	Key key = real_key(128);
	unsigned long cycles = 0;

	load(bench, key, CRT, 2); /* emptying the page of a key that goes takes time */
	for (int stall : { 0, 1, 30, 90 }) {
		Command command = load_command(key, CRT, 2);

		bench.context = "stalls of " + std::to_string(stall) + "%";
		command.stall = stall;
		Outcome outcome = bench.engine.run(command);
		bench.check(outcome.status == OK, "load");
		bench.check(!cycles || outcome.cycles == cycles, "cycles of a load depend on stalls");
		cycles = outcome.cycles;
		power(bench, key, CRT, false, 2, bench.random.below(key.n), stall);
	}
}

void failing_input(Bench &bench)
{
	Key key = real_key(128), other = real_key(128);
	Number base = bench.random.below(key.n);

	bench.context = "host memory that cannot be read";
	load(bench, key, CRT, 2);
	for (int beat : { 0, 1, 128 / STREAM_BYTES - 1 }) {
		Command command = power_command(128, false, 2, base);

		command.error_at_beat = beat;
		bench.check(bench.engine.run(command).status == DMA_READ, "an operation");
		command = load_command(other, CRT, 2);
		command.error_at_beat = beat;
		bench.check(bench.engine.run(command).status == DMA_READ, "a load");
		bench.check(bench.engine.run(power_command(128, false, 3, base)).status == KEY_EMPTY, "a slot");
	}
	power(bench, key, CRT, false, 2, base);
}

void given_up(Bench &bench)
{
	Key key = real_key(128), other = real_key(128);
	Number base = bench.random.below(key.n);
	unsigned rounds = bench.is_long ? 200 : 30;

	bench.context = "cancel";
	load(bench, key, CRT, 2);
	for (unsigned i = 0; i < rounds; i++) {
		bool is_load = i % 2;
		Command command = is_load ? load_command(other, CRT, 2) : power_command(128, false, 2, base);
		Outcome outcome;

		command.cancel_after = 1 + bench.random.below(i % 4 < 2 ? 500 : is_load ? 11000 : 150000);
		outcome = bench.engine.run(command);
		bench.check(outcome.status == INTERNAL, "status " + std::to_string(outcome.status));
		bench.check(outcome.cancel_cycles < 5000, "it takes " + std::to_string(outcome.cancel_cycles) + " cycles");
		if (i % 10 == 0)
			power(bench, key, CRT, true, 2, base);
	}
	power(bench, key, CRT, false, 2, base);

	bench.context = "zeroise in the midst";
	for (unsigned i = 0; i < 6; i++) {
		Command command = i % 2 ? load_command(other, CRT, 2) : power_command(128, false, 2, base);

		load(bench, key, CRT, 2);
		command.zeroise_after = 1 + bench.random.below(i < 4 ? 300 : 10000);
		bench.engine.run(command);
		bench.check(bench.engine.run(power_command(128, false, 2, base)).status == KEY_EMPTY, "the key is there");
	}
	load(bench, key, CRT, 2);
	power(bench, key, CRT, false, 2, base);
}

/* What README.md and the performance model say. */
void cycles_as_told(Bench &bench)
{
	const std::map<std::string, unsigned long> told = {
		{ "1024 bits, with p and q", 150329 },
		{ "2048 bits, with p and q", 710546 },
		{ "3072 bits, with p and q", 2305358 },
		{ "4096 bits, with p and q", 5346740 },
		{ "1024 bits, with d", 524905 },
	};

	for (const auto &row : told) {
		bench.context = row.first;
		bench.check(bench.cycles.count(row.first) && bench.cycles[row.first] == row.second,
			    "takes " + std::to_string(bench.cycles[row.first]) + " cycles");
	}
	bench.context = "limit";
	bench.check(bench.cycles["2048 bits, with p and q"] <= 800000, "RSA-2048 takes more than 800,000 cycles");
}

} // namespace

int main(int argc, char **argv)
{
	bool is_long = argc > 1 && !strcmp(argv[1], "long");
	const std::vector<std::pair<const char *, void (*)(Bench &)>> cases = {
		{ "real keys of four sizes", real_keys },
		{ "each size in public", each_size_in_public },
		{ "bases at every edge", bases_at_edges },
		{ "numbers that do not belong together", loose_keys },
		{ "keys at every edge", keys_at_edges },
		{ "exponents at every edge", exponents_at_edges },
		{ "keys out of bounds", bad_keys },
		{ "fields out of bounds", fields_out_of_bounds },
		{ "slots", slots },
		{ "keys of any size in each slot", slots_of_any_size },
		{ "streams that stall", stalls },
		{ "streams that fail", failing_input },
		{ "commands that are given up", given_up },
		{ "cycles as told, whatever the numbers", cycles_as_told },
	};
	/* cases whose name contains one of the further arguments */
	auto is_wanted = [&](const char *name) {
		return argc < 4 || std::any_of(argv + 3, argv + argc, [&](const char *part) { return strstr(name, part); });
	};
	unsigned failed = 0, number = 0;

	if (argc < 2 || (!is_long && strcmp(argv[1], "quick"))) {
		fprintf(stderr, "usage: test_engine quick|long [SEED [CASE...]]\n");
		return 64;
	}
	Verilated::commandArgs(argc, argv);
	Bench bench(is_long, argc > 2 ? (uint64_t)atoll(argv[2]) : 1);
	for (const auto &entry : cases) {
		unsigned before = bench.failures;

		if (!is_wanted(entry.first))
			continue;
		entry.second(bench);
		failed += bench.failures != before;
		printf("%s %u - %s\n", bench.failures == before ? "ok" : "not ok", ++number, entry.first);
		fflush(stdout);
	}
	for (const auto &row : bench.cycles)
		if (row.first.compare(0, 4, "1024") == 0 || row.first.compare(0, 4, "2048") == 0 ||
		    row.first.compare(0, 4, "3072") == 0 || row.first.compare(0, 4, "4096") == 0)
			printf("# RSA, %s: %lu cycles\n", row.first.c_str(), row.second);
	printf("# %lu operations, %lu cycles\n1..%u\n", bench.operations, bench.engine.cycles(), number);
	return failed != 0;
}
