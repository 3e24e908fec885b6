#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs into a scratch folder, then builds and runs a consumer with nothing but what is there: each
# header alone, pkg-config, the library by its SONAME, and no exported symbol outside glacis_*.
# Usage: test_install.sh BUILD_DIR CONSUMER.c COMPILER...
set -eu
build=$1 consumer=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

DESTDIR=$scratch meson install -C "$build" --no-rebuild --quiet
pc=$(find "$scratch" -name glacis.pc)
[ -n "$pc" ] || { echo "glacis.pc was not installed"; exit 1; }
export PKG_CONFIG_PATH="${pc%/*}" PKG_CONFIG_SYSROOT_DIR="$scratch"
cflags=$(pkg-config --cflags glacis) libs=$(pkg-config --libs glacis)
libdir=$scratch$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=libdir glacis)

for header in "$scratch"$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=includedir glacis)/glacis/*.h; do
	# shellcheck disable=SC2086
	echo "#include <glacis/${header##*/}>" | "$@" -std=c11 -Wall -Wextra -Wpedantic -Werror $cflags -x c -fsyntax-only -
	echo "header ${header##*/} stands alone"
done
# shellcheck disable=SC2086
"$@" -std=c11 -Wall -Wextra -Werror $cflags "$consumer" -o "$scratch/consumer" $libs
readelf -d "$scratch/consumer" | grep -q 'NEEDED.*libglacis\.so\.0'
LD_LIBRARY_PATH=$libdir "$scratch/consumer"

foreign=$(nm -D --defined-only "$libdir/libglacis.so.0" | awk '{ print $3 }' | grep -v '^glacis_\|^GLACIS_' || true)
[ -z "$foreign" ] || { echo "exported by mistake: $foreign"; exit 1; }
declared=$(sed -n 's/^\t\(glacis_[a-z0-9_]*\);$/\1/p' "$(dirname "$0")/../../../lib/glacis.map" | sort)
exported=$(nm -D --defined-only "$libdir/libglacis.so.0" | sed -n 's/.* T \(glacis_[a-z0-9_]*\)@@.*/\1/p' | sort)
[ "$declared" = "$exported" ] || { echo "glacis.map and the library differ"; exit 1; }
echo "$(echo "$exported" | wc -l) symbols exported"
