#!/usr/bin/env bash
# Makes a machine of the cluster ready for tenor; ParallelCluster runs it as root on every node when it is configured:
#   node.sh [--dry-run] s3://BUCKET/tenor head|node
# Installs the libraries; on the head node also the compilers, and builds the program from s3://BUCKET/tenor/tenor.tar.xz into
# /shared/tenor, which all nodes see; on spot nodes starts spot-watch.sh. Can be run again. What it does is in /var/log/tenor-node.log.
set -euo pipefail
dry=0
if [ "${1:-}" = --dry-run ]; then
  dry=1
  shift
fi
if [ $# != 2 ] || { [ "$2" != head ] && [ "$2" != node ]; }; then
  echo "usage: node.sh [--dry-run] s3://BUCKET/tenor head|node" >&2
  exit 2
fi
source=$1 role=$2
shared=${TENOR_SHARED:-/shared}
log=${TENOR_NODE_LOG:-/var/log/tenor-node.log}
metadata=${TENOR_METADATA:-http://169.254.169.254}

# The libraries of tenor by their names in Ubuntu; jobs/setup.sh has the same list. MPI comes with ParallelCluster, for EFA.
packages=(build-essential autoconf automake libnetcdf-dev libyaml-dev libudunits2-dev nettle-dev
  python3 python3-xarray python3-netcdf4 python3-matplotlib python3-jinja2 python3-yaml)
mpi=/opt/amazon/openmpi/bin

if [ "$dry" = 0 ]; then
  exec > >(tee -a "$log") 2>&1
fi
trap 'echo "node.sh: error in line $LINENO; the node will not join the cluster" >&2' ERR

say() { printf '%s node.sh: %s\n' "$(date -u +%FT%TZ)" "$*"; }

# do_it COMMAND...: runs it, or prints it in a dry run.
do_it() {
  if [ "$dry" = 1 ]; then
    printf '+'
    printf ' %q' "$@"
    printf '\n'
  else
    "$@"
  fi
}

install_packages() {
  local missing=()
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installs ${missing[*]}"
  do_it apt-get -q -o DPkg::Lock::Timeout=300 update
  do_it env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "${missing[@]}"
}

# Once for all nodes of an architecture, on the head node.
build() {
  local where
  where=$shared/tenor/$(uname -m)
  if [ -x "$where/bin/tenor" ]; then
    say "$where/bin/tenor is there"
    return 0
  fi
  say "builds into $where"
  do_it mkdir -p "$where/build"
  do_it aws s3 cp --no-progress "$source/tenor.tar.xz" "$where/tenor.tar.xz"
  do_it tar -xf "$where/tenor.tar.xz" -C "$where" --strip-components=1 --one-top-level=source
  do_it env --chdir="$where/build" "$where/source/configure" --prefix="$where" "MPICC=$mpi/mpicc"
  do_it make -C "$where/build" -s -j"$(nproc)" install
  do_it cp -r "$where/source/jobs" "$where/source/decks" "$shared/tenor/"
}

# Asked with a token (IMDSv2); "" where nobody answers.
life_cycle() {
  local token
  token=$(curl -sf -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/latest/api/token" || true)
  curl -sf -m 2 -H "X-aws-ec2-metadata-token: $token" "$metadata/latest/meta-data/instance-life-cycle" || true
}

watch_spot() {
  [ "$(life_cycle)" = spot ] || return 0
  say "starts the watch for the end of this spot node"
  do_it aws s3 cp --no-progress "$source/spot-watch.sh" /usr/local/sbin/tenor-spot-watch
  do_it chmod 755 /usr/local/sbin/tenor-spot-watch
  # Transient: the node does not outlive a restart anyway.
  do_it systemctl reset-failed tenor-spot-watch.service || true
  do_it systemd-run --unit=tenor-spot-watch --property=Restart=on-failure /usr/local/sbin/tenor-spot-watch
}

say "begins on $(hostname), $role"
install_packages
if [ "$role" = head ]; then
  build
else
  watch_spot
fi
say "done"
