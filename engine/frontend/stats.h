/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of a worker. Each is written by its worker alone and read by the admin thread: relaxed
 * atomics, no lock, no torn value. Names become metrics `glacisd_<name>_total` (counters) or
 * `glacisd_<name>` (gauges).
 */
#ifndef GLACISD_STATS_H
#define GLACISD_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/* X(name, help) */
#define GLACISD_COUNTERS(X)                                                                              \
	X(connections_accepted, "Client connections accepted")                                           \
	X(connections_closed, "Client connections closed, whatever the cause")                           \
	X(connections_refused, "Client connections refused: connections_max reached")                    \
	X(accept_errors, "accept() failed")                                                              \
	X(handshakes_full, "Full TLS handshakes completed")                                              \
	X(handshakes_resumed, "Resumed TLS handshakes completed")                                        \
	X(handshakes_tls12, "Handshakes completed with TLS 1.2")                                         \
	X(handshakes_tls13, "Handshakes completed with TLS 1.3")                                         \
	X(handshakes_failed, "Handshakes refused by either side")                                        \
	X(handshakes_aborted, "Clients gone before the end of the handshake, by a close or a reset")     \
	X(handshake_timeouts, "Handshakes that took longer than handshake_ms")                           \
	X(connect_timeouts, "Backend connections that took longer than connect_ms")                      \
	X(idle_timeouts, "Connections closed after idle_ms without a byte")                              \
	X(backend_connects, "Backend connections made")                                                  \
	X(backend_refused, "Backend connections refused or unreachable")                                 \
	X(backend_errors, "Backend connections reset or broken")                                         \
	X(client_errors, "Client connections reset or broken, in the handshake or after it")             \
	X(client_truncated, "Clients that closed without close_notify")                                  \
	X(clean_closes, "Connections that ended with close_notify in both directions")                   \
	X(alerts_sent, "Fatal alerts sent")                                                              \
	X(alerts_received, "Fatal alerts received")                                                      \
	X(records_bad_mac, "Records that failed authentication")                                         \
	X(protocol_errors, "Connections closed for a protocol violation other than a bad MAC")           \
	X(key_updates_received, "KeyUpdate messages received")                                           \
	X(key_updates_sent, "KeyUpdate messages sent")                                                   \
	X(renegotiations_refused, "Renegotiation attempts refused")                                      \
	X(limit_closes, "TLS 1.2 connections closed at the AEAD usage limit")                            \
	X(records_sealed, "Records sealed")                                                              \
	X(records_opened, "Records opened")                                                              \
	X(bytes_sealed, "Application bytes sealed (towards clients)")                                    \
	X(bytes_opened, "Application bytes opened (from clients)")                                       \
	X(records_cpu, "Records done by the CPU backend")                                                \
	X(records_card, "Records done by the card")                                                      \
	X(rsa_operations, "RSA private-key operations done by libglacis")                                \
	X(rsa_batches, "Batches of eight lanes run for them")                                            \
	X(rsa_lanes_filled, "RSA operations done in those lanes")                                        \
	X(rsa_singles, "RSA operations done one by one because too few waited")                          \
	X(rsa_openssl, "RSA operations done by OpenSSL for lack of AVX512-IFMA")                      \
	X(rsa_check_failed, "RSA results that failed the check with the public exponent")                \
	X(card_submitted, "Operations handed to the card")                                               \
	X(card_completed, "Operations done by the card")                                                 \
	X(card_copied, "Operations handed to the card through a copy")                                   \
	X(card_verified, "Results of the card checked on the processor")                                 \
	X(card_to_cpu_policy, "Operations not handed over: the processor costs less, or the policy says so") \
	X(card_to_cpu_unfit, "Operations not handed over: the card does not take such")                  \
	X(card_to_cpu_full, "Operations not handed over: the card's queue was full")                     \
	X(card_to_cpu_down, "Operations not handed over: the card was suspect or lost")                  \
	X(card_again_error, "Operations run again: the card failed, was reset or lost")                  \
	X(card_again_late, "Operations run again: no answer within the deadline")                        \
	X(card_again_auth, "Operations run again: the card found a wrong tag")                           \
	X(card_again_wrong, "Operations run again: the card's result failed its check")                  \
	X(bursts, "Bursts of records submitted")                                                         \
	X(buffers_exhausted, "Times a connection waited for a buffer")                                   \
	X(loop_turns, "Turns of the event loop")

#define GLACISD_GAUGES(X)                                                                                \
	X(connections_open, "Client connections open")                                                   \
	X(handshakes_open, "Handshakes in progress")                                                     \
	X(blocks_used, "I/O blocks in use")

struct glacisd_stats {
#define GLACISD_FIELD(name, help) _Atomic uint64_t name;
	GLACISD_COUNTERS(GLACISD_FIELD)
	GLACISD_GAUGES(GLACISD_FIELD)
#undef GLACISD_FIELD
};

/* Single-writer update: a plain add, no locked instruction. */
#define GLACISD_STAT_ADD(stats, name, n)                                                                 \
	atomic_store_explicit(&(stats)->name,                                                            \
			      atomic_load_explicit(&(stats)->name, memory_order_relaxed) + (uint64_t)(n), \
			      memory_order_relaxed)
#define GLACISD_STAT_INC(stats, name) GLACISD_STAT_ADD(stats, name, 1)
#define GLACISD_STAT_SET(stats, name, n) atomic_store_explicit(&(stats)->name, (uint64_t)(n), memory_order_relaxed)
#define GLACISD_STAT_GET(stats, name) atomic_load_explicit(&(stats)->name, memory_order_relaxed)

#endif
