# SPDX-License-Identifier: MIT
"""Sparse files and the tools people know (DESIGN 3): copies keep their holes, and a TiB of hole costs nothing."""

import os
import random
import shutil

import harness
import sparse
from harness import G, K, M, T, pread, read, run
from sparse import UNIT, cut, opened, ranges_of, total, walk
from support import KINDS, counter

DD = """cd "$1"; for piece in *; do
    dd if="$piece" of="$2" seek="${piece%%+*}" oflag=seek_bytes conv=notrunc bs=1M status=none
done; truncate -s "$3" "$2" """


def on_disk(path):
    """The bytes that a file takes on its disk when all of it is written."""
    run("sync", "-f", path)
    return os.stat(path).st_blocks * 512


class CopyTest(harness.MountTest):
    """Copies out of a mount, to the file system that the source is on."""

    SIZE = 7 * 256 * sparse.BLOCK + 4 * M + 3  # 11 MiB and 3 bytes: the first pieces of n7 are a byte longer

    def subject(self, root):
        """Data in many places, some of it zeros, and holes between them, at the start and at the end."""
        generator = random.Random(11)
        places, offset = {}, 3 * UNIT
        while offset < self.SIZE - 5 * UNIT:
            length = generator.randrange(1, 6) * UNIT // 2
            places[offset] = bytes(length) if len(places) % 4 == 2 else generator.randbytes(length)
            offset += length + generator.randrange(1, 5) * UNIT // 2
        data = sparse.make(root / "disk.img", self.SIZE, places)
        run("sync", "-f", root)
        self.assertGreater(len(places), 20)
        return data

    def copies(self, mount, root):
        """Pairs of how, and a function that makes the copy at a path."""
        whole = mount.p("disk.img", "whole.img")

        def tar(to):
            run("tar", "-S", "-C", mount.p("disk.img"), "-cf", root / "t.tar", "whole.img")
            self.assertLess(os.stat(root / "t.tar").st_size, self.SIZE)
            run("tar", "-C", root, "-xf", root / "t.tar")
            os.unlink(root / "t.tar")
            os.rename(root / "whole.img", to)

        def dd(to):
            run("sh", "-euc", DD, "sh", mount.p("disk.img", "extents"), to, str(self.SIZE))

        return [("cp --sparse=always", lambda to: run("cp", "--sparse=always", whole, to)),
                ("cp", lambda to: run("cp", whole, to)),
                ("tar -S", tar),
                ("rsync -S", lambda to: run("rsync", "-S", whole, to)),
                ("dd of extents", dd)]

    def test_copies_keep_holes(self):
        """cp --sparse=always, cp, tar -S, rsync -S, and dd of each extent to its offset: equal to the source, and no
        larger on disk."""
        self.require(shutil.which("rsync"), "rsync is not installed")
        for kind in KINDS:
            with self.subTest(filesystem=kind):
                root = self.filesystem(kind, 300 * M)
                sparse.take_no_more(kind, root)
                data = self.subject(root)
                source = on_disk(root / "disk.img")
                self.assertLess(source, 0.7 * self.SIZE)
                mount = self.mount(root, "--chunk-size", "1M")
                for how, make in self.copies(mount, root):
                    with self.subTest(how=how):
                        make(root / "copy")
                        self.assertTrue(read(root / "copy") == data, "the copy is not the source")
                        self.assertLessEqual(on_disk(root / "copy"), source * 1.01)
                        os.unlink(root / "copy")
                self.check_pieces(root, mount, data)

    def check_pieces(self, root, mount, data):
        """Each piece of bytes@n7: its copy keeps its holes, too. Where a piece does not begin at a block each of its
        extents may take one more."""
        with opened(root / "disk.img") as source:
            extents = walk(source)
        for number, ranges in enumerate(ranges_of("bytes", "n7", data, [])):
            wanted = cut(extents, ranges)
            run("cp", "--sparse=auto", mount.p("disk.img", "bytes@n7", str(number)), root / "copy")
            offset, length = ranges[1]
            self.assertTrue(read(root / "copy") == data[offset:offset + length], number)
            most = total(wanted) * 1.01 + (len(wanted) + 1) * sparse.BLOCK
            self.assertLess(most, length * 0.95)
            self.assertLessEqual(on_disk(root / "copy"), most, number)
            os.unlink(root / "copy")


class TebibyteTest(harness.MountTest):
    """1 TiB with 1 MiB of data in a few places."""

    PLACES = [0, 30 * G, 200 * G + 777 * 4096, 800 * G, T - M]  # 600 GiB of hole before the fourth

    def make(self, root):
        """The file, of lines of many lengths; {place: its bytes}."""
        generator = random.Random(3)
        data = {}
        for place in self.PLACES:
            lines = b"".join(b"%d %s\n" % (place, b"x" * generator.randrange(200)) for _ in range(12000))
            data[place] = lines[:M]
        sparse.make(root / "t.log", T, data)
        return data

    def first_line(self, data, place):
        """Where the first line starts at or after a place: after the first LF at or after the byte before."""
        if place == 0:
            return 0
        for start, part in sorted(data.items()):
            at = part.find(b"\n", max(0, place - 1 - start))
            if place - 1 < start + len(part) and at >= 0:
                return start + at + 1
        return T

    def cuts(self, data, count):
        """The (offset, length) of lines@nCOUNT."""
        ends = [self.first_line(data, T * k // count) for k in range(count)] + [T]
        return [(start, end - start) for start, end in zip(ends, ends[1:])]

    def check(self, root):
        data = self.make(root)
        mount = self.mount(root)
        self.assertEqual(run("wc", "-c", mount.p("t.log", "whole.log")).split()[0], b"%d" % T)
        for count in (16, 100):
            pieces = self.cuts(data, count)
            view = mount.p("t.log", "lines@n%d" % count)
            rows = [row.split() for row in run("ls", "-l", view).decode().splitlines()[1:]]
            self.assertEqual([(row[8], int(row[4])) for row in rows],
                             [("%06d.log" % k, length) for k, (_, length) in enumerate(pieces)])
            rows = run("wc", "-c", *[view + "/%d" % k for k in range(count)]).splitlines()
            self.assertEqual([int(row.split()[0]) for row in rows[:-1]], [length for _, length in pieces])
            extents = [(place, place + M) for place in self.PLACES]
            blocks = [os.stat(view + "/%d" % k).st_blocks for k in range(count)]
            self.assertEqual(blocks, [sparse.blocks_of(cut(extents, [piece])) for piece in pieces])
            rows = [list(map(int, row.split(b"\t")[1:])) for row in read(view + ".tsv").splitlines()[1:]]
            self.assertEqual(rows, [[*piece, total(cut(extents, [piece]))] for piece in pieces])
        names = ["%015d+%d" % (place, M) for place in self.PLACES]
        self.assertEqual(os.listdir(mount.p("t.log", "extents")), names)
        for name, place in zip(names, self.PLACES):
            self.assertTrue(read(mount.p("t.log", "extents", name)) == data[place], name)
        return mount

    def test_on_disk(self):
        """On the file system that the tests run on."""
        self.check(self.source)
        self.check_cache()

    def test_on_others(self):
        """On XFS, btrfs, and tmpfs."""
        for kind in ("xfs", "btrfs", "tmpfs"):
            with self.subTest(filesystem=kind):
                root = self.filesystem(kind, 64 * M)
                mount = self.check(root)
                piece = mount.p("t.log", "bytes@1G", "100")
                self.assertEqual(run("cmp", "-n", str(G // 4), piece, "/dev/zero"), b"")
                self.assertLess(os.stat(root / "t.log").st_blocks * 512, 6 * M)

    def check_cache(self):
        """16 GiB of hole read without the kernel's cache: zeros that fill no memory and need no read of the file."""
        mount = self.mount(None, "--cache", "none")
        step, offset, length = 16 * G, 64 * G, 16 * G
        zeros, buffer = bytes(M), bytearray(M)
        path = mount.p("t.log", "bytes@%d" % step, "4")
        with opened(self.source / "t.log") as source:
            for again in (True, True, False):
                before, resident = self.cached(), sparse.resident(source, offset, length)
                read_before = counter(mount, "bigfs_read_bytes_total")
                with open(path, "rb", buffering=0) as piece:
                    for _ in range(length // M):
                        self.assertEqual(piece.readinto(buffer), M)
                        self.assertTrue(buffer == zeros)
                    self.assertEqual(piece.readinto(buffer), 0)
                self.assertEqual(counter(mount, "bigfs_read_bytes_total"), read_before)
                self.assertEqual(sparse.resident(source, offset, length), resident)
                self.assertLessEqual(resident, M)
                grown = self.cached() - before  # all processes' together: the best of a few tries
                if grown < 64 * M or not again:
                    break
        self.assertLess(grown, 64 * M)
        self.assertGreaterEqual(counter(mount, "bigfs_hole_bytes_total"), length)

    @staticmethod
    def cached():
        """The bytes in the machine's page cache."""
        for line in read("/proc/meminfo").splitlines():
            if line.startswith(b"Cached:"):
                return int(line.split()[1]) * K
        raise AssertionError("no Cached in /proc/meminfo")

    def test_probe_across_a_hole(self):
        """The end of a piece after 500 GiB of hole: a few KiB are read, and no hole is scanned."""
        data = self.make(self.source)
        for view, number in (("lines@n1024", 250), ("lines@n1024", 799), ("lines@n2", 0), ("lines@1T", 0),
                             ("lines@100G,header", 3)):
            mount = self.mount(None, "--cache", "none")
            before = [counter(mount, "bigfs_%s_bytes_total" % name) for name in ("scanned", "read", "hole")]
            size = os.stat(mount.p("t.log", view, str(number))).st_size
            grown = [counter(mount, "bigfs_%s_bytes_total" % name) - old
                     for name, old in zip(("scanned", "read", "hole"), before)]
            with self.subTest(view=view):
                self.assertLessEqual(max(grown[:2]), 128 * K, grown)
                start = T // 1024 * number
                wanted = {"lines@n1024": self.first_line(data, start + T // 1024) - self.first_line(data, start),
                          "lines@n2": self.first_line(data, T // 2), "lines@1T": T,
                          "lines@100G,header": self.first_line(data, 400 * G) - self.first_line(data, 300 * G)
                          + data[0].index(b"\n") + 1}[view]
                self.assertEqual(size, wanted)
            mount.unmount()

    def test_holes_are_zeros(self):
        """A hole's piece compares equal to zeros, as does the end of one that begins with data."""
        data = self.make(self.source)
        for cache in ("kernel", "none"):
            mount = self.mount(None, "--cache", cache)
            for name in ("bytes/9", "bytes@1G/500", "bytes/%d+64M" % (30 * G + M), "bytes/%d+64M" % (799 * G)):
                run("cmp", "-n", str(64 * M), mount.p("t.log", name), "/dev/zero")
            part = pread(mount.p("t.log", "whole"), 3 * M, 30 * G - M)
            self.assertTrue(part == bytes(M) + data[30 * G] + bytes(M))


if __name__ == "__main__":
    harness.main()
