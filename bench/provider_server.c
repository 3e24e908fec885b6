/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers with and without glacis.so, see provider_server.h. The provider comes in by openssl.cnf alone.
 */
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

#include "provider_server.h"
#include "tls_network.h"

#define START_MS 5000
#define STOP_MS  2000
/* A server that took less than this within that time has nothing in hand: its timers and the crew's take less. */
#define SETTLE_MS     4
#define SETTLED_S     50e-6
#define SETTLE_MAX_MS 2000

const char *provider_server_name(enum provider_server_kind kind)
{
	static const char *const names[PROVIDER_SERVERS] = { "HAProxy", "nginx" };

	return names[kind];
}

int provider_credentials(const char *folder, unsigned bits)
{
	char command[3 * PATH_MAX];

	snprintf(command, sizeof(command),
		 "openssl req -x509 -newkey rsa:%u -nodes -sha256 -days 2 -subj /CN=localhost -addext "
		 "subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout '%s/key%u.pem' -out '%s/cert%u.pem' "
		 "2>'%s/openssl.log' && cat '%s/cert%u.pem' '%s/key%u.pem' >'%s/bits%u.pem'",
		 bits, folder, bits, folder, bits, folder, folder, bits, folder, bits, folder, bits);
	if (system(command) == 0)
		return 0;
	fprintf(stderr, "glacis-bench: openssl could not make a certificate with RSA-%u; see %s/openssl.log\n", bits,
		folder);
	return -EIO;
}

/* What an operator would write, with limits that no measurement reaches. */
static int write_config(const struct provider_setup *setup, const struct provider_server *server, unsigned bits,
			const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	if (server->kind == PROVIDER_HAPROXY)
		fprintf(file,
			"global\n    nbthread 1\n    maxconn 4000\n%s    ssl-default-bind-options ssl-min-ver TLSv1.2\n"
			"defaults\n    mode http\n    timeout connect 5s\n    timeout client 300s\n    timeout server "
			"300s\n"
			"frontend tls\n    bind 127.0.0.1:%u ssl crt %s/bits%u.pem\n    default_backend origin\n"
			"backend origin\n    server origin 127.0.0.1:%u\n",
			server->modules ? "    ssl-mode-async\n" : "", server->port, setup->folder, bits,
			setup->origin_port);
	else
		fprintf(file,
			"daemon off;\nmaster_process off;\nworker_processes 1;\npid %s/nginx%u.pid;\nerror_log stderr "
			"error;\n"
			"events { worker_connections 8000; }\nhttp {\n  access_log off;\n  keepalive_requests "
			"1000000;\n"
			"  client_body_temp_path %s/body;\n  proxy_temp_path %s/proxy;\n  fastcgi_temp_path "
			"%s/fastcgi;\n"
			"  uwsgi_temp_path %s/uwsgi;\n  scgi_temp_path %s/scgi;\n  proxy_buffering off;\n"
			"  ssl_protocols TLSv1.2 TLSv1.3;\n  ssl_session_tickets off;\n"
			"  upstream origin { server 127.0.0.1:%u; keepalive 64; }\n"
			"  server {\n    listen 127.0.0.1:%u ssl;\n    ssl_certificate %s/cert%u.pem;\n"
			"    ssl_certificate_key %s/key%u.pem;\n    location / { proxy_pass http://origin;\n"
			"      proxy_http_version 1.1; proxy_set_header Connection \"\"; }\n  }\n}\n",
			setup->folder, server->port, setup->folder, setup->folder, setup->folder, setup->folder,
			setup->folder, setup->origin_port, server->port, setup->folder, bits, setup->folder, bits);
	return fclose(file) ? -errno : 0;
}

static int write_openssl_config(const struct provider_setup *setup, char path[PATH_MAX])
{
	FILE *file;

	snprintf(path, PATH_MAX, "%s/openssl.cnf", setup->folder);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fprintf(file, "openssl_conf = start\n[start]\nproviders = all\nalg_section = algorithms\n[all]\n"
		      "glacis = glacis_section\ndefault = default_section\n[glacis_section]\nactivate = 1\n"
		      "[default_section]\nactivate = 1\n[algorithms]\ndefault_properties = ?provider=glacis\n");
	return fclose(file) ? -errno : 0;
}

__attribute__((noreturn)) static void become(const struct provider_setup *setup, const struct provider_server *server,
					     const char *config, const char *openssl, pid_t parent)
{
	char path[PATH_MAX];
	cpu_set_t cores;
	int log, nothing;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	setpgid(0, 0);
	CPU_ZERO(&cores);
	CPU_SET(setup->core, &cores);
	snprintf(path, sizeof(path), "%s/%s-%u.log", setup->folder, provider_server_name(server->kind), server->port);
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (log < 0 || nothing < 0 || sched_setaffinity(0, sizeof(cores), &cores))
		_exit(126);
	dup2(nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (server->modules) {
		setenv("OPENSSL_CONF", openssl, 1);
		setenv("OPENSSL_MODULES", server->modules, 1);
	}
	if (server->kind == PROVIDER_HAPROXY)
		execlp("haproxy", "haproxy", "-db", "-f", config, (char *)NULL);
	else
		execlp("nginx", "nginx", "-c", config, "-e", "stderr", (char *)NULL);
	fprintf(stderr, "%s: %s\n", provider_server_name(server->kind), strerror(errno));
	_exit(127);
}

static bool accepts(const struct provider_server *server)
{
	struct pollfd event = { .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);

	event.fd = tls_network_connect(server->port);
	if (event.fd < 0)
		return false;
	if (poll(&event, 1, 100) != 1 || getsockopt(event.fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = ETIMEDOUT;
	close(event.fd);
	return error == 0;
}

static int wait_until_ready(struct provider_server *server, const char *folder)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	for (unsigned ms = 0; ms < START_MS; ms += 5) {
		if (accepts(server))
			return -clock_getcpuclockid(server->pid, &server->clock);
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = 0;
			break;
		}
		if (nanosleep(&pause, NULL))
			return -EINTR;
	}
	fprintf(stderr, "glacis-bench: %s does not accept connections on 127.0.0.1:%u; see its log in %s\n",
		provider_server_name(server->kind), server->port, folder);
	return -ETIMEDOUT;
}

int provider_server_start(const struct provider_setup *setup, enum provider_server_kind kind, bool ours, unsigned bits,
			  struct provider_server *server)
{
	char config[PATH_MAX], openssl[PATH_MAX];
	pid_t parent = getpid();
	int status;

	*server = (struct provider_server){ .kind = kind, .modules = ours ? setup->modules : setup->against };
	status = tls_network_free_port(&server->port);
	snprintf(config, sizeof(config), "%s/%u.conf", setup->folder, server->port);
	if (!status)
		status = write_config(setup, server, bits, config);
	if (!status)
		status = write_openssl_config(setup, openssl);
	if (status) {
		fprintf(stderr, "glacis-bench: cannot prepare %s: %s\n", provider_server_name(kind), strerror(-status));
		return status;
	}
	server->pid = fork();
	if (server->pid == 0)
		become(setup, server, config, openssl, parent);
	if (server->pid < 0) {
		status = -errno;
		server->pid = 0;
		return status;
	}
	status = wait_until_ready(server, setup->folder);
	if (status)
		provider_server_stop(server);
	return status;
}

void provider_server_stop(struct provider_server *server)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	if (server->pid <= 0)
		return;
	kill(server->pid, SIGTERM);
	for (unsigned ms = 0; waitpid(server->pid, NULL, WNOHANG) == 0; ms += 5) {
		if (ms > STOP_MS)
			kill(server->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	server->pid = 0;
}

double provider_server_cpu(const struct provider_server *server)
{
	struct timespec used;

	if (server->pid <= 0 || clock_gettime(server->clock, &used))
		return -1.0;
	return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

double provider_server_settle(const struct provider_server *server)
{
	const struct timespec pause = { .tv_nsec = SETTLE_MS * 1000000 };
	double before, now = provider_server_cpu(server);

	for (unsigned ms = 0; ms < SETTLE_MAX_MS; ms += SETTLE_MS) {
		before = now;
		nanosleep(&pause, NULL);
		now = provider_server_cpu(server);
		if (now < 0 || now - before < SETTLED_S)
			break;
	}
	return now;
}
