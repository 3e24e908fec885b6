/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opener of the crew's card; see crew_card.h.
 */
#include "crew_card.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <glacis/card.h>

#include "status.h"

#define RETRY_S         1u /* between the first two attempts, doubled each time */
#define RETRY_S_MAX     16u
#define DEPTH           64u /* of a queue at the card, the least there is: RSA has places of its own */
#define MEMORY_MIB      64u /* DPDK's own ... */
#define MEMORY_MIB_EACH 16u /* ... and each queue's, the keeper's included */
#define EAL_MAX         64u

/* How it stands while no engine has the card. */
enum progress { NOT_STARTED, STARTING, RETRYING, NONE_FOUND, UNUSABLE, ANCESTORS };

/* The process that was the first to try, among this one and its ancestors. */
static _Atomic pid_t first_process;

void crew_card_init(struct crew_card *card)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&card->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&card->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* ---- what is said ---- */

static void say(const struct crew_card *card, const char *line)
{
	status_say(card->settings.log, line);
}

/* libglacis' lines, and DPDK's. Any thread. */
static void log_line(void *context, enum glacis_card_log_level level, const char *line)
{
	struct crew_card *card = context;
	bool held;

	(void)level;
	pthread_mutex_lock(&card->lock);
	held = card->holding;
	if (held && card->held_size < sizeof(card->held))
		card->held_size += (size_t)snprintf(card->held + card->held_size, sizeof(card->held) - card->held_size,
						    "%s\n", line);
	pthread_mutex_unlock(&card->lock);
	if (!held)
		say(card, line);
}

/* From now on lines are kept back. */
static void hold(struct crew_card *card)
{
	pthread_mutex_lock(&card->lock);
	card->holding = true;
	card->held[0] = '\0';
	card->held_size = 0;
	pthread_mutex_unlock(&card->lock);
}

/* Says what was kept back, or forgets it. */
static void release(struct crew_card *card, bool news)
{
	char *rest = NULL;

	pthread_mutex_lock(&card->lock);
	card->holding = false;
	pthread_mutex_unlock(&card->lock);
	for (char *line = news ? strtok_r(card->held, "\n", &rest) : NULL; line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		say(card, line);
}

/* ---- the attempt ---- */

static uint32_t queues(const struct settings *settings)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = settings->threads != 0 ? settings->threads : processors > 0 ? (unsigned)processors : 1;

	return count < SETTINGS_THREADS_MAX ? count : SETTINGS_THREADS_MAX;
}

static int try_card(struct crew_card *card, struct glacis_engine *engine)
{
	const struct settings_card *settings = &card->settings.card;
	const char *arguments[EAL_MAX];
	char text[sizeof(settings->eal)], *rest = NULL;
	struct glacis_card_options options = {
		.device = settings->device,
		.eal_arguments = arguments,
		.queues = queues(&card->settings),
		.depth = DEPTH,
		.deadline_ms = settings->deadline_ms,
		.policy = settings->policy,
		.log = log_line,
		.log_context = card,
	};

	options.memory_mib = MEMORY_MIB + MEMORY_MIB_EACH * (options.queues + 1);
	memcpy(text, settings->eal, sizeof(text));
	for (char *one = strtok_r(text, " ", &rest); one != NULL && options.eal_argument_count < EAL_MAX;
	     one = strtok_r(NULL, " ", &rest))
		arguments[options.eal_argument_count++] = one;
	return glacis_card_open(engine, &options);
}

/* What may have another end later: the device is another process's, or is not there yet, or memory is short. */
static bool may_change(int error)
{
	return error == -ENODEV || error == -EBUSY || error == -EAGAIN || error == -ENOMEM;
}

static void tell_failure(struct crew_card *card, int error)
{
	char line[512];

	snprintf(line, sizeof(line), "card %s: cannot be used: %s; RSA runs on the processor%s",
		 card->settings.card.device, strerror(-error),
		 may_change(error) ? ", and the card is tried again" : "");
	say(card, line);
}

/* False: the crew ends. */
static bool rest(struct crew_card *card, unsigned seconds)
{
	struct timespec until;
	bool stopping;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)seconds;
	pthread_mutex_lock(&card->lock);
	while (!card->stopping && pthread_cond_timedwait(&card->wake, &card->lock, &until) == 0)
		;
	stopping = card->stopping;
	pthread_mutex_unlock(&card->lock);
	return !stopping;
}

/* The engine has the card, or there is none to be found. */
static void arrive(struct crew_card *card, struct glacis_engine *engine)
{
	struct glacis_card_info info;

	glacis_card_info(engine, &info);
	if (info.state == GLACIS_CARD_NONE) {
		atomic_store(&card->progress, NONE_FOUND);
		glacis_engine_destroy(engine);
		return;
	}
	atomic_store_explicit(&card->engine, engine, memory_order_release);
}

static void *open_card(void *opaque)
{
	struct crew_card *card = opaque;
	struct glacis_engine *engine = NULL;
	unsigned seconds = RETRY_S;
	int error, before = 0;

	pthread_setname_np(pthread_self(), "glacis-card");
	error = glacis_engine_create(NULL, &engine);
	if (error != 0) {
		tell_failure(card, error);
		atomic_store(&card->progress, UNUSABLE);
		return NULL;
	}
	for (;;) {
		hold(card);
		error = try_card(card, engine);
		release(card, error != before || error == 0);
		if (error == 0) {
			arrive(card, engine);
			return NULL;
		}
		if (error != before)
			tell_failure(card, error);
		before = error;
		atomic_store(&card->progress, may_change(error) ? RETRYING : UNUSABLE);
		if (!may_change(error) || !rest(card, seconds))
			break;
		seconds = seconds * 2 < RETRY_S_MAX ? seconds * 2 : RETRY_S_MAX;
	}
	glacis_engine_destroy(engine);
	return NULL;
}

/* ---- its life ---- */

void crew_card_start(struct crew_card *card)
{
	pid_t first = 0;
	int error;

	if (card->settings.card.device[0] == '\0')
		return;
	if (!atomic_compare_exchange_strong(&first_process, &first, getpid()) && first != getpid()) {
		atomic_store(&card->progress, ANCESTORS);
		say(card, "the card is for the process that asked first, before this one was forked from it; RSA runs "
			  "on the processor here");
		return;
	}
	atomic_store(&card->progress, STARTING);
	error = -pthread_create(&card->opener, NULL, open_card, card);
	card->opening = error == 0;
	if (error != 0) {
		atomic_store(&card->progress, UNUSABLE);
		tell_failure(card, error);
	}
}

const char *crew_card_text(const struct crew_card *card)
{
	static const char *const texts[] = {
		[NOT_STARTED] = "not started", [STARTING] = "starting", [RETRYING] = "out of reach, tried again",
		[NONE_FOUND] = "none found",   [UNUSABLE] = "unusable", [ANCESTORS] = "another process's",
	};
	struct glacis_engine *engine = crew_card_engine(card);
	struct glacis_card_info info;

	if (engine == NULL)
		return texts[atomic_load(&card->progress)];
	glacis_card_info(engine, &info);
	return glacis_card_state_name(info.state);
}

void crew_card_stop(struct crew_card *card)
{
	if (!card->opening)
		return;
	pthread_mutex_lock(&card->lock);
	card->stopping = true;
	pthread_cond_signal(&card->wake);
	pthread_mutex_unlock(&card->lock);
	pthread_join(card->opener, NULL);
	card->opening = false;
}

void crew_card_free(struct crew_card *card)
{
	glacis_engine_destroy(crew_card_engine(card));
	pthread_cond_destroy(&card->wake);
	pthread_mutex_destroy(&card->lock);
}
