/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin server (libmicrohttpd, its own thread): GET /metrics in OpenMetrics text format,
 * GET /healthz ("ok", or 503 "draining"). Binds before privileges are dropped.
 */
#ifndef GLACISD_ADMIN_H
#define GLACISD_ADMIN_H

#include "service.h"

struct glacisd_admin;

/* Starts serving on config->admin. Returns 0 or a negative errno after logging why. */
int glacisd_admin_start(const struct glacisd_service *service, struct glacisd_admin **admin);
void glacisd_admin_stop(struct glacisd_admin *admin);

#endif
