/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and loads glacis-cryptodev.so. Only here, and only when a card is configured, does DPDK come into the process.
 * It stays: its libraries cannot be unloaded.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aead_session.h"
#include "card.h"

#define MODULE_NAME "glacis-cryptodev.so"
#define LINE_SIZE   512u

void card_log(const struct card *card, enum glacis_card_log_level level, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	if (card->options.log == NULL)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	card->options.log(card->options.log_context, level, line);
}

/* The folder of the file this code is in: libglacis.so, or a program that has it inside. */
static void own_folder(char *path, size_t size)
{
	Dl_info info;
	char *slash;

	path[0] = '\0';
	if (dladdr((const void *)(uintptr_t)own_folder, &info) == 0 || info.dli_fname == NULL)
		return;
	snprintf(path, size, "%s", info.dli_fname);
	slash = strrchr(path, '/');
	if (slash != NULL)
		*slash = '\0';
	else
		path[0] = '\0';
}

/* Where it is looked for, in this order. The environment is for tests and does not reach a privileged program. */
static void *find(const struct card *card, char *tried, size_t size)
{
	const char *given = card->options.module != NULL ? card->options.module : secure_getenv("GLACIS_CRYPTODEV");
	static const char *const beside[] = { "%s/glacis/" MODULE_NAME, "%s/cryptodev/" MODULE_NAME };
	char folder[PATH_MAX], path[PATH_MAX + 64];
	void *library;

	if (given != NULL) {
		snprintf(tried, size, "%s", given);
		return dlopen(given, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	}
	own_folder(folder, sizeof(folder));
	for (unsigned i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, sizeof(path), beside[i], folder);
#pragma GCC diagnostic pop
		if (access(path, R_OK) != 0)
			continue;
		snprintf(tried, size, "%s", path);
		return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	}
	snprintf(tried, size, "%s", GLACIS_MODULES "/" MODULE_NAME);
	library = dlopen(GLACIS_MODULES "/" MODULE_NAME, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	return library;
}

int card_load(struct card *card)
{
	char tried[PATH_MAX + 64];
	const struct card_module *module;
	void *library = find(card, tried, sizeof(tried));

	if (library == NULL) {
		const char *why = dlerror();

		card_log(card, GLACIS_CARD_LOG_ERROR,
			 "card %s: the module for DPDK devices cannot be loaded (%.300s); install DPDK and the module, "
			 "or build Glacis where DPDK is (scripts/setup driver)",
			 card->options.device, why != NULL ? why : tried);
		return -ENOENT;
	}
	module = dlsym(library, CARD_MODULE_SYMBOL);
	if (module == NULL || module->version != CARD_MODULE_VERSION ||
	    module->session_size != sizeof(struct glacis_aead_session)) {
		card_log(card, GLACIS_CARD_LOG_ERROR,
			 "card %s: %s is of another version of libglacis; install both from one build",
			 card->options.device, tried);
		dlclose(library);
		return -ELIBBAD;
	}
	card->module = module;
	card->library = library;
	return 0;
}

void card_unload(struct card *card)
{
	if (card->library != NULL)
		dlclose(card->library);
	card->library = NULL;
}
