/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card: its parts in one place, its life, and what concerns it as a whole. The front (registers, queues, DMA,
 * interrupts) is in C for every backend; see backend.h for what is behind it.
 *
 * Threads: one serves the socket and calls everything here but the notes of errors; workers run queues. gate.h says who
 * may touch what.
 */
#ifndef VCARD_CARD_H
#define VCARD_CARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend.h"
#include "dma_map.h"
#include "faults.h"
#include "flash.h"
#include "gate.h"
#include "interrupts.h"
#include "keys.h"
#include "logic.h"
#include "queue.h"
#include "worker.h"

#define VCARD_THREADS_MAX   64u
#define VCARD_KEY_SLOTS_MAX 65535u

/*
 * The client, for memory that cannot be mapped. Called by a worker inside the gate, which it leaves while it waits.
 * 0 or a negative errno.
 */
struct vcard_host {
	int (*read)(void *context, uint64_t address, void *to, uint32_t size);
	int (*write)(void *context, uint64_t address, const void *from, uint32_t size);
	void *context;
};

struct vcard_setup {
	const struct vcard_backend *backend;
	unsigned queues;    /* beside the admin queue, 1 to 64 */
	unsigned threads;   /* up to VCARD_THREADS_MAX; 0: the caller runs the queues, as the fuzz targets do */
	unsigned key_slots; /* 1 to VCARD_KEY_SLOTS_MAX */
	bool busy_poll;     /* workers never sleep while a queue is enabled */

	/* Of logic that is simulated. */
	const char *trace;     /* file for waveforms, or NULL */
	uint64_t trace_cycles; /* of the newest at least so many are kept */
	uint64_t seed;         /* of the bus's manners; 0: none */
};

struct vcard_card {
	struct vcard_setup setup;
	struct vcard_engine *engine;
	struct vcard_logic_state *logic; /* NULL unless the backend is a whole card */
	struct vcard_gate gate;
	struct vcard_dma_map map;
	const struct vcard_host *host; /* NULL: nobody is attached */
	struct vcard_keys keys;
	struct vcard_interrupts interrupts;
	struct vcard_faults faults;
	struct vcard_flash flash;

	/* What the client sees of the image: the backend's, less what the image or a fault takes away. */
	uint32_t capabilities;
	uint32_t abi_major;
	bool gone;    /* the fault "all-ones", or an image that does not answer: as if pulled out */
	bool wrong;   /* the image computes wrong tags */
	bool booting; /* goes away to load another image */

	int doorbell_fd;    /* memfd laid out as BAR0, with the doorbell pages; a new one for each client */
	uint8_t *doorbells; /* those pages, mapped */

	bool enabled;        /* CONTROL.ENABLE */
	uint32_t scratch;    /* IDENTITY.SCRATCH */
	uint32_t selftest;   /* CONTROL.SELFTEST */
	uint64_t started_ns; /* for CYCLES */
	_Atomic uint32_t errors;
	_Atomic uint32_t error_queue;
	_Atomic uint64_t error_address;
	uint32_t latch_offset; /* register whose high half is kept */
	uint32_t latch_high;
	uint32_t msix_table[GLACIS_CARD_QUEUES_MAX * 4];

	struct vcard_queue queues[GLACIS_CARD_QUEUES_MAX];
	struct vcard_worker workers[VCARD_THREADS_MAX];
};

/* 0 or a negative errno. The card is large: allocate it. */
int vcard_card_init(struct vcard_card *card, const struct vcard_setup *setup);

/* Gives the card a flash in the file at `path` before any client comes: see vcard_flash_open(). */
int vcard_card_open_flash(struct vcard_card *card, const char *path);
void vcard_card_destroy(struct vcard_card *card);

/* A client comes: doorbell pages of its own. Goes: no DMA, no mapping, no key, no interrupt is left. */
int vcard_card_attach(struct vcard_card *card, const struct vcard_host *host);
void vcard_card_detach(struct vcard_card *card);

/*
 * PCI's Bus Master Enable, clear at first. Once it was cleared nothing of the client's memory is read or written any
 * more, no request goes to the client and no interrupt. What a queue tries meanwhile fails as an access outside the
 * map does. With the gate open; closes it meanwhile.
 */
void vcard_card_master(struct vcard_card *card, bool may);

/* CONTROL.RESET of the function. With the gate open; closes it meanwhile. */
void vcard_card_reset(struct vcard_card *card);

/* A client has introduced itself, or the card in its slot has booted: which image is there? */
void vcard_card_choose_image(struct vcard_card *card);

/* Faults were armed or cleared: the card goes, or comes back as after a reset. */
void vcard_card_faults_changed(struct vcard_card *card);

/* The flash has chosen another image: goes away to load it. */
void vcard_card_boot(struct vcard_card *card);

/* Queue pairs with the admin queue. */
static inline unsigned vcard_card_queue_count(const struct vcard_card *card)
{
	return card->setup.queues + 1;
}

static inline _Atomic uint32_t *vcard_card_doorbell(const struct vcard_card *card, unsigned queue, uint32_t reg)
{
	return (_Atomic uint32_t *)(void *)(card->doorbells + queue * GLACIS_CARD_PAGE + reg);
}

/* Notes an error in ERRORS and ERROR_QUEUE. Any thread. */
void vcard_card_note(struct vcard_card *card, unsigned queue, uint32_t error_mask);
void vcard_card_note_dma(struct vcard_card *card, unsigned queue, uint32_t error_mask, uint64_t address);

/* MSI-X of a queue, which is a write by the card: not sent while it may not master the bus. Inside the gate. */
void vcard_card_interrupt(const struct vcard_card *card, unsigned queue);

/* Wakes the worker of a queue, or all. */
void vcard_card_wake(struct vcard_card *card, unsigned queue);
void vcard_card_wake_all(struct vcard_card *card);

#endif
