/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of the card stand on: a glacis-vcard process of their own in a scratch folder, a client attached to it,
 * memory that both see, queues with descriptors. Everything that waits has a deadline.
 */
#ifndef CARD_RIG_H
#define CARD_RIG_H

#include <sys/types.h>

#include "client.h"
#include "glacis_card_abi.h"
#include "tap.h"

#define RIG_MEMORY  (16u << 20)
#define RIG_ADDRESS UINT64_C(0x4000000000) /* bus address of the memory */
/* And another, which differs in each bit that it may differ in; after rig_map_again(). */
#define RIG_ADDRESS_AGAIN (~RIG_ADDRESS & ~(uint64_t)(RIG_MEMORY - 1))
#ifndef RIG_WAIT_MS /* a card that counts what it covers is a hundred times slower (tests/rtl/coverage) */
#define RIG_WAIT_MS 20000
#endif

struct rig {
	pid_t process; /* 0: none */
	char folder[64];
	char socket[96];
	char control[104];
	char log[96]; /* what the card says */
	struct client client;
	uint8_t *memory;
	int memory_fd;
	size_t used;
};

/* Path of glacis-vcard; set by main() of each test. */
extern const char *rig_vcard;

/* The card's --backend, from the environment (GLACIS_VCARD_BACKEND); NULL for its default. */
const char *rig_backend(void);

/* The card is simulated logic: slower by far than the model, with 256 key slots. */
bool rig_is_rtl(void);

/* Starts a card with these options (NULL-terminated, may be NULL) and waits for its socket. */
bool rig_start(struct rig *rig, const char *const *options);

/* Attaches a client, maps the doorbells and the memory, and lets the card master the bus. Again after rig_detach(). */
bool rig_attach(struct rig *rig);
void rig_detach(struct rig *rig);

/* rig_start() and rig_attach(). */
bool rig_open(struct rig *rig, const char *const *options);

/* Detaches, ends the card by SIGTERM and returns its exit status, or -1 when it died or did not end. */
int rig_stop(struct rig *rig);

/* True when the card's process is there. Reaps it otherwise, and then says how it ended, as waitpid() does. */
bool rig_is_alive(struct rig *rig, int *status);

/* Starts the card again at the same socket, after rig_is_alive() has said no. */
bool rig_start_again(struct rig *rig, const char *const *options);

/* Runs glacis-vcard with these arguments to its end: its exit status, or -1. `output`, which may be NULL: what it says.
 */
int rig_program(struct rig *rig, const char *const *arguments, char *output, size_t size);

/* `glacis-vcard ctl --socket CONTROL WORD...`, likewise. */
int rig_control(struct rig *rig, const char *const *words, char *output, size_t size);

/* Zeroed memory for one purpose, aligned to a page; a rig has RIG_MEMORY of it until rig_stop() or rig_free_all(). */
void *rig_allocate(struct rig *rig, size_t size);
void rig_free_all(struct rig *rig);
uint64_t rig_address(const struct rig *rig, const void *memory);

/* The memory at RIG_ADDRESS_AGAIN too, and where an address of either place lies in it. */
bool rig_map_again(struct rig *rig);
uint64_t rig_address_again(const struct rig *rig, const void *memory);
uint8_t *rig_memory(const struct rig *rig, uint64_t address);

uint32_t rig_read32(struct rig *rig, uint32_t offset);
uint64_t rig_read64(struct rig *rig, uint32_t offset);
void rig_write32(struct rig *rig, uint32_t offset, uint32_t value);
void rig_write64(struct rig *rig, uint32_t offset, uint64_t value);
/* Waits until a counter has this value. A completion may be seen in memory before the card knows that it was written,
 * and counts it. */
bool rig_comes_to(struct rig *rig, uint32_t offset, uint64_t value);
void rig_enable(struct rig *rig);

/* CONTROL.RESET of the function, waited for. */
bool rig_reset(struct rig *rig);

uint64_t rig_now_ms(void);
void rig_sleep_ms(unsigned ms);

#endif
