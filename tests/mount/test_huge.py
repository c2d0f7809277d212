# SPDX-License-Identifier: MIT
"""Files far larger than any disk here: sparse, with data at their ends and in the middle (issue 2, 5)."""

import errno
import os
import random

import harness
from harness import G, K, M, T, pread, read

PETA = 1 << 50


class HugeTest(harness.MountTest):
    """A sparse file on a file system that takes its size."""

    def sparse(self, root, name, size, places):
        """A file of this size with 64 KiB of known bytes, without a newline, around each place; {place: bytes}."""
        generator = random.Random(size)
        data = {}
        with open(root / name, "wb") as file:
            file.truncate(size)
            for place in places:
                block = generator.randbytes(64 * K).replace(b"\n", b"_")[:size - place]
                os.pwrite(file.fileno(), block, place)
                data[place] = block
        self.assertEqual(os.stat(root / name).st_size, size)
        return data

    def check_data(self, mount, name, data):
        """The bytes at each place, by range, by whole, and by the piece it lies in."""
        for place, block in data.items():
            path = mount.p(name, "bytes", "%d+%d" % (place, len(block)))
            self.assertTrue(read(path) == block, path)
            self.assertTrue(pread(mount.p(name, "whole.bin"), len(block), place) == block)
            for argument, step in (("bytes@1G", G), ("bytes@1T", T), ("bytes@64M", 64 * M), ("bytes", 64 * M)):
                number = place // step
                path = mount.p(name, argument, str(number))
                part = block[:(number + 1) * step - place]
                self.assertTrue(pread(path, len(part), place - number * step) == part, path)

    def check_holes(self, mount, name, data):
        """Before and after the data there are zeros."""
        for place, block in data.items():
            if place >= K:
                self.assertEqual(read(mount.p(name, "bytes", "%d+1024" % (place - K))), bytes(K))
            after = place + len(block)
            if after + K <= os.stat(mount.p(name, "whole.bin")).st_size:
                self.assertEqual(read(mount.p(name, "bytes", "%d+1K" % after)), bytes(K))


class TebibyteTest(HugeTest):
    """1 TiB."""

    def check(self, root):
        """Everything a listing shows, without a scan; sizes; data; the table."""
        data = self.sparse(root, "t.bin", T + 5 * K, [0, T // 2 + 12345, T - 30 * K])
        mount = self.mount(root)
        self.assertEqual(os.listdir(mount.path), ["t.bin"])
        shown = set(os.listdir(mount.p("t.bin")))
        self.assertEqual(shown, {"bytes", "bytes.tsv", "lines", "lines.tsv", "extents", "extents.tsv", "whole.bin"})
        for view, count in (("bytes", 16 * K + 1), ("bytes@1G", K + 1), ("bytes@n1000", 1000)):
            self.assertEqual(sorted(os.listdir(mount.p("t.bin", view))), ["%06d" % k for k in range(count)])
        sizes = [os.stat(mount.p("t.bin", "bytes@1G", "%06d" % k)).st_size for k in range(K + 1)]
        self.assertEqual(sizes, [G] * K + [5 * K])
        rows = [line.split(b"\t") for line in read(mount.p("t.bin", "bytes@1G.tsv")).splitlines()[1:]]
        self.assertEqual([(int(row[1]), int(row[2])) for row in rows], list(zip(range(0, T + 1, G), sizes)))
        self.check_data(mount, "t.bin", data)
        self.check_holes(mount, "t.bin", data)
        return mount

    def test_in_the_temporary_directory(self):
        """On the file system that the tests run on."""
        try:
            self.check(self.source)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            self.skipTest("no file of 1 TiB here")

    def test_on_xfs(self):
        """On XFS."""
        self.check(self.filesystem("xfs", 320 * M))

    def test_on_btrfs(self):
        """On btrfs."""
        self.check(self.filesystem("btrfs", 256 * M))

    def test_listing_lines_scans_nothing(self):
        """The names in `lines` need no boundaries, and a TiB without a newline has none."""
        self.sparse(self.source, "t.bin", T, [0, T - 64 * K])
        mount = self.mount()
        names = sorted(os.listdir(mount.p("t.bin", "lines")))
        self.assertEqual(names, ["%06d.bin" % k for k in range(16 * K)])
        found = harness.run("find", mount.path, "-name", "0*", "-type", "f").split()
        self.assertEqual(len(found), 32 * K + 2)  # and two extents


class PebibyteTest(HugeTest):
    """Offsets of sixteen digits."""

    PLACES = [0, 999999999999990, 1123456789012345, PETA + T - 40 * K]

    def check(self, root):
        """Right bytes at offsets of 16 digits; seven digits in the names if there are more than a million pieces."""
        data = self.sparse(root, "p.bin", PETA + T, self.PLACES)
        mount = self.mount(root)
        self.assertEqual(os.stat(mount.p("p.bin", "whole.bin")).st_size, PETA + T)
        self.check_data(mount, "p.bin", data)
        self.check_holes(mount, "p.bin", data)
        self.assertEqual(sorted(os.listdir(mount.p("p.bin", "bytes@1T"))), ["%06d" % k for k in range(K + 1)])
        count = (PETA + T) // G
        self.assertEqual(len(str(count - 1)), 7)
        last = mount.p("p.bin", "bytes@1G")
        for name in ("%07d" % (count - 1), str(count - 1), "0000001", "1"):
            self.assertEqual(os.stat(os.path.join(last, name)).st_size, G)
        for name in (str(count), "000001", "00000001"):
            self.assert_errno(errno.ENOENT, os.stat, os.path.join(last, name))
        return mount, count

    def test_on_tmpfs(self):
        """On tmpfs; and the names of a million pieces, and the table of offsets with 16 digits."""
        mount, count = self.check(self.filesystem("tmpfs", 16 * M))
        names = os.listdir(mount.p("p.bin", "bytes@1G"))
        self.assertEqual(len(names), count)
        self.assertEqual(sorted(names), ["%07d" % k for k in range(count)])
        rows = read(mount.p("p.bin", "bytes@n4096.tsv")).splitlines()
        self.assertEqual(len(rows), 4097)
        step = (PETA + T) // 4096
        self.assertEqual(rows[4096].split(b"\t")[:3], [b"004095", b"%d" % (4095 * step), b"%d" % step])
        self.assertEqual(len(b"%d" % (4095 * step)), 16)

    def test_on_xfs(self):
        """On XFS."""
        self.check(self.filesystem("xfs", 320 * M))

    def test_on_btrfs(self):
        """On btrfs."""
        self.check(self.filesystem("btrfs", 256 * M))


if __name__ == "__main__":
    harness.main()
