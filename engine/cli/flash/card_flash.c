/* SPDX-License-Identifier: Apache-2.0 */
/* The card's state, its checks, and writing; see card_flash.h. What follows a reboot: card_trial.c. */
#include "card_flash.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "card_command.h"

#define PAGE GLACIS_CARD_FLASH_BUFFER_SIZE

/* ---- commands, also for card_trial.c ---- */

int card_lost(struct flash_problem *problem, int error)
{
	return flash_fail(problem, error, "the card does not answer (%s); look at its power and its log",
			  strerror(-error));
}

static const char *error_text(uint32_t error)
{
	switch (error) {
	case GLACIS_CARD_FLASH_ERROR_LOCKED:
		return "the flash is locked";
	case GLACIS_CARD_FLASH_ERROR_PROTECTED:
		return "the segment is protected";
	case GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS:
		return "address or size is out of bounds";
	case GLACIS_CARD_FLASH_ERROR_NOT_ERASED:
		return "what was to be written is not erased";
	case GLACIS_CARD_FLASH_ERROR_BAD_CRC:
		return "what it holds is not the image";
	case GLACIS_CARD_FLASH_ERROR_NOT_RUNNING:
		return "there is no image that may be booted";
	case GLACIS_CARD_FLASH_ERROR_BUSY:
		return "the card was enabled meanwhile";
	case GLACIS_CARD_FLASH_ERROR_FAILED:
		return "the flash failed";
	default:
		return "it does not know the command";
	}
}

int card_command(struct card_link *link, uint32_t command, const char *what, struct flash_problem *problem)
{
	uint32_t status = GLACIS_CARD_FLASH_STATUS_BUSY_MASK;
	int error = card_link_write(link, GLACIS_CARD_FLASH_COMMAND, command);

	for (unsigned i = 0; !error && i < 100000 && status & GLACIS_CARD_FLASH_STATUS_BUSY_MASK; i++)
		error = card_link_read(link, GLACIS_CARD_FLASH_STATUS, &status);
	if (error)
		return card_lost(problem, error);
	if (status & GLACIS_CARD_FLASH_STATUS_BUSY_MASK)
		return flash_fail(problem, -ETIMEDOUT, "the card does not end to %s; cycle its power and try again",
				  what);
	status = (status & GLACIS_CARD_FLASH_STATUS_ERROR_MASK) >> GLACIS_CARD_FLASH_STATUS_ERROR_SHIFT;
	if (status != GLACIS_CARD_FLASH_ERROR_NONE)
		return flash_fail(problem, -EIO,
				  "the card refuses to %s: %s; try again, and if it stays replace the flash", what,
				  error_text(status));
	return 0;
}

int card_unlock(struct card_link *link, struct flash_problem *problem)
{
	int error = card_link_write(link, GLACIS_CARD_FLASH_UNLOCK, GLACIS_CARD_FLASH_UNLOCK_KEY);

	if (!error)
		error = card_link_write(link, GLACIS_CARD_FLASH_SEGMENT, 1);
	return error ? card_lost(problem, error) : 0;
}

/* ---- state ---- */

static int read_words(struct card_link *link, struct card_state *state, uint32_t *flash)
{
	uint32_t low = 0, high = 0;
	int error = card_link_read(link, GLACIS_CARD_IDENTITY_ABI, &state->abi);

	if (!error)
		error = card_link_read(link, GLACIS_CARD_IDENTITY_BUILD_ID, &low);
	if (!error)
		error = card_link_read(link, GLACIS_CARD_IDENTITY_BUILD_ID + 4, &high);
	if (!error)
		error = card_link_read(link, GLACIS_CARD_IDENTITY_BOARD, &state->board);
	if (!error)
		error = card_link_read(link, GLACIS_CARD_IDENTITY_CAPABILITIES, &state->capabilities);
	if (!error)
		error = card_link_read_block(link, GLACIS_CARD_FLASH_BLOCK, flash, 5 * sizeof(*flash));
	state->build_id = (uint64_t)high << 32 | low;
	return error;
}

int card_flash_read_state(struct card_link *link, struct card_state *state, struct flash_problem *problem)
{
	uint32_t magic = 0, flash[5] = { 0 };
	int error = card_link_read(link, GLACIS_CARD_IDENTITY_MAGIC, &magic);

	*state = (struct card_state){ 0 };
	if (error)
		return card_lost(problem, error);
	if (magic == UINT32_MAX)
		return flash_fail(problem, -ENODEV, "the card's registers read as ones: it is gone; cycle its power");
	if (magic != GLACIS_CARD_MAGIC)
		return flash_fail(problem, -ENODEV, "it is no Glacis card (0x%08x in place of 0x%08x)", magic,
				  GLACIS_CARD_MAGIC);
	error = read_words(link, state, flash);
	if (error)
		return card_lost(problem, error);
	if (state->abi >> GLACIS_CARD_IDENTITY_ABI_MAJOR_SHIFT != GLACIS_CARD_ABI_MAJOR)
		return flash_fail(problem, -EPROTO,
				  "the card has ABI %u.%u, this software %u.%u; use the glacis of its version",
				  state->abi >> 16, state->abi & 0xffff, GLACIS_CARD_ABI_MAJOR, GLACIS_CARD_ABI_MINOR);
	if (!(state->capabilities & GLACIS_CARD_IDENTITY_CAPABILITIES_FLASH_MASK))
		return flash_fail(problem, -ENOTSUP,
				  "this card has no flash that can be written from here (glacis-vcard has one with "
				  "--flash=FILE)");
	state->sector_size = 1u << (flash[0] & 31);
	state->trial_s = flash[0] >> GLACIS_CARD_FLASH_GEOMETRY_TRIAL_S_SHIFT;
	state->segment_size = flash[1];
	state->idcode = flash[2];
	state->record = flash[3] & GLACIS_CARD_FLASH_STATUS_RECORD_MASK;
	state->confirmed = flash[3] & GLACIS_CARD_FLASH_STATUS_CONFIRMED_MASK;
	state->segment = flash[4] & GLACIS_CARD_FLASH_BOOT_SEGMENT_MASK;
	state->reason = (flash[4] & GLACIS_CARD_FLASH_BOOT_REASON_MASK) >> GLACIS_CARD_FLASH_BOOT_REASON_SHIFT;
	if (state->sector_size < PAGE || state->segment_size > MANIFEST_IMAGE_MAX ||
	    state->segment_size % state->sector_size != 0)
		return flash_fail(
			problem, -EPROTO,
			"the card says that its flash has sectors of %u and segments of %u bytes, which cannot be",
			state->sector_size, state->segment_size);
	return 0;
}

const char *card_flash_boot_text(const struct card_state *state)
{
	switch (state->reason) {
	case GLACIS_CARD_BOOT_REASON_CONFIRMED:
		return "the user image, confirmed";
	case GLACIS_CARD_BOOT_REASON_TRIAL:
		return "the user image, on trial";
	case GLACIS_CARD_BOOT_REASON_ASKED:
		return "the golden image, as asked";
	case GLACIS_CARD_BOOT_REASON_NO_RECORD:
		return "the golden image: there is no user image";
	case GLACIS_CARD_BOOT_REASON_DAMAGED:
		return "the golden image: the user image is damaged";
	case GLACIS_CARD_BOOT_REASON_NOT_CONFIRMED:
		return "the golden image: the user image was never confirmed";
	default:
		return "an image, for a reason that this software does not know";
	}
}

/* ---- checks ---- */

static int check_rest(struct card_link *link, struct flash_problem *problem)
{
	uint32_t limits = 0, value = 0;
	int error = card_link_read(link, GLACIS_CARD_CONTROL_CONTROL, &value);

	if (!error && value & GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK)
		return flash_fail(problem, -EBUSY, "the card is enabled: a program uses it; stop it first");
	if (!error)
		error = card_link_read(link, GLACIS_CARD_IDENTITY_LIMITS, &limits);
	limits &= GLACIS_CARD_IDENTITY_LIMITS_QUEUES_MASK;
	for (uint32_t queue = 0; !error && queue <= limits && queue < GLACIS_CARD_QUEUES_MAX; queue++) {
		error = card_link_read(link, glacis_card_queue(queue, GLACIS_CARD_QUEUE_STATUS), &value);
		if (!error && (value & GLACIS_CARD_QUEUE_STATUS_STATE_MASK) != GLACIS_CARD_STATE_DISABLED)
			return flash_fail(problem, -EBUSY,
					  "queue %u of the card is not at rest: a program uses it; stop it first",
					  queue);
	}
	return error ? card_lost(problem, error) : 0;
}

int card_flash_check(struct card_link *link, const struct card_state *state, const struct image *image,
		     bool allow_development, struct flash_problem *problem)
{
	const struct manifest *manifest = &image->manifest;
	bool emulated = state->board == GLACIS_CARD_BOARD_MODEL || state->board == GLACIS_CARD_BOARD_SIMULATION;

	if (manifest->board_id != state->board)
		return flash_fail(problem, -EINVAL,
				  "the image is for board %u (%s), the card is board %u; use an image for it",
				  manifest->board_id, manifest->board, state->board);
	if (manifest->idcode != state->idcode)
		return flash_fail(
			problem, -EINVAL,
			"the image is for a part with IDCODE 0x%08x, the card has 0x%08x; use an image for it",
			manifest->idcode, state->idcode);
	if (manifest->size > state->segment_size)
		return flash_fail(problem, -EFBIG, "the image has %u bytes, the card's segment %u; use an image for it",
				  manifest->size, state->segment_size);
	if (image->development && !emulated && !allow_development)
		return flash_fail(problem, -EPERM,
				  "the image is signed with the development key, which anybody may have; "
				  "--allow-development-key writes it all the same");
	return check_rest(link, problem);
}

/* ---- writing ---- */

static int erase(struct card_link *link, const struct card_state *state, uint32_t size, card_flash_progress progress,
		 struct flash_problem *problem)
{
	for (uint32_t at = 0; at < size; at += state->sector_size) {
		int error = card_link_write(link, GLACIS_CARD_FLASH_ADDRESS, at);

		error = error ? card_lost(problem, error)
			      : card_command(link, GLACIS_CARD_FLASH_COMMAND_ERASE, "erase", problem);
		if (error)
			return error;
		if (progress)
			progress("erasing", at + state->sector_size < size ? at + state->sector_size : size, size);
	}
	return 0;
}

/* The page of the image at `at`, filled up with ones. */
static void take_page(const struct image *image, uint32_t at, uint8_t page[PAGE])
{
	uint32_t left = image->manifest.size - at;

	memset(page, 0xff, PAGE);
	memcpy(page, image->bytes + at, left < PAGE ? left : PAGE);
}

static int program(struct card_link *link, const struct image *image, card_flash_progress progress,
		   struct flash_problem *problem)
{
	uint32_t size = image->manifest.size;
	uint8_t page[PAGE];

	for (uint32_t at = 0; at < size; at += PAGE) {
		int error = card_link_write(link, GLACIS_CARD_FLASH_ADDRESS, at);

		take_page(image, at, page);
		if (!error)
			error = card_link_write_block(link, GLACIS_CARD_FLASH_BUFFER, page, PAGE);
		error = error ? card_lost(problem, error)
			      : card_command(link, GLACIS_CARD_FLASH_COMMAND_PROGRAM, "write", problem);
		if (error)
			return error;
		if (progress)
			progress("writing", at + PAGE < size ? at + PAGE : size, size);
	}
	return 0;
}

static int read_back(struct card_link *link, const struct image *image, card_flash_progress progress,
		     struct flash_problem *problem)
{
	uint32_t size = image->manifest.size;
	uint8_t page[PAGE], found[PAGE];

	for (uint32_t at = 0; at < size; at += PAGE) {
		int error = card_link_write(link, GLACIS_CARD_FLASH_ADDRESS, at);

		take_page(image, at, page);
		error = error ? card_lost(problem, error)
			      : card_command(link, GLACIS_CARD_FLASH_COMMAND_READ, "read", problem);
		if (!error && card_link_read_block(link, GLACIS_CARD_FLASH_BUFFER, found, PAGE))
			error = card_lost(problem, -ENODEV);
		if (error)
			return error;
		if (memcmp(found, page, PAGE) != 0)
			return flash_fail(problem, -EIO,
					  "the flash holds something else at byte %u than was written; try again, and "
					  "if it stays replace the card",
					  at);
		if (progress)
			progress("reading back", at + PAGE < size ? at + PAGE : size, size);
	}
	return 0;
}

static int seal(struct card_link *link, const struct image *image, struct flash_problem *problem)
{
	uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), image->bytes, image->manifest.size);
	int error = card_link_write(link, GLACIS_CARD_FLASH_IMAGE_SIZE, image->manifest.size);

	if (!error)
		error = card_link_write(link, GLACIS_CARD_FLASH_IMAGE_CRC, crc);
	return error ? card_lost(problem, error)
		     : card_command(link, GLACIS_CARD_FLASH_COMMAND_SEAL, "seal the image", problem);
}

int card_flash_write(struct card_link *link, const struct card_state *state, const struct image *image,
		     card_flash_progress progress, struct flash_problem *problem)
{
	int error = card_unlock(link, problem);

	if (!error)
		error = card_command(link, GLACIS_CARD_FLASH_COMMAND_REVOKE, "revoke the old image", problem);
	if (!error)
		error = erase(link, state, image->manifest.size, progress, problem);
	if (!error)
		error = program(link, image, progress, problem);
	if (!error)
		error = read_back(link, image, progress, problem);
	if (!error)
		error = seal(link, image, problem);
	return error;
}
