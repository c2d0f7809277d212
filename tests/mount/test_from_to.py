# SPDX-License-Identifier: MIT
"""Views of a part of a file, from= and to=, and rows@nN (DESIGN 2), against a model that looks at every record."""

import errno
import os
import random

import harness
import spanning
from harness import K, read
from spanning import View, random_lines, random_view


def everything(directory, view):
    """The contents of all pieces, by name."""
    return {name: read(os.path.join(directory, view, name)) for name in sorted(os.listdir(os.path.join(directory, view)))}


class RandomTest(spanning.Checker):
    """Random files, random views."""

    def check(self, *options):
        generator = random.Random(harness.seed(self.id()))
        found = {"f%d%s" % (n, generator.choice(["", ".log"])): random_lines(generator, generator.choice([60, 3000, 90000]))
                 for n in range(10)}
        for name, data in found.items():
            self.write(name, data)
        mount = self.mount(None, "--min-size", "0", *options)
        for name, data in found.items():
            for _ in range(25):
                view, wanted = random_view(generator, data)
                with self.subTest(name=name, view=view):
                    self.check_view(mount.p(name), view, wanted, generator)

    def test_random_views(self):
        self.check()

    def test_without_the_kernels_cache(self):
        self.check("--cache", "none")


class EdgesTest(harness.MountTest):
    DATA = b"".join(b"line %d\n" % n for n in range(1000)) + b"no end"

    def start(self):
        self.file = self.write("a.log", self.DATA)
        self.dir = self.mount(None, "--min-size", "0").p("a.log")

    def view(self, *parts):
        return os.path.join(self.dir, *parts)

    def assert_no_view(self, name):
        for path in (self.view(name), self.view(name + ".tsv"), self.view(name, "0")):
            self.assert_errno(errno.ENOENT, os.stat, path)

    def test_an_empty_view(self):
        """from= at the end, or at to=: the directory is there, and has nothing; the table is its heading."""
        self.start()
        size = len(self.DATA)
        for arguments in ("from=%d" % size, "n4,from=%d" % size, "from=100,to=100", "n4,to=0", "from=%d,to=%d" % (size, size)):
            for kind in ("bytes", "lines", "lines@header,"):
                view = kind + ("" if kind.endswith(",") else "@") + arguments
                self.assertEqual(os.listdir(self.view(view)), [], view)
                self.assertEqual(read(self.view(view + ".tsv")), spanning.HEADING.encode() + b"\n", view)
                self.assert_errno(errno.ENOENT, os.stat, self.view(view, "0"))

    def test_beyond_the_end(self):
        self.start()
        size = len(self.DATA)
        for kind in ("bytes", "lines"):
            for arguments in ("from=%d" % (size + 1), "to=%d" % (size + 1), "from=7,to=6", "n3,from=1,to=1T",
                              "from=%d,to=%d" % (size + 1, size + 2)):
                self.assert_no_view("%s@%s" % (kind, arguments))
        self.assertEqual(len(os.listdir(self.view("bytes@n3,to=%d" % size))), 3)

    def test_ranges_beyond_the_span(self):
        self.start()
        view = "bytes@from=100,to=200"
        for name in ("201+1", "9000+1", "1K+1"):
            self.assert_errno(errno.ENOENT, os.stat, self.view(view, name))
        for name, start, end in (("200+1", 200, 200), ("0+100", 100, 100), ("50+100", 100, 150), ("150+1K", 150, 200),
                                 ("0+1T", 100, 200), ("-1", 199, 200), ("-1M", 100, 200)):
            self.assertEqual(read(self.view(view, name)), self.DATA[start:end], name)

    def test_rows_in_fewer_records_than_pieces(self):
        self.start()
        self.write("b.log", b"1\n2\n3")
        where = self.view("..", "b.log", "rows@n5")
        self.assertEqual([read(os.path.join(where, str(n))) for n in range(5)], [b"1\n", b"2\n", b"3", b"", b""])
        self.assertEqual(read(where + ".tsv").splitlines()[-1].split(b"\t"), [b"000004.log", b"5", b"0", b"0", b"4", b"0"])
        where = self.view("..", "b.log", "rows@n2,header")
        self.assertEqual([read(os.path.join(where, str(n))) for n in range(2)], [b"1\n2\n", b"1\n3"])

    def test_the_length_of_a_long_table(self):
        """It is computed, and so is the line at any place of it."""
        self.start()
        count = 40000000
        view = self.view("bytes@n%d,from=95,to=2000.tsv" % count)
        size = os.stat(view).st_size
        last = b"%08d\t2000\t0\t0\n" % (count - 1)
        self.assertEqual(harness.pread(view, len(last), size - len(last)), last)
        small = View("bytes", "n40", self.DATA, 95, 2000)
        self.assertEqual(os.stat(self.view("bytes@n40,from=95,to=2000.tsv")).st_size, len(small.table("a.log")))


class GrowingTest(harness.MountTest):
    """A log that grows."""

    def test_to_keeps_the_cut(self):
        """The same bytes before and after growth, on another host too, in every view with to=."""
        generator = random.Random(harness.seed(self.id()))
        data = random_lines(generator, 200 * K)
        data = data[:data.rindex(b"\n") + 1]
        file = self.write("a.log", data)
        mounts = [self.mount(None, "--min-size", "0", *options) for options in ((), ("--cache", "none"))]
        views = ["lines@n8,to=%d" % len(data), "lines@n3,header=2,from=500,to=%d" % len(data),
                 "lines@9K,to=%d" % (len(data) // 2), "bytes@n7,to=%d" % (len(data) - 9), "bytes@1K,from=1,to=2000"]
        before = {view: everything(mounts[0].p("a.log"), view) for view in views}
        handles = [os.open(mounts[0].p("a.log", view, "0"), os.O_RDONLY) for view in views]
        for handle in handles:
            self.addCleanup(os.close, handle)
        for _ in range(5):
            with open(file, "ab", buffering=0) as log:
                log.write(random_lines(generator, 70 * K))
            for mount in mounts:
                for view in views:
                    self.assertEqual(everything(mount.p("a.log"), view), before[view], view)
        for view, handle in zip(views, handles):
            self.assertEqual(os.pread(handle, 1 << 20, 0), next(iter(before[view].values())), view)

    def test_each_run_takes_what_is_new(self):
        """from= where the last run ended: together the runs see each record once."""
        generator = random.Random(harness.seed(self.id()))
        file = self.write("a.log", b"first\n")
        directory = self.mount(None, "--min-size", "0").p("a.log")
        done, seen = 0, b""
        for _ in range(12):
            size = os.stat(file).st_size
            seen += b"".join(everything(directory, "lines@n4,from=%d,to=%d" % (done, size)).values())
            done = size
            self.assertEqual(seen, read(file))
            with open(file, "ab", buffering=0) as log:
                log.write(random_lines(generator, generator.randrange(1, 20 * K)).rstrip(b"\n") + b"\n")

    def test_a_record_across_to(self):
        """It belongs to the view, and may still grow."""
        file = self.write("a.log", b"one\ntwo\nthr")
        directory = self.mount(None, "--min-size", "0").p("a.log")
        self.assertEqual(list(everything(directory, "lines@n2,to=9").values()), [b"one\ntwo\n", b"thr"])
        with open(file, "ab", buffering=0) as log:
            log.write(b"ee\nfour\n")
        self.assertEqual(list(everything(directory, "lines@n2,to=9").values()), [b"one\ntwo\n", b"three\n"])

    def test_truncated(self):
        """What ended before to= is gone."""
        file = self.write("a.log", b"x\n" * 5000)
        directory = self.mount(None, "--min-size", "0").p("a.log")
        view = os.path.join(directory, "lines@n2,to=9000")
        self.assertEqual(read(os.path.join(view, "0")), b"x\n" * 2250)
        os.truncate(file, 8000)
        harness.wait_for(lambda: not os.path.exists(view), 5, "the view is gone")
        self.assert_errno(errno.ENOENT, os.stat, view + ".tsv")
        self.assert_errno(errno.ENOENT, os.stat, os.path.join(view, "1"))


if __name__ == "__main__":
    harness.main()
