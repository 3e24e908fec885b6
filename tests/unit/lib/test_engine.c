/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's account of itself, options of sessions, names and the version. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "aead_support.h"

static struct glacis_engine_info info_of(const struct glacis_engine *engine)
{
	struct glacis_engine_info info;
	glacis_engine_info(engine, &info);
	return info;
}

Test(engine, reports_what_it_holds)
{
	struct bed bed;
	uint8_t key[16] = { 1 };
	struct glacis_aead_session *sessions[100];

	bed_open(&bed, NULL);
	struct glacis_engine_info before = info_of(bed.engine);
	cr_assert(strncmp(before.cpu_backend, "intel-ipsec-mb ", 15) == 0, "%s", before.cpu_backend);
	cr_assert_eq(before.sessions, 0u);
	cr_assert_leq(before.session_bytes, 128u, "a million idle sessions do not fit");
	cr_assert_geq(before.expanded_key_bytes, 1008u);
	for (unsigned i = 0; i < 100; i++)
		sessions[i] = make_session(&bed, GLACIS_SEAL, key, sizeof(key));
	cr_assert_eq(info_of(bed.engine).sessions, 100u);
	for (unsigned i = 0; i < 100; i++)
		glacis_aead_session_destroy(sessions[i]);
	cr_assert_eq(info_of(bed.engine).sessions, 0u);
	cr_assert_eq(info_of(bed.engine).key_bytes, before.key_bytes);
	bed_close(&bed);
	glacis_engine_destroy(NULL);
}

/* What `session_bytes` claims, measured. */
Test(engine, hundred_thousand_sessions_cost_what_is_stated)
{
	enum { COUNT = 100000 };
	static struct glacis_aead_session *sessions[COUNT];
	struct bed bed;
	uint8_t key[32] = { 1 };

	bed_open(&bed, NULL);
	uint64_t before = info_of(bed.engine).key_bytes;
	for (unsigned i = 0; i < COUNT; i++)
		sessions[i] = make_session(&bed, GLACIS_OPEN, key, sizeof(key));
	double each = (double)(info_of(bed.engine).key_bytes - before) / COUNT;
	cr_assert_leq(each, info_of(bed.engine).session_bytes * 1.05, "%.1f bytes each", each);
	for (unsigned i = 0; i < COUNT; i++)
		glacis_aead_session_destroy(sessions[i]);
	cr_assert_eq(info_of(bed.engine).key_bytes, before, "memory was not given back");
	bed_close(&bed);
}

Test(engine, refuses_invalid_sessions)
{
	static const size_t sizes[] = { 0, 1, 15, 17, 31, 33, 64, SIZE_MAX };
	struct bed bed;
	struct glacis_aead_session *session;
	uint8_t key[64] = { 0 };

	bed_open(&bed, NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		cr_assert_eq(glacis_aead_session_create(bed.engine, GLACIS_SEAL, key, sizes[i], &session), -EINVAL,
			     "key of %zu bytes", sizes[i]);
	cr_assert_eq(glacis_aead_session_create(bed.engine, (enum glacis_direction)2, key, 16, &session), -EINVAL);
	cr_assert_eq(glacis_aead_session_create(bed.engine, GLACIS_OPEN, NULL, 16, &session), -EINVAL);
	glacis_aead_session_destroy(NULL);
	bed_close(&bed);
}

Test(engine, names)
{
	cr_assert_str_eq(glacis_status_name(GLACIS_STATUS_OK), "ok");
	cr_assert_str_eq(glacis_status_name(GLACIS_STATUS_AUTH_FAILED), "authentication failed");
	cr_assert_str_eq(glacis_status_name(GLACIS_STATUS_PENDING), "pending");
	cr_assert_not_null(glacis_status_name((enum glacis_status)99));
	cr_assert_str_eq(glacis_path_name(GLACIS_PATH_CPU), "cpu");
	cr_assert_str_eq(glacis_path_name(GLACIS_PATH_CARD), "card");
	cr_assert_str_eq(glacis_path_name(GLACIS_PATH_NONE), "none");
	cr_assert_str_eq(glacis_path_name((enum glacis_path)99), "none");
	cr_assert_str_eq(glacis_version(), GLACIS_VERSION);
}
