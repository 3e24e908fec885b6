/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis doctor`: what this machine has for Glacis, and for a card, and for what it lacks the command that helps. It
 * changes nothing. A check is one function; what is needed only with a card is a hint, not a failure.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <jansson.h>

#include <glacis/glacis.h>

#include "command.h"
#include "options.h"
#include "processor.h"

/* Of key memory, for the default queues and some ten thousand sessions. */
#define MEMLOCK_WANTED (64u << 20)

enum verdict { GOOD, HINT, BAD };

struct finding {
	enum verdict verdict;
	char found[256]; /* what there is */
	char fix[256];   /* the command that helps; "" when GOOD */
};

__attribute__((format(printf, 2, 3))) static void found(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->found, sizeof(finding->found), format, arguments);
	va_end(arguments);
}

__attribute__((format(printf, 3, 4))) static void lacks(struct finding *finding, enum verdict verdict,
							const char *format, ...)
{
	va_list arguments;

	finding->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(finding->fix, sizeof(finding->fix), format, arguments);
	va_end(arguments);
}

/* A line of a file of /proc or /sys, without its end. False when it cannot be read. */
static bool line_of(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "r");
	bool read = file != NULL && fgets(line, (int)size, file) != NULL;

	if (file != NULL)
		fclose(file);
	if (read)
		line[strcspn(line, "\n")] = '\0';
	return read;
}

static void check_processor(struct finding *finding)
{
	struct processor processor;
	char missing[128] = "";
	size_t used = 0;

	processor_read(&processor);
	for (unsigned i = 0; i < PROCESSOR_FLAGS; i++) {
		if (processor.flags[i])
			continue;
		used += (size_t)snprintf(missing + used, sizeof(missing) - used, " %s", processor_flag_names[i]);
		if (used >= sizeof(missing))
			break;
	}
	found(finding, "%s%s%s", processor.model, missing[0] != '\0' ? "; without" : "", missing);
}

static void check_engine(struct finding *finding)
{
	struct glacis_engine_info info;
	struct glacis_engine *engine;
	int error = glacis_engine_create(NULL, &engine);

	if (error != 0) {
		found(finding, "libglacis does not start: %s", strerror(-error));
		lacks(finding, BAD, "grep -c -w aes /proc/cpuinfo; uname -r   # AES-NI and Linux 4.14 are needed");
		return;
	}
	glacis_engine_info(engine, &info);
	found(finding, "libglacis %s: records by %s, RSA by %s", glacis_version(), info.cpu_backend, info.rsa_backend);
	glacis_engine_destroy(engine);
}

static void check_kernel(struct finding *finding)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
		found(finding, "unknown");
		return;
	}
	found(finding, "Linux %s", name.release);
	if (major < 5 || (major == 5 && minor < 11))
		lacks(finding, HINT, "apt install linux-image-amd64   # glacisd wants Linux 5.11 or newer");
}

static void check_memlock(struct finding *finding)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		return;
	if (limit.rlim_cur == RLIM_INFINITY || geteuid() == 0) {
		found(finding, "no limit");
		return;
	}
	found(finding, "%" PRIu64 " KiB may be locked", (uint64_t)limit.rlim_cur / 1024);
	if (limit.rlim_cur < MEMLOCK_WANTED)
		lacks(finding, HINT, "ulimit -l %u   # in a systemd unit: LimitMEMLOCK=infinity",
		      MEMLOCK_WANTED / 1024);
}

static void check_hugepages(struct finding *finding)
{
	char line[128];
	unsigned total = 0, free_ = 0;
	FILE *file = fopen("/proc/meminfo", "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		(void)sscanf(line, "HugePages_Total: %u", &total);
		(void)sscanf(line, "HugePages_Free: %u", &free_);
	}
	if (file != NULL)
		fclose(file);
	found(finding, "%u hugepages, %u free", total, free_);
	if (free_ == 0)
		lacks(finding, HINT,
		      "sysctl vm.nr_hugepages=512   # a card works without; with --in-memory DPDK uses them");
}

static void check_module(struct finding *finding)
{
	static const char *const places[] = { GLACIS_CLI_MODULE,
					      "/usr/lib/x86_64-linux-gnu/glacis/glacis-cryptodev.so" };
	const char *given = secure_getenv("GLACIS_CRYPTODEV");

	for (unsigned i = 0; i < 3; i++) {
		const char *path = i == 0 ? given : places[i - 1];

		if (path == NULL || access(path, R_OK) != 0)
			continue;
		void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (module != NULL) {
			const char *(*version)(void) = NULL;
			void *symbol = dlsym(module, "rte_version"); /* of the DPDK it brought along */

			memcpy(&version, &symbol, sizeof(version));
			found(finding, "%s%s%s", path, version != NULL ? ", " : "", version != NULL ? version() : "");
		} else {
			found(finding, "%s cannot be loaded: %.120s", path, dlerror());
			lacks(finding, HINT, "apt install libdpdk-dev   # or the DPDK it was built with");
		}
		return;
	}
	found(finding, "glacis-cryptodev.so is not installed: no card can be used");
	lacks(finding, HINT, "scripts/setup driver && meson setup --reconfigure build && ninja -C build install");
}

static unsigned entries(const char *folder)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	unsigned count = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		count += entry->d_name[0] != '.';
	if (directory != NULL)
		closedir(directory);
	return count;
}

static void check_iommu(struct finding *finding)
{
	unsigned groups = entries("/sys/kernel/iommu_groups");

	found(finding, "%u IOMMU groups", groups);
	if (groups == 0)
		lacks(finding, HINT,
		      "add intel_iommu=on or amd_iommu=on to the kernel's command line   # only for a card in a slot");
}

/* A function bound to vfio-pci has a file that this user must open. */
static void check_vfio(struct finding *finding)
{
	DIR *directory;
	const struct dirent *entry;
	unsigned groups = 0, closed = 0;
	char path[300];

	if (access("/dev/vfio/vfio", F_OK) != 0) {
		found(finding, "no /dev/vfio/vfio");
		lacks(finding, HINT, "modprobe vfio-pci   # only for a card in a slot");
		return;
	}
	directory = opendir("/dev/vfio");
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		groups++;
		snprintf(path, sizeof(path), "/dev/vfio/%s", entry->d_name);
		closed += access(path, R_OK | W_OK) != 0;
	}
	if (directory != NULL)
		closedir(directory);
	found(finding, "%u groups in /dev/vfio, %u of them closed to this user", groups, closed);
	if (groups == 0)
		lacks(finding, HINT, "dpdk-devbind.py -b vfio-pci ADDRESS   # only for a card in a slot");
	else if (closed > 0)
		lacks(finding, HINT, "chown USER /dev/vfio/GROUP   # the user that glacisd becomes");
}

/* Functions with the ids of a Glacis card. */
static void check_cards(struct finding *finding)
{
	DIR *directory = opendir("/sys/bus/pci/devices");
	const struct dirent *entry;
	char path[300], vendor[32], device[32], list[160] = "";
	size_t used = 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor", entry->d_name);
		if (!line_of(path, vendor, sizeof(vendor)))
			continue;
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/device", entry->d_name);
		if (!line_of(path, device, sizeof(device)) || strcmp(vendor, "0x1234") != 0 ||
		    strcmp(device, "0x6c41") != 0)
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used, " pci:%.32s", entry->d_name);
		if (used >= sizeof(list))
			break;
	}
	if (directory != NULL)
		closedir(directory);
	found(finding, "%s%s", list[0] != '\0' ? "in slots:" : "none in a slot", list);
	if (list[0] == '\0')
		lacks(finding, HINT, "glacis-vcard --socket PATH   # an emulated one: --card vfio-user:PATH");
}

static const struct {
	const char *name;
	void (*check)(struct finding *finding);
} checks[] = {
	{ "processor", check_processor }, { "libglacis", check_engine }, { "kernel", check_kernel },
	{ "memlock", check_memlock },     { "module", check_module },    { "cards", check_cards },
	{ "hugepages", check_hugepages }, { "iommu", check_iommu },      { "vfio", check_vfio },
};

static void print(const char *name, const struct finding *finding)
{
	static const char *const words[] = { [GOOD] = "ok", [HINT] = "hint", [BAD] = "FAILED" };

	printf("%-6s %-10s %s\n", words[finding->verdict], name, finding->found);
	if (finding->verdict != GOOD)
		printf("       %-10s try: %s\n", "", finding->fix);
}

static json_t *describe(const char *name, const struct finding *finding)
{
	static const char *const words[] = { [GOOD] = "ok", [HINT] = "hint", [BAD] = "failed" };
	json_t *object = json_pack("{s:s, s:s, s:s}", "name", name, "verdict", words[finding->verdict], "found",
				   finding->found);

	if (object != NULL && finding->verdict != GOOD)
		json_object_set_new(object, "fix", json_string(finding->fix));
	return object;
}

static int doctor_main(int argc, char **argv)
{
	struct cli_options options;
	json_t *list = json_array(), *root;
	bool good = true;

	cli_options_parse(argc, argv,
			  "Looks for what Glacis needs on this machine, and says what helps where it lacks.", 0,
			  &options);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding = { .verdict = GOOD };

		checks[i].check(&finding);
		good &= finding.verdict != BAD;
		if (options.json)
			json_array_append_new(list, describe(checks[i].name, &finding));
		else
			print(checks[i].name, &finding);
	}
	root = json_pack("{s:s, s:b, s:o}", "glacis", glacis_version(), "ok", good, "checks", list);
	if (options.json && root != NULL) {
		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(root);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct subcommand cli_doctor_command = {
	.name = "doctor",
	.summary = "look for what this machine lacks, and say what helps",
	.run = doctor_main,
};
