/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What computes behind the card's front: one const table. The front has checked every length, has the operands in
 * memory of its own, and writes the results to the host; a backend sees no address, ring or register. Status codes are
 * those of the card's ABI.
 *
 * Thread-safety: `thread` is below the number that `open` was told, and each is used by one thread at a time. Keys are
 * immutable and shared by all threads.
 */
#ifndef VCARD_BACKEND_H
#define VCARD_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "glacis_card_abi.h"

#define VCARD_NONCE 12u
#define VCARD_TAG   16u

struct vcard_engine; /* the backend's own */
struct vcard_key;    /* the backend's own */

struct vcard_aead {
	bool seal;
	uint32_t key_size; /* 16, 24, 32 */
	uint32_t aad_size; /* at most GLACIS_CARD_AAD_MAX */
	uint32_t size;     /* at most GLACIS_CARD_TEXT_MAX */
	const uint8_t *key;
	const uint8_t *nonce;
	const uint8_t *aad;
	const uint8_t *source; /* `size` bytes, which the host may change meanwhile */
	uint8_t *destination;  /* `size` bytes; not the source */
	uint8_t *tag;          /* written by a seal, compared by an open */
};

/* A key as it was loaded: big-endian numbers one behind the other, as GLACIS_CARD_KEY_KIND says. */
struct vcard_key_numbers {
	enum glacis_card_key_kind kind;
	uint32_t modulus_size;
	uint32_t exponent_size;
	const uint8_t *bytes;
};

struct vcard_logic; /* logic.h */

struct vcard_backend {
	const char *name;
	const struct vcard_logic *logic; /* stands in for the whole card: of the rest only the name counts */
	uint32_t board;        /* GLACIS_CARD_BOARD_* */
	uint32_t capabilities; /* GLACIS_CARD_IDENTITY_CAPABILITIES_*_MASK */
	uint32_t rsa_bits_min, rsa_bits_max;
	uint32_t clock_khz;
	bool streams; /* results pass by the caches of processors, as a device's do (stream.h); else they are copied */

	/* 0 or a negative errno. */
	int (*open)(struct vcard_engine **engine, unsigned threads);
	void (*close)(struct vcard_engine *engine);

	/* OK, AUTH_FAILED with a destination of zeros, or INTERNAL. */
	enum glacis_card_status (*aead)(struct vcard_engine *engine, unsigned thread, const struct vcard_aead *op);

	/* OK, KEY_BAD or INTERNAL. */
	enum glacis_card_status (*key_make)(struct vcard_engine *engine, const struct vcard_key_numbers *numbers,
					    struct vcard_key **key);
	void (*key_free)(struct vcard_key *key);

	/* Numbers as long as the modulus; OK, VALUE_RANGE or INTERNAL. */
	enum glacis_card_status (*rsa)(struct vcard_engine *engine, unsigned thread, const struct vcard_key *key,
				       bool private_exponent, const uint8_t *base, uint8_t *result);
};

extern const struct vcard_backend vcard_model;
extern const struct vcard_backend vcard_instant;
extern const struct vcard_backend vcard_rtl; /* in builds that have it */

#endif
