#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzz target for GLACIS_FUZZ_SECONDS (default 60) over a copy of its seed corpus, so that
# the source tree is never written. Called by meson test; by hand: run.sh TARGET CORPUS [OPTION...]
# An input that fails is left in the current directory; run the target with it to see it fail again.
set -eu

target=$1
corpus=$2
shift 2
work=$(mktemp -d "${TMPDIR:-/tmp}/glacis-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
cp "$corpus"/* "$work"/

"$target" -max_total_time="${GLACIS_FUZZ_SECONDS:-60}" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
	-artifact_prefix="./$(basename "$target")-" "$@" "$work"
