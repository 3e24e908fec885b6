/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filter: a list of what the service does after start-up; any other call kills the
 * process and the kernel's audit log names the call. Entered once by main, after the sockets listen
 * and the keys are read, for all threads at once. Not on the list, on purpose: execve, fork, ptrace,
 * bind, files opened for writing, memory that is both new and executable.
 *
 * Known limit: requests inside an io_uring do not pass seccomp. They can open sockets and files as
 * the plain user, but start no program and change no identity.
 *
 * GLACISD_SANDBOX=log in the environment makes the kernel log a forbidden call instead of killing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "privileges.h"

/* The sanitizers' own threads, files and symbolizer are not on the list: such builds run without. */
#if defined(__has_feature)
#define HAS_SANITIZER                                                                                                  \
	(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

static const bool has_sanitizer = HAS_SANITIZER;

/* Allowed with any argument. */
static const int allowed_calls[] = {
	/* the data path */
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), /* into the configuration space of a card that comes back */
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendfile),
	SCMP_SYS(lseek),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(connect),
	SCMP_SYS(shutdown),
	SCMP_SYS(close),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(fcntl),
	SCMP_SYS(pipe2),
	SCMP_SYS(eventfd2),
	/* waiting */
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(futex),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	/* memory; mmap and mprotect follow below */
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(mlock),
	SCMP_SYS(mlock2),
	SCMP_SYS(munlock),
	SCMP_SYS(membarrier),
	/* threads and signals; clone follows below */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(tgkill),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(rt_sigpending),
	SCMP_SYS(signalfd4),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(getcpu),
	/* questions */
	SCMP_SYS(getrandom),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit),
};

/* Allowed when one argument, seen through a mask, has a value. Several entries of a call: any of them. */
struct argument_rule {
	int call;
	unsigned argument;
	scmp_datum_t mask, value;
};

#define WHOLE UINT64_MAX
/* The kernel reads such an argument as 32 bits; the upper ones may hold anything. */
#define INT32 UINT32_MAX

static const struct argument_rule argument_rules[] = {
	{ SCMP_SYS(socket), 0, INT32, AF_INET },
	{ SCMP_SYS(socket), 0, INT32, AF_INET6 },
	{ SCMP_SYS(socket), 0, INT32, AF_UNIX },
	{ SCMP_SYS(socketpair), 0, INT32, AF_UNIX },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	/* O_TMPFILE needs write access too, so the access mode covers it. */
	{ SCMP_SYS(openat), 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
	{ SCMP_SYS(open), 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY },
	{ SCMP_SYS(clone), 0, CLONE_VM | CLONE_THREAD | CLONE_VFORK, CLONE_VM | CLONE_THREAD },
	{ SCMP_SYS(prlimit64), 2, WHOLE, 0 },
	{ SCMP_SYS(prctl), 0, INT32, PR_SET_NAME },
	{ SCMP_SYS(prctl), 0, INT32, PR_GET_NAME },
	{ SCMP_SYS(ioctl), 1, INT32, FIONREAD },
	{ SCMP_SYS(ioctl), 1, INT32, FIONBIO },
	{ SCMP_SYS(ioctl), 1, INT32, TCGETS },
};

static int add_rules(scmp_filter_ctx filter)
{
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(allowed_calls) / sizeof(allowed_calls[0]); i++)
		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	for (size_t i = 0; !error && i < sizeof(argument_rules) / sizeof(argument_rules[0]); i++) {
		const struct argument_rule *rule = &argument_rules[i];

		error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, rule->call, 1,
					 SCMP_CMP(rule->argument, SCMP_CMP_MASKED_EQ, rule->mask, rule->value));
	}
	/* clone3 hides its flags in memory, where a filter cannot look: the C library then takes clone. */
	if (!error)
		error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return error;
}

static bool kernel_has_action(uint32_t action)
{
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int install(uint32_t action)
{
	scmp_filter_ctx filter = seccomp_init(action);
	int error;

	if (!filter)
		return -ENOMEM;
	error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, action);
	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	/* A tree instead of a list: a call costs the same wherever it stands above. */
	if (!error)
		error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!error)
		error = add_rules(filter);
	if (!error)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int glacisd_sandbox_enter(void)
{
	const char *mode = getenv("GLACISD_SANDBOX");
	bool only_log = mode && strcmp(mode, "log") == 0;
	int error;

	if (has_sanitizer) {
		glacisd_log(GLACISD_LOG_WARNING, "built with a sanitizer: running without the seccomp filter");
		return 0;
	}
	if (!kernel_has_action(SECCOMP_RET_KILL_PROCESS)) {
		glacisd_log(GLACISD_LOG_WARNING, "this kernel has no seccomp filter (Linux 4.14 or newer with "
						 "CONFIG_SECCOMP_FILTER is needed): running without");
		return -ENOSYS;
	}
	if (only_log)
		glacisd_log(GLACISD_LOG_WARNING, "GLACISD_SANDBOX=log: forbidden system calls are logged, not stopped");
	error = install(only_log ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS);
	if (error)
		glacisd_log(GLACISD_LOG_ERROR,
			    "the seccomp filter cannot be installed: %s; --no-sandbox runs without it",
			    strerror(-error));
	return error;
}
