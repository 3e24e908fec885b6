/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An RSA signature on its way, shared by signature_rsa.c (what is done) and signature_params.c (what is said).
 *
 * Concepts. libssl begins two signatures with each handshake, one only to see whether it could. What it says of them is
 * kept as words (rsa_lanes_words.h). OpenSSL's own context inside is made when something else is said, or when OpenSSL
 * is to compute; from then on it is told and asked everything.
 */
#ifndef GLACIS_PROVIDER_SIGNATURE_RSA_H
#define GLACIS_PROVIDER_SIGNATURE_RSA_H

#include "rsa_key.h"
#include "rsa_lanes_words.h"

struct signature {
	struct provider *provider;
	struct rsa_key *key;
	EVP_PKEY_CTX *inner;      /* NULL: not needed yet, all there is to know is in `words` */
	struct lanes_words words; /* with a digest: of a digest-sign, as long as only libssl's were said */
	EVP_MD_CTX *hashing; /* of a digest-sign or digest-verify; NULL: the caller brings digests, or no text yet */
	EVP_MD *digest;      /* what `hashing` computes */
};

/* OpenSSL's own context, told all that was said; made when first needed. NULL: its errors are in the queue, or no
 * operation has begun. */
EVP_PKEY_CTX *signature_inner(struct signature *signature);
/* What computes the digest of a text that comes in pieces; of one that comes at once nobody asks for it. NULL: no
 * text is to be signed, or OpenSSL's errors are in the queue. */
EVP_MD_CTX *signature_hashing(struct signature *signature);

/* For the table of functions. */
int signature_get_params(void *opaque, OSSL_PARAM params[]);
int signature_set_params(void *opaque, const OSSL_PARAM params[]);
const OSSL_PARAM *signature_gettable_params(void *opaque, void *provider);
const OSSL_PARAM *signature_settable_params(void *opaque, void *provider);
int signature_get_md_params(void *opaque, OSSL_PARAM params[]);
int signature_set_md_params(void *opaque, const OSSL_PARAM params[]);
const OSSL_PARAM *signature_gettable_md_params(void *opaque);
const OSSL_PARAM *signature_settable_md_params(void *opaque);

#endif
