/* SPDX-License-Identifier: Apache-2.0 */
/* The block IDENTITY: who the card is. Everything but SCRATCH follows from the set-up and from the build. */
#ifndef VCARD_IDENTITY_H
#define VCARD_IDENTITY_H

#include <stdint.h>

struct vcard_setup;

/* The register at `reg`, or the half of BUILD_ID. */
uint64_t vcard_identity_read(const struct vcard_setup *setup, uint32_t reg);

#endif
