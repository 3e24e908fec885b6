/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no single value shows: that all that is needed is there, that the files can be read, that each
 * key belongs to its certificate and is of a kind we serve, that two certificates differ in their key
 * type, that the user exists. Called once before the workers start, and by --check, while the process
 * still has the rights it was started with. Faults go to the message, doubts (expired, port without
 * privilege) to the log as warnings.
 */
#include <errno.h>
#include <cap-ng.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "config_schema.h"
#include "log.h"

#define ORIGIN_SIZE  512u
#define RSA_BITS_MIN 2048

/* Where a value was written, for the head of a message: "glacisd.yaml:4: certificate.cert" or "--cert". */
static const char *origin(const struct glacisd_config *config, uint32_t line, const char *key, const char *option,
			  char *text)
{
	if (line && config->file)
		snprintf(text, ORIGIN_SIZE, "%s:%u: %s", config->file, line, key);
	else
		snprintf(text, ORIGIN_SIZE, "%s", option);
	return text;
}

static void missing(const struct glacisd_config *config, struct glacisd_messages *messages, const char *key,
		    const char *option, const char *value)
{
	if (config->file)
		glacisd_messages_add(messages, "%s:1: %s is missing; allowed: %s, in the file or with %s", config->file,
				     key, value, option);
	else
		glacisd_messages_add(messages, "glacisd: %s is missing; add it with %s, or name a file with -c", option,
				     value);
}

static void check_required(const struct glacisd_config *config, struct glacisd_messages *messages)
{
	if (config->listen.kind == GLACISD_ADDRESS_NONE)
		missing(config, messages, "listen", "--listen", "ADDRESS:PORT, e.g. 0.0.0.0:443");
	if (config->backend.kind == GLACISD_ADDRESS_NONE)
		missing(config, messages, "backend", "--backend", "ADDRESS:PORT, unix:PATH or builtin");
	if (config->certificate_count > 0)
		return;
	if (config->file) {
		missing(config, messages, "certificates", "--cert and --key",
			glacisd_config_rule_find("certificates")->allowed);
	} else {
		missing(config, messages, "", "--cert", "the path of a PEM file");
		missing(config, messages, "", "--key", "the path of a PEM file");
	}
}

static in_port_t port_of(const struct glacisd_address *address)
{
	struct sockaddr_in v4;

	if (address->kind != GLACISD_ADDRESS_TCP)
		return 0;
	/* sin_port and sin6_port lie at the same place. */
	memcpy(&v4, &address->storage, sizeof(v4));
	return ntohs(v4.sin_port);
}

/* The kernel's first free port for plain users; 1024 where it cannot be read. */
static unsigned unprivileged_port_start(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	unsigned port = 1024;

	if (!file)
		return port;
	if (fscanf(file, "%u", &port) != 1)
		port = 1024;
	fclose(file);
	return port;
}

static void check_port(const struct glacisd_config *config, const struct glacisd_address *address, uint32_t line,
		       const char *key, const char *option)
{
	char where[ORIGIN_SIZE];
	in_port_t port = port_of(address);

	if (port == 0 || port >= unprivileged_port_start())
		return;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_get_caps_process() || capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_BIND_SERVICE))
		return;
	glacisd_log(GLACISD_LOG_WARNING,
		    "%s: port %u needs a privilege this process lacks; start as root, grant CAP_NET_BIND_SERVICE or "
		    "choose a port from %u up",
		    origin(config, line, key, option, where), port, unprivileged_port_start());
}

static void check_user(const struct glacisd_config *config, struct glacisd_messages *messages)
{
	char where[ORIGIN_SIZE];

	if (geteuid() != 0 || !config->user || getpwnam(config->user))
		return;
	glacisd_messages_add(messages,
			     "%s: there is no user \"%s\"; name another, or create it: adduser --system --group %s",
			     origin(config, config->lines.user, "user", "--user", where), config->user, config->user);
}

static BIO *open_pem(const char *path, const char *where, struct glacisd_messages *messages)
{
	struct stat status;
	FILE *file = fopen(path, "re");
	BIO *bio;

	if (!file) {
		glacisd_messages_add(messages, "%s: cannot open \"%s\": %s; allowed: a PEM file this user may read",
				     where, path, strerror(errno));
		return NULL;
	}
	if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
		glacisd_messages_add(messages, "%s: \"%s\" is a directory; allowed: a PEM file", where, path);
		fclose(file);
		return NULL;
	}
	bio = BIO_new_fp(file, BIO_CLOSE);
	if (!bio) {
		glacisd_messages_add(messages, "%s: out of memory", where);
		fclose(file);
	}
	return bio;
}

static const char *openssl_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "unknown reason";
}

/* True when the PEM reader came to the end rather than to a fault. */
static bool pem_ended(void)
{
	unsigned long error = ERR_peek_last_error();

	return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* The leaf; the rest of the file goes to `chain`. NULL after telling why. */
static X509 *read_chain(const char *path, const char *where, STACK_OF(X509) * chain, struct glacisd_messages *messages)
{
	BIO *bio = open_pem(path, where, messages);
	X509 *leaf, *next;

	if (!bio)
		return NULL;
	ERR_clear_error();
	leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (!leaf)
		glacisd_messages_add(
			messages, "%s: \"%s\" holds no certificate: %s; allowed: PEM, \"-----BEGIN CERTIFICATE-----\"",
			where, path, openssl_reason());
	while (leaf && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(chain, next) == 0)
			X509_free(next);
	}
	if (leaf && !pem_ended()) {
		glacisd_messages_add(messages, "%s: certificate %d of \"%s\" is damaged: %s; copy the chain again",
				     where, sk_X509_num(chain) + 2, path, openssl_reason());
		X509_free(leaf);
		leaf = NULL;
	}
	BIO_free(bio);
	return leaf;
}

/* OpenSSL asks for a passphrase only when there is one: remember that, and refuse. */
static int note_passphrase(char *buffer, int size, int writing, void *asked)
{
	*(bool *)asked = true;
	return -1;
}

static void warn_if_exposed(const char *path, const char *where)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & (S_IROTH | S_IWOTH)))
		glacisd_log(GLACISD_LOG_WARNING,
			    "%s: every user of this machine can read or write the private key \"%s\"; "
			    "mend it: chmod 600 %s",
			    where, path, path);
}

static EVP_PKEY *read_key(const char *path, const char *where, struct glacisd_messages *messages)
{
	BIO *bio = open_pem(path, where, messages);
	bool encrypted = false;
	EVP_PKEY *key;

	if (!bio)
		return NULL;
	ERR_clear_error();
	key = PEM_read_bio_PrivateKey(bio, NULL, note_passphrase, &encrypted);
	if (encrypted)
		glacisd_messages_add(
			messages,
			"%s: the private key \"%s\" is encrypted with a passphrase; allowed: a key without, "
			"made by: openssl pkey -in %s -out plain.pem",
			where, path, path);
	else if (!key)
		glacisd_messages_add(
			messages, "%s: \"%s\" holds no private key: %s; allowed: PEM, \"-----BEGIN PRIVATE KEY-----\"",
			where, path, openssl_reason());
	else
		warn_if_exposed(path, where);
	BIO_free(bio);
	return key;
}

static void check_key_kind(EVP_PKEY *key, const char *path, const char *where, struct glacisd_messages *messages)
{
	static const char allowed[] = "allowed: RSA with 2048 bits or more, EC P-256 or P-384";
	char group[64] = "an unnamed curve";

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
			glacisd_messages_add(messages, "%s: the RSA key \"%s\" has %d bits, too few; %s", where, path,
					     EVP_PKEY_get_bits(key), allowed);
		return;
	}
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) {
		const char *name = EVP_PKEY_get0_type_name(key);

		glacisd_messages_add(messages, "%s: the key \"%s\" is of type %s; %s", where, path,
				     name ? name : "unknown", allowed);
		return;
	}
	EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	if (strcmp(group, "prime256v1") != 0 && strcmp(group, "secp384r1") != 0)
		glacisd_messages_add(messages, "%s: the EC key \"%s\" is on %s; %s", where, path, group, allowed);
}

static void warn_of_dates(X509 *leaf, const char *path, const char *where)
{
	BIO *text = BIO_new(BIO_s_mem());
	char date[64] = "";
	bool expired = X509_cmp_current_time(X509_get0_notAfter(leaf)) <= 0;
	bool early = X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0;

	if (text && ASN1_TIME_print(text, expired ? X509_get0_notAfter(leaf) : X509_get0_notBefore(leaf)))
		BIO_gets(text, date, sizeof(date));
	BIO_free(text);
	if (expired)
		glacisd_log(GLACISD_LOG_WARNING,
			    "%s: the certificate \"%s\" has expired (%s); clients will refuse it, renew it", where,
			    path, date);
	else if (early)
		glacisd_log(GLACISD_LOG_WARNING,
			    "%s: the certificate \"%s\" is not valid before %s; check it and the clock", where, path,
			    date);
}

/* The pair as the TLS library will take it, which also knows what it finds too weak. */
static void check_pair(X509 *leaf, EVP_PKEY *key, STACK_OF(X509) * chain, const struct glacisd_certificate *certificate,
		       const char *where, struct glacisd_messages *messages)
{
	SSL_CTX *context;

	if (X509_check_private_key(leaf, key) != 1) {
		glacisd_messages_add(
			messages,
			"%s: the private key \"%s\" does not fit the certificate \"%s\"; allowed: the key it "
			"was issued for, and the server's own certificate first in its file",
			where, certificate->key, certificate->cert);
		return;
	}
	ERR_clear_error();
	context = SSL_CTX_new(TLS_server_method());
	if (!context || SSL_CTX_use_cert_and_key(context, leaf, key, chain, 1) != 1)
		glacisd_messages_add(messages, "%s: OpenSSL refuses \"%s\" with \"%s\": %s", where, certificate->cert,
				     certificate->key, openssl_reason());
	SSL_CTX_free(context);
}

/* EVP_PKEY_RSA or EVP_PKEY_EC; EVP_PKEY_NONE for keys we do not serve. */
static int key_type(const X509 *leaf)
{
	const EVP_PKEY *key = X509_get0_pubkey(leaf);
	int type = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;

	return type == EVP_PKEY_RSA || type == EVP_PKEY_EC ? type : EVP_PKEY_NONE;
}

/* Returns the key type of the certificate as far as it could be read. */
static int check_certificate(const struct glacisd_config *config, uint32_t index, struct glacisd_messages *messages)
{
	const struct glacisd_certificate *certificate = &config->certificates[index];
	char cert_where[ORIGIN_SIZE], key_where[ORIGIN_SIZE];
	STACK_OF(X509) *chain = sk_X509_new_null();
	unsigned faults = messages->count;
	int type = EVP_PKEY_NONE;
	EVP_PKEY *key;
	X509 *leaf;

	if (!chain) {
		glacisd_messages_add(messages, "glacisd: out of memory");
		return type;
	}
	origin(config, config->lines.cert[index], "certificates.cert", "--cert", cert_where);
	origin(config, config->lines.key[index], "certificates.key", "--key", key_where);
	leaf = read_chain(certificate->cert, cert_where, chain, messages);
	if (leaf) {
		type = key_type(leaf);
		warn_of_dates(leaf, certificate->cert, cert_where);
	}
	key = read_key(certificate->key, key_where, messages);
	if (key)
		check_key_kind(key, certificate->key, key_where, messages);
	if (leaf && key && messages->count == faults)
		check_pair(leaf, key, chain, certificate, key_where, messages);
	EVP_PKEY_free(key);
	X509_free(leaf);
	sk_X509_pop_free(chain, X509_free);
	ERR_clear_error();
	return type;
}

/* Of two with the same key type, the TLS library would keep the later one and forget the other. */
static void check_certificates(const struct glacisd_config *config, struct glacisd_messages *messages)
{
	int types[GLACISD_CERTIFICATES_MAX];
	char where[ORIGIN_SIZE];

	for (uint32_t i = 0; i < config->certificate_count; i++) {
		types[i] = check_certificate(config, i, messages);
		for (uint32_t j = 0; j < i; j++) {
			if (types[i] == EVP_PKEY_NONE || types[i] != types[j])
				continue;
			glacisd_messages_add(
				messages,
				"%s: the certificates \"%s\" and \"%s\" both have %s keys, so one would never be "
				"served; allowed: one with an RSA key and one with an EC key, or a single one",
				origin(config, config->lines.cert[i], "certificates.cert", "--cert", where),
				config->certificates[j].cert, config->certificates[i].cert,
				types[i] == EVP_PKEY_RSA ? "RSA" : "EC");
		}
	}
}

int glacisd_config_validate(const struct glacisd_config *config, char *message, size_t message_size)
{
	struct glacisd_messages messages;

	glacisd_messages_begin(&messages, message, message_size);
	check_required(config, &messages);
	check_user(config, &messages);
	check_certificates(config, &messages);
	if (messages.count > 0)
		return -EINVAL;
	check_port(config, &config->listen, config->lines.listen, "listen", "--listen");
	check_port(config, &config->admin, config->lines.admin, "admin", "--admin");
	return 0;
}
