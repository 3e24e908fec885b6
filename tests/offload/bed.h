/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of libglacis with a card share: an engine with the device, one without for right answers, a queue of
 * each, buffers of all kinds, and bursts that are run and compared. A step of set-up that fails ends the program.
 */
#ifndef GLACIS_TESTS_OFFLOAD_BED_H
#define GLACIS_TESTS_OFFLOAD_BED_H

#include <glacis/glacis.h>

#include <stdbool.h>
#include <stdint.h>

#define BED_BURST      32u
#define BED_SIZE_MAX   16384u
#define BED_BUFFER     (BED_SIZE_MAX + 64u)
#define BED_DEADLINE_S 20u

/* Where an operation's text lies and goes. */
enum bed_place {
	BED_POOL_APART,  /* from one buffer of the pool to another */
	BED_POOL_INSIDE, /* in place in the pool */
	BED_HEAP_APART,
	BED_HEAP_INSIDE,
	BED_PIECES, /* from pieces of the heap to the pool */
	BED_PLACES
};

struct bed {
	struct glacis_engine *engine, *plain;
	struct glacis_queue *queue, *plain_queue;
	struct glacis_pool *pool;
	struct glacis_aead_session *seal, *open;             /* with the card */
	struct glacis_aead_session *plain_seal, *plain_open; /* without */
	char log[65536];                                     /* all lines of the card's log */
};

extern struct bed bed;

/* Makes everything, with the card or, if that is refused, without. Returns what glacis_card_open said. */
int bed_try(const struct glacis_card_options *options);
/* Makes everything; ends the program when it cannot. */
void bed_start(const struct glacis_card_options *options);
void bed_end(void);
__attribute__((noreturn, format(printf, 1, 2))) void bed_fail(const char *format, ...);

/* One burst of operations with random texts. */
struct bed_burst {
	uint32_t size; /* of each text; 0: each has another */
	enum bed_place place;
	uint8_t tampered; /* opens with a wrong tag, of each 8 */
	bool open;
};

struct bed_outcome {
	unsigned right, wrong, lost; /* compared with what the processor alone gives */
	unsigned by_card;
	uint64_t us; /* until all were back */
};

/* Runs a burst to its end. */
struct bed_outcome bed_run(const struct bed_burst *burst);
/* Polls the queue until `count` are back, or until the deadline. Returns how many are. */
unsigned bed_poll(unsigned count);
/* Waits until the card is in the state. False: not within the deadline. */
bool bed_wait(enum glacis_card_state state);
uint32_t bed_random(void);
/* Tells the emulated card behind the socket: "fault" and its text, or "clear" and "". */
void bed_control(const char *vcard, const char *socket, const char *command, const char *text);

#endif
