/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_card.h"

#include <errno.h>
#include <string.h>

#define SQ_LOG2(queue) ((queue)->words[4] & 0xff)
#define CQ_LOG2(queue) ((queue)->words[4] >> 8 & 0xff)

void fake_card_init(struct fake_card *card)
{
	memset(card, 0, sizeof(*card));
	pthread_mutex_init(&card->lock, NULL);
	card->magic = GLACIS_CARD_MAGIC;
	card->abi = GLACIS_CARD_ABI_MAJOR << 16 | GLACIS_CARD_ABI_MINOR;
	card->capabilities = 0x3;
	card->limits = 64 | 12 << 8 | 16 << 16;
	card->key_slots = 4;
	card->rsa_bits = 1024 | 4096u << 16;
}

static uint64_t base(const struct fake_queue *queue, unsigned word)
{
	return (uint64_t)queue->words[word + 1] << 32 | queue->words[word];
}

const struct glacis_card_aead *fake_card_take(struct fake_card *card, uint32_t number)
{
	struct fake_queue *queue = &card->queues[number];
	uint32_t tail = __atomic_load_n(&card->doorbells[number * GLACIS_CARD_PAGE / 4], __ATOMIC_ACQUIRE);
	uint32_t mask = (1u << SQ_LOG2(queue)) - 1;

	if (__atomic_load_n(&queue->state, __ATOMIC_ACQUIRE) != GLACIS_CARD_STATE_ENABLED ||
	    (queue->taken & mask) == tail)
		return NULL;
	return (const struct glacis_card_aead *)(uintptr_t)base(queue, 0) + (queue->taken++ & mask);
}

void fake_card_give_phase(struct fake_card *card, uint32_t number, struct glacis_card_completion completion,
			  uint16_t phase)
{
	struct fake_queue *queue = &card->queues[number];
	struct glacis_card_completion *entry = (struct glacis_card_completion *)(uintptr_t)base(queue, 2) +
					       (queue->given & ((1u << CQ_LOG2(queue)) - 1));
	uint64_t words[2];

	queue->given++;
	completion.phase = phase;
	memcpy(words, &completion, sizeof(words));
	__atomic_store_n((uint64_t *)(void *)entry, words[0], __ATOMIC_RELAXED);
	__atomic_store_n((uint64_t *)(void *)entry + 1, words[1], __ATOMIC_RELEASE);
}

void fake_card_give(struct fake_card *card, uint32_t number, struct glacis_card_completion completion)
{
	const struct fake_queue *queue = &card->queues[number];

	fake_card_give_phase(card, number, completion, (uint16_t)((queue->given >> CQ_LOG2(queue) & 1) ^ 1));
}

struct glacis_card_completion fake_card_good(uint32_t queue, const struct glacis_card_aead *descriptor)
{
	return (struct glacis_card_completion){ .cookie = descriptor->cookie,
						.size = descriptor->text_size,
						.queue = (uint16_t)queue };
}

void fake_card_serve(struct fake_card *card, uint32_t queue, unsigned drop)
{
	const struct glacis_card_aead *descriptor;

	pthread_mutex_lock(&card->lock);
	while ((descriptor = fake_card_take(card, queue)) != NULL) {
		if (++card->served % drop != 0)
			fake_card_give(card, queue, fake_card_good(queue, descriptor));
	}
	pthread_mutex_unlock(&card->lock);
}

static int read32(struct fake_card *card, uint32_t offset, uint32_t *value)
{
	const struct fake_queue *queue = &card->queues[(offset - GLACIS_CARD_QUEUES) / GLACIS_CARD_PAGE % FAKE_QUEUES];

	*value = 0;
	if (card->gone)
		*value = UINT32_MAX;
	else if (offset == GLACIS_CARD_IDENTITY_MAGIC)
		*value = card->magic;
	else if (offset == GLACIS_CARD_IDENTITY_ABI)
		*value = card->abi;
	else if (offset == GLACIS_CARD_IDENTITY_CAPABILITIES)
		*value = card->capabilities;
	else if (offset == GLACIS_CARD_IDENTITY_LIMITS)
		*value = card->limits;
	else if (offset == GLACIS_CARD_IDENTITY_KEY_SLOTS)
		*value = card->key_slots;
	else if (offset == GLACIS_CARD_IDENTITY_RSA_BITS)
		*value = card->rsa_bits;
	else if (offset == GLACIS_CARD_CONTROL_CONTROL)
		*value = card->reset_stuck ? GLACIS_CARD_CONTROL_CONTROL_RESET_MASK : 1;
	else if (offset == GLACIS_CARD_CONTROL_STATUS)
		*value = GLACIS_CARD_CONTROL_STATUS_READY_MASK |
			 (card->fatal ? GLACIS_CARD_CONTROL_STATUS_FATAL_MASK : 0);
	else if (offset >= GLACIS_CARD_QUEUES && offset % GLACIS_CARD_PAGE == GLACIS_CARD_QUEUE_CONTROL)
		*value = queue->reset_stuck ? GLACIS_CARD_QUEUE_CONTROL_RESET_MASK : 0;
	else if (offset >= GLACIS_CARD_QUEUES && offset % GLACIS_CARD_PAGE == GLACIS_CARD_QUEUE_STATUS)
		*value = queue->state;
	return 0;
}

/* Loads and empties key slots, without a look at the key. */
static void admin_run(struct fake_card *card)
{
	const struct glacis_card_aead *descriptor = fake_card_take(card, 0);

	if (descriptor != NULL && !card->admin_silent)
		fake_card_give(card, 0, (struct glacis_card_completion){ .cookie = descriptor->cookie });
}

static void queue_write(struct fake_queue *queue, uint32_t reg, uint32_t value)
{
	if (reg / 4 < 6)
		queue->words[reg / 4] = value;
	if (reg != GLACIS_CARD_QUEUE_CONTROL)
		return;
	queue->taken = 0;
	queue->given = 0;
	if ((value & GLACIS_CARD_QUEUE_CONTROL_RESET_MASK) != 0)
		__atomic_store_n(&queue->state, GLACIS_CARD_STATE_DISABLED, __ATOMIC_RELEASE);
	else if ((value & GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK) != 0)
		__atomic_store_n(&queue->state, GLACIS_CARD_STATE_ENABLED, __ATOMIC_RELEASE);
}

static int write32(struct fake_card *card, uint32_t offset, uint32_t value)
{
	if (card->gone)
		return 0; /* as a bus does: nobody hears it */
	if (offset == GLACIS_CARD_CONTROL_CONTROL && (value & GLACIS_CARD_CONTROL_CONTROL_RESET_MASK) != 0) {
		card->resets++;
		card->fatal = false;
		for (unsigned i = 0; i < FAKE_QUEUES; i++)
			queue_write(&card->queues[i], GLACIS_CARD_QUEUE_CONTROL, GLACIS_CARD_QUEUE_CONTROL_RESET_MASK);
	} else if (offset >= GLACIS_CARD_QUEUES) {
		uint32_t number = (offset - GLACIS_CARD_QUEUES) / GLACIS_CARD_PAGE;

		if (offset % GLACIS_CARD_PAGE == GLACIS_CARD_QUEUE_CONTROL)
			card->doorbells[number * GLACIS_CARD_PAGE / 4] = 0;
		queue_write(&card->queues[number], offset % GLACIS_CARD_PAGE, value);
	} else if (offset >= GLACIS_CARD_DOORBELLS) {
		__atomic_store_n(&card->doorbells[(offset - GLACIS_CARD_DOORBELLS) / 4], value, __ATOMIC_RELEASE);
		if (offset == GLACIS_CARD_DOORBELLS)
			admin_run(card);
	}
	return 0;
}

static int fake_read32(void *link, uint32_t offset, uint32_t *value)
{
	struct fake_card *card = link;
	int status;

	pthread_mutex_lock(&card->lock);
	status = read32(card, offset, value);
	pthread_mutex_unlock(&card->lock);
	return status;
}

static int fake_write32(void *link, uint32_t offset, uint32_t value)
{
	struct fake_card *card = link;
	int status;

	pthread_mutex_lock(&card->lock);
	status = write32(card, offset, value);
	pthread_mutex_unlock(&card->lock);
	return status;
}

static volatile uint8_t *fake_doorbell(void *link, uint32_t queue)
{
	struct fake_card *card = link;

	return card->unmapped ? NULL : (volatile uint8_t *)&card->doorbells[queue * GLACIS_CARD_PAGE / 4];
}

static bool fake_gone(void *link)
{
	const struct fake_card *card = link;

	return card->gone;
}

static void fake_cut(void *link)
{
	((struct fake_card *)link)->cuts++;
}

static int fake_reopen(void *link)
{
	struct fake_card *card = link;

	card->reopens++;
	return card->gone ? -ENODEV : 0;
}

static void fake_close(void *link)
{
	((struct fake_card *)link)->closes++;
}

const struct glacis_transport fake_transport = {
	.name = "fake",
	.read32 = fake_read32,
	.write32 = fake_write32,
	.doorbell = fake_doorbell,
	.gone = fake_gone,
	.cut = fake_cut,
	.reopen = fake_reopen,
	.close = fake_close,
};
