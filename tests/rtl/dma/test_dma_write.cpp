// SPDX-License-Identifier: Apache-2.0
// Writes of host memory, simulated beside the bursts, bytes and ends that must come: to every place in 4 KiB, from
// either result buffer, from the access itself and as zeros; accesses of several owners, and among them those that
// stand for themselves; a bus that takes addresses and data at different paces and answers tags in any order, late, and
// with errors. usage: test_dma_write ACCESSES [SEED]; the module has its default parameters
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

#include "Vglacis_dma_write.h"
#include "bench.h"
#include "coverage.h"
#include "dma_bursts.h"

namespace
{

constexpr unsigned TAGS = 8, BUFFER = 1u << 17, SOURCES = 2, ALONE = 0x80, INLINE_MOST = 16;

constexpr unsigned long PATIENCE = 200000; // cycles, for what is under way

unsigned long accesses_wanted;
uint32_t seed;

enum origin { FROM_BUFFER, FROM_ACCESS, ZEROS };

struct access {
	uint64_t address;
	uint32_t size;
	origin from;
	uint8_t own[INLINE_MOST];
	uint32_t place;
	uint8_t source, queue, owner;
	bool last;
};

enum channel { ASK, AW, W, B };

class bench
{
      public:
	std::mt19937 random;
	unsigned long retired = 0, errors = 0, alone_errors = 0;

	bench() : random(seed)
	{
		for (auto &buffer : buffers) {
			buffer.resize(BUFFER);
			bench_fill(random, buffer.data(), BUFFER);
		}
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

	// Takes note of all that must come of an access, and steps until most of it is on its way.
	void ask(const access &one)
	{
		bool is_refused = dma_is_refused(one.address, one.size), alone = one.owner & ALONE;
		std::vector<dma_burst> cut = dma_cut(one.address, one.size, one.queue);
		bool error = !alone && failed;
		uint32_t done = 0;

		for (const dma_burst &burst : cut) {
			bool fails = is_refused || (burst.bytes && dma_fails(burst.address));
			bool ends = one.last && &burst == &cut.back();

			error |= fails;
			outcomes.push_back({ burst, fails, ends, error, one.owner });
			if (burst.bytes && !is_refused)
				note_burst(one, burst, done);
			done += burst.bytes;
		}
		if (!alone)
			failed = error && !one.last;
		accesses.push_back(one);
		for (unsigned long i = 0; accesses.size() > 4; i++) {
			if (!CHECK(i < PATIENCE))
				exit(1);
			step();
		}
	}
	void finish()
	{
		for (unsigned long i = 0; i < PATIENCE && !outcomes.empty(); i++)
			step();
		tap_context("%s", "at the end");
		CHECK(accesses.empty() && outcomes.empty() && wanted.empty() && beats.empty());
	}

      private:
	struct beat {
		uint8_t bytes[DMA_BEAT];
		uint32_t strobes;
		bool last;
	};
	struct outcome {
		dma_burst burst;
		bool fails, ends, error; // error: what its end says
		uint8_t owner;
	};
	// Of a tag: the answer may come when address and data are there.
	struct request {
		dma_burst burst;
		bool busy, has_data;
	};

	Vglacis_dma_write model;
	dma_pace pace;
	std::vector<uint8_t> buffers[SOURCES];
	std::deque<access> accesses;
	std::deque<dma_burst> wanted;  // that the bus is to be asked for
	std::deque<beat> beats;        // that are to be sent
	std::deque<outcome> outcomes;  // that the statistics and the ends are to tell of
	std::deque<unsigned> dataless; // tags whose address was taken ahead of their data
	unsigned early = 0;            // bursts whose data was taken ahead of their address
	request requests[TAGS] = {};
	bool offered = false, failed = false; // failed: an access of those that end together
	uint32_t word = 0;                    // that was read of the buffers last

	uint8_t byte_of(const access &one, uint32_t index) const
	{
		return one.from == ZEROS         ? 0
		       : one.from == FROM_ACCESS ? one.own[index]
						 : buffers[one.source][(one.place + index) % BUFFER];
	}
	void note_burst(const access &one, const dma_burst &burst, uint32_t done)
	{
		uint32_t at = static_cast<uint32_t>(burst.address % DMA_BEAT);

		wanted.push_back(burst);
		for (unsigned i = 0; i < burst.beats(); i++) {
			beat next = {};
			for (unsigned k = 0; k < DMA_BEAT; k++) {
				uint32_t index = i * DMA_BEAT + k - at; // of the burst's bytes
				if (i * DMA_BEAT + k < at || index >= burst.bytes)
					continue;
				next.bytes[k] = byte_of(one, done + index);
				next.strobes |= 1u << k;
			}
			next.last = i + 1 == burst.beats();
			beats.push_back(next);
		}
	}
	void step()
	{
		bool reads;

		pace.pass(random);
		offer();
		answer();
		model.awready = pace.comes(random, AW);
		model.wready = pace.comes(random, W);
		fill_buffer_port();
		model.eval();
		if (offered && model.access_ready) {
			accesses.pop_front();
			offered = false;
		}
		if (model.awvalid && model.awready)
			take_address();
		if (model.wvalid && model.wready)
			take_beat();
		if (model.write_done || model.write_failed)
			take_outcome();
		else
			CHECK(!model.retire_valid);
		reads = model.buffer_read;
		if (reads)
			word = model.buffer_word;
		bench_edge(model);
	}
	// 64 bytes from the word on that was read last, of the buffer that is asked for beside them.
	void fill_buffer_port()
	{
		const std::vector<uint8_t> &buffer = buffers[model.buffer_source];

		for (unsigned i = 0; i < 2 * DMA_BEAT; i++)
			dma_set_byte(model.buffer_data, i, buffer[(word * DMA_BEAT + i) % BUFFER]);
	}
	void offer()
	{
		offered |= !accesses.empty() && pace.comes(random, ASK);
		model.access_valid = offered;
		if (!offered)
			return;
		const access &one = accesses.front();
		model.access_address = one.address;
		model.access_size = one.size;
		model.access_zeros = one.from == ZEROS;
		model.access_inline = one.from == FROM_ACCESS;
		for (unsigned i = 0; i < INLINE_MOST; i++)
			dma_set_byte(model.access_bytes, i, one.own[i]);
		model.access_place = one.place;
		model.access_source = one.source;
		model.access_queue = one.queue;
		model.access_owner = one.owner;
		model.access_last = one.last;
	}
	void answer()
	{
		unsigned first = random() % TAGS;

		model.bvalid = 0;
		model.bresp = random() % 4;
		if (!pace.comes(random, B))
			return;
		for (unsigned i = 0; i < TAGS && !model.bvalid; i++) {
			request &one = requests[(first + i) % TAGS];

			if (!one.busy || !one.has_data)
				continue;
			one.busy = false;
			model.bvalid = 1;
			model.bid = static_cast<uint8_t>((first + i) % TAGS);
			model.bresp = dma_fails(one.burst.address) ? 2 + random() % 2 : 0;
		}
	}
	void take_address()
	{
		request &one = requests[model.awid];

		if (!CHECK(!wanted.empty()))
			exit(1);
		tap_context("%u bytes at %llx", wanted.front().bytes,
			    static_cast<unsigned long long>(wanted.front().address));
		CHECK(!one.busy); // the tag was free
		one = { wanted.front(), true, early > 0 };
		wanted.pop_front();
		if (early)
			early--;
		else
			dataless.push_back(model.awid);
		CHECK(model.awaddr == one.burst.first_beat() && model.awlen + 1u == one.burst.beats());
		CHECK(model.awaddr % DMA_PAGE + (model.awlen + 1u) * DMA_BEAT <= DMA_PAGE);
		CHECK(model.awuser == one.burst.queue);
	}
	void take_beat()
	{
		unsigned wrong = 0;

		if (!CHECK(!beats.empty()))
			exit(1);
		const beat &one = beats.front();
		tap_context("beat with bytes %x", one.strobes);
		CHECK(model.wstrb == one.strobes && model.wlast == one.last);
		for (unsigned i = 0; i < DMA_BEAT; i++)
			wrong += one.strobes >> i & 1 && dma_get_byte(model.wdata, i) != one.bytes[i];
		CHECK(wrong == 0);
		if (one.last && dataless.empty()) {
			early++;
		} else if (one.last) {
			requests[dataless.front()].has_data = true;
			dataless.pop_front();
		}
		beats.pop_front();
	}
	void take_outcome()
	{
		if (!CHECK(!outcomes.empty()))
			exit(1);
		const outcome &one = outcomes.front();

		tap_context("%u bytes at %llx, owner %x", one.burst.bytes,
			    static_cast<unsigned long long>(one.burst.address), one.owner);
		CHECK(model.write_failed == one.fails && model.write_done == !one.fails);
		CHECK(model.write_bytes == one.burst.bytes && model.write_address == one.burst.address);
		CHECK(model.write_queue == one.burst.queue && model.retire_valid == one.ends);
		if (one.ends) {
			CHECK(model.retire_owner == one.owner && model.retire_error == one.error);
			retired++;
			errors += one.error;
			alone_errors += one.error && one.owner & ALONE;
		}
		outcomes.pop_front();
	}
};

access some_access(std::mt19937 &random, uint64_t address, uint32_t size)
{
	access one = {};

	one.address = address;
	one.size = size;
	one.from = static_cast<origin>(random() % (size <= INLINE_MOST ? 3 : 2) * (size <= INLINE_MOST ? 1 : 2));
	bench_fill(random, one.own, sizeof(one.own));
	one.place = random() % BUFFER;
	one.source = random() % SOURCES;
	one.queue = random() % 128;
	one.owner = random() % ALONE;
	one.last = true;
	return one;
}

// To each place in 4 KiB a byte, a beat, a byte more, and any size; then accesses that end together, anywhere, and
// among them those of one burst that stand for themselves.
void bytes_where_they_belong()
{
	static const uint32_t sizes[] = { 1, 16, 32, 33 };
	bench bench;
	std::mt19937 &random = bench.random;

	for (uint64_t offset = 0; offset < DMA_PAGE; offset++)
		for (unsigned i = 0; i <= 4; i++)
			bench.ask(some_access(random, random() % 1000000 * uint64_t{ DMA_PAGE } + offset,
					      i < 4 ? sizes[i] : 1 + random() % 1100));
	for (unsigned long i = 0; i < accesses_wanted; i++) {
		bool alone = random() % 4 == 0;
		uint32_t size = random() % 16 == 0      ? 0
				: alone || random() % 4 ? 1 + random() % INLINE_MOST
							: 1 + random() % (random() % 16 ? 1500 : 70000);
		uint64_t address = dma_address(random, size);
		access one;

		if (alone)
			address = address / DMA_PAGE * DMA_PAGE + random() % (DMA_BURST - INLINE_MOST);
		one = some_access(random, address, size);
		one.last = alone || random() % 3 == 0;
		one.owner |= alone ? ALONE : 0;
		bench.ask(one);
	}
	bench.ask(some_access(random, 0, 1)); // an end
	bench.finish();
	tap_context("%s", "");
	CHECK(bench.errors > bench.alone_errors && bench.alone_errors);
	printf("# %lu ends, %lu of them with errors, %lu of those of accesses that stand for themselves\n",
	       bench.retired, bench.errors, bench.alone_errors);
}

} // namespace

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "ACCESSES", { "bytes where they belong", bytes_where_they_belong },
			  accesses_wanted, seed);
}
