#!/usr/bin/env bash
# jobs/submit.sh DECK...: submits to Slurm with sane settings, prints what it submits, and follows it if asked.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
jobs=$here/slurm

usage() {
  cat <<'TEXT'
usage: jobs/submit.sh DECK... [options] [-- options of tenor run]

  --output OUT.nc    result (default out/DECKNAME.nc; with several decks a folder, default out)
  --nodes N          nodes of one run (default 1)
  --ranks R          ranks of a node (default 1: its threads share one state)
  --threads T        threads of a rank (default: all processors of a node, by --exclusive)
  --shards K         K jobs that each do a part, then one that joins them and makes the page
  --paths N, --until TARGET, --seed S, --sampling METHOD   as of tenor run
  --time T           limit of Slurm (default: the partition's)
  --partition P, --account A                               as of sbatch
  --follow           show progress until the end
  --dry-run          print what would be submitted, submit nothing

With one deck it is one run on all nodes, or --shards; with several decks a sweep, one job each. A job that is preempted, runs out of
time or loses a node goes on where it was. jobs/slurm/README.md explains the rest.
TEXT
}

fail() {
  printf 'submit.sh: error: %s (jobs/submit.sh --help)\n' "$*" >&2
  exit 2
}

decks=() output='' nodes=1 ranks=1 threads='' shards='' follow=0 dry=0 where=() run=()
while [ $# -gt 0 ]; do
  case $1 in
  --help | -h)
    usage
    exit 0
    ;;
  --follow) follow=1 ;;
  --dry-run) dry=1 ;;
  --)
    shift
    run+=("$@")
    break
    ;;
  --output | --nodes | --ranks | --threads | --shards | --paths | --until | --seed | --sampling | --time | --partition | --account)
    [ $# -gt 1 ] || fail "$1 wants a value"
    case $1 in
    --output) output=$2 ;;
    --nodes) nodes=$2 ;;
    --ranks) ranks=$2 ;;
    --threads) threads=$2 ;;
    --shards) shards=$2 ;;
    --time | --partition | --account) where+=("$1=$2") ;;
    *) run+=("$1" "$2") ;;
    esac
    shift
    ;;
  -*) fail "unknown option $1; options of tenor run go behind --" ;;
  *) decks+=("$1") ;;
  esac
  shift
done
for number in "$nodes" "$ranks" "${threads:-1}" "${shards:-1}"; do
  [[ $number =~ ^[1-9][0-9]*$ ]] || fail "wanted a whole number from 1 on, not \`$number\`"
done
[ ${#decks[@]} -gt 0 ] || fail "which deck?"
for deck in "${decks[@]}"; do
  [ -f "$deck" ] || fail "$deck: no such deck"
done
[ -z "$shards" ] || [ ${#decks[@]} = 1 ] || fail "--shards is of one deck"
twice=$(for deck in "${decks[@]}"; do basename "$deck" .yaml; done | sort | uniq -d)
[ -z "$twice" ] || fail "two decks are called ${twice%%$'\n'*}: their results would be one file"
[ "$dry" = 1 ] || command -v sbatch >/dev/null || fail "sbatch is not here: is this the login node of a Slurm cluster?"

# A mistake in a deck is found now and not when the job starts.
tenor=${TENOR:-$(command -v tenor || echo "$here/../build/engine/tenor")}
if [ -x "$tenor" ]; then
  for deck in "${decks[@]}"; do
    "$tenor" check "$deck" >/dev/null || exit 2
  done
  export TENOR=$tenor
fi
export TENOR_JOBS=$jobs

batch=(${where[@]+"${where[@]}"} "--nodes=$nodes" "--ntasks-per-node=$ranks")
if [ -n "$threads" ]; then
  batch+=("--cpus-per-task=$threads")
else
  batch+=(--exclusive)
fi

# submit WORD...: prints the command, and calls it; the number of the job goes to standard output. Fails if Slurm refuses.
submit() {
  local job=JOB
  printf '+ sbatch' >&2
  printf ' %q' "$@" >&2
  printf '\n' >&2
  [ "$dry" = 1 ] || job=$(sbatch --parsable "$@") || return
  echo "${job%%;*}"
}

name=$(basename "${decks[0]}" .yaml)
if [ ${#decks[@]} -gt 1 ]; then
  job=$(submit "${batch[@]}" "--array=1-${#decks[@]}" "$jobs/sweep.sh" "${output:-out}" "${decks[@]}" ${run[@]+-- "${run[@]}"})
  log=tenor-sweep-${job}_1.log
elif [ -n "$shards" ]; then
  array=$(submit "${batch[@]}" "--array=1-$shards" "$jobs/array.sh" "${decks[0]}" "${output:-out/$name.nc}" "$shards" ${run[@]+"${run[@]}"})
  job=$(submit ${where[@]+"${where[@]}"} "--dependency=afterany:$array" "$jobs/merge.sh" "${output:-out/$name.nc}" "$shards")
  log=tenor-merge-$job.log
else
  job=$(submit "${batch[@]}" "$jobs/single.sh" "${decks[0]}" "${output:-out/$name.nc}" ${run[@]+"${run[@]}"})
  log=tenor-$job.log
fi
if [ "$dry" = 1 ]; then
  exit 0
fi
printf 'job %s; log %s; squeue --me shows it, scancel %s ends it\n' "$job" "$log" "$job"

# Follows the log until the queue has forgotten the job or holds it as ended.
state() { squeue -h -j "$job" -t all -o %T 2>/dev/null | sort -u | tr '\n' ' '; }
if [ "$follow" = 1 ]; then
  touch "$log"
  tail -n +1 -F "$log" 2>/dev/null &
  tail=$!
  trap 'kill "$tail" 2>/dev/null' EXIT
  while state | grep -qE 'PENDING|RUNNING|COMPLETING|CONFIGURING|SUSPENDED|REQUEUED'; do
    sleep 2
  done
  sleep 1
  ended=$(state)
  printf 'job %s: %s\n' "$job" "${ended:-no longer known}"
  case $ended in
  '' | 'COMPLETED ') ;;
  *) exit 1 ;;
  esac
fi
