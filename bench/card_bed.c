/* SPDX-License-Identifier: Apache-2.0 */
/* The set-up of `glacis-bench card`; see card_bed.h. */
#include "card_bed.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_cryptodev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#define NONCE_OFFSET (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define AAD_SIZE     13u
#define DESCRIPTORS  2048u
#define START_MS     10000

/* Behind the operation. */
struct behind {
	uint8_t nonce[16];
	uint8_t tag[16];
	uint8_t aad[16];
};

static char folder[] = "/tmp/glacis-bench-card-XXXXXX";
static char socket_path[sizeof(folder) + 8];
static pid_t card;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "glacis-bench card: %s: %s\n", what, why);
	exit(1);
}

/* The last of the processors is the card's, the first ours. */
static void card_start(const char *vcard)
{
	struct stat status;
	cpu_set_t own;

	if (mkdtemp(folder) == NULL)
		fail(folder, strerror(errno));
	snprintf(socket_path, sizeof(socket_path), "%s/card", folder);
	card = fork();
	if (card == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		CPU_ZERO(&own);
		CPU_SET((size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1, &own);
		sched_setaffinity(0, sizeof(own), &own);
		execl(vcard, vcard, "--socket", socket_path, "--instant", "--busy-poll", "--threads", "1", NULL);
		fail(vcard, strerror(errno));
	}
	for (int waited = 0; card > 0 && stat(socket_path, &status) != 0; waited++) {
		if (waited == START_MS || waitpid(card, NULL, WNOHANG) == card)
			fail(vcard, "the emulated card does not start");
		usleep(1000);
	}
}

void card_bed_close(void)
{
	rte_eal_cleanup();
	kill(card, SIGTERM);
	waitpid(card, NULL, 0);
	unlink(socket_path);
	rmdir(folder);
}

static void eal_start(const char *program)
{
	char vdev[sizeof(socket_path) + 32];
	const char *arguments[] = { program,   "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
				    "-m",      "256",       "-l",          "0",        "--log-level",
				    "warning", "--vdev",    vdev,          "--vdev",   "crypto_aesni_gcm0" };

	snprintf(vdev, sizeof(vdev), "crypto_glacis0,socket=%s", socket_path);
	if (rte_eal_init(RTE_DIM(arguments), (char **)(uintptr_t)arguments) < 0)
		fail("rte_eal_init", rte_strerror(rte_errno));
}

static void contender_open(struct card_contender *contender, const char *device, const char *name)
{
	static const uint8_t key[16] = "sixteen bytes...";
	struct rte_cryptodev_config config = { .nb_queue_pairs = 1 };
	struct rte_cryptodev_qp_conf conf = { .nb_descriptors = DESCRIPTORS };
	struct rte_crypto_sym_xform xform = {
		.type = RTE_CRYPTO_SYM_XFORM_AEAD,
		.aead = { .op = RTE_CRYPTO_AEAD_OP_ENCRYPT,
			  .algo = RTE_CRYPTO_AEAD_AES_GCM,
			  .key = { .data = key, .length = sizeof(key) },
			  .iv = { .offset = NONCE_OFFSET, .length = 12 },
			  .digest_length = 16,
			  .aad_length = AAD_SIZE },
	};
	struct rte_mempool *pool;
	int id = rte_cryptodev_get_dev_id(device);

	if (id < 0)
		fail(device, "not there");
	contender->name = name;
	contender->device = (uint8_t)id;
	pool = rte_cryptodev_sym_session_pool_create(
		name, 16, rte_cryptodev_sym_get_private_session_size(contender->device), 0, 0, 0);
	conf.mp_session = pool;
	if (pool == NULL || rte_cryptodev_configure(contender->device, &config) != 0 ||
	    rte_cryptodev_queue_pair_setup(contender->device, 0, &conf, 0) != 0 ||
	    rte_cryptodev_start(contender->device) != 0)
		fail(device, "cannot be started");
	contender->session = rte_cryptodev_sym_session_create(contender->device, &xform, pool);
	if (contender->session == NULL)
		fail(device, "refuses AES-128-GCM");
}

static void ops_make(struct card_bed *bed)
{
	struct rte_mempool *ops = rte_crypto_op_pool_create("ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, CARD_OPS, 0,
							    sizeof(struct behind), 0);
	struct rte_mempool *mbufs = rte_pktmbuf_pool_create("mbufs", CARD_OPS, 0, 0,
							    CARD_SIZE_MAX + RTE_PKTMBUF_HEADROOM, 0);

	if (ops == NULL || mbufs == NULL)
		fail("pools", rte_strerror(rte_errno));
	for (unsigned i = 0; i < CARD_OPS; i++) {
		bed->ops[i] = rte_crypto_op_alloc(ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
		bed->ops[i]->sym->m_src = rte_pktmbuf_alloc(mbufs);
		rte_pktmbuf_append(bed->ops[i]->sym->m_src, CARD_SIZE_MAX);
	}
}

void card_bed_open(struct card_bed *bed, const char *program, const char *vcard)
{
	card_start(vcard);
	eal_start(program);
	contender_open(&bed->ours, "crypto_glacis0", "crypto_glacis");
	contender_open(&bed->peer, "crypto_aesni_gcm0", "crypto_aesni_gcm");
	ops_make(bed);
}

void card_bed_prepare(struct card_bed *bed, const struct card_contender *contender, uint32_t size)
{
	for (unsigned i = 0; i < CARD_OPS; i++) {
		struct rte_crypto_op *op = bed->ops[i];
		struct rte_crypto_sym_op *sym = op->sym;

		rte_crypto_op_attach_sym_session(op, contender->session);
		sym->aead.data.length = size;
		sym->aead.digest.data = rte_crypto_op_ctod_offset(op, uint8_t *,
								  NONCE_OFFSET + offsetof(struct behind, tag));
		sym->aead.digest.phys_addr = rte_crypto_op_ctophys_offset(op,
									  NONCE_OFFSET + offsetof(struct behind, tag));
		sym->aead.aad.data = rte_crypto_op_ctod_offset(op, uint8_t *,
							       NONCE_OFFSET + offsetof(struct behind, aad));
		sym->aead.aad.phys_addr = rte_crypto_op_ctophys_offset(op, NONCE_OFFSET + offsetof(struct behind, aad));
	}
}
