/* SPDX-License-Identifier: Apache-2.0 */
/* MSI-X vectors as eventfds; see interrupts.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "interrupts.h"

void vcard_interrupts_init(struct vcard_interrupts *interrupts)
{
	for (unsigned i = 0; i < GLACIS_CARD_QUEUES_MAX; i++)
		interrupts->fds[i] = -1;
}

void vcard_interrupts_clear(struct vcard_interrupts *interrupts)
{
	for (unsigned i = 0; i < GLACIS_CARD_QUEUES_MAX; i++)
		vcard_interrupts_set(interrupts, i, -1);
}

/* Writing to whatever file a client sends could block or do worse, so only eventfds are taken. */
static int check_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[32], target[sizeof(name)];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	size = readlink(path, target, sizeof(target));
	if (size != sizeof(name) - 1 || memcmp(target, name, sizeof(name) - 1) != 0)
		return -EINVAL;
	return 0;
}

int vcard_interrupts_set(struct vcard_interrupts *interrupts, unsigned vector, int fd)
{
	if (fd >= 0 && check_eventfd(fd))
		return -EINVAL;
	if (interrupts->fds[vector] >= 0)
		close(interrupts->fds[vector]);
	interrupts->fds[vector] = fd;
	return 0;
}

void vcard_interrupts_raise(const struct vcard_interrupts *interrupts, unsigned vector)
{
	const uint64_t one = 1;
	struct pollfd ready = { .fd = interrupts->fds[vector], .events = POLLOUT };

	if (ready.fd < 0)
		return;
	/* A counter that its owner has filled up would block us; it tells him of the interrupt as it is. */
	if (poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT && write(ready.fd, &one, sizeof(one)) < 0)
		fprintf(stderr, "glacis-vcard: interrupt %u: %s\n", vector, strerror(errno));
}
