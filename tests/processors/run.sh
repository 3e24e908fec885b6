#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs libglacis as on another processor: `run.sh MODEL RECORDS GLACIS PROGRAM...` starts `glacis` and unit test programs in
# QEMU's user-mode emulation of MODEL and expects `glacis devices` to name RECORDS as the instruction set for records, and
# OpenSSL for RSA. The emulated processors have no AVX512. Exit status 77: skipped.
set -eu

model=$1
records=$2
glacis=$3
shift 3
if ! command -v qemu-x86_64 >&2; then
	echo "skipped: qemu-x86_64 is not installed (apt-get install qemu-user)"
	exit 77
fi

emulate() { qemu-x86_64 -cpu "$model" "$@"; }

devices=$(emulate "$glacis" devices)
echo "$devices"
echo "$devices" | grep -q "records .*, $records\$"
echo "$devices" | grep -q "RSA .*OpenSSL .*: no avx512-ifma"
emulate "$glacis" selftest
for program in "$@"; do
	echo "== $program"
	emulate "$program"
done
