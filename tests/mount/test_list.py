# SPDX-License-Identifier: MIT
"""`bigfs --list FILE VIEW` (DESIGN 3): the table of a view without a mount, which is that of a mount."""

import gzip
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import threading
import time

import harness
from compressing import EACH, PlainTest, cuts, text
from harness import K, M, read, wait_for
from rowing import numbered, ragged
from support import LAG, NOBODY, bigfs

COLUMNS = ("offset", "length", "data_bytes", "first_line", "lines")


def listed(*arguments, wrapper=(), cwd=None):
    """What --list writes, as bytes; it must succeed and say nothing."""
    done = subprocess.run([*wrapper, harness.BIGFS, "--list", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, cwd=cwd, timeout=60)
    if (done.returncode, done.stderr) != (0, b""):
        raise AssertionError("%r: exit %d\n%s" % (arguments, done.returncode, done.stderr.decode(errors="replace")))
    return done.stdout


def unescaped(name):
    """A name as the table of a mount escapes it."""
    return re.sub(rb"\\(.)", lambda match: {b"t": b"\t", b"n": b"\n"}.get(match[1], match[1]), name)


def name_of(row):
    """The bytes of a piece's name in an object of --json."""
    return bytes(row["name_bytes"]) if "name_bytes" in row else row["name"].encode()


class ListTest(PlainTest):
    """What --list says and what a mount shows."""

    OPTIONS = ("--chunk-size", "256K", "--rows", "9K", "--index-dir", "none")  # as PlainTest.start has them

    def list(self, *arguments, **options):
        return listed(*self.OPTIONS, *arguments, **options)

    def assert_same_json(self, table, written):
        """The objects have the fields of the table, as numbers, one object on each line."""
        heading, *lines = table.splitlines()
        rows = json.loads(written)
        self.assertEqual(written.splitlines()[0], b"[")
        self.assertEqual(written.splitlines()[-1], b"]")
        self.assertEqual(len(written.splitlines()), len(rows) + 2)
        self.assertEqual(len(rows), len(lines))
        names = heading.decode().split("\t")
        for row, line in zip(rows, lines):
            name, *numbers = line.split(b"\t")
            self.assertEqual([key for key in row if key != "name_bytes"], names)
            self.assertEqual(name_of(row), unescaped(name))
            self.assertEqual([row[key] for key in names[1:]], list(map(int, numbers)))

    def assert_as_mounted(self, mount, path, views, *options, beneath=""):
        """The tables of a file, in both forms, are those of the mount."""
        for view in views:
            with self.subTest(path=path, view=view, options=options):
                wanted = read(mount.p(path, beneath + view + ".tsv"))
                self.assertEqual(self.list(*options, self.source / path, beneath + view), wanted)
                if "@n" in view:
                    self.assert_same_json(wanted, self.list("--json", *options, self.source / path, beneath + view))


class SameTest(ListTest):
    """The numbers are those of the mount."""

    DATA = ragged(1, 900 * K)

    def test_plain_files(self):
        """Every view, with and without arguments, of formats too."""
        self.write("app.log", self.DATA)
        self.write("short", b"no line end")
        self.write("holes.img", b"x" * 5000)
        with open(self.source / "holes.img", "r+b") as file:
            file.seek(3 * M)
            file.write(b"y\n" * 3000)
            file.truncate(5 * M)
        mount = self.start()
        word = read(mount.p("app.log/pin")).decode().strip()
        self.assert_as_mounted(mount, "app.log", [*cuts(self.DATA, word), "extents", "sorted", "sorted@header,csv"])
        self.assert_as_mounted(mount, "holes.img", ["bytes", "bytes@n7", "lines@n3", "rows@5", "extents"])
        self.assert_as_mounted(mount, "short", ["bytes", "lines", "rows", "rows@n4"])

    def test_an_empty_file(self):
        """It has the table that the empty content of a compressed file has in a mount; in JSON, no objects."""
        path = self.write("empty.log", b"")
        gz = self.put("gzip-6", "empty.log", b"")
        mount = self.start()
        for view in ("bytes", "lines", "rows", "sorted", "lines@n3", "rows@n3", "rows@header,csv", "bytes@from=0,to=0"):
            self.assertEqual(self.list(path, view), read(mount.p(gz, "plain", view + ".tsv")), view)
            self.assertEqual(len(json.loads(self.list("--json", path, view))), 3 if "@n3" in view else 0)
        self.assertEqual(self.list(path, "extents"), b"name\toffset\tlength\tdata_bytes\n")

    def test_options(self):
        """What a mount takes for the views without arguments."""
        self.write("table.csv", b"".join(b'%d,"a\nb"\n' % n for n in range(40000)))
        self.write("app.log", b"".join(b"%s%d\n" % (b"2026-" if n % 7 == 0 else b" at ", n) for n in range(90000)))
        for options in (("--chunk-size", "100K"), ("--rows", "777"), ("--header=3",), ("--format", "csv=csv"),
                        ("--record", "entry=[0-9]{4}-", "--format", "log=entry"), ("--extents", "none"),
                        ("--window-size", "64K", "--window-total", "1M"), ("-o", "header,chunk_size=50K")):
            mount = self.mount(None, "--min-size", "0", *self.OPTIONS, *options)
            for path in ("table.csv", "app.log"):
                self.assert_as_mounted(mount, path, ["bytes", "lines", "rows", "lines@n3"], *options)
            mount.unmount()
        mount = self.start("--record", "entry=[0-9]{4}-")
        self.assert_as_mounted(mount, "app.log", ["lines@n4,entry"], "--record", "entry=[0-9]{4}-")

    def test_compressed_files(self):
        """plain/VIEW is of what the file holds; VIEW of its bytes."""
        for kind in EACH:
            path = self.put(kind, "app.log", self.DATA)
            mount = self.start()
            views = cuts(self.DATA, read(mount.p(path, "plain/pin")).decode().strip())
            self.assert_as_mounted(mount, path, views, beneath="plain/")
            self.assert_as_mounted(mount, path, ["bytes", "lines@n3", "rows@n2"])
            mount.unmount()
        path = self.put("gzip-6", "empty.log", b"")
        self.assert_as_mounted(self.start(), path, ["bytes", "lines", "rows@n3"], beneath="plain/")

    def test_names(self):
        """Extensions of any bytes: a JSON reader gets each name, exact; what is not UTF-8 as numbers."""
        names = [b"a.\t", b"b.\\n\n", b'c."x', "d.é€😀".encode(), b"e.\xff\xc3", b"f.\xc2\x9b\x01\x7f", b"g." + b"z" * 200]
        for name in names:
            self.write(name, self.DATA[:9 * K])
        mount = self.start()
        for name in names:
            self.assert_as_mounted(mount, os.fsdecode(name), ["lines@n2", "rows@n2"])
            written = self.list("--json", self.source / os.fsdecode(name), "lines@n2")
            self.assertEqual([name_of(row) for row in json.loads(written)],
                             sorted(map(os.fsencode, os.listdir(mount.p(os.fsdecode(name), "lines@n2")))))
            self.assertNotRegex(written, rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\\ud[89a-f]")

    def test_jq(self):
        """As a script reads it: jq cuts the file with dd."""
        self.require(shutil.which("jq"), "jq is not installed")
        path = self.write("app.log", self.DATA)
        script = ('"$1" --list --json "$2" lines@n5 | jq -r \'.[] | "\\(.offset) \\(.length)"\' | while read o l; do\n'
                  'dd if="$2" iflag=skip_bytes,count_bytes skip=$o count=$l status=none; done')
        self.assertEqual(harness.run("bash", "-ec", script, "bash", harness.BIGFS, path), self.DATA)

    def test_a_long_table(self):
        """More than is written at once, in steps; a reader that goes away ends it."""
        path = self.write("app.log", self.DATA)
        mount = self.start()
        self.assert_as_mounted(mount, "app.log", ["bytes@64", "lines@100"])
        done = subprocess.run(["bash", "-c", '"$1" --list "$2" bytes@16 | head -n 1; echo ${PIPESTATUS[0]}', "bash",
                               harness.BIGFS, str(path)], capture_output=True, timeout=60)
        self.assertEqual(done.stdout, b"name\toffset\tlength\tdata_bytes\n%d\n" % (128 + signal.SIGPIPE))
        self.assertEqual(done.stderr, b"")


class IndexTest(ListTest):
    """Views that need an index find it, or make it and keep it."""

    def setUp(self):
        super().setUp()
        self.dir = self.tmp / "indexes"
        self.path = self.write("app.log", numbered(400000))

    def kept(self):
        return sorted(str(path) for path in self.dir.rglob("*.*"))

    def test_it_is_kept_and_found(self):
        wanted = self.list("--index-dir", self.dir, self.path, "rows")
        kept = self.kept()
        self.assertEqual(len(kept), 1)
        times = [os.stat(path).st_ctime_ns for path in kept]
        self.assertEqual(self.list("--index-dir", self.dir, self.path, "rows"), wanted)
        self.assertEqual(self.kept(), kept)
        self.assertEqual([os.stat(path).st_ctime_ns for path in kept], times)
        mount = self.mount(None, "--min-size", "0", "--rows", "9K", "--index-dir", self.dir)
        self.assertIn("rows", os.listdir(mount.p("app.log")))  # it is listed, as its index is there
        self.assertEqual(read(mount.p("app.log/rows.tsv")), wanted)

    def test_nothing_is_made_in_vain(self):
        """Views that need no index touch no index directory."""
        for view in ("bytes", "lines@n3", "sorted", "extents", "lines@n3,header"):
            self.list("--index-dir", self.dir, self.path, view)
        self.assertFalse(self.dir.exists())

    def test_a_directory_that_cannot_be_used(self):
        """The table is right all the same; one line says that the index is not kept."""
        file = self.write("file", b"x")
        code, output, errors = bigfs("--list", "--index-dir", file, "--rows", "9K", self.path, "rows")
        self.assertEqual((code, output.encode()), (0, self.list(self.path, "rows")))
        self.assertRegex(errors, r"\Abigfs: line index: [^\n]*file: [^\n]+\n\Z")

    def test_on_a_terminal(self):
        """A bar on standard error, which is gone at the end; nothing of it in the table."""
        path = self.write("large.log.gz", gzip.compress(b"a line of some length\n" * 8000000, 1))
        ours, theirs = pty.openpty()
        with open(ours, "rb", buffering=0) as screen:
            process = subprocess.Popen([harness.BIGFS, "--list", *self.OPTIONS, "--rows", "2M", path, "plain/rows"],
                                       stdout=subprocess.PIPE, stderr=theirs)
            os.close(theirs)
            shown = []

            def look():
                try:
                    while part := screen.read(4096):
                        shown.append(part)
                except OSError:
                    pass

            looking = threading.Thread(target=look)
            looking.start()
            table = process.communicate(timeout=60)[0]
            looking.join()
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(table.splitlines()), 1 + 4)
        self.assertRegex(b"".join(shown), rb"\[[#.]*\] +[0-9]+%.*left")
        self.assertNotIn(b"\n", b"".join(shown))
        self.assertTrue(b"".join(shown).endswith(b"\r\x1b[K"))


class RefusedTest(ListTest):
    """One line that says what is wrong, and what to do; no part of a table."""

    def setUp(self):
        super().setUp()
        self.path = self.write("app.log", ragged(1, 300 * K))

    def assert_says(self, what, *arguments, code=1, **options):
        self.assertEqual(bigfs("--list", *self.OPTIONS, *arguments, **options), (code, "", "bigfs: %s\n" % what))

    def assert_no_view(self, path, view):
        """One line says which rule the name fails."""
        code, output, errors = bigfs("--list", *self.OPTIONS, path, view)
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Abigfs: %s: no such view: [^\n]+\n\Z" % re.escape(view))

    def test_files(self):
        fifo = self.source / "fifo"
        os.mkfifo(fifo)
        os.symlink("nowhere", self.source / "dangling")
        os.symlink("circle", self.source / "circle")
        for path, what in ((self.source, "is not a regular file: give one that is"),
                           ("%s/" % self.source, "is not a regular file: give one that is"),
                           (fifo, "is not a regular file: give one that is"),
                           ("/dev/null", "is not a regular file: give one that is"),
                           (self.source / "none", "does not exist: give a file"),
                           (self.source / "dangling", "does not exist: give a file"),
                           (self.source / "circle", "symbolic links lead round in a circle: check the path"),
                           (self.path / "x", "a part of this path is no directory: check the path"),
                           ("/proc/self/status", "does not tell its size: list a copy of it"),
                           ("-", "standard input cannot be listed: give a file")):
            with self.subTest(path=path):
                self.assert_says("%s: %s" % (path, what), path, "lines")
        for path, what in ((self.path, "is not a gzip, zstd or xz file: leave out plain/ before the view"),
                           (self.source, "is not a regular file: give one that is"),
                           (self.source / "none", "does not exist: give a file")):
            self.assert_says("%s: %s" % (path, what), path, "plain/lines")

    def test_a_file_that_is_not_readable(self):
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "to become another user needs root and setpriv")
        self.tmp.chmod(0o755)
        self.path.chmod(0o600)
        what = "%s: cannot be read: run bigfs as a user who may read it" % self.path
        self.assert_says(what, self.path, "lines", wrapper=NOBODY)
        self.assert_says(what, self.path, "plain/lines", wrapper=NOBODY)

    def test_views(self):
        gz = self.put("gzip-6", "app.log", b"x\n" * 9000)
        for view in ("lines@", "lines@n0", "rows@1,entry", "lines@n3,pin=x", "plain", "lines@x/0", "x.tsv"):
            self.assert_no_view(self.path, view)
        for view, what in (("foo", "the views are bytes, lines, rows, extents, sorted"), ("lines@64MB", "write 64M"),
                           ("linse", "did you mean lines?"), ("Lines@n3", "did you mean lines?"),
                           ("lines.tsv", "write lines"), ("rows@5.json", "write rows@5"), ("lines/", "write lines")):
            self.assert_says("%s: no such view: %s" % (view, what), self.path, view)
        for view in ("bytes/0+10", "lines/0", "sorted@csv/a..b"):
            self.assert_says("%s: is a piece and has no table: give its view, %s" % (view, view.split("/")[0]),
                             self.path, view)
        self.assert_says("plain/rows.tsv: no such view: write plain/rows", self.source / gz, "plain/rows.tsv")
        for view in ("plain/", "plain/plain/lines", "plain/lines@x"):
            self.assert_no_view(self.source / gz, view)
        for view in ("whole", "whole.log"):
            self.assert_says("%s: is one piece and has no table: give a view of pieces, such as lines@n16" % view,
                             self.path, view)
        self.assert_says("plain/extents: plain/ does not have this view", self.source / gz, "plain/extents")
        beyond = "%%s: from= or to= is beyond the end, which is at %d" % os.stat(self.path).st_size
        for view, what in (("lines@n3,from=1G", beyond), ("bytes@n3,to=1G", beyond),
                           ("bytes@n2,from=9,to=8", "%s: from= is beyond to=")):
            self.assert_says(what % view, self.path, view)
        other = "bytes@n3,pin=%d-%032x" % (os.stat(self.path).st_size, 1)
        self.assert_says("%s: the file does not have the content of pin= now" % other, self.path, other)

    def test_only_from_its_start(self):
        """A compressed file without plain/: the line says why, and how to recompress it."""
        self.require(shutil.which("zstd"), "zstd is not installed")
        path = self.write("one.zst", harness.run("zstd", "-qc", input=text(5 * M)))
        code, output, errors = bigfs("--list", *self.OPTIONS, path, "plain/lines")
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Abigfs: [^\n]*one\.zst: it can only be read from its start[^\n]*\n\Z")

    def test_standard_output(self):
        """Closed, full, or gone: one line and exit 1, for the other commands that print too."""
        gone = "bigfs: standard output: Broken pipe: try again\n"
        for command in (["--list", str(self.path), "lines@n3"], ["--help"], ["--version"]):
            for redirection, said in ((">&-", "bigfs: standard output is closed: write to a file or a pipe\n"),
                                      (">/dev/full", "bigfs: standard output: No space left on device: "
                                                     "free some space\n"),
                                      ("> >(exit 0)", gone)):
                with self.subTest(command=command, redirection=redirection):
                    script = "trap '' PIPE; exec %s" % redirection if redirection == "> >(exit 0)" else ":"
                    script += "; sleep 0.1; \"$@\"" if redirection == "> >(exit 0)" else '; "$@" %s' % redirection
                    done = subprocess.run(["bash", "-c", script, "bash", harness.BIGFS, *command], text=True,
                                          capture_output=True, timeout=60, env=dict(os.environ, LC_ALL="C"))
                    self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", said))
        with open("/dev/full", "w") as full:
            done = subprocess.run([harness.BIGFS, "--index", "--index-dir", self.tmp / "index", self.path], text=True,
                                  stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "bigfs: standard output cannot be written to: check where it goes\n"))


class ChangingTest(ListTest):
    """The file changes while it is listed."""

    def test_a_file_that_is_appended_to(self):
        """A table of the file as it was at some moment, in both forms: its pieces end where the next begin."""
        path = self.write("app.log", numbered(20000))
        over = threading.Event()

        def append():
            with open(path, "ab", buffering=0) as file:
                while not over.is_set():
                    file.write(numbered(50))
                    time.sleep(0.001)

        writer = threading.Thread(target=append)
        writer.start()
        try:
            for view, form in (("bytes@64K", "--json"), ("lines@n9", ""), ("rows@1K", ""), ("rows@n5,csv", "--json")):
                rows = json.loads(self.list("--json", path, view)) if form else \
                    [dict(zip(("name", *COLUMNS), line.decode().split("\t")))
                     for line in self.list(path, view).splitlines()[1:]]
                place = 0
                for row in rows:
                    self.assertEqual(int(row["offset"]), place, view)
                    place += int(row["length"])
                self.assertGreaterEqual(place, len(numbered(20000)))
        finally:
            over.set()
            writer.join()

    def test_a_file_that_is_rewritten(self):
        """While a long table is written: an error at the end, and not the table of two contents."""
        path = self.write("app.log", b"0123456789abcde\n" * (M // 2))
        process = subprocess.Popen([harness.BIGFS, "--list", str(path), "bytes@16"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            first = process.stdout.read(4096)
            wait_for(lambda: read("/proc/%d/stat" % process.pid).split()[2] == b"S", LAG, "it waits for its reader")
            path.write_bytes(b"fedcba987654321\n" * (M // 2 - 1))
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        self.assertTrue(first.startswith(b"name\t"))
        self.assertLess(len((first + output).splitlines()), 8 * M // 16)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(errors.decode(), r"\Abigfs: [^\n]*app\.log: is rewritten while it is read: list it when "
                                          r"nothing writes to it\n\Z")


if __name__ == "__main__":
    harness.main()
