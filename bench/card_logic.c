/* SPDX-License-Identifier: Apache-2.0 */
/* See card_logic.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "card.h"
#include "card_logic.h"
#include "registers.h"

#define ADDRESS     UINT64_C(0x4000000000)
#define MEMORY      (8u << 20)
#define RING_LOG2   6u
#define QUEUE       1u
#define ADMIN       0u
#define SLOTS       48u /* texts, of which each command under way has one */
#define SLOT_BYTES  65536u
#define FAR_IN_SLOT 32768u /* the other text */
#define KEY_PLACE   (SLOTS * SLOT_BYTES)
#define BASE_PLACE  (KEY_PLACE + 4096u)
#define RINGS       (BASE_PLACE + 4096u) /* 16 KiB for each of two queues */
#define RING_BYTES  16384u
#define CYCLES_MAX  100000000u /* until something must have completed */

struct ring {
	unsigned queue;
	uint8_t *sq, *cq;
	uint32_t tail, head, phase;
};

static struct vcard_card *card;
static uint8_t *memory;
static struct ring admin, operations;

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "glacis-bench card: the simulated logic: %s\n", what);
	exit(1);
}

static uint32_t reg(uint32_t offset)
{
	return vcard_registers_read(card, offset);
}

static uint64_t cycles(void)
{
	uint32_t low = reg(GLACIS_CARD_CONTROL_CYCLES);

	return low | (uint64_t)reg(GLACIS_CARD_CONTROL_CYCLES + 4) << 32;
}

static uint64_t address(const void *pointer)
{
	return ADDRESS + (uint64_t)((const uint8_t *)pointer - memory);
}

/* ---- queues ---- */

static void ring_open(struct ring *ring, unsigned queue)
{
	uint32_t page = GLACIS_CARD_QUEUES + queue * GLACIS_CARD_PAGE;
	uint64_t base;

	*ring = (struct ring){ .queue = queue, .sq = memory + RINGS + queue * RING_BYTES, .phase = 1 };
	ring->cq = ring->sq + RING_BYTES / 2;
	base = address(ring->sq);
	vcard_registers_write(card, page + GLACIS_CARD_QUEUE_SQ_BASE, (uint32_t)base);
	vcard_registers_write(card, page + GLACIS_CARD_QUEUE_SQ_BASE + 4, (uint32_t)(base >> 32));
	base = address(ring->cq);
	vcard_registers_write(card, page + GLACIS_CARD_QUEUE_CQ_BASE, (uint32_t)base);
	vcard_registers_write(card, page + GLACIS_CARD_QUEUE_CQ_BASE + 4, (uint32_t)(base >> 32));
	vcard_registers_write(card, page + GLACIS_CARD_QUEUE_SIZE,
			      RING_LOG2 | RING_LOG2 << GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_SHIFT);
	vcard_registers_write(card, page + GLACIS_CARD_QUEUE_CONTROL, GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	if ((reg(page + GLACIS_CARD_QUEUE_STATUS) & GLACIS_CARD_QUEUE_STATUS_STATE_MASK) != GLACIS_CARD_STATE_ENABLED)
		fail("a queue is not accepted");
}

static void ring_put(struct ring *ring, const void *descriptor)
{
	memcpy(ring->sq + ring->tail * sizeof(struct glacis_card_aead), descriptor, sizeof(struct glacis_card_aead));
	ring->tail = (ring->tail + 1) % (1u << RING_LOG2);
	atomic_store_explicit(vcard_card_doorbell(card, ring->queue, GLACIS_CARD_DOORBELL_SQ_TAIL), ring->tail,
			      memory_order_release);
}

static void run(void)
{
	unsigned enabled;

	vcard_gate_enter(&card->gate);
	card->setup.backend->logic->run(card->logic, &enabled);
	vcard_gate_leave(&card->gate);
}

/* Lets the clock run until the next completion, which must be a good one. */
static void ring_take(struct ring *ring)
{
	struct glacis_card_completion completion;

	for (uint32_t i = 0;; i++) {
		memcpy(&completion, ring->cq + ring->head * sizeof(completion), sizeof(completion));
		if (completion.phase == ring->phase)
			break;
		if (i == CYCLES_MAX)
			fail("a command does not complete; this is a defect, please report it");
		run();
	}
	if (completion.status != GLACIS_CARD_STATUS_OK)
		fail("a command fails");
	ring->head = (ring->head + 1) % (1u << RING_LOG2);
	ring->phase ^= ring->head == 0;
	atomic_store_explicit(vcard_card_doorbell(card, ring->queue, GLACIS_CARD_DOORBELL_CQ_HEAD), ring->head,
			      memory_order_release);
}

static uint64_t run_one(struct ring *ring, const void *descriptor)
{
	uint64_t start = cycles();

	ring_put(ring, descriptor);
	ring_take(ring);
	return cycles() - start;
}

void card_logic_open(void)
{
	struct vcard_setup setup = { .backend = &vcard_rtl, .queues = 4, .threads = 0, .key_slots = 256, .seed = 0 };
	int file = memfd_create("glacis-bench", MFD_CLOEXEC);

	card = calloc(1, sizeof(*card));
	if (file < 0 || ftruncate(file, MEMORY) || !card)
		fail("no memory");
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED || vcard_card_init(card, &setup) || vcard_card_attach(card, NULL))
		fail("it cannot be started");
	vcard_card_choose_image(card);
	vcard_card_master(card, true);
	if (vcard_dma_map_add(&card->map, ADDRESS, MEMORY, VCARD_DMA_READABLE | VCARD_DMA_WRITEABLE, file, 0))
		fail("no memory for it");
	close(file);
	ring_open(&admin, ADMIN);
	ring_open(&operations, QUEUE);
	vcard_registers_write(card, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK);
}

void card_logic_close(void)
{
	vcard_card_detach(card);
	vcard_card_destroy(card);
	free(card);
	munmap(memory, MEMORY);
}

/* ---- records ---- */

static void put_record(const struct card_logic_record *record, uint32_t slot)
{
	uint8_t *plain = memory + slot * SLOT_BYTES, *sealed = plain + FAR_IN_SLOT;
	struct glacis_card_aead aead = {
		.opcode = record->open ? GLACIS_CARD_OPCODE_OPEN : GLACIS_CARD_OPCODE_SEAL,
		.key_size = (uint8_t)record->key_size,
		.aad_size = 5,
		.cookie = slot,
		.text_size = record->size,
		.source = address(record->open ? sealed : plain),
		.destination = address(record->open ? plain : sealed),
		.tag = address(sealed + FAR_IN_SLOT - 64),
	};

	memset(aead.key, (int)slot + 1, record->key_size);
	ring_put(&operations, &aead);
}

static double run_records(const struct card_logic_record *record, uint32_t count, uint32_t at_once)
{
	uint64_t start = cycles();
	uint32_t put = 0;

	while (put < at_once && put < count)
		put_record(record, put++ % SLOTS);
	for (uint32_t taken = 0; taken < count; taken++) {
		ring_take(&operations);
		if (put < count)
			put_record(record, put++ % SLOTS);
	}
	return (double)(cycles() - start) / count;
}

double card_logic_records(const struct card_logic_record *record, uint32_t count, uint32_t at_once)
{
	struct card_logic_record seal = *record;

	/* something to open, with the right tags */
	seal.open = false;
	if (record->open)
		run_records(&seal, SLOTS, SLOTS);
	return run_records(record, count, at_once < SLOTS ? at_once : SLOTS);
}

/* ---- RSA ---- */

static uint8_t *put_number(uint8_t *to, const EVP_PKEY *key, const char *name, uint32_t size)
{
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(key, name, &number) != 1 || BN_bn2binpad(number, to, (int)size) != (int)size)
		fail("a key has no numbers");
	BN_clear_free(number);
	return to + size;
}

static void load(struct card_logic_rsa *rsa, uint32_t size)
{
	static const char *const crt[] = { OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
					   OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
					   OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
	EVP_PKEY *key = EVP_RSA_gen(rsa->bits);
	uint8_t *to = memory + KEY_PLACE;
	struct glacis_card_key command = { .opcode = GLACIS_CARD_OPCODE_KEY_LOAD,
					   .kind = GLACIS_CARD_KEY_KIND_RSA_CRT,
					   .modulus_size = size,
					   .exponent_size = 3,
					   .key = address(to) };
	struct glacis_card_key zeroise = { .opcode = GLACIS_CARD_OPCODE_KEY_ZEROISE };

	if (!key)
		fail("OpenSSL makes no key");
	to = put_number(put_number(to, key, OSSL_PKEY_PARAM_RSA_N, size), key, OSSL_PKEY_PARAM_RSA_E, 3);
	for (unsigned i = 0; i < sizeof(crt) / sizeof(crt[0]); i++)
		to = put_number(to, key, crt[i], size / 2);
	EVP_PKEY_free(key);
	run_one(&admin, &zeroise); /* an empty slot is filled faster than one that must be overwritten */
	rsa->key_load = run_one(&admin, &command);
}

void card_logic_rsa(struct card_logic_rsa *rsa)
{
	uint32_t size = rsa->bits / 8;
	struct glacis_card_rsa command = { .opcode = GLACIS_CARD_OPCODE_RSA_PRIVATE,
					   .modulus_size = size,
					   .base = address(memory + BASE_PLACE),
					   .result = address(memory) };

	load(rsa, size);
	memset(memory + BASE_PLACE, 0x5a, size);
	rsa->private_crt = run_one(&operations, &command);
	/* what the public exponent gives back is what was put in */
	command.opcode = GLACIS_CARD_OPCODE_RSA_PUBLIC;
	command.base = address(memory);
	command.result = address(memory + SLOT_BYTES);
	rsa->public_exponent = run_one(&operations, &command);
	if (memcmp(memory + SLOT_BYTES, memory + BASE_PLACE, size) != 0)
		fail("the power of a power is not what it was");
}
