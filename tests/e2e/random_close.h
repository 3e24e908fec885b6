/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients and origin of random_close share: the header by which a client tells the origin how to behave,
 * the pattern that follows from a seed, a small random number generator, and what became of the connections.
 */
#ifndef RANDOM_CLOSE_H
#define RANDOM_CLOSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIECE_MAX 40000u

enum { CLEAN = 1, DOWN_FIRST = 2, SLOW_ORIGIN = 4, RESET_BY_ORIGIN = 8, CLOSED_BY_ORIGIN = 16, HALF_CLOSE = 32 };

/* What a client tells the origin first. */
struct header {
	uint32_t magic, seed, up, down, flags, break_at;
};
#define MAGIC 0x676c6163u

/* Connections that carried all of what both meant, those that broke off, and bytes or ends out of place. */
struct outcome {
	atomic_long clean, broken, wrong;
};
extern struct outcome outcome;

uint32_t next_random(uint32_t *state);
/* One in `n`. */
bool chance(uint32_t *state, uint32_t n);
/* The byte at `offset` of the stream that belongs to a seed. */
uint8_t pattern(uint32_t seed, uint64_t offset);
void fill(uint8_t *bytes, size_t size, uint32_t seed, uint64_t offset);
bool matches(const uint8_t *bytes, size_t size, uint32_t seed, uint64_t offset);
/* Counts something wrong, and says what. */
void complain(const char *what, const struct header *header, uint64_t at);
void pause_us(unsigned us);
/* Makes close() send RST. */
void make_reset(int fd);
/* False when nothing of `events` came in a time that only something that hangs takes. */
bool wait_for(int fd, short events);

/* random_origin.c: serves whoever comes to this port of 127.0.0.1 in threads of its own. 0, or -1 with errno. */
int origin_start(uint16_t port);
/* Waits until its connections are over, or for some seconds. */
void origin_wait(void);

#endif
