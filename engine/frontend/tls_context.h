/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSL_CTX objects: one per worker (OpenSSL 3 locks shared ones), all with the same ticket keys, so
 * that a session resumes on any worker.
 */
#ifndef GLACISD_TLS_CONTEXT_H
#define GLACISD_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "config.h"

#define GLACISD_TICKET_KEYS_SIZE 80u

struct glacis_rsa_key;
struct glacisd_worker;

/* The context of `worker`. Returns NULL after logging what is wrong. `ticket_keys`: GLACISD_TICKET_KEYS_SIZE random
 * bytes. `rsa_keys`: one per certificate; where it is not NULL its signatures go to the worker's queue. */
SSL_CTX *glacisd_tls_context_create(struct glacisd_worker *worker, const uint8_t *ticket_keys,
				    struct glacis_rsa_key *const rsa_keys[]);

#endif
