/* SPDX-License-Identifier: Apache-2.0 */
/* The file that the flash lies in; see flash.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flash.h"
#include "flash_boot.h"

#define FILE_SIZE (2u * VCARD_FLASH_SEGMENT + (1u << VCARD_FLASH_SECTOR_LOG2))

void vcard_flash_init(struct vcard_flash *flash)
{
	*flash = (struct vcard_flash){ .fd = -1, .trial_s = VCARD_FLASH_TRIAL_S };
	vcard_image_own(&flash->image);
}

void vcard_flash_reset(struct vcard_flash *flash)
{
	flash->unlocked = false;
	flash->selected = flash->address = flash->image_size = flash->image_crc = 0;
	flash->error = GLACIS_CARD_FLASH_ERROR_NONE;
	memset(flash->buffer, 0, sizeof(flash->buffer));
}

/* An empty file becomes erased flash with a golden image. */
static int fill(struct vcard_flash *flash)
{
	struct vcard_image_header own;

	vcard_image_own(&own);
	memset(flash->bytes, 0xff, FILE_SIZE);
	memcpy(flash->bytes, &own, sizeof(own));
	return msync(flash->bytes, FILE_SIZE, MS_SYNC) ? -errno : 0;
}

static int map(struct vcard_flash *flash, bool empty)
{
	struct vcard_image_header golden;
	int error;

	flash->bytes = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, flash->fd, 0);
	if (flash->bytes == MAP_FAILED)
		return -errno;
	error = empty ? fill(flash) : 0;
	if (!error && !vcard_image_read(flash->bytes, VCARD_FLASH_SEGMENT, &golden))
		error = -EINVAL;
	if (error)
		munmap(flash->bytes, FILE_SIZE);
	return error;
}

static int prepare(struct vcard_flash *flash)
{
	struct stat file;

	if (flock(flash->fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (fstat(flash->fd, &file))
		return -errno;
	if (!S_ISREG(file.st_mode) || (file.st_size && file.st_size != FILE_SIZE))
		return -EINVAL;
	if (!file.st_size && posix_fallocate(flash->fd, 0, FILE_SIZE))
		return -ENOSPC;
	return map(flash, !file.st_size);
}

int vcard_flash_open(struct vcard_flash *flash, const char *path)
{
	int error;

	flash->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (flash->fd < 0)
		return -errno;
	error = prepare(flash);
	if (error) {
		close(flash->fd);
		flash->fd = -1;
		return error;
	}
	vcard_flash_power_on(flash);
	return 0;
}

void vcard_flash_close(struct vcard_flash *flash)
{
	if (flash->fd < 0)
		return;
	munmap(flash->bytes, FILE_SIZE);
	close(flash->fd);
	flash->fd = -1;
}
