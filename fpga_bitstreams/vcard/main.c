/* SPDX-License-Identifier: Apache-2.0 */
/* glacis-vcard: the emulated card. Start and end of the process; start reading at session.c and queue.c. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "card.h"
#include "ctl.h"
#include "options.h"
#include "server.h"

/* SIGTERM and SIGINT come by a descriptor of the loop; a client that goes away is an error code, no signal. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int arm_faults(struct vcard_card *card, const struct vcard_options *options)
{
	char message[256];

	for (unsigned i = 0; i < options->fault_count; i++) {
		if (vcard_faults_arm(&card->faults, options->faults[i], message, sizeof(message))) {
			fprintf(stderr, "glacis-vcard: --fault: %s\n", message);
			return -EINVAL;
		}
	}
	vcard_card_faults_changed(card);
	return 0;
}

static int open_flash(struct vcard_card *card, const struct vcard_options *options)
{
	int error;

	card->flash.trial_s = options->trial_s;
	error = options->flash ? vcard_card_open_flash(card, options->flash) : 0;
	if (error == -EBUSY)
		fprintf(stderr,
			"glacis-vcard: --flash: %s is the flash of another card that runs; choose another file\n",
			options->flash);
	else if (error == -EINVAL)
		fprintf(stderr,
			"glacis-vcard: --flash: %s is no flash of this card; remove it, or choose another file\n",
			options->flash);
	else if (error)
		fprintf(stderr, "glacis-vcard: --flash: %s: %s\n", options->flash, strerror(-error));
	return error;
}

int main(int argc, char **argv)
{
	const struct rlimit no_core = { 0, 0 };
	struct vcard_options options;
	struct vcard_card *card;
	int error, status;

	if (argc > 1 && strcmp(argv[1], "ctl") == 0)
		return vcard_ctl(argc - 1, argv + 1);
	vcard_options_parse(argc, argv, &options);
	block_signals();
	setrlimit(RLIMIT_CORE, &no_core); /* it would hold keys */
	card = calloc(1, sizeof(*card));
	error = card ? vcard_card_init(card, &options.setup) : -ENOMEM;
	if (error) {
		fprintf(stderr, "glacis-vcard: cannot make the card: %s\n", strerror(-error));
		free(card);
		return EXIT_FAILURE;
	}
	if (options.setup.backend == &vcard_instant)
		fputs("glacis-vcard: --instant: NOTHING IS ENCRYPTED, RESULTS ARE ZEROS; for measurements only\n",
		      stderr);
	if (open_flash(card, &options))
		status = EXIT_FAILURE;
	else
		status = arm_faults(card, &options)
				 ? EX_USAGE
				 : vcard_server_run(card, options.socket, options.control, options.in_slot);
	vcard_card_destroy(card);
	free(card);
	return status;
}
