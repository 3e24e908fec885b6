/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run under valgrind by test_rsa_secrets.sh: secrets are marked undefined, so memcheck reports each
 * branch and each address that depends on one. Covers the scalar code that handles secrets itself:
 * removal of PKCS#1 v1.5 padding, and the conversion of a key for the lanes. (Valgrind does not know
 * AVX-512; the lanes are measured by `glacis-bench rsa --timing`.) Run with the argument `control` it
 * branches on a secret, to show that this is noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "rsa_lanes.h"
#include "rsa_padding.h"

#define BYTES 256u

static void fill(uint8_t *bytes, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(seed = seed * 1103515245u + 12345u) | 1;
}

static int unpad(unsigned kind)
{
	uint8_t key[RSA_REJECTION_KEY_SIZE], ciphertext[BYTES], block[BYTES], message[BYTES];

	fill(key, sizeof(key), 1);
	fill(ciphertext, sizeof(ciphertext), 2);
	fill(block, sizeof(block), 3);
	block[0] = 0;
	block[1] = kind == 2 ? 1 : 2;
	block[BYTES - 1 - 48 * (kind == 0)] = kind == 1 ? 7 : 0;
	VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof(key));
	VALGRIND_MAKE_MEM_UNDEFINED(block, sizeof(block));
	uint32_t size = rsa_unpad_pkcs1(key, ciphertext, block, BYTES, message);
	VALGRIND_MAKE_MEM_DEFINED(&size, sizeof(size));
	return kind == 0 && size != 48;
}

static int convert(void)
{
	uint8_t n[BYTES], p[BYTES / 2], q[BYTES / 2], dp[BYTES / 2], dq[BYTES / 2], qinv[BYTES / 2];
	size_t size = (rsa_lane_key_bytes(BYTES * 8) + 63u) / 64u * 64u;
	void *memory = aligned_alloc(64, size);
	struct rsa_lane_key key;

	if (memory == NULL)
		return 1;
	memset(memory, 0, size);
	/* No key, but numbers of a key's form. */
	fill(n, sizeof(n), 4);
	fill(p, sizeof(p), 5);
	fill(q, sizeof(q), 6);
	fill(dp, sizeof(dp), 7);
	fill(dq, sizeof(dq), 8);
	fill(qinv, sizeof(qinv), 9);
	n[0] = p[0] = q[0] = 0xc1;
	qinv[0] = 0x41;
	VALGRIND_MAKE_MEM_UNDEFINED(p + 1, sizeof(p) - 2);
	VALGRIND_MAKE_MEM_UNDEFINED(q + 1, sizeof(q) - 2);
	VALGRIND_MAKE_MEM_UNDEFINED(dp, sizeof(dp));
	VALGRIND_MAKE_MEM_UNDEFINED(dq, sizeof(dq));
	VALGRIND_MAKE_MEM_UNDEFINED(qinv, sizeof(qinv));
	int error = rsa_lane_key_fill(&key, memory, BYTES * 8, n, p, q, dp, dq, qinv, 65537);
	VALGRIND_MAKE_MEM_DEFINED(&error, sizeof(error));
	free(memory);
	return error != 0;
}

int main(int argc, char **argv)
{
	uint8_t secret = (uint8_t)argc;

	if (argc > 1 && strcmp(argv[1], "control") == 0) {
		VALGRIND_MAKE_MEM_UNDEFINED(&secret, sizeof(secret));
		puts(secret > 1 ? "more" : "less");
		return 0;
	}
	int failed = convert();
	for (unsigned kind = 0; kind < 3; kind++)
		failed |= unpad(kind);
	return failed;
}
