/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread of the crew does for X25519: secrets of waiting jobs in lanes, and pairs made ahead. See crew_work.h.
 */
#include "crew_work.h"

#include "key_pool.h"
#include "status.h"
#include "x25519_lanes.h"

void crew_x25519_run(struct task *const tasks[], unsigned count)
{
	struct glacis_x25519_op ops[GLACIS_X25519_LANES];

	if (count == 0)
		return;
	for (unsigned i = 0; i < count; i++)
		ops[i] = tasks[i]->exchange;
	x25519_lanes_run(ops, count);
	status_add(STATUS_X25519_LANES, count);
	status_add(STATUS_X25519_BATCHES, 1);
	for (unsigned i = 0; i < count; i++)
		task_finish(tasks[i], ops[i].status == GLACIS_STATUS_OK ? TASK_DONE : TASK_INVALID);
}

void crew_x25519_make(bool all)
{
	unsigned calls = all ? KEY_POOL_PAIRS / GLACIS_X25519_LANES : 1;

	while (calls-- > 0 && key_pool_is_wanted() && key_pool_fill() == 0)
		;
}
