/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AEAD benchmark's common ground. A bed is the memory of one case: keys, buffers and
 * records, the same for Glacis and for its peers, so that only the code between them differs.
 *
 * Concepts. Records are numbered; record n uses key n % keys and buffer slot n % AEAD_SLOTS.
 * Sealing is done in place, each record under a nonce of its own. Opening is done from a source
 * that stays (in place would destroy it) into another buffer, and the tag is always checked:
 * the AEAD_RECORDS records to open share AEAD_SLOTS ciphertexts, with a tag each.
 */
#ifndef BENCH_AEAD_H
#define BENCH_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AEAD_RECORDS    1024u /* most keys; also distinct records to open */
#define AEAD_SLOTS      32u   /* buffers in turn: 512 KiB at 16 KiB each */
#define AEAD_BURST_MAX  32u
#define AEAD_AAD_SIZE   13u /* TLS 1.2's; TLS 1.3 has 5 */
#define AEAD_TAG_SIZE   16u
#define AEAD_NONCE_SIZE 12u

/* What is measured. */
struct aead_shape {
	bool open; /* else seal */
	unsigned key_size;
	unsigned size; /* bytes of text per record */
	unsigned keys;
	unsigned burst; /* records handed over at once, where the interface can */
};

struct aead_bed {
	struct aead_shape shape;
	uint8_t *source[AEAD_SLOTS]; /* open: ciphertext; seal: the same as destination */
	uint8_t *destination[AEAD_SLOTS];
	uint8_t tag[AEAD_SLOTS][AEAD_TAG_SIZE];          /* seal: where tags are written */
	uint8_t record_tag[AEAD_RECORDS][AEAD_TAG_SIZE]; /* open: the valid tags */
	uint8_t key[AEAD_RECORDS][32];
	uint8_t aad[AEAD_AAD_SIZE];
	uint8_t *memory; /* what `source` and `destination` lie in */
};

/* Glacis or one of its peers. */
struct aead_contender {
	const char *name;
	/* Keys expanded, objects made. Returns 0 or a negative errno after a message. */
	int (*prepare)(struct aead_bed *bed, void **state);
	/* Seals or opens `bursts` bursts, the first record having number `first`. The timed part.
	 * Returns 0, or -EBADMSG when a record failed. */
	int (*run)(void *state, struct aead_bed *bed, uint64_t first, unsigned bursts);
	void (*finish)(void *state);
};

extern const struct aead_contender aead_glacis;
extern const struct aead_contender aead_openssl;
extern const struct aead_contender aead_ipsec_mb;

/* Makes the buffers, keys and valid tags for a shape. Beds with another `layout` number lie differently
 * in the pages. Returns 0 or a negative errno. */
int aead_bed_create(const struct aead_shape *shape, unsigned layout, struct aead_bed **bed);
void aead_bed_destroy(struct aead_bed *bed);

/* Gives the destination buffers the contents they had after creation. */
void aead_bed_reset(struct aead_bed *bed);

/* The nonce of record `number`; part of the timed work of everyone. */
static inline void aead_nonce(const struct aead_bed *bed, uint64_t number, uint8_t nonce[AEAD_NONCE_SIZE])
{
	uint32_t salt = 0x67616c63;
	uint64_t counter;

	if (bed->shape.open)
		number %= AEAD_RECORDS; /* what the tags were made for */
	counter = __builtin_bswap64(number);
	memcpy(nonce, &salt, sizeof(salt));
	memcpy(nonce + sizeof(salt), &counter, sizeof(counter));
}

#endif
