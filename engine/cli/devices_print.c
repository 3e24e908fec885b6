/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of devices as text; see devices.h. Everything comes from the JSON object, so that both forms
 * always say the same.
 */
#include "devices.h"

#include <string.h>

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "unknown";
}

/* Those that are there, then those that are not. */
static void print_flags(FILE *out, json_t *flags)
{
	const char *name;
	json_t *value;
	unsigned missing = 0;

	fprintf(out, "  flags    ");
	json_object_foreach(flags, name, value)
	{
		if (json_is_true(value))
			fprintf(out, " %s", name);
		else
			missing++;
	}
	if (missing > 0)
		fprintf(out, "; missing:");
	json_object_foreach(flags, name, value)
	{
		if (!json_is_true(value))
			fprintf(out, " %s", name);
	}
	fputc('\n', out);
}

static void print_rsa(FILE *out, json_t *rsa)
{
	size_t index;
	json_t *size;

	fprintf(out, "  RSA       %s\n", text_of(rsa, "backend"));
	json_array_foreach(json_object_get(rsa, "sizes"), index, size)
	{
		int bits = (int)json_integer_value(json_object_get(size, "bits"));
		int lanes_from = (int)json_integer_value(json_object_get(size, "lanes_from"));

		if (lanes_from > 0)
			fprintf(out, "            %d bits: lanes from %d at once\n", bits, lanes_from);
		else
			fprintf(out, "            %d bits: no lanes, %s\n", bits, text_of(size, "why"));
	}
}

static void print_x25519(FILE *out, json_t *x25519)
{
	json_t *lanes_from = json_object_get(x25519, "lanes_from");

	if (json_is_integer(lanes_from))
		fprintf(out, "  X25519    avx512-ifma, lanes from %d at once\n", (int)json_integer_value(lanes_from));
	else
		fprintf(out, "  X25519    OpenSSL: no avx512-ifma\n");
}

static double number_of(json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void print_rates(FILE *out, json_t *rates)
{
	const char *name;
	json_t *rate;

	fprintf(out, "  rates     of one core, through libglacis\n");
	json_object_foreach(rates, name, rate)
	{
		if (strncmp(name, "aes", 3) == 0)
			fprintf(out, "            %s seal: %.2f GB/s at 16384 bytes, %.0f ns at 64 bytes\n", name,
				number_of(rate, "seal_16384_bytes_gb_per_s"), number_of(rate, "seal_64_bytes_ns"));
		else
			fprintf(out, "            %s sign: %.0f/s one at a time, %.0f/s eight at once\n", name,
				number_of(rate, "sign_per_s_single"), number_of(rate, "sign_per_s_at_8"));
	}
}

static const char *size_text(json_t *size, char text[32])
{
	if (json_is_integer(size))
		snprintf(text, 32, "from %d bytes on", (int)json_integer_value(size));
	else
		snprintf(text, 32, "never");
	return text;
}

/* What the driver does not tell has no line. */
static void print_identity(FILE *out, json_t *identity)
{
	fprintf(out, "  id        %s\n", text_of(identity, "id"));
	if (!json_object_get(identity, "abi"))
		return;
	fprintf(out, "  ABI       %s; the driver is made for %s\n", text_of(identity, "abi"),
		text_of(identity, "driver_abi"));
	fprintf(out, "  build     %s, %s, of %s, board %s\n", text_of(identity, "build_id"),
		text_of(identity, "build_date"), text_of(identity, "git_hash"), text_of(identity, "board"));
}

static void print_health(FILE *out, json_t *card)
{
	json_int_t failures = json_integer_value(json_object_get(card, "failures"));

	fprintf(out, "  health    %s", text_of(card, "state"));
	if (failures > 0)
		fprintf(out, "; failed %d times, last: %s", (int)failures, text_of(card, "last_failure"));
	fputc('\n', out);
}

static void print_card(FILE *out, json_t *card)
{
	char idle[32], busy[32];
	size_t index;
	json_t *cost;

	fprintf(out, "card: %s (%s), %d queues\n", text_of(card, "device"), text_of(card, "driver"),
		(int)json_integer_value(json_object_get(card, "queues")));
	print_identity(out, json_object_get(card, "identity"));
	print_health(out, card);
	fprintf(out, "  does     %s%s; buffers %s\n", json_is_true(json_object_get(card, "aead")) ? " AES-GCM" : "",
		json_is_true(json_object_get(card, "rsa")) ? " RSA" : "",
		json_is_true(json_object_get(card, "direct")) ? "of pools as they are" : "through copies");
	fprintf(out, "  records   bytes   cpu ns  host ns  back after ns   (of one, in bursts of 32)\n");
	json_array_foreach(json_object_get(card, "costs"), index, cost)
		fprintf(out, "           %6.0f %8.0f %8.0f %14.0f\n", number_of(cost, "size"),
			number_of(cost, "cpu_ns"), number_of(cost, "host_ns"), number_of(cost, "card_ns"));
	fprintf(out, "  chosen    %s; while the processor is saturated %s\n",
		size_text(json_object_get(card, "size_from"), idle),
		size_text(json_object_get(card, "size_from_busy"), busy));
}

void devices_print(FILE *out, json_t *list)
{
	size_t index;
	json_t *device;

	json_array_foreach(json_object_get(list, "devices"), index, device)
	{
		if (strcmp(text_of(device, "name"), "card") == 0) {
			print_card(out, device);
			continue;
		}
		fprintf(out, "%s: %s, %d cores\n", text_of(device, "name"), text_of(device, "model"),
			(int)json_integer_value(json_object_get(device, "cores")));
		print_flags(out, json_object_get(device, "flags"));
		fprintf(out, "  records   %s\n", text_of(json_object_get(device, "records"), "backend"));
		print_rsa(out, json_object_get(device, "rsa"));
		print_x25519(out, json_object_get(device, "x25519"));
		if (json_object_get(device, "rates"))
			print_rates(out, json_object_get(device, "rates"));
	}
}
