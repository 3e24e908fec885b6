/* SPDX-License-Identifier: Apache-2.0 */
/* The block IDENTITY: who the card is. Everything but SCRATCH follows from the set-up, the image and the build. */
#ifndef VCARD_IDENTITY_H
#define VCARD_IDENTITY_H

#include <stdint.h>

struct vcard_card;

/* The register at `reg`, or the half of BUILD_ID. */
uint64_t vcard_identity_read(const struct vcard_card *card, uint32_t reg);

#endif
