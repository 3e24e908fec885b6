/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and self-signed certificates for tests: see certificates.h. Each failure ends the test.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificates.h"

void certificates_begin(struct certificates *certificates)
{
	const char *base = getenv("TMPDIR");

	snprintf(certificates->directory, sizeof(certificates->directory), "%s/glacisd-test-XXXXXX",
		 base ? base : "/tmp");
	cr_assert_not_null(mkdtemp(certificates->directory));
}

const char *certificates_path(const struct certificates *certificates, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", certificates->directory, name);
	return path;
}

void certificates_end(struct certificates *certificates)
{
	DIR *directory = opendir(certificates->directory);
	struct dirent *entry;

	cr_assert_not_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] != '.')
			unlink(certificates_path(certificates, entry->d_name));
	}
	closedir(directory);
	rmdir(certificates->directory);
}

static FILE *create(const struct certificates *certificates, const char *name)
{
	FILE *file = fopen(certificates_path(certificates, name), "w");

	cr_assert_not_null(file);
	cr_assert_eq(fchmod(fileno(file), 0600), 0);
	return file;
}

EVP_PKEY *certificates_rsa_key(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);

	cr_assert_not_null(key);
	return key;
}

EVP_PKEY *certificates_ec_key(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);

	cr_assert_not_null(key);
	return key;
}

void certificates_write_key(const struct certificates *certificates, const char *name, EVP_PKEY *key,
			    const char *passphrase)
{
	FILE *file = create(certificates, name);

	cr_assert_eq(PEM_write_PKCS8PrivateKey(file, key, passphrase ? EVP_aes_128_cbc() : NULL, passphrase,
					       passphrase ? (int)strlen(passphrase) : 0, NULL, NULL),
		     1);
	fclose(file);
}

void certificates_write_cert(const struct certificates *certificates, const char *name, EVP_PKEY *key, long from,
			     long until)
{
	FILE *file = create(certificates, name);
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	cr_assert(X509_set_version(cert, X509_VERSION_3));
	cr_assert(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1));
	cr_assert(X509_gmtime_adj(X509_getm_notBefore(cert), from));
	cr_assert(X509_gmtime_adj(X509_getm_notAfter(cert), until));
	cr_assert(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0));
	cr_assert(X509_set_issuer_name(cert, subject));
	cr_assert(X509_set_pubkey(cert, key));
	cr_assert(X509_sign(cert, key, EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()));
	cr_assert(PEM_write_X509(file, cert));
	X509_free(cert);
	fclose(file);
}

void certificates_write_text(const struct certificates *certificates, const char *name, const char *text)
{
	FILE *file = create(certificates, name);

	fputs(text, file);
	fclose(file);
}
