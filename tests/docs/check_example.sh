#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds and runs the C example of README.md against the library of this build, and compares what it prints
# with what README.md says it prints: the first ```c block and the first ```text block after it.
# Usage: check_example.sh README.md LIBRARY INCLUDE... -- COMPILER...   Called by meson test.
set -eu
readme=$1 library=$2
shift 2
includes=
while [ "$1" != -- ]; do
	includes="$includes -I$1"
	shift
done
shift
scratch=$(mktemp -d "${TMPDIR:-/tmp}/glacis-docs.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

awk -v dir="$scratch" '
	/^```c$/ && !code    { code = 1; out = dir "/example.c"; next }
	/^```text$/ && code && !text { text = 1; out = dir "/expected"; next }
	/^```$/              { out = ""; next }
	out                  { print >out }
' "$readme"
[ -s "$scratch/example.c" ] && [ -s "$scratch/expected" ] || { echo "$readme has no C example with its output"; exit 1; }
# shellcheck disable=SC2086
"$@" -std=gnu11 -Wall -Wextra -Wpedantic -Werror $includes "$scratch/example.c" -o "$scratch/example" \
	"$library" -Wl,-rpath,"${library%/*}"
"$scratch/example" >"$scratch/printed"
diff -u "$scratch/expected" "$scratch/printed"
