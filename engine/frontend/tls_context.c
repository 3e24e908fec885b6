/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SSL_CTX of a worker: AES-GCM suites only, TLS 1.2 with ECDHE and TLS 1.3, no renegotiation, no
 * compression, no early data.
 */
#include "tls_context.h"

#include <openssl/err.h>
#include <string.h>

#include "handshake.h"
#include "log.h"
#include "provider.h"
#include "rsa_signer.h"
#include "worker.h"

#define SUITES_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
#define SUITES_1_2                                                                                                     \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                                    \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"

static const char *last_error(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "unknown error";
}

/* The post-quantum hybrid first where OpenSSL knows it: since 3.5. */
static int set_groups(SSL_CTX *context)
{
	char all[] = "X25519MLKEM768:X25519:P-256:P-384"; /* not const: the macro below casts it */
	char *classic = strchr(all, ':') + 1;

	if (SSL_CTX_set1_groups_list(context, all) == 1)
		return 1;
	ERR_clear_error();
	return SSL_CTX_set1_groups_list(context, classic);
}

static int set_policy(SSL_CTX *context, const struct glacisd_config *config)
{
	uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE;

	if (!config->session_tickets)
		options |= SSL_OP_NO_TICKET;
	SSL_CTX_set_options(context, options);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ASYNC);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_early_data(context, 0);
	SSL_CTX_set_num_tickets(context, config->session_tickets ? 2 : 0);
	return SSL_CTX_set_min_proto_version(context, config->tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION) &&
	       SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) &&
	       SSL_CTX_set_ciphersuites(context, SUITES_1_3) && SSL_CTX_set_cipher_list(context, SUITES_1_2) &&
	       set_groups(context) &&
	       SSL_CTX_set_session_id_context(context, (const unsigned char *)"glacisd", 7);
}

/* The key that OpenSSL asks for signatures: one that passes them on to the worker's queue, or OpenSSL's own. */
static int load_key(SSL_CTX *context, const struct glacisd_certificate *certificate, struct glacisd_worker *worker,
		    const struct glacis_rsa_key *rsa_key)
{
	EVP_PKEY *pkey;
	int loaded;

	if (!rsa_key)
		return SSL_CTX_use_PrivateKey_file(context, certificate->key, SSL_FILETYPE_PEM);
	pkey = glacisd_rsa_signer_pkey(worker, rsa_key);
	loaded = pkey ? SSL_CTX_use_PrivateKey(context, pkey) : 0;
	EVP_PKEY_free(pkey);
	return loaded;
}

static int load_certificate(SSL_CTX *context, const struct glacisd_certificate *certificate,
			    struct glacisd_worker *worker, const struct glacis_rsa_key *rsa_key)
{
	if (SSL_CTX_use_certificate_chain_file(context, certificate->cert) != 1) {
		glacisd_log(GLACISD_LOG_ERROR, "%s: %s; a PEM file with the certificate chain, leaf first, is needed",
			    certificate->cert, last_error());
		return 0;
	}
	if (load_key(context, certificate, worker, rsa_key) != 1) {
		glacisd_log(GLACISD_LOG_ERROR, "%s: %s; the unencrypted PEM private key of %s is needed",
			    certificate->key, last_error(), certificate->cert);
		return 0;
	}
	return 1;
}

SSL_CTX *glacisd_tls_context_create(struct glacisd_worker *worker, const uint8_t *ticket_keys,
				    struct glacis_rsa_key *const rsa_keys[])
{
	const struct glacisd_config *config = worker->config;
	SSL_CTX *context = NULL;
	uint8_t keys[GLACISD_TICKET_KEYS_SIZE];

	ERR_clear_error();
	worker->provider = glacisd_provider_create(worker);
	if (worker->provider)
		context = SSL_CTX_new_ex(worker->provider->library, GLACISD_PROVIDER_QUERY, TLS_server_method());
	if (!context || !set_policy(context, config)) {
		glacisd_log(GLACISD_LOG_ERROR, "cannot set OpenSSL up: %s", last_error());
		goto fail;
	}
	for (unsigned i = 0; i < sizeof(keys); i++)
		keys[i] = ticket_keys[i];
	if (SSL_CTX_set_tlsext_ticket_keys(context, keys, sizeof(keys)) != 1)
		goto fail;
	OPENSSL_cleanse(keys, sizeof(keys));
	for (uint32_t i = 0; i < config->certificate_count; i++) {
		if (!load_certificate(context, &config->certificates[i], worker, rsa_keys[i]))
			goto fail;
	}
	return context;
fail:
	SSL_CTX_free(context);
	return NULL;
}
