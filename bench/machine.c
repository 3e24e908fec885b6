/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the machine's description from /proc, /sys and the libraries themselves. Whatever is
 * not there (a virtual machine has no cpufreq) is reported as "unknown", never left out, so that
 * rows of different machines have the same shape.
 */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include <glacis/version.h>

#include "commit.h"
#include "machine.h"

/* Processor flags that decide which code paths the peers take. */
static const char *const interesting_flags[] = {
	"aes", "pclmulqdq", "avx2", "avx512f", "avx512ifma", "vaes", "vpclmulqdq", "gfni", "hypervisor",
};

void bench_machine_read(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");

	if (!file || !fgets(line, size, file))
		snprintf(line, (size_t)size, "unknown");
	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = '\0';
}

/* Value of a "key : value" line of /proc/cpuinfo or /proc/meminfo. */
static void read_field(const char *path, const char *key, char *value, size_t size)
{
	char line[4096];
	FILE *file = fopen(path, "re");

	snprintf(value, size, "unknown");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, strlen(key)) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
		break;
	}
	fclose(file);
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *hit = strstr(text, word); hit; hit = strstr(hit + 1, word))
		if ((hit == text || hit[-1] == ' ') && (hit[length] == ' ' || hit[length] == '\0'))
			return true;
	return false;
}

static json_t *describe_flags(void)
{
	json_t *list = json_array();
	char *flags = malloc(8192);

	if (list && flags) {
		read_field("/proc/cpuinfo", "flags", flags, 8192);
		for (size_t i = 0; i < sizeof(interesting_flags) / sizeof(interesting_flags[0]); i++)
			if (has_word(flags, interesting_flags[i]))
				json_array_append_new(list, json_string(interesting_flags[i]));
	}
	free(flags);
	return list;
}

json_t *bench_machine_describe(void)
{
	struct utsname system;
	char model[256], memory[64], governor[64], congestion[64], load[128];

	uname(&system);
	read_field("/proc/cpuinfo", "model name", model, sizeof(model));
	read_field("/proc/meminfo", "MemTotal", memory, sizeof(memory));
	bench_machine_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof(governor));
	bench_machine_read("/proc/sys/net/ipv4/tcp_congestion_control", congestion, sizeof(congestion));
	bench_machine_read("/proc/loadavg", load, sizeof(load));
	return json_pack("{s:s, s:s, s:i, s:o, s:s, s:s, s:s, s:s}", "cpu", model, "architecture", system.machine,
			 "cores", (int)sysconf(_SC_NPROCESSORS_ONLN), "flags", describe_flags(), "memory", memory,
			 "governor", governor, "tcp_congestion_control", congestion, "load_at_start", load);
}

json_t *bench_machine_versions(void)
{
	struct utsname system;
	char compiler[128];

	uname(&system);
	snprintf(compiler, sizeof(compiler), "%s", __VERSION__);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "glacis", glacis_version(), "openssl",
			 OpenSSL_version(OPENSSL_VERSION_STRING), "ipsec-mb", imb_get_version_str(), "kernel",
			 system.release, "compiler", compiler);
}

const char *bench_machine_commit(void)
{
	return BENCH_COMMIT;
}

void bench_machine_program_version(const char *program, const char *argument, char *line, int size)
{
	char *const argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)argument, NULL };
	posix_spawn_file_actions_t actions;
	FILE *output = NULL;
	int pipes[2];
	pid_t child;
	int failed;

	snprintf(line, (size_t)size, "not installed");
	if (pipe2(pipes, O_CLOEXEC))
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	failed = posix_spawnp(&child, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	if (!failed)
		output = fdopen(pipes[0], "r");
	if (output && !fgets(line, size, output))
		snprintf(line, (size_t)size, "unknown");
	if (output)
		fclose(output);
	else
		close(pipes[0]);
	if (!failed)
		waitpid(child, NULL, 0);
	line[strcspn(line, "\n")] = '\0';
}

void bench_machine_pin_to_last_core(void)
{
	cpu_set_t cores;
	int last = -1;

	if (sched_getaffinity(0, sizeof(cores), &cores))
		return;
	for (int core = 0; core < CPU_SETSIZE; core++)
		if (CPU_ISSET(core, &cores))
			last = core;
	CPU_ZERO(&cores);
	CPU_SET(last, &cores);
	if (sched_setaffinity(0, sizeof(cores), &cores))
		fprintf(stderr, "glacis-bench: could not stay on core %d; figures will spread more\n", last);
}
