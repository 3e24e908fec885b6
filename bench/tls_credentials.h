/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of `glacis-bench tls`: RSA-2048, self-signed for "localhost", new in every run,
 * the same for every proxy of the run.
 */
#ifndef BENCH_TLS_CREDENTIALS_H
#define BENCH_TLS_CREDENTIALS_H

/* Writes cert.pem, key.pem and combined.pem (both, as HAProxy wants them) to `folder`.
 * Returns 0 or a negative errno after a message. */
int tls_credentials_write(const char *folder);

#endif
