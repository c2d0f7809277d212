# SPDX-License-Identifier: MIT
"""Holes (DESIGN 3, sparse files): what a mount reports, compared with the bytes and answers of the source."""

import errno
import functools
import os
import random
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import harness
import model
import sparse
from harness import K, M, read, run
from sparse import (BLOCK, KEEP_SIZE, PUNCH, UNIT, blocks_now, blocks_of, cut, data_of, extents_table, fallocate,
                    name_of, opened, ranges_of, total, walk)
from support import KINDS, CommandTest, counter, errno_of, small_steps
from unruly import Unruly, rule

LISTED = {"extents", "extents.tsv"}


def on_each_kind(test):
    """A test that gets the root directory of a fresh file system, with a subtest for each kind."""
    @functools.wraps(test)
    def on_each(self):
        for kind in KINDS:
            with self.subTest(filesystem=kind):
                test(self, kind, self.filesystem(kind, 96 * M))
    return on_each


class HoleTest(harness.MountTest):
    """Sparse files on file systems of every kind."""

    def assert_walk(self, path, wanted):
        """SEEK_DATA and SEEK_HOLE report these extents, and st_blocks as many bytes."""
        with opened(path) as piece:
            self.assertEqual(walk(piece), wanted, path)
            self.assertEqual(blocks_now(piece), blocks_of(wanted), path)

    def shown(self, mount, *parts):
        """Whether a large file's directory lists `extents`, always together with its table."""
        found = LISTED & set(os.listdir(mount.p(*parts)))
        self.assertIn(found, (set(), LISTED))
        return bool(found)


# --- random files ----------------------------------------------------------------------------------------

class Subject(threading.Thread):
    """One file under random change, and three mounts of it, compared after each step."""

    METHODS = (("seek", "16K"), ("fiemap", "5000"), ("auto", "64K"))
    VIEWS = ("bytes", "bytes@n5", "bytes@n37", "bytes@7777", "lines", "lines@n3", "lines@n4,header",
             "lines@3000,header=2")
    STEPS = 250

    def __init__(self, test, root, seed):
        super().__init__(daemon=True)
        self.random, self.root, self.holes_seen, self.failure = random.Random(seed), root, 0, ""
        self.file = sparse.SparseFile(root / "f.log", self.random)
        test.addCleanup(self.file.close)
        self.mounts = [(test.mount(root, "--extents", method, "--chunk-size", chunk, "--min-size", "0",
                                   "--cache", "none"), method, chunk) for method, chunk in self.METHODS]
        for name in ("assertEqual", "assertTrue"):
            setattr(self, name, getattr(test, name))

    def run(self):
        what, method = "", ""
        try:
            for _ in range(self.STEPS):
                what = self.file.step()
                for mount, method, chunk in self.random.sample(self.mounts, 3):
                    self.check_at_rest(mount, method, chunk)
        except Exception as error:  # read by the test
            self.failure = "--extents %s, step %d (%s): %s" % (method, self.file.steps, what, error)

    def check_at_rest(self, mount, method, chunk):
        """Check everything at a moment when no dirty page got its blocks, and no page left the page cache."""
        for again in (True, True, True, True, False):
            before = self.moment()
            try:
                return self.check(mount, method, chunk)
            except AssertionError:
                if not again or self.moment() == before:
                    raise
                os.utime(self.file.fd)  # what the mount knows of extents may be from before, too

    def moment(self):
        return sparse.layout(self.file.fd), sparse.reclaimed()

    def check(self, mount, method, chunk):
        """Starts with the file itself. Its walk is compared with the source's before any byte that is not data is read,
        because cached pages of preallocated blocks count as data."""
        data = bytes(self.file.data)
        with opened(mount.p("f.log", "whole.log")) as whole:
            extents = walk(whole)
            self.assertEqual(extents, data_of(self.file.fd, method), "SEEK in whole.log")
            self.assertTrue(sparse.only_zeros_outside(data, extents), "a hole where there is data")
            self.assertTrue(os.pread(whole, len(data) + 1, 0) == data, "the content")
            self.assertEqual(blocks_now(whole), os.fstat(self.file.fd).st_blocks)
        self.holes_seen += total(extents) < len(data)
        starts = model.record_starts(data)
        for view in self.random.sample(self.VIEWS, 3):
            self.check_pieces(mount, method, view, chunk, data, extents, starts)
        if self.random.random() < 0.4:
            self.check_extents(mount, data, data_of(self.file.fd, method))

    def between(self, got, part, extents, method):
        """Whether a part of the file had or has this many bytes of data. Pages of preallocated blocks that were read
        ahead count as data."""
        now = data_of(self.file.fd, method)
        return total(cut(extents, part)) <= got <= total(cut(now, part))

    def check_pieces(self, mount, method, view, chunk, data, extents, starts):
        """A few pieces of a view, and now and then its table."""
        name, _, header = view.partition(",")
        kind, _, argument = name.partition("@")
        records = int(header.partition("=")[2] or 1) if header else 0
        pieces = ranges_of(kind, argument or chunk, data, starts, records)
        for number in self.random.sample(range(len(pieces)), min(2, len(pieces))):
            path = mount.p("f.log", view, str(number))
            content = b"".join(data[offset:offset + length] for offset, length in pieces[number])
            with opened(path) as piece:
                found = walk(piece)
                if found != cut(extents, pieces[number]):
                    self.assertEqual(found, cut(data_of(self.file.fd, method), pieces[number]), path)
                self.assertTrue(os.pread(piece, len(content) + 1, 0) == content, path)
                blocks = blocks_now(piece)
                self.assertTrue(any(blocks_of(cut(known, pieces[number])) == blocks
                                    for known in (extents, data_of(self.file.fd, method))), path)
        if self.random.random() < 0.2:
            rows = [row.split(b"\t") for row in read(mount.p("f.log", view + ".tsv")).splitlines()[1:]]
            self.assertEqual([tuple(map(int, row[1:3])) for row in rows], [own for _, own in pieces], view + ".tsv")
            for row, (_, own) in zip(rows, pieces):
                self.assertTrue(self.between(int(row[3]), [own], extents, method), (view, row))

    def check_extents(self, mount, data, extents):
        """The names and the table of `extents`. The extents, put at their offsets over zeros, are the file."""
        names = [name_of(extent) for extent in extents]
        self.assertEqual(os.listdir(mount.p("f.log", "extents")), names)
        self.assertEqual(read(mount.p("f.log", "extents.tsv")), extents_table(extents))
        self.assertEqual(bool(LISTED & set(os.listdir(mount.p("f.log")))), total(extents) < len(data), "listed")
        copy = bytearray(len(data))
        for (start, end), name in zip(extents, names):
            part = read(mount.p("f.log", "extents", name))
            self.assertEqual(len(part), end - start)
            copy[start:end] = part
        self.assertTrue(copy == data, "the extents over zeros")


class RandomTest(HoleTest):
    """Random changes, on all kinds of file systems at the same time, as most of the time is spent waiting for files to
    come to rest."""

    def test_random_changes(self):
        """Writes, fallocate in every mode and truncates: content, SEEK_DATA and SEEK_HOLE, the names in extents, the
        tables and st_blocks are those of the source, with every way of finding holes."""
        seed = harness.seed("test_random_changes")
        subjects = {kind: Subject(self, self.filesystem(kind, 64 * M), seed + n) for n, kind in enumerate(KINDS)}
        for subject in subjects.values():
            subject.start()
        for kind, subject in subjects.items():
            subject.join()
            with self.subTest(filesystem=kind, BIGFS_SEED=seed):
                self.assertEqual(subject.failure, "")
                self.assertGreater(subject.holes_seen, subject.STEPS)

    def test_the_core(self):
        """The unit tests of extents and of holes that change, thousands of steps more, on each kind."""
        tests = os.path.join(os.path.dirname(harness.BIGFS), "tests")
        roots = {kind: str(self.filesystem(kind, 64 * M)) for kind in KINDS}
        for name in ("test_extents", "test_holes_changing"):
            program = os.path.join(tests, name)
            self.require(os.access(program, os.X_OK), "%s is not built" % program)
            running = {kind: subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                              env=dict(os.environ, BIGFS_TEST_DIR=roots[kind])) for kind in KINDS}
            for kind, process in running.items():
                with self.subTest(filesystem=kind, program=name):
                    output = process.communicate()[0].decode(errors="replace")
                    self.assertEqual(process.returncode, 0, output)


# --- seeking ---------------------------------------------------------------------------------------------

class SeekTest(HoleTest):
    """lseek on pieces, to the letter."""

    #      0        1U       2U       3U       4U       5U + 100
    #      | header, hole... | data   | hole   | data   | hole |
    SIZE = 5 * UNIT + 100
    PLACES = {0: b"name,value\n", UNIT: b"line of text\n" * (UNIT // 13) + b"\n" * (UNIT % 13), 3 * UNIT: b"x" * UNIT}

    def setUp(self):
        super().setUp()
        self.data = sparse.make(self.source / "h.log", self.SIZE, self.PLACES)
        self.extents = [(0, sparse.BLOCK), (UNIT, 2 * UNIT), (3 * UNIT, 4 * UNIT)]
        with opened(self.source / "h.log") as source:
            self.require(walk(source) == self.extents, "no holes of %d bytes here" % UNIT)
        self.m = self.mount(None, "--chunk-size", "64K")

    def seek(self, path, whence, offset):
        """The place, or the name of the error."""
        with opened(path) as piece:
            try:
                return os.lseek(piece, offset, whence)
            except OSError as error:
                return errno.errorcode[error.errno]

    def assert_seeks(self, path, *answers):
        """Each is (offset, SEEK_DATA's answer, SEEK_HOLE's answer)."""
        for offset, data, hole in answers:
            self.assertEqual(self.seek(path, os.SEEK_DATA, offset), data, "%s: SEEK_DATA %d" % (path, offset))
            self.assertEqual(self.seek(path, os.SEEK_HOLE, offset), hole, "%s: SEEK_HOLE %d" % (path, offset))

    def test_whole(self):
        """At each border, one before and one after; at the end, beyond it, and before the beginning."""
        for name in ("whole.log", "whole", "bytes@1T/0", "bytes/0+1T", "bytes/-1T"):
            self.assert_seeks(
                self.m.p("h.log", name), (0, 0, 4 * K), (4 * K - 1, 4 * K - 1, 4 * K), (4 * K, UNIT, 4 * K),
                (UNIT - 1, UNIT, UNIT - 1), (UNIT, UNIT, 2 * UNIT), (2 * UNIT - 1, 2 * UNIT - 1, 2 * UNIT),
                (2 * UNIT, 3 * UNIT, 2 * UNIT), (4 * UNIT - 1, 4 * UNIT - 1, 4 * UNIT), (4 * UNIT, "ENXIO", 4 * UNIT),
                (self.SIZE - 1, "ENXIO", self.SIZE - 1), (self.SIZE, "ENXIO", "ENXIO"),
                (self.SIZE + 1, "ENXIO", "ENXIO"), (1 << 62, "ENXIO", "ENXIO"), (-1, "ENXIO", "ENXIO"),
                (-self.SIZE, "ENXIO", "ENXIO"))

    def test_pieces(self):
        """A piece that is all data has a hole at its end; one that is all hole has no data."""
        bytes_ = self.m.p("h.log", "bytes")
        self.assert_seeks(bytes_ + "/1", (0, 0, UNIT), (UNIT - 1, UNIT - 1, UNIT), (UNIT, "ENXIO", "ENXIO"))
        self.assert_seeks(bytes_ + "/2", (0, "ENXIO", 0), (1, "ENXIO", 1), (UNIT - 1, "ENXIO", UNIT - 1),
                          (UNIT, "ENXIO", "ENXIO"))
        self.assert_seeks(bytes_ + "/5", (0, "ENXIO", 0), (99, "ENXIO", 99), (100, "ENXIO", "ENXIO"))
        self.assert_seeks(bytes_ + "/%d+20" % (UNIT - 10), (0, 10, 0), (9, 10, 9), (10, 10, 20), (19, 19, 20))
        self.assert_seeks(bytes_ + "/%d+20" % (2 * UNIT - 10), (0, 0, 10), (9, 9, 10), (10, "ENXIO", 10))
        self.assert_seeks(self.m.p("h.log", "extents", name_of(self.extents[1])), (0, 0, UNIT),
                          (UNIT - 1, UNIT - 1, UNIT), (UNIT, "ENXIO", "ENXIO"))
        self.assert_seeks(self.m.p("h.log", "lines@n1000", "999"), (0, "ENXIO", "ENXIO"))  # it is empty

    def test_all_ranges(self):
        """Every view, and ranges around every border, by the model."""
        starts = model.record_starts(self.data)
        for kind, argument, header in (("bytes", "n7", 0), ("bytes", "10000", 0), ("bytes", "64K", 0),
                                       ("lines", "n7", 0), ("lines", "50000", 0), ("lines", "n3", 1),
                                       ("lines", "20K", 3), ("lines", "n5", 100000)):
            view = "%s@%s%s" % (kind, argument, ",header=%d" % header if header else "")
            for number, ranges in enumerate(ranges_of(kind, argument, self.data, starts, header)):
                self.assert_walk(self.m.p("h.log", view, str(number)), cut(self.extents, ranges))
        borders = sorted({0, self.SIZE, *sum(self.extents, ())})
        for start in {max(0, border + by) for border in borders for by in (-1, 0, 1)}:
            for end in {border + by for border in borders for by in (-1, 0, 1)}:
                if start < end and start < self.SIZE:
                    self.assert_walk(self.m.p("h.log", "bytes", "%d+%d" % (start, end - start)),
                                     cut(self.extents, [(start, end - start)]))

    def test_header(self):
        """The header's data comes before a piece's own, and joins it if that is data, too."""
        pieces, head = self.m.p("h.log", "lines@64K,header"), len(b"name,value\n")
        self.assert_seeks(pieces + "/0", (0, 0, 4 * K), (head, head, 4 * K), (4 * K, UNIT, 4 * K),
                          (UNIT, UNIT, UNIT + 13), (UNIT + 13, "ENXIO", "ENXIO"))
        full = head + UNIT - 13  # up to where the data of the second unit ends
        self.assert_seeks(pieces + "/1", (0, 0, full), (head - 1, head - 1, full), (head, head, full),
                          (full - 1, full - 1, full), (full, "ENXIO", "ENXIO"))
        self.assert_seeks(pieces + "/2", (0, 0, head), (head - 1, head - 1, head), (head, head + UNIT, head),
                          (head + UNIT - 1, head + UNIT, head + UNIT - 1), (head + UNIT, head + UNIT, head + 2 * UNIT),
                          (head + 2 * UNIT, "ENXIO", head + 2 * UNIT), (head + 3 * UNIT + 100, "ENXIO", "ENXIO"))
        self.assert_seeks(pieces + "/3", (0, 0, head), (head, "ENXIO", "ENXIO"))  # no line begins in it

    def test_other_seeks(self):
        """SEEK_SET, SEEK_CUR and SEEK_END work as usual, and reads follow every seek."""
        with opened(self.m.p("h.log", "whole.log")) as whole:
            self.assertEqual(os.lseek(whole, 0, os.SEEK_END), self.SIZE)
            self.assertEqual(os.lseek(whole, -self.SIZE, os.SEEK_CUR), 0)
            self.assertEqual(os.lseek(whole, 2 * UNIT, os.SEEK_DATA), 3 * UNIT)
            self.assertEqual(os.read(whole, 100), b"x" * 100)
            self.assertEqual(os.lseek(whole, 0, os.SEEK_CUR), 3 * UNIT + 100)
            self.assertEqual(os.lseek(whole, 0, os.SEEK_HOLE), 4 * K)
            self.assertEqual(os.read(whole, 100), bytes(100))
            self.assertEqual(os.lseek(whole, 5, os.SEEK_SET), 5)
            self.assertEqual(os.read(whole, 5), b"value")

    def test_generated_files(self):
        """Tables and the files in .bigfs are data up to their end. Asking them for holes does no harm."""
        for parts in (("h.log", "bytes.tsv"), ("h.log", "extents.tsv"), (".bigfs", "version"), (".bigfs", "metrics")):
            path = self.m.p(*parts)
            with opened(path) as file:
                size = os.fstat(file).st_size
                self.assertEqual(os.lseek(file, 0, os.SEEK_DATA), 0, path)
                self.assertEqual(os.lseek(file, 0, os.SEEK_HOLE), size, path)
                self.assertEqual(errno_of(os.lseek, file, size, os.SEEK_DATA), "ENXIO", path)
                self.assertEqual(os.lseek(file, 0, os.SEEK_SET), 0)
                start = os.read(file, 8)
                self.assertEqual(os.lseek(file, 3, os.SEEK_SET), 3)
                self.assertEqual(os.read(file, 5), start[3:])
                self.assertEqual(os.lseek(file, 0, os.SEEK_END), size)
                self.assertEqual(os.fstat(file).st_blocks, (size + 511) // 512)
        self.assert_seeks(self.m.p("h.log", "whole"), (0, 0, 4 * K))

    def test_small_files(self):
        """A file that stays a file reports its holes and has its own blocks, like the source."""
        size = 3 * UNIT
        small = sparse.make(self.source / "small.bin", size, {UNIT: b"s" * UNIT})
        mount = self.mount(None, "--min-size", "1M")
        self.assertEqual(read(mount.p("small.bin")), small)
        self.assert_seeks(mount.p("small.bin"), (0, UNIT, 0), (UNIT, UNIT, 2 * UNIT), (2 * UNIT, "ENXIO", 2 * UNIT),
                          (size - 1, "ENXIO", size - 1), (size, "ENXIO", "ENXIO"))
        self.assert_seeks(mount.p("h.log"), (4 * K, UNIT, 4 * K), (self.SIZE - 1, "ENXIO", self.SIZE - 1))
        for name in ("small.bin", "h.log"):
            self.assertEqual(os.stat(mount.p(name)).st_blocks, os.stat(self.source / name).st_blocks)

    def test_single_file(self):
        """SOURCE is the file itself."""
        mount = self.mount(self.source / "h.log", "--chunk-size", "64K")
        self.assert_walk(mount.p("h.log", "bytes", "3"), [(0, UNIT)])
        self.assertEqual(os.listdir(mount.p("h.log", "extents")), list(map(name_of, self.extents)))


# --- names -------------------------------------------------------------------------------------------------

class NameTest(HoleTest):
    """Names that are listed, and names that are found."""

    @on_each_kind
    def test_names(self, kind, root):
        """An extent is found by its listed name, its unpadded offset or numbers with suffixes, and by nothing else."""
        data = sparse.make(root / "h.log", 6 * UNIT, {UNIT: b"a" * UNIT, 4 * UNIT: b"b" * (2 * UNIT)})
        mount = self.mount(root, "--chunk-size", "64K")
        self.assertTrue(self.shown(mount, "h.log"))
        listed = ["000000000065536+65536", "000000000262144+131072"]
        self.assertEqual(os.listdir(mount.p("h.log", "extents")), listed)
        for name in (listed[0], "65536+65536", "64K+64K", "64k+65536", "000000000065536+64K"):
            self.assertEqual(read(mount.p("h.log", "extents", name)), b"a" * UNIT, name)
        for name in (listed[1], "256K+128K"):
            self.assertEqual(read(mount.p("h.log", "extents", name)), data[4 * UNIT:], name)
        for name in ("65536+65535", "65536+65537", "65535+65537", "65537+65535", "64K+1T", "0+65536", "0+384K",
                     "131072+131072", "65536+327680", "256K+64K", "320K+64K", "384K+1", "1T+1", "64K+0", "0+0",
                     "-65536", "-131072", "-1", "000000", "0", "1", "000000.log", listed[0] + ".log", "65536+",
                     "+65536", "64K-64K", "extents", "65536+65536+1", " 65536+65536", "0x10000+65536"):
            self.assertEqual(errno_of(os.stat, mount.p("h.log", "extents", name)), "ENOENT", name)
        for name in ("extents@", "extents@64K", "extents@n2", "extents@header", "extents@n2.tsv", "extents@.tsv",
                     "extents,header", "extents.log", "extents.xxh12"):
            self.assertEqual(errno_of(os.stat, mount.p("h.log", name)), "ENOENT", name)

    @on_each_kind
    def test_files_without_holes(self, kind, root):
        """Listed only if there are holes. By name there is one piece, or none for an all-hole file."""
        sparse.make(root / "full.log", 0, {0: b"f" * 3 * UNIT})
        sparse.make(root / "hole.log", 3 * UNIT)
        sparse.make(root / "last.log", 3 * UNIT, {0: b"f" * UNIT})
        sparse.make(root / "prealloc.log", 0)
        sparse.change(root / "prealloc.log", (fallocate, 0, 0, 3 * UNIT))
        sparse.make(root / "zeroed.log", 3 * UNIT, {0: b"f" * UNIT, 2 * UNIT: b"f" * UNIT})
        sparse.change(root / "zeroed.log", (fallocate, 0, UNIT, UNIT))
        mount = self.mount(root, "--chunk-size", "64K")
        whole = ["000000000000000+%d" % (3 * UNIT)]
        for name, shown, names in (("full", False, whole), ("hole", True, []), ("prealloc", False, whole),
                                   ("last", True, ["000000000000000+65536"]), ("zeroed", False, whole)):
            name += ".log"
            with self.subTest(file=name):
                self.assertEqual(self.shown(mount, name), shown)
                self.assertEqual(os.listdir(mount.p(name, "extents")), names)
                table = read(mount.p(name, "extents.tsv"))
                self.assertEqual(table.count(b"\n"), 1 + len(names))
                self.assertTrue(table.startswith(b"name\toffset\tlength\tdata_bytes\n"))
                self.assertEqual(read(mount.p(name, "whole")), read(root / name))
                with opened(mount.p(name, "whole")) as piece:
                    self.assertEqual(list(map(name_of, walk(piece))), names)
                self.assertEqual(os.stat(mount.p(name, "whole")).st_blocks, os.stat(root / name).st_blocks)
        self.assert_walk(mount.p("hole.log", "bytes", "1"), [])
        self.assert_walk(mount.p("prealloc.log", "bytes", "1"), [(0, UNIT)])

    def test_views_option(self):
        """--views lists extents only when it names it, and even then only for files that have holes."""
        sparse.make(self.source / "h.log", 4 * UNIT, {UNIT: b"a" * UNIT})
        self.write("full.log", b"f" * 4 * UNIT)
        for form in (["--views", "extents"], ["-o", "views=extents:whole"], ["--views=bytes,whole"]):
            mount = self.mount(None, "--chunk-size", "64K", *form)
            self.assertEqual(self.shown(mount, "h.log"), "extents" in form[-1])
            self.assertFalse(self.shown(mount, "full.log"))
            self.assertEqual(os.listdir(mount.p("h.log", "extents")), ["000000000065536+65536"])
            mount.unmount()

    @on_each_kind
    def test_thousands_of_extents(self, kind, root):
        """5000 blocks of data with holes between: the listing in small steps, and the table in odd ones."""
        block, count = sparse.BLOCK, 5000
        generator = random.Random(5)
        parts = {2 * n * block: generator.randbytes(8) * (block // 8) for n in range(count)}
        data = sparse.make(root / "many.bin", 2 * count * block, parts)
        extents = [(offset, offset + block) for offset in parts]
        names = [name_of(extent) for extent in extents]
        with opened(root / "many.bin") as source:
            self.assertEqual(walk(source), extents)
        mount = self.mount(root, "--chunk-size", "1M")
        directory = mount.p("many.bin", "extents")
        self.assertEqual(small_steps(directory, 700), names)
        self.assertEqual(os.listdir(directory), names)
        wanted = extents_table(extents)
        with opened(directory + ".tsv") as table:
            got = []
            while part := os.read(table, 777):
                got.append(part)
            self.assertEqual(b"".join(got), wanted)
            for offset in (100000, 7, 55555, 0, 150001, len(wanted) - 3):
                self.assertEqual(os.pread(table, 333, offset), wanted[offset:offset + 333])
        with opened(mount.p("many.bin", "whole.bin")) as whole:
            self.assertEqual(walk(whole), extents)
        self.assertTrue(read(mount.p("many.bin", "whole.bin")) == data)
        for number in (0, 1, 2500, 4998, 4999):
            start, end = extents[number]
            self.assertEqual(read(os.path.join(directory, names[number])), data[start:end])
        rows = [row.split(b"\t") for row in read(mount.p("many.bin", "bytes.tsv")).splitlines()[1:]]
        self.assertEqual([int(row[3]) for row in rows],
                         [total(cut(extents, r)) for r in ranges_of("bytes", "1M", data, [])])

    def test_unreadable_file(self):
        """A file that the daemon may not read still lists its pieces, with sizes, and has no holes."""
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "setpriv and root are needed")
        sparse.make(self.source / "h.log", 4 * UNIT, {UNIT: b"a" * UNIT})
        os.chmod(self.source / "h.log", 0)
        mount = self.mount(None, "--chunk-size", "64K",
                           wrapper=("setpriv", "--bounding-set=-dac_override,-dac_read_search"))
        self.assertFalse(self.shown(mount, "h.log"))
        rows = run("ls", "-l", mount.p("h.log", "bytes")).decode().splitlines()[1:]
        self.assertEqual([(row.split()[4], row.split()[8]) for row in rows],
                         [("65536", "%06d" % k) for k in range(4)])
        for number in range(4):
            with opened(mount.p("h.log", "bytes", str(number)), os.O_PATH) as piece:
                self.assertEqual((os.fstat(piece).st_blocks, blocks_now(piece)), (128, 128))
        self.assertEqual(errno_of(os.open, mount.p("h.log", "bytes", "1"), os.O_RDONLY), "EACCES")
        self.assertEqual(errno_of(os.listdir, mount.p("h.log", "extents")), "EACCES")
        os.chmod(self.source / "h.log", 0o600)
        self.assertEqual(os.listdir(mount.p("h.log", "extents")), ["000000000065536+65536"])


# --- ways of finding holes ------------------------------------------------------------------------------------

# Runs a program for which lseek(2) does not support SEEK_DATA and SEEK_HOLE, and with "both" FIEMAP does not work
# either. Uses a seccomp filter that answers EINVAL and EOPNOTSUPP. Only for x86-64.
WITHOUT_SEEK = """
import ctypes, os, struct, sys
LOAD, EQUAL, RETURN, ALLOW, ERRNO = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050000
op = lambda code, value, yes=0, no=0: struct.pack("HBBI", code, yes, no, value)
code = [op(LOAD, 0), op(EQUAL, 8, 0, 4), op(LOAD, 32), op(EQUAL, 3, 1), op(EQUAL, 4, 0, 5), op(RETURN, ERRNO | 22),
        op(EQUAL, 16, 0, 3), op(LOAD, 24), op(EQUAL, 0xC020660B if sys.argv[1] == "both" else 1, 0, 1),
        op(RETURN, ERRNO | 95), op(RETURN, ALLOW)]
text = ctypes.create_string_buffer(b"".join(code))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(text)))
if ctypes.CDLL(None, use_errno=True).prctl(22, 2, program, 0, 0):
    raise OSError(ctypes.get_errno(), "seccomp")
os.execvp(sys.argv[2], sys.argv[2:])
"""


class MethodTest(HoleTest):
    """--extents."""

    def subject(self, root):
        """A file of data, zeros, preallocated blocks and holes; its bytes."""
        path = root / "h.log"
        data = sparse.make(path, 9 * UNIT + 77, {0: b"head\n" * 9000, 2 * UNIT: bytes(UNIT), 5 * UNIT: b"x" * 3 * UNIT})
        sparse.change(path, (fallocate, KEEP_SIZE, 3 * UNIT, UNIT), (fallocate, KEEP_SIZE | PUNCH, 6 * UNIT, UNIT))
        return data[:6 * UNIT] + bytes(UNIT) + data[7 * UNIT:]

    def check(self, root, data, method, mount):
        """Everything that depends on the method."""
        with opened(root / "h.log") as source:
            extents = data_of(source, method)
            for number in range(10):
                piece = (number * UNIT, min(UNIT, len(data) - number * UNIT))
                self.assert_walk(mount.p("h.log", "bytes", str(number)), cut(extents, [piece]))
        with opened(mount.p("h.log", "whole")) as whole:
            self.assertEqual(walk(whole), extents)
        self.assertTrue(read(mount.p("h.log", "whole")) == data)
        self.assertEqual(self.shown(mount, "h.log"), total(extents) < len(data))
        self.assertEqual(os.listdir(mount.p("h.log", "extents")), list(map(name_of, extents)))
        for view in ("bytes", "lines@n4"):
            for row in read(mount.p("h.log", view + ".tsv")).splitlines()[1:]:
                _, offset, length, data_bytes = row.split(b"\t")
                wanted = total(cut(extents, [(int(offset), int(length))]))
                self.assertEqual(int(data_bytes), wanted, (view, row))
        self.assertEqual(counter(mount, "bigfs_hole_bytes_total") > 0, total(extents) < len(data))
        return extents

    @on_each_kind
    def test_each_on_each(self, kind, root):
        """The content is right by every method, and each reports the holes that it can find."""
        data = self.subject(root)
        holes = {}
        for method in ("auto", "seek", "fiemap", "none"):
            for form in (["--extents", method], ["-o", "extents=" + method]):
                mount = self.mount(root, "--chunk-size", "64K", "--cache", "none", *form)
                self.assertRegex(read(mount.p(".bigfs", "status")), rb"(?m)^option: +--extents %s$" % method.encode())
                holes[method] = len(data) - total(self.check(root, data, method, mount))
                mount.unmount()
        self.assertGreaterEqual(holes["seek"], 3 * UNIT)
        self.assertEqual(holes["auto"], holes["seek"])
        self.assertEqual(holes["fiemap"] > 0, kind != "tmpfs")
        self.assertEqual(holes["none"], 0)

    @on_each_kind
    def test_auto_without_seek(self, kind, root):
        """Without SEEK_HOLE, FIEMAP is used; without both, all is data."""
        self.require(os.uname().machine == "x86_64" and os.geteuid() == 0, "the seccomp filter is for root on x86-64")
        data = self.subject(root)
        for blind, method, means in (("seek", "auto", "fiemap"), ("seek", "seek", "none"),
                                     ("both", "auto", "none"), ("both", "fiemap", "none")):
            mount = self.mount(root, "--chunk-size", "64K", "--extents", method,
                               wrapper=(sys.executable, "-c", WITHOUT_SEEK, blind))
            self.check(root, data, means, mount)
            mount.unmount()

    def test_a_file_system_without_either(self):
        """On a file system whose SEEK_HOLE reports no holes for files with fewer blocks than bytes, all is data."""
        data = self.subject(self.source)
        point = Path(Unruly(self, self.source, rules=[rule("lseek", "errno", errno.ENOSYS)]).path)
        with opened(point / "h.log") as plain:
            self.assertLess(os.fstat(plain).st_blocks, len(data) // 512)
            self.assertEqual(walk(plain), [(0, len(data))])
            self.assertIsNone(sparse.fiemap(plain))
        for method in ("auto", "seek", "fiemap", "none"):
            mount = self.mount(point, "--chunk-size", "64K", "--extents", method)
            self.assertEqual(self.check(point, data, "none", mount), [(0, len(data))])
            self.assertEqual(os.listdir(mount.p("h.log", "extents")), ["000000000000000+%d" % len(data)])
            self.assertTrue(read(mount.p("h.log", "extents", "0+%d" % len(data))) == data)
            mount.unmount()

    def test_a_preallocated_block_within_a_page(self):
        """On ext4 with small blocks the source's SEEK_DATA finds data where such a block ends, and SEEK_HOLE a hole.
        There are no such data, and a mount says so. (Once the page has been read, perhaps for a sample of the content,
        the kernel takes the block for data, which is allowed.)"""
        root = self.filesystem("ext4", 64 * M)  # so small that mkfs.ext4 makes blocks of 1 KiB
        blocks = [(0, 2 * BLOCK), (15 * BLOCK + 3 * K, 16 * BLOCK)]
        read_since = [blocks[0], (15 * BLOCK, 15 * BLOCK + K), blocks[1]]
        data = sparse.make(root / "h.log", 35 * BLOCK, {start: b"x" * (end - start) for start, end in blocks})
        with opened(root / "h.log", os.O_RDWR) as source:
            os.posix_fallocate(source, 15 * BLOCK, 1)
            for method in ("auto", "seek"):
                mount = self.mount(root, "--extents", method, "--min-size", "0")
                with opened(mount.p("h.log", "whole.log")) as whole:
                    self.assertIn(walk(whole), (blocks, read_since))
                    self.assertIn(data_of(source, method), (blocks, read_since))
                    self.assertTrue(os.pread(whole, len(data) + 1, 0) == data)

    @on_each_kind
    def test_fiemap_in_many_answers(self, kind, root):
        """A thousand extents, more than fit into one answer, and dirty ones, which are not in the map yet."""
        if kind != "tmpfs":
            parts = {n * 2 * sparse.BLOCK: b"%04d" % n * K for n in range(1000)}
            data = sparse.make(root / "many.bin", 2000 * sparse.BLOCK + 5, parts)
            mount = self.mount(root, "--chunk-size", "64K", "--extents", "fiemap", "--cache", "none")
            self.assertTrue(read(mount.p("many.bin", "whole")) == data)
            with opened(mount.p("many.bin", "whole")) as whole, opened(root / "many.bin") as source:
                self.assertEqual(walk(whole), walk(source))
            self.assertEqual(os.listdir(mount.p("many.bin", "extents")),
                             [name_of((offset, offset + sparse.BLOCK)) for offset in parts])


class WrongMethodTest(CommandTest):
    """A value that --extents does not accept."""

    def test_wrong_values(self):
        """Exit 2, one line."""
        for value in ("", "SEEK", "all", "seek,fiemap", "auto ", "0"):
            self.assert_refused(2, "--extents=" + value, self.source, self.point, about="extents")
        self.assert_refused(2, "-o", "extents=holes", self.source, self.point, about="extents")
        self.assert_refused(2, "-o", "extents", self.source, self.point, about="extents")


if __name__ == "__main__":
    harness.main()
