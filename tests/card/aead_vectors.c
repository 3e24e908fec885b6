/* SPDX-License-Identifier: Apache-2.0 */
/* Known answers and OpenSSL's; see aead_vectors.h. */
#include <string.h>

#include <openssl/evp.h>

#include "aead_vectors.h"

static uint32_t unhex(const char *text, uint8_t *bytes, uint32_t max)
{
	uint32_t count = 0;
	unsigned value;

	for (; count < max && sscanf(text, "%2x", &value) == 1; text += 2)
		bytes[count++] = (uint8_t)value;
	return count;
}

/* One "name = value"; true when it was the last of a case. */
static bool take(struct vector *vector, const char *name, const char *value)
{
	if (strcmp(name, "name") == 0)
		snprintf(vector->name, sizeof(vector->name), "%s", value);
	else if (strcmp(name, "key") == 0)
		vector->key_size = unhex(value, vector->key, sizeof(vector->key));
	else if (strcmp(name, "nonce") == 0)
		unhex(value, vector->nonce, sizeof(vector->nonce));
	else if (strcmp(name, "aad") == 0)
		vector->aad_size = unhex(value, vector->aad, sizeof(vector->aad));
	else if (strcmp(name, "plaintext") == 0)
		vector->size = unhex(value, vector->plaintext, sizeof(vector->plaintext));
	else if (strcmp(name, "ciphertext") == 0)
		unhex(value, vector->ciphertext, sizeof(vector->ciphertext));
	else if (strcmp(name, "tag") == 0)
		return unhex(value, vector->tag, sizeof(vector->tag)) == sizeof(vector->tag);
	return false;
}

bool vector_next(FILE *file, struct vector *vector)
{
	char line[2 * VECTOR_MAX + 64], name[16], *value;

	memset(vector, 0, sizeof(*vector));
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		value = strstr(line, " = ");
		if (line[0] == '#' || !value || sscanf(line, "%15s", name) != 1)
			continue;
		if (take(vector, name, value + 3))
			return true;
	}
	return false;
}

bool vector_openssl(const uint8_t *key, uint32_t key_size, const uint8_t *nonce, const uint8_t *aad, uint32_t aad_size,
		    const uint8_t *plaintext, uint32_t size, uint8_t *ciphertext, uint8_t *tag)
{
	const EVP_CIPHER *cipher = key_size == 16   ? EVP_aes_128_gcm()
				   : key_size == 24 ? EVP_aes_192_gcm()
						    : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t end[16];
	int done;
	bool good = context && EVP_EncryptInit_ex(context, cipher, NULL, key, nonce) == 1 &&
		    (!aad_size || EVP_EncryptUpdate(context, NULL, &done, aad, (int)aad_size) == 1) &&
		    (!size || EVP_EncryptUpdate(context, ciphertext, &done, plaintext, (int)size) == 1) &&
		    EVP_EncryptFinal_ex(context, end, &done) == 1 &&
		    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, tag) == 1;

	EVP_CIPHER_CTX_free(context);
	return good;
}
