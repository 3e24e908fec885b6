/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `glacis devices`: what can compute on this machine through libglacis: the processor, and a card that is named.
 */
#include "devices.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "options.h"
#include "processor.h"
#include "rates.h"

static json_t *describe_flags(const struct processor *processor)
{
	json_t *flags = json_object();

	for (unsigned i = 0; i < PROCESSOR_FLAGS; i++)
		json_object_set_new(flags, processor_flag_names[i], json_boolean(processor->flags[i]));
	return flags;
}

static const char *why_no_lanes(int error)
{
	switch (error) {
	case -ENOTSUP:
		return "the processor has no AVX512-IFMA";
	case -ERANGE:
		return "one by one is faster here";
	case -EBADMSG:
		return "lanes computed something else than OpenSSL";
	default:
		return "not measured";
	}
}

/* From how many operations on lanes are used, by key size. */
static json_t *describe_sizes(const struct local_engine *local)
{
	json_t *sizes = json_array();

	for (unsigned i = 0; i < LOCAL_RSA_SIZES; i++) {
		int lanes_from = glacis_rsa_lanes_from(local->engine, local_rsa_bits[i]);
		json_t *size = json_pack("{s:i, s:o}", "bits", (int)local_rsa_bits[i], "lanes_from",
					 lanes_from > 0 ? json_integer(lanes_from) : json_null());

		if (lanes_from <= 0)
			json_object_set_new(size, "why", json_string(why_no_lanes(lanes_from)));
		json_array_append_new(sizes, size);
	}
	return sizes;
}

/* "lanes_from": null where OpenSSL computes each alone. */
static json_t *describe_x25519(void)
{
	unsigned lanes_from = glacis_x25519_lanes_from();

	return json_pack("{s:o}", "lanes_from", lanes_from ? json_integer(lanes_from) : json_null());
}

/* null where no size pays. */
static json_t *size_or_never(uint32_t size)
{
	return size == UINT32_MAX ? json_null() : json_integer(size);
}

static json_t *describe_costs(const struct glacis_card_info *info)
{
	json_t *costs = json_array();

	for (unsigned i = 0; i < GLACIS_CARD_SIZES; i++)
		if (info->costs[i].size > 0)
			json_array_append_new(costs, json_pack("{s:i, s:i, s:i, s:i}", "size", (int)info->costs[i].size,
							       "cpu_ns", (int)info->costs[i].cpu_ns, "host_ns",
							       (int)info->costs[i].host_ns, "card_ns",
							       (int)info->costs[i].card_ns));
	return costs;
}

/* Those that the device's driver tells. */
static json_t *describe_identity(const struct glacis_card_identity *identity)
{
	const struct {
		const char *key, *text;
	} texts[] = {
		{ "id", identity->place },          { "board", identity->board },
		{ "abi", identity->abi },           { "driver_abi", identity->driver_abi },
		{ "build_id", identity->build_id }, { "build_date", identity->build_date },
		{ "git_hash", identity->git_hash },
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].text[0] != '\0')
			json_object_set_new(object, texts[i].key, json_string(texts[i].text));
	return object;
}

static json_t *describe_card(const struct local_engine *local)
{
	struct glacis_card_info info;

	glacis_card_info(local->engine, &info);
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:b, s:b, s:b, s:i, s:o, s:o, s:o, s:I, s:s}", "name",
			 glacis_path_name(GLACIS_PATH_CARD), "device", info.device, "driver", info.driver, "identity",
			 describe_identity(&info.identity), "state", glacis_card_state_name(info.state), "aead",
			 info.aead, "rsa", info.rsa, "direct", info.direct, "queues", (int)info.queues, "costs",
			 describe_costs(&info), "size_from", size_or_never(info.size_from), "size_from_busy",
			 size_or_never(info.size_from_busy), "failures", (json_int_t)info.failures, "last_failure",
			 info.last_failure);
}

static json_t *describe_cpu(const struct local_engine *local)
{
	struct processor processor;

	processor_read(&processor);
	return json_pack("{s:s, s:s, s:I, s:o, s:{s:s}, s:{s:s, s:o}, s:o}", "name", glacis_path_name(GLACIS_PATH_CPU),
			 "model", processor.model, "cores", (json_int_t)processor.cores, "flags",
			 describe_flags(&processor), "records", "backend", local->info.cpu_backend, "rsa", "backend",
			 local->info.rsa_backend, "sizes", describe_sizes(local), "x25519", describe_x25519());
}

/* NULL, and a reason, when it failed. */
static json_t *make_list(struct local_engine *local, const struct cli_options *options, char *why, size_t why_size)
{
	if (local_engine_load_keys(local, why, why_size) != 0)
		return NULL;
	json_t *cpu = describe_cpu(local);
	json_t *rates = options->rates ? rates_measure(local, why, why_size) : NULL;
	if (!options->rates)
		snprintf(why, why_size, "out of memory; free some");
	if (rates)
		json_object_set_new(cpu, "rates", rates);
	else if (options->rates) {
		json_decref(cpu);
		return NULL;
	}
	json_t *devices = json_pack("[o]", cpu);
	if (options->device)
		json_array_append_new(devices, describe_card(local));
	return json_pack("{s:s, s:o}", "glacis", glacis_version(), "devices", devices);
}

static int devices_main(int argc, char **argv)
{
	struct cli_options options;
	struct local_engine local;
	json_t *devices = NULL;
	char why[512] = "";

	cli_options_parse(argc, argv, "Lists what can compute on this machine through libglacis.",
			  CLI_RATES | CLI_DEVICE, &options);
	if (local_engine_open(&local, options.device, why, sizeof(why)) == 0) {
		devices = make_list(&local, &options, why, sizeof(why));
		local_engine_close(&local);
	}
	if (!devices) {
		fprintf(stderr, "%s: %s\n", argv[0], why);
		return EXIT_FAILURE;
	}
	if (options.json) {
		json_dumpf(devices, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
		putchar('\n');
	} else {
		devices_print(stdout, devices);
	}
	json_decref(devices);
	return EXIT_SUCCESS;
}

const struct subcommand cli_devices_command = {
	.name = "devices",
	.summary = "list what can compute on this machine",
	.run = devices_main,
};
