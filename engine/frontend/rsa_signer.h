/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA signatures of handshakes by libglacis: a key for OpenSSL whose private operation pauses the
 * handshake (an OpenSSL async job), waits in the worker's queue for company, and resumes.
 *
 * Concepts. OpenSSL pads, libglacis computes. The operation lies on the job's own stack, so it lives as
 * long as the job; a connection that dies meanwhile is freed when its operation has come back and
 * the job has run to its end.
 */
#ifndef GLACISD_RSA_SIGNER_H
#define GLACISD_RSA_SIGNER_H

#include <openssl/evp.h>

#include <glacis/rsa.h>

#include "config.h"

struct glacisd_connection;
struct glacisd_worker;

/* Reads the private key of a certificate into libglacis. Returns 0 with `*key` NULL when it is not an RSA key
 * of a size that libglacis computes: OpenSSL keeps it then. Negative errno after logging what is wrong. */
int glacisd_rsa_signer_load(struct glacis_engine *engine, const struct glacisd_certificate *certificate,
			    struct glacis_rsa_key **key);

/* A key object for the SSL_CTX of `worker`, made from the public key of the certificate. NULL: out of memory. */
EVP_PKEY *glacisd_rsa_signer_pkey(struct glacisd_worker *worker, const struct glacis_rsa_key *key);

/* Once per worker thread, before its first handshake and at its end. */
int glacisd_rsa_signer_thread_init(void);
void glacisd_rsa_signer_thread_exit(void);

#endif
