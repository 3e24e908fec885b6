/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands cost the simulated logic, in clock cycles: alone, and many at once; with keys of each size, aligned and
 * not, sealed and opened. The figures of docs/performance-model.md are this program's; its checks are their bounds.
 * usage: test_vcard_cycles GLACIS_VCARD RECORDS [PIPES]: how many AES-GCM pipes that card has
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aead_vectors.h"
#include "ring.h"

#define RING_LOG2 6u
#define MANY      48u /* under way */

static unsigned records = 200, pipes = 1;
static struct rig rig;
static struct ring ring;
static uint8_t *source, *destination, *tags;

static const uint8_t key[32] = { 1, 2, 3 };

struct load {
	uint32_t size, key_size, offset;
	bool open;
};

static void put(const struct load *load, uint32_t slot)
{
	uint8_t *from = source + slot * 20000 + load->offset, *to = destination + slot * 20000 + load->offset;
	struct glacis_card_aead aead = ring_aead(&rig, !load->open, slot, from, to, load->size, tags + 16 * slot);

	aead.key_size = (uint8_t)load->key_size;
	memcpy(aead.key, key, load->key_size);
	aead.aad_size = 5;
	if (load->open) { /* what a seal has written before */
		aead.source = rig_address(&rig, to);
		aead.destination = rig_address(&rig, from);
	}
	ring_put(&ring, &aead);
}

static bool take(void)
{
	struct glacis_card_completion completion;

	return ring_take(&ring, &completion, RIG_WAIT_MS) && completion.status == GLACIS_CARD_STATUS_OK;
}

/* Cycles for `count` commands, of which so many are under way. Reading CYCLES costs a few itself. */
static double cycles_each(const struct load *load, uint32_t count, uint32_t at_once)
{
	uint64_t before = rig_read64(&rig, GLACIS_CARD_CONTROL_CYCLES);
	uint32_t put_in, taken = 0;

	for (put_in = 0; put_in < at_once && put_in < count; put_in++)
		put(load, put_in % MANY);
	ring_bell(&ring);
	while (taken < count) {
		if (!CHECK(take()))
			exit(1);
		taken++;
		if (put_in < count) {
			put(load, put_in++ % MANY);
			if (put_in % 8 == 0 || at_once == 1 || put_in == count)
				ring_bell(&ring);
		}
	}
	return (double)(rig_read64(&rig, GLACIS_CARD_CONTROL_CYCLES) - before) / count;
}

static bool begin(const char *seed)
{
	const char *options[] = { "--backend", "rtl", "--seed", seed, NULL };

	if (!CHECK(rig_open(&rig, options)))
		return false;
	rig_enable(&rig);
	source = rig_allocate(&rig, MANY * 20000);
	destination = rig_allocate(&rig, MANY * 20000);
	tags = rig_allocate(&rig, MANY * 16);
	return CHECK(ring_open(&ring, &rig, 1, RING_LOG2, RING_LOG2));
}

/* A bus that answers at once: what the logic itself can. */
static void by_size(void)
{
	static const uint32_t sizes[] = { 16, 64, 256, 1024, 1460, 4096, 16384 };

	NEED(begin("0"));
	for (size_t i = 0; i < TAP_COUNT(sizes); i++) {
		struct load load = { sizes[i], 32, 0, false };
		double alone = cycles_each(&load, 20, 1), many = cycles_each(&load, records, MANY);
		double blocks = (sizes[i] + 15) / 16;

		tap_context("%u bytes: %.1f cycles alone, %.1f in company", sizes[i], alone, many);
		printf("# %u bytes: %.1f cycles alone, %.1f in company\n", sizes[i], alone, many);
		CHECK(alone < 420 + 3.5 * blocks);
		if (sizes[i] >= 1024)
			CHECK(many < 1.25 * blocks / pipes + 8);
		tap_context("%s", "");
	}
	CHECK(rig_stop(&rig) == 0);
}

static void by_shape(void)
{
	static const struct load loads[] = {
		{ 1024, 16, 0, false }, { 1024, 24, 0, false }, { 1024, 32, 0, false },  { 1024, 32, 0, true },
		{ 1024, 32, 5, false }, { 1024, 32, 5, true },  { 16384, 16, 5, false }, { 16384, 16, 5, true },
	};

	NEED(begin("0"));
	for (size_t i = 0; i < TAP_COUNT(loads); i++) {
		struct load seal = loads[i];
		double each;

		seal.open = false;
		cycles_each(&seal, MANY, MANY); /* something to open */
		each = cycles_each(&loads[i], records, MANY);
		printf("# %s of %u bytes, %u-bit key, %u bytes off: %.1f cycles in company\n",
		       loads[i].open ? "open" : "seal", loads[i].size, loads[i].key_size * 8, loads[i].offset, each);
		CHECK(each < 1.25 * (loads[i].size + 15) / 16 / pipes + 12);
	}
	CHECK(rig_stop(&rig) == 0);
}

/* How fast the simulation is; its goals are 300,000 cycles and 4,000 records of 1 KiB a second. */
static void by_clock(void)
{
	const struct load load = { 1024, 16, 0, false };
	uint64_t start, ms;
	double each;

	NEED(begin("1"));
	start = rig_now_ms();
	each = cycles_each(&load, 20 * records, MANY);
	ms = rig_now_ms() - start;
	printf("# on a bus with waits: %.1f cycles for 1,024 bytes in company; %.0f thousand cycles and %.0f records a "
	       "second\n",
	       each, each * 20 * records / (double)ms, 20.0 * records * 1000 / (double)ms);
	CHECK(rig_stop(&rig) == 0);
}

/* Bytes of a file that is an FST dump: its first block is a header, which has type 0 and 329 bytes. */
static long waveform(const char *path)
{
	uint8_t head[9];
	FILE *file = fopen(path, "r");
	long size = -1;

	if (!file)
		return -1;
	if (fread(head, 1, sizeof(head), file) == sizeof(head) && head[0] == 0 && head[7] == 1 && head[8] == 0x49 &&
	    fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	fclose(file);
	return size;
}

/* Of many cycles the newest are kept, in two files. */
static void waveforms(void)
{
	char path[64] = "/tmp/glacis-waves.XXXXXX", before[80];
	const char *options[] = { "--backend", "rtl", "--trace", path, "--trace-cycles", "500", NULL };
	int file = mkstemp(path);

	NEED(file >= 0);
	close(file);
	snprintf(before, sizeof(before), "%s.before", path);
	NEED(rig_open(&rig, options));
	rig_enable(&rig);
	NEED(ring_open(&ring, &rig, 1, RING_LOG2, RING_LOG2));
	for (uint32_t i = 0; i < 30; i++) {
		struct glacis_card_rsa nop = ring_nop(i);

		CHECK(ring_run(&ring, &nop, NULL) == GLACIS_CARD_STATUS_OK);
	}
	CHECK(rig_stop(&rig) == 0);
	CHECK(waveform(path) > 1000 && waveform(before) > 1000);
	CHECK(unlink(path) == 0 && unlink(before) == 0);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "by size", by_size },
		{ "by shape", by_shape },
		{ "by clock", by_clock },
		{ "waveforms", waveforms },
	};

	if (argc < 3)
		return 2;
	rig_vcard = argv[1];
	records = (unsigned)atoi(argv[2]);
	if (argc > 3)
		pipes = (unsigned)atoi(argv[3]);
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 4);
}
