/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin server: GET /metrics and GET /healthz on the address of --admin, by libmicrohttpd in one
 * thread of its own. Started by main after the workers' counters exist.
 *
 * It binds the socket itself, so that a failure names the address and the remedy. Whoever can reach the
 * address can read it, so each thing a peer could make grow is bounded below. A UNIX socket
 * file is left behind at stop (the sandbox allows no unlink); the next start replaces it.
 */
#include "admin.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <microhttpd.h>

#include "http.h"
#include "log.h"
#include "metrics.h"

#define CONNECTIONS_MAX 64u
#define IDLE_TIMEOUT_S  10u
#define REQUEST_MEMORY  8192u /* request line and headers of one connection */
#define LISTEN_BACKLOG  64

struct glacisd_admin {
	const struct glacisd_service *service;
	struct MHD_Daemon *daemon;
	int listener; /* -1 once the daemon owns it */
};

static enum MHD_Result answer_metrics(const struct glacisd_admin *admin, struct MHD_Connection *connection)
{
	size_t size = glacisd_metrics_size_max(admin->service);
	char *text = malloc(size);
	size_t length;

	if (text == NULL)
		return MHD_NO;
	if (glacisd_metrics_render(admin->service, text, size, &length) != 0) {
		free(text);
		return glacisd_http_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
					 "the metrics outgrew their buffer; please report this as a bug\n");
	}
	struct MHD_Response *response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);

	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	return glacisd_http_reply(connection, MHD_HTTP_OK, response, GLACISD_METRICS_CONTENT_TYPE);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *body, size_t *body_size, void **request)
{
	static char head_seen;
	const struct glacisd_admin *admin = context;
	bool metrics = strcmp(url, "/metrics") == 0;

	/* Answering at the first call, before the end of the request, would close the connection. That is right only
	 * for methods that may bring a body. */
	if (glacisd_http_is_get(method) && *request == NULL) {
		*request = &head_seen;
		return MHD_YES;
	}
	*body_size = 0;
	if (!metrics && strcmp(url, "/healthz") != 0)
		return glacisd_http_text(connection, MHD_HTTP_NOT_FOUND,
					 "nothing here; there are /metrics and /healthz\n");
	if (!glacisd_http_is_get(method))
		return glacisd_http_not_allowed(connection, "GET, HEAD");
	if (metrics)
		return answer_metrics(admin, connection);
	if (admin->service->draining)
		return glacisd_http_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "draining\n");
	return glacisd_http_text(connection, MHD_HTTP_OK, "ok\n");
}

static const char *remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "is in use: stop the program that holds it, or choose another with --admin";
	case EADDRNOTAVAIL:
		return "is not an address of this machine: choose one of `ip address` with --admin";
	case EACCES:
	case EPERM:
		return "may not be bound by this user: choose a port above 1023, or a directory it may write, with "
		       "--admin";
	case ENOENT:
	case ENOTDIR:
		return "is in a directory that does not exist: create it, or choose another with --admin";
	case EAFNOSUPPORT:
		return "is of a family this kernel does not have: choose another with --admin";
	default:
		return "cannot be bound: choose another with --admin";
	}
}

/* Removes the socket file a dead process left. A file that is no socket, or one that answers, stays, and bind() says
 * EADDRINUSE. */
static void remove_stale_socket(const struct glacisd_address *address)
{
	struct stat status;

	if (address->local.sun_path[0] == '\0' || lstat(address->local.sun_path, &status) != 0 ||
	    !S_ISSOCK(status.st_mode))
		return;
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (probe < 0)
		return;
	if (connect(probe, (const struct sockaddr *)&address->storage, address->size) != 0 && errno == ECONNREFUSED)
		(void)unlink(address->local.sun_path);
	close(probe);
}

static int listen_on(const struct glacisd_address *address)
{
	const int on = 1;
	int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		goto failed;
	if (address->kind == GLACISD_ADDRESS_UNIX)
		remove_stale_socket(address);
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address->storage, address->size) != 0)
		goto failed;
	/* Counters are for the operator's group, not for every local user. */
	if (address->kind == GLACISD_ADDRESS_UNIX && address->local.sun_path[0] != '\0')
		(void)chmod(address->local.sun_path, 0660);
	if (listen(fd, LISTEN_BACKLOG) != 0)
		goto failed;
	return fd;

failed:;
	int error = errno;

	glacisd_log(GLACISD_LOG_ERROR, "admin address %s %s (%s)", address->text, remedy(error), strerror(error));
	if (fd >= 0)
		close(fd);
	return -error;
}

int glacisd_admin_open(const struct glacisd_service *service, struct glacisd_admin **result)
{
	const struct glacisd_address *address = &service->config->admin;

	*result = NULL;
	if (address->kind != GLACISD_ADDRESS_TCP && address->kind != GLACISD_ADDRESS_UNIX) {
		glacisd_log(GLACISD_LOG_ERROR,
			    "admin address '%s' cannot be served: give A:P or unix:PATH with --admin", address->text);
		return -EINVAL;
	}
	struct glacisd_admin *admin = calloc(1, sizeof(*admin));

	if (admin == NULL)
		return -ENOMEM;
	admin->service = service;
	admin->listener = listen_on(address);
	if (admin->listener < 0) {
		int error = admin->listener;

		free(admin);
		return error;
	}
	*result = admin;
	return 0;
}

int glacisd_admin_serve(struct glacisd_admin *admin)
{
	admin->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL,
					 answer, admin, MHD_OPTION_EXTERNAL_LOGGER, glacisd_http_log, NULL,
					 MHD_OPTION_LISTEN_SOCKET, admin->listener, MHD_OPTION_CONNECTION_LIMIT,
					 CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S,
					 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MEMORY, MHD_OPTION_END);
	if (admin->daemon == NULL) {
		glacisd_log(GLACISD_LOG_ERROR,
			    "admin server on %s could not start its thread: raise the limits of threads and "
			    "descriptors (ulimit -u, ulimit -n)",
			    admin->service->config->admin.text);
		return -EAGAIN;
	}
	admin->listener = -1; /* the daemon's now */
	return 0;
}

void glacisd_admin_stop(struct glacisd_admin *admin)
{
	if (admin == NULL)
		return;
	if (admin->daemon)
		MHD_stop_daemon(admin->daemon);
	if (admin->listener >= 0)
		close(admin->listener);
	free(admin);
}
