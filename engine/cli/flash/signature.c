/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums, signers and signatures; see signature.h. */
#include "signature.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "development_key.h"

/* ---- signers ---- */

static int add_key(struct signers *signers, const char *name, EVP_PKEY *key)
{
	snprintf(signers->list[signers->count].name, sizeof(signers->list[0].name), "%s", name);
	signers->list[signers->count++].key = key;
	return 0;
}

int signers_open(struct signers *signers)
{
	BIO *text = BIO_new_mem_buf(pem_development, -1);
	EVP_PKEY *key = text ? PEM_read_bio_PUBKEY(text, NULL, NULL, NULL) : NULL;

	BIO_free(text);
	signers->count = 0;
	return key ? add_key(signers, "the development key", key) : -ENOMEM;
}

static int add_file(struct signers *signers, const char *path, struct flash_problem *problem)
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file ? PEM_read_PUBKEY(file, NULL, NULL, NULL) : NULL;
	int error = file ? -EINVAL : -errno;

	if (file)
		fclose(file);
	if (!file)
		return flash_fail(problem, error, "%s: cannot read the key: %s", path, strerror(-error));
	if (!key || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(key);
		return flash_fail(problem, -EINVAL,
				  "%s: is no public Ed25519 key in PEM; openssl pkey -pubout makes one", path);
	}
	if (signers->count == SIGNERS_MAX) {
		EVP_PKEY_free(key);
		return flash_fail(problem, -E2BIG, "%s: more than %u keys; give fewer", path, SIGNERS_MAX - 1);
	}
	return add_key(signers, path, key);
}

static int add_folder(struct signers *signers, const char *path, struct flash_problem *problem)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int status = 0;

	if (!folder)
		return flash_fail(problem, -errno, "%s: cannot read the folder of keys: %s", path, strerror(errno));
	while (!status && (entry = readdir(folder))) {
		size_t size = strlen(entry->d_name);
		char name[512];

		if (size < 5 || strcmp(entry->d_name + size - 4, ".pem") != 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		status = add_file(signers, name, problem);
	}
	closedir(folder);
	return status;
}

int signers_add(struct signers *signers, const char *path, struct flash_problem *problem)
{
	struct stat status;

	if (stat(path, &status))
		return flash_fail(problem, -errno, "%s: cannot read the key: %s", path, strerror(errno));
	return S_ISDIR(status.st_mode) ? add_folder(signers, path, problem) : add_file(signers, path, problem);
}

void signers_close(struct signers *signers)
{
	for (unsigned i = 0; i < signers->count; i++)
		EVP_PKEY_free(signers->list[i].key);
	signers->count = 0;
}

int signature_check(const struct signers *signers, const uint8_t *signature, const void *bytes, size_t size)
{
	for (unsigned i = 0; i < signers->count; i++) {
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		bool good = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, signers->list[i].key) == 1 &&
			    EVP_DigestVerify(context, signature, SIGNATURE_SIZE, bytes, size) == 1;

		EVP_MD_CTX_free(context);
		if (good)
			return (int)i;
	}
	return -1;
}

/* ---- checksums ---- */

int sha256_text(const void *bytes, size_t size, char text[MANIFEST_HASH_TEXT])
{
	uint8_t digest[32];

	if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1)
		return -EIO;
	for (unsigned i = 0; i < sizeof(digest); i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

/* One line without its end. */
static bool parse_line(const char *line, size_t size, struct sums *sums)
{
	char *name = sums->files[sums->count].name, *hash = sums->files[sums->count].sha256;

	if (size < 67 || size - 66 >= MANIFEST_TEXT || memcmp(line + 64, "  ", 2) != 0)
		return false;
	memcpy(hash, line, 64);
	hash[64] = '\0';
	memcpy(name, line + 66, size - 66);
	name[size - 66] = '\0';
	if (strspn(hash, "0123456789abcdef") != 64 || strlen(name) != size - 66 || !manifest_name_is_good(name))
		return false;
	for (unsigned i = 0; i < sums->count; i++)
		if (strcmp(sums->files[i].name, name) == 0)
			return false;
	sums->count++;
	return true;
}

int sums_parse(const char *text, size_t size, struct sums *sums, struct flash_problem *problem)
{
	const char *end = text + size;

	sums->count = 0;
	for (unsigned number = 1; text < end; number++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		if (!stop || sums->count == SUMS_FILES_MAX || !parse_line(text, (size_t)(stop - text), sums))
			return flash_fail(
				problem, -EINVAL,
				"SHA256SUMS: line %u is no checksum of a file of the image; make the image anew",
				number);
		text = stop + 1;
	}
	return 0;
}
