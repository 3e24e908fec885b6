/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between the versions of DPDK the driver is built for: 22.11 (Debian bookworm) and 24.11 (trixie). The
 * only file that asks for DPDK's version. Included after DPDK's own headers.
 */
#ifndef GLACIS_DRIVER_COMPAT_H
#define GLACIS_DRIVER_COMPAT_H

#include <rte_crypto.h>
#include <rte_telemetry.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "crypto_glacis needs DPDK 22.11 or newer"
#endif

/*
 * RSA padding belongs to the operation until 24.07, and to the session's transform since 24.11. `of_session` is what
 * glacis_compat_session_padding returned for the session.
 */
#if RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0)
static inline struct rte_crypto_rsa_padding glacis_compat_session_padding(const struct rte_crypto_rsa_xform *xform)
{
	return xform->padding;
}

static inline const struct rte_crypto_rsa_padding *
glacis_compat_padding(const struct rte_crypto_rsa_op_param *operation, const struct rte_crypto_rsa_padding *of_session)
{
	(void)operation;
	return of_session;
}
#else
static inline struct rte_crypto_rsa_padding glacis_compat_session_padding(const struct rte_crypto_rsa_xform *xform)
{
	(void)xform;
	return (struct rte_crypto_rsa_padding){ .type = RTE_CRYPTO_RSA_PADDING_NONE };
}

static inline const struct rte_crypto_rsa_padding *
glacis_compat_padding(const struct rte_crypto_rsa_op_param *operation, const struct rte_crypto_rsa_padding *of_session)
{
	(void)of_session;
	return &operation->padding;
}
#endif

/* Telemetry's numbers were renamed in 23.03. */
static inline int glacis_compat_telemetry_add(struct rte_tel_data *data, const char *name, uint64_t value)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	return rte_tel_data_add_dict_uint(data, name, value);
#else
	return rte_tel_data_add_dict_u64(data, name, value);
#endif
}

#endif
