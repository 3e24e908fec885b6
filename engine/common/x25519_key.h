/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An X25519 key as OpenSSL keeps it for us, and the functions of a key manager that need no arithmetic. Shared by
 * glacisd's provider and glacis.so, which add how keys are made, and what an import may bring.
 *
 * A private key lies in OpenSSL's secure heap, where the program has one, and is wiped when it goes. A key is used by
 * one thread at a time while it is filled, and does not change afterwards.
 */
#ifndef GLACIS_ENGINE_X25519_KEY_H
#define GLACIS_ENGINE_X25519_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/core.h>

#define X25519_KEY_SIZE          32u
#define X25519_KEY_BITS          253 /* what OpenSSL says of it */
#define X25519_KEY_SECURITY_BITS 128
#define X25519_KEY_NAMES         "X25519:1.3.101.110" /* the identifier: RFC 8410 */

struct x25519_key {
	void *provider;
	uint8_t *private_key; /* NULL: a public key only */
	bool has_public;
	uint8_t public_key[X25519_KEY_SIZE];
};

/* Both halves; `private_key` NULL: a public key only. False: no memory, nothing has changed. */
bool x25519_key_fill(struct x25519_key *key, const uint8_t *private_key, const uint8_t public_key[X25519_KEY_SIZE]);

/* What is in `params` of the halves that `selection` names; a public half comes with either, as OpenSSL has it. False:
 * nothing is there, or its size is wrong. Whether both halves are there, and fit together, is the caller's to see. */
bool x25519_key_take(struct x25519_key *key, int selection, const OSSL_PARAM params[]);

/* Functions for a table of OSSL_OP_KEYMGMT; their keys are struct x25519_key. */
void *x25519_key_new(void *provider);
void x25519_key_free(void *key);
void *x25519_key_dup(const void *key, int selection);
int x25519_key_has(const void *key, int selection);
int x25519_key_match(const void *first, const void *second, int selection);
const OSSL_PARAM *x25519_key_types(int selection);
int x25519_key_export(void *key, int selection, OSSL_CALLBACK *callback, void *argument);
const OSSL_PARAM *x25519_key_gettable(void *provider);
int x25519_key_get_params(void *key, OSSL_PARAM params[]);
const OSSL_PARAM *x25519_key_settable(void *provider);
int x25519_key_set_params(void *key, const OSSL_PARAM params[]);
/* A generation's parameters: the group's name must be this algorithm's own. */
int x25519_key_generation_set_params(void *generation, const OSSL_PARAM params[]);
const OSSL_PARAM *x25519_key_generation_settable(void *generation, void *provider);
/* The group X25519, for a table of the capability TLS-GROUP: libssl takes a group only from the provider whose keys it
 * would use for it. */
int x25519_key_tls_group(OSSL_CALLBACK *callback, void *argument);

#endif
