/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis: the operator's command. To add a subcommand, write its `struct subcommand` and put it into the table.
 */
#include "command.h"

static const struct subcommand *const list[] = {
	&cli_devices_command,
	&cli_doctor_command,
	&cli_flash_command,
	&cli_selftest_command,
};

int main(int argc, char **argv)
{
	static const struct subcommands commands = {
		.program = "glacis",
		.purpose = "Shows and checks what Glacis can use on this machine.\v",
		.more = "The manual is glacis(1).",
		.list = list,
		.count = sizeof(list) / sizeof(list[0]),
	};

	return subcommands_main(&commands, argc, argv);
}
