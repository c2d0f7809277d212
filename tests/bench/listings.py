# SPDX-License-Identifier: MIT
"""Listings of many pieces."""

import os
import subprocess
import time

import measure
import peers
from data import make_files, make_marked
from report import LOWER, Result, bars

CASES = {  # what: (command, view, real files)
    "ls -l, 4,096 of bytes": ("ls -l %s", "big.log/bytes@n4096", 4096),
    "ls -l, 4,096 of lines": ("ls -l %s", "big.log/lines@n4096", 4096),
    "find, 100,000": ("find %s -type f", "big.log/bytes@n100000", 100000),
    "find -size, 100,000": ("find %s -size +1k", "big.log/bytes@n100000", 100000),
}
WANTED = list(CASES)[:3]


def run(bench):
    variants = {}
    for name, (command, view, count) in CASES.items():
        real = bench.work / ("files%d" % count)
        make_files(real, count)
        variants[name] = compare(bench, command, view, real)
    kept = measure.flat(measure.rounds(bench.rounds, variants))
    memory = million(bench)
    return [dict(one, **memory) for one in kept]


def compare(bench, command, view, real):
    """A fresh mount each time. Of the real files nothing but their directory's blocks is cached, or all."""
    def run_all():
        with open("/proc/sys/vm/drop_caches", "w") as drop:
            drop.write("2\n")
        figures = {"files": measure.hyperfine(command % real), "files again": measure.hyperfine(command % real)}
        with peers.bigfs(bench) as mount:
            figures["pieces"] = measure.hyperfine(command % (mount / view))
            figures["pieces again"] = measure.hyperfine(command % (mount / view))
        return figures
    return run_all


def file_system(directory):
    return subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", directory], check=True, capture_output=True, text=True).stdout.strip()


def million(bench):
    """The most memory of the daemon while a million names are listed."""
    directory = bench.work / "million"
    directory.mkdir(exist_ok=True)
    make_marked(directory / "million.log", 1 << 30, [0])
    with peers.bigfs(bench, source=directory) as mount:
        before = measure.memory(mount.process.pid)[measure.ANONYMOUS]
        with measure.MemoryWatch(mount.process.pid, 0.02) as watch:
            start = time.perf_counter()
            count = sum(1 for _ in os.scandir(mount / "million.log/bytes@n1000000"))
            taken = time.perf_counter() - start
    if count != 1000000:
        raise RuntimeError("%d names of a million" % count)
    return {"million, s": taken, "million, bytes": watch.most[measure.ANONYMOUS] - before}


def report(bench, kept):
    result = Result("listings", """Views of a file of %.1f GB are listed, and as many empty files on %s. "Fresh" means that the mount was
made just before, and that no name of the files was in memory, though their blocks were. "Again" is at once after that.
The figures are seconds; lower is better.""" % (bench.size / 1e9, file_system(bench.work)),
                    ["", "files, fresh", "pieces, fresh", "ratio", "files, again", "pieces, again", "ratio"])
    for name in CASES:
        fresh = measure.ratio(kept, name + ", pieces", name + ", files")
        again = measure.ratio(kept, name + ", pieces again", name + ", files again")
        result.add(name, measure.median(kept, name + ", files"), measure.median(kept, name + ", pieces"), "%.2f" % fresh,
                   measure.median(kept, name + ", files again"), measure.median(kept, name + ", pieces again"),
                   "%.2f" % again)
    bars(result, "Listings of pieces", "time to that of real files", LOWER, [
        ("%s, %s" % (name, when), measure.ratio(kept, name + ", pieces" + what, name + ", files" + what), True)
        for name in CASES for when, what in (("fresh", ""), ("again", " again"))])
    for name in WANTED:
        for when, what in (("fresh", ""), ("again", " again")):
            result.claim("%s, %s, time to that of real files" % (name, when),
                         measure.ratio(kept, name + ", pieces" + what, name + ", files" + what), most=5)
    result.claim("memory for a listing of a million pieces", kept[0]["million, bytes"] / 1e6, most=4, unit=" MB")
    return result
