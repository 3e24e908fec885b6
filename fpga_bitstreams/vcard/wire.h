/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of vfio-user as they lie on the socket. Bodies that the kernel's VFIO has too (device, region and interrupt
 * information) are those of <linux/vfio.h>; here is only what vfio-user adds. Both ends are on one machine, so numbers
 * are in its byte order.
 */
#ifndef VCARD_WIRE_H
#define VCARD_WIRE_H

#include <assert.h>
#include <stdint.h>

#define VCARD_WIRE_FDS_MAX  16u       /* descriptors with one message */
#define VCARD_WIRE_DATA_MAX 0x100000u /* bytes of data of one region or DMA access */
#define VCARD_WIRE_BODY_MAX (VCARD_WIRE_DATA_MAX + 4096u)

enum vcard_wire_command {
	VCARD_WIRE_VERSION = 1,
	VCARD_WIRE_DMA_MAP = 2,
	VCARD_WIRE_DMA_UNMAP = 3,
	VCARD_WIRE_GET_INFO = 4,
	VCARD_WIRE_GET_REGION_INFO = 5,
	VCARD_WIRE_GET_IRQ_INFO = 7,
	VCARD_WIRE_SET_IRQS = 8,
	VCARD_WIRE_REGION_READ = 9,
	VCARD_WIRE_REGION_WRITE = 10,
	VCARD_WIRE_DMA_READ = 11,
	VCARD_WIRE_DMA_WRITE = 12,
	VCARD_WIRE_RESET = 13,
};

#define VCARD_WIRE_TYPE_MASK 0x0fu
#define VCARD_WIRE_REQUEST   0x00u
#define VCARD_WIRE_REPLY     0x01u
#define VCARD_WIRE_NO_REPLY  0x10u
#define VCARD_WIRE_ERROR     0x20u

struct vcard_wire_header {
	uint16_t id;
	uint16_t command;
	uint32_t size; /* with this header */
	uint32_t flags;
	uint32_t error; /* an errno */
};
static_assert(sizeof(struct vcard_wire_header) == 16, "header");

struct vcard_wire_version {
	uint16_t major;
	uint16_t minor;
	char capabilities[]; /* JSON with its zero byte; may be missing */
};

#define VCARD_WIRE_MAP_READ  1u
#define VCARD_WIRE_MAP_WRITE 2u

struct vcard_wire_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset; /* in the descriptor that comes with the message */
	uint64_t address;
	uint64_t size;
};
static_assert(sizeof(struct vcard_wire_dma_map) == 32, "dma_map");

#define VCARD_WIRE_UNMAP_ALL 2u

struct vcard_wire_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};
static_assert(sizeof(struct vcard_wire_dma_unmap) == 24, "dma_unmap");

struct vcard_wire_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count; /* bytes; those of a write, or of the answer to a read, follow */
};
static_assert(sizeof(struct vcard_wire_region_access) == 16, "region_access");

struct vcard_wire_dma_access {
	uint64_t address;
	uint64_t count; /* bytes; those of a write, or of the answer to a read, follow */
};
static_assert(sizeof(struct vcard_wire_dma_access) == 16, "dma_access");

#endif
