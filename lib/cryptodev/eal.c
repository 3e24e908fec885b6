/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DPDK's environment: started once in a process, in the thread that opens the card, or joined when the program runs it
 * already; and the device that is meant by the configuration.
 *
 * Concepts. The EAL gets one core, without hugepages and without files of its own, unless the configuration says
 * otherwise. It binds its first thread to that core, which is undone. It is never ended: DPDK starts once in a process,
 * and a second engine joins it. One that the program started stays the program's, with its memory, its devices and its
 * log.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_memory.h>

#include "device.h"

#define ARGUMENTS_MAX 64

static pthread_mutex_t eal_lock = PTHREAD_MUTEX_INITIALIZER;
static bool eal_started;  /* it runs, whoever has started it */
static bool eal_joined;   /* the program has: the log is its own, as all of its environment */
static pid_t eal_process; /* a child has the parent's memory of DPDK's, shared: two would write the same heap */
static bool eal_tried;    /* a start that fails leaves traces, too */

/* A list of arguments, and room for those that are made here. */
struct arguments {
	char *values[ARGUMENTS_MAX];
	int count;
	char memory[16], core[16], allow[128];
};

static void add(struct arguments *arguments, const char *value)
{
	/* The EAL may reorder its list, but writes into none of the strings. */
	if (arguments->count < ARGUMENTS_MAX - 1)
		arguments->values[arguments->count++] = (char *)(uintptr_t)value;
}

static bool given(const struct glacis_card_options *options, const char *name)
{
	size_t size = strlen(name);

	for (uint32_t i = 0; i < options->eal_argument_count; i++) {
		const char *argument = options->eal_arguments[i];

		if (strncmp(argument, name, size) == 0 && (argument[size] == '\0' || argument[size] == '='))
			return true;
	}
	return false;
}

/* The first core that this thread may use. */
static int first_core(void)
{
	cpu_set_t allowed;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return 0;
	for (int core = 0; core < CPU_SETSIZE; core++)
		if (CPU_ISSET(core, &allowed))
			return core;
	return 0;
}

static bool wants_pci(const struct glacis_card_options *options)
{
	return strcmp(options->device, "auto") == 0 || strncmp(options->device, "pci:", 4) == 0;
}

static void arguments_make(const struct glacis_card_options *options, struct arguments *arguments)
{
	add(arguments, "libglacis");
	if (!given(options, "--in-memory") && !given(options, "--huge-dir")) {
		add(arguments, "--no-huge");
		add(arguments, "--no-shconf");
	}
	if (!given(options, "-m")) {
		snprintf(arguments->memory, sizeof(arguments->memory), "%u", options->memory_mib);
		add(arguments, "-m");
		add(arguments, arguments->memory);
	}
	if (!given(options, "-l") && !given(options, "-c") && !given(options, "--lcores")) {
		snprintf(arguments->core, sizeof(arguments->core), "%d", first_core());
		add(arguments, "-l");
		add(arguments, arguments->core);
	}
	if (!given(options, "--iova-mode")) {
		add(arguments, "--iova-mode");
		add(arguments, "va");
	}
	if (!given(options, "--log-level")) {
		add(arguments, "--log-level");
		add(arguments, "warning");
	}
	add(arguments, "--no-telemetry");
	if (strncmp(options->device, "pci:", 4) == 0) {
		snprintf(arguments->allow, sizeof(arguments->allow), "%s,timeout_ms=%u", options->device + 4,
			 options->deadline_ms);
		add(arguments, "-a");
		add(arguments, arguments->allow);
	} else if (!wants_pci(options)) {
		add(arguments, "--no-pci");
	}
	for (uint32_t i = 0; i < options->eal_argument_count; i++)
		add(arguments, options->eal_arguments[i]);
}

/* Keys of sessions lie in this memory. */
static int keep_from_dumps(const struct rte_memseg_list *list, void *unused)
{
	(void)unused;
	(void)madvise(list->base_va, list->len, MADV_DONTDUMP);
	return 0;
}

static int eal_init(const struct card_open *open)
{
	struct arguments arguments = { .count = 0 };
	int status;

	arguments_make(open->options, &arguments);
	status = rte_eal_init(arguments.count, arguments.values);
	if (status < 0) {
		int error = rte_errno;

		snprintf(open->why, CARD_WHY_SIZE,
			 "DPDK's environment does not start: %s; see its lines above, and the EAL arguments",
			 rte_strerror(error));
		return error > 0 ? -error : -EIO;
	}
	return 0;
}

/* Has the program started it? Asked before it is started here, since rte_eal_init calls a second start fatal. */
static bool eal_runs(void)
{
	return rte_lcore_count() > 0;
}

int module_eal_start(const struct card_open *open)
{
	cpu_set_t before;
	bool known;
	int status = 0;

	pthread_mutex_lock(&eal_lock);
	if (eal_process != 0 && eal_process != getpid()) {
		pthread_mutex_unlock(&eal_lock);
		snprintf(open->why, CARD_WHY_SIZE,
			 "DPDK's environment was started before a fork, and its memory is the parent's; open the card "
			 "in "
			 "the process that uses it, and not before it forks");
		return -ECHILD;
	}
	eal_process = getpid();
	if (!eal_started && !eal_tried)
		eal_joined = eal_runs();
	if (!eal_joined)
		module_log_direct(open->options);
	if (!eal_started && !eal_joined) {
		eal_tried = true;
		known = pthread_getaffinity_np(pthread_self(), sizeof(before), &before) == 0;
		status = eal_init(open);
		if (known)
			pthread_setaffinity_np(pthread_self(), sizeof(before), &before);
	}
	if (status == 0 && !eal_started)
		rte_memseg_list_walk(keep_from_dumps, NULL);
	eal_started = status == 0;
	if (status == 0 && rte_eal_iova_mode() != RTE_IOVA_VA) {
		snprintf(open->why, CARD_WHY_SIZE,
			 "DPDK's environment, started by this program, uses physical addresses; start it with "
			 "--iova-mode=va");
		status = -ENOTSUP;
	}
	pthread_mutex_unlock(&eal_lock);
	return status;
}

/* ---- devices ---- */

/* Plugs a device of a bus in. */
static int plug(const struct card_open *open, struct card_device *device, const char *bus, const char *name,
		const char *arguments)
{
	int status;

	module_log_reason_forget();
	status = rte_eal_hotplug_add(bus, name, arguments);
	if (status != 0) {
		if (!module_log_reason(open->why, CARD_WHY_SIZE))
			snprintf(open->why, CARD_WHY_SIZE,
				 "%s: DPDK has no such device, or it does not answer: %s; see its lines above", name,
				 strerror(-status));
		return status == -EEXIST || status == -ENOTSUP ? status : -ENODEV;
	}
	device->plugged = true;
	snprintf(device->bus, sizeof(device->bus), "%s", bus);
	return 0;
}

static int id_of(const struct card_open *open, struct card_device *device, const char *name)
{
	int id = rte_cryptodev_get_dev_id(name);

	if (id < 0) {
		snprintf(open->why, CARD_WHY_SIZE, "%s: is no crypto device of DPDK's", name);
		return -ENODEV;
	}
	device->id = (uint8_t)id;
	return 0;
}

static int find_socket(const struct card_open *open, struct card_device *device)
{
	static unsigned number;
	const struct glacis_card_options *options = open->options;
	/* With copies the deadline is libglacis' own, and the driver's comes later. */
	uint32_t timeout = options->copy_always ? options->deadline_ms * 8 : options->deadline_ms;
	char name[32], arguments[256];
	int status;

	snprintf(name, sizeof(name), "crypto_glacis_lib%u", __atomic_fetch_add(&number, 1, __ATOMIC_RELAXED));
	if ((size_t)snprintf(arguments, sizeof(arguments), "socket=%s,timeout_ms=%u", options->device + 10, timeout) >=
	    sizeof(arguments)) {
		snprintf(open->why, CARD_WHY_SIZE, "%.128s: the path is too long", options->device);
		return -ENAMETOOLONG;
	}
	status = plug(open, device, "vdev", name, arguments);
	if (status != 0)
		return status;
	snprintf(device->socket, sizeof(device->socket), "%.111s", options->device + 10);
	return id_of(open, device, name);
}

static int find_pci(const struct card_open *open, struct card_device *device)
{
	const char *address = open->options->device + 4;
	char name[64], arguments[32];
	int status;

	/* The names of drivers differ: the address, or with "_qat_sym" and the like behind it. */
	for (uint8_t id = 0; id < RTE_CRYPTO_MAX_DEVS; id++) {
		const char *known = rte_cryptodev_is_valid_dev(id) ? rte_cryptodev_name_get(id) : NULL;

		if (known != NULL && strncmp(known, address, strlen(address)) == 0) {
			device->id = id;
			return 0;
		}
	}
	snprintf(name, sizeof(name), "%s", address);
	snprintf(arguments, sizeof(arguments), "timeout_ms=%u", open->options->deadline_ms);
	status = plug(open, device, "pci", name, arguments);
	return status != 0 ? status : id_of(open, device, name);
}

static int find_auto(const struct card_open *open, struct card_device *device)
{
	int found = -1;

	for (uint8_t id = 0; id < RTE_CRYPTO_MAX_DEVS; id++) {
		struct rte_cryptodev_info info;

		if (!rte_cryptodev_is_valid_dev(id))
			continue;
		rte_cryptodev_info_get(id, &info);
		if (strcmp(info.driver_name, "crypto_glacis") == 0) {
			found = id;
			break;
		}
		if (found < 0 && (info.feature_flags & RTE_CRYPTODEV_FF_HW_ACCELERATED) != 0)
			found = id;
	}
	if (found < 0) {
		snprintf(open->why, CARD_WHY_SIZE, "no crypto device of hardware was found");
		return -ENODEV;
	}
	device->id = (uint8_t)found;
	return 0;
}

static int find_named(const struct card_open *open, struct card_device *device)
{
	const char *spec = open->options->device;
	size_t size = strcspn(spec, ",");
	char name[64];
	int status;

	if (size == 0 || size >= sizeof(name)) {
		snprintf(open->why, CARD_WHY_SIZE,
			 "\"%.64s\" is no device; use auto, pci:ADDRESS, vfio-user:PATH or a DPDK device's name", spec);
		return -EINVAL;
	}
	memcpy(name, spec, size);
	name[size] = '\0';
	if (rte_cryptodev_get_dev_id(name) < 0) {
		status = plug(open, device, "vdev", name, spec[size] == ',' ? spec + size + 1 : "");
		if (status != 0)
			return status;
	}
	return id_of(open, device, name);
}

int module_device_find(const struct card_open *open, struct card_device *device)
{
	const char *spec = open->options->device;

	if (strcmp(spec, "auto") == 0)
		return find_auto(open, device);
	if (strncmp(spec, "pci:", 4) == 0)
		return find_pci(open, device);
	if (strncmp(spec, "vfio-user:", 10) == 0)
		return find_socket(open, device);
	return find_named(open, device);
}

void module_device_unplug(struct card_device *device)
{
	if (device->plugged)
		(void)rte_eal_hotplug_remove(device->bus, device->description.device);
	module_log_leave();
}
