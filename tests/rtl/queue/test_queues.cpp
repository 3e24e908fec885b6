// SPDX-License-Identifier: Apache-2.0
// The queues of the card alone, simulated beside a model of their rules (docs/card-abi.md): software that sets them up,
// rings doorbells, resets and errs; and a card that takes commands, completes or drops them, fails, stands still and is
// reset. Each cycle one register is read and compared, each fetch and each entry of a completion ring is computed anew.
// Whoever enables a queue while another one fetches, fails or completes is among what comes up by itself within a few
// thousand cycles, and must leave the other one alone.
// usage: test_queues CYCLES COMMANDS [SEED [CASE...]]; QUEUES of the compiler is the module's QUEUE_COUNT
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "Vglacis_queues.h"
#include "coverage.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

unsigned long cycles_wanted, commands_wanted;
uint32_t seed;

enum state { DISABLED, ENABLED, RESETTING, ERROR };
enum page {
	SQ_BASE = 0x0,
	CQ_BASE = 0x8,
	SIZE = 0x10,
	CONTROL = 0x14,
	STATUS = 0x18,
	SQ_HEAD = 0x1c,
	CQ_TAIL = 0x20,
	COMMANDS = 0x40,
	COMPLETIONS = 0x48,
	BYTES = 0x50,
	ERRORS = 0x58,
	TAIL_BELL = 0x0,
	HEAD_BELL = 0x40
};
constexpr uint32_t ENABLE = 1, RESET = 2, IRQ = 4;
constexpr uint8_t BAD_RING = 0x0b;

struct queue {
	state now = DISABLED;
	bool irq = false, stalled = false, phase = true, crowded = false;
	uint8_t code = 0;
	uint64_t sq_base = 0, cq_base = 0;
	uint16_t sizes = 0, cursor = 0, sq_head = 0, cq_tail = 0;
	uint32_t tail = 0, head = 0;
	uint64_t commands = 0, completions = 0, bytes = 0, errors = 0;
	unsigned under_way = 0; // was fetched and has not ended
	unsigned owed = 0;      // was fetched and has neither a place nor an end
	unsigned ready = 0;     // of them: descriptors are there
	unsigned landing = 0;   // has a place, not written yet
	bool second = false;    // of `ready`: the next one comes for a command that has completed once
	unsigned step = 0;      // of software's set-up
	unsigned long drained_at = 0;

	uint32_t sq_mask() const
	{
		return (1u << (sizes & 15)) - 1;
	}
	uint32_t cq_mask() const
	{
		return (1u << (sizes >> 8 & 15)) - 1;
	}
	bool out_of_bounds() const
	{
		return tail > sq_mask() || head > cq_mask();
	}
	uint32_t space() const
	{
		return (head - cq_tail - 1) & cq_mask();
	}
	uint32_t room() const
	{
		uint32_t least = std::min((tail - cursor) & sq_mask(), space() - owed);

		return std::min({ least, sq_mask() + 1 - cursor, 4u });
	}
	bool good() const
	{
		unsigned sq = sizes & 255, cq = sizes >> 8;

		if (sq < 1 || sq > cq || cq > 15 || sq_base % 4096 || cq_base % 4096)
			return false;
		return sq_base + ((128ull << sq) - 1) >= sq_base && cq_base + ((16ull << cq) - 1) >= cq_base;
	}
};

struct fetch {
	unsigned queue, count;
	bool poison;
};

class bench
{
      public:
	std::mt19937_64 random;
	std::vector<queue> queues{ QUEUES }, before{ QUEUES };
	unsigned long cycle = 0, ended = 0, fetches = 0, refusals = 0, poisons = 0, resets = 0;
	bool calm = false;    // software does nothing but what is right
	bool closing = false; // and begins nothing new

	explicit bench() : random(seed)
	{
		model.rst = 1;
		model.eval();
		for (int i = 0; i < 4; i++)
			edge();
		model.rst = 0;
		model.function_enable = 1;
		wait_for_function();
	}
	~bench()
	{
		coverage_keep();
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	unsigned below(unsigned bound)
	{
		return static_cast<unsigned>(random() % bound);
	}
	bool once_in(unsigned times)
	{
		return !calm && below(times) == 0;
	}
	// Room for a completion beside all others that are owed one, and those of a fetch that is about to begin.
	bool has_room(unsigned q) const
	{
		unsigned promised = model.fetch_valid && model.fetch_queue == q ? model.fetch_count : 0;

		return queues[q].space() >= queues[q].owed + promised;
	}
	bool is_alive(unsigned q) const
	{
		return queues[q].now == ENABLED && !queues[q].stalled && !draining;
	}

	void step()
	{
		quiet_inputs();
		card();
		software();
		turn();
		if (once_in(6000))
			reset_function();
	}

	// Queue 0 fails in the cycle in which queue 1, whose ring is none, is enabled: each has its own status then.
	void fails_beside_a_refusal()
	{
		constexpr uint8_t FAILURE = 0x42;

		put(0, SIZE, 0x0101);
		put(0, CONTROL, ENABLE);
		put(1, SIZE, 0);
		quiet_inputs();
		model.fail_valid = 1;
		model.fail_queue = 0;
		model.fail_status = FAILURE;
		put(1, CONTROL, ENABLE);
		CHECK(queues[0].now == ERROR && queues[0].code == FAILURE);
		CHECK(queues[1].now == ERROR && queues[1].code == BAD_RING);
		for (unsigned q = 0; q < 2; q++) {
			quiet_inputs();
			model.bus_queue = static_cast<uint8_t>(q);
			model.bus_offset = STATUS;
			turn(); // compares what is read
		}
	}

	// What is under way ends, what may be fetched is.
	bool drains()
	{
		unsigned long then = ended, since = cycle;

		closing = calm = clear_stalls = true;
		while (cycle - since < 2000 + QUEUES * 100) {
			step();
			if (ended != then)
				then = ended, since = cycle;
		}
		for (unsigned q = 0; q < QUEUES; q++)
			if (queues[q].under_way ||
			    (is_alive(q) && !queues[q].out_of_bounds() && queues[q].cursor != queues[q].tail))
				return false;
		return !model.fetch_valid && model.under_way == 0;
	}

      private:
	Vglacis_queues model;
	std::deque<fetch> fetched;   // reads under way
	std::deque<unsigned> ruined; // queues that were out of bounds
	bool draining = false, was_fetching = false, clear_stalls = false, before_enable = false, held = false;
	unsigned before_jobs = 0;
	std::vector<bool> before_alive;

	// A cycle with the inputs as they are, beside the model's.
	void turn()
	{
		model.eval();
		compare();
		before = queues;
		before_enable = model.function_enable;
		before_jobs = model.jobs_free;
		before_alive.resize(QUEUES);
		for (unsigned q = 0; q < QUEUES; q++)
			before_alive[q] = is_alive(q);
		apply();
		edge();
		look();
	}
	// A register's write, until it is taken.
	void put(unsigned q, unsigned offset, uint32_t value)
	{
		write(q, false, offset, value);
		turn();
		for (unsigned i = 0; i < 10 && held; i++) {
			quiet_inputs();
			turn();
		}
		CHECK(!held);
		quiet_inputs();
		model.bus_write = 0;
	}
	void edge()
	{
		model.clk = 1;
		model.eval();
		model.clk = 0;
		model.eval();
		cycle++;
	}
	unsigned under_way() const
	{
		unsigned sum = 0;

		for (const auto &queue : queues)
			sum += queue.under_way;
		return sum;
	}
	void crowd()
	{
		for (unsigned i = 0; i < 4; i++)
			model.crowded[i] = 0;
		for (unsigned q = 0; q < QUEUES; q++)
			model.crowded[q / 32] |= static_cast<uint32_t>(queues[q].crowded) << q % 32;
	}
	void quiet_inputs()
	{
		model.fetch_ready = below(4) != 0;
		model.fetched_valid = model.stall_valid = model.stall_clear = model.place_valid = model.landed_valid =
			0;
		model.dropped_valid = model.dropped_back = model.counted_valid = model.fail_valid =
			model.relieved_valid = 0;
		model.function_reset = 0;
		model.jobs_free = static_cast<uint8_t>(std::min(16u, 80 - std::min(80u, under_way())));
		model.place_queue = static_cast<uint8_t>(below(QUEUES));
		model.landed_queue = static_cast<uint8_t>(below(QUEUES));
		model.dropped_queue = model.counted_queue = model.fail_queue = model.stall_queue = static_cast<uint8_t>(
			below(QUEUES));
		model.fetched_queue = model.relieved_queue = static_cast<uint8_t>(below(QUEUES));
	}

	// The rest of the card: one thing of each kind a cycle.
	void card()
	{
		unsigned from = below(QUEUES);
		bool may_relieve = true;

		if (!fetched.empty() && below(3)) {
			model.fetched_valid = !fetched.front().poison;
			model.fetched_queue = static_cast<uint8_t>(fetched.front().queue);
			model.fetched_count = static_cast<uint8_t>(fetched.front().count);
		}
		for (unsigned i = 0; i < QUEUES; i++) {
			unsigned q = (from + i) % QUEUES;
			queue &queue = queues[q];

			if (queue.ready && is_alive(q) && !model.place_valid && (!queue.second || has_room(q)) &&
			    below(8)) {
				model.place_valid = 1;
				model.place_queue = static_cast<uint8_t>(q);
			} else if (queue.ready && (!is_alive(q) || once_in(40)) && !model.dropped_valid) {
				model.dropped_valid = 1;
				model.dropped_queue = static_cast<uint8_t>(q);
			}
			if (queue.landing && !model.landed_valid && below(8)) {
				model.landed_valid = 1;
				model.landed_queue = static_cast<uint8_t>(q);
			}
			if (queue.crowded && may_relieve && (closing || below(20) == 0)) {
				may_relieve = false;
				model.relieved_valid = 1;
				model.relieved_queue = static_cast<uint8_t>(q);
			}
		}
		if (!ruined.empty() && !model.dropped_valid) {
			model.dropped_valid = 1;
			model.dropped_queue = static_cast<uint8_t>(ruined.front());
			model.fail_valid = is_alive(ruined.front());
			model.fail_queue = model.dropped_queue;
			model.fail_status = BAD_RING;
		}
		if ((model.dropped_valid || model.landed_valid) && below(8)) {
			model.counted_valid = 1;
			model.counted_queue = model.landed_valid ? model.landed_queue : model.dropped_queue;
			model.counted_bytes = below(65537);
			model.counted_error = below(2);
		}
		if (clear_stalls || once_in(500)) {
			model.stall_clear = 1;
			clear_stalls = false;
		} else if (once_in(100) && queues[from].now == ENABLED) {
			model.stall_valid = 1;
			model.stall_queue = static_cast<uint8_t>(from);
		}
		if (once_in(150) && is_alive(from) && !model.fail_valid) {
			model.fail_valid = 1;
			model.fail_queue = static_cast<uint8_t>(from);
			model.fail_status = static_cast<uint8_t>(random());
		}
		// a command that completes now does so once more
		if (model.place_valid && !model.dropped_valid && !queues[model.place_queue].second && once_in(8)) {
			model.dropped_valid = model.dropped_back = 1;
			model.dropped_queue = model.place_queue;
		}
		if (once_in(50) && is_alive(from))
			queues[from].crowded = true;
		if (once_in(200))
			model.function_enable = !model.function_enable;
		if (calm || below(20) == 0)
			model.function_enable = 1;
		crowd();
	}

	void write(unsigned q, bool doorbell, unsigned offset, uint32_t value)
	{
		model.bus_write = 1;
		model.bus_queue = static_cast<uint8_t>(q);
		model.bus_doorbell = doorbell;
		model.bus_offset = static_cast<uint16_t>(offset);
		model.bus_data = value;
	}

	// Software: one access a cycle, most of them reads.
	void software()
	{
		static const unsigned offsets[] = { SQ_BASE,     CQ_BASE, SIZE,   STATUS, CQ_TAIL, COMMANDS,
						    COMPLETIONS, BYTES,   ERRORS, 0x28,   0xf8 };
		unsigned q = below(QUEUES);

		if (held)
			return; // until bus_ready
		model.bus_write = 0;
		model.bus_data = static_cast<uint32_t>(random());
		model.bus_queue = static_cast<uint8_t>(q);
		model.bus_doorbell = below(4) == 0;
		model.bus_offset = static_cast<uint16_t>(model.bus_doorbell ? below(3) * HEAD_BELL
									    : offsets[below(11)]);
		if (below(calm ? 2 : 3) == 0)
			act(q);
	}
	void act(unsigned q)
	{
		queue &queue = queues[q];

		if (queue.now == DISABLED && !closing)
			set_up(q);
		else if (queue.now == ENABLED)
			ring(q);
		else if (queue.now == ERROR && !closing && below(4) == 0)
			write(q, false, CONTROL, RESET);
	}
	void set_up(unsigned q)
	{
		queue &queue = queues[q];
		bool bad = once_in(40);
		unsigned log2 = calm ? 15 : 1 + below(6);

		switch (queue.step++) {
		case 0:
			return write(q, false, SQ_BASE, static_cast<uint32_t>(random()) & (bad ? ~0u : ~0xfffu));
		case 1:
			return write(q, false, SQ_BASE + 4, once_in(12) ? ~0u : static_cast<uint32_t>(random()));
		case 2:
			return write(q, false, CQ_BASE, static_cast<uint32_t>(random()) & (bad ? ~0u : ~0xfffu));
		case 3:
			return write(q, false, CQ_BASE + 4, once_in(12) ? ~0u : static_cast<uint32_t>(random()));
		case 4:
			return write(q, false, SIZE,
				     bad ? static_cast<uint32_t>(random()) : log2 | (calm ? 15 : log2 + below(3)) << 8);
		default:
			break;
		}
		queue.step = 0;
		write(q, false, CONTROL, ENABLE | (below(2) ? IRQ : 0));
	}
	void ring(unsigned q)
	{
		queue &queue = queues[q];
		uint32_t free = (queue.sq_head - queue.tail - 1) & queue.sq_mask();

		if (queue.out_of_bounds())
			return; // it will fail
		if (once_in(200))
			return write(q, true, below(2) ? TAIL_BELL : HEAD_BELL,
				     static_cast<uint32_t>(random()) | 0x8000u << below(16));
		if (once_in(200))
			return write(q, false, CONTROL, RESET | (below(2) ? IRQ : 0));
		if (once_in(30)) // of no effect while it is enabled, but for interrupts
			return write(q, false, below(2) ? SQ_BASE + 4 * below(5) : CONTROL,
				     static_cast<uint32_t>(random()) & ~RESET);
		if (below(3) == 0)
			return write(q, true, HEAD_BELL, queue.cq_tail);
		if (free && !closing && ((queue.tail - queue.cursor) & queue.sq_mask()) < 64)
			write(q, true, TAIL_BELL,
			      (queue.tail + 1 + below(std::min(free, calm ? 200u : 9u))) & queue.sq_mask());
	}

	// Registers and what is asked for, as the model has them ahead of the clock.
	uint64_t value(const queue &queue) const
	{
		unsigned offset = model.bus_offset & ~7u;
		uint64_t control = (queue.irq ? IRQ : 0) | (queue.now == RESETTING || draining ? RESET : 0) |
				   (queue.now == ENABLED ? ENABLE : 0);

		if (model.bus_doorbell)
			return offset == TAIL_BELL ? queue.tail : offset == HEAD_BELL ? queue.head : 0;
		switch (offset) {
		case SQ_BASE:
			return queue.sq_base;
		case CQ_BASE:
			return queue.cq_base;
		case SIZE:
			return control << 32 | queue.sizes;
		case STATUS:
			return static_cast<uint64_t>(queue.sq_head) << 32 | (queue.now == ERROR ? queue.code << 8 : 0) |
			       queue.now;
		case CQ_TAIL:
			return queue.cq_tail;
		case COMMANDS:
			return queue.commands;
		case COMPLETIONS:
			return queue.completions;
		case BYTES:
			return queue.bytes;
		case ERRORS:
			return queue.errors;
		default:
			return 0;
		}
	}
	void compare()
	{
		queue &queue = queues[model.bus_queue], &place = queues[model.place_queue];

		// when a reset is over is the module's choice, within bounds
		if (queue.now == RESETTING && !model.bus_doorbell && model.bus_offset == STATUS &&
		    (model.bus_value & 15) == DISABLED) {
			CHECK(queue.under_way == 0);
			queue.now = DISABLED;
		} else if (queue.now == RESETTING && !queue.under_way && !draining) {
			queue.drained_at = queue.drained_at ? queue.drained_at : cycle;
			if (!model.bus_doorbell && model.bus_offset == STATUS)
				CHECK(cycle - queue.drained_at < 2 * QUEUES + 40);
		} else {
			queue.drained_at = 0;
		}
		bool unsure = queue.now == RESETTING && !model.bus_doorbell && model.bus_offset / 8 == SIZE / 8;
		tap_context("cycle %lu, queue %u, offset 0x%x%s: 0x%llx", cycle, model.bus_queue, model.bus_offset,
			    model.bus_doorbell ? " of doorbells" : "",
			    static_cast<unsigned long long>(model.bus_value));
		CHECK(unsure || model.bus_value == value(queue));
		CHECK(model.under_way == under_way());
		CHECK(!model.under_way || model.busy);
		for (unsigned q = 0; q < QUEUES; q++)
			CHECK((model.alive[q / 32] >> q % 32 & 1) == is_alive(q));
		CHECK(model.landed_interrupt == queues[model.landed_queue].irq);
		if (place.now == ENABLED && !place.out_of_bounds()) {
			CHECK(model.place_address == place.cq_base + 16ull * place.cq_tail &&
			      model.place_phase == place.phase);
			CHECK(model.place_sq_head == place.sq_head);
			CHECK(!place.owed || model.place_room == has_room(model.place_queue));
		}
	}

	// The clock's edge, in the model.
	void apply()
	{
		queue &bus = queues[model.bus_queue], &landed = queues[model.landed_queue],
		      &dropped = queues[model.dropped_queue];
		bool enabling = model.bus_write && !model.bus_doorbell && model.bus_offset == CONTROL &&
				!(model.bus_data & RESET) && (model.bus_data & ENABLE) && bus.now == DISABLED &&
				!draining;

		tap_context("cycle %lu", cycle);
		held = model.bus_write && !model.bus_ready;
		CHECK(!held || enabling);
		if (model.bus_write && !model.bus_doorbell && model.bus_offset == CONTROL && !draining)
			bus.irq = model.bus_data & IRQ; // at once, even if enabling waits
		CHECK(model.refused_valid == (enabling && model.bus_ready && !bus.good()));
		if (model.fetch_valid && model.fetch_ready)
			take();
		if (model.fetched_valid || (!fetched.empty() && fetched.front().poison)) {
			queue &queue = queues[fetched.front().queue];

			if (fetched.front().poison) {
				ruined.push_back(fetched.front().queue);
			} else {
				queue.sq_head = (queue.sq_head + fetched.front().count) & queue.sq_mask();
				queue.commands += fetched.front().count;
				queue.ready += fetched.front().count;
			}
			fetched.pop_front();
		}
		if (model.place_valid) {
			queue &place = queues[model.place_queue];

			// nothing is written over that software has not read
			CHECK(place.out_of_bounds() || place.space());
			place.second = false;
			place.phase ^= place.cq_tail == place.cq_mask();
			place.cq_tail = (place.cq_tail + 1) & place.cq_mask();
			place.owed--, place.ready--, place.landing++;
		}
		if (model.landed_valid)
			landed.completions++, landed.landing--, landed.under_way--, ended++;
		if (model.dropped_valid && model.dropped_back) {
			dropped.owed++, dropped.ready++, dropped.under_way++;
			dropped.second = true;
		} else if (model.dropped_valid) {
			dropped.owed--, dropped.under_way--;
			if (!ruined.empty() && ruined.front() == model.dropped_queue &&
			    (!dropped.ready || model.fail_valid))
				ruined.pop_front();
			else
				dropped.ready--, dropped.second = false;
		}
		if (model.counted_valid) {
			queues[model.counted_queue].bytes += model.counted_bytes;
			queues[model.counted_queue].errors += model.counted_error;
		}
		if (model.stall_valid)
			queues[model.stall_queue].stalled = true;
		if (model.stall_clear)
			for (auto &queue : queues)
				queue.stalled = false;
		if (model.relieved_valid)
			queues[model.relieved_queue].crowded = false;
		if (model.fail_valid && queues[model.fail_queue].now == ENABLED) {
			queues[model.fail_queue].now = ERROR;
			queues[model.fail_queue].code = model.fail_status;
		}
		if (model.bus_write && model.bus_ready && !draining)
			written(bus, enabling);
	}
	void written(queue &queue, bool enabling)
	{
		uint64_t low = model.bus_data, high = low << 32;

		if (model.bus_doorbell) {
			(model.bus_offset == TAIL_BELL ? queue.tail : queue.head) = model.bus_data;
			return;
		}
		if (model.bus_offset == CONTROL) {
			if (enabling && !queue.good()) {
				queue.now = ERROR;
				queue.code = BAD_RING;
				refusals++;
			} else if (enabling) {
				queue.now = ENABLED;
				queue.stalled = false;
				queue.phase = true;
				queue.tail = queue.head = queue.cursor = queue.sq_head = queue.cq_tail = 0;
				queue.commands = queue.completions = queue.bytes = queue.errors = 0;
			} else if (model.bus_data & RESET) {
				queue.now = RESETTING;
				queue.drained_at = 0;
			}
		}
		if (queue.now != DISABLED)
			return;
		switch (model.bus_offset) {
		case SQ_BASE:
			queue.sq_base = (queue.sq_base >> 32 << 32) | low;
			break;
		case SQ_BASE + 4:
			queue.sq_base = static_cast<uint32_t>(queue.sq_base) | high;
			break;
		case CQ_BASE:
			queue.cq_base = (queue.cq_base >> 32 << 32) | low;
			break;
		case CQ_BASE + 4:
			queue.cq_base = static_cast<uint32_t>(queue.cq_base) | high;
			break;
		case SIZE:
			queue.sizes = static_cast<uint16_t>(low);
			break;
		default:
			break;
		}
	}
	void take()
	{
		queue &queue = queues[model.fetch_queue];

		fetched.push_back({ model.fetch_queue, model.fetch_count, static_cast<bool>(model.fetch_poison) });
		queue.under_way += model.fetch_count;
		queue.owed += model.fetch_count;
		fetches++;
		poisons += model.fetch_poison;
		if (!model.fetch_poison) {
			CHECK(model.fetch_address == queue.sq_base + 128ull * queue.cursor &&
			      model.fetch_size == 128 * model.fetch_count);
			queue.cursor = (queue.cursor + model.fetch_count) & queue.sq_mask();
		}
	}

	// A fetch that has come up was decided on in the cycle before.
	void look()
	{
		if (model.fetch_valid && !was_fetching && CHECK(model.fetch_queue < QUEUES)) {
			const queue &then = before[model.fetch_queue];

			tap_context("cycle %lu, fetch of queue %u: %u at 0x%llx; from 0x%llx, sizes %x, tail %u, "
				    "cursor %u, space %u, owed %u",
				    cycle, model.fetch_queue, model.fetch_count,
				    static_cast<unsigned long long>(model.fetch_address),
				    static_cast<unsigned long long>(then.sq_base), then.sizes, then.tail, then.cursor,
				    then.space(), then.owed);
			CHECK(before_alive[model.fetch_queue] && before_enable && !then.crowded && before_jobs);
			CHECK(model.fetch_poison == then.out_of_bounds());
			if (!then.out_of_bounds())
				CHECK(then.space() > then.owed &&
				      model.fetch_count == std::min(then.room(), before_jobs));
			else
				CHECK(model.fetch_count == 1);
		}
		was_fetching = model.fetch_valid;
	}

	// The function is reset: all that is under way ends, without a completion, and everything is as at power-on.
	void reset_function()
	{
		quiet_inputs();
		if (held)
			return;
		model.bus_write = 0;
		model.function_reset = 1;
		model.fetch_ready = 0;
		model.eval();
		edge();
		model.function_reset = 0;
		was_fetching = false;
		draining = true;
		resets++;
		for (unsigned i = 0; i < 10000 && (under_way() || model.fetch_valid || !fetched.empty()); i++) {
			quiet_inputs();
			card();
			model.stall_valid = model.fail_valid = 0;
			model.bus_write = 0;
			model.eval();
			CHECK(model.function_busy && model.alive[0] == 0);
			apply();
			edge();
		}
		CHECK(under_way() == 0);
		wait_for_function();
	}
	void wait_for_function()
	{
		unsigned emptying = 2 + below(300), clears = 0, zeroises = 0;

		quiet_inputs();
		model.bus_write = 0;
		for (unsigned i = 0; i < 1000 && model.function_busy; i++) {
			zeroises += model.zeroise;
			clears += model.function_clear;
			model.zeroising = zeroises && i < emptying;
			// nothing is taken meanwhile
			model.bus_write = 1;
			model.bus_doorbell = 0;
			model.bus_offset = SQ_BASE;
			model.bus_data = static_cast<uint32_t>(random());
			model.eval();
			if (!model.function_busy)
				break;
			edge();
			model.bus_write = 0;
			model.eval();
		}
		tap_context("cycle %lu, a reset of the function", cycle);
		CHECK(!model.function_busy && clears == 1 && zeroises == 1);
		model.bus_write = 0;
		model.zeroising = 0;
		draining = was_fetching = false;
		fetched.clear();
		ruined.clear();
		for (auto &queue : queues) {
			bool crowded = queue.crowded;

			queue = {};
			queue.crowded = crowded;
		}
		crowd();
		model.eval();
	}
};

// Everything in any order, software's errors and the card's among them.
void anything()
{
	bench bench;

	while (bench.cycle < cycles_wanted)
		bench.step();
	CHECK(bench.drains());
	tap_context("%s", "");
	CHECK(bench.fetches > cycles_wanted / 100 && bench.refusals && bench.poisons && bench.resets);
	printf("# %lu cycles, %lu fetches, %lu of them out of bounds, %lu refusals, %lu resets of the function\n",
	       bench.cycle, bench.fetches, bench.poisons, bench.refusals, bench.resets);
}

// What comes together by chance less often than a run is long.
void failure_and_refusal()
{
	bench bench;

	bench.fails_beside_a_refusal();
}

// The longest rings, until so many commands have ended: indices and counts come round.
void long_rings()
{
	bench bench;

	bench.calm = true;
	while (bench.ended < commands_wanted && bench.cycle < 8 * commands_wanted + 10000)
		bench.step();
	CHECK(bench.ended >= commands_wanted);
	CHECK(bench.drains());
	printf("# %lu commands in %lu cycles\n", bench.ended, bench.cycle);
}

} // namespace

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "software and card in any order", anything },
		{ "the longest rings", long_rings },
		{ "one fails as another is refused", failure_and_refusal },
	};

	if (argc < 3) {
		fprintf(stderr, "usage: test_queues CYCLES COMMANDS [SEED [CASE...]]\n");
		return 64;
	}
	Verilated::commandArgs(argc, argv);
	cycles_wanted = strtoul(argv[1], nullptr, 10);
	commands_wanted = strtoul(argv[2], nullptr, 10);
	seed = argc > 3 ? static_cast<uint32_t>(strtoul(argv[3], nullptr, 10)) : 1;
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 4);
}
