/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the flash, for card_flash.c and card_trial.c. */
#ifndef FLASH_CARD_COMMAND_H
#define FLASH_CARD_COMMAND_H

#include "card_link.h"
#include "glacis_card_abi.h"

/* A link that failed, for the operator. Returns `error`. */
int card_lost(struct flash_problem *problem, int error);

/* Runs a command and waits for its end. `what` completes "the card refuses to ...". */
int card_command(struct card_link *link, uint32_t command, const char *what, struct flash_problem *problem);

/* Allows changes, and selects the user segment. A reboot locks again. */
int card_unlock(struct card_link *link, struct flash_problem *problem);

#endif
