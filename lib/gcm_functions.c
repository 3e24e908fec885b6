/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's choice of AES-GCM functions; see gcm_functions.h.
 */
#include "gcm_functions.h"

#include <pthread.h>
#include <stdbool.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct backend_cpu chosen;
static bool usable;

static void choose(void)
{
	usable = backend_cpu_init(&chosen, BACKEND_CPU_BEST) == 0;
}

const struct gcm_functions *gcm_functions_for(size_t key_size)
{
	pthread_once(&once, choose);
	if (!usable || (key_size != 16 && key_size != 24 && key_size != 32))
		return NULL;
	return &chosen.gcm[key_size / 8 - 2];
}

const char *gcm_functions_name(void)
{
	pthread_once(&once, choose);
	return usable ? chosen.name : NULL;
}
