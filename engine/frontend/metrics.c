/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenMetrics text from the workers' counters, for the admin server.
 *
 * Each counter and gauge of stats.h is one metric family with one sample per worker; the engine and
 * the process add a few families of their own. The lists of stats.h are the only source of names, so
 * a counter added there appears here. Families are never interleaved and the text ends with # EOF,
 * as the format demands.
 */
#include "metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include <glacis/card.h>
#include <glacis/version.h>

/* Longest line written: a HELP line is a name (under 40 bytes) and a help text (under 120); a sample is a
 * name, a worker number and 20 digits. The build line is bounded by LABEL_MAX. */
#define LINE_MAX_BYTES 256u
#define LABEL_MAX      128u

struct text {
	char *buffer;
	size_t size;
	size_t used;
	bool full;
};

static void __attribute__((format(printf, 2, 3))) text_add(struct text *text, const char *format, ...)
{
	va_list arguments;

	if (text->full)
		return;
	va_start(arguments, format);
	int written = vsnprintf(text->buffer + text->used, text->size - text->used, format, arguments);
	va_end(arguments);
	if (written < 0 || (size_t)written >= text->size - text->used)
		text->full = true;
	else
		text->used += (size_t)written;
}

static void family(struct text *text, const char *name, const char *type, const char *help)
{
	text_add(text, "# TYPE glacisd_%s %s\n# HELP glacisd_%s %s.\n", name, type, name, help);
}

static void single_gauge(struct text *text, const char *name, const char *help, uint64_t value)
{
	family(text, name, "gauge", help);
	text_add(text, "glacisd_%s %" PRIu64 "\n", name, value);
}

static void worker_counters(struct text *text, const struct glacisd_service *service)
{
#define GLACISD_COUNTER_FAMILY(name, help)                                                                             \
	family(text, #name, "counter", help);                                                                          \
	for (uint32_t worker = 0; worker < service->workers; worker++)                                                 \
		text_add(text, "glacisd_" #name "_total{worker=\"%" PRIu32 "\"} %" PRIu64 "\n", worker,                \
			 GLACISD_STAT_GET(service->stats[worker], name));
	GLACISD_COUNTERS(GLACISD_COUNTER_FAMILY)
#undef GLACISD_COUNTER_FAMILY
}

static void worker_gauges(struct text *text, const struct glacisd_service *service)
{
#define GLACISD_GAUGE_FAMILY(name, help)                                                                               \
	family(text, #name, "gauge", help);                                                                            \
	for (uint32_t worker = 0; worker < service->workers; worker++)                                                 \
		text_add(text, "glacisd_" #name "{worker=\"%" PRIu32 "\"} %" PRIu64 "\n", worker,                      \
			 GLACISD_STAT_GET(service->stats[worker], name));
	GLACISD_GAUGES(GLACISD_GAUGE_FAMILY)
#undef GLACISD_GAUGE_FAMILY
}

/* Copies `value` as the inside of a label, cut to LABEL_MAX - 1 bytes, with the format's three escapes. */
static const char *label(const char *value, char out[LABEL_MAX])
{
	size_t used = 0;

	for (; *value != '\0' && used + 2 < LABEL_MAX; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			out[used++] = '\\';
		out[used++] = *value == '\n' ? 'n' : *value;
	}
	out[used] = '\0';
	return out;
}

static void build(struct text *text, const struct glacis_engine_info *info)
{
	char version[LABEL_MAX];
	char openssl[LABEL_MAX];
	char backend[LABEL_MAX];

	family(text, "build", "info", "What runs: version of glacisd, of the OpenSSL it loaded, and the CPU backend");
	text_add(text, "glacisd_build_info{version=\"%s\",openssl=\"%s\"", label(GLACIS_VERSION, version),
		 label(OpenSSL_version(OPENSSL_VERSION_STRING), openssl));
	if (info != NULL && info->cpu_backend != NULL)
		text_add(text, ",backend=\"%s\"", label(info->cpu_backend, backend));
	text_add(text, "} 1\n");
}

static void process(struct text *text, const struct glacisd_service *service)
{
	uint64_t now = (uint64_t)time(NULL);
	uint64_t uptime = now > service->started_at_s ? now - service->started_at_s : 0;

	single_gauge(text, "uptime_seconds", "Seconds since start", uptime);
	single_gauge(text, "start_time_seconds", "Start of the service, seconds since 1970", service->started_at_s);
	single_gauge(text, "workers", "Worker threads", service->workers);
	single_gauge(text, "draining", "1 after SIGTERM, when no new connection is taken", service->draining != 0);
}

static void engine(struct text *text, const struct glacis_engine_info *info)
{
	single_gauge(text, "sessions", "AEAD sessions alive, two per connection", info->sessions);
	single_gauge(text, "key_memory_bytes", "Memory that holds keys", info->key_bytes);
	single_gauge(text, "key_memory_unlocked_bytes", "Key memory that mlock() refused: raise RLIMIT_MEMLOCK",
		     info->unlocked_key_bytes);
	single_gauge(text, "session_bytes", "Memory of one idle AEAD session", info->session_bytes);
	single_gauge(text, "expanded_key_bytes", "Memory of one expanded key, held by busy sessions only",
		     info->expanded_key_bytes);
}

static void card(struct text *text, const struct glacis_engine *engine_)
{
	struct glacis_card_info info;

	glacis_card_info(engine_, &info);
	single_gauge(text, "card_state", "The card: 0 none, 1 up, 2 suspect, 3 lost", info.state);
	if (info.state == GLACIS_CARD_NONE)
		return;
	single_gauge(text, "card_failures", "Times the card was taken out of traffic", info.failures);
	single_gauge(text, "card_readmissions", "Times the card came back into traffic", info.readmissions);
	single_gauge(text, "card_restarts", "Times the card was started again", info.restarts);
	single_gauge(text, "card_recovery_us", "From the newest failure to the return into traffic, in microseconds",
		     info.recovery_us);
	single_gauge(text, "card_size_from", "Bytes of a record from which on the card is taken, 4294967295 for never",
		     info.size_from);
	single_gauge(text, "card_size_from_busy", "The same while a worker is saturated", info.size_from_busy);
}

size_t glacisd_metrics_size_max(const struct glacisd_service *service)
{
	const size_t one = 1;
	size_t families = 0;
	const size_t own_lines = 3 * 24; /* families outside stats.h: TYPE, HELP and one sample each */

#define GLACISD_COUNT(name, help) families += one;
	GLACISD_COUNTERS(GLACISD_COUNT)
	GLACISD_GAUGES(GLACISD_COUNT)
#undef GLACISD_COUNT
	return (families * (2 + service->workers) + own_lines) * LINE_MAX_BYTES + 3 * LABEL_MAX;
}

int glacisd_metrics_render(const struct glacisd_service *service, char *buffer, size_t size, size_t *length)
{
	struct text text = { .buffer = buffer, .size = size };
	struct glacis_engine_info info;

	*length = 0;
	if (size == 0)
		return -ENOSPC;
	memset(&info, 0, sizeof(info));
	if (service->engine != NULL)
		glacis_engine_info(service->engine, &info);
	build(&text, service->engine != NULL ? &info : NULL);
	process(&text, service);
	if (service->engine != NULL) {
		engine(&text, &info);
		card(&text, service->engine);
	}
	worker_counters(&text, service);
	worker_gauges(&text, service);
	text_add(&text, "# EOF\n");
	if (text.full)
		return -ENOSPC;
	*length = text.used;
	return 0;
}
