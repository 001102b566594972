#!/usr/bin/env bash
#SBATCH --job-name=tenor-merge
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
#SBATCH --ntasks=1
# Joins the shards of array.sh and makes the page:   sbatch --dependency=afterany:ARRAY merge.sh OUT.nc K
# Shards that are missing are named, with the command that brings them, and nothing is joined.
set -eu
jobs=${TENOR_JOBS:-${SLURM_SUBMIT_DIR:-.}/jobs/slurm}
# shellcheck source=jobs/slurm/common.sh
. "$jobs/common.sh"
if [ $# != 2 ]; then
  say "usage: sbatch merge.sh OUT.nc K"
  exit 2
fi
out=$1 shards=$2 missing='' parts=()
begin
for ((i = 1; i <= shards; ++i)); do
  part=${out%.nc}.$i-of-$shards.nc
  if [ -e "$part" ]; then
    parts+=("$part")
  else
    missing+=${missing:+,}$i
  fi
done
if [ -n "$missing" ]; then
  say "shards $missing of $shards are missing. Submit them again as before with --array=$missing, then this job"
  exit 1
fi
"$TENOR" merge "${parts[@]}" -o "$out" --force
report=${TENOR_REPORT:-$(command -v tenor-report || echo "$jobs/../../postproc/tenor-report")}
if [ -x "$report" ]; then
  "$report" "$out" -o "${out%.nc}.html" --force || {
    say "$out is whole, its page could not be made"
    exit 1
  }
  say "page: ${out%.nc}.html"
fi
