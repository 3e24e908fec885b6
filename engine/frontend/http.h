/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the admin server and the built-in origin share over libmicrohttpd: short text answers, the
 * 405 answer, the log sink. Each function answers once and gives its response object away.
 */
#ifndef GLACISD_HTTP_H
#define GLACISD_HTTP_H

#include <stdarg.h>
#include <stdbool.h>

#include <microhttpd.h>

/* GET, or HEAD, for which libmicrohttpd drops the body by itself. */
bool glacisd_http_is_get(const char *method);

/* Sends `response` uncached with a content type, and drops the caller's reference. */
enum MHD_Result glacisd_http_reply(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response, const char *content_type);

/* Sends `text`, a constant that outlives the request, as text/plain. */
enum MHD_Result glacisd_http_text(struct MHD_Connection *connection, unsigned int status, const char *text);

/* 405 with the Allow header and the same list as text. */
enum MHD_Result glacisd_http_not_allowed(struct MHD_Connection *connection, const char *allowed);

/* For MHD_OPTION_EXTERNAL_LOGGER: debug messages, since most tell of peers that went away. */
void glacisd_http_log(void *context, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

#endif
