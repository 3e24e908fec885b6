// SPDX-License-Identifier: Apache-2.0
// RSA engines and what feeds them, simulated with two engines beside libcrypto: keys that are loaded, bad and taken
// away, public operations of any queue, numbers that cannot be read, queues that die with commands waiting, being read
// for, and in an engine, and the faults. Each read and each result is computed anew, and each command comes back once.
// usage: test_rsa_unit RESULTS [SEED]
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "../rsa/key.h"
#include "Vglacis_rsa_unit.h"
#include "bench.h"
#include "coverage.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

constexpr unsigned QUEUES = 65, SLOTS = 16;
constexpr unsigned long PATIENCE = 400000; // cycles without a result

typedef std::vector<uint8_t> bytes;

unsigned long results_wanted;
uint32_t seed;

struct slot {
	bool sure = false, there = false;
	Key key;
};

struct command {
	unsigned queue;
	glacis_card_rsa rsa;
	glacis_card_key key;
	Key numbers;
	bytes memory;
	bool died = false, read = false, fails = false, bad = false, flip = false, outside = false;

	uint32_t cookie() const
	{
		return queue ? rsa.cookie : key.cookie;
	}
};

class bench
{
      public:
	unsigned long cycle = 0, results = 0, dropped = 0, numbers = 0, loaded = 0;
	std::map<unsigned, unsigned> statuses;

	bench() : random(seed), numbers_random(seed), alive(QUEUES, true), slots(SLOTS)
	{
		model.rst = 1;
		set_alive();
		edge();
		edge();
		model.rst = 0;
		for (unsigned i = 0; i < 20000; i++) // the engines empty their memories
			edge();
		CHECK(!model.engines_busy);
		for (auto &slot : slots)
			slot.sure = true;
	}
	~bench()
	{
		coverage_keep();
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	bool step(bool closing)
	{
		live_and_die(closing);
		offer(closing);
		bring();
		model.read_ready = below(3) != 0;
		model.ask_answered = below(2);
		model.ask_flip = below(6) == 0;
		model.ask_outside = below(6) == 0;
		model.result_over = 0;
		if (model.result_valid)
			look();
		model.eval();
		compare();
		apply();
		idle++;
		return CHECK(idle < PATIENCE);
	}
	bool is_empty() const
	{
		return commands.empty() && !offered && model.held == 0;
	}

      private:
	Vglacis_rsa_unit model;
	std::mt19937_64 random;
	Random numbers_random;
	std::vector<bool> alive;
	std::vector<slot> slots;
	std::deque<command> commands; // taken, and not over
	std::unique_ptr<command> offered;
	command *reading = nullptr; // whose numbers come
	size_t brought = 0;
	unsigned asked_queue = 0, looked = 0;
	bool looking = false, asked_flip = false, asked_outside = false;
	unsigned long idle = 0;
	bytes seen;

	unsigned below(unsigned bound)
	{
		return static_cast<unsigned>(random() % bound);
	}
	void edge()
	{
		model.clk = model.rsa_clk = 1;
		model.eval();
		model.clk = model.rsa_clk = 0;
		model.eval();
		cycle++;
	}
	void set_alive()
	{
		bench_set_alive(model, alive);
	}
	void live_and_die(bool closing)
	{
		unsigned q = below(QUEUES);
		bool left = offered && offered->queue == q;

		for (auto &command : commands)
			left = left || command.queue == q;
		if (!alive[q])
			alive[q] = !left;
		else if (!closing && below(q ? 10000 : 30000) == 0) {
			alive[q] = false;
			for (auto &command : commands)
				command.died = command.died || command.queue == q;
			if (offered && offered->queue == q)
				offered.reset();
		}
		set_alive();
	}

	// Commands.
	void fill(void *to, size_t size)
	{
		bench_fill(random, to, size);
	}
	void load(command *made)
	{
		glacis_card_key &key = made->key;
		uint32_t size = below(3) ? 128 : 2 * (64 + below(193));

		key.opcode = below(10) ? GLACIS_CARD_OPCODE_KEY_LOAD : GLACIS_CARD_OPCODE_KEY_ZEROISE;
		if (key.opcode == GLACIS_CARD_OPCODE_KEY_ZEROISE) {
			key.kind = below(8) == 0;
			key.modulus_size = key.exponent_size = 0;
			return;
		}
		made->numbers.size = size;
		made->numbers.exponent_size = 1 + below(below(10) ? 3 : size);
		made->numbers.n = random_modulus(numbers_random, static_cast<int>(8 * size));
		made->numbers.e = Number(below(2) ? 3 : 17);
		if (below(10) == 0) {
			made->bad = true;
			(below(2) ? made->numbers.n : made->numbers.e) = made->numbers.n - Number(1);
			made->numbers.exponent_size = size;
		}
		key.kind = GLACIS_CARD_KEY_KIND_RSA_PUBLIC;
		key.modulus_size = size;
		key.exponent_size = made->numbers.exponent_size;
		made->memory = made->numbers.bytes(key.kind);
		switch (below(12)) {
		case 0:
			key.kind = static_cast<uint8_t>(4 + below(252));
			break;
		case 1:
			key.modulus_size ^= below(2) ? 1u : 1024u << below(22);
			break;
		case 2:
			key.exponent_size = static_cast<uint32_t>(random()) | 0x400;
			break;
		case 3:
			key.slot = static_cast<uint16_t>(random() | SLOTS);
			break;
		default:
			break;
		}
	}
	bool bad_load(const glacis_card_key &key) const
	{
		return key.slot >= SLOTS || key.modulus_size < 128 || key.modulus_size > GLACIS_CARD_RSA_BYTES_MAX ||
		       key.modulus_size % 2 || !key.exponent_size || key.exponent_size > key.modulus_size ||
		       key.kind < GLACIS_CARD_KEY_KIND_RSA_PUBLIC || key.kind > GLACIS_CARD_KEY_KIND_RSA_CRT;
	}
	void operate(command *made)
	{
		glacis_card_rsa &rsa = made->rsa;
		const slot &slot = slots[rsa.slot % SLOTS];

		rsa.opcode = below(8) ? GLACIS_CARD_OPCODE_RSA_PUBLIC : GLACIS_CARD_OPCODE_RSA_PRIVATE;
		rsa.modulus_size = slot.there && below(20) ? slot.key.size
				   : below(2)              ? 128
							   : static_cast<uint32_t>(random());
		if (rsa.modulus_size > GLACIS_CARD_RSA_BYTES_MAX)
			return;
		made->memory.resize(rsa.modulus_size);
		fill(made->memory.data(), made->memory.size());
		if (below(10) && !made->memory.empty())
			made->memory[0] &= 0x7f; // below the modulus
	}
	void offer(bool closing)
	{
		unsigned q = below(6) == 0 ? 0 : below(2) ? 1 + below(QUEUES - 1) : 1 + below(3);

		if (!offered && !closing && below(60) == 0 && commands.size() < 60 && alive[q] &&
		    !(model.crowded[q / 32] >> q % 32 & 1)) {
			offered = std::make_unique<command>();
			offered->queue = q;
			fill(&offered->rsa, sizeof(offered->rsa));
			fill(&offered->key, sizeof(offered->key));
			offered->rsa.slot = static_cast<uint16_t>(below(20) ? below(below(4) ? 3 : SLOTS) : random());
			offered->key.slot = static_cast<uint16_t>(below(below(4) ? 3 : SLOTS));
			offered->fails = below(20) == 0;
			q ? operate(offered.get()) : load(offered.get());
		}
		model.command_valid = offered != nullptr;
		if (offered) {
			model.command_queue = static_cast<uint8_t>(offered->queue);
			memcpy(&model.command, offered->queue ? static_cast<void *>(&offered->rsa) : &offered->key,
			       128);
		}
	}

	// The bus brings numbers.
	void bring()
	{
		size_t size = reading ? std::min<size_t>(32, reading->memory.size() - brought) : 0;
		uint8_t word[32] = { 0 };

		model.word_valid = reading && below(3) != 0;
		model.word_last = below(2);
		model.word_error = below(2);
		if (!model.word_valid)
			return;
		memcpy(word, reading->memory.data() + brought, size);
		memcpy(&model.word, word, sizeof(word));
		model.word_last = brought + size == reading->memory.size();
		model.word_error = model.word_last && reading->fails;
	}

	// The result that is held is read from its buffer, then it is over.
	void look()
	{
		model.buffer_read = 1;
		model.buffer_word = static_cast<uint8_t>(looked);
		model.result_over = looked * 32 >= model.result_size && below(4) == 0;
	}

	void compare()
	{
		unsigned held = static_cast<unsigned>(commands.size());

		tap_context("cycle %lu, %zu commands", cycle, commands.size());
		CHECK(model.held == held);
		CHECK(!model.engines_busy || model.awake);
		if (model.read_valid)
			compare_read();
		if (model.ask)
			CHECK(std::any_of(commands.begin(), commands.end(),
					  [this](const command &c) { return c.queue == model.ask_queue; }));
	}
	command *by_address(uint64_t address)
	{
		for (auto &command : commands)
			if ((command.queue ? command.rsa.base : command.key.key) == address)
				return &command;
		return nullptr;
	}
	void compare_read()
	{
		command *command = by_address(model.read_address);

		if (CHECK(command && !command->read))
			CHECK(model.read_queue == command->queue && model.read_size == command->memory.size());
	}

	// The clock's edge, in the model.
	void apply()
	{
		bool over = model.result_valid && model.result_over, asks = model.result_valid;

		if (model.command_valid && model.command_ready) {
			commands.push_back(*offered);
			if (reading) // where it lies now
				reading = by_address(reading->queue ? reading->rsa.base : reading->key.key);
			offered.reset();
		}
		if (model.word_valid) {
			brought += 32;
			if (model.word_last)
				reading = nullptr;
		}
		if (model.read_valid && model.read_ready && by_address(model.read_address)) {
			reading = by_address(model.read_address);
			reading->read = true;
			brought = 0;
		}
		if (model.ask && model.ask_answered) {
			asked_queue = model.ask_queue;
			asked_flip = model.ask_flip;
			asked_outside = model.ask_outside;
		}
		if (over)
			end();
		edge();
		if (over) {
			looked = 0;
			seen.clear();
		} else if (asks && looked * 32 < model.result_size) {
			uint8_t data[64];

			memcpy(data, &model.buffer_data, sizeof(data));
			seen.insert(seen.end(), data, data + 32);
			looked++;
		}
	}
	void end()
	{
		auto found = std::find_if(commands.begin(), commands.end(), [this](const command &c) {
			return c.queue == model.result_queue &&
			       (model.result_drop ? c.died : c.cookie() == model.result_cookie);
		});

		tap_context("cycle %lu, result of queue %u, status %u, size %u", cycle, model.result_queue,
			    model.result_status, model.result_size);
		if (!CHECK(found != commands.end()))
			return;
		idle = 0;
		results++;
		if (model.result_drop) {
			CHECK(found->died);
			dropped++;
			if (!found->queue)
				for (auto &slot : slots) // which of them it was cannot be seen
					slot.sure = false;
		} else {
			CHECK(model.result_operation == (found->queue != 0));
			found->queue ? operated(*found) : loads(*found);
			statuses[model.result_status]++;
		}
		if (reading) {
			uint64_t address = reading->queue ? reading->rsa.base : reading->key.key;

			CHECK(reading != &*found);
			commands.erase(found);
			reading = by_address(address);
		} else {
			commands.erase(found);
		}
	}
	void loads(const command &command)
	{
		const glacis_card_key &key = command.key;
		uint8_t expected = GLACIS_CARD_STATUS_OK;
		bool zeroises = key.opcode == GLACIS_CARD_OPCODE_KEY_ZEROISE;

		if (zeroises ? key.kind != 0 || key.slot >= SLOTS : bad_load(key))
			expected = GLACIS_CARD_STATUS_BAD_FIELD;
		else if (!zeroises && command.fails)
			expected = GLACIS_CARD_STATUS_DMA_READ;
		else if (command.bad)
			expected = GLACIS_CARD_STATUS_KEY_BAD;
		CHECK(model.result_status == expected && model.result_size == 0);
		if (expected != GLACIS_CARD_STATUS_OK)
			return; // the slot keeps what it has
		slots[key.slot].sure = true;
		slots[key.slot].there = !zeroises;
		slots[key.slot].key = command.numbers;
		loaded += slots[key.slot].there;
	}
	void operated(const command &command)
	{
		const glacis_card_rsa &rsa = command.rsa;
		bool is_public = rsa.opcode == GLACIS_CARD_OPCODE_RSA_PUBLIC;

		if (rsa.slot >= SLOTS) {
			CHECK(model.result_status == GLACIS_CARD_STATUS_BAD_FIELD && model.result_size == 0);
			return;
		}
		const slot &slot = slots[rsa.slot];
		if (!slot.sure)
			return;
		uint8_t expected = GLACIS_CARD_STATUS_OK;
		Number base = Number::of_bytes(command.memory);
		if (!slot.there || !is_public)
			expected = GLACIS_CARD_STATUS_KEY_EMPTY;
		else if (rsa.modulus_size != slot.key.size)
			expected = GLACIS_CARD_STATUS_BAD_FIELD;
		else if (command.fails)
			expected = GLACIS_CARD_STATUS_DMA_READ;
		else if (!(base < slot.key.n))
			expected = GLACIS_CARD_STATUS_VALUE_RANGE;
		CHECK(model.result_status == expected);
		CHECK(model.result_size == (expected == GLACIS_CARD_STATUS_OK ? rsa.modulus_size : 0));
		if (expected != GLACIS_CARD_STATUS_OK || model.result_status != expected)
			return;
		CHECK(model.result_address == rsa.result && asked_queue == command.queue &&
		      model.result_outside == asked_outside);
		bytes wanted = base.power(slot.key.e, slot.key.n).bytes(rsa.modulus_size);
		if (asked_flip)
			wanted[rsa.modulus_size / 2] ^= 4;
		CHECK(seen.size() >= wanted.size() && std::equal(wanted.begin(), wanted.end(), seen.begin()));
		numbers++;
	}
};

void any_commands()
{
	bench bench;

	while (bench.results < results_wanted && bench.step(false))
		;
	while (!bench.is_empty() && bench.step(true))
		;
	CHECK(bench.is_empty());
	tap_context("%s", "");
	CHECK(bench.dropped && bench.numbers && bench.loaded);
	printf("# %lu results in %lu cycles: %lu numbers, %lu keys loaded, %lu dropped; statuses", bench.results,
	       bench.cycle, bench.numbers, bench.loaded, bench.dropped);
	for (auto &status : bench.statuses)
		printf(" %u: %u", status.first, status.second);
	printf("\n");
}

} // namespace

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "RESULTS", { "keys and operations of any queue, in any state", any_commands },
			  results_wanted, seed);
}
