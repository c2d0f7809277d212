# SPDX-License-Identifier: MIT
"""Counting the rows of CSV beside counting the lines of the same file, on one processor."""

import random
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

import measure
import peers
from data import K, M, make_repeated
from report import HIGHER, Result, bars

BLOCK = 256 * K  # an index has a count for each
TEXT = b"two boxes of red and blue ink of the second choice for the office on the third floor " * 5
LINES, ROWS, INDEX = "lines", "CSV", "index"
WELL_FORMED, MALFORMED = 0.5, 0.125  # of the speed of counting lines, at least
SPACE = 0.02  # percent of the file for its index, at most

PLAIN = b"%06d,web-%02d,%s,%05d\n"
QUOTED = b'"%06d","web-%02d","%s","%05d"\n'
BROKEN = b'"%06d","web-%02d","of two\nlines: %s","%05d"\n'
INCH = b'%06d,web-%02d,6" %s,%05d\n'


class Kind(NamedTuple):
    """The rows of a file, the last row of each block, and how fast they must be counted."""
    row: bytes
    last: bytes
    least: float


KINDS = {
    "without quotes": Kind(PLAIN, PLAIN, WELL_FORMED),
    "every field quoted": Kind(QUOTED, QUOTED, WELL_FORMED),
    "quoted, with line breaks in fields": Kind(BROKEN, BROKEN, WELL_FORMED),
    "quoted, one malformed row in each block": Kind(QUOTED, INCH, MALFORMED),
    "an inch mark in every row": Kind(INCH, INCH, MALFORMED),
}


def make_rows(kind):
    """Whole blocks. The last row of each is as long as makes the block full."""
    dice = random.Random(7)

    def row(form, length):
        return form % (dice.randrange(10 ** 6), dice.randrange(16), TEXT[:length], dice.randrange(10 ** 5))
    rows = []
    for _ in range(16 * M // BLOCK):
        room = BLOCK
        while room > len(TEXT):
            rows.append(row(kind.row, dice.randrange(10, 90)))
            room -= len(rows[-1])
        rows.append(row(kind.last, room - len(row(kind.last, 0))))
    return b"".join(rows)


def command(path, directory, *options):
    return "taskset -c 0 %s --index --index-dir %s %s %s" % (peers.BIGFS, directory, " ".join(options), path)


def fresh_directory():
    """For an index: in memory, so that no disk is waited for."""
    return tempfile.TemporaryDirectory(prefix="bigfs-bench.", dir="/dev/shm")


def count(path, *options):
    with fresh_directory() as directory:
        said = measure.output_of(command(path, directory, *options).split())
    return int(re.search(r": (\d+) (?:lines|records), ", said)[1])


def agree(name, kind, path):
    """Rows of CSV are counted, and not lines."""
    lines, rows = count(path), count(path, "--format", "csv=csv")
    if lines != rows * kind.row.count(b"\n"):
        raise RuntimeError("%s: %d lines and %d rows" % (name, lines, rows))


def timed(path, *options):
    """Seconds, and the size of the index."""
    with fresh_directory() as directory:
        measure.warm(path)  # some machines take page cache back by themselves
        taken = measure.hyperfine(command(path, directory, *options))
        size = sum(file.stat().st_size for file in Path(directory).rglob("*") if file.is_file())
    if not size:
        raise RuntimeError("%s: no index was written" % path)
    return taken, size


def compare(path):
    def both():
        lines, _ = timed(path)
        rows, size = timed(path, "--format", "csv=csv")
        return {LINES: lines, ROWS: rows, INDEX: size}
    return both


def file_size(bench):
    return bench.size // 4


def run(bench):
    directory = bench.work / "csv"
    directory.mkdir(exist_ok=True)
    variants = {}
    for number, (name, kind) in enumerate(KINDS.items()):
        path = directory / ("%d.csv" % number)
        make_repeated(path, file_size(bench), lambda kind=kind: make_rows(kind))
        measure.put_in_page_cache(path)
        agree(name, kind, path)
        variants[name] = compare(path)
    return measure.flat(measure.rounds(2 * bench.rounds, variants))


def report(bench, kept):
    size = file_size(bench)
    result = Result("csv", """`taskset -c 0 bigfs --index` counts the lines of a file of %.2f GB, and then its rows of
CSV (`--format csv=csv`). The file is in the page cache, and the index is written to tmpfs. A malformed row has a quote
in the middle of an unquoted field, such as an inch mark; a block has 256 KiB. Speeds are in GB/s, medians of %d rounds;
higher is better. The ratio is the speed of CSV to that of lines in the same round. The last column is the size of the
index of CSV, in percent of the file.""" % (size / 1e9, len(kept)), ["", "lines", "CSV", "ratio", "index, %"])
    ratios = {name: measure.ratio(kept, "%s, %s" % (name, LINES), "%s, %s" % (name, ROWS)) for name in KINDS}
    space = {name: 100 * measure.median(kept, "%s, %s" % (name, INDEX)) / size for name in KINDS}
    for name in KINDS:
        lines, rows = (size / 1e9 / measure.median(kept, "%s, %s" % (name, what)) for what in (LINES, ROWS))
        result.add(name, lines, rows, "%.2f" % ratios[name], "%.4f" % space[name])
    bars(result, "Counting rows of CSV on one processor", "speed to that of counting lines", HIGHER,
         [(name, ratio, True) for name, ratio in ratios.items()])
    for name, kind in KINDS.items():
        result.claim("%s, speed to that of lines" % name, ratios[name], kind.least)
    result.claim("the largest index, of the file", max(space.values()), most=SPACE, unit="%")
    return result
