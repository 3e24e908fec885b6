/* SPDX-License-Identifier: Apache-2.0 */
/* Listening UNIX sockets; see socket.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket.h"

static int make_address(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

int vcard_socket_connect(const char *path)
{
	struct sockaddr_un address;
	int error = make_address(path, &address), fd;

	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* Removes a socket that nobody listens on. */
static int remove_stale(const char *path)
{
	struct stat status;
	int fd;

	if (lstat(path, &status))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = vcard_socket_connect(path);
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd != -ECONNREFUSED)
		return fd;
	return unlink(path) ? -errno : 0;
}

int vcard_socket_listen(const char *path)
{
	struct sockaddr_un address;
	int error = make_address(path, &address), fd;
	mode_t mask;

	if (!error)
		error = remove_stale(path);
	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* No other thread makes files. */
	mask = umask(0177);
	error = bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8) ? -errno : 0;
	umask(mask);
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}
