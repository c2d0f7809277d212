# SPDX-License-Identifier: MIT
"""How the content of a file is recognized (DESIGN 4): grown or rewritten, by digests of its ends and a sample; time
stamps that are not past; attributes that a file system caches; writes that pause; files that claim to be empty."""

import mmap
import os
import random
import subprocess
import threading
import time
from pathlib import Path

import harness
from harness import K, M, read, wait_for
from support import KINDS, errno_of
from unruly import Unruly, rule

SEEN_AFTER = 2  # seconds: DESIGN 4


def lines(kind, size, width=40):
    """At least `size` bytes of lines of about `width` bytes that say which content they belong to."""
    text = ["%s %07d %s\n" % (kind, n, "x" * (n * 7 % width)) for n in range(size // (width // 2) + 1)]
    data = "".join(text).encode()
    return data[:data.index(b"\n", size) + 1]


def errno_later(descriptor, length, offset):
    """Why a handle cannot be read after changes must have been seen, or None."""
    time.sleep(SEEN_AFTER)
    return errno_of(os.pread, descriptor, length, offset)


class GrownTest(harness.MountTest):
    """Rewritten, and larger than before."""

    def start(self, data, *options):
        self.file = self.write("app.log", data)
        past = time.time() - 10
        os.utime(self.file, (past, past))
        mount = self.mount(None, "--chunk-size", "64K", *options)
        handle = os.open(mount.p("app.log/whole.log"), os.O_RDONLY)
        self.addCleanup(os.close, handle)
        self.assertEqual(os.pread(handle, 4 * K, 0), data[:4 * K])
        return mount, handle

    def assert_pieces_are_records(self, mount):
        """In every cut no piece begins or ends in the middle of a line, and no line is left out."""
        data = self.file.read_bytes()
        starts = {0} | {at + 1 for at, byte in enumerate(data) if byte == 10}
        place = 0
        for name in sorted(os.listdir(mount.p("app.log/lines"))):
            piece = read(mount.p("app.log/lines", name))
            self.assertIn(place, starts, name)
            self.assertEqual(piece, data[place:place + len(piece)], name)
            place += len(piece)
        self.assertEqual(place, len(data))

    def test_one_byte_after_the_last_whole_block(self):
        """The size is 4096 k + 1. Still 4 KiB at the end are compared."""
        head = b"#" * (4 * K - 1) + b"\n"
        count = next(n for n in range(9000, 20000) if (4096 + 17 * n) % 4096 == 1)
        old = head + b"".join(b"old%013d\n" % n for n in range(count))
        new = head + b"".join(b"new%013d\n" % (n * 7) for n in range(count + 5000))
        mount, handle = self.start(old)
        self.assertEqual(read(mount.p("app.log/bytes/1")), old[64 * K:128 * K])
        with open(self.file, "wb") as file:
            file.write(new)
        self.assertEqual(errno_later(handle, K, 64 * K), "ESTALE")
        self.assertEqual(read(mount.p("app.log/bytes/1")), new[64 * K:128 * K])
        self.assert_pieces_are_records(mount)

    def test_the_same_ends(self):
        """All between the first and the last 4 KiB is rewritten in place, and then the file is appended to."""
        old = lines("old", 900 * K)
        mount, handle = self.start(old)
        self.assert_pieces_are_records(mount)
        middle = lines("NEW", 900 * K, 32)[:len(old) - 10 * K]
        with open(self.file, "r+b") as file:
            file.seek(5 * K)
            file.write(middle)
            file.seek(0, os.SEEK_END)
            file.write(lines("more", 100 * K))
        self.assertEqual(errno_later(handle, K, 100 * K), "ESTALE")
        self.assert_pieces_are_records(mount)

    def test_a_change_that_no_sample_shows(self):
        """Line ends move in a single block of a growing file. Its pieces are whole lines, whether or not this is
        seen."""
        rng = random.Random(harness.seed("a change that no sample shows"))
        mount, _ = self.start(lines("old", 4 * M), "--header=3", "--cache", "none")
        for step in range(12):
            os.listdir(mount.p("app.log/lines"))
            self.assert_headed(mount)
            with open(self.file, "r+b") as file:
                size = file.seek(0, os.SEEK_END)
                place = rng.randrange(8 * K, size - 8 * K)
                file.seek(place)
                block = bytearray(file.read(2 * K))
                for at in rng.sample(range(len(block)), 200):
                    block[at] = rng.choice(b"\nab")
                for at, byte in enumerate(block):
                    if byte == 10 and rng.random() < 0.7:
                        block[at] = 97
                file.seek(place)
                file.write(block)
                file.seek(0, os.SEEK_END)
                file.write(lines("more", rng.randrange(1, 100 * K)))
            time.sleep(rng.choice((0, 0.02, 0.6)))

    def assert_headed(self, mount):
        data = self.file.read_bytes()
        header = b"".join(data.splitlines(True)[:3])
        for name in sorted(os.listdir(mount.p("app.log/lines"))):
            piece = read(mount.p("app.log/lines", name))
            self.assertTrue(piece.startswith(header), name)
            at = data.find(piece[len(header):])
            self.assertGreaterEqual(at, 0, "%s is no part of the file" % name)
            self.assertIn(data[at - 1:at], (b"", b"\n"), "%s begins in a line" % name)
            self.assertTrue(piece.endswith(b"\n"), name)


class CoarseTest(harness.MountTest):
    """Time stamps of whole seconds: a rewrite within the second of the first look."""

    def source_of_whole_seconds(self, step):
        if step == "ext4":
            self.require(os.geteuid() == 0, "an ext4 needs root")
            image, root = self._fresh("image"), self._fresh("ext4")
            image.touch()
            os.truncate(image, 64 * M)
            root.mkdir()
            harness.run("mkfs.ext4", "-q", "-F", "-I", "128", image)
            self._finally(harness._unmount_filesystem, (root, image))
            harness.run("mount", "-o", "loop", image, root)
            return root, root
        return self.source, Path(Unruly(self, self.source, rules=[rule("getattr", "seconds", step)]).path)

    def await_start_of_second(self):
        wait_for(lambda: time.time() % 1 < 0.3, 5, "a second begins")

    def check(self, step):
        below, above = self.source_of_whole_seconds(step)
        mount = self.mount(above, "--min-size", "64K", "--chunk-size", "64K", "--index-dir", self.tmp / "index")
        for name, large in (("app.log", True), ("small.txt", False)):
            path = below / name
            old, new = ((lines(kind, 300 * K) if large else lines(kind, K))[:300 * K if large else K]
                        for kind in ("old", "new"))
            inside = mount.p(name, "whole.log") if large else mount.p(name)
            self.await_start_of_second()
            path.write_bytes(old)
            seen = []
            reader = threading.Thread(target=lambda: seen.append(read(inside)))
            reader.start()
            time.sleep(0.2)
            handle = []
            opener = threading.Thread(target=lambda: handle.append(os.open(inside, os.O_RDONLY)))
            opener.start()
            time.sleep(0.1)
            with open(path, "r+b") as file:
                file.write(new)
            reader.join()
            opener.join()
            self.assertIn(seen[0], (old, new))
            first = os.pread(handle[0], 100, 0)
            time.sleep(1.2)
            try:
                self.assertEqual(os.pread(handle[0], 100, len(new) - 100), (old if first == old[:100] else new)[-100:])
            except OSError:
                pass
            os.close(handle[0])
            self.assertEqual(read(inside), new)
            if large:
                self.assertEqual(read(mount.p(name, "rows/1-10")), b"".join(new.splitlines(True)[:10]))

    def test_ext4_with_small_inodes(self):
        self.check("ext4")

    def test_seconds_behind_a_network(self):
        self.check(1)

    def test_two_seconds(self):
        self.check(2)

    def test_a_log_that_grows_all_the_time(self):
        """No time stamp is ever past, and readers still get answers."""
        below, above = self.source_of_whole_seconds("ext4")
        (below / "app.log").write_bytes(lines("old", 200 * K))
        mount = self.mount(above, "--min-size", "64K", "--chunk-size", "64K", "--index-dir", "none")
        with Appender(below / "app.log", 0.02):
            for _ in range(40):
                last = sorted(os.listdir(mount.p("app.log/lines")))[-2]
                self.assertTrue(read(mount.p("app.log/lines", last)))
                time.sleep(0.05)


class CachedAttributesTest(harness.MountTest):
    """A source whose file system caches its attributes for a while."""

    def test_rewritten_under_an_open_handle(self):
        old, new = b"o" * 63 + b"\n", b"N" * 63 + b"\n"
        count = 8 * M // 64
        path = self.write("app.log", old * count)
        slow = Unruly(self, self.source, "-o", "attr_timeout=20")
        mount = self.mount(slow.path, "--min-size", "64K", "--chunk-size", "16M")
        time.sleep(0.1)
        handle = os.open(mount.p("app.log/whole.log"), os.O_RDONLY)
        self.addCleanup(os.close, handle)
        self.assertEqual(set(os.pread(handle, M, 0)), set(old))
        with open(path, "r+b") as file:
            file.write(new * count)
        self.assertEqual(errno_of(os.pread, handle, M, 4 * M), "ESTALE")
        self.assertEqual(set(read(mount.p("app.log/whole.log"))), set(new))


class Appender:
    """Appends a line now and then, in a thread."""

    def __init__(self, path, pause):
        self._path, self._pause, self._ended = path, pause, threading.Event()
        self._thread = threading.Thread(target=self._append)

    def _append(self):
        with open(self._path, "ab", buffering=0) as file:
            while not self._ended.wait(self._pause):
                file.write(b"appended line\n")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


class FirstLookTest(harness.MountTest):
    """Files that change during the first look at them."""

    def test_first_looks_at_a_busy_log(self):
        """Readers out of step, and one that walks the tree: none makes another fail."""
        self.write("app.log", lines("old", 8 * M))
        mount = self.mount(None, "--min-size", "64K", "--index-dir", "none")
        failed = []

        def look(number):
            time.sleep(0.013 * number)
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                for name in ("lines@n64/%d" % (number * 7), "bytes@n64/63", "whole"):
                    try:
                        harness.pread(mount.p("app.log", name), 4 * K)
                        os.stat(mount.p("app.log", name))
                        os.listdir(mount.p("app.log"))
                    except OSError as error:
                        failed.append((name, error.strerror))

        for pause in (0.002, 0.02):
            with Appender(self.source / "app.log", pause):
                threads = [threading.Thread(target=look, args=(number,)) for number in range(4)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        self.assertEqual(failed, [])

    def test_small_files_that_grow(self):
        """A small log that is appended to all the time can be opened and read at any time."""
        self.write("small.log", b"first line\n")
        mount = self.mount()
        with Appender(self.source / "small.log", 0.001):
            for _ in range(150):
                data = read(mount.p("small.log"))
                added = len(data) // 14
                self.assertEqual(data, b"first line\n" + b"appended line\n" * added)

    def test_a_small_file_that_is_rewritten_meanwhile(self):
        """A reader gets the old content or the new one, and neither is cut."""
        mount = self.mount(None, "--min-size", "1M", "--chunk-size", "1M")
        for name, inside, size in (("small.txt", "small.txt", 4000), ("big.log", "big.log/whole.log", 2 * M)):
            for step in range(12):
                old, new = b"old\n" * (size // 4), b"new\n" * (size // 2)
                path = self.write(name, old)
                writer = threading.Timer(0.002 * step, self.write_over, (path, new))
                writer.start()
                try:
                    self.assertIn(read(mount.p(inside)), (old, new))
                except OSError as error:
                    self.assertEqual(error.errno, 116)
                writer.join()

    @staticmethod
    def write_over(path, data):
        descriptor = os.open(path, os.O_WRONLY)
        os.pwrite(descriptor, data, 0)
        os.close(descriptor)

    def test_a_busy_writer_does_not_hold_the_size_back(self):
        path = self.write("app.log", b"line of text\n" * 20000)
        mount = self.mount(None, "--min-size", "64K", "--chunk-size", "64K", "--index-dir", "none")
        writer = subprocess.Popen(["dd", "if=/dev/zero", "of=%s" % path, "bs=7", "oflag=append", "conv=notrunc"],
                                  stderr=subprocess.DEVNULL)
        try:
            for _ in range(3):
                before = os.path.getsize(path)
                time.sleep(1.1)
                self.assertGreater(os.stat(mount.p("app.log/whole.log")).st_size, before)
        finally:
            writer.kill()
            writer.wait()

    def test_a_file_that_only_says_it_is_empty(self):
        """As in /proc: an error, not success without bytes. An empty file reads as empty."""
        mount = self.mount("/proc/sys/kernel")
        self.assertEqual(errno_of(read, mount.p("ostype")), "EIO")
        self.write("empty", b"")
        self.assertEqual(read(self.mount().p("empty")), b"")


class PausedWriteTest(harness.MountTest):
    """One write(2) that appends slowly: its bytes come from a mapping of a file that hangs."""

    def check(self, kind):
        directory = self.filesystem(kind, 64 * M)
        (self.source / "bytes").write_bytes(b"appended line\n" * 20000)
        net = Unruly(self, self.source)
        old = lines("old", 300 * K)
        path = directory / "app.log"
        path.write_bytes(old)
        os.utime(path, (1, 1))
        mount = self.mount(directory, "--min-size", "64K", "--chunk-size", "64K", "--cache", "none")
        handle = os.open(mount.p("app.log/whole.log"), os.O_RDONLY)
        self.addCleanup(os.close, handle)
        self.assertEqual(os.pread(handle, 100, 0), old[:100])
        time.sleep(0.05)
        with open(os.path.join(net.path, "bytes"), "rb") as source, \
                mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ) as mapped, \
                open(path, "ab", buffering=0) as file:
            net.rules(rule("read", "hang"))
            writer = threading.Thread(target=file.write, args=(mapped,))
            writer.start()
            net.wait_held()
            got = []
            reader = threading.Thread(target=lambda: got.append(errno_of(os.pread, handle, 100, 1000)))
            reader.start()
            time.sleep(0.3)
            net.let_go()
            reader.join()
            writer.join()
        self.assertEqual(got, [None], kind)
        self.assertEqual(os.pread(handle, 100, 2000), old[2000:2100])
        self.assertEqual(os.fstat(handle).st_size, len(old))

    def test_paused(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.check(kind)

    def check_first_look(self, kind):
        """One write(2) of all bytes and more, which stops where the file ends."""
        directory = self.filesystem(kind, 64 * M)
        old, new = b"old\n" * (64 * K), b"new\n" * (128 * K)
        (self.source / "bytes").write_bytes(new)
        net = Unruly(self, self.source)
        path = directory / "app.log"
        path.write_bytes(old)
        mount = self.mount(directory, "--min-size", "64K")
        with open(os.path.join(net.path, "bytes"), "rb") as source, \
                mmap.mmap(source.fileno(), 0, prot=mmap.PROT_READ) as mapped, \
                open(path, "r+b", buffering=0) as file:
            net.rules(rule("read", "hang", start=len(old), end=len(new)))
            writer = threading.Thread(target=file.write, args=(mapped,))
            writer.start()
            net.wait_held()
            self.assertEqual(os.path.getsize(path), len(old), kind)
            got = []
            reader = threading.Thread(target=lambda: got.append(read(mount.p("app.log/whole.log"))))
            reader.start()
            time.sleep(0.3)
            net.let_go()
            reader.join()
            writer.join()
        self.assertTrue(got[0] == new, "%s: %d bytes" % (kind, len(got[0])))

    def test_first_look_while_a_write_is_paused(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.check_first_look(kind)


if __name__ == "__main__":
    harness.main()
