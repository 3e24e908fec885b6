/* SPDX-License-Identifier: Apache-2.0 */
/* The card of the configuration; see card.h. */
#include "card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define EAL_ARGUMENTS_MAX  64u
#define MEMORY_MIB_DEFAULT 512u
/* Of the card's memory: DPDK's own, and what each queue needs beside its blocks. */
#define MEMORY_MIB_OWN   64u
#define MEMORY_MIB_QUEUE 16u

static void log_line(void *context, enum glacis_card_log_level level, const char *line)
{
	static const enum glacisd_log_level levels[] = {
		[GLACIS_CARD_LOG_ERROR] = GLACISD_LOG_ERROR,
		[GLACIS_CARD_LOG_WARNING] = GLACISD_LOG_WARNING,
		[GLACIS_CARD_LOG_INFO] = GLACISD_LOG_INFO,
	};

	(void)context;
	glacisd_log(levels[level], "%s", line);
}

static uint32_t memory_mib(const struct glacisd_config *config)
{
	return config->offload.memory_mib ? config->offload.memory_mib : MEMORY_MIB_DEFAULT;
}

/* The place of a word in a list that the rules of the configuration have checked it against; the first for none. */
static unsigned word(const char *text, const char *const words[])
{
	unsigned i = 0;

	while (text && words[i] && strcmp(words[i], text) != 0)
		i++;
	return words[i] ? i : 0;
}

int glacisd_card_open(struct glacis_engine *engine, const struct glacisd_config *config)
{
	static const char *const policies[] = { "auto", "card", "cpu", NULL };
	static const char *const verifications[] = { "all", "sample", "none", NULL };
	const struct glacisd_offload *offload = &config->offload;
	char *text = offload->eal ? strdup(offload->eal) : NULL, *rest = NULL;
	const char *arguments[EAL_ARGUMENTS_MAX];
	struct glacis_card_options options = {
		.device = config->card,
		.eal_arguments = arguments,
		.queues = config->workers,
		.deadline_ms = offload->deadline_ms,
		.memory_mib = memory_mib(config),
		.size_from = offload->size_from,
		.policy = (enum glacis_card_policy)word(offload->policy, policies),
		.verify = (enum glacis_card_verify)word(offload->verify, verifications),
		.log = log_line,
	};
	int error;

	if (!config->card) {
		free(text);
		return 0;
	}
	for (char *one = text ? strtok_r(text, " ", &rest) : NULL;
	     one && options.eal_argument_count < EAL_ARGUMENTS_MAX; one = strtok_r(NULL, " ", &rest))
		arguments[options.eal_argument_count++] = one;
	error = glacis_card_open(engine, &options);
	if (error)
		glacisd_log(
			GLACISD_LOG_ERROR,
			"card \"%s\" cannot be used: %s; the lines above tell why; without `card` everything runs on "
			"the processor",
			config->card, strerror(-error));
	free(text);
	return error;
}

uint32_t glacisd_card_blocks(const struct glacis_engine *engine, const struct glacisd_config *config, uint32_t count,
			     uint32_t size)
{
	struct glacis_card_info info;
	uint32_t own = MEMORY_MIB_OWN + config->workers * MEMORY_MIB_QUEUE, room;

	glacis_card_info(engine, &info);
	if (info.state == GLACIS_CARD_NONE)
		return count;
	room = memory_mib(config) > own ? memory_mib(config) - own : 1;
	room = (uint32_t)((uint64_t)room * 1048576u / config->workers / size);
	return room == 0 ? 1 : room < count ? room : count;
}
