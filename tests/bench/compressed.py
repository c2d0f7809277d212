# SPDX-License-Identifier: MIT
"""Compressed files: counting in parallel, the map, lines from the end, random reads, memory; beside each format's tools."""

import os
import random
import statistics
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import footprint
import measure
import peers
import pipeline
from data import K, make_service_log, need_room
from report import HIGHER, Result, bars

PLAIN = "plain.log"
TEN = 10  # lines
MAPPED_MOST = 0.1  # percent of the plain size for a map, at most
OWN_MOST = 67 + footprint.OWN_MEMORY  # MB, with --decode-memory 64M

COUNT, PIPE, FAST = "count", "pipe", "fast"
MAP, MAP_SIZE, INDEX, TEST, IGZIP = "map", "map size", "index", "test", "igzip"
LINES, SED = "ten lines", "sed"
READ, PLAIN_READ = "4 KiB", "4 KiB of the plain file"
OWN, RESIDENT = "own memory", "resident memory"


class Kind(NamedTuple):
    """How a kind of file is made, and the tools that read it: to a pipe, on both processors, and to test it."""
    name: str
    make: str
    pipe: str
    fast: str
    test: str
    igzip: bool  # can test it, too (of 4 GiB of BGZF, igzip 2.30 says that it is damaged)
    count_least: float  # of the speed of the pipe
    lines_least: float
    map_least: float  # of the speed of the test


KINDS = {
    "gzip": Kind("gzip.log.gz", "gzip -6 -c", "zcat", "pigz -dc", "gzip -t", True, 2, 100, 1),
    "BGZF": Kind("bgzf.log.gz", "bgzip -@2 -c", "zcat", "bgzip -dc -@2", "gzip -t", False, 2, 100, 1),
    "zstd": Kind("zstd.log.zst", "pzstd -q -p2 -c", "zstd -q -dc", "pzstd -q -dc -p2", "zstd -q -t", False, 0, 100, 1),
    "xz": Kind("xz.log.xz", "xz -1 -T2 --block-size=24MiB -c", "xz -dc", "xz -dc -T2", "xz -t -T2", False, 0, 100, 1),
}


# --- data ---------------------------------------------------------------------------------------------

def source(bench):
    return bench.work / "compressed"


def make_file(bench, kind):
    """Anew if the log is; whole or not at all."""
    plain, path = source(bench) / PLAIN, source(bench) / kind.name
    if path.exists() and path.stat().st_mtime >= plain.stat().st_mtime:
        return
    bench.say("%s of the log" % kind.make.split()[0])
    beside = path.with_suffix(".part")
    with open(beside, "wb") as file:
        subprocess.run([*kind.make.split(), str(plain)], stdout=file, stderr=subprocess.DEVNULL, check=True)
    beside.rename(path)


def make_data(bench):
    source(bench).mkdir(exist_ok=True)
    if not (source(bench) / PLAIN).exists():
        need_room(bench.work, 2 * bench.size)
    make_service_log(source(bench) / PLAIN, bench.size)
    for kind in KINDS.values():
        make_file(bench, kind)
        measure.put_in_page_cache(source(bench) / kind.name)
    measure.put_in_page_cache(source(bench) / PLAIN)


# --- mounts, each with an index directory of its own --------------------------------------------------

def index_directory(bench, name):
    return bench.work / "indexes" / name


def empty_index_directory(bench, name):
    directory = index_directory(bench, name)
    directory.parent.mkdir(exist_ok=True)
    pipeline.empty(directory)
    return directory


@contextmanager
def mounted(bench, name, **options):
    index_directory(bench, name).mkdir(parents=True, exist_ok=True)
    with peers.bigfs(bench, "--index-dir", index_directory(bench, name), source=source(bench), **options) as mount:
        yield mount


def plain_of(mount, kind):
    return Path(mount / kind.name) / "plain"


# --- what is measured ---------------------------------------------------------------------------------

def counts(bench, kind, mount):
    """Seconds to count by each way, all of which must agree."""
    commands = {COUNT: pipeline.by_xargs(plain_of(mount, kind) / "lines"),
                PIPE: "%s %s | grep -c ERROR" % (kind.pipe, source(bench) / kind.name),
                FAST: "%s %s | grep -c ERROR" % (kind.fast, source(bench) / kind.name)}
    taken, found = {}, {}
    for way, command in commands.items():
        measure.warm(source(bench) / kind.name)
        for piece in (plain_of(mount, kind) / "lines").iterdir():
            measure.forget(piece)
        measure.touch_free_memory(bench.size + (1 << 29))
        taken[way], found[way] = measure.seconds_and_number(command)
    if len(set(found.values())) != 1 or not found[COUNT]:
        raise RuntimeError("%s: the counts differ: %s" % (kind.name, found))
    return taken


def maps(bench, kind):
    """Seconds to make the map, to make it and count the lines, and to test the file."""
    path = source(bench) / kind.name
    measure.warm(path)
    taken = {MAP: first_look(bench, kind)}
    directory = empty_index_directory(bench, "maps")
    taken[INDEX] = measure.hyperfine("%s --index --index-dir %s %s" % (peers.BIGFS, directory, path))
    taken[MAP_SIZE] = map_size(directory)
    taken[TEST] = measure.hyperfine("%s %s" % (kind.test, path))
    if kind.igzip:
        taken[IGZIP] = measure.hyperfine("igzip -t %s" % path)
    return taken


def map_size(directory):
    return sum(file.stat().st_size for file in directory.rglob("*.map"))


def first_look(bench, kind):
    """Seconds until a name in `plain` is found on a fresh mount, which has no map."""
    empty_index_directory(bench, "maps")
    with mounted(bench, "maps") as mount:
        return measure.seconds(os.stat, plain_of(mount, kind) / "whole.log")


def line_count(bench):
    return int(measure.output_of(["wc", "-l", str(source(bench) / PLAIN)]).split()[0])


def ten_lines(bench, kind, mount, dice, count):
    """Seconds to print ten lines of the last twentieth of a file, by both ways."""
    first = dice.randrange(count - count // 20, count - TEN)
    last = first + TEN - 1
    start = time.perf_counter()
    ours = measure.output_of(["cat", str(plain_of(mount, kind) / ("rows/%d-%d" % (first, last)))])
    middle = time.perf_counter()
    command = "%s %s | sed -n '%d,%dp;%dq'" % (kind.pipe, source(bench) / kind.name, first, last, last)
    theirs = measure.output_of(["bash", "-c", command + "; exit 0"])
    if ours not in theirs or ours.count("\n") != TEN:  # the tool may complain of the closed pipe
        raise RuntimeError("%s: lines %d to %d differ" % (kind.name, first, last))
    return {LINES: middle - start, SED: time.perf_counter() - middle}


def random_reads(path, dice, size, count):
    """Seconds for a read of 4 KiB, the median of some on a file of which the page cache has nothing."""
    measure.forget(path)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return statistics.median(
            measure.seconds(os.pread, descriptor, 4 * K, 4 * K * dice.randrange(size // (4 * K))) for _ in range(count))
    finally:
        os.close(descriptor)


def reads(bench, kind, mount, dice):
    count = 20 * bench.rounds
    return {READ: random_reads(plain_of(mount, kind) / "whole.log", dice, bench.size, count),
            PLAIN_READ: random_reads(Path(mount / PLAIN) / "whole.log", dice, bench.size, count)}


def memory(bench, kind):
    """Bytes of memory of a daemon with many readers, and threads as on a large machine."""
    with mounted(bench, "used", processors=footprint.PROCESSORS) as mount:
        lines = plain_of(mount, kind) / "lines"
        pieces = len(os.listdir(lines))
        found = footprint.with_readers(mount, lambda dice, done: footprint.read_in_steps(
            lines / str(dice.randrange(pieces)), done))
        return {OWN: found["most"][measure.ANONYMOUS], RESIDENT: measure.most_resident(mount.process.pid)}


def figures_of(bench, kind, mount, lines):
    dice = random.Random(11)

    def measure_all():
        return {**counts(bench, kind, mount), **maps(bench, kind), **ten_lines(bench, kind, mount, dice, lines),
                **reads(bench, kind, mount, dice)}
    return measure_all


def run(bench):
    make_data(bench)
    empty_index_directory(bench, "used")
    lines = line_count(bench)
    with mounted(bench, "used") as mount:
        for kind in KINDS.values():
            (plain_of(mount, kind) / "rows/1-1").read_bytes()  # so that the index is there
        kept = measure.rounds(min(bench.rounds, 3), {name: figures_of(bench, kind, mount, lines) for name, kind in KINDS.items()},
                              warmups=0)
    kept = measure.flat(kept)
    for name, kind in KINDS.items():
        kept[0].update({figure(name, what): size for what, size in memory(bench, kind).items()})
    return kept


# --- report -------------------------------------------------------------------------------------------

TEXT = """A log of %.1f GB was compressed by `gzip -6`, `bgzip`, `pzstd` and `xz -1 -T2` with blocks of 24 MiB, as
larger levels have. It shrank to a seventh. The files are in the page cache. `grep -c ERROR` counts in `plain/lines`, two
pieces at a time, into a pipe; the map is there, and nothing of the mount is in the page cache. "A pipe" is `zcat`, `zcat`,
`zstd -dc` and `xz -dc` to `grep -c`; "a pipe that uses both processors" is `pigz -dc`, `bgzip -dc -@2`, `pzstd -dc -p2`
and `xz -dc -T2`. Making the map is the first look into `plain` on a fresh mount; `bigfs --index` also counts the lines. Both
are compared with `gzip -t`, `zstd -t` and `xz -t -T2`. Ten lines of the last twentieth of the file
come by `cat plain/rows/A-B`, or from the pipe by `sed -n 'A,Bp;Bq'`. Reads of 4 KiB at random places of `plain/whole.log`
are by pread(2), nothing being in the page cache; their ratio is to those of the plain file on the same mount. %d readers
read random pieces from a daemon with threads as on %d processors; "own" is its anonymous memory. Figures are medians of
%d rounds, and ratios those of the same round."""


def figure(name, what):
    return "%s, %s" % (name, what)


class Figures:
    """Of one run, as cells for the kinds of file."""

    def __init__(self, kept):
        self.kept = kept

    def has(self, name, what):
        return figure(name, what) in self.kept[0]

    def medians(self, what, unit=1.0):
        return ["%.3g" % (measure.median(self.kept, figure(name, what)) / unit) if self.has(name, what) else ""
                for name in KINDS]

    def single(self, what, unit):
        return ["%.3g" % (self.kept[0][figure(name, what)] / unit) for name in KINDS]

    def ratio(self, name, over, under):
        return measure.ratio(self.kept, figure(name, over), figure(name, under))

    def ratios(self, over, under):
        return ["%.3g" % self.ratio(name, over, under) if self.has(name, over) else "" for name in KINDS]


def add_rows(result, found, size):
    milli, mega = 1e-3, 1e6
    result.add("counting in `plain/lines`, s", *found.medians(COUNT))
    result.add("a pipe, s", *found.medians(PIPE))
    result.add("a pipe that uses both processors, s", *found.medians(FAST))
    result.add("speed to that of a pipe", *found.ratios(PIPE, COUNT))
    result.add("speed to that of a pipe with both", *found.ratios(FAST, COUNT))
    result.add("making the map, s", *found.medians(MAP))
    result.add("`bigfs --index`, s", *found.medians(INDEX))
    result.add("testing the file, s", *found.medians(TEST))
    result.add("`igzip -t`, s", *found.medians(IGZIP))
    result.add("speed of the map to the test", *found.ratios(TEST, MAP))
    result.add("speed of `--index` to the test", *found.ratios(TEST, INDEX))
    result.add("speed of the map to `igzip -t`", *found.ratios(IGZIP, MAP))
    result.add("size of the map, % of the plain size", *found.medians(MAP_SIZE, size / 100))
    result.add("ten lines, ms", *found.medians(LINES, milli))
    result.add("`sed` of a pipe, s", *found.medians(SED))
    result.add("speed of ten lines to `sed`", *found.ratios(SED, LINES))
    result.add("4 KiB at random, ms", *found.medians(READ, milli))
    result.add("time to that of a plain file", *found.ratios(READ, PLAIN_READ))
    result.add("memory of the daemon, own, MB", *found.single(OWN, mega))
    result.add("memory of the daemon, all (VmHWM), MB", *found.single(RESIDENT, mega))


def report(bench, kept):
    found = Figures(kept)
    text = TEXT % (bench.size / 1e9, footprint.READERS, footprint.PROCESSORS, len(kept))
    result = Result("compressed", text, ["", *KINDS])
    add_rows(result, found, bench.size)
    bars(result, "Counting in compressed files, two at a time", "speed to that of a pipe", HIGHER,
         [bar for name in KINDS for bar in ((name + ", plain/lines", found.ratio(name, PIPE, COUNT), True),
                                            (name + ", " + KINDS[name].fast, found.ratio(name, PIPE, FAST), False))])
    for name, kind in KINDS.items():
        if kind.count_least:
            result.claim("%s, counting, speed to `%s`" % (name, kind.pipe), found.ratio(name, PIPE, COUNT), kind.count_least)
        else:
            result.compare("%s, counting, speed to `%s`" % (name, kind.pipe), found.ratio(name, PIPE, COUNT))
        result.compare("%s, counting, speed to `%s`" % (name, kind.fast), found.ratio(name, FAST, COUNT))
    for name, kind in KINDS.items():
        result.claim("%s, the map, speed to `%s`" % (name, kind.test), found.ratio(name, TEST, MAP), kind.map_least)
    for name, kind in KINDS.items():
        result.claim("%s, ten lines, speed to `sed`" % name, found.ratio(name, SED, LINES), kind.lines_least)
    for name in KINDS:
        result.claim("%s, %d readers, own memory" % (name, footprint.READERS), kept[0][figure(name, OWN)] / 1e6,
                     most=OWN_MOST, unit=" MB")
    result.claim("the largest map, of the plain size",
                 max(100 * measure.median(kept, figure(name, MAP_SIZE)) / bench.size for name in KINDS),
                 most=MAPPED_MOST, unit="%")
    return result
