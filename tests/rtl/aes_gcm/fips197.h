// SPDX-License-Identifier: Apache-2.0
// The S-box of AES as FIPS 197, 5.1.1, defines it, for the benches of what computes it otherwise.
#ifndef TEST_RTL_FIPS197_H
#define TEST_RTL_FIPS197_H

// In GF(2^8), by FIPS 197, 4.2.
inline unsigned fips197_times(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (; b; b >>= 1, a = a & 0x80 ? (a << 1 ^ 0x11b) : a << 1)
		product ^= b & 1 ? a : 0;
	return product;
}

// The inverse, which is searched for, and the affine map.
inline unsigned fips197_sbox(unsigned x)
{
	unsigned inverse = 0, y = 0x63;

	while (x && fips197_times(x, inverse) != 1)
		inverse++;
	for (unsigned i = 0; i < 5; i++)
		y ^= (inverse << i | inverse >> (8 - i)) & 0xff;
	return y;
}

#endif
