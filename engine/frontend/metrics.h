/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's counters as OpenMetrics 1.0 text. Called by the admin server for GET /metrics; pure
 * formatting, no I/O, so the tests call it with counters of their own.
 */
#ifndef GLACISD_METRICS_H
#define GLACISD_METRICS_H

#include <stddef.h>

#include "service.h"

#define GLACISD_METRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* A buffer of this size always suffices for glacisd_metrics_render(). */
size_t glacisd_metrics_size_max(const struct glacisd_service *service);

/* Writes the whole exposition, ended by "# EOF\n" and a NUL, to `buffer` and its length without the
 * NUL to `length`. Without an engine (NULL) its families are left out. Returns 0, or -ENOSPC when
 * `size` is too small; `buffer` then holds no usable text. */
int glacisd_metrics_render(const struct glacisd_service *service, char *buffer, size_t size, size_t *length);

#endif
