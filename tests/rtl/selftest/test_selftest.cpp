// SPDX-License-Identifier: Apache-2.0
// A core's built-in self-test, as it goes into a bitstream: it runs and stays content; with one bit of any of its vectors
// turned over it finds that out and says so for ever; after a reset it begins anew.
//
// usage: test_rtl_selftest_CORE VECTORS.hex [WORD...]: the words to be broken, all that the core must notice
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

#ifdef CORE_RSA
#include "Vglacis_selftest_rsa.h"
#define MODEL        Vglacis_selftest_rsa
#define VECTORS_NAME "selftest_rsa.hex"
#define RUNS         1u
#else
#include "Vglacis_selftest_gcm.h"
#define MODEL        Vglacis_selftest_gcm
#define VECTORS_NAME "selftest_gcm.hex"
#define RUNS         40u
#endif

namespace
{

const unsigned long CYCLES_MAX = 4000000;
unsigned number, failed;

void check(bool good, const std::string &what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, what.c_str());
	failed += !good;
}

void clock(MODEL &model)
{
	model.clk = 0;
	model.eval();
	model.clk = 1;
	model.eval();
}

void reset(MODEL &model)
{
	model.rst = 1;
	for (unsigned i = 0; i < 10; i++)
		clock(model);
	model.rst = 0;
}

/* Until so many runs were right, or one was not. */
bool runs(MODEL &model, unsigned count)
{
	for (unsigned long i = 0; i < CYCLES_MAX && !model.failed && model.runs < count; i++)
		clock(model);
	return !model.failed && model.runs >= count;
}

/* The memory is read from the working folder when a model begins. */
void write_vectors(const std::vector<std::string> &lines)
{
	std::ofstream file(VECTORS_NAME);

	for (const std::string &line : lines)
		file << line << '\n';
}

std::string broken(std::string line)
{
	char &digit = line[line.size() / 2];

	digit = digit == '0' ? '1' : '0';
	return line;
}

} // namespace

int main(int argc, char **argv)
{
	char folder[] = "/tmp/glacis-selftest.XXXXXX";
	std::vector<std::string> lines;
	std::string line;

	if (argc < 2)
		return 2;
	std::ifstream file(argv[1]);
	while (std::getline(file, line))
		lines.push_back(line);
	if (lines.empty()) {
		fprintf(stderr, "%s: no vectors; build selftest_vectors first\n", argv[1]);
		return 2;
	}
	if (!mkdtemp(folder) || chdir(folder))
		return 2;
	write_vectors(lines);
	{
		MODEL model;

		reset(model);
		check(runs(model, RUNS), "answers are right");
		reset(model);
		check(model.runs == 0 && runs(model, 1), "a reset begins anew");
	}
	for (int i = 2; i < argc; i++) {
		std::vector<std::string> wrong = lines;
		unsigned word = (unsigned)atoi(argv[i]);
		MODEL *model;

		wrong[word] = broken(wrong[word]);
		write_vectors(wrong);
		model = new MODEL;
		reset(*model);
		bool found = !runs(*model, RUNS) && model->failed;
		unsigned before = model->runs;
		for (unsigned k = 0; k < 100000; k++)
			clock(*model);
		check(found && model->failed && model->runs == before, "a wrong bit in word " + std::to_string(word) + " is found, for ever");
		delete model;
	}
	unlink(VECTORS_NAME);
	if (chdir("/") || rmdir(folder))
		return 2;
	printf("1..%u\n", number);
	return failed != 0;
}
