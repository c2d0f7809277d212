# SPDX-License-Identifier: MIT
"""Names that are looked up: numbers, views chosen by path, byte ranges, headers; all else is ENOENT (DESIGN 2)."""

import errno
import os
import random
import stat

import harness
import model
from harness import pread, read

DATA = b"".join(b"%d," % number + b"v" * (number % 150) + b"\n" for number in range(2500))  # about 200 KiB
CHUNK = "16K"  # thirteen pieces


class LookupTest(harness.MountTest):
    """One large file, one mount, many names."""

    def setUp(self):
        super().setUp()
        self.write("app.log", DATA)
        self.m = self.mount(None, "--chunk-size", CHUNK)

    def p(self, name):
        """A path in the large file's directory."""
        return self.m.p("app.log", name)

    def assert_absent(self, names, base=""):
        """Each name is ENOENT, to stat and to open, twice (the second answer may come from a cache)."""
        for name in names:
            with self.subTest(absent=base + name):
                for function in (os.lstat, read, os.lstat):
                    self.assert_errno(errno.ENOENT, function, self.p(base + name))

    def assert_view(self, name, kind, argument, suffix=".log"):
        """The directory has the model's names, contents and table."""
        pieces = model.cut(kind, argument, DATA)
        names = model.piece_names(kind, len(pieces), "a" + suffix)
        self.assertEqual(sorted(os.listdir(self.p(name))), names)
        for piece, (offset, length) in zip(names, pieces):
            self.assertEqual(read(self.p(name + "/" + piece)), DATA[offset:offset + length], piece)
            self.assertEqual(os.stat(self.p(name + "/" + piece)).st_size, length)
        self.assertEqual(read(self.p(name + ".tsv")), model.table(names, pieces))


class NumberTest(LookupTest):
    """A piece's number, padded or not, with the extension or without."""

    def test_numbers(self):
        """`lines/5`, `lines/5.log`, `lines/000005` and `lines/000005.log` are one piece."""
        for kind in ("lines", "bytes"):
            for number, (offset, length) in enumerate(model.cut(kind, CHUNK, DATA)):
                names = ["%d" % number, "%06d" % number]
                names += [name + ".log" for name in names] if kind == "lines" else []
                for name in names:
                    self.assertEqual(read(self.p(kind + "/" + name)), DATA[offset:offset + length], name)

    def test_no_piece(self):
        """Other paddings, numbers that are too large, other extensions and words are no names of pieces."""
        self.assert_absent(["05", "00005", "0000005", "0000005.log", "05.log", "99999", "000013", "13", "13.log",
                            "000005.txt", "000005.LOG", "000005.log.log", "5.", "x", "-1", "+1", " 1", "1 ", "0x1",
                            "1e0", "00", "18446744073709551616", "18446744073709551621", "4294967301",
                            "0" * 250, "0+10", "10+10", "-10", "000005.log~", ".log", "lines"], "lines/")
        self.assert_absent(["000000.log", "0.log", "05", "0000005", "99999", "000013", "x", "5.", "4294967301",
                            "18446744073709551621", "bytes"], "bytes/")

    def test_the_width_follows_the_count(self):
        """A million pieces fit in six digits; one more takes seven, and six are no padding then."""
        for size, last, absent in ((10 ** 6, "999999", "0999999"), (10 ** 6 + 1, "1000000", "000000")):
            name = "f%d" % size
            self.write(name, b"")
            os.truncate(self.source / name, size)
            self.assertEqual(os.stat(self.m.p(name, "bytes@1", last)).st_size, 1)
            self.assert_errno(errno.ENOENT, os.stat, self.m.p(name, "bytes@1", absent))
        self.assertEqual(os.stat(self.m.p("f1000001", "bytes@1", "0000000")).st_size, 1)
        self.assertEqual(os.stat(self.m.p("f1000001", "bytes@n1000001", "0")).st_size, 1)


class ViewTest(LookupTest):
    """VIEW[@ARG[,ARG]...]: no remount for another cut."""

    def test_sizes_and_counts(self):
        """SIZE, with suffixes of either case, and nN, in both views; the table resolves beside each."""
        for kind in ("bytes", "lines"):
            self.assert_view(kind, kind, CHUNK)
            for argument in ("10000", "512", "1k", "1K", "64K", "65536", "1m", "1M", "1g", "1G", "7T", "7t",
                             "8388607T", "n1", "n2", "n13", "n16", "n1000"):
                with self.subTest(view=kind + "@" + argument):
                    self.assert_view(kind + "@" + argument, kind, argument)

    def test_a_table_needs_no_directory(self):
        """`lines@n16.tsv` is found without `lines@n16` having been looked at."""
        names = model.piece_names("lines", 16, "app.log")
        expected = model.table(names, model.cut("lines", "n16", DATA))
        self.assertEqual(read(self.p("lines@n16.tsv")), expected)
        self.assertEqual(read(self.p("lines@n16.tsv")), expected)

    def test_a_table_is_read_anywhere(self):
        """Tables are made as they are read: backwards, in odd steps and by several handles they are the same."""
        for name, kind, argument in (("lines@100.tsv", "lines", "100"), ("bytes@n999.tsv", "bytes", "n999")):
            pieces = model.cut(kind, argument, DATA)
            expected = model.table(model.piece_names(kind, len(pieces), "app.log"), pieces)
            generator = random.Random(1)
            handles = [os.open(self.p(name), os.O_RDONLY) for _ in range(2)]
            try:
                for _ in range(300):
                    offset = generator.randrange(len(expected) + 50)
                    length = generator.choice([1, 10, 100, 5000, len(expected)])
                    got = os.pread(generator.choice(handles), length, offset)
                    self.assertEqual(got, expected[offset:offset + length], (name, offset, length))
            finally:
                for handle in handles:
                    os.close(handle)

    def test_no_view(self):
        """What is no view, no SIZE, no nN, or an argument the view does not have."""
        self.assert_absent(["foo", "Bytes", "LINES", "byte", "bytess", "bytes.", "bytes.tsvx", "bytes.TSV",
                            "bytes.tsv.tsv", "foo.tsv", ".tsv", "whole.txt", "whole.tsv", "whole@1M", "app.log",
                            "tsv", "@1M", "000000", "0+10"])
        arguments = ["", "0", "1X", "1MB", "1P", "K", "-1", "+1", " 1", "1 ", "1.5M", "0x10", "1KK", "n", "n0", "n-1",
                     "nn4", "N4", "n4K", "n4n", "4n", "1M,1M", "n4,n4", "1M,n4", "1M,", ",1M", "1M@1M", "16777216T",
                     "18446744073709551616", "99999999999999999999999", "n18446744073709551616", "1M.txt", "0K",
                     "foo", "1M,foo", "\u0661"]
        for kind in ("bytes", "lines"):
            self.assert_absent(arguments, kind + "@")
            self.assert_absent([argument + ".tsv" for argument in arguments], kind + "@")
        self.assert_absent(["header", "1M,header", "header=2", "n4,header"], "bytes@")
        self.assert_absent(["1M,headers", "1M,header=", "1M,header=x", "1M,header=-1", "1M,header,header",
                            "1M,Header"], "lines@")

    def test_the_same_cut_under_different_names(self):
        """`lines`, `lines@16K` and `lines@16384` are different directories with the same content."""
        names = ["lines", "lines@16K", "lines@16384", "lines@16k"]
        self.assertEqual(len({os.stat(self.p(name)).st_ino for name in names}), len(names))
        opened = [os.open(self.p(name), os.O_RDONLY) for name in names]  # all alive at once
        try:
            self.assertEqual(len({os.fstat(directory).st_ino for directory in opened}), len(names))
            self.assertEqual(len({tuple(sorted(os.listdir(directory))) for directory in opened}), 1)
        finally:
            for directory in opened:
                os.close(directory)
        for name in names:
            self.assert_view(name, "lines", CHUNK)

    def test_the_default_view_and_its_size_by_name(self):
        """Without options `lines`, `lines@64M` and `lines@65536K` are such a family."""
        mount = self.mount(None, "--min-size", "0")
        names = ["lines", "lines@64M", "lines@65536K"]
        self.assertEqual(len({os.stat(mount.p("app.log", name)).st_ino for name in names}), 3)
        for name in names:
            self.assertEqual(os.listdir(mount.p("app.log", name)), ["000000.log"])
            self.assertEqual(read(mount.p("app.log", name, "000000.log")), DATA)

    def test_a_source_named_like_a_table(self):
        """For `x.tsv` the unsplit file is `whole.tsv`, beside the tables of its views."""
        self.write("x.tsv", DATA)
        self.assertEqual(read(self.m.p("x.tsv", "whole.tsv")), DATA)
        heading, first = read(self.m.p("x.tsv", "lines.tsv")).splitlines()[:2]
        self.assertEqual(heading, b"name\toffset\tlength\tdata_bytes")
        self.assertTrue(first.startswith(b"000000.tsv\t0\t"))
        self.assert_errno(errno.ENOENT, os.stat, self.m.p("x.tsv", "lines.tsv.tsv"))

    def test_a_small_file_has_no_views(self):
        """A file below --min-size is a file; a directory has no views either."""
        self.write("small", b"x")
        self.assert_errno(errno.ENOTDIR, os.stat, self.m.p("small", "bytes"))
        self.assert_errno(errno.ENOENT, os.stat, self.m.p("bytes"))
        self.assert_errno(errno.ENOENT, os.stat, self.m.p("bytes@1M"))


class RangeTest(LookupTest):
    """Byte ranges by name in `bytes`: looked up, never listed."""

    def test_ranges(self):
        """OFFSET+LENGTH with the suffixes of SIZE, cut at the end of the file; -LENGTH is the file's end."""
        size = len(DATA)
        expected = {"0+1": DATA[:1], "4096+100": DATA[4096:4196], "4k+100": DATA[4096:4196],
                    "4K+1k": DATA[4096:5120], "1+1M": DATA[1:], "0+1g": DATA, "0+1T": DATA,
                    "16383+2": DATA[16383:16385],
                    "%d+1" % (size - 1): DATA[-1:], "%d+100" % (size - 1): DATA[-1:], "%d+1" % size: b"",
                    "10+9223372036854775807": DATA[10:],
                    "-1": DATA[-1:], "-100": DATA[-100:], "-4K": DATA[-4096:], "-%d" % size: DATA, "-1M": DATA}
        for name, content in expected.items():
            with self.subTest(name):
                self.assertEqual(read(self.p("bytes/" + name)), content)
                status = os.stat(self.p("bytes/" + name))
                self.assertEqual(status.st_size, len(content))
                self.assertEqual(stat.S_IFMT(status.st_mode), stat.S_IFREG)
        self.assertEqual(sorted(os.listdir(self.p("bytes"))), model.piece_names("bytes", 13, "app.log"))

    def test_ranges_in_another_cut(self):
        """The view `bytes` has ranges whatever its arguments."""
        self.assertEqual(read(self.p("bytes@1M/10+20")), DATA[10:30])
        self.assertEqual(read(self.p("bytes@n3/-7")), DATA[-7:])

    def test_every_offset_near_the_edges(self):
        """Lengths of one to three around each cut and around the end."""
        for cut in (4096, 16384, len(DATA)):
            for offset in range(cut - 2, cut + 1):
                for length in (1, 2, 3):
                    self.assertEqual(read(self.p("bytes/%d+%d" % (offset, length))), DATA[offset:offset + length])

    def test_no_range(self):
        """Beyond the end, half a range, signs, other digits, numbers that no offset can be."""
        size = len(DATA)
        self.assert_absent(["%d+1" % (size + 1), "1M+1", "1T+1", "9223372036854775807+1", "18446744073709551615+1",
                            "18446744073709551616+1", "18446744073709551617+1", "16777216T+1",
                            "1+18446744073709551617",
                            "1+", "+1", "1+1+1", "1-2", "1++1", "1+-1", "-1+1", "--1", "-", "+", "-+", "1 +1",
                            "1+1 ", "0x10+1", "1K+1X", "1X+1", "1.0+1", "a+b", "-x", "-1x", "1+1.log", "-1.log"],
                           "bytes/")
        self.assert_absent(["0+1", "-1", "4K+4K"], "lines/")


class HeaderTest(LookupTest):
    """header[=H]: every piece starts with the file's first H records."""

    def check(self, name, argument, records):
        """Names, contents, sizes, and that the pieces without their header are the file."""
        contents = model.with_header(argument, DATA, records)
        names = sorted(os.listdir(self.p(name)))
        self.assertEqual(names, model.piece_names("lines", len(contents), "app.log"))
        head = DATA[:model.header_length(DATA, records)]
        body = b""
        for piece, content in zip(names, contents):
            got = read(self.p(name + "/" + piece))
            self.assertEqual(got, content, piece)
            self.assertTrue(got.startswith(head))
            self.assertEqual(os.stat(self.p(name + "/" + piece)).st_size, len(got))
            body += got[len(head):]
        self.assertEqual(head + body, DATA)

    def test_headers(self):
        """H defaults to 1; piece 0 has them once; they count in the size."""
        for argument, header, records in (("1M", "header", 1), ("16K", "header", 1), ("n4", "header=2", 2),
                                          ("n16", "header=10", 10), ("1K", "header=3", 3), ("10000", "header=1", 1)):
            with self.subTest(argument + "," + header):
                self.check("lines@%s,%s" % (argument, header), argument, records)

    def test_a_header_longer_than_a_piece(self):
        """Then the pieces it reaches into hold it and no record twice."""
        self.check("lines@100,header=60", "100", 60)

    def test_reads_across_the_header(self):
        """Reads that begin before, in and behind the header's end, with the kernel's cache and without."""
        for cache in ("kernel", "none"):
            mount = self.mount(None, "--min-size", "0", "--cache", cache)
            for number, content in enumerate(model.with_header("n4", DATA, 40)):
                end = model.header_length(DATA, 40)
                for offset in (0, 1, end // 2, end - 1, end, end + 1, 4096, 5000, len(content) - 1, len(content)):
                    for length in (1, 100, 4096, 200000):
                        got = pread(mount.p("app.log", "lines@n4,header=40", str(number)), length, offset)
                        self.assertEqual(got, content[offset:offset + length], (cache, number, offset, length))

    def test_the_default_cut(self):
        """`lines@header` is the default cut with a header."""
        self.check("lines@header", CHUNK, 1)

    def test_numbers(self):
        """A piece with a header is found by its number as any other."""
        expected = model.with_header("n4", DATA, 2)[3]
        for number in ("3", "3.log", "000003", "000003.log"):
            self.assertEqual(read(self.p("lines@n4,header=2/" + number)), expected)


if __name__ == "__main__":
    harness.main()
