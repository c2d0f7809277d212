# SPDX-License-Identifier: MIT
"""The line index's directory (DESIGN 3 and 5): kept, found again, killed, damaged, shared, refused; never a wrong
line."""

import ctypes
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import threading
import time

import harness
import model
from harness import G, K, M, read, run, seed, wait_for
from rowing import (WIDTH, IndexTest, index_files, longer, numbered, ragged, scanned, truncated_and_longer,
                    warnings)
from support import LAG, NOBODY, SANITIZED, assert_alive, bigfs, errno_of, read_once


class KeptTest(IndexTest):
    """An index is made once."""

    def test_the_next_daemon_scans_nothing(self):
        """Nor does a second daemon. If a file has grown, only the added part is scanned."""
        data = ragged(1, 4 * M)
        path = self.write("app.log", data)
        self.write("small.log", b"1\n2\n")
        rows, old_mask = model.Rows(data), os.umask(0)
        self.addCleanup(os.umask, old_mask)
        first = self.start()
        self.assertFalse(self.dir.exists())
        self.assert_lines(first, "app.log", rows)
        self.assertEqual(read(first.p("small.log/rows/0")), b"1\n2\n")
        self.assertEqual(scanned(first), len(data) + 4)
        self.assert_kept(1)
        second = self.start("--cache", "none")
        first.unmount()
        third = self.start()
        for mount in (second, third):
            self.assertIn("rows", os.listdir(mount.p("app.log")))
            self.assert_lines(mount, "app.log", rows)
            self.assertEqual((scanned(mount), warnings(mount)), (0, []))
        third.unmount()
        more = longer(path, b"x" * M, 2)[M:]
        rows.append(more)
        fourth = self.start()
        for mount in (fourth, second):
            self.assert_lines(mount, "app.log", rows)
            self.assertEqual((scanned(mount), warnings(mount)), (len(more), []))
        self.assert_kept(1)
        fifth = self.start()
        self.assert_lines(fifth, "app.log", rows)
        self.assertEqual(scanned(fifth), 0)

    def test_made_ahead(self):
        """bigfs --index also keeps the index of small files. Another name of the same file, or a rename, needs no new
        one."""
        data = ragged(2, 30 * K)
        path = self.write("app.log", data)
        code, output, errors = self.index("app.log")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(output, r"^%s: %d lines, " % (re.escape(str(path)), data.count(b"\n")))
        self.assert_kept(1)
        mount = self.start()
        self.assert_lines(mount, "app.log", model.Rows(data))
        self.assertEqual(scanned(mount), 0)

    def test_many_files(self):
        """Files that begin and end alike each have their own index."""
        middle = {n: ragged(n, 20 * K) for n in range(12)}
        head, tail = ragged(20, 4 * K), ragged(21, 4 * K)
        for n, lines in middle.items():
            os.utime(self.write("f%d.log" % n, head + lines + tail), ns=(10 ** 18, 10 ** 18))
        names = ["f%d.log" % n for n in middle]
        self.assertEqual(self.index(*names)[0], 0)
        self.assert_kept(len(names))
        mount = self.start()
        for n, lines in middle.items():
            self.assert_lines(mount, "f%d.log" % n, model.Rows(head + lines + tail))
        self.assertEqual(scanned(mount), 0)

    def test_rewritten_between_daemons(self):
        """With the same size, mtime, and first and last 4 KiB: the index is not used."""
        head, tail = ragged(20, 4 * K), ragged(21, 4 * K)
        path = self.write("app.log", head + ragged(1, 400 * K) + tail)
        before = os.stat(path)
        self.assertEqual(self.index("app.log")[0], 0)
        with open(path, "r+b") as file:
            file.write(new := head + ragged(2, 400 * K) + tail)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        mount = self.start()
        self.assert_lines(mount, "app.log", model.Rows(new))
        self.assertEqual(scanned(mount), len(new))
        mount.unmount()
        new = truncated_and_longer(path, new, 3)  # it begins as it did, and is longer
        mount = self.start()
        self.assert_lines(mount, "app.log", model.Rows(new))
        self.assertEqual(scanned(mount), len(new))

    def test_default_places(self):
        """$XDG_CACHE_HOME/bigfs, else ~/.cache/bigfs; nothing at all is written with `none`."""
        self.write("app.log", ragged(1, 500 * K))
        home, cache = self.tmp / "home", self.tmp / "xdg"
        for env, place in (({"HOME": home, "XDG_CACHE_HOME": cache}, cache / "bigfs"),
                           ({"HOME": home, "XDG_CACHE_HOME": ""}, home / ".cache/bigfs")):
            for way in ("mount", "command"):
                if way == "mount":
                    mount = self.mount(None, "--min-size", "0", env=env)
                    read(mount.p("app.log/rows/0"))
                    mount.unmount()
                else:
                    words = {name: str(value) for name, value in env.items()}
                    self.assertEqual(bigfs("--index", self.source / "app.log", env=words)[0], 0)
                self.assertEqual(len(index_files(place)), 1, (env, way))
                self.assertEqual(stat.S_IMODE(place.stat().st_mode), 0o700)
                shutil.rmtree(home if place.parent.name == ".cache" else cache)
        before = sorted(self.tmp.rglob("*"))
        mount = self.mount(None, "--min-size", "0", "--index-dir", "none", env={"HOME": home, "XDG_CACHE_HOME": cache})
        read(mount.p("app.log/rows/0"))
        self.assertIn("rows", os.listdir(mount.p("app.log")))
        mount.unmount()
        self.assertEqual([p for p in sorted(self.tmp.rglob("*")) if p not in before and p.parent != self.tmp], [])
        self.assertEqual((home.exists(), cache.exists()), (False, False))

    def test_size(self):
        """The index of 4 GiB: 0.01% at most. Holes cost no scan."""
        path = self.write("huge.log", b"first\n")
        with open(path, "r+b") as file:
            file.truncate(4 * G)
            for n in range(4):
                file.seek(n * G + 12345)
                file.write(b"%d\n" % n)
        code, output, errors = self.index("huge.log")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(": 6 lines, 4.0 GiB", output)
        used = sum(os.stat(name).st_size for name in index_files(self.dir))
        self.assertTrue(0 < used <= 4 * G // 10000, used)
        mount = self.start()
        self.assertEqual(read(mount.p("huge.log/rows/1+1")), b"first\n")
        self.assertEqual(os.stat(mount.p("huge.log/rows/3+1")).st_size, G)
        self.assertEqual(scanned(mount), 0)


class KilledTest(IndexTest):
    """kill -9 at random moments: the next start has a right index or none."""

    LINES = 40 * M // WIDTH

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed("kills"))
        self.path = self.write("app.log", numbered(self.LINES))
        self.whole = min(self.takes() for _ in range(5))

    def takes(self):
        """How long it takes on this machine."""
        self.touch()
        started = time.monotonic()
        self.index("app.log")
        return time.monotonic() - started

    def touch(self):
        """Makes the index outdated."""
        stamp = self.random.randrange(10 ** 18)
        os.utime(self.path, ns=(stamp, stamp))
        if self.random.random() < 0.5:
            shutil.rmtree(self.dir, ignore_errors=True)

    def test_the_command(self):
        """Again and again. It takes longer with a sanitizer."""
        cut, times = 0, 30 if SANITIZED else 150
        for number in range(times):
            self.touch()
            process = subprocess.Popen([harness.BIGFS, "--index", "--index-dir", self.dir, self.path],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(self.random.random() * self.whole)
            process.kill()
            cut += process.wait() != 0
            code, output, errors = self.index("app.log")
            self.assertEqual((code, errors), (0, ""), number)
            self.assertRegex(output, r": (already indexed \()?%d lines" % self.LINES)
        self.assertGreater(cut, times // 8, "nearly none was killed in time: this tested little")

    def test_the_daemon(self):
        """While a program reads."""
        for number in range(10 if SANITIZED else 50):
            self.touch()
            mount = self.start()
            name = mount.p("app.log/rows/%d-%d" % (number + 1, self.LINES))
            reader = threading.Thread(target=errno_of, args=(read_once, name))
            reader.start()
            time.sleep(self.random.random() * self.whole)
            mount.kill()
            reader.join(60)
            self.assertFalse(reader.is_alive())
            mount.expected_exit = -signal.SIGKILL
            mount.unmount()
            mount = self.start()
            for line in (0, self.random.randrange(self.LINES), self.LINES - 1):
                self.assertEqual(read(mount.p("app.log/rows/%d+1" % (line + 1))), b"%030d %032d\n" % (0, line))
            self.assertEqual(warnings(mount), [])
            mount.unmount()


class DamagedTest(IndexTest):
    """Whatever an index file contains: one warning, a new index is made, and every line is right."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed("damage"))

    def make(self, count):
        """Files that begin differently, and the index file of each."""
        self.files = {}
        for n in range(count):
            self.write("f%d.log" % n, data := b"%d\n" % n + ragged(n, 2000))
            self.files["f%d.log" % n] = model.Rows(data)
        found = {}
        for name in self.files:
            before = set(index_files(self.dir))
            self.assertEqual(self.index(name)[0], 0)
            (found[name],) = set(index_files(self.dir)) - before
        return found

    def check(self, indexes, damage):
        """One warning for each damaged file, about that file, which is gone afterwards."""
        for path in indexes.values():
            with open(path, "rb") as file:
                old = file.read()
            with open(path, "wb") as file:
                file.write(damage(old))
        mount, told = self.start(), {}
        for name, rows in self.files.items():
            before = len(warnings(mount))
            self.assert_lines(mount, name, rows)
            told[name] = len(warnings(mount)) - before
        self.assertEqual({name: count for name, count in told.items() if count != 1}, {}, "not one warning")
        assert_alive(self, mount)
        self.assertEqual(scanned(mount), sum(len(rows.data) for rows in self.files.values()))

    def test_flipped_bits(self):
        """Any one of 300."""
        def flip(old):
            place = self.random.randrange(len(old) * 8)
            new = bytearray(old)
            new[place // 8] ^= 1 << place % 8
            return bytes(new)
        self.check(self.make(300), flip)

    def test_truncated_and_longer(self):
        self.check(self.make(40), lambda old: old[:self.random.randrange(len(old))])
        shutil.rmtree(self.dir)
        self.check(self.make(5), lambda old: old + b"\0" * self.random.randrange(1, 9))

    def test_something_else(self):
        """Another version, zeros, noise, nothing."""
        self.check(self.make(3), lambda old: old[:8] + bytes([old[8] + 1]) + old[9:])
        for damage in (lambda old: bytes(len(old)), lambda old: self.random.randbytes(len(old)), lambda old: b""):
            shutil.rmtree(self.dir)
            self.check(self.make(3), damage)

    def test_another_version(self):
        """An index of another version that is intact."""
        try:
            library = ctypes.CDLL("libxxhash.so.0")
        except OSError:
            library = None
        self.require(library, "libxxhash.so.0 is not installed")
        library.XXH3_64bits.restype = ctypes.c_uint64

        def later(old):
            new = old[:8] + bytes([old[8] + 1]) + old[9:]
            covered = new[192:] + new[:184]  # the digest is between
            digest = library.XXH3_64bits(covered, ctypes.c_size_t(len(covered)))
            return new[:184] + digest.to_bytes(8, "little") + new[192:]
        self.check(self.make(2), later)

    def test_no_files(self):
        """A directory, a FIFO, a link in an index's place: no index, and nothing hangs."""
        indexes = list(self.make(3).values())
        makers = (os.mkdir, os.mkfifo, lambda path: os.symlink("/etc/passwd", path))
        for path, make in zip(indexes, makers):
            os.unlink(path)
            make(path)
        mount = self.start()
        for name, rows in self.files.items():
            self.assert_lines(mount, name, rows)

    def test_another_files(self):
        """An index under another's name is not used."""
        indexes = self.make(2)
        one, other = indexes.values()
        shutil.copyfile(one, other)
        mount = self.start()
        for name, rows in self.files.items():
            self.assert_lines(mount, name, rows)


class SharedTest(IndexTest):
    """Two daemons and `bigfs --index` again and again, on one directory, of files that grow and are rewritten."""

    def test_at_once(self):
        rows = {n: model.Rows(ragged(n, 600 * K)) for n in range(4)}
        for n, lines in rows.items():
            self.write("f%d.log" % n, lines.data)
        mounts = [self.start(), self.start("--cache", "none")]
        stop, failures = threading.Event(), []

        def index():
            while not stop.is_set():
                code, _, errors = self.index(*["f%d.log" % n for n in rows])
                if code and "Stale file handle" in errors:
                    continue  # rewritten while it works, again and again
                if code or errors:
                    failures.append(errors or code)
        indexer = threading.Thread(target=index)
        indexer.start()
        try:
            for turn in range(25):
                for n in rows:
                    path = self.source / ("f%d.log" % n)
                    if (turn + n) % 3:
                        rows[n].append(longer(path, b"x" * 100 * K, turn)[100 * K:])
                    elif n % 2:
                        path.write_bytes(data := ragged(turn + 50, 500 * K))
                        rows[n] = model.Rows(data)
                    for mount in mounts:
                        self.assert_lines(mount, "f%d.log" % n, rows[n])
        finally:
            stop.set()
            indexer.join()
        self.assertEqual(([line for mount in mounts for line in warnings(mount)], failures), ([], []))
        self.assertEqual(index_files(self.dir, ".tmp"), [])
        mount = self.start()
        self.index(*["f%d.log" % n for n in rows])
        for n in rows:
            self.assert_lines(mount, "f%d.log" % n, rows[n])
        self.assertEqual(scanned(mount), 0)


class InsideTest(IndexTest):
    """An index directory in the mount itself would make bigfs wait for itself."""

    def test_in_the_mountpoint(self):
        """If it is given: exit 1 and one line. By default: indexes stay in memory."""
        self.write("app.log", b"line\n" * 100000)
        point = self.tmp / "mnt1"
        point.mkdir()
        for name in ("", "x", "x/y"):
            result = subprocess.run([harness.BIGFS, "-f", "--index-dir", str(point / name), self.source, point],
                                    capture_output=True, text=True, timeout=60)
            self.assertEqual((result.returncode, len(result.stderr.splitlines())), (1, 1), result)
            self.assertFalse(harness.mounted(point))
        point.rmdir()
        os.environ["XDG_CACHE_HOME"] = str(point)
        mount = self.mount(None, "--min-size", "0")
        self.assertEqual(str(mount.path), str(point))
        self.assertEqual(read(mount.p("app.log/rows/7-7")), b"line\n")


class RefusedTest(IndexTest):
    """If nothing can be kept: one warning, and `rows` works."""

    def check(self, directory, about):
        """A daemon, of several files, and the command."""
        found = {}
        for n in range(3):
            self.write("f%d.log" % n, data := ragged(n, 400 * K))
            found["f%d.log" % n] = model.Rows(data)
        mount = self.start(directory=directory)
        for name, rows in found.items():
            self.assert_lines(mount, name, rows)
            self.assertIn("rows", os.listdir(mount.p(name)))
        self.assertEqual(len(warnings(mount)), 1, mount.log())
        self.assertRegex(warnings(mount)[0], about)
        self.assertIn(str(directory), warnings(mount)[0])
        self.assertEqual(scanned(mount), sum(len(rows.data) for rows in found.values()))
        code, output, errors = self.index(*found, directory=directory)
        self.assertEqual((code, len(errors.splitlines()), output), (1, 1, ""), errors)  # before it counts
        self.assertRegex(errors, about)

    def test_a_full_disk(self):
        root = self.filesystem("tmpfs", 64 * K)
        (root / "rest").write_bytes(bytes(64 * K))
        self.check(root / "indexes", r"No space left")
        self.assertEqual((index_files(root), index_files(root, ".tmp")), ([], []))

    def test_a_disk_that_is_read_only(self):
        root = self.filesystem("tmpfs", 64 * K)
        run("mount", "-o", "remount,ro", root)
        self.check(root / "indexes", r"Read-only file system")

    def test_a_file_in_its_place(self):
        self.dir.write_bytes(b"")
        self.check(self.dir, r"Not a directory|File exists")
        self.assertEqual(self.dir.read_bytes(), b"")

    def test_others_may_write_to_it(self):
        """It is neither written nor used."""
        for mode in (0o777, 0o770, 0o1777):
            self.dir.mkdir()
            self.dir.chmod(mode)
            self.check(self.dir, r"others may write")
            self.assertEqual(index_files(self.dir), [])
            shutil.rmtree(self.dir)
        self.write("app.log", data := ragged(9, 400 * K))
        self.assertEqual(self.index("app.log")[0], 0)
        self.dir.chmod(0o777)
        mount = self.start()
        self.assert_lines(mount, "app.log", model.Rows(data))
        self.assertEqual((scanned(mount), len(warnings(mount))), (len(data), 1))

    def test_another_users(self):
        self.require(os.geteuid() == 0, "chown is for root")
        self.dir.mkdir(mode=0o700)
        os.chown(self.dir, 65534, 65534)
        self.check(self.dir, r"another user")

    def without_permission(self):
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "to become another user needs root and setpriv")
        for path in (self.tmp, self.source):
            path.chmod(0o755)
        works = subprocess.run([*NOBODY, harness.BIGFS, "-V"], capture_output=True).returncode == 0
        self.require(works, "user nobody cannot reach the binary")
        self.dir.mkdir()
        self.dir.chmod(0o555)
        os.chown(self.dir, 65534, 65534)
        self.write("app.log", data := ragged(1, 400 * K)).chmod(0o644)
        return data

    def test_the_command_without_permission(self):
        """As nobody, on a directory without w."""
        self.without_permission()
        code, output, errors = self.index("app.log", wrapper=NOBODY)
        self.assertEqual((code, len(errors.splitlines())), (1, 1), errors)
        self.assertIn("Permission denied", errors)
        self.assertEqual(output, "")  # it is told before anything is counted

    def test_a_daemon_without_permission(self):
        data = self.without_permission()
        mode = os.stat("/dev/fuse").st_mode & 0o777
        self.addCleanup(os.chmod, "/dev/fuse", mode)
        os.chmod("/dev/fuse", 0o666)  # as set by udev, but not in every container
        point = self.tmp / "point"
        point.mkdir()
        os.chown(point, 65534, 65534)
        log = self.tmp / "nobody.log"
        with open(log, "wb") as file:
            daemon = subprocess.Popen([*NOBODY, harness.BIGFS, "-f", "--min-size", "0", "--index-dir", self.dir,
                                       self.source, point], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        wait_for(lambda: harness.mounted(point) or daemon.poll() is not None, LAG, "the mount")
        self.assertIsNone(daemon.poll(), log.read_text())
        self.addCleanup(subprocess.run, ["umount", "-l", str(point)], capture_output=True)
        for _ in range(3):
            self.assertTrue(run(*NOBODY, "cat", point / "app.log/rows/0") == data)
        run(*NOBODY, "fusermount3", "-u", point)
        self.assertEqual(daemon.wait(60), 0)
        said = [line for line in log.read_text().splitlines() if "line index: " in line]
        self.assertEqual(len(said), 1, log.read_text())
        self.assertIn("Permission denied", said[0])


if __name__ == "__main__":
    harness.main()
