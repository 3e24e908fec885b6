/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket; see control.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "registers.h"
#include "socket.h"

/* ---- requests ---- */

static uint64_t total(struct vcard_card *card, enum vcard_counter counter)
{
	uint64_t sum = 0;

	if (card->logic) {
		uint32_t reg = GLACIS_CARD_COUNTERS_COMMANDS + 8 * counter, low = vcard_registers_read(card, reg);

		return low | (uint64_t)vcard_registers_read(card, reg + 4) << 32;
	}

	for (unsigned i = 0; i < vcard_card_queue_count(card); i++)
		sum += atomic_load_explicit(&card->queues[i].counters[counter], memory_order_relaxed);
	return sum;
}

static json_t *status(struct vcard_card *card)
{
	unsigned enabled = 0, failed = 0;

	for (unsigned i = 0; i < vcard_card_queue_count(card); i++) {
		uint32_t state = card->logic
					 ? vcard_registers_read(card, glacis_card_queue(i, GLACIS_CARD_QUEUE_STATUS)) &
						   GLACIS_CARD_QUEUE_STATUS_STATE_MASK
					 : atomic_load_explicit(&card->queues[i].state, memory_order_relaxed);

		enabled += state == GLACIS_CARD_STATE_ENABLED;
		failed += state == GLACIS_CARD_STATE_ERROR;
	}
	return json_pack("{s:s, s:b, s:b, s:b, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o}", "backend",
			 card->setup.backend->name, "client", card->host != NULL, "bus_master",
			 atomic_load_explicit(&card->map.master, memory_order_relaxed), "enabled", card->enabled,
			 "regions", (int)card->map.count, "queues_enabled", (int)enabled, "queues_failed", (int)failed,
			 "commands", (json_int_t)total(card, VCARD_COMMANDS), "completions",
			 (json_int_t)total(card, VCARD_COMPLETIONS), "aead_bytes",
			 (json_int_t)total(card, VCARD_AEAD_BYTES), "rsa_operations",
			 (json_int_t)total(card, VCARD_RSA_OPERATIONS), "errors", (json_int_t)total(card, VCARD_ERRORS),
			 "faults", vcard_faults_list(&card->faults));
}

static json_t *refusal(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *arm(struct vcard_card *card, const char *text)
{
	char message[256];

	if (vcard_faults_arm(&card->faults, text, message, sizeof(message)))
		return refusal(message);
	vcard_card_faults_changed(card);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *clear(struct vcard_card *card, const char *name)
{
	if (vcard_faults_clear(&card->faults, name))
		return refusal("no such fault; glacis-vcard --help lists them");
	vcard_card_faults_changed(card);
	return json_pack("{s:b}", "ok", 1);
}

json_t *vcard_control_answer(struct vcard_card *card, const char *line, size_t size, bool *stop)
{
	json_t *request = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL), *answer;
	const char *command = json_string_value(json_object_get(request, "command"));
	const char *text = json_string_value(json_object_get(request, "text"));

	*stop = false;
	if (!command) {
		answer = refusal("a request is a JSON object with \"command\"");
	} else if (strcmp(command, "fault") == 0 && text) {
		answer = arm(card, text);
	} else if (strcmp(command, "clear") == 0) {
		answer = clear(card, text);
	} else if (strcmp(command, "status") == 0) {
		answer = json_pack("{s:b, s:o}", "ok", 1, "status", status(card));
	} else if (strcmp(command, "stop") == 0) {
		*stop = true;
		answer = json_pack("{s:b}", "ok", 1);
	} else {
		answer = refusal("there are fault, clear, status and stop");
	}
	json_decref(request);
	return answer;
}

/* ---- connections ---- */

static void hang_up(struct vcard_control *control)
{
	if (control->fd >= 0)
		close(control->fd);
	control->fd = -1;
}

void vcard_control_close(struct vcard_control *control, const char *path)
{
	hang_up(control);
	close(control->listener);
	unlink(path);
}

void vcard_control_accept(struct vcard_control *control)
{
	control->fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	control->used = 0;
	control->deadline_ns = vcard_clock_ns() + CONTROL_DEADLINE_MS * (VCARD_SECOND / 1000);
}

static bool answer_line(struct vcard_control *control, size_t size)
{
	bool stop;
	json_t *answer = vcard_control_answer(control->card, control->line, size, &stop);
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	/* An answer fits into the socket's buffer; whoever has gone does not need it. */
	if (text && (send(control->fd, text, strlen(text), MSG_NOSIGNAL | MSG_MORE) < 0 ||
		     send(control->fd, "\n", 1, MSG_NOSIGNAL) < 0))
		stop = false;
	free(text);
	json_decref(answer);
	hang_up(control);
	return stop;
}

bool vcard_control_run(struct vcard_control *control)
{
	ssize_t got = recv(control->fd, control->line + control->used, sizeof(control->line) - control->used, 0);
	char *end;

	if (got <= 0) {
		if (got == 0 || (errno != EAGAIN && errno != EINTR))
			hang_up(control);
		return false;
	}
	control->used += (size_t)got;
	end = memchr(control->line, '\n', control->used);
	if (end)
		return answer_line(control, (size_t)(end - control->line));
	if (control->used == sizeof(control->line))
		hang_up(control);
	return false;
}

void vcard_control_expire(struct vcard_control *control)
{
	if (control->fd >= 0 && vcard_clock_ns() > control->deadline_ns)
		hang_up(control);
}
