# shellcheck shell=bash
# Sourced by jobs/local.sh and tests/run.sh: brings in what is missing and builds. Bash 4 or later.
# Functions: setup_packages LIST_NAME..., setup_build FOLDER [configure arguments], setup_python.

setup_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# setup_list DISTRIBUTION PURPOSE...: the packages of jobs/packages.txt, one a line. DISTRIBUTION is debian, fedora, spack or conda.
setup_list() {
  local column purpose
  case $1 in
  debian) column=3 ;;
  fedora) column=4 ;;
  spack) column=5 ;;
  conda) column=6 ;;
  *) return 1 ;;
  esac
  shift
  for purpose; do
    awk -v purpose="$purpose" -v column="$column" \
      '$1 == purpose && $column != "-" { n = split($column, names, ","); for (i = 1; i <= n; ++i) print names[i] }' "$setup_top/jobs/packages.txt"
  done
}

setup_say() { printf 'set-up: %s\n' "$*" >&2; }

setup_lack() {
  setup_say "please install these packages, then call this script again:"
  printf '\n  %s\n\n' "$*" >&2
  exit 1
}

# setup_packages PURPOSE...: installs what is missing with apt (as root or by sudo); elsewhere, and without the
# right to install, prints the exact list and stops.
setup_packages() {
  local missing
  if [ -e /etc/debian_version ] && command -v dpkg-query >/dev/null; then
    missing=$(setup_list debian "$@" | while read -r package; do
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0
    local apt="apt-get"
    if [ "$(id -u)" != 0 ]; then
      if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        apt="sudo apt-get"
      else
        setup_lack "apt-get install $missing"
      fi
    fi
    setup_say "installing $missing"
    $apt -q update >&2 || setup_say "apt-get update failed; trying with the lists at hand"
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $apt -q -y --no-install-recommends install $missing >&2 || {
      setup_say "apt-get could not install them"
      setup_lack "apt-get install $missing"
    }
  elif ! setup_tools_present; then
    if command -v dnf >/dev/null; then
      setup_lack "dnf install $(setup_list fedora "$@" | tr '\n' ' ')"
    fi
    setup_say "Fedora and Rocky Linux: dnf install $(setup_list fedora "$@" | tr '\n' ' ')"
    setup_lack "spack install $(setup_list spack "$@" | tr '\n' ' ')"
  fi
}

# Elsewhere than on Debian: is there enough to try configure, which names the rest?
setup_tools_present() {
  local tool
  for tool in autoreconf make cc mpicc mpirun python3; do
    command -v "$tool" >/dev/null || return 1
  done
}

# setup_configure: makes ./configure, or makes it anew when its sources are newer.
setup_configure() {
  if [ ! -e "$setup_top/configure" ] || [ "$setup_top/configure.ac" -nt "$setup_top/configure" ] ||
    [ "$setup_top/Makefile.am" -nt "$setup_top/Makefile.in" ]; then
    (cd "$setup_top" && autoreconf -i >&2)
  fi
}

# setup_build FOLDER [ARGUMENT...]: configures FOLDER (made if need be) with the arguments and builds everything in
# it, or what $SETUP_TARGETS names. Configures again only when configure or the arguments are newer than the last time.
setup_build() {
  local folder=$1 stamp
  shift
  setup_configure && mkdir -p "$folder" || return 1
  stamp=$folder/configured-with
  if [ ! -e "$folder/Makefile" ] || [ "$setup_top/configure" -nt "$folder/Makefile" ] ||
    [ "$(cat "$stamp" 2>/dev/null)" != "$*" ]; then
    (cd "$folder" && "$setup_top/configure" "$@" >configure.out 2>&1) || {
      tail -n 25 "$folder/configure.out" >&2
      return 1
    }
    printf '%s' "$*" >"$stamp"
  fi
  # shellcheck disable=SC2086
  make -C "$folder" -s -j"$(nproc)" ${SETUP_TARGETS:-all} >&2
}

# setup_python: prints a Python that has the post-processing modules.
setup_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import importlib.util as u, sys
sys.exit(not all(u.find_spec(m) for m in ("xarray", "netCDF4", "matplotlib", "jinja2", "yaml")))' 2>/dev/null; then
      command -v "$python"
      return 0
    fi
  done
  setup_lack "$(setup_list debian run | grep '^python3' | tr '\n' ' ')"
}

# One machine, any user: Open MPI's defaults for a batch system's node do not fit a laptop or a container.
setup_mpi_environment() {
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
  export OMPI_MCA_btl_vader_single_copy_mechanism=none
}
