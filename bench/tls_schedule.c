/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The moments of an open loop, see tls_arrivals.h: a Poisson process, its gaps exponentially distributed, from a
 * small random number generator with a fixed seed.
 */
#include <math.h>

#include "tls_arrivals.h"

#define SEED 0x9e3779b9u /* any but 0 */

void tls_arrivals_schedule(struct tls_arrival *list, unsigned count, double rate)
{
	uint32_t state = SEED;
	double due = 0.0;

	for (unsigned i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		due += -log(((double)state + 0.5) / 4294967296.0) * 1e6 / rate;
		list[i] = (struct tls_arrival){ .due = due };
	}
}
