/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis flash`: lists and verifies images, shows what a card has booted, and writes an image to it.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "command.h"
#include "flash/card_flash.h"
#include "flash/image.h"

#define KEYS_FOLDER "/etc/glacis/image-keys"

enum {
	OPTION_DEVICE = 'd',
	OPTION_KEY = 'k',
	OPTION_YES = 'y',
	OPTION_LIST = 256,
	OPTION_VERIFY,
	OPTION_GOLDEN,
	OPTION_DEVELOPMENT,
	OPTION_JSON,
};

struct options {
	const char *device, *image;
	const char *keys[SIGNERS_MAX];
	unsigned key_count;
	bool list, verify, golden, yes, allow_development, json;
};

static const struct argp_option known[] = {
	{ "device", OPTION_DEVICE, "DEVICE", 0, "the card: pci:ADDRESS, or vfio-user:PATH, PATH the socket it serves", 0 },
	{ "list", OPTION_LIST, NULL, 0, "list the images in folder IMAGE, each with what is wrong with it", 0 },
	{ "verify", OPTION_VERIFY, NULL, 0, "check IMAGE, and with --device whether it is for that card; write nothing",
	  0 },
	{ "golden", OPTION_GOLDEN, NULL, 0, "boot the card's golden image; its user image stays where it is", 0 },
	{ "key", OPTION_KEY, "FILE", 0,
	  "trust images signed with this public key (PEM), or a folder of them; may be repeated. Always "
	  "trusted: " KEYS_FOLDER ", and the development key for emulated cards",
	  0 },
	{ "allow-development-key", OPTION_DEVELOPMENT, NULL, 0, "trust the development key for a real card, too", 0 },
	{ "yes", OPTION_YES, NULL, 0, "do not ask", 0 },
	{ "json", OPTION_JSON, NULL, 0, "print one JSON object instead of text", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case OPTION_DEVICE:
		options->device = argument;
		return 0;
	case OPTION_KEY:
		if (options->key_count == SIGNERS_MAX)
			argp_error(state, "--key: more than %u", SIGNERS_MAX);
		options->keys[options->key_count++] = argument;
		return 0;
	case OPTION_LIST:
		options->list = true;
		return 0;
	case OPTION_VERIFY:
		options->verify = true;
		return 0;
	case OPTION_GOLDEN:
		options->golden = true;
		return 0;
	case OPTION_DEVELOPMENT:
		options->allow_development = true;
		return 0;
	case OPTION_YES:
		options->yes = true;
		return 0;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options->image)
			argp_error(state, "one IMAGE at a time, not '%s' as well", argument);
		options->image = argument;
		return 0;
	case ARGP_KEY_END:
		if (options->list + options->verify + options->golden > 1)
			argp_error(state, "--list, --verify and --golden exclude each other");
		if ((options->list || options->verify) && !options->image)
			argp_error(state,
				   "IMAGE is missing: a folder with manifest.json, or for --list one of such folders");
		if (options->golden && (options->image || !options->device))
			argp_error(state, "--golden takes --device and no IMAGE");
		if (!options->list && !options->verify && !options->device)
			argp_error(state, "--device is missing: which card?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- what is printed ---- */

static json_t *describe_image(const struct image *image)
{
	const struct manifest *manifest = &image->manifest;
	char build[32], idcode[16];

	snprintf(build, sizeof(build), "0x%016" PRIx64, manifest->build_id);
	snprintf(idcode, sizeof(idcode), "0x%08x", manifest->idcode);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:i, s:s, s:b}", "target", manifest->target,
			 "version", manifest->version, "board", manifest->board, "part", manifest->part, "idcode",
			 idcode, "build_id", build, "git_dirty", manifest->git_dirty, "host_interface",
			 manifest->host_interface, "tested_on", manifest->tested_on, "size", (int)manifest->size,
			 "signer", image->signer, "development_key", image->development);
}

static json_t *describe_card(const struct card_state *state)
{
	char build[32], idcode[16];

	snprintf(build, sizeof(build), "0x%016" PRIx64, state->build_id);
	snprintf(idcode, sizeof(idcode), "0x%08x", state->idcode);
	return json_pack("{s:i, s:s, s:s, s:i, s:s, s:b, s:b}", "board", (int)state->board, "idcode", idcode,
			 "build_id", build, "segment", (int)state->segment, "boot", card_flash_boot_text(state),
			 "user_image", state->record, "confirmed", state->confirmed);
}

static void print_image(const char *folder, const struct image *image)
{
	const struct manifest *manifest = &image->manifest;

	printf("%s: good: %s %s for %s (%s), build 0x%016" PRIx64 "%s\n", folder, manifest->target, manifest->version,
	       manifest->board, manifest->part, manifest->build_id,
	       manifest->git_dirty ? " with changes of its own" : "");
	if (manifest->fmax_mhz > 0)
		printf("  timing      %.1f MHz, %.1f wanted\n", manifest->fmax_mhz, manifest->fmax_target_mhz);
	printf("  host        %s\n  tested on   %s\n  signed by   %s\n", manifest->host_interface, manifest->tested_on,
	       image->signer);
}

static void print_card(const char *device, const struct card_state *state)
{
	printf("%s: build 0x%016" PRIx64 ", %s\n", device, state->build_id, card_flash_boot_text(state));
}

static int finish(const struct options *options, json_t *result, int error, const struct flash_problem *problem)
{
	if (options->json && result) {
		json_object_set_new(result, "ok", json_boolean(!error));
		if (error)
			json_object_set_new(result, "problem", json_string(problem->text));
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (error) {
		fprintf(stderr, "glacis flash: %s\n", problem->text);
	}
	json_decref(result);
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void show_progress(const char *what, uint32_t done, uint32_t total)
{
	static const char *last;

	if (!isatty(STDERR_FILENO)) {
		if (what != last && done == total)
			fprintf(stderr, "%s %u bytes: done\n", what, total);
		return;
	}
	last = what;
	if (done % 4096 == 0 || done == total)
		fprintf(stderr, "\r%-12s %3u%%%s", what, (unsigned)((uint64_t)done * 100 / total),
			done == total ? "\n" : "");
}

/* ---- what is done ---- */

static int open_signers(const struct options *options, struct signers *signers, struct flash_problem *problem)
{
	int error = signers_open(signers);

	if (error)
		return flash_fail(problem, error, "out of memory; free some");
	if (access(KEYS_FOLDER, F_OK) == 0)
		error = signers_add(signers, KEYS_FOLDER, problem);
	for (unsigned i = 0; i < options->key_count && !error; i++)
		error = signers_add(signers, options->keys[i], problem);
	return error;
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static void list_one(const struct options *options, const struct signers *signers, const char *name, json_t *list)
{
	struct flash_problem problem;
	struct image image;
	char path[4096], file[4200];
	json_t *entry;
	int error;

	snprintf(path, sizeof(path), "%s/%s", options->image, name);
	snprintf(file, sizeof(file), "%s/manifest.json", path);
	if (access(file, F_OK))
		return;
	error = image_load(path, signers, &image, &problem);
	entry = error ? json_pack("{s:s}", "problem", problem.text) : describe_image(&image);
	json_object_set_new(entry, "image", json_string(path));
	json_object_set_new(entry, "good", json_boolean(!error));
	json_array_append_new(list, entry);
	if (!options->json && error)
		printf("%s: NOT GOOD: %s\n", path, problem.text);
	else if (!options->json)
		print_image(path, &image);
	if (!error)
		image_free(&image);
}

static int list_images(const struct options *options, const struct signers *signers)
{
	struct flash_problem problem = { "" };
	struct dirent **names;
	json_t *list = json_array();
	int error = 0, count = scandir(options->image, &names, NULL, by_name);

	if (count < 0)
		error = flash_fail(&problem, -errno, "%s: cannot read the folder: %s", options->image, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.')
			list_one(options, signers, names[i]->d_name, list);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	if (!error && !json_array_size(list))
		error = flash_fail(&problem, -ENOENT, "%s: there is no image in it: no folder with a manifest.json",
				   options->image);
	return finish(options, json_pack("{s:o}", "images", list), error, &problem);
}

static bool may_write(const struct options *options, const struct image *image, const struct card_state *state)
{
	char answer[16] = "";

	if (options->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr,
		"Write %s %s, build 0x%016" PRIx64 ", in place of the user image of %s, which runs build 0x%016" PRIx64
		"? It will reboot. [y/N] ",
		image->manifest.target, image->manifest.version, image->manifest.build_id, options->device,
		state->build_id);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int write_image(const struct options *options, struct card_link *link, const struct card_state *state,
		       const struct image *image, struct flash_problem *problem)
{
	int error;

	if (!may_write(options, image, state))
		return flash_fail(problem, -ECANCELED,
				  "nothing was written: it was not agreed to; --yes agrees in advance");
	error = card_flash_write(link, state, image, options->json ? NULL : show_progress, problem);
	if (error)
		return error;
	if (!options->json)
		fprintf(stderr, "booting the new image, on trial\n");
	return card_flash_try(link, image, problem);
}

/* All that needs a card. `image` is NULL when only its state is asked for, or its golden image. */
static int use_card(const struct options *options, const struct image *image, json_t *result,
		    struct flash_problem *problem)
{
	struct card_link *link;
	struct card_state state;
	int error = card_link_open(&link, options->device, problem);

	if (error)
		return error;
	error = card_flash_read_state(link, &state, problem);
	if (!error && image)
		error = card_flash_check(link, &state, image, options->allow_development, problem);
	if (!error && image && !options->verify)
		error = write_image(options, link, &state, image, problem);
	if (!error && options->golden)
		error = card_flash_boot_golden(link, problem);
	if (!error)
		error = card_flash_read_state(link, &state, problem);
	if (!error) {
		json_object_set_new(result, "card", describe_card(&state));
		if (!options->json)
			print_card(options->device, &state);
	}
	card_link_close(link);
	return error;
}

static int flash_main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse,
		.args_doc = "[IMAGE]",
		.doc = "Writes an image to a card: it is checked, written beside the golden one, tried, and taken back "
		       "when it does not work. "
		       "Without IMAGE: shows what the card has booted.",
	};
	struct flash_problem problem = { "" };
	struct options options = { 0 };
	struct image image = { 0 };
	struct signers signers;
	json_t *result;
	int error;

	argp_err_exit_status = EX_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	error = open_signers(&options, &signers, &problem);
	if (!error && options.list) {
		error = list_images(&options, &signers);
		signers_close(&signers);
		return error;
	}
	result = json_object();
	if (!error && options.image)
		error = image_load(options.image, &signers, &image, &problem);
	if (!error && options.image) {
		json_object_set_new(result, "image", describe_image(&image));
		if (!options.json)
			print_image(options.image, &image);
	}
	if (!error && options.device)
		error = use_card(&options, options.image ? &image : NULL, result, &problem);
	image_free(&image);
	signers_close(&signers);
	return finish(&options, result, error, &problem);
}

const struct subcommand cli_flash_command = {
	.name = "flash",
	.summary = "list, verify and write images of the card",
	.run = flash_main,
};
