/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#1 v1.5 padding, which the card leaves to software.
 */
#include "glacis_rsa_padding.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define OVERHEAD 11u /* 00, type, at least eight bytes of padding, 00 */

/* DER of DigestInfo up to the digest: RFC 8017, section 9.2, note 1. */
struct digest_info {
	enum rte_crypto_auth_algorithm hash;
	uint8_t digest_size;
	uint8_t prefix_size;
	uint8_t prefix[19];
};

static const struct digest_info digest_infos[] = {
	{ RTE_CRYPTO_AUTH_MD5,
	  16,
	  18,
	  { 0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05, 0x05, 0x00, 0x04,
	    0x10 } },
	{ RTE_CRYPTO_AUTH_SHA1,
	  20,
	  15,
	  { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14 } },
	{ RTE_CRYPTO_AUTH_SHA224,
	  28,
	  19,
	  { 0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04, 0x05, 0x00, 0x04,
	    0x1c } },
	{ RTE_CRYPTO_AUTH_SHA256,
	  32,
	  19,
	  { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
	    0x20 } },
	{ RTE_CRYPTO_AUTH_SHA384,
	  48,
	  19,
	  { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04,
	    0x30 } },
	{ RTE_CRYPTO_AUTH_SHA512,
	  64,
	  19,
	  { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04,
	    0x40 } },
};

int glacis_rsa_place(uint8_t *block, size_t size, const uint8_t *number, size_t length)
{
	for (; length > size && *number == 0; number++)
		length--;
	if (length > size)
		return -EINVAL;
	memset(block, 0, size - length);
	if (length > 0)
		memcpy(block + size - length, number, length);
	return 0;
}

int glacis_rsa_pad_signature(uint8_t *block, size_t size, const uint8_t *message, size_t length,
			     enum rte_crypto_auth_algorithm hash)
{
	const struct digest_info *info = NULL;
	size_t prefix;

	for (size_t i = 0; i < sizeof(digest_infos) / sizeof(digest_infos[0]); i++) {
		if (digest_infos[i].hash == hash)
			info = &digest_infos[i];
	}
	if (info == NULL ? (hash != 0 && hash != RTE_CRYPTO_AUTH_NULL) : length != info->digest_size)
		return -EINVAL;
	prefix = info == NULL ? 0 : info->prefix_size;
	if (size < OVERHEAD || length > size - OVERHEAD || prefix > size - OVERHEAD - length)
		return -EINVAL;
	block[0] = 0;
	block[1] = 1;
	memset(block + 2, 0xff, size - length - prefix - 3);
	block[size - length - prefix - 1] = 0;
	if (info != NULL)
		memcpy(block + size - length - prefix, info->prefix, prefix);
	if (length > 0)
		memcpy(block + size - length, message, length);
	return 0;
}

int glacis_rsa_pad_encryption(uint8_t *block, size_t size, const uint8_t *message, size_t length)
{
	size_t filled = 0, padding;
	uint8_t random[128];

	if (size < OVERHEAD || length > size - OVERHEAD)
		return -EINVAL;
	padding = size - length - 3;
	block[0] = 0;
	block[1] = 2;
	while (filled < padding) {
		ssize_t got = getrandom(random, sizeof(random), 0);

		if (got < 0 && errno != EINTR)
			return -EIO;
		for (ssize_t i = 0; i < got && filled < padding; i++) {
			if (random[i] != 0)
				block[2 + filled++] = random[i];
		}
	}
	block[2 + padding] = 0;
	if (length > 0)
		memcpy(block + size - length, message, length);
	return 0;
}

/* All ones when a is zero, else zero; a is below 2^31. */
static inline uint32_t is_zero(uint32_t a)
{
	return (uint32_t)0 - ((a - 1) >> 31);
}

int glacis_rsa_unpad_encryption(const uint8_t *block, size_t size, uint8_t *message, size_t *length)
{
	uint32_t good, found = 0, separator = 0;

	if (size < OVERHEAD)
		return -EINVAL;
	good = is_zero(block[0]) & is_zero(block[1] ^ 2u);
	for (uint32_t i = 2; i < size; i++) {
		uint32_t first = is_zero(block[i]) & ~found;

		separator |= first & i;
		found |= first;
	}
	/* At least eight bytes of padding: the separator is not before the eleventh byte. */
	good &= found & ~((uint32_t)0 - ((separator - 10) >> 31));
	if (good == 0)
		return -EINVAL;
	*length = size - separator - 1;
	if (*length > 0)
		memcpy(message, block + separator + 1, *length);
	return 0;
}
