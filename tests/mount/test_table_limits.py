# SPDX-License-Identifier: MIT
"""Tables at the limits of file sizes, and copied by a program before their first open."""

import errno
import os
import shutil

import harness
from harness import read

NINES = "bytes@n%d.tsv" % (2 ** 63 - 1)


class TooLongTest(harness.MountTest):
    """A table that would exceed the largest file size has no size and cannot be opened."""

    def test_too_long(self):
        self.write("a.log", b"line\n" * 20000)
        for cache in ("kernel", "none"):
            mount = self.mount(None, "--min-size", "4K", "--index-dir", "none", "--cache", cache)
            path = mount.p("a.log", NINES)
            for _ in range(2):  # a failure leaves nothing that the second open could take for a text
                self.assertEqual(os.stat(path).st_size, 0)
                self.assert_errno(errno.EFBIG, read, path)
            self.assertEqual(len(os.listdir(mount.p("a.log"))), 5)

    def test_as_long_as_can_be(self):
        """There is a table of 10^16 pieces, and its end is read at once."""
        data = b"line\n" * 20000
        self.write("a.log", data)
        mount = self.mount(None, "--min-size", "4K", "--index-dir", "none")
        path = mount.p("a.log", "bytes@n%d.tsv" % 10 ** 16)
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            end = os.pread(file.fileno(), 1000, size - 1000)
        self.assertEqual(os.stat(path).st_size, size)
        self.assertEqual(end.splitlines()[-1], b"%d\t%d\t0\t0" % (10 ** 16 - 1, len(data)))


class CopiedTest(harness.MountTest):
    def test_rsync_of_a_mount(self):
        """rsync looks at the size of what it has opened: no table comes out empty, whatever stat said."""
        self.require(shutil.which("rsync"), "rsync is not installed")
        self.write("a.log", b"line\n" * 20000)
        mount = self.mount(None, "--min-size", "4K", "--chunk-size", "16K", "--index-dir", "none")
        harness.run("rsync", "-a", mount.p("a.log"), self.tmp)
        for name in os.listdir(mount.p("a.log")):
            if name.endswith(".tsv"):
                self.assertEqual(read(self.tmp / "a.log" / name), read(mount.p("a.log", name)), name)


if __name__ == "__main__":
    harness.main()
