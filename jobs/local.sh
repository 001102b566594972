#!/usr/bin/env bash
# ./jobs/local.sh [DECK]: from a fresh checkout to a result. Installs what is missing, builds into build/, runs the
# deck (default decks/anthropic-aws.yaml) on all cores of this machine, writes out/DECK.nc and out/DECK.html, and
# prints the headline table. Safe to repeat: the second time it starts sampling at once.
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")/.."
. jobs/setup.sh

deck=decks/anthropic-aws.yaml
if [ $# -gt 1 ] || [ "${1:-}" = --help ]; then
  echo "usage: ./jobs/local.sh [DECK]" >&2
  exit 2
fi
if [ $# = 1 ]; then
  case $1 in
  /*) deck=$1 ;;
  *) deck=$called_from/$1 ;;
  esac
fi
if [ ! -f "$deck" ]; then
  echo "local.sh: error: $deck: no such deck" >&2
  exit 2
fi

setup_packages run
setup_build build
python=$(setup_python)
setup_mpi_environment

# A rank for each core; its threads are the core's.
cpus=$(nproc)
cores=$(lscpu -p=Core,Socket 2>/dev/null | grep -v '^#' | sort -u | wc -l) || cores=0
if [ "$cores" -lt 1 ] || [ "$cores" -gt "$cpus" ]; then
  cores=$cpus
fi
name=$(basename "$deck" .yaml)
mkdir -p out
mpirun -np "$cores" build/engine/tenor run "$deck" -o "out/$name.nc" --threads $((cpus / cores)) --force
"$python" postproc/tenor-report "out/$name.nc" -o "out/$name.html" --force
echo "result: $PWD/out/$name.nc   page: $PWD/out/$name.html"
