/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes key and certificate with libcrypto, see tls_credentials.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tls_credentials.h"

#define KEY_BITS 2048

static bool name_and_sign(X509 *certificate, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_EXTENSION *alternative = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
							  "DNS:localhost,IP:127.0.0.1");
	bool done = alternative && X509_set_version(certificate, X509_VERSION_3) == 1 &&
		    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
		    X509_gmtime_adj(X509_getm_notBefore(certificate), -60) &&
		    X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 60 * 60) &&
		    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
					       0) == 1 &&
		    X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
		    X509_add_ext(certificate, alternative, -1) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;

	X509_EXTENSION_free(alternative);
	return done;
}

static bool write_pem(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key)
{
	char path[PATH_MAX];
	FILE *file = NULL;
	bool written;
	int handle;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	handle = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (handle >= 0)
		file = fdopen(handle, "w");
	if (!file) {
		fprintf(stderr, "glacis-bench: cannot write %s: %s\n", path, strerror(errno));
		if (handle >= 0)
			close(handle);
		return false;
	}
	written = (!certificate || PEM_write_X509(file, certificate) == 1) &&
		  (!key || PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
	return fclose(file) == 0 && written;
}

int tls_credentials_write(const char *folder)
{
	EVP_PKEY *key = EVP_RSA_gen(KEY_BITS);
	X509 *certificate = X509_new();
	int status = -EIO;

	if (!key || !certificate || !name_and_sign(certificate, key))
		fprintf(stderr, "glacis-bench: libcrypto could not make an RSA-%d certificate\n", KEY_BITS);
	else if (write_pem(folder, "cert.pem", certificate, NULL) && write_pem(folder, "key.pem", NULL, key) &&
		 write_pem(folder, "combined.pem", certificate, key))
		status = 0;
	X509_free(certificate);
	EVP_PKEY_free(key);
	return status;
}
