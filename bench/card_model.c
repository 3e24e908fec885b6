/* SPDX-License-Identifier: Apache-2.0 */
/* See card_model.h. */
#include "card_model.h"

#define DESCRIPTOR 128u
#define TAG        16u
#define COMPLETION 16u
/* Of PCI Express: what a packet carries at most on common hosts, and what is around it (framing, sequence number,
 * header of three or four words, LCRC). */
#define PAYLOAD      256u
#define AROUND_READ  20u  /* a completion with data */
#define AROUND_WRITE 24u  /* a write, or a request to read, by addresses of 64 bits */
#define BURST        512u /* the logic asks for so much at once */
#define FETCH        4u   /* descriptors of a fetch */

/* Of an LFE5UM5G-85F, speed 8, each core was placed and routed alone: fpga_bitstreams/README.md. */
const struct card_target card_targets[CARD_TARGETS] = {
	{ "ECP5-85F", "measured: Fmax of each core, routed alone", 106.8, 116.0, "PCIe 5 GT/s x1", 4.0 },
	{ "UltraScale+", "ASSUMED clock; nothing was placed", 250, 250, "PCIe 8 GT/s x8", 63.0 },
};

static double packets(uint32_t size, uint32_t most)
{
	return (double)((size + most - 1) / most);
}

/* Bytes on the link, towards the card, for a read of so many. */
static double read_bytes(uint32_t size)
{
	return size + packets(size, PAYLOAD) * AROUND_READ;
}

static double write_bytes(uint32_t size)
{
	return size + packets(size, PAYLOAD) * AROUND_WRITE;
}

double card_model_pipe(const struct card_target *target, double cycles)
{
	return target->aead_mhz * 1e6 / cycles;
}

double card_model_link(const struct card_target *target, uint32_t size, bool open)
{
	double down = read_bytes(FETCH * DESCRIPTOR) / FETCH + read_bytes(size) + (open ? read_bytes(TAG) : 0);
	double requests = 1.0 / FETCH + packets(size, BURST) + (open ? 1 : 0);
	double up = write_bytes(size) + write_bytes(COMPLETION) + (open ? 0 : write_bytes(TAG)) +
		    requests * AROUND_WRITE;
	double most = down > up ? down : up;

	return target->link_gbps * 1e9 / 8 / most;
}

double card_model_gbps(const struct card_target *target, uint32_t size, bool open, double cycles)
{
	double pipe = card_model_pipe(target, cycles), link = card_model_link(target, size, open);

	return (pipe < link ? pipe : link) * size * 8 / 1e9;
}

double card_model_rsa(const struct card_target *target, uint64_t cycles)
{
	return target->rsa_mhz * 1e6 / (double)cycles;
}
