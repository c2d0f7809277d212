# SPDX-License-Identifier: MIT
"""`bigfs --index DIR`: all large files beneath a directory."""

import os
import re
import shutil
import threading

import harness
from compressing import make, need, noise, text
from harness import K, M, run
from rowing import IndexTest, ragged
from support import NOBODY, bigfs


class TreeTest(IndexTest):
    def index_tree(self, *options, where=None, **more):
        return bigfs("--index", "--index-dir", self.dir, "--min-size", "100K", *options, where or self.source, **more)

    def names(self, output):
        """The files of which a line was printed, as paths in the source."""
        return [os.path.relpath(line.split(": ")[0], self.source) for line in output.splitlines()[:-1]]

    def test_which_files(self):
        """Those of at least --min-size, in order, at any depth; no links, no FIFOs."""
        wanted = ["a.log", "b/a/x.log", "b/z.log", "c.log"]
        for name in wanted:
            self.write(name, ragged(len(name), 100 * K))
        self.write("b/small.log", b"1\n" * (50 * K - 1))
        os.symlink("a.log", self.source / "link.log")
        os.symlink("..", self.source / "b/up")
        os.symlink("b", self.source / "down")
        os.mkfifo(self.source / "fifo")
        code, output, errors = self.index_tree()
        self.assertEqual((code, errors, self.names(output)), (0, "", wanted))
        self.assertEqual(output.splitlines()[-1], "%s: 4 indexed, 0 already indexed, 0 failed, "
                         "1 smaller than 100K (--min-size)" % self.source)
        self.assert_kept(4)
        self.write("b/new.log", ragged(9, 100 * K))
        code, output, errors = self.index_tree()
        self.assertEqual((code, errors, len(self.names(output))), (0, "", 5))
        self.assertEqual(output.count(": already indexed ("), 4)
        self.assertEqual(output.splitlines()[-1], "%s: 1 indexed, 4 already indexed, 0 failed, "
                         "1 smaller than 100K (--min-size)" % self.source)
        self.assertRegex(bigfs("--index", "--index-dir", self.dir, ".", cwd=self.source)[1],
                         r"\A\.: 0 indexed, 0 already indexed, 0 failed, 6 smaller than 64M \(--min-size\)\n\Z")
        self.assertRegex(bigfs("--index", "--index-dir", self.dir, "--chunk-size", "100K", ".", cwd=self.source)[1],
                         r"0 indexed, 5 already indexed, 0 failed, 1 smaller than 100K \(--min-size\)\n\Z")

    def test_what_cannot_be_read(self):
        """A line for each, exit 1 at the end, and all others are indexed."""
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "to become another user needs root and setpriv")
        self.tmp.chmod(0o755)
        for name in ("a.log", "closed/b.log", "shut.log", "z.log"):
            self.write(name, ragged(1, 100 * K)).chmod(0o644)
        (self.source / "closed").chmod(0o700)
        (self.source / "shut.log").chmod(0o600)
        self.dir.mkdir()
        os.chown(self.dir, 65534, 65534)
        code, output, errors = self.index_tree(wrapper=NOBODY)
        self.assertEqual((code, self.names(output)), (1, ["a.log", "z.log"]))
        closed = "cannot be read: run bigfs as a user who may read it"
        self.assertRegex(errors, r"\A[^\n]*/closed: %s\n[^\n]*/shut\.log: %s\n\Z" % (closed, closed))
        self.assertTrue(output.endswith(": 2 indexed, 0 already indexed, 2 failed\n"))

    def test_compressed_files(self):
        """One that can only be read from its start is no failure; one that is damaged is."""
        need(self, "zstd")
        data = text(600 * K)
        self.write("a.gz", whole := make(self, "gzip-6", data))
        self.write("b.zst", run("zstd", "-qc", input=noise(9 * M)))
        code, output, errors = self.index_tree("--min-size", "10K")
        self.assertEqual((code, self.names(output)), (0, ["a.gz"]))
        self.assertRegex(errors, r"\Abigfs: [^\n]*b\.zst: it can only be read from its start[^\n]*\n\Z")
        self.assertTrue(output.endswith(": 1 indexed, 0 already indexed, 0 failed, 1 without plain/\n"))
        self.write("c.gz", whole[:-1000])
        code, output, errors = self.index_tree("--min-size", "10K")
        self.assertEqual((code, len(errors.splitlines())), (1, 2))
        self.assertTrue(output.endswith(": 0 indexed, 1 already indexed, 1 failed, 1 without plain/\n"), output)
        self.assertEqual(self.index("b.zst")[0], 1)  # what was asked for by name

    def test_a_deep_tree(self):
        """Of paths longer than PATH_MAX."""
        here, depth, name = os.open(self.source, os.O_RDONLY), 60, "d" * 100
        try:
            for _ in range(depth):
                os.mkdir(name, dir_fd=here)
                below = os.open(name, os.O_RDONLY, dir_fd=here)
                os.close(here)
                here = below
            with open(os.open("deep.log", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here), "wb") as file:
                file.write(ragged(3, 100 * K))
        finally:
            os.close(here)
        code, output, errors = self.index_tree()
        self.assertEqual((code, errors), (0, ""))
        self.assertTrue(output.endswith(": 1 indexed, 0 already indexed, 0 failed\n"))
        self.assert_kept(1)

    def test_mounts(self):
        """A mount of bigfs within is passed over; another file system is entered."""
        self.require(os.geteuid() == 0, "mounting needs root")
        self.write("a.log", ragged(1, 100 * K))
        self.write("inner/x", b"")
        point = self.source / "other"
        point.mkdir()
        run("mount", "-t", "tmpfs", "-o", "size=4m", "none", point)
        self.addCleanup(run, "umount", point)
        (point / "b.log").write_bytes(ragged(2, 100 * K))
        mount = self.mount(None, "--min-size", "0")
        run("mount", "--bind", mount.path, self.source / "inner")
        self.addCleanup(run, "umount", "-l", self.source / "inner")
        code, output, errors = self.index_tree()
        self.assertEqual((code, errors, self.names(output)), (0, "", ["a.log", "other/b.log"]))
        code, output, errors = self.index_tree(where=mount.path)
        self.assertEqual(code, 1)
        self.assertRegex(errors, r"\Abigfs: [^\n]*: is in a mount of bigfs: give what that shows\n\Z")

    def test_files_that_come_and_go(self):
        """They are no failure, whenever they vanish."""
        for n in range(40):
            self.write("keep/%02d.log" % n, ragged(n, 100 * K))
        stop = threading.Event()

        def work():
            n = 0
            while not stop.is_set():
                path = self.write("keep/%02d-gone/x.log" % (n % 40), ragged(1, 100 * K))
                shutil.rmtree(path.parent)
                n += 1
        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(3):
                code, output, errors = self.index_tree()
                self.assertEqual((code, errors), (0, ""))
                self.assertEqual(len([n for n in self.names(output) if re.fullmatch(r"keep/\d\d\.log", n)]), 40)
        finally:
            stop.set()
            thread.join()


if __name__ == "__main__":
    harness.main()
