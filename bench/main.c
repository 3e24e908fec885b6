/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis-bench: speed of Glacis beside the software it replaces, interleaved in one run. To add a subcommand, write
 * its `struct subcommand` and put it into the table.
 */
#include "command.h"

static const struct subcommand *const list[] = {
	&bench_aead_command, &bench_rsa_command, &bench_x25519_command, &bench_tls_command, &bench_batch_wait_command,
	&bench_provider_command, &bench_card_command,
};

int main(int argc, char **argv)
{
	static const struct subcommands commands = {
		.program = "glacis-bench",
		.purpose = "Measures Glacis beside the software it replaces, interleaved in one run.\v",
		.more = "The manual is glacis-bench(1).",
		.list = list,
		.count = sizeof(list) / sizeof(list[0]),
	};

	return subcommands_main(&commands, argc, argv);
}
