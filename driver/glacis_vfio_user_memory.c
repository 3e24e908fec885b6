/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for DMA: every page that DPDK may hand out is shared with the server by its file descriptor, at the address
 * that DPDK calls its IOVA.
 *
 * Concepts. With --no-huge the memory is one memfd, fixed for the life of the process, and pages that follow one
 * another become one map. Hugepages come and go, so each is a map of its own, which can be taken back alone; a
 * callback of DPDK tells of them. The memory lock is held between the first walk and the registration of the
 * callback, so that no page is missed and none is told of twice. Memory that a program brings along itself
 * (rte_extmem_register) has no descriptor and is not shared.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal_memconfig.h>
#include <rte_errno.h>
#include <rte_memory.h>

#include "glacis_log.h"
#include "glacis_vfio_user.h"

#define MAP_READABLE 0x1u
#define MAP_WRITABLE 0x2u

/* Pages below this size do not come and go one by one. */
#define MERGE_BELOW (1u << 20)

/* Neighbours in the file and in the address space. */
struct piece {
	int fd;
	size_t offset;
	uint64_t address;
	uint64_t size;
};

static int piece_map(struct glacis_vfio_user *link, const struct piece *piece)
{
	const struct glacis_wire_dma_map map = {
		.argsz = sizeof(map),
		.flags = MAP_READABLE | MAP_WRITABLE,
		.offset = piece->offset,
		.address = piece->address,
		.size = piece->size,
	};
	int status = glacis_socket_request(&link->socket, &(struct glacis_request){ .command = GLACIS_WIRE_DMA_MAP,
										    .head = &map,
										    .head_size = sizeof(map),
										    .fd = piece->fd });

	if (status != 0)
		GLACIS_LOG(ERR, "%s: refuses %" PRIu64 " bytes of memory at %#" PRIx64 " for DMA: %s", link->path,
			   piece->size, piece->address, strerror(-status));
	return status;
}

static int piece_unmap(struct glacis_vfio_user *link, uint64_t address, uint64_t size)
{
	const struct glacis_wire_dma_unmap unmap = { .argsz = sizeof(unmap), .address = address, .size = size };

	return glacis_socket_request(&link->socket, &(struct glacis_request){ .command = GLACIS_WIRE_DMA_UNMAP,
									      .head = &unmap,
									      .head_size = sizeof(unmap),
									      .fd = -1 });
}

/* The caller holds the memory lock, as walks and callbacks do. */
static int page_piece(const struct rte_memseg *page, struct piece *piece)
{
	struct rte_memseg *segment = (struct rte_memseg *)(uintptr_t)page;

	piece->fd = rte_memseg_get_fd_thread_unsafe(segment);
	if (piece->fd < 0 || rte_memseg_get_fd_offset_thread_unsafe(segment, &piece->offset) != 0) {
		GLACIS_LOG(ERR,
			   "memory at %p has no descriptor to share: %s; start with --in-memory, or with --no-huge "
			   "--no-shconf",
			   page->addr, rte_strerror(rte_errno));
		return -ENOTSUP;
	}
	piece->address = page->iova;
	piece->size = page->len;
	return 0;
}

/* Shares `size` bytes of pages that follow one another in the list. */
static int pages_share(struct glacis_vfio_user *link, const struct rte_memseg *page, size_t page_size, size_t size)
{
	struct piece piece = { .fd = -1 }, next;
	int status;

	for (size_t done = 0; done < size; done += page_size, page++) {
		status = page_piece(page, &next);
		if (status != 0)
			return status;
		if (page_size < MERGE_BELOW && piece.fd == next.fd && piece.offset + piece.size == next.offset &&
		    piece.address + piece.size == next.address) {
			piece.size += next.size;
			continue;
		}
		if (piece.fd >= 0 && (status = piece_map(link, &piece)) != 0)
			return status;
		piece = next;
	}
	return piece.fd < 0 ? 0 : piece_map(link, &piece);
}

static int contiguous_share(const struct rte_memseg_list *list, const struct rte_memseg *page, size_t size, void *link)
{
	return list->external ? 0 : pages_share(link, page, list->page_sz, size);
}

static void memory_changed(enum rte_mem_event event, const void *address, size_t size, void *link_)
{
	const struct rte_memseg_list *list = rte_mem_virt2memseg_list(address);
	struct glacis_vfio_user *link = link_;

	if (list == NULL || list->external)
		return;
	for (size_t done = 0; done < size; done += list->page_sz) {
		const struct rte_memseg *page = rte_mem_virt2memseg((const uint8_t *)address + done, list);

		if (page == NULL)
			continue;
		if (event == RTE_MEM_EVENT_ALLOC)
			(void)pages_share(link, page, list->page_sz, list->page_sz);
		else
			(void)piece_unmap(link, page->iova, page->len);
	}
}

int glacis_vfio_user_memory_share(struct glacis_vfio_user *link)
{
	int status;

	snprintf(link->callback_name, sizeof(link->callback_name), "glacis_%" PRIxPTR, (uintptr_t)link);
	rte_mcfg_mem_read_lock();
	status = rte_memseg_contig_walk_thread_unsafe(contiguous_share, link);
	if (status == 0 && !link->callback) {
		status = rte_mem_event_callback_register(link->callback_name, memory_changed, link);
		link->callback = status == 0;
		/* Not supported where memory is fixed, and not needed there. */
		if (status != 0)
			status = rte_errno == ENOTSUP ? 0 : -rte_errno;
	}
	rte_mcfg_mem_read_unlock();
	return status;
}

void glacis_vfio_user_memory_forget(struct glacis_vfio_user *link)
{
	if (link->callback)
		rte_mem_event_callback_unregister(link->callback_name, link);
	link->callback = false;
}
