/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of "TLS13-KDF" and what is derived from them; see tls13_kdf.h.
 *
 * OpenSSL derives about twenty secrets and keys in a handshake, each by a context of its own with all inputs as
 * parameters. Parameters are read here without OpenSSL's functions, which leave an error behind when a type is another.
 */
#include "tls13_kdf.h"

#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <glacis/tls_keys.h>

#define PREFIX "tls13 "

/* The hashes of the suites there are, by all their names. */
static const struct {
	const char *name;
	uint8_t size;
} hashes[] = {
	{ "SHA256", 32 }, { "SHA2-256", 32 }, { "SHA-256", 32 },
	{ "SHA384", 48 }, { "SHA2-384", 48 }, { "SHA-384", 48 },
};

static uint8_t hash_size_of(const OSSL_PARAM *param)
{
	size_t size;

	if (param->data_type != OSSL_PARAM_UTF8_STRING || !param->data)
		return 0;
	size = strnlen(param->data, param->data_size);
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (strlen(hashes[i].name) == size && strncasecmp(hashes[i].name, param->data, size) == 0)
			return hashes[i].size;
	}
	return 0;
}

/* A mode may also come as a word, which libssl does not do. */
static bool is_mode(const OSSL_PARAM *param, int *mode)
{
	if (param->data_type != OSSL_PARAM_INTEGER || param->data_size != sizeof(*mode) || !param->data)
		return false;
	memcpy(mode, param->data, sizeof(*mode));
	return *mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY || *mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY;
}

/* What octets the name stands for, and between which sizes they may be; NULL: none. */
static struct tls13_kdf_octets *octets_of(struct tls13_kdf *kdf, const char *name, size_t *least, size_t *most)
{
	const struct {
		const char *name;
		struct tls13_kdf_octets *octets;
		size_t least, most;
	} all[] = { { OSSL_KDF_PARAM_KEY, &kdf->key, 1, TLS13_KDF_OCTETS_MAX },
		    { OSSL_KDF_PARAM_SALT, &kdf->salt, 1, TLS13_KDF_OCTETS_MAX },
		    { OSSL_KDF_PARAM_PREFIX, &kdf->prefix, 0, TLS13_KDF_OCTETS_MAX },
		    { OSSL_KDF_PARAM_LABEL, &kdf->label, 0, TLS13_KDF_LABEL_MAX - 1 },
		    { OSSL_KDF_PARAM_DATA, &kdf->data, 0, TLS13_KDF_OCTETS_MAX } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (name[0] == all[i].name[0] && strcmp(name, all[i].name) == 0) {
			*least = all[i].least;
			*most = all[i].most;
			return all[i].octets;
		}
	}
	return NULL;
}

/* Sets what a parameter says, or only looks whether it could. */
static bool take_one(struct tls13_kdf *kdf, const OSSL_PARAM *param, bool set)
{
	size_t least, most;
	struct tls13_kdf_octets *octets = octets_of(kdf, param->key, &least, &most);
	int mode;

	if (octets) {
		if (!set)
			return param->data_type == OSSL_PARAM_OCTET_STRING && param->data &&
			       param->data_size >= least && param->data_size <= most;
		octets->given = true;
		octets->size = (uint8_t)param->data_size;
		memcpy(octets->bytes, param->data, param->data_size);
		return true;
	}
	if (strcmp(param->key, OSSL_KDF_PARAM_MODE) == 0) {
		if (!is_mode(param, &mode))
			return false;
		kdf->mode = set ? mode : kdf->mode;
		kdf->has_mode |= set;
		return true;
	}
	if (strcmp(param->key, OSSL_KDF_PARAM_DIGEST) == 0) {
		uint8_t size = hash_size_of(param);
		kdf->hash_size = set ? size : kdf->hash_size;
		return size > 0;
	}
	/* A query says where the digest is to come from; others are nobody's. */
	return strcmp(param->key, OSSL_KDF_PARAM_PROPERTIES) != 0;
}

bool tls13_kdf_take(struct tls13_kdf *kdf, const OSSL_PARAM params[])
{
	if (!params)
		return true;
	for (const OSSL_PARAM *param = params; param->key; param++)
		if (!take_one(kdf, param, false))
			return false;
	for (const OSSL_PARAM *param = params; param->key; param++)
		(void)take_one(kdf, param, true);
	return true;
}

/* libglacis adds the prefix that OpenSSL passes. */
static bool expand(const struct tls13_kdf *kdf, const struct tls13_kdf_octets *secret, const uint8_t *context,
		   size_t context_size, uint8_t *output, size_t size)
{
	char label[TLS13_KDF_LABEL_MAX];

	if (kdf->prefix.size != strlen(PREFIX) || memcmp(kdf->prefix.bytes, PREFIX, strlen(PREFIX)) != 0 ||
	    !kdf->label.given || secret->size != kdf->hash_size || memchr(kdf->label.bytes, '\0', kdf->label.size))
		return false;
	memcpy(label, kdf->label.bytes, kdf->label.size);
	label[kdf->label.size] = '\0';
	return glacis_tls13_expand_label(kdf->hash_size, secret->bytes, label, context, context_size, output, size) ==
	       0;
}

/* The hash of nothing, the context of "derived" (RFC 8446 section 7.1). */
static const uint8_t *empty_hash(size_t size)
{
	static const uint8_t sha256[] = { 0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
					  0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
					  0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 };
	static const uint8_t sha384[] = { 0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e,
					  0xb1, 0xb1, 0xe3, 0x6a, 0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43,
					  0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda, 0x27, 0x4e, 0xde, 0xbf,
					  0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b };

	return size == sizeof(sha256) ? sha256 : sha384;
}

/* HKDF-Extract of the key under what follows from the salt, the secret of the stage before. Zeros stand for
 * a missing one. */
static bool extract(const struct tls13_kdf *kdf, uint8_t *output, size_t size)
{
	static const uint8_t zeros[GLACIS_TLS_SECRET_SIZE_MAX];
	const uint8_t *key = kdf->key.given ? kdf->key.bytes : zeros;
	size_t key_size = kdf->key.given ? kdf->key.size : kdf->hash_size;
	uint8_t derived[GLACIS_TLS_SECRET_SIZE_MAX];
	bool done;

	if (size != kdf->hash_size)
		return false;
	if (!kdf->salt.given)
		return glacis_tls13_extract(kdf->hash_size, NULL, 0, key, key_size, output) == 0;
	done = expand(kdf, &kdf->salt, empty_hash(kdf->hash_size), kdf->hash_size, derived, kdf->hash_size) &&
	       glacis_tls13_extract(kdf->hash_size, derived, kdf->hash_size, key, key_size, output) == 0;
	OPENSSL_cleanse(derived, sizeof(derived));
	return done;
}

bool tls13_kdf_derive(const struct tls13_kdf *kdf, uint8_t *output, size_t size)
{
	if (!kdf->hash_size || !kdf->has_mode)
		return false;
	if (kdf->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return extract(kdf, output, size);
	return kdf->key.given &&
	       expand(kdf, &kdf->key, kdf->data.given ? kdf->data.bytes : NULL, kdf->data.size, output, size);
}

void tls13_kdf_params(struct tls13_kdf *kdf, OSSL_PARAM params[TLS13_KDF_PARAMS])
{
	static char sha256[] = "SHA256", sha384[] = "SHA384";
	struct {
		const char *name;
		struct tls13_kdf_octets *octets;
	} const all[] = { { OSSL_KDF_PARAM_KEY, &kdf->key },
			  { OSSL_KDF_PARAM_SALT, &kdf->salt },
			  { OSSL_KDF_PARAM_PREFIX, &kdf->prefix },
			  { OSSL_KDF_PARAM_LABEL, &kdf->label },
			  { OSSL_KDF_PARAM_DATA, &kdf->data } };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].octets->given)
			*params++ = OSSL_PARAM_construct_octet_string(all[i].name, all[i].octets->bytes,
								      all[i].octets->size);
	}
	if (kdf->has_mode)
		*params++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &kdf->mode);
	if (kdf->hash_size)
		*params++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
							     kdf->hash_size == 32 ? sha256 : sha384, 0);
	*params = OSSL_PARAM_construct_end();
}

void tls13_kdf_reset(struct tls13_kdf *kdf)
{
	OPENSSL_cleanse(kdf, sizeof(*kdf));
}
