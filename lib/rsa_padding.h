/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paddings of RFC 8017 around the bare exponentiation. Called by rsa_batch.c. Blocks are
 * big-endian and have the modulus's size.
 *
 * Constant time: removing a padding from a decrypted block takes the same time and touches the
 * same addresses whatever the block holds. Only OAEP tells whether it was well formed.
 */
#ifndef GLACIS_LIB_RSA_PADDING_H
#define GLACIS_LIB_RSA_PADDING_H

#include <stddef.h>
#include <stdint.h>

#include <glacis/rsa.h>
#include <glacis/status.h>

#include "rsa_key.h"

/* An OpenSSL key of n and e alone, which the padding functions ask for sizes. NULL when memory is out. */
RSA *rsa_padding_key(const BIGNUM *n, const BIGNUM *e);
void rsa_padding_key_free(RSA *key);

/* Makes the block to exponentiate of an operation's input. Returns 0 or -EINVAL: sizes, hash, or a value not below n.
 */
GLACIS_MUST_CHECK int rsa_pad(const struct glacis_rsa_op *op, uint8_t *block);

/* Makes output and output_size of the exponentiated block; `input` is what rsa_pad made. */
enum glacis_status rsa_unpad(struct glacis_rsa_op *op, const uint8_t *input, const uint8_t *block);

/*
 * RSAES-PKCS1-v1_5 with implicit rejection as draft-irtf-cfrg-rsa-guidance describes. Writes `size` bytes to
 * `output`, zeros behind the message; returns the message's size.
 */
uint32_t rsa_unpad_pkcs1(const uint8_t rejection_key[RSA_REJECTION_KEY_SIZE], const uint8_t *ciphertext,
			 const uint8_t *block, uint32_t size, uint8_t *output);

#endif
