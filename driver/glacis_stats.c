/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics: DPDK's four, and through telemetry what cryptodev has no place for: who the card is, its own counters,
 * and what the driver had to put up with. `dpdk-telemetry.py`: /crypto_glacis/info,ID and /crypto_glacis/xstats,ID.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cryptodev_pmd.h>
#include <rte_telemetry.h>

#include "glacis_card.h"
#include "glacis_compat.h"
#include "glacis_pmd.h"
#include "glacis_qp.h"

#define NAME_MAX_SIZE 64u

static uint64_t counter(const uint64_t *address)
{
	return __atomic_load_n(address, __ATOMIC_RELAXED);
}

static void counts(const struct glacis_qp *qp, struct rte_cryptodev_stats *stats)
{
	stats->enqueued_count = counter(&qp->producer.counters.operations);
	stats->enqueue_err_count = counter(&qp->producer.counters.errors);
	stats->dequeued_count = counter(&qp->consumer.counters.operations);
	stats->dequeue_err_count = counter(&qp->consumer.counters.errors);
}

void glacis_stats_get(struct rte_cryptodev *cryptodev, struct rte_cryptodev_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	for (uint16_t i = 0; i < cryptodev->data->nb_queue_pairs; i++) {
		const struct glacis_qp *qp = cryptodev->data->queue_pairs[i];
		struct rte_cryptodev_stats now;

		if (qp == NULL)
			continue;
		counts(qp, &now);
		stats->enqueued_count += now.enqueued_count - qp->forgotten.enqueued_count;
		stats->enqueue_err_count += now.enqueue_err_count - qp->forgotten.enqueue_err_count;
		stats->dequeued_count += now.dequeued_count - qp->forgotten.dequeued_count;
		stats->dequeue_err_count += now.dequeue_err_count - qp->forgotten.dequeue_err_count;
	}
}

/* Counters belong to the threads of the data path, so they are not set to zero but remembered. */
void glacis_stats_reset(struct rte_cryptodev *cryptodev)
{
	for (uint16_t i = 0; i < cryptodev->data->nb_queue_pairs; i++) {
		struct glacis_qp *qp = cryptodev->data->queue_pairs[i];

		if (qp != NULL)
			counts(qp, &qp->forgotten);
	}
}

/* The device a telemetry command is about; NULL: none of ours. */
static struct rte_cryptodev *device_of(const char *parameters)
{
	unsigned long id;
	char *end;

	if (parameters == NULL || *parameters < '0' || *parameters > '9')
		return NULL;
	id = strtoul(parameters, &end, 10);
	return *end != '\0' || id >= RTE_CRYPTO_MAX_DEVS ? NULL : glacis_pmd_device((uint8_t)id);
}

static int info_tell(const char *command, const char *parameters, struct rte_tel_data *data)
{
	const struct rte_cryptodev *cryptodev = device_of(parameters);
	const struct glacis_device *device;
	char build[NAME_MAX_SIZE], git_hash[GLACIS_GIT_HASH_TEXT], date[GLACIS_DATE_TEXT];

	(void)command;
	if (cryptodev == NULL)
		return -EINVAL;
	device = cryptodev->data->dev_private;
	snprintf(build, sizeof(build), "%016" PRIx64, device->identity.build_id);
	rte_tel_data_start_dict(data);
	rte_tel_data_add_dict_string(data, "name", cryptodev->data->name);
	rte_tel_data_add_dict_string(data, "transport", device->transport->name);
	rte_tel_data_add_dict_string(data, "build_id", build);
	glacis_identity_git_hash(&device->identity, git_hash);
	rte_tel_data_add_dict_string(data, "git_hash", git_hash);
	glacis_identity_build_date(&device->identity, date);
	rte_tel_data_add_dict_string(data, "build_date", date);
	rte_tel_data_add_dict_string(data, "board_name", glacis_identity_board(&device->identity));
	glacis_compat_telemetry_add(data, "abi_major", device->identity.abi >> GLACIS_CARD_IDENTITY_ABI_MAJOR_SHIFT);
	glacis_compat_telemetry_add(data, "abi_minor", device->identity.abi & GLACIS_CARD_IDENTITY_ABI_MINOR_MASK);
	glacis_compat_telemetry_add(data, "board", device->identity.board);
	glacis_compat_telemetry_add(data, "queues", device->identity.queues);
	glacis_compat_telemetry_add(data, "ring_entries", UINT64_C(1) << device->identity.ring_log2);
	glacis_compat_telemetry_add(data, "key_slots", device->identity.key_slots);
	glacis_compat_telemetry_add(data, "lost", glacis_device_lost(device));
	return 0;
}

/* The card's own sums; left out when it does not answer. */
static void card_counters_tell(const struct glacis_device *device, struct rte_tel_data *data)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} counters[] = {
		{ "card_commands", GLACIS_CARD_COUNTERS_COMMANDS },
		{ "card_completions", GLACIS_CARD_COUNTERS_COMPLETIONS },
		{ "card_aead_operations", GLACIS_CARD_COUNTERS_AEAD_OPERATIONS },
		{ "card_aead_bytes", GLACIS_CARD_COUNTERS_AEAD_BYTES },
		{ "card_auth_failed", GLACIS_CARD_COUNTERS_AUTH_FAILED },
		{ "card_rsa_operations", GLACIS_CARD_COUNTERS_RSA_OPERATIONS },
		{ "card_errors", GLACIS_CARD_COUNTERS_ERRORS },
		{ "card_dma_read_bytes", GLACIS_CARD_COUNTERS_DMA_READ_BYTES },
		{ "card_dma_write_bytes", GLACIS_CARD_COUNTERS_DMA_WRITE_BYTES },
	};
	uint64_t value;

	for (size_t i = 0; i < RTE_DIM(counters); i++) {
		if (glacis_device_lost(device) || glacis_card_read64(device, counters[i].offset, &value) != 0)
			return;
		glacis_compat_telemetry_add(data, counters[i].name, value);
	}
}

static int xstats_tell(const char *command, const char *parameters, struct rte_tel_data *data)
{
	struct rte_cryptodev *cryptodev = device_of(parameters);
	uint64_t unknown = 0, recoveries = 0;
	struct rte_cryptodev_stats stats;

	(void)command;
	if (cryptodev == NULL)
		return -EINVAL;
	for (uint16_t i = 0; i < cryptodev->data->nb_queue_pairs; i++) {
		const struct glacis_qp *qp = cryptodev->data->queue_pairs[i];

		unknown += qp == NULL ? 0 : counter(&qp->consumer.unknown);
		recoveries += qp == NULL ? 0 : counter(&qp->consumer.recoveries);
	}
	glacis_stats_get(cryptodev, &stats);
	rte_tel_data_start_dict(data);
	glacis_compat_telemetry_add(data, "enqueued", stats.enqueued_count);
	glacis_compat_telemetry_add(data, "dequeued", stats.dequeued_count);
	glacis_compat_telemetry_add(data, "errors", stats.dequeue_err_count);
	glacis_compat_telemetry_add(data, "unknown_completions", unknown);
	glacis_compat_telemetry_add(data, "queue_resets", recoveries);
	card_counters_tell(cryptodev->data->dev_private, data);
	return 0;
}

RTE_INIT(glacis_telemetry_register)
{
	rte_telemetry_register_cmd("/crypto_glacis/info", info_tell, "Who a Glacis card is. Parameter: device id");
	rte_telemetry_register_cmd("/crypto_glacis/xstats", xstats_tell,
				   "Counters of driver and card. Parameter: device id");
}
