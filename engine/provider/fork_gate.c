/* SPDX-License-Identifier: Apache-2.0 */
/* The gate that forks wait at; see fork_gate.h. */
#include "fork_gate.h"

#include <pthread.h>

/* Who forks comes before those who would enter: else busy threads could keep it out for ever. */
static pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void shut(void)
{
	pthread_rwlock_wrlock(&gate);
}

static void open_again(void)
{
	pthread_rwlock_unlock(&gate);
}

/* The threads that waited at it are not here. */
static void make_anew(void)
{
	gate = (pthread_rwlock_t)PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
}

/* When the module is unloaded the C library forgets these by itself. */
static void set_up(void)
{
	(void)pthread_atfork(shut, open_again, make_anew);
}

void fork_gate_init(void)
{
	pthread_once(&once, set_up);
}

void fork_gate_enter(void)
{
	pthread_rwlock_rdlock(&gate);
}

void fork_gate_leave(void)
{
	pthread_rwlock_unlock(&gate);
}
