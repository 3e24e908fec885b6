/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis-bench: speed of Glacis beside the software it replaces, interleaved in one run. To add a subcommand, write
 * its `struct subcommand` and put it into the table.
 */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"

static const struct subcommand *const list[] = {
	&bench_aead_command, &bench_rsa_command, &bench_x25519_command, &bench_tls_command, &bench_batch_wait_command,
	&bench_provider_command, &bench_card_command,
};

/* Where Debian keeps servers is not in the PATH of a plain user. */
static void find_servers(void)
{
	const char *before = getenv("PATH");
	char path[4096];
	int size = snprintf(path, sizeof(path), "%s:/usr/local/sbin:/usr/sbin:/sbin",
			    before && *before ? before : "/usr/local/bin:/usr/bin:/bin");

	if (size < (int)sizeof(path))
		setenv("PATH", path, 1);
}

int main(int argc, char **argv)
{
	static const struct subcommands commands = {
		.program = "glacis-bench",
		.purpose = "Measures Glacis beside the software it replaces, interleaved in one run.\v",
		.more = "The manual is glacis-bench(1).",
		.list = list,
		.count = sizeof(list) / sizeof(list[0]),
	};

	find_servers();
	return subcommands_main(&commands, argc, argv);
}
