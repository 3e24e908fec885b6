/* SPDX-License-Identifier: Apache-2.0 */
/* Start and end of the emulated card; see tls_card.h. */
#include "tls_card.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 5000
#define STOP_MS  1000
#define USER     "nobody" /* glacisd's default */

static void pause_ms(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* glacisd must reach the socket, also again later, when it is nobody any more. */
static int folder_make(struct tls_card *card)
{
	const char *parent = getenv("TMPDIR");
	const struct passwd *user = geteuid() == 0 ? getpwnam(USER) : NULL;

	snprintf(card->folder, sizeof(card->folder), "%.30s/glacis-bench-card-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(card->folder) || (user && chown(card->folder, user->pw_uid, user->pw_gid))) {
		int error = errno;

		fprintf(stderr, "glacis-bench: no folder %s for the card: %s\n", card->folder, strerror(error));
		return -error;
	}
	snprintf(card->socket, sizeof(card->socket), "%s/card", card->folder);
	return 0;
}

__attribute__((noreturn)) static void become_card(const char *program, const char *path, pid_t parent)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(USER) : NULL;
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (user && (setgroups(0, NULL) || setgid(user->pw_gid) || setuid(user->pw_uid)))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || nothing < 0)
		_exit(126);
	setpgid(0, 0);
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	execl(program, program, "--socket", path, "--threads", "1", (char *)NULL);
	_exit(127);
}

int tls_card_start(const char *program, struct tls_card *card)
{
	pid_t parent = getpid();
	struct stat info;
	int status;

	*card = (struct tls_card){ 0 };
	status = folder_make(card);
	if (status)
		return status;
	card->pid = fork();
	if (card->pid == 0)
		become_card(program, card->socket, parent);
	if (card->pid < 0)
		status = -errno;
	for (int waited = 0; !status && stat(card->socket, &info); waited++) {
		if (waited == START_MS || waitpid(card->pid, NULL, WNOHANG) == card->pid)
			status = -ECHILD;
		else
			pause_ms();
	}
	if (!status)
		status = -clock_getcpuclockid(card->pid, &card->clock);
	if (status) {
		fprintf(stderr, "glacis-bench: %s does not start: %s; build it (it is part of a build with all else)\n",
			program, strerror(-status));
		tls_card_stop(card);
	}
	return status;
}

void tls_card_stop(struct tls_card *card)
{
	char path[96];

	if (card->pid > 0) {
		kill(card->pid, SIGTERM);
		for (int waited = 0; waitpid(card->pid, NULL, WNOHANG) == 0; waited++) {
			if (waited > STOP_MS)
				kill(card->pid, SIGKILL);
			pause_ms();
		}
	}
	card->pid = 0;
	if (!card->folder[0])
		return;
	unlink(card->socket);
	snprintf(path, sizeof(path), "%s.ctl", card->socket);
	unlink(path);
	rmdir(card->folder);
	card->folder[0] = '\0';
}

double tls_card_cpu_seconds(const struct tls_card *card)
{
	struct timespec used;

	if (card->pid <= 0 || clock_gettime(card->clock, &used))
		return -1.0;
	return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}
