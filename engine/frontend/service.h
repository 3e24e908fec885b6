/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the admin server and the built-in origin may see of the running service: read-only.
 */
#ifndef GLACISD_SERVICE_H
#define GLACISD_SERVICE_H

#include <stdatomic.h>
#include <stdint.h>

#include <glacis/engine.h>

#include "config.h"
#include "stats.h"

struct glacisd_service {
	const struct glacisd_config *config;
	struct glacis_engine *engine;
	struct glacisd_stats *stats[GLACISD_WORKERS_MAX]; /* one per worker */
	uint32_t workers;
	uint64_t started_at_s;     /* wall clock, for the uptime */
	_Atomic int draining;      /* 1 after SIGTERM: /healthz answers 503 */
};

/* Sum of one counter over the workers. */
#define GLACISD_SERVICE_SUM(service, name)                                                               \
	__extension__({                                                                                  \
		uint64_t sum_ = 0;                                                                       \
		for (uint32_t w_ = 0; w_ < (service)->workers; w_++)                                     \
			sum_ += GLACISD_STAT_GET((service)->stats[w_], name);                            \
		sum_;                                                                                    \
	})

#endif
