/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single RSA operations by OpenSSL; see rsa_openssl.h. The raw private operation is EVP's decryption
 * without padding, with a context kept per key and queue.
 */
#include "rsa_openssl.h"

#include <errno.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "engine.h"

EVP_PKEY_CTX *rsa_openssl_context(const struct glacis_rsa_key *key)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(key->engine->rsa.library, key->pair, NULL);

	if (context == NULL)
		return NULL;
	if (EVP_PKEY_decrypt_init(context) > 0 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) > 0)
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

int rsa_openssl_private(const struct glacis_rsa_key *key, EVP_PKEY_CTX *context, const uint8_t *in, uint8_t *out)
{
	size_t size = key->bytes;

	/* An error that stays in the thread's list would be taken for one of the caller's connections. */
	ERR_set_mark();
	int done = EVP_PKEY_decrypt(context, out, &size, in, key->bytes);
	ERR_pop_to_mark();
	return done > 0 && size == key->bytes ? 0 : -EIO;
}

int rsa_openssl_public(const struct glacis_rsa_key *key, struct rsa_calculator *calculator, const uint8_t *in,
		       uint8_t *out)
{
	ERR_set_mark();
	int done = BN_bin2bn(in, (int)key->bytes, calculator->a) != NULL &&
		   BN_mod_exp_mont(calculator->b, calculator->a, key->e_number, key->n_number, calculator->context,
				   key->montgomery) &&
		   BN_bn2binpad(calculator->b, out, (int)key->bytes) > 0;
	BN_clear(calculator->a);
	BN_clear(calculator->b);
	ERR_pop_to_mark();
	return done ? 0 : -EIO;
}
