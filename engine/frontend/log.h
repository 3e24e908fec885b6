/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-line log messages to stderr, with the priority prefix systemd understands when stderr is the
 * journal, and a time stamp when it is a terminal or a file. Never on the data path.
 */
#ifndef GLACISD_LOG_H
#define GLACISD_LOG_H

#include <stdbool.h>

enum glacisd_log_level { GLACISD_LOG_ERROR = 3, GLACISD_LOG_WARNING = 4, GLACISD_LOG_INFO = 6, GLACISD_LOG_DEBUG = 7 };

/* Messages above `level` are dropped; default INFO. Thread-safe, as is glacisd_log. */
void glacisd_log_set_level(enum glacisd_log_level level);
void glacisd_log(enum glacisd_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
