/* SPDX-License-Identifier: Apache-2.0 */
/* The program's loop; see server.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"
#include "session.h"
#include "socket.h"

enum { POLL_SIGNAL, POLL_LISTENER, POLL_CLIENT, POLL_COUNT };

struct server {
	struct vcard_card *card;
	struct vcard_session session;
	const char *path;
	int signals;
	int listener;
};

static void say(const struct server *server, const char *what, int error)
{
	fprintf(stderr, "glacis-vcard: %s: %s%s%s\n", server->path, what, error ? ": " : "",
		error ? strerror(-error) : "");
}

static void take_client(struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
	int error;

	if (fd < 0)
		return;
	if (vcard_session_is_open(&server->session)) {
		say(server, "a second client was turned away; the card takes one at a time", 0);
		close(fd);
		return;
	}
	error = vcard_session_open(&server->session, fd);
	if (error)
		say(server, "cannot attach a client", error);
}

static void serve_client(struct server *server)
{
	int error = vcard_session_run(&server->session);

	if (!error)
		return;
	if (error != -ECONNRESET)
		say(server, "the client was dropped", error);
	vcard_session_close(&server->session);
}

static void loop(struct server *server)
{
	for (;;) {
		struct pollfd fds[POLL_COUNT] = {
			[POLL_SIGNAL] = { .fd = server->signals, .events = POLLIN },
			[POLL_LISTENER] = { .fd = server->listener, .events = POLLIN },
			[POLL_CLIENT] = { .fd = server->session.channel.fd, .events = POLLIN },
		};

		if (poll(fds, POLL_COUNT, -1) < 0) {
			if (errno == EINTR)
				continue;
			say(server, "poll", -errno);
			return;
		}
		if (fds[POLL_SIGNAL].revents)
			return;
		if (fds[POLL_CLIENT].revents)
			serve_client(server);
		if (fds[POLL_LISTENER].revents)
			take_client(server);
	}
}

static int open_signals(void)
{
	sigset_t set;

	/* main() has blocked them before any thread was started. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int listen_at(struct server *server)
{
	server->listener = vcard_socket_listen(server->path);
	if (server->listener >= 0)
		return 0;
	if (server->listener == -EADDRINUSE)
		say(server, "another process serves this socket; stop it, or choose another path", 0);
	else if (server->listener == -EEXIST)
		say(server, "is there and no socket; remove it, or choose another path", 0);
	else if (server->listener == -ENAMETOOLONG)
		say(server, "is too long for a socket (107 bytes); choose a shorter path", 0);
	else
		say(server, "cannot listen there", server->listener);
	return server->listener;
}

int vcard_server_run(struct vcard_card *card, const char *socket_path)
{
	struct server *server = calloc(1, sizeof(*server));
	int result = 1, error;

	if (!server)
		return 1;
	server->card = card;
	server->path = socket_path;
	error = vcard_session_init(&server->session, card);
	if (error) {
		say(server, "cannot prepare", error);
		goto no_session;
	}
	server->signals = open_signals();
	if (server->signals < 0) {
		say(server, "signalfd", -errno);
		goto no_signals;
	}
	if (listen_at(server))
		goto no_listener;
	loop(server);
	result = 0;
	close(server->listener);
	unlink(server->path);
no_listener:
	close(server->signals);
no_signals:
	vcard_session_destroy(&server->session);
no_session:
	free(server);
	return result;
}
