/* SPDX-License-Identifier: Apache-2.0 */
#include "card_bed.h"

#include <criterion/criterion.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct world world;
static char folder[] = "/tmp/glacis-provider-XXXXXX", socket_path[64], log_path[64];
static pid_t card;
static const uint8_t message[] = "The slope in front of the wall.";

void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

/* ---- the card, and the world around it ---- */

void card_start(void)
{
	char text[80];

	card = fork();
	cr_assert_geq(card, 0);
	if (card == 0) {
		snprintf(text, sizeof(text), "%s/card.out", folder);
		if (freopen(text, "a", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
			_exit(126);
		execl(VCARD, VCARD, "--socket", socket_path, (char *)NULL);
		_exit(127);
	}
	for (unsigned ms = 0; ms < PATIENCE_S * 1000 && access(socket_path, F_OK) != 0; ms++)
		pause_ms(1);
	cr_assert_eq(access(socket_path, F_OK), 0, "%s does not start", VCARD);
}

void card_kill(void)
{
	int status;

	if (card <= 0)
		return;
	cr_assert_eq(kill(card, SIGKILL), 0);
	cr_assert_eq(waitpid(card, &status, 0), card);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the card ended by itself: %#x",
		  (unsigned)status);
	unlink(socket_path);
	card = 0;
}

void prepare(void)
{
	char device[96];

	cr_assert_not_null(mkdtemp(folder));
	snprintf(socket_path, sizeof(socket_path), "%s/card", folder);
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	snprintf(device, sizeof(device), "vfio-user:%s", socket_path);
	setenv("GLACIS_CRYPTODEV", MODULE, 1);
	setenv("GLACIS_PROVIDER_LOG", log_path, 1);
	setenv("GLACIS_PROVIDER_CARD", device, 1);
	setenv("GLACIS_PROVIDER_CARD_POLICY", "card", 1);
	setenv("GLACIS_PROVIDER_CARD_DEADLINE_MS", "30000", 1); /* the machine may be busy */
	setenv("GLACIS_PROVIDER_THREADS", "2", 1);
}

void clean_up(void)
{
	char command[96];

	card_kill();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

const char *card_text(void)
{
	const char *text = NULL;
	OSSL_PARAM params[] = { OSSL_PARAM_utf8_ptr("glacis-card", &text, 0), OSSL_PARAM_END };

	cr_assert(OSSL_PROVIDER_get_params(world.glacis, params));
	cr_assert_not_null(text);
	return text;
}

/* How often the log says it. */
unsigned said(const char *what)
{
	char line[2048];
	unsigned count = 0;
	FILE *file = fopen(log_path, "r");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, what) != NULL;
	if (file != NULL)
		fclose(file);
	return count;
}

uint64_t counter(const char *name)
{
	return world_counter(&world, name);
}

/* ---- signatures ---- */

struct task {
	EVP_PKEY *key;
	uint8_t *signature;
};

static int sign(void *argument)
{
	struct task *task = argument;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	size_t size = 512;
	bool good = EVP_DigestSignInit_ex(context, &parameters, "SHA256", world.ours, NULL, task->key, NULL) &&
		    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
		    EVP_DigestSign(context, task->signature, &size, message, sizeof(message));

	EVP_MD_CTX_free(context);
	return good;
}

static bool is_right(EVP_PKEY *theirs, const uint8_t *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY_CTX *parameters;
	bool good = EVP_DigestVerifyInit_ex(context, &parameters, "SHA256", world.theirs, NULL, theirs, NULL) &&
		    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) > 0 &&
		    EVP_DigestVerify(context, signature, (size_t)EVP_PKEY_get_size(theirs), message, sizeof(message)) ==
			    1;

	EVP_MD_CTX_free(context);
	return good;
}

struct keys keys_open(const char *name)
{
	return (struct keys){ world_key(world.ours, name), world_key(world.theirs, name) };
}

void keys_close(const struct keys *keys)
{
	EVP_PKEY_free(keys->ours);
	EVP_PKEY_free(keys->theirs);
}

unsigned wrong_of(const struct keys *keys, unsigned count, void (*meanwhile)(void))
{
	static uint8_t signatures[JOBS][512];
	struct task tasks[JOBS];
	struct job jobs[JOBS] = { 0 };
	unsigned wrong = 0;

	memset(signatures, 0, sizeof(signatures));
	for (unsigned i = 0; i < count; i++) {
		tasks[i] = (struct task){ keys->ours, signatures[i] };
		if (!job_step(&jobs[i], sign, &tasks[i], sizeof(tasks[i])))
			return count;
	}
	meanwhile();
	for (unsigned i = 0; i < count; i++)
		while (!jobs[i].finished)
			if (!job_wait(&jobs[i]) || !job_step(&jobs[i], sign, &tasks[i], sizeof(tasks[i])))
				return count;
	for (unsigned i = 0; i < count; i++)
		wrong += jobs[i].result != 1 || !is_right(keys->theirs, signatures[i]);
	jobs_free(jobs, count);
	return wrong;
}

void nothing(void)
{
}

void sign_until(const struct keys *keys, const char *name, uint64_t least)
{
	time_t end = time(NULL) + PATIENCE_S;

	while (counter(name) < least) {
		cr_assert_eq(wrong_of(keys, 8, nothing), 0);
		cr_assert_lt(time(NULL), end, "%s is %lu, and the card \"%s\"", name, (unsigned long)counter(name),
			     card_text());
		pause_ms(1);
	}
}
