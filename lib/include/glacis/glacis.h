/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of libglacis. Each header may also be included alone. */
#ifndef GLACIS_GLACIS_H
#define GLACIS_GLACIS_H

#include <glacis/aead.h>
#include <glacis/card.h>
#include <glacis/engine.h>
#include <glacis/pool.h>
#include <glacis/queue.h>
#include <glacis/record.h>
#include <glacis/rsa.h>
#include <glacis/status.h>
#include <glacis/tls_keys.h>
#include <glacis/version.h>
#include <glacis/x25519.h>

#endif
