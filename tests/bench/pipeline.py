# SPDX-License-Identifier: MIT
"""grep over a file in pieces, two at a time, by bigfs and by hand."""

import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import measure
import peers
from data import M
from report import LOWER, NEAR, Result, bars

XARGS, PARALLEL = "bigfs, xargs -P2", "bigfs, parallel -j2"
XARGS_AGAIN, XARGS_NONE = "bigfs, xargs -P2, again", "bigfs --cache none, xargs -P2"
PARALLEL_256 = "bigfs, parallel -j2, lines@256M"
PIPEPART, SPLIT_XARGS, SPLIT_PARALLEL = "parallel --pipepart", "split, then xargs -P2", "split, then parallel -j2"
NULL, MAPPING = peers.NULL + ", xargs -P2", peers.MAPPING + ", xargs -P2"
CHUNKS = "xargs -P2 over split -n l/K/N"
CHUNK = 64 * M
SUM = " | awk '{ n += $1 } END { print n }'"


# --- the ways to count, as commands; each prints one number -------------------------------------------

def by_xargs(directory):
    return "printf '%%s\\n' %s/* | xargs -P2 -n1 grep -c ERROR" % directory + SUM


def by_parallel(directory):
    return "parallel -j2 'grep -c ERROR {}' ::: %s/*" % directory + SUM


def by_pipepart(log, block):
    return "parallel --pipepart -a %s --block %s -j2 grep -c ERROR" % (log, block) + SUM


def chunk_count(bench):
    return -(-bench.size // CHUNK)


def by_chunks(bench, runner="xargs -P2 -I{} sh -c"):
    """`split` can print the lines of a single part."""
    count = chunk_count(bench)
    return "seq %d | %s 'split -n l/{}/%d %s | grep -c ERROR'" % (count, runner, count, bench.log) + SUM


def by_number(bench, mount):
    """Of a driver that lists nothing."""
    return "seq -f %s/%%g 0 %d | xargs -P2 -n1 grep -c ERROR" % (mount, chunk_count(bench) - 1) + SUM


def commands(bench, mount, direct):
    log, parts = bench.log, bench.work / "parts"
    split = "split -C 64M {1} {0}/; ".format(parts, log)
    return {
        XARGS: by_xargs(mount / "big.log/lines"), PARALLEL: by_parallel(mount / "big.log/lines"),
        PARALLEL_256: by_parallel(mount / "big.log/lines@256M"), XARGS_NONE: by_xargs(direct / "big.log/lines"),
        PIPEPART: by_pipepart(log, "256M"),
        SPLIT_XARGS: split + by_xargs(parts), SPLIT_PARALLEL: split + by_parallel(parts),
        CHUNKS: by_chunks(bench),
    }


def give_parallel_a_home(bench):
    """So that it reads no settings of this user, and leaves none."""
    os.environ["PARALLEL_HOME"] = str(bench.work / "parallel")
    (bench.work / "parallel").mkdir(exist_ok=True)


def run(bench):
    measure.put_in_page_cache(bench.log)
    give_parallel_a_home(bench)
    with ExitStack() as stack:
        mount = stack.enter_context(peers.bigfs(bench))
        direct = stack.enter_context(peers.bigfs(bench, "--cache", "none"))
        chosen = commands(bench, mount, direct)
        agree(bench, chosen)
        pieces = [piece for view in ("lines", "lines@256M") for piece in Path(mount / "big.log", view).iterdir()]
        count = chunk_count(bench)
        for name, driver in peers.NULLS.items():
            for cache, option in (("kernel", ""), ("none", ", --cache none")):
                null = stack.enter_context(driver(bench, cache, count, CHUNK))
                pieces += [null / str(number) for number in range(count)]
                chosen[name + option + ", xargs -P2"] = by_number(bench, null.point)

        def timed(command):
            def once():
                empty(bench.work / "parts")
                measure.warm(bench.log)
                for piece in pieces:
                    measure.forget(piece)
                measure.touch_free_memory(bench.size + (1 << 29))
                return measure.hyperfine(command, shell=True)
            return once
        variants = {}
        for name, command in chosen.items():
            variants[name] = timed(command)
            if name == XARGS:
                variants[XARGS_AGAIN] = lambda again=command: measure.hyperfine(again, shell=True)
        return measure.rounds(min(bench.rounds, 5), variants)


def empty(directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()


def agree(bench, chosen):
    """All ways must count the same; otherwise the comparison is meaningless."""
    counts = {}
    for name, command in chosen.items():
        empty(bench.work / "parts")
        counts[name] = subprocess.run(["bash", "-c", command], capture_output=True, text=True).stdout.strip()
    if len(set(counts.values())) != 1 or not int(next(iter(counts.values()))):
        raise RuntimeError("the counts differ: %s" % counts)


def report(bench, kept):
    result = Result("pipeline", """`grep -c ERROR` counts in a log of %.1f GB, two at a time, and the counts are added up. The log is in the
page cache. Pieces have 64 MiB, or 256 MiB like the blocks of --pipepart. They were not read before, except for "again",
and the memory for them was touched before each run. `split` makes its files anew each time, in an empty directory. "A
driver that does nothing" shows as many files as `lines` has, all from one buffer. "A driver that only maps" shows the
parts of the log and replies straight from a mapping of it. The figures are seconds; lower is better. The ratio is the
time to that of bigfs with `xargs -P2`.""" % (bench.size / 1e9), ["", "s", "least and most", "ratio"])
    names = list(kept[0])
    for name in names:
        result.add(name, measure.median(kept, name), "%.2f to %.2f" % measure.spread(kept, name),
                   "%.2f" % measure.ratio(kept, name, XARGS))
    bars(result, "grep -c over a log in the page cache, two at a time", "seconds", LOWER, [(name, measure.median(kept, name), name.startswith("bigfs") or name == XARGS_AGAIN) for name in names])
    for ours in (XARGS, PARALLEL):
        result.claim("%s, speed to `parallel --pipepart`" % ours, measure.ratio(kept, PIPEPART, ours), 1.2)
    result.claim("%s, speed to `split` and then the same" % XARGS, measure.ratio(kept, SPLIT_XARGS, XARGS), 2)
    result.claim("%s, speed to `split` and then the same" % PARALLEL, measure.ratio(kept, SPLIT_PARALLEL, PARALLEL), 2)
    result.claim("%s, speed to `split -n l/K/N`" % XARGS, measure.ratio(kept, CHUNKS, XARGS), 1)
    result.claim("%s, speed to a driver that does nothing" % XARGS, measure.ratio(kept, NULL, XARGS), NEAR)
    result.compare("%s, speed to %s" % (XARGS, peers.MAPPING), measure.ratio(kept, MAPPING, XARGS))
    return result
