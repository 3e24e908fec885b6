/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns the text of an address into something connect() and bind() take. Called while the command
 * line and the configuration are read, never later. No name server is asked: an address is numeric,
 * "localhost", a UNIX path or "builtin". Whatever the text, nothing is written past `why_size` and
 * `address` is complete or of kind NONE.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

static const char unix_prefix[] = "unix:";

static int refuse(char *why, size_t why_size, const char *sentence)
{
	snprintf(why, why_size, "%s", sentence);
	return -EINVAL;
}

/* 1 to 65535 in decimal digits and nothing else; strtoul alone would take " +80". */
static bool parse_port(const char *text, in_port_t *port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long value;

	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return false;
	value = strtoul(text, NULL, 10);
	if (value == 0 || value > 65535)
		return false;
	*port = htons((in_port_t)value);
	return true;
}

static int parse_unix(const char *path, struct glacisd_address *address, char *why, size_t why_size)
{
	size_t length = strlen(path);

	if (length == 0)
		return refuse(why, why_size, "the path is empty; write unix:/run/origin.sock");
	if (length >= sizeof(address->local.sun_path))
		return refuse(why, why_size, "the path is too long; a UNIX socket's path has at most 107 bytes");
	address->kind = GLACISD_ADDRESS_UNIX;
	address->local.sun_family = AF_UNIX;
	memcpy(address->local.sun_path, path, length + 1);
	address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
	return 0;
}

static int fill_v4(const char *host, in_port_t port, struct glacisd_address *address, char *why, size_t why_size)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port };

	if (strcmp(host, "localhost") == 0)
		v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (inet_pton(AF_INET, host, &v4.sin_addr) != 1)
		return refuse(why, why_size,
			      "the host must be a numeric address or localhost; names are not looked up, "
			      "and an IPv6 address stands in brackets: [::1]:443");
	memcpy(&address->storage, &v4, sizeof(v4));
	address->size = sizeof(v4);
	return 0;
}

/* `host` is what stood between the brackets, with an optional %interface at its end. */
static int fill_v6(char *host, in_port_t port, struct glacisd_address *address, char *why, size_t why_size)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = port };
	char *scope = strchr(host, '%');

	if (scope) {
		*scope++ = '\0';
		v6.sin6_scope_id = if_nametoindex(scope);
		if (v6.sin6_scope_id == 0)
			return refuse(why, why_size, "no such network interface after %; `ip link` lists them");
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
		return refuse(why, why_size, "no IPv6 address stands in the brackets; write [::1]:443");
	memcpy(&address->storage, &v6, sizeof(v6));
	address->size = sizeof(v6);
	return 0;
}

static int parse_tcp(const char *text, struct glacisd_address *address, char *why, size_t why_size)
{
	char host[sizeof(address->text)];
	const char *colon = strrchr(text, ':');
	size_t length;
	in_port_t port;
	int error;

	/* A bare [::1] has its last colon inside the brackets. */
	if (!colon || strchr(colon, ']'))
		return refuse(why, why_size,
			      "the port is missing; write ADDRESS:PORT, e.g. 127.0.0.1:8080 or [::1]:8080");
	if (!parse_port(colon + 1, &port))
		return refuse(why, why_size, "the port must be a number from 1 to 65535");
	length = (size_t)(colon - text);
	memcpy(host, text, length);
	host[length] = '\0';
	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		error = fill_v6(host + 1, port, address, why, why_size);
	} else {
		error = fill_v4(host, port, address, why, why_size);
	}
	if (!error)
		address->kind = GLACISD_ADDRESS_TCP;
	return error;
}

int glacisd_address_parse(const char *text, struct glacisd_address *address, char *why, size_t why_size)
{
	size_t length = strlen(text);
	int error;

	memset(address, 0, sizeof(*address));
	if (length >= sizeof(address->text))
		return refuse(why, why_size, "an address has at most 127 bytes");
	if (strcmp(text, "builtin") == 0) {
		address->kind = GLACISD_ADDRESS_BUILTIN;
		error = 0;
	} else if (strncmp(text, unix_prefix, strlen(unix_prefix)) == 0) {
		error = parse_unix(text + strlen(unix_prefix), address, why, why_size);
	} else {
		error = parse_tcp(text, address, why, why_size);
	}
	if (!error)
		memcpy(address->text, text, length + 1);
	return error;
}
