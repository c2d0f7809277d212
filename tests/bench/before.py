"""This build beside an older one, in turn: nothing may have become slower than KEPT of what it was.

BIGFS_BEFORE names the older binary. Each figure is the time of one run; each run has a mount of its own.
"""

import os
import subprocess
import time

import data
import measure
import peers
from data import M
from random_reads import fio
from report import Result

KEPT = 0.95
FILES, SMALL_FILES = 100, 4000
BEFORE, NOW = "before", "now"


def binary():
    return os.environ.get("BIGFS_BEFORE")


class Ground:
    """What is read."""

    def __init__(self, bench):
        self.bench, self.source = bench, bench.source
        self.many, self.small = bench.source / "many", bench.source / "small"
        self.many.mkdir(exist_ok=True)
        self.small.mkdir(exist_ok=True)
        block = data.log_lines(8 * M)
        for number in range(FILES):
            self._make(self.many / ("%03d.log" % number), block)
        for number in range(SMALL_FILES):
            self._make(self.small / ("%05d.txt" % number), block[:1000 + number])

    @staticmethod
    def _make(path, content):
        if not path.exists():
            path.write_bytes(content)
        past = time.time() - 3600  # at rest; the ctime, which cannot be set, ages while the rest is made
        os.utime(path, (past, past))

    def warm(self):
        for path in (self.bench.log, self.bench.part, *self.many.iterdir(), *self.small.iterdir()):
            measure.warm(path)


def first_looks(mount):
    """The first open of each of many files, and one byte."""
    start = time.perf_counter()
    for number in range(FILES):
        descriptor = os.open(mount / ("many/%03d.log/lines@1M/3" % number), os.O_RDONLY)
        os.pread(descriptor, 1, 0)
        os.close(descriptor)
    return (time.perf_counter() - start) / FILES


def read_small(mount):
    start = time.perf_counter()
    for number in range(SMALL_FILES):
        with open(mount / ("small/%05d.txt" % number), "rb", buffering=0) as file:
            file.read()
    return (time.perf_counter() - start) / SMALL_FILES


def command(text, times=1):
    def run(mount):
        started = time.perf_counter()
        for _ in range(times):
            subprocess.run(["bash", "-c", text.replace("MOUNT", str(mount.point)) + " | cat >/dev/null"], check=True)
        return (time.perf_counter() - started) / times
    return run


def twice(first):
    """The second of two runs on one mount."""
    def run(mount):
        first(mount)
        return first(mount)
    return run


def random_read(jobs):
    return lambda mount: fio(mount / "big.log/bytes@1G/0", jobs, 2) / 1e6


CAT = "cat MOUNT/big.log/bytes@1G/0"
CASES = {  # what: (how, the mount's options)
    "first look at a file at rest": (first_looks, ()),
    "small files, first": (read_small, ()),
    "small files, again": (twice(read_small), ()),
    "cat of 1 GiB, first": (command(CAT), ()),
    "cat of 1 GiB, again": (twice(command(CAT)), ()),
    "cat of 1 GiB, --cache none": (command(CAT), ("--cache", "none")),
    "4 KiB at random, 1 job": (random_read(1), ()),
    "4 KiB at random, 4 jobs": (random_read(4), ()),
    "4 KiB at random, 1 job, --cache none": (random_read(1), ("--cache", "none")),
    "4 KiB at random, 4 jobs, --cache none": (random_read(4), ("--cache", "none")),
    "ls -l of 4,096 of lines": (command("ls -l MOUNT/big.log/lines@n4096"), ()),
    "ls -l of 4,096 of lines, again": (twice(command("ls -l MOUNT/big.log/lines@n4096")), ()),
    "ls -l of 4,000 small files": (command("ls -l MOUNT/small"), ()),
    "find of 100,000 pieces": (command("find MOUNT/big.log/bytes@n100000 -type f"), ()),
    "table of 4,096 lines": (command("cat MOUNT/big.log/lines@n4096.tsv"), ()),
    "table of 16 pieces, again": (twice(command("cat MOUNT/big.log/lines@n16.tsv", 10)), ()),
    "grep of all lines, 2 jobs": (command("ls MOUNT/big.log/lines/* | xargs -P2 -n4 grep -c ERROR"), ()),
    "index, and 10 lines late": (command("sed -n 5p MOUNT/big.log/rows/-10"), ("--index-dir", "none")),
    "10 lines late, again": (twice(command("sed -n 5p MOUNT/big.log/rows/-10", 20)),
                             ("--index-dir", "none")),
}
COLD = {
    "first look at a file at rest, cold": (first_looks, ()),
    "cat of 1 GiB, cold": (command(CAT), ()),
}


def run(bench):
    ground = Ground(bench)

    def one(program, how, options, cold):
        def measured():
            if cold:
                subprocess.run(["sync"], check=True)
                with open("/proc/sys/vm/drop_caches", "w") as drop:
                    drop.write("3\n")
            argv = [program, "-f", "--min-size", "64K", *options, bench.source, "MOUNTPOINT"]
            with peers.Mount(bench.work, argv, env={"XDG_CACHE_HOME": str(bench.work / "cache")}) as mount:
                return how(mount)
        return measured

    def variants(cases, cold):
        return {"%s: %s" % (name, what): one(program, how, options, cold) for what, (how, options) in cases.items()
                for name, program in ((BEFORE, binary()), (NOW, peers.BIGFS))}
    ground.warm()
    kept = measure.rounds(bench.rounds + 2, variants(CASES, False))
    cold = measure.rounds(bench.rounds, variants(COLD, True))
    return {"warm": kept, "cold": cold}


def report(bench, kept):
    result = Result("before", "This build beside the one before, in turn: the middle of %d rounds, in ms; the ratio is that of "
                    "the pairs." % len(kept["warm"]), ["", "before", "now", "as fast as before, times"])
    for rounds in kept.values():
        for what in [name.split(": ", 1)[1] for name in rounds[0] if name.startswith(BEFORE)]:
            before, now = "%s: %s" % (BEFORE, what), "%s: %s" % (NOW, what)
            ratio = measure.ratio(rounds, before, now)
            result.add(what, 1e3 * measure.median(rounds, before), 1e3 * measure.median(rounds, now), ratio)
            result.claim(what, ratio, KEPT)
    return result
