# SPDX-License-Identifier: MIT
"""The data path (issue 5): bytes read ahead are the right ones, of one generation, and bounded."""

import mmap
import os
import random
import signal
import threading
import time
import unittest

import harness
from harness import K, M, read, wait_for
from support import SANITIZED, Footprint, assert_alive, counter, own_memory

AHEAD = "bigfs_reads_ahead_total"


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


def read_on(descriptor, step, most=1 << 62):
    """Read to the end, or `most` bytes, in steps, by read(2)."""
    parts = []
    while most > 0 and (part := os.read(descriptor, min(step, most))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


class OpenFile:
    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDONLY)

    def __enter__(self):
        return self.descriptor

    def __exit__(self, *_):
        os.close(self.descriptor)


class AheadTest(harness.MountTest):
    """Without the kernel's cache the next bytes are copied while the reader processes those it has."""

    def start(self, data, *options):
        self.path = self.write("a.bin", data)
        self.mtime = os.stat(self.path).st_mtime_ns
        read(self.path)  # bytes that are not in the page cache are not prefetched
        return self.mount(None, "--cache", "none", "--min-size", "0", *options)

    @staticmethod
    def read_till_ahead(mount, most, read_once):
        """How many reads find their bytes there depends on scheduling: read until there are enough."""
        before = counter(mount, AHEAD)

        def enough():
            read_once()
            return counter(mount, AHEAD) - before >= most
        wait_for(enough, 60, "%d reads find their bytes copied ahead" % most)

    def assert_content(self, mount, step, data):
        with OpenFile(mount.p("a.bin", "whole.bin")) as file:
            self.assertTrue(read_on(file, step) == data, step)

    def test_large_steps(self):
        """Steps of all sizes and at odd places: the bytes are the file's, and many were prefetched."""
        data = content(24 * M + 12345)
        mount = self.start(data)
        for step in (256 * K, 300 * K + 1, 1 * M, 3 * M):
            self.read_till_ahead(mount, 8, lambda: self.assert_content(mount, step, data))

    def test_small_steps_need_none(self):
        mount = self.start(content(1 * M))
        with OpenFile(mount.p("a.bin", "whole.bin")) as file:
            read_on(file, 4 * K)
        self.assertEqual(counter(mount, AHEAD), 0)

    def test_to_and_fro(self):
        """Runs of reads from random places, by several threads on one descriptor."""
        data = content(16 * M)
        mount = self.start(data)
        wrong = []

        def wander(descriptor, seed):
            dice = random.Random(seed)
            for _ in range(60):
                offset, step = dice.randrange(len(data)), dice.choice((4 * K, 64 * K, 333 * K, 1 * M))
                for _ in range(dice.randrange(1, 7)):
                    if os.pread(descriptor, step, offset) != data[offset:offset + step]:
                        wrong.append((offset, step))
                    offset += step
        with OpenFile(mount.p("a.bin", "whole.bin")) as file:
            alone = threading.Thread(target=wander, args=(file, 0))
            alone.start()
            alone.join()
            threads = [threading.Thread(target=wander, args=(file, n)) for n in range(1, 5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])
        self.assertGreater(counter(mount, AHEAD), 0)

    def test_rewritten_behind_what_was_copied(self):
        """Bytes that were copied before the file was rewritten are never handed over."""
        old, new = content(8 * M), content(8 * M, seed=2)
        mount = self.start(old)
        for turn in range(20):
            self.path.write_bytes(old)
            with OpenFile(mount.p("a.bin", "whole.bin")) as file:
                self.assertTrue(read_on(file, 512 * K, 4 * M) == old[:4 * M])
                with open(self.path, "r+b") as writer:
                    writer.write(new)
                self.assert_errno(harness.errno.ESTALE, os.read, file, 512 * K)
        self.assertTrue(read(mount.p("a.bin", "whole.bin")) == new)
        self.assertGreater(counter(mount, AHEAD), 0)

    def test_who_pauses_keeps_no_buffers(self):
        """Handles that were read in order and then left alone, and one that continued in small steps."""
        data = content(8 * M)
        mount = self.start(data)
        path = mount.p("a.bin", "whole.bin")
        idle = [os.open(path, os.O_RDONLY) for _ in range(12)]
        try:
            for file in idle:
                read_on(file, 1 * M, 4 * M)
            read_on(idle[0], 4 * K, 64 * K)
            time.sleep(0.2)

            def read_all():
                with OpenFile(path) as file:
                    self.assertTrue(read_on(file, 1 * M) == data)
            self.read_till_ahead(mount, 20, read_all)
        finally:
            for file in idle:
                os.close(file)

    def assert_new_after(self, change, *, others=False):
        """Prefetched bytes are not handed over after a change, whether or not the generation survives it."""
        size = 16 * M
        for turn in range(5):
            mount = self.start(b"o" * size)
            with OpenFile(mount.p("a.bin", "whole.bin")) as file, OpenFile(mount.p("a.bin", "whole.bin")) as other:
                read_on(file, 1 * M, 4 * M)
                time.sleep(0.01)
                with open(self.path, "r+b", buffering=0) as writer:
                    os.pwrite(writer.fileno(), b"n" * 12 * M, 2 * M)
                    change(writer.fileno())
                if others:
                    self.new_or_stale(os.pread, other, 4 * K, 15 * M)  # it is the first one to find the file changed
                self.assertLessEqual(set(self.new_or_stale(os.read, file, 1 * M)), set(b"n"))
            mount.unmount()

    @staticmethod
    def new_or_stale(function, *arguments):
        try:
            return function(*arguments)
        except OSError as error:
            if error.errno != harness.errno.ESTALE:
                raise
            return b""

    def test_rewritten_with_its_old_mtime(self):
        """Only the ctime and the digests show it."""
        def set_back(writer):
            os.utime(self.path, ns=(self.mtime, self.mtime))

        for others in (False, True):
            self.assert_new_after(set_back, others=others)

    def test_rewritten_and_appended_to(self):
        for others in (False, True):
            self.assert_new_after(lambda writer: os.pwrite(writer, b"n", 16 * M), others=others)

    def test_appended_to_meanwhile(self):
        data = content(8 * M)
        mount = self.start(data)
        with OpenFile(mount.p("a.bin", "whole.bin")) as file:
            first = read_on(file, 512 * K, 4 * M)
            with open(self.path, "ab") as writer:
                writer.write(b"more")
            self.assertTrue(first + read_on(file, 512 * K) == data)

    def test_closed_at_any_moment(self):
        """A reader that goes away leaves no buffer, no descriptor and no memory behind."""
        mount = self.start(content(8 * M))
        path = mount.p("a.bin", "whole.bin")

        def read_some():
            for most in range(1, 60):
                with OpenFile(path) as file:
                    read_on(file, 256 * K, most * 128 * K)
        read_some()
        footprint = Footprint(mount)
        threads = [threading.Thread(target=read_some) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert_alive(self, mount)
        wait_for(lambda: counter(mount, "bigfs_open_handles") <= 1, 10, "all handles are closed")
        footprint.assert_is_back()
        self.read_till_ahead(mount, 8, read_some)

    def test_many_readers_share_few_buffers(self):
        """Sixty-four open readers, each in the middle of its file."""
        data = content(6 * M)
        mount = self.start(data)
        files = [os.open(mount.p("a.bin", "whole.bin"), os.O_RDONLY) for _ in range(64)]
        try:
            for file in files:
                self.assertTrue(read_on(file, 1 * M, 3 * M) == data[:3 * M])
            self.assertTrue(own_memory(mount) < 48 * M or SANITIZED)
            for file in files:
                self.assertTrue(read_on(file, 1 * M) == data[3 * M:])
        finally:
            for file in files:
                os.close(file)


class MappedTest(harness.MountTest):
    """Pieces that are mapped and shared, as rg, DuckDB and Python do."""

    PAGE = mmap.PAGESIZE
    OPTIONS = ("--min-size", "0")

    @staticmethod
    def map(descriptor):
        """Page by page: nothing is read ahead."""
        mapped = mmap.mmap(descriptor, 0, mmap.MAP_SHARED, mmap.PROT_READ)
        mapped.madvise(mmap.MADV_RANDOM)
        return mapped

    def test_content(self):
        """Through a mapping, and by reads while it is mapped."""
        data = content(5 * M + 123)
        self.write("a.bin", data)
        mount = self.mount(None, *self.OPTIONS)
        with OpenFile(mount.p("a.bin", "bytes@2M", "2")) as file, self.map(file) as mapped:
            self.assertTrue(mapped[:] == data[4 * M:])
            self.assertTrue(os.pread(file, 3 * self.PAGE, self.PAGE) == data[4 * M + self.PAGE:][:3 * self.PAGE])

    def test_rewritten(self):
        """A page that was not cached before gives SIGBUS, never the new content. A fresh mapping has the new
        content."""
        old, new = content(2 * M), content(2 * M, seed=2)
        path = self.write("a.bin", old)
        mount = self.mount(None, *self.OPTIONS)
        piece = mount.p("a.bin", "whole.bin")
        with OpenFile(piece) as file, self.map(file) as mapped:
            self.assertTrue(mapped[:self.PAGE] == old[:self.PAGE])
            path.write_bytes(new)
            self.assertEqual(self.end_of_reader(mapped, M, old), -signal.SIGBUS)
            self.assertTrue(mapped[:self.PAGE] == old[:self.PAGE])
        with OpenFile(piece) as file, self.map(file) as mapped:
            self.assertTrue(mapped[:] == new)
        assert_alive(self, mount)

    def end_of_reader(self, mapped, place, expected):
        """How a process that compares a page ends: by a signal, with 0, or with 1 if it differs."""
        reader = os.fork()
        if reader == 0:
            signal.signal(signal.SIGBUS, signal.SIG_DFL)
            os._exit(mapped[place:place + self.PAGE] != expected[place:place + self.PAGE])
        return os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1])


class MappedUncachedTest(MappedTest):
    """The same if reads are not cached. Mapped pages must be cached, and are also of the node's generation."""

    OPTIONS = ("--min-size", "0", "--cache", "none")

    def setUp(self):
        if harness.kernel() < (6, 6):
            self.skipTest("before Linux 6.6 nothing can be mapped that the kernel does not cache")
        super().setUp()


class ReadaheadTest(harness.MountTest):
    """The kernel's readahead in a mount."""

    def setting(self, mount):
        device = os.stat(mount.path).st_dev
        return "/sys/class/bdi/%d:%d/read_ahead_kb" % (os.major(device), os.minor(device))

    def test_raised(self):
        """Raised if root mounts, whatever the name of the mountpoint."""
        self.require(os.geteuid() == 0, "only root may raise the readahead")
        self.write("a.bin", b"x" * M)
        for name in ("plain", "with a space", "tab\tand\\backslash", "ünïcode\n"):
            self.tmp.joinpath(name).mkdir()
            mount = self.mount_at(self.tmp / name)
            wait_for(lambda: int(read(self.setting(mount))) >= 1024, 10, "the readahead of %r is raised" % name)

    def mount_at(self, point):
        self._fresh = lambda kind, old=self._fresh: point if kind == "mnt" else old(kind)
        point.rmdir()
        try:
            return self.mount()
        finally:
            del self._fresh


class ListingTest(harness.MountTest):
    """Listings that bring their nodes along (READDIRPLUS)."""

    PIECES = 2048

    def start(self, size):
        self.write("a.log", (b"a line\n" * (size // 7 + 1))[:size])
        return self.mount(None, "--min-size", "1M")

    @staticmethod
    def sizes(directory):
        """Like `ls -l`: stat each name as soon as it has been listed."""
        with os.scandir(directory) as entries:
            return sorted((int(entry.name.split(".")[0]), entry.stat().st_size) for entry in entries)

    def pieces(self, size):
        return [(k, min(4 * K, size - 4 * K * k)) for k in range(-(-size // (4 * K)))]

    def test_few_lookups(self):
        size = self.PIECES * 4 * K - 1000
        mount = self.start(size)
        view = mount.p("a.log", "bytes@4K")
        os.stat(view)
        before = counter(mount, "bigfs_lookups_total")
        self.assertEqual(self.sizes(view), self.pieces(size))
        self.assertLess(counter(mount, "bigfs_lookups_total") - before, self.PIECES // 4)

    def test_names_alone_take_no_scan(self):
        """Also for a view whose pieces begin with records, and wherever the kernel asks for nodes."""
        mount = self.start(self.PIECES * 4 * K)
        scanned = ("bigfs_scanned_bytes_total", "bigfs_probes_total")
        before = [counter(mount, name) for name in scanned]
        self.assertEqual(len(os.listdir(mount.p("a.log", "lines@4K"))), self.PIECES)
        self.assertEqual([counter(mount, name) for name in scanned], before)

    def test_names_alone_count_no_extents(self):
        """The first names come with their attributes, unless these take long, as for a file with holes or one that has
        not been looked into yet."""
        mount = self.start(self.PIECES * 4 * K)
        self.write("new.log", b"x" * self.PIECES * 4 * K)
        read(mount.p("a.log", "bytes@4K", "0"))
        os.truncate(self.write("sparse.log", b""), self.PIECES * 4 * K)
        for name, nodes in (("a.log", True), ("sparse.log", False), ("new.log", False)):
            view = mount.p(name, "bytes@4K")
            os.stat(view)
            before = counter(mount, "bigfs_nodes")
            self.assertEqual(len(os.listdir(view)), self.PIECES)
            self.assertEqual(counter(mount, "bigfs_nodes") > before + 10, nodes, name)

    def test_all_nodes_are_given_back(self):
        """For a rewritten file the kernel gets new nodes, and forgets all old ones."""
        mount = self.start(self.PIECES * 4 * K)
        view = mount.p("a.log", "bytes@4K")
        for size in (self.PIECES * 4 * K, self.PIECES * 4 * K - 5000, self.PIECES * 4 * K - 3):
            self.write("a.log", os.urandom(size))
            wait_for(lambda: self.sizes(view) == self.pieces(size), 10, "the listing is of %d bytes" % size)
            wait_for(lambda: counter(mount, "bigfs_nodes") <= self.PIECES + 6, 10, "the old nodes are forgotten")
        self.assertGreater(counter(mount, "bigfs_nodes"), self.PIECES // 2)

    def test_directory(self):
        """For everything in SOURCE: the attributes that a look-up gives."""
        mount = self.start(2 * M)
        for number in range(500):
            self.write("small%d" % number, b"x" * number)
        self.source.joinpath("sub").mkdir()
        os.symlink("small7", self.source / "link")
        os.mkfifo(self.source / "fifo")
        with os.scandir(mount.path) as entries:
            listed = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
        self.assertEqual(sorted(listed), sorted(set(os.listdir(self.source)) - {"fifo"}))
        mount.unmount()
        mount = self.mount(None, "--min-size", "1M")
        for name, attributes in listed.items():
            alone = os.lstat(mount.p(name))
            self.assertEqual([getattr(attributes, field) for field in self.FIELDS],
                             [getattr(alone, field) for field in self.FIELDS], name)

    FIELDS = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks", "st_blksize", "st_mtime_ns")


class PageCacheTest(harness.MountTest):
    """What reading pieces leaves of the source in the page cache. Some goes by itself, so there is slack."""

    SIZE = 192 * M

    def start(self, *options):
        self.write("a.log", content(M).replace(b"\0", b"\n") * (self.SIZE // M))
        self.path = self.source / "a.log"
        mount = self.mount(None, "--chunk-size", "16M", *options)
        with open(self.path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self.require(self.cached() == 0, "the source is on no disk")
        self.require(harness.kernel() >= (6, 5), "the kernel does not tell what is cached")
        return mount

    def cached(self):
        return int(harness.run("fincore", "--bytes", "--noheadings", "--output", "RES", self.path))

    def read_all(self, mount, view="lines", size=16 * M):
        for k in range(self.SIZE // size):
            with OpenFile(mount.p("a.log", view, str(k))) as file:
                while os.read(file, 256 * K):
                    pass

    def test_brought_in_and_dropped(self):
        mount = self.start()
        self.read_all(mount)
        self.assertLess(self.cached(), self.SIZE * 0.2)
        self.assertGreater(counter(mount, "bigfs_dropped_bytes_total"), self.SIZE * 0.8)

    def test_listed_before(self):
        """The sizes of small pieces need a look at each place where one begins."""
        mount = self.start()
        harness.run("ls", "-l", mount.p("a.log/lines@1M"))
        self.assertLess(self.cached(), 2 * M)
        self.read_all(mount, "lines@1M", M)
        self.assertLess(self.cached(), self.SIZE * 0.2)

    def test_there_before(self):
        mount = self.start()
        read(self.path)
        self.read_all(mount)
        self.assertGreater(self.cached(), self.SIZE * 0.8)
        self.assertEqual(counter(mount, "bigfs_dropped_bytes_total"), 0)

    def test_the_only_copy(self):
        """Without the kernel's cache nothing is dropped, as it would be read from the disk again."""
        mount = self.start("--cache", "none")
        self.read_all(mount)
        self.assertGreater(self.cached(), self.SIZE * 0.8)
        self.assertEqual(counter(mount, "bigfs_dropped_bytes_total"), 0)


if __name__ == "__main__":
    harness.main()
