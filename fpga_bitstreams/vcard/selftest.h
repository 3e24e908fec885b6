/* SPDX-License-Identifier: Apache-2.0 */
/* CONTROL.SELFTEST: known answers through the backend, without host memory. */
#ifndef VCARD_SELFTEST_H
#define VCARD_SELFTEST_H

#include <stdbool.h>

struct vcard_card;

/* Runs all that the card claims to be able to: true when every answer is right. While no queue runs. */
bool vcard_selftest_run(struct vcard_card *card);

#endif
