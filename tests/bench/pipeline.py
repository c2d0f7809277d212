"""Point 3: grep over a file in pieces, two at a time, by bigfs and by hand."""

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
NULL, NULL_NONE = "a driver that does nothing, xargs -P2", "a driver that does nothing, --cache none, xargs -P2"
CHUNKS = "xargs -P2 over split -n l/K/N"
CHUNK = 64 * M
SUM = " | awk '{ n += $1 } END { print n }'"


def commands(bench, mount, direct):
    log, parts = bench.log, bench.work / "parts"
    count = -(-log.stat().st_size // CHUNK)
    split = "split -C 64M {1} {0}/; ".format(parts, log)
    xargs = "printf '%%s\\n' %s/* | xargs -P2 -n1 grep -c ERROR" + SUM
    parallel = "parallel -j2 'grep -c ERROR {}' ::: %s/*" + SUM
    return {
        XARGS: xargs % (mount / "big.log/lines"), PARALLEL: parallel % (mount / "big.log/lines"),
        PARALLEL_256: parallel % (mount / "big.log/lines@256M"), XARGS_NONE: xargs % (direct / "big.log/lines"),
        PIPEPART: "parallel --pipepart -a %s --block 256M -j2 grep -c ERROR" % log + SUM,
        SPLIT_XARGS: split + xargs % parts, SPLIT_PARALLEL: split + parallel % parts,
        CHUNKS: "seq %d | xargs -P2 -I{} sh -c 'split -n l/{}/%d %s | grep -c ERROR'" % (count, count, log) + SUM,
    }


def run(bench):
    measure.put_in_page_cache(bench.log)
    os.environ["PARALLEL_HOME"] = str(bench.work / "parallel")
    (bench.work / "parallel").mkdir(exist_ok=True)
    with ExitStack() as stack:
        mount = stack.enter_context(peers.bigfs(bench))
        direct = stack.enter_context(peers.bigfs(bench, "--cache", "none"))
        chosen = commands(bench, mount, direct)
        agree(bench, chosen)
        pieces = [piece for view in ("lines", "lines@256M") for piece in Path(mount / "big.log", view).iterdir()]
        count = bench.size // CHUNK
        for name, cache in ((NULL, "kernel"), (NULL_NONE, "none")):
            null = stack.enter_context(peers.Null(bench, cache, count, CHUNK))
            pieces += [null / str(number) for number in range(count)]
            chosen[name] = "seq -f %s/%%g 0 %d | xargs -P2 -n1 grep -c ERROR" % (null.point, count - 1) + SUM

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
    """All ways must count the same, or the comparison is of nothing."""
    counts = {}
    for name, command in chosen.items():
        empty(bench.work / "parts")
        counts[name] = subprocess.run(["bash", "-c", command], capture_output=True, text=True).stdout.strip()
    if len(set(counts.values())) != 1 or not int(next(iter(counts.values()))):
        raise RuntimeError("the counts differ: %s" % counts)


def report(bench, kept):
    result = Result("pipeline", """`grep -c ERROR` over a log of %.1f GB in the page cache, two at a time, the counts added up; pieces of
64 MiB, or 256 as in the block of --pipepart, not read before but for "again", memory for them touched before
each run. `split` makes its files anew each time, in an empty directory. "A driver that does nothing" has as many files as `lines`, of
a log that it has in one buffer. Ratio: times as long as bigfs with `xargs -P2`.""" % (bench.size / 1e9), ["", "s", "least and most", "ratio"])
    names = list(kept[0])
    for name in names:
        result.add(name, measure.median(kept, name), "%.2f to %.2f" % measure.spread(kept, name),
                   "%.2f" % measure.ratio(kept, name, XARGS))
    bars(result, "grep -c over a log in the page cache, two at a time", "seconds", LOWER, [(name, measure.median(kept, name), name.startswith("bigfs") or name == XARGS_AGAIN) for name in names])
    for ours in (XARGS, PARALLEL):
        result.claim("%s: as fast as `parallel --pipepart`, times" % ours, measure.ratio(kept, PIPEPART, ours), 1.2)
    result.claim("%s: as fast as split and then the same, times" % XARGS, measure.ratio(kept, SPLIT_XARGS, XARGS), 2)
    result.claim("%s: as fast as split and then the same, times" % PARALLEL, measure.ratio(kept, SPLIT_PARALLEL, PARALLEL), 2)
    result.claim("%s: as fast as `split -n l/K/N`, times" % XARGS, measure.ratio(kept, CHUNKS, XARGS), 1)
    result.claim("%s: as fast as with a driver that does nothing, times" % XARGS, measure.ratio(kept, NULL, XARGS), NEAR)
    return result
