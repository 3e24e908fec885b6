/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What DPDK calls first: the driver of virtual devices (--vdev crypto_glacis0,socket=PATH), and what makes a cryptodev
 * of a card, whichever way it was found.
 */
#include "glacis_pmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bus_vdev_driver.h>
#include <cryptodev_pmd.h>
#include <rte_cycles.h>
#include <rte_kvargs.h>

#include "glacis_card.h"
#include "glacis_keys.h"
#include "glacis_log.h"
#include "glacis_qp.h"
#include "glacis_vfio_user.h"

#define OPTION_SOCKET    "socket"
#define OPTION_TIMEOUT   "timeout_ms"
#define OPTION_SOCKET_ID "socket_id"

uint8_t glacis_driver_id;

RTE_LOG_REGISTER(glacis_logtype, pmd.crypto.glacis, NOTICE)

void glacis_log_line(uint32_t level, const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	rte_log(level, (uint32_t)glacis_logtype, "crypto_glacis: %s\n", line);
}

static int number_parse(const char *key, const char *value, unsigned long least, unsigned long most,
			unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(value, &end, 10);
	if (*value >= '0' && *value <= '9' && *end == '\0' && errno == 0 && *number >= least && *number <= most)
		return 0;
	GLACIS_LOG(ERR, "option %s=%s: a number from %lu to %lu is needed", key, value, least, most);
	return -EINVAL;
}

int glacis_pmd_timeout_parse(const char *key, const char *value, void *timeout_ms)
{
	unsigned long number;
	int status = number_parse(key, value, 1, GLACIS_TIMEOUT_MS_MAX, &number);

	if (status == 0)
		*(uint32_t *)timeout_ms = (uint32_t)number;
	return status;
}

/* The card's part: who it is, clean queues, empty key slots. */
static int device_init(struct glacis_device *device)
{
	int status = glacis_card_identify(device);

	if (status == 0)
		status = glacis_card_reset(device);
	if (status == 0)
		status = glacis_keys_create(device);
	if (status == 0)
		status = glacis_keys_start(device);
	return status;
}

int glacis_pmd_create(const char *name, struct rte_device *bus_device, int socket_id, uint32_t timeout_ms,
		      const struct glacis_transport *transport, void *link)
{
	struct rte_cryptodev_pmd_init_params parameters = {
		.private_data_size = sizeof(struct glacis_device),
		.socket_id = socket_id,
		.max_nb_queue_pairs = GLACIS_CARD_QUEUES_MAX - 1,
	};
	struct rte_cryptodev *cryptodev = rte_cryptodev_pmd_create(name, bus_device, &parameters);
	struct glacis_device *device;
	int status;

	if (cryptodev == NULL) {
		transport->close(link);
		return -ENOMEM;
	}
	device = cryptodev->data->dev_private;
	device->transport = transport;
	device->link = link;
	device->name = cryptodev->data->name;
	device->timeout_ms = timeout_ms;
	device->timeout_cycles = rte_get_tsc_hz() / 1000 * timeout_ms;
	pthread_mutex_init(&device->keys_lock, NULL);
	status = device_init(device);
	if (status != 0) {
		glacis_keys_destroy(device);
		transport->close(link);
		cryptodev->dev_ops = NULL;
		rte_cryptodev_pmd_destroy(cryptodev);
		return status;
	}
	cryptodev->driver_id = glacis_driver_id;
	cryptodev->dev_ops = &glacis_dev_ops;
	cryptodev->enqueue_burst = glacis_qp_enqueue;
	cryptodev->dequeue_burst = glacis_qp_dequeue;
	cryptodev->feature_flags = glacis_capabilities_fill(device);
	rte_cryptodev_pmd_probing_finish(cryptodev);
	GLACIS_LOG(INFO, "%s: ABI %u.%u, %u queue pairs, %u key slots, by %s", device->name,
		   device->identity.abi >> GLACIS_CARD_IDENTITY_ABI_MAJOR_SHIFT,
		   device->identity.abi & GLACIS_CARD_IDENTITY_ABI_MINOR_MASK, device->identity.queues,
		   device->identity.key_slots, transport->name);
	return 0;
}

int glacis_pmd_destroy(const char *name)
{
	struct rte_cryptodev *cryptodev = rte_cryptodev_pmd_get_named_dev(name);

	if (cryptodev == NULL)
		return -ENODEV;
	if (cryptodev->data->dev_started)
		rte_cryptodev_stop(cryptodev->data->dev_id);
	return rte_cryptodev_pmd_destroy(cryptodev);
}

struct options {
	char *path; /* of the socket */
	uint32_t timeout_ms;
	uint32_t socket_id;
};

static int path_parse(const char *key, const char *value, void *path)
{
	(void)key;
	free(*(char **)path);
	*(char **)path = strdup(value);
	return *(char **)path == NULL ? -ENOMEM : 0;
}

static int socket_id_parse(const char *key, const char *value, void *socket_id)
{
	unsigned long number;
	int status = number_parse(key, value, 0, RTE_MAX_NUMA_NODES - 1, &number);

	if (status == 0)
		*(uint32_t *)socket_id = (uint32_t)number;
	return status;
}

/* `options->path` is the caller's to free. */
static int options_parse(const char *arguments, struct options *options)
{
	static const char *const known[] = { OPTION_SOCKET, OPTION_TIMEOUT, OPTION_SOCKET_ID, NULL };
	struct rte_kvargs *list = rte_kvargs_parse(arguments, known);
	int status;

	if (list == NULL) {
		GLACIS_LOG(ERR, "options \"%s\": known are %s=PATH, %s=N and %s=N", arguments, OPTION_SOCKET,
			   OPTION_TIMEOUT, OPTION_SOCKET_ID);
		return -EINVAL;
	}
	status = rte_kvargs_process(list, OPTION_SOCKET, path_parse, &options->path);
	if (status == 0)
		status = rte_kvargs_process(list, OPTION_TIMEOUT, glacis_pmd_timeout_parse, &options->timeout_ms);
	if (status == 0)
		status = rte_kvargs_process(list, OPTION_SOCKET_ID, socket_id_parse, &options->socket_id);
	rte_kvargs_free(list);
	if (status == 0 && options->path == NULL) {
		GLACIS_LOG(ERR, "no socket: give --vdev crypto_glacis0,%s=PATH, with the path glacis-vcard listens on",
			   OPTION_SOCKET);
		return -EINVAL;
	}
	return status < 0 ? -EINVAL : 0;
}

static int vdev_probe(struct rte_vdev_device *vdev)
{
	struct options options = { .timeout_ms = GLACIS_TIMEOUT_MS_DEFAULT, .socket_id = rte_socket_id() };
	const char *name = rte_vdev_device_name(vdev);
	void *link;
	int status;

	if (rte_eal_process_type() != RTE_PROC_PRIMARY) {
		GLACIS_LOG(ERR, "%s: a card belongs to one process; secondary processes cannot use it", name);
		return -ENOTSUP;
	}
	status = options_parse(rte_vdev_device_args(vdev), &options);
	if (status == 0)
		status = glacis_vfio_user_open(options.path, &link);
	if (status == 0)
		status = glacis_pmd_create(name, &vdev->device, (int)options.socket_id, options.timeout_ms,
					   &glacis_vfio_user_transport, link);
	free(options.path);
	return status;
}

static int vdev_remove(struct rte_vdev_device *vdev)
{
	return glacis_pmd_destroy(rte_vdev_device_name(vdev));
}

static struct rte_vdev_driver vdev_driver = { .probe = vdev_probe, .remove = vdev_remove };
static struct cryptodev_driver crypto_driver;

RTE_PMD_REGISTER_VDEV(crypto_glacis, vdev_driver);
RTE_PMD_REGISTER_PARAM_STRING(crypto_glacis,
			      OPTION_SOCKET "=<path> " OPTION_TIMEOUT "=<int> " OPTION_SOCKET_ID "=<int>");
RTE_PMD_REGISTER_CRYPTO_DRIVER(crypto_driver, vdev_driver.driver, glacis_driver_id)
