// SPDX-License-Identifier: Apache-2.0
// The emulated card's simulated logic, with what it has covered kept before it goes. The counters belong to the model's
// own context, which only rtl_model.cpp knows; so that file is taken in whole, its last function under another name.
#pragma GCC diagnostic ignored "-Wunused-parameter" // without waveforms some are
#define vcard_rtl_model_destroy vcard_rtl_model_end
#include "rtl_model.cpp"
#undef vcard_rtl_model_destroy

#include "coverage.h"

extern "C" void vcard_rtl_model_destroy(struct vcard_rtl_model *model);

void vcard_rtl_model_destroy(struct vcard_rtl_model *model)
{
	if (model)
		coverage_keep(&model->context);
	vcard_rtl_model_end(model);
}
