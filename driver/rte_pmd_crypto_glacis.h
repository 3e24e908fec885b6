/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crypto_glacis offers beside DPDK's interface for crypto devices, which has no place for who a device is. Texts
 * with names instead of a structure: a program that was built for another version of the driver reads what it knows.
 */
#ifndef RTE_PMD_CRYPTO_GLACIS_H
#define RTE_PMD_CRYPTO_GLACIS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Tells who a card is, one call of `tell` for each of: "transport" ("pci" or "vfio-user"), "board" (enumeration BOARD,
 * in lower case), "abi" and "driver_abi" ("1.1": the card's, and what this driver was made for), "build_id" (16
 * digits), "git_hash" (40 digits), "build_date" (UTC, as 2026-01-31T12:00:00Z). Both strings are gone when `tell`
 * returns; what they say was read when the card was last found or came back. Returns 0, or -EINVAL: `id` is no device
 * of this driver. Not to be called while another thread starts or closes the device.
 */
int rte_pmd_crypto_glacis_identity(uint8_t id, void (*tell)(void *context, const char *name, const char *value),
				   void *context);

#ifdef __cplusplus
}
#endif
#endif
