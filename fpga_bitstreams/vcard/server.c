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

#include "bus_error.h"
#include "clock.h"
#include "control.h"
#include "server.h"
#include "session.h"
#include "socket.h"

#define BOOT_NS (VCARD_SECOND / 10) /* to load an image */

enum { POLL_SIGNAL, POLL_LISTENER, POLL_CLIENT, POLL_CONTROL, POLL_FAULT, POLL_LOST, POLL_COUNT };

struct server {
	struct vcard_card *card;
	struct vcard_session session;
	const char *path;
	const char *control_path;
	struct vcard_control control;
	int signals;
	int lost;     /* readable when a client has cut its memory short */
	bool in_slot; /* goes away as a card in a slot, not as a process that ends */
	bool away;    /* until back_ns */
	int listener; /* -1 while the card is away, unless it is in a slot */
	uint64_t back_ns;
};

static void say(const char *path, const char *what, int error)
{
	fprintf(stderr, "glacis-vcard: %s: %s%s%s\n", path, what, error ? ": " : "", error ? strerror(-error) : "");
}

static int listen_at(const struct server *server, const char *path);

static void take_client(struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
	int error;

	if (fd < 0)
		return;
	if (vcard_session_is_open(&server->session)) {
		say(server->path, "a second client was turned away; the card takes one at a time", 0);
		close(fd);
		return;
	}
	vcard_bus_error_take(server->lost); /* it was another client's */
	error = vcard_session_open(&server->session, fd);
	if (error)
		say(server->path, "cannot attach a client", error);
}

static void serve_client(struct server *server)
{
	int error = vcard_session_run(&server->session);

	if (!error)
		return;
	if (error != -ECONNRESET)
		say(server->path, "the client was dropped", error);
	vcard_session_close(&server->session);
}

/* The fault "restart", or another image: the card goes as a process that ends, with its socket, and comes back clean.
 * In a slot it stays where it is, and registers and configuration space read as ones meanwhile.
 */
static void go_away(struct server *server)
{
	struct vcard_faults *faults = &server->card->faults;
	uint64_t count;

	if (read(faults->event_fd, &count, sizeof(count)) < 0 ||
	    !atomic_exchange_explicit(&faults->restart, false, memory_order_relaxed) || server->away)
		return;
	server->away = true;
	server->back_ns = vcard_clock_ns() +
			  (server->card->booting ? BOOT_NS : vcard_faults_ns(faults, VCARD_FAULT_RESTART));
	server->card->booting = server->in_slot;
	if (server->in_slot)
		return;
	vcard_session_close(&server->session);
	close(server->listener);
	unlink(server->path);
	server->listener = -1;
}

/* False when its socket cannot be made again. */
static bool come_back(struct server *server)
{
	server->away = false;
	if (server->in_slot) {
		vcard_session_power(&server->session);
		vcard_card_choose_image(server->card);
		server->card->booting = false;
		return true;
	}
	server->listener = listen_at(server, server->path);
	return server->listener >= 0;
}

/* How long to wait for an event: without end, unless something is to be done at a certain time. */
static int wait_ms(const struct server *server)
{
	uint64_t now = vcard_clock_ns(), until = UINT64_MAX;

	if (server->control.fd >= 0)
		until = server->control.deadline_ns;
	if (server->away && server->back_ns < until)
		until = server->back_ns;
	if (until == UINT64_MAX)
		return -1;
	return until <= now ? 0 : (int)((until - now) / (VCARD_SECOND / 1000)) + 1;
}

/* What happened; false when the card is to end. */
static bool serve(struct server *server, const struct pollfd *fds)
{
	if (fds[POLL_SIGNAL].revents)
		return false;
	if (fds[POLL_CONTROL].revents && server->control.fd < 0)
		vcard_control_accept(&server->control);
	else if (fds[POLL_CONTROL].revents && vcard_control_run(&server->control))
		return false;
	vcard_control_expire(&server->control);
	if (fds[POLL_CLIENT].revents)
		serve_client(server);
	if (fds[POLL_LOST].revents && vcard_bus_error_take(server->lost) && vcard_session_is_open(&server->session)) {
		say(server->path, "the client has cut short the memory that it gave, and was dropped", 0);
		vcard_session_close(&server->session);
	}
	if (fds[POLL_FAULT].revents)
		go_away(server);
	else if (fds[POLL_LISTENER].revents)
		take_client(server);
	return true;
}

static int loop(struct server *server)
{
	for (;;) {
		int control = server->control.fd >= 0 ? server->control.fd : server->control.listener;
		struct pollfd fds[POLL_COUNT] = {
			[POLL_SIGNAL] = { .fd = server->signals, .events = POLLIN },
			[POLL_LISTENER] = { .fd = server->listener, .events = POLLIN },
			[POLL_CLIENT] = { .fd = server->session.channel.fd, .events = POLLIN },
			[POLL_CONTROL] = { .fd = control, .events = POLLIN },
			[POLL_LOST] = { .fd = server->lost, .events = POLLIN },
			[POLL_FAULT] = { .fd = server->card->faults.event_fd, .events = POLLIN },
		};

		if (poll(fds, POLL_COUNT, wait_ms(server)) < 0) {
			if (errno == EINTR)
				continue;
			say(server->path, "poll", -errno);
			return 1;
		}
		if (!serve(server, fds))
			return 0;
		if (server->away && vcard_clock_ns() >= server->back_ns && !come_back(server))
			return 1;
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

/* A listening socket, or an error after a message. */
static int listen_at(const struct server *server, const char *path)
{
	int fd = vcard_socket_listen(path);

	if (fd == -EADDRINUSE)
		say(path, "another process serves this socket; stop it, or choose another path", 0);
	else if (fd == -EEXIST)
		say(path, "is there and no socket; remove it, or choose another path", 0);
	else if (fd == -ENAMETOOLONG)
		say(path, "is too long for a socket (107 bytes); choose a shorter path", 0);
	else if (fd < 0)
		say(path, "cannot listen there", fd);
	return fd;
}

static int run(struct server *server)
{
	int result = 1;

	server->lost = vcard_bus_error_install(&server->card->map);
	server->signals = open_signals();
	if (server->lost < 0 || server->signals < 0) {
		say(server->path, "cannot make descriptors for signals", -errno);
		return 1;
	}
	/* The client's socket last: when it is there the card can be spoken to in every way. */
	server->control.listener = listen_at(server, server->control_path);
	if (server->control.listener < 0)
		goto no_control;
	server->listener = listen_at(server, server->path);
	if (server->listener >= 0)
		result = loop(server);
	if (server->listener >= 0) {
		close(server->listener);
		unlink(server->path);
	}
	vcard_control_close(&server->control, server->control_path);
no_control:
	close(server->signals);
	return result;
}

int vcard_server_run(struct vcard_card *card, const char *socket_path, const char *control_path, bool in_slot)
{
	struct server *server = calloc(1, sizeof(*server));
	int result = 1, error;

	if (!server)
		return 1;
	server->card = card;
	server->in_slot = in_slot;
	server->path = socket_path;
	server->control_path = control_path;
	server->control.card = card;
	server->control.fd = -1;
	error = vcard_session_init(&server->session, card);
	if (error) {
		say(socket_path, "cannot prepare", error);
	} else {
		result = run(server);
		vcard_session_destroy(&server->session);
	}
	free(server);
	return result;
}
