/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses ipsec-mb's functions for this processor, once per engine.
 *
 * The library fills a manager with the best functions it has; the direct GCM functions need no
 * manager at run time, so they are copied out and the manager (200 KiB) is freed at once.
 */
#include "backend_cpu.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One choice of instructions: how ipsec-mb is asked for it, and the features it must have found. */
struct variant {
	void (*init)(IMB_MGR *manager);
	uint64_t flags; /* for alloc_mb_mgr */
	uint64_t features;
	IMB_ARCH arch; /* IMB_ARCH_NONE: whichever came out */
};

#define AES_FEATURES (IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ)
/* ipsec-mb takes the VAES code only where all of these are there; without one of them, plain AVX512. */
#define VAES_FEATURES IMB_CPUFLAGS_AVX512_T2

/* ipsec-mb 2 has no code any more for processors with AVX and without AVX2; they get that for SSE. */
#if IMB_VERSION_NUM < 0x20000
#define AVX_VARIANT { init_mb_mgr_avx, 0, AES_FEATURES | IMB_FEATURE_AVX, IMB_ARCH_AVX }
#define AVX_NAME    [IMB_ARCH_AVX] = "AVX",
#else
#define AVX_VARIANT { .features = UINT64_MAX }
#define AVX_NAME
#endif

static void init_best(IMB_MGR *manager)
{
	init_mb_mgr_auto(manager, NULL);
}

static const struct variant variants[BACKEND_CPU_VARIANTS] = {
	[BACKEND_CPU_BEST] = { init_best, 0, AES_FEATURES, IMB_ARCH_NONE },
	[BACKEND_CPU_SSE] = { init_mb_mgr_sse, 0, AES_FEATURES | IMB_FEATURE_SSE4_2, IMB_ARCH_SSE },
	[BACKEND_CPU_AVX] = AVX_VARIANT,
	[BACKEND_CPU_AVX2] = { init_mb_mgr_avx2, 0, AES_FEATURES | IMB_FEATURE_AVX2, IMB_ARCH_AVX2 },
	[BACKEND_CPU_AVX512] = { init_mb_mgr_avx512, IMB_FLAG_GFNI_OFF, AES_FEATURES | IMB_FEATURE_AVX512_SKX,
				 IMB_ARCH_AVX512 },
	[BACKEND_CPU_VAES_AVX512] = { init_mb_mgr_avx512, 0, VAES_FEATURES, IMB_ARCH_AVX512 },
};

static const char *arch_name(const IMB_MGR *manager)
{
	static const char *const names[IMB_ARCH_NUM] = {
		[IMB_ARCH_SSE] = "SSE",
		AVX_NAME [IMB_ARCH_AVX2] = "AVX2",
		[IMB_ARCH_AVX512] = "AVX512",
	};

	if (manager->used_arch == IMB_ARCH_AVX512 && (manager->features & VAES_FEATURES) == VAES_FEATURES)
		return "VAES-AVX512";
	return manager->used_arch < IMB_ARCH_NUM && names[manager->used_arch] ? names[manager->used_arch] : "SSE";
}

static void copy_functions(const IMB_MGR *manager, struct gcm_functions gcm[GCM_KEY_SIZES])
{
	gcm[0] = (struct gcm_functions){
		.expand = manager->gcm128_pre,
		.whole = { manager->gcm128_enc, manager->gcm128_dec },
		.init = manager->gcm128_init,
		.update = { manager->gcm128_enc_update, manager->gcm128_dec_update },
		.finalize = { manager->gcm128_enc_finalize, manager->gcm128_dec_finalize },
		.ghash = manager->ghash,
	};
	gcm[1] = (struct gcm_functions){
		.expand = manager->gcm192_pre,
		.whole = { manager->gcm192_enc, manager->gcm192_dec },
		.init = manager->gcm192_init,
		.update = { manager->gcm192_enc_update, manager->gcm192_dec_update },
		.finalize = { manager->gcm192_enc_finalize, manager->gcm192_dec_finalize },
		.ghash = manager->ghash,
	};
	gcm[2] = (struct gcm_functions){
		.expand = manager->gcm256_pre,
		.whole = { manager->gcm256_enc, manager->gcm256_dec },
		.init = manager->gcm256_init,
		.update = { manager->gcm256_enc_update, manager->gcm256_dec_update },
		.finalize = { manager->gcm256_enc_finalize, manager->gcm256_dec_finalize },
		.ghash = manager->ghash,
	};
}

int backend_cpu_init(struct backend_cpu *cpu, enum backend_cpu_variant choice)
{
	const struct variant *variant = &variants[choice];
	int error = -ENOTSUP;

	IMB_MGR *manager = alloc_mb_mgr(variant->flags);
	if (manager == NULL)
		return -ENOMEM;
	if ((manager->features & variant->features) != variant->features)
		goto free_manager;
	variant->init(manager);
	if (imb_get_errno(manager) != 0)
		goto free_manager;
	if (variant->arch != IMB_ARCH_NONE && manager->used_arch != (uint32_t)variant->arch)
		goto free_manager;
	copy_functions(manager, cpu->gcm);
	snprintf(cpu->name, sizeof(cpu->name), "intel-ipsec-mb %s, %s", imb_get_version_str(), arch_name(manager));
	error = 0;
free_manager:
	free_mb_mgr(manager);
	return error;
}
