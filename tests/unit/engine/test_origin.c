/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in origin over its socket pairs: each address it serves, what it refuses, what it does when
 * the worker at the other end goes away, and its bounds.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "http_client.h"
#include "origin.h"
#include "origin_parts.h"

#define MIB ((uint64_t)1 << 20)

static struct fake_service fake;
static struct glacisd_origin *origin;
static uint8_t *block;

static const struct glacisd_visitor plain = { .tls_version = "TLSv1.3",
					      .cipher = "TLS_AES_128_GCM_SHA256",
					      .path = "cpu" };

static void start(void)
{
	fake_service_make(&fake);
	block = glacisd_origin_block_create();
	cr_assert_not_null(block);
	cr_assert_eq(glacisd_origin_start(&fake.service, &origin), 0);
}

static void stop(void)
{
	glacisd_origin_stop(origin);
	free(block);
}

TestSuite(origin, .init = start, .fini = stop, .timeout = 60);

static int visit(const struct glacisd_visitor *visitor)
{
	int fd;

	cr_assert_eq(glacisd_origin_connect(origin, visitor, &fd), 0);
	http_prepare(fd);
	return fd;
}

/* One request on a connection of its own; its status is returned and its body compared when given. */
static int status_of(const char *method, const char *url, const char *says)
{
	struct http_reply reply;
	int fd = visit(&plain);

	http_request(fd, method, url, &reply);
	if (says != NULL)
		cr_assert_not_null(strstr(reply.body, says), "%s %s: %s", method, url, reply.body);
	http_reply_free(&reply);
	close(fd);
	return reply.status;
}

/* Reads and checks the body of /bytes/N. */
static void expect_sequence(int fd, uint64_t count)
{
	static uint8_t got[256 << 10];

	for (uint64_t at = 0; at < count;) {
		size_t offset = (size_t)(at % MIB);
		size_t size = sizeof(got);

		if (size > count - at)
			size = (size_t)(count - at);
		if (size > MIB - offset)
			size = MIB - offset;
		http_read(fd, got, size);
		cr_assert_eq(memcmp(got, block + offset, size), 0, "differs after byte %" PRIu64, at);
		at += size;
	}
}

Test(origin, gives_the_worker_a_descriptor_that_neither_blocks_nor_leaks)
{
	int fd;

	cr_assert_eq(glacisd_origin_connect(origin, &plain, &fd), 0);
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

/* The first outputs of splitmix64 from seed 0, as published with the generator (Vigna, splitmix64.c). */
Test(origin, bytes_are_the_documented_sequence)
{
	static const uint64_t outputs[] = { UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
					    UINT64_C(0x06c45d188009454f), UINT64_C(0xf88bb8a8724c81ec) };

	for (unsigned int at = 0; at < sizeof(outputs); at++)
		cr_assert_eq(block[at], (uint8_t)(outputs[at / 8] >> (8 * (at % 8))), "byte %u", at);
}

/* Around each way to send it: one buffer to 1 MiB, gathered to 256 MiB, a callback beyond. */
Test(origin, bytes_come_whole_whatever_their_number)
{
	static const uint64_t counts[] = {
		0,       1,           100,           16384,     MIB - 1,       MIB,
		MIB + 1, 2 * MIB + 7, 255 * MIB + 9, 256 * MIB, 256 * MIB + 1, 257 * MIB + 3
	};
	struct http_reply reply;
	int fd = visit(&plain);

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		char request[128];

		snprintf(request, sizeof(request), "GET /bytes/%" PRIu64 " HTTP/1.1\r\nHost: test\r\n\r\n", counts[i]);
		http_send_text(fd, request);
		http_read_head(fd, &reply);
		cr_assert_eq(reply.status, 200);
		cr_assert_not_null(http_header(&reply, "Content-Length"));
		cr_assert_eq(reply.length, counts[i]);
		expect_sequence(fd, counts[i]);
	}
	close(fd);
}

Test(origin, bytes_answers_head_for_the_largest)
{
	struct http_reply reply;
	int fd = visit(&plain);

	http_request(fd, "HEAD", "/bytes/1099511627776", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_eq(reply.length, (uint64_t)1 << 40);
	http_request(fd, "HEAD", "/bytes/3", &reply);
	cr_assert_eq(reply.length, 3);
	close(fd);
}

Test(origin, bytes_refuses_what_is_no_number)
{
	static const char *const urls[] = { "/bytes/",
					    "/bytes/x",
					    "/bytes/1x",
					    "/bytes/-1",
					    "/bytes/+1",
					    "/bytes/0x10",
					    "/bytes/1/",
					    "/bytes/1.5",
					    "/bytes/%20",
					    "/bytes/1099511627777",
					    "/bytes/18446744073709551617",
					    "/bytes/99999999999999999999999999999999" };

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		cr_assert_eq(status_of("GET", urls[i], "N must be a decimal number from 0 to 1099511627776"), 400, "%s",
			     urls[i]);
	cr_assert_eq(status_of("GET", "/bytes/0000000000000000001", NULL), 200);
}

Test(origin, refuses_other_addresses_and_methods)
{
	cr_assert_eq(status_of("GET", "/nothing", "there are /, /status, /bytes/N and POST /sha256"), 404);
	cr_assert_eq(status_of("GET", "/bytes", NULL), 404);
	cr_assert_eq(status_of("DELETE", "/nothing", NULL), 404);
	cr_assert_eq(status_of("DELETE", "/", "GET, HEAD"), 405);
	cr_assert_eq(status_of("PUT", "/bytes/1", "GET, HEAD"), 405);
	cr_assert_eq(status_of("POST", "/status", "GET, HEAD"), 405);
	cr_assert_eq(status_of("GET", "/sha256", "POST, PUT"), 405);
	cr_assert_eq(status_of("DELETE", "/sha256", "POST, PUT"), 405);
}

Test(origin, keeps_a_connection_for_many_requests)
{
	static char requests[64 * 64];
	struct http_reply reply;
	int fd = visit(&plain);
	size_t used = 0;

	for (int i = 0; i < 500; i++) {
		http_request(fd, "GET", "/bytes/100", &reply);
		cr_assert_eq(memcmp(reply.body, block, 100), 0);
		http_reply_free(&reply);
	}
	for (int i = 0; i < 64; i++) /* all at once */
		used += (size_t)snprintf(requests + used, sizeof(requests) - used,
					 "GET /bytes/%d HTTP/1.1\r\nHost: test\r\n\r\n", i);
	http_send(fd, requests, used);
	for (uint64_t i = 0; i < 64; i++) {
		http_read_reply(fd, false, &reply);
		cr_assert_eq(reply.length, i);
		http_reply_free(&reply);
	}
	close(fd);
}

Test(origin, closes_after_the_answer_when_asked_to)
{
	struct http_reply reply;
	int fd = visit(&plain);

	http_send_text(fd, "GET /bytes/5 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	http_read_reply(fd, false, &reply);
	cr_assert(http_at_end(fd));
	http_reply_free(&reply);
	close(fd);
}

Test(origin, answers_a_worker_that_closed_its_sending_half)
{
	struct http_reply reply;
	int fd = visit(&plain);

	http_send_text(fd, "GET /bytes/3000000 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	http_read_head(fd, &reply);
	expect_sequence(fd, 3000000);
	cr_assert(http_at_end(fd));
	close(fd);
}

/* --- uploads --- */

static void digest_is(int fd, const void *data, size_t size)
{
	unsigned char digest[32];
	struct http_reply reply;
	char hex[66];

	cr_assert_eq(EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL), 1);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	strcpy(hex + 64, "\n");
	http_read_reply(fd, false, &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(reply.body, hex);
	http_reply_free(&reply);
}

/* "abc": the example of FIPS 180-2, appendix B.1. */
Test(origin, sha256_is_right)
{
	struct http_reply reply;
	int fd = visit(&plain);

	http_send_text(fd, "POST /sha256 HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc");
	http_read_reply(fd, false, &reply);
	cr_assert_str_eq(reply.body, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
	http_reply_free(&reply);
	http_send_text(fd, "PUT /sha256 HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n");
	digest_is(fd, "", 0);
	close(fd);
}

Test(origin, sha256_streams_large_bodies)
{
	int fd = visit(&plain);
	char head[128];

	for (size_t size = 1000; size <= MIB; size = size * 7 + 13) {
		snprintf(head, sizeof(head), "POST /sha256 HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n",
			 size);
		http_send_text(fd, head);
		http_send(fd, block, size);
		digest_is(fd, block, size);
	}
	close(fd);
}

Test(origin, sha256_takes_chunks_and_expectations)
{
	char interim[26] = "";
	int fd = visit(&plain);

	http_send_text(fd, "PUT /sha256 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
	digest_is(fd, "abc", 3);
	http_send_text(fd, "POST /sha256 HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	http_read(fd, interim, 25);
	cr_assert_str_eq(interim, "HTTP/1.1 100 Continue\r\n\r\n");
	http_send_text(fd, "abc");
	digest_is(fd, "abc", 3);
	close(fd);
}

/* libmicrohttpd before 1.0 ignores them, later ones refuse them; neither takes them for content. */
Test(origin, sha256_takes_no_chunk_extension_for_content)
{
	struct http_reply reply;
	int fd = visit(&plain);

	http_send_text(fd, "PUT /sha256 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "1;x=y\r\na\r\n0\r\n\r\n");
	http_read_reply(fd, false, &reply);
	cr_assert(reply.status == 200 || reply.status == 400, "status %d", reply.status);
	if (reply.status == 200)
		cr_assert_str_eq(reply.body, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n");
	http_reply_free(&reply);
	close(fd);
}

Test(origin, sha256_refuses_more_than_its_bound_before_it_comes)
{
	struct http_reply reply;
	int fd = visit(&plain);

	http_send_text(fd, "POST /sha256 HTTP/1.1\r\nHost: test\r\nContent-Length: 1099511627777\r\n\r\n");
	http_read_reply(fd, false, &reply);
	cr_assert_eq(reply.status, 413);
	cr_assert_not_null(strstr(reply.body, "at most 1099511627776 bytes"));
	cr_assert(http_at_end(fd));
	http_reply_free(&reply);
	close(fd);
}

Test(origin, digest_stops_at_its_bound)
{
	EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	struct glacisd_digest *digest = glacisd_digest_create(sha256);

	cr_assert_not_null(digest);
	cr_assert_eq(glacisd_digest_add(digest, "a", 1), 0);
	/* Refused before a byte is read, so the pointer need not have that many. */
	cr_assert_eq(glacisd_digest_add(digest, "a", (size_t)GLACISD_ORIGIN_BYTES_MAX), -EFBIG);
	glacisd_digest_free(digest);
	EVP_MD_free(sha256);
}

/* --- status and page --- */

Test(origin, status_tells_the_visitor_and_the_sums)
{
	static const struct glacisd_visitor other = { "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "card" };
	struct http_reply reply;
	json_int_t number = 0;
	int first = visit(&plain);
	int fd = visit(&other); /* each connection has its own description */

	http_request(fd, "GET", "/status", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(http_header(&reply, "Content-Type"), "application/json");
	cr_assert_str_eq(http_header(&reply, "Cache-Control"), "no-store");
	json_t *status = json_loads(reply.body, JSON_REJECT_DUPLICATES, NULL);

	cr_assert_not_null(status);
	cr_assert_str_eq(json_string_value(json_object_get(status, "tls_version")), "TLSv1.2");
	cr_assert_str_eq(json_string_value(json_object_get(status, "cipher")), "ECDHE-RSA-AES256-GCM-SHA384");
	cr_assert_str_eq(json_string_value(json_object_get(status, "path")), "card");
	cr_assert_geq(json_integer_value(json_object_get(status, "uptime_s")), 100);
	cr_assert_not_null(json_string_value(json_object_get(status, "version")));
#define SUM(name, help)                                                                                                \
	number++;                                                                                                      \
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(status, part), #name)), 1000 + 2 * number);
	const char *part = "counters";
	GLACISD_COUNTERS(SUM)
	part = "gauges";
	GLACISD_GAUGES(SUM)
	json_decref(status);
	http_reply_free(&reply);
	http_request(first, "GET", "/status", &reply);
	cr_assert_not_null(strstr(reply.body, "\"TLSv1.3\""));
	http_reply_free(&reply);
	close(first);
	close(fd);
}

static char *between(const char *text, const char *begin, const char *end)
{
	const char *from = strstr(text, begin);

	cr_assert_not_null(from, "no %s", begin);
	from += strlen(begin);
	const char *to = strstr(from, end);

	cr_assert_not_null(to, "no %s", end);
	return strndup(from, (size_t)(to - from));
}

/* Whether `policy` admits the text between two tags of the page, computed as a browser does. */
static void admitted(const char *policy, const char *directive, const char *page, const char *begin, const char *end)
{
	char *inside = between(page, begin, end);
	unsigned char digest[32];
	unsigned char base64[48];
	char expected[128];

	EVP_Digest(inside, strlen(inside), digest, NULL, EVP_sha256(), NULL);
	EVP_EncodeBlock(base64, digest, sizeof(digest));
	snprintf(expected, sizeof(expected), "%s 'sha256-%s';", directive, base64);
	cr_assert_not_null(strstr(policy, expected), "%s is not in %s", expected, policy);
	free(inside);
}

Test(origin, page_shows_the_connection_without_script)
{
	struct http_reply reply;
	char number[32];
	int fd = visit(&plain);

	http_request(fd, "GET", "/", &reply);
	cr_assert_eq(reply.status, 200);
	cr_assert_str_eq(http_header(&reply, "Content-Type"), "text/html; charset=utf-8");
	cr_assert_str_eq(http_header(&reply, "Cache-Control"), "no-store");
	cr_assert_not_null(strstr(reply.body, "id=\"tls\">TLSv1.3<"));
	cr_assert_not_null(strstr(reply.body, "id=\"cipher\">TLS_AES_128_GCM_SHA256<"));
	cr_assert_not_null(strstr(reply.body, "id=\"path\">CPU<"));
	snprintf(number, sizeof(number), ">%" PRIu64 "<", GLACISD_SERVICE_SUM(&fake.service, records_sealed));
	cr_assert_not_null(strstr(reply.body, number));
	cr_assert_not_null(strstr(reply.body, "href=\"/bytes/1048576\""));
	char *body = between(reply.body, "<body>", "<script>");

	cr_assert_null(strchr(body, '@'), "a place was not filled in");
	free(body);
	http_reply_free(&reply);
	close(fd);
}

Test(origin, page_allows_only_its_own_style_and_script)
{
	struct http_reply reply;
	char policy[1024];
	int fd = visit(&plain);

	http_request(fd, "GET", "/", &reply);
	snprintf(policy, sizeof(policy), "%s", http_header(&reply, "Content-Security-Policy"));
	cr_assert_eq(strncmp(policy, "default-src 'none'; ", 20), 0);
	cr_assert_null(strstr(policy, "unsafe"));
	admitted(policy, "style-src", reply.body, "<style>", "</style>");
	admitted(policy, "script-src", reply.body, "<script>", "</script>");
	cr_assert_null(strstr(reply.body, " style=\""), "an inline style would be blocked");
	cr_assert_null(strstr(reply.body, " onclick"), "an inline handler would be blocked");
	cr_assert_null(strstr(reply.body, "https://"), "an outside resource");
	http_reply_free(&reply);
	close(fd);
}

Test(origin, page_escapes_what_it_is_told)
{
	static const struct glacisd_visitor hostile = { "\"><i>", "<script>alert(1)&</script>", "@SCRIPT" };
	struct http_reply reply;
	int fd = visit(&hostile);

	http_request(fd, "GET", "/", &reply);
	cr_assert_null(strstr(reply.body, "<script>alert"));
	cr_assert_null(strstr(reply.body, "<i>"));
	cr_assert_not_null(strstr(reply.body, "&quot;&gt;&lt;i&gt;"));
	cr_assert_not_null(strstr(reply.body, "&lt;script&gt;alert(1)&amp;&lt;/script&gt;"));
	http_reply_free(&reply);
	close(fd);
}

Test(origin, tells_of_the_engine_when_there_is_one)
{
	struct glacis_engine_info info;
	struct http_reply reply;
	int fd = visit(&plain);

	cr_assert_eq(glacis_engine_create(NULL, &fake.service.engine), 0);
	glacis_engine_info(fake.service.engine, &info);
	http_request(fd, "GET", "/status", &reply);
	cr_assert_not_null(strstr(reply.body, info.cpu_backend));
	http_reply_free(&reply);
	http_request(fd, "GET", "/", &reply);
	cr_assert_not_null(strstr(reply.body, info.cpu_backend));
	http_reply_free(&reply);
	close(fd);
	glacis_engine_destroy(fake.service.engine);
	fake.service.engine = NULL;
}

/* --- rough treatment --- */

Test(origin, survives_workers_that_go_away)
{
	static const char *const starts[] = {
		"",
		"GE",
		"GET / HTTP/1.1\r\n",
		"GET /bytes/1099511627776 HTTP/1.1\r\nHost: test\r\n\r\n",
		"GET /bytes/200000000 HTTP/1.1\r\nHost: test\r\n\r\n",
		"POST /sha256 HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nhalf",
		"POST /sha256 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nhalf",
		"\x16\x03\x01\x02\x00 not HTTP at all\r\n\r\n",
	};

	for (int round = 0; round < 20; round++)
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
			int fd = visit(&plain);

			http_send_text(fd, starts[i]);
			if (round % 2 != 0)
				usleep(1000);
			close(fd);
		}
	cr_assert_eq(status_of("GET", "/bytes/1", NULL), 200);
}

Test(origin, stops_with_connections_open)
{
	int idle = visit(&plain);
	int busy = visit(&plain);
	struct http_reply reply;

	http_send_text(busy, "GET /bytes/1099511627776 HTTP/1.1\r\nHost: test\r\n\r\n");
	http_read_head(busy, &reply);
	glacisd_origin_stop(origin);
	cr_assert(http_at_end(idle));
	close(idle);
	close(busy);
	cr_assert_eq(glacisd_origin_start(&fake.service, &origin), 0);
}

Test(origin, bounds_its_connections_by_the_descriptors)
{
	enum { DESCRIPTORS = 240, LIMIT = DESCRIPTORS / 3, TRIED = 100 };
	static const char request[] = "GET /bytes/1 HTTP/1.1\r\nHost: test\r\n\r\n";
	struct rlimit descriptors;
	int fds[TRIED];
	int served = 0;

	glacisd_origin_stop(origin);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
	descriptors.rlim_cur = DESCRIPTORS;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
	cr_assert_eq(glacisd_origin_start(&fake.service, &origin), 0);
	for (int i = 0; i < TRIED; i++) {
		char status[13] = "";

		fds[i] = -1;
		if (glacisd_origin_connect(origin, &plain, &fds[i]) != 0)
			continue;
		http_prepare(fds[i]);
		(void)send(fds[i], request, strlen(request), MSG_NOSIGNAL);
		served += recv(fds[i], status, 12, MSG_WAITALL) == 12 && strcmp(status, "HTTP/1.1 200") == 0;
	}
	cr_assert(served >= LIMIT - 4 && served <= LIMIT + 4, "%d of %d were served", served, TRIED);
	for (int i = 0; i < TRIED; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Keeps the origin's threads, started after it, from running before the one that calls it waits: all on one processor,
 * none preempted by another that wakes up. */
static void run_in_turns(void)
{
	const struct sched_param none = { 0 };
	cpu_set_t allowed, one;
	int processor = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	while (!CPU_ISSET(processor, &allowed))
		processor++;
	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	cr_assert_eq(sched_setscheduler(0, SCHED_BATCH, &none), 0);
}

/* libmicrohttpd looks at 128 sockets at a time; when exactly that many were ready, its own thread waited for one more
 * before it served them. */
Test(origin, serves_any_number_of_requests_that_come_at_once)
{
	enum { AT_A_TIME = 128, ROUNDS = 20 };
	static const char request[] = "GET /bytes/1 HTTP/1.1\r\nHost: test\r\n\r\n";
	struct http_reply reply;
	int fds[AT_A_TIME];

	glacisd_origin_stop(origin);
	run_in_turns();
	fake.config.workers = 1; /* one thread has them all */
	cr_assert_eq(glacisd_origin_start(&fake.service, &origin), 0);
	for (int i = 0; i < AT_A_TIME; i++) {
		fds[i] = visit(&plain);
		http_request(fds[i], "GET", "/bytes/1", &reply);
		http_reply_free(&reply);
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < AT_A_TIME; i++)
			http_send_text(fds[i], request);
		for (int i = 0; i < AT_A_TIME; i++) {
			struct pollfd answer = { .fd = fds[i], .events = POLLIN };
			uint8_t byte;

			cr_assert_eq(poll(&answer, 1, 20000), 1, "round %d: request %d has no answer", round, i);
			http_read_head(fds[i], &reply);
			http_read(fds[i], &byte, 1);
		}
	}
	for (int i = 0; i < AT_A_TIME; i++)
		close(fds[i]);
}
