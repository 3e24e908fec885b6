/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of progress on stderr, rewritten in place, only when stderr is a terminal. Called
 * between timed slices, never inside one.
 */
#ifndef BENCH_PROGRESS_H
#define BENCH_PROGRESS_H

__attribute__((format(printf, 1, 2))) void bench_progress(const char *format, ...);

/* Wipes the line; call before anything else is printed. */
void bench_progress_end(void);

#endif
