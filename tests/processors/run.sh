#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs libglacis as on another processor: `run.sh MODEL SHIM RECORDS GLACIS PROGRAM...` starts `glacis` and unit test programs
# in QEMU's user-mode emulation of MODEL and expects `glacis devices` to name RECORDS as the instruction set for records, and
# OpenSSL for RSA. The emulated processors have no AVX512. Exit status 77: skipped.
set -eu

model=$1
shim=$2
records=$3
glacis=$4
shift 4

. "$(dirname "$0")/emulate.sh"

devices=$(emulate "$glacis" devices)
echo "$devices"
echo "$devices" | grep -q "records .*, $records\$"
echo "$devices" | grep -q "RSA .*OpenSSL .*: no avx512-ifma"
emulate "$glacis" selftest
emulate_tests "$@"
