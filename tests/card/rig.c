/* SPDX-License-Identifier: Apache-2.0 */
/* A card's process, a client and memory for both; see rig.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/vfio.h>

#include "rig.h"

#define PAGE          4096u
#define ARGUMENTS_MAX 24u

extern char **environ;

const char *rig_vcard;

uint64_t rig_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void rig_sleep_ms(unsigned ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&pause, NULL);
}

const char *rig_backend(void)
{
	return getenv("GLACIS_VCARD_BACKEND");
}

bool rig_is_rtl(void)
{
	return rig_backend() && strcmp(rig_backend(), "rtl") == 0;
}

/* ---- processes ---- */

/* Starts the program with these arguments behind its name; what it says goes to the file `log`. */
static pid_t spawn(char **arguments, const char *log, int append)
{
	posix_spawn_file_actions_t files;
	pid_t process = 0;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | append, 0600);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	if (posix_spawn(&process, rig_vcard, &files, NULL, arguments, environ))
		process = 0;
	posix_spawn_file_actions_destroy(&files);
	return process;
}

static bool wait_end(pid_t process, int *status)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	while (waitpid(process, status, WNOHANG) != process) {
		if (rig_now_ms() > end) {
			kill(process, SIGKILL);
			waitpid(process, status, 0);
			return false;
		}
		rig_sleep_ms(2);
	}
	return true;
}

bool rig_is_alive(struct rig *rig, int *status)
{
	if (rig->process && waitpid(rig->process, status, WNOHANG) == rig->process)
		rig->process = 0;
	return rig->process;
}

static void print_log(const struct rig *rig)
{
	FILE *file = fopen(rig->log, "r");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		printf("# card: %s", line);
	if (file)
		fclose(file);
}

bool rig_start_again(struct rig *rig, const char *const *options)
{
	char *arguments[ARGUMENTS_MAX] = { (char *)(uintptr_t)rig_vcard, (char *)(uintptr_t) "--socket", rig->socket };
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;
	const char *backend = rig_backend();
	unsigned count = 3;
	struct client probe;
	int status;

	if (backend) {
		arguments[count++] = (char *)(uintptr_t) "--backend";
		arguments[count++] = (char *)(uintptr_t)backend;
	}
	for (unsigned i = 0; options && options[i] && count + 1 < ARGUMENTS_MAX; i++)
		arguments[count++] = (char *)(uintptr_t)options[i];
	rig->process = spawn(arguments, rig->log, O_APPEND);
	while (rig_is_alive(rig, &status) && rig_now_ms() < end) {
		if (client_connect(&probe, rig->socket) == 0) {
			client_close(&probe);
			return true;
		}
		rig_sleep_ms(2);
	}
	return false;
}

bool rig_start(struct rig *rig, const char *const *options)
{
	memset(rig, 0, sizeof(*rig));
	rig->client.fd = -1;
	strcpy(rig->folder, "/tmp/glacis-card.XXXXXX");
	if (!CHECK(mkdtemp(rig->folder)))
		return false;
	snprintf(rig->socket, sizeof(rig->socket), "%s/card", rig->folder);
	snprintf(rig->control, sizeof(rig->control), "%s.ctl", rig->socket);
	snprintf(rig->log, sizeof(rig->log), "%s/log", rig->folder);
	rig->memory_fd = memfd_create("rig", MFD_CLOEXEC);
	if (!CHECK(rig->memory_fd >= 0 && ftruncate(rig->memory_fd, RIG_MEMORY) == 0))
		return false;
	rig->memory = mmap(NULL, RIG_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, rig->memory_fd, 0);
	if (!CHECK(rig->memory != MAP_FAILED))
		return false;
	if (!CHECK(rig_start_again(rig, options))) {
		print_log(rig);
		return false;
	}
	return true;
}

bool rig_attach(struct rig *rig)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;
	int error;

	/* A client before us may not have been noticed to be gone. */
	do {
		error = client_connect(&rig->client, rig->socket);
		if (!error)
			error = client_negotiate(&rig->client);
		if (error) {
			client_close(&rig->client);
			rig_sleep_ms(2);
		}
	} while (error && rig_now_ms() < end);
	return CHECK(!error) && CHECK(client_master(&rig->client, true) == 0) &&
	       CHECK(client_map_doorbells(&rig->client) == 0) &&
	       CHECK(client_map(&rig->client, RIG_ADDRESS, RIG_MEMORY, VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE,
				rig->memory_fd, 0) == 0);
}

void rig_detach(struct rig *rig)
{
	client_close(&rig->client);
}

bool rig_open(struct rig *rig, const char *const *options)
{
	return rig_start(rig, options) && rig_attach(rig);
}

int rig_stop(struct rig *rig)
{
	int status = -1;
	bool ended = false;

	rig_detach(rig);
	if (rig->process) {
		kill(rig->process, SIGTERM);
		ended = wait_end(rig->process, &status);
	}
	if (!ended || !WIFEXITED(status) || WEXITSTATUS(status)) {
		printf("# the card ended with %#x\n", (unsigned)status);
		print_log(rig);
	}
	if (rig->memory)
		munmap(rig->memory, RIG_MEMORY);
	if (rig->memory_fd > 0)
		close(rig->memory_fd);
	unlink(rig->log);
	unlink(rig->socket);
	unlink(rig->control);
	rmdir(rig->folder);
	return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int rig_program(struct rig *rig, const char *const *arguments, char *output, size_t size)
{
	char *all[ARGUMENTS_MAX] = { (char *)(uintptr_t)rig_vcard };
	char path[128];
	int status = 0;
	pid_t process;
	FILE *file;

	for (unsigned i = 0; arguments[i] && i + 2 < ARGUMENTS_MAX; i++)
		all[i + 1] = (char *)(uintptr_t)arguments[i];
	snprintf(path, sizeof(path), "%s/said", rig->folder);
	process = spawn(all, path, O_TRUNC);
	if (!process || !wait_end(process, &status))
		return -1;
	file = fopen(path, "r");
	if (file && output)
		output[fread(output, 1, size - 1, file)] = '\0';
	if (file)
		fclose(file);
	unlink(path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int rig_control(struct rig *rig, const char *const *words, char *output, size_t size)
{
	const char *arguments[ARGUMENTS_MAX] = { "ctl", "--socket", rig->control };

	for (unsigned i = 0; words[i] && i + 4 < ARGUMENTS_MAX; i++)
		arguments[i + 3] = words[i];
	return rig_program(rig, arguments, output, size);
}

/* ---- memory and registers ---- */

void *rig_allocate(struct rig *rig, size_t size)
{
	uint8_t *memory = rig->memory + rig->used;

	size = (size + PAGE - 1) / PAGE * PAGE;
	if (size > RIG_MEMORY - rig->used) {
		printf("Bail out! the rig's memory is used up\n");
		exit(1);
	}
	rig->used += size;
	memset(memory, 0, size);
	return memory;
}

void rig_free_all(struct rig *rig)
{
	rig->used = 0;
}

uint64_t rig_address(const struct rig *rig, const void *memory)
{
	return RIG_ADDRESS + (uint64_t)((const uint8_t *)memory - rig->memory);
}

bool rig_map_again(struct rig *rig)
{
	return CHECK(client_map(&rig->client, RIG_ADDRESS_AGAIN, RIG_MEMORY, VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE,
				rig->memory_fd, 0) == 0);
}

uint64_t rig_address_again(const struct rig *rig, const void *memory)
{
	return rig_address(rig, memory) - RIG_ADDRESS + RIG_ADDRESS_AGAIN;
}

uint8_t *rig_memory(const struct rig *rig, uint64_t address)
{
	return rig->memory + (address & (RIG_MEMORY - 1));
}

uint32_t rig_read32(struct rig *rig, uint32_t offset)
{
	uint32_t value = 0xdeadbeef;

	CHECK(client_read(&rig->client, VFIO_PCI_BAR0_REGION_INDEX, offset, &value, sizeof(value)) == 0);
	return value;
}

uint64_t rig_read64(struct rig *rig, uint32_t offset)
{
	uint64_t low = rig_read32(rig, offset);

	return low | (uint64_t)rig_read32(rig, offset + 4) << 32;
}

void rig_write32(struct rig *rig, uint32_t offset, uint32_t value)
{
	CHECK(client_write(&rig->client, VFIO_PCI_BAR0_REGION_INDEX, offset, &value, sizeof(value)) == 0);
}

void rig_write64(struct rig *rig, uint32_t offset, uint64_t value)
{
	rig_write32(rig, offset, (uint32_t)value);
	rig_write32(rig, offset + 4, (uint32_t)(value >> 32));
}

bool rig_comes_to(struct rig *rig, uint32_t offset, uint64_t value)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	while (rig_read64(rig, offset) != value && rig_now_ms() < end)
		rig_sleep_ms(1);
	return rig_read64(rig, offset) == value;
}

void rig_enable(struct rig *rig)
{
	rig_write32(rig, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_ENABLE_MASK);
}

bool rig_reset(struct rig *rig)
{
	uint64_t end = rig_now_ms() + RIG_WAIT_MS;

	rig_write32(rig, GLACIS_CARD_CONTROL_CONTROL, GLACIS_CARD_CONTROL_CONTROL_RESET_MASK);
	while (rig_read32(rig, GLACIS_CARD_CONTROL_CONTROL) & GLACIS_CARD_CONTROL_CONTROL_RESET_MASK) {
		if (rig_now_ms() > end)
			return false;
	}
	return rig_read32(rig, GLACIS_CARD_CONTROL_STATUS) == GLACIS_CARD_CONTROL_STATUS_READY_MASK;
}
