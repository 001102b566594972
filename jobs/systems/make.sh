#!/usr/bin/env bash
# Makes spack.yaml, environment.yml and tenor.def from jobs/packages.txt:   jobs/systems/make.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=jobs/setup.sh
. "$here/../setup.sh"
to=${1:-$here}
made='# Made by jobs/systems/make.sh from jobs/packages.txt; change those.'

# lines INDENT DISTRIBUTION PURPOSE...: YAML items.
lines() {
  local indent=$1
  shift
  setup_list "$@" | sed "s/^/$indent- /"
}

cat >"$to/spack.yaml" <<YAML
$made
# spack env create tenor spack.yaml && spack env activate tenor && spack install; then configure, make, make install.
spack:
  specs:
$(lines '  ' spack run)
  view: true
  concretizer:
    unify: true
YAML

cat >"$to/environment.yml" <<YAML
$made
# conda env create -f environment.yml && conda activate tenor; then ./configure --prefix="\$CONDA_PREFIX", make, make install.
name: tenor
channels:
  - conda-forge
dependencies:
$(lines '  ' conda run)
YAML

cat >"$to/tenor.def" <<DEF
$made
# In the project's folder: make -C build dist, then apptainer build tenor.sif jobs/systems/tenor.def. Across nodes the MPI outside and
# the one inside must fit: mpirun -np 4 apptainer exec tenor.sif tenor run DECK wants Open MPI 4 outside.
Bootstrap: docker
From: debian:bookworm

%files
    build/tenor-*.tar.xz /opt/

%post
    apt-get update
    apt-get install -y --no-install-recommends \\
$(setup_list debian run | sed 's/^/        /; s/$/ \\/')
        xz-utils
    mkdir /opt/build
    tar -xf /opt/tenor-*.tar.xz -C /opt
    cd /opt/build
    /opt/tenor-*/configure
    make -j "\$(nproc)" install
    rm -r /opt/build /opt/tenor-*

%runscript
    exec tenor "\$@"

%test
    tenor --version
DEF
