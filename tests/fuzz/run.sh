#!/usr/bin/env bash
# Fuzzes the readers of outside input with libFuzzer, under AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   tests/fuzz/run.sh [TARGET...]               the short form: 3 s a target, from the same first number each time
#   tests/fuzz/run.sh --seconds N [TARGET...]
#   tests/fuzz/run.sh --long [N] [TARGET...]    N executions of each target (default 10^7), as long as they take
#   tests/fuzz/run.sh --merge [TARGET...]       adds what was found to reach new code to tests/fuzz/corpus
#
# What is found is kept in build/fuzz/found/TARGET and serves the next call. An input that breaks something is left in
# build/fuzz/broken; when the fault is mended it goes to tests/fuzz/crashes/TARGET, which `make check` replays.
set -uo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit
. jobs/setup.sh

form=short amount=3 targets=()
while [ $# -gt 0 ]; do
  case $1 in
  --seconds)
    form=seconds amount=${2:?how many seconds?}
    shift
    ;;
  --long)
    form=runs amount=10000000
    if [[ ${2:-} =~ ^[0-9]+$ ]]; then
      amount=$2
      shift
    fi
    ;;
  --merge) form=merge ;;
  *) targets+=("$1") ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=(checkpoint deck key options result set units until)

# Comparisons of integers are not traced: edit distances and tables would do little else.
flags="-O2 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-coverage=trace-cmp"
flags+=" -fno-sanitize-recover=undefined -Wno-pass-failed"
SETUP_TARGETS="engine/libtenor.a engine/libkernel-baseline.a" setup_build build/fuzz CC="${FUZZ_CC:-clang}" CPPFLAGS=-DTENOR_LIBFUZZER \
  MPICC="${MPICC:-mpicc.openmpi}" CFLAGS="$flags" &&
  make -C build/fuzz -s -j"$(nproc)" FUZZ_ENGINE=-fsanitize=fuzzer "${targets[@]/#/tests/fuzz/}" || exit 1

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
mkdir -p build/fuzz/found build/fuzz/broken build/fuzz/log

# fuzz TARGET: one line of what was done; the code of libFuzzer.
fuzz() {
  local target=$1 code=0 words=() log=build/fuzz/log/$1.log folder=build/fuzz/found/$1 n rate
  mkdir -p "$folder" "tests/fuzz/crashes/$target"
  case $target in
  deck | set | key) words+=(-dict=tests/fuzz/deck.dict) ;;
  esac
  case $target in
  deck | set) words+=(-max_len=4096) ;;
  result | checkpoint) words+=(-max_len=16384) ;;
  *) words+=(-max_len=512) ;;
  esac
  case $form in
  short) words+=("-max_total_time=$amount" -seed=1) ;;
  seconds) words+=("-max_total_time=$amount") ;;
  runs) words+=("-runs=$amount") ;;
  merge) words+=(-merge=1) ;;
  esac
  # A second is much for inputs of a few kilobytes; a busy machine takes longer.
  words+=(-timeout=20 -rss_limit_mb=3000 -malloc_limit_mb=2200 -print_final_stats=1 "-artifact_prefix=build/fuzz/broken/$target-")
  if [ "$form" = merge ]; then
    "build/fuzz/tests/fuzz/$target" "${words[@]}" "tests/fuzz/corpus/$target" "$folder" >"$log" 2>&1 || code=$?
  else
    "build/fuzz/tests/fuzz/$target" "${words[@]}" "$folder" "tests/fuzz/corpus/$target" "tests/fuzz/crashes/$target" >"$log" 2>&1 || code=$?
  fi
  rmdir "tests/fuzz/crashes/$target" 2>/dev/null
  n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  if [ "$code" = 0 ]; then
    printf 'ok    %-10s %10s executions, %s a second\n' "$target" "${n:-0}" "${rate:-0}"
  else
    printf 'FAIL  %-10s %10s executions; %s\n' "$target" "${n:-0}" "$log"
    grep -hE 'does not hold|runtime error|^SUMMARY|Test unit written' "$log" | sed 's/^/      /'
  fi
  return "$code"
}

# As many at a time as there are processors.
failed=0 running=0
for target in "${targets[@]}"; do
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
  fuzz "$target" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done
exit "$failed"
