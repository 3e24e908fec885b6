/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up what the service no longer needs once its sockets are bound and its keys are read. The order:
 * limits, (bind and listen, read keys), drop, undumpable (becoming another user resets it), threads, sandbox.
 */
#ifndef GLACISD_PRIVILEGES_H
#define GLACISD_PRIVILEGES_H

/* Raises the limits a proxy needs as far as allowed: descriptors (to the hard limit), locked memory. */
void glacisd_limits_raise(void);

/* Makes the process non-dumpable (no core file, no ptrace by the same user): it holds keys. */
int glacisd_undumpable(void);

/* As root: becomes `user` (uid, gid, supplementary groups) and drops every capability (libcap-ng), sets
 * no_new_privs. Not root: only no_new_privs. Affects all threads started later. Returns 0 or a negative
 * errno after logging what and how to mend it (e.g. unknown user). */
int glacisd_privileges_drop(const char *user);

/* Installs the seccomp allow-list (libseccomp) on the whole process (TSYNC). Everything the service does
 * after start-up must be on it; anything else kills the process, with the audit log telling which call.
 * Not on it: bind, fork, execve, open for writing. A build with a sanitizer logs that it goes without.
 * -ENOSYS when the kernel has no seccomp (logged, not fatal). */
int glacisd_sandbox_enter(void);

#endif
