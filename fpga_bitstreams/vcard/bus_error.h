/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client can cut the file short that its memory was mapped from; who touches it then gets SIGBUS. The handler puts
 * zeros in place of the region, so that the worker goes on, and the socket's thread drops the client.
 */
#ifndef VCARD_BUS_ERROR_H
#define VCARD_BUS_ERROR_H

#include <stdbool.h>

#include "dma_map.h"

/* For the one card of the process. A descriptor that becomes readable when it has happened, or a negative errno. */
int vcard_bus_error_install(const struct vcard_dma_map *map);

/* True when it has happened since the last call. */
bool vcard_bus_error_take(int fd);

#endif
