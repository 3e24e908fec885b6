// SPDX-License-Identifier: Apache-2.0
// The line of RSA commands of all queues, simulated beside lists: key commands and operations come out in their order,
// those of a queue that is no longer alive are handed out to be dropped while the others keep their places, and a queue
// is crowded from LIMIT commands on. Queues fill up, empty, and die at random.
// usage: test_rsa_line CYCLES [SEED]; the module has its default parameters
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "Vglacis_rsa_line.h"
#include "bench.h"
#include "coverage.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

constexpr unsigned FEW = 4; // queues that are full at a time
constexpr unsigned QUEUES = 65, LIMIT = 16, MOST = 2 * LIMIT - 1, KEY_BITS = 141, OPERATION_BITS = 187, PATIENCE = 8;
constexpr unsigned KEY_WORDS = (KEY_BITS + 31) / 32, OPERATION_WORDS = (OPERATION_BITS + 31) / 32;

typedef std::array<uint32_t, KEY_WORDS> key;
typedef std::array<uint32_t, OPERATION_WORDS> what;

struct operation {
	unsigned queue;
	what bits;
};

unsigned long cycles;
uint32_t seed;

class bench
{
      public:
	std::mt19937 random;
	unsigned long cycle = 0, taken = 0, dropped = 0, keys_taken = 0, most = 0;

	bench() : random(seed), alive(QUEUES, true), counts(QUEUES)
	{
		model.rst = 1;
		set_alive();
		edge();
		edge();
		model.rst = 0;
	}
	~bench()
	{
		coverage_keep();
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	void step(bool closing)
	{
		// hours of more coming than going, and the other way round: of some queues, then of all
		unsigned long hour = cycle / 1024;
		bool flood = hour % 32 >= 16, fills = !closing && (flood ? hour % 32 < 20 : hour % 2 == 0);

		if (cycle % 2048 == 0)
			few = 1 + (few - 1 + FEW) % (QUEUES - FEW);
		first = flood ? 0 : few;
		keys_come = hour % 8 < 2;
		calm = flood && fills;
		live_and_die(closing);
		model.push = model.key_push = model.taken = model.key_taken = model.drop_taken = 0;
		model.eval();
		come(closing ? 0 : fills ? 90 : 15);
		model.eval();
		go(closing ? 100 : fills ? 8 : 90);
		model.eval();
		compare();
		apply();
		edge();
	}
	bool is_empty() const
	{
		return keys.empty() && operations.empty() && model.waiting == 0 && model.settled;
	}

      private:
	Vglacis_rsa_line model;
	std::vector<bool> alive;
	std::vector<unsigned> counts; // operations of each queue
	std::deque<key> keys;
	std::deque<operation> operations;
	unsigned waits = 0, few = 1, first = 0; // the first of the few, and 0 for any
	bool calm = false, keys_come = false;

	// the port `queue`, whose name Verilator keeps from C++
	unsigned queue() const
	{
		return model.__SYM__queue;
	}
	unsigned below(unsigned bound)
	{
		return random() % bound;
	}
	unsigned count(unsigned q) const
	{
		return q ? counts[q] : static_cast<unsigned>(keys.size());
	}
	void edge()
	{
		bench_edge(model);
		cycle++;
	}
	void set_alive()
	{
		bench_set_alive(model, alive);
	}
	void live_and_die(bool closing)
	{
		unsigned q = below(QUEUES);

		if (alive[q] && !closing && below(calm ? 2000 : 50) == 0)
			alive[q] = false, waits = 0;
		else if (!alive[q] && !count(q))
			alive[q] = true; // a reset is over when all have gone
		set_alive();
	}
	void come(unsigned percent)
	{
		unsigned q = first && below(8) ? first + below(FEW) : 1 + below(QUEUES - 1);

		for (unsigned i = 0; i < KEY_WORDS; i++)
			model.key_in[i] = random();
		model.key_in[KEY_WORDS - 1] &= (1u << KEY_BITS % 32) - 1;
		for (unsigned i = 0; i < OPERATION_WORDS; i++)
			model.push_what[i] = random();
		model.push_what[OPERATION_WORDS - 1] &= (1u << OPERATION_BITS % 32) - 1;
		model.push_queue = static_cast<uint8_t>(q);
		if (!model.room || below(100) >= percent)
			return;
		if (below(keys_come ? 2 : 24) == 0)
			model.key_push = keys.size() < MOST;
		else
			model.push = counts[q] < MOST && alive[q];
	}
	void go(unsigned percent)
	{
		if (below(100) >= percent)
			return;
		if (model.drop_valid && below(4))
			model.drop_taken = 1;
		else if (model.key_valid && below(2))
			model.key_taken = 1;
		else if (model.valid && !model.key_valid)
			model.taken = 1;
	}
	bool any_dead() const
	{
		for (unsigned q = 1; q < QUEUES; q++)
			if (counts[q] && !alive[q])
				return true;
		return false;
	}
	void compare()
	{
		bool relieved = false;
		unsigned who = 0;

		tap_context("cycle %lu, %zu keys, %zu operations", cycle, keys.size(), operations.size());
		for (unsigned q = 0; q < QUEUES; q++)
			CHECK((model.crowded[q / 32] >> q % 32 & 1) == (count(q) >= LIMIT));
		CHECK(model.waiting == keys.size() + operations.size());
		CHECK(!model.room || !any_dead());
		CHECK(model.key_valid == (!keys.empty() && alive[0]));
		if (model.key_valid)
			CHECK(memcmp(keys.front().data(), &model.key, sizeof(key)) == 0);
		if (model.valid && CHECK(!operations.empty() && model.room)) {
			CHECK(queue() == operations.front().queue && alive[queue()]);
			CHECK(memcmp(operations.front().bits.data(), &model.what, sizeof(what)) == 0);
		}
		if (model.drop_valid)
			CHECK(count(model.drop_queue) && !alive[model.drop_queue]);
		if (!keys.empty() && !alive[0])
			CHECK(model.drop_valid && model.drop_queue == 0);
		// what is there comes up in a few cycles; a round takes some for each operation, and one that is under
		// way when a queue dies is followed by another
		waits = operations.empty() || model.valid || model.drop_valid ? 0 : waits + 1;
		CHECK(waits < PATIENCE + 8 * (operations.size() + 1));
		CHECK(!model.settled || operations.empty() || model.valid);
		if (model.key_taken || (model.drop_taken && model.drop_queue == 0))
			relieved = count(0) == LIMIT, who = 0;
		else if (model.taken || model.drop_taken)
			who = model.taken ? queue() : model.drop_queue,
			relieved = count(who) == LIMIT && !(model.push && model.push_queue == who);
		// it may say so when the same queue's next comes in this cycle, which is looked at again
		CHECK(!relieved || (model.relieved_valid && model.relieved_queue == who));
		CHECK(!model.relieved_valid ||
		      ((model.key_taken || model.taken || model.drop_taken) && count(model.relieved_queue) == LIMIT));
	}
	void apply()
	{
		if (model.key_taken || (model.drop_taken && model.drop_queue == 0)) {
			keys.pop_front();
			(model.key_taken ? keys_taken : dropped)++;
		} else if (model.taken) {
			counts[operations.front().queue]--;
			operations.pop_front();
			taken++;
		} else if (model.drop_taken) {
			auto at = operations.begin();

			while (at != operations.end() && at->queue != model.drop_queue)
				++at;
			if (CHECK(at != operations.end()))
				operations.erase(at);
			counts[model.drop_queue]--;
			dropped++;
		}
		if (model.key_push) {
			key made;

			memcpy(made.data(), &model.key_in, sizeof(made));
			keys.push_back(made);
		}
		if (model.push) {
			operation made;

			made.queue = model.push_queue;
			memcpy(made.bits.data(), &model.push_what, sizeof(made.bits));
			operations.push_back(made);
			counts[made.queue]++;
		}
		most = std::max<unsigned long>(most, operations.size());
	}
};

void any_order()
{
	bench bench;

	while (bench.cycle < cycles)
		bench.step(false);
	for (unsigned i = 0; i < 200000 && !bench.is_empty(); i++)
		bench.step(true);
	CHECK(bench.is_empty());
	tap_context("%s", "");
	CHECK(bench.taken && bench.dropped && bench.keys_taken);
	printf("# %lu cycles, %lu operations and %lu key commands taken, %lu dropped; %lu operations at most\n",
	       bench.cycle, bench.taken, bench.keys_taken, bench.dropped, bench.most);
}

} // namespace

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "CYCLES", { "queues that fill up, empty and die", any_order }, cycles, seed);
}
