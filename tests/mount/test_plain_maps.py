# SPDX-License-Identifier: MIT
"""The maps of compressed files in the index directory (DESIGN 3 and 5): kept, found again, killed, damaged; never a wrong
byte."""

import os
import random
import shutil
import signal
import threading
import time

import harness
from compressing import joined, make, need, noise, text
from harness import K, M, read, run, seed
from rowing import IndexTest, index_files
from support import SANITIZED, assert_alive, errno_of, read_once
from test_pin import append

KINDS = ("gzip-6", "gzip-members", "bgzip", "zstd-frames", "xz-streams")


def maps(directory):
    return index_files(directory, ".map")


def read_bytes(mount):
    """What the daemon has read so far, from files or from the kernel."""
    return int(read("/proc/%d/io" % mount.pid).split()[1])


class MapTest(IndexTest):
    """A test with its own index directory."""

    def start(self, *options, **more):
        mount = super().start("--chunk-size", "256K", *options, **more)
        mount.allowed_trouble.append(r": .*map.*")
        return mount

    def warnings(self, mount):
        return [line for line in mount.log().splitlines() if " map" in line or "line index" in line]

    def assert_whole(self, mount, name, data):
        """All of it, and some lines."""
        plain = mount.p(name, "plain")
        self.assertTrue(read(os.path.join(plain, "whole")) == data, name)
        for view in ("lines@n5", "rows@n3"):
            self.assertTrue(joined(os.path.join(plain, view)) == data, (name, view))


class KeptTest(MapTest):
    """A map is made once."""

    def test_the_next_daemon_reads_little(self):
        """Nor does a second one at the same time; and all is listed at once."""
        data = noise(5 * M)
        files = {kind: self.write(kind, make(self, kind, data)) for kind in KINDS}
        size = sum(os.stat(path).st_size for path in files.values())
        first = self.start()
        before = read_bytes(first)
        for name in files:
            self.assertEqual(os.stat(first.p(name, "plain/whole")).st_size, len(data), name)
        self.assertGreater(read_bytes(first) - before, 2 * os.stat(files["gzip-6"]).st_size)  # gzip-members, too
        self.assertEqual(len(maps(self.dir)), len(KINDS))
        second = self.start("--cache", "none")
        first.unmount()
        for mount in (second, self.start()):
            before = read_bytes(mount)
            for name in files:
                self.assertIn("lines", os.listdir(mount.p(name, "plain")), name)
                self.assertEqual(os.stat(mount.p(name, "plain/whole")).st_size, len(data), name)
            self.assertLess(read_bytes(mount) - before, size / 4)
            for name in files:
                self.assertTrue(read(mount.p(name, "plain/bytes/%d+%d" % (3 * M, M))) == data[3 * M:4 * M], name)
                self.assert_whole(mount, name, data)
            self.assertEqual(self.warnings(mount), [])
        for path in [self.dir, *map(os.path.dirname, maps(self.dir))]:
            self.assertEqual(os.stat(path).st_mode & 0o7777, 0o700)
        self.assertEqual({os.stat(path).st_mode & 0o7777 for path in maps(self.dir)}, {0o600})
        self.assertEqual(index_files(self.dir, ".tmp"), [])

    def test_made_ahead(self):
        """`bigfs --index` makes the map and the count of lines of what the file holds."""
        data = text(4 * M)
        for kind in KINDS:
            self.write(kind, make(self, kind, data))
        code, _, errors = self.index(*KINDS)
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(len(maps(self.dir)), len(KINDS))
        mount = self.start()
        for kind in KINDS:
            self.assertIn("rows", os.listdir(mount.p(kind, "plain")), kind)
            self.assert_whole(mount, kind, data)

    def test_size(self):
        """At most 0.1% of what the file holds; of many small units, too."""
        data = text(8 * M)
        sizes = {}
        for kind in ("gzip-6", "gzip-small-members", "bgzip", "zstd-fast", "seekable-checksums", "xz"):
            self.write(kind, make(self, kind, data))
            mount = self.start()
            os.stat(mount.p(kind, "plain/whole"))
            mount.unmount()
            sizes[kind] = sum(os.stat(path).st_size for path in maps(self.dir))
            shutil.rmtree(self.dir)
        self.assertLess(max(sizes.values()), len(data) // 1000 + 4 * K, sizes)

    def test_grown_between_daemons(self):
        """The map of before is gone on with: what is read is the added part and a little."""
        parts = [noise(4 * M, n) for n in range(2)] + [noise(300 * K, 3)]
        for kind in ("gzip-members", "zstd-frames", "xz-streams", "bgzip"):
            path = self.write(kind, make(self, kind, parts[0]) + make(self, kind, parts[1]))
            mount = self.start()
            self.assertEqual(os.stat(mount.p(kind, "plain/whole")).st_size, 8 * M)
            mount.unmount()
            append(path, make(self, kind, parts[2]))
            mount = self.start()
            before = read_bytes(mount)
            self.assertEqual(os.stat(mount.p(kind, "plain/whole")).st_size, 8 * M + 300 * K, kind)
            self.assertLess(read_bytes(mount) - before, 4 * M, kind)
            self.assert_whole(mount, kind, b"".join(parts))
            mount.unmount()

    def test_rewritten_between_daemons(self):
        """Also with the same size and times: the map is not used."""
        need(self, "gzip")
        for kind in KINDS:
            for turn in range(3):
                data = noise(600 * K, turn) * 2
                path = self.write(kind, make(self, kind, data))
                os.utime(path, (10 ** 9, 10 ** 9))
                mount = self.start()
                self.assert_whole(mount, kind, data)
                mount.unmount()


class KilledTest(MapTest):
    """kill -9 at random moments: the next start has a right map or none."""

    def test_the_daemon(self):
        generator = random.Random(seed("kills"))
        data = text(6 * M) * 4
        self.write("a.log.gz", run("gzip", "-1c", input=data))
        self.write("b.log.gz", make(self, "gzip-members", data))
        for number in range(4 if SANITIZED else 12):
            shutil.rmtree(self.dir, ignore_errors=True)
            mount = self.start()
            readers = [threading.Thread(target=errno_of, args=(read_once, mount.p(name, "plain", piece)))
                       for name in ("a.log.gz", "b.log.gz") for piece in ("bytes/-5", "rows/9-9")]
            for reader in readers:
                reader.start()
            time.sleep(generator.random() * 0.25)
            mount.kill()
            for reader in readers:
                reader.join(60)
                self.assertFalse(reader.is_alive())
            mount.expected_exit = -signal.SIGKILL
            mount.unmount()
            mount = self.start()
            for name in ("a.log.gz", "b.log.gz"):
                at = generator.randrange(len(data))
                self.assertTrue(read(mount.p(name, "plain/bytes/%d+%d" % (at, M))) == data[at:at + M], number)
                self.assertEqual(read(mount.p(name, "plain/rows/-1")), data[data.rindex(b"\n") + 1:])
            self.assertEqual(self.warnings(mount), [])
            mount.unmount()


class DamagedTest(MapTest):
    """Whatever a map file contains: one warning, a new map is made, and every byte is right."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed("damage"))

    def make_files(self, count):
        """Files of each kind that differ, and the map file of each."""
        self.files, found = {}, {}
        for n in range(count):
            kind = KINDS[n % len(KINDS)]
            self.write(name := "%s-%d" % (kind, n), make(self, kind, data := text(2500 * K, 1)[n * 1000:]))
            self.files[name] = data
        mount = self.start()
        for name in self.files:
            before = set(maps(self.dir))
            os.stat(mount.p(name, "plain/whole"))
            found[name], = set(maps(self.dir)) - before
        mount.unmount()
        for name in index_files(self.dir):  # of counts of lines, which are others' tests
            os.unlink(name)
        return found

    def check(self, found, ways):
        """Each way of damage, to the map files of all files in turn."""
        old = {name: read(path) for name, path in found.items()}
        for at in range(0, len(ways), len(found)):
            for (name, path), way in zip(found.items(), ways[at:at + len(found)]):
                with open(path, "wb") as file:
                    file.write(way(old[name]))
            mount = self.start()
            for (name, path), _ in zip(found.items(), ways[at:at + len(found)]):
                data, before, place = self.files[name], len(self.warnings(mount)), self.random.randrange(2 * M)
                got = read(mount.p(name, "plain/bytes/%d+%d" % (place, 300 * K)))
                self.assertTrue(got == data[place:place + 300 * K], name)
                self.assertEqual(os.stat(mount.p(name, "plain/whole")).st_size, len(data), name)
                self.assertEqual(len(self.warnings(mount)) - before, 1, (name, mount.log()))
            assert_alive(self, mount)
            mount.unmount()
            self.assertEqual({name: read(path) for name, path in found.items()} == old, True, "other maps were made")

    def test_flipped_bits(self):
        def flip(old):
            place = self.random.randrange(len(old) * 8)
            return old[:place // 8] + bytes([old[place // 8] ^ 1 << place % 8]) + old[place // 8 + 1:]
        self.check(self.make_files(20), [flip] * (40 if SANITIZED else 100))

    def test_something_else(self):
        """Truncated, longer, empty, zeros, noise, another version, and the map of another file."""
        found = self.make_files(10)
        other = read(found[sorted(found)[0]])
        self.check(found, [lambda old: old[:self.random.randrange(len(old))]] * 10 + [lambda old: old[:-1]] * 5 +
                   [lambda old: old + b"\0"] * 5 + [lambda old: b""] * 5 + [lambda old: bytes(len(old))] * 5 +
                   [lambda old: self.random.randbytes(len(old))] * 5 +
                   [lambda old: old[:8] + bytes([old[8] + 1]) + old[9:]] * 5)
        for path in found.values():
            with open(path, "wb") as file:
                file.write(other)
        mount = self.start()
        for name, data in self.files.items():
            self.assertTrue(read(mount.p(name, "plain/whole")) == data, name)

    def test_no_files(self):
        """A directory, a FIFO, a link in a map's place: nothing hangs."""
        found = self.make_files(3)
        for path, put in zip(found.values(), (os.mkdir, os.mkfifo, lambda path: os.symlink("/etc/passwd", path))):
            os.unlink(path)
            put(path)
        mount = self.start()
        for name, data in self.files.items():
            self.assertTrue(read(mount.p(name, "plain/whole")) == data, name)


class RefusedTest(MapTest):
    """If nothing can be kept, `plain` works."""

    def test_a_full_disk_and_a_file_in_its_place(self):
        root = self.filesystem("tmpfs", 64 * K)
        (root / "rest").write_bytes(bytes(64 * K))
        (self.tmp / "file").write_bytes(b"")
        self.write("a.gz", make(self, "gzip-6", data := text(3 * M)))
        for directory in (root / "indexes", self.tmp / "file", "none"):
            mount = self.start(directory=directory)
            self.assert_whole(mount, "a.gz", data)
            self.assertIn("rows", os.listdir(mount.p("a.gz/plain")))
            self.assertLessEqual(len(self.warnings(mount)), 1, mount.log())
            mount.unmount()

    def test_little_space(self):
        """--index-space: the map that was not used for longest goes, and is made again."""
        data = {n: text(2 * M, n) for n in range(8)}
        for n, content in data.items():
            self.write("%d.gz" % n, make(self, "gzip-6", content))
        mount = self.start("--index-space", "40K")
        for _ in range(2):
            for n, content in data.items():
                self.assertTrue(read(mount.p("%d.gz" % n, "plain/bytes/-%d" % M)) == content[-M:], n)
            self.assertLessEqual(sum(os.stat(path).st_size for path in maps(self.dir)), 40 * K)


if __name__ == "__main__":
    harness.main()
