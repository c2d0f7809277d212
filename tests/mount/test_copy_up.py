# SPDX-License-Identifier: MIT
"""A file of an overlay that is written to for the first time is copied up: it gets another inode, and descriptors
follow. Open handles go on, or give ESTALE after a rewrite. Fresh look-ups see the file as it is."""

import os
import subprocess

import harness
from harness import K, M, read, wait_for
from support import errno_of

LAG = 60  # seconds; the time-outs are shorter


class CopyUpTest(harness.MountTest):
    LINES = b"".join(b"%07d\n" % n for n in range(60000))
    LONG = b"".join(b"%d " % n + b"x" * (300 * K) + b"\n" for n in range(8))

    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0, "an overlay needs root")
        disk = self.filesystem("ext4", 100 * M)
        for name in ("lower", "upper", "work", "merged"):
            (disk / name).mkdir()
        (disk / "lower" / "app.log").write_bytes(self.LINES)
        (disk / "lower" / "long.log").write_bytes(self.LONG)
        (disk / "lower" / "small.txt").write_bytes(b"small\n")
        self.merged = disk / "merged"
        mounting = subprocess.run(["mount", "-t", "overlay", "overlay", str(self.merged), "-o",
                                   "lowerdir=%s,upperdir=%s,workdir=%s" % tuple(disk / name for name in
                                                                              ("lower", "upper", "work"))],
                                  capture_output=True, text=True)
        self.require(mounting.returncode == 0, "no overlay here: %s" % mounting.stderr.strip())
        self._finally(lambda point: subprocess.run(["umount", "-l", str(point)], capture_output=True), self.merged)
        self.bigfs = self.mount(self.merged, "--chunk-size", "64K", "--rows", "1000", "--index-dir", self.tmp / "dir")

    def open(self, name):
        """A descriptor whose first bytes have been read."""
        descriptor = os.open(self.bigfs.p(name), os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        self.assertGreater(len(os.pread(descriptor, 100, 0)), 0)
        return descriptor

    def open_all(self):
        """Handles of all kinds, each with its expected content; the index is made, and windows are mapped."""
        wanted = {
            "app.log/bytes/1": self.LINES[64 * K:128 * K],
            "app.log/lines/3": self.LINES[192 * K:256 * K],
            "app.log/rows/5": self.LINES[5000 * 8:6000 * 8],
            "app.log/whole.log": self.LINES,
            "long.log/lines/4": self.LONG[self.LONG.index(b"1 x"):][:300 * K + 3],
            "long.log/rows/3-3": self.LONG[self.LONG.index(b"2 x"):][:300 * K + 3],
            "small.txt": b"small\n",
        }
        return [(name, self.open(name), data) for name, data in wanted.items()]

    def append(self, name, data):
        with open(self.merged / name, "ab") as file:
            file.write(data)

    def await_content(self, name, data):
        """Wait until all pieces of lines, by number and by row, are the file as it is."""
        def pieces(view):
            try:
                names = sorted(os.listdir(self.bigfs.p(name, view)))
                return b"".join(read(self.bigfs.p(name, view, leaf)) for leaf in names)
            except OSError as error:
                return error
        for view in ("lines", "rows@1000", "bytes"):
            wait_for(lambda: pieces(view) == data, LAG, "%s/%s is the file as it is now" % (name, view))

    def test_appended_to(self):
        handles = self.open_all()
        more = b"".join(b"%07d\n" % n for n in range(60000, 61000))
        self.append("app.log", more)
        self.append("long.log", b"8 " + b"y" * (300 * K) + b"\n")
        for name, descriptor, data in handles:
            with self.subTest(name=name):
                self.assertEqual(os.pread(descriptor, len(data) + 1, 0), data)
        self.await_content("app.log", self.LINES + more)
        self.await_content("long.log", self.LONG + b"8 " + b"y" * (300 * K) + b"\n")
        self.assertEqual(read(self.bigfs.p("app.log/rows/-1")), b"0060999\n")
        for name, descriptor, data in handles:
            with self.subTest(name=name, again=True):
                self.assertEqual(os.pread(descriptor, len(data) + 1, 0), data)

    def test_copied_up_by_chmod(self):
        """The content stays the same."""
        handles = self.open_all()
        for name in ("app.log", "long.log", "small.txt"):
            os.chmod(self.merged / name, 0o600)
        for name, descriptor, data in handles:
            with self.subTest(name=name):
                self.assertEqual(os.pread(descriptor, len(data) + 1, 0), data)
        self.await_content("app.log", self.LINES)
        self.await_content("long.log", self.LONG)

    def test_rewritten(self):
        """In place, with the same size: old bytes never again."""
        handles = self.open_all()
        for name, data in (("app.log", self.LINES), ("long.log", self.LONG), ("small.txt", b"small\n")):
            with open(self.merged / name, "r+b") as file:
                file.write(data.translate(bytes.maketrans(b"0123456789x\ns", b"abcdefghijy\nS")))
        for name, descriptor, data in handles:
            with self.subTest(name=name):
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                self.assertEqual(errno_of(os.pread, descriptor, len(data), 0), "ESTALE")
        table = bytes.maketrans(b"0123456789x\ns", b"abcdefghijy\nS")
        self.await_content("app.log", self.LINES.translate(table))
        self.await_content("long.log", self.LONG.translate(table))
        wait_for(lambda: read(self.bigfs.p("small.txt")) == b"Small\n", LAG, "the small file is the new one")

    def test_rewritten_and_grown(self):
        """Rewritten after a copy-up by an append, which the handles survive."""
        handles = self.open_all()
        self.append("app.log", b"more\n")
        descriptor = next(descriptor for name, descriptor, _ in handles if name == "app.log/whole.log")
        self.assertEqual(os.pread(descriptor, 8, 0), b"0000000\n")
        new = b"".join(b"%d other\n" % n for n in range(61000))
        with open(self.merged / "app.log", "r+b") as file:
            file.write(new)
        self.assertGreater(len(new), len(self.LINES) + 5)
        for name, descriptor, _ in handles:
            if name.startswith("app.log"):
                with self.subTest(name=name):
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                    self.assertEqual(errno_of(os.pread, descriptor, 100, 0), "ESTALE")
        self.await_content("app.log", new)


if __name__ == "__main__":
    harness.main()
