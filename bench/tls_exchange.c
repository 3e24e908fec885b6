/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the connections of a load share, see tls_exchange.h.
 */
#include "tls_exchange.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509_vfy.h>

#define LARGE_BODY    16384u
#define LARGE_READING 131072u

static int make_context(const struct tls_load *load, SSL_CTX **out)
{
	const int version = load->tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
	char groups[] = "X25519:P-256"; /* not const: the macro below casts it */
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context || SSL_CTX_set_min_proto_version(context, version) != 1 ||
	    SSL_CTX_set_max_proto_version(context, version) != 1 ||
	    (load->tls_1_2 ? SSL_CTX_set_cipher_list : SSL_CTX_set_ciphersuites)(context, load->suite) != 1 ||
	    SSL_CTX_set1_groups_list(context, groups) != 1 || SSL_CTX_load_verify_file(context, load->authority) != 1 ||
	    X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(context), "localhost", 0) != 1) {
		fprintf(stderr, "glacis-bench: libssl refuses %s or %s\n", load->suite, load->authority);
		SSL_CTX_free(context);
		return -EINVAL;
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	if (load->body > LARGE_BODY) { /* the client must not be the bottleneck of a download */
		SSL_CTX_set_read_ahead(context, 1);
		SSL_CTX_set_default_read_buffer_len(context, LARGE_READING);
	} else {
		SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	}
	*out = context;
	return 0;
}

int tls_exchange_open(const struct tls_load *load, struct tls_exchange *exchange)
{
	exchange->request_size = snprintf(
		exchange->request, sizeof(exchange->request), "GET /bytes/%llu HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
		(unsigned long long)load->body, load->close_each ? "Connection: close\r\n" : "");
	exchange->body = load->body;
	exchange->port = load->port;
	return make_context(load, &exchange->context);
}

void tls_exchange_close(struct tls_exchange *exchange)
{
	SSL_CTX_free(exchange->context);
}

int tls_exchange_explain(const struct tls_exchange *exchange, int status)
{
	if (status && status != -EINTR)
		fprintf(stderr, "\nglacis-bench: client of 127.0.0.1:%u: %s\n", exchange->port,
			exchange->error[0] ? exchange->error : strerror(-status));
	return status;
}
