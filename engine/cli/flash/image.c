/* SPDX-License-Identifier: Apache-2.0 */
/* Images; see image.h. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bitstream.h"
#include "glacis_card_abi.h"

#define FILE_MAX    MANIFEST_IMAGE_MAX
#define INFLATE_MAX (128u << 20) /* bytes of memory for it */

struct file {
	uint8_t *bytes;
	size_t size;
};

/* Reads a file of the folder, not through links. */
static int read_file(const char *folder, const char *name, struct file *file, struct flash_problem *problem)
{
	char path[4096];
	struct stat status;
	int fd, error = 0;

	*file = (struct file){ 0 };
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return flash_fail(problem, -errno, "%s: cannot read: %s; an image is a folder with this file in it",
				  path, strerror(errno));
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX)
		error = flash_fail(problem, -EINVAL, "%s: is no file of at most %u bytes; make the image anew", path,
				   FILE_MAX);
	if (!error) {
		file->size = (size_t)status.st_size;
		file->bytes = malloc(file->size + 1);
		if (!file->bytes || read(fd, file->bytes, file->size) != (ssize_t)file->size)
			error = flash_fail(problem, -EIO, "%s: cannot read all of it", path);
	}
	close(fd);
	if (error)
		free(file->bytes);
	return error;
}

int image_inflate(const uint8_t *packed, size_t size, uint8_t *out, size_t wanted)
{
	uint64_t limit = INFLATE_MAX;
	size_t in = 0, made = 0;

	if (lzma_stream_buffer_decode(&limit, 0, NULL, packed, &in, size, out, &made, wanted) != LZMA_OK)
		return -EINVAL;
	return in == size && made == wanted ? 0 : -EINVAL;
}

/* ---- the steps ---- */

/* Who signed the checksums, and what they are. */
static int check_signature(const char *folder, const struct signers *signers, struct image *image, struct sums *sums,
			   struct flash_problem *problem)
{
	struct file text, signature;
	int signer, error = read_file(folder, "SHA256SUMS", &text, problem);

	if (error)
		return error;
	error = read_file(folder, "SHA256SUMS.sig", &signature, problem);
	if (error) {
		free(text.bytes);
		return error;
	}
	signer = signature.size == SIGNATURE_SIZE ? signature_check(signers, signature.bytes, text.bytes, text.size)
						  : -1;
	if (signer < 0)
		error = flash_fail(problem, -EBADMSG,
				   "%s: the signature is of no key that is trusted here; --key=FILE names another key",
				   folder);
	else
		error = sums_parse((const char *)text.bytes, text.size, sums, problem);
	if (!error) {
		snprintf(image->signer, sizeof(image->signer), "%s", signers->list[signer].name);
		image->development = signer == 0;
	}
	free(text.bytes);
	free(signature.bytes);
	return error;
}

/* A file that the checksums name and that has its own. */
static int read_checked(const char *folder, const struct sums *sums, const char *name, struct file *file,
			struct flash_problem *problem)
{
	char hash[MANIFEST_HASH_TEXT];
	unsigned i = 0;
	int error;

	while (i < sums->count && strcmp(sums->files[i].name, name) != 0)
		i++;
	if (i == sums->count)
		return flash_fail(problem, -EINVAL, "%s: SHA256SUMS does not name %s; make the image anew", folder,
				  name);
	error = read_file(folder, name, file, problem);
	if (!error && (sha256_text(file->bytes, file->size, hash) || strcmp(hash, sums->files[i].sha256) != 0)) {
		free(file->bytes);
		error = flash_fail(problem, -EBADMSG,
				   "%s/%s: is not what was signed (SHA-256 differs); copy the image again", folder,
				   name);
	}
	return error;
}

/* Files that nothing here reads, such as the report of place and route, are part of the image too. */
static int check_others(const char *folder, const struct sums *sums, struct flash_problem *problem)
{
	int error = 0;

	for (unsigned i = 0; i < sums->count && !error; i++) {
		struct file file;

		error = read_checked(folder, sums, sums->files[i].name, &file, problem);
		if (!error)
			free(file.bytes);
	}
	return error;
}

static int load_manifest(const char *folder, const struct sums *sums, struct image *image,
			 struct flash_problem *problem)
{
	struct file text;
	int error = read_checked(folder, sums, "manifest.json", &text, problem);

	if (error)
		return error;
	error = manifest_parse((const char *)text.bytes, text.size, &image->manifest, problem);
	free(text.bytes);
	return error;
}

static int check_bitstream(const char *folder, const struct image *image, struct flash_problem *problem)
{
	const struct manifest *manifest = &image->manifest;
	const char *family = bitstream_family(image->bytes, manifest->size);
	char hash[MANIFEST_HASH_TEXT];
	uint32_t idcode = 0;

	if (sha256_text(image->bytes, manifest->size, hash) || strcmp(hash, manifest->sha256) != 0)
		return flash_fail(problem, -EBADMSG,
				  "%s: the bitstream is not the manifest's (SHA-256 differs); make the image anew",
				  folder);
	if (!family)
		return flash_fail(problem, -EINVAL,
				  "%s: the bitstream is of no family that is known; make the image anew", folder);
	if (bitstream_idcode(image->bytes, manifest->size, &idcode))
		return flash_fail(problem, -EINVAL,
				  "%s: the %s bitstream checks no IDCODE; it could be loaded into the wrong part",
				  folder, family);
	if (idcode != manifest->idcode)
		return flash_fail(
			problem, -EINVAL,
			"%s: the bitstream is for IDCODE 0x%08x, the manifest says 0x%08x; make the image anew", folder,
			idcode, manifest->idcode);
	return 0;
}

static int load_bitstream(const char *folder, const struct sums *sums, struct image *image,
			  struct flash_problem *problem)
{
	struct file packed;
	int error = read_checked(folder, sums, image->manifest.bitstream, &packed, problem);

	if (error)
		return error;
	image->bytes = malloc(image->manifest.size);
	if (!image->bytes)
		error = flash_fail(problem, -ENOMEM, "%s: no memory for %u bytes", folder, image->manifest.size);
	else if (image_inflate(packed.bytes, packed.size, image->bytes, image->manifest.size))
		error = flash_fail(problem, -EINVAL,
				   "%s/%s: is no .xz of %u bytes, as the manifest says; make the image anew", folder,
				   image->manifest.bitstream, image->manifest.size);
	free(packed.bytes);
	return error;
}

/* What keeps an image from any card. */
static int check_promises(const char *folder, const struct image *image, struct flash_problem *problem)
{
	const struct manifest *manifest = &image->manifest;

	if (!manifest->timing_met)
		return flash_fail(
			problem, -EPERM,
			"%s: its timing is not met (%.1f of %.1f MHz): it may compute wrong; use another image", folder,
			manifest->fmax_mhz, manifest->fmax_target_mhz);
	if (manifest->abi_major != GLACIS_CARD_ABI_MAJOR)
		return flash_fail(
			problem, -EPROTO, "%s: its ABI is %u.%u, this software has %u.%u; use an image of this version",
			folder, manifest->abi_major, manifest->abi_minor, GLACIS_CARD_ABI_MAJOR, GLACIS_CARD_ABI_MINOR);
	if (manifest->abi_minor == GLACIS_CARD_ABI_MINOR && strcmp(manifest->map_sha256, GLACIS_CARD_MAP_SHA256) != 0)
		return flash_fail(problem, -EPROTO,
				  "%s: its register map is another one (%.12s, here %.12s) under the same ABI version "
				  "%u.%u; use an "
				  "image of this version",
				  folder, manifest->map_sha256, GLACIS_CARD_MAP_SHA256, manifest->abi_major,
				  manifest->abi_minor);
	return 0;
}

int image_load(const char *folder, const struct signers *signers, struct image *image, struct flash_problem *problem)
{
	struct sums sums;
	int error;

	memset(image, 0, sizeof(*image));
	error = check_signature(folder, signers, image, &sums, problem);
	if (!error)
		error = check_others(folder, &sums, problem);
	if (!error)
		error = load_manifest(folder, &sums, image, problem);
	if (!error)
		error = load_bitstream(folder, &sums, image, problem);
	if (!error)
		error = check_bitstream(folder, image, problem);
	if (!error)
		error = check_promises(folder, image, problem);
	if (error)
		image_free(image);
	return error;
}

void image_free(struct image *image)
{
	free(image->bytes);
	image->bytes = NULL;
}
