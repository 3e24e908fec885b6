/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings from openssl.cnf and the environment; see settings.h. A setting `name` of the section is
 * GLACIS_PROVIDER_NAME in the environment, which set-user-ID programs do not look at.
 */
#include "settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/params.h>

/* The one place where names stand, in the order of `enum name`. */
enum name {
	NAME_RSA,
	NAME_AES,
	NAME_X25519,
	NAME_KDF,
	NAME_THREADS,
	NAME_WAIT,
	NAME_LOG,
	NAME_LOG_SECONDS,
	NAME_CARD,
	NAME_CARD_POLICY,
	NAME_CARD_DEADLINE,
	NAME_CARD_EAL,
	NAMES
};
static const char *const names[NAMES] = {
	"rsa", "aes",         "x25519", "kdf",         "threads",          "wait_us",
	"log", "log_seconds", "card",   "card_policy", "card_deadline_ms", "card_eal",
};

#define LOG_SECONDS_MAX 86400u

static void complain(const char *name, const char *value, const char *wanted)
{
	fprintf(stderr, "glacis provider: %s = %s is not %s; the default is used\n", name, value, wanted);
}

static void read_switch(const char *name, const char *value, bool *result)
{
	if (value == NULL)
		return;
	if (strcasecmp(value, "yes") == 0 || strcmp(value, "1") == 0)
		*result = true;
	else if (strcasecmp(value, "no") == 0 || strcmp(value, "0") == 0)
		*result = false;
	else
		complain(name, value, "yes or no");
}

static void read_number(const char *name, const char *value, unsigned max, unsigned *result)
{
	char *end, wanted[48];

	if (value == NULL)
		return;
	unsigned long number = strtoul(value, &end, 10);
	if (isdigit((unsigned char)value[0]) && *end == '\0' && number <= max) {
		*result = (unsigned)number;
		return;
	}
	snprintf(wanted, sizeof(wanted), "a number from 0 to %u", max);
	complain(name, value, wanted);
}

static void read_log(const char *value, char *log, size_t size)
{
	if (value == NULL || *value == '\0' || strcmp(value, "0") == 0 || strcasecmp(value, "no") == 0)
		return;
	if (strcmp(value, "1") == 0 || strcasecmp(value, "yes") == 0)
		value = "stderr";
	if ((value[0] == '/' || strcmp(value, "stderr") == 0) && strlen(value) < size)
		snprintf(log, size, "%s", value);
	else
		complain(names[NAME_LOG], value, "\"stderr\" or the absolute path of a file");
}

/* Whether it may be a device: what DPDK or a socket says of it is seen when it is opened. */
static bool is_device(const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t name = strcspn(value, ",");

	if (strcmp(value, "auto") == 0)
		return true;
	if (strncmp(value, "pci:", 4) == 0)
		return value[4] != '\0';
	/* The program may change its folder before the card is opened. */
	if (strncmp(value, "vfio-user:", 10) == 0)
		return value[10] == '/';
	return name > 0 && strspn(value, letters) == name;
}

static void read_card(const char *value, char *device, size_t size)
{
	if (value == NULL || *value == '\0' || strcasecmp(value, "none") == 0)
		return;
	if (is_device(value) && strlen(value) < size)
		snprintf(device, size, "%s", value);
	else
		complain(names[NAME_CARD], value,
			 "none, auto, pci:ADDRESS, vfio-user: and an absolute path, or the name of a DPDK crypto "
			 "device");
}

static void read_policy(const char *value, enum glacis_card_policy *policy)
{
	static const char *const words[] = {
		[GLACIS_CARD_AUTO] = "auto", [GLACIS_CARD_FIRST] = "card", [GLACIS_CARD_NEVER] = "cpu"
	};

	if (value == NULL)
		return;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			*policy = (enum glacis_card_policy)i;
			return;
		}
	complain(names[NAME_CARD_POLICY], value, "auto (where it pays), card (whenever it can) or cpu (never)");
}

static void read_eal(const char *value, char *eal, size_t size)
{
	char wanted[64];

	if (value == NULL)
		return;
	if (strlen(value) < size) {
		snprintf(eal, size, "%s", value);
		return;
	}
	snprintf(wanted, sizeof(wanted), "at most %zu characters long", size - 1);
	complain(names[NAME_CARD_EAL], value, wanted);
}

/* The environment's value, else the section's, else NULL. */
static const char *value_of(enum name name, const char *section_value)
{
	char variable[48] = "GLACIS_PROVIDER_";
	size_t at = strlen(variable);

	for (const char *letter = names[name]; *letter != '\0'; letter++)
		variable[at++] = (char)toupper((unsigned char)*letter);
	variable[at] = '\0';
	const char *value = secure_getenv(variable);
	return value != NULL ? value : section_value;
}

void settings_read(struct settings *settings, const OSSL_CORE_HANDLE *core, OSSL_FUNC_core_get_params_fn *get_params)
{
	char *values[NAMES] = { NULL };
	OSSL_PARAM params[NAMES + 1];

	for (unsigned i = 0; i < NAMES; i++)
		params[i] = OSSL_PARAM_construct_utf8_ptr(names[i], &values[i], 0);
	params[NAMES] = OSSL_PARAM_construct_end();
	if (get_params != NULL)
		(void)get_params(core, params); /* what the section lacks stays NULL */

	*settings = (struct settings){
		.rsa = true, .aes = true, .x25519 = true, .kdf = true, .wait_us = SETTINGS_WAIT_DEFAULT_US
	};
	read_switch(names[NAME_RSA], value_of(NAME_RSA, values[NAME_RSA]), &settings->rsa);
	read_switch(names[NAME_AES], value_of(NAME_AES, values[NAME_AES]), &settings->aes);
	read_switch(names[NAME_X25519], value_of(NAME_X25519, values[NAME_X25519]), &settings->x25519);
	read_switch(names[NAME_KDF], value_of(NAME_KDF, values[NAME_KDF]), &settings->kdf);
	read_number(names[NAME_THREADS], value_of(NAME_THREADS, values[NAME_THREADS]), SETTINGS_THREADS_MAX,
		    &settings->threads);
	read_number(names[NAME_WAIT], value_of(NAME_WAIT, values[NAME_WAIT]), SETTINGS_WAIT_MAX_US, &settings->wait_us);
	read_log(value_of(NAME_LOG, values[NAME_LOG]), settings->log, sizeof(settings->log));
	read_number(names[NAME_LOG_SECONDS], value_of(NAME_LOG_SECONDS, values[NAME_LOG_SECONDS]), LOG_SECONDS_MAX,
		    &settings->log_seconds);
	read_card(value_of(NAME_CARD, values[NAME_CARD]), settings->card.device, sizeof(settings->card.device));
	read_policy(value_of(NAME_CARD_POLICY, values[NAME_CARD_POLICY]), &settings->card.policy);
	read_number(names[NAME_CARD_DEADLINE], value_of(NAME_CARD_DEADLINE, values[NAME_CARD_DEADLINE]),
		    SETTINGS_CARD_DEADLINE_MAX_MS, &settings->card.deadline_ms);
	read_eal(value_of(NAME_CARD_EAL, values[NAME_CARD_EAL]), settings->card.eal, sizeof(settings->card.eal));
}
