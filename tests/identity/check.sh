#!/usr/bin/env bash
# tests/identity/check.sh: the unit tests of arithmetic, of the build for aarch64, under qemu-aarch64.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests=(tests/unit/test_fpenv tests/unit/test_math)
make -s -C build/identity/aarch64 "${tests[@]}"
make -s -C build/identity/aarch64 check-TESTS TESTS="${tests[*]}" LOG_COMPILER="qemu-aarch64 -L $PWD/build/identity/sysroot"
