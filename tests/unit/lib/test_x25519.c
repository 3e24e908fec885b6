/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X25519 in bursts: the vectors of RFC 7748, every count around the lanes, points that no honest peer sends, and ten
 * thousand random functions beside OpenSSL. A burst of eight runs in lanes wherever the processor has them, one
 * operation may not; both are held to the same answers.
 */
#include <criterion/criterion.h>
#include <glacis/x25519.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#include "ifma.h"
#include "record_support.h"

#define SIZE  GLACIS_X25519_SIZE
#define LANES GLACIS_X25519_LANES

static void answer(const char *name, uint8_t bytes[SIZE])
{
	cr_assert_eq(vector("x25519.txt", name, bytes, SIZE), SIZE);
}

/* One function in the company of copies, and alone. Returns its status. */
static uint8_t multiply(const uint8_t *scalar, const uint8_t *point, uint8_t *result)
{
	uint8_t results[LANES][SIZE];
	struct glacis_x25519_op ops[LANES], alone = { .scalar = scalar, .point = point, .result = result };

	for (unsigned i = 0; i < LANES; i++)
		ops[i] = (struct glacis_x25519_op){ .scalar = scalar, .point = point, .result = results[i] };
	cr_assert_eq(glacis_x25519(ops, LANES), 0);
	cr_assert_eq(glacis_x25519(&alone, 1), 0);
	for (unsigned i = 0; i < LANES; i++) {
		cr_assert_arr_eq(results[i], result, SIZE, "lane %u", i);
		cr_assert_eq(ops[i].status, alone.status);
	}
	return alone.status;
}

static void expect(const char *scalar_name, const char *point_name, const char *result_name)
{
	uint8_t scalar[SIZE], point[SIZE], result[SIZE], expected[SIZE];

	answer(scalar_name, scalar);
	answer(result_name, expected);
	if (point_name != NULL)
		answer(point_name, point);
	cr_expect_eq(multiply(scalar, point_name != NULL ? point : NULL, result), GLACIS_STATUS_OK);
	cr_expect_arr_eq(result, expected, SIZE, "%s", result_name);
}

Test(x25519, rfc_7748_functions)
{
	expect("scalar_1", "point_1", "result_1");
	expect("scalar_2", "point_2", "result_2");
}

Test(x25519, rfc_7748_exchange)
{
	expect("alice_private", NULL, "alice_public");
	expect("bob_private", NULL, "bob_public");
	expect("alice_private", "bob_public", "shared");
	expect("bob_private", "alice_public", "shared");
}

/* The result becomes the scalar, the scalar the point. */
Test(x25519, rfc_7748_iteration)
{
	uint8_t scalar[SIZE] = { 9 }, point[SIZE] = { 9 }, result[SIZE], expected[SIZE];

	for (unsigned i = 1; i <= 1000; i++) {
		cr_assert_eq(multiply(scalar, point, result), GLACIS_STATUS_OK);
		memcpy(point, scalar, SIZE);
		memcpy(scalar, result, SIZE);
		if (i != 1 && i != 1000)
			continue;
		answer(i == 1 ? "after_1" : "after_1000", expected);
		cr_expect_arr_eq(result, expected, SIZE, "after %u", i);
	}
}

static void by_openssl(const uint8_t *scalar, const uint8_t *point, uint8_t *result)
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, SIZE);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, SIZE);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
	size_t size = SIZE;

	cr_assert_eq(EVP_PKEY_derive_init(context), 1);
	cr_assert_eq(EVP_PKEY_derive_set_peer(context, peer), 1);
	cr_assert_eq(EVP_PKEY_derive(context, result, &size), 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
}

/* Different scalars and points in each lane, high bits of both set at random. */
Test(x25519, ten_thousand_random_functions_are_openssl_s, .timeout = 120)
{
	uint8_t scalars[LANES][SIZE], points[LANES][SIZE], results[LANES][SIZE], expected[SIZE];
	struct glacis_x25519_op ops[LANES];

	for (unsigned round = 0; round < 10000 / LANES; round++) {
		cr_assert_eq(RAND_bytes(scalars[0], sizeof(scalars)), 1);
		cr_assert_eq(RAND_bytes(points[0], sizeof(points)), 1);
		for (unsigned i = 0; i < LANES; i++)
			ops[i] = (struct glacis_x25519_op){ .scalar = scalars[i],
							    .point = points[i],
							    .result = results[i] };
		cr_assert_eq(glacis_x25519(ops, LANES), 0);
		for (unsigned i = 0; i < LANES; i++) {
			by_openssl(scalars[i], points[i], expected);
			cr_assert_arr_eq(results[i], expected, SIZE, "round %u, lane %u", round, i);
		}
	}
}

Test(x25519, every_count_of_operations)
{
	enum { COUNT = 3 * LANES };
	uint8_t scalars[COUNT][SIZE], publics[COUNT][SIZE], results[COUNT + 1][SIZE];
	struct glacis_x25519_op ops[COUNT];
	uint8_t base[SIZE] = { 9 };

	cr_assert_eq(RAND_bytes(scalars[0], sizeof(scalars)), 1);
	for (unsigned i = 0; i < COUNT; i++)
		by_openssl(scalars[i], base, publics[i]);
	cr_assert_eq(glacis_x25519(NULL, 0), 0);
	for (unsigned count = 1; count <= COUNT; count++) {
		memset(results, 0x5a, sizeof(results));
		for (unsigned i = 0; i < count; i++)
			ops[i] = (struct glacis_x25519_op){ .scalar = scalars[i], .result = results[i] };
		cr_assert_eq(glacis_x25519(ops, count), 0);
		cr_assert_arr_eq(results, publics, count * SIZE, "count %u", count);
		for (unsigned i = 0; i < SIZE; i++)
			cr_assert_eq(results[count][i], 0x5a, "count %u writes behind its end", count);
	}
}

/* Coordinates of points of small order, and the same above p: the result is zero whatever the scalar. The values follow
 * from the curve: 0, 1, p - 1, and p and p + 1, which stand for 0 and 1. */
Test(x25519, points_of_small_order_are_invalid)
{
	uint8_t scalar[SIZE], point[SIZE], result[SIZE];
	const uint8_t zero[SIZE] = { 0 };

	cr_assert_eq(RAND_bytes(scalar, SIZE), 1);
	for (int offset = -1; offset <= 3; offset++) {
		memset(point, offset < 2 ? 0xff : 0, SIZE);
		point[0] = offset < 2 ? (uint8_t)(0xed + offset) : (uint8_t)(offset - 2);
		if (offset < 2)
			point[SIZE - 1] = 0x7f;
		cr_expect_eq(multiply(scalar, point, result), GLACIS_STATUS_INVALID, "offset %d", offset);
		cr_expect_arr_eq(result, zero, SIZE, "offset %d", offset);
	}
}

/* One of eight peers sends such a point: the others do not notice. */
Test(x25519, an_invalid_point_spoils_no_other_lane)
{
	uint8_t scalars[LANES][SIZE], points[LANES][SIZE], results[LANES][SIZE], expected[SIZE];
	struct glacis_x25519_op ops[LANES];

	cr_assert_eq(RAND_bytes(scalars[0], sizeof(scalars)), 1);
	cr_assert_eq(RAND_bytes(points[0], sizeof(points)), 1);
	memset(points[3], 0, SIZE);
	for (unsigned i = 0; i < LANES; i++)
		ops[i] = (struct glacis_x25519_op){ .scalar = scalars[i], .point = points[i], .result = results[i] };
	cr_assert_eq(glacis_x25519(ops, LANES), 0);
	for (unsigned i = 0; i < LANES; i++) {
		cr_expect_eq(ops[i].status, i == 3 ? GLACIS_STATUS_INVALID : GLACIS_STATUS_OK);
		if (i == 3)
			continue;
		by_openssl(scalars[i], points[i], expected);
		cr_expect_arr_eq(results[i], expected, SIZE, "lane %u", i);
	}
}

/* Section 5: bit 255 of a coordinate is ignored; bits 0, 1, 2, 254 and 255 of a scalar have fixed values. */
Test(x25519, ignored_bits_are_ignored)
{
	uint8_t scalar[SIZE], point[SIZE], result[SIZE], again[SIZE];

	cr_assert_eq(RAND_bytes(scalar, SIZE), 1);
	cr_assert_eq(RAND_bytes(point, SIZE), 1);
	cr_assert_eq(multiply(scalar, point, result), GLACIS_STATUS_OK);
	point[31] ^= 0x80;
	scalar[0] ^= 0x07;
	scalar[31] ^= 0xc0;
	cr_assert_eq(multiply(scalar, point, again), GLACIS_STATUS_OK);
	cr_expect_arr_eq(again, result, SIZE);
	scalar[0] ^= 0x08;
	cr_assert_eq(multiply(scalar, point, again), GLACIS_STATUS_OK);
	cr_expect_arr_neq(again, result, SIZE);
}

/* A result may lie where its own inputs do. */
Test(x25519, works_in_place)
{
	uint8_t buffers[LANES][SIZE], expected[SIZE];
	struct glacis_x25519_op ops[LANES];
	uint8_t base[SIZE] = { 9 };

	memset(buffers, 0x77, sizeof(buffers));
	by_openssl(buffers[0], base, expected);
	for (unsigned i = 0; i < LANES; i++)
		ops[i] = (struct glacis_x25519_op){ .scalar = buffers[i], .result = buffers[i] };
	cr_assert_eq(glacis_x25519(ops, LANES), 0);
	for (unsigned i = 0; i < LANES; i++)
		cr_expect_arr_eq(buffers[i], expected, SIZE);
}

Test(x25519, lanes_are_used_where_they_are)
{
	unsigned from = glacis_x25519_lanes_from();

	if (ifma_usable())
		cr_expect(from >= 1 && from <= LANES, "lanes from %u", from);
	else
		cr_expect_eq(from, 0);
}
