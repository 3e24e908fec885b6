/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a result was measured: processor, kernel, settings that change figures, and the
 * versions of everything that took part. Called once per run by report.c.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <jansson.h>

/* {"host","cpu","cores","flags",...}; NULL when out of memory. */
json_t *bench_machine_describe(void);

/* {"glacis","openssl","ipsec-mb","kernel","compiler"}; NULL when out of memory. */
json_t *bench_machine_versions(void);

/* The commit this program was built from, "unknown" outside of a git tree. */
const char *bench_machine_commit(void);

/* First line that `program` prints when started with `argument`, or "not installed". Shell-free. */
void bench_machine_program_version(const char *program, const char *argument, char *line, int size);

/* Keeps this thread on the last core it may use: a change of cores in the middle of a slice costs more than what is
 * measured. */
void bench_machine_pin_to_last_core(void);

/* First line of a small file below /proc or /sys without its newline; "unknown" when it is not there. */
void bench_machine_read(const char *path, char *line, int size);

#endif
