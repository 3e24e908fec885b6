/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glacis-cryptodev.so: libglacis' way to any DPDK crypto device; see ../card_module.h. This file holds the table and
 * the life of the device. The only part of libglacis that knows DPDK.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "device.h"

/* The one that libglacis looks for. */
extern const struct card_module glacis_card_module;

static const struct rte_cryptodev_capabilities *rsa_capability(const struct rte_cryptodev_info *info)
{
	const struct rte_cryptodev_capabilities *capability = info->capabilities;

	for (; capability->op != RTE_CRYPTO_OP_TYPE_UNDEFINED; capability++)
		if (capability->op == RTE_CRYPTO_OP_TYPE_ASYMMETRIC &&
		    capability->asym.xform_capa.xform_type == RTE_CRYPTO_ASYM_XFORM_RSA)
			return capability;
	return NULL;
}

/* AES-GCM with what TLS needs: keys of 16 and 32 bytes, nonces of 12, tags of 16. */
static bool does_aead(uint8_t id)
{
	const struct rte_cryptodev_sym_capability_idx index = { .type = RTE_CRYPTO_SYM_XFORM_AEAD,
								.algo.aead = RTE_CRYPTO_AEAD_AES_GCM };
	const struct rte_cryptodev_symmetric_capability *aead = rte_cryptodev_sym_capability_get(id, &index);

	return aead != NULL && rte_cryptodev_sym_capability_check_aead(aead, 16, 16, 13, 12) == 0 &&
	       rte_cryptodev_sym_capability_check_aead(aead, 32, 16, 13, 12) == 0;
}

static void describe(struct card_device *device, const struct card_open *open)
{
	struct card_description *description = &device->description;
	struct rte_cryptodev_info info;

	rte_cryptodev_info_get(device->id, &info);
	snprintf(description->device, sizeof(description->device), "%s", rte_cryptodev_name_get(device->id));
	snprintf(description->driver, sizeof(description->driver), "%s", info.driver_name);
	description->aead = does_aead(device->id) && (info.feature_flags & RTE_CRYPTODEV_FF_OOP_LB_IN_LB_OUT) != 0;
	description->rsa = rsa_capability(&info) != NULL;
	/* crypto_glacis resets a queue before it gives a late operation back; a device of software has no DMA. */
	description->direct = !open->options->copy_always &&
			      (strcmp(info.driver_name, "crypto_glacis") == 0 ||
			       (info.feature_flags & RTE_CRYPTODEV_FF_HW_ACCELERATED) == 0);
	description->length_max = TEXT_MAX;
	description->queues = open->options->queues;
	if (info.max_nb_queue_pairs != 0 && description->queues > info.max_nb_queue_pairs)
		description->queues = info.max_nb_queue_pairs;
	/* Its session of an RSA key is one context of OpenSSL's, which two threads must not use: the keeper's queue,
	 * which has no RSA, and one more. */
	if (strcmp(info.driver_name, "crypto_openssl") == 0 && description->queues > 2)
		description->queues = 2;
}

static int pools_make(struct card_device *device, const struct card_open *open)
{
	char name[32];

	if (device->description.aead) {
		snprintf(name, sizeof(name), "glacis_aead_%u", device->id);
		device->sessions = rte_cryptodev_sym_session_pool_create(
			name, device->description.queues * SESSIONS,
			rte_cryptodev_sym_get_private_session_size(device->id), 0, 0, SOCKET_ID_ANY);
	}
	if (device->description.rsa) {
		snprintf(name, sizeof(name), "glacis_rsa_%u", device->id);
		device->rsa_sessions = rte_cryptodev_asym_session_pool_create(name, RSA_SESSIONS, 0, 0, SOCKET_ID_ANY);
	}
	if ((device->description.aead && device->sessions == NULL) ||
	    (device->description.rsa && device->rsa_sessions == NULL)) {
		snprintf(open->why, CARD_WHY_SIZE,
			 "%s: no memory for sessions of %u queues (%s); give DPDK more memory or use fewer queues",
			 device->description.device, device->description.queues, rte_strerror(rte_errno));
		return -ENOMEM;
	}
	return 0;
}

static int configure(struct card_device *device, const struct card_open *open)
{
	struct rte_cryptodev_config config = { .nb_queue_pairs = (uint16_t)device->description.queues,
					       .socket_id = rte_cryptodev_socket_id(device->id) };
	struct rte_cryptodev_qp_conf conf = { .nb_descriptors = device->depth, .mp_session = device->sessions };
	const char *step = "configured";
	int status;

	if (config.socket_id < 0)
		config.socket_id = 0;
	if (!device->description.aead)
		config.ff_disable = RTE_CRYPTODEV_FF_SYMMETRIC_CRYPTO;
	status = rte_cryptodev_configure(device->id, &config);
	for (uint16_t i = 0; status == 0 && i < config.nb_queue_pairs; i++) {
		step = "given its queues";
		status = rte_cryptodev_queue_pair_setup(device->id, i, &conf, config.socket_id);
	}
	if (status == 0) {
		step = "started";
		status = rte_cryptodev_start(device->id);
	}
	if (status != 0)
		snprintf(open->why, CARD_WHY_SIZE,
			 "%s: cannot be %s with %u queues of %u operations: %s; see the driver's lines above",
			 device->description.device, step, config.nb_queue_pairs, device->depth, strerror(-status));
	device->started = status == 0;
	return status;
}

static void device_close(struct card_device *device)
{
	if (device->started)
		rte_cryptodev_stop(device->id);
	module_device_unplug(device);
	for (unsigned i = 0; i < QUEUES_MAX; i++)
		if (device->held[i] != NULL)
			module_queue_free(device->held[i]);
	rte_mempool_free(device->sessions);
	rte_mempool_free(device->rsa_sessions);
	pthread_mutex_destroy(&device->lock);
	free(device);
}

static int device_open(const struct card_open *open, struct card_device **opened)
{
	struct card_device *device;
	int status = module_eal_start(open);

	if (status != 0) {
		module_log_leave(); /* the options are the caller's, who frees them */
		return status;
	}
	device = calloc(1, sizeof(*device));
	if (device == NULL) {
		module_log_leave();
		return -ENOMEM;
	}
	pthread_mutex_init(&device->lock, NULL);
	device->depth = open->options->depth;
	status = module_device_find(open, device);
	if (status != 0) {
		pthread_mutex_destroy(&device->lock);
		free(device);
		module_log_leave();
		return status;
	}
	describe(device, open);
	if (!device->description.direct)
		device->deadline = rte_get_tsc_hz() / 1000 * open->options->deadline_ms;
	if (!device->description.aead && !device->description.rsa) {
		snprintf(open->why, CARD_WHY_SIZE, "%s: does neither AES-GCM out of place nor RSA; use another device",
			 device->description.device);
		status = -ENOTSUP;
	}
	if (status == 0)
		status = pools_make(device, open);
	if (status == 0)
		status = configure(device, open);
	if (status != 0) {
		device_close(device);
		return status;
	}
	*opened = device;
	return 0;
}

static void device_describe(const struct card_device *device, struct card_description *description)
{
	*description = device->description;
}

static int device_restart(struct card_device *device, char *why)
{
	int status;

	if (device->started)
		rte_cryptodev_stop(device->id);
	module_rsa_load_all(device, true);
	module_log_reason_forget();
	status = rte_cryptodev_start(device->id);
	device->started = status == 0;
	if (status == 0) {
		module_queues_drain(device);
		module_rsa_load_all(device, false);
	} else if (!module_log_reason(why, CARD_WHY_SIZE)) {
		snprintf(why, CARD_WHY_SIZE, "%s", strerror(-status));
	}
	return status;
}

const struct card_module glacis_card_module = {
	.version = CARD_MODULE_VERSION,
	.session_size = sizeof(struct glacis_aead_session),
	.name = "cryptodev",
	.open = device_open,
	.close = device_close,
	.describe = device_describe,
	.identity = module_identity,
	.restart = device_restart,
	.memory_alloc = module_memory_alloc,
	.memory_free = module_memory_free,
	.memory_trim = module_memory_trim,
	.queue_open = module_queue_open,
	.queue_close = module_queue_close,
	.submit = module_submit,
	.submit_rsa = module_submit_rsa,
	.poll = module_poll,
	.state = module_state,
	.session_release = module_session_release,
	.rsa_load = module_rsa_load,
	.rsa_unload = module_rsa_unload,
};
