"""tenor on other systems: one table of packages, the files made from it, what configure says where something is missing, and a build by a
user without rights. LONG=1 as root makes that build with both MPI libraries."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
HERE = TOP / "jobs/systems"
BUILD = Path(os.environ.get("TENOR_BUILD", TOP / "build"))


def rows():
    lines = [line.split() for line in (TOP / "jobs/packages.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert all(len(row) == 6 for row in lines), [row for row in lines if len(row) != 6]
    return lines


def packages(column, purpose="run"):
    return [name for row in rows() if row[0] == purpose and row[column] != "-" for name in row[column].split(",")]


def test_what_is_made_from_the_table_is_fresh(tmp_path):
    subprocess.run([HERE / "make.sh", tmp_path], check=True)
    for made in tmp_path.iterdir():
        assert made.read_text() == (HERE / made.name).read_text(), f"{made.name} is stale: call jobs/systems/make.sh"
    assert {made.name for made in tmp_path.iterdir()} == {"spack.yaml", "environment.yml", "tenor.def"}


def test_the_files_hold_every_package_of_a_run():
    assert yaml.safe_load((HERE / "spack.yaml").read_text())["spack"]["specs"] == packages(4)
    assert yaml.safe_load((HERE / "environment.yml").read_text())["dependencies"] == packages(5)
    image = (HERE / "tenor.def").read_text()
    assert all(re.search(rf"^ +{re.escape(name)} \\$", image, re.M) for name in packages(2))


def test_debian_knows_its_packages():
    names = [name for purpose in sorted({row[0] for row in rows()}) for name in packages(2, purpose)]
    said = subprocess.run(["apt-cache", "policy", *names], capture_output=True, text=True, check=True).stdout
    known = {name: candidate for name, candidate in re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (.*)", said, re.M)}
    assert {name for name in names if known.get(name, "(none)") == "(none)"} == set()


def test_the_module_is_lua():
    lua = shutil.which("lua5.4") or shutil.which("lua")
    if not lua:
        assert (HERE / "tenor.lua").read_text().count("(") == (HERE / "tenor.lua").read_text().count(")")
        return
    says = ("local seen = {} for _, name in ipairs{'help','whatis','depends_on','prepend_path','setenv'} do "
            "_G[name] = function(a, b) seen[#seen + 1] = name .. ' ' .. tostring(a) .. ' ' .. tostring(b) end end "
            "function pathJoin(a, b) return a .. '/' .. b end dofile(arg[1]) print(table.concat(seen, '\\n'))")
    done = subprocess.run([lua, "-", HERE / "tenor.lua"], input=says, capture_output=True, text=True, check=True)
    assert "prepend_path PATH /apps/tenor/0.1.0/bin" in done.stdout


# ---- configure, where something is missing

def configure(folder, code, **how):
    folder.mkdir(exist_ok=True)
    done = subprocess.run([TOP / "configure", *(f"{name}={value}" for name, value in how.items())], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (code == 0), done.stderr[-2000:]
    return done.stderr


def compiler_without(folder, *headers):
    """A compiler for which these headers are not installed."""
    script = folder / "cc"
    marks = "|".join(re.escape(header) for header in headers)
    script.write_text('#!/bin/bash\nfor word; do\n  case $word in *.c) if grep -qE "#include <(' + marks + ')>" "$word"; then\n'
                      '    echo "no such header" >&2; exit 1; fi ;; esac\ndone\nexec gcc "$@"\n')
    script.chmod(0o755)
    return script


def test_without_mpi_configure_says_what_brings_it(tmp_path):
    said = configure(tmp_path, 1, MPICC="/nowhere/mpicc")
    assert re.search(r"MPI: Debian libopenmpi-dev openmpi-bin; Fedora/Rocky openmpi-devel; Spack openmpi", said), said


def test_without_netcdf_and_units_configure_says_so_in_one_go(tmp_path):
    said = configure(tmp_path, 1, CC=compiler_without(tmp_path, "netcdf.h", "udunits2.h"), MPICC="mpicc.openmpi")
    assert "libnetcdf-dev" in said and "netcdf-c" in said and "libudunits2-dev" in said
    assert "libyaml" not in said, "what is there is not complained of"


# ---- a user without rights

if os.environ.get("LONG") and os.geteuid() == 0:
    @pytest.mark.parametrize("mpi", ("openmpi", "mpich"))
    def test_a_user_without_rights_builds_and_runs_it_in_his_home(mpi, tmp_path_factory):
        home = tmp_path_factory.mktemp("home")
        for folder in (home, home.parent, home.parent.parent):
            folder.chmod(0o755)
        archive = next(BUILD.glob("tenor-*.tar.xz"))
        shutil.copy(archive, home)
        shutil.chown(home, "nobody")
        script = (f"set -e; cd {home}; tar -xf tenor-*.tar.xz; mkdir build; cd build; ../tenor-*/configure --prefix={home}/tenor MPICC=mpicc.{mpi} "
                  f">configure.out; make -s -j2 install; export PATH={home}/tenor/bin:$PATH; cd {home}; "
                  f"mpirun.{mpi} -np 2 tenor run tenor-*/decks/anthropic-aws.yaml --paths 5000 --threads 1 -o out.nc --quiet; "
                  f"PYTHONPATH= /usr/bin/python3 tenor/bin/tenor-report out.nc -o out.html; man -l tenor/share/man/man1/tenor.1 >man.txt || true; id -u")
        done = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "bash", "-c", script], capture_output=True, text=True,
                              check=False, timeout=900, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "OMPI_MCA_rmaps_base_oversubscribe": "1",
                                                             "MPLCONFIGDIR": str(home), "TMPDIR": str(home)})
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        assert done.stdout.split()[-1] != "0"
        assert (home / "out.html").stat().st_size > 100_000
