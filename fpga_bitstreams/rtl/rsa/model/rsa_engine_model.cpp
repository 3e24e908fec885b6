// SPDX-License-Identifier: Apache-2.0
// See rsa_engine_model.h. The engine's state cannot change while it is idle and neither command, reset nor zeroise is there:
// its outputs of that state are kept, and edges are left out.
#include <cstring>
#include <new>

#include "Vglacis_rsa_engine.h"
#include "rsa_engine_model.h"
#include "verilated.h"

struct rsa_engine_model {
	VerilatedContext context;
	Vglacis_rsa_engine top{ &context };
	rsa_engine_outputs idle = {};
	bool asleep = false; /* `idle` holds, and so does the engine's state */
	uint64_t evaluated = 0;
};

namespace
{

void put(Vglacis_rsa_engine &top, const rsa_engine_inputs &inputs)
{
	static_assert(sizeof(top.in_data) == sizeof(inputs.in_data), "RSA_ENGINE_STREAM_BYTES is STREAM_BYTES");
	top.rst = inputs.rst;
	top.command_valid = inputs.command_valid;
	top.command_opcode = inputs.command_opcode;
	top.command_kind = inputs.command_kind;
	top.command_slot = inputs.command_slot;
	top.command_modulus_size = inputs.command_modulus_size;
	top.command_exponent_size = inputs.command_exponent_size;
	top.in_valid = inputs.in_valid;
	top.in_error = inputs.in_error;
	memcpy(&top.in_data, inputs.in_data, sizeof(inputs.in_data));
	top.out_ready = inputs.out_ready;
	top.done_ready = inputs.done_ready;
	top.cancel = inputs.cancel;
	top.zeroise = inputs.zeroise;
}

void get(const Vglacis_rsa_engine &top, rsa_engine_outputs &outputs)
{
	outputs.command_ready = top.command_ready;
	outputs.fetch_valid = top.fetch_valid;
	outputs.fetch_size = top.fetch_size;
	outputs.in_ready = top.in_ready;
	outputs.out_valid = top.out_valid;
	outputs.out_last = top.out_last;
	memcpy(outputs.out_data, &top.out_data, sizeof(outputs.out_data));
	outputs.done_valid = top.done_valid;
	outputs.done_status = top.done_status;
	outputs.done_cycles = top.done_cycles;
	outputs.busy = top.busy;
}

bool asks(const rsa_engine_inputs &inputs)
{
	return inputs.rst || inputs.command_valid || inputs.zeroise;
}

} // namespace

extern "C" struct rsa_engine_model *rsa_engine_model_open(void)
{
	rsa_engine_model *model = new (std::nothrow) rsa_engine_model;
	rsa_engine_inputs inputs = {};
	rsa_engine_outputs outputs;

	if (!model)
		return nullptr;
	inputs.rst = true;
	rsa_engine_model_clock(model, &inputs);
	inputs.rst = false;
	do {
		rsa_engine_model_clock(model, &inputs);
		rsa_engine_model_look(model, &inputs, &outputs);
	} while (outputs.busy);
	return model;
}

extern "C" void rsa_engine_model_close(struct rsa_engine_model *model)
{
	if (model)
		model->top.final();
	delete model;
}

extern "C" void rsa_engine_model_look(struct rsa_engine_model *model, const struct rsa_engine_inputs *inputs,
				      struct rsa_engine_outputs *outputs)
{
	bool quiet = !asks(*inputs);

	if (model->asleep && quiet) {
		*outputs = model->idle;
		return;
	}
	put(model->top, *inputs);
	model->top.eval();
	get(model->top, *outputs);
	model->asleep = quiet && !outputs->busy;
	if (model->asleep)
		model->idle = *outputs;
}

extern "C" void rsa_engine_model_clock(struct rsa_engine_model *model, const struct rsa_engine_inputs *inputs)
{
	if (model->asleep && !asks(*inputs))
		return;
	model->asleep = false;
	put(model->top, *inputs);
	model->top.clk = 0;
	model->top.eval();
	model->top.clk = 1;
	model->top.eval();
	model->evaluated++;
}

extern "C" uint64_t rsa_engine_model_evaluated(const struct rsa_engine_model *model)
{
	return model->evaluated;
}
