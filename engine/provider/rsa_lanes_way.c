/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From OpenSSL's words for an operation to libglacis'; see rsa_lanes_way.h. Words come from rsa_lanes_words.c.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* RSA_padding_add_PKCS1_type_1, for signatures without a digest's name */

#include "rsa_lanes_way.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/async.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "crew.h"
#include "status.h"

/* What OpenSSL 3.1 and newer say when nothing was set: as long as the digest, or shorter where the key is too small. */
#define SALT_AUTO_DIGEST_MAX "auto-digestmax"

bool lanes_way_open(const struct rsa_key *key)
{
	status_log_if_due(key->provider);
	if (ASYNC_get_current_job() == NULL)
		status_add(STATUS_RSA_OPENSSL_NO_JOB, 1);
	else if (key->der == NULL || !crew_takes(key))
		status_add(STATUS_RSA_OPENSSL_KEY, 1);
	else
		return true;
	return false;
}

static enum task_result refuse_padding(void)
{
	status_add(STATUS_RSA_OPENSSL_PADDING, 1);
	return TASK_REFUSED;
}

/* The size of the salt, or a negative number when it is nothing lanes know. */
static long salt_size(const struct rsa_key *key, const struct lanes_hash *hash, const char *told)
{
	long most = (long)rsa_key_bytes(key) - (long)hash->size - 2, size;
	char *end;

	if (strcmp(told, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0)
		return hash->size;
	if (strcmp(told, SALT_AUTO_DIGEST_MAX) == 0)
		return most < (long)hash->size ? most : (long)hash->size;
	/* Signing with "auto" makes the longest. */
	if (strcmp(told, OSSL_PKEY_RSA_PSS_SALT_LEN_MAX) == 0 || strcmp(told, OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO) == 0)
		return most;
	size = strtol(told, &end, 10);
	return end != told && *end == '\0' && size <= most ? size : -1;
}

/* A block that was padded here, or that the caller has padded: one number to exponentiate. */
static enum task_result sign_block(struct rsa_key *key, const uint8_t *block, uint8_t *signature,
				   size_t *signature_size)
{
	const struct task_request request = { .kind = GLACIS_RSA_PRIVATE_RAW,
					      .input = block,
					      .input_size = rsa_key_bytes(key) };

	return task_run(key, &request, signature, signature_size);
}

/* PKCS#1 v1.5 over what the caller says is a DigestInfo. */
static enum task_result sign_bare(struct rsa_key *key, const uint8_t *text, size_t size, uint8_t *signature,
				  size_t *signature_size)
{
	uint8_t block[GLACIS_RSA_BYTES_MAX];
	enum task_result result;
	bool padded;

	ERR_set_mark();
	padded = size <= GLACIS_RSA_BYTES_MAX &&
		 RSA_padding_add_PKCS1_type_1(block, (int)rsa_key_bytes(key), text, (int)size) == 1;
	ERR_pop_to_mark();
	if (!padded)
		return refuse_padding();
	result = sign_block(key, block, signature, signature_size);
	OPENSSL_cleanse(block, sizeof(block));
	return result;
}

enum task_result lanes_way_sign(struct rsa_key *key, const struct lanes_words *words, const uint8_t *digest,
				size_t digest_size, uint8_t *signature, size_t *signature_size)
{
	struct task_request request = { .input = digest, .input_size = digest_size };
	const struct lanes_hash *hash;
	long salt;

	if (strcmp(words->padding, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0 && words->digest[0] == '\0')
		return sign_bare(key, digest, digest_size, signature, signature_size);
	if (strcmp(words->padding, OSSL_PKEY_RSA_PAD_MODE_NONE) == 0 && digest_size == rsa_key_bytes(key))
		return sign_block(key, digest, signature, signature_size);
	hash = lanes_hash_by_name(words->digest);
	if (hash == NULL || digest_size != hash->size)
		return refuse_padding();
	request.hash = hash->id;
	if (strcmp(words->padding, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0) {
		request.kind = GLACIS_RSA_SIGN_PKCS1;
		return task_run(key, &request, signature, signature_size);
	}
	if (strcmp(words->padding, OSSL_PKEY_RSA_PAD_MODE_PSS) != 0)
		return refuse_padding();
	salt = salt_size(key, hash, words->salt);
	if (salt < 0 || (words->mgf1_digest[0] != '\0' && lanes_hash_by_name(words->mgf1_digest) != hash))
		return refuse_padding();
	request.kind = GLACIS_RSA_SIGN_PSS;
	request.salt_size = (uint32_t)salt;
	return task_run(key, &request, signature, signature_size);
}

/* Whether an OAEP label has been set: lanes know only the empty one. */
static bool has_label(EVP_PKEY_CTX *inner)
{
	void *label = NULL;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_ptr(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, &label, 0),
				OSSL_PARAM_construct_end() };

	ERR_set_mark();
	bool asked = EVP_PKEY_CTX_get_params(inner, params) > 0;
	ERR_pop_to_mark();
	return !asked || (label != NULL && params[0].return_size > 0);
}

enum task_result lanes_way_decrypt(struct rsa_key *key, EVP_PKEY_CTX *inner, const uint8_t *input, size_t input_size,
				   uint8_t *output, size_t *output_size)
{
	struct task_request request = { .kind = GLACIS_RSA_DECRYPT_OAEP, .input = input, .input_size = input_size };
	struct lanes_words told;
	const struct lanes_hash *hash;

	if (!lanes_way_open(key))
		return TASK_REFUSED;
	lanes_word_ask(inner, OSSL_ASYM_CIPHER_PARAM_PAD_MODE, told.padding);
	lanes_word_ask(inner, OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, told.digest);
	lanes_word_ask(inner, OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, told.mgf1_digest);
	/* OpenSSL's default for both. */
	hash = lanes_hash_by_name(told.digest[0] != '\0' ? told.digest : "SHA1");
	if (strcmp(told.padding, OSSL_PKEY_RSA_PAD_MODE_OAEP) != 0 || hash == NULL ||
	    (told.mgf1_digest[0] != '\0' && lanes_hash_by_name(told.mgf1_digest) != hash) || has_label(inner) ||
	    input_size != rsa_key_bytes(key))
		return refuse_padding();
	request.hash = hash->id;
	return task_run(key, &request, output, output_size);
}
