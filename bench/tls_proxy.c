/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start, accounting and end of the proxies, see tls_proxy.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"
#include "tls_network.h"
#include "tls_proxy.h"

#define START_SECONDS 5.0
#define STOP_SECONDS  1.0
#define LOG_TAIL      2048

const char *tls_proxy_name(enum tls_proxy_kind kind)
{
	static const char *const names[TLS_PROXY_COUNT] = { "glacisd", "haproxy", "haproxy-tcp", "glacisd-card",
							    "glacisd-unchecked" };

	return names[kind];
}

static void log_path(const struct tls_proxy *proxy, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s.log", proxy->setup->folder, tls_proxy_name(proxy->kind));
}

void tls_proxy_print_log(const struct tls_proxy *proxy)
{
	char path[PATH_MAX], text[LOG_TAIL + 1];
	FILE *file;
	size_t size;

	log_path(proxy, path);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fseek(file, -LOG_TAIL, SEEK_END))
		rewind(file);
	size = fread(text, 1, LOG_TAIL, file);
	fclose(file);
	text[size] = '\0';
	if (size > 0)
		fprintf(stderr, "--- last output of %s ---\n%s---\n", tls_proxy_name(proxy->kind), text);
}

/* What an operator would write, with limits that no measurement reaches. */
static int write_haproxy_config(const struct tls_proxy *proxy, char path[PATH_MAX])
{
	FILE *file;

	snprintf(path, PATH_MAX, "%s/%s.cfg", proxy->setup->folder, tls_proxy_name(proxy->kind));
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fprintf(file,
		"global\n"
		"    nbthread 1\n"
		"    maxconn 8000\n"
		"    ssl-default-bind-options ssl-min-ver TLSv1.2\n"
		"defaults\n"
		"    mode %s\n"
		"    timeout connect 5s\n"
		"    timeout client 300s\n"
		"    timeout server 300s\n"
		"frontend tls\n"
		"    bind 127.0.0.1:%u ssl crt %s/combined.pem\n"
		"    default_backend origin\n"
		"backend origin\n"
		"    server origin 127.0.0.1:%u\n",
		proxy->kind == TLS_PROXY_HAPROXY_TCP ? "tcp" : "http", proxy->port, proxy->setup->folder,
		proxy->setup->origin_port);
	return fclose(file) ? -errno : 0;
}

static int is_haproxy(enum tls_proxy_kind kind)
{
	return kind == TLS_PROXY_HAPROXY || kind == TLS_PROXY_HAPROXY_TCP;
}

__attribute__((noreturn)) static void exec_proxy(const struct tls_proxy *proxy, const char *config)
{
	const char *folder = proxy->setup->folder;
	char listen[32], backend[32], cert[PATH_MAX], key[PATH_MAX], card[128];

	snprintf(listen, sizeof(listen), "127.0.0.1:%u", proxy->port);
	snprintf(backend, sizeof(backend), "127.0.0.1:%u", proxy->setup->origin_port);
	snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
	snprintf(card, sizeof(card), "vfio-user:%s", proxy->card.socket);
	if (proxy->kind == TLS_PROXY_GLACISD)
		execl(proxy->setup->glacisd, "glacisd", "--listen", listen, "--backend", backend, "--cert", cert,
		      "--key", key, "--workers", "1", (char *)NULL);
	else if (tls_proxy_has_card(proxy->kind))
		execl(proxy->setup->glacisd, "glacisd", "--listen", listen, "--backend", backend, "--cert", cert,
		      "--key", key, "--workers", "1", "--card", card, "--card-policy", "card", "--card-verify",
		      proxy->kind == TLS_PROXY_GLACISD_CARD ? "all" : "none", (char *)NULL);
	else
		execlp("haproxy", "haproxy", "-db", "-f", config, (char *)NULL);
	fprintf(stderr, "%s: %s\n", is_haproxy(proxy->kind) ? "haproxy" : proxy->setup->glacisd, strerror(errno));
	_exit(127);
}

__attribute__((noreturn)) static void become_proxy(const struct tls_proxy *proxy, const char *config, pid_t parent)
{
	char path[PATH_MAX];
	cpu_set_t cores;
	int log, nothing;

	/* A net for a parent that is killed; a proxy that changes its user loses it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	setpgid(0, 0); /* Ctrl-C is for the parent, which stops us in order */
	CPU_ZERO(&cores);
	CPU_SET(proxy->setup->core, &cores);
	log_path(proxy, path);
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (log < 0 || nothing < 0 || sched_setaffinity(0, sizeof(cores), &cores))
		_exit(126);
	dup2(nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	exec_proxy(proxy, config);
}

/* True when a TCP connection to the proxy comes about. */
static int accepts(const struct tls_proxy *proxy)
{
	struct pollfd poll_for = { .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);
	int handle = tls_network_connect(proxy->port);

	if (handle < 0)
		return 0;
	poll_for.fd = handle;
	if (poll(&poll_for, 1, 100) != 1 || getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &size))
		error = ETIMEDOUT;
	close(handle);
	return error == 0;
}

static int wait_until_ready(struct tls_proxy *proxy)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	for (double waited = 0.0; waited < START_SECONDS; waited += 0.005) {
		if (accepts(proxy))
			return 0;
		if (waitpid(proxy->pid, NULL, WNOHANG) == proxy->pid) {
			proxy->pid = 0;
			fprintf(stderr, "glacis-bench: %s ended at its start\n", tls_proxy_name(proxy->kind));
			return -ECHILD;
		}
		if (nanosleep(&pause, NULL))
			return -EINTR;
	}
	fprintf(stderr, "glacis-bench: %s does not accept connections on 127.0.0.1:%u after %.0f seconds\n",
		tls_proxy_name(proxy->kind), proxy->port, START_SECONDS);
	return -ETIMEDOUT;
}

int tls_proxy_start(const struct tls_proxy_setup *setup, enum tls_proxy_kind kind, struct tls_proxy *proxy)
{
	char config[PATH_MAX] = "";
	pid_t parent = getpid();
	int status;

	*proxy = (struct tls_proxy){ .kind = kind, .setup = setup };
	status = tls_network_free_port(&proxy->port);
	if (!status && is_haproxy(kind))
		status = write_haproxy_config(proxy, config);
	if (status) {
		fprintf(stderr, "glacis-bench: no port or no configuration for %s: %s\n", tls_proxy_name(kind),
			strerror(-status));
		return status;
	}
	if (tls_proxy_has_card(kind) && (status = tls_card_start(setup->vcard, &proxy->card)))
		return status;
	proxy->pid = fork();
	if (proxy->pid == 0)
		become_proxy(proxy, config, parent);
	if (proxy->pid < 0) {
		status = -errno;
		tls_proxy_stop(proxy);
		fprintf(stderr, "glacis-bench: cannot start %s: %s\n", tls_proxy_name(kind), strerror(-status));
		return status;
	}
	status = wait_until_ready(proxy);
	if (!status)
		status = -clock_getcpuclockid(proxy->pid, &proxy->clock);
	if (status && status != -EINTR)
		tls_proxy_print_log(proxy);
	if (status)
		tls_proxy_stop(proxy);
	return status;
}

void tls_proxy_stop(struct tls_proxy *proxy)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	double waited = 0.0;

	if (proxy->pid > 0)
		kill(proxy->pid, SIGTERM);
	while (proxy->pid > 0 && waitpid(proxy->pid, NULL, WNOHANG) == 0) {
		if (waited > STOP_SECONDS)
			kill(proxy->pid, SIGKILL);
		nanosleep(&pause, NULL);
		waited += 0.005;
	}
	proxy->pid = 0;
	tls_card_stop(&proxy->card);
}

double tls_proxy_cpu_seconds(const struct tls_proxy *proxy)
{
	struct timespec used;

	if (proxy->pid <= 0 || clock_gettime(proxy->clock, &used))
		return -1.0;
	return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

double tls_proxy_waited_seconds(const struct tls_proxy *proxy)
{
	char path[PATH_MAX], line[128];
	unsigned long long waited, sum = 0;
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", proxy->pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", proxy->pid, entry->d_name);
		bench_machine_read(path, line, sizeof(line));
		if (sscanf(line, "%*u %llu", &waited) == 1)
			sum += waited;
	}
	if (tasks)
		closedir(tasks);
	return (double)sum * 1e-9;
}

long tls_proxy_pss_bytes(const struct tls_proxy *proxy)
{
	char path[64], line[256];
	long kibibytes = -ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", proxy->pid);
	file = fopen(path, "re");
	if (!file) {
		int error = errno;

		fprintf(stderr, "glacis-bench: cannot read %s: %s; run as root to measure memory\n", path,
			strerror(error));
		return -error;
	}
	while (kibibytes < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pss: %ld kB", &kibibytes) != 1)
			kibibytes = -ENOENT;
	fclose(file);
	return kibibytes < 0 ? kibibytes : kibibytes * 1024;
}
