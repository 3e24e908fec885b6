// SPDX-License-Identifier: Apache-2.0
// The AES-GCM pipe, simulated: published answers, and random records beside OpenSSL, with gaps in its input.
// usage: test_gcm VECTORS RECORDS [SEED]
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "Vglacis_gcm.h"
#include "coverage.h"
#include "verilated.h"

extern "C" {
#include "aead_vectors.h"
#include "tap.h"
}

namespace
{

using bytes = std::vector<uint8_t>;

constexpr unsigned DEADLINE_CYCLES = 20000;

struct record {
	bool open;
	bytes key, nonce, aad, text;
	bytes expected, tag;
	std::string name;
};

// The pipe with a queue in front of it and one of what must come out behind it.
class bench
{
      public:
	explicit bench(uint32_t seed) : random(seed)
	{
		model.rst = 1;
		for (int i = 0; i < 60; i++)
			tick();
		model.rst = 0;
	}
	~bench() { coverage_keep(); }
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	void add(const record &record)
	{
		to_announce.push_back(record);
		to_feed.push_back(record.text);
		to_check.push_back(record);
	}

	void step()
	{
		drive(0);
		tick();
	}

	// Runs until all has come out. `stalls` of 16 cycles bring no text, and no record.
	void run(unsigned stalls)
	{
		unsigned idle = 0;

		while (!to_check.empty() && idle++ < DEADLINE_CYCLES) {
			size_t before = to_check.size();

			drive(stalls);
			tick();
			idle = to_check.size() == before && !model.out_valid ? idle : 0;
		}
		if (!CHECK(to_check.empty()))
			to_check.clear();
	}

	uint64_t cycles = 0;
	uint64_t tags = 0;
	uint64_t first_text = 0, last_tag = 0; // cycles, since they were set to 0

      private:
	template <class wide> static void put(wide &to, const bytes &from, size_t offset, size_t size)
	{
		uint8_t padded[64] = { 0 };

		for (size_t i = 0; i < size && offset + i < from.size(); i++)
			padded[i] = from[offset + i];
		for (size_t i = 0; i < (size + 3) / 4; i++)
			memcpy(&to[i], padded + 4 * i, 4);
	}

	void drive(unsigned stalls)
	{
		bool stall_record = random() % 16 < stalls, stall_text = random() % 16 < stalls;

		model.record_valid = !to_announce.empty() && !stall_record;
		if (model.record_valid) {
			const record &next = to_announce.front();

			model.record_open = next.open;
			model.record_key_size = static_cast<uint8_t>(next.key.size() / 8 - 2);
			put(model.record_key, next.key, 0, 32);
			put(model.record_nonce, next.nonce, 0, 12);
			model.record_aad_size = static_cast<uint8_t>(next.aad.size());
			put(model.record_aad, next.aad, 0, 64);
			model.record_text_size = static_cast<uint32_t>(next.text.size());
		}
		while (!to_feed.empty() && fed >= to_feed.front().size()) {
			to_feed.pop_front();
			fed = 0;
		}
		model.text_valid = !to_feed.empty() && !stall_text;
		if (model.text_valid)
			put(model.text, to_feed.front(), fed, 16);
		model.eval();
		if (model.record_valid && model.record_ready)
			to_announce.pop_front();
		if (model.text_valid && model.text_ready) {
			fed += 16;
			if (!first_text)
				first_text = cycles;
		}
	}

	void tick()
	{
		model.clk = 0;
		model.eval();
		model.clk = 1;
		model.eval();
		cycles++;
		if (model.out_valid)
			output.insert(output.end(), reinterpret_cast<uint8_t *>(&model.out[0]),
				      reinterpret_cast<uint8_t *>(&model.out[0]) + 16);
		if (model.tag_valid)
			check();
	}

	void check()
	{
		tags++;
		last_tag = cycles;
		if (!CHECK(!to_check.empty()))
			return;
		const record &done = to_check.front();
		size_t padded = (done.text.size() + 15) / 16 * 16;
		bytes expected = done.expected;

		expected.resize(padded);
		tap_context("%s: %s, key of %zu, %zu of AAD, %zu of text", done.name.c_str(),
			    done.open ? "open" : "seal", done.key.size(), done.aad.size(), done.text.size());
		/* behind it may be text of the next record already */
		CHECK(output.size() >= padded && memcmp(output.data(), expected.data(), padded) == 0);
		CHECK(memcmp(&model.tag[0], done.tag.data(), 16) == 0);
		tap_context("%s", "");
		output.erase(output.begin(), output.begin() + static_cast<ptrdiff_t>(std::min(padded, output.size())));
		to_check.pop_front();
	}

	Vglacis_gcm model;
	std::deque<record> to_announce, to_check;
	std::deque<bytes> to_feed;
	size_t fed = 0;
	bytes output;
	std::mt19937 random;
};

const char *vectors;
unsigned records = 2000;
uint32_t seed = 1;

bytes copy(const uint8_t *from, size_t size)
{
	return bytes(from, from + size);
}

bytes fill(std::mt19937 &random, size_t size)
{
	bytes made(size);

	for (auto &byte : made)
		byte = static_cast<uint8_t>(random());
	return made;
}

record make(std::mt19937 &random, size_t aad_size, size_t size)
{
	record made;
	bytes plain = fill(random, size), cipher(size);

	made.open = random() & 1;
	made.key = fill(random, 16 + 8 * (random() % 3));
	made.nonce = fill(random, 12);
	made.aad = fill(random, aad_size);
	made.tag.resize(16);
	CHECK(vector_openssl(made.key.data(), static_cast<uint32_t>(made.key.size()), made.nonce.data(),
			     made.aad.data(), static_cast<uint32_t>(aad_size), plain.data(),
			     static_cast<uint32_t>(size), cipher.data(), made.tag.data()));
	made.text = made.open ? cipher : plain;
	made.expected = made.open ? plain : cipher;
	made.name = "random";
	return made;
}

void known_answers()
{
	FILE *file = fopen(vectors, "r");
	bench bench(seed);
	struct vector vector;
	unsigned count = 0;

	if (!CHECK(file))
		return;
	while (vector_next(file, &vector)) {
		for (bool open : { false, true }) {
			record made;

			made.open = open;
			made.key = copy(vector.key, vector.key_size);
			made.nonce = copy(vector.nonce, 12);
			made.aad = copy(vector.aad, vector.aad_size);
			made.text = copy(open ? vector.ciphertext : vector.plaintext, vector.size);
			made.expected = copy(open ? vector.plaintext : vector.ciphertext, vector.size);
			made.tag = copy(vector.tag, 16);
			made.name = vector.name;
			bench.add(made);
			count++;
		}
	}
	fclose(file);
	bench.run(0);
	CHECK(count > 10 && bench.tags == count);
}

// Sizes around blocks and records, with each size of additional data; no gaps, then some, then many.
void sizes()
{
	static const size_t sizes[] = { 0,   1,   15,   16,   17,   31,   32,    33,    47,    48,
					63,  64,  65,   79,   80,   81,   95,    96,    97,    255,
					256, 257, 1023, 1024, 1025, 1459, 16383, 16384, 16385, 16640 };
	std::mt19937 random(seed);

	for (unsigned stalls : { 0u, 4u, 13u }) {
		bench bench(seed);

		for (size_t size : sizes)
			for (size_t aad : { 0u, 5u, 13u })
				bench.add(make(random, aad, size));
		for (size_t aad = 0; aad <= 64; aad++)
			bench.add(make(random, aad, random() % 130));
		bench.run(stalls);
		CHECK(bench.tags == sizeof(sizes) / sizeof(sizes[0]) * 3 + 65);
	}
}

void random_records()
{
	std::mt19937 random(seed);
	bench bench(seed);
	unsigned done = 0;

	while (done < records) {
		for (unsigned i = 0; i < 50; i++, done++)
			bench.add(make(random, random() % 65, random() % (random() % 8 ? 200 : 2000)));
		bench.run(random() % 15);
	}
	CHECK(bench.tags == done);
	printf("# %u records in %llu cycles\n", done, static_cast<unsigned long long>(bench.cycles));
}

// A different key for each record: two cycles beside the text's blocks where records are long enough, and one more
// where they are so long that a hash key takes a slot.
void back_to_back()
{
	for (size_t size : { 64u, 256u, 1024u, 4096u, 16384u }) {
		const unsigned count = size > 4000 ? 16 : 64;
		std::mt19937 random(seed);
		bench bench(seed);

		/* the first record's way through the pipe is no part of it */
		bench.add(make(random, 13, 1024));
		bench.run(0);
		for (unsigned i = 0; i < 8 + count; i++)
			bench.add(make(random, 13, size));
		uint64_t start = 0, tags = bench.tags;
		while (bench.tags < tags + 8 + count && bench.cycles < 10000000) {
			bench.step();
			if (!start && bench.tags == tags + 8)
				start = bench.cycles;
		}
		double each = static_cast<double>(bench.last_tag - start) / count;
		printf("# %zu bytes: %.1f cycles a record, %.1f beside the text\n", size, each,
		       each - static_cast<double>((size + 15) / 16));
		if (size >= 1024)
			CHECK(each <= static_cast<double>((size + 15) / 16) + (size > 1024 ? 3.05 : 2.05));
	}
}

// Until a lone record's tag: what setting up a key costs.
void one_at_a_time()
{
	for (size_t size : { 0u, 1024u, 16384u }) {
		std::mt19937 random(seed);
		bench bench(seed);
		uint64_t before = bench.cycles;

		bench.add(make(random, 13, size));
		bench.run(0);
		printf("# %zu bytes alone: %llu cycles\n", size,
		       static_cast<unsigned long long>(bench.cycles - before));
		CHECK(bench.cycles - before < 300 + size / 16);
	}
}

} // namespace

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "published answers", known_answers },
		{ "sizes of text and additional data, with and without gaps", sizes },
		{ "random records beside OpenSSL", random_records },
		{ "records follow each other without bubbles", back_to_back },
		{ "a lone record", one_at_a_time },
	};

	Verilated::randReset(2);
	if (argc > 1)
		vectors = argv[1];
	if (argc > 2)
		records = static_cast<unsigned>(atoi(argv[2]));
	if (argc > 3)
		seed = static_cast<uint32_t>(atoi(argv[3]));
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 4);
}
