/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json; see manifest.h. */
#include "manifest.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define HEX "0123456789abcdef"

struct text_member {
	const char *name;
	size_t offset, size;
};

static const struct text_member texts[] = {
	{ "target", offsetof(struct manifest, target), MANIFEST_TEXT },
	{ "version", offsetof(struct manifest, version), MANIFEST_TEXT },
	{ "part", offsetof(struct manifest, part), MANIFEST_TEXT },
	{ "package", offsetof(struct manifest, package), MANIFEST_TEXT },
	{ "speed", offsetof(struct manifest, speed), MANIFEST_TEXT },
	{ "board", offsetof(struct manifest, board), MANIFEST_TEXT },
	{ "host_interface", offsetof(struct manifest, host_interface), MANIFEST_TEXT },
	{ "tested_on", offsetof(struct manifest, tested_on), MANIFEST_TEXT },
	{ "bitstream", offsetof(struct manifest, bitstream), MANIFEST_TEXT },
	{ "sha256", offsetof(struct manifest, sha256), MANIFEST_HASH_TEXT },
	{ "register_map_sha256", offsetof(struct manifest, map_sha256), MANIFEST_HASH_TEXT },
	{ "git_commit", offsetof(struct manifest, git_commit), sizeof(((struct manifest *)0)->git_commit) },
};

static int wrong(struct flash_problem *problem, const char *name, const char *what)
{
	return flash_fail(problem, -EINVAL, "manifest.json: \"%s\" %s; make the image anew", name, what);
}

static int read_texts(json_t *root, struct manifest *manifest, struct flash_problem *problem)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const json_t *value = json_object_get(root, texts[i].name);
		const char *text = json_string_value(value);

		if (!text || !json_string_length(value) || strlen(text) != json_string_length(value))
			return wrong(problem, texts[i].name, "must be a text");
		if (json_string_length(value) >= texts[i].size)
			return wrong(problem, texts[i].name, "is too long");
		memcpy((char *)manifest + texts[i].offset, text, json_string_length(value) + 1);
	}
	return 0;
}

/* Hexadecimal digits behind "0x", as many as given: numbers of 32 and 64 bits that people read that way. */
static bool read_hex(json_t *root, const char *name, size_t digits, uint64_t *number)
{
	const json_t *value = json_object_get(root, name);
	const char *text = json_string_value(value);

	if (!text || json_string_length(value) != digits + 2 || memcmp(text, "0x", 2) != 0 ||
	    strspn(text + 2, HEX) != digits)
		return false;
	*number = strtoull(text + 2, NULL, 16);
	return true;
}

static bool read_number(json_t *root, const char *name, uint32_t min, uint32_t max, uint32_t *number)
{
	const json_t *value = json_object_get(root, name);
	json_int_t integer = json_integer_value(value);

	if (!json_is_integer(value) || integer < min || integer > max)
		return false;
	*number = (uint32_t)integer;
	return true;
}

static bool read_flag(json_t *root, const char *name, bool *flag)
{
	const json_t *value = json_object_get(root, name);

	*flag = json_is_true(value);
	return json_is_boolean(value);
}

/* A frequency, or null when nobody claims one. */
static bool read_mhz(json_t *root, const char *name, double *mhz)
{
	const json_t *value = json_object_get(root, name);

	*mhz = json_number_value(value);
	return json_is_null(value) || (json_is_number(value) && *mhz > 0 && *mhz < 10000);
}

static int read_numbers(json_t *root, struct manifest *manifest, struct flash_problem *problem)
{
	uint64_t idcode = 0;

	if (!read_number(root, "board_id", 0, UINT8_MAX, &manifest->board_id))
		return wrong(problem, "board_id", "must be a number from 0 to 255");
	if (!read_number(root, "size", 1, MANIFEST_IMAGE_MAX, &manifest->size))
		return wrong(problem, "size", "must be a number from 1 to 16777216");
	if (!read_number(root, "abi_major", 0, UINT16_MAX, &manifest->abi_major))
		return wrong(problem, "abi_major", "must be a number from 0 to 65535");
	if (!read_number(root, "abi_minor", 0, UINT16_MAX, &manifest->abi_minor))
		return wrong(problem, "abi_minor", "must be a number from 0 to 65535");
	if (!read_hex(root, "idcode", 8, &idcode))
		return wrong(problem, "idcode", "must be \"0x\" and 8 hexadecimal digits");
	if (!read_hex(root, "build_id", 16, &manifest->build_id))
		return wrong(problem, "build_id", "must be \"0x\" and 16 hexadecimal digits");
	if (!read_flag(root, "git_dirty", &manifest->git_dirty))
		return wrong(problem, "git_dirty", "must be true or false");
	if (!read_flag(root, "timing_met", &manifest->timing_met))
		return wrong(problem, "timing_met", "must be true or false");
	if (!read_mhz(root, "fmax_mhz", &manifest->fmax_mhz))
		return wrong(problem, "fmax_mhz", "must be a number above 0, or null");
	if (!read_mhz(root, "fmax_target_mhz", &manifest->fmax_target_mhz))
		return wrong(problem, "fmax_target_mhz", "must be a number above 0, or null");
	manifest->idcode = (uint32_t)idcode;
	return 0;
}

bool manifest_name_is_good(const char *name)
{
	size_t size = strlen(name);

	return size && size < MANIFEST_TEXT && *name != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size;
}

static int check_texts(const struct manifest *manifest, struct flash_problem *problem)
{
	if (!manifest_name_is_good(manifest->bitstream))
		return wrong(problem, "bitstream", "is no name of a file in the image's folder");
	if (strlen(manifest->sha256) != 64 || strspn(manifest->sha256, HEX) != 64)
		return wrong(problem, "sha256", "must be 64 hexadecimal digits");
	if (strlen(manifest->map_sha256) != 64 || strspn(manifest->map_sha256, HEX) != 64)
		return wrong(problem, "register_map_sha256", "must be 64 hexadecimal digits");
	if (strlen(manifest->git_commit) != 40 || strspn(manifest->git_commit, HEX) != 40)
		return wrong(problem, "git_commit", "must be 40 hexadecimal digits");
	/* Claimed frequencies and the verdict belong together. */
	if (manifest->timing_met && manifest->fmax_mhz < manifest->fmax_target_mhz)
		return wrong(problem, "timing_met", "is true, and \"fmax_mhz\" is below \"fmax_target_mhz\"");
	return 0;
}

int manifest_parse(const char *text, size_t size, struct manifest *manifest, struct flash_problem *problem)
{
	json_error_t error;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
	int status = 0;

	memset(manifest, 0, sizeof(*manifest));
	if (!json_is_object(root))
		status = flash_fail(problem, -EINVAL, "manifest.json: line %d: %s; make the image anew",
				    root ? 1 : error.line, root ? "is no object" : error.text);
	else if (json_integer_value(json_object_get(root, "format")) != MANIFEST_FORMAT)
		status = flash_fail(problem, -EINVAL,
				    "manifest.json: \"format\" is not %d: use the glacis of the image's version",
				    MANIFEST_FORMAT);
	if (!status)
		status = read_texts(root, manifest, problem);
	if (!status)
		status = read_numbers(root, manifest, problem);
	if (!status)
		status = check_texts(manifest, problem);
	json_decref(root);
	return status;
}
