/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. argp only gathers texts; then the file of -c is loaded and the options are laid
 * over it by the same rules that the file's keys obey. Called once by main, before any thread. Usage
 * errors (unknown option, missing value, --cert without its --key) exit with EX_USAGE, bad values
 * return to the caller.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <glacis/version.h>

#include "config_schema.h"

#define MESSAGE_SIZE 4096u

/* Keys of long options: beyond any character, in the order of `texts`. */
enum option_key {
	OPTION_LISTEN = 256,
	OPTION_BACKEND,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_WORKERS,
	OPTION_ADMIN,
	OPTION_CONNECTIONS_MAX,
	OPTION_USER,
	OPTION_CARD,
	OPTION_CARD_POLICY,
	OPTION_CARD_VERIFY,
	OPTION_CONFIG, /* the last that takes a text */
	OPTION_NO_SANDBOX,
	OPTION_PIN,
	OPTION_VERBOSE,
	OPTION_CHECK,
};

#define TEXTS (OPTION_CONFIG - OPTION_LISTEN + 1)

struct gathered {
	const char *texts[TEXTS][GLACISD_CERTIFICATES_MAX]; /* in the order of the command line */
	uint32_t counts[TEXTS];
	char eal[1024]; /* what follows --, with spaces between */
	bool no_sandbox, pin, verbose, check;
};

static const struct argp_option argp_options[] = {
	{ "listen", OPTION_LISTEN, "ADDRESS:PORT", 0, "Accept TLS clients here, e.g. 0.0.0.0:443 or [::]:443", 1 },
	{ "backend", OPTION_BACKEND, "WHERE", 0,
	  "Pass plain bytes on to ADDRESS:PORT, unix:PATH or builtin (a page inside glacisd)", 1 },
	{ "cert", OPTION_CERT, "FILE", 0,
	  "PEM certificate, followed by its chain; a second --cert and --key add one of the other key type", 1 },
	{ "key", OPTION_KEY, "FILE", 0,
	  "PEM private key of the certificate, RSA or EC, without a passphrase; the Nth --key is that of the Nth "
	  "--cert",
	  1 },
	{ "config", 'c', "FILE", 0, "Read this YAML file first; options override it (glacisd.yaml(5))", 2 },
	{ "check", OPTION_CHECK, NULL, 0, "Check configuration, certificates and keys, then exit", 2 },
	{ "admin", OPTION_ADMIN, "ADDRESS:PORT", 0, "Serve /metrics and /healthz here (default: nowhere)", 3 },
	{ "workers", OPTION_WORKERS, "N", 0, "Worker threads, 0 to 64 (default 0: one per core)", 3 },
	{ "connections-max", OPTION_CONNECTIONS_MAX, "N", 0, "Connections per worker (default 65536)", 3 },
	{ "pin", OPTION_PIN, NULL, 0, "Keep each worker on its own core", 3 },
	{ "user", OPTION_USER, "NAME", 0, "Become this user when started as root (default nobody)", 4 },
	{ "card", OPTION_CARD, "DEVICE", 0,
	  "Hand cryptography to this device: auto, pci:ADDRESS, vfio-user:PATH or the name of a DPDK crypto device; "
	  "what "
	  "follows -- goes to DPDK",
	  4 },
	{ "card-policy", OPTION_CARD_POLICY, "WHEN", 0,
	  "auto (where the card costs less; default), card (whenever it can) or cpu (never)", 4 },
	{ "card-verify", OPTION_CARD_VERIFY, "WHAT", 0, "Check all (default), a sample or none of the card's results",
	  4 },
	{ "no-sandbox", OPTION_NO_SANDBOX, NULL, 0, "Run without the seccomp filter (for debugging)", 4 },
	{ "verbose", OPTION_VERBOSE, NULL, 0, "Log each connection that ends in an error", 4 },
	{ 0 },
};

/* How each text option reads: which rule, and which name in messages. By enum option_key. */
static const struct {
	const char *name, *rule;
} text_options[TEXTS] = {
	{ "--listen", "listen" },
	{ "--backend", "backend" },
	{ "--cert", "certificates.cert" },
	{ "--key", "certificates.key" },
	{ "--workers", "workers" },
	{ "--admin", "admin" },
	{ "--connections-max", "connections_max" },
	{ "--user", "user" },
	{ "--card", "card" },
	{ "--card-policy", "offload.policy" },
	{ "--card-verify", "offload.verify" },
	{ "--config", NULL },
};

static void gather_text(struct argp_state *state, struct gathered *gathered, int key, const char *text)
{
	const char **texts = gathered->texts[key - OPTION_LISTEN], *name = text_options[key - OPTION_LISTEN].name;
	uint32_t *count = &gathered->counts[key - OPTION_LISTEN];
	bool of_certificate = key == OPTION_CERT || key == OPTION_KEY;

	if (*count == (of_certificate ? GLACISD_CERTIFICATES_MAX : 1)) {
		if (of_certificate)
			argp_error(state, "%s \"%s\" is one too many; at most %u certificates, one RSA and one EC",
				   name, text, GLACISD_CERTIFICATES_MAX);
		else
			argp_error(state, "%s is given twice, \"%s\" and \"%s\"; give it once", name, texts[0], text);
		return;
	}
	texts[(*count)++] = text;
}

static void check_pairs(struct argp_state *state, const struct gathered *gathered)
{
	uint32_t certs = gathered->counts[OPTION_CERT - OPTION_LISTEN];
	uint32_t keys = gathered->counts[OPTION_KEY - OPTION_LISTEN];

	if (certs != keys)
		argp_error(state,
			   "--cert is given %u times and --key %u times; give each --cert its --key, in the same order",
			   certs, keys);
}

static error_t gather_eal(struct argp_state *state, struct gathered *gathered, const char *text)
{
	size_t used = strlen(gathered->eal);

	if (strchr(text, ' '))
		argp_error(state, "\"%s\": an argument of DPDK's holds no space", text);
	if ((size_t)snprintf(gathered->eal + used, sizeof(gathered->eal) - used, used ? " %s" : "%s", text) >=
	    sizeof(gathered->eal) - used)
		argp_error(state, "the arguments behind -- are longer than %zu bytes", sizeof(gathered->eal) - 1);
	return 0;
}

static error_t gather(int key, char *text, struct argp_state *state)
{
	struct gathered *gathered = state->input;

	switch (key) {
	case 'c':
		gather_text(state, gathered, OPTION_CONFIG, text);
		return 0;
	case OPTION_NO_SANDBOX:
		gathered->no_sandbox = true;
		return 0;
	case OPTION_PIN:
		gathered->pin = true;
		return 0;
	case OPTION_VERBOSE:
		gathered->verbose = true;
		return 0;
	case OPTION_CHECK:
		gathered->check = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->quoted && state->next > state->quoted)
			return gather_eal(state, gathered, text);
		argp_error(state, "\"%s\" is not an option; glacisd takes only options, a file is given with -c FILE",
			   text);
		return 0;
	case ARGP_KEY_END:
		check_pairs(state, gathered);
		return 0;
	default:
		if (key < OPTION_LISTEN || key >= OPTION_CONFIG)
			return ARGP_ERR_UNKNOWN;
		gather_text(state, gathered, key, text);
		return 0;
	}
}

static int copy_text(const struct glacisd_config_rule *rule, const char *text, char **string, char *why,
		     size_t why_size)
{
	int error = glacisd_config_rule_text(rule, text, why, why_size);
	char *copy;

	if (error)
		return error;
	copy = strdup(text);
	if (!copy) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	free(*string);
	*string = copy;
	return 0;
}

static char **text_of(struct glacisd_config *config, enum option_key key)
{
	switch (key) {
	case OPTION_CARD:
		return &config->card;
	case OPTION_CARD_POLICY:
		return &config->offload.policy;
	case OPTION_CARD_VERIFY:
		return &config->offload.verify;
	default:
		return &config->user;
	}
}

static int apply_text(struct glacisd_config *config, enum option_key key, const char *text, char *why, size_t why_size)
{
	const struct glacisd_config_rule *rule = glacisd_config_rule_find(text_options[key - OPTION_LISTEN].rule);
	struct glacisd_address *address = key == OPTION_LISTEN    ? &config->listen
					  : key == OPTION_BACKEND ? &config->backend
								  : &config->admin;
	uint32_t *number = key == OPTION_WORKERS ? &config->workers : &config->connections_max;
	struct glacisd_address parsed;
	int error;

	if (rule->kinds) {
		error = glacisd_config_rule_address(rule, text, &parsed, why, why_size);
		if (!error)
			*address = parsed;
		return error;
	}
	if (!rule->length_max)
		return glacisd_config_rule_number(rule, text, number, why, why_size);
	return copy_text(rule, text, text_of(config, key), why, why_size);
}

/* The value no longer comes from a line of the file. */
static void forget_line(struct glacisd_config *config, const struct glacisd_config_rule *rule)
{
	if (rule->line != GLACISD_CONFIG_LINE_NONE)
		memset((char *)&config->lines + rule->line, 0, sizeof(uint32_t));
}

/* Copies the text of the option with this number, 0 the first. Tells what is wrong with it. */
static int copy_path(const struct gathered *gathered, enum option_key key, uint32_t number, char **path)
{
	const char *text = gathered->texts[key - OPTION_LISTEN][number];
	char why[512];
	int error = copy_text(glacisd_config_rule_find(text_options[key - OPTION_LISTEN].rule), text, path, why,
			      sizeof(why));

	if (error)
		fprintf(stderr, "glacisd: %s: %s\n", text_options[key - OPTION_LISTEN].name, why);
	return error;
}

/* The pairs of the command line replace the file's list whole, or not at all. */
static int apply_certificates(struct glacisd_config *config, const struct gathered *gathered)
{
	struct glacisd_config pairs = { .certificate_count = gathered->counts[OPTION_CERT - OPTION_LISTEN] };
	int first_error = 0, error;

	if (pairs.certificate_count == 0)
		return 0;
	for (uint32_t i = 0; i < pairs.certificate_count; i++) {
		error = copy_path(gathered, OPTION_CERT, i, &pairs.certificates[i].cert);
		first_error = first_error ? first_error : error;
		error = copy_path(gathered, OPTION_KEY, i, &pairs.certificates[i].key);
		first_error = first_error ? first_error : error;
	}
	if (first_error) {
		glacisd_config_clear_certificates(&pairs);
		return first_error;
	}
	glacisd_config_clear_certificates(config);
	memcpy(config->certificates, pairs.certificates, sizeof(config->certificates));
	config->certificate_count = pairs.certificate_count;
	return 0;
}

static int apply(struct glacisd_config *config, const struct gathered *gathered)
{
	const char *file = gathered->texts[OPTION_CONFIG - OPTION_LISTEN][0];
	char message[MESSAGE_SIZE];
	int first_error = 0, error;

	if (file) {
		first_error = glacisd_config_load(file, config, message, sizeof(message));
		if (first_error)
			fprintf(stderr, "%s\n", message);
	}
	for (int key = OPTION_LISTEN; key < OPTION_CONFIG; key++) {
		const char *text = gathered->texts[key - OPTION_LISTEN][0];

		if (!text || key == OPTION_CERT || key == OPTION_KEY)
			continue;
		error = apply_text(config, (enum option_key)key, text, message, sizeof(message));
		if (error) {
			fprintf(stderr, "glacisd: %s: %s\n", text_options[key - OPTION_LISTEN].name, message);
			first_error = first_error ? first_error : error;
			continue;
		}
		forget_line(config, glacisd_config_rule_find(text_options[key - OPTION_LISTEN].rule));
	}
	error = apply_certificates(config, gathered);
	first_error = first_error ? first_error : error;
	if (gathered->eal[0]) {
		error = copy_text(glacisd_config_rule_find("offload.eal"), gathered->eal, &config->offload.eal, message,
				  sizeof(message));
		if (error)
			fprintf(stderr, "glacisd: --: %s\n", message);
		first_error = first_error ? first_error : error;
	}
	config->sandbox = config->sandbox && !gathered->no_sandbox;
	config->pin_workers = config->pin_workers || gathered->pin;
	config->verbose = config->verbose || gathered->verbose;
	config->check_only = gathered->check;
	return first_error;
}

int glacisd_options_parse(int argc, char **argv, struct glacisd_config *config)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = gather,
		.doc = "Terminate TLS for a plain-text server.\v"
		       "Try it:  glacisd --listen 127.0.0.1:8443 --backend builtin --cert cert.pem --key key.pem\n\n"
		       "SIGTERM and SIGINT end it after open connections are served. See glacisd(8).",
	};
	struct gathered gathered = { 0 };
	error_t error;

	argp_program_version = "glacisd " GLACIS_VERSION;
	argp_err_exit_status = EX_USAGE;
	error = argp_parse(&argp, argc, argv, 0, NULL, &gathered);
	if (error) {
		fprintf(stderr, "glacisd: the command line cannot be read: %s\n", strerror(error));
		return -error;
	}
	return apply(config, &gathered);
}
