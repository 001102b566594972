#!/usr/bin/env bash
#SBATCH --job-name=tenor
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@90
# One run on all ranks of the job:   sbatch [sbatch options] single.sh DECK OUT.nc [options of tenor run]
# Preempted, out of time or hit by a fault of a node it goes on where it was; see README.md beside it.
set -eu
jobs=${TENOR_JOBS:-${SLURM_SUBMIT_DIR:-.}/jobs/slurm}
# shellcheck source=jobs/slurm/common.sh
. "$jobs/common.sh"
if [ $# -lt 2 ]; then
  say "usage: sbatch single.sh DECK OUT.nc [options of tenor run]"
  exit 2
fi
deck=$1 out=$2
shift 2
begin
code=0
run_to_end "$out" run "$deck" "$@" || code=$?
say "tenor's exit code is $code"
exit "$code"
