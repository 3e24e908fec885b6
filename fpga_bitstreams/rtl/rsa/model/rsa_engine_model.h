/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis_rsa_engine, verilated, as a C program holds it beside the card's model: ports in two structs, and a clock. While
 * the engine is idle and nothing is asked of it, nothing is evaluated: a clock is then a comparison.
 *
 * A cycle of the card: rsa_engine_model_look() with the inputs as they are now; the card's model sees the outputs; then
 * rsa_engine_model_clock() with the inputs that the card's model shows last before its own rising edge.
 *
 * The ports are described at the head of glacis_rsa_engine.sv. An engine is used by one thread at a time.
 */
#ifndef RSA_ENGINE_MODEL_H
#define RSA_ENGINE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RSA_ENGINE_STREAM_BYTES 32u /* the model's STREAM_BYTES */
#define RSA_ENGINE_SLOTS	256u /* and SLOTS */

struct rsa_engine_inputs {
	bool rst, command_valid, in_valid, in_error, out_ready, done_ready, cancel, zeroise;
	uint8_t command_opcode, command_kind;
	uint16_t command_slot;
	uint32_t command_modulus_size, command_exponent_size;
	uint8_t in_data[RSA_ENGINE_STREAM_BYTES];
};

struct rsa_engine_outputs {
	bool command_ready, fetch_valid, in_ready, out_valid, out_last, done_valid, busy;
	uint16_t fetch_size;
	uint8_t done_status;
	uint32_t done_cycles;
	uint8_t out_data[RSA_ENGINE_STREAM_BYTES];
};

struct rsa_engine_model;

/* An engine after reset, all slots empty, or NULL without memory. */
struct rsa_engine_model *rsa_engine_model_open(void);
void rsa_engine_model_close(struct rsa_engine_model *model);

/* The outputs in this cycle. */
void rsa_engine_model_look(struct rsa_engine_model *model, const struct rsa_engine_inputs *inputs,
			   struct rsa_engine_outputs *outputs);

/* A rising edge. */
void rsa_engine_model_clock(struct rsa_engine_model *model, const struct rsa_engine_inputs *inputs);

/* Edges that were evaluated, of those that were asked for. */
uint64_t rsa_engine_model_evaluated(const struct rsa_engine_model *model);

#ifdef __cplusplus
}
#endif

#endif
