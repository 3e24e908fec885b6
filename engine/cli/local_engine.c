/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One engine, one queue, bursts that are waited for; see local_engine.h. Called by every subcommand that
 * computes.
 */
#include "local_engine.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "rsa_keys.h"

/* No burst takes a second. This only keeps a broken library from hanging the command, which ends at once then:
 * the library still holds operations that lie on the stack. */
#define WAIT_SECONDS 30
/* Nobody waits for a self-test: a slow card is none that fails. */
#define CARD_DEADLINE_MS 5000u
#define CARD_MEMORY_MIB  128u /* one queue; a device behind an IOMMU pins all of it */

const uint32_t local_rsa_bits[LOCAL_RSA_SIZES] = { 2048, 3072, 4096 };

static const struct {
	const char *pem;
	size_t size;
} keys[LOCAL_RSA_SIZES] = {
	{ rsa_key2048, sizeof(rsa_key2048) - 1 },
	{ rsa_key3072, sizeof(rsa_key3072) - 1 },
	{ rsa_key4096, sizeof(rsa_key4096) - 1 },
};

/* Keeps the newest error of the card's log: it says more than a number. */
static void keep_error(void *text, enum glacis_card_log_level level, const char *line)
{
	if (level == GLACIS_CARD_LOG_ERROR)
		snprintf(text, CARD_ERROR_SIZE, "%s", line);
}

static int card_open(struct local_engine *local, const char *device, char *why, size_t why_size)
{
	const struct glacis_card_options options = { .device = device,
						     .policy = GLACIS_CARD_FIRST,
						     .queues = 1,
						     .deadline_ms = CARD_DEADLINE_MS,
						     .memory_mib = CARD_MEMORY_MIB,
						     .log = keep_error,
						     .log_context = local->card_error };
	struct glacis_card_info info;
	int error = glacis_card_open(local->engine, &options);

	glacis_card_info(local->engine, &info);
	if (error == 0 && info.state == GLACIS_CARD_NONE) {
		error = -ENODEV;
		snprintf(why, why_size, "no crypto device of hardware was found; name one, or see glacis doctor");
	} else if (error != 0) {
		snprintf(why, why_size, "%s",
			 local->card_error[0] != '\0' ? local->card_error : strerror(-error));
	}
	return error;
}

int local_engine_open(struct local_engine *local, const char *device, char *why, size_t why_size)
{
	memset(local, 0, sizeof(*local));
	int error = glacis_engine_create(NULL, &local->engine);
	if (error == -ENOTSUP) {
		snprintf(why, why_size,
			 "libglacis cannot start: it needs a processor with AES-NI and PCLMULQDQ, and "
			 "Linux 4.14 or newer; see the flags in /proc/cpuinfo, and uname -r");
		return error;
	}
	if (error == 0 && device != NULL) {
		error = card_open(local, device, why, why_size);
		if (error != 0) {
			local_engine_close(local);
			return error;
		}
	}
	if (error == 0)
		error = glacis_queue_create(local->engine, NULL, &local->queue);
	if (error != 0) {
		snprintf(why, why_size,
			 "libglacis cannot start: %s; free some memory, or raise the limits of this shell",
			 strerror(-error));
		local_engine_close(local);
		return error;
	}
	glacis_engine_info(local->engine, &local->info);
	return 0;
}

int local_engine_load_keys(struct local_engine *local, char *why, size_t why_size)
{
	for (unsigned i = 0; i < LOCAL_RSA_SIZES; i++) {
		char reason[256] = "";
		int error = glacis_rsa_key_import(local->engine, (const uint8_t *)keys[i].pem, keys[i].size, NULL, NULL,
						  &local->rsa[i], reason, sizeof(reason));
		if (error != 0) {
			snprintf(why, why_size, "the built-in key of %u bits was not imported: %s",
				 (unsigned)local_rsa_bits[i], reason[0] != '\0' ? reason : strerror(-error));
			return error;
		}
	}
	return 0;
}

EVP_PKEY *local_openssl_key(unsigned index)
{
	BIO *bio = BIO_new_mem_buf(keys[index].pem, (int)keys[index].size);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	return key;
}

void local_engine_close(struct local_engine *local)
{
	for (unsigned i = 0; i < LOCAL_RSA_SIZES; i++)
		glacis_rsa_key_destroy(local->rsa[i]);
	glacis_queue_destroy(local->queue);
	glacis_engine_destroy(local->engine);
	memset(local, 0, sizeof(*local));
}

static void wait_for(struct local_engine *local, unsigned count)
{
	struct glacis_op *done[LOCAL_BURST_MAX];
	time_t start = time(NULL);

	glacis_queue_flush(local->queue);
	while (count > 0) {
		unsigned got = glacis_queue_poll(local->queue, done, LOCAL_BURST_MAX);
		count -= got < count ? got : count;
		if (got == 0 && time(NULL) - start > WAIT_SECONDS) {
			fprintf(stderr, "glacis: %u operations were not completed in %d s; report this\n", count,
				WAIT_SECONDS);
			fflush(stdout);
			_exit(EXIT_FAILURE);
		}
	}
}

int local_run_aead(struct local_engine *local, struct glacis_aead_op *ops, unsigned count)
{
	struct glacis_aead_op *pointers[LOCAL_BURST_MAX];

	assert(count <= LOCAL_BURST_MAX);
	for (unsigned i = 0; i < count; i++)
		pointers[i] = &ops[i];
	int accepted = glacis_queue_submit(local->queue, pointers, count);
	if (accepted > 0)
		wait_for(local, (unsigned)accepted);
	return accepted == (int)count ? 0 : -EIO;
}

int local_run_rsa(struct local_engine *local, struct glacis_rsa_op *ops, unsigned count)
{
	struct glacis_rsa_op *pointers[LOCAL_BURST_MAX];

	assert(count <= LOCAL_BURST_MAX);
	for (unsigned i = 0; i < count; i++)
		pointers[i] = &ops[i];
	int accepted = glacis_rsa_submit(local->queue, pointers, count);
	if (accepted > 0)
		wait_for(local, (unsigned)accepted);
	return accepted == (int)count ? 0 : -EIO;
}

int local_run_record(struct local_engine *local, struct glacis_record_op *op)
{
	if (glacis_record_submit(local->queue, &op, 1) != 1)
		return -EIO;
	wait_for(local, 1);
	return 0;
}
