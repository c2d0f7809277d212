# SPDX-License-Identifier: MIT
"""grep over a file that is not in the page cache, in pieces, two at a time, by bigfs and by hand."""

from contextlib import nullcontext

import measure
import peers
import pipeline
from pipeline import CHUNK, CHUNKS, MAPPING, PARALLEL, PARALLEL_256, PIPEPART, XARGS, XARGS_NONE
from report import LOWER, Result, bars

CHUNKS_PARALLEL = "parallel -j2 over split -n l/K/N"
WHOLE, CAT = "grep -c of the whole file", "cat of the whole file"
UNCOUNTED = (MAPPING, CAT)  # the first cuts lines, and the second counts none


def ways(bench):
    """name: (what is mounted, the command)"""
    def bigfs(*options):
        return lambda: peers.bigfs(bench, *options)

    def mapping():
        return peers.Mapping(bench, "kernel", pipeline.chunk_count(bench), CHUNK)
    log = bench.log
    return {
        PARALLEL: (bigfs(), lambda mount: pipeline.by_parallel(mount / "big.log/lines")),
        PARALLEL_256: (bigfs(), lambda mount: pipeline.by_parallel(mount / "big.log/lines@256M")),
        XARGS: (bigfs(), lambda mount: pipeline.by_xargs(mount / "big.log/lines")),
        XARGS_NONE: (bigfs("--cache", "none"), lambda mount: pipeline.by_xargs(mount / "big.log/lines")),
        MAPPING: (mapping, lambda mount: pipeline.by_number(bench, mount.point)),
        PIPEPART: (nullcontext, lambda _: pipeline.by_pipepart(log, "256M")),
        CHUNKS: (nullcontext, lambda _: pipeline.by_chunks(bench)),
        CHUNKS_PARALLEL: (nullcontext, lambda _: pipeline.by_chunks(bench, "parallel -j2")),
        WHOLE: (nullcontext, lambda _: "grep -c ERROR %s | cat" % log),
        CAT: (nullcontext, lambda _: "cat %s >/dev/null; echo 0" % log),
    }


def run(bench):
    """Each mounts anew for each run: what a daemon has mapped cannot be dropped."""
    pipeline.give_parallel_a_home(bench)
    counts = {}

    def timed(name, make, command):
        def once():
            measure.drop(bench.log)
            measure.touch_free_memory(bench.size + (1 << 29))
            with make() as mount:
                taken, count = measure.seconds_and_number(command(mount))
            if name not in UNCOUNTED:
                counts.setdefault(count, name)
                agree(counts)
            return taken
        return once
    return measure.rounds(bench.rounds, {name: timed(name, *way) for name, way in ways(bench).items()})


def agree(counts):
    """All ways must count the same in every run; otherwise the comparison is meaningless."""
    if len(counts) != 1 or 0 in counts:
        raise RuntimeError("the counts differ: %s" % ", ".join("%d by %s" % found for found in counts.items()))


def report(bench, kept):
    result = Result("cold", """`grep -c ERROR` counts in a log of %.1f GB that is not in the page cache: it is dropped before each run.
Two count at a time, and the counts are added up; `grep -c` of the whole file is alone. All of them counted the same in
every run. Pieces have 64 MiB, or 256 MiB like the blocks of --pipepart. "%s" shows the parts of
the log, cut at 64 MiB, and replies straight from a mapping of it. `cat` shows what the disk gives to one reader. The
figures are seconds, medians of %d rounds; lower is better. The ratio is the time to that of bigfs with `parallel -j2`,
in the same round.""" % (bench.size / 1e9, peers.MAPPING.capitalize(), len(kept)), ["", "s", "least and most", "GB/s", "ratio"])
    for name in kept[0]:
        taken = measure.median(kept, name)
        result.add(name, taken, "%.2f to %.2f" % measure.spread(kept, name), bench.size / 1e9 / taken,
                   "%.2f" % measure.ratio(kept, name, PARALLEL))
    bars(result, "grep -c over a log from the disk, two at a time", "seconds", LOWER,
         [(name, measure.median(kept, name), name.startswith("bigfs")) for name in kept[0]])
    return result
