// SPDX-License-Identifier: Apache-2.0
// The preparation of jobs alone, simulated beside a model of its rules: fetches of any queue, of descriptors that are
// good and bad, their lists, additional data and tags as the bus would bring them, at any pace and with errors;
// doorbells out of bounds between them; queues that stall, fail and come back. What is read, asked and counted back to
// the queues, and each job that is handed on, is computed anew. usage: test_job_prepare CYCLES [SEED]
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <vector>

#include "Vglacis_job_prepare.h"
#include "bench.h"
#include "coverage.h"
#include "verilated.h"

extern "C" {
#include "glacis_card_abi.h"
#include "tap.h"
}

namespace
{

constexpr unsigned QUEUES = 65, JOBS = 16, EMPTIED = 2000, PATIENCE = 20000; // cycles
enum kind { SOURCE, DESTINATION, AAD, TAG };

typedef std::array<uint8_t, 32> word;
typedef std::vector<glacis_card_segment> list;

unsigned long cycles;
uint32_t seed;

struct job {
	unsigned queue;
	glacis_card_aead at;
	list source, destination;
	uint8_t aad[GLACIS_CARD_AAD_MAX], tag[16];
	bool arrived = false, drop = false, poison = false, begun = false, wants = false;
	unsigned details = 0; // that have not come
	uint8_t status = GLACIS_CARD_STATUS_OK;

	job(unsigned queue_, const glacis_card_aead &at_) : queue(queue_), at(at_)
	{
	}
};

// What was read: descriptors, from job `serial` on, or a detail of that job.
struct packet {
	bool descriptor, error;
	unsigned long serial;
	unsigned count, kind;
	std::vector<word> words;
	size_t next;
};

struct read {
	unsigned long serial;
	unsigned kind, queue;
	uint64_t address;
	unsigned size;
};

struct fetch {
	unsigned queue, count;
	bool poison;
};

class bench
{
      public:
	unsigned long cycle = 0, handed_on = 0, with_data = 0, dropped = 0, poisons = 0, stalls = 0, reads_made = 0;
	std::array<unsigned long, 16> statuses{};

	bench() : random(seed), alive(QUEUES, true), poisoned(QUEUES, false)
	{
		model.rst = 1;
		model.rsa_there = 1;
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
		if (cycle % 64 == 0)
			pace = below(3) ? 100 : below(100);
		if (below(300) == 0)
			silence = below(120); // of the bus: much comes at once behind it
		live_and_die();
		begin_fetch(closing);
		bring();
		model.freed = handed && below(4) == 0;
		model.job_ready = below(3) != 0;
		model.read_ready = below(4) != 0;
		model.ask_answered = below(3) == 0;
		model.ask_stall = below(150) == 0;
		model.source_index = static_cast<uint8_t>(below(16));
		look_anywhere();
		model.eval();
		compare();
		apply();
		edge();
	}
	// All that has begun comes out.
	bool empties()
	{
		for (unsigned i = 0; i < PATIENCE && (!jobs.empty() || pending.queue < QUEUES); i++)
			step(true);
		model.rsa_there = below(4) != 0;
		return jobs.empty() && packets.empty() && expected.empty() && model.jobs_free == JOBS;
	}

      private:
	Vglacis_job_prepare model;
	std::mt19937_64 random;
	std::vector<bool> alive, poisoned, was_poisoned;
	std::vector<unsigned> doomed;       // queues that are to die
	std::deque<job> jobs;               // that are not freed; the first is number `freed`
	unsigned long freed = 0, asked = 0; // `asked`: the next one to be looked at
	unsigned handed = 0;                // of `jobs`
	fetch pending{ QUEUES, 0, false };  // offered
	std::deque<fetch> fetches;          // that have not come
	unsigned long place = 0;            // of the next descriptor to come
	std::deque<packet> packets;         // in the order in which they were read
	std::deque<read> expected;
	unsigned pace = 100, silence = 0, look_index = 0;
	const list *destination = nullptr; // that is looked at

	unsigned below(unsigned bound)
	{
		return static_cast<unsigned>(random() % bound);
	}
	void fill(void *to, size_t size)
	{
		bench_fill(random, to, size);
	}
	void edge()
	{
		bench_edge(model);
		cycle++;
	}
	job &at(unsigned long serial)
	{
		return jobs[serial - freed];
	}

	// Queues: one that has failed or stalled dies, any may, and it comes back when nothing of it is left.
	void set_alive()
	{
		bench_set_alive(model, alive);
	}
	void live_and_die()
	{
		unsigned q = below(QUEUES);
		bool left = pending.queue == q;

		for (const job &job : jobs)
			left = left || job.queue == q;
		if (!alive[q])
			alive[q] = !left;
		else if (below(20) == 0)
			alive[q] = false;
		for (unsigned dead : doomed)
			alive[dead] = false;
		doomed.clear();
		if (pending.queue < QUEUES && !alive[pending.queue] && below(2))
			pending.queue = QUEUES; // else it was too late
		set_alive();
	}

	// Descriptors.
	list segments(unsigned count, uint32_t size)
	{
		list made(std::min<unsigned>(count, GLACIS_CARD_SEGMENTS_MAX));

		for (auto &segment : made) {
			size_t behind = made.size() - 1 - static_cast<size_t>(&segment - made.data());
			uint32_t most = size > behind ? static_cast<uint32_t>(size - behind) : 1;

			segment.address = random();
			segment.size = behind ? 1 + below(below(2) ? most : std::min(most, 2 * size / count + 1))
					      : most;
			segment.size = std::min(segment.size, most);
			segment.reserved = 0;
			size -= std::min(size, segment.size);
		}
		if (below(16) == 0 && !made.empty()) {
			auto &segment = made[below(static_cast<unsigned>(made.size()))];

			switch (below(4)) {
			case 0:
				segment.size = 0;
				break;
			case 1:
				segment.reserved = 1u << below(32);
				break;
			case 2:
				segment.size ^= 1u << below(32);
				break;
			default:
				fill(&segment, sizeof(segment));
			}
		}
		return made;
	}
	static bool adds_up(const list &list, uint32_t size)
	{
		uint64_t sum = 0;

		for (const auto &segment : list) {
			if (segment.size == 0 || segment.reserved)
				return false;
			sum += segment.size;
		}
		return sum == size;
	}
	job random_job(unsigned queue)
	{
		static const uint8_t opcodes[] = { GLACIS_CARD_OPCODE_NOP,         GLACIS_CARD_OPCODE_NOP,
						   GLACIS_CARD_OPCODE_RSA_PRIVATE, GLACIS_CARD_OPCODE_RSA_PUBLIC,
						   GLACIS_CARD_OPCODE_KEY_LOAD,    GLACIS_CARD_OPCODE_KEY_ZEROISE };
		static const uint8_t key_sizes[] = { 16, 24, 32 };
		glacis_card_aead at;

		fill(&at, sizeof(at));
		if (below(40)) {
			if (below(2) || (queue == 0 && below(2)))
				at.opcode = opcodes[below(6)];
			else
				at.opcode = below(2) ? GLACIS_CARD_OPCODE_SEAL : GLACIS_CARD_OPCODE_OPEN;
		}
		if (at.opcode != GLACIS_CARD_OPCODE_SEAL && at.opcode != GLACIS_CARD_OPCODE_OPEN) {
			bool admin = at.opcode == GLACIS_CARD_OPCODE_KEY_LOAD ||
				     at.opcode == GLACIS_CARD_OPCODE_KEY_ZEROISE;

			if (at.opcode != GLACIS_CARD_OPCODE_NOP && below(4))
				clean(&at, admin);
			return job(queue, at);
		}
		at.key_size = key_sizes[below(3)];
		at.aad_size = static_cast<uint8_t>(below(GLACIS_CARD_AAD_MAX + 1));
		at.source_count = static_cast<uint8_t>(below(GLACIS_CARD_SEGMENTS_MAX + 1));
		at.destination_count = static_cast<uint8_t>(below(GLACIS_CARD_SEGMENTS_MAX + 1));
		at.text_size = below(2) ? below(GLACIS_CARD_TEXT_MAX + 1) : below(64);
		memset(at.reserved, 0, sizeof(at.reserved));
		at.reserved2 = 0;
		if (at.aad_size <= GLACIS_CARD_AAD_INLINE_MAX)
			at.aad_address = 0;
		if (below(6) == 0)
			spoil(&at);
		job made(queue, at);
		made.source = segments(at.source_count, at.text_size);
		made.destination = segments(at.destination_count, at.text_size);
		fill(made.aad, sizeof(made.aad));
		fill(made.tag, sizeof(made.tag));
		return made;
	}
	// What is reserved in commands of RSA and keys is zero but for a bit at times.
	void clean(glacis_card_aead *at, bool admin)
	{
		glacis_card_rsa rsa;
		glacis_card_key key;
		uint8_t *bytes = reinterpret_cast<uint8_t *>(at);

		memcpy(&rsa, at, sizeof(rsa));
		memcpy(&key, at, sizeof(key));
		rsa.reserved = 0;
		rsa.reserved2 = 0;
		memset(rsa.reserved3, 0, sizeof(rsa.reserved3));
		memset(key.reserved, 0, sizeof(key.reserved));
		if (key.opcode == GLACIS_CARD_OPCODE_KEY_ZEROISE && below(4))
			key.key = 0;
		memcpy(at, admin ? static_cast<void *>(&key) : static_cast<void *>(&rsa), sizeof(*at));
		if (below(4) == 0)
			bytes[1 + below(sizeof(*at) - 1)] ^= static_cast<uint8_t>(1u << below(8));
	}
	void spoil(glacis_card_aead *at)
	{
		switch (below(8)) {
		case 0:
			at->key_size ^= static_cast<uint8_t>(1u << below(8));
			break;
		case 1:
			at->aad_size = static_cast<uint8_t>(random());
			break;
		case 2:
			at->source_count = static_cast<uint8_t>(random());
			break;
		case 3:
		case 4:
			at->destination_count = static_cast<uint8_t>(random());
			break;
		case 5:
			at->text_size ^= 1u << below(32);
			break;
		case 6:
			at->reserved[below(3)] = static_cast<uint8_t>(1u << below(8));
			break;
		default:
			(below(2) ? at->reserved2 : *reinterpret_cast<uint32_t *>(&at->aad_address)) = 1u << below(32);
		}
	}

	// What the rules say of a descriptor by itself (docs/card-abi.md).
	static bool fields_good(const glacis_card_aead &at)
	{
		return (at.key_size == 16 || at.key_size == 24 || at.key_size == 32) &&
		       at.aad_size <= GLACIS_CARD_AAD_MAX && at.text_size <= GLACIS_CARD_TEXT_MAX && !at.reserved[0] &&
		       !at.reserved[1] && !at.reserved[2] && !at.reserved2 &&
		       (at.aad_size > GLACIS_CARD_AAD_INLINE_MAX || !at.aad_address) &&
		       at.source_count <= GLACIS_CARD_SEGMENTS_MAX;
	}
	static bool is_aead(const job &job)
	{
		return job.queue &&
		       (job.at.opcode == GLACIS_CARD_OPCODE_SEAL || job.at.opcode == GLACIS_CARD_OPCODE_OPEN);
	}
	static bool is_rsa(const job &job)
	{
		return job.queue && (job.at.opcode == GLACIS_CARD_OPCODE_RSA_PRIVATE ||
				     job.at.opcode == GLACIS_CARD_OPCODE_RSA_PUBLIC);
	}
	static bool is_key(const job &job)
	{
		return !job.queue && (job.at.opcode == GLACIS_CARD_OPCODE_KEY_LOAD ||
				      job.at.opcode == GLACIS_CARD_OPCODE_KEY_ZEROISE);
	}
	static bool is_zero(const uint8_t *bytes, size_t size)
	{
		return std::all_of(bytes, bytes + size, [](uint8_t byte) { return byte == 0; });
	}
	uint8_t verdict(const job &job) const
	{
		glacis_card_rsa rsa;
		glacis_card_key key;
		bool good;

		memcpy(&rsa, &job.at, sizeof(rsa));
		memcpy(&key, &job.at, sizeof(key));
		if (job.at.opcode == GLACIS_CARD_OPCODE_NOP)
			return job.queue ? GLACIS_CARD_STATUS_OK : GLACIS_CARD_STATUS_BAD_OPCODE;
		if (is_aead(job))
			return fields_good(job.at) ? GLACIS_CARD_STATUS_OK : GLACIS_CARD_STATUS_BAD_FIELD;
		if (!is_rsa(job) && !is_key(job))
			return GLACIS_CARD_STATUS_BAD_OPCODE;
		if (!model.rsa_there)
			return GLACIS_CARD_STATUS_UNSUPPORTED;
		good = is_rsa(job) ? !rsa.reserved && !rsa.reserved2 && is_zero(rsa.reserved3, sizeof(rsa.reserved3))
				   : is_zero(key.reserved, sizeof(key.reserved)) &&
					     (key.opcode == GLACIS_CARD_OPCODE_KEY_LOAD || !key.key);
		return good ? GLACIS_CARD_STATUS_OK : GLACIS_CARD_STATUS_BAD_FIELD;
	}

	// Fetches, as many jobs as there is room for.
	void begin_fetch(bool closing)
	{
		if (pending.queue >= QUEUES && !closing && model.jobs_free && below(3) == 0) {
			unsigned q = below(3) ? below(QUEUES) : below(3);

			if (alive[q]) {
				pending = { q, 1 + below(std::min<unsigned>(4, model.jobs_free)), below(25) == 0 };
				if (pending.poison || below(4) == 0)
					pending.count = 1;
			}
		}
		model.fetch_valid = pending.queue < QUEUES;
		model.fetch_queue = static_cast<uint8_t>(pending.queue < QUEUES ? pending.queue : below(QUEUES));
		model.fetch_count = static_cast<uint8_t>(pending.count);
		model.fetch_poison = pending.poison;
	}
	void add_words(packet *packet, const void *bytes, size_t size)
	{
		for (size_t done = 0; done < size; done += sizeof(word)) {
			word made;

			fill(made.data(), made.size()); // whatever lies behind
			memcpy(made.data(), static_cast<const uint8_t *>(bytes) + done,
			       std::min(size - done, made.size()));
			packet->words.push_back(made);
		}
	}
	void fetched()
	{
		packet made{ true, below(30) == 0, freed + jobs.size(), pending.count, 0, {}, 0 };

		fetches.push_back(pending);
		for (unsigned i = 0; i < pending.count; i++) {
			jobs.push_back(random_job(pending.queue));
			add_words(&made, &jobs.back().at, sizeof(jobs.back().at));
		}
		if (!pending.poison)
			packets.push_back(made);
		pending.queue = QUEUES;
	}

	// The bus brings the oldest packet's next word.
	void bring()
	{
		model.descriptor_valid = model.detail_valid = 0;
		silence -= silence > 0;
		fill(&model.word, sizeof(word));
		model.word_last = below(2);
		model.word_error = below(2);
		if (silence || packets.empty() || below(100) >= pace)
			return;
		const packet &packet = packets.front();
		model.descriptor_valid = packet.descriptor;
		model.detail_valid = !packet.descriptor;
		memcpy(&model.word, packet.words[packet.next].data(), sizeof(word));
		model.word_last = packet.next + 1 == packet.words.size();
		model.word_error = model.word_last && packet.error;
	}
	bool brings_last() const
	{
		return (model.descriptor_valid || model.detail_valid) && model.word_ready && model.word_last;
	}

	// A segment of any job whose lists are there.
	void look_anywhere()
	{
		unsigned look_job = below(JOBS);

		look_index = below(16);
		model.destination_job = static_cast<uint8_t>(look_job);
		model.destination_index = static_cast<uint8_t>(look_index);
		destination = nullptr;
		for (unsigned i = 0; i < jobs.size() && i <= handed; i++)
			if ((freed + i) % JOBS == look_job && jobs[i].begun && jobs[i].wants && !jobs[i].details &&
			    jobs[i].at.destination_count <= GLACIS_CARD_SEGMENTS_MAX)
				destination = &jobs[i].destination;
	}

	unsigned long to_be_asked()
	{
		unsigned long serial = asked;

		while (serial < freed + jobs.size() && at(serial).arrived &&
		       (at(serial).drop || at(serial).poison || !alive[at(serial).queue]))
			serial++;
		return serial;
	}
	void compare()
	{
		bool done = model.descriptor_valid && brings_last();

		tap_context("cycle %lu, job %lu", cycle, freed + handed);
		CHECK(model.jobs_free == JOBS - jobs.size());
		CHECK(model.fetched_valid == (done && !model.word_error && !poisoned[fetches.front().queue]));
		if (model.fetched_valid)
			CHECK(model.fetched_queue == fetches.front().queue &&
			      model.fetched_count == fetches.front().count);
		if (model.ask_command) {
			unsigned long serial = to_be_asked();

			if (CHECK(serial < freed + jobs.size()))
				CHECK(at(serial).arrived && model.ask_queue == at(serial).queue);
		}
		if (model.read_valid && CHECK(!expected.empty()))
			CHECK(model.read_address == expected.front().address &&
			      model.read_size == expected.front().size && model.read_queue == expected.front().queue);
		if (model.job_valid && CHECK(handed < jobs.size()))
			compare_job(jobs[handed]);
		if (destination && destination->size() > 1 && look_index < destination->size())
			CHECK(!memcmp(&model.destination_segment, &(*destination)[look_index],
				      sizeof(glacis_card_segment)));
	}
	void compare_job(const job &job)
	{
		bool has_data = job.wants && job.status == GLACIS_CARD_STATUS_OK;
		uint8_t aad[64] = { 0 };

		tap_context("cycle %lu, job %lu of queue %u, opcode 0x%x, status %u", cycle, freed + handed, job.queue,
			    job.at.opcode, job.status);
		CHECK(job.arrived && !job.details && (job.begun || job.drop || job.poison || !alive[job.queue]));
		CHECK(model.job_index == (freed + handed) % JOBS && model.job_queue == job.queue);
		CHECK(model.job_drop == job.drop);
		if (job.drop)
			return;
		CHECK(model.job_poison == job.poison);
		CHECK(model.job_status == (job.begun || job.poison ? job.status : verdict(job)));
		if (job.poison)
			return;
		CHECK(model.job_has_data == has_data);
		CHECK(model.job_to_rsa ==
		      ((is_rsa(job) || is_key(job)) && model.rsa_there && verdict(job) == GLACIS_CARD_STATUS_OK));
		CHECK(!memcmp(&model.job, &job.at, sizeof(job.at)));
		if (!has_data)
			return;
		memcpy(aad, job.at.aad_size > GLACIS_CARD_AAD_INLINE_MAX ? job.aad : job.at.aad, job.at.aad_size);
		CHECK(!memcmp(&model.job_aad, aad, sizeof(aad)));
		CHECK(job.at.opcode != GLACIS_CARD_OPCODE_OPEN || !memcmp(&model.job_tag, job.tag, sizeof(job.tag)));
		if (job.source.size() > 1 && model.source_index < job.source.size())
			CHECK(!memcmp(&model.source_segment, &job.source[model.source_index],
				      sizeof(glacis_card_segment)));
	}

	// The clock's edge, in the model.
	void apply()
	{
		bool poison = !fetches.empty() && fetches.front().poison,
		     takes = model.fetch_valid && model.fetch_ready;

		if (model.ask_command && model.ask_answered && to_be_asked() < freed + jobs.size())
			answered();
		was_poisoned = poisoned;
		for (unsigned q = 0; q < QUEUES; q++)
			poisoned[q] = poisoned[q] && alive[q];
		if (model.read_valid && model.read_ready && !expected.empty())
			read_detail();
		if ((model.descriptor_valid || model.detail_valid) && model.word_ready) {
			packet &packet = packets.front();

			if (++packet.next == packet.words.size()) {
				if (packet.descriptor)
					came(packet.error, false);
				else
					detail_came(packet);
				packets.pop_front();
			}
		}
		if (poison)
			came(true, true);
		if (takes)
			fetched();
		if (model.job_valid && model.job_ready && handed < jobs.size())
			hand_on();
		if (model.freed) {
			jobs.pop_front();
			freed++, handed--;
		}
	}
	void answered()
	{
		job &job = at(to_be_asked());

		asked = to_be_asked() + 1;
		job.begun = true;
		job.status = verdict(job);
		if (model.ask_stall) {
			job.drop = true;
			doomed.push_back(job.queue);
			stalls++;
			return;
		}
		job.wants = is_aead(job) && fields_good(job.at);
		if (job.wants)
			expect_reads(job, asked - 1);
	}
	void expect_reads(job &job, unsigned long serial)
	{
		bool too_many = job.at.destination_count > GLACIS_CARD_SEGMENTS_MAX;
		size_t before = expected.size();

		if (job.at.source_count > 1)
			expected.push_back({ serial, SOURCE, job.queue, job.at.source, 16u * job.at.source_count });
		if (job.at.destination_count > 1 && !too_many)
			expected.push_back(
				{ serial, DESTINATION, job.queue, job.at.destination, 16u * job.at.destination_count });
		if (job.at.aad_size > GLACIS_CARD_AAD_INLINE_MAX && !too_many)
			expected.push_back({ serial, AAD, job.queue, job.at.aad_address, job.at.aad_size });
		if (job.at.opcode == GLACIS_CARD_OPCODE_OPEN && !too_many)
			expected.push_back({ serial, TAG, job.queue, job.at.tag, 16 });
		job.details = static_cast<unsigned>(expected.size() - before);
		if (!job.details && too_many)
			job.status = GLACIS_CARD_STATUS_BAD_FIELD;
	}
	void read_detail()
	{
		read read = expected.front();
		job &job = at(read.serial);
		packet made{ false, below(30) == 0, read.serial, 1, read.kind, {}, 0 };

		expected.pop_front();
		reads_made++;
		if (read.kind == SOURCE)
			add_words(&made, job.source.data(), read.size);
		else if (read.kind == DESTINATION)
			add_words(&made, job.destination.data(), read.size);
		else if (read.kind == AAD)
			add_words(&made, job.aad, sizeof(job.aad));
		else
			add_words(&made, job.tag, sizeof(job.tag));
		packets.push_back(made);
	}
	void detail_came(const packet &packet)
	{
		job &job = at(packet.serial);
		bool is_list = packet.kind == SOURCE || packet.kind == DESTINATION;

		job.details--;
		if (job.status == GLACIS_CARD_STATUS_OK && packet.error)
			job.status = GLACIS_CARD_STATUS_DMA_READ;
		else if (job.status == GLACIS_CARD_STATUS_OK && is_list &&
			 !adds_up(packet.kind == SOURCE ? job.source : job.destination, job.at.text_size))
			job.status = GLACIS_CARD_STATUS_BAD_FIELD;
		if (!job.details && job.status == GLACIS_CARD_STATUS_OK &&
		    job.at.destination_count > GLACIS_CARD_SEGMENTS_MAX)
			job.status = GLACIS_CARD_STATUS_BAD_FIELD;
	}
	// The descriptors of the oldest fetch are there, or it was none: its queue's doorbell is out of bounds.
	void came(bool error, bool by_doorbell)
	{
		const fetch fetch = fetches.front();

		for (unsigned i = 0; i < fetch.count; i++) {
			job &job = at(place++);

			job.arrived = true;
			job.drop = was_poisoned[fetch.queue] || (error && i > 0);
			job.poison = !was_poisoned[fetch.queue] && error && i == 0;
			if (job.poison)
				job.status = by_doorbell ? GLACIS_CARD_STATUS_BAD_RING : GLACIS_CARD_STATUS_DMA_READ;
		}
		if (error && alive[fetch.queue])
			poisoned[fetch.queue] = true;
		fetches.pop_front();
	}
	void hand_on()
	{
		const job &job = jobs[handed];

		asked = std::max(asked, freed + handed + 1);
		handed++;
		handed_on++;
		with_data += job.wants && job.status == GLACIS_CARD_STATUS_OK;
		dropped += job.drop;
		poisons += job.poison;
		statuses[model.job_status & 15] += !job.drop;
		if (job.poison && alive[job.queue])
			doomed.push_back(job.queue); // it fails
	}
};

void any_order()
{
	bench bench;

	while (bench.cycle < cycles) {
		bench.step(false);
		if (bench.cycle % EMPTIED == 0)
			CHECK(bench.empties());
	}
	CHECK(bench.empties());
	tap_context("%s", "");
	CHECK(bench.handed_on > cycles / 50 && bench.with_data && bench.dropped && bench.poisons && bench.stalls);
	for (unsigned status :
	     { GLACIS_CARD_STATUS_OK, GLACIS_CARD_STATUS_BAD_OPCODE, GLACIS_CARD_STATUS_BAD_FIELD,
	       GLACIS_CARD_STATUS_UNSUPPORTED, GLACIS_CARD_STATUS_DMA_READ, GLACIS_CARD_STATUS_BAD_RING })
		CHECK(bench.statuses[status]);
	printf("# %lu cycles, %lu jobs, %lu of them with text, %lu dropped, %lu queues failed and %lu stalled, %lu "
	       "reads\n",
	       bench.cycle, bench.handed_on, bench.with_data, bench.dropped, bench.poisons, bench.stalls,
	       bench.reads_made);
}

} // namespace

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "CYCLES", { "jobs in any order, at any pace", any_order }, cycles, seed);
}
