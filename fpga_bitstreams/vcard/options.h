/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of the emulated card. */
#ifndef VCARD_OPTIONS_H
#define VCARD_OPTIONS_H

#include "card.h"

#define VCARD_OPTIONS_FAULTS_MAX 32u

struct vcard_options {
	const char *socket;
	char control[128]; /* path of the control socket */
	const char *faults[VCARD_OPTIONS_FAULTS_MAX];
	unsigned fault_count;
	const char *flash; /* file of the flash, or NULL */
	unsigned trial_s;
	bool in_slot; /* a card that restarts keeps its client */
	struct vcard_setup setup;
};

/* Ends the process with a message when something is wrong with the options. */
void vcard_options_parse(int argc, char **argv, struct vcard_options *options);

#endif
