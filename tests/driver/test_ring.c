/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of rings: sizes, wrap of index, phase and counter, full and empty, cookies of other passes. */
#include "tap.h"

#include "glacis_ring.h"

static void sizes(void)
{
	CHECK(glacis_ring_log2(1) == 1, "one entry fits into two");
	CHECK(glacis_ring_log2(2) == 2, "two entries do not fit into two");
	CHECK(glacis_ring_log2(3) == 2, "three entries fit into four");
	CHECK(glacis_ring_log2(4) == 3, "four entries do not fit into four");
	CHECK(glacis_ring_log2(2047) == 11 && glacis_ring_log2(2048) == 12, "at 2048");
	CHECK(glacis_ring_log2(UINT32_MAX) == 31, "has an end");
	tap_case("a ring has one entry more than can be under way");
}

static void phases(void)
{
	for (uint32_t log2 = 1; log2 < 6; log2++) {
		uint32_t size = 1u << log2;

		for (uint32_t counter = 0; counter < 8 * size; counter++) {
			CHECK(glacis_ring_index(counter, log2) == counter % size, "log2 %u counter %u", log2, counter);
			CHECK(glacis_ring_phase(counter, log2) == 1 - counter / size % 2, "log2 %u counter %u", log2,
			      counter);
		}
	}
	CHECK(glacis_ring_phase(UINT32_MAX, 3) == 0 && glacis_ring_phase(0, 3) == 1, "across the end of the counter");
	tap_case("the phase changes with each pass, also where the counter wraps");
}

static void space(void)
{
	const uint32_t starts[] = { 0, 1, 5, UINT32_MAX - 2 };

	for (unsigned i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		for (uint32_t used = 0; used <= 7; used++)
			CHECK(glacis_ring_space(starts[i], starts[i] + used, 7) == 7 - used, "start %u used %u",
			      starts[i], used);
	}
	tap_case("space from empty to full, also where the counter wraps");
}

static void cookies(void)
{
	uint32_t head = UINT32_MAX - 1, tail = 3; /* five under way, across the wrap */

	for (uint32_t i = 0; i < 5; i++)
		CHECK(glacis_ring_holds(head, tail, head + i), "cookie %u", head + i);
	CHECK(!glacis_ring_holds(head, tail, head - 1), "one before");
	CHECK(!glacis_ring_holds(head, tail, tail), "one behind");
	CHECK(!glacis_ring_holds(head, tail, head + 0x80000000u), "far away");
	CHECK(!glacis_ring_holds(9, 9, 9), "an empty ring holds nothing");
	CHECK(!glacis_ring_holds(16, 20, 16 - 8), "an entry of the pass before");
	tap_case("only cookies of entries under way are held");
}

static void restarts(void)
{
	for (uint32_t counter = 0; counter < 40; counter++) {
		uint32_t next = glacis_ring_restart(counter, 3);

		CHECK(glacis_ring_index(next, 3) == 0 && next > counter && next - counter <= 8, "counter %u", counter);
	}
	CHECK(glacis_ring_restart(UINT32_MAX, 3) == 0, "across the end of the counter");
	tap_case("after a reset counters start at index 0 with cookies never used");
}

int main(void)
{
	sizes();
	phases();
	space();
	cookies();
	restarts();
	return tap_end();
}
