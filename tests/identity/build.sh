#!/usr/bin/env bash
# tests/identity/build.sh [NAME...]: makes build/identity/NAME/engine/tenor for the names of builds.txt; without
# names for its `ci` rows, with LONG=1 for all. What is there and up to date is left as it is. Builds for aarch64 are
# made against a sysroot (sysroot.sh) and run under qemu-aarch64 -L build/identity/sysroot. A build whose compiler or
# sysroot cannot be had here is passed by, but a fault in continuous integration (CI=true).
set -euo pipefail
cd "$(dirname "$0")/../.."
. jobs/setup.sh
folder=$PWD/build/identity
sysroot=$folder/sysroot
host=aarch64-linux-gnu

lack() { # NAME REASON
  echo "no build $1: $2" >&2
  [ "${CI:-}" != true ]
}

build_here() { # NAME COMPILER MPI FLAG...
  local name=$1 compiler=$2 mpi=$3
  setup_build "$folder/$name" CC="$compiler" MPICC="$mpi" CFLAGS="${*:4}"
}

build_for_aarch64() { # NAME COMPILER FLAG...
  local name=$1 compiler="$2 --sysroot=$sysroot"
  if [ "$2" = clang ]; then # crt files and libgcc are those of the cross gcc
    compiler+=" --target=$host --gcc-toolchain=/usr"
  fi
  setup_build "$folder/$name" --build="$(gcc -dumpmachine)" --host="$host" CC="$compiler" CFLAGS="${*:3}" \
    MPI_CFLAGS="-I$sysroot/usr/include/$host/mpich" MPI_LIBS=-lmpich
}

build() { # NAME
  local name compiler mpi flags tool
  read -r name _ compiler mpi flags < <(grep "^$1 " tests/identity/builds.txt) || {
    echo "builds.txt has no $1" >&2
    return 2
  }
  [ "$mpi" != sysroot ] || [ "$(uname -m)" != aarch64 ] || return 0 # gcc-O3 and the others are that here
  for tool in "$compiler" $([ "$mpi" = sysroot ] && echo "$host-gcc apt-get dpkg-deb" || echo "$mpi"); do
    command -v "$tool" >/dev/null || { lack "$name" "$tool is missing" && return 0 || return 1; }
  done
  # shellcheck disable=SC2086
  if [ "$mpi" = sysroot ]; then
    flock "$folder" tests/identity/sysroot.sh "$sysroot"
    build_for_aarch64 "$name" "$compiler" $flags
  else
    build_here "$name" "$compiler" "$mpi" $flags
  fi
}

export SETUP_TARGETS=engine/tenor
mkdir -p "$folder"
if [ $# = 1 ]; then
  build "$1"
else
  if [ $# = 0 ]; then
    mapfile -t names < <(awk -v long="${LONG:-}" '$1 != "#" && (long || $2 == "ci") { print $1 }' tests/identity/builds.txt)
    set -- "${names[@]}"
  fi
  setup_configure
  # Side by side, because half of each is configure, which uses one processor.
  printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 "$PWD/tests/identity/build.sh"
fi
