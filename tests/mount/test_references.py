# SPDX-License-Identifier: MIT
"""VIEW.json: with it, fsspec reads the pieces from the file itself, without a mount."""

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys

import harness
from harness import K, read, run
from support import NOBODY, errno_of
from test_deep import descend, read_at, write_at

# Long lines leave pieces without a record.
LINES = b"".join(b"line %d\n" % i * (i % 3) for i in range(4000)) + b"x" * 20000 + b"\n" + b"end\n" * 500
VIEWS = ("bytes", "lines", "lines@n16", "lines@n40", "lines@100", "bytes@n7", "rows@1000", "rows@n3", "extents", "sorted",
         "lines@nul", "lines@4K,from=8,to=30000", "rows@100,fasta")
NAMES = ("app.log", "a b.log", "q\"u'o.log", "100%41%.log", "ü€😀\u2028.log", "new\nline.log", "\t\x01\x1f\x7f.log",
         "back\\slash\\u0041.log", "x::y#?&=;.log", "{{u}}.log", "~tilde", "e.\"x\\\n é\x02", "base64:", ".[json]", "end ")

# Compares what fsspec gives, one by one and all at once, with copies of the pieces.
PROGRAM = """
import fsspec, json, os, sys
for references, copies in json.load(open(sys.argv[1])):
    system = fsspec.filesystem("reference", fo=references, skip_instance_cache=True)
    names = sorted(os.listdir(copies))
    wanted = {name: open(os.path.join(copies, name), "rb").read() for name in names}
    assert sorted(system.find("")) == names, (references, names)
    together = system.cat(names) if names else {}
    for name in names:
        assert system.info(name)["size"] == len(wanted[name]), (references, name)
        assert system.cat_file(name) == wanted[name], (references, name)
        assert system.open(name).read() == wanted[name], (references, name)
        assert together[name] == wanted[name], (references, name)
    print(len(names))
"""


def python_with_fsspec(test):
    """A Python that has fsspec: the one that runs this, or Debian's."""
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and subprocess.run([python, "-c", "import fsspec"], capture_output=True).returncode == 0:
            return python
    test.require(False, "fsspec is not installed: apt-get install python3-fsspec")
    return None


def unescaped(name):
    """A name as a table writes it, as it is."""
    return name.replace("\\\\", "\0").replace("\\t", "\t").replace("\\n", "\n").replace("\0", "\\")


class ReferencesTest(harness.MountTest):
    def references(self, directory, view):
        """What VIEW.json refers to, by name. No name may be there twice."""
        def once(pairs):
            self.assertEqual(len({name for name, _ in pairs}), len(pairs))
            return dict(pairs)
        text = read(os.path.join(directory, view + ".json"))
        self.assertEqual(os.stat(os.path.join(directory, view + ".json")).st_size, len(text))
        whole = json.loads(text.decode(), object_pairs_hook=once)
        self.assertEqual(list(whole), ["version", "refs"])
        self.assertEqual(whole["version"], 1)
        return whole["refs"]

    def assert_as_the_table(self, directory, view, path):
        """The same pieces in the same order as in VIEW.tsv, all of them parts of the file at `path`."""
        rows = [line.split("\t") for line in read(os.path.join(directory, view + ".tsv")).decode().split("\n")[1:-1]]
        wanted = [(unescaped(row[0]), ["file://%s" % path, int(row[1]), int(row[2])]) for row in rows]
        self.assertEqual(list(self.references(directory, view).items()), wanted, (directory, view))
        return len(rows)


class SameBytesTest(ReferencesTest):
    """fsspec gives the bytes that the pieces had, once nothing is mounted."""

    def copy(self, mount, name, view, jobs):
        """Copies VIEW.json and the pieces of a view out of the mount."""
        copies = self._fresh("copies")
        directory = mount.p(name, view)
        copies.mkdir()
        for piece in os.listdir(directory):
            shutil.copyfile(os.path.join(directory, piece), copies / piece)
        references = self._fresh("references")
        references.write_bytes(read(directory + ".json"))
        jobs.append((str(references), str(copies)))
        return len(os.listdir(copies))

    def compare(self, mount, jobs):
        python = python_with_fsspec(self)
        mount.unmount()
        todo = self._fresh("jobs")
        todo.write_text(json.dumps(jobs))
        return list(map(int, run(python, "-c", PROGRAM, todo).split()))

    def test_views(self):
        self.write("a/deep/er/app.log", LINES)
        sparse = self.write("sparse.bin", b"head\n")
        with open(sparse, "r+b") as file:
            file.truncate(300 * K)
            file.seek(128 * K)
            file.write(b"middle\n")
        jobs, counts = [], []
        mount = self.mount(None, "--chunk-size", "16K", "--rows", "1000")
        pin = read(mount.p("a/deep/er/app.log/pin")).decode().strip()
        for view in (*VIEWS, "lines@n4,pin=" + pin):
            counts.append(self.copy(mount, "a/deep/er/app.log", view, jobs))
            self.assertEqual(self.assert_as_the_table(mount.p("a/deep/er/app.log"), view,
                                                      self.source / "a/deep/er/app.log"), counts[-1])
        for view in ("bytes", "lines", "extents"):
            counts.append(self.copy(mount, "sparse.bin", view, jobs))
        sizes = [size for _, _, size in self.references(mount.p("a/deep/er/app.log"), "lines@n40").values()]
        self.assertIn(0, sizes)
        self.assertEqual(counts[VIEWS.index("sorted")], 0)
        self.assertEqual(self.compare(mount, jobs), counts)

    def test_names(self):
        """Any name that is UTF-8, of files, of directories and of SOURCE."""
        source = self.source / "so\"ur\tce \\ é\n"
        source.mkdir()
        for name in NAMES:
            (source / name).mkdir()
            (source / name / name).write_bytes(LINES)
        jobs, counts = [], []
        mount = self.mount(source, "--chunk-size", "16K")
        for name in NAMES:
            with self.subTest(name=name):
                counts.append(self.copy(mount, os.path.join(name, name), "lines", jobs))
                self.assert_as_the_table(mount.p(name, name), "lines", source / name / name)
        self.assertEqual(self.compare(mount, jobs), counts)

    def test_source_is_a_file(self):
        path = self.write("a b.log", LINES)
        jobs = []
        mount = self.mount(path, "--chunk-size", "16K")
        count = self.copy(mount, "a b.log", "lines@n3", jobs)
        self.assert_as_the_table(mount.p("a b.log"), "lines@n3", path)
        self.assertEqual(self.compare(mount, jobs), [count])


class WhichTest(ReferencesTest):
    """Which views have a VIEW.json."""

    def test_never_listed(self):
        self.write("app.log", LINES)
        mount = self.mount(None, "--chunk-size", "16K")
        before = os.listdir(mount.p("app.log"))
        read(mount.p("app.log/lines.json"))
        self.assertEqual(os.listdir(mount.p("app.log")), before)
        self.assertEqual([name for name in before if name.endswith(".json")], [])

    def test_headers_and_other_names(self):
        """A piece with a header is no range of the file."""
        self.write("app.log", LINES)
        mount = self.mount(None, "--chunk-size", "16K")
        for name in ("lines@header", "lines@n4,header=2", "rows@5,csv,header", "sorted@header", "whole", "lines@n0", "pin", ""):
            self.assertEqual(errno_of(os.stat, mount.p("app.log", name + ".json")), "ENOENT", name)
        mount.unmount()
        mount = self.mount(None, "--chunk-size", "16K", "--header")
        self.assertEqual(errno_of(os.stat, mount.p("app.log/lines.json")), "ENOENT")
        self.assert_as_the_table(mount.p("app.log"), "bytes", self.source / "app.log")
        self.assert_as_the_table(mount.p("app.log"), "lines@n4", self.source / "app.log")

    def test_plain(self):
        """What a compressed file holds is no range of the file; the file's own bytes are."""
        self.write("app.log.gz", gzip.compress(os.urandom(100 * K)))
        mount = self.mount(None, "--chunk-size", "16K")
        self.assertTrue(read(mount.p("app.log.gz/plain/bytes.tsv")))
        for view in ("bytes", "lines", "rows", "bytes@n3"):
            self.assertEqual(errno_of(os.stat, mount.p("app.log.gz/plain", view + ".json")), "ENOENT", view)
        self.assert_as_the_table(mount.p("app.log.gz"), "bytes", self.source / "app.log.gz")

    def test_no_utf8(self):
        """JSON cannot write a path that is not UTF-8, wherever in it that is."""
        for path in (b"bad.\xff", b"bad\xc3/app.log", b"surrogate.\xed\xa0\x80", b"overlong\xc0\xaf.log", b"cut\xe2\x82"):
            self.write(path, LINES)
            mount = self.mount(None, "--chunk-size", "16K")
            self.assertTrue(read(mount.p(os.fsdecode(path), "lines.tsv")))
            self.assertEqual(errno_of(os.stat, mount.p(os.fsdecode(path), "lines.json")), "ENOENT", path)
            mount.unmount()
        source = os.path.join(os.fsencode(self.source), b"sour\xffce")
        os.mkdir(source)
        with open(os.path.join(source, b"app.log"), "wb") as file:
            file.write(LINES)
        self.assertEqual(errno_of(os.stat, self.mount(os.fsdecode(source), "--min-size", "4K").p("app.log/lines.json")), "ENOENT")

    def test_the_longest_path(self):
        """4095 bytes, the most that a program can open, each of which JSON writes as six."""
        sign, last = "\x01", len(os.fsencode(self.source))
        directory = os.open(self.source, os.O_RDONLY)
        names = []
        while 4095 - last - 1 > 255:
            names.append(sign * min(250, 4095 - last - 1 - 3))
            directory = descend(directory, names[-1], make=True)
            last += 1 + len(names[-1])
        fits = sign + "." + sign * (4095 - last - 1 - 2)
        for name in (fits, fits + sign):
            write_at(directory, name, LINES)
        os.close(directory)
        mount = self.mount(None, "--chunk-size", "16K", "--min-size", "4096")
        directory = os.open(mount.path, os.O_RDONLY)
        for name in names:
            directory = descend(directory, name)
        self.addCleanup(os.close, directory)
        path = "/".join((str(self.source), *names, fits))
        self.assertEqual(len(os.fsencode(path)), 4095)
        refs = json.loads(read_at(directory, fits, "lines.json"))["refs"]
        self.assertEqual([name for name in refs if not name.endswith(fits[1:])], [])
        self.assertEqual({url for url, _, _ in refs.values()}, {"file://" + path})
        self.assertEqual(read(path), LINES)
        with self.assertRaises(FileNotFoundError):
            read_at(directory, fits + sign, "lines.json")
        self.assertTrue(read_at(directory, fits + sign, "lines.tsv"))


class ConstantTest(ReferencesTest):
    def test_made_again(self):
        """After the kernel has dropped its pages, any part is made again, with its commas and its end."""
        self.require(os.geteuid() == 0, "dropping caches needs root")
        self.write("app.log", LINES)
        mount = self.mount(None, "--min-size", "1K")
        path = mount.p("app.log", "lines@20.json")
        whole = read(path)
        self.assertGreater(len(whole), 200 * K)
        self.assert_as_the_table(mount.p("app.log"), "lines@20", self.source / "app.log")
        file = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, file)
        for at in (len(whole) - 2, 0, 65536 - 5, 65536, 150000):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            self.assertTrue(os.pread(file, 50000, at) == whole[at:at + 50000], at)
        self.assertEqual(os.pread(file, 10, len(whole)), b"")

    def test_appended_to(self):
        log = self.write("app.log", LINES)
        mount = self.mount(None, "--chunk-size", "16K")
        for _ in range(3):
            with open(mount.p("app.log/lines.json"), "rb") as before:
                text = before.read()
                with open(log, "ab") as file:
                    file.write(LINES[:30000])
                refs = self.references(mount.p("app.log"), "lines")
                self.assertEqual(sum(length for _, _, length in refs.values()), log.stat().st_size)
                self.assertEqual(os.pread(before.fileno(), len(text) + 1, 0), text)


class RightsTest(ReferencesTest):
    """Where SOURCE is, only root and the user who mounted learn, as in .bigfs/status."""

    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "becoming another user needs root and setpriv")
        self.tmp.chmod(0o755)
        self.write("app.log", LINES)

    def test_another_user(self):
        """Who reads the pieces and their table, but cannot reach the file, does not learn its path."""
        self.source.chmod(0o755)
        self.write("open/app.log", LINES)
        closed = self.tmp / "closed-layoffs"
        closed.mkdir(mode=0o700)
        self.source.rename(closed / "source")
        mount = self.mount(closed / "source", "--chunk-size", "16K", "-o", "allow_other")
        path = mount.p("open/app.log/lines.json")
        self.assertEqual(run(*NOBODY, "cat", mount.p("open/app.log/lines/0")), read(mount.p("open/app.log/lines/0")))
        for _ in range(2):  # before and after it is made
            denied = subprocess.run([*NOBODY, "cat", path], capture_output=True, text=True, env=dict(os.environ, LC_ALL="C"))
            self.assertEqual((denied.returncode, denied.stdout), (1, ""))
            self.assertIn("Permission denied", denied.stderr)
            self.assert_as_the_table(mount.p("open/app.log"), "lines", closed / "source/open/app.log")

    def test_the_user_who_mounted(self):
        mode = stat.S_IMODE(os.stat("/dev/fuse").st_mode)
        os.chmod("/dev/fuse", 0o666)  # as udev has it; not so in every container
        self._finally(lambda old: os.chmod("/dev/fuse", old), mode)
        point = self.tmp / "users"
        point.mkdir()
        os.chown(point, 65534, 65534)
        daemon = subprocess.Popen([*NOBODY, harness.BIGFS, "-f", "--chunk-size", "16K", "--index-dir", "none", self.source, point],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            harness.wait_for(lambda: harness.mounted(point) or daemon.poll() is not None, harness.START_SECONDS, "the mount")
            text = run(*NOBODY, "cat", point / "app.log/lines.json")
        finally:
            daemon.terminate()
            daemon.wait()
            subprocess.run(["umount", "-l", str(point)], capture_output=True)
        self.assertIn("file://%s/app.log" % self.source, text.decode())


if __name__ == "__main__":
    harness.main()
