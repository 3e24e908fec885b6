/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short measurements for `glacis devices --rates`: what one core does through libglacis. They give the
 * order of magnitude in about a second; glacis-bench compares and gives spreads.
 */
#ifndef CLI_RATES_H
#define CLI_RATES_H

#include <jansson.h>

#include "local_engine.h"

/* {"aes-128-gcm": {"seal_16384_bytes_gb_per_s", "seal_64_bytes_ns"}, "aes-256-gcm": ..., "rsa-2048":
 * {"sign_per_s_single", "sign_per_s_at_8"}, ...}. The keys must be loaded. NULL, and a reason, when it failed. */
json_t *rates_measure(struct local_engine *local, char *why, size_t why_size);

#endif
