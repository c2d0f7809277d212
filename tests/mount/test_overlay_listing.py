# SPDX-License-Identifier: MIT
"""An overlay whose layers are on two file systems: its files have device numbers of their own, and are not elsewhere."""

import os

import harness
from support import counter

FILES = 2000


class OverlayListingTest(harness.MountTest):
    def overlay(self):
        upper = self.filesystem("tmpfs", 64 * harness.K * 16)
        merged = self._fresh("merged")
        for directory in (merged, upper / "upper", upper / "work"):
            directory.mkdir()
        layers = "lowerdir=%s,upperdir=%s,workdir=%s" % (self.source, upper / "upper", upper / "work")
        harness.run("mount", "-t", "overlay", "overlay", "-o", layers, merged)
        self._finally(harness._unmount_filesystem, (merged, None))
        return merged

    def test_listed_with_attributes(self):
        """`ls -l` looks up each file once, with its listing, as on any other file system."""
        for i in range(FILES):
            self.write("d/f%d" % i, b"x")
        self.write("d/large.log", b"line\n" * 20000)
        merged = self.overlay()
        self.assertNotEqual(os.stat(merged / "d").st_dev, os.stat(merged / "d/f1").st_dev)
        mount = self.mount(merged, "--min-size", "64K", "--index-dir", "none")
        before = counter(mount, "bigfs_lookups_total")
        with os.scandir(mount.p("d")) as entries:
            sizes = {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
        self.assertEqual(sizes, {"large.log": 0, **{"f%d" % i: 1 for i in range(FILES)}})
        self.assertLess(counter(mount, "bigfs_lookups_total") - before, FILES * 5 // 4)


if __name__ == "__main__":
    harness.main()
