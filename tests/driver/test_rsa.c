/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA through the driver and a card, beside libcrypto: all sizes, exponent and CRT keys, with and without PKCS#1 v1.5
 * padding, what must be refused, and key slots. Buffers lie on the stack, as DPDK allows.
 *
 * usage: test_driver_rsa CARD FOLDER_WITH_RSA_KEYS OPERATIONS     (OPERATIONS "wrong": the card's first result is)
 *
 * With GLACIS_VCARD_BACKEND=rtl the card is simulated logic, on which an operation takes up to some seconds: one of
 * each kind, and not at each size.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <rte_version.h>

#include "bed.h"
#include "tap.h"

#define BYTES_MAX 512u
#define NUMBERS   8u /* n, e, d, p, q, dP, dQ, qInv */

static uint8_t device;
static bool few; /* operations, on simulated logic */
static const char *keys_folder;

enum kind { EXPONENT, CRT, PUBLIC_ONLY };
static const char *const kind_names[] = { "exponent", "CRT", "public" };

struct key {
	EVP_PKEY *pkey;
	unsigned size; /* bytes of the modulus */
	uint8_t numbers[NUMBERS][BYTES_MAX];
	size_t lengths[NUMBERS];
};

static void key_numbers(struct key *key)
{
	static const char *const names[NUMBERS] = {
		"n", "e", "d", "rsa-factor1", "rsa-factor2", "rsa-exponent1", "rsa-exponent2", "rsa-coefficient1"
	};

	for (unsigned i = 0; i < NUMBERS; i++) {
		BIGNUM *number = NULL;

		if (EVP_PKEY_get_bn_param(key->pkey, names[i], &number) != 1)
			bed_fail("key has no %s", names[i]);
		key->lengths[i] = (size_t)BN_bn2bin(number, key->numbers[i]);
		BN_clear_free(number);
	}
	key->size = (unsigned)key->lengths[0];
}

static void key_make(struct key *key, unsigned bits)
{
	char path[512];
	FILE *file;

	memset(key, 0, sizeof(*key));
	if (bits == 1024) {
		key->pkey = EVP_RSA_gen(1024);
	} else {
		snprintf(path, sizeof(path), "%s/key%u.pem", keys_folder, bits);
		file = fopen(path, "r");
		key->pkey = file == NULL ? NULL : PEM_read_PrivateKey(file, NULL, NULL, NULL);
		if (file != NULL)
			fclose(file);
	}
	if (key->pkey == NULL)
		bed_fail("no key of %u bits", bits);
	key_numbers(key);
}

static rte_crypto_uint number(struct key *key, unsigned which)
{
	return (rte_crypto_uint){ .data = key->numbers[which], .length = key->lengths[which] };
}

static struct rte_crypto_asym_xform xform_of(struct key *key, enum kind kind)
{
	struct rte_crypto_asym_xform xform = { .xform_type = RTE_CRYPTO_ASYM_XFORM_RSA };

	xform.rsa.n = number(key, 0);
	xform.rsa.e = number(key, 1);
	xform.rsa.key_type = kind == CRT ? RTE_RSA_KEY_TYPE_QT : RTE_RSA_KEY_TYPE_EXP;
	if (kind == EXPONENT)
		xform.rsa.d = number(key, 2);
	if (kind == CRT)
		xform.rsa.qt = (struct rte_crypto_rsa_priv_key_qt){ number(key, 3), number(key, 4), number(key, 5),
								    number(key, 6), number(key, 7) };
	return xform;
}

/* Padding is the session's since DPDK 24.11, and the operation's before. */
static void padding_set(struct rte_crypto_asym_xform *xform, struct rte_crypto_rsa_op_param *rsa,
			struct rte_crypto_rsa_padding padding)
{
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
	(void)rsa;
	xform->rsa.padding = padding;
#else
	(void)xform;
	rsa->padding = padding;
#endif
}

/* One operation, with a session of its own; gives its status. */
static enum rte_crypto_op_status run(struct key *key, enum kind kind, struct rte_crypto_rsa_op_param *rsa,
				     enum rte_crypto_rsa_padding_type padding, enum rte_crypto_auth_algorithm hash)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.asym_ops, RTE_CRYPTO_OP_TYPE_ASYMMETRIC);
	struct rte_crypto_asym_xform xform = xform_of(key, kind);
	enum rte_crypto_op_status status;
	void *session = NULL;

	padding_set(&xform, rsa, (struct rte_crypto_rsa_padding){ .type = padding, .hash = hash });
	if (op == NULL || rte_cryptodev_asym_session_create(device, &xform, bed.asym_sessions, &session) != 0)
		bed_fail("no operation, or no session for a %s key of %u bytes", kind_names[kind], key->size);
	rte_crypto_op_attach_asym_session(op, session);
	op->asym->rsa = *rsa;
	if (!bed_run(device, 0, &op, 1))
		bed_fail("the card does not answer");
	status = op->status;
	*rsa = op->asym->rsa;
	rte_crypto_op_free(op);
	rte_cryptodev_asym_session_free(device, session);
	return status;
}

static enum rte_crypto_op_status sign(struct key *key, enum kind kind, uint8_t *message, size_t length,
				      enum rte_crypto_rsa_padding_type padding, enum rte_crypto_auth_algorithm hash,
				      uint8_t *signature, size_t *signature_length)
{
	struct rte_crypto_rsa_op_param rsa = { .op_type = RTE_CRYPTO_ASYM_OP_SIGN,
					       .message = { .data = message, .length = length },
					       .sign = { .data = signature } };
	enum rte_crypto_op_status status = run(key, kind, &rsa, padding, hash);

	*signature_length = rsa.sign.length;
	return status;
}

static enum rte_crypto_op_status verify(struct key *key, enum kind kind, uint8_t *message, size_t length,
					enum rte_crypto_rsa_padding_type padding, enum rte_crypto_auth_algorithm hash,
					uint8_t *signature, size_t signature_length)
{
	struct rte_crypto_rsa_op_param rsa = { .op_type = RTE_CRYPTO_ASYM_OP_VERIFY,
					       .message = { .data = message, .length = length },
					       .sign = { .data = signature, .length = signature_length } };

	return run(key, kind, &rsa, padding, hash);
}

/* What libcrypto signs. With `digest` it puts DigestInfo in front. */
static size_t libcrypto_sign(const struct key *key, int padding, const EVP_MD *digest, const uint8_t *message,
			     size_t length, uint8_t *signature)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
	size_t size = BYTES_MAX;

	if (EVP_PKEY_sign_init(context) != 1 || EVP_PKEY_CTX_set_rsa_padding(context, padding) != 1 ||
	    (digest != NULL && EVP_PKEY_CTX_set_signature_md(context, digest) != 1) ||
	    EVP_PKEY_sign(context, signature, &size, message, length) != 1)
		bed_fail("libcrypto cannot sign");
	EVP_PKEY_CTX_free(context);
	return size;
}

static size_t libcrypto_crypt(const struct key *key, bool encrypt, int padding, const uint8_t *in, size_t length,
			      uint8_t *out)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
	size_t size = BYTES_MAX;
	int good = encrypt ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context);

	if (good != 1 || EVP_PKEY_CTX_set_rsa_padding(context, padding) != 1 ||
	    (encrypt ? EVP_PKEY_encrypt(context, out, &size, in, length)
		     : EVP_PKEY_decrypt(context, out, &size, in, length)) != 1)
		size = 0;
	EVP_PKEY_CTX_free(context);
	return size;
}

static void signatures(struct key *key, enum kind kind)
{
	static const struct {
		enum rte_crypto_auth_algorithm hash;
		const char *name;
		size_t size;
	} hashes[] = {
		{ RTE_CRYPTO_AUTH_MD5, "MD5", 16 },
		{ RTE_CRYPTO_AUTH_SHA1, "SHA1", 20 },
		{ RTE_CRYPTO_AUTH_SHA224, "SHA224", 28 },
		{ RTE_CRYPTO_AUTH_SHA256, "SHA256", 32 },
		{ RTE_CRYPTO_AUTH_SHA384, "SHA384", 48 },
		{ RTE_CRYPTO_AUTH_SHA512, "SHA512", 64 },
		{ 0, NULL, 51 },
		{ RTE_CRYPTO_AUTH_NULL, NULL, 0 },
	};
	uint8_t message[BYTES_MAX], ours[BYTES_MAX], theirs[BYTES_MAX];
	size_t ours_size, theirs_size;

	for (unsigned i = few ? 3 : 0; i < (few ? 4 : RTE_DIM(hashes)); i++) {
		const EVP_MD *digest = hashes[i].name == NULL ? NULL : EVP_get_digestbyname(hashes[i].name);

		bed_random_fill(message, sizeof(message));
		theirs_size = libcrypto_sign(key, RSA_PKCS1_PADDING, digest, message, hashes[i].size, theirs);
		CHECK(sign(key, kind, message, hashes[i].size, RTE_CRYPTO_RSA_PADDING_PKCS1_5, hashes[i].hash, ours,
			   &ours_size) == RTE_CRYPTO_OP_STATUS_SUCCESS &&
			      ours_size == theirs_size && memcmp(ours, theirs, ours_size) == 0,
		      "%u bytes, %s, hash %u: another signature", key->size, kind_names[kind], hashes[i].hash);
		CHECK(verify(key, PUBLIC_ONLY, message, hashes[i].size, RTE_CRYPTO_RSA_PADDING_PKCS1_5, hashes[i].hash,
			     ours, ours_size) == RTE_CRYPTO_OP_STATUS_SUCCESS,
		      "%u bytes: a good signature", key->size);
		ours[bed_random() % ours_size] ^= 1;
		CHECK(verify(key, kind, message, hashes[i].size, RTE_CRYPTO_RSA_PADDING_PKCS1_5, hashes[i].hash, ours,
			     ours_size) == RTE_CRYPTO_OP_STATUS_ERROR,
		      "%u bytes: a tampered signature", key->size);
	}
}

static void encryption(struct key *key, enum kind kind)
{
	const size_t lengths[] = { 0, 1, 48, key->size - 11 };
	uint8_t message[BYTES_MAX], sealed[BYTES_MAX], opened[BYTES_MAX], theirs[BYTES_MAX];

	for (unsigned i = few ? 2 : 0; i < (few ? 3 : RTE_DIM(lengths)); i++) {
		struct rte_crypto_rsa_op_param rsa = { .op_type = RTE_CRYPTO_ASYM_OP_ENCRYPT,
						       .message = { .data = message, .length = lengths[i] },
						       .cipher = { .data = sealed } };

		bed_random_fill(message, sizeof(message));
		CHECK(run(key, PUBLIC_ONLY, &rsa, RTE_CRYPTO_RSA_PADDING_PKCS1_5, 0) == 0 &&
			      rsa.cipher.length == key->size,
		      "%u bytes: encrypt %zu", key->size, lengths[i]);
		CHECK(libcrypto_crypt(key, false, RSA_PKCS1_PADDING, sealed, key->size, theirs) == lengths[i] &&
			      memcmp(theirs, message, lengths[i]) == 0,
		      "%u bytes: libcrypto decrypts", key->size);
		if (libcrypto_crypt(key, true, RSA_PKCS1_PADDING, message, lengths[i], sealed) != key->size)
			bed_fail("libcrypto cannot encrypt");
		rsa = (struct rte_crypto_rsa_op_param){ .op_type = RTE_CRYPTO_ASYM_OP_DECRYPT,
							.message = { .data = opened },
							.cipher = { .data = sealed, .length = key->size } };
		CHECK(run(key, kind, &rsa, RTE_CRYPTO_RSA_PADDING_PKCS1_5, 0) == 0 &&
			      rsa.message.length == lengths[i] && memcmp(opened, message, lengths[i]) == 0,
		      "%u bytes, %s: decrypt %zu", key->size, kind_names[kind], lengths[i]);
	}
}

static void plain(struct key *key, enum kind kind)
{
	uint8_t message[BYTES_MAX] = { 0 }, ours[BYTES_MAX], theirs[BYTES_MAX], back[BYTES_MAX];
	struct rte_crypto_rsa_op_param rsa;
	size_t size;

	bed_random_fill(message + 1, key->size - 1);
	libcrypto_sign(key, RSA_NO_PADDING, NULL, message, key->size, theirs);
	CHECK(sign(key, kind, message + 1, key->size - 1, RTE_CRYPTO_RSA_PADDING_NONE, 0, ours, &size) == 0 &&
		      memcmp(ours, theirs, key->size) == 0,
	      "%u bytes, %s: signature", key->size, kind_names[kind]);
	CHECK(verify(key, kind, message, key->size, RTE_CRYPTO_RSA_PADDING_NONE, 0, ours, size) == 0,
	      "%u bytes: verify", key->size);
	rsa = (struct rte_crypto_rsa_op_param){ .op_type = RTE_CRYPTO_ASYM_OP_VERIFY,
						.sign = { .data = ours, .length = size },
						.cipher = { .data = back } };
	CHECK(run(key, kind, &rsa, RTE_CRYPTO_RSA_PADDING_NONE, 0) == 0 && rsa.cipher.length == key->size &&
		      memcmp(back, message, key->size) == 0,
	      "%u bytes: the signature's number", key->size);
	rsa = (struct rte_crypto_rsa_op_param){ .op_type = RTE_CRYPTO_ASYM_OP_ENCRYPT,
						.message = { .data = message, .length = key->size },
						.cipher = { .data = ours } };
	CHECK(run(key, kind, &rsa, RTE_CRYPTO_RSA_PADDING_NONE, 0) == 0 &&
		      libcrypto_crypt(key, true, RSA_NO_PADDING, message, key->size, theirs) == key->size &&
		      memcmp(ours, theirs, key->size) == 0,
	      "%u bytes: encrypt", key->size);
	rsa = (struct rte_crypto_rsa_op_param){ .op_type = RTE_CRYPTO_ASYM_OP_DECRYPT,
						.message = { .data = back },
						.cipher = { .data = ours, .length = key->size } };
	CHECK(run(key, kind, &rsa, RTE_CRYPTO_RSA_PADDING_NONE, 0) == 0 && rsa.message.length == key->size &&
		      memcmp(back, message, key->size) == 0,
	      "%u bytes, %s: decrypt", key->size, kind_names[kind]);
}

static void refused(struct key *key)
{
	uint8_t message[BYTES_MAX + 1], out[BYTES_MAX];
	struct rte_crypto_rsa_op_param rsa;
	size_t size;

	memset(message, 0xff, sizeof(message));
	CHECK(sign(key, PUBLIC_ONLY, message, 20, RTE_CRYPTO_RSA_PADDING_PKCS1_5, 0, out, &size) ==
		      RTE_CRYPTO_OP_STATUS_INVALID_SESSION,
	      "a public key signs");
	CHECK(sign(key, CRT, message, key->size - 10, RTE_CRYPTO_RSA_PADDING_PKCS1_5, 0, out, &size) ==
		      RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	      "a message without room for padding");
	CHECK(sign(key, CRT, message, 31, RTE_CRYPTO_RSA_PADDING_PKCS1_5, RTE_CRYPTO_AUTH_SHA256, out, &size) ==
		      RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	      "a digest of the wrong length");
	CHECK(sign(key, CRT, message, 20, RTE_CRYPTO_RSA_PADDING_PKCS1_5, RTE_CRYPTO_AUTH_SHA3_256, out, &size) ==
		      RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	      "a hash without DigestInfo");
	CHECK(sign(key, CRT, message, 20, RTE_CRYPTO_RSA_PADDING_PSS, 0, out, &size) ==
		      RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	      "PSS");
	CHECK(sign(key, CRT, message, key->size + 1, RTE_CRYPTO_RSA_PADDING_NONE, 0, out, &size) ==
		      RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	      "a number longer than the modulus");
	CHECK(sign(key, CRT, message, key->size, RTE_CRYPTO_RSA_PADDING_NONE, 0, out, &size) ==
		      RTE_CRYPTO_OP_STATUS_ERROR,
	      "a number above the modulus");
	CHECK(sign(key, CRT, NULL, 20, RTE_CRYPTO_RSA_PADDING_NONE, 0, out, &size) == RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	      "no message");
	message[0] = 0;
	rsa = (struct rte_crypto_rsa_op_param){ .op_type = RTE_CRYPTO_ASYM_OP_DECRYPT,
						.message = { .data = out },
						.cipher = { .data = message, .length = key->size } };
	CHECK(run(key, CRT, &rsa, RTE_CRYPTO_RSA_PADDING_PKCS1_5, 0) == RTE_CRYPTO_OP_STATUS_ERROR,
	      "what decrypts to no padding");
	rsa.op_type = RTE_CRYPTO_ASYM_OP_LIST_END;
	CHECK(run(key, CRT, &rsa, RTE_CRYPTO_RSA_PADDING_NONE, 0) == RTE_CRYPTO_OP_STATUS_INVALID_ARGS,
	      "no kind of operation");
}

static void key_test(unsigned bits)
{
	struct key key;
	char name[64];

	key_make(&key, bits);
	for (unsigned kind = few && bits > 1024 ? CRT : EXPONENT; kind <= CRT; kind++) {
		signatures(&key, kind);
		encryption(&key, kind);
		plain(&key, kind);
	}
	refused(&key);
	EVP_PKEY_free(key.pkey);
	snprintf(name, sizeof(name), "%u bits: signatures, encryption, numbers, refusals", bits);
	tap_case(name);
}

/* DPDK leaves the session of a refused key to the caller. */
static void refused_free(void *session)
{
	if (session != NULL)
		rte_cryptodev_asym_session_free(device, session);
}

/* All slots, and one more. */
static void slots(void)
{
	static void *sessions[300];
	struct rte_crypto_asym_xform xform;
	struct key key;
	unsigned count = 0;
	int status = 0;

	key_make(&key, 1024);
	xform = xform_of(&key, CRT);
	while (count < RTE_DIM(sessions) && status == 0) {
		status = rte_cryptodev_asym_session_create(device, &xform, bed.asym_sessions, &sessions[count]);
		count += status == 0;
	}
	refused_free(sessions[count]);
	CHECK(count == 256, "%u sessions in 256 slots", count);
	CHECK(status != 0, "a session without a slot");
	rte_cryptodev_asym_session_free(device, sessions[7]);
	CHECK(rte_cryptodev_asym_session_create(device, &xform, bed.asym_sessions, &sessions[7]) == 0,
	      "a slot that was freed");
	for (unsigned i = 0; i < count; i++)
		rte_cryptodev_asym_session_free(device, sessions[i]);
	EVP_PKEY_free(key.pkey);
	tap_case("key slots run out, and can be used again");
}

static void bad_key(struct rte_crypto_asym_xform xform, const char *what)
{
	void *session = NULL;

	CHECK(rte_cryptodev_asym_session_create(device, &xform, bed.asym_sessions, &session) != 0, "%s", what);
	refused_free(session);
}

static void bad_keys(void)
{
	struct rte_crypto_asym_xform good, xform;
	uint8_t even[BYTES_MAX];
	struct key key;

	key_make(&key, 2048);
	good = xform_of(&key, CRT);
	xform = good, xform.rsa.n.length = 64;
	bad_key(xform, "512 bits");
	xform = good, xform.rsa.e.length = 0;
	bad_key(xform, "no public exponent");
	xform = good, xform.rsa.qt.p.data = NULL;
	bad_key(xform, "no p");
	xform = good, xform.rsa.qt.dP = xform.rsa.n;
	bad_key(xform, "a CRT exponent longer than half of n");
	memcpy(even, key.numbers[0], key.size);
	even[key.size - 1] &= 0xfe;
	xform = good, xform.rsa.n.data = even;
	bad_key(xform, "an even modulus, which the card refuses");
	xform = good, xform.xform_type = RTE_CRYPTO_ASYM_XFORM_MODEX;
	bad_key(xform, "another algorithm");
	EVP_PKEY_free(key.pkey);
	tap_case("keys the card cannot use are refused");
}

static void random_operations(unsigned long total)
{
	static const unsigned bits[] = { 1024, 2048, 3072, 4096 };
	const unsigned sizes = few ? 2 : RTE_DIM(bits);
	uint8_t message[BYTES_MAX] = { 0 }, ours[BYTES_MAX], theirs[BYTES_MAX];
	struct key keys[RTE_DIM(bits)];
	size_t size;

	for (unsigned i = 0; i < sizes; i++)
		key_make(&keys[i], bits[i]);
	for (unsigned long i = 0; i < total && tap_failures == 0; i++) {
		struct key *key = &keys[bed_random() % 8 < 7 ? bed_random() % 2 : bed_random() % sizes];
		size_t length = bed_random() % (key->size - 10);

		bed_random_fill(message, length);
		libcrypto_sign(key, RSA_PKCS1_PADDING, NULL, message, length, theirs);
		CHECK(sign(key, few ? CRT : (enum kind)(bed_random() % 2), message, length,
			   RTE_CRYPTO_RSA_PADDING_PKCS1_5, 0, ours, &size) == 0 &&
			      size == key->size && memcmp(ours, theirs, size) == 0,
		      "operation %lu: %u bytes sign %zu", i, key->size, length);
	}
	for (unsigned i = 0; i < sizes; i++)
		EVP_PKEY_free(keys[i].pkey);
	tap_case("random signatures beside libcrypto");
}

/* A card that computes wrongly: what it signs does not verify. The driver itself does not look. */
static void wrong_results(void)
{
	uint8_t message[32] = { 1 }, signature[BYTES_MAX];
	struct key key;
	size_t size;

	key_make(&key, 2048);
	CHECK(sign(&key, CRT, message, sizeof(message), RTE_CRYPTO_RSA_PADDING_PKCS1_5, RTE_CRYPTO_AUTH_SHA256,
		   signature, &size) == RTE_CRYPTO_OP_STATUS_SUCCESS,
	      "signs");
	CHECK(verify(&key, PUBLIC_ONLY, message, sizeof(message), RTE_CRYPTO_RSA_PADDING_PKCS1_5,
		     RTE_CRYPTO_AUTH_SHA256, signature, size) == RTE_CRYPTO_OP_STATUS_ERROR,
	      "and does not verify");
	CHECK(sign(&key, CRT, message, sizeof(message), RTE_CRYPTO_RSA_PADDING_PKCS1_5, RTE_CRYPTO_AUTH_SHA256,
		   signature, &size) == RTE_CRYPTO_OP_STATUS_SUCCESS &&
		      verify(&key, PUBLIC_ONLY, message, sizeof(message), RTE_CRYPTO_RSA_PADDING_PKCS1_5,
			     RTE_CRYPTO_AUTH_SHA256, signature, size) == RTE_CRYPTO_OP_STATUS_SUCCESS,
	      "afterwards both");
	EVP_PKEY_free(key.pkey);
	tap_case("a wrong result of the card");
}

int main(int count, char *values[])
{
	if (count != 4) {
		fprintf(stderr, "usage: %s CARD FOLDER_WITH_RSA_KEYS OPERATIONS\n", values[0]);
		return 64;
	}
	keys_folder = values[2];
	few = getenv("GLACIS_VCARD_BACKEND") != NULL;
	bed_start(values[0], 1, values + 1, few ? ",timeout_ms=60000" : ",timeout_ms=20000");
	device = bed_card(0);
	bed_device_start(device, 1, 64);
	if (strcmp(values[3], "wrong") == 0) {
		wrong_results();
	} else {
		key_test(1024);
		if (!few || strtoul(values[3], NULL, 10) > 1)
			key_test(2048);
		if (!few) {
			key_test(3072);
			key_test(4096);
		}
		slots();
		bad_keys();
		random_operations(strtoul(values[3], NULL, 10));
	}
	CHECK(rte_mempool_full(bed.asym_ops) && rte_mempool_full(bed.asym_sessions), "everything is back in its pool");
	tap_case("nothing leaks");
	bed_device_stop(device);
	bed_end();
	return tap_end();
}
