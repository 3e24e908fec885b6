/* SPDX-License-Identifier: Apache-2.0 */
/* The card's life: made, attached to a client, reset, detached, destroyed; see card.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "card.h"
#include "clock.h"

static int init_parts(struct vcard_card *card)
{
	const struct vcard_setup *setup = &card->setup;
	int error = 0;

	if (setup->backend->open)
		error = setup->backend->open(&card->engine, setup->threads + 1);
	if (error)
		return error;
	error = vcard_gate_init(&card->gate);
	if (error)
		goto no_gate;
	error = vcard_keys_init(&card->keys, setup->key_slots);
	if (error)
		goto no_keys;
	error = vcard_faults_init(&card->faults);
	if (error)
		goto no_faults;
	return 0;
no_faults:
	vcard_keys_destroy(&card->keys);
no_keys:
	vcard_gate_destroy(&card->gate);
no_gate:
	if (setup->backend->close)
		setup->backend->close(card->engine);
	return error;
}

static void destroy_parts(struct vcard_card *card)
{
	vcard_faults_destroy(&card->faults);
	vcard_keys_destroy(&card->keys);
	vcard_gate_destroy(&card->gate);
	if (card->setup.backend->close)
		card->setup.backend->close(card->engine);
	if (card->logic)
		card->setup.backend->logic->close(card->logic);
}

int vcard_card_init(struct vcard_card *card, const struct vcard_setup *setup)
{
	int error;

	memset(card, 0, sizeof(*card));
	card->setup = *setup;
	card->doorbell_fd = -1;
	card->started_ns = vcard_clock_ns();
	vcard_interrupts_init(&card->interrupts);
	vcard_flash_init(&card->flash);
	for (unsigned i = 0; i < GLACIS_CARD_QUEUES_MAX; i++)
		vcard_queue_init(&card->queues[i], card, i);
	error = init_parts(card);
	if (error)
		return error;
	if (setup->backend->logic) {
		error = setup->backend->logic->open(&card->logic, card);
		if (error) {
			destroy_parts(card);
			return error;
		}
	}
	for (unsigned i = 0; i < setup->threads; i++) {
		error = vcard_worker_start(&card->workers[i], card, i);
		if (error) {
			while (i-- > 0)
				vcard_worker_stop(&card->workers[i]);
			destroy_parts(card);
			return error;
		}
	}
	return 0;
}

void vcard_card_destroy(struct vcard_card *card)
{
	vcard_card_detach(card);
	for (unsigned i = 0; i < card->setup.threads; i++)
		vcard_worker_stop(&card->workers[i]);
	vcard_flash_close(&card->flash);
	destroy_parts(card);
}

static size_t doorbells_size(const struct vcard_card *card)
{
	return (size_t)vcard_card_queue_count(card) * GLACIS_CARD_PAGE;
}

/*
 * A new file for each client: one that is gone from the socket may still have the old one mapped. It is laid out as
 * BAR0, of which only these pages exist. Sealed, because a client that cut it short would kill the workers.
 */
static int make_doorbells(struct vcard_card *card)
{
	size_t size = doorbells_size(card);
	void *memory;
	int error, fd = memfd_create("glacis-vcard-doorbells", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)(GLACIS_CARD_DOORBELLS + size)) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto failed;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, GLACIS_CARD_DOORBELLS);
	if (memory == MAP_FAILED)
		goto failed;
	card->doorbell_fd = fd;
	card->doorbells = memory;
	return 0;
failed:
	error = -errno;
	close(fd);
	return error;
}

static void drop_doorbells(struct vcard_card *card)
{
	if (card->doorbells)
		munmap(card->doorbells, doorbells_size(card));
	if (card->doorbell_fd >= 0)
		close(card->doorbell_fd);
	card->doorbells = NULL;
	card->doorbell_fd = -1;
}

/* With the gate closed. */
static void reset_function(struct vcard_card *card)
{
	card->enabled = false;
	for (unsigned i = 0; i < vcard_card_queue_count(card); i++) {
		struct vcard_queue *queue = &card->queues[i];
		uint32_t generation = queue->generation + 1;

		vcard_queue_init(queue, card, i);
		queue->generation = generation;
	}
	if (card->doorbells)
		memset(card->doorbells, card->gone ? 0xff : 0, doorbells_size(card));
	vcard_keys_clear(&card->keys);
	vcard_flash_reset(&card->flash);
	card->scratch = 0;
	card->selftest = 0;
	card->latch_offset = UINT32_MAX;
	memset(card->msix_table, 0, sizeof(card->msix_table));
	atomic_store_explicit(&card->errors, 0, memory_order_relaxed);
	atomic_store_explicit(&card->error_queue, 0, memory_order_relaxed);
	atomic_store_explicit(&card->error_address, 0, memory_order_relaxed);
	card->started_ns = vcard_clock_ns();
	if (card->logic)
		card->setup.backend->logic->power(card->logic);
}

void vcard_card_master(struct vcard_card *card, bool may)
{
	if (may == atomic_load_explicit(&card->map.master, memory_order_relaxed))
		return;
	vcard_gate_close(&card->gate);
	atomic_store_explicit(&card->map.master, may, memory_order_relaxed);
	vcard_gate_open(&card->gate);
}

void vcard_card_reset(struct vcard_card *card)
{
	vcard_gate_close(&card->gate);
	reset_function(card);
	vcard_gate_open(&card->gate);
}

void vcard_card_choose_image(struct vcard_card *card)
{
	const struct vcard_backend *backend = card->setup.backend;

	vcard_gate_close(&card->gate);
	card->capabilities = (backend->capabilities | GLACIS_CARD_IDENTITY_CAPABILITIES_MSIX_MASK) &
			     card->flash.image.capabilities;
	if (card->flash.fd >= 0)
		card->capabilities |= GLACIS_CARD_IDENTITY_CAPABILITIES_FLASH_MASK;
	card->wrong = card->flash.image.flags & VCARD_IMAGE_WRONG;
	card->abi_major = GLACIS_CARD_ABI_MAJOR + (card->flash.image.flags & VCARD_IMAGE_STRANGE ? 1 : 0);
	if (vcard_faults_strike(&card->faults, VCARD_FAULT_NO_RSA, VCARD_FAULT_ANY_QUEUE))
		card->capabilities &= ~GLACIS_CARD_IDENTITY_CAPABILITIES_RSA_MASK;
	if (vcard_faults_strike(&card->faults, VCARD_FAULT_ABI_MISMATCH, VCARD_FAULT_ANY_QUEUE))
		card->abi_major++;
	vcard_gate_open(&card->gate);
}

int vcard_card_open_flash(struct vcard_card *card, const char *path)
{
	int error = vcard_flash_open(&card->flash, path);

	if (!error)
		vcard_card_faults_changed(card);
	return error;
}

void vcard_card_boot(struct vcard_card *card)
{
	vcard_card_faults_changed(card);
	card->booting = true;
	vcard_faults_restart(&card->faults);
}

void vcard_card_faults_changed(struct vcard_card *card)
{
	struct vcard_faults *faults = &card->faults;
	bool gone;

	pthread_mutex_lock(&faults->lock);
	gone = vcard_faults_is_armed(faults, VCARD_FAULT_ALL_ONES) &&
	       faults->states[VCARD_FAULT_ALL_ONES].left == UINT64_MAX &&
	       faults->states[VCARD_FAULT_ALL_ONES].rate >= 1;
	pthread_mutex_unlock(&faults->lock);
	gone = gone || card->flash.image.flags & VCARD_IMAGE_DEAD;
	vcard_gate_close(&card->gate);
	if (gone != card->gone) {
		card->gone = gone;
		reset_function(card);
	}
	for (unsigned i = 0; !vcard_faults_is_armed(faults, VCARD_FAULT_STALL_QUEUE) && i < GLACIS_CARD_QUEUES_MAX; i++)
		card->queues[i].stalled = false;
	if (card->logic)
		card->setup.backend->logic->faults_changed(card->logic);
	vcard_gate_open(&card->gate);
	vcard_card_wake_all(card);
}

int vcard_card_attach(struct vcard_card *card, const struct vcard_host *host)
{
	int error;

	vcard_gate_close(&card->gate);
	error = make_doorbells(card);
	if (!error) {
		card->host = host;
		reset_function(card);
	}
	vcard_gate_open(&card->gate);
	return error;
}

void vcard_card_detach(struct vcard_card *card)
{
	vcard_gate_close(&card->gate);
	card->host = NULL;
	atomic_store_explicit(&card->map.master, false, memory_order_relaxed);
	vcard_dma_map_clear(&card->map);
	vcard_interrupts_clear(&card->interrupts);
	drop_doorbells(card);
	reset_function(card);
	vcard_gate_open(&card->gate);
}

void vcard_card_note(struct vcard_card *card, unsigned queue, uint32_t error_mask)
{
	atomic_store_explicit(&card->error_queue, queue, memory_order_relaxed);
	atomic_fetch_or_explicit(&card->errors, error_mask, memory_order_relaxed);
}

void vcard_card_note_dma(struct vcard_card *card, unsigned queue, uint32_t error_mask, uint64_t address)
{
	atomic_store_explicit(&card->error_address, address, memory_order_relaxed);
	vcard_card_note(card, queue, error_mask);
}

void vcard_card_interrupt(const struct vcard_card *card, unsigned queue)
{
	if (atomic_load_explicit(&card->map.master, memory_order_relaxed))
		vcard_interrupts_raise(&card->interrupts, queue);
}

void vcard_card_wake(struct vcard_card *card, unsigned queue)
{
	if (card->setup.threads)
		vcard_worker_wake(&card->workers[queue % card->setup.threads]);
}

void vcard_card_wake_all(struct vcard_card *card)
{
	for (unsigned i = 0; i < card->setup.threads; i++)
		vcard_worker_wake(&card->workers[i]);
}
