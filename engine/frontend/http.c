/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short answers over libmicrohttpd, shared by admin.c and origin.c. See http.h.
 */
#include "http.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

bool glacisd_http_is_get(const char *method)
{
	return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

enum MHD_Result glacisd_http_reply(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response, const char *content_type)
{
	enum MHD_Result result = MHD_NO;

	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type) == MHD_YES &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
	    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* libmicrohttpd takes the text as `void *` but, told MHD_RESPMEM_PERSISTENT or MHD_RESPMEM_MUST_COPY, only
 * reads it. */
static struct MHD_Response *text_response(const char *text, enum MHD_ResponseMemoryMode mode)
{
	union {
		const char *text;
		void *buffer;
	} alias = { .text = text };

	return MHD_create_response_from_buffer(strlen(text), alias.buffer, mode);
}

enum MHD_Result glacisd_http_text(struct MHD_Connection *connection, unsigned int status, const char *text)
{
	struct MHD_Response *response = text_response(text, MHD_RESPMEM_PERSISTENT);

	if (response == NULL)
		return MHD_NO;
	return glacisd_http_reply(connection, status, response, "text/plain; charset=utf-8");
}

enum MHD_Result glacisd_http_not_allowed(struct MHD_Connection *connection, const char *allowed)
{
	char text[128];

	snprintf(text, sizeof(text), "method not allowed here; allowed: %s\n", allowed);
	struct MHD_Response *response = text_response(text, MHD_RESPMEM_MUST_COPY);

	if (response == NULL)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allowed) != MHD_YES) {
		MHD_destroy_response(response);
		return MHD_NO;
	}
	return glacisd_http_reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response, "text/plain; charset=utf-8");
}

void glacisd_http_log(void *context, const char *format, va_list arguments)
{
	char line[512];

	vsnprintf(line, sizeof(line), format, arguments);
	line[strcspn(line, "\n")] = '\0';
	glacisd_log(GLACISD_LOG_DEBUG, "libmicrohttpd: %s", line);
}
