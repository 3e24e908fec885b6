/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a program that starts others in QEMU's user-mode emulation: preloaded there, it puts QEMU before what is
 * executed. Criterion starts itself anew for each test, and the kernel, which QEMU leaves that to, would run it on the
 * real processor. EMULATED_PROCESSOR names the model.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EMULATOR      "/usr/bin/qemu-x86_64"
#define ARGUMENTS_MAX 64

int execve(const char *path, char *const argv[], char *const environment[])
{
	static char option[] = "-cpu", emulator[] = EMULATOR;
	char target[PATH_MAX];
	char *arguments[ARGUMENTS_MAX] = { emulator, option, getenv("EMULATED_PROCESSOR"), target };
	unsigned count = 4;

	/* /proc/self/exe is the program here, and QEMU once it has begun. */
	if (!realpath(path, target))
		return -1;
	for (unsigned i = 1; argv[0] && argv[i]; i++) {
		if (count == ARGUMENTS_MAX - 1) {
			errno = E2BIG;
			return -1;
		}
		arguments[count++] = argv[i];
	}
	return (int)syscall(SYS_execve, EMULATOR, arguments, environment);
}
