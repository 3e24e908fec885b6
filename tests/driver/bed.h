/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests against a card share: the EAL, memory pools, devices with queue pairs, operations that are run to
 * their end within a deadline. A step of set-up that fails ends the program: nothing else would make sense.
 */
#ifndef GLACIS_TESTS_DRIVER_BED_H
#define GLACIS_TESTS_DRIVER_BED_H

#include <stdint.h>

#include <rte_crypto.h>
#include <rte_cryptodev.h>
#include <rte_mbuf.h>

#define BED_NONCE_OFFSET (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define BED_ROOM         4096u /* bytes of an mbuf's data */
#define BED_DEADLINE_MS  10000u

struct bed {
	struct rte_mempool *ops; /* symmetric; nonce, tag and additional data behind */
	struct rte_mempool *asym_ops;
	struct rte_mempool *mbufs;
	struct rte_mempool *sessions;
	struct rte_mempool *asym_sessions;
};

/* Private area of a symmetric operation, at BED_NONCE_OFFSET. */
struct bed_private {
	uint8_t nonce[12];
	uint8_t reserved[4];
	uint8_t tag[16];
	uint8_t aad[64];
};

extern struct bed bed;

/* Ends the program, as a failed test. */
__attribute__((noreturn, format(printf, 1, 2))) void bed_fail(const char *format, ...);

/*
 * Starts the EAL with `count` cards and makes the pools. A card is the path of a socket, or pci:ADDRESS, a function
 * bound to vfio-pci or UIO. Without hugepages, unless GLACIS_TEST_HUGEPAGES is in the environment.
 */
void bed_start(const char *program, unsigned count, char *const cards[], const char *options);
/* The same with the EAL's arguments as they are. */
void bed_start_with(int count, const char *const arguments[]);
void bed_end(void);

/* Configures a device with queue pairs of `descriptors` entries each and starts it. */
void bed_device_start(uint8_t device, uint16_t queue_pairs, uint32_t descriptors);
void bed_device_stop(uint8_t device);
uint8_t bed_device(const char *name);
/* The device of a card that bed_start() was given. */
uint8_t bed_card(unsigned index);
bool bed_is_function(const char *card);
/* Adds a card's device to a running EAL, with options as "name=value,...", and takes it away. */
bool bed_plug(unsigned index, const char *card, const char *options);
bool bed_unplug(unsigned index, const char *card);

struct bed_private *bed_private(struct rte_crypto_op *op);
/* Fills a packet of the lengths given, from `bytes` if there are any; ends with a length of 0. */
struct rte_mbuf *bed_packet(const uint32_t *lengths, const uint8_t *bytes);
/* A packet of `size` bytes in mbufs of at most `piece`. */
struct rte_mbuf *bed_packet_of(uint32_t size, uint32_t piece, const uint8_t *bytes);
void bed_packet_read(const struct rte_mbuf *packet, uint32_t offset, uint32_t size, uint8_t *bytes);

void *bed_aead_session(uint8_t device, enum rte_crypto_aead_operation operation, const uint8_t *key, uint32_t key_size,
		       uint32_t aad_size);

/* Puts `count` operations on a queue pair and takes as many off. False: not within the deadline. */
bool bed_run(uint8_t device, uint16_t queue_pair, struct rte_crypto_op **ops, uint16_t count);

/* Reproducible numbers. */
uint32_t bed_random(void);
void bed_random_fill(uint8_t *bytes, size_t size);
void bed_random_seed(uint64_t seed);

#endif
