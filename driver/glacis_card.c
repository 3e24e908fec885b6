/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's registers. What is read is compared with the bounds of the ABI before anything believes it.
 */
#include "glacis_card.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_cycles.h>

#include "glacis_log.h"

#define ALL_ONES           UINT32_MAX
#define POLL_US            20u

#define FIELD(value, name) (((value)&GLACIS_CARD_##name##_MASK) >> GLACIS_CARD_##name##_SHIFT)

int glacis_card_read32(const struct glacis_device *device, uint32_t offset, uint32_t *value)
{
	int status;

	*value = ALL_ONES;
	if (glacis_device_lost(device))
		return -ENODEV;
	status = device->transport->read32(device->link, offset, value);
	return status == 0 && *value == ALL_ONES ? -ENODEV : status;
}

int glacis_card_read64(const struct glacis_device *device, uint32_t offset, uint64_t *value)
{
	uint32_t low = 0, high = 0;
	int status = device->transport->read32(device->link, offset, &low);

	if (status == 0)
		status = device->transport->read32(device->link, offset + 4, &high);
	*value = (uint64_t)high << 32 | low;
	return status == 0 && *value == UINT64_MAX ? -ENODEV : status;
}

int glacis_card_write32(const struct glacis_device *device, uint32_t offset, uint32_t value)
{
	if (glacis_device_lost(device))
		return -ENODEV;
	return device->transport->write32(device->link, offset, value);
}

static int write64(const struct glacis_device *device, uint32_t offset, uint64_t value)
{
	int status = glacis_card_write32(device, offset, (uint32_t)value);

	return status != 0 ? status : glacis_card_write32(device, offset + 4, (uint32_t)(value >> 32));
}

/* Waits until (register & mask) == wanted: -ETIMEDOUT after GLACIS_RESET_MS. */
static int wait_for(const struct glacis_device *device, uint32_t offset, uint32_t mask, uint32_t wanted)
{
	uint64_t deadline = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * GLACIS_RESET_MS;
	uint32_t value;
	int status;

	for (;;) {
		status = glacis_card_read32(device, offset, &value);
		if (status != 0 || (value & mask) == wanted)
			return status;
		if (rte_get_timer_cycles() > deadline)
			return -ETIMEDOUT;
		rte_delay_us_sleep(POLL_US);
	}
}

static int abi_check(struct glacis_device *device)
{
	uint32_t magic, abi;
	int status;

	status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_MAGIC, &magic);
	if (status == 0)
		status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_ABI, &abi);
	if (status != 0) {
		GLACIS_LOG(ERR, "%s: the card does not answer: %s", device->name, strerror(-status));
		return status;
	}
	if (magic != GLACIS_CARD_MAGIC) {
		GLACIS_LOG(ERR, "%s: no Glacis card: the magic number is %#x, not %#x", device->name, magic,
			   GLACIS_CARD_MAGIC);
		return -ENOTSUP;
	}
	if (FIELD(abi, IDENTITY_ABI_MAJOR) != GLACIS_CARD_ABI_MAJOR) {
		GLACIS_LOG(ERR,
			   "%s: the card has ABI %u.%u, and this driver is made for %u.%u: use an image or a driver of "
			   "the same major version",
			   device->name, FIELD(abi, IDENTITY_ABI_MAJOR), FIELD(abi, IDENTITY_ABI_MINOR),
			   GLACIS_CARD_ABI_MAJOR, GLACIS_CARD_ABI_MINOR);
		return -ENOTSUP;
	}
	device->identity.abi = abi;
	return 0;
}

/* Bounds of the ABI; a card beyond them is refused, whatever it means by it. */
static int limits_check(const struct glacis_device *device)
{
	const struct glacis_identity *identity = &device->identity;

	if (identity->queues < 1 || identity->queues >= GLACIS_CARD_QUEUES_MAX ||
	    identity->ring_log2 < GLACIS_CARD_RING_LOG2_MIN || identity->ring_log2 > GLACIS_CARD_RING_LOG2_MAX ||
	    identity->segments < 1) {
		GLACIS_LOG(ERR,
			   "%s: the card says %u queues, rings of 2^%u entries, %u segments, which no card can have",
			   device->name, identity->queues, identity->ring_log2, identity->segments);
		return -EPROTO;
	}
	if (glacis_device_has(device, GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK) &&
	    (identity->key_slots < 1 || identity->rsa_bits_min < 8 || identity->rsa_bits_min > identity->rsa_bits_max ||
	     identity->rsa_bits_max > 8 * GLACIS_CARD_RSA_BYTES_MAX)) {
		GLACIS_LOG(ERR, "%s: the card says %u key slots and RSA of %u to %u bits, which no card can have",
			   device->name, identity->key_slots, identity->rsa_bits_min, identity->rsa_bits_max);
		return -EPROTO;
	}
	return 0;
}

/* The image: which it is, of what it was made, and when. */
static int image_read(struct glacis_device *device)
{
	struct glacis_identity *identity = &device->identity;
	int status = glacis_card_read64(device, GLACIS_CARD_IDENTITY_BUILD_ID, &identity->build_id);

	for (uint32_t i = 0; i < sizeof(identity->git_hash) && status == 0; i += 4) {
		uint32_t word = 0;

		/* Not glacis_card_read32: four bytes of a hash may all be ones. */
		status = device->transport->read32(device->link, GLACIS_CARD_IDENTITY_GIT_HASH + i, &word);
		word = rte_cpu_to_le_32(word);
		memcpy(identity->git_hash + i, &word, sizeof(word));
	}
	if (status == 0)
		status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_BUILD_DATE, &identity->build_date);
	return status;
}

int glacis_card_identify(struct glacis_device *device)
{
	struct glacis_identity *identity = &device->identity;
	uint32_t limits = 0, rsa_bits = 0;
	int status;

	status = abi_check(device);
	if (status != 0)
		return status;
	status = image_read(device);
	if (status == 0)
		status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_BOARD, &identity->board);
	if (status == 0)
		status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_CAPABILITIES, &identity->capabilities);
	if (status == 0)
		status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_LIMITS, &limits);
	if (status == 0)
		status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_KEY_SLOTS, &identity->key_slots);
	if (status == 0)
		status = glacis_card_read32(device, GLACIS_CARD_IDENTITY_RSA_BITS, &rsa_bits);
	if (status != 0) {
		GLACIS_LOG(ERR, "%s: the card does not answer: %s", device->name, strerror(-status));
		return status;
	}
	identity->queues = FIELD(limits, IDENTITY_LIMITS_QUEUES);
	identity->ring_log2 = FIELD(limits, IDENTITY_LIMITS_RING_LOG2);
	identity->segments = RTE_MIN(FIELD(limits, IDENTITY_LIMITS_SEGMENTS), GLACIS_CARD_SEGMENTS_MAX);
	identity->key_slots = RTE_MIN(identity->key_slots, GLACIS_KEY_SLOTS_MAX);
	identity->rsa_bits_min = FIELD(rsa_bits, IDENTITY_RSA_BITS_MIN);
	identity->rsa_bits_max = FIELD(rsa_bits, IDENTITY_RSA_BITS_MAX);
	return limits_check(device);
}

int glacis_card_reset(struct glacis_device *device)
{
	int status;

	status = glacis_card_write32(device, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_RESET_MASK);
	if (status == 0)
		status = wait_for(device, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_RESET_MASK, 0);
	if (status == 0)
		status = wait_for(device, GLACIS_CARD_CONTROL_STATUS,
				  GLACIS_CARD_CONTROL_STATUS_READY_MASK | GLACIS_CARD_CONTROL_STATUS_RESETTING_MASK |
					  GLACIS_CARD_CONTROL_STATUS_FATAL_MASK,
				  GLACIS_CARD_CONTROL_STATUS_READY_MASK);
	if (status == 0)
		status = glacis_card_write32(device, GLACIS_CARD_CONTROL_CONTROL,
					     GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK);
	if (status != 0) {
		GLACIS_LOG(ERR, "%s: the card does not come out of its reset: %s", device->name, strerror(-status));
		return status;
	}
	__atomic_add_fetch(&device->epoch, 1, __ATOMIC_RELEASE);
	return 0;
}

int glacis_card_queue_enable(const struct glacis_device *device, uint32_t queue, const struct glacis_queue_setup *setup)
{
	uint32_t size = setup->sq_log2 << GLACIS_CARD_QUEUE_SIZE_SQ_LOG2_SHIFT |
			setup->cq_log2 << GLACIS_CARD_QUEUE_SIZE_CQ_LOG2_SHIFT;
	uint32_t state = 0;
	int status;

	status = write64(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_SQ_BASE), setup->sq_base);
	if (status == 0)
		status = write64(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_CQ_BASE), setup->cq_base);
	if (status == 0)
		status = glacis_card_write32(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_SIZE), size);
	if (status == 0)
		status = glacis_card_write32(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_CONTROL),
					     GLACIS_CARD_QUEUE_CONTROL_ENABLE_MASK);
	if (status == 0)
		status = glacis_card_read32(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_STATUS), &state);
	if (status == 0 && FIELD(state, QUEUE_STATUS_STATE) != GLACIS_CARD_STATE_ENABLED) {
		GLACIS_LOG(ERR,
			   "%s: queue %u: the card refuses rings at %#" PRIx64 " and %#" PRIx64
			   ", of 2^%u and 2^%u entries: state %u, error %u",
			   device->name, queue, setup->sq_base, setup->cq_base, setup->sq_log2, setup->cq_log2,
			   FIELD(state, QUEUE_STATUS_STATE), FIELD(state, QUEUE_STATUS_ERROR));
		status = -EIO;
	}
	return status;
}

int glacis_card_queue_reset_begin(const struct glacis_device *device, uint32_t queue)
{
	return glacis_card_write32(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_CONTROL),
				   GLACIS_CARD_QUEUE_CONTROL_RESET_MASK);
}

int glacis_card_queue_reset_ended(const struct glacis_device *device, uint32_t queue)
{
	uint32_t control = 0, state = 0;
	int status = glacis_card_read32(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_CONTROL), &control);

	if (status == 0)
		status = glacis_card_read32(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_STATUS), &state);
	if (status == 0 && ((control & GLACIS_CARD_QUEUE_CONTROL_RESET_MASK) != 0 ||
			    FIELD(state, QUEUE_STATUS_STATE) != GLACIS_CARD_STATE_DISABLED))
		status = -EAGAIN;
	return status;
}

int glacis_card_queue_reset(const struct glacis_device *device, uint32_t queue)
{
	int status = glacis_card_queue_reset_begin(device, queue);

	if (status == 0)
		status = wait_for(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_CONTROL),
				  GLACIS_CARD_QUEUE_CONTROL_RESET_MASK, 0);
	if (status == 0)
		status = wait_for(device, glacis_card_queue(queue, GLACIS_CARD_QUEUE_STATUS),
				  GLACIS_CARD_QUEUE_STATUS_STATE_MASK, GLACIS_CARD_STATE_DISABLED);
	return status;
}

void glacis_card_cut(struct glacis_device *device, const char *why)
{
	if (__atomic_exchange_n(&device->lost, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	GLACIS_LOG(ERR,
		   "%s: the card is given up: %s; operations end with an error until the device is stopped and started",
		   device->name, why);
	device->transport->cut(device->link);
}
