/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis.so, the OpenSSL 3 provider: what its files share.
 *
 * Concepts. OpenSSL keeps RSA keys in objects of ours (rsa_key.h), each with a key of OpenSSL's own inside, made in a
 * library context of our own ("inner"), where only OpenSSL's implementations are. Whatever is not a private RSA
 * operation of an async job goes there. A private operation of an async job goes to the crew (crew.h), threads of
 * ours that run eight at a time in libglacis' lanes. AES-GCM is computed by ipsec-mb in the caller's thread.
 *
 * Invariants. Nothing is started, allocated or measured when the module is loaded but `struct provider` itself. All
 * that a process starts belongs to that process: after fork() a child starts its own (crew.h).
 */
#ifndef GLACIS_PROVIDER_H
#define GLACIS_PROVIDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/evp.h>
#include <openssl/types.h>

#include "settings.h"

/* OpenSSL's own implementations, in a library context that knows no other provider. */
struct inner {
	OSSL_LIB_CTX *library;
	EVP_KEYMGMT *keymgmt;     /* RSA */
	EVP_SIGNATURE *signature; /* RSA */
	EVP_ASYM_CIPHER *cipher;  /* RSA */
	EVP_CIPHER *gcm[3];       /* AES-128, 192, 256 */
};

/* One per library context of the application that loads us. */
struct provider {
	const OSSL_CORE_HANDLE *core;
	_Atomic(struct inner *) inner; /* made when first needed */
	_Atomic unsigned keys;         /* RSA keys that refer to this */
	struct settings settings;
};

/* Never NULL once it has worked; NULL: out of memory. Any thread. */
const struct inner *provider_inner(struct provider *provider);

/* Tables of functions that OpenSSL calls, one in each file. */
extern const OSSL_DISPATCH provider_rsa_keymgmt[];
extern const OSSL_DISPATCH provider_rsa_signature[];
extern const OSSL_DISPATCH provider_rsa_cipher[];
extern const OSSL_DISPATCH provider_aes_128_gcm[];
extern const OSSL_DISPATCH provider_aes_192_gcm[];
extern const OSSL_DISPATCH provider_aes_256_gcm[];
extern const OSSL_DISPATCH provider_tls13_kdf[];
extern const OSSL_DISPATCH provider_x25519_keymgmt[];
extern const OSSL_DISPATCH provider_x25519_exchange[];

#endif
