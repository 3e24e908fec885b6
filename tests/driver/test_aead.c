/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM through the driver and a card: known answers (NIST's GCM specification, test cases 4, 10 and 16), every
 * size around the block and segment limits, shapes of packets, and random operations beside libcrypto.
 *
 * usage: test_driver_aead CARD OPERATIONS
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "bed.h"
#include "tap.h"

#define TEXT_MAX 65536u
#define BURST    32u

static uint8_t device;

/* One operation, and what it must give. */
struct trial {
	struct rte_crypto_op *op;
	enum rte_crypto_op_status wanted;
	uint32_t offset, size;
	uint8_t expected[TEXT_MAX];
	uint8_t tag[16];
	bool seal;
};

static struct trial trials[BURST];

static const EVP_CIPHER *cipher_of(uint32_t key_size)
{
	return key_size == 16 ? EVP_aes_128_gcm() : key_size == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}

static void libcrypto_seal(const uint8_t *key, uint32_t key_size, const uint8_t *nonce, const uint8_t *aad,
			   uint32_t aad_size, const uint8_t *text, uint32_t size, uint8_t *sealed, uint8_t *tag)
{
	static EVP_CIPHER_CTX *context;
	int length;

	if (context == NULL)
		context = EVP_CIPHER_CTX_new();
	if (EVP_EncryptInit_ex(context, cipher_of(key_size), NULL, key, nonce) != 1 ||
	    (aad_size > 0 && EVP_EncryptUpdate(context, NULL, &length, aad, (int)aad_size) != 1) ||
	    (size > 0 && EVP_EncryptUpdate(context, sealed, &length, text, (int)size) != 1) ||
	    EVP_EncryptFinal_ex(context, sealed + size, &length) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) != 1)
		bed_fail("libcrypto cannot seal");
}

static void operation_set(struct trial *trial, void *session, struct rte_mbuf *source, struct rte_mbuf *destination)
{
	struct rte_crypto_op *op = trial->op;

	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = source;
	op->sym->m_dst = destination;
	op->sym->aead.data.offset = trial->offset;
	op->sym->aead.data.length = trial->size;
	op->sym->aead.digest.data = bed_private(op)->tag;
	op->sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op, BED_NONCE_OFFSET +
										  offsetof(struct bed_private, tag));
	op->sym->aead.aad.data = bed_private(op)->aad;
	op->sym->aead.aad.phys_addr = rte_crypto_op_ctophys_offset(op, BED_NONCE_OFFSET +
									       offsetof(struct bed_private, aad));
}

static void trial_check(struct trial *trial)
{
	struct rte_mbuf *result = trial->op->sym->m_dst != NULL ? trial->op->sym->m_dst : trial->op->sym->m_src;
	static uint8_t bytes[TEXT_MAX];

	if (!CHECK(trial->op->status == trial->wanted, "status %u, not %u; %u bytes", trial->op->status, trial->wanted,
		   trial->size))
		return;
	bed_packet_read(result, trial->offset, trial->size, bytes);
	if (trial->wanted == RTE_CRYPTO_OP_STATUS_SUCCESS)
		CHECK(memcmp(bytes, trial->expected, trial->size) == 0, "text of %u bytes", trial->size);
	else if (trial->wanted == RTE_CRYPTO_OP_STATUS_AUTH_FAILED)
		for (uint32_t i = 0; i < trial->size; i++)
			if (!CHECK(bytes[i] == 0, "plaintext at %u of a forged record", i))
				break;
	if (trial->seal)
		CHECK(memcmp(bed_private(trial->op)->tag, trial->tag, 16) == 0, "tag of %u bytes", trial->size);
}

static void trial_free(struct trial *trial)
{
	rte_pktmbuf_free(trial->op->sym->m_src);
	if (trial->op->sym->m_dst != trial->op->sym->m_src)
		rte_pktmbuf_free(trial->op->sym->m_dst);
	rte_crypto_op_free(trial->op);
}

static void trials_run(unsigned count)
{
	struct rte_crypto_op *ops[BURST];

	for (unsigned i = 0; i < count; i++)
		ops[i] = trials[i].op;
	if (!CHECK(bed_run(device, 0, ops, (uint16_t)count), "operations are back in time"))
		bed_fail("the card does not answer");
	for (unsigned i = 0; i < count; i++) {
		trial_check(&trials[i]);
		trial_free(&trials[i]);
	}
}

/* How a trial is laid out. */
struct shape {
	uint32_t size, offset, source_piece, destination_piece; /* destination 0: in place */
	uint32_t key_size, aad_size;
	bool open, forged, own_session;
};

/* Makes a trial of random bytes; the session is freed by the caller after the run. */
static void *trial_make(struct trial *trial, const struct shape *shape)
{
	static uint8_t text[TEXT_MAX + 256], packet[TEXT_MAX + 256];
	struct rte_mbuf *source, *destination = NULL;
	struct bed_private *own;
	uint8_t key[32];
	void *session;

	trial->op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	if (trial->op == NULL)
		bed_fail("out of operations");
	own = bed_private(trial->op);
	bed_random_fill(key, sizeof(key));
	bed_random_fill(own->nonce, sizeof(own->nonce));
	bed_random_fill(own->aad, shape->aad_size);
	bed_random_fill(text, shape->size + shape->offset);
	trial->offset = shape->offset;
	trial->size = shape->size;
	trial->seal = !shape->open;
	trial->wanted = shape->forged ? RTE_CRYPTO_OP_STATUS_AUTH_FAILED : RTE_CRYPTO_OP_STATUS_SUCCESS;
	memcpy(packet, text, sizeof(packet));
	libcrypto_seal(key, shape->key_size, own->nonce, own->aad, shape->aad_size, text + shape->offset, shape->size,
		       trial->expected, trial->tag);
	if (shape->open) {
		memcpy(packet + shape->offset, trial->expected, shape->size);
		memcpy(trial->expected, text + shape->offset, shape->size);
		memcpy(own->tag, trial->tag, 16);
		own->tag[bed_random() % 16] ^= shape->forged ? 1u << bed_random() % 8 : 0;
	}
	source = bed_packet_of(shape->size + shape->offset, shape->source_piece, packet);
	if (shape->destination_piece > 0)
		destination = bed_packet_of(shape->size + shape->offset, shape->destination_piece, NULL);
	session = bed_aead_session(device, shape->open ? RTE_CRYPTO_AEAD_OP_DECRYPT : RTE_CRYPTO_AEAD_OP_ENCRYPT, key,
				   shape->key_size, shape->aad_size);
	if (session == NULL)
		bed_fail("no session");
	operation_set(trial, session, source, destination);
	return session;
}

static void shapes_run(const struct shape *shapes, unsigned count)
{
	void *sessions[BURST];

	for (unsigned i = 0; i < count; i++)
		sessions[i] = trial_make(&trials[i], &shapes[i]);
	trials_run(count);
	for (unsigned i = 0; i < count; i++)
		rte_cryptodev_sym_session_free(device, sessions[i]);
}

static size_t unhex(const char *text, uint8_t *bytes)
{
	size_t size = strlen(text) / 2;

	for (size_t i = 0; i < size; i++)
		sscanf(text + 2 * i, "%2hhx", &bytes[i]);
	return size;
}

static void known_answers(void)
{
	static const char plain[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532f"
				    "cf0e2449a6b525b16aedf5aa0de657ba637b39";
	static const char aad[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
	static const struct {
		const char *key, *sealed, *tag;
	} cases[] = {
		{ "feffe9928665731c6d6a8f9467308308",
		  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba3"
		  "0b396a0aac973d58e091",
		  "5bc94fbc3221a5db94fae95ae7121a47" },
		{ "feffe9928665731c6d6a8f9467308308feffe9928665731c",
		  "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2"
		  "448b2fe324d9ccda2710",
		  "2519498e80f1478f37ba55bd6d27618c" },
		{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f6"
		  "1e6393ba7a0abcc9f662",
		  "76fc6ece0f4e1768cddf8853bb2d551b" },
	};

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct trial *trial = &trials[0];
		uint8_t key[32], text[64];
		size_t key_size = unhex(cases[i].key, key);
		void *session = bed_aead_session(device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, (uint32_t)key_size, 20);

		*trial = (struct trial){ .seal = true, .size = (uint32_t)unhex(plain, text) };
		trial->op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
		unhex("cafebabefacedbaddecaf888", bed_private(trial->op)->nonce);
		unhex(aad, bed_private(trial->op)->aad);
		unhex(cases[i].sealed, trial->expected);
		unhex(cases[i].tag, trial->tag);
		operation_set(trial, session, bed_packet_of(trial->size, trial->size, text), NULL);
		trials_run(1);
		rte_cryptodev_sym_session_free(device, session);
	}
	tap_case("known answers with keys of 128, 192 and 256 bits");
}

static void sizes(void)
{
	static const uint32_t edges[] = { 0, 1, 15, 16, 17, 31, 32, 33, 255, 256, 1420, 4095, 4096 };
	struct shape shapes[2 * RTE_DIM(edges)];

	for (unsigned i = 0; i < RTE_DIM(shapes); i++)
		shapes[i] = (struct shape){
			.size = edges[i / 2], .source_piece = BED_ROOM, .key_size = 16, .aad_size = 13, .open = i % 2
		};
	shapes_run(shapes, RTE_DIM(shapes));
	tap_case("sizes from 0 to a whole mbuf");
	for (uint32_t i = 0; i < RTE_DIM(shapes); i++)
		shapes[i] = (struct shape){ .size = 100,
					    .source_piece = BED_ROOM,
					    .key_size = 32,
					    .aad_size = (uint32_t[]){ 0, 1, 5, 12, 16, 31, 32, 33, 48, 63, 64 }[i % 11],
					    .open = i % 2 };
	shapes_run(shapes, RTE_DIM(shapes));
	tap_case("additional data of 0 to 64 bytes, in the descriptor and beside it");
}

static void packet_shapes(void)
{
	const struct shape shapes[] = {
		{ .size = 4096, .source_piece = 256 }, /* sixteen pieces in place */
		{ .size = 4095, .source_piece = 256, .open = true },
		{ .size = 65536, .source_piece = 4096 }, /* the most, in sixteen pieces */
		{ .size = 65536, .source_piece = 4096, .open = true },
		{ .size = 1000, .source_piece = 4096, .destination_piece = 4096 }, /* one piece to another */
		{ .size = 1000, .source_piece = 100, .destination_piece = 4096 },  /* many to one */
		{ .size = 1000, .source_piece = 4096, .destination_piece = 63 },   /* one to sixteen */
		{ .size = 1000, .source_piece = 77, .destination_piece = 99 },     /* many to many, edges apart */
		{ .size = 1000, .source_piece = 77, .destination_piece = 99, .open = true },
		{ .size = 16, .source_piece = 1 },                  /* pieces of one byte */
		{ .size = 500, .offset = 100, .source_piece = 64 }, /* starts in a later piece */
		{ .size = 500, .offset = 64, .source_piece = 64, .destination_piece = 32 + 16 }, /* at its edge */
		{ .size = 10, .offset = 60, .source_piece = 64, .open = true },                  /* across an edge */
		{ .size = 1, .offset = 200, .source_piece = 201 },
		{ .size = 300, .source_piece = 100, .open = true, .forged = true },
		{ .size = 300, .source_piece = 300, .open = true, .forged = true },
		{ .size = 300, .source_piece = 300, .destination_piece = 100, .open = true, .forged = true },
	};

	for (unsigned i = 0; i < RTE_DIM(shapes); i++) {
		struct shape shape = shapes[i];

		shape.key_size = 16 + 8 * (i % 3);
		shape.aad_size = 13;
		shapes_run(&shape, 1);
	}
	tap_case("packets in one and many pieces, in place and not; forged ones give zeros");
}

static void refused_one(const struct shape *shape, void (*spoil)(struct rte_crypto_op *),
			enum rte_crypto_op_status status, const char *what)
{
	struct rte_crypto_op *op;
	void *session = trial_make(&trials[0], shape);

	op = trials[0].op;
	spoil(op);
	CHECK(bed_run(device, 0, &op, 1), "%s: comes back", what);
	CHECK(op->status == status, "%s: status %u, not %u", what, op->status, status);
	trial_free(&trials[0]);
	rte_cryptodev_sym_session_free(device, session);
}

static void spoil_nothing(struct rte_crypto_op *op)
{
	(void)op;
}

static void spoil_length(struct rte_crypto_op *op)
{
	op->sym->aead.data.length++;
}

static void spoil_offset(struct rte_crypto_op *op)
{
	op->sym->aead.data.offset = UINT32_MAX;
}

static void spoil_session(struct rte_crypto_op *op)
{
	op->sym->session = NULL;
}

static void spoil_type(struct rte_crypto_op *op)
{
	op->type = 77;
}

static void spoil_tag(struct rte_crypto_op *op)
{
	op->sym->aead.digest.phys_addr = 0;
}

/* Memory the card does not have, whether addresses are virtual or physical. */
static void spoil_address(struct rte_crypto_op *op)
{
	op->sym->aead.digest.phys_addr = UINT64_C(1) << 46;
}

static void refused(void)
{
	const struct shape good = { .size = 100, .source_piece = 100, .key_size = 16, .aad_size = 13 };
	const struct shape many = { .size = 170, .source_piece = 10, .key_size = 16, .aad_size = 13 };
	const struct shape large = { .size = 65536, .source_piece = 4096, .key_size = 16, .aad_size = 13 };

	refused_one(&good, spoil_length, RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "more text than the packet has");
	refused_one(&good, spoil_offset, RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "an offset outside");
	refused_one(&many, spoil_nothing, RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "seventeen pieces");
	refused_one(&large, spoil_length, RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "more text than the card takes");
	refused_one(&good, spoil_session, RTE_CRYPTO_OP_STATUS_INVALID_SESSION, "no session");
	refused_one(&good, spoil_type, RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "no kind of operation");
	refused_one(&good, spoil_tag, RTE_CRYPTO_OP_STATUS_INVALID_ARGS, "no address for the tag");
	refused_one(&good, spoil_address, RTE_CRYPTO_OP_STATUS_ERROR, "memory that is not shared");
	shapes_run(&good, 1);
	tap_case("what cannot be done comes back with its status, and the queue goes on");
}

static void sessions_refused(void)
{
	uint8_t key[64] = { 0 };

	for (uint32_t size = 0; size <= 64; size++) {
		void *session = bed_aead_session(device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, size, 0);

		CHECK((session != NULL) == (size == 16 || size == 24 || size == 32), "key of %u bytes", size);
		if (session != NULL)
			rte_cryptodev_sym_session_free(device, session);
	}
	CHECK(bed_aead_session(device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, 16, 65) == NULL, "65 bytes of additional data");
	tap_case("sessions the card cannot have are refused");
}

static void sessionless(void)
{
	const struct shape shape = { .size = 777, .source_piece = 777, .key_size = 24, .aad_size = 13 };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = { .op = RTE_CRYPTO_AEAD_OP_ENCRYPT,
			  .algo = RTE_CRYPTO_AEAD_AES_GCM,
			  .iv = { .offset = BED_NONCE_OFFSET, .length = 12 },
			  .digest_length = 16,
			  .aad_length = 13 },
	};
	struct trial *trial = &trials[0];
	uint8_t key[24], text[777];
	void *session = trial_make(trial, &shape);
	struct bed_private *own = bed_private(trial->op);

	bed_random_fill(key, sizeof(key));
	bed_random_fill(text, sizeof(text));
	memcpy(rte_pktmbuf_mtod(trial->op->sym->m_src, uint8_t *), text, sizeof(text));
	libcrypto_seal(key, 24, own->nonce, own->aad, 13, text, sizeof(text), trial->expected, trial->tag);
	xform.aead.key.data = key;
	xform.aead.key.length = sizeof(key);
	trial->op->sess_type = RTE_CRYPTO_OP_SESSIONLESS;
	trial->op->sym->xform = &xform;
	trials_run(1);
	rte_cryptodev_sym_session_free(device, session);
	tap_case("without a session");
}

/* Mostly small, now and then as large as can be. */
static uint32_t random_size(void)
{
	uint32_t scale = bed_random() % 100;

	if (scale < 80)
		return bed_random() % 2048;
	return scale < 99 ? bed_random() % 16385 : bed_random() % 65537;
}

static void random_operations(unsigned long total)
{
	struct shape shapes[BURST];

	for (unsigned long done = 0; done < total;) {
		unsigned count = 1 + bed_random() % BURST;

		for (unsigned i = 0; i < count; i++) {
			uint32_t size = random_size(), offset = bed_random() % 4 == 0 ? bed_random() % 100 : 0;
			uint32_t least = RTE_MAX((size + offset) / 15 + 1, 64u);

			shapes[i] = (struct shape){
				.size = size,
				.offset = offset,
				.source_piece = RTE_MIN(least + bed_random() % 4096, BED_ROOM + offset / 15 + 24),
				.destination_piece = bed_random() % 2 ? least + bed_random() % 1000 : 0,
				.key_size = 16 + 8 * (bed_random() % 3),
				.aad_size = bed_random() % 65,
				.open = bed_random() % 2,
			};
			shapes[i].source_piece = RTE_MIN(shapes[i].source_piece, BED_ROOM);
			shapes[i].destination_piece = RTE_MIN(shapes[i].destination_piece, BED_ROOM);
			if ((size + offset + BED_ROOM - 1) / BED_ROOM > 16)
				shapes[i].offset = 0;
			shapes[i].forged = shapes[i].open && size > 0 && bed_random() % 8 == 0;
		}
		shapes_run(shapes, count);
		done += count;
		if (tap_failures > 0)
			break;
	}
	tap_case("random operations beside libcrypto");
}

int main(int count, char *values[])
{
	if (count != 3) {
		fprintf(stderr, "usage: %s CARD OPERATIONS\n", values[0]);
		return 64;
	}
	bed_start(values[0], 1, values + 1, "");
	device = bed_card(0);
	bed_device_start(device, 1, 256);
	known_answers();
	sizes();
	packet_shapes();
	refused();
	sessions_refused();
	sessionless();
	bed_random_seed(5);
	random_operations(strtoul(values[2], NULL, 10));
	CHECK(rte_mempool_full(bed.ops) && rte_mempool_full(bed.mbufs) && rte_mempool_full(bed.sessions),
	      "everything is back in its pool");
	tap_case("nothing leaks");
	bed_device_stop(device);
	bed_end();
	return tap_end();
}
