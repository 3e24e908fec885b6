/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash and the self-test: what may be written, what is booted, and that a golden image runs whatever happens.
 * `glacis flash` has tests of its own.
 *
 * usage: test_vcard_flash GLACIS-VCARD [CASE...]
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vfio.h>
#include <zlib.h>

#include "image.h"
#include "ring.h"

#define PAGE     GLACIS_CARD_FLASH_BUFFER_SIZE
#define SECTOR   0x10000u
#define SEGMENT  0x400000u
#define BUILD_ID UINT64_C(0x1122334455667788)
#define IMAGE    3000u /* bytes: not whole pages */

struct bed {
	struct rig rig;
	char flash[96];
	const char *options[6];
	uint8_t image[12 * PAGE];
};

static bool bed_open(struct bed *bed, uint32_t flags)
{
	static unsigned number;
	struct vcard_image_header header = { .magic = { 'G', 'L', 'A', 'C', 'I', 'S', 'V', 'C' },
					     .idcode = VCARD_IMAGE_IDCODE,
					     .size = IMAGE,
					     .build_id = BUILD_ID,
					     .capabilities = UINT32_MAX,
					     .flags = flags };

	memset(bed->image, 0xff, sizeof(bed->image));
	for (unsigned i = 0; i < IMAGE; i++)
		bed->image[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(bed->image, &header, sizeof(header));
	snprintf(bed->flash, sizeof(bed->flash), "/tmp/glacis-flash.%d.%u", (int)getpid(), number++);
	bed->options[0] = "--flash";
	bed->options[1] = bed->flash;
	bed->options[2] = "--trial-s";
	bed->options[3] = "3";
	bed->options[4] = NULL;
	return CHECK(rig_open(&bed->rig, bed->options));
}

static void bed_close(struct bed *bed)
{
	CHECK(rig_stop(&bed->rig) == 0);
	unlink(bed->flash);
}

static uint32_t get(struct bed *bed, uint32_t offset)
{
	return rig_read32(&bed->rig, offset);
}

static void set(struct bed *bed, uint32_t offset, uint32_t value)
{
	rig_write32(&bed->rig, offset, value);
}

static uint32_t command(struct bed *bed, uint32_t code)
{
	set(bed, GLACIS_CARD_FLASH_COMMAND, code);
	return get(bed, GLACIS_CARD_FLASH_STATUS) >> GLACIS_CARD_FLASH_STATUS_ERROR_SHIFT & 0xff;
}

static void unlock(struct bed *bed)
{
	set(bed, GLACIS_CARD_FLASH_UNLOCK, GLACIS_CARD_FLASH_UNLOCK_KEY);
	set(bed, GLACIS_CARD_FLASH_SEGMENT, 1);
}

static bool runs(struct bed *bed, uint32_t segment, uint32_t reason, uint64_t build_id)
{
	uint32_t boot = get(bed, GLACIS_CARD_FLASH_BOOT);

	return CHECK(boot == (segment | reason << GLACIS_CARD_FLASH_BOOT_REASON_SHIFT)) &&
	       CHECK((rig_read64(&bed->rig, GLACIS_CARD_IDENTITY_BUILD_ID) == BUILD_ID) == (build_id == BUILD_ID));
}

/* Writes the image into the erased user segment. */
static bool write_image(struct bed *bed)
{
	unlock(bed);
	set(bed, GLACIS_CARD_FLASH_ADDRESS, 0);
	if (!CHECK(command(bed, GLACIS_CARD_FLASH_COMMAND_ERASE) == GLACIS_CARD_FLASH_ERROR_NONE))
		return false;
	for (unsigned at = 0; at < sizeof(bed->image); at += PAGE) {
		if (!CHECK(client_write(&bed->rig.client, VFIO_PCI_BAR0_REGION_INDEX, GLACIS_CARD_FLASH_BUFFER,
					bed->image + at, PAGE) == 0) ||
		    !CHECK(command(bed, GLACIS_CARD_FLASH_COMMAND_PROGRAM) == GLACIS_CARD_FLASH_ERROR_NONE))
			return false;
	}
	return true;
}

static uint32_t seal(struct bed *bed)
{
	set(bed, GLACIS_CARD_FLASH_IMAGE_SIZE, IMAGE);
	set(bed, GLACIS_CARD_FLASH_IMAGE_CRC, (uint32_t)crc32(0, bed->image, IMAGE));
	return command(bed, GLACIS_CARD_FLASH_COMMAND_SEAL);
}

/* The card goes away and comes back. */
static bool reboot(struct bed *bed, uint32_t code)
{
	struct client *client = &bed->rig.client;
	uint32_t value;

	set(bed, GLACIS_CARD_FLASH_COMMAND, code);
	for (unsigned i = 0; i < 1000 && client_read(client, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4) == 0; i++)
		rig_sleep_ms(1);
	rig_detach(&bed->rig);
	return rig_attach(&bed->rig);
}

static bool power_cycle(struct bed *bed)
{
	int status;

	if (rig_is_alive(&bed->rig, &status))
		kill(bed->rig.process, SIGKILL);
	while (rig_is_alive(&bed->rig, &status))
		rig_sleep_ms(1);
	rig_detach(&bed->rig);
	return CHECK(rig_start_again(&bed->rig, bed->options)) && rig_attach(&bed->rig);
}

/* ---- cases ---- */

static void selftest(void)
{
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	CHECK(rig_read32(&rig, GLACIS_CARD_CONTROL_SELFTEST) == 0);
	rig_write32(&rig, GLACIS_CARD_CONTROL_SELFTEST, ~GLACIS_CARD_CONTROL_SELFTEST_START_MASK);
	CHECK(rig_read32(&rig, GLACIS_CARD_CONTROL_SELFTEST) == 0);
	rig_enable(&rig);
	rig_write32(&rig, GLACIS_CARD_CONTROL_SELFTEST, 1);
	CHECK(rig_read32(&rig, GLACIS_CARD_CONTROL_SELFTEST) == 0);
	rig_write32(&rig, GLACIS_CARD_CONTROL_CONTROL, 0);
	rig_write32(&rig, GLACIS_CARD_CONTROL_SELFTEST, 1);
	CHECK(rig_read32(&rig, GLACIS_CARD_CONTROL_SELFTEST) == GLACIS_CARD_CONTROL_SELFTEST_PASSED_MASK);
	rig_write32(&rig, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_RESET_MASK);
	CHECK(rig_read32(&rig, GLACIS_CARD_CONTROL_SELFTEST) == 0);
	CHECK(rig_stop(&rig) == 0);
}

static void a_card_without_flash(void)
{
	struct rig rig;

	NEED(rig_open(&rig, NULL));
	CHECK(!(rig_read32(&rig, GLACIS_CARD_IDENTITY_CAPABILITIES) & GLACIS_CARD_IDENTITY_CAPABILITIES_FLASH_MASK));
	for (uint32_t offset = GLACIS_CARD_FLASH_BLOCK; offset < GLACIS_CARD_FLASH_BLOCK + 0x240; offset += 4) {
		rig_write32(&rig, offset, 1);
		CHECK(rig_read32(&rig, offset) == 0);
	}
	CHECK(rig_stop(&rig) == 0);
}

static void what_must_not_be_written(void)
{
	static const uint32_t changes[] = {
		GLACIS_CARD_FLASH_COMMAND_ERASE,        GLACIS_CARD_FLASH_COMMAND_PROGRAM,
		GLACIS_CARD_FLASH_COMMAND_SEAL,         GLACIS_CARD_FLASH_COMMAND_REVOKE,
		GLACIS_CARD_FLASH_COMMAND_CONFIRM,      GLACIS_CARD_FLASH_COMMAND_REBOOT_USER,
		GLACIS_CARD_FLASH_COMMAND_REBOOT_GOLDEN
	};
	struct bed bed;

	NEED(bed_open(&bed, 0));
	CHECK(get(&bed, GLACIS_CARD_IDENTITY_CAPABILITIES) & GLACIS_CARD_IDENTITY_CAPABILITIES_FLASH_MASK);
	CHECK(get(&bed, GLACIS_CARD_FLASH_GEOMETRY) == (16u | 2u << 8 | 3u << 16));
	CHECK(get(&bed, GLACIS_CARD_FLASH_SEGMENT_SIZE) == SEGMENT);
	CHECK(get(&bed, GLACIS_CARD_FLASH_IDCODE) == VCARD_IMAGE_IDCODE);
	runs(&bed, 0, GLACIS_CARD_BOOT_REASON_NO_RECORD, 0);
	for (size_t i = 0; i < TAP_COUNT(changes); i++) {
		set(&bed, GLACIS_CARD_FLASH_SEGMENT, 1);
		CHECK(command(&bed, changes[i]) == GLACIS_CARD_FLASH_ERROR_LOCKED);
		set(&bed, GLACIS_CARD_FLASH_UNLOCK, GLACIS_CARD_FLASH_UNLOCK_KEY ^ 1);
		CHECK(command(&bed, changes[i]) == GLACIS_CARD_FLASH_ERROR_LOCKED);
	}
	unlock(&bed);
	rig_enable(&bed.rig);
	for (size_t i = 0; i < TAP_COUNT(changes); i++)
		CHECK(command(&bed, changes[i]) == GLACIS_CARD_FLASH_ERROR_BUSY);
	set(&bed, GLACIS_CARD_CONTROL_CONTROL, 0);
	CHECK(command(&bed, 99) == GLACIS_CARD_FLASH_ERROR_BAD_COMMAND);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_CONFIRM) == GLACIS_CARD_FLASH_ERROR_NOT_RUNNING);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER) == GLACIS_CARD_FLASH_ERROR_NOT_RUNNING);
	set(&bed, GLACIS_CARD_FLASH_ADDRESS, SEGMENT);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_READ) == GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_ERASE) == GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_PROGRAM) == GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS);
	set(&bed, GLACIS_CARD_FLASH_ADDRESS, PAGE);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_ERASE) == GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS);
	set(&bed, GLACIS_CARD_FLASH_SEGMENT, 0);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_PROGRAM) == GLACIS_CARD_FLASH_ERROR_PROTECTED);
	set(&bed, GLACIS_CARD_FLASH_ADDRESS, 0);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_ERASE) == GLACIS_CARD_FLASH_ERROR_PROTECTED);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_READ) == GLACIS_CARD_FLASH_ERROR_NONE);
	CHECK(get(&bed, GLACIS_CARD_FLASH_BUFFER) == 0x43414c47);
	CHECK(get(&bed, GLACIS_CARD_FLASH_ADDRESS) == PAGE);
	bed_close(&bed);
}

static void from_write_to_confirmation(void)
{
	uint8_t page[PAGE];
	struct bed bed;

	NEED(bed_open(&bed, 0));
	NEED(write_image(&bed));
	set(&bed, GLACIS_CARD_FLASH_ADDRESS, PAGE);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_PROGRAM) == GLACIS_CARD_FLASH_ERROR_NOT_ERASED);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_READ) == GLACIS_CARD_FLASH_ERROR_NONE);
	CHECK(client_read(&bed.rig.client, VFIO_PCI_BAR0_REGION_INDEX, GLACIS_CARD_FLASH_BUFFER, page, PAGE) == 0);
	CHECK(memcmp(page, bed.image + PAGE, PAGE) == 0);
	set(&bed, GLACIS_CARD_FLASH_IMAGE_SIZE, IMAGE);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_SEAL) == GLACIS_CARD_FLASH_ERROR_BAD_CRC);
	set(&bed, GLACIS_CARD_FLASH_IMAGE_SIZE, SEGMENT + 1);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_SEAL) == GLACIS_CARD_FLASH_ERROR_BAD_ADDRESS);
	NEED(seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	CHECK(seal(&bed) == GLACIS_CARD_FLASH_ERROR_PROTECTED);
	set(&bed, GLACIS_CARD_FLASH_ADDRESS, 0);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_ERASE) == GLACIS_CARD_FLASH_ERROR_PROTECTED);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_CONFIRM) == GLACIS_CARD_FLASH_ERROR_NOT_RUNNING);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_TRIAL, BUILD_ID);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_CONFIRM) == GLACIS_CARD_FLASH_ERROR_LOCKED);
	unlock(&bed);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_CONFIRM) == GLACIS_CARD_FLASH_ERROR_NONE);
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_CONFIRMED, BUILD_ID);
	NEED(power_cycle(&bed));
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_CONFIRMED, BUILD_ID);
	unlock(&bed);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_GOLDEN));
	runs(&bed, 0, GLACIS_CARD_BOOT_REASON_ASKED, 0);
	unlock(&bed);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_CONFIRMED, BUILD_ID);
	unlock(&bed);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_REVOKE) == GLACIS_CARD_FLASH_ERROR_NONE);
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_CONFIRMED, BUILD_ID);
	NEED(power_cycle(&bed));
	runs(&bed, 0, GLACIS_CARD_BOOT_REASON_NO_RECORD, 0);
	bed_close(&bed);
}

static void a_trial_that_nobody_confirms(void)
{
	uint32_t boot;
	uint64_t end;
	struct bed bed;

	NEED(bed_open(&bed, 0));
	NEED(write_image(&bed) && seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_TRIAL, BUILD_ID);
	NEED(power_cycle(&bed));
	runs(&bed, 0, GLACIS_CARD_BOOT_REASON_NOT_CONFIRMED, 0);
	unlock(&bed);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER) == GLACIS_CARD_FLASH_ERROR_NOT_RUNNING);

	/* Another one, whose time runs out. */
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_REVOKE) == GLACIS_CARD_FLASH_ERROR_NONE);
	NEED(seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_TRIAL, BUILD_ID);
	end = rig_now_ms() + RIG_WAIT_MS;
	while (client_read(&bed.rig.client, VFIO_PCI_BAR0_REGION_INDEX, GLACIS_CARD_FLASH_BOOT, &boot, 4) == 0 &&
	       boot & 0xff && rig_now_ms() < end)
		rig_sleep_ms(50);
	rig_detach(&bed.rig);
	NEED(rig_attach(&bed.rig));
	runs(&bed, 0, GLACIS_CARD_BOOT_REASON_NOT_CONFIRMED, 0);
	bed_close(&bed);
}

/* An image that answers no register, and one that computes wrong tags. */
static void images_that_do_not_work(void)
{
	struct bed bed;

	NEED(bed_open(&bed, VCARD_IMAGE_DEAD));
	NEED(write_image(&bed) && seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	CHECK(get(&bed, GLACIS_CARD_IDENTITY_MAGIC) == UINT32_MAX);
	NEED(power_cycle(&bed));
	runs(&bed, 0, GLACIS_CARD_BOOT_REASON_NOT_CONFIRMED, 0);
	bed_close(&bed);

	NEED(bed_open(&bed, VCARD_IMAGE_WRONG));
	NEED(write_image(&bed) && seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	set(&bed, GLACIS_CARD_CONTROL_SELFTEST, 1);
	CHECK(get(&bed, GLACIS_CARD_CONTROL_SELFTEST) == GLACIS_CARD_CONTROL_SELFTEST_PASSED_MASK);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	set(&bed, GLACIS_CARD_CONTROL_SELFTEST, 1);
	CHECK(get(&bed, GLACIS_CARD_CONTROL_SELFTEST) == GLACIS_CARD_CONTROL_SELFTEST_FAILED_MASK);
	bed_close(&bed);
}

static bool arm(struct bed *bed, const char *fault)
{
	const char *const words[] = { "fault", fault, NULL };

	return CHECK(rig_control(&bed->rig, words, NULL, 0) == 0);
}

static void power_lost(struct bed *bed, uint32_t code)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;
	int status = 0;

	unlock(bed);
	CHECK(command(bed, GLACIS_CARD_FLASH_COMMAND_REVOKE) == GLACIS_CARD_FLASH_ERROR_NONE);
	set(bed, GLACIS_CARD_FLASH_ADDRESS, code == GLACIS_CARD_FLASH_COMMAND_ERASE ? 0 : SECTOR);
	NEED(arm(bed, "power-loss:count=1"));
	CHECK(client_write(&bed->rig.client, VFIO_PCI_BAR0_REGION_INDEX, GLACIS_CARD_FLASH_COMMAND, &code, 4) != 0);
	while (rig_is_alive(&bed->rig, &status) && rig_now_ms() < end)
		rig_sleep_ms(1);
	CHECK(!bed->rig.process && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	NEED(power_cycle(bed));
	runs(bed, 0, GLACIS_CARD_BOOT_REASON_NO_RECORD, 0);
}

static void power_is_lost_in_the_middle(void)
{
	struct bed bed;

	NEED(bed_open(&bed, 0));
	NEED(write_image(&bed) && seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	power_lost(&bed, GLACIS_CARD_FLASH_COMMAND_ERASE);
	unlock(&bed);
	CHECK(seal(&bed) == GLACIS_CARD_FLASH_ERROR_BAD_CRC); /* half of it is gone */
	NEED(write_image(&bed) && seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	power_lost(&bed, GLACIS_CARD_FLASH_COMMAND_PROGRAM);
	NEED(write_image(&bed) && seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	runs(&bed, 1, GLACIS_CARD_BOOT_REASON_TRIAL, BUILD_ID);
	bed_close(&bed);
}

/* A byte of a confirmed image turns over while the power is off. */
static void damaged(void)
{
	struct bed bed;
	int file;

	NEED(bed_open(&bed, 0));
	NEED(write_image(&bed) && seal(&bed) == GLACIS_CARD_FLASH_ERROR_NONE);
	NEED(reboot(&bed, GLACIS_CARD_FLASH_COMMAND_REBOOT_USER));
	unlock(&bed);
	CHECK(command(&bed, GLACIS_CARD_FLASH_COMMAND_CONFIRM) == GLACIS_CARD_FLASH_ERROR_NONE);
	file = open(bed.flash, O_RDWR | O_CLOEXEC);
	CHECK(pwrite(file, "", 1, SEGMENT + 1000) == 1);
	close(file);
	NEED(power_cycle(&bed));
	runs(&bed, 0, GLACIS_CARD_BOOT_REASON_DAMAGED, 0);
	bed_close(&bed);
}

static void a_page_with_a_wrong_bit(void)
{
	struct bed bed;

	NEED(bed_open(&bed, 0));
	NEED(arm(&bed, "wrong-flash:count=1"));
	NEED(write_image(&bed));
	CHECK(seal(&bed) == GLACIS_CARD_FLASH_ERROR_BAD_CRC);
	bed_close(&bed);
}

static void files_that_are_no_flash(void)
{
	char said[256] = "";
	struct bed bed;
	const char *arguments[] = { "--socket", "/tmp/glacis-flash.none", "--flash", bed.flash, NULL };
	int file;

	NEED(bed_open(&bed, 0));
	CHECK(rig_program(&bed.rig, arguments, said, sizeof(said)) == 1);
	CHECK(strstr(said, "another card that runs"));
	CHECK(rig_stop(&bed.rig) == 0);
	NEED(rig_open(&bed.rig, NULL));
	file = open(bed.flash, O_RDWR | O_CLOEXEC);
	CHECK(pwrite(file, "g", 1, 0) == 1);
	CHECK(rig_program(&bed.rig, arguments, said, sizeof(said)) == 1);
	CHECK(strstr(said, "is no flash of this card"));
	CHECK(ftruncate(file, 1000) == 0);
	close(file);
	CHECK(rig_program(&bed.rig, arguments, said, sizeof(said)) == 1);
	CHECK(strstr(said, "is no flash of this card"));
	arguments[3] = "/nonexistent/flash";
	CHECK(rig_program(&bed.rig, arguments, said, sizeof(said)) == 1);
	CHECK(strstr(said, "No such file or directory"));
	bed_close(&bed);
}

int main(int argc, char **argv)
{
	static const struct tap_case cases[] = {
		{ "self-test", selftest },
		{ "a card without flash", a_card_without_flash },
		{ "what must not be written", what_must_not_be_written },
		{ "from write to confirmation", from_write_to_confirmation },
		{ "a trial that nobody confirms", a_trial_that_nobody_confirms },
		{ "images that do not work", images_that_do_not_work },
		{ "power is lost in the middle", power_is_lost_in_the_middle },
		{ "damaged", damaged },
		{ "a page with a wrong bit", a_page_with_a_wrong_bit },
		{ "files that are no flash", files_that_are_no_flash },
	};

	if (argc < 2)
		return 2;
	rig_vcard = argv[1];
	return tap_run(cases, TAP_COUNT(cases), argc, argv, 2);
}
