"""The canary of tests/unit/test_vectorised.py sings when it should: on sources of the model, compiled with vectors and without."""
import importlib.util
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
CC = os.environ.get("CC", "cc")
COMMAND = [CC, "-std=c17", "-O3", "-mavx2", "-mfma", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
           "-D_XOPEN_SOURCE=700", "-DTENOR_ISA=_avx2", f"-I{TOP}/engine"]
SCALAR = ["-fno-tree-vectorize", "-fno-tree-slp-vectorize"]

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64" or not all(map(shutil.which, (CC, "objdump"))),
                                reason="no x86-64, compiler or objdump")
spec = importlib.util.spec_from_file_location("test_vectorised", TOP / "tests/unit/test_vectorised.py")
canary = importlib.util.module_from_spec(spec)
spec.loader.exec_module(canary)


def faults(folder, source, flags):
    """What the canary says of one source, apart from the functions that are in others."""
    target = folder / "one.o"
    subprocess.run([*COMMAND, *flags, "-c", TOP / "engine" / source, "-o", target], check=True)
    return [fault for fault in canary.check(str(target)) if "a loop with" in fault]


@pytest.mark.parametrize("source, names", [
    ("model/price.c", ["price_month"]),
    ("model/financing.c", ["financing_month"]),
    ("model/binding.c", ["binding_month"]),  # selects and no arithmetic but a tolerance
])
def test_a_loop_over_lanes_that_falls_back_to_scalar_code_is_named(tmp_path, source, names):
    assert faults(tmp_path, source, ["-fopenmp-simd"]) == []
    scalar = faults(tmp_path, source, SCALAR)
    assert all(any(name in fault for fault in scalar) for name in names), scalar


def test_a_kernel_without_its_hot_functions_is_a_fault(tmp_path):
    target = tmp_path / "empty.o"
    (tmp_path / "empty.c").write_text("int nothing;\n")
    subprocess.run([CC, "-c", tmp_path / "empty.c", "-o", target], check=True)
    assert len(canary.check(str(target))) == len(canary.HOT)
