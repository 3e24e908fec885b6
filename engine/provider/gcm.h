/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM for OpenSSL on ipsec-mb's functions: the state of one cipher context, shared by gcm.c (messages), gcm_tls.c
 * (TLS 1.2 records), gcm_params.c (parameters, tables) and gcm_other.c (what is left to OpenSSL).
 *
 * Concepts. A message is a nonce, associated data, text, and a tag. ipsec-mb wants the associated data in one piece
 * before the text, so it is collected here. Nonces that have not 12 bytes, and associated data that is longer than
 * GCM_AAD_MAX, are OpenSSL's: for that message its own cipher runs inside ours.
 *
 * Invariants. The key data is 64-byte aligned, or newer releases of ipsec-mb fault. A nonce is used for one message:
 * after the tag is made the context refuses to go on without a new one. Everything is wiped when it is freed.
 */
#ifndef GLACIS_PROVIDER_GCM_H
#define GLACIS_PROVIDER_GCM_H

#include "provider.h"

#include <intel-ipsec-mb.h>

#include "gcm_functions.h"

#define GCM_NONCE_SIZE 12u
#define GCM_IV_MAX     128u /* OpenSSL's own limit */
#define GCM_TAG_SIZE   16u
#define GCM_AAD_MAX    256u
#define GCM_TLS_AAD    13u
#define GCM_UNSET      ((size_t)-1)

enum gcm_state {
	GCM_NO_NONCE, /* none was ever set */
	GCM_READY,    /* a nonce is there; associated data may have been collected */
	GCM_TEXT,     /* text has begun */
	GCM_OTHER,    /* OpenSSL computes this message */
	GCM_USED      /* the tag is made: a new nonce is needed */
};

struct gcm {
	struct gcm_key_data key; /* 64-byte aligned: first in the structure, which is */
	struct gcm_context_data context;
	const struct gcm_functions *functions;
	struct provider *provider;
	void *memory;          /* as it was allocated */
	EVP_CIPHER_CTX *other; /* OpenSSL's, when a message needed it */
	uint64_t text_size;    /* of the message so far */
	uint64_t tls_records;  /* sealed with this key */
	size_t key_size, iv_size, aad_size;
	size_t tag_size;     /* GCM_UNSET: none is there */
	size_t tls_aad_size; /* GCM_UNSET: not in TLS 1.2 mode */
	size_t tls_pad;
	enum gcm_state state;
	unsigned uncounted; /* messages that status.c does not know of yet */
	bool sealing, key_set, iv_generated;
	uint8_t nonce[GCM_IV_MAX]; /* of this message */
	uint8_t iv[GCM_IV_MAX];    /* of the next, when nonces are counted up here */
	uint8_t aad[GCM_AAD_MAX];
	uint8_t tls_aad[GCM_TLS_AAD];
	uint8_t tag[GCM_TAG_SIZE];
	uint8_t raw_key[32]; /* for OpenSSL */
};

/* gcm.c */
struct gcm *gcm_new(struct provider *provider, size_t key_size);
struct gcm *gcm_dup(const struct gcm *gcm);
void gcm_free(struct gcm *gcm);
bool gcm_set_key(struct gcm *gcm, const uint8_t *key, size_t size);
/* A nonce for the next message. */
bool gcm_set_nonce(struct gcm *gcm, const uint8_t *nonce, size_t size);
bool gcm_aad(struct gcm *gcm, const uint8_t *aad, size_t size);
bool gcm_text(struct gcm *gcm, uint8_t *out, const uint8_t *in, size_t size);
/* Makes the tag, or compares it with the one that was set. */
bool gcm_finish(struct gcm *gcm);
/* Counts a message. */
void gcm_count(struct gcm *gcm);

/* gcm_tls.c; see EVP_CTRL_AEAD_TLS1_AAD and its like in EVP_EncryptInit(3). */
size_t gcm_tls_set_aad(struct gcm *gcm, const uint8_t *aad, size_t size); /* what a record grows by; 0: refused */
bool gcm_tls_set_fixed(struct gcm *gcm, const uint8_t *iv, size_t size);
bool gcm_tls_next_nonce(struct gcm *gcm, uint8_t *out, size_t size);
bool gcm_tls_received_nonce(struct gcm *gcm, const uint8_t *in, size_t size);
/* A whole record in place: 8 bytes of nonce, text, tag. `payload` gets what is to be sent or read of it. */
bool gcm_tls_record(struct gcm *gcm, uint8_t *out, size_t *payload, const uint8_t *in, size_t size);

/* gcm_other.c: the message in READY goes on in OpenSSL's cipher. */
bool gcm_other_begin(struct gcm *gcm);
bool gcm_other_aad(struct gcm *gcm, const uint8_t *aad, size_t size);
bool gcm_other_text(struct gcm *gcm, uint8_t *out, const uint8_t *in, size_t size);
bool gcm_other_finish(struct gcm *gcm);

#endif
