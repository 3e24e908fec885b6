/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's entry: what OpenSSL asks first, and the end. See provider.h.
 */
#include "provider.h"

#include <dlfcn.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "abilities.h"
#include "crew.h"
#include "key_pool.h"
#include "rsa_key.h"
#include "status.h"
#include "task.h"
#include "x25519_key.h"

#define PROPERTIES "provider=glacis"
/* A task takes 10 ms at most. */
#define TEARDOWN_WAIT_MS 1000u

static const OSSL_ALGORITHM keymgmt_algorithms[] = {
	{ "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, provider_rsa_keymgmt, "Glacis RSA keys" },
	{ X25519_KEY_NAMES, PROPERTIES, provider_x25519_keymgmt, "Glacis X25519 keys" },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM *keymgmt_algorithms_of(const struct settings *settings)
{
	static const OSSL_ALGORITHM rsa_alone[] = { { "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES,
						      provider_rsa_keymgmt, "Glacis RSA keys" },
						    { NULL, NULL, NULL, NULL } };

	if (!abilities_x25519(settings))
		return abilities_rsa(settings) ? rsa_alone : NULL;
	return abilities_rsa(settings) ? keymgmt_algorithms : keymgmt_algorithms + 1;
}

static const OSSL_ALGORITHM exchange_algorithms[] = {
	{ X25519_KEY_NAMES, PROPERTIES, provider_x25519_exchange, "Glacis X25519" }, { NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM signature_algorithms[] = { { "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES,
							 provider_rsa_signature, "Glacis RSA signatures" },
						       { NULL, NULL, NULL, NULL } };

static const OSSL_ALGORITHM asym_cipher_algorithms[] = { { "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES,
							   provider_rsa_cipher, "Glacis RSA decryption" },
							 { NULL, NULL, NULL, NULL } };

static const OSSL_ALGORITHM cipher_algorithms[] = {
	{ "AES-256-GCM:id-aes256-GCM:2.16.840.1.101.3.4.1.46", PROPERTIES, provider_aes_256_gcm, "Glacis AES-256-GCM" },
	{ "AES-192-GCM:id-aes192-GCM:2.16.840.1.101.3.4.1.26", PROPERTIES, provider_aes_192_gcm, "Glacis AES-192-GCM" },
	{ "AES-128-GCM:id-aes128-GCM:2.16.840.1.101.3.4.1.6", PROPERTIES, provider_aes_128_gcm, "Glacis AES-128-GCM" },
	{ NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM kdf_algorithms[] = {
	{ "TLS13-KDF", PROPERTIES, provider_tls13_kdf, "Glacis key schedule of TLS 1.3" }, { NULL, NULL, NULL, NULL }
};

static const OSSL_ALGORITHM *query(void *opaque, int operation, int *no_cache)
{
	const struct settings *settings = &((struct provider *)opaque)->settings;

	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT:
		return keymgmt_algorithms_of(settings);
	case OSSL_OP_KEYEXCH:
		return abilities_x25519(settings) ? exchange_algorithms : NULL;
	case OSSL_OP_SIGNATURE:
		return abilities_rsa(settings) ? signature_algorithms : NULL;
	case OSSL_OP_ASYM_CIPHER:
		return abilities_rsa(settings) ? asym_cipher_algorithms : NULL;
	case OSSL_OP_CIPHER:
		return abilities_aes(settings) ? cipher_algorithms : NULL;
	case OSSL_OP_KDF:
		return settings->kdf ? kdf_algorithms : NULL;
	default:
		return NULL;
	}
}

static int get_capabilities(void *opaque, const char *capability, OSSL_CALLBACK *callback, void *argument)
{
	const struct provider *provider = opaque;

	return strcmp(capability, "TLS-GROUP") != 0 || !abilities_x25519(&provider->settings) ||
	       x25519_key_tls_group(callback, argument);
}

static void inner_free(struct inner *inner)
{
	if (inner == NULL)
		return;
	EVP_KEYMGMT_free(inner->keymgmt);
	EVP_SIGNATURE_free(inner->signature);
	EVP_ASYM_CIPHER_free(inner->cipher);
	for (unsigned i = 0; i < 3; i++)
		EVP_CIPHER_free(inner->gcm[i]);
	OSSL_LIB_CTX_free(inner->library);
	OPENSSL_free(inner);
}

static struct inner *inner_new(void)
{
	static const char *const gcm_names[3] = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" };
	struct inner *inner = OPENSSL_zalloc(sizeof(*inner));
	bool complete;

	if (inner == NULL)
		return NULL;
	/* A fresh context loads OpenSSL's default provider when first asked for something, and reads no openssl.cnf. */
	inner->library = OSSL_LIB_CTX_new();
	complete = inner->library != NULL && (inner->keymgmt = EVP_KEYMGMT_fetch(inner->library, "RSA", NULL)) &&
		   (inner->signature = EVP_SIGNATURE_fetch(inner->library, "RSA", NULL)) &&
		   (inner->cipher = EVP_ASYM_CIPHER_fetch(inner->library, "RSA", NULL));
	for (unsigned i = 0; i < 3 && complete; i++)
		complete = (inner->gcm[i] = EVP_CIPHER_fetch(inner->library, gcm_names[i], NULL)) != NULL;
	if (complete)
		return inner;
	inner_free(inner);
	return NULL;
}

const struct inner *provider_inner(struct provider *provider)
{
	struct inner *found = atomic_load_explicit(&provider->inner, memory_order_acquire), *made;

	if (__builtin_expect(found != NULL, 1))
		return found;
	/* No lock: one that was held at fork() would be held for ever in the child. */
	made = inner_new();
	if (made == NULL || atomic_compare_exchange_strong(&provider->inner, &found, made))
		return made;
	inner_free(made); /* another thread was faster */
	return found;
}

/* A wait context of a connection that outlives us still knows a function of this module: keep the module mapped. */
static void stay_mapped(void)
{
	Dl_info self;

	if (dladdr((const void *)PROPERTIES, &self) != 0 && self.dli_fname != NULL)
		(void)dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

/* Operations whose jobs were dropped may still hold keys while another library context keeps the crew alive. */
static bool keys_are_gone(const struct provider *provider)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (unsigned ms = 0; ms < TEARDOWN_WAIT_MS && atomic_load(&provider->keys) > 0 && crew_threads() > 0; ms++)
		nanosleep(&pause, NULL);
	return atomic_load(&provider->keys) == 0;
}

static void teardown(void *opaque)
{
	struct provider *provider = opaque;

	status_log(provider, "at its end");
	crew_leave();
	key_pool_leave();
	if (task_wait_contexts() > 0)
		stay_mapped();
	if (!keys_are_gone(provider))
		return; /* somebody still refers to it */
	inner_free(atomic_load(&provider->inner));
	OPENSSL_free(provider);
}

static const OSSL_DISPATCH functions[] = { { OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown },
					   { OSSL_FUNC_PROVIDER_GETTABLE_PARAMS,
					     (void (*)(void))status_gettable_params },
					   { OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))status_get_params },
					   { OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
					   { OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities },
					   { 0, NULL } };

OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *from_core, const OSSL_DISPATCH **to_core,
		       void **opaque)
{
	struct provider *provider = OPENSSL_zalloc(sizeof(*provider));
	OSSL_FUNC_core_get_params_fn *get_params = NULL;

	if (provider == NULL)
		return 0;
	for (; from_core->function_id != 0; from_core++)
		if (from_core->function_id == OSSL_FUNC_CORE_GET_PARAMS)
			get_params = OSSL_FUNC_core_get_params(from_core);
	provider->core = core;
	settings_read(&provider->settings, core, get_params);
	crew_enter();
	key_pool_enter();
	*to_core = functions;
	*opaque = provider;
	return 1;
}
