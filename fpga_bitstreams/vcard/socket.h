/* SPDX-License-Identifier: Apache-2.0 */
/* Listening UNIX sockets: only their owner may connect, and what a dead process left is removed. */
#ifndef VCARD_SOCKET_H
#define VCARD_SOCKET_H

/*
 * A listening socket at `path`. A socket there that nobody listens on is replaced; a living one (-EADDRINUSE), another
 * kind of file (-EEXIST) and a path that is too long (-ENAMETOOLONG) are not.
 */
int vcard_socket_listen(const char *path);

/* A connection to `path`, or a negative errno. */
int vcard_socket_connect(const char *path);

#endif
