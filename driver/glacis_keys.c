/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key slots and the admin queue. The queue carries one command at a time, under a lock, and each has the device's
 * timeout. The numbers of a key lie in memory of the admin queue while the card reads them, and are wiped at once.
 */
#include "glacis_keys.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_io.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include "glacis_card.h"
#include "glacis_log.h"
#include "glacis_ring.h"

#define ADMIN_LOG2  2u
#define ADMIN_PAGE  4096u
#define POLL_US     5u
#define NUMBERS_MAX (ADMIN_PAGE) /* 512-byte modulus: n, e, and five halves */

static_assert(NUMBERS_MAX >= 7 * GLACIS_CARD_RSA_BYTES_MAX, "numbers of a key");

/* Pages: submission ring, completion ring, numbers of a key. */
struct glacis_admin {
	const struct rte_memzone *zone;
	struct glacis_card_key *sq;
	struct glacis_card_completion *cq;
	uint32_t tail;
	uint32_t taken;
};

int glacis_keys_create(struct glacis_device *device)
{
	char name[RTE_MEMZONE_NAMESIZE];
	struct glacis_admin *admin;

	admin = calloc(1, sizeof(*admin));
	device->slots = calloc(GLACIS_KEY_SLOTS_MAX / 64, sizeof(*device->slots));
	if (admin == NULL || device->slots == NULL) {
		free(admin);
		return -ENOMEM;
	}
	snprintf(name, sizeof(name), "glacis_admin_%" PRIxPTR, (uintptr_t)device);
	admin->zone = rte_memzone_reserve_aligned(name, 3 * ADMIN_PAGE, SOCKET_ID_ANY, RTE_MEMZONE_IOVA_CONTIG,
						  ADMIN_PAGE);
	if (admin->zone == NULL) {
		GLACIS_LOG(ERR, "%s: no memory for the admin queue; give the EAL more (-m)", device->name);
		free(admin);
		return -ENOMEM;
	}
	admin->sq = admin->zone->addr;
	admin->cq = (void *)((uint8_t *)admin->zone->addr + ADMIN_PAGE);
	device->admin = admin;
	return 0;
}

void glacis_keys_destroy(struct glacis_device *device)
{
	if (device->admin != NULL) {
		rte_memzone_free(device->admin->zone);
		free(device->admin);
	}
	device->admin = NULL;
	free(device->slots);
	device->slots = NULL;
}

static int admin_start(struct glacis_device *device)
{
	struct glacis_admin *admin = device->admin;
	const struct glacis_queue_setup setup = {
		.sq_base = admin->zone->iova,
		.cq_base = admin->zone->iova + ADMIN_PAGE,
		.sq_log2 = ADMIN_LOG2,
		.cq_log2 = ADMIN_LOG2,
	};
	int status = glacis_card_queue_reset(device, 0);

	if (status != 0)
		return status;
	memset(admin->zone->addr, 0, admin->zone->len);
	admin->tail = glacis_ring_restart(admin->tail, ADMIN_LOG2);
	admin->taken = 0;
	return glacis_card_queue_enable(device, 0, &setup);
}

int glacis_keys_start(struct glacis_device *device)
{
	int status;

	pthread_mutex_lock(&device->keys_lock);
	memset(device->slots, 0, GLACIS_KEY_SLOTS_MAX / 64 * sizeof(*device->slots));
	status = admin_start(device);
	pthread_mutex_unlock(&device->keys_lock);
	return status;
}

static int status_to_errno(uint16_t status)
{
	switch (status) {
	case GLACIS_CARD_STATUS_OK:
		return 0;
	case GLACIS_CARD_STATUS_KEY_BAD:
	case GLACIS_CARD_STATUS_BAD_FIELD:
		return -EINVAL;
	case GLACIS_CARD_STATUS_UNSUPPORTED:
		return -ENOTSUP;
	default:
		return -EIO;
	}
}

/* Takes completions until that of the newest command is there, or until the deadline. */
static int admin_wait(struct glacis_device *device)
{
	struct glacis_admin *admin = device->admin;
	uint64_t deadline = rte_get_timer_cycles() + rte_get_timer_hz() / 1000 * device->timeout_ms;
	const uint32_t cookie = admin->tail - 1;

	for (;;) {
		struct glacis_card_completion *entry = &admin->cq[glacis_ring_index(admin->taken, ADMIN_LOG2)];
		struct glacis_card_completion copy;

		if (__atomic_load_n(&entry->phase, __ATOMIC_ACQUIRE) == glacis_ring_phase(admin->taken, ADMIN_LOG2)) {
			memcpy(&copy, entry, sizeof(copy));
			admin->taken++;
			(void)glacis_card_write32(device, glacis_card_doorbell(0, GLACIS_CARD_DOORBELL_CQ_HEAD),
						  glacis_ring_index(admin->taken, ADMIN_LOG2));
			if (copy.queue == 0 && copy.cookie == cookie)
				return status_to_errno(copy.status);
		}
		if (rte_get_timer_cycles() > deadline)
			return -ETIMEDOUT;
		rte_delay_us_sleep(POLL_US);
	}
}

/* Runs one command; the caller holds the lock. A card that is late loses what it was asked. */
static int admin_run(struct glacis_device *device, const struct glacis_card_key *command)
{
	struct glacis_admin *admin = device->admin;
	struct glacis_card_key *entry;
	int status;

	if (glacis_device_lost(device))
		return -ENODEV;
	entry = &admin->sq[glacis_ring_index(admin->tail, ADMIN_LOG2)];
	*entry = *command;
	entry->cookie = admin->tail++;
	rte_io_wmb();
	status = glacis_card_write32(device, glacis_card_doorbell(0, GLACIS_CARD_DOORBELL_SQ_TAIL),
				     glacis_ring_index(admin->tail, ADMIN_LOG2));
	if (status == 0)
		status = admin_wait(device);
	if (status != -ETIMEDOUT)
		return status;
	GLACIS_LOG(WARNING, "%s: an admin command is late by more than %u ms; resetting the admin queue", device->name,
		   device->timeout_ms);
	if (admin_start(device) != 0)
		glacis_card_cut(device, "the admin queue does not answer, or does not reset");
	return status;
}

static int slot_take(struct glacis_device *device, uint16_t *slot)
{
	for (uint32_t i = 0; i < device->identity.key_slots; i++) {
		if ((device->slots[i / 64] & UINT64_C(1) << (i % 64)) == 0) {
			device->slots[i / 64] |= UINT64_C(1) << (i % 64);
			*slot = (uint16_t)i;
			return 0;
		}
	}
	GLACIS_LOG(ERR, "%s: all %u key slots are in use; free RSA sessions first", device->name,
		   device->identity.key_slots);
	return -ENOSPC;
}

static void slot_give(struct glacis_device *device, uint16_t slot)
{
	device->slots[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

/* Bytes of a number without its leading zeros. */
static size_t number_size(const rte_crypto_uint *number)
{
	size_t size = number->data == NULL ? 0 : number->length;

	while (size > 0 && number->data[number->length - size] == 0)
		size--;
	return size;
}

/* Appends a number in `size` bytes. False: it does not fit, or there is none. */
static bool number_add(uint8_t *numbers, size_t *used, const rte_crypto_uint *number, size_t size)
{
	size_t length = number_size(number);

	if (length == 0 || length > size || size > NUMBERS_MAX - *used)
		return false;
	memset(numbers + *used, 0, size - length);
	memcpy(numbers + *used + size - length, number->data + number->length - length, length);
	*used += size;
	return true;
}

/* Writes n, e and the private half. Fills in the command. */
static bool key_write(const struct rte_crypto_rsa_xform *xform, uint8_t *numbers, struct glacis_card_key *command)
{
	const struct rte_crypto_rsa_priv_key_qt *crt = &xform->qt;
	size_t size = number_size(&xform->n), half = size / 2, used = 0;

	command->modulus_size = (uint32_t)size;
	command->exponent_size = (uint32_t)number_size(&xform->e);
	if (command->exponent_size > size || !number_add(numbers, &used, &xform->n, size) ||
	    !number_add(numbers, &used, &xform->e, command->exponent_size))
		return false;
	if (xform->key_type == RTE_RSA_KEY_TYPE_QT) {
		command->kind = GLACIS_CARD_KEY_KIND_RSA_CRT;
		return size % 2 == 0 && number_add(numbers, &used, &crt->p, half) &&
		       number_add(numbers, &used, &crt->q, half) && number_add(numbers, &used, &crt->dP, half) &&
		       number_add(numbers, &used, &crt->dQ, half) && number_add(numbers, &used, &crt->qInv, half);
	}
	if (xform->d.data == NULL || xform->d.length == 0) {
		command->kind = GLACIS_CARD_KEY_KIND_RSA_PUBLIC;
		return true;
	}
	command->kind = GLACIS_CARD_KEY_KIND_RSA_EXPONENT;
	return number_add(numbers, &used, &xform->d, size);
}

/* Hands the key's numbers over; they lie in the admin queue's memory no longer than that takes. */
static int key_send(struct glacis_device *device, const struct rte_crypto_rsa_xform *xform,
		    struct glacis_card_key *command)
{
	uint8_t *numbers = (uint8_t *)device->admin->zone->addr + 2 * ADMIN_PAGE;
	int status;

	command->key = device->admin->zone->iova + 2 * ADMIN_PAGE;
	status = key_write(xform, numbers, command) ? admin_run(device, command) : -EINVAL;
	explicit_bzero(numbers, NUMBERS_MAX);
	return status;
}

int glacis_key_load(struct glacis_device *device, const struct rte_crypto_rsa_xform *xform, struct glacis_key *key)
{
	struct glacis_card_key command = { .opcode = GLACIS_CARD_OPCODE_KEY_LOAD };
	size_t bits = 8 * number_size(&xform->n);
	int status;

	if (!glacis_device_has(device, GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK))
		return -ENOTSUP;
	if (bits < device->identity.rsa_bits_min || bits > device->identity.rsa_bits_max)
		return -EINVAL;
	pthread_mutex_lock(&device->keys_lock);
	status = glacis_device_lost(device) ? -ENODEV : slot_take(device, &command.slot);
	if (status == 0) {
		key->epoch = __atomic_load_n(&device->epoch, __ATOMIC_ACQUIRE);
		status = key_send(device, xform, &command);
		if (status != 0)
			slot_give(device, command.slot);
	}
	pthread_mutex_unlock(&device->keys_lock);
	key->slot = command.slot;
	key->modulus_size = (uint16_t)command.modulus_size;
	key->private_half = command.kind != GLACIS_CARD_KEY_KIND_RSA_PUBLIC;
	return status;
}

void glacis_key_unload(struct glacis_device *device, const struct glacis_key *key)
{
	const struct glacis_card_key command = { .opcode = GLACIS_CARD_OPCODE_KEY_ZEROISE, .slot = key->slot };

	pthread_mutex_lock(&device->keys_lock);
	/* After a reset of the function the slot is empty, or somebody else's. */
	if (key->epoch == __atomic_load_n(&device->epoch, __ATOMIC_ACQUIRE)) {
		(void)admin_run(device, &command);
		slot_give(device, key->slot);
	}
	pthread_mutex_unlock(&device->keys_lock);
}
