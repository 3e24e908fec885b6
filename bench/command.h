/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of glacis-bench. Each lives in files that start with its name and returns 0, 1 (a measurement failed
 * or a target was missed) or 64 (usage).
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include "subcommands.h"

extern const struct subcommand bench_aead_command;
extern const struct subcommand bench_batch_wait_command;
extern const struct subcommand bench_card_command;
extern const struct subcommand bench_provider_command;
extern const struct subcommand bench_rsa_command;
extern const struct subcommand bench_tls_command;
extern const struct subcommand bench_x25519_command;

#endif
