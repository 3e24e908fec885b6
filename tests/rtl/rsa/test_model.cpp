// SPDX-License-Identifier: Apache-2.0
// The engine as a C program holds it (rsa_engine_model.h): commands give what they give in the logic, in as many cycles;
// an idle engine is not evaluated, however long it is clocked, and keeps its keys.
#include <algorithm>
#include <cstring>

#include "glacis_card_abi.h"
#include "key.h"
#include "rsa_engine_model.h"

namespace
{

unsigned number, failed;
rsa_engine_model *model;

void check(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, what);
	failed += !good;
}

struct Outcome {
	unsigned status = 999;
	uint32_t cycles = 0;
	unsigned long elapsed = 0;
	std::vector<uint8_t> result;
};

/* As a card does: outputs are looked at, then the edge comes. */
Outcome run(uint8_t opcode, uint8_t kind, uint16_t slot, uint32_t size, uint32_t exponent_size,
	    const std::vector<uint8_t> &bytes)
{
	rsa_engine_inputs inputs = {};
	rsa_engine_outputs outputs;
	Outcome outcome;
	size_t taken = 0;

	inputs.command_valid = true;
	inputs.command_opcode = opcode;
	inputs.command_kind = kind;
	inputs.command_slot = slot;
	inputs.command_modulus_size = size;
	inputs.command_exponent_size = exponent_size;
	inputs.out_ready = inputs.done_ready = true;
	rsa_engine_model_look(model, &inputs, &outputs);
	check(outputs.command_ready, "ready for a command");
	rsa_engine_model_clock(model, &inputs);
	inputs.command_valid = false;
	for (unsigned long limit = 10000000; limit > 0; limit--) {
		inputs.in_valid = taken < bytes.size();
		if (inputs.in_valid)
			memcpy(inputs.in_data, &bytes[taken],
			       std::min<size_t>(RSA_ENGINE_STREAM_BYTES, bytes.size() - taken));
		rsa_engine_model_look(model, &inputs, &outputs);
		if (inputs.in_valid && outputs.in_ready)
			taken += RSA_ENGINE_STREAM_BYTES;
		if (outputs.out_valid)
			outcome.result.insert(outcome.result.end(), outputs.out_data,
					      outputs.out_data + RSA_ENGINE_STREAM_BYTES);
		rsa_engine_model_clock(model, &inputs);
		if (outputs.done_valid) {
			outcome.status = outputs.done_status;
			outcome.cycles = outputs.done_cycles;
			break;
		}
		outcome.elapsed++;
	}
	return outcome;
}

void clock_idle(unsigned long cycles)
{
	rsa_engine_inputs inputs = {};
	rsa_engine_outputs outputs;

	for (unsigned long i = 0; i < cycles; i++) {
		inputs.in_data[0] = (uint8_t)i;
		rsa_engine_model_look(model, &inputs, &outputs);
		if (outputs.busy || outputs.done_valid || outputs.out_valid || !outputs.command_ready)
			check(false, "an idle engine does something");
		rsa_engine_model_clock(model, &inputs);
	}
}

} // namespace

int main()
{
	constexpr uint32_t size = 128;
	Random random(5);
	Key key = real_key(size);
	uint64_t before;

	model = rsa_engine_model_open();
	check(model != nullptr, "open");
	Outcome outcome = run(GLACIS_CARD_OPCODE_KEY_LOAD, GLACIS_CARD_KEY_KIND_RSA_CRT, 255, size, key.exponent_size,
			      key.bytes(GLACIS_CARD_KEY_KIND_RSA_CRT));
	check(outcome.status == GLACIS_CARD_STATUS_OK, "a key into the last slot");
	for (int i = 0; i < 2; i++) {
		clock_idle(1);
		before = rsa_engine_model_evaluated(model);
		clock_idle(1000000);
		check(rsa_engine_model_evaluated(model) == before, "an idle engine is not evaluated");
		Number base = random.below(key.n);
		outcome = run(GLACIS_CARD_OPCODE_RSA_PRIVATE, 0, 255, size, 0, base.bytes(size));
		check(outcome.status == GLACIS_CARD_STATUS_OK, "a private operation");
		check(outcome.result.size() == size &&
			      Number::of_bytes(outcome.result) == key.power(GLACIS_CARD_KEY_KIND_RSA_CRT, false, base),
		      "its result");
		check(outcome.cycles == outcome.elapsed, "its cycles");
	}
	before = rsa_engine_model_evaluated(model);
	outcome = run(GLACIS_CARD_OPCODE_RSA_PRIVATE, 0, 256, size, 0, {});
	check(outcome.status == GLACIS_CARD_STATUS_BAD_FIELD, "a slot that is not there");
	rsa_engine_inputs inputs = {};
	inputs.zeroise = true;
	rsa_engine_model_clock(model, &inputs);
	inputs.zeroise = false;
	rsa_engine_outputs outputs;
	unsigned long cycles = 0;
	do {
		rsa_engine_model_clock(model, &inputs);
		rsa_engine_model_look(model, &inputs, &outputs);
	} while (outputs.busy && ++cycles < 100000);
	check(!outputs.busy, "zeroise ends");
	outcome = run(GLACIS_CARD_OPCODE_RSA_PRIVATE, 0, 255, size, 0, {});
	check(outcome.status == GLACIS_CARD_STATUS_KEY_EMPTY, "no key after zeroise");
	rsa_engine_model_close(model);
	printf("# zeroise took %lu cycles\n1..%u\n", cycles, number);
	return failed != 0;
}
