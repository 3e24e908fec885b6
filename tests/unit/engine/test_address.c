/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as users write them: what is taken, byte for byte in the socket address, and what is
 * refused with which words.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

static struct glacisd_address parse(const char *text)
{
	struct glacisd_address address;
	char why[256] = "";

	cr_assert_eq(glacisd_address_parse(text, &address, why, sizeof(why)), 0, "\"%s\" was refused: %s", text, why);
	cr_assert_str_eq(address.text, text);
	return address;
}

static void refused(const char *text, const char *words)
{
	struct glacisd_address address;
	char why[256] = "";

	cr_assert_eq(glacisd_address_parse(text, &address, why, sizeof(why)), -EINVAL, "\"%s\" was taken", text);
	cr_assert_eq(address.kind, GLACISD_ADDRESS_NONE);
	cr_assert(strstr(why, words), "\"%s\" says \"%s\", not \"%s\"", text, why, words);
}

Test(address, takes_ipv4)
{
	struct glacisd_address address = parse("127.0.0.1:8443");
	struct sockaddr_in v4;

	memcpy(&v4, &address.storage, sizeof(v4));
	cr_assert_eq(address.kind, GLACISD_ADDRESS_TCP);
	cr_assert_eq(address.size, sizeof(v4));
	cr_assert_eq(v4.sin_family, AF_INET);
	cr_assert_eq(ntohs(v4.sin_port), 8443);
	cr_assert_eq(ntohl(v4.sin_addr.s_addr), 0x7f000001);
}

Test(address, takes_ipv6_in_brackets)
{
	struct glacisd_address address = parse("[::1]:443");
	struct sockaddr_in6 v6;

	memcpy(&v6, &address.storage, sizeof(v6));
	cr_assert_eq(address.size, sizeof(v6));
	cr_assert_eq(v6.sin6_family, AF_INET6);
	cr_assert_eq(ntohs(v6.sin6_port), 443);
	cr_assert_eq(memcmp(&v6.sin6_addr, &in6addr_loopback, sizeof(v6.sin6_addr)), 0);
	parse("[::]:1");
	parse("[2001:db8::1]:65535");
	address = parse("[fe80::1%lo]:80");
	memcpy(&v6, &address.storage, sizeof(v6));
	cr_assert_neq(v6.sin6_scope_id, 0);
}

Test(address, takes_localhost_without_a_name_server)
{
	struct glacisd_address address = parse("localhost:1");
	struct sockaddr_in v4;

	memcpy(&v4, &address.storage, sizeof(v4));
	cr_assert_eq(ntohl(v4.sin_addr.s_addr), INADDR_LOOPBACK);
}

Test(address, takes_unix_paths_up_to_the_limit)
{
	char text[160] = "unix:/run/origin.sock";
	struct glacisd_address address = parse(text);
	size_t prefix = strlen("unix:");

	cr_assert_eq(address.kind, GLACISD_ADDRESS_UNIX);
	cr_assert_str_eq(address.local.sun_path, "/run/origin.sock");
	cr_assert_eq(address.local.sun_family, AF_UNIX);
	cr_assert_eq(address.size, offsetof(struct sockaddr_un, sun_path) + strlen("/run/origin.sock") + 1);

	memset(text + prefix, 'p', 107);
	text[prefix + 107] = '\0';
	parse(text);
	strcat(text, "p");
	refused(text, "107 bytes");
}

Test(address, takes_builtin)
{
	cr_assert_eq(parse("builtin").kind, GLACISD_ADDRESS_BUILTIN);
}

Test(address, refuses_a_missing_or_wrong_port)
{
	refused("", "port is missing");
	refused("127.0.0.1", "port is missing");
	refused("[::1]", "port is missing");
	refused("127.0.0.1:", "1 to 65535");
	refused("127.0.0.1:0", "1 to 65535");
	refused("127.0.0.1:65536", "1 to 65535");
	refused("127.0.0.1:99999999999999999999", "1 to 65535");
	refused("127.0.0.1:+80", "1 to 65535");
	refused("127.0.0.1: 80", "1 to 65535");
	refused("127.0.0.1:80 ", "1 to 65535");
	refused("127.0.0.1:http", "1 to 65535");
}

Test(address, refuses_what_is_no_numeric_address)
{
	refused(":80", "not looked up");
	refused("*:80", "not looked up");
	refused("example.com:80", "not looked up");
	refused("127.1:80", "not looked up");
	refused("0127.0.0.1:80", "not looked up");
	refused("::1:80", "in brackets");
	refused("[:80", "not looked up");
	refused("[]:80", "no IPv6 address");
	refused("[127.0.0.1]:80", "no IPv6 address");
	refused("[::1%none-such]:80", "interface");
	refused("unix:", "path is empty");
	refused("Builtin", "port is missing");
}

Test(address, refuses_text_beyond_its_field)
{
	char text[200];

	memset(text, '1', sizeof(text));
	text[127] = '\0';
	refused(text, "port is missing");
	text[127] = '1';
	text[128] = '\0';
	refused(text, "127 bytes");
}

Test(address, keeps_within_a_small_buffer)
{
	struct glacisd_address address;
	char why[8] = "1234567";

	cr_assert_eq(glacisd_address_parse("x", &address, why, 4), -EINVAL);
	cr_assert_eq(strlen(why), 3);
	cr_assert_eq(memcmp(why + 4, "567", 4), 0);
}
