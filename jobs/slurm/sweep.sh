#!/usr/bin/env bash
#SBATCH --job-name=tenor-sweep
#SBATCH --output=%x-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@90
# Many decks, each a job of its own:   sbatch --array=1-N sweep.sh FOLDER DECK... [-- options of tenor run]
# Task I runs the I-th deck and writes FOLDER/DECKNAME.nc.
set -eu
jobs=${TENOR_JOBS:-${SLURM_SUBMIT_DIR:-.}/jobs/slurm}
# shellcheck source=jobs/slurm/common.sh
. "$jobs/common.sh"
decks=()
folder=${1:-}
[ $# = 0 ] || shift
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  decks+=("$1")
  shift
done
[ $# = 0 ] || shift
task=${SLURM_ARRAY_TASK_ID:-0}
if [ "$task" -lt 1 ] || [ "$task" -gt ${#decks[@]} ]; then
  say "usage: sbatch --array=1-N sweep.sh FOLDER DECK... [-- options of tenor run], N the number of decks (${#decks[@]} here)"
  exit 2
fi
deck=${decks[task - 1]}
begin
code=0
run_to_end "$folder/$(basename "$deck" .yaml).nc" run "$deck" "$@" || code=$?
say "$deck: tenor's exit code is $code"
exit "$code"
