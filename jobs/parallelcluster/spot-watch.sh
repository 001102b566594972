#!/usr/bin/env bash
# Waits on a spot node for the two minutes' notice that EC2 takes it back, and then tells the runs of tenor on it to stop: they write
# their checkpoint and end with 85, and their job goes back into the queue. One rank that is told is enough for the whole run.
# Only runs with --checkpoint are told; others could not save anything. Ends when it has told them.
set -uo pipefail
metadata=${TENOR_METADATA:-http://169.254.169.254}
pause=${TENOR_WATCH_PAUSE:-5} # seconds

say() { printf 'tenor-spot-watch: %s\n' "$*"; }

# Metadata is given to who shows a token, which lives for a while (IMDSv2).
token='' token_until=0
refresh() {
  [ "$SECONDS" -ge "$token_until" ] || return 0
  token=$(curl -sf -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 600' "$metadata/latest/api/token") || {
    token=''
    return 1
  }
  token_until=$((SECONDS + 500))
}

# Prints the notice if there is one: 200 and JSON; otherwise it is 404.
notice() {
  refresh && curl -sf -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/latest/meta-data/spot/instance-action"
}

tell() {
  local told=0 pid
  for pid in $(pgrep -x tenor); do
    if tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -q -- '^--checkpoint'; then
      kill -USR1 "$pid" 2>/dev/null && told=$((told + 1))
    fi
  done
  say "told $told processes to stop"
}

say "watches $metadata"
while :; do
  if text=$(notice) && [ -n "$text" ]; then
    say "$text"
    tell
    exit 0
  fi
  sleep "$pause"
done
