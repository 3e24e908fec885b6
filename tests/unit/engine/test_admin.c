/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin server over real sockets: what it serves, what it refuses and how it says so, and its bounds.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "capture.h"
#include "http_client.h"
#include "openmetrics.h"

static struct fake_service fake;
static struct glacisd_admin *admin;
static char folder[] = "/tmp/glacisd-admin-XXXXXX";

static void choose_unix(void)
{
	struct glacisd_address *address = &fake.config.admin;

	memset(address, 0, sizeof(*address));
	address->kind = GLACISD_ADDRESS_UNIX;
	address->size = sizeof(address->local);
	address->local.sun_family = AF_UNIX;
	snprintf(address->local.sun_path, sizeof(address->local.sun_path), "%s/admin", folder);
	snprintf(address->text, sizeof(address->text), "unix:%s/admin", folder);
}

/* 127.0.0.1 with a port that was free a moment ago. */
static void choose_tcp(void)
{
	struct glacisd_address *address = &fake.config.admin;
	struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(tcp);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&tcp, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&tcp, &size), 0);
	close(fd);
	memset(address, 0, sizeof(*address));
	address->kind = GLACISD_ADDRESS_TCP;
	address->size = sizeof(tcp);
	memcpy(&address->storage, &tcp, sizeof(tcp));
	snprintf(address->text, sizeof(address->text), "127.0.0.1:%u", (unsigned int)ntohs(tcp.sin_port));
}

static int client(void)
{
	const struct glacisd_address *address = &fake.config.admin;
	int fd = socket(address->storage.ss_family, SOCK_STREAM, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address->storage, address->size), 0, "%s", strerror(errno));
	http_prepare(fd);
	return fd;
}

static void prepare(void)
{
	fake_service_make(&fake);
	cr_assert_not_null(mkdtemp(folder));
	choose_unix();
}

static int open_and_serve(void)
{
	int error = glacisd_admin_open(&fake.service, &admin);

	return error ? error : glacisd_admin_serve(admin);
}

static void start(void)
{
	prepare();
	cr_assert_eq(open_and_serve(), 0);
}

static void stop(void)
{
	glacisd_admin_stop(admin);
	unlink(fake.config.admin.local.sun_path);
	rmdir(folder);
}

TestSuite(admin, .init = start, .fini = stop);
TestSuite(admin_start, .init = prepare, .fini = stop);

Test(admin, serves_openmetrics)
{
	struct openmetrics result;
	struct http_reply reply;
	int fd = client();

	http_request(fd, "GET", "/metrics", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(http_header(&reply, "Content-Type"),
			 "application/openmetrics-text; version=1.0.0; charset=utf-8");
	cr_assert_eq(openmetrics_check(reply.body, reply.length, &result), 0, "%s", result.why);
	cr_assert_eq(openmetrics_value(reply.body, "glacisd_connections_accepted_total{worker=\"1\"}"), 1001);
	http_reply_free(&reply);
	close(fd);
}

Test(admin, shows_counters_as_they_are_now)
{
	struct http_reply reply;
	int fd = client();

	for (int64_t value = 1; value <= 3; value++) {
		GLACISD_STAT_INC(&fake.stats[1], connections_accepted);
		http_request(fd, "GET", "/metrics", &reply);
		cr_assert_eq(openmetrics_value(reply.body, "glacisd_connections_accepted_total{worker=\"1\"}"),
			     1001 + value);
		http_reply_free(&reply);
	}
	close(fd);
}

Test(admin, tells_health_and_draining)
{
	struct http_reply reply;
	int fd = client();

	http_request(fd, "GET", "/healthz", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, "ok\n");
	http_reply_free(&reply);
	fake.service.draining = 1;
	http_request(fd, "GET", "/healthz", &reply);
	cr_assert_eq(reply.status, 503);
	cr_assert_str_eq(reply.body, "draining\n");
	http_reply_free(&reply);
	close(fd);
}

Test(admin, answers_head_without_a_body)
{
	struct http_reply reply;
	int fd = client();

	http_request(fd, "HEAD", "/metrics", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_gt(reply.length, 1000);
	http_request(fd, "HEAD", "/healthz", &reply); /* comes right behind: no body in between */
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply.length, 3);
	close(fd);
}

Test(admin, names_what_there_is_when_asked_for_something_else)
{
	struct http_reply reply;
	int fd = client();

	http_request(fd, "GET", "/metrics/", &reply);
	cr_assert_eq(reply.status, 404);
	cr_assert_not_null(strstr(reply.body, "/metrics and /healthz"));
	http_reply_free(&reply);
	close(fd);
}

Test(admin, refuses_other_methods_with_the_allowed_ones)
{
	struct http_reply reply;
	int fd = client();

	http_request(fd, "DELETE", "/metrics", &reply);
	cr_assert_eq(reply.status, 405);
	cr_assert_str_eq(http_header(&reply, "Allow"), "GET, HEAD");
	cr_assert_not_null(strstr(reply.body, "GET, HEAD"));
	http_reply_free(&reply);
	close(fd);
}

Test(admin, reads_no_body_it_did_not_ask_for)
{
	struct http_reply reply;
	int fd = client();

	http_send_text(fd, "POST /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n");
	http_read_reply(fd, false, &reply);
	cr_assert_eq(reply.status, 405);
	cr_assert(http_at_end(fd));
	http_reply_free(&reply);
	close(fd);
}

Test(admin, refuses_a_head_that_outgrows_its_memory)
{
	static char filler[64 << 10];
	char status[13] = "";
	int fd = client();

	memset(filler, 'a', sizeof(filler));
	http_send_text(fd, "GET /healthz HTTP/1.1\r\nHost: test\r\nX-Long: ");
	(void)send(fd, filler, sizeof(filler), MSG_NOSIGNAL | MSG_DONTWAIT);
	http_read(fd, status, 12);
	cr_assert_str_eq(status, "HTTP/1.1 431");
	close(fd);
}

Test(admin, bounds_its_connections)
{
	enum { LIMIT = 64 };
	struct http_reply reply;
	int fds[LIMIT];

	for (int i = 0; i < LIMIT; i++) {
		fds[i] = client();
		http_request(fds[i], "GET", "/healthz", &reply);
		cr_assert_eq(reply.status, 200, "connection %d", i);
		http_reply_free(&reply);
	}
	int late = client();
	const struct timeval soon = { .tv_usec = 300000 };
	char byte;

	cr_assert_eq(setsockopt(late, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
	(void)send(late, "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n", 38, MSG_NOSIGNAL);
	cr_assert_leq(recv(late, &byte, 1, 0), 0, "connection %d was served", LIMIT + 1);
	close(late);
	for (int i = 0; i < LIMIT; i++)
		close(fds[i]);
	/* And it recovers: the next one is served, at once or when the closed ones are noticed. */
	for (int attempt = 0;; attempt++) {
		int fd = client();

		(void)send(fd, "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n", 38, MSG_NOSIGNAL);
		cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
		bool served = recv(fd, &byte, 1, 0) == 1;

		close(fd);
		if (served)
			break;
		cr_assert_lt(attempt, 30, "not served any more");
	}
}

Test(admin_start, serves_tcp)
{
	struct http_reply reply;

	choose_tcp();
	cr_assert_eq(open_and_serve(), 0);
	int fd = client();

	http_request(fd, "GET", "/healthz", &reply);
	cr_assert_eq(reply.status, 200);
	http_reply_free(&reply);
	close(fd);
}

static int try_start(void *context)
{
	return -open_and_serve();
}

static void fails(int error, const char *says)
{
	struct capture capture;

	capture_child(try_start, NULL, &capture);
	cr_assert(WIFEXITED(capture.status));
	cr_assert_eq(WEXITSTATUS(capture.status), error, "%s", capture.text);
	cr_assert_not_null(strstr(capture.text, fake.config.admin.text), "no address in: %s", capture.text);
	cr_assert_not_null(strstr(capture.text, says), "no remedy in: %s", capture.text);
}

Test(admin_start, names_a_port_in_use)
{
	choose_tcp();
	cr_assert_eq(open_and_serve(), 0);
	fails(EADDRINUSE, "is in use: stop the program that holds it, or choose another with --admin");
}

Test(admin_start, names_an_address_of_another_machine)
{
	struct sockaddr_in tcp = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(0xc0000201), /* 192.0.2.1, RFC 5737 */
				   .sin_port = htons(9443) };

	choose_tcp();
	memcpy(&fake.config.admin.storage, &tcp, sizeof(tcp));
	fails(EADDRNOTAVAIL, "is not an address of this machine");
}

Test(admin_start, names_a_missing_folder)
{
	strcat(fake.config.admin.local.sun_path, "/missing/admin");
	fails(ENOENT, "is in a directory that does not exist");
}

Test(admin_start, refuses_what_is_no_address_to_listen_on)
{
	fake.config.admin.kind = GLACISD_ADDRESS_BUILTIN;
	fails(EINVAL, "give A:P or unix:PATH with --admin");
}

Test(admin_start, replaces_the_socket_of_a_dead_process)
{
	struct http_reply reply;
	struct stat status;

	cr_assert_eq(open_and_serve(), 0);
	glacisd_admin_stop(admin);
	cr_assert_eq(stat(fake.config.admin.local.sun_path, &status), 0);
	cr_assert_eq(open_and_serve(), 0);
	int fd = client();

	http_request(fd, "GET", "/healthz", &reply);
	cr_assert_eq(reply.status, 200);
	http_reply_free(&reply);
	close(fd);
}

Test(admin_start, keeps_the_socket_of_a_living_process)
{
	cr_assert_eq(open_and_serve(), 0);
	fails(EADDRINUSE, "is in use");
	close(client()); /* still reachable */
}

Test(admin_start, keeps_a_file_that_is_no_socket)
{
	const char *path = fake.config.admin.local.sun_path;
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fclose(file);
	fails(EADDRINUSE, "is in use");
	cr_assert_eq(access(path, F_OK), 0);
}

Test(admin_start, hides_its_socket_from_other_users)
{
	struct stat status;

	cr_assert_eq(open_and_serve(), 0);
	cr_assert_eq(stat(fake.config.admin.local.sun_path, &status), 0);
	cr_assert_eq(status.st_mode & 0777, 0660);
}
