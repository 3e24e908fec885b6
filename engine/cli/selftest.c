/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis selftest`: tries everything that libglacis computes with on this machine, through its public
 * calls, against published answers and OpenSSL. Exit status 0 only when all of it is right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "options.h"
#include "selftest.h"

int selftest_run(struct selftest *test)
{
	size_t failed = 0, index;
	json_t *check;

	test->checks = json_array();
	if (!test->checks)
		return -ENOMEM;
	if (local_engine_open(&test->local, test->device, test->why, sizeof(test->why)) != 0) {
		selftest_report(test, false, test->device ? "card" : "engine");
		return json_array_size(test->checks) == 1 ? 0 : -ENOMEM;
	}
	selftest_aead(test);
	selftest_record(test);
	selftest_rsa(test);
	selftest_x25519(test);
	if (test->device)
		selftest_card(test);
	local_engine_close(&test->local);
	json_array_foreach(test->checks, index, check) failed += !json_is_true(json_object_get(check, "ok"));
	return failed == test->failed ? 0 : -ENOMEM;
}

static int print_json(struct selftest *test)
{
	json_t *root = json_pack("{s:s, s:b, s:O}", "glacis", glacis_version(), "ok", test->failed == 0, "checks",
				 test->checks);
	int status = root ? json_dumpf(root, stdout, JSON_INDENT(2)) : -1;

	json_decref(root);
	putchar('\n');
	return status;
}

static int selftest_main(int argc, char **argv)
{
	struct cli_options options;
	struct selftest test = { 0 };
	int error;

	cli_options_parse(argc, argv,
			  "Checks what libglacis computes on this machine against known answers and OpenSSL.",
			  CLI_DEVICE, &options);
	test.quiet = options.json;
	test.device = options.device;
	error = selftest_run(&test);
	if (error == 0 && test.quiet)
		error = print_json(&test);
	if (error != 0)
		fprintf(stderr, "%s: out of memory for the results; free some\n", argv[0]);
	json_decref(test.checks);
	return error == 0 && test.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct subcommand cli_selftest_command = {
	.name = "selftest",
	.summary = "check what this machine computes against known answers",
	.run = selftest_main,
};
