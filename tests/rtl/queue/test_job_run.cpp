// SPDX-License-Identifier: Apache-2.0
// Jobs from their text to their completion, simulated with two pipes beside a model of the rules and libcrypto: records
// of any size, in lists of any lengths, commands that need no text, RSA commands that leave and come back, queues that
// die, reads and writes that fail, and the faults that can be asked for. Each read, write, completion and count is
// computed anew, and results are read from the buffers as they are written. usage: test_job_run JOBS [SEED]
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include <openssl/evp.h>

#include "Vglacis_job_run.h"
#include "bench.h"
#include "coverage.h"
#include "job_run_parts.h"
#include "verilated.h"

extern "C" {
#include "glacis_card_abi.h"
#include "tap.h"
}

namespace
{

using job_run_parts::access, job_run_parts::bytes, job_run_parts::ending, job_run_parts::job, job_run_parts::list,
	job_run_parts::packet, job_run_parts::result;

constexpr unsigned QUEUES = 65, JOBS = 16, PIPES = 2, BUFFER = 1 << 17;
constexpr unsigned long PATIENCE = 20000; // cycles without an end

unsigned long jobs_wanted;
uint32_t seed;

class bench
{
      public:
	unsigned long cycle = 0, freed = 0, sealed = 0, opened = 0, refused = 0, numbers = 0, dead = 0, faults = 0,
		      fails = 0;

	bench() : random(seed), alive(QUEUES, true), in_place(QUEUES), places(QUEUES)
	{
		for (auto &place : places)
			place = random();
		model.rst = 1;
		set_alive();
		for (int i = 0; i < 60; i++)
			edge();
		model.rst = 0;
	}
	~bench()
	{
		coverage_keep();
	}
	bench(const bench &) = delete;
	bench &operator=(const bench &) = delete;

	bool step(bool closing)
	{
		if (cycle % 256 == 0)
			pace = below(3) ? 100 : 1 + below(100);
		live_and_die(closing);
		offer(closing);
		offer_result(closing);
		bring();
		read_buffer();
		retire();
		answer();
		model.rsa_ready = below(3) != 0;
		model.read_ready = below(3) != 0;
		model.write_ready = accesses.size() < 12 && below(100) < pace;
		settle();
		compare();
		apply();
		idle++;
		return CHECK(idle < PATIENCE);
	}
	bool is_empty() const
	{
		return jobs.empty() && !now && endings.empty() && accesses.empty() && !has_result;
	}

      private:
	Vglacis_job_run model;
	std::mt19937_64 random;
	std::vector<bool> alive;
	std::vector<unsigned> in_place; // of each queue: what is not over
	std::vector<uint64_t> places;
	std::vector<unsigned> doomed;
	std::unique_ptr<job> now; // offered
	std::deque<job> jobs;     // taken, and their results not written
	unsigned long serial = 0, idle = 0, took = 0;
	unsigned segment = 0, pace = 100;
	bool announced = false;
	std::deque<packet> packets;
	result rsa{};
	bool has_result = false, rsa_ended = false;
	unsigned rsa_step = 0;
	std::deque<ending> endings;
	std::deque<access> accesses;
	unsigned buffer_done = 0;
	bool buffer_asked = false;
	bool extra = false;
	unsigned extra_queue = 0, unfreed = 0;

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

	void set_alive()
	{
		bench_set_alive(model, alive);
	}
	void live_and_die(bool closing)
	{
		unsigned q = below(QUEUES);

		if (!alive[q])
			alive[q] = !in_place[q] && !(extra && extra_queue == q);
		else if (!closing && below(250) == 0)
			doomed.push_back(q);
		for (unsigned dying : doomed) {
			alive[dying] = false;
			if (now && now->queue == dying)
				now->died = true;
			for (auto &job : jobs)
				job.died = job.died || job.queue == dying;
			rsa.died = rsa.died || rsa.queue == dying;
		}
		doomed.clear();
		set_alive();
	}

	// Jobs.
	list segments(unsigned count, uint32_t size)
	{
		list made(count);

		for (unsigned i = 0; i < count; i++) {
			uint32_t most = size - (count - 1 - i);

			made[i].address = random();
			made[i].size = i + 1 == count
					       ? size
					       : 1 + below(below(2) ? most : std::min(most, 2 * size / count + 1));
			made[i].size = std::min(made[i].size, most);
			made[i].reserved = 0;
			size -= made[i].size;
		}
		return made;
	}
	void cipher(job *job, bool seal, const bytes &in, bytes *out, uint8_t *tag)
	{
		const EVP_CIPHER *cipher = job->at.key_size == 16   ? EVP_aes_128_gcm()
					   : job->at.key_size == 24 ? EVP_aes_192_gcm()
								    : EVP_aes_256_gcm();
		EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
		int size;

		out->resize(in.size());
		EVP_CipherInit_ex(context, cipher, nullptr, job->at.key, job->at.nonce, seal);
		EVP_CipherUpdate(context, nullptr, &size, job->aad, job->at.aad_size);
		if (!in.empty())
			EVP_CipherUpdate(context, out->data(), &size, in.data(), static_cast<int>(in.size()));
		if (seal) {
			EVP_CipherFinal_ex(context, nullptr, &size);
			EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag);
		}
		EVP_CIPHER_CTX_free(context);
	}
	void record(job *job)
	{
		static const uint8_t key_sizes[] = { 16, 24, 32 };
		bool opens = below(2);
		uint32_t size = below(40) == 0  ? GLACIS_CARD_TEXT_MAX - below(3)
				: below(8) == 0 ? below(5000)
						: below(300);

		job->has_data = true;
		job->status = GLACIS_CARD_STATUS_OK;
		job->at.opcode = opens ? GLACIS_CARD_OPCODE_OPEN : GLACIS_CARD_OPCODE_SEAL;
		job->at.key_size = key_sizes[below(3)];
		job->at.aad_size = static_cast<uint8_t>(below(GLACIS_CARD_AAD_MAX + 1));
		job->at.text_size = size;
		job->at.source_count = static_cast<uint8_t>(
			below(std::min<uint32_t>(size, GLACIS_CARD_SEGMENTS_MAX) + 1));
		job->at.destination_count = static_cast<uint8_t>(
			below(std::min<uint32_t>(size, GLACIS_CARD_SEGMENTS_MAX) + 1));
		job->source = segments(job->at.source_count, size);
		job->destination = segments(job->at.destination_count, size);
		fill(job->aad, job->at.aad_size);
		job->text.resize(size);
		fill(job->text.data(), size);
		if (opens) {
			bytes plain = job->text;

			cipher(job, true, plain, &job->text, job->made_tag);
			job->made = plain;
			memcpy(job->tag, job->made_tag, sizeof(job->tag));
			if (below(5) == 0)
				job->tag[below(16)] ^= static_cast<uint8_t>(1u << below(8));
		} else {
			cipher(job, true, job->text, &job->made, job->made_tag);
		}
		job->read_fails = size && below(20) == 0;
	}
	void offer(bool closing)
	{
		if (!now && !closing && unfreed < JOBS && below(3) == 0) {
			unsigned q = below(3) ? below(QUEUES) : below(4);

			if (alive[q]) {
				now = std::make_unique<job>();
				now->queue = q;
				fill(&now->at, sizeof(now->at));
				fill(now->tag, sizeof(now->tag));
				now->status = static_cast<uint8_t>(below(13));
				if (below(4))
					record(now.get());
				else if (below(10) == 0)
					now->poison = true;
				else if (below(3) == 0)
					now->to_rsa = true;
				now->drop = below(30) == 0 && !now->poison;
				in_place[q]++;
			}
		}
		model.job_valid = now != nullptr;
		if (!now) {
			model.job_has_data = below(2);
			return;
		}
		model.job_index = static_cast<uint8_t>(serial % JOBS);
		model.job_queue = static_cast<uint8_t>(now->queue);
		model.job_drop = now->drop;
		model.job_poison = now->poison;
		model.job_has_data = now->has_data;
		model.job_to_rsa = now->to_rsa;
		model.job_status = now->status;
		memcpy(&model.job, &now->at, sizeof(now->at));
		memcpy(&model.job_aad, now->aad, sizeof(now->aad));
		memcpy(&model.job_tag, now->tag, sizeof(now->tag));
	}
	void offer_result(bool closing)
	{
		if (!has_result && !closing && below(200) == 0) {
			unsigned q = below(QUEUES);

			if (alive[q]) {
				rsa = { below(10) == 0,
					below(20) == 0,
					below(8) != 0,
					q,
					static_cast<uint32_t>(random()),
					static_cast<uint8_t>(below(3) ? 0 : below(13)),
					0,
					random(),
					false };
				if (rsa.operation && rsa.status == GLACIS_CARD_STATUS_OK)
					rsa.size = 1 + below(GLACIS_CARD_RSA_BYTES_MAX);
				has_result = true;
				rsa_ended = false;
				rsa_step = 0;
				in_place[q]++;
			}
		}
		model.result_valid = has_result;
		model.result_drop = rsa.drop;
		model.result_outside = rsa.outside;
		model.result_operation = rsa.operation;
		model.result_queue = static_cast<uint8_t>(rsa.queue);
		model.result_cookie = rsa.cookie;
		model.result_status = rsa.status;
		model.result_size = rsa.size;
		model.result_address = rsa.address;
	}

	// The bus brings text.
	void bring()
	{
		model.text_valid = 0;
		model.text_last = below(2);
		model.text_error = below(2);
		if (packets.empty() || below(100) >= pace)
			return;
		const packet &packet = packets.front();
		size_t at = 32ul * packet.next, size = std::min<size_t>(32, packet.text.size() - at);
		uint8_t word[32] = { 0 };

		memcpy(word, packet.text.data() + at, size);
		memcpy(&model.text, word, sizeof(word));
		model.text_valid = 1;
		model.text_bytes = static_cast<uint8_t>(size);
		model.text_last = packet.next + 1 == packet.words;
		model.text_error = model.text_last && packet.error;
	}

	// The bus takes results: the oldest access's bytes are read from its buffer, 32 of them at a time, then it is
	// over.
	bool reads_buffer() const
	{
		return !accesses.empty() && !accesses.front().is_inline && !accesses.front().zeros &&
		       accesses.front().source < PIPES && buffer_done < accesses.front().size;
	}
	void read_buffer()
	{
		model.buffer_read = 0;
		buffer_asked = false;
		if (!reads_buffer() || below(8) == 0)
			return;
		model.buffer_read = buffer_asked = true;
		model.buffer_word = static_cast<uint16_t>((accesses.front().place + buffer_done) % BUFFER / 32);
		model.buffer_source = static_cast<uint8_t>(below(4));
	}
	void check_buffer()
	{
		const access &access = accesses.front();
		unsigned offset = (access.place + buffer_done) % 32,
			 size = std::min(64 - offset, access.size - buffer_done);
		uint8_t data[64];

		model.buffer_source = static_cast<uint8_t>(access.source);
		model.eval();
		memcpy(data, &model.buffer_data, sizeof(data));
		tap_context("cycle %lu, %u bytes for 0x%llx, from byte %u on, pipe %u", cycle, access.size,
			    static_cast<unsigned long long>(access.address), buffer_done, access.source);
		if (access.expected.size() == access.size)
			CHECK(!memcmp(data + offset, access.expected.data() + buffer_done, size));
		buffer_done += size;
	}
	void retire()
	{
		model.retire_valid = 0;
		model.retire_owner = static_cast<uint8_t>(random());
		model.retire_error = below(2);
		if (accesses.empty() || reads_buffer() || below(100) >= pace)
			return;
		if (accesses.front().last) {
			model.retire_valid = 1;
			model.retire_owner = static_cast<uint8_t>(accesses.front().owner);
			model.retire_error = below(60) == 0;
		}
	}

	// Faults.
	void answer()
	{
		model.ask_tag_answered = below(2);
		model.ask_tag_flip = below(20) == 0;
		model.ask_tag_outside = below(20) == 0;
		model.ask_place_answered = below(2);
		model.ask_place_drop = below(20) == 0;
		model.ask_place_hold = below(20) == 0;
		model.ask_place_cookie = below(20) ? 0 : static_cast<uint32_t>(random());
		model.ask_place_phase = below(20) == 0;
		model.ask_place_twice = below(20) == 0;
		model.place_room = below(2);
		if (!extra && below(100) == 0) {
			uint32_t what[3] = { static_cast<uint32_t>(random()), static_cast<uint32_t>(random()), 0 };

			extra_queue = below(QUEUES);
			if (alive[extra_queue]) {
				extra = true;
				what[2] = below(256) | extra_queue << 8;
				memcpy(&model.extra_what, what, sizeof(what));
				model.extra_drop = below(3) == 0;
			}
		}
		model.extra_valid = extra;
	}

	// What depends on the module's outputs in the same cycle.
	void settle()
	{
		model.eval();
		if (now && now->source.size() > 1) {
			memcpy(&model.source_segment, &now->source[segment % now->source.size()],
			       sizeof(glacis_card_segment));
			CHECK(!announced || model.source_index == segment);
		}
		model.eval();
		for (size_t i = 0; i < jobs.size(); i++)
			if ((took - jobs.size() + i) % JOBS == model.destination_job &&
			    model.destination_index < jobs[i].destination.size())
				memcpy(&model.destination_segment, &jobs[i].destination[model.destination_index],
				       sizeof(glacis_card_segment));
		model.place_address = places[model.place_queue];
		model.place_phase = places[model.place_queue] >> 1 & 1;
		model.place_sq_head = static_cast<uint16_t>(places[model.place_queue] >> 3);
		model.eval();
	}

	void compare()
	{
		tap_context("cycle %lu, job %lu", cycle, serial);
		if (model.read_valid && CHECK(now && now->has_data && !now->drop && !now->poison))
			compare_read();
		if (model.rsa_valid)
			CHECK(now && now->to_rsa && !now->drop && !now->poison && alive[now->queue] &&
			      model.rsa_ready && model.job_ready);
		else if (now && model.job_ready)
			CHECK(!now->to_rsa || now->drop || now->poison || !alive[now->queue]);
		if (model.write_valid && model.write_ready)
			compare_write();
		CHECK(model.landed_valid == (model.retire_valid && model.retire_owner >> 7));
		if (model.landed_valid)
			CHECK(model.landed_queue == (model.retire_owner & 127));
		compare_end();
	}
	void compare_read()
	{
		bool is_list = now->at.source_count > 1;
		unsigned last = is_list ? now->at.source_count - 1 : 0;

		tap_context("cycle %lu, read %u of job %lu", cycle, segment, serial);
		CHECK(now->at.text_size && segment <= last);
		CHECK(model.read_queue == now->queue && model.read_flush == (segment == last));
		CHECK(model.read_address == (is_list ? now->source[segment].address : now->at.source));
		CHECK(model.read_size == (is_list ? now->source[segment].size : now->at.text_size));
	}

	// The next access of results, or a completion.
	void compare_write()
	{
		tap_context("cycle %lu, write of %u to 0x%llx for %x", cycle, model.write_size,
			    static_cast<unsigned long long>(model.write_address), model.write_owner);
		CHECK(model.write_owner >> 7 == model.place_valid && (model.write_owner & 127) == model.write_queue);
		if (model.place_valid)
			return compare_completion();
		if (has_result && !rsa_ended && model.write_source == PIPES)
			return compare_number();
		if (!CHECK(!jobs.empty()))
			return;
		compare_result(jobs.front());
	}
	void compare_completion()
	{
		glacis_card_completion made;
		const uint32_t *what = &model.extra_what[0];
		unsigned phase = places[model.place_queue] >> 1 & 1;

		memcpy(&made, &model.write_bytes, sizeof(made));
		CHECK(model.write_inline && model.write_last && !model.write_zeros &&
		      model.write_size == sizeof(made) && model.write_address == places[model.place_queue] &&
		      model.write_queue == model.place_queue);
		CHECK(made.queue == model.place_queue &&
		      made.sq_head == static_cast<uint16_t>(places[model.place_queue] >> 3));
		if (model.extra_ready) {
			CHECK(extra && !model.extra_drop && made.queue == extra_queue && alive[extra_queue]);
			CHECK(made.cookie == what[0] && made.size == what[1] && made.status == (what[2] & 255) &&
			      made.phase == phase);
			return;
		}
		if (!CHECK(!endings.empty()))
			return;
		const ending &ending = endings.front();
		CHECK(ending.answered && !ending.drops && !ending.holds && is_live(ending));
		CHECK(made.queue == ending.queue && made.cookie == (ending.cookie ^ ending.wrong) &&
		      made.status == ending.status && made.size == size_of(ending) &&
		      made.phase == (phase ^ ending.phase));
		CHECK(!ending.placed || (ending.twice && model.place_room));
	}
	bool is_live(const ending &ending) const
	{
		return alive[ending.queue] && !ending.drop && !ending.poison && !ending.left;
	}
	static unsigned size_of(const ending &ending)
	{
		return ending.status == GLACIS_CARD_STATUS_OK && (ending.aead || ending.rsa) ? ending.size : 0;
	}
	void compare_number()
	{
		bool is_last = rsa_step == (rsa.drop || !rsa.size ? 0 : 1);

		CHECK(model.write_queue == rsa.queue);
		if (rsa.died && model.write_last)
			return;
		CHECK(model.write_last == is_last && !model.write_inline);
		if (is_last)
			CHECK(model.write_size == 0);
		else if (rsa.outside)
			CHECK(model.write_address == ~0ull && model.write_size == 2);
		else
			CHECK(model.write_address == rsa.address && model.write_size == rsa.size &&
			      model.write_place == 0);
	}
	// The accesses that a job's result takes, in order, without the one that says that they are all.
	static unsigned texts(const job &job)
	{
		return !job.at.text_size ? 0 : job.at.destination_count > 1 ? job.at.destination_count : 1;
	}
	bool is_written(const job &job) const
	{
		return job.has_data && !job.drop && !job.poison && !job.read_fails;
	}
	void compare_result(job &job)
	{
		bool seals = job.at.opcode == GLACIS_CARD_OPCODE_SEAL;
		unsigned count = !is_written(job) ? 0 : job.outside ? 1 : texts(job) + seals;

		CHECK(model.write_queue == job.queue);
		if (job.died && job.step == 0 && model.write_last) {
			CHECK(model.write_size == 0);
			return;
		}
		CHECK(model.write_last == (job.step == count));
		if (model.write_last) {
			CHECK(model.write_size == 0);
		} else if (job.outside) {
			CHECK(model.write_address == ~0ull && model.write_size == 2 && !model.write_inline);
		} else if (job.step == texts(job)) {
			CHECK(model.write_inline && model.write_size == 16 && model.write_address == job.at.tag);
			CHECK(!memcmp(&model.write_bytes, job.made_tag, 16));
		} else {
			bool is_list = job.at.destination_count > 1;

			CHECK(!model.write_inline && model.write_zeros == job.is_refused());
			CHECK(model.write_address ==
			      (is_list ? job.destination[job.step].address : job.at.destination));
			CHECK(model.write_size == (is_list ? job.destination[job.step].size : job.at.text_size));
		}
	}

	// The end of a command, what it says to the queues.
	void compare_end()
	{
		bool finish = model.freed || model.result_over, live = false;

		tap_context("cycle %lu, an end", cycle);
		CHECK(!model.freed || !model.result_over);
		if (finish && CHECK(!endings.empty())) {
			const ending &ending = endings.front();

			live = is_live(ending);
			CHECK(model.result_over == ending.rsa);
			CHECK(!live || (ending.answered && (ending.drops || ending.holds || model.place_valid)));
			CHECK(model.dropped_valid == (!ending.left && (!live || ending.drops)) && !model.dropped_back);
			if (model.dropped_valid)
				CHECK(model.dropped_queue == ending.queue);
			if (live)
				compare_counts(ending);
			else
				CHECK(!model.counted_valid);
			if (ending.poison && alive[ending.queue])
				CHECK(model.fail_valid && model.fail_queue == ending.queue &&
				      model.fail_status == ending.status);
		} else {
			CHECK(!model.counted_valid);
			// what comes twice is owed once more from its first completion on
			bool again = model.place_valid && !model.extra_ready && CHECK(!endings.empty());

			CHECK(!again || (endings.front().twice && !endings.front().placed &&
					 model.dropped_queue == endings.front().queue));
			CHECK(model.dropped_back == again);
			CHECK(model.dropped_valid == (again || (extra && model.extra_ready && !model.place_valid)));
		}
		if (model.landed_valid && model.retire_error)
			CHECK(model.fail_valid && model.fail_queue == model.landed_queue &&
			      model.fail_status == GLACIS_CARD_STATUS_DMA_WRITE);
		if (model.ask_place && CHECK(!endings.empty()))
			compare_ask(endings.front());
	}
	void compare_counts(const ending &ending)
	{
		bool done = ending.status == GLACIS_CARD_STATUS_OK || ending.status == GLACIS_CARD_STATUS_AUTH_FAILED;

		CHECK(model.counted_valid && model.counted_queue == ending.queue);
		CHECK(model.counted_aead == (ending.aead && done));
		CHECK(model.counted_bytes == (ending.aead && done ? ending.size : 0));
		CHECK(model.counted_rsa == (ending.operation && ending.status == GLACIS_CARD_STATUS_OK));
		CHECK(model.counted_auth_failed == (ending.status == GLACIS_CARD_STATUS_AUTH_FAILED));
		CHECK(model.counted_error == !done);
	}
	void compare_ask(const ending &ending)
	{
		CHECK(is_live(ending) && !ending.answered);
		CHECK(model.ask_place_what[0] == ending.cookie && model.ask_place_what[1] == size_of(ending) &&
		      model.ask_place_what[2] == (ending.queue << 8 | ending.status));
	}

	// The clock's edge, in the model.
	void apply()
	{
		bool finish = model.freed || model.result_over, over = model.result_over;
		bool writes = model.write_valid && model.write_ready, asks_buffer = buffer_asked;

		if (model.fail_valid)
			doomed.push_back(model.fail_queue), fails++;
		if (model.ask_tag && model.ask_tag_answered)
			tag_answered();
		if (model.ask_place && !endings.empty())
			place_answered(endings.front());
		if (model.retire_valid && !(model.retire_owner >> 7))
			retired();
		if (model.landed_valid)
			in_place[model.landed_queue]--;
		if (model.extra_ready && extra) {
			extra = false;
			faults++;
		}
		if (finish && !endings.empty())
			end();
		else if (model.place_valid && !model.extra_ready && !endings.empty())
			endings.front().placed = true;
		if (over)
			has_result = false;
		if (!accesses.empty() && !reads_buffer() &&
		    (model.retire_valid || (!accesses.front().last && below(2)))) {
			accesses.pop_front();
			buffer_done = 0;
		}
		if (writes)
			written();
		if (model.place_valid) {
			places[model.place_queue] = random();
			in_place[model.place_queue]++;
		}
		if (model.text_valid && model.text_ready && ++packets.front().next == packets.front().words)
			packets.pop_front();
		if (model.read_valid && model.read_ready)
			was_read();
		if (now && model.job_ready)
			taken();
		edge();
		if (asks_buffer)
			check_buffer();
	}
	void tag_answered()
	{
		if (jobs.empty())
			return;
		job &job = jobs.front();
		job.outside = model.ask_tag_outside;
		if (model.ask_tag_flip) {
			job.made_tag[5] ^= 16; // bit 44
			faults++;
		}
	}
	void place_answered(ending &ending)
	{
		if (model.ask_place_answered) {
			ending.answered = true;
			ending.drops = model.ask_place_drop;
			ending.holds = model.ask_place_hold;
			ending.wrong = model.ask_place_cookie;
			ending.phase = model.ask_place_phase;
			ending.twice = model.ask_place_twice;
		}
	}
	// What the bus says of results comes in their order.
	void retired()
	{
		for (auto &ending : endings)
			if (!ending.retired) {
				ending.retired = true;
				if (model.retire_error && !ending.poison)
					ending.status = GLACIS_CARD_STATUS_DMA_WRITE;
				return;
			}
		CHECK(!"nothing was to be retired");
	}
	void end()
	{
		in_place[endings.front().queue]--;
		dead += !is_live(endings.front());
		unfreed -= !endings.front().rsa;
		freed += !endings.front().rsa;
		numbers += endings.front().rsa;
		endings.pop_front();
		idle = 0;
	}
	void was_read()
	{
		bool is_list = now->at.source_count > 1;

		announced = true;
		if (++segment < (is_list ? now->at.source_count : 1u))
			return;
		packets.push_back({ (now->at.text_size + 31) / 32, 0, now->read_fails, now->text });
	}
	void taken()
	{
		if (now->has_data && now->at.text_size && !now->died)
			CHECK(now->drop || segment == std::max<unsigned>(1, now->at.source_count));
		now->left = model.rsa_valid;
		jobs.push_back(*now);
		took++, serial++, unfreed++;
		now.reset();
		announced = false;
		segment = 0;
	}
	void written()
	{
		access made{ model.write_address,   model.write_size,       model.write_place,
			     model.write_source,    model.write_zeros != 0, model.write_inline != 0,
			     model.write_last != 0, model.write_owner,      {} };

		if (has_result && !rsa_ended && model.write_source == PIPES && !model.place_valid) {
			rsa_step++;
			if (model.write_last) {
				rsa_ended = true;
				endings.push_back({ true, rsa.drop, false, false, rsa.operation, false, rsa.queue,
						    rsa.size, rsa.cookie, rsa.status });
			}
		} else if (!jobs.empty() && !model.place_valid) {
			job_written(jobs.front(), &made);
		}
		accesses.push_back(made);
	}
	void job_written(job &job, access *made)
	{
		size_t before = 0;

		if (!model.write_last) {
			for (unsigned i = 0; i < job.step && i < job.destination.size(); i++)
				before += job.destination[i].size;
			if (!made->is_inline && !job.outside && before + made->size <= job.made.size())
				made->expected.assign(job.made.begin() + static_cast<long>(before),
						      job.made.begin() + static_cast<long>(before + made->size));
			if (job.outside)
				made->zeros = true; // nothing is compared
			job.step++;
			return;
		}
		bool data = job.has_data && !job.drop && !job.poison;
		uint8_t status = !data              ? job.status
				 : job.read_fails   ? static_cast<uint8_t>(GLACIS_CARD_STATUS_DMA_READ)
				 : job.is_refused() ? static_cast<uint8_t>(GLACIS_CARD_STATUS_AUTH_FAILED)
						    : job.status;

		endings.push_back({ false, job.drop, job.poison, job.left, false, data, job.queue,
				    job.at.text_size & 0x1ffff, job.at.cookie, status });
		sealed += data && status == 0 && job.at.opcode == GLACIS_CARD_OPCODE_SEAL;
		opened += data && status == 0 && job.at.opcode == GLACIS_CARD_OPCODE_OPEN;
		refused += data && status == GLACIS_CARD_STATUS_AUTH_FAILED;
		jobs.pop_front();
	}
};

void any_jobs()
{
	bench bench;

	while (bench.freed < jobs_wanted && bench.step(false))
		;
	for (unsigned long i = 0; i < PATIENCE && !bench.is_empty() && bench.step(true); i++)
		;
	CHECK(bench.is_empty());
	tap_context("%s", "");
	CHECK(bench.sealed && bench.opened && bench.refused && bench.numbers && bench.dead && bench.faults &&
	      bench.fails);
	printf("# %lu jobs in %lu cycles: %lu sealed, %lu opened, %lu refused; %lu RSA results; %lu of dead queues, "
	       "%lu failures\n",
	       bench.freed, bench.cycle, bench.sealed, bench.opened, bench.refused, bench.numbers, bench.dead,
	       bench.fails);
}

} // namespace

int main(int argc, char **argv)
{
	return bench_main(argc, argv, "JOBS", { "jobs of any kind, in any state of their queues", any_jobs },
			  jobs_wanted, seed);
}
