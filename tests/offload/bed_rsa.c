/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys and signatures for the tests of libglacis with a card; see bed_rsa.h. */
#include "bed_rsa.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "bed.h"

struct glacis_rsa_key *bed_rsa_load(const char *folder, unsigned bits)
{
	static uint8_t bytes[16384];
	struct glacis_rsa_key *key;
	char path[512], why[256];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/key%u.pem", folder, bits);
	file = fopen(path, "rb");
	if (file == NULL)
		bed_fail("%s is not there", path);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (glacis_rsa_key_import(bed.engine, bytes, size, NULL, NULL, &key, why, sizeof(why)) != 0)
		bed_fail("%s: %s", path, why);
	return key;
}

bool bed_rsa_right(const struct glacis_rsa_key *key, const struct glacis_rsa_op *op)
{
	uint8_t der[1024];
	const uint8_t *next = der;
	int size = glacis_rsa_key_public(key, der, sizeof(der));
	EVP_PKEY *public_key = d2i_PUBKEY(NULL, &next, size);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(public_key, NULL);
	bool pss = op->kind == GLACIS_RSA_SIGN_PSS, right;

	right = EVP_PKEY_verify_init(context) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(context, pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) > 0 &&
		EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0 &&
		EVP_PKEY_verify(context, op->output, op->output_size, op->input, op->input_size) == 1;
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(public_key);
	return right;
}

struct bed_outcome bed_rsa_sign(const struct glacis_rsa_key *key, unsigned count)
{
	static struct glacis_rsa_op ops[BED_SIGNATURES], *list[BED_SIGNATURES];
	static uint8_t output[BED_SIGNATURES][GLACIS_RSA_BYTES_MAX], digest[BED_SIGNATURES][32];
	struct bed_outcome outcome = { 0 };

	for (unsigned i = 0; i < count; i++) {
		memset(digest[i], (int)bed_random(), sizeof(digest[i]));
		ops[i] = (struct glacis_rsa_op){ .key = key,
						 .input = digest[i],
						 .output = output[i],
						 .input_size = 32,
						 .kind = i % 2 ? GLACIS_RSA_SIGN_PSS : GLACIS_RSA_SIGN_PKCS1,
						 .hash = GLACIS_RSA_SHA256,
						 .salt_size = 32 };
		list[i] = &ops[i];
	}
	if (glacis_rsa_submit(bed.queue, list, count) != (int)count)
		bed_fail("RSA operations are not accepted");
	glacis_queue_flush(bed.queue);
	if (bed_poll(count) != count)
		bed_fail("RSA operations do not come back");
	for (unsigned i = 0; i < count; i++) {
		bool right = ops[i].op.status == GLACIS_STATUS_OK && bed_rsa_right(key, &ops[i]);

		outcome.right += right;
		outcome.wrong += !right;
		outcome.by_card += ops[i].op.path == GLACIS_PATH_CARD;
	}
	return outcome;
}
