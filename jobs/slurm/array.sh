#!/usr/bin/env bash
#SBATCH --job-name=tenor-shard
#SBATCH --output=%x-%A_%a.log
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=B:USR1@90
# Shards of one run, each a job of its own:   sbatch --array=1-K array.sh DECK OUT.nc K [options of tenor run]
# Task I writes OUT.I-of-K.nc; one that is there already is left alone, so the same command does what is missing.
# merge.sh joins them.
set -eu
jobs=${TENOR_JOBS:-${SLURM_SUBMIT_DIR:-.}/jobs/slurm}
# shellcheck source=jobs/slurm/common.sh
. "$jobs/common.sh"
if [ $# -lt 3 ] || [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
  say "usage: sbatch --array=1-K array.sh DECK OUT.nc K [options of tenor run]"
  exit 2
fi
deck=$1 out=$2 shards=$3
shift 3
begin
code=0
run_to_end "${out%.nc}.$SLURM_ARRAY_TASK_ID-of-$shards.nc" run "$deck" --shard "$SLURM_ARRAY_TASK_ID/$shards" "$@" || code=$?
say "shard $SLURM_ARRAY_TASK_ID of $shards: tenor's exit code is $code"
exit "$code"
