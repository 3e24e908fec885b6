/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-test's last words on a card: everything before went through the same calls, and the card had the first try.
 * Results were right whoever made them; here it counts that the card made them, and got none wrong.
 */
#include <inttypes.h>

#include "selftest.h"

static bool check_work(struct selftest *test, const struct glacis_card_info *info,
		       const struct glacis_card_counters *counters)
{
	if (counters->completed == 0)
		return selftest_fail(test, "the card has done none of the operations above: %" PRIu64
				     " did not suit it, %" PRIu64 " came while it was down",
				     counters->to_cpu_unfit, counters->to_cpu_down);
	if (info->failures > 0)
		return selftest_fail(test, "the card failed %" PRIu64 " times, last: %s", info->failures,
				     info->last_failure);
	if (info->state != GLACIS_CARD_UP)
		return selftest_fail(test, "the card is %s", glacis_card_state_name(info->state));
	return true;
}

static bool check_results(struct selftest *test, const struct glacis_card_counters *counters)
{
	uint64_t wrong = counters->again_wrong + counters->auth_wrong;

	if (wrong > 0)
		return selftest_fail(test, "%" PRIu64 " results of the card were wrong, of %" PRIu64, wrong,
				     counters->submitted);
	return true;
}

void selftest_card(struct selftest *test)
{
	struct glacis_card_counters counters;
	struct glacis_card_info info;

	glacis_card_info(test->local.engine, &info);
	glacis_card_counters(test->local.queue, &counters);
	selftest_report(test, check_work(test, &info, &counters), "card %s did %" PRIu64 " operations", info.device,
			counters.completed);
	selftest_report(test, check_results(test, &counters), "card %s results", info.device);
}
