/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up root, and the seccomp filter: each in a forked child, because there is no way back. A
 * call that must be stopped is shown to kill the child with SIGSYS, and a call the service needs is
 * shown to pass.
 */
#include <cap-ng.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "privileges.h"

#if defined(__has_feature)
#define HAS_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

static const bool has_sanitizer = HAS_SANITIZER;
static struct capture capture;

#define REQUIRE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "line %d: %s: errno %d\n", __LINE__, #condition, errno);                       \
			return 1;                                                                                      \
		}                                                                                                      \
	} while (0)

static void passes(int (*body)(void *))
{
	capture_child(body, NULL, &capture);
	cr_assert(WIFEXITED(capture.status) && WEXITSTATUS(capture.status) == 0, "status %x: %s", capture.status,
		  capture.text);
}

static int drop_to_nobody(void *context)
{
	REQUIRE(glacisd_privileges_drop("nobody") == 0);
	REQUIRE(getuid() == 65534 && geteuid() == 65534);
	REQUIRE(getgid() != 0 && getegid() != 0);
	for (int i = 0, groups = getgroups(0, NULL); i < groups; i++) {
		gid_t list[64];

		REQUIRE(groups <= 64 && getgroups(64, list) == groups);
		REQUIRE(list[i] != 0);
	}
	REQUIRE(setuid(0) == -1 && setreuid(0, 0) == -1 && setgid(0) == -1);
	capng_clear(CAPNG_SELECT_ALL);
	REQUIRE(capng_get_caps_process() == 0);
	REQUIRE(capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE);
	REQUIRE(capng_have_capabilities(CAPNG_SELECT_BOUNDS) == CAPNG_NONE);
	REQUIRE(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	REQUIRE(open("/etc/shadow", O_RDONLY) == -1 && errno == EACCES);
	return 0;
}

Test(privileges, become_nobody_for_good)
{
	if (geteuid() != 0)
		cr_skip_test("needs root: there is nothing to drop");
	passes(drop_to_nobody);
}

static int drop_by_default(void *context)
{
	REQUIRE(glacisd_privileges_drop(NULL) == 0);
	REQUIRE(getuid() == 65534);
	return 0;
}

Test(privileges, go_to_nobody_without_a_name)
{
	if (geteuid() != 0)
		cr_skip_test("needs root: there is nothing to drop");
	passes(drop_by_default);
}

static int drop_to_unknown(void *context)
{
	REQUIRE(glacisd_privileges_drop("no-such-user") == -ENOENT);
	REQUIRE(getuid() == 0);
	return 0;
}

Test(privileges, refuse_an_unknown_user)
{
	if (geteuid() != 0)
		cr_skip_test("needs root: a plain user is not changed");
	passes(drop_to_unknown);
	cr_assert(strstr(capture.text, "there is no user \"no-such-user\"; name another with --user"), "%s",
		  capture.text);
}

static int drop_as_plain_user(void *context)
{
	if (geteuid() == 0)
		REQUIRE(setgid(65534) == 0 && setuid(65534) == 0);
	REQUIRE(glacisd_privileges_drop("no-such-user") == 0);
	REQUIRE(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

Test(privileges, of_a_plain_user_only_shrink)
{
	passes(drop_as_plain_user);
}

static int become_undumpable(void *context)
{
	struct rlimit limit;

	REQUIRE(glacisd_undumpable() == 0);
	REQUIRE(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	REQUIRE(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	return 0;
}

Test(privileges, turn_core_dumps_off)
{
	passes(become_undumpable);
}

static int raise_limits(void *context)
{
	struct rlimit limit = { .rlim_cur = 64 };
	rlim_t hard;

	REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	hard = limit.rlim_max;
	limit.rlim_cur = 64;
	REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	glacisd_limits_raise();
	REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	REQUIRE(limit.rlim_cur >= hard && limit.rlim_max >= hard);
	REQUIRE(getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == limit.rlim_max);
	return 0;
}

Test(limits, reach_the_hard_limit)
{
	passes(raise_limits);
}

static void *wait_and_answer(void *context)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_NAME, "answer");
	return page != MAP_FAILED && munmap(page, 4096) == 0 ? context : NULL;
}

static int do_what_the_service_does(void *context)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct timespec pause = { .tv_nsec = 1000 };
	struct pollfd poll_in = { .events = POLLIN };
	char bytes[16], *heap;
	pthread_t thread;
	void *answer;
	int fd, pair[2];

	REQUIRE(glacisd_sandbox_enter() == 0);
	REQUIRE(pthread_create(&thread, NULL, wait_and_answer, &pause) == 0);
	REQUIRE(pthread_join(thread, &answer) == 0 && answer == &pause);
	REQUIRE((heap = malloc(10000000)) != NULL);
	heap[9999999] = 1;
	REQUIRE((heap = realloc(heap, 20000000)) != NULL);
	free(heap);
	for (int family = 0; family < 3; family++) {
		fd = socket((int[]){ AF_INET, AF_INET6, AF_UNIX }[family], SOCK_STREAM | SOCK_CLOEXEC, 0);
		REQUIRE(fd >= 0 || errno == EAFNOSUPPORT);
		close(fd);
	}
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	REQUIRE(send(pair[0], "hello", 5, 0) == 5 && recv(pair[1], bytes, sizeof(bytes), 0) == 5);
	REQUIRE(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	poll_in.fd = pair[1];
	REQUIRE(poll(&poll_in, 1, 0) == 0);
	REQUIRE((fd = epoll_create1(EPOLL_CLOEXEC)) >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, pair[1], &event) == 0);
	REQUIRE(epoll_wait(fd, &event, 1, 0) == 0);
	REQUIRE(eventfd(0, EFD_CLOEXEC) >= 0);
	REQUIRE(nanosleep(&pause, NULL) == 0);
	REQUIRE(getentropy(bytes, sizeof(bytes)) == 0);
	REQUIRE((fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC)) >= 0 && read(fd, bytes, sizeof(bytes)) > 0);
	/* Refused by the kernel for what it is told, but not by the filter. */
	REQUIRE(syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0) == -1 && errno == EBADF);
	return 0;
}

Test(sandbox, lets_the_service_work)
{
	passes(do_what_the_service_does);
}

/* The calls that must be stopped, by number, each after entering the sandbox. */
static void call_execve(void)
{
	char *const none[] = { NULL };

	execve("/bin/true", none, none);
}

static void call_fork(void)
{
	if (fork() == 0)
		_exit(0);
}

static void call_netlink(void)
{
	(void)!socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static void call_write_open(void)
{
	(void)!open("/tmp/glacisd-test-must-not-exist", O_WRONLY);
}

static void call_create(void)
{
	(void)!open("/tmp/glacisd-test-must-not-exist", O_RDONLY | O_CREAT, 0600);
}

static void call_executable_map(void)
{
	(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void call_executable_protect(void)
{
	static char page[8192];

	(void)!mprotect((void *)(((uintptr_t)page + 4095) & ~4095ul), 4096, PROT_READ | PROT_EXEC);
}

static void call_ptrace(void)
{
	syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void call_bind(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	bind(0, (struct sockaddr *)&address, sizeof(address));
}

static void call_kill(void)
{
	kill(getppid(), 0);
}

static void call_raise_limit(void)
{
	struct rlimit limit = { 10, 10 };

	setrlimit(RLIMIT_NOFILE, &limit);
}

static void call_dumpable(void)
{
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void call_setuid(void)
{
	syscall(SYS_setuid, 0);
}

static void call_x32(void)
{
	syscall(0x40000000 | SYS_getpid);
}

static const struct {
	const char *name;
	void (*call)(void);
} forbidden[] = {
	{ "execve", call_execve },
	{ "fork", call_fork },
	{ "socket(AF_NETLINK)", call_netlink },
	{ "open for writing", call_write_open },
	{ "open with O_CREAT", call_create },
	{ "mmap(PROT_EXEC)", call_executable_map },
	{ "mprotect(PROT_EXEC)", call_executable_protect },
	{ "ptrace", call_ptrace },
	{ "bind", call_bind },
	{ "kill", call_kill },
	{ "setrlimit", call_raise_limit },
	{ "prctl(PR_SET_DUMPABLE)", call_dumpable },
	{ "setuid", call_setuid },
	{ "a call of the x32 ABI", call_x32 },
};

static int call_forbidden(void *context)
{
	const size_t *index = context;

	REQUIRE(glacisd_sandbox_enter() == 0);
	forbidden[*index].call();
	return 42;
}

Test(sandbox, kills_what_does_anything_else)
{
	if (has_sanitizer)
		cr_skip_test("a sanitizer build runs without the filter");
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		capture_child(call_forbidden, &i, &capture);
		cr_assert(WIFSIGNALED(capture.status) && WTERMSIG(capture.status) == SIGSYS, "%s: status %x: %s",
			  forbidden[i].name, capture.status, capture.text);
	}
}

static pthread_barrier_t entered;

static void *wait_then_execve(void *context)
{
	pthread_barrier_wait(&entered);
	call_execve();
	return NULL;
}

static int enter_with_a_thread(void *context)
{
	pthread_t thread;

	pthread_barrier_init(&entered, NULL, 2);
	REQUIRE(pthread_create(&thread, NULL, wait_then_execve, NULL) == 0);
	REQUIRE(glacisd_sandbox_enter() == 0);
	pthread_barrier_wait(&entered);
	pthread_join(thread, NULL);
	return 42;
}

Test(sandbox, holds_for_threads_that_ran_before)
{
	if (has_sanitizer)
		cr_skip_test("a sanitizer build runs without the filter");
	capture_child(enter_with_a_thread, NULL, &capture);
	cr_assert(WIFSIGNALED(capture.status) && WTERMSIG(capture.status) == SIGSYS, "status %x: %s", capture.status,
		  capture.text);
}

static int enter_logging_only(void *context)
{
	setenv("GLACISD_SANDBOX", "log", 1);
	REQUIRE(glacisd_sandbox_enter() == 0);
	call_kill();
	return 0;
}

Test(sandbox, can_be_told_to_log_only)
{
	passes(enter_logging_only);
	cr_assert(has_sanitizer || strstr(capture.text, "logged, not stopped"), "%s", capture.text);
}

static int enter_as_nobody(void *context)
{
	REQUIRE(glacisd_privileges_drop("nobody") == 0);
	REQUIRE(glacisd_undumpable() == 0);
	REQUIRE(glacisd_sandbox_enter() == 0);
	return has_sanitizer || prctl(PR_GET_NAME, (char[16]){ 0 }) == 0 ? 0 : 1;
}

Test(sandbox, can_be_entered_after_the_drop)
{
	passes(enter_as_nobody);
}
