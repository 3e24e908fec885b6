/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin server (libmicrohttpd, its own thread): GET /metrics in OpenMetrics text format,
 * GET /healthz ("ok", or 503 "draining"). Binds before privileges are dropped.
 */
#ifndef GLACISD_ADMIN_H
#define GLACISD_ADMIN_H

#include "service.h"

struct glacisd_admin;

/* Binds config->admin, while the process has the rights to. Returns 0 or a negative errno after logging why. */
int glacisd_admin_open(const struct glacisd_service *service, struct glacisd_admin **admin);
/* Starts the thread, once privileges are gone. Returns 0 or a negative errno after logging why. */
int glacisd_admin_serve(struct glacisd_admin *admin);
void glacisd_admin_stop(struct glacisd_admin *admin);

#endif
