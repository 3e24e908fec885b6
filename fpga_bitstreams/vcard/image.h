/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the emulated card: what stands in for a bitstream. A header says which build the card claims to be, and
 * what is wrong with it, for tests; what follows it is only there to be written and read. An image lies in the flash
 * and is untrusted.
 */
#ifndef VCARD_IMAGE_H
#define VCARD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VCARD_IMAGE_MAGIC   "GLACISVC"
#define VCARD_IMAGE_IDCODE  0x6c410001u /* of no part: nobody else's images have it */
#define VCARD_IMAGE_HASH    20u
#define VCARD_IMAGE_WRONG   0x1u /* a tag has a wrong bit now and then, as when timing is not met */
#define VCARD_IMAGE_DEAD    0x2u /* no register answers */
#define VCARD_IMAGE_STRANGE 0x4u /* another ABI than that of its manifest */

/* As it lies at the start of an image, little-endian. fpga_bitstreams/images.py writes it. */
struct vcard_image_header {
	char magic[8];
	uint32_t idcode;
	uint32_t size; /* bytes of the image, with this header */
	uint64_t build_id;
	uint8_t git_hash[VCARD_IMAGE_HASH];
	uint32_t build_date;
	uint32_t capabilities; /* those that are left of the backend's */
	uint32_t flags;        /* VCARD_IMAGE_* */
	uint32_t reserved;     /* zero */
};

/* Copies the header of what lies at `bytes`; false when that is no image for this card. */
bool vcard_image_read(const uint8_t *bytes, size_t size, struct vcard_image_header *header);

/* The image that this program stands for. */
void vcard_image_own(struct vcard_image_header *header);

#endif
