/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET / of the built-in origin: page/page.html with its @NAME@ places filled in. The figures are there
 * without script; page.js keeps them current. Style and script are in the page itself, and its
 * Content-Security-Policy admits exactly these two by digest, so nothing a value might smuggle in runs.
 */
#include "origin_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include <glacis/version.h>

#include "origin_page_assets.h"

struct place {
	const char *name;
	const char *raw;  /* our own text, or NULL */
	const char *text; /* a value, escaped */
	uint64_t number;  /* when both are NULL */
};

static void write_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
}

static void write_place(FILE *out, const struct place *place)
{
	if (place->raw != NULL)
		fputs(place->raw, out);
	else if (place->text != NULL)
		write_escaped(out, place->text);
	else
		fprintf(out, "%" PRIu64, place->number);
}

/* Copies the template, filling in each @NAME@ that `places` (ended by a NULL name) knows. */
static void expand(FILE *out, const char *template, const struct place *places)
{
	for (;;) {
		const char *at = strchr(template, '@');

		if (at == NULL) {
			fputs(template, out);
			return;
		}
		fwrite(template, 1, (size_t)(at - template), out);
		template = at + 1;
		const char *end = strchr(template, '@');
		const struct place *place = places;

		while (place->name != NULL && (end == NULL || strlen(place->name) != (size_t)(end - template) ||
					       strncmp(place->name, template, (size_t)(end - template)) != 0))
			place++;
		if (place->name == NULL) {
			fputc('@', out);
			continue;
		}
		write_place(out, place);
		template = end + 1;
	}
}

char *glacisd_origin_page(const struct glacisd_service *service, const struct glacisd_visitor *visitor)
{
	struct glacis_engine_info info = { .cpu_backend = NULL };
	uint64_t now = (uint64_t)time(NULL);
	char *page = NULL;
	size_t size = 0;

	if (service->engine != NULL)
		glacis_engine_info(service->engine, &info);
	const struct place places[] = {
		{ .name = "STYLE", .raw = glacisd_page_css },
		{ .name = "SCRIPT", .raw = glacisd_page_js },
		{ .name = "VERSION", .text = GLACIS_VERSION },
		{ .name = "OPENSSL", .text = OpenSSL_version(OPENSSL_VERSION_STRING) },
		{ .name = "TLS_VERSION", .text = visitor->tls_version },
		{ .name = "CIPHER", .text = visitor->cipher },
		{ .name = "PATH", .text = visitor->path },
		{ .name = "PATH_NAME", .text = strcmp(visitor->path, "card") == 0 ? "Accelerator card" : "CPU" },
		{ .name = "CPU_BACKEND", .text = info.cpu_backend != NULL ? info.cpu_backend : "libglacis" },
		{ .name = "UPTIME", .number = now > service->started_at_s ? now - service->started_at_s : 0 },
		{ .name = "CONNECTIONS_OPEN", .number = GLACISD_SERVICE_SUM(service, connections_open) },
		{ .name = "HANDSHAKES",
		  .number = GLACISD_SERVICE_SUM(service, handshakes_full) +
			    GLACISD_SERVICE_SUM(service, handshakes_resumed) },
		{ .name = "BYTES_SEALED", .number = GLACISD_SERVICE_SUM(service, bytes_sealed) },
		{ .name = "RECORDS_SEALED", .number = GLACISD_SERVICE_SUM(service, records_sealed) },
		{ .name = "RECORDS_CPU", .number = GLACISD_SERVICE_SUM(service, records_cpu) },
		{ .name = "RECORDS_CARD", .number = GLACISD_SERVICE_SUM(service, records_card) },
		{ .name = NULL },
	};
	FILE *out = open_memstream(&page, &size);

	if (out == NULL)
		return NULL;
	expand(out, glacisd_page_html, places);
	int failed = ferror(out);

	if (fclose(out) != 0 || failed) {
		free(page);
		return NULL;
	}
	return page;
}

/* A source expression 'sha256-BASE64' of a text. */
#define SOURCE_SIZE 64

static int source_of(const EVP_MD *sha256, const char *text, char source[SOURCE_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char base64[48];
	unsigned int size;

	if (EVP_Digest(text, strlen(text), digest, &size, sha256, NULL) != 1 || size != 32)
		return -EIO;
	EVP_EncodeBlock(base64, digest, (int)size);
	snprintf(source, SOURCE_SIZE, "'sha256-%s'", (const char *)base64);
	return 0;
}

int glacisd_origin_page_policy(const EVP_MD *sha256, char *policy, size_t size)
{
	char style[SOURCE_SIZE];
	char script[SOURCE_SIZE];

	if (source_of(sha256, glacisd_page_css, style) != 0 || source_of(sha256, glacisd_page_js, script) != 0)
		return -EIO;
	int written = snprintf(policy, size,
			       "default-src 'none'; style-src %s; script-src %s; connect-src 'self'; img-src data:; "
			       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			       style, script);

	return written > 0 && (size_t)written < size ? 0 : -ENOSPC;
}
