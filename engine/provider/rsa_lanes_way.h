/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a private operation may go to the crew, and what it is called there: from what has been said about padding
 * and digests to libglacis' kinds of operation.
 */
#ifndef GLACIS_PROVIDER_RSA_LANES_WAY_H
#define GLACIS_PROVIDER_RSA_LANES_WAY_H

#include <openssl/evp.h>

#include "rsa_lanes_words.h"
#include "task.h"

/* True when the caller runs in an async job and the key is one for lanes; else why not has been counted. */
bool lanes_way_open(const struct rsa_key *key);

/*
 * Where the way is open: signs `digest` as an inner context (EVP_PKEY_sign) that was told `words` would. TASK_REFUSED:
 * let one do it; why has been counted.
 */
enum task_result lanes_way_sign(struct rsa_key *key, const struct lanes_words *words, const uint8_t *digest,
				size_t digest_size, uint8_t *signature, size_t *signature_size);

/* The same for EVP_PKEY_decrypt, looking itself whether the way is open. Only OAEP goes to lanes: what a wrong PKCS#1
 * padding looks like to the caller differs between releases of OpenSSL, and must not differ between two operations on
 * one ciphertext. */
enum task_result lanes_way_decrypt(struct rsa_key *key, EVP_PKEY_CTX *inner, const uint8_t *input, size_t input_size,
				   uint8_t *output, size_t *output_size);

#endif
