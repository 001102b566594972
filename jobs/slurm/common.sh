# shellcheck shell=bash
# Sourced by the job scripts beside it: how a run is started, stopped, tried again and put back into the queue.
# Settings from the environment: TENOR (the program), TENOR_MPI (srun's --mpi, or `mpirun`), TENOR_MAX_RESTARTS, TENOR_STEP_WAIT
# (seconds until a node that takes no step is given up).

TENOR=${TENOR:-$(command -v tenor || echo "$jobs/../../build/engine/tenor")}
TENOR_MAX_RESTARTS=${TENOR_MAX_RESTARTS:-50}
STOPPED=85

say() { printf '%s %s: %s\n' "$(date +%FT%T)" "job ${SLURM_JOB_ID:-none} start $((${SLURM_RESTART_COUNT:-0} + 1))" "$*" >&2; }

# What every job's log should tell, and the threads that Slurm granted a task.
begin() {
  export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
  [ -z "${SLURM_CPUS_PER_TASK:-}" ] || export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK
  told=0
  child=
  trap 'forward USR1' USR1
  trap 'forward TERM' TERM
  [ -x "$TENOR" ] || {
    say "no program at $TENOR; put tenor on the PATH or set TENOR"
    exit 2
  }
  say "$("$TENOR" --version) on ${SLURM_JOB_NODELIST:-$(hostname)}, ${SLURM_NTASKS:-1} ranks of $OMP_NUM_THREADS threads"
}

# Slurm's warning reaches this shell alone (--signal=B:USR1); the run gets it from here. Always as USR1: srun and mpirun both
# hand it on to the ranks, while a TERM would end mpirun itself.
forward() {
  told=1
  say "told to stop by SIG$1"
  [ -z "$child" ] || kill -USR1 "$child" 2>/dev/null || true
}

# with_mpi LAUNCHER WORD...: runs a command on all ranks and waits for it, signals or not. LAUNCHER is srun or mpirun.
with_mpi() {
  local launcher=$1 code=0 last=0
  shift
  if [ "$launcher" = srun ]; then
    srun --kill-on-bad-exit=1 ${TENOR_MPI:+--mpi="$TENOR_MPI"} "$@" &
  else
    mpirun --bind-to none "$@" &
  fi
  child=$!
  while :; do
    code=0
    wait "$child" || code=$?
    # A trapped signal ends `wait` early; the command goes on, or has ended meanwhile, and then the shell still knows how (127: it was told).
    kill -0 "$child" 2>/dev/null || break
  done
  if [ "$code" -gt 128 ]; then
    wait "$child" || last=$?
    [ "$last" = 127 ] || code=$last
  fi
  child=
  return "$code"
}

# Which launchers are tried, one after the other. srun comes twice, because a step can fail to start for a reason that the next step
# of the job does not have: sockets that a crash has left behind carry the number of the step.
launchers() {
  if [ "${TENOR_MPI:-}" = mpirun ] || ! command -v srun >/dev/null || [ -z "${SLURM_JOB_ID:-}" ]; then
    echo mpirun mpirun
  else
    echo srun srun "$(command -v mpirun >/dev/null && echo mpirun)"
  fi
}

# can_start LAUNCHER: does every node of the job take a step? Slurm (22.05) may have taken one away that was cut off for a while: it
# kills there what it means to be of the start before, and then srun waits for that node for ever.
can_start() {
  [ "$1" = srun ] || return 0
  timeout "${TENOR_STEP_WAIT:-120}" srun --mpi=none --ntasks-per-node=1 --ntasks="${SLURM_JOB_NUM_NODES:-1}" true &
  wait $!
}

# paths_in CHECKPOINT: how many paths it holds; 0 if there is none.
paths_in() {
  local paths
  paths=$("$TENOR" show "$1" 2>/dev/null | sed -n 's/^paths  *\([0-9]*\) of .*/\1/p')
  echo "${paths:-0}"
}

# put_back CHECKPOINT PATHS_AT_START: the job goes back into the queue, or gives up with exit 1 if that leads nowhere.
put_back() {
  local now
  now=$(paths_in "$1")
  if [ "$now" -le "$2" ]; then
    say "stopped without progress: $now paths, as before. Not put back into the queue: ask for more time, or checkpoint less often"
    exit 1
  fi
  if [ "${SLURM_RESTART_COUNT:-0}" -ge "$TENOR_MAX_RESTARTS" ]; then
    say "started $((TENOR_MAX_RESTARTS + 1)) times. Not put back into the queue; submit it again to go on from $now paths"
    exit 1
  fi
  say "stopped at $now paths; back into the queue"
  # A site with RequeueExit=85 does it by itself; elsewhere it is asked for. The exit is the same.
  if ! scontrol show config 2>/dev/null | grep -q "^RequeueExit  *= .*\b$STOPPED\b"; then
    scontrol requeue "$SLURM_JOB_ID" || say "the queue does not take the job back (was it submitted with --requeue?); submit it again to go on"
  fi
  exit "$STOPPED"
}

# run_to_end OUT.nc WORD...: `tenor WORD... -o OUT.nc` with a checkpoint beside it, across stops, restarts and faults of the
# machine. Returns tenor's exit code when it is final: 0 and 3 have a result; 2 and 6 are never tried again.
run_to_end() {
  local out=$1 code=0 before launcher again=0
  local checkpoint=$out.ckpt
  shift
  if [ -e "$out" ] && [ ! -e "$checkpoint" ] && [ ! -e "$checkpoint.previous" ]; then
    say "$out is there already; remove it to compute it again"
    return 0
  fi
  mkdir -p "$(dirname "$out")"
  before=$(paths_in "$checkpoint")
  for launcher in $(launchers); do
    [ "$again" = 0 ] || can_start "$launcher" || {
      say "not every node of the job takes a step"
      put_back "$checkpoint" -1
    }
    again=1 code=0
    with_mpi "$launcher" "$TENOR" "$@" -o "$out" --checkpoint "$checkpoint" --checkpoint-every "${TENOR_CHECKPOINT_EVERY:-5min}" --resume \
      --progress plain || code=$?
    # srun may return 0 for a step that never started.
    [ "$code" != 0 ] || [ -e "$out" ] || code=1
    case $code in
    0 | 2 | 3 | 6) return "$code" ;;
    "$STOPPED") put_back "$checkpoint" "$before" ;;
    esac
    # mpirun hides the 85 of ranks that were told by TERM.
    [ "$told" = 0 ] || put_back "$checkpoint" "$before"
    say "$launcher ended with $code"
    sleep "${TENOR_RETRY_PAUSE:-10}" &
    wait $! || true
  done
  say "gives up; $(paths_in "$checkpoint") paths are in $checkpoint, and submitting the job again goes on from there"
  return "$code"
}
