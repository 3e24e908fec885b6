/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine and the operator let the provider do. Asked before algorithms are offered to OpenSSL; the answers
 * do not change while the process lives.
 */
#ifndef GLACIS_PROVIDER_ABILITIES_H
#define GLACIS_PROVIDER_ABILITIES_H

#include <stdbool.h>

#include "settings.h"

/* RSA: the processor has the lanes' instructions, or there is to be a card. */
bool abilities_rsa(const struct settings *settings);
/* X25519: the same. */
bool abilities_x25519(const struct settings *settings);
/* AES-GCM: the processor has AES instructions, and ipsec-mb takes it. */
bool abilities_aes(const struct settings *settings);

/* A short text: who computes it, or why we do not. */
const char *abilities_rsa_text(const struct settings *settings);
const char *abilities_aes_text(const struct settings *settings);

#endif
