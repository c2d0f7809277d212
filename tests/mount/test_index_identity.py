# SPDX-License-Identifier: MIT
"""An index is never used for another file, however alike the two are; and a wrong one does not stay."""

import ctypes
import os
import random
import struct
import subprocess
import time

from harness import K, M, main, read, seed
from rowing import IndexTest, index_files, ragged, scanned, warnings
import model

HEADER, DIGEST, ENDS = 192, 184, 80  # bytes of an index file, and their offset


def alter(data, place):
    """The same size and the same first and last 4 KiB, but other lines: line ends move around `place`."""
    new = bytearray(data)
    for n in range(place, place + 400):
        new[n] = ord("x") if new[n:n + 1] == b"\n" else ord("\n") if n % 3 == 0 else new[n]
    return bytes(new)


def times(path):
    attributes = os.stat(path)
    return attributes.st_mtime_ns, attributes.st_ctime_ns


class IdentityTest(IndexTest):
    """Two files that could be taken for each other."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed("identity"))

    def middle(self, data):
        """A place far from both ends."""
        return self.random.randrange(16 * K, len(data) - 16 * K)

    def touch_together(self, *paths):
        """Give all files the same mtime and, as the clock has ticks, the same ctime."""
        for _ in range(1000):
            stamp = 10 ** 18 + self.random.randrange(10 ** 9)
            for path in paths:
                os.utime(path, ns=(stamp, stamp))
            if len({times(path) for path in paths}) == 1:
                return
            time.sleep(0.001)
        self.skipTest("the clock of this file system has no ticks")

    def check(self, name, data, **more):
        """Every line of a file, as a new daemon finds it."""
        mount = self.start(**more)
        rows = model.Rows(data)
        self.assert_lines(mount, name, rows)
        for n in range(0, rows.count, max(1, rows.count // 40)):
            self.assertEqual(read(mount.p(name, "rows/%d+1" % (n + 1))), rows.lines(n + 1, 1), (name, n))
        mount.unmount()
        return mount

    def test_one_touch(self):
        """Same size, ends and times, in one directory."""
        data = ragged(1, 400 * K)
        other = alter(data, self.middle(data))
        self.write("a.log", data)
        self.write("b.log", other)
        self.touch_together(self.source / "a.log", self.source / "b.log")
        self.assertEqual(self.index("a.log")[0], 0)
        self.check("b.log", other)
        self.check("a.log", data)
        self.assertEqual(len(index_files(self.dir)), 2)

    def test_an_inode_used_again(self):
        """A file is removed, and a longer one gets its inode. It begins like the old one, except for some bytes."""
        root = self.filesystem("ext4", 64 * M)
        self.source = root
        again = 0
        for n in range(8):
            data = ragged(n, 1 * M)
            path = self.write("app.log", data)
            inode = os.stat(path).st_ino
            self.assertEqual(self.index("app.log")[0], 0)
            path.unlink()
            new = alter(data, self.middle(data)) + ragged(n + 100, 300 * K)
            self.write("app.log", new)
            again += os.stat(path).st_ino == inode
            self.check("app.log", new)
            path.unlink()
        self.assertGreater(again, 0, "no inode was used again: this tested nothing")

    def test_two_file_systems(self):
        """Two fresh file systems whose files have the same inode numbers."""
        roots = [self.filesystem("ext4", 64 * M), self.filesystem("ext4", 64 * M)]
        data = ragged(3, 400 * K)
        contents = [data, alter(data, self.middle(data))]
        for root, content in zip(roots, contents):
            (root / "a.log").write_bytes(content)
        paths = [root / "a.log" for root in roots]
        self.assertEqual(*[os.stat(path).st_ino for path in paths])
        self.touch_together(*paths)
        for root, content in zip(roots, contents):
            self.source = root
            self.check("a.log", content)
        for root, content in zip(roots, contents):
            self.source = root
            mount = self.check("a.log", content)
        self.assertEqual(len(index_files(self.dir)), 2)

    def test_a_file_system_mounted_elsewhere(self):
        """The same file in another mount of its file system has its index already."""
        root = self.filesystem("ext4", 64 * M)
        data = ragged(4, 400 * K)
        (root / "a.log").write_bytes(data)
        self.source = root
        self.assertEqual(self.index("a.log")[0], 0)
        other = self.tmp / "other"
        other.mkdir()
        subprocess.run(["mount", "--bind", root, other], check=True)
        self.addCleanup(subprocess.run, ["umount", other], capture_output=True)
        self.source = other
        mount = self.start()
        self.assert_lines(mount, "a.log", model.Rows(data))
        self.assertEqual(scanned(mount), 0)
        mount.unmount()


class WrongTest(IndexTest):
    """An undamaged, signed index that does not fit its file."""

    def setUp(self):
        super().setUp()
        try:
            self.library = ctypes.CDLL("libxxhash.so.0")
        except OSError:
            self.library = None
        self.require(self.library, "libxxhash.so.0 is not installed")
        self.library.XXH3_64bits.restype = ctypes.c_uint64

    def forge(self, path, more):
        """Make the index claim more line ends in the first block than it has."""
        old = bytearray(read(path))
        (ends,) = struct.unpack_from("<Q", old, ENDS)
        struct.pack_into("<Q", old, ENDS, ends + more)
        (count,) = struct.unpack_from("<I", old, HEADER + 16)
        struct.pack_into("<I", old, HEADER + 16, count + more)
        covered = bytes(old[HEADER:] + old[:DIGEST])
        struct.pack_into("<Q", old, DIGEST, self.library.XXH3_64bits(covered, ctypes.c_size_t(len(covered))))
        with open(path, "wb") as file:
            file.write(old)

    def test_found_in_use(self):
        """It is removed with one warning that names both files, and the reader gets the right lines."""
        data = ragged(1, 600 * K)
        rows = model.Rows(data)
        self.write("a.log", data)
        self.assertEqual(self.index("a.log")[0], 0)
        (path,) = index_files(self.dir)
        self.forge(path, 9)
        mount = self.start()
        ends = data[:256 * K].count(b"\n")
        self.assertEqual(read(mount.p("a.log/rows/%d+1" % (ends + 5))), rows.lines(ends + 5, 1))
        self.assert_lines(mount, "a.log", rows)
        self.assertEqual(scanned(mount), len(data))
        told = warnings(mount)
        self.assertEqual(len(told), 1, told)
        self.assertIn(path, told[0])
        self.assertIn(str(self.source / "a.log"), told[0])
        mount.unmount()
        mount = self.start()
        self.assertEqual(read(mount.p("a.log/rows/%d+1" % (ends + 5))), rows.lines(ends + 5, 1))
        self.assertEqual((scanned(mount), warnings(mount)), (0, []))

    def test_found_by_a_table(self):
        """A table also finds that lines are missing. It is made with a right index, and the wrong one is removed."""
        data = ragged(1, 600 * K)
        self.write("a.log", data)
        self.assertEqual(self.index("a.log")[0], 0)
        (path,) = index_files(self.dir)
        self.forge(path, 9)
        mount = self.start()
        table = read(mount.p("a.log/rows@1.tsv")).decode().splitlines()
        self.assertEqual(len(table) - 1, len(data.splitlines(True)))
        self.assertEqual(sum(int(line.split("\t")[2]) for line in table[1:]), len(data))
        self.assertEqual(len(warnings(mount)), 1)


if __name__ == "__main__":
    main()
