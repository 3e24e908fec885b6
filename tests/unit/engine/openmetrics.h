/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader of the part of OpenMetrics 1.0 that glacisd writes, for tests.
 */
#ifndef TEST_OPENMETRICS_H
#define TEST_OPENMETRICS_H

#include <stddef.h>
#include <stdint.h>

#define OPENMETRICS_FAMILIES_MAX 128u

struct openmetrics {
	size_t families;
	size_t samples;
	char why[640]; /* what is wrong, empty when nothing is */
};

/* Checks the whole exposition: each family has one TYPE then one HELP line and then its samples, together; names,
 * suffixes and label syntax fit the type; numbers are numbers; nothing comes twice; the end is "# EOF\n".
 * Returns 0 or -EINVAL with `why`. */
int openmetrics_check(const char *text, size_t size, struct openmetrics *result);

/* The value of the sample whose name and labels are exactly `sample`; -1 when it is not there. */
int64_t openmetrics_value(const char *text, const char *sample);

#endif
