/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks over a whole configuration, as --check shows them: what is missing, files that cannot be
 * read, certificate and key that do not fit, keys we do not serve, and the warnings.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "certificates.h"
#include "config.h"

#define DAY 86400L

static struct certificates files;
static struct glacisd_config config;
static char message[8192];

static void set_up(void)
{
	char why[256];

	certificates_begin(&files);
	glacisd_config_defaults(&config);
	cr_assert_eq(glacisd_address_parse("127.0.0.1:8443", &config.listen, why, sizeof(why)), 0);
	cr_assert_eq(glacisd_address_parse("builtin", &config.backend, why, sizeof(why)), 0);
}

static void tear_down(void)
{
	glacisd_config_free(&config);
	certificates_end(&files);
}

TestSuite(config_validate, .init = set_up, .fini = tear_down);

static void name_files(const char *cert, const char *key)
{
	glacisd_config_clear_certificates(&config);
	config.certificates[0].cert = strdup(certificates_path(&files, cert));
	config.certificates[0].key = strdup(certificates_path(&files, key));
	config.certificate_count = 1;
}

/* Behind the pair that is there. */
static void make_second_pair(EVP_PKEY *key)
{
	certificates_write_key(&files, "second-key.pem", key, NULL);
	certificates_write_cert(&files, "second-cert.pem", key, 0, DAY);
	EVP_PKEY_free(key);
	config.certificates[1].cert = strdup(certificates_path(&files, "second-cert.pem"));
	config.certificates[1].key = strdup(certificates_path(&files, "second-key.pem"));
	config.certificate_count = 2;
}

static void make_pair(EVP_PKEY *key)
{
	certificates_write_key(&files, "key.pem", key, NULL);
	certificates_write_cert(&files, "cert.pem", key, 0, DAY);
	EVP_PKEY_free(key);
	name_files("cert.pem", "key.pem");
}

static void valid(void)
{
	cr_assert_eq(glacisd_config_validate(&config, message, sizeof(message)), 0, "%s", message);
}

static void invalid(const char *words)
{
	cr_assert_eq(glacisd_config_validate(&config, message, sizeof(message)), -EINVAL);
	cr_assert(strstr(message, words), "the message is:\n%s\nwhich lacks:\n%s", message, words);
}

static int validate_in_child(void *context)
{
	return -glacisd_config_validate(&config, message, sizeof(message));
}

static void warns(const char *words)
{
	static struct capture capture;

	capture_child(validate_in_child, NULL, &capture);
	cr_assert_eq(capture.status, 0);
	cr_assert(strstr(capture.text, words), "the log is:\n%s\nwhich lacks:\n%s", capture.text, words);
}

Test(config_validate, takes_the_key_kinds_we_serve)
{
	make_pair(certificates_ec_key("P-256"));
	valid();
	make_pair(certificates_ec_key("P-384"));
	valid();
	make_pair(certificates_rsa_key(2048));
	valid();
}

Test(config_validate, takes_an_rsa_and_an_ec_certificate_in_either_order)
{
	make_pair(certificates_rsa_key(2048));
	make_second_pair(certificates_ec_key("P-256"));
	valid();
	make_pair(certificates_ec_key("P-384"));
	make_second_pair(certificates_rsa_key(2048));
	valid();
}

Test(config_validate, refuses_two_certificates_of_one_key_type)
{
	char words[512];

	make_pair(certificates_rsa_key(2048));
	make_second_pair(certificates_rsa_key(2048));
	config.file = strdup("f.yaml");
	config.lines.cert[1] = 9;
	snprintf(words, sizeof(words),
		 "f.yaml:9: certificates.cert: the certificates \"%s\" and \"%s\" both have RSA keys, so one would "
		 "never be served; allowed: one with an RSA key and one with an EC key, or a single one",
		 config.certificates[0].cert, config.certificates[1].cert);
	invalid(words);
	make_pair(certificates_ec_key("P-256"));
	make_second_pair(certificates_ec_key("P-384"));
	invalid("--cert: the certificates \"");
	invalid("both have EC keys, so one would never be served");
}

Test(config_validate, checks_the_second_certificate_like_the_first)
{
	make_pair(certificates_rsa_key(2048));
	make_second_pair(certificates_ec_key("P-521"));
	invalid("second-key.pem\" is on secp521r1; allowed: RSA");
	make_pair(certificates_rsa_key(2048));
	make_second_pair(certificates_ec_key("P-256"));
	config.file = strdup("f.yaml");
	config.lines.key[1] = 7;
	free(config.certificates[1].key);
	config.certificates[1].key = strdup(config.certificates[0].key);
	invalid("f.yaml:7: certificates.key: the private key \"");
	invalid("does not fit the certificate \"");
}

Test(config_validate, refuses_other_key_kinds)
{
	make_pair(certificates_rsa_key(1024));
	invalid("has 1024 bits, too few; allowed: RSA with 2048 bits or more, EC P-256 or P-384");
	make_pair(certificates_ec_key("P-521"));
	invalid("is on secp521r1; allowed: RSA");
	make_pair(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	invalid("is of type ED25519; allowed: RSA");
}

Test(config_validate, names_what_is_missing)
{
	memset(&config.listen, 0, sizeof(config.listen));
	memset(&config.backend, 0, sizeof(config.backend));
	invalid("glacisd: --listen is missing; add it with ADDRESS:PORT");
	invalid("\nglacisd: --backend is missing");
	invalid("\nglacisd: --cert is missing");
	invalid("\nglacisd: --key is missing");
	config.file = strdup("f.yaml");
	invalid("f.yaml:1: listen is missing; allowed: ADDRESS:PORT, e.g. 0.0.0.0:443, in the file or with --listen");
	invalid("\nf.yaml:1: certificates is missing; allowed: one or two entries \"- {cert: FILE, key: FILE}\"");
	invalid(", in the file or with --cert and --key");
}

Test(config_validate, tells_where_a_missing_file_was_named)
{
	make_pair(certificates_ec_key("P-256"));
	name_files("none.pem", "key.pem");
	invalid("--cert: cannot open \"");
	invalid("none.pem\": No such file or directory; allowed: a PEM file");
	config.file = strdup("f.yaml");
	config.lines.cert[0] = 12;
	invalid("f.yaml:12: certificates.cert: cannot open \"");
	name_files("cert.pem", "");
	invalid("--key: \"");
	invalid("is a directory; allowed: a PEM file");
}

Test(config_validate, refuses_files_that_are_not_pem)
{
	make_pair(certificates_ec_key("P-256"));
	certificates_write_text(&files, "text.pem", "hello\n");
	name_files("text.pem", "key.pem");
	invalid("holds no certificate");
	name_files("cert.pem", "text.pem");
	invalid("holds no private key");
	name_files("key.pem", "cert.pem");
	invalid("holds no certificate");
}

Test(config_validate, refuses_a_damaged_chain)
{
	EVP_PKEY *key = certificates_ec_key("P-256");
	FILE *file;

	make_pair(key);
	file = fopen(certificates_path(&files, "cert.pem"), "a");
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
	fclose(file);
	invalid("certificate 2 of \"");
}

Test(config_validate, refuses_a_key_of_another_certificate)
{
	EVP_PKEY *other = certificates_ec_key("P-256");

	make_pair(certificates_ec_key("P-256"));
	certificates_write_key(&files, "other.pem", other, NULL);
	EVP_PKEY_free(other);
	name_files("cert.pem", "other.pem");
	invalid("does not fit the certificate");
	other = certificates_rsa_key(2048);
	certificates_write_key(&files, "other.pem", other, NULL);
	EVP_PKEY_free(other);
	invalid("does not fit the certificate");
}

Test(config_validate, refuses_an_encrypted_key_without_asking)
{
	EVP_PKEY *key = certificates_ec_key("P-256");

	make_pair(key);
	key = certificates_ec_key("P-256");
	certificates_write_key(&files, "locked.pem", key, "secret");
	EVP_PKEY_free(key);
	name_files("cert.pem", "locked.pem");
	invalid("is encrypted with a passphrase; allowed: a key without, made by: openssl pkey -in ");
}

Test(config_validate, warns_of_the_wrong_time)
{
	EVP_PKEY *key = certificates_ec_key("P-256");

	certificates_write_key(&files, "key.pem", key, NULL);
	certificates_write_cert(&files, "cert.pem", key, -2 * DAY, -DAY);
	name_files("cert.pem", "key.pem");
	warns("has expired (");
	certificates_write_cert(&files, "cert.pem", key, DAY, 2 * DAY);
	warns("is not valid before ");
	EVP_PKEY_free(key);
}

Test(config_validate, warns_of_an_exposed_key)
{
	make_pair(certificates_ec_key("P-256"));
	cr_assert_eq(chmod(config.certificates[0].key, 0644), 0);
	warns("every user of this machine can read or write the private key");
}

Test(config_validate, refuses_an_unknown_user_as_root)
{
	if (geteuid() != 0)
		cr_skip_test("needs root: a plain user changes to nobody else");
	make_pair(certificates_ec_key("P-256"));
	free(config.user);
	config.user = strdup("no-such-user");
	invalid("--user: there is no user \"no-such-user\"");
}

static int validate_as_nobody(void *context)
{
	if (setgid(65534) || setuid(65534))
		return 100;
	/* The files are root's: only the warning matters. */
	glacisd_config_validate(&config, message, sizeof(message));
	fputs(message, stderr);
	return 0;
}

Test(config_validate, names_an_unreadable_file)
{
	static struct capture capture;

	if (geteuid() != 0)
		cr_skip_test("needs root, to own a file that a plain user may not read");
	make_pair(certificates_ec_key("P-256"));
	cr_assert_eq(chmod(files.directory, 0755), 0);
	capture_child(validate_as_nobody, NULL, &capture);
	cr_assert_eq(capture.status, 0);
	cr_assert(strstr(capture.text, "key.pem\": Permission denied; allowed: a PEM file this user may read"), "%s",
		  capture.text);
}

static int validate_port_as_nobody(void *context)
{
	char why[256];

	if (glacisd_address_parse("127.0.0.1:443", &config.listen, why, sizeof(why)) || setgid(65534) || setuid(65534))
		return 100;
	return -glacisd_config_validate(&config, message, sizeof(message));
}

Test(config_validate, warns_of_a_port_without_privilege)
{
	static struct capture capture;

	if (geteuid() != 0)
		cr_skip_test("needs root, to give the privilege up");
	make_pair(certificates_ec_key("P-256"));
	cr_assert_eq(chmod(files.directory, 0755), 0);
	cr_assert_eq(chmod(config.certificates[0].cert, 0644), 0);
	cr_assert_eq(chown(config.certificates[0].key, 65534, 65534), 0);
	capture_child(validate_port_as_nobody, NULL, &capture);
	cr_assert_eq(capture.status, 0, "%s", capture.text);
	cr_assert(strstr(capture.text, "--listen: port 443 needs a privilege this process lacks"), "%s", capture.text);
}
