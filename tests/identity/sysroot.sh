#!/usr/bin/env bash
# tests/identity/sysroot.sh FOLDER: makes FOLDER hold the libraries and headers of Debian's arm64 that tenor needs,
# unpacked and not installed. Debian and its apt only. The machine's own packages and package lists stay as they
# are: apt works on a state, a cache and a configuration of its own, with the machine's sources and keys. Made once;
# a sysroot is there whole or not at all. Delete FOLDER to renew it.
set -euo pipefail

sysroot=${1:?usage: sysroot.sh FOLDER}
# MPICH, because its programs start alone, without a helper process, which an emulator would have to start too.
wanted=(libc6-dev libgomp1 libomp-dev libmpich-dev libnetcdf-dev libyaml-dev libudunits2-dev libexpat1-dev nettle-dev
  libcmocka-dev)
stamp="arm64 ${wanted[*]}"
if [ "$(cat "$sysroot/made-of" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi
if [ -e "$sysroot" ] && [ ! -e "$sysroot/made-of" ]; then
  echo "$sysroot is no sysroot of ours: not touched" >&2
  exit 1
fi
mkdir -p "$(dirname "$sysroot")"
work=$(realpath -m "$sysroot").part
rm -rf "$sysroot" "$work"
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/debs" "$work/root"
: >"$work/apt/status"
# How to fetch is the machine's (proxies); what to run afterwards, and where, is not.
{
  apt-config dump | grep '^Acquire::' || :
  cat <<CONFIGURATION
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "$work/apt";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt";
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
CONFIGURATION
} >"$work/apt.conf"
export APT_CONFIG=$work/apt.conf
apt-get -q update

# All that they depend on, but programs, compilers and their libraries, which only programs of arm64 would use.
apt-get -q -y --no-install-recommends --print-uris install "${wanted[@]}" >"$work/closure"
sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" "$work/closure" |
  grep -E '^lib|-dev$|^zlib1g$|^ibverbs-providers$' |
  grep -vE 'perl|binutils|gprofng|ctf|icu-dev|(gcc|stdc\+\+|gfortran)-[0-9]*-dev|san[0-9]$' >"$work/chosen"
mapfile -t chosen <"$work/chosen"
(cd "$work/debs" && apt-get -q download "${chosen[@]}")
for deb in "$work"/debs/*.deb; do
  dpkg-deb -x "$deb" "$work/root"
done

# Links to the root of a file system lead into the sysroot.
find "$work/root" -type l -lname '/*' | while read -r link; do
  ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$work/root$(readlink "$link")")" "$link"
done
# clang of this machine looks for its OpenMP where libraries of arm64 are.
ln -sf libomp.so.5 "$work/root/usr/lib/aarch64-linux-gnu/libomp.so"
find "$work/root/usr/lib" -name 'libomptarget*' -delete
rm -rf "$work/root/usr/share/doc" "$work/root/usr/share/man" "$work/root/usr/bin"
printf '%s' "$stamp" >"$work/root/made-of"
mv "$work/root" "$sysroot"
