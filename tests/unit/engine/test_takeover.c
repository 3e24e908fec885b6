/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What glacisd takes over from OpenSSL beside the keys themselves: the count of records already
 * written under them.
 */
#include <criterion/criterion.h>

#include "handshake.h"

#define RECORD(type, ...) type, 3, 3, 0, sizeof((const uint8_t[]){ __VA_ARGS__ }), __VA_ARGS__
#define COUNT(version, ...)                                                                                            \
	glacisd_takeover_count_written(version, (const uint8_t[]){ __VA_ARGS__ },                                      \
				       sizeof((const uint8_t[]){ __VA_ARGS__ }))

Test(takeover, counts_the_tickets_of_tls_1_3)
{
	cr_assert_eq(glacisd_takeover_count_written(GLACIS_TLS_1_3, NULL, 0), 0);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1, 2, 3)), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1, 2, 3), RECORD(23, 4)), 2);
}

Test(takeover, counts_in_tls_1_2_from_behind_the_change_cipher_spec)
{
	/* NewSessionTicket in the clear, ChangeCipherSpec, Finished */
	cr_assert_eq(COUNT(GLACIS_TLS_1_2, RECORD(22, 4, 0, 0), RECORD(20, 1), RECORD(22, 9, 9, 9)), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_2, RECORD(20, 1), RECORD(22, 9), RECORD(22, 9)), 2);
}

/* Our Finished, record 0, went out before the client's, and nothing follows it. */
Test(takeover, counts_one_for_a_resumed_tls_1_2_handshake)
{
	cr_assert_eq(glacisd_takeover_count_written(GLACIS_TLS_1_2, NULL, 0), 1);
}

Test(takeover, stops_counting_at_an_incomplete_record)
{
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1), 23, 3, 3, 0), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1), 23, 3, 3, 0, 2, 7), 1);
	cr_assert_eq(COUNT(GLACIS_TLS_1_3, RECORD(23, 1), 23, 3, 3, 1, 0, 7), 1);
}
