/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list that `glacis devices` makes (devices.c) and prints (devices_print.c): one JSON object, which
 * is also what --json gives out; docs/man/glacis.1 describes it.
 */
#ifndef CLI_DEVICES_H
#define CLI_DEVICES_H

#include <jansson.h>
#include <stdio.h>

/* The list for people. */
void devices_print(FILE *out, json_t *list);

#endif
