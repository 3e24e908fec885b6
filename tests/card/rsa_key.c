/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys; see rsa_key.h. */
#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "rsa_key.h"

const char *rsa_keys_folder;

static BIGNUM *number(const EVP_PKEY *key, const char *name)
{
	BIGNUM *value = NULL;

	EVP_PKEY_get_bn_param(key, name, &value);
	return value;
}

static bool take_numbers(struct rsa_key *numbers, EVP_PKEY *key)
{
	*numbers = (struct rsa_key){
		.size = (uint32_t)EVP_PKEY_get_size(key),
		.n = number(key, OSSL_PKEY_PARAM_RSA_N),
		.e = number(key, OSSL_PKEY_PARAM_RSA_E),
		.d = number(key, OSSL_PKEY_PARAM_RSA_D),
		.p = number(key, OSSL_PKEY_PARAM_RSA_FACTOR1),
		.q = number(key, OSSL_PKEY_PARAM_RSA_FACTOR2),
		.dp = number(key, OSSL_PKEY_PARAM_RSA_EXPONENT1),
		.dq = number(key, OSSL_PKEY_PARAM_RSA_EXPONENT2),
		.qinv = number(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1),
	};
	EVP_PKEY_free(key);
	return numbers->n && numbers->e && numbers->d && numbers->p && numbers->q && numbers->dp && numbers->dq &&
	       numbers->qinv;
}

void rsa_key_free(struct rsa_key *numbers)
{
	BIGNUM *all[] = { numbers->n, numbers->e,  numbers->d,  numbers->p,
			  numbers->q, numbers->dp, numbers->dq, numbers->qinv };

	for (size_t i = 0; i < TAP_COUNT(all); i++)
		BN_free(all[i]);
}

bool rsa_key_get(struct rsa_key *numbers, unsigned bits)
{
	char path[512];
	EVP_PKEY *key = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "%s/key%u.pem", rsa_keys_folder, bits);
	file = fopen(path, "r");
	if (file) {
		key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
		fclose(file);
	} else {
		key = EVP_RSA_gen(bits);
	}
	return CHECK(key) && CHECK(take_numbers(numbers, key));
}

uint8_t *rsa_key_put(uint8_t *to, const BIGNUM *value, uint32_t size)
{
	CHECK(BN_bn2binpad(value, to, (int)size) == (int)size);
	return to + size;
}

struct glacis_card_key rsa_key_command(const struct rig *rig, uint8_t *memory, const struct rsa_key *numbers,
				       unsigned kind, unsigned slot)
{
	const BIGNUM *of_crt[] = { numbers->p, numbers->q, numbers->dp, numbers->dq, numbers->qinv };
	uint32_t exponent = (uint32_t)BN_num_bytes(numbers->e), half = numbers->size / 2;
	uint8_t *to = rsa_key_put(rsa_key_put(memory, numbers->n, numbers->size), numbers->e, exponent);

	if (kind == GLACIS_CARD_KEY_KIND_RSA_EXPONENT)
		rsa_key_put(to, numbers->d, numbers->size);
	else if (kind == GLACIS_CARD_KEY_KIND_RSA_CRT)
		for (unsigned i = 0; i < 5; i++)
			to = rsa_key_put(to, of_crt[i], half);
	return (struct glacis_card_key){
		.opcode = GLACIS_CARD_OPCODE_KEY_LOAD,
		.kind = (uint8_t)kind,
		.slot = (uint16_t)slot,
		.cookie = 77,
		.modulus_size = numbers->size,
		.exponent_size = exponent,
		.key = rig_address(rig, memory),
	};
}
