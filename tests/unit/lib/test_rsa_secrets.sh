#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs rsa_secrets under valgrind: no branch and no address may depend on a secret, and the control run,
# in which one does, must be noticed. Called by meson test with the program. Exit status 77: skipped.
set -eu

program=$1
if ! command -v valgrind >&2; then
	echo "skipped: valgrind is not installed (apt-get install valgrind)"
	exit 77
fi
if valgrind -q --error-exitcode=9 "$program" control >&2; then
	echo "valgrind did not notice a branch on a secret: this test is blind"
	exit 1
fi
valgrind -q --error-exitcode=9 --track-origins=yes "$program"
