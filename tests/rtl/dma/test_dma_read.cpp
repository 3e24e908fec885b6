// SPDX-License-Identifier: Apache-2.0
// Reads of host memory, simulated beside the bytes that must come: from every place in 4 KiB, in packets of several
// pieces, over a bus that answers tags in any order, beats of one between those of another, late, and with errors. The
// bursts that it is asked for are computed anew.
// usage: test_dma_read PACKETS [SEED]; the module has its default parameters
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

#include "Vglacis_dma_read.h"
#include "bench.h"
#include "coverage.h"
#include "dma_bursts.h"

namespace
{

constexpr unsigned TAGS = 8;

constexpr unsigned long PATIENCE = 200000; // cycles, for what is under way

unsigned long packets_wanted;
uint32_t seed;

struct access {
	uint64_t address;
	uint32_t size;
	uint8_t kind, queue;
	bool flush;
};

struct packet {
	std::vector<uint8_t> bytes;
	size_t taken;
	uint8_t kind;
	bool error, refused; // refused: some of its bytes mean nothing
};

// What the bus has been asked for, and how many beats it has answered.
struct request {
	dma_burst burst;
	unsigned beats;
	bool busy;
};

enum channel { ASK, AR, R, WORDS };

class bench
{
      public:
	std::mt19937 random;
	unsigned long words = 0, errors = 0, refused = 0;

	bench() : random(seed)
	{
		model.rst = 1;
		bench_edge(model);
		bench_edge(model);
		model.rst = 0;
	}
	~bench()
	{
		coverage_keep();
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	// Takes note of all that must come of a packet, and steps until most of it is on its way.
	void ask(const std::vector<access> &pieces)
	{
		packet whole = { {}, 0, pieces[0].kind, false, false };

		for (const access &one : pieces) {
			bool is_refused = dma_is_refused(one.address, one.size);

			for (uint32_t i = 0; i < one.size; i++)
				whole.bytes.push_back(dma_byte(one.address + i));
			for (const dma_burst &burst : dma_cut(one.address, one.size, one.queue)) {
				bool fails = is_refused || dma_fails(burst.address);

				outcomes.push_back({ burst, fails });
				whole.error |= fails;
				if (!is_refused)
					wanted.push_back(burst);
			}
			whole.refused |= is_refused;
			accesses.push_back(one);
		}
		refused += whole.refused;
		packets.push_back(whole);
		for (unsigned long i = 0; accesses.size() > 4; i++) {
			if (!CHECK(i < PATIENCE))
				exit(1);
			step();
		}
	}
	void finish()
	{
		for (unsigned long i = 0; i < PATIENCE && !(packets.empty() && outcomes.empty()); i++)
			step();
		tap_context("%s", "at the end");
		CHECK(accesses.empty() && packets.empty() && outcomes.empty() && wanted.empty());
	}

      private:
	struct outcome {
		dma_burst burst;
		bool fails;
	};

	Vglacis_dma_read model;
	dma_pace pace;
	std::deque<access> accesses;
	std::deque<packet> packets;
	std::deque<dma_burst> wanted; // that the bus is to be asked for
	std::deque<outcome> outcomes; // that the statistics are to tell of
	request requests[TAGS] = {};
	bool offered = false;

	void step()
	{
		pace.pass(random);
		offer();
		answer();
		model.word_ready = pace.comes(random, WORDS);
		model.arready = pace.comes(random, AR);
		model.eval();
		if (offered && model.access_ready) {
			accesses.pop_front();
			offered = false;
		}
		if (model.arvalid && model.arready)
			take_request();
		if (model.word_valid && model.word_ready)
			take_word();
		if (model.read_done || model.read_failed)
			take_statistics();
		bench_edge(model);
	}
	void offer()
	{
		offered |= !accesses.empty() && pace.comes(random, ASK);
		model.access_valid = offered;
		if (!offered)
			return;
		model.access_address = accesses.front().address;
		model.access_size = accesses.front().size;
		model.access_kind = accesses.front().kind;
		model.access_queue = accesses.front().queue;
		model.access_flush = accesses.front().flush;
	}
	// A beat of any tag that is under way. A burst that fails does so at its last beat, and perhaps before.
	void answer()
	{
		unsigned first = random() % TAGS;

		model.rvalid = 0;
		bench_fill(random, &model.rdata[0], DMA_BEAT);
		if (!pace.comes(random, R))
			return;
		for (unsigned i = 0; i < TAGS && !model.rvalid; i++) {
			unsigned tag = (first + i) % TAGS;
			request &one = requests[tag];

			if (!one.busy)
				continue;
			for (unsigned byte = 0; byte < DMA_BEAT; byte++)
				dma_set_byte(model.rdata, byte,
					     dma_byte(one.burst.first_beat() + one.beats * DMA_BEAT + byte));
			one.beats++;
			one.busy = one.beats < one.burst.beats();
			model.rvalid = 1;
			model.rid = static_cast<uint8_t>(tag);
			model.rresp = dma_fails(one.burst.address) && (!one.busy || random() % 4 == 0)
					      ? 2 + random() % 2
					      : 0;
		}
	}
	void take_request()
	{
		request &one = requests[model.arid];

		if (!CHECK(!wanted.empty()))
			exit(1);
		one = { wanted.front(), 0, !one.busy };
		wanted.pop_front();
		tap_context("%u bytes at %llx", one.burst.bytes, static_cast<unsigned long long>(one.burst.address));
		CHECK(one.busy); // the tag was free
		CHECK(model.araddr == one.burst.first_beat() && model.arlen + 1u == one.burst.beats());
		CHECK(model.araddr % DMA_PAGE + (model.arlen + 1u) * DMA_BEAT <= DMA_PAGE);
		CHECK(model.aruser == one.burst.queue);
	}
	void take_word()
	{
		if (!CHECK(!packets.empty()))
			exit(1);
		packet &now = packets.front();
		size_t left = now.bytes.size() - now.taken;
		unsigned count = left < DMA_BEAT ? static_cast<unsigned>(left) : DMA_BEAT, wrong = 0;
		bool last = left <= DMA_BEAT;

		tap_context("packet of %zu bytes, at %zu", now.bytes.size(), now.taken);
		CHECK(model.word_bytes == count && model.word_last == last && model.word_kind == now.kind);
		CHECK(!last || model.word_error == now.error);
		for (unsigned i = 0; i < DMA_BEAT && !now.refused; i++)
			wrong += dma_get_byte(model.word, i) != (i < count ? now.bytes[now.taken + i] : 0);
		CHECK(wrong == 0);
		now.taken += count;
		words++;
		errors += last && now.error;
		if (last)
			packets.pop_front();
	}
	void take_statistics()
	{
		if (!CHECK(!outcomes.empty()))
			exit(1);
		const outcome &one = outcomes.front();

		tap_context("%u bytes at %llx", one.burst.bytes, static_cast<unsigned long long>(one.burst.address));
		CHECK(model.read_failed == one.fails && model.read_done == !one.fails);
		CHECK(model.read_bytes == one.burst.bytes && model.read_address == one.burst.address);
		CHECK(model.read_queue == one.burst.queue);
		outcomes.pop_front();
	}
};

uint32_t some_size(std::mt19937 &random)
{
	return 1 + random() % (random() % 8 ? 70 : random() % 8 ? 1500 : 70000);
}

// From each place in 4 KiB a byte, a beat, a byte more, and any size; then packets of several pieces from anywhere.
void bytes_in_order()
{
	static const uint32_t sizes[] = { 1, 31, 32, 33 };
	bench bench;
	std::mt19937 &random = bench.random;

	for (uint64_t offset = 0; offset < DMA_PAGE; offset++)
		for (unsigned i = 0; i <= 4; i++) {
			uint32_t size = i < 4 ? sizes[i] : 1 + random() % 1100;
			uint64_t page = random() % 1000000;

			bench.ask({ { page * DMA_PAGE + offset, size, static_cast<uint8_t>(i % 4), 1, true } });
		}
	for (unsigned long i = 0; i < packets_wanted; i++) {
		std::vector<access> pieces(1 + (random() % 2 ? 0 : random() % 6));
		uint8_t kind = random() % 4, queue = random() % 128;

		for (access &one : pieces) {
			uint32_t size = some_size(random);
			one = { dma_address(random, size), size, kind, queue, &one == &pieces.back() };
		}
		bench.ask(pieces);
	}
	bench.finish();
	tap_context("%s", "");
	CHECK(bench.errors && bench.refused);
	printf("# %lu words, %lu packets with an error, %lu that passed the end of all addresses\n", bench.words,
	       bench.errors, bench.refused);
}

} // namespace

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "PACKETS", { "bytes from anywhere, in order", bytes_in_order }, packets_wanted,
			  seed);
}
