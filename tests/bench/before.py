# SPDX-License-Identifier: MIT
"""This build and an older one in turn: nothing may be slower than KEPT of the older speed.

BIGFS_BEFORE names the older binary. Each run has a mount of its own. Lower figures are better.
"""

import os
import random
import statistics
import subprocess
import time
from typing import Callable, NamedTuple, Optional

import data
import footprint
import measure
import peers
from data import G, M
from random_reads import fio
from report import Result

KEPT = 0.95
FILES, SMALL_FILES, PIECES, LOOKUPS = 100, 4000, 4096, 200
LAST_LINE = 10000000  # of those that are looked up; a GiB has more
READER_SECONDS = 4
BEFORE, NOW = "before", "now"
SECONDS = {"s": 1, "ms": 1e3, "µs": 1e6}


class Figure(NamedTuple):
    """What is measured, in which unit, by which function of a mount; whether it is cold: nothing in the page cache."""
    what: str
    unit: str
    measured: Callable
    options: tuple = ()
    cold: bool = False
    processors: Optional[int] = None  # processors: threads as on a machine with so many


def binary():
    return os.environ.get("BIGFS_BEFORE")


# --- what is read ------------------------------------------------------------------------------------

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


# --- how it is measured: functions of a mount --------------------------------------------------------

def first_looks(mount):
    """The first open of each of many files, and one byte."""
    return each(FILES, lambda number: read_byte(mount / ("many/%03d.log/lines@1M/3" % number)))


def each(count, function):
    """Seconds for one of so many calls."""
    start = time.perf_counter()
    for number in range(count):
        function(number)
    return (time.perf_counter() - start) / count


def read_byte(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.pread(descriptor, 1, 0)
    finally:
        os.close(descriptor)


def read_all(path):
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def read_small(mount):
    return each(SMALL_FILES, lambda number: read_all(mount / ("small/%05d.txt" % number)))


def read_text(path, times=1):
    return lambda mount: each(times, lambda _: read_all(mount / path))


def stat_of(path, count):
    """stat of many names that differ in a number."""
    return lambda mount: each(count, lambda number: os.stat(mount / (path % number)))


def command(text):
    """Its output is discarded."""
    def run(mount):
        start = time.perf_counter()
        subprocess.run(["bash", "-o", "pipefail", "-c", text.replace("MOUNT", str(mount.point))], check=True,
                       stdout=subprocess.DEVNULL)
        return time.perf_counter() - start
    return run


def twice(first):
    """The second of two runs on one mount."""
    def run(mount):
        first(mount)
        return first(mount)
    return run


def random_read(jobs):
    return lambda mount: fio(mount / "big.log/bytes@1G/0", jobs, 2) / 1e6


def look_up_lines(mount):
    """Ten lines at random places, with an existing index."""
    read_all(mount / "big.log/rows/-10")
    dice = random.Random(11)
    first = [dice.randrange(1, LAST_LINE) for _ in range(LOOKUPS)]
    return each(LOOKUPS, lambda number: read_all(mount / ("big.log/rows/%d-%d" % (first[number], first[number] + 9))))


def readers(mount):
    """The most memory with many readers, in MB."""
    most = footprint.with_readers(mount, footprint.reads_of_pieces(mount), READER_SECONDS)["most"]
    return {kind: size / 1e6 for kind, size in most.items()}


CAT = command("cat MOUNT/big.log/bytes@1G/0")
GREP = command("ls MOUNT/big.log/lines/* | xargs -P2 -n4 grep -c ERROR | cat")
LS = command("ls -l MOUNT/big.log/lines@n%d" % PIECES)
TABLE = read_text("big.log/lines@n16.tsv", 100)
NONE, NO_INDEX = ("--cache", "none"), ("--index-dir", "none")
MANY = footprint.PROCESSORS

FIGURES = {
    "first": Figure("first byte of 100 files, each", "µs", first_looks),
    "small": Figure("small files, first, each", "µs", read_small),
    "small-again": Figure("small files, again, each", "µs", twice(read_small)),
    "cat": Figure("cat of 1 GiB, first", "ms", CAT),
    "cat-again": Figure("cat of 1 GiB, again", "ms", twice(CAT)),
    "cat-none": Figure("cat of 1 GiB, --cache none", "ms", CAT, NONE),
    "random-1": Figure("4 KiB at random, 1 job", "µs", random_read(1)),
    "random-4": Figure("4 KiB at random, 4 jobs", "µs", random_read(4)),
    "random-none-1": Figure("4 KiB at random, 1 job, --cache none", "µs", random_read(1), NONE),
    "random-none-4": Figure("4 KiB at random, 4 jobs, --cache none", "µs", random_read(4), NONE),
    "ls": Figure("ls -l of 4,096 of lines", "ms", LS),
    "ls-again": Figure("ls -l of 4,096 of lines, again", "ms", twice(LS)),
    "ls-small": Figure("ls -l of 4,000 small files", "ms", command("ls -l MOUNT/small")),
    "find": Figure("find of 100,000 pieces", "ms", command("find MOUNT/big.log/bytes@n100000 -type f")),
    "stat-bytes": Figure("stat of 4,096 of bytes, each", "µs", stat_of("big.log/bytes@n4096/%d", PIECES)),
    "stat-lines": Figure("stat of 4,096 of lines, each", "µs", stat_of("big.log/lines@n4096/%d", PIECES)),
    "stat-small": Figure("stat of 4,000 small files, each", "µs", stat_of("small/%05d.txt", SMALL_FILES)),
    "table": Figure("table of 4,096 lines", "ms", read_text("big.log/lines@n4096.tsv")),
    "table-again": Figure("table of 16 pieces, again", "µs", twice(TABLE)),
    "grep": Figure("grep of all lines, 2 jobs", "ms", GREP),
    "index": Figure("index, and 10 lines late", "ms", read_text("big.log/rows/-10"), NO_INDEX),
    "rows": Figure("10 lines at random, each", "µs", look_up_lines, NO_INDEX),
    "first-cold": Figure("first byte of 100 files, cold, each", "µs", first_looks, cold=True),
    "cat-cold": Figure("cat of 1 GiB, cold", "ms", CAT, cold=True),
    "cat-none-cold": Figure("cat of 1 GiB, --cache none, cold", "ms", CAT, NONE, cold=True),
    "grep-cold": Figure("grep of all lines, 2 jobs, cold", "ms", GREP, cold=True),
    "readers": Figure("64 readers, cold", "MB", readers, cold=True, processors=MANY),
    "readers-none": Figure("64 readers, --cache none, cold", "MB", readers, NONE, cold=True, processors=MANY),
}


def run(bench):
    """All that need the page cache, and then all that need it empty: each name of bench.figures is of FIGURES."""
    ground = Ground(bench)
    kept = {}
    for cold in (False, True):
        names = [name for name in bench.figures if FIGURES[name].cold == cold]
        if not names:
            continue
        if not cold:
            ground.warm()
        kept["cold" if cold else "warm"] = measure.rounds(bench.rounds, {
            "%s, %s" % (name, build): one(bench, program, FIGURES[name])
            for name in names for build, program in ((BEFORE, binary()), (NOW, peers.BIGFS))})
    return kept


def one(bench, program, figure):
    def measured():
        if figure.cold:
            measure.drop_everything()
        else:
            measure.warm(bench.log)  # some machines take page cache back by themselves
        measure.touch_free_memory(G * 5 // 4)
        with peers.bigfs(bench, "--min-size", "64K", *figure.options, program=program,
                         processors=figure.processors) as mount:
            return in_unit(figure.measured(mount), figure.unit)
    return measured


def in_unit(value, unit):
    return value * SECONDS[unit] if unit in SECONDS else value


def report(bench, kept):
    result = Result("before", """This build is measured beside the one before, in turn. The figures are medians of %d rounds; lower is better. The last
column is the ratio of the pairs; higher is better, and 1 is as before.""" % bench.rounds, ["", "unit", "before", "now", "before to now"])
    for rounds in kept.values():
        for name in (key.rsplit(", ", 1)[0] for key in rounds[0] if key.endswith(BEFORE)):
            figure = FIGURES[name]
            for kind in (None,) if figure.unit in SECONDS else footprint.KINDS:
                tell(result, figure, pairs(rounds, name, kind), kind)
    return result


def pairs(rounds, name, kind):
    def value(one, build):
        found = one["%s, %s" % (name, build)]
        return found if kind is None else found[kind]
    return [(value(one, BEFORE), value(one, NOW)) for one in rounds]


def tell(result, figure, found, kind):
    """Of time, how much of the speed is kept; of memory, whether the promise is kept. Mapped pages promise nothing."""
    what = figure.what if kind is None else "%s, %s memory" % (figure.what, kind)
    before, now = (statistics.median(column) for column in zip(*found))
    ratio = statistics.median(old / new for old, new in found)
    result.add(what, figure.unit, before, now, ratio)
    if kind is None:
        result.claim(what + ", speed to before", ratio, KEPT)
    elif kind == measure.ANONYMOUS:
        result.claim(what, now, most=footprint.OWN_MEMORY, unit=" MB")
