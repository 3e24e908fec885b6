/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters, provider parameters and the line of status; see status.h. The counters are the process's, shared by all
 * library contexts that load the module.
 */
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <glacis/version.h>

#include "abilities.h"
#include "crew.h"

#define NAME          "Glacis: RSA in lanes, AES-GCM by ipsec-mb"
#define BUILDINFO     "Glacis " GLACIS_VERSION ", built with OpenSSL " OPENSSL_VERSION_STR
#define LINE_MAX_     1024

#define PARAM_RSA     "glacis-rsa"
#define PARAM_AES     "glacis-aes"
#define PARAM_THREADS "glacis-threads"
#define PARAM_CARD    "glacis-card"

static _Atomic uint64_t counters[STATUS_COUNT];
static _Atomic int64_t last_line; /* seconds of CLOCK_MONOTONIC_COARSE */

static const char *const counter_names[STATUS_COUNT] = {
#define STATUS_NAME(name, text) text,
	STATUS_COUNTERS(STATUS_NAME)
#undef STATUS_NAME
};

void status_add(enum status_counter counter, uint64_t count)
{
	atomic_fetch_add_explicit(&counters[counter], count, memory_order_relaxed);
}

uint64_t status_get(enum status_counter counter)
{
	return atomic_load_explicit(&counters[counter], memory_order_relaxed);
}

const OSSL_PARAM *status_gettable_params(void *provider)
{
	static const OSSL_PARAM params[] = { OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
					     OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
					     OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_BUILDINFO, NULL, 0),
					     OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
					     OSSL_PARAM_utf8_ptr(PARAM_RSA, NULL, 0),
					     OSSL_PARAM_utf8_ptr(PARAM_AES, NULL, 0),
					     OSSL_PARAM_uint(PARAM_THREADS, NULL),
					     OSSL_PARAM_utf8_ptr(PARAM_CARD, NULL, 0),
#define STATUS_PARAM(name, text) OSSL_PARAM_uint64(text, NULL),
					     STATUS_COUNTERS(STATUS_PARAM)
#undef STATUS_PARAM
						     OSSL_PARAM_END };

	return params;
}

static int set_text(OSSL_PARAM params[], const char *name, const char *text)
{
	OSSL_PARAM *param = OSSL_PARAM_locate(params, name);

	return param == NULL || OSSL_PARAM_set_utf8_ptr(param, text);
}

int status_get_params(void *opaque, OSSL_PARAM params[])
{
	const struct provider *provider = opaque;
	OSSL_PARAM *param;

	if (!set_text(params, OSSL_PROV_PARAM_NAME, NAME) ||
	    !set_text(params, OSSL_PROV_PARAM_VERSION, GLACIS_VERSION) ||
	    !set_text(params, OSSL_PROV_PARAM_BUILDINFO, BUILDINFO) ||
	    !set_text(params, PARAM_RSA, abilities_rsa_text(&provider->settings)) ||
	    !set_text(params, PARAM_AES, abilities_aes_text(&provider->settings)) ||
	    !set_text(params, PARAM_CARD, crew_card(&provider->settings)))
		return 0;
	param = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
	if (param != NULL && !OSSL_PARAM_set_int(param, 1))
		return 0;
	param = OSSL_PARAM_locate(params, PARAM_THREADS);
	if (param != NULL && !OSSL_PARAM_set_uint(param, crew_threads()))
		return 0;
	for (unsigned i = 0; i < STATUS_COUNT; i++) {
		param = OSSL_PARAM_locate(params, counter_names[i]);
		if (param != NULL && !OSSL_PARAM_set_uint64(param, status_get((enum status_counter)i)))
			return 0;
	}
	return 1;
}

static int compose(const struct provider *provider, const char *when, char line[LINE_MAX_])
{
	int size = snprintf(line, LINE_MAX_,
			    "glacis provider: pid %d, %s: rsa=\"%s\" aes=\"%s\" threads=%u card=\"%s\"", getpid(), when,
			    abilities_rsa_text(&provider->settings), abilities_aes_text(&provider->settings),
			    crew_threads(), crew_card(&provider->settings));

	for (unsigned i = 0; i < STATUS_COUNT && size < LINE_MAX_ - 1; i++)
		size += snprintf(line + size, (size_t)(LINE_MAX_ - size), " %s=%" PRIu64,
				 counter_names[i] + strlen("glacis-"), status_get((enum status_counter)i));
	if (size > LINE_MAX_ - 2)
		size = LINE_MAX_ - 2;
	line[size++] = '\n';
	return size;
}

/* A line with its end. One write, so that lines of several processes do not mix. There is nobody to tell that it
 * failed. */
static void put(const char *path, const char *line, size_t size)
{
	bool to_stderr = strcmp(path, "stderr") == 0;
	int saved = errno;
	int file = to_stderr ? STDERR_FILENO
			     : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

	if (file >= 0 && write(file, line, size) < 0)
		errno = saved;
	if (file >= 0 && !to_stderr)
		close(file);
	errno = saved;
}

void status_log(const struct provider *provider, const char *when)
{
	char line[LINE_MAX_];

	if (provider->settings.log[0] != '\0')
		put(provider->settings.log, line, (size_t)compose(provider, when, line));
}

void status_say(const char *path, const char *text)
{
	char line[LINE_MAX_];

	if (path[0] == '\0')
		return;
	int size = snprintf(line, sizeof(line) - 1, "glacis provider: pid %d: %s", getpid(), text);
	if (size > LINE_MAX_ - 2)
		size = LINE_MAX_ - 2;
	line[size++] = '\n';
	put(path, line, (size_t)size);
}

void status_log_if_due(const struct provider *provider)
{
	struct timespec now;
	int64_t last;

	if (provider->settings.log_seconds == 0)
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	last = atomic_load_explicit(&last_line, memory_order_relaxed);
	if (now.tv_sec - last < (int64_t)provider->settings.log_seconds)
		return;
	if (atomic_compare_exchange_strong(&last_line, &last, now.tv_sec))
		status_log(provider, last == 0 ? "first use" : "running");
}
