/* SPDX-License-Identifier: Apache-2.0 */
/* Images of the emulated card; see image.h. The program's own is of the commit and date of the tree it was made from.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "image.h"

static_assert(sizeof(struct vcard_image_header) == 64, "as images.py writes it");

bool vcard_image_read(const uint8_t *bytes, size_t size, struct vcard_image_header *header)
{
	if (size < sizeof(*header))
		return false;
	memcpy(header, bytes, sizeof(*header));
	return memcmp(header->magic, VCARD_IMAGE_MAGIC, sizeof(header->magic)) == 0 &&
	       header->idcode == VCARD_IMAGE_IDCODE && header->size >= sizeof(*header) && header->size <= size &&
	       header->reserved == 0;
}

/* VCARD_BUILD is "<40 hexadecimal digits> <seconds since 1970>", or "unknown". */
static uint8_t digit(char character)
{
	const char *digits = "0123456789abcdef", *found = strchr(digits, character);

	return found && character ? (uint8_t)(found - digits) : 0;
}

void vcard_image_own(struct vcard_image_header *header)
{
	const char *build = VCARD_BUILD, *space = strchr(build, ' ');

	*header = (struct vcard_image_header){ .idcode = VCARD_IMAGE_IDCODE,
					       .size = sizeof(*header),
					       .capabilities = UINT32_MAX };
	memcpy(header->magic, VCARD_IMAGE_MAGIC, sizeof(header->magic));
	for (size_t i = 0; space && strlen(build) >= 2 * VCARD_IMAGE_HASH && i < VCARD_IMAGE_HASH; i++)
		header->git_hash[i] = (uint8_t)(digit(build[2 * i]) << 4 | digit(build[2 * i + 1]));
	memcpy(&header->build_id, header->git_hash, sizeof(header->build_id));
	header->build_date = space ? (uint32_t)strtoul(space + 1, NULL, 10) : 0;
}
