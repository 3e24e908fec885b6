/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of the emulated card. */
#ifndef VCARD_OPTIONS_H
#define VCARD_OPTIONS_H

#include "card.h"

struct vcard_options {
	const char *socket;
	struct vcard_setup setup;
};

/* Ends the process with a message when something is wrong with the options. */
void vcard_options_parse(int argc, char **argv, struct vcard_options *options);

#endif
