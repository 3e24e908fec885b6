/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that the card must reach, wherever DPDK takes it from: seals packets all over a pool that is larger than what
 * was there at start, gives the pool back, and does so again. The EAL's options come from the command line.
 *
 * usage: test_driver_memory SOCKET EAL_OPTION...
 */
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "bed.h"
#include "tap.h"

#define MBUFS  6000u /* 24 MiB */
#define STEP   16u   /* of them each is sealed */
#define ROOM   4096u
#define SIZE   2048u
#define ROUNDS 3u

static uint8_t device;
static void *session;

static bool seals(struct rte_mbuf *packet)
{
	struct rte_crypto_op *op = rte_crypto_op_alloc(bed.ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
	uint8_t *text = (uint8_t *)rte_pktmbuf_append(packet, SIZE + 16);
	bool good;

	memset(text, 0, SIZE + 16);
	memset(bed_private(op)->nonce, 0, 12);
	rte_crypto_op_attach_sym_session(op, session);
	op->sym->m_src = packet;
	op->sym->aead.data.length = SIZE;
	op->sym->aead.digest.data = text + SIZE;
	op->sym->aead.digest.phys_addr = rte_pktmbuf_iova_offset(packet, SIZE);
	good = bed_run(device, 0, &op, 1) && op->status == RTE_CRYPTO_OP_STATUS_SUCCESS && text[0] != text[1] &&
	       memcmp(text, text + SIZE / 2, SIZE / 2) != 0;
	rte_crypto_op_free(op);
	return good;
}

static void round_run(unsigned round)
{
	struct rte_mempool *pool = rte_pktmbuf_pool_create("large", MBUFS, 0, 0, ROOM, 0);
	static struct rte_mbuf *packets[MBUFS];
	char name[64];

	if (pool == NULL || rte_pktmbuf_alloc_bulk(pool, packets, MBUFS) != 0)
		bed_fail("a pool of %u mbufs: %s", MBUFS, rte_strerror(rte_errno));
	for (unsigned i = 0; i < MBUFS; i += STEP)
		if (!CHECK(seals(packets[i]), "mbuf %u", i))
			break;
	rte_pktmbuf_free_bulk(packets, MBUFS);
	rte_mempool_free(pool);
	snprintf(name, sizeof(name), "a pool of 24 MiB, round %u", round);
	tap_case(name);
}

int main(int count, char *values[])
{
	const char *arguments[32] = { values[0], "--no-pci", "--no-telemetry", "-l", "0", "--vdev" };
	static uint8_t key[16];
	char vdev[256];
	int used = 6;

	if (count < 3 || count > 20) {
		fprintf(stderr, "usage: %s SOCKET EAL_OPTION...\n", values[0]);
		return 64;
	}
	snprintf(vdev, sizeof(vdev), "crypto_glacis0,socket=%s", values[1]);
	arguments[used++] = vdev;
	for (int i = 2; i < count; i++)
		arguments[used++] = values[i];
	bed_start_with(used, arguments);
	device = bed_device("crypto_glacis0");
	bed_device_start(device, 1, 64);
	session = bed_aead_session(device, RTE_CRYPTO_AEAD_OP_ENCRYPT, key, sizeof(key), 0);
	for (unsigned round = 1; round <= ROUNDS; round++)
		round_run(round);
	rte_cryptodev_sym_session_free(device, session);
	bed_device_stop(device);
	bed_end();
	return tap_end();
}
