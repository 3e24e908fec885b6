/* SPDX-License-Identifier: Apache-2.0 */
/* The model's parts: AES-GCM by intel-ipsec-mb in model.c, RSA by OpenSSL's numbers in model_rsa.c. */
#ifndef VCARD_MODEL_H
#define VCARD_MODEL_H

#include "backend.h"

struct vcard_rsa_thread; /* a thread's scratch numbers */

int vcard_model_rsa_open(struct vcard_rsa_thread **thread);
void vcard_model_rsa_close(struct vcard_rsa_thread *thread);

enum glacis_card_status vcard_model_rsa_key_make(struct vcard_engine *engine, const struct vcard_key_numbers *numbers,
						 struct vcard_key **key);
void vcard_model_rsa_key_free(struct vcard_key *key);
enum glacis_card_status vcard_model_rsa_run(struct vcard_rsa_thread *thread, const struct vcard_key *key,
					    bool private_exponent, const uint8_t *base, uint8_t *result);

#endif
