/* SPDX-License-Identifier: Apache-2.0 */
/* The flash command's way to a PCI function, over a folder with the files that sysfs has for one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card_link_ways.h"
#include "glacis_card_abi.h"

#define HEADER_SIZE 64

static char folder[] = "/tmp/glacis-function.XXXXXX";
static struct flash_problem problem;

static const char *file(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const void *data, size_t size, off_t at)
{
	int fd = open(file(name), O_WRONLY | O_CREAT, 0600);

	cr_assert(fd >= 0);
	cr_assert_eq(pwrite(fd, data, size, at), (ssize_t)size);
	close(fd);
}

static void get(const char *name, void *data, size_t size, off_t at)
{
	int fd = open(file(name), O_RDONLY);

	cr_assert(fd >= 0);
	cr_assert_eq(pread(fd, data, size, at), (ssize_t)size);
	close(fd);
}

static void fill_header(uint8_t header[HEADER_SIZE])
{
	const uint16_t ids[] = { GLACIS_CARD_PCI_VENDOR_ID, GLACIS_CARD_PCI_DEVICE_ID };

	for (int i = 0; i < HEADER_SIZE; i++)
		header[i] = (uint8_t)(i * 7 + 1);
	memcpy(header, ids, sizeof(ids));
}

static void begin(void)
{
	uint8_t header[HEADER_SIZE];

	cr_assert_not_null(mkdtemp(folder));
	fill_header(header);
	put("config", header, sizeof(header), 0);
	put("enable", "0", 1, 0);
	put("resource0", "", 0, 0);
	cr_assert_eq(truncate(file("resource0"), GLACIS_CARD_BAR0_SIZE), 0);
}

static void end(void)
{
	static const char *const names[] = { "config", "enable", "resource0", "driver" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(file(names[i]));
	rmdir(folder);
}

TestSuite(card_link, .init = begin, .fini = end, .timeout = 60);

static struct card_link *opened(void)
{
	struct card_link *link = NULL;

	cr_assert_eq(card_link_open_pci(&link, folder, &problem), 0, "%s", problem.text);
	return link;
}

static void refused(int error, const char *says)
{
	struct card_link *link = NULL;

	cr_assert_eq(card_link_open_pci(&link, folder, &problem), error, "%s", problem.text);
	cr_assert_null(link);
	cr_assert_not_null(strstr(problem.text, says), "%s", problem.text);
}

Test(card_link, reads_and_writes_registers)
{
	struct card_link *link = opened();
	const uint32_t words[] = { 1, 0x80000000u, 0xffffffffu };
	uint32_t back[3] = { 0 }, value = 0x12345678;

	put("resource0", &value, 4, GLACIS_CARD_IDENTITY_MAGIC);
	value = 0;
	cr_assert_eq(card_link_read(link, GLACIS_CARD_IDENTITY_MAGIC, &value), 0);
	cr_assert_eq(value, 0x12345678);
	cr_assert_eq(card_link_write_block(link, GLACIS_CARD_FLASH_BUFFER, words, sizeof(words)), 0);
	cr_assert_eq(card_link_read_block(link, GLACIS_CARD_FLASH_BUFFER, back, sizeof(back)), 0);
	cr_assert_eq(memcmp(words, back, sizeof(back)), 0);
	get("resource0", back, sizeof(back), GLACIS_CARD_FLASH_BUFFER);
	cr_assert_eq(memcmp(words, back, sizeof(back)), 0);
	cr_assert_eq(card_link_write(link, GLACIS_CARD_BAR0_SIZE - 4, 7), 0);
	card_link_close(link);
}

Test(card_link, switches_the_function_on_while_it_has_it)
{
	struct card_link *link = opened();
	char state;

	get("enable", &state, 1, 0);
	cr_assert_eq(state, '1');
	card_link_close(link);
	get("enable", &state, 1, 0);
	cr_assert_eq(state, '0');
}

Test(card_link, gives_a_function_that_came_back_its_addresses)
{
	static const uint8_t power_on[HEADER_SIZE - 4];
	struct card_link *link = opened();
	uint8_t before[HEADER_SIZE], after[HEADER_SIZE], ones[HEADER_SIZE];

	fill_header(before);
	memset(ones, 0xff, sizeof(ones));
	put("config", ones, sizeof(ones), 0);
	cr_assert_eq(card_link_reopen(link, 50), -ENODEV, "it is away");
	put("config", before, 4, 0);
	put("config", power_on, sizeof(power_on), 4);
	cr_assert_eq(card_link_reopen(link, 1000), 0);
	get("config", after, sizeof(after), 0);
	cr_assert_eq(memcmp(before, after, 8), 0, "ids and command");
	cr_assert_eq(memcmp(before + 0x10, after + 0x10, 0x18), 0, "base addresses");
	card_link_close(link);
}

Test(card_link, leaves_alone_what_it_must_not_touch)
{
	uint32_t ids = 0x10de1234;
	uint8_t header[HEADER_SIZE];
	int other;

	cr_assert_eq(symlink("../../../bus/pci/drivers/vfio-pci", file("driver")), 0);
	refused(-EBUSY, "the driver vfio-pci has the card");
	cr_assert_eq(unlink(file("driver")), 0);
	put("config", &ids, 4, 0);
	refused(-ENODEV, "it is no Glacis card (1234:10de in place of");
	ids = UINT32_MAX;
	put("config", &ids, 4, 0);
	refused(-ENODEV, "does not answer");
	fill_header(header);
	put("config", header, sizeof(header), 0);
	other = open(file("resource0"), O_RDWR);
	cr_assert_eq(flock(other, LOCK_EX), 0);
	refused(-EBUSY, "another glacis flash");
	close(other);
	cr_assert_eq(truncate(file("resource0"), GLACIS_CARD_BAR0_SIZE / 2), 0);
	refused(-ENODEV, "its BAR0 has");
	cr_assert_eq(truncate(file("config"), 16), 0);
	refused(-EACCES, "run this as root");
	unlink(file("config"));
	refused(-ENOENT, "cannot open its configuration space");
}

Test(card_link, devices_that_are_none)
{
	static const struct {
		const char *device, *says;
	} wrong[] = {
		{ "pci:", "is no address of a PCI function" },
		{ "pci:0000:3b:00", "is no address of a PCI function" },
		{ "pci:0000:3b:00.0x", "is no address of a PCI function" },
		{ "pci:3b:00.8", "is no address of a PCI function" },
		{ "pci:ffff:ff:1f.7", "pci:ffff:ff:1f.7: there is no such PCI function" },
		{ "pci:ff:1f.7", "pci:0000:ff:1f.7: there is no such PCI function" },
		{ "vfio-user:", "is no card that this command can reach" },
		{ "auto", "is no card that this command can reach" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct card_link *link = NULL;

		cr_assert_lt(card_link_open(&link, wrong[i].device, &problem), 0);
		cr_assert_not_null(strstr(problem.text, wrong[i].says), "%s: %s", wrong[i].device, problem.text);
	}
}
