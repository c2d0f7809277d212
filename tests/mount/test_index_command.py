# SPDX-License-Identifier: MIT
"""`bigfs --index FILE…` (DESIGN 3), and what a scan does to the page cache."""

import ctypes
import fcntl
import gzip
import mmap
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import threading

import harness
from harness import K, M, read, run, wait_for
from rowing import WIDTH, IndexTest, numbered, ragged
from support import LAG, NOBODY, bigfs, daemons, errno_of

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p


class CommandTest(IndexTest):
    """bigfs --index FILE…"""

    def test_several_files(self):
        """One line for each finished file, in order; one line about each failed one, and exit 1."""
        one, two = self.write("one.log", ragged(1, 500 * K)), self.write("two.log", b"1\n2")
        empty = self.write("empty.log", b"")
        os.mkfifo(self.source / "fifo")
        os.symlink("one.log", self.source / "link")
        code, output, errors = self.index("one.log", "missing.log", "two.log", "fifo", "empty.log", "link")
        self.assertEqual(code, 1)
        self.assertEqual([line.split(", ")[0] for line in output.splitlines()],
                         ["%s: %d lines" % (one, read(one).count(b"\n")), "%s: 2 lines" % two, "%s: 0 lines" % empty,
                          "%s: already indexed (%d lines)" % (self.source / "link", read(one).count(b"\n"))])
        said = errors.splitlines()
        self.assertEqual(len(said), 2, errors)
        for line, (name, what) in zip(said, (("missing.log", "does not exist: give a file"), ("fifo", "not a regular file"))):
            self.assertRegex(line, r"^bigfs: %s: .*%s" % (re.escape(str(self.source / name)), what))
        self.assert_kept(2)
        self.assertNotIn("\x1b", output + errors)
        self.assertNotIn("\r", output + errors)

    def test_what_it_cannot_read(self):
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "to become another user needs root and setpriv")
        self.tmp.chmod(0o755)
        self.write("closed.log", ragged(1, 500 * K)).chmod(0o600)
        self.write("open.log", b"1\n").chmod(0o644)
        self.dir.mkdir()
        os.chown(self.dir, 65534, 65534)
        code, output, errors = self.index("closed.log", "open.log", wrapper=NOBODY)
        self.assertEqual((code, len(output.splitlines())), (1, 1))
        self.assertRegex(errors, r"\A[^\n]*closed\.log: cannot be read: run bigfs as a user who may read it\n\Z")

    def test_a_file_that_tells_no_size(self):
        """It has lines but the size 0: not "0 lines"."""
        path = "/proc/self/mountinfo"
        self.assertEqual(os.stat(path).st_size, 0)
        code, output, errors = bigfs("--index", "--index-dir", self.dir, path)
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Abigfs: [^\n]*mountinfo: [^\n]*size[^\n]*\n\Z")
        self.assertEqual(bigfs("--index", "--index-dir", self.dir, self.write("none.log", b""))[0], 0)

    def test_standard_input(self):
        """It is no file, even beside a file with that name, which ./- means; the other files are indexed."""
        self.write("-", b"1\n")
        self.write("one.log", b"1\n2\n")
        code, output, errors = bigfs("--index", "--index-dir", self.dir, "-", "one.log", "./-", cwd=self.source)
        self.assertEqual((code, errors), (1, "bigfs: -: standard input cannot be indexed: give a file\n"))
        self.assertEqual([line.split(", ")[0] for line in output.splitlines()], ["one.log: 2 lines", "./-: 1 lines"])

    def test_wrong_use(self):
        """Without a file: exit 2. Without a place to keep the index: exit 1."""
        path = self.write("one.log", b"1\n")
        for code, arguments in ((2, ["--index"]), (2, ["--index", "--index-dir", self.dir]), (2, ["--index=1", path]),
                                (1, ["--index", "--index-dir", "none", path]), (2, ["--index", "--rows=0", path])):
            got, output, errors = bigfs(*arguments)
            self.assertEqual((got, output), (code, ""), arguments)
            self.assertRegex(errors, r"\A[^\n]+\n\Z", arguments)
        self.assertFalse(self.dir.exists())

    def test_already_indexed(self):
        """Nothing is read but what shows that it is the same content; a compressed file, too."""
        path = self.write("one.log", ragged(1, 500 * K))
        lines = read(path).count(b"\n")
        self.write("two.csv", b'1,"2\n3"\n' * 50000)
        self.write("three.gz", gzip.compress(ragged(2, 3 * M), 1))
        names, options = ("one.log", "two.csv", "three.gz"), ("--format", "csv=csv")
        files = [self.source / name for name in names]
        first = bigfs("--index", "--index-dir", self.dir, *options, *files)
        self.assertEqual((first[0], first[1].count("already")), (0, 0), first)
        again = bigfs("--index", "--index-dir", self.dir, *options, *files)
        self.assertEqual(again[::2], (0, ""))
        self.assertEqual(again[1].splitlines(),
                         ["%s: already indexed (%d lines)" % (files[0], lines),
                          "%s: already indexed (50000 records)" % files[1],
                          "%s: already indexed (%d lines)" % (files[2], ragged(2, 3 * M).count(b"\n"))])
        with open(files[0], "ab") as file:
            file.write(b"more\n")
        self.assertRegex(self.index("one.log")[1], r"one\.log: %d lines, " % (lines + 1))

    def test_an_unusable_directory(self):
        """It is told at once, in one line, before a file is looked at."""
        self.require(os.geteuid() == 0, "full and read-only file systems need root")
        path = self.write("one.log", b"1\n")
        (file := self.tmp / "file").write_bytes(b"")
        (shared := self.tmp / "shared").mkdir()
        shared.chmod(0o777)
        for name, options in (("full", "size=4k,mode=700"), ("locked", "ro,mode=700")):
            (self.tmp / name).mkdir()
            run("mount", "-t", "tmpfs", "-o", options, "none", self.tmp / name)
            self.addCleanup(run, "umount", self.tmp / name)
        (self.tmp / "full" / "x").write_bytes(b"x" * 4096)
        for where, what in ((file, "Not a directory"), (file / "x", "remove the file in the way"),
                            (shared, "others may write to it"), (self.tmp / "full", "free some space"),
                            (self.tmp / "locked", "Read-only file system"),
                            (self.tmp / "locked" / "x", "Read-only file system"),
                            ("/proc/nowhere", "No such file or directory")):
            code, output, errors = bigfs("--index", "--index-dir", where, path, self.source / "missing")
            self.assertEqual((code, output), (1, ""), where)
            self.assertRegex(errors, r"\Abigfs: line index: %s: [^\n]*%s[^\n]*--index-dir=DIR\n\Z"
                             % (re.escape(str(where)), what))

    def test_relative_paths(self):
        """Of the file and of the directory; also with a daemon that leaves its working directory."""
        self.write("app.log", data := ragged(1, 500 * K))
        self.assertEqual(bigfs("--index", "--index-dir", "../indexes", "app.log", cwd=self.source)[::2], (0, ""))
        self.assert_kept(1)
        shutil.rmtree(self.dir)
        point = self.tmp / "point"
        point.mkdir()
        self.addCleanup(subprocess.run, ["umount", "-l", str(point)], capture_output=True)
        mounting = bigfs("--min-size", "0", "--index-dir", "indexes", self.source, point, cwd=self.tmp)
        self.assertEqual(mounting, (0, "", ""))
        self.assertTrue(read(point / "app.log/rows/0") == data)
        run("fusermount3", "-u", point)
        wait_for(lambda: not daemons(point), LAG, "the daemon ends")
        self.assert_kept(1)

    def on_a_terminal(self, columns, path):
        """What is shown on a terminal so wide, and what is printed."""
        terminal, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        shown = []

        def watch():
            try:
                while part := os.read(terminal, 4096):
                    shown.append(part)
            except OSError:
                pass  # the other end was closed
        watcher = threading.Thread(target=watch)
        watcher.start()
        process = subprocess.run([harness.BIGFS, "--index", "--index-dir", self.dir, path], stderr=end, timeout=60,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        os.close(end)
        watcher.join(60)
        os.close(terminal)
        text = b"".join(shown).decode()
        self.assertEqual(process.returncode, 0, text)
        self.assertTrue(text.endswith("\r\x1b[K"), repr(text[-60:]))
        self.assertNotIn("\n", text)
        return text, process.stdout.decode()

    def test_on_a_terminal(self):
        """A bar on standard error, which is cleared at the end; standard output has the plain lines."""
        path = self.write("app.log", numbered(60 * M // WIDTH))
        text, output = self.on_a_terminal(80, path)
        self.assertRegex(output, r"\A[^\n\r\x1b]*: %d lines, [^\n\r\x1b]*\n\Z" % (60 * M // WIDTH))
        self.assertRegex(text, r"\[[#.]+\] +[0-9]+%")
        self.assertTrue(all(len(part) <= 80 for part in text.split("\r\x1b[K")), repr(text))

    def test_on_narrow_terminals(self):
        """The end of the name, and what else has room; no line breaks."""
        path = self.write("a-long-name-of-a-log/\u6f22\u5b57-2026-11-28.log", numbered(60 * M // WIDTH))
        for columns in (40, 25, 12):
            text, _ = self.on_a_terminal(columns, path)
            lines = [part for part in text.split("\r\x1b[K") if part]
            self.assertTrue(lines)
            for line in lines:
                wide = sum("\u2e80" < letter < "\ua000" for letter in line)
                self.assertLessEqual(len(line) + wide, columns, repr(line))
            if columns == 40:
                self.assertRegex(lines[-1], r"\A\u2026.*26-11-28\.log +[0-9]+% [0-9.]+ [KMGTB]i?B?/s [0-9:-]+\Z")
            shutil.rmtree(self.dir)


class PageCacheTest(IndexTest):
    """A scan does not evict other files."""

    def setUp(self):
        super().setUp()
        kind = run("stat", "-f", "-c", "%T", self.tmp).strip()
        self.require(kind not in (b"tmpfs", b"ramfs"), "%s is no disk" % self.tmp)

    def cold(self, name, size):
        """A file without any page in the page cache."""
        block, path = numbered(M // WIDTH), self.source / name
        with open(path, "wb") as file:
            for _ in range(size // M):
                file.write(block)
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self.require(self.cached(path) < size // 50, "the page cache does not let go here")
        return path

    def cached(self, path):
        """How many bytes of a file are in the page cache."""
        size = os.stat(path).st_size
        pages = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE
        found = (ctypes.c_ubyte * pages)()
        with open(path, "rb") as file:
            at = _libc.mmap(None, ctypes.c_size_t(size), mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(),
                            ctypes.c_long(0))
        try:
            self.assertEqual(_libc.mincore(ctypes.c_void_p(at), ctypes.c_size_t(size), found), 0)
        finally:
            _libc.munmap(ctypes.c_void_p(at), ctypes.c_size_t(size))
        return sum(page & 1 for page in found) * mmap.PAGESIZE

    def test_what_is_left_of_a_cold_file(self):
        """Less than a twentieth, with the command and with a daemon. Pages cached before stay."""
        for way in ("command", "daemon"):
            path = self.cold(way + ".log", 320 * M)
            with open(path, "rb") as file:
                file.read(10 * M)
            before = self.cached(path)
            if way == "command":
                self.assertEqual(self.index(way + ".log")[0], 0)
            else:
                self.assertEqual(read(self.start().p(way + ".log/rows/1-1")), numbered(1))
            after = self.cached(path)
            self.assertLess(after - before, 320 * M // 20, way)
            self.assertGreaterEqual(after, before * 99 // 100, way)

    def test_other_files_in_little_memory(self):
        """In 96 MiB, 40 of them another file's, a scan of 200 MiB leaves 99% of that file."""
        memory = "/sys/fs/cgroup/memory"
        self.require(os.geteuid() == 0 and os.path.exists(memory + "/memory.limit_in_bytes"),
                     "no memory controller of cgroup v1")
        group = "%s/bigfs-test-%d" % (memory, os.getpid())
        os.mkdir(group)
        self.addCleanup(self.remove_group, group)
        with open(group + "/memory.limit_in_bytes", "w") as file:
            file.write(str(96 * M))
        other, big = self.cold("other.log", 40 * M), self.cold("big.log", 200 * M)
        within = ("sh", "-c", 'echo $$ > "$1/cgroup.procs" && shift && exec "$@" > /dev/null', "sh", group)
        run(*within, "cat", other, other)
        self.assertGreaterEqual(self.cached(other), 40 * M * 99 // 100)
        run(*within, harness.BIGFS, "--index", "--index-dir", self.dir, big)
        self.assertGreaterEqual(self.cached(other), 40 * M * 99 // 100)
        self.assertLess(self.cached(big), 16 * M)

    @staticmethod
    def remove_group(group):
        with open(group + "/memory.force_empty", "w") as file:
            file.write("0")
        wait_for(lambda: not os.path.isdir(group) or errno_of(os.rmdir, group) is None, LAG, "the group can be removed")


if __name__ == "__main__":
    harness.main()
