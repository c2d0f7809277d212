# SPDX-License-Identifier: MIT
"""`rows` (DESIGN 2, 3 and 4): the content of pieces, ranges and tables, files that change, and waiting for an index."""

import os
import random
import signal
import subprocess
import time

import harness
import model
import sparse
from harness import K, M, read, run, seed, wait_for
from rowing import (ENDING, GOING_ON, MIDDLE, WIDTH, HeldTest, RowSubject, in_place, indexing, longer, numbered, ragged,
                    scanned, warnings)
from support import CACHES, LAG, CommandTest, assert_alive, errno_of, read_once, start
from test_cover import shapes

MANY = 250  # pieces: finer cuts of long files are left to short ones
CUTS = ["1", "2", "7", "100", "1000", "1K", "4k", "1M"]


def row_shapes():
    """Files of every kind that a count of lines could get wrong: {name: content}."""
    generator = random.Random(5)
    found = {name: data for name, data in shapes().items() if data}
    found.update({
        "one-line": b"a single line", "one-line-lf.txt": b"a single line\n", "only-lf": b"\n" * 2500,
        "only-lf-many": b"\n" * (512 * K + 3), "cr-and-nul.log": b"a\r\0\r\n\0\n\r\n" * 900 + b"\0",
        "lf-at-the-seams": b"".join(b"s" * (256 * K - 1) + b"\n" for _ in range(5)),
        "lf-behind-the-seams": b"".join(b"\n" + b"s" * (256 * K - 1) for _ in range(5)),
        "long-lines.log": b"".join(b"l" * generator.randrange(300 * K) + b"\n" for _ in range(40)),
        "large.log": ragged(3, 3 * M), "many.suffix.es": ragged(4, 300 * K), ".dot": ragged(5, 300 * K),
        "blank-lines": b"x\n\n\n\ny\n\n" * 400, "late.log": b"z" * (2 * M) + b"\n1\n2",
    })
    return found


class ShapeTest(harness.MountTest):
    """Every shape in many cuts, against the model."""

    def setUp(self):
        super().setUp()
        self.shapes = row_shapes()
        for name, data in self.shapes.items():
            self.write(name, data)
        self.rows = {name: model.Rows(data) for name, data in self.shapes.items()}

    def check_view(self, directory, view, rows, count, header=0):
        """Names, contents, sizes and table; without a header, cover and whole lines."""
        where = os.path.join(directory, view)
        contents = rows.contents(count, header)
        names = model.piece_names("rows", len(contents), os.path.basename(directory))
        self.assertEqual(sorted(os.listdir(where)), names, where)
        for name, wanted in zip(names, contents):
            size, got = read_once(os.path.join(where, name))
            self.assertEqual(size, len(wanted), "%s/%s" % (where, name))
            self.assertTrue(got == wanted, "%s/%s: %r..., must be %r..." % (where, name, got[:40], wanted[:40]))
        self.assertEqual(read(where + ".tsv"), rows.table(names, count, header), where)
        if not header:  # without the model
            self.assertTrue(b"".join(read(os.path.join(where, name)) for name in names) == rows.data, where)

    def test_shapes(self):
        """rows@N, with and without the kernel's cache."""
        for cache in CACHES:
            mount = self.mount(None, "--min-size", "0", "--cache", cache)
            for name, rows in self.rows.items():
                for cut in CUTS:
                    if rows.count <= MANY * model.count_of(cut):
                        with self.subTest(name=name, rows=cut, cache=cache):
                            self.check_view(mount.p(name), "rows@" + cut, rows, model.count_of(cut))

    def test_headers(self):
        """rows@N,header=H; the header has more lines than a piece, and than the file."""
        mount = self.mount(None, "--min-size", "0")
        for name, rows in self.rows.items():
            for cut, header in ((1, 1), (3, 2), (2, 7), (100, 1), (1000, 2500), (5000, 10 ** 12)):
                if rows.count <= MANY * cut and len(rows.data) < M:
                    for view in ["rows@%d,header=%d" % (cut, header), "rows@header=%d,%d" % (header, cut),
                                 *["rows@%d,header" % cut] * (header == 1)]:
                        with self.subTest(name=name, view=view):
                            self.check_view(mount.p(name), view, rows, cut, header)

    def test_the_default_view(self):
        """`rows` by --rows and by --header; a million without."""
        for options, count, header in ((["--rows", "300"], 300, 0), (["--rows=2K"], 2000, 0), ([], 10 ** 6, 0),
                                       (["-o", "rows=500,header=2"], 500, 2)):
            mount = self.mount(None, "--min-size", "0", *options)
            for name, rows in self.rows.items():
                if rows.count <= MANY * count:
                    with self.subTest(name=name, options=options):
                        self.check_view(mount.p(name), "rows", rows, count, header)

    def test_names(self):
        """Padded or not, with the extension or without; everything else is ENOENT."""
        mount = self.mount(None, "--min-size", "0")
        for name in ("large.log", "many.suffix.es", ".dot"):
            rows, suffix = self.rows[name], model.extension(name)
            wanted = rows.contents(100)
            where = mount.p(name, "rows@100")
            for number in (0, 7, len(wanted) - 1):
                for leaf in [stem + end for stem in ("%d" % number, "%06d" % number) for end in ("", suffix)]:
                    self.assertTrue(read(os.path.join(where, leaf)) == wanted[number], leaf)
            for leaf in ("%d" % len(wanted), "%06d" % len(wanted), "00007", "0000007", "7.txt", "7.", "x", " 7", "7 ",
                         "+7", "-", "+", "1-", "1+", "7x", "0x7", "18446744073709551616", "18446744073709551623"):
                self.assertEqual(errno_of(os.stat, os.path.join(where, leaf)), "ENOENT", leaf)

    def test_wrong_arguments(self):
        """ENOENT, for the directory and for the table."""
        mount = self.mount(None, "--min-size", "0")
        for argument in ("0", "n0", "n4K", "n4,5", "from=1", "to=1", "1T", "5,5", "header=0", "header,header", "", ",", "5,", ",5", "-5", "+5", "5.5",
                         "0x5", "5 ", "1KK", "n", "header=", "header=x", "5,header=1K", "18446744073709551616",
                         "header5", "5;header"):
            for view in ("rows@" + argument, "rows@" + argument + ".tsv"):
                self.assertEqual(errno_of(os.stat, mount.p("large.log", view)), "ENOENT", view)
        self.assertEqual(errno_of(os.stat, mount.p("large.log", "row")), "ENOENT")


class WrongOptionTest(CommandTest):
    """A value that --rows does not take."""

    def test_wrong_values(self):
        """Exit 2, one line."""
        for value in ("", "0", "-1", "n4", "1T", "5x", "1.5", "10,header", "99999999999999999999"):
            self.assert_refused(2, "--rows=" + value, self.source, self.point, about="rows")
        self.assert_refused(2, "-o", "rows=0", self.source, self.point, about="rows")
        self.assert_refused(2, "-o", "rows", self.source, self.point, about="rows")
        self.assert_refused(2, "--index-dir=", self.source, self.point, about="index-dir")


class RangeTest(harness.MountTest):
    """rows/A-B, rows/A+COUNT and rows/-COUNT."""

    def setUp(self):
        super().setUp()
        self.files = {"large.log": ragged(1, 2 * M)[:-1] + b"x", "short": b"1\n2\n3", "lf": b"\n" * 3000,
                      "one": b"x" * 600000, "huge.txt": numbered(10) + b"h" * (3 * M) + b"\n" + numbered(10)}
        for name, data in self.files.items():
            self.write(name, data)

    def test_against_the_model(self):
        """Random ranges, also with suffixes, in views of all kinds."""
        generator = random.Random(seed("ranges"))
        mount = self.mount(None, "--min-size", "0")
        for name, data in self.files.items():
            rows = model.Rows(data)
            for _ in range(150):
                first = generator.choice((1, rows.count, generator.randrange(1, rows.count + 1)))
                count = generator.choice((1, 2, generator.randrange(1, rows.count + 10), 10 ** 12))
                leaf = generator.choice(("%d-%d" % (first, first + count - 1), "%d+%d" % (first, count), "-%d" % count,
                                         "%d+1K" % first, "%d-1M" % first, "-1k", "-2G"))
                view = generator.choice(("rows", "rows@7", "rows@10,header=3"))
                with self.subTest(name=name, view=view, leaf=leaf):
                    size, got = read_once(mount.p(name, view, leaf))
                    wanted = rows.find("rows/" + leaf, 1)
                    self.assertEqual(size, len(wanted))
                    self.assertTrue(got == wanted, "%r..., must be %r..." % (got[:40], wanted[:40]))

    def test_against_the_tools(self):
        """sed -n A,Bp, head and tail print the same."""
        mount = self.mount(None, "--min-size", "0")
        for name, data in self.files.items():
            path, lines = self.source / name, model.Rows(data).count
            for first, last in {(1, 1), (1, lines), (lines, lines), ((lines + 1) // 2, lines), (lines, lines + 5),
                                (max(1, lines // 3), max(1, lines // 3) + 20)}:
                wanted = run("sed", "-n", "%d,%dp" % (first, last), path)
                for leaf in ("%d-%d" % (first, last), "%d+%d" % (first, last - first + 1)):
                    self.assertTrue(read(mount.p(name, "rows", leaf)) == wanted, (name, leaf))
            for count in {1, 2, lines, lines + 1}:
                for tool, leaf in (("tail", "-%d"), ("head", "1+%d")):
                    wanted = run(tool, "-n", str(count), path)
                    self.assertTrue(read(mount.p(name, "rows", leaf % count)) == wanted, (name, tool, count))

    def test_what_is_no_range(self):
        """ENOENT: it starts beyond the end, it ends before it starts, line 0, no lines."""
        mount = self.mount(None, "--min-size", "0")
        for name, data in self.files.items():
            lines = model.Rows(data).count
            for leaf in ("%d-%d" % (lines + 2, lines + 9), "%d+1" % (lines + 2), "1G-2G", "0-1", "0+1", "0-0", "2-1",
                         "1+0", "-0", "1--2", "1-2-3", "1+2+3", "--1", "1T+1", "1-2.log", "1-2x", "a-b", "1 -2"):
                self.assertEqual(errno_of(os.stat, mount.p(name, "rows", leaf)), "ENOENT", (name, leaf))

    def test_behind_the_last_line(self):
        """Where the file may grow: an empty piece, or none."""
        mount = self.mount(None, "--min-size", "0")
        for name, data in self.files.items():
            found = read_once(mount.p(name, "rows", "%d+5" % (model.Rows(data).count + 1)))
            self.assertIn(found, [(0, b""), ("ENOENT", None)])


class FilesTest(harness.MountTest):
    """Pieces are ordinary files; tables are exact; listings cost nothing."""

    def test_attributes(self):
        """ls -l, du and the table say what is read; a piece of a file without holes has all its blocks."""
        data = ragged(2, 3 * M)
        self.write("app.log", data)
        mount = self.mount(None, "--min-size", "0", "--rows", "900")
        wanted = model.Rows(data).contents(900)
        names = model.piece_names("rows", len(wanted), "app.log")
        listed = [line.split() for line in run("ls", "-l", mount.p("app.log/rows")).decode().splitlines()[1:]]
        self.assertEqual([(words[8], int(words[4])) for words in listed], [(n, len(c)) for n, c in zip(names, wanted)])
        for name, content in zip(names, wanted):
            found = os.stat(mount.p("app.log/rows", name))
            self.assertEqual((found.st_blocks, found.st_blksize), ((len(content) + 511) // 512, M), name)

    def test_sparse_files(self):
        """Holes are passed unscanned, their lines are counted right, and table and blocks tell the data of a piece."""
        root = self.filesystem("ext4", 64 * M)
        lines = numbered(64 * K // WIDTH)
        parts = {0: lines, 2 * M: lines, 40 * M: b"\n" + lines[1:], 100 * M - 64 * K: lines}
        sparse.make(root / "holes.log", 100 * M + 5, parts)
        mount, where = self.mount(root, "--min-size", "0"), "holes.log/rows@1000"
        rows = model.Rows(read(root / "holes.log"))
        with open(root / "holes.log", "rb") as source:
            def data_bytes(offset, length):
                total, place, end = 0, offset, offset + length
                while place < end:
                    try:
                        first = min(end, os.lseek(source.fileno(), place, os.SEEK_DATA))
                    except OSError:
                        break
                    place = min(end, os.lseek(source.fileno(), first, os.SEEK_HOLE)) if first < end else end
                    total += place - first
                return total
            names = os.listdir(mount.p(where))
            self.assertEqual(read(mount.p(where + ".tsv")), rows.table(names, 1000, 0, data_bytes))
            for name, (offset, length, _, _) in zip(names, rows.cut(1000)):
                self.assertTrue(read(mount.p(where, name)) == rows.data[offset:offset + length], name)
                used = os.stat(mount.p(where, name)).st_blocks * 512
                self.assertLessEqual(abs(used - data_bytes(offset, length)), 512)
        self.assertLess(scanned(mount), M)

    def test_two_files_of_the_same_records(self):
        """Paired FASTQ: records of other lengths, cut at the same records."""
        generator = random.Random(9)
        for name, longest in (("r1.fastq", 150), ("r2.fastq", 90)):
            self.write(name, b"".join(
                b"@r%d\n%s\n+\n%s\n" % (n, b"ACGT"[n % 4:n % 4 + 1] * length, b"@" * length)
                for n in range(20500) for length in [generator.randrange(1, longest)]))
        mount = self.mount(None, "--min-size", "0")
        pieces = os.listdir(mount.p("r1.fastq/rows@4000"))
        self.assertEqual((len(pieces), pieces), (21, os.listdir(mount.p("r2.fastq/rows@4000"))))
        for number, piece in enumerate(pieces):
            one, two = (read(mount.p(name, "rows@4000", piece)).splitlines()[::4]
                        for name in ("r1.fastq", "r2.fastq"))
            self.assertEqual(one, two)
            self.assertEqual((one[0], len(one)), (b"@r%d" % (number * 1000), 500 if number == 20 else 1000))

    def test_listings(self):
        """`rows` is found by name always, listed once the index is there, also by the next daemon; a walk of the mount
        scans nothing."""
        names = ("app.log", "other.log", "grows.log")
        for number, name in enumerate(names):
            self.write(name, numbered(20000, number))
        plain = ["bytes", "bytes.tsv", "lines", "lines.tsv", "whole.log"]
        full = plain[:4] + ["rows", "rows.tsv"] + plain[4:]
        mount = self.mount(None, "--min-size", "0")
        run("find", mount.path, "-ls")
        run("ls", "-lR", mount.path)
        self.assertTrue(os.path.isdir(mount.p("app.log/rows")) and os.path.isfile(mount.p("app.log/rows.tsv")))
        self.assertEqual((os.listdir(mount.p("app.log")), scanned(mount)), (plain, 0))
        read(mount.p("app.log/rows/0"))
        read(mount.p("grows.log/rows.tsv"))
        self.assertEqual([os.listdir(mount.p(name)) for name in names], [full, plain, full])
        (self.source / "app.log").write_bytes(numbered(20001, 5))
        wait_for(lambda: os.listdir(mount.p("app.log")) == plain, LAG, "an index of what the file was is none")
        mount.unmount()
        longer(self.source / "grows.log", b"x" * 4000, 1)
        mount = self.mount(None, "--min-size", "0")
        run("find", mount.path, "-maxdepth", "2", "-ls")
        self.assertEqual([os.listdir(mount.p(name)) for name in names], [plain, plain, full])
        self.assertEqual(scanned(mount), 0)
        mount = self.mount(None, "--min-size", "0", "--views", "lines,whole")
        read(mount.p("grows.log/rows/0"))
        self.assertEqual(os.listdir(mount.p("grows.log")), ["lines", "lines.tsv", "whole.log"])


class ChangesTest(harness.MountTest):
    """DESIGN 4: never a wrong line."""

    NAMES = ["rows/000000.log", "rows/000001.log", "rows/000009.log", "rows@50/000003.log",
             "rows@100,header=2/000001.log", "rows/5-40", "rows/300+50", "rows/-20"]

    def subject(self, name):
        return RowSubject(self.source / "data" / (name + ".log"), 100 * K, self.NAMES, 100)

    def setUp(self):
        super().setUp()
        (self.source / "data").mkdir()

    def start(self, cache):
        return self.mount(self.source / "data", "--min-size", "0", "--rows", "100", "--cache", cache)

    def assert_fresh(self, mount, subject):
        """A fresh open gives the lines of the file as it is now, and so does the table."""
        for name in subject.names:
            wanted = subject.holds(name)
            size, got = read_once(subject.at(mount, name))
            self.assertEqual(size, "ENOENT" if wanted is None else len(wanted), (subject.name, name))
            self.assertTrue(got == wanted, "%s of %s: not what the file holds now" % (name, subject.name))
        rows = model.Rows(subject.content)
        names = model.piece_names("rows", len(rows.cut(100)), subject.name)
        self.assertEqual(read(subject.at(mount, "rows.tsv")), rows.table(names, 100))

    def each_change(self, changes):
        for cache in CACHES:
            mount = self.start(cache)
            for how in changes:
                subject = self.subject("%s-%s" % (how.__name__, cache))
                with self.subTest(change=how.__name__, cache=cache):
                    old = subject.open_all(mount)
                    self.assertTrue(all(handle.read_all() for handle in old[::2]))
                    for _ in range(3):
                        subject.change(how)
                        self.assert_fresh(mount, subject)
                        yield how, subject, old
                    [handle.close() for handle in old]
            assert_alive(self, mount)
            self.assertEqual(warnings(mount), [])

    def test_rewritten_truncated_replaced(self):
        """Also with the same size and mtime: old handles give old lines or ESTALE, fresh ones the new lines."""
        for how, subject, old in self.each_change(ENDING):
            left = list(old)

            def none_left():
                left[:] = [handle for handle in left if not handle.is_stale()]
                return not left
            wait_for(none_left, LAG, "ESTALE of %s after %s" % ([h.path for h in old], how.__name__))

    def test_only_the_ctime_tells(self):
        """Rewritten between the first and last 4 KiB and the mtime set back: fresh opens give the new lines. (To old
        handles it is the same generation by DESIGN 4.)"""
        for _ in self.each_change([MIDDLE]):
            pass

    def test_grown_or_another_mode(self):
        """Old handles go on."""
        for how, subject, old in self.each_change(GOING_ON):
            self.assertEqual([handle.path for handle in old if not handle.read_all()], [], how.__name__)

    def test_copied(self):
        """To another name, with the same times and other lines: each has its own."""
        mount = self.start("kernel")
        one = self.subject("one")
        self.assert_fresh(mount, one)
        other = self.subject("other")
        run("cp", "-p", one.path, other.path)
        other.contents = [one.content]
        self.assert_fresh(mount, other)
        other.change(in_place)
        run("touch", "-r", one.path, other.path)
        self.assert_fresh(mount, other)
        self.assert_fresh(mount, one)

    def test_a_thousand_appends(self):
        """Each followed by reads of random ranges, as sed would print them; every byte is scanned once."""
        generator = random.Random(seed("appends"))
        path = self.write("app.log", ragged(0, 300 * K))
        mount, rows = self.mount(None, "--min-size", "0"), model.Rows(read(path))
        with open(path, "ab", buffering=0) as file:
            for number in range(1000):
                more = ragged(number, generator.randrange(1, 6000))
                more = more[:-1] + b"!" if generator.random() < 0.5 else more  # the last line goes on next time
                file.write(more)
                rows.append(more)
                for _ in range(2):
                    first = generator.choice((generator.randrange(1, rows.count + 1), max(1, rows.count - 3)))
                    count = generator.randrange(1, 50)
                    got = read(mount.p("app.log/rows", "%d-%d" % (first, first + count - 1)))
                    self.assertTrue(got == rows.lines(first, count), (number, first, count))
                self.assertTrue(read(mount.p("app.log/rows/-%d" % (1 + number % 30)))
                                == rows.find("rows/-%d" % (1 + number % 30), 1), number)
                self.assertEqual(scanned(mount), len(rows.data), "after append %d" % number)
        self.assertTrue(rows.data == read(path) and rows.starts == model.record_starts(rows.data), "the model")


class WaitingTest(HeldTest):
    """Only readers that need it wait for a scan that does not end."""

    def test_nothing_else_waits(self):
        """The same file in other views, other files' rows, listings and .bigfs, while several readers wait."""
        mount = self.start_held()
        names = ("rows/000001.log", "rows@5K/7", "rows/-10", "rows.tsv")
        readers = [self.reader("cat", mount.p("big.log", name)) for name in names]
        readers.append(self.reader("ls", mount.p("big.log/rows@100K")))
        self.await_held(mount, *readers)
        self.assertRegex(indexing(mount)[0], r"^indexing: +big\.log: [0-9]+%, [0-9]+ of 100663296 bytes$")
        for number in range(4):
            self.assertTrue(read(mount.p("big.log/lines/%d" % number)) == self.data[number * M:(number + 1) * M])
            self.assertTrue(read(mount.p("big.log/bytes/%d" % number)) == self.data[number * M:(number + 1) * M])
        self.assertTrue(harness.pread(mount.p("big.log/whole.log"), M, 4 * M) == self.data[4 * M:5 * M])
        self.assertEqual(os.listdir(mount.p("big.log")), ["bytes", "bytes.tsv", "lines", "lines.tsv", "whole.log"])
        self.assertEqual(len(os.listdir(mount.p("big.log/lines"))), 96)
        self.assertTrue(read(mount.p("other.log/rows@1K/3")) == self.other[3000 * WIDTH:4000 * WIDTH])
        self.assertEqual(sorted(os.listdir(mount.path)), ["big.log", "other.log"])
        self.assert_waiting(*readers)
        self.assertLess(scanned(mount), self.FROM + len(self.other) + M)  # `lines` has searched for line ends
        self.let_go()
        self.assert_gives(readers[0], self.data[10 ** 6 * WIDTH:])
        self.assert_gives(readers[1], self.data[35000 * WIDTH:40000 * WIDTH])
        self.assert_gives(readers[2], self.data[-10 * WIDTH:])
        rows = model.Rows(self.data)
        self.assert_gives(readers[3], rows.table(["000000.log", "000001.log"], 10 ** 6))
        self.assert_gives(readers[4], b"".join(b"%06d.log\n" % n for n in range(16)))
        self.assertEqual(indexing(mount), [])
        self.assertLess(scanned(mount), len(self.data) + len(self.other) + M)

    def test_who_is_interrupted_ends(self):
        """A killed waiter ends, a signal gives EINTR; others wait on, and get their lines."""
        mount = self.start_held()
        names = ("rows/0", "rows/1", "rows.tsv", "rows@9/5")
        readers = [self.reader("cat", mount.p("big.log", name)) for name in names]
        code = ("import ctypes, os, signal, sys\nsignal.signal(signal.SIGUSR1, lambda *_: None)\n"
                "signal.siginterrupt(signal.SIGUSR1, True)\nlibc = ctypes.CDLL(None, use_errno=True)\n"
                "print(libc.open(os.fsencode(sys.argv[1]), 0), ctypes.get_errno(), flush=True)")
        asking = start(self, code, mount.p("big.log/rows/5-6"))
        self.await_held(mount, *readers, asking)
        self.assert_waiting(*readers, asking)
        asking.send_signal(signal.SIGUSR1)
        self.assertEqual(asking.communicate(timeout=60)[0], b"-1 4\n")
        for reader in readers[1:]:
            self.kill(reader)
        self.assert_waiting(readers[0])
        self.assertNotEqual(indexing(mount), [])
        self.let_go()
        self.assert_gives(readers[0], self.data[:10 ** 6 * WIDTH])
        self.assertEqual(scanned(mount), len(self.data))

    def test_when_the_last_has_gone(self):
        """The scan stops; the next reader goes on from there, and no byte is scanned twice."""
        for number in (signal.SIGKILL, signal.SIGTERM):
            mount = self.start_held("--index-dir", "none")
            readers = [self.reader("cat", mount.p("big.log/rows", name)) for name in ("0", "1", "7-9")]
            self.await_held(mount, *readers)
            for reader in readers:
                self.kill(reader, number)
            self.let_go()
            wait_for(lambda: not indexing(mount), LAG, "the scan stops")
            part = scanned(mount)
            self.assertTrue(self.FROM <= part < len(self.data), part)
            time.sleep(0.3)
            self.assertEqual(scanned(mount), part)
            self.assertTrue(read(mount.p("big.log/rows/1")) == self.data[10 ** 6 * WIDTH:])
            self.assertTrue(read(mount.p("big.log/rows/700001-700009")) == self.data[700000 * WIDTH:700009 * WIDTH])
            self.assertEqual(scanned(mount), len(self.data))
            self.stop(mount)

    def test_a_file_that_changes_meanwhile(self):
        """Waiting readers get the lines of the file as it is then: grown, and rewritten."""
        for how in (longer, in_place):
            mount = self.start_held()
            readers = [self.reader("cat", mount.p("big.log/rows", name)) for name in ("700001-700009", "-5")]
            self.await_held(mount, *readers)
            rows = model.Rows(how(self.source / "big.log", self.data[:M], 3) if how is in_place else self.data)
            if how is longer:
                rows.append(longer(self.source / "big.log", b"x" * 5 * M, 1)[5 * M:])
            else:
                rows = model.Rows(read(self.source / "big.log"))
            self.let_go()
            self.assert_gives(readers[0], rows.lines(700001, 9))
            self.assert_gives(readers[1], rows.find("rows/-5", 1))
            self.stop(mount)

    def stop(self, mount):
        mount.unmount()
        self.slow.close()


class EndTest(HeldTest):
    """The mount ends while readers wait: they get an error, and the daemon exits 0."""

    def waiting(self):
        mount = self.start_held()
        readers = [self.reader("cat", mount.p("big.log", name)) for name in ("rows/0", "rows/1", "rows.tsv")]
        readers.append(self.reader("ls", mount.p("big.log/rows@7")))
        self.await_held(mount, *readers)
        self.assert_waiting(*readers)
        return mount, readers

    def assert_end(self, mount, readers):
        time.sleep(0.3)  # so that the end has begun
        self.let_go()
        for reader in readers:
            reader.communicate(timeout=60)
            self.assertNotEqual(reader.returncode, 0, reader.args)
        wait_for(lambda: mount.exit_code() is not None, LAG, "the daemon ends")
        mount.unmount()

    def test_terminated(self):
        mount, readers = self.waiting()
        mount.kill(signal.SIGTERM)
        self.assert_end(mount, readers)

    def test_unmounted_by_force(self):
        mount, readers = self.waiting()
        self.require(os.geteuid() == 0, "umount -f is for root")
        mount.allowed_trouble.append("the connection was aborted")
        subprocess.run(["umount", "-f", mount.path], capture_output=True)
        self.assert_end(mount, readers)

    def test_unmounted_lazily(self):
        """Open files stay: readers get what they waited for, then the daemon ends."""
        mount, readers = self.waiting()
        run("fusermount3", "-u", "-z", mount.path)
        self.let_go()
        self.assert_gives(readers[0], self.data[:10 ** 6 * WIDTH])
        self.assert_gives(readers[1], self.data[10 ** 6 * WIDTH:])
        for reader in readers[2:]:
            self.assertEqual((reader.communicate(timeout=60)[1], reader.returncode), (b"", 0))
        wait_for(lambda: mount.exit_code() is not None, LAG, "the daemon ends")
        mount.unmount()


if __name__ == "__main__":
    harness.main()
