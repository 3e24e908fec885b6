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

/* Returns NULL after logging what is wrong. `ticket_keys`: GLACISD_TICKET_KEYS_SIZE random bytes. */
SSL_CTX *glacisd_tls_context_create(const struct glacisd_config *config, const uint8_t *ticket_keys);

#endif
