/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RSA key that signs through a worker's queue. See rsa_signer.h.
 *
 * RSA_METHOD is deprecated in OpenSSL 3 in favour of providers, and still the public interface that 3.0 and
 * 3.5 both have; a provider inside the process would cost a key management and a signature
 * implementation for the one function that is needed here.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "rsa_signer.h"

#include <errno.h>
#include <openssl/async.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "handshake.h"
#include "log.h"

#define KEY_FILE_MAX 65536u

/* What a key object refers to; freed with it. */
struct signer {
	struct glacisd_worker *worker;
	const struct glacis_rsa_key *key;
};

static RSA_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

/* Pauses the handshake's job until libglacis has the result. Returns bytes, or -1. */
static int compute(const struct signer *signer, const uint8_t *padded, uint8_t *output)
{
	struct glacisd_worker *worker = signer->worker;
	struct glacisd_connection *connection = worker->running;
	struct glacis_rsa_op operation = { .op.cookie = (uint64_t)(uintptr_t)connection,
					   .key = signer->key,
					   .kind = GLACIS_RSA_PRIVATE_RAW,
					   .input = padded,
					   .input_size = glacis_rsa_key_bits(signer->key) / 8,
					   .output = output };

	if (!connection || !ASYNC_get_current_job())
		return -1;
	/* Submitted outside the job: a batch that this operation fills would run on the job's small stack. */
	connection->handshake->operation = &operation;
	while (connection->handshake->operation)
		if (!ASYNC_pause_job())
			return -1;
	return operation.op.status == GLACIS_STATUS_OK ? (int)operation.output_size : -1;
}

/* RSA_private_encrypt: what signing comes down to once OpenSSL has padded (PSS) or has left it to us (PKCS#1). */
static int private_encrypt(int size, const unsigned char *from, unsigned char *to, RSA *rsa, int padding)
{
	const struct signer *signer = RSA_get_app_data(rsa);
	uint8_t padded[GLACIS_RSA_BYTES_MAX];
	int bytes = RSA_size(rsa), result;

	if (padding == RSA_PKCS1_PADDING) {
		if (RSA_padding_add_PKCS1_type_1(padded, bytes, from, size) != 1)
			return -1;
	} else if (padding == RSA_NO_PADDING && size == bytes) {
		memcpy(padded, from, (size_t)size);
	} else {
		return -1;
	}
	result = compute(signer, padded, to);
	OPENSSL_cleanse(padded, sizeof(padded));
	return result;
}

static int finish(RSA *rsa)
{
	free(RSA_get_app_data(rsa));
	return 1;
}

static void method_create(void)
{
	method = RSA_meth_new("glacis", RSA_FLAG_EXT_PKEY);
	if (!method)
		return;
	RSA_meth_set_priv_enc(method, private_encrypt);
	RSA_meth_set_finish(method, finish);
	/* Verifying, which OpenSSL does for itself in places, stays OpenSSL's. */
	RSA_meth_set_pub_dec(method, RSA_meth_get_pub_dec(RSA_PKCS1_OpenSSL()));
	RSA_meth_set_pub_enc(method, RSA_meth_get_pub_enc(RSA_PKCS1_OpenSSL()));
	RSA_meth_set_bn_mod_exp(method, RSA_meth_get_bn_mod_exp(RSA_PKCS1_OpenSSL()));
}

static int read_file(const char *path, uint8_t *bytes, size_t *size)
{
	FILE *file = fopen(path, "rb");
	int error = 0;

	if (!file)
		return -errno;
	*size = fread(bytes, 1, KEY_FILE_MAX, file);
	if (ferror(file))
		error = -EIO;
	fclose(file);
	return error;
}

int glacisd_rsa_signer_load(struct glacis_engine *engine, const struct glacisd_certificate *certificate,
			    struct glacis_rsa_key **key)
{
	uint8_t *bytes = malloc(KEY_FILE_MAX);
	char why[256] = "";
	size_t size = 0;
	int error;

	*key = NULL;
	if (!bytes)
		return -ENOMEM;
	error = read_file(certificate->key, bytes, &size);
	if (error)
		snprintf(why, sizeof(why), "%s", strerror(-error));
	else
		error = glacis_rsa_key_import(engine, bytes, size, NULL, NULL, key, why, sizeof(why));
	OPENSSL_cleanse(bytes, KEY_FILE_MAX);
	free(bytes);
	if (error == -ENOTSUP) /* ECDSA, or a size that OpenSSL computes alone */
		return 0;
	if (error)
		glacisd_log(GLACISD_LOG_ERROR, "%s: %s", certificate->key, why);
	return error;
}

static RSA *public_rsa(const struct glacis_rsa_key *key)
{
	uint8_t der[1024];
	const uint8_t *bytes = der;
	int size = glacis_rsa_key_public(key, der, sizeof(der));

	return size > 0 ? d2i_RSA_PUBKEY(NULL, &bytes, size) : NULL;
}

EVP_PKEY *glacisd_rsa_signer_pkey(struct glacisd_worker *worker, const struct glacis_rsa_key *key)
{
	struct signer *signer = malloc(sizeof(*signer));
	EVP_PKEY *pkey = EVP_PKEY_new();
	RSA *rsa = public_rsa(key);

	pthread_once(&method_once, method_create);
	if (!signer || !pkey || !rsa || !method)
		goto fail;
	signer->worker = worker;
	signer->key = key;
	if (RSA_set_method(rsa, method) != 1)
		goto fail;
	RSA_set_app_data(rsa, signer);
	signer = NULL; /* the key object's from here on */
	if (EVP_PKEY_assign_RSA(pkey, rsa) != 1)
		goto fail;
	return pkey;
fail:
	RSA_free(rsa);
	EVP_PKEY_free(pkey);
	free(signer);
	return NULL;
}

int glacisd_rsa_signer_thread_init(void)
{
	return ASYNC_init_thread(GLACISD_JOBS_MAX, 0) == 1 ? 0 : -ENOMEM;
}

void glacisd_rsa_signer_thread_exit(void)
{
	ASYNC_cleanup_thread();
}
