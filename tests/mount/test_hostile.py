# SPDX-License-Identifier: MIT
"""Sources and names made to do harm (DESIGN 5): nothing leads out of SOURCE, nothing blocks, nothing crashes the
daemon, and every answer is the right bytes or a clean error."""

import os
import random
import shutil
import subprocess
import threading
import time

import harness
import model
from harness import K, M, read, wait_for
from names import GREATEST, allowed, random_name
from support import (LAG, NOBODY, Directory, assert_alive, errno_of, exchange, read_once, small_steps,
                     stamped)

RACE_SECONDS = 2  # of swapping and looking, each


class Swapper(threading.Thread):
    """Swaps two names of the source atomically, again and again, until it is stopped."""

    def __init__(self, one, other):
        super().__init__(daemon=True)
        self.names, self.stop, self.turns = (one, other), threading.Event(), 0

    def run(self):
        while not self.stop.is_set():
            exchange(*self.names)
            self.turns += 1


class RaceTest(harness.MountTest):
    """A file or directory is swapped between one look and the next."""

    INSIDE, OUTSIDE = b"inside" * 20000, b"OUTSIDE" * 20000

    def setUp(self):
        super().setUp()
        self.source = self.tmp / "place" / "source"  # so that ../outside leads somewhere from here, not from a mount
        self.source.mkdir(parents=True)
        (self.tmp / "place" / "outside" / "sub").mkdir(parents=True)
        for name in ("small.txt", "large.log", "sub/small.txt", "sub/large.log"):
            (self.tmp / "place" / "outside" / name).write_bytes(self.OUTSIDE[:100] if "small" in name else self.OUTSIDE)

    def race(self, one, other, names, allowed):
        """Read names in three threads while one and other are swapped; each read gives INSIDE's bytes or one of the
        allowed errors, and none hangs."""
        mount = self.mount(None, "--min-size", "1K", "--chunk-size", "16K")
        swapper, failures, good, stop = Swapper(self.source / one, self.source / other), [], [], threading.Event()

        def reader(number):
            chosen = random.Random(number)
            while not stop.is_set():
                name = chosen.choice(names)
                size, got = read_once(mount.p(name))
                if got is None and size not in allowed:
                    failures.append("%s: %s" % (name, size))
                elif got is not None and got not in (self.INSIDE, self.INSIDE[:100], self.INSIDE[:16 * K]):
                    failures.append("%s: %r" % (name, got[:40]))
                elif got is not None:
                    good.append(name)
        threads = [threading.Thread(target=reader, args=(n,), daemon=True) for n in range(3)]
        for thread in [swapper, *threads]:
            thread.start()
        time.sleep(RACE_SECONDS)
        stop.set()
        for thread in threads:
            thread.join(LAG)
        swapper.stop.set()
        swapper.join(LAG)
        self.assertFalse(any(thread.is_alive() for thread in threads), "a reader hangs")
        self.assertEqual(failures[:3], [])
        self.assertTrue(good and swapper.turns > 100, "no race was run")
        assert_alive(self, mount)

    GONE = ("ENOENT", "ESTALE", "ENOTDIR", "EISDIR", "ELOOP")

    def test_a_link_swapped_in_for_a_directory(self):
        """The link's target has files of the same names. None of their bytes ever comes through the mount."""
        for directory in ("dir", "dir/sub"):
            (self.source / directory).mkdir()
            (self.source / directory / "small.txt").write_bytes(self.INSIDE[:100])
            (self.source / directory / "large.log").write_bytes(self.INSIDE)
        (self.source / "link").symlink_to("../outside")
        names = ["small.txt", "large.log/whole.log", "large.log/bytes/0", "sub/small.txt", "sub/large.log/whole.log"]
        self.race("dir", "link", ["dir/" + name for name in names], self.GONE)

    def test_a_link_swapped_in_for_a_file(self):
        """Small and large."""
        for name, data in (("small.txt", self.INSIDE[:100]), ("large.log", self.INSIDE)):
            with self.subTest(name=name):
                (self.source / name).write_bytes(data)
                (self.source / "link").unlink(missing_ok=True)
                (self.source / "link").symlink_to("../outside/" + name)
                below = ["large.log/whole.log", "large.log/bytes/0"] if "large" in name else [name]
                self.race(name, "link", below, self.GONE)
                for entry in (name, "link"):
                    (self.source / entry).unlink()

    def test_a_fifo_swapped_in_for_a_file(self):
        """Opening a FIFO blocks for ever, but not here."""
        (self.source / "small.txt").write_bytes(self.INSIDE[:100])
        os.mkfifo(self.source / "fifo")
        self.race("small.txt", "fifo", ["small.txt"], self.GONE)

    def test_a_fifo_swapped_in_for_a_large_file(self):
        (self.source / "large.log").write_bytes(self.INSIDE)
        os.mkfifo(self.source / "fifo")
        self.race("large.log", "fifo", ["large.log/whole.log", "large.log/bytes/0"], self.GONE)

    def test_a_directory_moved_out_while_in_use(self):
        """A directory renamed out of SOURCE takes its files along. In the mount they are gone or as they were. Neither
        files put into it later nor its new neighbours can be reached."""
        (self.source / "dir").mkdir()
        (self.source / "dir" / "small.txt").write_bytes(b"inside")
        mount = self.mount()
        inside = os.open(mount.p("dir"), os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, inside)
        self.assertEqual(os.listdir(inside), ["small.txt"])
        os.rename(self.source / "dir", moved := self.tmp / "place" / "outside" / "dir")
        (moved / "new.txt").write_bytes(self.OUTSIDE)
        for _ in range(2):
            for name in ("new.txt", "../small.txt", "../outside/small.txt", "sub/small.txt"):
                opened = errno_of(lambda: os.close(os.open(name, os.O_RDONLY, dir_fd=inside)))
                self.assertIn(opened, self.GONE, name)
            wait_for(lambda: errno_of(os.stat, mount.p("dir")) == "ENOENT", LAG, "it is gone")


class NamesTest(harness.MountTest):
    """Unlikely names: the right bytes or ENOENT."""

    DATA = b"".join(b"%d:%s\n" % (n, b"=" * (n * 37 % 90)) for n in range(3000))

    def setUp(self):
        super().setUp()
        self.write("app.log", self.DATA)
        self.m = self.mount(None, "--chunk-size", "16K")

    def expect(self, name, *allowed):
        """The result of a fresh open and read of a name is one of those allowed: contents, or names of errors."""
        error, got = read_once(self.m.p("app.log", name))
        if error == "ENAMETOOLONG" and max(map(len, os.fsencode(name).split(b"/"))) > 255:
            error = "ENOENT"
        outcome = error if got is None else got
        self.assertTrue(outcome in allowed, "%r gave %r" % (name, outcome[:60]))

    def test_numbers_at_the_limits(self):
        """Offsets, lengths, sizes and counts around 2^31, 2^32, 2^63 and 2^64 and far beyond."""
        numbers = [(1 << power) + d for power in (31, 32, 53, 63, 64, 65, 128, 256) for d in (-1, 0, 1)]
        for number in numbers + [int("9" * digits) for digits in (10, 18, 19, 20, 40, 200)]:
            self.check_ranges(number)
            self.check_views(number)
        assert_alive(self, self.m)

    def check_ranges(self, number):
        data, beyond = self.DATA, ["ENOENT"] if number > GREATEST else []
        self.expect("bytes/0+%d" % number, data, *beyond)
        self.expect("bytes/5+%d" % number, data[5:], *beyond)
        self.expect("bytes/-%d" % number, data, "ENOENT")
        for name in ("%d" % number, "%d+1" % number, "%d+4096" % number, "%d+%d" % (number, number)):
            self.expect("bytes/" + name, "ENOENT")
        self.expect("lines/%d.log" % number, "ENOENT")
        for unit in "KMGTkmgt":
            self.expect("bytes/%d%s+%d%s" % (number, unit, number, unit), "ENOENT")
            self.expect("bytes/0+%d%s" % (number, unit), data, "ENOENT")

    def check_views(self, number):
        data, beyond = self.DATA, ["ENOENT"] if number > GREATEST else []
        for view, first in (("bytes", data[:1]), ("lines", data[:data.index(b"\n") + 1])):
            self.expect("%s@%d/0" % (view, number), data, *beyond)
            self.expect("%s@%d/1" % (view, number), "ENOENT")
            self.expect("%s@n%d/%d" % (view, number, number), "ENOENT")
            self.expect("%s@n%d/0" % (view, number), first, "ENOENT")
            self.expect("%s@n%d/%d" % (view, number, number - 1), b"", "ENOENT")
            for unit in "KMGTkmgt":
                self.expect("%s@%d%s/0" % (view, number, unit), data, "ENOENT")

    def test_numbers_that_wrap_around(self):
        """Sums and products (of a number and its unit) that wrap around to a small number are not taken for it."""
        for power in (63, 64):
            for total in (0, 1, 10, 5000):
                length = (1 << power) + total - 5
                self.expect("bytes/5+%d" % length, self.DATA[5:], *["ENOENT"] * (length > GREATEST))
                for offset in ((1 << power) - 1, (1 << power) - 4096, 1 << (power - 1)):
                    self.expect("bytes/%d+%d" % (offset, (1 << power) + total - offset), "ENOENT")
            for unit, shift in ("K", 10), ("M", 20), ("G", 30), ("T", 40):
                for number in (1 << (power - shift), (1 << (power - shift)) + 1):
                    self.expect("bytes/%d%s+1" % (number, unit), "ENOENT")
                    self.expect("bytes@%d%s/1" % (number, unit), "ENOENT")
                    self.expect("bytes/5+%d%s" % (number, unit), self.DATA[5:], "ENOENT")

    def test_random_names(self):
        """Thousands of names from the seed, made of parts of real names or of any bytes."""
        rng = random.Random(seed := harness.seed("test_random_names"))
        for _ in range(6000):
            name = random_name(rng)
            expected = allowed(name, self.DATA, "16K")
            try:
                if expected is None:
                    read_once(self.m.p("app.log", name))
                else:
                    self.expect(name, *expected)
            except (AssertionError, OSError) as error:
                raise AssertionError("BIGFS_SEED=%d: %s" % (seed, error)) from error
        assert_alive(self, self.m)


class ListingTest(harness.MountTest):
    """Directories that are large, change while they are read, or go away."""

    def fill(self, directory, prefix, count):
        directory.mkdir(exist_ok=True)
        names = ["%s%d" % (prefix, n) for n in range(count)]
        for name in names:
            os.close(os.open(directory / name, os.O_CREAT | os.O_WRONLY))
        return names

    def test_fifty_thousand_entries(self):
        """Complete and without duplicates, in large and small steps, and from every place given before."""
        for root in (self.source, self.filesystem("tmpfs", 64 * M)):
            with self.subTest(source=root):
                names = sorted(self.fill(root / "dir", "entry-", 50000))
                mount = self.mount(root)
                path = mount.p("dir")
                self.assertEqual(sorted(os.listdir(path)), names)
                self.assertEqual(sorted(small_steps(path)), names)
                self.check_seeking(path, names)
                mount.unmount()

    def check_seeking(self, path, names):
        directory, places, listed = Directory(path), [], []
        while step := directory.names(2500):
            listed += step
            places.append((directory.tell(), len(listed)))
        self.assertEqual(sorted(listed), names)
        for place, count in random.Random(4).sample(places, len(places)):
            directory.seek(place)
            self.assertEqual(directory.names(50), listed[count:count + 50])
        directory.rewind()
        self.assertEqual(directory.names(), listed)
        directory.close()

    def test_a_directory_that_changes_while_it_is_read(self):
        """What is there all the time is listed exactly once."""
        staying = self.fill(self.source / "dir", "stays-", 3000)
        path, stop = self.mount().p("dir"), threading.Event()

        def change():
            while not stop.is_set():
                for name in self.fill(self.source / "dir", "comes-and-goes-", 200):
                    os.unlink(self.source / "dir" / name)
        thread = threading.Thread(target=change, daemon=True)
        thread.start()
        try:
            for turn in range(20):
                listed = [name for name in (small_steps(path) if turn % 2 else os.listdir(path)) if name[0] == "s"]
                self.assertEqual(sorted(listed), sorted(staying))
        finally:
            stop.set()
            thread.join(LAG)

    def test_a_directory_that_is_removed_while_it_is_read(self):
        """The rest of the listing, its end, ENOENT or ESTALE. Then the directory is gone, and the daemon lives."""
        names = set(self.fill(self.source / "dir", "entry-", 20000))
        mount = self.mount()
        with os.scandir(mount.p("dir")) as entries:
            listed = [next(entries).name for _ in range(10)]
            shutil.rmtree(self.source / "dir")
            error = errno_of(lambda: listed.extend(entry.name for entry in entries))
        self.assertIn(error, (None, "ENOENT", "ESTALE"))
        self.assertLessEqual(set(listed), names)
        wait_for(lambda: errno_of(os.stat, mount.p("dir")) == "ENOENT", LAG, "the directory is gone")
        assert_alive(self, mount)


class GeneratedTest(harness.MountTest):
    """Tables and the files in .bigfs have size 0, are made while they are read, and are the same however they are
    read."""

    def test_a_table_read_in_every_way(self):
        """At odd offsets, backwards, and by eight readers at once, with their own handles and a shared one."""
        data = stamped(0, 256 * K)
        self.write("app.log", data)
        mount, ranges = self.mount(None, "--chunk-size", "128K"), model.cut("lines", "64", data)
        path = mount.p("app.log/lines@64.tsv")
        wanted = model.table(model.piece_names("lines", len(ranges), "app.log"), ranges)
        self.assertEqual(os.stat(path).st_size, 0)
        self.assertTrue(read(path) == wanted)
        shared = os.open(path, os.O_RDONLY)
        self.addCleanup(os.close, shared)
        for offset in range(len(wanted) // 1000 * 1000, -1, -1000):
            self.assertTrue(os.pread(shared, 1000, offset) == wanted[offset:offset + 1000], offset)
        self.assertEqual([os.pread(shared, 10, len(wanted) + n) for n in (0, 1, 1 << 40)], [b"", b"", b""])
        wrong = []

        def reader(number):
            own, rng = os.open(path, os.O_RDONLY), random.Random(number)
            for turn in range(60):
                offset, length = rng.randrange(len(wanted)), rng.choice((1, 7, 4095, 100003))
                if os.pread(own if turn % 3 else shared, length, offset) != wanted[offset:offset + length]:
                    wrong.append((offset, length))
            os.close(own)
        threads = [threading.Thread(target=reader, args=(n,), daemon=True) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LAG)
        self.assertEqual((wrong, [thread for thread in threads if thread.is_alive()]), ([], []))

    def test_the_control_directory_in_small_steps(self):
        """One open handle gives one text, read in steps of any size. Another open makes a new one."""
        self.write("app.log", b"x\n")
        mount = self.mount()
        for name in ("help", "metrics", "status", "version"):
            path = mount.p(".bigfs", name)
            self.assertEqual(os.stat(path).st_size, 0)
            with open(path, "rb", buffering=0) as file:
                whole = os.pread(file.fileno(), 1 << 20, 0)
                self.assertTrue(whole.endswith(b"\n"), name)
                os.listdir(mount.path)
                steps = [os.pread(file.fileno(), 7, at) for at in range(0, len(whole) + 7, 7)]
                self.assertEqual(b"".join(steps), whole)


class UnreadableTest(harness.MountTest):
    """Files that their reader may not read."""

    def test_another_user_is_kept_out(self):
        """With allow_other (which implies default_permissions) the user nobody can read what the source would allow."""
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "becoming another user needs root and setpriv")
        self.tmp.chmod(0o755)
        for name in ("open", "closed"):
            self.write(name + ".txt", b"small\n")
            self.write(name + ".log", b"large\n" * 1000)
            (self.source / name).mkdir()
            self.write(name + "/x.txt", b"small\n")
        for name in ("closed.txt", "closed.log", "closed"):
            (self.source / name).chmod(0o600 if "." in name else 0o700)
        mount = self.mount(None, "--min-size", "1K", "-o", "allow_other")
        for name in ("open.txt", "open.log/whole.log", "open.log/bytes/0", "open/x.txt"):
            self.assertEqual(harness.run(*NOBODY, "head", "-c", "1", mount.p(name))[0:1] in b"sl", True)
        for name in ("closed.txt", "closed.log/whole.log", "closed.log/lines/0", "closed/x.txt"):
            result = subprocess.run([*NOBODY, "cat", mount.p(name)], capture_output=True, text=True,
                                    env=dict(os.environ, LC_ALL="C"))
            self.assertEqual((result.stdout, "Permission denied" in result.stderr), ("", True), result.stderr)


if __name__ == "__main__":
    harness.main()
