/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of glacis. Each lives in a file of its name and returns 0, 1 (it could not be done, or a check
 * failed) or 64 (usage).
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "subcommands.h"

extern const struct subcommand cli_devices_command;
extern const struct subcommand cli_doctor_command;
extern const struct subcommand cli_flash_command;
extern const struct subcommand cli_selftest_command;

#endif
