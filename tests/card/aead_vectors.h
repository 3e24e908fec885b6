/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers of tests/vectors/aes_gcm.txt, read one after the other; and AES-GCM by OpenSSL, to compare with. */
#ifndef CARD_AEAD_VECTORS_H
#define CARD_AEAD_VECTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define VECTOR_MAX 512u

struct vector {
	char name[96];
	uint8_t key[32], nonce[12], aad[64], plaintext[VECTOR_MAX], ciphertext[VECTOR_MAX], tag[16];
	uint32_t key_size, aad_size, size;
};

/* The next case of the file. False at its end. */
bool vector_next(FILE *file, struct vector *vector);

/* What OpenSSL makes of it. False when it refuses. */
bool vector_openssl(const uint8_t *key, uint32_t key_size, const uint8_t *nonce, const uint8_t *aad, uint32_t aad_size,
		    const uint8_t *plaintext, uint32_t size, uint8_t *ciphertext, uint8_t *tag);

#endif
