/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which part a bitstream is, by its own words. Untrusted bytes: nothing is believed but what is within them.
 *
 * Source for ECP5: Lattice, "ECP5 and ECP5-5G sysCONFIG Usage Guide", FPGA-TN-02039 (preamble, VERIFY_ID), and the
 * documentation of Project Trellis, "Bitstream format".
 */
#ifndef FLASH_BITSTREAM_H
#define FLASH_BITSTREAM_H

#include <stddef.h>
#include <stdint.h>

/* The family, for messages: "ECP5", "glacis-vcard". NULL: none that is known. */
const char *bitstream_family(const uint8_t *bytes, size_t size);

/* The IDCODE that the bitstream makes the part check. 0, or -EINVAL when it has none or is cut short before. */
int bitstream_idcode(const uint8_t *bytes, size_t size, uint32_t *idcode);

#endif
