# SPDX-License-Identifier: MIT
"""What a shared file system is asked for beside the pieces themselves (docs/scale.md): it is little, on any size."""

import os
import time

import harness
from harness import K, M, T, pread, read
from unruly import Unruly, rule

CACHED = "attr_timeout=60,entry_timeout=60"  # as network file systems do: what is left is what bigfs asks afresh
ENDS_AND_SAMPLE = (2 + 32) * 4 * K  # how a generation is told from another
LOOKS_LIKE_GZIP = 64 * K  # the most that is read to see whether a file is compressed
READAHEAD = 128 * K


class SharedCostTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        line = b"%063d\n" % 7
        path = self.write("app.log", b"")
        with open(path, "wb") as file:
            file.truncate(T)
            for part in range(17):
                file.seek(max(0, T * part // 16 - 32 * K))
                file.write(line * K)
        self.net = Unruly(self, self.source, "-o", CACHED,
                          rules=[rule("getattr", "blocks", T // 512)])  # as if it had no holes
        self.shared = self.mount(self.net.path, "--index-dir", "none")

    def counts(self):
        return sum(count for name, count in self.net.asked().items() if name != "release"), self.net.given()

    def cost(self, use, *arguments):
        """Requests and bytes, with those of the thread that takes samples afterwards."""
        before = last = self.counts()
        use(*arguments)
        while True:
            time.sleep(0.3)
            now = self.counts()
            if now == last:
                return now[0] - before[0], now[1] - before[1]
            last = now

    def open_piece(self, view, number):
        os.close(os.open(self.shared.p("app.log", view, str(number)), os.O_RDONLY))

    def test_one_piece(self):
        """The first look at a file of 1 TiB reads its ends, a sample, and what is around two boundaries."""
        requests, given = self.cost(self.open_piece, "lines@n16", 5)
        self.assertLess(requests, 100)
        self.assertLessEqual(given, ENDS_AND_SAMPLE + LOOKS_LIKE_GZIP + READAHEAD)
        requests, given = self.cost(self.open_piece, "lines@n16", 11)
        self.assertLess(requests, 40)
        self.assertLessEqual(given, 8 * 4 * K)

    def test_a_pinned_piece(self):
        """The blocks of the word are read once, although one look-up asks for the word several times."""
        word = read(self.shared.p("app.log", "pin")).decode().strip()
        other = self.mount(self.net.path, "--index-dir", "none")
        requests, given = self.cost(pread, other.p("app.log", "lines@n16,pin=" + word, "5"), 1)
        self.assertLess(requests, 200)
        self.assertLessEqual(given, 2 * ENDS_AND_SAMPLE + LOOKS_LIKE_GZIP + READAHEAD)

    def test_names(self):
        """The names in a view of a million pieces are arithmetic: one look at the file for each reply to the kernel."""
        os.listdir(self.shared.p("app.log"))
        requests, given = self.cost(os.listdir, self.shared.p("app.log", "bytes@n1000000"))
        self.assertLess(requests, 2000)
        self.assertLessEqual(given, ENDS_AND_SAMPLE)

    def test_reading(self):
        """Beside its bytes, a piece costs one look at the attributes for each MiB."""
        self.open_piece("bytes@64M", 3)
        time.sleep(0.5)  # the sample
        before, given = self.net.asked()["getattr"], self.net.given()
        self.assertEqual(len(read(self.shared.p("app.log", "bytes@64M", "3"))), 64 * M)
        self.assertLessEqual(self.net.given() - given, 64 * M + ENDS_AND_SAMPLE + 2 * READAHEAD)
        self.assertLessEqual(self.net.asked()["getattr"] - before, 64 * 2 + 20)


if __name__ == "__main__":
    harness.main()
