/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the vfio-user protocol, version 0, as a client needs them: layouts, and the checks of what a server
 * answers. Everything that comes from the socket is judged here, and only here. No DPDK and no system call, so that
 * tests and the fuzz target `driver_reply` can use it alone.
 */
#ifndef GLACIS_DRIVER_VFIO_USER_WIRE_H
#define GLACIS_DRIVER_VFIO_USER_WIRE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define GLACIS_WIRE_BODY_MAX  8192u /* bytes behind the header, either way */
#define GLACIS_WIRE_AREAS_MAX 128u  /* parts of a region that can be mapped: one for each doorbell page, and more */
#define GLACIS_WIRE_FDS_MAX   8u    /* descriptors that come with one message */

enum glacis_wire_command {
	GLACIS_WIRE_VERSION = 1,
	GLACIS_WIRE_DMA_MAP = 2,
	GLACIS_WIRE_DMA_UNMAP = 3,
	GLACIS_WIRE_DEVICE_INFO = 4,
	GLACIS_WIRE_REGION_INFO = 5,
	GLACIS_WIRE_REGION_READ = 9,
	GLACIS_WIRE_REGION_WRITE = 10,
	GLACIS_WIRE_DEVICE_RESET = 13,
};

enum glacis_wire_flags {
	GLACIS_WIRE_REPLY = 0x1,
	GLACIS_WIRE_TYPE_MASK = 0xf,
	GLACIS_WIRE_NO_REPLY = 0x10,
	GLACIS_WIRE_ERROR = 0x20,
};

enum glacis_wire_region_flags {
	GLACIS_WIRE_REGION_READABLE = 0x1,
	GLACIS_WIRE_REGION_WRITABLE = 0x2,
	GLACIS_WIRE_REGION_MAPPABLE = 0x4,
	GLACIS_WIRE_REGION_CAPABILITIES = 0x8,
};

enum glacis_wire_regions {
	GLACIS_WIRE_REGION_BAR0 = 0,
	GLACIS_WIRE_REGION_CONFIG = 7,
};

struct glacis_wire_header {
	uint16_t id;
	uint16_t command;
	uint32_t size; /* with this header */
	uint32_t flags;
	uint32_t error; /* an errno, when flags have GLACIS_WIRE_ERROR */
};
static_assert(sizeof(struct glacis_wire_header) == 16, "vfio-user header");

struct glacis_wire_dma_map {
	uint32_t argsz;
	uint32_t flags; /* 1 readable, 2 writable */
	uint64_t offset;
	uint64_t address;
	uint64_t size;
};
static_assert(sizeof(struct glacis_wire_dma_map) == 32, "DMA_MAP");

struct glacis_wire_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};
static_assert(sizeof(struct glacis_wire_dma_unmap) == 24, "DMA_UNMAP");

struct glacis_wire_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t regions;
	uint32_t irqs;
};
static_assert(sizeof(struct glacis_wire_device_info) == 16, "DEVICE_INFO");

struct glacis_wire_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t capabilities; /* offset of the first in the body, 0 for none */
	uint64_t size;
	uint64_t offset; /* in the descriptor that came along */
};
static_assert(sizeof(struct glacis_wire_region_info) == 32, "REGION_INFO");

struct glacis_wire_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count; /* bytes that follow */
};
static_assert(sizeof(struct glacis_wire_access) == 16, "REGION_READ");

struct glacis_wire_area {
	uint64_t offset; /* in the region */
	uint64_t size;
};

/* What a region is, after the checks. */
struct glacis_wire_region {
	uint64_t size;
	uint64_t file_offset;
	uint32_t flags;
	uint32_t area_count;
	struct glacis_wire_area areas[GLACIS_WIRE_AREAS_MAX];
};

/*
 * Each returns 0, or -EPROTO for an answer that no correct server gives. *body_size is that of the body that may now be
 * read: at most GLACIS_WIRE_BODY_MAX.
 */
int glacis_wire_check_header(const struct glacis_wire_header *header, uint16_t id, uint16_t command, size_t *body_size);
/* 0, or the error the server refused with as -errno. */
int glacis_wire_refusal(const struct glacis_wire_header *header);
int glacis_wire_parse_version(const uint8_t *body, size_t size);
int glacis_wire_parse_device(const uint8_t *body, size_t size, uint32_t *regions);
int glacis_wire_parse_region(const uint8_t *body, size_t size, uint32_t index, struct glacis_wire_region *region);
/* `bytes` of the answer's data go to `data`. */
int glacis_wire_parse_read(const uint8_t *body, size_t size, const struct glacis_wire_access *asked, uint8_t *data);

#endif
