# SPDX-License-Identifier: MIT
"""Opening piece k and its first byte, by the size of the file."""

import os
import random
import statistics
import time

import peers
from data import G, M, make_marked
from report import LOWER, Result, lines

SIZES = [G << n for n in range(14)]  # 1 GiB to 8 TiB
CHUNK = 4 * M  # small, so that 1 GiB has enough pieces for each to be looked at once


def run(bench):
    directory = bench.work / "sizes"
    directory.mkdir(exist_ok=True)
    dice, probes = random.Random(3), 12 * bench.rounds
    wanted = {size: dice.sample(range(1, size // CHUNK - 1), probes) for size in SIZES}
    for size, places in wanted.items():
        starts = {k * CHUNK for k in places}
        make_marked(directory / ("%d.log" % (size // G)), size, starts | {start + CHUNK for start in starts})
    kept = []
    with peers.bigfs(bench, source=directory) as mount:
        for turn in range(probes):
            kept.append({})
            for size in SIZES:
                for view in ("bytes", "lines"):
                    path = mount / ("%d.log/%s@4M/%d" % (size // G, view, wanted[size][turn]))
                    kept[-1]["%s %d" % (view, size // G)] = first_byte(path)
    return kept[3:]  # the first ones find nothing in memory of the mount and of the file systems


def first_byte(path):
    start = time.perf_counter()
    descriptor = os.open(path, os.O_RDONLY)
    os.read(descriptor, 1)
    taken = time.perf_counter() - start
    os.close(descriptor)
    return taken


def report(bench, kept):
    def at(view, size):
        return 1e6 * statistics.median(one["%s %d" % (view, size // G)] for one in kept)
    result = Result("flat", """A program opens a piece at random and reads its first byte. The figures are microseconds, medians of %d pieces
for each size; lower is better. Each piece was looked at for the first time. Pieces have 4 MiB, so that the smallest
file has enough of them. The files are sparse, with lines around the places where pieces begin.""" % len(kept),
                    ["", *(name(size) for size in SIZES[::3]), "8 TiB"])
    for view in ("bytes", "lines"):
        result.add("`%s`" % view, *("%.0f" % at(view, size) for size in SIZES[::3]), "%.0f" % at(view, SIZES[-1]))
    lines(result, "Opening a piece and reading its first byte", "size of the file", "microseconds", LOWER, [(name(size).replace(" ", "\\n"), size // G) for size in SIZES],
          {view: [(size // G, at(view, size)) for size in SIZES] for view in ("bytes", "lines")})
    for view in ("bytes", "lines"):
        result.claim("`%s`, time with 8 TiB to that with 1 GiB" % view, at(view, SIZES[-1]) / at(view, SIZES[0]), most=1.5)
    return result


def name(size):
    return "%d GiB" % (size // G) if size < 1024 * G else "%d TiB" % (size // (1024 * G))
