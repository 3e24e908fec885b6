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

void devices_print(FILE *out, json_t *list)
{
	size_t index;
	json_t *device;

	json_array_foreach(json_object_get(list, "devices"), index, device)
	{
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
