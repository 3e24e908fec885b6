/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A card as a cryptodev: start, stop, close, and the table of operations. A card that was lost comes back with stop and
 * start: the transport is opened again, the function reset, and its key slots are empty then, so RSA sessions of before
 * end with INVALID_SESSION and must be made again.
 */
#include <errno.h>
#include <string.h>

#include <cryptodev_pmd.h>

#include "glacis_asym.h"
#include "glacis_card.h"
#include "glacis_keys.h"
#include "glacis_log.h"
#include "glacis_pmd.h"
#include "glacis_qp.h"
#include "glacis_sym.h"

static int dev_configure(struct rte_cryptodev *cryptodev, struct rte_cryptodev_config *config)
{
	(void)cryptodev;
	(void)config;
	return 0;
}

/* After a loss: is it still a card that can do what was set up? */
static int card_return(struct rte_cryptodev *cryptodev)
{
	struct glacis_device *device = cryptodev->data->dev_private;
	const struct glacis_identity before = device->identity;
	int status;

	status = device->link == NULL ? -ENODEV : device->transport->reopen(device->link);
	if (status != 0)
		return status;
	__atomic_store_n(&device->lost, 0, __ATOMIC_RELEASE);
	status = glacis_card_identify(device);
	if (status == 0 &&
	    (device->identity.capabilities != before.capabilities || device->identity.queues < before.queues ||
	     device->identity.ring_log2 < before.ring_log2 || device->identity.segments < before.segments)) {
		GLACIS_LOG(ERR,
			   "%s: the card that came back can do less than before: remove the device and probe it again",
			   device->name);
		status = -ENOTSUP;
	}
	if (status == 0)
		status = glacis_card_reset(device);
	if (status == 0)
		status = glacis_keys_start(device);
	if (status != 0) {
		device->identity = before;
		glacis_card_cut(device, "it did not come back");
	}
	return status;
}

/* Brings a lost card back, and one that says that only a reset helps. */
static int card_ready(struct rte_cryptodev *cryptodev)
{
	struct glacis_device *device = cryptodev->data->dev_private;
	uint32_t value = 0;
	int status;

	if (glacis_device_lost(device) || glacis_card_read32(device, GLACIS_CARD_CONTROL_STATUS, &value) != 0)
		return card_return(cryptodev);
	if ((value & GLACIS_CARD_CONTROL_STATUS_FATAL_MASK) == 0)
		return 0;
	status = glacis_card_reset(device);
	return status != 0 ? status : glacis_keys_start(device);
}

static void dev_stop(struct rte_cryptodev *cryptodev)
{
	for (uint16_t i = 0; i < cryptodev->data->nb_queue_pairs; i++) {
		if (cryptodev->data->queue_pairs[i] != NULL)
			glacis_qp_stop(cryptodev->data->queue_pairs[i]);
	}
}

static int dev_start(struct rte_cryptodev *cryptodev)
{
	struct glacis_device *device = cryptodev->data->dev_private;
	int status = card_ready(cryptodev);

	for (uint16_t i = 0; i < cryptodev->data->nb_queue_pairs && status == 0; i++) {
		if (cryptodev->data->queue_pairs[i] != NULL)
			status = glacis_qp_start(cryptodev->data->queue_pairs[i]);
	}
	if (status != 0) {
		GLACIS_LOG(ERR, "%s: cannot be started: %s", device->name, strerror(-status));
		dev_stop(cryptodev);
	}
	return status;
}

/* May be called twice: by the program, and when the device is removed. */
static int dev_close(struct rte_cryptodev *cryptodev)
{
	struct glacis_device *device = cryptodev->data->dev_private;

	for (uint16_t i = 0; i < cryptodev->data->nb_queue_pairs; i++)
		glacis_qp_release(cryptodev, i);
	if (device->link == NULL)
		return 0;
	if (!glacis_device_lost(device))
		(void)glacis_card_reset(device); /* zeroises the key slots */
	device->transport->close(device->link);
	device->link = NULL;
	__atomic_store_n(&device->lost, 1, __ATOMIC_RELEASE);
	__atomic_add_fetch(&device->epoch, 1, __ATOMIC_RELEASE);
	glacis_keys_destroy(device);
	return 0;
}

static void dev_infos_get(struct rte_cryptodev *cryptodev, struct rte_cryptodev_info *info)
{
	const struct glacis_device *device = cryptodev->data->dev_private;

	info->driver_id = cryptodev->driver_id;
	info->feature_flags = cryptodev->feature_flags;
	info->capabilities = device->capabilities;
	info->max_nb_queue_pairs = device->identity.queues;
	info->min_mbuf_headroom_req = 0;
	info->min_mbuf_tailroom_req = 0;
	info->sym.max_nb_sessions = 0; /* no limit: the card keeps none */
}

struct rte_cryptodev_ops glacis_dev_ops = {
	.dev_configure = dev_configure,
	.dev_start = dev_start,
	.dev_stop = dev_stop,
	.dev_close = dev_close,
	.dev_infos_get = dev_infos_get,
	.stats_get = glacis_stats_get,
	.stats_reset = glacis_stats_reset,
	.queue_pair_setup = glacis_qp_setup,
	.queue_pair_release = glacis_qp_release,
	.sym_session_get_size = glacis_sym_session_size,
	.sym_session_configure = glacis_sym_session_configure,
	.sym_session_clear = glacis_sym_session_clear,
	.asym_session_get_size = glacis_asym_session_size,
	.asym_session_configure = glacis_asym_session_configure,
	.asym_session_clear = glacis_asym_session_clear,
};
