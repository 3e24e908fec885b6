// SPDX-License-Identifier: Apache-2.0
// The bus converter for boards that take beats of 64 bytes: random bursts as the card makes them, read and written at
// once, against a memory that answers late, in any order and by pieces, as a shell may. Each byte is compared, and each
// request is held against the shell's rules.
// usage: test_widen BURSTS [SEED]
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "Vglacis_axi_widen.h"
#include "verilated.h"

extern "C" {
#include "tap.h"
}

namespace
{

constexpr uint64_t BASE = 0x7f0000000000, SIZE = 1 << 16;
constexpr unsigned TAGS = 8, DEADLINE_CYCLES = 2000;

struct burst {
	uint64_t address; // of its first byte
	size_t bytes;     // from there on; no burst crosses 512 bytes
	unsigned beats() const { return static_cast<unsigned>((address % 32 + bytes + 31) / 32); }
};

using in_flight = std::map<unsigned, std::pair<burst, unsigned>>; // by identifier, with the beats that have come

struct wide {
	uint64_t address;
	unsigned id, beats, done;
};

unsigned bursts = 1000;
uint32_t seed = 1;

class bench
{
      public:
	explicit bench(unsigned stalls) : memory(SIZE), expected(SIZE), random(seed + stalls), stalls(stalls)
	{
		for (auto &byte : memory)
			byte = static_cast<uint8_t>(random());
		expected = memory;
		source = memory;
		model.rst = 1;
		tick();
		tick();
		model.rst = 0;
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	void run()
	{
		unsigned idle = 0;

		while ((reads_done < bursts || writes_done < bursts) && idle++ < DEADLINE_CYCLES) {
			unsigned before = reads_done + writes_done;

			cycle();
			idle = before == reads_done + writes_done ? idle : 0;
		}
		CHECK(reads_done == bursts && writes_done == bursts);
		CHECK(memory == expected);
		printf("# %u bursts each way in %lu cycles\n", bursts, cycles);
	}

      private:
	bool stall() { return random() % 16 < stalls; }

	// Reads in the lower half of the memory, which stays as it is; writes in the upper one.
	burst pick(bool write)
	{
		burst made;

		made.bytes = random() % 3 ? 1 + random() % 512 : 1 + random() % 40;
		made.address = BASE + (write ? SIZE / 2 : 0) + random() % (SIZE / 2);
		made.bytes = std::min<size_t>(made.bytes, 512 - made.address % 512);
		return made;
	}

	void tick()
	{
		model.clk = 0;
		model.eval();
		model.clk = 1;
		model.eval();
		cycles++;
	}

	void cycle()
	{
		drive_card();
		drive_shell();
		model.clk = 0;
		model.eval();
		take_card();
		take_shell();
		tick();
	}

	// ---- the card's side ----

	void drive_card()
	{
		if (!ar_on && reads_begun < bursts && reading.size() < TAGS && !stall()) {
			ar = pick(false);
			ar_id = free_tag(reading);
			ar_on = true;
			reads_begun++;
		}
		model.s_arvalid = ar_on;
		model.s_arid = static_cast<uint8_t>(ar_id);
		model.s_araddr = ar.address & ~31ull;
		model.s_arlen = static_cast<uint8_t>(ar.beats() - 1);
		model.s_rready = !stall();

		if (!aw_on && writes_begun < bursts && w_queue.size() < 3 && !stall()) {
			aw = pick(true);
			aw_on = true;
			writes_begun++;
			w_queue.push_back(aw); /* its data may come before its address is taken */
			for (size_t i = 0; i < aw.bytes; i++)
				expected[aw.address - BASE + i] = pattern(aw.address + i, writes_begun);
			w_number.push_back(writes_begun);
		}
		model.s_awvalid = aw_on;
		model.s_awid = static_cast<uint8_t>(writes_begun % TAGS);
		model.s_awaddr = aw.address & ~31ull;
		model.s_awlen = static_cast<uint8_t>(aw.beats() - 1);

		if (!w_on && !w_queue.empty() && !stall())
			w_on = true;
		model.s_wvalid = w_on;
		if (w_on) {
			const burst &now = w_queue.front();
			uint8_t data[32];
			uint64_t at = (now.address & ~31ull) + 32 * w_beat;
			uint32_t strobes = 0;

			for (unsigned i = 0; i < 32; i++) {
				bool counts = at + i >= now.address && at + i < now.address + now.bytes;

				strobes |= static_cast<uint32_t>(counts) << i;
				data[i] = counts ? pattern(at + i, w_number.front()) : static_cast<uint8_t>(cycles);
			}
			/* as long as it is not taken it stays: noise would be a fault of the bench */
			if (w_fresh) {
				memcpy(&model.s_wdata[0], data, 32);
				model.s_wstrb = strobes;
				w_fresh = false;
			}
			model.s_wlast = w_beat + 1 == now.beats();
		}
	}

	static uint8_t pattern(uint64_t address, unsigned number)
	{
		return static_cast<uint8_t>(address * 7 + number * 13 + (address >> 8));
	}

	unsigned free_tag(const in_flight &used)
	{
		unsigned tag = random() % TAGS;

		while (used.count(tag))
			tag = (tag + 1) % TAGS;
		return tag;
	}

	void take_card()
	{
		if (model.s_arvalid && model.s_arready) {
			reading[ar_id] = { ar, 0 };
			ar_on = false;
		}
		if (model.s_awvalid && model.s_awready)
			aw_on = false;
		if (model.s_wvalid && model.s_wready) {
			w_on = false;
			w_fresh = true;
			w_beat++;
			if (model.s_wlast) {
				w_queue.pop_front();
				w_number.pop_front();
				w_beat = 0;
			}
		}
		if (model.s_rvalid && model.s_rready)
			take_read_beat();
	}

	void take_read_beat()
	{
		auto found = reading.find(model.s_rid);

		if (!CHECK(found != reading.end()))
			return;
		const burst &now = found->second.first;
		unsigned beat = found->second.second++;
		uint64_t at = (now.address & ~31ull) - BASE + 32 * beat;

		CHECK(memcmp(&model.s_rdata[0], &source[at], 32) == 0);
		CHECK(model.s_rlast == (beat + 1 == now.beats()));
		CHECK(model.s_rresp == ((at / 64 * 64) % 1024 == 0 ? 2 : 0));
		if (model.s_rlast) {
			reading.erase(found);
			reads_done++;
		}
	}

	// ---- the shell's side ----

	void drive_shell()
	{
		model.m_arready = !stall();
		model.m_awready = !stall();
		model.m_wready = !stall();
		if (!r_on && !to_read.empty() && !stall()) {
			r_at = random() % to_read.size();
			r_on = true;
		}
		model.m_rvalid = r_on;
		if (r_on) {
			const wide &now = to_read[r_at];
			uint64_t at = (now.address & ~63ull) + 64 * now.done - BASE;

			model.m_rid = static_cast<uint8_t>(now.id);
			memcpy(&model.m_rdata[0], &memory[at], 64);
			model.m_rresp = at % 1024 == 0 ? 2 : 0;
		}
	}

	// 4 KiB, and that a read's identifier is not used twice at once.
	void check_request(uint64_t address, unsigned len)
	{
		uint64_t end = (address & ~63ull) + 64 * (len + 1);

		CHECK(address >= BASE && end <= BASE + SIZE);
		CHECK(address / 4096 == (end - 1) / 4096);
	}

	void take_shell()
	{
		if (model.m_arvalid && model.m_arready) {
			check_request(model.m_araddr, model.m_arlen);
			for (const auto &other : to_read)
				CHECK(other.id != model.m_arid);
			to_read.push_back({ model.m_araddr, model.m_arid, model.m_arlen + 1u, 0 });
		}
		if (model.m_rvalid && model.m_rready) {
			r_on = false;
			if (++to_read[r_at].done == to_read[r_at].beats)
				to_read.erase(to_read.begin() + static_cast<long>(r_at));
		}
		if (model.m_awvalid && model.m_awready) {
			check_request(model.m_awaddr, model.m_awlen);
			to_write.push_back({ model.m_awaddr, model.m_awid, model.m_awlen + 1u, 0 });
		}
		if (model.m_wvalid && model.m_wready) {
			std::vector<uint8_t> data(64);

			memcpy(data.data(), &model.m_wdata[0], 64);
			beats.push_back({ data, model.m_wstrb, static_cast<bool>(model.m_wlast) });
		}
		while (!to_write.empty() && !beats.empty())
			write_beat();
	}

	void write_beat()
	{
		wide &now = to_write.front();
		const beat &data = beats.front();
		uint64_t at = (now.address & ~63ull) + 64 * now.done;
		unsigned low = 0, high = 63;

		CHECK(data.strobes != 0);
		while (low < 63 && !(data.strobes >> low & 1))
			low++;
		while (high > 0 && !(data.strobes >> high & 1))
			high--;
		/* PCI Express has bytes in one piece, and begins with the address's word */
		for (unsigned i = low; i <= high; i++)
			CHECK(data.strobes >> i & 1);
		CHECK(now.done == 0 ? now.address == at + low / 4 * 4 : low == 0);
		CHECK(data.last == (now.done + 1 == now.beats));
		CHECK(data.last || high == 63);
		for (unsigned i = 0; i < 64; i++) {
			if (data.strobes >> i & 1)
				memory[at - BASE + i] = data.bytes[i];
		}
		if (++now.done == now.beats) {
			to_write.pop_front();
			writes_done++;
		}
		beats.pop_front();
	}

	struct beat {
		std::vector<uint8_t> bytes;
		uint64_t strobes;
		bool last;
	};

	Vglacis_axi_widen model;
	std::vector<uint8_t> memory, expected, source;
	std::mt19937 random;
	unsigned stalls;
	unsigned long cycles = 0;
	unsigned reads_begun = 0, reads_done = 0, writes_begun = 0, writes_done = 0;
	in_flight reading;
	burst ar = {}, aw = {};
	unsigned ar_id = 0, w_beat = 0;
	bool ar_on = false, aw_on = false, w_on = false, w_fresh = true, r_on = false;
	size_t r_at = 0;
	std::deque<burst> w_queue;
	std::deque<unsigned> w_number;
	std::vector<wide> to_read;
	std::deque<wide> to_write;
	std::deque<beat> beats;
};

void without_stalls()
{
	bench(0).run();
}

void with_stalls()
{
	bench(4).run();
	bench(13).run();
}

} // namespace

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "random bursts, nothing waits", without_stalls },
		{ "random bursts, all sides wait at random", with_stalls },
	};

	Verilated::randReset(2);
	if (argc > 1)
		bursts = static_cast<unsigned>(atoi(argv[1]));
	if (argc > 2)
		seed = static_cast<uint32_t>(atoi(argv[2]));
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 3);
}
