/* SPDX-License-Identifier: Apache-2.0 */
/* SIGBUS in memory of a client; see bus_error.h. The map does not change while a worker, inside the gate, is
 * interrupted. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus_error.h"

static const struct vcard_dma_map *map;
static int event_fd = -1;

/* Only what POSIX allows in a handler, and mmap(), which is a bare system call. */
static void handle(int signal_number, siginfo_t *info, void *context)
{
	const struct vcard_dma_region *region = vcard_dma_map_find_memory(map, info->si_addr);
	const uint64_t one = 1;
	int saved = errno;

	if (!region ||
	    mmap(region->memory, region->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED ||
	    write(event_fd, &one, sizeof(one)) < 0)
		signal(signal_number, SIG_DFL); /* a defect of ours: the access is made again, and ends the process */
	errno = saved;
}

int vcard_bus_error_install(const struct vcard_dma_map *of)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		return -errno;
	map = of;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGBUS, &action, NULL))
		return -errno;
	return event_fd;
}

bool vcard_bus_error_take(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}
