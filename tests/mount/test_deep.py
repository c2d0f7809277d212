# SPDX-License-Identifier: MIT
"""Paths of any depth: a tree three times as deep as PATH_MAX, made and read by relative steps."""

import hashlib
import os
import shutil
import subprocess
import threading

import harness

PATH_MAX = 4096
NAME = "directory-%03d-" + "n" * 180
SMALL = b"a small file, far down\n"
LINES = b"".join(b"line %d\n" % i for i in range(20000))


def descend(descriptor, name, make=False):
    """A descriptor of the directory `name` in another one, whose descriptor is closed."""
    if make:
        os.mkdir(name, dir_fd=descriptor)
    below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
    os.close(descriptor)
    return below


def write_at(directory, name, data):
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=directory)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def read_at(directory, *names):
    """The content of a file some levels below a directory, by a short relative path."""
    descriptor = os.open("/".join(names), os.O_RDONLY, dir_fd=directory)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


class DeepTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.names = [NAME % i for i in range(3 * PATH_MAX // len(NAME % 0) + 1)]
        directory = os.open(self.source, os.O_RDONLY)
        for name in self.names:
            directory = descend(directory, name, make=True)
        write_at(directory, "small.txt", SMALL)
        write_at(directory, "large.log", LINES)
        os.mkdir("sub", dir_fd=directory)
        os.symlink("small.txt", "link", dir_fd=directory)
        os.close(directory)

    def bottom(self, top):
        """The deepest directory, reached step by step."""
        directory = os.open(top, os.O_RDONLY)
        for name in self.names:
            directory = descend(directory, name)
        self.addCleanup(os.close, directory)
        return directory

    def test_reads(self):
        mount = self.mount(None, "--min-size", "4096", "--chunk-size", "16K", "--rows", "1000")
        directory = self.bottom(mount.path)
        self.assertEqual(sorted(os.listdir(directory)), ["large.log", "link", "small.txt", "sub"])
        self.assertEqual(os.stat("small.txt", dir_fd=directory).st_size, len(SMALL))
        self.assertEqual(read_at(directory, "small.txt"), SMALL)
        self.assertEqual(os.readlink("link", dir_fd=directory), "small.txt")
        self.assertEqual(read_at(directory, "link"), SMALL)
        self.assertEqual(read_at(directory, "large.log", "whole.log"), LINES)
        self.assertEqual(read_at(directory, "large.log", "bytes", "1"), LINES[16384:32768])
        table = read_at(directory, "large.log", "lines.tsv").splitlines()[1:]
        pieces = [line.split(b"\t")[0].decode() for line in table]
        parts = [read_at(directory, "large.log", "lines", name) for name in pieces]
        self.assertEqual(b"".join(parts), LINES)
        self.assertTrue(all(part.endswith(b"\n") for part in parts))

    def test_rows_are_indexed(self):
        mount = self.mount(None, "--min-size", "4096", "--rows", "1000")
        directory = self.bottom(mount.path)
        self.assertEqual(read_at(directory, "large.log", "rows", "5"),
                         b"".join(LINES.splitlines(True)[5000:6000]))
        self.assertEqual(len(read_at(directory, "large.log", "rows.tsv").splitlines()), 21)
        self.assertEqual(read_at(directory, "large.log", "rows", "7-8"), b"line 6\nline 7\n")

    def test_index_command(self):
        """`bigfs --index` of a file whose only path shorter than PATH_MAX is a relative one."""
        directory = self.bottom(self.source)
        done = subprocess.run([harness.BIGFS, "--index", "--index-dir", self.tmp / "index", "large.log", "nothing.log"],
                              capture_output=True, preexec_fn=lambda: os.fchdir(directory))
        self.assertTrue(done.stdout.startswith(b"large.log: 20000 lines"), done)
        self.assertEqual(done.stderr, b"bigfs: nothing.log: does not exist: give a file\n")

    def test_many_short_names(self):
        """Thousands of levels: the way back up takes more than one step, too."""
        self.addCleanup(harness.run, "rm", "-rf", self.source / "d")  # Python's rmtree recurses
        directory = os.open(self.source, os.O_RDONLY)
        for _ in range(3 * PATH_MAX // 2):
            directory = descend(directory, "d", make=True)
        write_at(directory, "f", SMALL)
        os.close(directory)
        mount = self.mount()
        directory = os.open(mount.path, os.O_RDONLY)
        for _ in range(3 * PATH_MAX // 2):
            directory = descend(directory, "d")
        self.assertEqual(os.listdir(directory), ["f"])
        self.assertEqual(read_at(directory, "f"), SMALL)
        os.close(directory)

    def test_moved_while_it_is_read(self):
        """A directory in the middle that leaves SOURCE and comes back: the file, or an error."""
        mount = self.mount(None, "--min-size", "4096", "--cache", "none")
        directory = self.bottom(mount.path)
        outside = os.path.join(os.path.dirname(self.source), "outside")
        os.mkdir(outside)
        self.addCleanup(shutil.rmtree, outside, True)
        inside = os.path.join(self.source, self.names[0], self.names[1])
        stop = threading.Event()

        def move():
            while not stop.is_set():
                os.rename(inside, os.path.join(outside, "moved"))
                os.rename(os.path.join(outside, "moved"), inside)
        mover = threading.Thread(target=move)
        mover.start()
        try:
            for _ in range(300):
                try:
                    self.assertEqual(read_at(directory, "small.txt"), SMALL)
                except OSError:
                    pass
        finally:
            stop.set()
            mover.join()
        self.assertEqual(hashlib.sha256(read_at(directory, "large.log", "whole.log")).digest(),
                         hashlib.sha256(LINES).digest())


if __name__ == "__main__":
    harness.main()
