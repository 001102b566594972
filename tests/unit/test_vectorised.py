#!/usr/bin/env python3
"""Are the kernels' loops over lanes still vectorised? Looks at the machine code of the AVX2 and AVX-512 kernels: a
loop that multiplies, adds or selects doubles one at a time, and nothing side by side, has fallen back to scalar code,
which costs more than all that the loop's formulas could. Counts instructions, not time. Exit 77 (skipped) where there
are no such kernels, no objdump, or no optimisation.

usage: test_vectorised.py ARCHIVE..."""
import os
import re
import shutil
import subprocess
import sys

ARITHMETIC = r"v?(?:add|sub|mul|div|sqrt|max|min|cmp\w*?|fn?m(?:add|sub)(?:132|213|231))"
SCALAR, PACKED = re.compile(ARITHMETIC + "sd$"), re.compile(ARITHMETIC + "pd$")
# These read the clock for whoever times the stages of a month.
CLOCK = {"begin", "draw_begin", "draw_month", "end", "month"}
# What is rare goes lane by lane: a default, a jump of a chain, a row with infinite values.
RARE = {"credit_month", "fail_lane", "chain_begin", "chain_month", "plan_jump", "move", "digest_odd_row"}
HOT = {"supply_month", "sites_month", "price_month", "demand_month", "allocation_month", "contract_month",
       "financing_month", "provider_month", "record_month", "regime_month", "digest_row"}


def functions(archive):
    """Yields (name, [(address, operation, jump target or None)])."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", archive], check=True, capture_output=True, text=True)
    name, lines = None, []
    for line in text.stdout.splitlines():
        head = re.match(r"[0-9a-f]+ <(.+)>:$", line)
        code = re.match(r"\s*([0-9a-f]+):\s+(\S+)(?:\s+([0-9a-f]+) <)?", line)
        if head:
            if lines:
                yield name, lines
            name, lines = head[1], []
        elif code:
            target = int(code[3], 16) if code[3] and code[2].startswith("j") else None
            lines.append((int(code[1], 16), code[2], target))
    if lines:
        yield name, lines


def innermost_loops(lines):
    """Yields the operations of every loop that holds no other one."""
    spans = {(target, at) for at, _, target in lines if target is not None and lines[0][0] <= target <= at}
    for first, last in spans:
        if not any((a, b) != (first, last) and first <= a and b <= last for a, b in spans):
            yield [operation for at, operation, _ in lines if first <= at <= last]


def count(operations, kind):
    return sum(1 for operation in operations if kind.match(operation))


def check(archive):
    """The faults of one kernel, a sentence each."""
    faults, seen = [], set()
    for name, lines in functions(archive):
        plain = re.sub(r"_(?:avx2|avx512)$", "", re.sub(r"\.(?:isra|constprop|part|cold).*$", "", name))
        if count([operation for _, operation, _ in lines], PACKED) > 0:
            seen.add(plain)
        for operations in innermost_loops(lines):
            if plain not in RARE | CLOCK and count(operations, SCALAR) > 0 and count(operations, PACKED) == 0:
                faults.append(f"{archive}: {name}: a loop with {count(operations, SCALAR)} operations on single doubles")
    faults += [f"{archive}: {name} has no vector arithmetic at all" for name in sorted(HOT - seen)]
    return faults


def main(archives, flags):
    if not archives or shutil.which("objdump") is None or not re.search(r"-O[23]", flags):
        print("skipped: no vector kernels, no objdump, or not built with -O2 or -O3")
        return 77
    faults = [fault for archive in archives for fault in check(archive)]
    print("\n".join(faults) or f"{len(archives)} kernels: all loops over lanes are vectorised")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("VECTOR_KERNELS", "").split() or sys.argv[1:], os.environ.get("KERNEL_FLAGS", "-O3")))
