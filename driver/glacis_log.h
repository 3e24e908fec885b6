/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's log: "pmd.crypto.glacis" in --log-level. Never called from the way of an operation that succeeds. */
#ifndef GLACIS_DRIVER_LOG_H
#define GLACIS_DRIVER_LOG_H

#include <rte_log.h>

extern int glacis_logtype;

/* The format is the first of the arguments and a line without its end. */
#define GLACIS_LOG(level, ...) glacis_log_line(RTE_LOG_##level, __VA_ARGS__)

void glacis_log_line(uint32_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
