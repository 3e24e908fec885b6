/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis-bench card`: finds and becomes glacis-bench-card, a program of its own, so that DPDK's libraries are loaded
 * only when a card is measured; with --backend glacis-bench-card-rtl, which has the simulated logic inside.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"

#define PROGRAM     "glacis-bench-card"
#define PROGRAM_RTL "glacis-bench-card-rtl"

static int card_main(int argc, char **argv)
{
	char path[PATH_MAX + sizeof(PROGRAM_RTL)];
	ssize_t size = readlink("/proc/self/exe", path, PATH_MAX);
	bool rtl = false;
	char *slash;

	for (int i = 1; i < argc; i++)
		rtl |= strncmp(argv[i], "--backend", strlen("--backend")) == 0;
	path[size > 0 ? size : 0] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash == NULL ? path : slash + 1, rtl ? PROGRAM_RTL : PROGRAM);
	execv(path, argv);
	fprintf(stderr, "%s: %s is not there: it is built where %s is; run scripts/setup %s and build again\n", argv[0],
		path, rtl ? "Verilator" : "DPDK", rtl ? "rtl" : "driver");
	return EX_UNAVAILABLE;
}

const struct subcommand bench_card_command = {
	.name = "card",
	.summary = "what a card costs the host: crypto_glacis, DPDK's crypto_aesni_gcm",
	.run = card_main,
};
