/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cores, network, certificate and origin of a run; see tls_bed.h.
 */
#include "tls_bed.h"

#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine.h"
#include "tls_client.h"
#include "tls_credentials.h"
#include "tls_network.h"
#include "tls_origin.h"

#define DESCRIPTORS 8192u /* glacisd holds two per idle connection, and so may HAProxy */

volatile sig_atomic_t tls_interrupted;

static void interrupt(int signal)
{
	tls_interrupted = signal;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt }; /* no SA_RESTART: waits must end */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* First and last of the cores we may use; this process goes to the last. */
static void choose_cores(int *proxy_core, int *client_core)
{
	cpu_set_t cores;

	*proxy_core = -1;
	CPU_ZERO(&cores);
	sched_getaffinity(0, sizeof(cores), &cores);
	for (int core = 0; core < CPU_SETSIZE; core++) {
		if (!CPU_ISSET(core, &cores))
			continue;
		if (*proxy_core < 0)
			*proxy_core = core;
		*client_core = core;
	}
	if (*proxy_core == *client_core)
		fprintf(stderr,
			"glacis-bench: only core %d may be used: proxy, client and origin share it, figures "
			"will be worse than on two cores\n",
			*proxy_core);
	CPU_ZERO(&cores);
	CPU_SET(*client_core, &cores);
	sched_setaffinity(0, sizeof(cores), &cores);
}

/* A program of this build tree, from the folder that this one is in. */
static int find_beside(const char *beside, char found[PATH_MAX])
{
	char self[PATH_MAX / 2];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[size > 0 ? size : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(found, PATH_MAX, "%s/%s", self, beside);
	return access(found, X_OK) ? -errno : 0;
}

int tls_bed_find_glacisd(struct tls_bed *bed, const char *path)
{
	if (path) {
		if (access(path, X_OK)) {
			fprintf(stderr, "glacis-bench: --glacisd %s: %s\n", path, strerror(errno));
			return -errno;
		}
		bed->setup.glacisd = path;
		return 0;
	}
	bed->setup.glacisd = bed->glacisd;
	if (find_beside("../engine/frontend/glacisd", bed->glacisd) == 0)
		return 0;
	fprintf(stderr, "glacis-bench: no glacisd at %s; build it, or name one with --glacisd PATH\n", bed->glacisd);
	return -ENOENT;
}

int tls_bed_find_vcard(struct tls_bed *bed)
{
	bed->setup.vcard = bed->vcard;
	if (find_beside("../fpga_bitstreams/vcard/glacis-vcard", bed->vcard) == 0)
		return 0;
	fprintf(stderr, "glacis-bench: no emulated card at %s; build it\n", bed->vcard);
	return -ENOENT;
}

void tls_bed_describe(const struct tls_bed *bed, struct bench_report *report)
{
	char line[256];

	if (bed->setup.glacisd) {
		bench_machine_program_version(bed->setup.glacisd, "--version", line, sizeof(line));
		bench_report_version(report, "glacisd", line);
	}
	bench_report_setting(report, "tcp_congestion_control", bed->network);
	snprintf(line, sizeof(line), "proxy on core %d, client and origin on core %d", bed->setup.core, sched_getcpu());
	bench_report_setting(report, "placement", line);
}

int tls_bed_open(struct tls_bed *bed)
{
	const char *parent = getenv("TMPDIR");
	int status;

	snprintf(bed->folder, sizeof(bed->folder), "%.40s/glacis-bench-XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(bed->folder)) {
		status = -errno;
		fprintf(stderr, "glacis-bench: cannot make a folder %s: %s\n", bed->folder, strerror(-status));
		bed->folder[0] = '\0';
		return status;
	}
	bed->setup.folder = bed->folder;
	snprintf(bed->authority, sizeof(bed->authority), "%s/cert.pem", bed->folder);
	status = tls_credentials_write(bed->folder);
	if (status)
		return status;
	bed->origin = tls_origin_start(sched_getcpu(), &bed->setup.origin_port);
	return bed->origin < 0 ? (int)bed->origin : 0;
}

void tls_bed_place(struct tls_bed *bed)
{
	int client_core = 0;

	catch_signals();
	choose_cores(&bed->setup.core, &client_core);
	tls_network_setup(bed->network, sizeof(bed->network));
	if (tls_network_raise_descriptors() < DESCRIPTORS)
		fprintf(stderr,
			"glacis-bench: fewer than %u descriptors are allowed (ulimit -n); the memory metric "
			"may fail\n",
			DESCRIPTORS);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	return remove(path);
}

void tls_bed_close(struct tls_bed *bed)
{
	if (bed->origin > 0) {
		kill(bed->origin, SIGKILL);
		waitpid(bed->origin, NULL, 0);
	}
	if (bed->folder[0])
		nftw(bed->folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

void tls_bed_say_interrupted(void)
{
	if (tls_interrupted)
		fprintf(stderr, "\nglacis-bench: interrupted; everything it started is stopped\n");
}
