/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits, core dumps, and the way from root to a plain user. Called by main in this order, before
 * any thread starts: limits, (bind, read keys), drop, undumpable. The drop is checked afterwards:
 * a process that could become root again is an error, not a warning.
 */
#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "privileges.h"

/* What a worker with the default 65,536 connections needs eight times over; below the kernel's fs.nr_open. */
#define DESCRIPTORS_WANTED 1048576u

static void raise_limit(__rlimit_resource_t resource, const char *name, rlim_t wanted)
{
	struct rlimit limit, raised;

	if (getrlimit(resource, &limit))
		return;
	raised = (struct rlimit){ .rlim_cur = wanted, .rlim_max = wanted };
	if (limit.rlim_max > wanted)
		raised.rlim_max = limit.rlim_max;
	if (raised.rlim_max > limit.rlim_max && setrlimit(resource, &raised) == 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(resource, &limit))
		glacisd_log(GLACISD_LOG_WARNING, "the limit of %s stays low: %s; raise it where glacisd is started",
			    name, strerror(errno));
}

void glacisd_limits_raise(void)
{
	raise_limit(RLIMIT_NOFILE, "open files (LimitNOFILE, ulimit -n)", DESCRIPTORS_WANTED);
	raise_limit(RLIMIT_MEMLOCK, "locked memory (LimitMEMLOCK, ulimit -l)", RLIM_INFINITY);
}

int glacisd_undumpable(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none)) {
		int error = -errno;

		glacisd_log(GLACISD_LOG_ERROR, "core dumps cannot be turned off: %s", strerror(-error));
		return error;
	}
	return 0;
}

static int forbid_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		int error = -errno;

		glacisd_log(GLACISD_LOG_ERROR, "no_new_privs cannot be set: %s; Linux 3.5 or newer is needed",
			    strerror(-error));
		return error;
	}
	return 0;
}

static int drop_capabilities(void)
{
	/* The bounding set needs CAP_SETPCAP to shrink; no_new_privs makes it meaningless anyway. */
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_AMBIENT) || capng_apply(CAPNG_SELECT_CAPS)) {
		glacisd_log(GLACISD_LOG_ERROR, "capabilities cannot be dropped: %s", strerror(errno));
		return -EPERM;
	}
	return 0;
}

/* uid, gid, supplementary groups and all capabilities in one step, in the order that works. */
static int become(const struct passwd *entry)
{
	int result;

	capng_clear(CAPNG_SELECT_ALL);
	result = capng_change_id((int)entry->pw_uid, (int)entry->pw_gid,
				 CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
	if (result == 0)
		return 0;
	glacisd_log(GLACISD_LOG_ERROR,
		    "cannot become user \"%s\" (uid %u): %s (libcap-ng %d); start with CAP_SETUID, CAP_SETGID and "
		    "CAP_SETPCAP, or as that user",
		    entry->pw_name, (unsigned)entry->pw_uid, strerror(errno), result);
	return -EPERM;
}

/* Nothing must be left that leads back: this is the only proof that the steps above did their work. */
static int check_dropped(const struct passwd *entry)
{
	bool ids = getuid() == entry->pw_uid && geteuid() == entry->pw_uid && getgid() == entry->pw_gid &&
		   getegid() == entry->pw_gid;
	bool back = entry->pw_uid != 0 && (setuid(0) == 0 || seteuid(0) == 0);

	capng_clear(CAPNG_SELECT_ALL);
	if (ids && !back && capng_get_caps_process() == 0 && capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE)
		return 0;
	glacisd_log(GLACISD_LOG_ERROR, "privileges remain after becoming \"%s\"; refusing to serve with them",
		    entry->pw_name);
	return -EPERM;
}

int glacisd_privileges_drop(const char *user)
{
	const char *name = user ? user : "nobody";
	const struct passwd *entry;
	int error;

	if (geteuid() != 0) {
		/* A plain user may still hold capabilities, e.g. ambient ones to bind port 443: no longer needed. */
		error = drop_capabilities();
		return error ? error : forbid_new_privileges();
	}
	errno = 0;
	entry = getpwnam(name);
	if (!entry) {
		glacisd_log(GLACISD_LOG_ERROR,
			    "there is no user \"%s\"; name another with --user or `user:`, or create it: "
			    "adduser --system --group %s",
			    name, name);
		return errno == ENOMEM ? -ENOMEM : -ENOENT;
	}
	if (entry->pw_uid == 0)
		glacisd_log(GLACISD_LOG_WARNING,
			    "user \"%s\" is root: files of root stay open to glacisd; name a plain user", name);
	error = become(entry);
	if (!error)
		error = check_dropped(entry);
	return error ? error : forbid_new_privileges();
}
