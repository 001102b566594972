#!/usr/bin/env bash
# ./tests/run.sh: sets up, builds with both compilers and both MPI libraries, runs every test, and closes with
# `N passed, N failed, N skipped`. Exit 0 only if none failed. A step's output is shown when it fails; all of it
# stays in build/logs.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
. jobs/setup.sh

purposes=(run test test-browser test-cluster)
[ "$(uname -m)" = aarch64 ] || purposes+=(test-aarch64)
setup_packages "${purposes[@]}"
python=$(setup_python) || exit 1
setup_mpi_environment
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)} OMP_PROC_BIND=false OMPI_MCA_mpi_yield_when_idle=1
logs=$PWD/build/logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
started=$SECONDS

# add PASSED FAILED SKIPPED
add() {
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# step NAME COMMAND...: one test made of a whole command.
step() {
  local name=$1 log
  shift
  log=$logs/${name//[ \/]/-}.log
  if "$@" >"$log" 2>&1; then
    add 1 0 0
    printf 'ok    %4d s  %s\n' $((SECONDS - started)) "$name"
  else
    add 0 1 0
    printf 'FAIL  %4d s  %s (%s)\n' $((SECONDS - started)) "$name" "$log"
    tail -n 40 "$log" | sed 's/^/      /'
    return 1
  fi
}

# unit_tests FOLDER [ARGUMENT...]: make check in FOLDER, each test program counted.
unit_tests() {
  local folder=$1 results
  shift
  step "make check in $folder" make -C "$folder" -k -j"$(nproc)" check "$@"
  results=$(find "$folder/tests" -name '*.trs' -exec sed -n 's/^:test-result: //p' {} +)
  local good bad idle
  good=$(grep -c '^PASS' <<<"$results")
  bad=$(grep -cE '^(FAIL|ERROR|XPASS)' <<<"$results")
  idle=$(grep -c '^SKIP' <<<"$results")
  [ "$good" != 0 ] || bad=1
  add "$good" "$bad" "$idle"
  printf '      %d passed, %d failed, %d skipped\n' "$good" "$bad" "$idle"
}

# run_tests NAME ARGUMENT...: pytest, its outcome kept for count_tests.
run_tests() {
  local name=$1
  shift
  rm -f "$logs/$name.xml" "$logs/$name.code"
  "$python" -m pytest -q -p no:cacheprovider --junitxml="$logs/$name.xml" "$@" >"$logs/$name.log" 2>&1
  echo $? >"$logs/$name.code"
}

# count_tests NAME: each test that run_tests ran.
count_tests() {
  local name=$1 xml=$logs/$1.xml log=$logs/$1.log code counts
  code=$(cat "$logs/$name.code") || code=1
  counts=$("$python" - "$xml" <<'PY'
import sys, xml.etree.ElementTree as tree
try:
    suite = tree.parse(sys.argv[1]).getroot()
    suite = suite if suite.tag == "testsuite" else suite[0]
    n = {k: int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped")}
    bad = n["failures"] + n["errors"]
    print(n["tests"] - bad - n["skipped"], bad, n["skipped"])
except (OSError, tree.ParseError, IndexError):
    print(0, 1, 0)
PY
)
  local good bad idle
  read -r good bad idle <<<"$counts"
  add "$good" "$bad" "$idle"
  printf '%s  %4d s  %s: %d passed, %d failed, %d skipped\n' \
    "$([ "$code" = 0 ] && echo 'ok  ' || echo 'FAIL')" $((SECONDS - started)) "$name" "$good" "$bad" "$idle"
  if [ "$code" != 0 ]; then
    tail -n 60 "$log" | sed 's/^/      /'
    [ "$bad" != 0 ] || add 0 1 0
  else
    grep '^SKIPPED' "$log" | sed 's/^/      /'
  fi
}

program_tests() {
  run_tests "$@"
  count_tests "$1"
}

sources() { git ls-files '*.c' '*.h' 2>/dev/null || find engine tests -name '*.[ch]'; }

# shellcheck disable=SC2046
step "sources are formatted" bash -c 'clang-format --dry-run -Werror "$@"' _ $(sources)
step "build with gcc and Open MPI" setup_build build CC=gcc MPICC=mpicc.openmpi --enable-werror
step "build with clang and MPICH" setup_build build/clang-mpich CC=clang MPICC=mpicc.mpich --enable-werror

step "build with sanitizers" setup_build build/sanitize CC=gcc MPICC=mpicc.openmpi --enable-werror \
  CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined"

step "fuzzing" tests/fuzz/run.sh

# Builds at other levels, for other lanes, for aarch64: tests/program/test_identity.py compares their results.
if step "builds for identity" tests/identity/build.sh && [ -e build/identity/aarch64/engine/tenor ]; then
  step "unit tests for aarch64" tests/identity/check.sh
fi

export TENOR=$PWD/build/engine/tenor TENOR_MPICH=$PWD/build/clang-mpich/engine/tenor
export TENOR_BUILD=$PWD/build TENOR_SANITIZE=$PWD/build/sanitize PYTHON=$python
unit_tests build
# shellcheck disable=SC2016 # make expands it
quick=TESTS=$(make -s -C build --eval 'quick: ; @echo $(filter-out $(statistics), $(TESTS))' quick)
unit_tests build/clang-mpich "$quick"
# Open MPI and the NetCDF library keep what they took; leaks are looked for in our own rooms by the unit tests.
ASAN_OPTIONS=detect_leaks=0 unit_tests build/sanitize "$quick"
step "make install" make -C build -s install DESTDIR="$PWD/build/installed"
step "make distcheck" make -C build -s -j"$(nproc)" distcheck "$quick"
# Alone: Open MPI's start under srun does not bear a crowd on the processors, where ranks crash in it, one time in ten.
program_tests cluster tests/cluster -rs

# Most tests keep one processor busy, so two lots run side by side: what stops, kills, starves and compares runs, and what
# computes or makes pages, with the tests under the sanitizers behind it.
computing=(tests/program/test_{browser,certainty,closed_forms,compare,coverage,deck,dump,exact,explain,figures,generator,invariants,keys,model,peers,report,sensitivity,uncertain}.py)
{
  # Open MPI's processes take down the folder of a session that another one is about to use.
  OMPI_MCA_orte_tmpdir_base=$(mktemp -d)
  export OMPI_MCA_orte_tmpdir_base
  run_tests computing "${computing[@]}" -rs
  TENOR=$TENOR_SANITIZE/engine/tenor ASAN_OPTIONS=detect_leaks=0 run_tests sanitized \
    tests/program/test_deck.py tests/program/test_command_line.py tests/program/test_uncertain.py \
    -k "not agreed and not progress and not bytes"
} &
second=$!
program_tests program tests/program "${computing[@]/#/--ignore=}" -rs
wait "$second"
count_tests computing
count_tests sanitized

printf '%d s\n%d passed, %d failed, %d skipped\n' $((SECONDS - started)) "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
