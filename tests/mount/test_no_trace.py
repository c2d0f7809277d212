# SPDX-License-Identifier: MIT
"""A read-only mount changes nothing: whatever is read, scanned, listed or indexed, the source is as it was."""

import os
import subprocess

import harness
from harness import K, M, read, run

METHODS = ("auto", "seek", "fiemap", "none")


def state(path):
    """What a change would move. (Reads move the atime, as usual.)"""
    status = os.stat(path)
    return {"size": status.st_size, "blocks": status.st_blocks, "mtime": status.st_mtime_ns,
            "ctime": status.st_ctime_ns, "mode": status.st_mode, "links": status.st_nlink,
            "xattrs": sorted(os.listxattr(path))}


class NoTraceTest(harness.MountTest):
    def use(self, mount, name):
        """All that scans: the boundaries of a record without an end, an index, tables, listings, bytes."""
        for path in ("lines/1", "lines@n3/2", "lines.tsv", "rows/2-3", "rows.tsv", "extents.tsv", "bytes@n8/5",
                     "lines@1M,header/3", "whole.log"):
            read(mount.p(name, path))
        run("ls", "-lR", mount.path)

    def sparse(self, root):
        """A file that is all hole, one with data at its start and end, and one with much data."""
        made = []
        for name, data in (("hole.log", []), ("ends.log", [0, 24 * M - 8 * K]), ("data.log", range(0, 24 * M, M))):
            path = os.path.join(root, name)
            with open(path, "wb") as file:
                for place in data:
                    file.seek(place)
                    file.write(b"a" * (8 * K - 1) + b"\n")
                file.truncate(24 * M)
            made.append(path)
        return made

    def check(self, root):
        paths = self.sparse(root)
        os.sync()
        before = {path: state(path) for path in paths}
        for method in METHODS:
            with self.subTest(method):
                mount = self.mount(root, "--chunk-size", "4M", "--extents", method, "--index-dir", "none")
                for path in paths:
                    self.use(mount, os.path.basename(path))
                mount.unmount()
                self.assertEqual({path: state(path) for path in paths}, before)

    def test_tmpfs(self):
        self.check(self.filesystem("tmpfs", 200 * M))

    def test_ext4(self):
        self.check(self.filesystem("ext4", 300 * M))

    def test_xfs(self):
        self.check(self.filesystem("xfs", 320 * M))

    def test_btrfs(self):
        self.check(self.filesystem("btrfs", 300 * M))


class OverlayTest(harness.MountTest):
    """What is mapped of an overlay's file before it is copied up is the lower file for ever."""

    def test_copied_up_while_it_is_open(self):
        self.require(os.geteuid() == 0, "an overlay needs root")
        disk = self.filesystem("ext4", 100 * M)
        for name in ("lower", "upper", "work", "merged"):
            (disk / name).mkdir()
        first = b"x" * (5 * M + 100) + b"\n"
        (disk / "lower" / "long.log").write_bytes(first)
        merged = disk / "merged"
        mounting = subprocess.run(["mount", "-t", "overlay", "overlay", str(merged), "-o",
                                   "lowerdir=%s,upperdir=%s,workdir=%s" % tuple(disk / name for name in
                                                                              ("lower", "upper", "work"))],
                                  capture_output=True, text=True)
        self.require(mounting.returncode == 0, "no overlay here: %s" % mounting.stderr.strip())
        self._finally(lambda point: subprocess.run(["umount", "-l", str(point)], capture_output=True), merged)
        mount = self.mount(merged, "--chunk-size", "1M", "--index-dir", "none")
        with open(mount.p("long.log/bytes/0"), "rb"):  # what is mapped stays mapped for as long
            self.assertEqual(os.stat(mount.p("long.log/lines/1")).st_size, 0)
            self.assertEqual(read(mount.p("long.log/rows/1-9")), first)
            more = b"y" * M + b"\n" + b"z" * M + b"\n"
            with open(merged / "long.log", "ab") as file:
                file.write(more)
            data = first + more

            def pieces():
                try:
                    names = sorted(os.listdir(mount.p("long.log/lines")))
                    lines = b"".join(read(mount.p("long.log/lines", name)) for name in names)
                    return lines + read(mount.p("long.log/rows/2-3"))
                except OSError as error:
                    return error
            harness.wait_for(lambda: pieces() == data + more, 15, "the pieces are the file as it is now")


if __name__ == "__main__":
    harness.main()
