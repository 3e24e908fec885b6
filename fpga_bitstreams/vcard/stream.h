/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy into host memory that passes by the processor's caches, as the writes of a card on a bus do: what a measured
 * program has in its caches stays there, and no processor has to fetch lines that are overwritten whole.
 */
#ifndef VCARD_STREAM_H
#define VCARD_STREAM_H

#include <stdint.h>

/* `size` bytes that do not overlap. They are visible to others before anything written later. Any thread. */
void vcard_stream_copy(uint8_t *to, const uint8_t *from, uint32_t size);

#endif
