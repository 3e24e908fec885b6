/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of RSA as long as the modulus: PKCS#1 v1.5 (RFC 8017, sections 7.2 and 9.2) and plain numbers. Each function
 * returns 0 or -EINVAL: the message does not fit.
 */
#ifndef GLACIS_DRIVER_RSA_PADDING_H
#define GLACIS_DRIVER_RSA_PADDING_H

#include <stddef.h>
#include <stdint.h>

#include <rte_crypto_sym.h>

/* A number with zeros in front; more zeros than there is room for are left out. */
int glacis_rsa_place(uint8_t *block, size_t size, const uint8_t *number, size_t length);

/*
 * Block type 1. With one of MD5, SHA-1 and the SHA-2 family `message` is a digest, and its DigestInfo is put in front;
 * with 0 or NULL the message is taken as it is.
 */
int glacis_rsa_pad_signature(uint8_t *block, size_t size, const uint8_t *message, size_t length,
			     enum rte_crypto_auth_algorithm hash);

/* Block type 2, with bytes from getrandom(2). -EIO: there are none. */
int glacis_rsa_pad_encryption(uint8_t *block, size_t size, const uint8_t *message, size_t length);
/* Takes the same time whatever the block holds, but for the copy of the message. */
int glacis_rsa_unpad_encryption(const uint8_t *block, size_t size, uint8_t *message, size_t *length);

#endif
