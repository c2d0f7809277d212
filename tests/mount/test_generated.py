# SPDX-License-Identifier: MIT
"""Tables and the files of .bigfs, read by everything that sends, maps or trusts the size."""

import mmap
import os
import random
import shutil
import subprocess
import threading
import time

import harness
import model
from harness import K, M, read
from support import SANITIZED, counter, own_memory

LINES = b"".join(b"line %d of the log\n" % i for i in range(20000))
TABLES = ["bytes.tsv", "lines.tsv", "lines@n4.tsv", "rows.tsv", "bytes@100.tsv", "lines@64.tsv", "extents.tsv"]
REPORTS = [".bigfs/help", ".bigfs/status", ".bigfs/metrics", ".bigfs/version"]


def opened(path):
    return os.open(path, os.O_RDONLY)


def sent(path, target):
    """By sendfile(2), without looking at the size."""
    source, goal = opened(path), os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        while os.sendfile(goal, source, None, M) > 0:
            pass
    finally:
        os.close(source)
        os.close(goal)
    return read(target)


def spliced(path, _):
    """By splice(2) into a pipe."""
    source = opened(path)
    out, into = os.pipe()
    got = b""
    try:
        while (count := os.splice(source, into, 16 * K)) > 0:
            while count > 0:
                part = os.read(out, count)
                got, count = got + part, count - len(part)
    finally:
        for descriptor in (source, out, into):
            os.close(descriptor)
    return got


def copied_by_range(path, target):
    """By copy_file_range(2), which a kernel may refuse between file systems."""
    source, goal = opened(path), os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        while os.copy_file_range(source, goal, M) > 0:
            pass
    except OSError:
        return read(path)
    finally:
        os.close(source)
        os.close(goal)
    return read(target)


def mapped(path, _):
    source = opened(path)
    try:
        with mmap.mmap(source, os.fstat(source).st_size, access=mmap.ACCESS_READ) as view:
            return view[:]
    finally:
        os.close(source)


def by_size(path, _):
    """As many bytes as fstat(2) says."""
    source = opened(path)
    try:
        size = os.fstat(source).st_size
        got = os.read(source, size)
        assert len(got) == size and os.read(source, 1) == b""
        assert os.lseek(source, 0, os.SEEK_END) == size
        assert os.lseek(source, 0, os.SEEK_DATA) == 0 and os.lseek(source, 0, os.SEEK_HOLE) == size
        return got
    finally:
        os.close(source)


def by_shutil(path, target):
    shutil.copyfile(path, target)
    return read(target)


WAYS = [sent, spliced, copied_by_range, mapped, by_size, by_shutil]


class WaysTest(harness.MountTest):
    """Each way gives what the model says. Each has its own mount, in which nothing was read before."""

    def setUp(self):
        super().setUp()
        self.write("app.log", LINES)
        self.target = self.tmp / "copy"

    def wanted(self, name):
        view = name[:-len(".tsv")]
        kind, _, argument = view.partition("@")
        argument = argument or {"bytes": "16384", "lines": "16384", "rows": "1000"}.get(kind, "")
        ranges = model.cut(kind, argument, LINES)
        return model.table(model.piece_names(kind, len(ranges), "app.log"), ranges)

    def test_tables(self):
        for options in ((), ("--cache", "none")):
            for way in WAYS:
                mount = self.mount(None, "--chunk-size", "16K", "--rows", "1000", *options)
                for name in TABLES:
                    with self.subTest(way=way.__name__, name=name, options=options):
                        path = mount.p("app.log", name)
                        got = way(path, self.target)
                        self.assertTrue(got == read(path), name)
                        if name.startswith(("bytes", "lines")):
                            self.assertTrue(got == self.wanted(name), name)
                        self.assertEqual(os.stat(path).st_size, len(got))
                        self.assertTrue(way(path, self.target) == got)

    def test_reports(self):
        for way in WAYS:
            mount = self.mount()
            for name in REPORTS:
                with self.subTest(way=way.__name__, name=name):
                    got = way(mount.p(name), self.target)
                    self.assertTrue(got.endswith(b"\n"))
                    again = read(mount.p(name))
                    self.assertEqual(self.first_words(got), self.first_words(again))

    @staticmethod
    def first_words(report):
        """Of each line; without what is open, which a reader before may still be."""
        return [line.split()[0] for line in report.splitlines() if line and not line.startswith(b"open:")]

    def tool(self, *command, name="lines@n4.tsv"):
        """What a tool writes from a table that was not opened before."""
        self.require(shutil.which(command[0]), command[0] + " is needed")
        mount = self.mount(None, "--chunk-size", "16K")
        wanted = self.wanted(name)
        path = mount.p("app.log", name)
        return harness.run(*[path if part == "{}" else part for part in command]), wanted

    def test_ripgrep(self):
        for flag in ("--mmap", "--no-mmap"):
            got, wanted = self.tool("rg", flag, "--no-config", "-N", "", "{}")
            self.assertEqual(got, wanted)

    def test_busybox(self):
        got, wanted = self.tool("busybox", "cat", "{}")
        self.assertEqual(got, wanted)
        got, wanted = self.tool("busybox", "wc", "-c", "{}")
        self.assertEqual(int(got.split()[0]), len(wanted))

    def test_node(self):
        got, wanted = self.tool("node", "-e", "process.stdout.write(require('fs').readFileSync(process.argv[1]))", "{}")
        self.assertEqual(got, wanted)

    def test_cp_and_dd(self):
        for command in (("cp", "{}", self.target), ("cp", "--sparse=always", "{}", self.target),
                        ("dd", "if={}", "of=%s" % self.target, "bs=1M", "status=none")):
            mount = self.mount(None, "--chunk-size", "16K")
            path = str(mount.p("app.log", "lines@n4.tsv"))
            harness.run(*[str(part).replace("{}", path) for part in command])
            self.assertEqual(read(self.target), self.wanted("lines@n4.tsv"), command)

    def test_tools_that_trust_stat(self):
        """tar believes stat(2) before it opens. stat gives a length that follows from the size, or that of a made
        text."""
        mount = self.mount(None, "--chunk-size", "16K")
        read(mount.p("app.log", "lines@n4.tsv"))
        for name in ("bytes.tsv", "bytes@100.tsv", "lines@n4.tsv"):
            self.assertEqual(os.stat(mount.p("app.log", name)).st_size, len(self.wanted(name)), name)
            self.assertEqual(harness.run("tar", "-C", mount.p("app.log"), "-cf", "-", name)[512:][:len(self.wanted(name))],
                             self.wanted(name), name)
            if shutil.which("rsync"):
                self.target.unlink(missing_ok=True)
                harness.run("rsync", mount.p("app.log", name), self.target)
                self.assertEqual(read(self.target), self.wanted(name), name)

    def test_listings_make_nothing(self):
        """`ls -l` before an open shows 0 or the true size, and reads no file."""
        mount = self.mount(None, "--chunk-size", "16K")
        before = counter(mount, "bigfs_probes_total")
        harness.run("ls", "-lR", mount.path)
        self.assertIn(os.stat(mount.p("app.log/lines@64.tsv")).st_size, (0, len(self.wanted("lines@64.tsv"))))
        self.assertLessEqual(counter(mount, "bigfs_probes_total") - before, 2 * len(self.wanted("lines.tsv").splitlines()))


class ComputedTest(harness.MountTest):
    """Tables whose length follows from the size have the same text at every offset."""

    def test_lengths(self):
        rng = random.Random(harness.seed("generated"))
        sizes = [1, 9, 10, 11, 99, 1000, 4097, rng.randrange(1, 10000), rng.randrange(1, 100000)]
        for size in sizes:
            self.write("f%d" % size, b"x" * size)
        mount = self.mount(None, "--min-size", "1")
        for size in sizes:
            data = b"x" * size
            for argument in ("1", "7", "10", "n1", "n3", "n%d" % size, "n%d" % (size + 3), "%d" % size, str(rng.randrange(1, size + 9))):
                ranges = model.cut("bytes", argument, data)
                wanted = model.table(model.piece_names("bytes", len(ranges), "f"), ranges)
                path = mount.p("f%d" % size, "bytes@%s.tsv" % argument)
                self.assertEqual(os.stat(path).st_size, len(wanted), path)
                file = opened(path)
                for _ in range(5):
                    at, length = rng.randrange(len(wanted)), rng.choice((1, 50, 5000, 300000))
                    self.assertTrue(os.pread(file, length, at) == wanted[at:at + length], (path, at, length))
                os.close(file)
                self.assertTrue(read(path) == wanted, path)

    def test_millions_of_pieces(self):
        """A table of any length can be read at any place at once, and takes no memory."""
        path = self.source / "t.bin"
        with open(path, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 64 * M)
        mount = self.mount(None, "--extents", "none")
        first = own_memory(mount)
        path = mount.p("t.bin", "bytes@1.tsv")
        file = opened(path)
        self.addCleanup(os.close, file)
        size = os.fstat(file).st_size
        tail = os.pread(file, 10000, size - 10000).splitlines()[1:]
        for index, line in enumerate(reversed(tail)):
            number = 64 * M - 1 - index
            self.assertEqual(line, b"%08d\t%d\t1\t1" % (number, number))
        if not SANITIZED:
            self.assertLess(own_memory(mount) - first, 16 * M)


class ConstantTest(harness.MountTest):
    """One handle, one text, never that of another content."""

    def test_after_the_kernel_dropped_its_pages(self):
        """A long table whose pages are gone is made again from any place, with the same text."""
        self.require(os.geteuid() == 0, "dropping caches needs root")
        data = LINES * 4
        self.write("app.log", data)
        mount = self.mount(None, "--min-size", "1K")
        path, ranges = mount.p("app.log", "lines@100.tsv"), model.cut("lines", "100", data)
        wanted = model.table(model.piece_names("lines", len(ranges), "app.log"), ranges)
        file = opened(path)
        self.addCleanup(os.close, file)
        self.assertEqual(os.fstat(file).st_size, len(wanted))
        self.assertTrue(read(path) == wanted)
        for at in (len(wanted) - 10, 0, 300000, 65536 - 5, 65536):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            self.assertTrue(os.pread(file, 100000, at) == wanted[at:at + 100000], at)

    def test_appended_to(self):
        """An open table goes on unchanged. A fresh open shows more, in every way."""
        log = self.write("app.log", LINES)
        mount = self.mount(None, "--chunk-size", "16K")
        for name, kind in (("lines.tsv", "lines"), ("bytes.tsv", "bytes")):
            data = read(log)
            for _ in range(5):
                before = [model.cut(kind, "16384", data)]
                wanted = model.table(model.piece_names(kind, len(before[0]), "app.log"), before[0])
                file = opened(mount.p("app.log", name))
                self.assertTrue(os.read(file, M) == wanted)
                with open(log, "ab") as out:
                    out.write(LINES[:50000])
                data += LINES[:50000]
                ranges = model.cut(kind, "16384", data)
                more = model.table(model.piece_names(kind, len(ranges), "app.log"), ranges)
                self.assertTrue(sent(mount.p("app.log", name), self.tmp / "copy") == more)
                self.assertTrue(mapped(mount.p("app.log", name), None) == more)
                self.assertTrue(os.pread(file, M, 0) == wanted)
                self.assertEqual(os.fstat(file).st_size, len(wanted))
                os.close(file)

    def test_rewritten(self):
        """The open table gives the old text or ESTALE. A fresh one is right at once."""
        log = self.write("app.log", LINES)
        mount = self.mount(None, "--chunk-size", "16K")
        path = mount.p("app.log", "lines.tsv")
        file = opened(path)
        self.addCleanup(os.close, file)
        old = os.read(file, M)
        log.write_bytes(LINES[7:100007])
        ranges = model.cut("lines", "16384", LINES[7:100007])
        wanted = model.table(model.piece_names("lines", len(ranges), "app.log"), ranges)
        self.assertTrue(sent(path, self.tmp / "copy") == wanted)
        try:
            self.assertEqual(os.pread(file, M, 0), old)
        except OSError as error:
            self.assertEqual(error.strerror, os.strerror(116))

    def test_growing_all_the_time(self):
        """Readers of the tables of a log that is appended to all the time always get a table, and never an error."""
        log = self.write("app.log", LINES)
        mount = self.mount(None, "--chunk-size", "16K", "--rows", "1000")
        stop, wrong, seen = threading.Event(), [], [0]

        def append():
            with open(log, "ab", buffering=0) as out:
                while not stop.is_set():
                    out.write(b"another line of it\n" * 10)
                    time.sleep(0.002)

        def reader(name):
            for _ in range(60):
                try:
                    text = sent(mount.p("app.log", name), self.tmp / ("copy" + name + str(threading.get_ident())))
                    rows = [line.split(b"\t") for line in text.splitlines()[1:]]
                    ends = [int(row[1]) + int(row[2]) for row in rows]
                    if [int(row[1]) for row in rows] != [0, *ends[:-1]] or not text.endswith(b"\n"):
                        wrong.append((name, text))
                    seen[0] += 1
                except OSError as error:
                    wrong.append((name, repr(error)))
        writer = threading.Thread(target=append)
        readers = [threading.Thread(target=reader, args=(name,)) for name in ("lines.tsv", "bytes.tsv", "lines.tsv", "rows.tsv", "rows.tsv")]
        writer.start()
        for thread in readers:
            thread.start()
        for thread in readers:
            thread.join()
        stop.set()
        writer.join()
        self.assertEqual(wrong[:2], [])
        self.assertEqual(seen[0], 300)

    def test_many_open_at_once(self):
        """The first open makes the text; all get the same."""
        self.write("app.log", LINES)
        mount = self.mount(None, "--min-size", "1K")
        ranges = model.cut("lines", "64", LINES)
        wanted, wrong = model.table(model.piece_names("lines", len(ranges), "app.log"), ranges), []

        def reader():
            if sent(mount.p("app.log", "lines@64.tsv"), self.tmp / str(threading.get_ident())) != wanted:
                wrong.append(1)
        threads = [threading.Thread(target=reader) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_killed_while_it_is_made(self):
        """Killing the reader stops the making. The next one gets the whole table."""
        self.write("app.log", LINES * 8)
        mount = self.mount(None, "--min-size", "1K")
        path = mount.p("app.log", "lines@20.tsv")
        victim = subprocess.Popen(["cat", path], stdout=subprocess.DEVNULL)
        time.sleep(0.02)
        victim.kill()
        victim.wait()
        ranges = model.cut("lines", "20", LINES * 8)
        wanted = model.table(model.piece_names("lines", len(ranges), "app.log"), ranges)
        self.assertTrue(sent(path, self.tmp / "copy") == wanted)

    def test_every_report_is_of_its_open(self):
        """Two handles have two texts, each complete. The first one stays unchanged."""
        self.write("app.log", LINES)
        mount = self.mount()
        first = opened(mount.p(".bigfs/metrics"))
        self.addCleanup(os.close, first)
        text = os.pread(first, M, 0)
        for _ in range(3):
            os.listdir(mount.path)
            second = opened(mount.p(".bigfs/metrics"))
            self.assertNotEqual(os.pread(second, M, 0), text)
            os.close(second)
        self.assertEqual(os.pread(first, M, 0), text)
        self.assertEqual(os.fstat(first).st_size, len(text))


class NamesTest(harness.MountTest):
    """A tab, line break or backslash in a name forges no field and no line."""

    def unescaped(self, name):
        return name.replace(b"\\\\", b"\0").replace(b"\\t", b"\t").replace(b"\\n", b"\n").replace(b"\0", b"\\")

    def test_names(self):
        for name in (b"weird.a\tb", b"weird.c\nd", b"x.back\\slash", b"x.\\t\\n\\\\", b"y.\t\n\\" + b"\n" * 200,
                     b"bad.\xff\xfe", b"sp. ace", b"n." + b"\t" * 245):
            with self.subTest(name=name):
                path = os.path.join(os.fsencode(self.source), name)
                with open(path, "wb") as file:
                    file.write(LINES)
                mount = os.fsencode(self.mount(None, "--chunk-size", "32K", "--rows", "1000").path)
                for view in (b"lines", b"rows"):
                    directory = os.path.join(mount, name, view)
                    rows = [line.split(b"\t") for line in read(directory + b".tsv").split(b"\n")[1:-1]]
                    self.assertEqual({len(row) for row in rows}, {4 if view == b"lines" else 6})
                    self.assertEqual([self.unescaped(row[0]) for row in rows], sorted(os.listdir(directory)))
                os.unlink(path)

    def test_messages(self):
        """The names of a file, of SOURCE and of the mount: each is on one line in messages and in .bigfs/status."""
        name = "a\nb\x1b[2J.log"
        directory = self.source / "so\turce\nmountpoint:    forged"
        directory.mkdir()
        (directory / name).write_bytes(LINES)
        done = subprocess.run([harness.BIGFS, "--index", "--index-dir", self.tmp / "index", directory / name, directory / "no\nne"],
                              capture_output=True, text=True)
        self.assertIn("/a\\nb\\x1b[2J.log: 20000 lines", done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn("/no\\nne: does not exist: give a file", done.stderr.splitlines()[-1])
        status = read(self.mount(directory).p(".bigfs/status")).decode()
        self.assertIn("/so\\turce\\nmountpoint:    forged\n", status)
        self.assertEqual(len([line for line in status.splitlines() if line.startswith("mountpoint:")]), 1)
        done = subprocess.run([harness.BIGFS, directory / "no\nne", self.tmp], capture_output=True, text=True)
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)


if __name__ == "__main__":
    harness.main()
