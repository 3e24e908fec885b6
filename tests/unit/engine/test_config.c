/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The YAML file: every key arrives where it belongs, and every fault is told with its exact line and
 * what is allowed. Also the checks over the whole: required values, certificate and key.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "certificates.h"
#include "config.h"

#define MESSAGE_SIZE 8192

static char message[MESSAGE_SIZE];

static int parse_bytes(const void *yaml, size_t size, struct glacisd_config *config)
{
	glacisd_config_defaults(config);
	return glacisd_config_parse("f.yaml", yaml, size, config, message, sizeof(message));
}

static void parsed(const char *yaml, struct glacisd_config *config)
{
	cr_assert_eq(parse_bytes(yaml, strlen(yaml), config), 0, "%s", message);
	cr_assert_str_eq(message, "");
}

static void refused_bytes(const void *yaml, size_t size, const char *words)
{
	struct glacisd_config config;

	cr_assert_lt(parse_bytes(yaml, size, &config), 0, "taken, but expected: %s", words);
	cr_assert(strstr(message, words), "the message is:\n%s\nwhich lacks:\n%s", message, words);
	cr_assert_null(config.file, "a refused file must not change the configuration");
	glacisd_config_free(&config);
}

static void refused(const char *yaml, const char *words)
{
	refused_bytes(yaml, strlen(yaml), words);
}

Test(config, has_the_documented_defaults)
{
	struct glacisd_config config;

	glacisd_config_defaults(&config);
	cr_assert_eq(config.listen.kind, GLACISD_ADDRESS_NONE);
	cr_assert_eq(config.workers, 0);
	cr_assert_eq(config.connections_max, 65536);
	cr_assert(config.tls_1_2 && config.session_tickets && config.sandbox);
	cr_assert_not(config.pin_workers || config.verbose || config.check_only);
	cr_assert_eq(config.timeouts.handshake_ms, 10000);
	cr_assert_eq(config.timeouts.connect_ms, 5000);
	cr_assert_eq(config.timeouts.idle_ms, 300000);
	cr_assert_eq(config.timeouts.drain_ms, 30000);
	cr_assert_str_eq(config.user, "nobody");
	glacisd_config_free(&config);
}

Test(config, takes_every_key)
{
	struct glacisd_config config;

	parsed("listen: \"[::1]:8443\"\n"
	       "backend: unix:/run/origin.sock\n"
	       "admin: 127.0.0.1:9443 # metrics\n"
	       "certificates:\n"
	       "  - cert: /etc/glacis/rsa.pem\n"
	       "    key: '/etc/glacis/rsa.key'\n"
	       "  - {key: /etc/glacis/ec.key,\n"
	       "     cert: /etc/glacis/ec.pem}\n"
	       "workers: 64\n"
	       "connections_max: 1000\n"
	       "tls:\n"
	       "  versions: [1.3]\n"
	       "  session_tickets: false\n"
	       "timeouts: {handshake_ms: 1, connect_ms: 2, idle_ms: 86400000, drain_ms: 0}\n"
	       "user: www-data\n"
	       "sandbox: false\n"
	       "pin_workers: true\n"
	       "verbose: true\n",
	       &config);
	cr_assert_str_eq(config.listen.text, "[::1]:8443");
	cr_assert_eq(config.listen.kind, GLACISD_ADDRESS_TCP);
	cr_assert_eq(config.backend.kind, GLACISD_ADDRESS_UNIX);
	cr_assert_str_eq(config.admin.text, "127.0.0.1:9443");
	cr_assert_eq(config.certificate_count, 2);
	cr_assert_str_eq(config.certificates[0].cert, "/etc/glacis/rsa.pem");
	cr_assert_str_eq(config.certificates[0].key, "/etc/glacis/rsa.key");
	cr_assert_str_eq(config.certificates[1].cert, "/etc/glacis/ec.pem");
	cr_assert_str_eq(config.certificates[1].key, "/etc/glacis/ec.key");
	cr_assert_eq(config.workers, 64);
	cr_assert_eq(config.connections_max, 1000);
	cr_assert_not(config.tls_1_2);
	cr_assert_not(config.session_tickets);
	cr_assert_eq(config.timeouts.handshake_ms, 1);
	cr_assert_eq(config.timeouts.connect_ms, 2);
	cr_assert_eq(config.timeouts.idle_ms, 86400000);
	cr_assert_eq(config.timeouts.drain_ms, 0);
	cr_assert_str_eq(config.user, "www-data");
	cr_assert_not(config.sandbox);
	cr_assert(config.pin_workers);
	cr_assert(config.verbose);
	cr_assert_str_eq(config.file, "f.yaml");
	cr_assert_eq(config.lines.listen, 1);
	cr_assert_eq(config.lines.cert[0], 5);
	cr_assert_eq(config.lines.key[0], 6);
	cr_assert_eq(config.lines.cert[1], 8);
	cr_assert_eq(config.lines.key[1], 7);
	cr_assert_eq(config.lines.user, 15);
	glacisd_config_free(&config);
}

Test(config, reads_the_card)
{
	struct glacisd_config config;

	parsed("card: vfio-user:/run/card\n"
	       "offload:\n"
	       "  policy: card\n"
	       "  verify: sample\n"
	       "  deadline_ms: 20\n"
	       "  memory_mib: 64\n"
	       "  size_from: 4096\n"
	       "  eal: \"--in-memory -m 1024\"\n",
	       &config);
	cr_assert_str_eq(config.card, "vfio-user:/run/card");
	cr_assert_str_eq(config.offload.policy, "card");
	cr_assert_str_eq(config.offload.verify, "sample");
	cr_assert_eq(config.offload.deadline_ms, 20);
	cr_assert_eq(config.offload.memory_mib, 64);
	cr_assert_eq(config.offload.size_from, 4096);
	cr_assert_str_eq(config.offload.eal, "--in-memory -m 1024");
	glacisd_config_free(&config);
	parsed("{}", &config);
	cr_assert_null(config.card);
	glacisd_config_free(&config);
}

Test(config, leaves_defaults_where_the_file_is_silent)
{
	struct glacisd_config config;

	parsed("{}", &config);
	cr_assert_eq(config.connections_max, 65536);
	cr_assert(config.tls_1_2 && config.session_tickets && config.sandbox);
	glacisd_config_free(&config);
	parsed("\xef\xbb\xbftls: {versions: [1.2, 1.3]}\n", &config); /* with a byte order mark */
	cr_assert(config.tls_1_2);
	cr_assert_eq(config.certificate_count, 0);
	cr_assert_null(config.certificates[0].cert);
	glacisd_config_free(&config);
}

Test(config, tells_the_line_of_an_unknown_key)
{
	refused("listen: 0.0.0.0:443\n\n# comment\nworkers: 1\nbackend: builtin\nadmin: 127.0.0.1:1\ntimeout: 3\n",
		"f.yaml:7: unknown key \"timeout\"; allowed here: listen, backend, admin, certificates, workers, "
		"connections_max, tls, timeouts, card, offload, user, sandbox, pin_workers, verbose");
	refused("timeouts:\n  idle_ms: 5\n  idle: 5\n",
		"f.yaml:3: timeouts: unknown key \"idle\"; allowed here: handshake_ms, connect_ms, idle_ms, drain_ms");
	refused("Listen: 0.0.0.0:443\n", "f.yaml:1: unknown key \"Listen\"");
	refused("\"listen\\0\": 0.0.0.0:443\n", "f.yaml:1: unknown key \"listen\"");
	refused("\"\\e[2J\": 1\n", "f.yaml:1: unknown key \"?[2J\"");
	refused("? [a, b]\n: 1\n", "f.yaml:1: a key must be a word");
}

Test(config, tells_the_line_of_a_wrong_number)
{
	refused("backend: builtin\n\nworkers: many\n",
		"f.yaml:3: workers: \"many\" is not a number; allowed: 0 (one per core) to 64");
	refused("workers: 65\n", "f.yaml:1: workers: \"65\" is out of range; allowed: 0 (one per core) to 64");
	refused("workers: -1\n", "f.yaml:1: workers: \"-1\" is not a number");
	refused("workers: 0x10\n", "f.yaml:1: workers: \"0x10\" is not a number");
	refused("workers: 010\n", "f.yaml:1: workers: \"010\" starts with 0");
	refused("workers: 1.5\n", "f.yaml:1: workers: \"1.5\" is not a number");
	refused("workers: 4294967297\n", "f.yaml:1: workers: \"4294967297\" is out of range");
	refused("workers: 99999999999999999999999\n", "is out of range");
	refused("connections_max: 0\n", "f.yaml:1: connections_max: \"0\" is out of range; allowed: 1 to 1000000");
	refused("timeouts:\n  connect_ms: 0\n", "f.yaml:2: timeouts.connect_ms: \"0\" is out of range");
	refused("offload: {memory_mib: 63}\n",
		"f.yaml:1: offload.memory_mib: \"63\" is out of range; allowed: 64 to 65536 MiB");
	refused("offload: {deadline_ms: 60001}\n", "f.yaml:1: offload.deadline_ms: \"60001\" is out of range");
	refused("offload:\n  policy: always\n",
		"f.yaml:2: offload.policy: \"always\" is none of the words for it; allowed: auto");
	refused("offload: {verify: some}\n", "is none of the words for it; allowed: all, sample");
	refused("card: \"\"\n", "f.yaml:1: card: has no value");
	refused("workers:\n  - 1\n", "f.yaml:2: workers: a list is not a single value");
	refused("workers: {a: 1}\n", "f.yaml:1: workers: a group is not a single value");
	refused("workers:\n", "f.yaml:1: workers: has no value");
	refused("workers: ~\n", "f.yaml:1: workers: has no value");
}

Test(config, tells_the_line_of_a_wrong_switch)
{
	refused("a: 1\nsandbox: maybe\n",
		"f.yaml:2: sandbox: \"maybe\" is neither true nor false; allowed: true or false");
	refused("verbose: 1\n", "f.yaml:1: verbose: \"1\" is neither");
}

Test(config, tells_the_line_of_a_wrong_address)
{
	refused("\nlisten: 443\n", "f.yaml:2: listen: \"443\" is no address: the port is missing");
	refused("listen: unix:/x\n", "f.yaml:1: listen: \"unix:/x\" cannot be used here; allowed: ADDRESS:PORT");
	refused("admin: builtin\n", "f.yaml:1: admin: \"builtin\" cannot be used here; allowed: ADDRESS:PORT");
	refused("backend: example.com:80\n", "names are not looked up");
	refused("listen: [::]:443\n", "allowed: ADDRESS:PORT, e.g. 0.0.0.0:443 or \"[::]:443\"");
	refused("backend: [a]\n", "f.yaml:1: backend: a list is not a single value; allowed: ADDRESS:PORT, unix:PATH");
	refused("user: \"a\\0b\"\n", "f.yaml:1: user: holds a NUL byte");
	refused("user: \"a\\nb\"\n", "f.yaml:1: user: \"a?b\" holds a control character");
}

Test(config, tells_the_line_of_a_wrong_group_or_list)
{
	refused("timeouts: 5\n", "f.yaml:1: timeouts: \"5\" is not a group of keys; allowed: handshake_ms, connect_ms");
	refused("\ntls: [a]\n", "f.yaml:2: tls: a list is not a group of keys; allowed: versions, session_tickets");
	refused("- a\n", "f.yaml:1: a list is not a group of keys; allowed: listen, backend");
	refused("hello", "f.yaml:1: \"hello\" is not a group of keys; allowed: listen, backend");
	refused("tls:\n  versions: 1.3\n",
		"f.yaml:2: tls.versions: \"1.3\" is not a list; allowed: [1.2, 1.3] or [1.3]");
	refused("tls:\n  versions:\n  - 1.3\n  - 1.1\n", "f.yaml:4: tls.versions: \"1.1\" is not offered");
	refused("tls: {versions: [1.2]}\n", "f.yaml:1: tls.versions: 1.3 is missing from the list");
	refused("tls: {versions: []}\n", "f.yaml:1: tls.versions: 1.3 is missing from the list");
	refused("tls: {versions: [[1.3], {a: b}]}\n", "f.yaml:1: tls.versions: holds a list or group");
}

Test(config, tells_the_line_of_a_wrong_list_of_certificates)
{
	refused("\ncertificate: {cert: c, key: k}\n", "f.yaml:2: unknown key \"certificate\"; allowed here: listen");
	refused("certificates: c.pem\n",
		"f.yaml:1: certificates: \"c.pem\" is not a list; allowed: one or two entries");
	refused("certificates:\n  cert: c\n  key: k\n", "f.yaml:2: certificates: a group is not a list; allowed: one "
							"or two entries \"- {cert: FILE, key: FILE}\"");
	refused("\ncertificates:\n", "f.yaml:2: certificates: \"\" is not a list");
	refused("certificates: []\n", "f.yaml:1: certificates: the list has 0 entries; allowed: one or two entries");
	refused("certificates:\n- {cert: a, key: a}\n- {cert: b, key: b}\n- {cert: c, key: c}\nuser: x\n",
		"f.yaml:2: certificates: the list has 3 entries; allowed: one or two");
	refused("certificates:\n- {cert: a, key: a}\n- b.pem\n",
		"f.yaml:3: certificates: \"b.pem\" is not a group of keys; allowed: cert, key");
	refused("certificates: [[a]]\n", "f.yaml:1: certificates: a list is not a group of keys; allowed: cert, key");
	refused("certificates:\n- cert: a\n  key: a\n  chain: a\n",
		"f.yaml:4: certificates: unknown key \"chain\"; allowed here: cert, key");
	refused("certificates:\n- cert: a\n  cert: b\n  key: a\n",
		"f.yaml:3: certificates: key \"cert\" is there twice, first in line 2");
	refused("certificates:\n- cert: a\n  key: [b]\n", "f.yaml:3: certificates.key: a list is not a single value");
	refused("certificates:\n- cert: a\n  key:\n", "f.yaml:3: certificates.key: has no value; allowed: the path");
}

Test(config, tells_where_a_certificate_lacks_its_key)
{
	refused("certificates:\n- cert: a\n  key: a\n- cert: b\nuser: x\n",
		"f.yaml:4: certificates: \"key\" is missing here; allowed: the path of a PEM file with an RSA or EC");
	refused("certificates:\n- key: a\n", "f.yaml:2: certificates: \"cert\" is missing here; allowed: the path");
	refused("certificates: [{}]\n", "f.yaml:1: certificates: \"cert\" is missing here");
	cr_assert(strstr(message, "\nf.yaml:1: certificates: \"key\" is missing here"), "%s", message);
}

Test(config, replaces_the_certificates_of_an_earlier_file)
{
	static const char one[] = "certificates: [{cert: c, key: k}]\n";
	struct glacisd_config config;

	parsed("certificates: [{cert: a, key: a}, {cert: b, key: b}]\n", &config);
	cr_assert_eq(glacisd_config_parse("g", (const uint8_t *)one, strlen(one), &config, message, sizeof(message)),
		     0);
	cr_assert_eq(config.certificate_count, 1);
	cr_assert_str_eq(config.certificates[0].cert, "c");
	cr_assert_null(config.certificates[1].cert);
	cr_assert_eq(config.lines.cert[1], 0);
	glacisd_config_free(&config);
}

Test(config, tells_both_lines_of_a_repeated_key)
{
	refused("workers: 1\nverbose: true\nworkers: 2\n",
		"f.yaml:3: key \"workers\" is there twice, first in line 1; keep one");
	refused("tls: {}\ntls: {}\n", "f.yaml:2: key \"tls\" is there twice, first in line 1");
}

Test(config, tells_all_faults_at_once)
{
	refused("workers: x\nfoo: {a: [1, {b: 2}]}\nsandbox: 3\n", "f.yaml:1: workers");
	cr_assert(strstr(message, "\nf.yaml:2: unknown key \"foo\""), "%s", message);
	cr_assert(strstr(message, "\nf.yaml:3: sandbox"), "%s", message);
}

Test(config, stops_after_a_bounded_number_of_faults)
{
	char yaml[1000] = "";
	unsigned lines = 1;

	for (int i = 0; i < 50; i++)
		snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), "k%d: 1\n", i);
	refused(yaml, "f.yaml:17: more faults follow");
	for (const char *c = message; *c; c++)
		lines += *c == '\n';
	cr_assert_eq(lines, 17);
}

Test(config, refuses_what_is_not_yaml_with_its_line)
{
	refused("workers: 1\n\tverbose: true\n", "f.yaml:2: not YAML: ");
	refused("workers: 1\n user: x\n", "f.yaml:2: not YAML: ");
	refused("user: \"open\nverbose: true\n", "that begins in line 1");
	refused("%YAML 9.9\n---\na: 1\n", "f.yaml:1: not YAML");
	refused("", "f.yaml:1: the file is empty");
	refused("\n# only a comment\n", "f.yaml:1: the file is empty");
	refused("---\n", "f.yaml:");
	refused("workers: 1\n---\nworkers: 2\n", "f.yaml:2: a second document starts here");
	refused("workers: 1\nuser: \xff\xfe\n", "f.yaml:2: not a text file");
	refused("workers: 1\nuser: \x01\n", "f.yaml:2: not a text file");
	refused_bytes("workers: 1\n\0", 12, "f.yaml:2: a NUL byte");
	refused_bytes("\xff\xfew\0:\0", 6, "f.yaml:1: a NUL byte");
}

Test(config, refuses_anchors_aliases_and_tags)
{
	refused("user: &a x\n", "f.yaml:1: anchors (&) and aliases (*) are not allowed");
	refused("a: 1\nuser: *a\n", "f.yaml:2: anchors (&) and aliases (*) are not allowed");
	refused("tls: &a {}\n", "f.yaml:1: anchors");
	refused("workers: !!int 3\n", "f.yaml:1: tags (!) are not allowed");
	/* The "billion laughs": each level would multiply the one before. */
	refused("a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n",
		"f.yaml:1: anchors");
}

Test(config, refuses_deep_nesting)
{
	static char yaml[200001];

	refused("a: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "f.yaml:1: nested too deeply");
	yaml[0] = 'a';
	yaml[1] = ':';
	yaml[2] = ' ';
	memset(yaml + 3, '[', sizeof(yaml) - 4);
	refused(yaml, "f.yaml:1: ");
	cr_assert(strstr(message, "nested too deeply"), "%s", message);
}

Test(config, refuses_a_file_above_a_mebibyte)
{
	size_t size = 1024 * 1024 + 1;
	char *yaml = malloc(size);
	struct glacisd_config config;

	cr_assert_not_null(yaml);
	memset(yaml, '#', size);
	memcpy(yaml, "workers: 3\n", 11);
	refused_bytes(yaml, size, "f.yaml:1: the file is too large; allowed: up to 1 MiB");
	cr_assert_eq(parse_bytes(yaml, size - 1, &config), 0, "%s", message);
	cr_assert_eq(config.workers, 3);
	glacisd_config_free(&config);
	free(yaml);
}

Test(config, cuts_messages_at_the_end_of_the_buffer)
{
	static const char yaml[] = "foo: 1\nbar: 2\n";
	struct glacisd_config config;
	char whole[1024];

	glacisd_config_defaults(&config);
	cr_assert_eq(glacisd_config_parse("f", (const uint8_t *)yaml, strlen(yaml), &config, whole, sizeof(whole)),
		     -EINVAL);
	cr_assert_lt(strlen(whole), 400);
	for (size_t size = 0; size < 400; size++) {
		char *small = malloc(size + 1);

		memset(small, 'x', size + 1);
		cr_assert_eq(glacisd_config_parse("f", (const uint8_t *)yaml, strlen(yaml), &config, small, size),
			     -EINVAL);
		cr_assert_eq(small[size], 'x');
		cr_assert(size == 0 || memchr(small, '\0', size));
		cr_assert(size == 0 || strncmp(small, whole, strlen(small)) == 0, "%zu: %s", size, small);
		free(small);
	}
	glacisd_config_free(&config);
}

Test(config, says_why_a_file_cannot_be_read)
{
	struct glacisd_config config;

	glacisd_config_defaults(&config);
	cr_assert_eq(glacisd_config_load("/none/such.yaml", &config, message, sizeof(message)), -ENOENT);
	cr_assert(strstr(message, "/none/such.yaml: cannot read the configuration: No such file"), "%s", message);
	cr_assert_eq(glacisd_config_load("/", &config, message, sizeof(message)), -EISDIR);
	glacisd_config_free(&config);
}

Test(config, loads_the_example)
{
	struct glacisd_config config;

	glacisd_config_defaults(&config);
	cr_assert_eq(glacisd_config_load(EXAMPLE_YAML, &config, message, sizeof(message)), 0, "%s", message);
	cr_assert_eq(config.listen.kind, GLACISD_ADDRESS_TCP);
	cr_assert_eq(config.backend.kind, GLACISD_ADDRESS_TCP);
	cr_assert_eq(config.certificate_count, 1);
	cr_assert_not_null(config.certificates[0].cert);
	cr_assert_not_null(config.certificates[0].key);
	/* What the example shows as commented-out or plain default is the default. */
	cr_assert_eq(config.connections_max, 65536);
	cr_assert_eq(config.timeouts.idle_ms, 300000);
	glacisd_config_free(&config);
}
