# SPDX-License-Identifier: MIT
"""The space of an index directory: --index-space, and the messages about an unusable directory."""

import gzip
import os
import re
import subprocess
import time

import harness
from harness import K, M, main, read, wait_for
from rowing import IndexTest, index_files, ragged, scanned, warnings
from support import bigfs, counter
import model

DAY = 24 * 60 * 60


class Indexes(IndexTest):
    """A directory of small indexes."""

    def make(self, count):
        """This many small indexes of different files, each used a day before the next: {name: index file}."""
        found = {}
        for n in range(count):
            self.write("f%d.log" % n, b"file %d\n" % n + ragged(n, 500))
            before = set(index_files(self.dir))
            self.assertEqual(self.index("f%d.log" % n)[0], 0)
            (found["f%d.log" % n],) = set(index_files(self.dir)) - before
        for n, path in enumerate(found.values()):
            used = time.time() - (count - n) * DAY
            os.utime(path, (used, used))
        return found

    def each(self, found):
        """The disk space of one index."""
        (size,) = {os.stat(path).st_blocks * 512 for path in found.values()}
        return size

    def left(self, found):
        return [name for name, path in found.items() if os.path.exists(path)]


class SpaceTest(Indexes):
    """The least recently used index goes first."""

    def test_at_the_start_of_a_mount(self):
        """The most recently used index stays, empty directories go, and other files stay. The space is reported."""
        found = self.make(12)
        (self.dir / "notes").write_bytes(b"mine")
        limit = 5 * self.each(found) + 1
        mount = self.start("--index-space", str(limit))
        wait_for(lambda: len(self.left(found)) <= 5, 20, "indexes are removed")
        wait_for(lambda: counter(mount, "bigfs_index_space_bytes") == limit - 1, 20, "the space is told")
        self.assertEqual(self.left(found), ["f%d.log" % n for n in range(7, 12)])
        self.assertEqual(len(os.listdir(self.dir)), 6)
        self.assertEqual(read(self.dir / "notes"), b"mine")
        self.assertIn("index space:   %d of %d bytes" % (limit - 1, limit), read(mount.p(".bigfs/status")).decode())

    def test_use_is_noted(self):
        """An index that a mount has used is no longer the oldest."""
        found = self.make(6)
        mount = self.start()
        self.assertEqual(read(mount.p("f0.log/rows/1-1")), b"file 0\n")
        self.assertEqual(scanned(mount), 0)
        mount.unmount()
        self.assertLess(time.time() - os.stat(found["f0.log"]).st_mtime, DAY / 2)
        mount = self.start("-o", "index_space=%d" % (2 * self.each(found)))
        wait_for(lambda: len(self.left(found)) <= 2, 20, "indexes are removed")
        self.assertEqual(self.left(found), ["f0.log", "f5.log"])

    def test_by_the_command(self):
        """At the end of the command. The index it has just made stays."""
        found = self.make(6)
        self.write("new.log", ragged(77, 900))
        code, output, errors = bigfs("--index", "--index-dir", self.dir, "--index-space", str(3 * self.each(found)),
                                     self.source / "new.log")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(self.left(found), ["f4.log", "f5.log"])
        self.assertEqual(len(index_files(self.dir)), 3)

    def test_the_last_of_a_command_stays(self):
        """Even if all were made within a second, and it takes nearly all the space."""
        each = self.each(self.make(1))
        names = ["g%d.log" % n for n in range(6)]
        for n, name in enumerate(names):
            self.write(name, ragged(n, 500))
        code, _, errors = bigfs("--index", "--index-dir", self.dir, "--index-space", str(each + 1),
                                *[self.source / name for name in names])
        self.assertEqual((code, errors, len(index_files(self.dir))), (0, "", 1))
        self.assertIn("already indexed", self.index(names[-1])[1])

    def test_a_log_that_is_rotated(self):
        """Indexes of files that are gone do not pile up in a long-running mount."""
        found = self.make(1)
        limit = 6 * self.each(found)
        self.dir.chmod(0o700)
        mount = self.start("--index-space", str(limit))
        path = self.source / "app.log"
        for day in range(40):
            path.write_bytes(b"day %d\n" % day + ragged(day, 300 * K))
            self.assertEqual(read(mount.p("app.log/rows/1-1")), b"day %d\n" % day)
            os.rename(path, self.source / "app.log.1")
        wait_for(lambda: counter(mount, "bigfs_index_space_bytes") <= limit, 20, "it is swept")
        self.assertLessEqual(len(index_files(self.dir)), 6)
        self.assertLessEqual(len(os.listdir(self.dir)), 6)

    def test_wrong_values(self):
        for value in ("0", "", "none", "-1", "1.5G"):
            code, output, errors = bigfs("--index-space", value, self.source, self.tmp)
            self.assertEqual((code, output), (2, ""), value)
            self.assertRegex(errors, r"\Abigfs: --index-space=[^\n]*\n\Z")


class TooLargeTest(Indexes):
    """What alone is larger than the space is not kept, and `bigfs --index` does not say that it is."""

    TOLD = r"line index: [^\n]*%s: the %s takes [0-9.]+[KMG], more than --index-space %s: not kept; give more"

    def index_within(self, space, *names):
        return bigfs("--index", "--index-dir", self.dir, "--index-space", space, *[self.source / name for name in names])

    def write_long(self, name):
        """A file with an index of 18 KB, nearly all holes."""
        with open(self.source / name, "wb") as file:
            for n in range(900):  # 20 bytes of index each
                os.pwrite(file.fileno(), b"line\n", n * 16 * M)

    def assert_refused(self, got, name, what, space):
        code, output, errors = got
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\A(bigfs: )?" + self.TOLD % (name, what, space) + r"\n\Z")

    def test_the_command(self):
        """By the size of the index, and by the disk space that it takes."""
        self.write("a.log", ragged(1, 500))
        for space in ("100", "1K"):
            self.assert_refused(self.index_within(space, "a.log"), "a.log", "index", space)
            self.assertEqual(index_files(self.dir, ""), [])

    def test_others_stay(self):
        """The large one takes no place of others, and the file after it is indexed."""
        found, space = self.make(2), "15K"
        self.write_long("long.log")
        self.write("small.log", ragged(3, 500))
        code, output, errors = self.index_within(space, "long.log", "small.log")
        self.assertEqual((code, len(output.splitlines()), len(errors.splitlines())), (1, 1, 1), (output, errors))
        self.assertEqual(self.left(found), list(found))
        self.assertEqual(len(index_files(self.dir, "")), 3)

    def test_one_that_is_there(self):
        """With a smaller space than it was made with, it goes, others stay, and this is told."""
        found, space = self.make(2), "15K"
        self.write_long("long.log")
        self.assertEqual(self.index("long.log")[0], 0)
        self.assert_refused(self.index_within(space, "long.log"), "long.log", "index", space)
        self.assertEqual(self.left(found), list(found))
        self.assertEqual(len(index_files(self.dir, "")), 2)

    def test_a_map(self):
        """Of a compressed file, beside the index of what it holds."""
        self.write("a.gz", gzip.compress(ragged(1, 500)))
        code, output, errors = self.index_within("100", "a.gz")
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, self.TOLD % ("a.gz", "map", "100"))
        self.assertEqual(index_files(self.dir, ""), [])

    def test_a_mount(self):
        """It is told once for each file, and the index stays in memory."""
        names = ["a.log", "b.log"]
        rows = {}
        for n, name in enumerate(names):
            self.write(name, data := ragged(n, 300 * K))
            rows[name] = model.Rows(data)
        mount = self.start("--index-space", "1K", "--cache", "none")
        for name in 2 * names:
            self.assert_lines(mount, name, rows[name])
        self.assertEqual(scanned(mount), 2 * 300 * K)
        with open(self.source / "a.log", "ab") as file:
            file.write(ragged(5, 300 * K))
        self.assertEqual(read(mount.p("a.log/rows/1-1")), rows["a.log"].lines(1, 1))
        told = warnings(mount)
        self.assertEqual(len(told), 2, told)
        for name in names:
            self.assertEqual(sum(re.search(self.TOLD % (name, "index", "1K"), line) is not None for line in told), 1, told)
        self.assertEqual(index_files(self.dir, ""), [])

    def test_it_is_not_written(self):
        """Its size is known before: not even the directory is made."""
        self.write("a.log", ragged(1, 300 * K))
        mount = self.start("--index-space", "100")
        self.assertEqual(len(read(mount.p("a.log/rows/1-1")).splitlines()), 1)
        self.assertEqual(len(warnings(mount)), 1)
        self.assertFalse(self.dir.exists())


class ToldTest(IndexTest):
    """A warning comes once, and names the index and the file it should be for."""

    def test_read_only_and_damaged(self):
        """Two files, many listings and uses: one warning for each index that cannot be removed."""
        self.require(os.geteuid() == 0, "a read-only bind mount needs root")
        names = ["a.log", "b.log"]
        rows = {}
        for n, name in enumerate(names):
            self.write(name, data := ragged(n, 300 * K))
            rows[name] = model.Rows(data)
            self.assertEqual(self.index(name)[0], 0)
        for path in index_files(self.dir):
            with open(path, "r+b") as file:
                file.write(b"XXXX")
        harness.run("mount", "--bind", self.dir, self.dir)
        self.addCleanup(subprocess.run, ["umount", self.dir], capture_output=True)
        harness.run("mount", "-o", "remount,bind,ro", self.dir)
        mount = self.start()
        for _ in range(10):
            for name in names:
                os.listdir(mount.p(name))
        for name in names:
            self.assert_lines(mount, name, rows[name])
        told = [line for line in warnings(mount) if "damaged" in line]
        self.assertEqual(len(told), 2, told)
        for path in index_files(self.dir):
            self.assertEqual(sum(path in line for line in told), 1, (path, told))
        for name in names:
            self.assertEqual(sum(str(self.source / name) in line for line in told), 1, (name, told))
        self.assertLessEqual(len(warnings(mount)), 3)  # and that nothing can be kept
        mount.unmount()


if __name__ == "__main__":
    main()
