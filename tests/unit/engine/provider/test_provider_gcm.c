/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM of the provider beside OpenSSL's own: the same calls, the same bytes, the same refusals.
 */
#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <string.h>

#include "provider_support.h"

#define TEXT_MAX_ 70000
#define HEADER    13

static struct world world;
static const char *const names[] = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM" };
static uint8_t text[TEXT_MAX_], key[32], nonce[128];

static void open_world(void)
{
	world_open(&world);
	if (!world_has(&world, "glacis-aes"))
		cr_skip_test("no AES-GCM of ours here");
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + (i >> 8));
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i + 1);
	for (unsigned i = 0; i < sizeof(nonce); i++)
		nonce[i] = (uint8_t)(0xf0 - i);
}

static void close_world(void)
{
	world_close(&world);
}

TestSuite(provider_gcm, .init = open_world, .fini = close_world);

static EVP_CIPHER *fetch(bool ours, unsigned which)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(ours ? world.ours : world.theirs, names[which], NULL);

	cr_assert_not_null(cipher);
	cr_assert_str_eq(OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(cipher)), ours ? "glacis" : "default");
	return cipher;
}

/* One message, in pieces of `piece` bytes. */
struct message {
	unsigned which;
	size_t nonce_size, aad_size, aad_piece, size, piece;
	bool in_place;
};

static void seal(bool ours, const struct message *message, uint8_t *out, uint8_t tag[16])
{
	EVP_CIPHER *cipher = fetch(ours, message->which);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t iv_size = message->nonce_size;
	OSSL_PARAM params[] = { OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, &iv_size), OSSL_PARAM_END };
	int written, total = 0;
	const uint8_t *in = text;

	if (message->in_place) {
		memcpy(out, text, message->size);
		in = out;
	}
	cr_assert(EVP_EncryptInit_ex2(context, cipher, NULL, NULL, params));
	cr_assert(EVP_EncryptInit_ex2(context, NULL, key, nonce, NULL));
	for (size_t at = 0; at < message->aad_size; at += message->aad_piece) {
		size_t piece = message->aad_size - at < message->aad_piece ? message->aad_size - at
									   : message->aad_piece;
		cr_assert(EVP_EncryptUpdate(context, NULL, &written, text + at, (int)piece));
	}
	for (size_t at = 0; at < message->size; at += message->piece) {
		size_t piece = message->size - at < message->piece ? message->size - at : message->piece;
		cr_assert(EVP_EncryptUpdate(context, out + at, &written, in + at, (int)piece));
		total += written;
	}
	cr_assert(EVP_EncryptFinal_ex(context, out + total, &written));
	cr_assert_eq((size_t)(total + written), message->size);
	cr_assert(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag));
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
}

/* Opens what `ours` or theirs sealed. Returns whether the tag was right. */
static bool open_message(bool ours, const struct message *message, uint8_t *bytes, uint8_t *tag, int tag_size)
{
	EVP_CIPHER *cipher = fetch(ours, message->which);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t iv_size = message->nonce_size;
	OSSL_PARAM params[] = { OSSL_PARAM_size_t(OSSL_CIPHER_PARAM_AEAD_IVLEN, &iv_size), OSSL_PARAM_END };
	int written;
	bool good;

	cr_assert(EVP_DecryptInit_ex2(context, cipher, NULL, NULL, params));
	cr_assert(EVP_DecryptInit_ex2(context, NULL, key, nonce, NULL));
	if (message->aad_size)
		cr_assert(EVP_DecryptUpdate(context, NULL, &written, text, (int)message->aad_size));
	if (message->size)
		cr_assert(EVP_DecryptUpdate(context, bytes, &written, bytes, (int)message->size));
	cr_assert(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_size, tag));
	good = EVP_DecryptFinal_ex(context, bytes + message->size, &written) > 0;
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
	return good;
}

static void compare(const struct message *message)
{
	static uint8_t ours[TEXT_MAX_ + 16], theirs[TEXT_MAX_ + 16];
	uint8_t our_tag[16], their_tag[16];

	seal(true, message, ours, our_tag);
	seal(false, message, theirs, their_tag);
	cr_assert_arr_eq(ours, theirs, message->size, "%s, %zu bytes in pieces of %zu, aad %zu, nonce %zu",
			 names[message->which], message->size, message->piece, message->aad_size, message->nonce_size);
	cr_assert_arr_eq(our_tag, their_tag, 16, "tag of %s, %zu bytes in pieces of %zu, aad %zu, nonce %zu",
			 names[message->which], message->size, message->piece, message->aad_size, message->nonce_size);
	cr_assert(open_message(true, message, theirs, their_tag, 16));
	cr_assert_arr_eq(theirs, text, message->size);
	their_tag[15] ^= 1;
	cr_assert_not(open_message(true, message, ours, their_tag, 16));
	ERR_clear_error();
}

Test(provider_gcm, gives_what_openssl_gives_for_every_size_and_piece)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 63, 64, 255, 256, 257, 1000, 4096, 16384, 16401, 65537 };
	static const size_t pieces[] = { 1, 3, 16, 31, 100, 256, 5000, TEXT_MAX_ };

	for (unsigned which = 0; which < 3; which++)
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			for (unsigned j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++)
				compare(&(struct message){ .which = which,
							   .nonce_size = 12,
							   .aad_size = i + j,
							   .aad_piece = 5,
							   .size = sizes[i] > 5000 && pieces[j] < 16 ? 5000 : sizes[i],
							   .piece = pieces[j],
							   .in_place = (i + j) % 2 });
}

Test(provider_gcm, leaves_odd_nonces_and_much_associated_data_to_openssl)
{
	static const size_t nonces[] = { 1, 8, 11, 13, 16, 60, 128 };
	uint64_t before = world_counter(&world, "glacis-aes-openssl");

	for (unsigned i = 0; i < sizeof(nonces) / sizeof(nonces[0]); i++)
		compare(&(struct message){ 0, nonces[i], 20, 7, 1000, 300, false });
	cr_assert_gt(world_counter(&world, "glacis-aes-openssl"), before);
	before = world_counter(&world, "glacis-aes-openssl");
	for (unsigned size = 250; size < 600; size += 5)
		compare(&(struct message){ 2, 12, size, 100, 100, 300, false });
	compare(&(struct message){ 1, 12, 60000, 7777, 100, 33, false });
	cr_assert_gt(world_counter(&world, "glacis-aes-openssl"), before);
}

Test(provider_gcm, compares_short_tags)
{
	const struct message message = { 0, 12, 20, 20, 100, 100, false };
	uint8_t bytes[128], tag[16];

	for (int size = 4; size <= 16; size++) {
		seal(true, &message, bytes, tag);
		cr_assert(open_message(true, &message, bytes, tag, size));
		seal(true, &message, bytes, tag);
		tag[size - 1] ^= 0x80;
		cr_assert_not(open_message(true, &message, bytes, tag, size));
	}
}

Test(provider_gcm, uses_a_nonce_once)
{
	EVP_CIPHER *cipher = fetch(true, 0);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t out[64], tag[16];
	int written;

	cr_assert(EVP_EncryptInit_ex2(context, cipher, key, nonce, NULL));
	cr_assert(EVP_EncryptUpdate(context, out, &written, text, 20));
	cr_assert_not(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag), "a tag before the end");
	cr_assert_not(EVP_EncryptUpdate(context, NULL, &written, text, 20), "associated data after text");
	cr_assert(EVP_EncryptFinal_ex(context, out, &written));
	cr_assert_not(EVP_EncryptUpdate(context, out, &written, text, 20), "text after the tag");
	cr_assert_not(EVP_EncryptFinal_ex(context, out, &written), "a second tag");
	/* A new nonce is enough to go on. */
	cr_assert(EVP_EncryptInit_ex2(context, NULL, NULL, nonce + 1, NULL));
	cr_assert(EVP_EncryptUpdate(context, out, &written, text, 20));
	cr_assert(EVP_EncryptFinal_ex(context, out, &written));
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
}

Test(provider_gcm, refuses_what_makes_no_sense)
{
	EVP_CIPHER *cipher = fetch(true, 0);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t out[64];
	int written;

	cr_assert(EVP_DecryptInit_ex2(context, cipher, NULL, NULL, NULL));
	cr_assert_not(EVP_DecryptUpdate(context, out, &written, text, 20), "text without a key");
	cr_assert_leq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 0, NULL), 0);
	cr_assert_leq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 129, NULL), 0);
	cr_assert_leq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 17, key), 0);
	cr_assert(EVP_DecryptInit_ex2(context, NULL, key, NULL, NULL));
	cr_assert_not(EVP_DecryptUpdate(context, out, &written, text, 20), "text to open without a nonce");
	cr_assert(EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL));
	cr_assert(EVP_DecryptUpdate(context, out, &written, text, 20));
	cr_assert_not(EVP_DecryptFinal_ex(context, out, &written), "the end without a tag");
	/* Another size of nonce makes the one that was set none. */
	cr_assert(EVP_EncryptInit_ex2(context, NULL, key, nonce, NULL));
	cr_assert_gt(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 13, NULL), 0);
	cr_assert_not(EVP_EncryptUpdate(context, out, &written, text, 20));
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
}

Test(provider_gcm, goes_on_in_a_copy)
{
	const struct message whole = { 2, 12, 20, 20, 300, 300, false };
	EVP_CIPHER *cipher = fetch(true, 2);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new(), *copy = EVP_CIPHER_CTX_new();
	uint8_t out[512], wanted[512], tag[16], wanted_tag[16];
	int written;

	seal(false, &whole, wanted, wanted_tag);
	cr_assert(EVP_EncryptInit_ex2(context, cipher, key, nonce, NULL));
	cr_assert(EVP_EncryptUpdate(context, NULL, &written, text, 20));
	cr_assert(EVP_EncryptUpdate(context, out, &written, text, 100));
	cr_assert(EVP_CIPHER_CTX_copy(copy, context));
	EVP_CIPHER_CTX_free(context);
	cr_assert(EVP_EncryptUpdate(copy, out + 100, &written, text + 100, 200));
	cr_assert(EVP_EncryptFinal_ex(copy, out + 300, &written));
	cr_assert(EVP_CIPHER_CTX_ctrl(copy, EVP_CTRL_AEAD_GET_TAG, 16, tag));
	cr_assert_arr_eq(out, wanted, 300);
	cr_assert_arr_eq(tag, wanted_tag, 16);
	EVP_CIPHER_CTX_free(copy);
	EVP_CIPHER_free(cipher);
}

Test(provider_gcm, makes_a_nonce_when_none_is_set)
{
	EVP_CIPHER *cipher = fetch(true, 0);
	uint8_t out[64], made[2][12], none[12] = { 0 };
	int written;

	for (unsigned i = 0; i < 2; i++) {
		EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
		cr_assert(EVP_EncryptInit_ex2(context, cipher, key, NULL, NULL));
		cr_assert_not(EVP_CIPHER_CTX_get_updated_iv(context, made[i], 12));
		cr_assert(EVP_EncryptUpdate(context, out, &written, text, 20));
		cr_assert(EVP_CIPHER_CTX_get_updated_iv(context, made[i], 12));
		EVP_CIPHER_CTX_free(context);
	}
	cr_assert(memcmp(made[0], made[1], 12) != 0 && memcmp(made[0], none, 12) != 0);
	EVP_CIPHER_free(cipher);
}

/* TLS 1.2 records, as libssl makes them. */

static EVP_CIPHER_CTX *tls_context(bool ours, bool sealing)
{
	EVP_CIPHER *cipher = fetch(ours, 0);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	cr_assert(EVP_CipherInit_ex2(context, cipher, key, NULL, sealing, NULL));
	cr_assert_gt(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_IV_FIXED, 4, nonce), 0);
	EVP_CIPHER_free(cipher);
	return context;
}

/* One record; returns the payload's size, or a negative number. */
static int tls_record(EVP_CIPHER_CTX *context, uint8_t *record, size_t size, uint8_t number)
{
	uint8_t header[HEADER] = { 0, 0, 0, 0, 0, 0, 0, number, 23, 3, 3, (uint8_t)(size >> 8), (uint8_t)size };
	bool sealing = EVP_CIPHER_CTX_is_encrypting(context);
	int written = -1;

	if (sealing) {
		header[11] = (uint8_t)((size - 16) >> 8);
		header[12] = (uint8_t)(size - 16);
	}
	if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_TLS1_AAD, HEADER, header) != 16)
		return -1;
	return EVP_CipherUpdate(context, record, &written, record, (int)size) ? written : -1;
}

Test(provider_gcm, seals_and_opens_records_of_tls_1_2)
{
	static uint8_t record[17000];

	for (unsigned way = 0; way < 4; way++) {
		EVP_CIPHER_CTX *sealing = tls_context(way & 1, true), *opening = tls_context(way & 2, false);
		uint8_t explicit_nonces[20][8];
		for (uint8_t number = 0; number < 20; number++) {
			size_t length = number * 850u, size = 8 + length + 16;
			memcpy(record + 8, text, length);
			cr_assert_eq(tls_record(sealing, record, size, number), (int)size);
			memcpy(explicit_nonces[number], record, 8);
			cr_assert_eq(tls_record(opening, record, size, number), (int)length);
			cr_assert_arr_eq(record + 8, text, length);
		}
		/* Counted up, as a big-endian number. */
		for (unsigned number = 1; number < 20; number++) {
			uint64_t last = 0, next = 0;
			for (unsigned i = 0; i < 8; i++) {
				last = last << 8 | explicit_nonces[number - 1][i];
				next = next << 8 | explicit_nonces[number][i];
			}
			cr_assert_eq(next, last + 1);
		}
		EVP_CIPHER_CTX_free(sealing);
		EVP_CIPHER_CTX_free(opening);
	}
}

Test(provider_gcm, shows_nothing_of_a_tampered_record)
{
	EVP_CIPHER_CTX *sealing = tls_context(true, true), *opening = tls_context(true, false);
	uint8_t record[8 + 100 + 16], zeros[100] = { 0 };

	memcpy(record + 8, text, 100);
	cr_assert_eq(tls_record(sealing, record, sizeof(record), 0), (int)sizeof(record));
	record[50] ^= 4;
	cr_assert_eq(tls_record(opening, record, sizeof(record), 0), -1);
	cr_assert_arr_eq(record + 8, zeros, 100);
	/* The next one is opened again. */
	memcpy(record + 8, text, 100);
	cr_assert_eq(tls_record(sealing, record, sizeof(record), 1), (int)sizeof(record));
	cr_assert_eq(tls_record(opening, record, sizeof(record), 1), 100);
	cr_assert_eq(tls_record(opening, record, 23, 2), -1, "shorter than nonce and tag");
	EVP_CIPHER_CTX_free(sealing);
	EVP_CIPHER_CTX_free(opening);
}

Test(provider_gcm, serves_gmac)
{
	EVP_MAC *mac = EVP_MAC_fetch(world.ours, "GMAC", NULL), *other = EVP_MAC_fetch(world.theirs, "GMAC", NULL);
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_string("cipher", (char[]){ "AES-128-GCM" }, 11),
				OSSL_PARAM_octet_string("iv", nonce, 12), OSSL_PARAM_END };
	uint8_t ours[16], theirs[16];
	size_t size;

	for (size_t length = 0; length <= sizeof(text); length += 10000) {
		EVP_MAC_CTX *a = EVP_MAC_CTX_new(mac), *b = EVP_MAC_CTX_new(other);
		cr_assert(EVP_MAC_init(a, key, 16, params) && EVP_MAC_init(b, key, 16, params));
		for (size_t at = 0; at < length; at += 1000)
			cr_assert(EVP_MAC_update(a, text + at, 1000) && EVP_MAC_update(b, text + at, 1000));
		cr_assert(EVP_MAC_final(a, ours, &size, 16) && EVP_MAC_final(b, theirs, &size, 16));
		cr_assert_arr_eq(ours, theirs, 16);
		EVP_MAC_CTX_free(a);
		EVP_MAC_CTX_free(b);
	}
	EVP_MAC_free(mac);
	EVP_MAC_free(other);
}
