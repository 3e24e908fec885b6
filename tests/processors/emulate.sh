# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# To be sourced; ends the script as skipped where QEMU is missing. `emulate PROGRAM ARGUMENT...` runs a program in QEMU's
# user-mode emulation of the processor $model, and what it executes too: $shim is exec_shim.c's library. `emulate_tests
# PROGRAM...` runs Criterion programs so, without those tests that need what QEMU's user mode does not know: pages that
# are wiped in a child (MADV_WIPEONFORK).

if ! command -v qemu-x86_64 >&2; then
	echo "skipped: qemu-x86_64 is not installed (apt-get install qemu-user)"
	exit 77
fi

emulate() {
	EMULATED_PROCESSOR=$model qemu-x86_64 -cpu "$model" -E "LD_PRELOAD=$shim" "$@"
}

emulate_tests() {
	for program in "$@"; do
		echo "== $program"
		emulate "$program" --filter '!(*/a_child_gets_nothing)'
	done
}
