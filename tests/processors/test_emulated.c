/* SPDX-License-Identifier: Apache-2.0 */
/* That a test of Criterion's runs in the emulation, and not beside it on the real processor. */
#include <cpuid.h>
#include <criterion/criterion.h>
#include <string.h>

/* How QEMU's translator names itself, and where (KVM's and others' leaf of hypervisors). */
#define HYPERVISOR_LEAF 0x40000000u
#define TRANSLATOR      "TCGTCGTCGTCG"

Test(emulated, processor_is_the_translator_s)
{
	unsigned leaf, name[3];

	__cpuid(HYPERVISOR_LEAF, leaf, name[0], name[1], name[2]);
	cr_assert(memcmp(name, TRANSLATOR, sizeof(name)) == 0, "the processor's hypervisor is %.12s, not %s",
		  (const char *)name, TRANSLATOR);
}
