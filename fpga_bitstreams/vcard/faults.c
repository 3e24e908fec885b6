/* SPDX-License-Identifier: Apache-2.0 */
/* The table of faults, their texts, and the decision whether one strikes; see faults.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "faults.h"
#include "glacis_card_abi.h"

static const struct {
	const char *name;
	const char *what;
} table[VCARD_FAULTS] = {
	[VCARD_FAULT_DROP] = { "drop-completion", "a completion is not written" },
	[VCARD_FAULT_DELAY] = { "delay-completion", "a completion comes ms later; others overtake it" },
	[VCARD_FAULT_DUPLICATE] = { "duplicate-completion", "a completion comes twice" },
	[VCARD_FAULT_REORDER] = { "reorder-completion", "a completion comes behind the next of its queue" },
	[VCARD_FAULT_WRONG_PHASE] = { "wrong-phase", "a completion has the other phase" },
	[VCARD_FAULT_UNKNOWN_COOKIE] = { "unknown-cookie", "a completion names another command" },
	[VCARD_FAULT_CORRUPT_TAG] = { "corrupt-tag", "an AEAD operation has a wrong bit in its tag" },
	[VCARD_FAULT_CORRUPT_RSA] = { "corrupt-rsa", "an RSA operation has a wrong bit in its result" },
	[VCARD_FAULT_DMA_OUTSIDE] = { "dma-outside", "a result goes outside the host's memory" },
	[VCARD_FAULT_STALL_QUEUE] = { "stall-queue", "at a command its queue stands still until it is reset" },
	[VCARD_FAULT_ALL_ONES] = { "all-ones", "registers read as ones; without a limit: gone" },
	[VCARD_FAULT_DIE] = { "die", "at a command the process is killed" },
	[VCARD_FAULT_RESTART] = { "restart", "at a command the card goes away and is back after ms" },
	[VCARD_FAULT_ABI_MISMATCH] = { "abi-mismatch", "a client that comes finds another ABI" },
	[VCARD_FAULT_NO_RSA] = { "no-rsa", "a client that comes finds an image without RSA" },
	[VCARD_FAULT_POWER_LOSS] = { "power-loss",
				     "in the middle of erasing or programming flash the process is killed" },
	[VCARD_FAULT_WRONG_FLASH] = { "wrong-flash", "a page of flash has a wrong bit when it was programmed" },
};

int vcard_faults_init(struct vcard_faults *faults)
{
	*faults = (struct vcard_faults){ .random = 0x9e3779b97f4a7c15u }; /* the same sequence at each start */
	faults->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (faults->event_fd < 0)
		return -errno;
	return -pthread_mutex_init(&faults->lock, NULL);
}

void vcard_faults_destroy(struct vcard_faults *faults)
{
	pthread_mutex_destroy(&faults->lock);
	close(faults->event_fd);
}

/* ---- arming ---- */

static int find(const char *name, size_t size)
{
	for (int i = 0; i < VCARD_FAULTS; i++) {
		if (strlen(table[i].name) == size && memcmp(table[i].name, name, size) == 0)
			return i;
	}
	return -1;
}

static bool whole(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && *text >= '0' && *text <= '9' && !*end && *value <= max;
}

static bool fraction(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && !*end && *value > 0 && *value <= 1;
}

/* One "name=value". NULL, or what is wrong with it. */
static const char *set(struct vcard_fault_state *state, const char *name, const char *value)
{
	uint64_t number;

	if (strcmp(name, "count") == 0) {
		if (!whole(value, UINT64_MAX - 1, &number) || !number)
			return "count must be a number from 1";
		state->left = number;
	} else if (strcmp(name, "rate") == 0) {
		if (!fraction(value, &state->rate))
			return "rate must be above 0 and at most 1";
	} else if (strcmp(name, "queue") == 0) {
		if (!whole(value, GLACIS_CARD_QUEUES_MAX - 1, &number))
			return "queue must be a number from 0 to 64";
		state->queue = (uint32_t)number;
	} else if (strcmp(name, "ms") == 0) {
		if (!whole(value, VCARD_FAULT_MS_MAX, &number) || !number)
			return "ms must be a number from 1 to 60000";
		state->ms = (uint32_t)number;
	} else {
		return "there are count, rate, queue and ms";
	}
	return NULL;
}

static const char *set_all(struct vcard_fault_state *state, char *options)
{
	char *rest = NULL;

	for (char *word = strtok_r(options, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(word, '=');
		const char *wrong;

		if (!value)
			return "options are name=value, with commas between them";
		*value = '\0';
		wrong = set(state, word, value + 1);
		if (wrong)
			return wrong;
	}
	return NULL;
}

int vcard_faults_arm(struct vcard_faults *faults, const char *text, char *message, size_t size)
{
	struct vcard_fault_state state = {
		.left = UINT64_MAX, .rate = 1, .queue = VCARD_FAULT_ANY_QUEUE, .ms = VCARD_FAULT_MS_DEFAULT
	};
	size_t name = strcspn(text, ":");
	int fault = find(text, name);
	const char *wrong = NULL;
	char options[128];

	if (fault < 0)
		wrong = "no such fault; glacis-vcard --help lists them";
	else if ((size_t)snprintf(options, sizeof(options), "%s", text[name] ? text + name + 1 : "") >= sizeof(options))
		wrong = "too long";
	else
		wrong = set_all(&state, options);
	if (wrong) {
		snprintf(message, size, "fault \"%.64s\": %s", text, wrong);
		/* The text is shown cut, perhaps within a character, which no JSON could hold. */
		for (char *byte = message; *byte; byte++)
			*byte = *byte & 0x80 ? '?' : *byte;
		return -EINVAL;
	}
	pthread_mutex_lock(&faults->lock);
	state.strikes = faults->states[fault].strikes;
	faults->states[fault] = state;
	atomic_fetch_or_explicit(&faults->armed, 1u << fault, memory_order_relaxed);
	pthread_mutex_unlock(&faults->lock);
	return 0;
}

int vcard_faults_clear(struct vcard_faults *faults, const char *name)
{
	int fault = name ? find(name, strlen(name)) : 0;

	if (fault < 0)
		return -ENOENT;
	atomic_fetch_and_explicit(&faults->armed, name ? ~(1u << fault) : 0u, memory_order_relaxed);
	return 0;
}

/* ---- striking ---- */

/* xorshift64*; a number from 0 to below 1. Under the lock. */
static double next_random(struct vcard_faults *faults)
{
	faults->random ^= faults->random >> 12;
	faults->random ^= faults->random << 25;
	faults->random ^= faults->random >> 27;
	return (double)((faults->random * 0x2545f4914f6cdd1du) >> 11) / 9007199254740992.0;
}

bool vcard_faults_decide(struct vcard_faults *faults, enum vcard_fault fault, uint32_t queue)
{
	struct vcard_fault_state *state = &faults->states[fault];
	bool strikes;

	pthread_mutex_lock(&faults->lock);
	strikes = vcard_faults_is_armed(faults, fault) &&
		  (state->queue == VCARD_FAULT_ANY_QUEUE || state->queue == queue) &&
		  (state->rate >= 1 || next_random(faults) < state->rate);
	if (strikes) {
		state->strikes++;
		if (state->left != UINT64_MAX && --state->left == 0)
			atomic_fetch_and_explicit(&faults->armed, ~(1u << fault), memory_order_relaxed);
	}
	pthread_mutex_unlock(&faults->lock);
	return strikes;
}

uint64_t vcard_faults_ns(struct vcard_faults *faults, enum vcard_fault fault)
{
	uint64_t ms;

	pthread_mutex_lock(&faults->lock);
	ms = faults->states[fault].ms;
	pthread_mutex_unlock(&faults->lock);
	return ms * (VCARD_SECOND / 1000);
}

void vcard_faults_die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

void vcard_faults_restart(struct vcard_faults *faults)
{
	const uint64_t one = 1;

	atomic_store_explicit(&faults->restart, true, memory_order_relaxed);
	/* A full counter wakes its reader just as well. */
	if (write(faults->event_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		perror("glacis-vcard: restart");
}

/* ---- telling ---- */

static json_t *describe(struct vcard_faults *faults, int fault)
{
	const struct vcard_fault_state *state = &faults->states[fault];
	bool armed = vcard_faults_is_armed(faults, (enum vcard_fault)fault);
	json_t *object = json_pack("{s:s, s:b, s:I}", "name", table[fault].name, "armed", armed, "strikes",
				   (json_int_t)state->strikes);

	if (object && armed && state->left != UINT64_MAX)
		json_object_set_new(object, "left", json_integer((json_int_t)state->left));
	if (object && armed && state->rate < 1)
		json_object_set_new(object, "rate", json_real(state->rate));
	if (object && armed && state->queue != VCARD_FAULT_ANY_QUEUE)
		json_object_set_new(object, "queue", json_integer(state->queue));
	return object;
}

json_t *vcard_faults_list(struct vcard_faults *faults)
{
	json_t *list = json_array();

	pthread_mutex_lock(&faults->lock);
	for (int i = 0; list && i < VCARD_FAULTS; i++) {
		if (vcard_faults_is_armed(faults, (enum vcard_fault)i) || faults->states[i].strikes)
			json_array_append_new(list, describe(faults, i));
	}
	pthread_mutex_unlock(&faults->lock);
	return list;
}

const char *vcard_faults_help(void)
{
	static char text[2048];
	size_t used = 0;

	for (int i = 0; i < VCARD_FAULTS && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "  %-22s%s\n", table[i].name, table[i].what);
	return text;
}
