/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespace, loopback and sockets, see tls_network.h. BBR, a common default, costs far more
 * processor time on loopback than Reno does and would hide what the proxies themselves cost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine.h"
#include "tls_network.h"

#define CONGESTION_CONTROL "reno"
#define SOURCES            250u

static bool write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

	if (file >= 0)
		close(file);
	return written;
}

/* Without root a user namespace gives the right to make a network namespace, where it is enabled. */
static bool enter_namespace(void)
{
	char map[64];
	uid_t user = getuid();
	gid_t group = getgid();

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	snprintf(map, sizeof(map), "%u %u 1", user, user);
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", group, group);
	write_file("/proc/self/gid_map", map);
	return true;
}

static bool raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = handle >= 0 && ioctl(handle, SIOCSIFFLAGS, &request) == 0;

	if (handle >= 0)
		close(handle);
	return up;
}

void tls_network_setup(char *description, size_t size)
{
	char congestion[32];
	bool own = enter_namespace();

	if (own && !raise_loopback())
		fprintf(stderr, "glacis-bench: cannot raise lo in the new network namespace: %s\n", strerror(errno));
	if (own) {
		write_file("/proc/sys/net/ipv4/tcp_congestion_control", CONGESTION_CONTROL);
		/* Thousands of short connections a second from one address. */
		write_file("/proc/sys/net/ipv4/ip_local_port_range", "10000 65000");
		write_file("/proc/sys/net/ipv4/tcp_tw_reuse", "1");
	}
	bench_machine_read("/proc/sys/net/ipv4/tcp_congestion_control", congestion, sizeof(congestion));
	snprintf(description, size, "%s, %s", congestion,
		 own ? "private network namespace" : "the host's network (run as root for a private one)");
}

static int make_socket(int *handle, struct sockaddr_in *address, uint16_t port)
{
	const int on = 1;

	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port),
	};
	*handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*handle < 0)
		return -errno;
	setsockopt(*handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

int tls_network_listen(uint16_t *port)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int handle;
	int status = make_socket(&handle, &address, 0);

	if (status)
		return status;
	if (bind(handle, (struct sockaddr *)&address, size) || listen(handle, 4096) ||
	    getsockname(handle, (struct sockaddr *)&address, &size)) {
		status = -errno;
		close(handle);
		return status;
	}
	*port = ntohs(address.sin_port);
	return handle;
}

int tls_network_free_port(uint16_t *port)
{
	int handle = tls_network_listen(port);

	if (handle < 0)
		return handle;
	close(handle);
	return 0;
}

/* The next of many addresses of this machine: a closed connection keeps its port for a minute, and with one address
 * the search for a free one would soon take longer than the handshake. The port is chosen by connect(). */
static void choose_source(int handle)
{
	static uint32_t number;
	const struct sockaddr_in source = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl((127u << 24) | (1u << 16) | (number++ % SOURCES + 1)),
	};
	const int on = 1;

	setsockopt(handle, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	(void)bind(handle, (const struct sockaddr *)&source, sizeof(source));
}

int tls_network_connect(uint16_t port)
{
	struct sockaddr_in address;
	int handle;
	int status = make_socket(&handle, &address, port);

	if (status)
		return status;
	choose_source(handle);
	if (connect(handle, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS) {
		status = -errno;
		close(handle);
		return status;
	}
	return handle;
}

size_t tls_network_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 1024;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return (size_t)limit.rlim_cur;
}
