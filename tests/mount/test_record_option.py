# SPDX-License-Identifier: MIT
"""--record NAME=REGEX (DESIGN 3): entries of a log with their further lines, against Python's re on the whole file."""

import itertools
import os
import random
import re

import harness
from harness import K, M, read
from support import bigfs, errno_of
from test_formats import FormatTest

ENTRY = "[0-9]{4}-[0-9]{2}-[0-9]{2} "


def log_file(generator, size):
    """Entries with stack traces; what precedes the first is none; some lines are nearly one, or very long."""
    lines = ["started\n", "  2026-11-28 is not at the start\n"]
    length = 0
    while length < size:
        entry = ["2026-11-28 %09d ERROR cannot save\n" % len(lines)]
        entry += generator.choices(["\tat App.save(App.java:12)\n", "\n", "2026-11-2\n", "Caused by: \0\xff\n"],
                                   k=generator.choice([0, 0, 0, 1, 2, 30]))
        if generator.random() < 0.001:
            entry.append("x" * generator.choice([4095, 4096, 65535, 65536, 65537, 200000]) + "\n")
        lines += entry
        length += sum(map(len, entry))
    data = "".join(lines).encode("latin-1")
    return data[:-1] if generator.random() < 0.5 else data


def entries(data, regex):
    """By Python's re, line by line; a line counts by its first 64 KiB."""
    pattern = re.compile(regex.encode() if isinstance(regex, str) else regex)
    starts = [0]
    place = 0
    for line in data.split(b"\n"):
        goes_on = b"\1" if len(line) > 64 * K else b""  # so that $ does not match there
        if 0 < place < len(data) and pattern.match(line[:64 * K] + goes_on):
            starts.append(place)
        place += len(line) + 1
    return [data[start:end] for start, end in zip(starts, starts[1:] + [len(data)])] if data else []


def starts_of(records):
    return [0, *itertools.accumulate(map(len, records))]


class RecordOptionTest(FormatTest):
    def setUp(self):
        super().setUp()
        self.generator = random.Random(harness.seed(self.id()))

    def test_whole_entries(self):
        """Pieces of many sizes are whole entries; the pieces are the file."""
        files = {"log%d.log" % n: log_file(self.generator, self.generator.randrange(70 * K, 500 * K)) for n in range(6)}
        for name, data in files.items():
            self.write(name, data)
        mount = self.start("--record", "entry=" + ENTRY, "--record", "any=.", "--record", "none=no such line")
        for name, data in files.items():
            records = entries(data, ENTRY)
            self.assertGreater(len(records), 100)
            sizes = [self.generator.randrange(1000, 9000), 20000, 131072]
            self.assert_cut(mount, name, data, records, ["lines@%d,entry" % size for size in sizes])
            self.assertTrue(b"".join(self.pieces(mount, name, "lines@n7,entry")) == data)
            self.assert_cut(mount, name, data, entries(data, b"[^\0]"), ["lines@%d,any" % sizes[0]])
            self.assertEqual([len(piece) for piece in self.pieces(mount, name, "lines@n3,none")], [len(data), 0, 0])

    def test_expressions(self):
        """Expressions of many forms, against Python's; their meaning is the same in both."""
        data = log_file(self.generator, 300 * K)
        self.write("some.log", data)
        regexes = ["2026|Caused", "(2026-11-[0-9]+ )0*", "[^\t\n ]", "[[:digit:]]+-", "\\.?x*$", "(\t|C).*[0-9:]",
                   "2026-11-2$"]
        options = [word for n, regex in enumerate(regexes) for word in ("--record", "r%d=%s" % (n, regex))]
        mount = self.start(*options)
        for n, regex in enumerate(regexes):
            python = regex.replace("[[:digit:]]", "[0-9]").replace(".*", "[^\0]*").encode()
            self.assert_cut(mount, "some.log", data, entries(data, python), ["lines@3000,r%d" % n])

    def test_default_of_an_extension(self):
        """--format log=entry changes lines alone, whichever option comes first; rows are lines."""
        data = log_file(self.generator, 300 * K)
        self.write("some.log", data)
        self.write("some.txt", data)
        mount = self.start("--format", "log=entry", "--record", "entry=" + ENTRY)
        records = entries(data, ENTRY)
        self.assertIn("lines", os.listdir(mount.p("some.log")))  # it needs no index
        starts = starts_of(records)
        self.assert_owned(self.pieces(mount, "some.log", "lines"), starts, 64 * K, "lines")
        lines = data.splitlines(True)
        self.assert_owned(self.pieces(mount, "some.txt", "lines"), starts_of(lines),
                          64 * K, "lines of text")
        self.assertEqual(read(mount.p("some.log", "rows", "1-2")), b"".join(data.splitlines(True)[:2]))
        for view in ("rows@10,entry", "rows@n2,entry", "lines@1M,Entry", "lines@1M,entry,entry", "lines@1M,entry,csv"):
            self.assertEqual(errno_of(os.stat, mount.p("some.log", view)), "ENOENT", view)

    def test_header_and_parts(self):
        """header=2 are the preamble and the first entry; from, to and pin with entries."""
        data = log_file(self.generator, 400 * K)
        self.write("some.log", data)
        mount = self.start("--record", "entry=" + ENTRY)
        records = entries(data, ENTRY)
        head = b"".join(records[:2])
        pieces = self.pieces(mount, "some.log", "lines@n5,header=2,entry")
        self.assertTrue(all(piece.startswith(head) for piece in pieces))
        self.assertTrue(head + b"".join(piece[len(head):] for piece in pieces) == data)
        middle = len(b"".join(records[:len(records) // 2]))
        part = b"".join(self.pieces(mount, "some.log", "lines@n3,entry,from=10,to=%d" % middle))
        self.assertTrue(part == data[len(records[0]):middle])
        word = read(mount.p("some.log", "pin")).decode().strip()
        with open(self.source / "some.log", "ab") as file:
            file.write(b"2026-11-29 appended\n\tat X\n")
        self.assertTrue(b"".join(self.pieces(mount, "some.log", "lines@n3,entry,pin=" + word)) == data)

    def test_end_within_a_line(self):
        """A word names a content that ends inside a line: on a host whose file is longer, the cut is the same."""
        line = b"2026-11-28 entry\n"
        data = line * 9000 + b"2026-1"
        self.write("short.log", data)
        self.write("long.log", data + b"1-28 whole by now\nmore\n" + line * 9000)
        mount = self.start("--record", "entry=" + ENTRY, "--record", "cut=2026-1$")
        word = read(mount.p("short.log", "pin")).decode().strip()
        for name in ("entry", "cut"):
            view = "lines@1000,%s,pin=%s" % (name, word)
            short, long = self.pieces(mount, "short.log", view), self.pieces(mount, "long.log", view)
            self.assertTrue(b"".join(short) == data)
            self.assertTrue(short == long, name)
        starts = [0, len(line) * 9000, len(data)]
        self.assert_owned(short, starts, 1000, "cut")

    def test_sorted(self):
        """Whole entries between two keys."""
        data = b"".join(b"2026-11-28 %09d x\n" % n + b"\tat y\n" * (n % 3) for n in range(20000))
        self.write("some.log", data)
        mount = self.start("--record", "entry=" + ENTRY)
        records = entries(data, ENTRY)
        for _ in range(200):
            low, high = sorted(self.generator.randrange(20001) for _ in range(2))
            name = "2026-11-28 %09d..2026-11-28 %09d" % (low, high)
            self.assertEqual(read(mount.p("some.log", "sorted@entry", name)), b"".join(records[low:high]))
            self.assertEqual(read(mount.p("some.log", "sorted@entry,header=3", name)),
                             b"".join(records[:3] + records[max(low, 3):max(high, 3)]))
        self.assertEqual(read(mount.p("some.log", "sorted@entry", "2026-11-28 00000000")), b"".join(records[:10]))

    def test_table(self):
        """The table of a view of entries tells where its pieces lie."""
        self.write("some.log", log_file(self.generator, 200 * K))
        mount = self.start("--record", "entry=" + ENTRY)
        place = 0
        for line in read(mount.p("some.log", "lines@9000,entry.tsv")).decode().splitlines()[1:]:
            name, offset, length = line.split("\t")[:3]
            self.assertEqual(os.stat(mount.p("some.log", "lines@9000,entry", name)).st_size, int(length))
            if int(length):
                self.assertEqual(int(offset), place)
            place += int(length)
        self.assertEqual(place, os.stat(self.source / "some.log").st_size)

    def test_grows(self):
        """A log that grows by parts of lines: each fresh cut is that of the file as it is."""
        data = log_file(self.generator, 100 * K)
        self.write("some.log", data)
        mount = self.start("--record", "entry=" + ENTRY)
        for _ in range(12):
            more = b"\n2026-11-28 9 more\n\tat Z\n" * self.generator.randrange(200)
            more = more[:self.generator.randrange(len(more) + 1)]
            with open(self.source / "some.log", "ab") as file:
                file.write(more)
            data += more
            harness.wait_for(lambda: os.stat(mount.p("some.log", "whole.log")).st_size == len(data), 20, "the append")
            records = entries(data, ENTRY)
            starts = starts_of(records)
            self.assert_owned(self.pieces(mount, "some.log", "lines@4K,entry"), starts, 4 * K, len(data))

    def test_a_long_line(self):
        """No piece reads more than a few times 64 KiB to tell that a line of 64 MiB is no start."""
        with open(self.source / "long.log", "wb") as file:
            file.write(b"2026-11-28 first\n" + b"y" * (64 * M) + b"\n2026-11-28 last\n")
        mount = self.start("--record", "entry=" + ENTRY)
        self.assertEqual(os.stat(mount.p("long.log", "lines@n4,entry", "0")).st_size, 64 * M + 18)
        self.assertEqual([os.stat(mount.p("long.log", "lines@n4,entry", str(n))).st_size for n in (1, 2, 3)], [0, 0, 16])

    def test_index(self):
        """--index of a file whose usual format cannot be counted makes the index of its lines."""
        self.write("some.log", log_file(self.generator, 300 * K))
        code, output, errors = bigfs("--index", "--record", "entry=" + ENTRY, "--format", "log=entry", "--index-dir",
                                     self.tmp / "index", self.source / "some.log")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("lines", output)

    def test_mistakes(self):
        """One line that says what is wrong; exit status 2."""
        cases = {"x": "give NAME=REGEX", "x=": "give NAME=REGEX", "entry=(": "a ( has no )", "header=a": "cannot be used",
                 "from=a": "cannot be used", "n3=a": "cannot be used", "Entry=a": "cannot be used",
                 "csv=a": "cannot be used", "9x=a": "cannot be used", "a" * 65 + "=a": "cannot be used", "=a": "cannot be used",
                 "e=(a)\\1": "back-references", "e=((a{99}){99}){99}": "too long", "e=a)": "no ( before"}
        for value, message in cases.items():
            self.assert_refused(message, "--record", value)
        self.assert_refused("given twice", "--record", "e=a", "--record", "e=b")
        self.assert_refused("no format entri", "--format", "log=entri", "--record", "entry=a")

    def assert_refused(self, message, *options):
        code, _, errors = bigfs(*options, self.source, self.tmp)
        self.assertEqual((code, errors.count("\n")), (2, 1), (options, errors))
        self.assertIn(message, errors, options)

    def test_in_a_list(self):
        """-o, where a comma and a backslash of the expression are escaped."""
        self.write("b.log", b"b\naa.x\nab\naaa.x\nc\n")
        mount = self.mount(None, "-o", "min_size=1,format=log=e,chunk_size=1,record=e=a{2\\,3}\\\\.x")
        pieces = [piece for piece in self.pieces(mount, "b.log", "lines") if piece]
        self.assertEqual(pieces, [b"b\n", b"aa.x\nab\n", b"aaa.x\nc\n"])


if __name__ == "__main__":
    harness.main()
