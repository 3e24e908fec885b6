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
enum name { NAME_RSA, NAME_AES, NAME_THREADS, NAME_WAIT, NAME_LOG, NAME_LOG_SECONDS, NAMES };
static const char *const names[NAMES] = { "rsa", "aes", "threads", "wait_us", "log", "log_seconds" };

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

	*settings = (struct settings){ .rsa = true, .aes = true, .wait_us = SETTINGS_WAIT_DEFAULT_US };
	read_switch(names[NAME_RSA], value_of(NAME_RSA, values[NAME_RSA]), &settings->rsa);
	read_switch(names[NAME_AES], value_of(NAME_AES, values[NAME_AES]), &settings->aes);
	read_number(names[NAME_THREADS], value_of(NAME_THREADS, values[NAME_THREADS]), SETTINGS_THREADS_MAX,
		    &settings->threads);
	read_number(names[NAME_WAIT], value_of(NAME_WAIT, values[NAME_WAIT]), SETTINGS_WAIT_MAX_US, &settings->wait_us);
	read_log(value_of(NAME_LOG, values[NAME_LOG]), settings->log, sizeof(settings->log));
	read_number(names[NAME_LOG_SECONDS], value_of(NAME_LOG_SECONDS, values[NAME_LOG_SECONDS]), LOG_SECONDS_MAX,
		    &settings->log_seconds);
}
