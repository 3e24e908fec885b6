/* SPDX-License-Identifier: Apache-2.0 */
/* IDCODEs in bitstreams; see bitstream.h. */
#include "bitstream.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define VCARD_MAGIC  "GLACISVC" /* fpga_bitstreams/vcard/image.h */
#define VCARD_HEADER 64u
#define COMMENT_MAX  4096u /* of the ECP5 header of texts; those that tools write have some hundred bytes */

enum ecp5_command { ECP5_DUMMY = 0xff, ECP5_RESET_CRC = 0x3b, ECP5_VERIFY_ID = 0xe2 };

static const uint8_t ecp5_preamble[] = { 0xff, 0xff, 0xbd, 0xb3 };

static bool is_vcard(const uint8_t *bytes, size_t size)
{
	return size >= VCARD_HEADER && memcmp(bytes, VCARD_MAGIC, strlen(VCARD_MAGIC)) == 0;
}

/* Behind the preamble; NULL when there is none where it has to be. */
static const uint8_t *ecp5_commands(const uint8_t *bytes, size_t size)
{
	size_t end = size < COMMENT_MAX ? size : COMMENT_MAX;

	if (size < 2 || bytes[0] != 0xff)
		return NULL;
	for (size_t i = 0; i + sizeof(ecp5_preamble) <= end; i++)
		if (memcmp(bytes + i, ecp5_preamble, sizeof(ecp5_preamble)) == 0)
			return bytes + i + sizeof(ecp5_preamble);
	return NULL;
}

const char *bitstream_family(const uint8_t *bytes, size_t size)
{
	if (is_vcard(bytes, size))
		return "glacis-vcard";
	return ecp5_commands(bytes, size) ? "ECP5" : NULL;
}

static uint32_t big_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* A command is its byte and three of operands; VERIFY_ID has the IDCODE behind them and must come before what
 * configures. */
static int ecp5_idcode(const uint8_t *at, const uint8_t *end, uint32_t *idcode)
{
	while (at < end) {
		if (*at == ECP5_DUMMY) {
			at++;
		} else if (*at == ECP5_RESET_CRC && end - at >= 4) {
			at += 4;
		} else if (*at == ECP5_VERIFY_ID && end - at >= 8) {
			*idcode = big_endian(at + 4);
			return 0;
		} else {
			return -EINVAL;
		}
	}
	return -EINVAL;
}

int bitstream_idcode(const uint8_t *bytes, size_t size, uint32_t *idcode)
{
	const uint8_t *commands = ecp5_commands(bytes, size);

	if (is_vcard(bytes, size)) {
		*idcode = (uint32_t)bytes[11] << 24 | (uint32_t)bytes[10] << 16 | (uint32_t)bytes[9] << 8 | bytes[8];
		return 0;
	}
	return commands ? ecp5_idcode(commands, bytes + size, idcode) : -EINVAL;
}
