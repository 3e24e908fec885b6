/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: each option arrives, options override the file, and what is wrong is named with
 * its option and remedy. Usage errors end the process, so they run in a child.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "capture.h"
#include "certificates.h"
#include "config.h"

#define ARGUMENTS_MAX 32

static struct capture capture;
static struct glacisd_config config;

/* argp permutes and writes to its argument vector: give it copies. */
static int parse(const char *const *arguments)
{
	char *copies[ARGUMENTS_MAX + 1] = { strdup("glacisd") };
	int count = 1, result;

	for (; arguments[count - 1]; count++)
		copies[count] = strdup(arguments[count - 1]);
	glacisd_config_defaults(&config);
	result = glacisd_options_parse(count, copies, &config);
	for (int i = 0; i < ARGUMENTS_MAX; i++)
		free(copies[i]);
	return result;
}

#define PARSE(...) parse((const char *const[ARGUMENTS_MAX]){ __VA_ARGS__ })

static int parse_in_child(void *arguments)
{
	int result = parse(arguments);

	glacisd_config_free(&config);
	return result ? 1 : 0;
}

static void ends(int code, const char *words, const char **arguments)
{
	capture_child(parse_in_child, (void *)arguments, &capture);
	cr_assert(WIFEXITED(capture.status) && WEXITSTATUS(capture.status) == code, "status %x, wanted code %d:\n%s",
		  capture.status, code, capture.text);
	cr_assert(strstr(capture.text, words), "it says:\n%s\nwhich lacks:\n%s", capture.text, words);
}

#define ENDS(code, words, ...) ends(code, words, (const char *[ARGUMENTS_MAX]){ __VA_ARGS__ })

Test(options, takes_every_option)
{
	cr_assert_eq(PARSE("--listen", "127.0.0.1:8443", "--backend=builtin", "--cert", "c.pem", "--key", "k.pem",
			   "--workers", "3", "--admin", "[::1]:9443", "--connections-max", "77", "--user", "games",
			   "--no-sandbox", "--pin", "--verbose", "--check"),
		     0);
	cr_assert_str_eq(config.listen.text, "127.0.0.1:8443");
	cr_assert_eq(config.backend.kind, GLACISD_ADDRESS_BUILTIN);
	cr_assert_eq(config.certificate_count, 1);
	cr_assert_str_eq(config.certificates[0].cert, "c.pem");
	cr_assert_str_eq(config.certificates[0].key, "k.pem");
	cr_assert_eq(config.workers, 3);
	cr_assert_str_eq(config.admin.text, "[::1]:9443");
	cr_assert_eq(config.connections_max, 77);
	cr_assert_str_eq(config.user, "games");
	cr_assert_not(config.sandbox);
	cr_assert(config.pin_workers && config.verbose && config.check_only);
	cr_assert_null(config.file);
	glacisd_config_free(&config);
}

Test(options, take_a_card_and_arguments_for_dpdk)
{
	cr_assert_eq(PARSE("--card", "vfio-user:/run/card", "--card-policy=card", "--card-verify", "none", "--",
			   "--in-memory", "-m", "1024"),
		     0);
	cr_assert_str_eq(config.card, "vfio-user:/run/card");
	cr_assert_str_eq(config.offload.policy, "card");
	cr_assert_str_eq(config.offload.verify, "none");
	cr_assert_str_eq(config.offload.eal, "--in-memory -m 1024");
	glacisd_config_free(&config);
	cr_assert_eq(PARSE("--card-policy", "always"), -EINVAL);
	glacisd_config_free(&config);
	ENDS(EX_USAGE, "holds no space", "--", "-m 1024");
	ENDS(EX_USAGE, "is not an option", "something");
}

Test(options, without_any_leaves_the_defaults)
{
	cr_assert_eq(PARSE(NULL), 0);
	cr_assert_eq(config.connections_max, 65536);
	cr_assert(config.sandbox);
	cr_assert_not(config.check_only);
	glacisd_config_free(&config);
}

Test(options, override_the_file_wherever_they_stand)
{
	struct certificates files;
	const char *path;

	certificates_begin(&files);
	certificates_write_text(&files, "f.yaml",
				"listen: 127.0.0.1:1\nworkers: 5\nverbose: true\nuser: games\n"
				"certificates:\n- {cert: c.pem, key: k.pem}\n- {cert: d.pem, key: d.key}\n");
	path = certificates_path(&files, "f.yaml");
	cr_assert_eq(PARSE("--workers=6", "--user", "news", "-c", path), 0);
	cr_assert_eq(config.workers, 6);
	cr_assert_str_eq(config.listen.text, "127.0.0.1:1");
	cr_assert_eq(config.certificate_count, 2);
	cr_assert_str_eq(config.certificates[1].key, "d.key");
	cr_assert_str_eq(config.user, "news");
	cr_assert(config.verbose);
	cr_assert_str_eq(config.file, path);
	cr_assert_eq(config.lines.user, 0, "an overridden value must not be blamed on the file");
	cr_assert_eq(config.lines.key[1], 7);
	glacisd_config_free(&config);
	cr_assert_eq(PARSE("--key", "other.key", "-c", path, "--cert", "other.pem"), 0);
	cr_assert_eq(config.certificate_count, 1, "the list of the command line replaces the file's");
	cr_assert_str_eq(config.certificates[0].cert, "other.pem");
	cr_assert_str_eq(config.certificates[0].key, "other.key");
	cr_assert_null(config.certificates[1].cert);
	cr_assert_eq(config.lines.cert[0], 0);
	cr_assert_eq(config.lines.key[1], 0);
	glacisd_config_free(&config);
	certificates_end(&files);
}

Test(options, pair_certificates_and_keys_in_their_order)
{
	cr_assert_eq(PARSE("--cert", "a.pem", "--cert", "b.pem", "--key", "a.key", "--key", "b.key"), 0);
	cr_assert_eq(config.certificate_count, 2);
	cr_assert_str_eq(config.certificates[0].cert, "a.pem");
	cr_assert_str_eq(config.certificates[0].key, "a.key");
	cr_assert_str_eq(config.certificates[1].cert, "b.pem");
	cr_assert_str_eq(config.certificates[1].key, "b.key");
	glacisd_config_free(&config);
}

Test(options, refuse_certificates_without_a_key_each)
{
	ENDS(EX_USAGE, "--cert is given 1 times and --key 0 times; give each --cert its --key, in the same order",
	     "--cert", "c.pem");
	ENDS(EX_USAGE, "--cert is given 1 times and --key 2 times", "--cert", "c.pem", "--key", "k", "--key", "l");
	ENDS(EX_USAGE, "--cert \"c\" is one too many; at most 2 certificates, one RSA and one EC", "--cert", "a",
	     "--key", "a", "--cert", "b", "--key", "b", "--cert", "c", "--key", "c");
}

Test(options, name_the_value_and_the_remedy)
{
	ENDS(1, "glacisd: --workers: \"many\" is not a number; allowed: 0 (one per core) to 64\n", "--workers", "many");
	ENDS(1, "glacisd: --listen: \"443\" is no address: the port is missing", "--listen", "443");
	ENDS(1, "glacisd: --listen: \"builtin\" cannot be used here", "--listen", "builtin");
	ENDS(1, "glacisd: --connections-max: \"0\" is out of range; allowed: 1 to", "--connections-max", "0");
	ENDS(1, "glacisd: --cert: \"\" is empty; allowed: the path", "--cert", "", "--key", "k");
	ENDS(1, "glacisd: --key: \"\" is empty; allowed: the path", "--cert", "a", "--key", "a", "--cert", "b", "--key",
	     "");
	ENDS(1, "/none.yaml: cannot read the configuration: No such file", "--config", "/none.yaml");
	ENDS(1, "glacisd: --workers: \"x\" is not", "--workers", "x", "--admin", "y");
	cr_assert(strstr(capture.text, "glacisd: --admin: \"y\" is no address"), "%s", capture.text);
}

Test(options, tell_the_faults_of_the_file)
{
	struct certificates files;
	char words[256];

	certificates_begin(&files);
	certificates_write_text(&files, "f.yaml", "listen: 127.0.0.1:1\n\nworker: 5\n");
	snprintf(words, sizeof(words), "%s:3: unknown key \"worker\"", certificates_path(&files, "f.yaml"));
	ENDS(1, words, "-c", certificates_path(&files, "f.yaml"));
	certificates_end(&files);
}

Test(options, end_with_64_on_wrong_usage)
{
	ENDS(EX_USAGE, "unrecognized option '--bogus'", "--bogus");
	ENDS(EX_USAGE, "requires an argument", "--listen");
	ENDS(EX_USAGE, "\"file.yaml\" is not an option", "file.yaml");
	ENDS(EX_USAGE, "--listen is given twice, \"a:1\" and \"b:2\"; give it once", "--listen", "a:1", "--listen=b:2");
	ENDS(EX_USAGE, "--config is given twice", "-c", "a", "--config", "b");
}

Test(options, tell_the_version_and_help)
{
	ENDS(0, "glacisd 0.1.0\n", "--version");
	ENDS(0, "--connections-max=N", "--help");
	ENDS(0, "Usage: glacisd", "--usage");
}
