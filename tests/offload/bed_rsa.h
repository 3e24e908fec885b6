/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys of tests/vectors/rsa, and OpenSSL's word on a signature. */
#ifndef GLACIS_TESTS_OFFLOAD_BED_RSA_H
#define GLACIS_TESTS_OFFLOAD_BED_RSA_H

#include <glacis/glacis.h>

#include <stdbool.h>

#include "bed.h"

/* The key of so many bits in the folder; ends the program when it is not there. */
struct glacis_rsa_key *bed_rsa_load(const char *folder, unsigned bits);
/* Does OpenSSL call it a signature, with SHA-256, of the digest? */
bool bed_rsa_right(const struct glacis_rsa_key *key, const struct glacis_rsa_op *op);

#define BED_SIGNATURES 8u
/* Up to BED_SIGNATURES signatures of both paddings. Ends the program when they do not come back. */
struct bed_outcome bed_rsa_sign(const struct glacis_rsa_key *key, unsigned count);

#endif
