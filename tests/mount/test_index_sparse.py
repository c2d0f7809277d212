# SPDX-License-Identifier: MIT
"""The line index of sparse files: a hole costs no time, no memory and no space, however long it is."""

import os
import random
import re

import harness
from harness import K, M, T, read, seed
from rowing import IndexTest, index_files, scanned

SOME = 64 * K  # bytes that an index of a few lines may take


def resident(mount):
    """The daemon's peak memory, in bytes."""
    status = read("/proc/%d/status" % mount.pid).decode()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * K


class SparseIndexTest(IndexTest):
    """Files far larger than any disk, on tmpfs."""

    def setUp(self):
        super().setUp()
        self.source = self.filesystem("tmpfs", 64 * M)

    def sparse(self, name, size, parts=()):
        """A file of this size with these (offset, bytes)."""
        with open(self.source / name, "wb") as file:
            file.truncate(size)
            for offset, data in parts:
                os.pwrite(file.fileno(), data, offset)

    def used(self):
        """Bytes of all indexes."""
        return sum(os.stat(path).st_size for path in index_files(self.dir))

    def test_nothing_but_a_hole(self):
        """256 TiB: one line; `rows`, its table and its index cost next to nothing."""
        self.sparse("hole.log", 256 * T)
        mount = self.start()
        before = resident(mount)
        self.assertEqual(os.stat(mount.p("hole.log/rows/1-1")).st_size, 256 * T)
        self.assertEqual(read(mount.p("hole.log/rows.tsv")).splitlines()[1].split(b"\t")[1:4], [b"0", b"%d" % (256 * T), b"0"])
        self.assertLess(resident(mount) - before, 8 * M)
        self.assertEqual(scanned(mount), 0)
        self.assertEqual(len(index_files(self.dir)), 1)
        self.assertLess(self.used(), K)

    def test_the_command(self):
        """The same with `bigfs --index`, whose index a daemon then believes."""
        self.sparse("hole.log", 256 * T, [(T, b"a\nb"), (255 * T + 5, b"\n")])
        code, output, errors = self.index("hole.log")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(": 3 lines, 256 TiB", output)
        self.assertLess(self.used(), K)
        mount = self.start()
        self.assertEqual([os.stat(mount.p("hole.log/rows/%d+1" % n)).st_size for n in (1, 2, 3)],
                         [T + 2, 254 * T + 4, T - 6])
        self.assertEqual(scanned(mount), 0)

    def test_some_lines_between_holes(self):
        """At random places of 64 TiB: every line is found where it is, and no hole is scanned."""
        generator = random.Random(seed("sparse"))
        places = sorted({generator.randrange(64 * T // (64 * K)) * 64 * K for _ in range(60)})
        ends = [place + generator.randrange(4 * K) for place in places]
        self.sparse("some.log", 64 * T, [(end, b"\n") for end in ends])
        mount = self.start()
        starts = [0] + [end + 1 for end in ends]
        for n, (start, end) in enumerate(zip(starts, starts[1:] + [64 * T])):
            self.assertEqual(os.stat(mount.p("some.log/rows/%d+1" % (n + 1))).st_size, end - start)
        table = [row.split(b"\t") for row in read(mount.p("some.log/rows@1.tsv")).splitlines()[1:]]
        self.assertEqual([int(row[1]) for row in table], starts)
        self.assertLessEqual(scanned(mount), len(places) * 128 * K)
        self.assertLess(self.used(), SOME)

    def test_data_without_lines(self):
        """A byte that ends no line takes no space in the index."""
        self.sparse("bytes.log", 64 * T, [(n * 40 * M, b"x") for n in range(200)])
        self.assertEqual(self.index("bytes.log")[0], 0)
        self.assertLess(self.used(), K)

    def test_it_grows(self):
        """Data appended far after a hole is found, and so is data written into a hole."""
        self.sparse("app.log", 16 * T, [(0, b"one\n")])
        mount = self.start()
        self.assertEqual(os.stat(mount.p("app.log/rows/2-2")).st_size, 16 * T - 4)
        with open(self.source / "app.log", "r+b") as file:
            os.pwrite(file.fileno(), b"\n", 3 * T)
            os.pwrite(file.fileno(), b"\nend", 200 * T)
        harness.wait_for(lambda: os.stat(mount.p("app.log/whole.log")).st_size == 200 * T + 4, 10, "it grows")
        self.assertEqual([os.stat(mount.p("app.log/rows/%d+1" % n)).st_size for n in (1, 2, 3, 4)],
                         [4, 3 * T - 3, 197 * T, 3])


if __name__ == "__main__":
    harness.main()
