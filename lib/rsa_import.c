/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding and checking of private keys; see rsa_import.h.
 *
 * Invariant: no number is used as a modulus before it is known to be odd and of the right size.
 * OpenSSL is always given a passphrase callback: without one it would ask at the terminal.
 */
#include "rsa_import.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/* A 4096-bit key in PEM has 3.3 KB; a file may hold a chain of certificates as well. */
#define INPUT_MAX (1u << 20)
/* PEM blocks looked at for a key. */
#define BLOCKS_MAX 64u

int rsa_refuse(const struct rsa_reason *why, int error, const char *format, ...)
{
	va_list arguments;

	if (why->text == NULL || why->size == 0)
		return error;
	va_start(arguments, format);
	vsnprintf(why->text, why->size, format, arguments);
	va_end(arguments);
	return error;
}

/* What became of the question for a passphrase. */
struct asked {
	glacis_rsa_passphrase passphrase;
	void *context;
	unsigned times;
	bool given;
};

static int ask(char *buffer, int size, int writing, void *context)
{
	struct asked *asked = context;
	int count;

	asked->times++;
	if (asked->passphrase == NULL)
		return -1;
	count = asked->passphrase(asked->context, buffer, size);
	asked->given = count >= 0 && count <= size;
	return asked->given ? count : -1;
}

static EVP_PKEY *decode(OSSL_LIB_CTX *library, const uint8_t *bytes, size_t size, struct asked *asked)
{
	EVP_PKEY *pair = NULL;
	BIO *bio = BIO_new_mem_buf(bytes, (int)size);
	OSSL_DECODER_CTX *decoder = OSSL_DECODER_CTX_new_for_pkey(&pair, NULL, NULL, NULL, EVP_PKEY_KEYPAIR, library,
								  NULL);

	if (bio == NULL || decoder == NULL || !OSSL_DECODER_CTX_set_pem_password_cb(decoder, ask, asked))
		goto clean_up;
	/* One round takes one PEM block: certificates before the key are passed over. */
	for (unsigned block = 0; block < BLOCKS_MAX && pair == NULL; block++) {
		size_t left = BIO_ctrl_pending(bio);
		bool decoded = OSSL_DECODER_from_bio(decoder, bio) > 0;
		if (decoded && pair != NULL)
			break;
		if (asked->times > 0 || BIO_ctrl_pending(bio) == left || BIO_ctrl_pending(bio) == 0)
			break;
	}
clean_up:
	OSSL_DECODER_CTX_free(decoder);
	BIO_free(bio);
	return pair;
}

/* Size that the outermost DER element says it has, header included; 0 when this is not DER. */
static size_t der_size(const uint8_t *bytes, size_t size)
{
	size_t length = 0;

	if (size < 2 || bytes[0] != 0x30)
		return 0;
	if (bytes[1] < 0x80)
		return 2u + bytes[1];
	unsigned count = bytes[1] & 0x7f;
	if (count == 0 || count > 3 || size < 2u + count)
		return 0;
	for (unsigned i = 0; i < count; i++)
		length = length << 8 | bytes[2 + i];
	return 2u + count + length;
}

/* Says as well as possible why nothing was decoded. */
static int explain(const uint8_t *bytes, size_t size, const struct rsa_reason *why)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	const uint8_t *label = memmem(bytes, size, begin, strlen(begin));

	if (label == NULL) {
		size_t wanted = der_size(bytes, size);
		if (wanted > size)
			return rsa_refuse(why, -EINVAL,
					  "the DER is cut off: its header promises %zu bytes, there are %zu", wanted,
					  size);
		return rsa_refuse(why, -EINVAL, "no private key found in %zu bytes: wanted PEM (PKCS#1, PKCS#8) or DER",
				  size);
	}
	label += strlen(begin);
	size_t left = size - (size_t)(label - bytes);
	if (memmem(label, left, end, strlen(end)) == NULL)
		return rsa_refuse(why, -EINVAL, "the PEM is cut off: there is a BEGIN line, but no END line");
	int length = 0;
	while ((size_t)length < left && length < 40 && label[length] >= ' ' && label[length] < 0x7f &&
	       label[length] != '-')
		length++;
	if (memmem(label, (size_t)length, "PRIVATE KEY", 11) == NULL)
		return rsa_refuse(why, -EINVAL, "the PEM holds \"%.*s\", and no private key", length,
				  (const char *)label);
	return rsa_refuse(why, -EINVAL, "the PEM block \"%.*s\" does not decode: it is damaged or cut off", length,
			  (const char *)label);
}

int rsa_decode(OSSL_LIB_CTX *library, const uint8_t *bytes, size_t size, glacis_rsa_passphrase passphrase,
	       void *context, const struct rsa_reason *why, EVP_PKEY **pair)
{
	struct asked asked = { .passphrase = passphrase, .context = context };
	EVP_PKEY *decoded;

	if (bytes == NULL || size == 0 || size > INPUT_MAX)
		return rsa_refuse(why, -EINVAL, "the key has %zu bytes; 1 to %u are accepted", size, INPUT_MAX);
	ERR_set_mark();
	decoded = decode(library, bytes, size, &asked);
	ERR_pop_to_mark();
	if (decoded == NULL && asked.times > 0 && !asked.given)
		return rsa_refuse(why, -EACCES, "the key is encrypted, and no passphrase was given");
	if (decoded == NULL && asked.times > 0)
		return rsa_refuse(why, -EACCES, "the key is encrypted, and the passphrase is wrong");
	if (decoded == NULL)
		return explain(bytes, size, why);
	if (EVP_PKEY_is_a(decoded, "RSA")) {
		*pair = decoded;
		return 0;
	}
	int error = rsa_refuse(why, -ENOTSUP, "this is a key for %s; RSA keys of 2048, 3072 and 4096 bits are accepted",
			       EVP_PKEY_get0_type_name(decoded));
	EVP_PKEY_free(decoded);
	return error;
}

void rsa_numbers_free(struct rsa_numbers *numbers)
{
	BN_free(numbers->n);
	BN_free(numbers->e);
	BN_clear_free(numbers->d);
	BN_clear_free(numbers->p);
	BN_clear_free(numbers->q);
	BN_clear_free(numbers->dp);
	BN_clear_free(numbers->dq);
	BN_clear_free(numbers->qinv);
	*numbers = (struct rsa_numbers){ 0 };
}

static int get_numbers(struct rsa_numbers *numbers, const EVP_PKEY *pair, const struct rsa_reason *why)
{
	const struct {
		const char *parameter, *name;
		BIGNUM **number;
	} wanted[] = {
		{ OSSL_PKEY_PARAM_RSA_N, "modulus", &numbers->n },
		{ OSSL_PKEY_PARAM_RSA_E, "public exponent", &numbers->e },
		{ OSSL_PKEY_PARAM_RSA_D, "private exponent", &numbers->d },
		{ OSSL_PKEY_PARAM_RSA_FACTOR1, "prime p", &numbers->p },
		{ OSSL_PKEY_PARAM_RSA_FACTOR2, "prime q", &numbers->q },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT1, "exponent dp", &numbers->dp },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT2, "exponent dq", &numbers->dq },
		{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "coefficient qinv", &numbers->qinv },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!EVP_PKEY_get_bn_param(pair, wanted[i].parameter, wanted[i].number) ||
		    BN_is_zero(*wanted[i].number) || BN_is_negative(*wanted[i].number))
			return rsa_refuse(why, -EINVAL, "the key has no %s; all numbers of PKCS#1 are wanted",
					  wanted[i].name);
	return 0;
}

static int check_sizes(const struct rsa_numbers *numbers, const EVP_PKEY *pair, const struct rsa_reason *why)
{
	BIGNUM *third = NULL;
	int bits = BN_num_bits(numbers->n);

	if (EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_RSA_FACTOR3, &third)) {
		BN_clear_free(third);
		return rsa_refuse(why, -ENOTSUP, "the key has more than two primes; two are accepted");
	}
	if (bits != 2048 && bits != 3072 && bits != 4096)
		return rsa_refuse(why, -ENOTSUP, "the modulus has %d bits; 2048, 3072 and 4096 are accepted", bits);
	if (!BN_is_odd(numbers->n))
		return rsa_refuse(why, -EINVAL, "the modulus is even: it is no product of two odd primes");
	if (!BN_is_odd(numbers->e))
		return rsa_refuse(why, -EINVAL, "the public exponent is even; odd ones from 3 on are accepted");
	if (BN_is_one(numbers->e) || BN_num_bits(numbers->e) > 64)
		return rsa_refuse(why, -EINVAL, "the public exponent is %s; 3 to 2^64 - 1 is accepted",
				  BN_is_one(numbers->e) ? "1" : "above 2^64 - 1");
	if (BN_cmp(numbers->p, numbers->q) == 0)
		return rsa_refuse(why, -EINVAL, "p and q are the same number");
	if (BN_num_bits(numbers->p) != bits / 2 || BN_num_bits(numbers->q) != bits / 2)
		return rsa_refuse(why, -EINVAL, "p has %d bits and q has %d; both need %d", BN_num_bits(numbers->p),
				  BN_num_bits(numbers->q), bits / 2);
	if (BN_cmp(numbers->d, numbers->n) >= 0)
		return rsa_refuse(why, -EINVAL, "the private exponent is not below the modulus");
	return 0;
}

/* Checks one prime's exponent: d mod (prime - 1), and the inverse of e there. */
static int check_exponent(const struct rsa_numbers *numbers, const BIGNUM *prime, const BIGNUM *exponent,
			  const char *name, const char *prime_name, const struct rsa_reason *why, BN_CTX *context)
{
	int error = -ENOMEM;

	BN_CTX_start(context);
	BIGNUM *less = BN_CTX_get(context), *product = BN_CTX_get(context);
	if (product == NULL || BN_copy(less, prime) == NULL || !BN_sub_word(less, 1) ||
	    !BN_nnmod(product, numbers->d, less, context))
		goto end;
	if (BN_cmp(product, exponent) != 0) {
		error = rsa_refuse(why, -EINVAL, "%s does not fit: it is not d mod (%s - 1)", name, prime_name);
		goto end;
	}
	if (!BN_mod_mul(product, exponent, numbers->e, less, context))
		goto end;
	error = BN_is_one(product)
			? 0
			: rsa_refuse(why, -EINVAL, "d and e do not fit: d * e is not 1 mod (%s - 1)", prime_name);
end:
	BN_CTX_end(context);
	return error;
}

static int check_crt(const struct rsa_numbers *numbers, const struct rsa_reason *why, BN_CTX *context)
{
	int error = -ENOMEM;

	BN_CTX_start(context);
	BIGNUM *product = BN_CTX_get(context);
	if (product == NULL || !BN_mul(product, numbers->p, numbers->q, context))
		goto end;
	if (BN_cmp(product, numbers->n) != 0) {
		error = rsa_refuse(why, -EINVAL, "the primes do not fit: p * q is not the modulus");
		goto end;
	}
	error = check_exponent(numbers, numbers->p, numbers->dp, "dp", "p", why, context);
	if (error == 0)
		error = check_exponent(numbers, numbers->q, numbers->dq, "dq", "q", why, context);
	if (error != 0)
		goto end;
	error = -ENOMEM;
	if (!BN_mod_mul(product, numbers->qinv, numbers->q, numbers->p, context))
		goto end;
	error = BN_is_one(product) && BN_cmp(numbers->qinv, numbers->p) < 0
			? 0
			: rsa_refuse(why, -EINVAL, "qinv does not fit: it is not the inverse of q mod p");
end:
	BN_CTX_end(context);
	return error;
}

int rsa_numbers_load(struct rsa_numbers *numbers, const EVP_PKEY *pair, const struct rsa_reason *why)
{
	BN_CTX *context = BN_CTX_secure_new();
	int error = -ENOMEM;

	*numbers = (struct rsa_numbers){ 0 };
	if (context == NULL)
		return -ENOMEM;
	ERR_set_mark();
	error = get_numbers(numbers, pair, why);
	if (error == 0)
		error = check_sizes(numbers, pair, why);
	if (error == 0)
		error = check_crt(numbers, why, context);
	ERR_pop_to_mark();
	BN_CTX_free(context);
	if (error != 0)
		rsa_numbers_free(numbers);
	return error;
}
