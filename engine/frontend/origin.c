/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in origin: libmicrohttpd without a listening socket, fed with socket pairs by the workers.
 * One HTTP thread (origin_thread.h) per worker, connections dealt out in turn.
 *
 * The visitor's TLS description travels as the peer address of its connection, which libmicrohttpd
 * copies and hands back with each request: no table, no lock. A connection is closed by the frontend,
 * never by the idle timer here before the frontend's own, so a kept-alive connection is not lost to a
 * race. At most one third of the process's descriptors, and 65,536, are given to it: each visitor needs
 * three (the client and both ends of the pair).
 */
#include "origin.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <microhttpd.h>
#include <openssl/evp.h>

#include "http.h"
#include "log.h"
#include "origin_parts.h"
#include "origin_thread.h"

#define CONNECTIONS_MAX            65536u
#define CONNECTIONS_MIN            16u
#define DESCRIPTORS_PER_CONNECTION 3u
#define SOCKET_BUFFER              (256 << 10) /* bytes in flight between origin and worker, each way */
#define IDLE_GRACE_S               10u         /* by how much the frontend's idle timeout comes first */
#define POLICY_SIZE                512u

struct glacisd_origin {
	const struct glacisd_service *service;
	uint8_t *block; /* of /bytes */
	EVP_MD *sha256; /* fetched once: a fetch per request takes OpenSSL's locks */
	char page_policy[POLICY_SIZE];
	unsigned int threads;
	atomic_uint next; /* thread that gets the next connection */
	struct glacisd_origin_thread *running[GLACISD_WORKERS_MAX];
};

/* Marks a request whose head was seen; libmicrohttpd keeps a connection alive only when the answer is given
 * after that first call. */
static char head_seen;

static struct glacisd_visitor visitor_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct glacisd_visitor visitor;

	memset(&visitor, 0, sizeof(visitor));
	if (info != NULL && info->client_addr != NULL && info->client_addr->sa_family == AF_UNIX)
		memcpy(&visitor, (const char *)info->client_addr + offsetof(struct sockaddr_un, sun_path),
		       sizeof(visitor));
	return visitor;
}

/* Answers with `text` from malloc, which is freed; NULL means no memory and closes the connection. */
static enum MHD_Result reply_made(struct MHD_Connection *connection, char *text, const char *content_type,
				  const char *policy)
{
	if (text == NULL)
		return MHD_NO;
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);

	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	if (policy != NULL && (MHD_add_response_header(response, "Content-Security-Policy", policy) != MHD_YES ||
			       MHD_add_response_header(response, "Referrer-Policy", "no-referrer") != MHD_YES)) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return glacisd_http_reply(connection, MHD_HTTP_OK, response, content_type);
}

static enum MHD_Result answer_bytes(const struct glacisd_origin *origin, struct MHD_Connection *connection,
				    const char *digits)
{
	uint64_t count;

	if (glacisd_origin_bytes_parse(digits, &count) != 0)
		return glacisd_http_text(connection, MHD_HTTP_BAD_REQUEST,
					 "/bytes/N: N must be a decimal number from 0 to 1099511627776 (1 TiB)\n");
	struct MHD_Response *response = glacisd_origin_bytes_response(origin->block, count);

	if (response == NULL)
		return MHD_NO;
	return glacisd_http_reply(connection, MHD_HTTP_OK, response, "application/octet-stream");
}

static enum MHD_Result answer_get(const struct glacisd_origin *origin, struct MHD_Connection *connection,
				  const char *url)
{
	struct glacisd_visitor visitor;

	if (strncmp(url, "/bytes/", 7) == 0)
		return answer_bytes(origin, connection, url + 7);
	visitor = visitor_of(connection);
	if (strcmp(url, "/") == 0)
		return reply_made(connection, glacisd_origin_page(origin->service, &visitor),
				  "text/html; charset=utf-8", origin->page_policy);
	if (strcmp(url, "/status") == 0)
		return reply_made(connection, glacisd_origin_status(origin->service, &visitor), "application/json",
				  NULL);
	if (strcmp(url, "/sha256") == 0)
		return glacisd_http_not_allowed(connection, "POST, PUT");
	return glacisd_http_text(connection, MHD_HTTP_NOT_FOUND,
				 "nothing here; there are /, /status, /bytes/N and POST /sha256\n");
}

static enum MHD_Result answer_digest(struct MHD_Connection *connection, struct glacisd_digest *digest)
{
	char *text = malloc(GLACISD_DIGEST_TEXT_SIZE);

	if (text != NULL && glacisd_digest_finish(digest, text) != 0) {
		free(text);
		return glacisd_http_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the SHA-256 failed\n");
	}
	return reply_made(connection, text, "text/plain; charset=utf-8", NULL);
}

/* A body announced longer than the limit is refused before it is sent. One that is not announced and grows
 * past it ends the connection in answer(). */
static bool announced_too_long(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t count;

	return length != NULL && glacisd_origin_bytes_parse(length, &count) == -ERANGE;
}

/* The first call for a request that is no GET: starts an upload, or refuses at once. The connection then
 * closes after the answer, since a body that nobody wants may follow. */
static enum MHD_Result begin_upload(const struct glacisd_origin *origin, struct MHD_Connection *connection,
				    const char *url, const char *method, void **request)
{
	if (strcmp(url, "/sha256") != 0) {
		if (strcmp(url, "/") == 0 || strcmp(url, "/status") == 0 || strncmp(url, "/bytes/", 7) == 0)
			return glacisd_http_not_allowed(connection, "GET, HEAD");
		return answer_get(origin, connection, url);
	}
	if (strcmp(method, MHD_HTTP_METHOD_POST) != 0 && strcmp(method, MHD_HTTP_METHOD_PUT) != 0)
		return glacisd_http_not_allowed(connection, "POST, PUT");
	if (announced_too_long(connection))
		return glacisd_http_text(connection, MHD_HTTP_CONTENT_TOO_LARGE,
					 "/sha256 takes at most 1099511627776 bytes (1 TiB)\n");
	*request = glacisd_digest_create(origin->sha256);
	return *request != NULL ? MHD_YES : MHD_NO;
}

/* libmicrohttpd calls this once for the head of a request, once per piece of its body, and once at its end. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *body, size_t *body_size, void **request)
{
	const struct glacisd_origin *origin = context;
	bool get = glacisd_http_is_get(method);

	if (*request == NULL) {
		if (!get)
			return begin_upload(origin, connection, url, method, request);
		*request = &head_seen;
		return MHD_YES;
	}
	if (*body_size != 0) {
		size_t size = *body_size;

		*body_size = 0;
		return get || glacisd_digest_add(*request, body, size) == 0 ? MHD_YES : MHD_NO;
	}
	return get ? answer_get(origin, connection, url) : answer_digest(connection, *request);
}

static void request_ended(void *context, struct MHD_Connection *connection, void **request,
			  enum MHD_RequestTerminationCode code)
{
	if (*request != &head_seen)
		glacisd_digest_free(*request);
	*request = NULL;
}

static unsigned int connection_limit(void)
{
	struct rlimit descriptors = { .rlim_cur = 1024 };
	rlim_t limit;

	(void)getrlimit(RLIMIT_NOFILE, &descriptors);
	limit = descriptors.rlim_cur / DESCRIPTORS_PER_CONNECTION;
	if (limit > CONNECTIONS_MAX)
		limit = CONNECTIONS_MAX;
	return limit < CONNECTIONS_MIN ? CONNECTIONS_MIN : (unsigned int)limit;
}

/* No MHD_USE_ERROR_LOG: libmicrohttpd tries TCP options on each send, which a UNIX socket refuses, and
 * would log each refusal. */
static int start_thread(struct glacisd_origin *origin, unsigned int connections, struct glacisd_origin_thread **thread)
{
	uint32_t idle_ms = origin->service->config->timeouts.idle_ms;
	unsigned int idle_s = idle_ms == 0 ? 0 : idle_ms / 1000 + IDLE_GRACE_S;
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, answer,
						     origin, MHD_OPTION_CONNECTION_LIMIT, connections,
						     MHD_OPTION_CONNECTION_TIMEOUT, idle_s, MHD_OPTION_NOTIFY_COMPLETED,
						     request_ended, NULL, MHD_OPTION_END);

	return daemon != NULL ? glacisd_origin_thread_start(daemon, thread) : -EAGAIN;
}

int glacisd_origin_start(const struct glacisd_service *service, struct glacisd_origin **result)
{
	struct glacisd_origin *origin = calloc(1, sizeof(*origin));
	unsigned int threads = service->config->workers; /* the origin is there before the workers */
	int error = -ENOMEM;

	*result = NULL;
	if (origin == NULL)
		return -ENOMEM;
	if (threads == 0)
		threads = 1;
	if (threads > GLACISD_WORKERS_MAX)
		threads = GLACISD_WORKERS_MAX;
	origin->service = service;
	origin->block = glacisd_origin_block_create();
	origin->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	if (origin->block == NULL || origin->sha256 == NULL)
		goto failed;
	error = glacisd_origin_page_policy(origin->sha256, origin->page_policy, sizeof(origin->page_policy));
	if (error != 0)
		goto failed;
	for (; origin->threads < threads; origin->threads++) {
		error = start_thread(origin, connection_limit() / threads + 1, &origin->running[origin->threads]);
		if (error != 0)
			goto failed;
	}
	*result = origin;
	return 0;

failed:
	glacisd_log(
		GLACISD_LOG_ERROR,
		"the built-in origin cannot start (%s): raise the limits of memory, threads and descriptors, or name "
		"another backend with --backend",
		strerror(-error));
	glacisd_origin_stop(origin);
	return error;
}

void glacisd_origin_stop(struct glacisd_origin *origin)
{
	if (origin == NULL)
		return;
	for (unsigned int thread = 0; thread < origin->threads; thread++)
		glacisd_origin_thread_stop(origin->running[thread]);
	EVP_MD_free(origin->sha256);
	free(origin->block);
	free(origin);
}

int glacisd_origin_connect(struct glacisd_origin *origin, const struct glacisd_visitor *visitor, int *fd)
{
	const int buffer = SOCKET_BUFFER;
	unsigned int thread = atomic_fetch_add_explicit(&origin->next, 1, memory_order_relaxed) % origin->threads;
	int pair[2], error;

	*fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	/* Best effort: with smaller buffers it works all the same, slower. */
	(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	(void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	error = glacisd_origin_thread_give(origin->running[thread], pair[1], visitor);
	if (error != 0) {
		close(pair[0]);
		close(pair[1]);
		return error;
	}
	*fd = pair[0];
	return 0;
}
