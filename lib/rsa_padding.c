/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paddings; see rsa_padding.h. PKCS#1 v1.5 (sign), PSS and OAEP are OpenSSL's own functions, called
 * without a key; OpenSSL 3 marks them deprecated in favour of whole operations, which would bring
 * their own exponentiation. OpenSSL allocates a few hundred bytes in PSS and OAEP, and frees them.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "rsa_padding.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "engine.h"

/* DER of a DigestInfo up to the digest (RFC 8017 section 9.2, note 1). */
struct digest_info {
	uint8_t size; /* of the digest */
	uint8_t prefix_size;
	uint8_t prefix[19];
};

#define SHA2_PREFIX(last, digest)                                                                                      \
	{                                                                                                              \
		0x30, 17 + (digest), 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, last, 5, 0, 4, digest         \
	}

static const struct digest_info digest_infos[RSA_HASHES] = {
	[GLACIS_RSA_SHA1] = { 20, 15, { 0x30, 33, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 20 } },
	[GLACIS_RSA_SHA256] = { 32, 19, SHA2_PREFIX(1, 32) },
	[GLACIS_RSA_SHA384] = { 48, 19, SHA2_PREFIX(2, 48) },
	[GLACIS_RSA_SHA512] = { 64, 19, SHA2_PREFIX(3, 64) },
};

static const struct digest_info *digest_info(const struct glacis_rsa_op *op)
{
	const struct digest_info *info = op->hash >= GLACIS_RSA_SHA1 && op->hash < RSA_HASHES ? &digest_infos[op->hash]
											      : NULL;
	return info;
}

RSA *rsa_padding_key(const BIGNUM *n, const BIGNUM *e)
{
	RSA *key = RSA_new();
	BIGNUM *own_n = BN_dup(n), *own_e = BN_dup(e);

	if (key != NULL && own_n != NULL && own_e != NULL && RSA_set0_key(key, own_n, own_e, NULL))
		return key;
	BN_free(own_n);
	BN_free(own_e);
	RSA_free(key);
	return NULL;
}

void rsa_padding_key_free(RSA *key)
{
	RSA_free(key);
}

static int pad_pkcs1(const struct glacis_rsa_op *op, uint8_t *block)
{
	const struct digest_info *info = digest_info(op);
	uint8_t text[sizeof(info->prefix) + 64];

	if (info == NULL || op->input_size != info->size)
		return -EINVAL;
	memcpy(text, info->prefix, info->prefix_size);
	memcpy(text + info->prefix_size, op->input, info->size);
	return RSA_padding_add_PKCS1_type_1(block, (int)op->key->bytes, text, info->prefix_size + info->size) > 0
		       ? 0
		       : -EINVAL;
}

static int pad_pss(const struct glacis_rsa_op *op, uint8_t *block)
{
	const struct glacis_rsa_key *key = op->key;
	const struct digest_info *info = digest_info(op);

	/* The salt's size is checked here, because OpenSSL gives negative ones a meaning. */
	if (info == NULL || op->input_size != info->size || op->salt_size > key->bytes - info->size - 2u)
		return -EINVAL;
	const EVP_MD *digest = key->engine->rsa.digests[op->hash];
	return RSA_padding_add_PKCS1_PSS_mgf1(key->public_half, block, op->input, digest, digest, (int)op->salt_size) >
			       0
		       ? 0
		       : -EINVAL;
}

/* A value to exponentiate as it is. It came from outside, and the modulus is public: no secret to keep. */
static int pad_raw(const struct glacis_rsa_op *op, uint8_t *block)
{
	const struct glacis_rsa_key *key = op->key;

	if (op->input_size != key->bytes || memcmp(op->input, key->n, key->bytes) >= 0)
		return -EINVAL;
	if (op->kind == GLACIS_RSA_DECRYPT_OAEP && digest_info(op) == NULL)
		return -EINVAL;
	memcpy(block, op->input, key->bytes);
	return 0;
}

int rsa_pad(const struct glacis_rsa_op *op, uint8_t *block)
{
	int error;

	ERR_set_mark();
	switch ((enum glacis_rsa_kind)op->kind) {
	case GLACIS_RSA_SIGN_PKCS1:
		error = pad_pkcs1(op, block);
		break;
	case GLACIS_RSA_SIGN_PSS:
		error = pad_pss(op, block);
		break;
	default:
		error = pad_raw(op, block);
	}
	ERR_pop_to_mark();
	return error;
}

static enum glacis_status unpad_oaep(struct glacis_rsa_op *op, const uint8_t *block)
{
	const struct glacis_rsa_key *key = op->key;
	const EVP_MD *digest = key->engine->rsa.digests[op->hash];
	int bytes = (int)key->bytes;

	ERR_set_mark();
	int size = RSA_padding_check_PKCS1_OAEP_mgf1(op->output, bytes, block, bytes, bytes, NULL, 0, digest, digest);
	ERR_pop_to_mark();
	if (size < 0)
		return GLACIS_STATUS_INVALID;
	op->output_size = (uint32_t)size;
	return GLACIS_STATUS_OK;
}

enum glacis_status rsa_unpad(struct glacis_rsa_op *op, const uint8_t *input, const uint8_t *block)
{
	const struct glacis_rsa_key *key = op->key;

	switch ((enum glacis_rsa_kind)op->kind) {
	case GLACIS_RSA_DECRYPT_PKCS1:
		op->output_size = rsa_unpad_pkcs1(key->secrets->rejection_key, input, block, key->bytes, op->output);
		return GLACIS_STATUS_OK;
	case GLACIS_RSA_DECRYPT_OAEP:
		return unpad_oaep(op, block);
	default:
		memcpy(op->output, block, key->bytes);
		op->output_size = key->bytes;
		return GLACIS_STATUS_OK;
	}
}
