/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench card`: finds and becomes glacis-bench-card, a program of its own, so that DPDK's libraries are loaded
 * only when a card is measured.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"

#define PROGRAM "glacis-bench-card"

static int card_main(int argc, char **argv)
{
	char path[PATH_MAX + sizeof(PROGRAM)];
	ssize_t size = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	(void)argc;
	path[size > 0 ? size : 0] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash == NULL ? path : slash + 1, PROGRAM, sizeof(PROGRAM));
	execv(path, argv);
	fprintf(stderr, "%s: %s is not there: it is built where DPDK is; run scripts/setup driver and build again\n",
		argv[0], path);
	return EX_UNAVAILABLE;
}

const struct subcommand bench_card_command = {
	.name = "card",
	.summary = "what a card costs the host: crypto_glacis, DPDK's crypto_aesni_gcm",
	.run = card_main,
};
