#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# glacis.so as on another processor: `run_provider.sh MODEL SHIM AES MODULES PROGRAM...` asks it, in QEMU's
# user-mode emulation of MODEL, which instructions it uses for AES-GCM (the text must end with AES), expects RSA to be left to
# OpenSSL and to work all the same, with a card that is not there too, and runs unit test programs. Exit status 77: skipped.
set -eu

model=$1
shim=$2
aes=$3
modules=$4
shift 4

. "$(dirname "$0")/emulate.sh"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/glacis-processor.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

openssl genrsa -out "$scratch/key.pem" 2048
export OPENSSL_MODULES="$modules" GLACIS_PROVIDER_LOG="$scratch/log"
emulate "$(command -v openssl)" dgst -provider glacis -provider default -sha256 -sign "$scratch/key.pem" \
	-out "$scratch/signature" "$scratch/key.pem"
openssl rsa -in "$scratch/key.pem" -pubout -out "$scratch/public.pem"
openssl dgst -sha256 -verify "$scratch/public.pem" -signature "$scratch/signature" "$scratch/key.pem"
cat "$scratch/log"
grep -q "rsa=\"left to OpenSSL: no AVX512-IFMA\" aes=\"intel-ipsec-mb .*, $aes\"" "$scratch/log"

# With a card in the settings RSA is offered without lanes too, and works while there is no way to the card.
: >"$scratch/log"
GLACIS_PROVIDER_CARD=vfio-user:/nowhere GLACIS_CRYPTODEV=/nowhere/module.so emulate "$(command -v openssl)" speed \
	-provider glacis -provider default -async_jobs 4 -seconds 1 rsa2048
cat "$scratch/log"
grep -q 'rsa="one by one where the card does not: no AVX512-IFMA" .* card="unusable" .* rsa-single=[1-9].* rsa-openssl-fault=0' \
	"$scratch/log"
unset GLACIS_PROVIDER_LOG
emulate_tests "$@"
