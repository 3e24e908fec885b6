// SPDX-License-Identifier: Apache-2.0
// The serial line of a self-test, read as a terminal at 115,200 baud would.
#include <cstdio>
#include <string>

#include "Vglacis_uart_line.h"

namespace
{

const unsigned BIT = 10; /* cycles: CLOCK_HZ is 1,152,000 */
unsigned number, failed;

void check(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, what);
	failed += !good;
}

void clock(Vglacis_uart_line &model, unsigned cycles)
{
	while (cycles--) {
		model.clk = 0;
		model.eval();
		model.clk = 1;
		model.eval();
	}
}

/* One character, sampled in the middle of its bits; -1 when none comes or its stop bit is missing. */
int receive(Vglacis_uart_line &model)
{
	unsigned value = 0;

	for (unsigned i = 0; model.tx; i++) {
		if (i > 400000)
			return -1;
		clock(model, 1);
	}
	clock(model, BIT / 2);
	for (unsigned i = 0; i < 8; i++) {
		clock(model, BIT);
		value |= (unsigned)model.tx << i;
	}
	clock(model, BIT);
	return model.tx ? (int)value : -1;
}

std::string line(Vglacis_uart_line &model)
{
	std::string text;
	int character;

	do {
		character = receive(model);
		text += (char)character;
	} while (character >= 0 && character != '\n' && text.size() < 100);
	return text;
}

} // namespace

int main()
{
	Vglacis_uart_line model;

	model.rst = 1;
	clock(model, 10);
	model.rst = 0;
	model.failed = 0;
	model.runs = 0x2a;
	check(line(model) == "glacis gcm ok 0000002a 0f7230eb\r\n", "the line when all is right");
	model.runs = 0xdeadbeef;
	model.failed = 1;
	check(line(model) == "glacis gcm NO deadbeef 0f7230eb\r\n", "the line when an answer was wrong");
	printf("1..%u\n", number);
	return failed != 0;
}
