/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /status of the built-in origin: the visitor's TLS connection and the counters, summed over the
 * workers, as one JSON object. The page fetches it every second. Field names are stable: scripts
 * read them.
 */
#include "origin_parts.h"

#include <time.h>

#include <jansson.h>

#include <glacis/card.h>
#include <glacis/version.h>

static json_t *counters(const struct glacisd_service *service)
{
	json_t *object = json_object();

#define GLACISD_JSON_FIELD(name, help)                                                                                 \
	json_object_set_new(object, #name, json_integer((json_int_t)GLACISD_SERVICE_SUM(service, name)));
	GLACISD_COUNTERS(GLACISD_JSON_FIELD)
	return object;
}

static json_t *gauges(const struct glacisd_service *service)
{
	json_t *object = json_object();

	GLACISD_GAUGES(GLACISD_JSON_FIELD)
#undef GLACISD_JSON_FIELD
	return object;
}

/* The card's health; null without one. */
static json_t *card(const struct glacis_engine *engine)
{
	struct glacis_card_info info;

	glacis_card_info(engine, &info);
	if (info.state == GLACIS_CARD_NONE)
		return json_null();
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:I, s:I, s:I, s:I, s:s}", "device", info.device,
			 "driver", info.driver, "id", info.identity.place, "abi", info.identity.abi, "build_id",
			 info.identity.build_id, "aead", info.aead, "rsa", info.rsa, "state",
			 glacis_card_state_name(info.state), "failures", (json_int_t)info.failures, "readmissions",
			 (json_int_t)info.readmissions, "restarts", (json_int_t)info.restarts, "recovery_us",
			 (json_int_t)info.recovery_us, "last_failure", info.last_failure);
}

char *glacisd_origin_status(const struct glacisd_service *service, const struct glacisd_visitor *visitor)
{
	time_t now = time(NULL);
	json_int_t uptime = (json_int_t)now - (json_int_t)service->started_at_s;
	char *text = NULL;
	json_t *status = json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:b, s:o, s:o}", "version", GLACIS_VERSION,
				   "tls_version", visitor->tls_version, "cipher", visitor->cipher, "path",
				   visitor->path, "uptime_s", uptime > 0 ? uptime : (json_int_t)0, "workers",
				   (int)service->workers, "draining", service->draining != 0, "counters",
				   counters(service), "gauges", gauges(service));

	if (status == NULL)
		return NULL;
	if (service->engine != NULL) {
		struct glacis_engine_info info;

		glacis_engine_info(service->engine, &info);
		json_object_set_new(status, "cpu_backend", json_string(info.cpu_backend));
		json_object_set_new(status, "card", card(service->engine));
	}
	text = json_dumps(status, JSON_INDENT(2));
	json_decref(status);
	return text;
}
