/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-GCM by the card: known answers, random operations beside OpenSSL, every shape of segment lists, in place, far
 * memory, wrong tags, fields out of bounds, memory that is not there.
 *
 * usage: test_vcard_aead GLACIS-VCARD VECTORS [CASE...]
 */
#include <stdlib.h>
#include <string.h>

#include "aead_vectors.h"
#include "ring.h"

#define TEXT GLACIS_CARD_TEXT_MAX

static const char *vectors_path;

/* A card, one queue, and places for an operation. */
struct bed {
	struct rig rig;
	struct ring ring;
	uint8_t *source, *destination, *tag, *aad;
	struct glacis_card_segment *source_list, *destination_list;
};

static bool bed_open(struct bed *bed)
{
	if (!rig_open(&bed->rig, NULL))
		return false;
	bed->source = rig_allocate(&bed->rig, 2 * TEXT);
	bed->destination = rig_allocate(&bed->rig, 2 * TEXT);
	bed->tag = rig_allocate(&bed->rig, 16);
	bed->aad = rig_allocate(&bed->rig, 64);
	bed->source_list = rig_allocate(&bed->rig, GLACIS_CARD_SEGMENTS_MAX * sizeof(struct glacis_card_segment));
	bed->destination_list = rig_allocate(&bed->rig, GLACIS_CARD_SEGMENTS_MAX * sizeof(struct glacis_card_segment));
	if (!CHECK(ring_open(&bed->ring, &bed->rig, 1, 4, 4)))
		return false;
	rig_enable(&bed->rig);
	return true;
}

static void bed_close(struct bed *bed)
{
	CHECK(rig_stop(&bed->rig) == 0);
}

static struct glacis_card_aead command(const struct bed *bed, bool seal, uint32_t size)
{
	return ring_aead(&bed->rig, seal, 0x1234, bed->source, bed->destination, size, bed->tag);
}

static void set_secrets(struct glacis_card_aead *aead, const struct vector *vector, struct bed *bed)
{
	aead->key_size = (uint8_t)vector->key_size;
	memcpy(aead->key, vector->key, vector->key_size);
	memcpy(aead->nonce, vector->nonce, sizeof(vector->nonce));
	aead->aad_size = (uint8_t)vector->aad_size;
	memcpy(bed->aad, vector->aad, vector->aad_size);
	if (vector->aad_size > GLACIS_CARD_AAD_INLINE_MAX)
		aead->aad_address = rig_address(&bed->rig, bed->aad);
	else
		memcpy(aead->aad, vector->aad, vector->aad_size);
}

static void try_vector(struct bed *bed, const struct vector *vector)
{
	struct glacis_card_completion completion;
	struct glacis_card_aead aead = command(bed, true, vector->size);

	tap_context("%s", vector->name);
	set_secrets(&aead, vector, bed);
	memcpy(bed->source, vector->plaintext, vector->size);
	memset(bed->tag, 0, 16);
	CHECK(ring_run(&bed->ring, &aead, &completion) == GLACIS_CARD_STATUS_OK);
	CHECK(completion.size == vector->size && completion.cookie == 0x1234 && completion.queue == 1);
	CHECK(memcmp(bed->destination, vector->ciphertext, vector->size) == 0);
	CHECK(memcmp(bed->tag, vector->tag, 16) == 0);

	aead.opcode = GLACIS_CARD_OPCODE_OPEN;
	memcpy(bed->source, vector->ciphertext, vector->size);
	CHECK(ring_run(&bed->ring, &aead, &completion) == GLACIS_CARD_STATUS_OK);
	CHECK(completion.size == vector->size);
	CHECK(memcmp(bed->destination, vector->plaintext, vector->size) == 0);

	bed->tag[15] ^= 1;
	memset(bed->destination, 0xaa, vector->size + 1);
	CHECK(ring_run(&bed->ring, &aead, &completion) == GLACIS_CARD_STATUS_AUTH_FAILED);
	CHECK(completion.size == 0);
	for (uint32_t i = 0; i < vector->size; i++)
		CHECK(bed->destination[i] == 0);
	CHECK(bed->destination[vector->size] == 0xaa);
}

static void known_answers(void)
{
	FILE *file = fopen(vectors_path, "r");
	struct vector vector;
	struct bed bed;
	unsigned count = 0;

	NEED(file);
	NEED(bed_open(&bed));
	for (; vector_next(file, &vector); count++)
		try_vector(&bed, &vector);
	tap_context("%s", "");
	CHECK(count >= 30);
	CHECK(rig_comes_to(&bed.rig, GLACIS_CARD_COUNTERS_AUTH_FAILED, count));
	CHECK(rig_comes_to(&bed.rig, GLACIS_CARD_COUNTERS_AEAD_OPERATIONS, 3 * (uint64_t)count));
	CHECK(rig_read64(&bed.rig, GLACIS_CARD_COUNTERS_ERRORS) == 0);
	fclose(file);
	bed_close(&bed);
}

static void fill_random(unsigned *state, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(rand_r(state) >> 4);
}

/*
 * Lays a text of `size` bytes out in `count` pieces at odd places of `space`, in the order of the list but not of
 * memory, and lists them.
 */
static void lay_out(const struct bed *bed, unsigned *state, uint8_t *space, struct glacis_card_segment *list,
		    uint32_t count, uint32_t size)
{
	uint32_t left = size, place = 2 * TEXT;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t most = left - (count - 1 - i);
		uint32_t piece = i + 1 == count ? left : 1 + (uint32_t)rand_r(state) % (most / (count - i) + 1);

		piece = piece > most ? most : piece;
		place -= piece + (uint32_t)rand_r(state) % 64;
		list[i] = (struct glacis_card_segment){ .address = rig_address(&bed->rig, space + place),
							.size = piece };
		left -= piece;
	}
}

static uint8_t *piece_of(const struct bed *bed, const struct glacis_card_segment *segment)
{
	return bed->rig.memory + (segment->address - RIG_ADDRESS);
}

static void copy_pieces(const struct bed *bed, const struct glacis_card_segment *list, uint32_t count, uint8_t *bytes,
			bool to_pieces)
{
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *piece = piece_of(bed, &list[i]);

		memcpy(to_pieces ? piece : bytes, to_pieces ? bytes : piece, list[i].size);
		bytes += list[i].size;
	}
}

/* One random text, sealed by the card from `in` to `out` pieces and compared, then opened back. */
static void try_shape(struct bed *bed, unsigned *state, uint32_t in, uint32_t out, uint32_t size)
{
	static uint8_t plain[TEXT], cipher[TEXT], seen[TEXT];
	struct glacis_card_aead aead = command(bed, true, size);
	struct vector vector = { .key_size = 16 + 8 * ((uint32_t)rand_r(state) % 3),
				 .aad_size = (uint32_t)rand_r(state) % 65 };
	uint8_t tag[16];

	tap_context("%u bytes, %u pieces to %u, %u of AAD", size, in, out, vector.aad_size);
	fill_random(state, vector.key, sizeof(vector.key));
	fill_random(state, vector.nonce, sizeof(vector.nonce));
	fill_random(state, vector.aad, sizeof(vector.aad));
	fill_random(state, plain, size);
	lay_out(bed, state, bed->source, bed->source_list, in, size);
	lay_out(bed, state, bed->destination, bed->destination_list, out, size);
	copy_pieces(bed, bed->source_list, in, plain, true);
	set_secrets(&aead, &vector, bed);
	aead.source_count = (uint8_t)in;
	aead.destination_count = (uint8_t)out;
	aead.source = in > 1 ? rig_address(&bed->rig, bed->source_list) : bed->source_list[0].address;
	aead.destination = out > 1 ? rig_address(&bed->rig, bed->destination_list) : bed->destination_list[0].address;
	CHECK(ring_run(&bed->ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	CHECK(vector_openssl(vector.key, vector.key_size, vector.nonce, vector.aad, vector.aad_size, plain, size,
			     cipher, tag));
	copy_pieces(bed, bed->destination_list, out, seen, false);
	CHECK(memcmp(seen, cipher, size) == 0);
	CHECK(memcmp(bed->tag, tag, 16) == 0);

	/* Back, in place. */
	aead.opcode = GLACIS_CARD_OPCODE_OPEN;
	aead.source = aead.destination;
	aead.source_count = aead.destination_count;
	CHECK(ring_run(&bed->ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	copy_pieces(bed, bed->destination_list, out, seen, false);
	CHECK(memcmp(seen, plain, size) == 0);
}

static void shapes_of_segment_lists(void)
{
	static const uint32_t sizes[] = { 16, 17, 100, 1420, 16384, TEXT };
	unsigned state = 1;
	struct bed bed;

	NEED(bed_open(&bed));
	for (uint32_t in = 1; in <= GLACIS_CARD_SEGMENTS_MAX; in++) {
		for (uint32_t out = 1; out <= GLACIS_CARD_SEGMENTS_MAX; out++)
			try_shape(&bed, &state, in, out, sizes[(in + out) % 6]);
	}
	tap_context("%s", "");
	bed_close(&bed);
}

static void random_operations_beside_openssl(void)
{
	unsigned state = 2;
	struct bed bed;

	NEED(bed_open(&bed));
	for (unsigned i = 0; i < (rig_is_rtl() ? 600 : 3000); i++)
		try_shape(&bed, &state, 1, 1, 1 + (uint32_t)rand_r(&state) % (i % 50 ? 2000 : TEXT));
	tap_context("%s", "");
	bed_close(&bed);
}

/* ---- what must be refused ---- */

struct wrong {
	const char *what;
	uint8_t opcode, key_size, aad_size, source_count, destination_count;
	uint32_t text_size;
	bool reserved, reserved2, aad_address;
	int status;
};

static void fields_out_of_bounds(void)
{
	static const struct wrong wrongs[] = {
		{ "nothing", 1, 16, 0, 0, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_OK },
		{ "counts of one", 1, 16, 0, 1, 1, 64, 0, 0, 0, GLACIS_CARD_STATUS_OK },
		{ "no text", 1, 16, 0, 0, 0, 0, 0, 0, 0, GLACIS_CARD_STATUS_OK },
		{ "key of 0", 1, 0, 0, 0, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "key of 17", 1, 17, 0, 0, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "key of 64", 1, 64, 0, 0, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "AAD of 65", 1, 16, 65, 0, 0, 64, 0, 0, 1, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "an address for AAD inside", 1, 16, 32, 0, 0, 64, 0, 0, 1, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "17 pieces in", 1, 16, 0, 17, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "255 pieces out", 1, 16, 0, 0, 255, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "a list of zeros", 1, 16, 0, 2, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "a list for no text", 1, 16, 0, 2, 0, 0, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "too much text", 1, 16, 0, 0, 0, TEXT + 1, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "4 GiB of text", 1, 16, 0, 0, 0, UINT32_MAX, 0, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "reserved", 2, 16, 0, 0, 0, 64, 1, 0, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "reserved2", 2, 16, 0, 0, 0, 64, 0, 1, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "opcode 3", 3, 16, 0, 0, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_OPCODE },
		{ "opcode of the admin queue", 0x41, 16, 0, 0, 0, 64, 0, 0, 0, GLACIS_CARD_STATUS_BAD_OPCODE },
	};
	struct bed bed;
	uint64_t errors = 0;

	NEED(bed_open(&bed));
	for (size_t i = 0; i < TAP_COUNT(wrongs); i++) {
		const struct wrong *wrong = &wrongs[i];
		struct glacis_card_aead aead = command(&bed, true, wrong->text_size);

		tap_context("%s", wrong->what);
		memset(bed.source_list, 0, 256);
		aead.opcode = wrong->opcode;
		aead.key_size = wrong->key_size;
		aead.aad_size = wrong->aad_size;
		aead.source_count = wrong->source_count;
		aead.destination_count = wrong->destination_count;
		aead.reserved[1] = wrong->reserved;
		aead.reserved2 = wrong->reserved2;
		aead.aad_address = wrong->aad_address ? rig_address(&bed.rig, bed.aad) : 0;
		memset(bed.destination, 0x55, 64);
		CHECK(ring_run(&bed.ring, &aead, NULL) == wrong->status);
		if (wrong->status != GLACIS_CARD_STATUS_OK) {
			errors++;
			CHECK(bed.destination[0] == 0x55);
		}
	}
	tap_context("%s", "");
	CHECK(rig_read64(&bed.rig, GLACIS_CARD_COUNTERS_ERRORS) == errors);
	bed_close(&bed);
}

static void lists_that_do_not_add_up(void)
{
	static const struct {
		const char *what;
		uint32_t size[3], reserved;
		int status;
	} lists[] = {
		{ "good", { 10, 20, 34 }, 0, GLACIS_CARD_STATUS_OK },
		{ "one too few", { 10, 20, 33 }, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "one too many", { 10, 20, 35 }, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "an empty piece", { 30, 0, 34 }, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "2^32 too many", { 0x80000000u, 0x80000000u, 64 }, 0, GLACIS_CARD_STATUS_BAD_FIELD },
		{ "reserved", { 10, 20, 34 }, 1, GLACIS_CARD_STATUS_BAD_FIELD },
	};
	struct bed bed;

	NEED(bed_open(&bed));
	for (size_t i = 0; i < TAP_COUNT(lists) * 2; i++) {
		struct glacis_card_aead aead = command(&bed, true, 64);
		struct glacis_card_segment *list = i % 2 ? bed.source_list : bed.destination_list;

		tap_context("%s, %s", lists[i / 2].what, i % 2 ? "in" : "out");
		for (unsigned k = 0; k < 3; k++)
			list[k] = (struct glacis_card_segment){ rig_address(&bed.rig, bed.source), lists[i / 2].size[k],
								k == 1 ? lists[i / 2].reserved : 0 };
		*(i % 2 ? &aead.source_count : &aead.destination_count) = 3;
		*(i % 2 ? &aead.source : &aead.destination) = rig_address(&bed.rig, list);
		CHECK(ring_run(&bed.ring, &aead, NULL) == lists[i / 2].status);
	}
	tap_context("%s", "");
	bed_close(&bed);
}

/* Each address of a descriptor in turn, at the end of the memory, outside it, and where 2^64 is near. */
static void memory_that_is_not_there(void)
{
	static const uint64_t places[] = { 0, RIG_ADDRESS - 1, RIG_ADDRESS + RIG_MEMORY - 15, RIG_ADDRESS + RIG_MEMORY,
					   UINT64_MAX - 7 };
	struct bed bed;

	NEED(bed_open(&bed));
	for (size_t i = 0; i < TAP_COUNT(places) * 6; i++) {
		bool seal = i % 6 != 3;
		struct glacis_card_aead aead = command(&bed, seal, 64);
		uint64_t *addresses[] = { &aead.source, &aead.destination, &aead.tag,
					  &aead.tag,    &aead.aad_address, &aead.source };
		bool write = i % 6 == 1 || i % 6 == 2;
		uint32_t mask = write ? GLACIS_CARD_CONTROL_ERRORS_DMA_WRITE_MASK
				      : GLACIS_CARD_CONTROL_ERRORS_DMA_READ_MASK;

		tap_context("address %zu, %#llx", i % 6, (unsigned long long)places[i / 6]);
		aead.aad_size = 40;
		aead.aad_address = rig_address(&bed.rig, bed.aad);
		aead.source_count = i % 6 == 5 ? 2 : 0;
		*addresses[i % 6] = places[i / 6];
		CHECK(ring_run(&bed.ring, &aead, NULL) ==
		      (write ? GLACIS_CARD_STATUS_DMA_WRITE : GLACIS_CARD_STATUS_DMA_READ));
		CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_ERRORS) == mask);
		CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_ERROR_QUEUE) == 1);
		CHECK(rig_read64(&bed.rig, GLACIS_CARD_CONTROL_ERROR_ADDRESS) >= places[i / 6] ||
		      places[i / 6] > UINT64_MAX - 64);
		rig_write32(&bed.rig, GLACIS_CARD_CONTROL_ERRORS, mask);
		CHECK(rig_read32(&bed.rig, GLACIS_CARD_CONTROL_ERRORS) == 0);
	}
	tap_context("%s", "");
	bed_close(&bed);
}

/* Memory without a descriptor: the card asks for it by messages; one text over two regions, one near and one far. */
static void far_memory(void)
{
	static uint8_t far[4096], plain[200], cipher[200];
	static const uint8_t zeros[16];
	uint64_t address = RIG_ADDRESS + RIG_MEMORY;
	struct glacis_card_aead aead;
	struct bed bed;
	uint8_t tag[16];

	NEED(bed_open(&bed));
	bed.rig.client.far = far;
	bed.rig.client.far_address = address;
	bed.rig.client.far_size = sizeof(far);
	CHECK(client_map(&bed.rig.client, address, sizeof(far), VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE, -1, 0) ==
	      0);
	for (unsigned i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7);
	memcpy(bed.rig.memory + RIG_MEMORY - 100, plain, 100);
	memcpy(far, plain + 100, 100);
	aead = command(&bed, true, sizeof(plain));
	aead.source = address - 100;
	aead.destination = address + 1000;
	CHECK(ring_run(&bed.ring, &aead, NULL) == GLACIS_CARD_STATUS_OK);
	CHECK(vector_openssl(zeros, 16, zeros, NULL, 0, plain, sizeof(plain), cipher, tag));
	CHECK(memcmp(far + 1000, cipher, sizeof(cipher)) == 0);
	CHECK(memcmp(bed.tag, tag, sizeof(tag)) == 0);
	if (!rig_is_rtl()) /* which asks once for each burst of its bus */
		CHECK(bed.rig.client.far_reads == 1 && bed.rig.client.far_writes == 1);

	/* The client refuses the access. */
	bed.rig.client.far_size = 500;
	CHECK(ring_run(&bed.ring, &aead, NULL) == GLACIS_CARD_STATUS_DMA_WRITE);
	bed_close(&bed);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "known answers", known_answers },
		{ "shapes of segment lists", shapes_of_segment_lists },
		{ "random operations beside OpenSSL", random_operations_beside_openssl },
		{ "fields out of bounds", fields_out_of_bounds },
		{ "lists that do not add up", lists_that_do_not_add_up },
		{ "memory that is not there", memory_that_is_not_there },
		{ "far memory", far_memory },
	};

	if (argc < 3)
		return 2;
	rig_vcard = argv[1];
	vectors_path = argv[2];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 3);
}
