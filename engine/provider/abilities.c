/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine and the operator let the provider do; see abilities.h.
 */
#include "abilities.h"

#include "gcm_functions.h"
#include "rsa_lanes.h"

#define OFF "left to OpenSSL: switched off in the settings"

bool abilities_rsa(const struct settings *settings)
{
	return settings->rsa && (rsa_lanes_ifma.usable() || settings->card.device[0] != '\0');
}

bool abilities_x25519(const struct settings *settings)
{
	return settings->x25519 && rsa_lanes_ifma.usable();
}

bool abilities_aes(const struct settings *settings)
{
	return settings->aes && gcm_functions_name() != NULL;
}

const char *abilities_rsa_text(const struct settings *settings)
{
	if (!settings->rsa)
		return OFF;
	if (rsa_lanes_ifma.usable())
		return "AVX512-IFMA, 8 lanes";
	return abilities_rsa(settings) ? "one by one where the card does not: no AVX512-IFMA"
				       : "left to OpenSSL: no AVX512-IFMA";
}

const char *abilities_aes_text(const struct settings *settings)
{
	if (!settings->aes)
		return OFF;
	const char *name = gcm_functions_name();
	return name != NULL ? name : "left to OpenSSL: ipsec-mb finds no AES instructions";
}
