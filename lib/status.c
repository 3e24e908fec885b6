/* SPDX-License-Identifier: Apache-2.0 */
/* Names of statuses and paths, and the version. For logs, counters and error messages; any thread. */
#include <glacis/status.h>
#include <glacis/version.h>

const char *glacis_status_name(enum glacis_status status)
{
	switch (status) {
	case GLACIS_STATUS_OK:
		return "ok";
	case GLACIS_STATUS_AUTH_FAILED:
		return "authentication failed";
	case GLACIS_STATUS_INVALID:
		return "invalid";
	case GLACIS_STATUS_LIMIT:
		return "key limit reached";
	case GLACIS_STATUS_PENDING:
		return "pending";
	case GLACIS_STATUS_FAILED:
		return "failed";
	}
	return "unknown";
}

const char *glacis_path_name(enum glacis_path path)
{
	switch (path) {
	case GLACIS_PATH_CPU:
		return "cpu";
	case GLACIS_PATH_CARD:
		return "card";
	case GLACIS_PATH_NONE:
	case GLACIS_PATH_COUNT:
		break;
	}
	return "none";
}

const char *glacis_version(void)
{
	return GLACIS_VERSION;
}
