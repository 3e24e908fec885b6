// SPDX-License-Identifier: Apache-2.0
// What a simulated model has covered, kept before the model goes: Verilator's counters lie in the model. A bench calls
// coverage_keep() ahead of its model's destructor; it does something only in a build with verilate --coverage, whose
// caller names the folder for the counts in GLACIS_RTL_COVERAGE (tests/rtl/coverage).
#ifndef GLACIS_TEST_RTL_COVERAGE_H
#define GLACIS_TEST_RTL_COVERAGE_H

#include "verilated.h"

#if VM_COVERAGE
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include "verilated_cov.h"
#endif

// Writes the counts of all models of `context` to a file of their own, and forgets them.
inline void coverage_keep(VerilatedContext *context = Verilated::threadContextp())
{
#if VM_COVERAGE
	static unsigned number;
	const char *folder = getenv("GLACIS_RTL_COVERAGE");
	std::string path;

	if (!folder) {
		fprintf(stderr, "GLACIS_RTL_COVERAGE is not set: name the folder for the counts in it\n");
		exit(64);
	}
	path = std::string(folder) + "/" + std::to_string(getpid()) + "-" + std::to_string(number++) + ".dat";
	context->coveragep()->write(path.c_str());
	context->coveragep()->clear();
#else
	(void)context;
#endif
}

#endif
