/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to listen and where the origin is: `A:P`, `[v6]:P`, `unix:PATH` or `builtin`.
 */
#ifndef GLACISD_ADDRESS_H
#define GLACISD_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

enum glacisd_address_kind {
	GLACISD_ADDRESS_NONE = 0,
	GLACISD_ADDRESS_TCP,
	GLACISD_ADDRESS_UNIX,
	GLACISD_ADDRESS_BUILTIN, /* the origin inside the process */
};

struct glacisd_address {
	enum glacisd_address_kind kind;
	socklen_t size; /* bytes of `storage` in use */
	union {
		struct sockaddr_storage storage;
		struct sockaddr_un local;
	};
	char text[128]; /* as the user wrote it, for messages */
};

/* Parses `text`; numeric addresses and "localhost" only, so that start-up never waits for a name
 * server. Returns 0, or -EINVAL with a sentence that says what is allowed in `why`. */
int glacisd_address_parse(const char *text, struct glacisd_address *address, char *why, size_t why_size);

#endif
