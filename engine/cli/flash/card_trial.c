/* SPDX-License-Identifier: Apache-2.0 */
/* A new image is booted once, looked at, and confirmed or taken back; see card_flash.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "card_command.h"
#include "card_flash.h"

#define BOOT_MS     10000u /* to load an image */
#define SELFTEST_MS 5000u

static void sleep_ms(unsigned ms)
{
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

/* The command's answer may be lost with the card that goes away, so its end is not waited for. */
static int reboot(struct card_link *link, uint32_t command, struct flash_problem *problem)
{
	uint32_t status;
	int error = card_unlock(link, problem);

	if (error)
		return error;
	error = card_link_write(link, GLACIS_CARD_FLASH_COMMAND, command);
	/* A card that refuses stays, and says so. */
	for (unsigned ms = 0; !error && ms < 500; ms += 10) {
		error = card_link_read(link, GLACIS_CARD_FLASH_STATUS, &status);
		if (!error && status != UINT32_MAX && status & GLACIS_CARD_FLASH_STATUS_ERROR_MASK)
			return flash_fail(problem, -EIO, "the card refuses to boot another image (error %u)",
					  status >> GLACIS_CARD_FLASH_STATUS_ERROR_SHIFT & 0xff);
		sleep_ms(10);
	}
	error = card_link_reopen(link, BOOT_MS);
	return error ? card_lost(problem, error) : 0;
}

static int run_selftest(struct card_link *link, struct flash_problem *problem)
{
	uint32_t value = GLACIS_CARD_CONTROL_SELFTEST_START_MASK;
	int error = card_link_write(link, GLACIS_CARD_CONTROL_SELFTEST, value);

	for (unsigned ms = 0; !error && ms < SELFTEST_MS && value & GLACIS_CARD_CONTROL_SELFTEST_START_MASK; ms += 10) {
		error = card_link_read(link, GLACIS_CARD_CONTROL_SELFTEST, &value);
		if (value & GLACIS_CARD_CONTROL_SELFTEST_START_MASK)
			sleep_ms(10);
	}
	if (error)
		return card_lost(problem, error);
	if (value != GLACIS_CARD_CONTROL_SELFTEST_PASSED_MASK)
		return flash_fail(problem, -EIO, "the new image fails its known-answer test (%s)",
				  value & GLACIS_CARD_CONTROL_SELFTEST_FAILED_MASK ? "wrong answers" : "no answer");
	return 0;
}

/* Is what runs what the manifest promised, and does it compute? */
static int examine(struct card_link *link, const struct image *image, struct flash_problem *problem)
{
	struct card_state state;
	int error = card_flash_read_state(link, &state, problem);

	if (error)
		return error;
	if (state.segment != 1)
		return flash_fail(problem, -EIO, "the card did not boot the new image, but %s",
				  card_flash_boot_text(&state));
	if (state.build_id != image->manifest.build_id)
		return flash_fail(problem, -EIO,
				  "the new image says it is build 0x%016" PRIx64 ", its manifest 0x%016" PRIx64,
				  state.build_id, image->manifest.build_id);
	if (!(state.capabilities & GLACIS_CARD_IDENTITY_CAPABILITIES_SELFTEST_MASK))
		return flash_fail(problem, -ENOTSUP,
				  "the new image has no self-test, so that nobody knows whether it computes right");
	return run_selftest(link, problem);
}

static bool golden_runs(struct card_link *link, struct card_state *state)
{
	struct flash_problem ignored;

	return card_flash_read_state(link, state, &ignored) == 0 && state->segment == 0;
}

/* An image that does not answer cannot be told anything: its trial ends by itself. */
static int wait_for_golden(struct card_link *link, unsigned trial_s)
{
	struct card_state state;

	for (unsigned ms = 0; ms < (trial_s + 10) * 1000u; ms += 200) {
		if (golden_runs(link, &state))
			return 0;
		sleep_ms(200);
		if (card_link_reopen(link, 2000) == 0 && golden_runs(link, &state))
			return 0;
	}
	return -ETIMEDOUT;
}

int card_flash_boot_golden(struct card_link *link, struct flash_problem *problem)
{
	struct card_state state;
	int error = reboot(link, GLACIS_CARD_FLASH_COMMAND_REBOOT_GOLDEN, problem);

	if (!error && !golden_runs(link, &state))
		error = flash_fail(problem, -EIO, "the golden image does not run; cycle the card's power");
	return error;
}

/* The way back. What went wrong first is what the operator is told, and then whether the golden image runs. */
static int fall_back(struct card_link *link, unsigned trial_s, int why, struct flash_problem *problem)
{
	struct flash_problem ignored, first = *problem;
	int error = card_flash_boot_golden(link, &ignored);

	if (error)
		error = wait_for_golden(link, trial_s);
	if (!error && card_unlock(link, &ignored) == 0)
		error = card_command(link, GLACIS_CARD_FLASH_COMMAND_REVOKE, "revoke the new image", &ignored);
	return flash_fail(problem, why, "%.380s; %s", first.text,
			  error ? "THE GOLDEN IMAGE DOES NOT RUN EITHER: cycle the card's power"
				: "the golden image runs again and the new one is revoked");
}

int card_flash_try(struct card_link *link, const struct image *image, struct flash_problem *problem)
{
	struct card_state before;
	int error = card_flash_read_state(link, &before, problem);

	if (error)
		return error;
	error = reboot(link, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER, problem);
	if (!error)
		error = examine(link, image, problem);
	if (!error)
		error = card_unlock(link, problem);
	if (!error)
		error = card_command(link, GLACIS_CARD_FLASH_COMMAND_CONFIRM, "confirm the new image", problem);
	return error ? fall_back(link, before.trial_s, error, problem) : 0;
}
