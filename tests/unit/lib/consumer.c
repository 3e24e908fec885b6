/* SPDX-License-Identifier: Apache-2.0 */
/* A program of a user of the installed library; built and run by test_install.sh. */
#include <glacis/glacis.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct glacis_engine *engine;
	struct glacis_engine_info info;

	if (glacis_engine_create(NULL, &engine) != 0 || strcmp(glacis_version(), GLACIS_VERSION) != 0)
		return 1;
	glacis_engine_info(engine, &info);
	printf("glacis %s: %s\n", glacis_version(), info.cpu_backend);
	glacis_engine_destroy(engine);
	return 0;
}
