#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fails when a page names something that is not in the tree. Looked at is what stands in backticks:
#   `name()`            a function, defined in one of the files that the same line names, or, where it names
#                       none, anywhere in lib/, engine/, bench/ or tests/
#   `Test(suite, name)` a unit test, in the same way
#   `folder/file.c`     a file or folder of the tree
# Usage: check_names.sh ROOT [PAGE...]   Pages are relative to ROOT; without any, all pages of the tree. Writes
# TAP: one test for each page, and two that show that a wrong name is noticed. Called by meson test.
set -euo pipefail

root=$1
shift
cd "$root"
[[ $# -gt 0 ]] || set -- *.md docs/*.md docs/adr/*.md ./*/README.md ./*/*/README.md

# defined KIND NAME FILE...: true when one of the files defines it. In C a definition starts in the first
# column and, unlike a declaration, its line does not end with a semicolon.
defined() {
	local kind=$1 name=$2
	shift 2
	case $kind in
	function) grep -qE -- "^([a-z_].*[ *])?$name\(.*[^;]$|^[ 	]*def $name\(|^$name\(\)" "$@" ;;
	test) grep -qF -- "$name" "$@" ;;
	esac
}

mapfile -t sources < <(find lib engine bench tests -name '*.[ch]' -o -name '*.py' -o -name '*.sh')

# check_page PAGE: prints each name that is not there; the status says whether there was one.
check_page() {
	local page=$1 number=0 wrong=0 line token kind i
	local -a files parts tokens
	while IFS= read -r line; do
		number=$((number + 1))
		[[ $line == *'`'* ]] || continue
		IFS='`' read -ra parts <<<"$line"
		files=()
		tokens=()
		for ((i = 1; i < ${#parts[@]}; i += 2)); do # every other part stood in backticks
			tokens+=("${parts[i]}")
		done
		for token in "${tokens[@]}"; do
			[[ $token =~ ^(\.ci|bench|docs|driver|engine|fpga_bitstreams|lib|scripts|tests)/[A-Za-z0-9_./-]*$ ]] || continue
			if [[ ! -e $token ]]; then
				printf '# %s:%d: there is no %s\n' "$page" "$number" "$token"
				wrong=1
			elif [[ -f $token ]]; then
				files+=("$token")
			fi
		done
		[[ ${#files[@]} -gt 0 ]] || files=("${sources[@]}")
		for token in "${tokens[@]}"; do
			kind=
			[[ $token =~ ^[a-z_][a-z0-9_]*\(\)$ ]] && kind=function
			[[ $token =~ ^Test\(.*\)$ ]] && kind=test
			[[ -n $kind ]] || continue
			[[ $kind == test ]] || token=${token%()}
			[[ $kind == function ]] || token=${token%)}
			if ! defined "$kind" "$token" "${files[@]}"; then
				printf '# %s:%d: no %s %s in %s\n' "$page" "$number" "$kind" "$token" \
					"$([[ ${#files[@]} -lt 9 ]] && echo "${files[*]}" || echo "the tree")"
				wrong=1
			fi
		done
	done <"$page"
	return "$wrong"
}

number=0
status=0
# report EXPECTED TEXT PAGE
report() {
	local found=right
	number=$((number + 1))
	check_page "$3" || found=wrong
	if [[ $found == "$1" ]]; then
		printf 'ok %d - %s\n' "$number" "$2"
	else
		printf 'not ok %d - %s\n' "$number" "$2"
		status=1
	fi
}

printf '1..%d\n' $(($# + 2))
for page in "$@"; do
	report right "every name in $page exists" "$page"
done
scratch=$(mktemp -d "${TMPDIR:-/tmp}/glacis-docs.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
echo 'The queue is `glacis_queue_submit()` in `lib/pool.c`.' >"$scratch/function.md"
echo 'See `lib/nothing_of_this_name.c`.' >"$scratch/file.md"
report wrong 'a function in another file is noticed' "$scratch/function.md"
report wrong 'a file that is not there is noticed' "$scratch/file.md"
exit "$status"
