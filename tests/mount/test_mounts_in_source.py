# SPDX-License-Identifier: MIT
"""A bigfs mount inside SOURCE: ELOOP for that name, at once, and a walk ends."""

import errno
import os
import subprocess

import harness
from harness import K, mounted, read, wait_for
from support import assert_alive, bigfs

SECONDS = 30  # for what must happen soon, even on a busy machine


class MountsInSourceTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0, "mounting needs root")
        self.data = b"".join(b"%07d\n" % n for n in range(32 * K))
        self.write("large.log", self.data)
        self.write("small.txt", b"small\n")
        self.write("dir/inside.txt", b"inside\n")
        for name in ("here", "dir/here", "dir/deep/here"):
            (self.source / name).mkdir(parents=True)

    def start(self, source=None):
        return self.mount(source, "--min-size", "64K", "--chunk-size", "64K", "--rows", "1K", "--index-dir", "none")

    def bind(self, what, where):
        harness.run("mount", "--bind", what, where)
        self._finally(lambda path: subprocess.run(["umount", "-l", path], capture_output=True), str(where))

    def walk(self, path):
        """All that find sees; it must end by itself."""
        found = self.tmp / "found"
        with open(found, "wb") as out:
            walker = subprocess.Popen(["find", path, "-type", "f", "-printf", "%P %s\\n"], stdin=subprocess.DEVNULL,
                                      stdout=out, stderr=subprocess.STDOUT)
        wait_for(lambda: walker.poll() is not None, SECONDS, "the walk ends")
        self.assertEqual(walker.returncode, 0, read(found))
        return sorted(read(found).decode().splitlines())

    def assert_loop(self, mount, *names):
        for name in names:
            for function in (os.stat, os.listdir, os.readlink, read):
                self.assert_errno(errno.ELOOP, function, mount.p(name))

    def test_bound_into_source(self):
        """Before anything is looked up, in the top directory and deeper; a file of it, too."""
        without = self.start()
        before = self.walk(without.path)
        self.assertIn("small.txt 6", before)
        without.unmount()
        mount = self.start()
        for name in ("here", "dir/here", "dir/deep/here"):
            self.bind(mount.path, self.source / name)
        self.assert_loop(mount, "here", "dir/here", "dir/deep/here")
        self.assertEqual(self.walk(mount.path), before)
        self.assertEqual(sorted(os.listdir(mount.p("dir"))), ["deep", "inside.txt"])
        self.assertEqual(read(mount.p("large.log", "bytes", "1")), self.data[64 * K:128 * K])
        assert_alive(self, mount)

    def test_a_piece_bound_over_a_file(self):
        """The same for a file of the mount, small and large."""
        self.write("target.txt", b"target\n")
        self.write("dir/target.log", self.data)
        mount = self.start()
        self.bind(mount.p("small.txt"), self.source / "target.txt")
        self.bind(mount.p("large.log", "whole.log"), self.source / "dir" / "target.log")
        for name in ("target.txt", "dir/target.log"):
            self.assert_errno(errno.ELOOP, os.stat, mount.p(name))
            self.assert_errno(errno.ELOOP, read, mount.p(name))
        self.assertNotIn("target.txt", os.listdir(mount.path))
        assert_alive(self, mount)

    def test_bound_over_what_is_in_use(self):
        """A directory and a file that are known, and open, when the mount comes to lie over them."""
        self.write("dir/large.log", self.data)
        mount = self.start()
        directory = os.open(mount.p("dir"), os.O_RDONLY)
        self.addCleanup(os.close, directory)
        handle = os.open(mount.p("dir", "large.log", "bytes", "0"), os.O_RDONLY)
        self.addCleanup(os.close, handle)
        self.bind(mount.path, self.source / "dir")
        for number in range(30):  # more than there are threads, and names that the kernel does not know
            self.assert_errno(errno.ELOOP, os.stat, "/proc/self/fd/%d/new%d" % (directory, number))
        self.assert_errno(errno.ELOOP, os.listdir, directory)
        self.walk(mount.path)
        self.assertEqual(os.pread(handle, 64 * K, 0), self.data[:64 * K])
        assert_alive(self, mount)

    def test_by_propagation(self):
        """SOURCE is bound from the directory that MOUNTPOINT is in: what is mounted there appears here."""
        top, view = self.tmp / "top", self.tmp / "view"
        top.mkdir()
        view.mkdir()
        harness.run("mount", "-t", "tmpfs", "-o", "size=1M", "none", top)
        self._finally(lambda path: subprocess.run(["umount", "-l", path], capture_output=True), str(top))
        harness.run("mount", "--make-shared", top)
        (top / "ok.txt").write_bytes(b"ok\n")
        point = top / "point"
        point.mkdir()
        self.bind(top, view)
        self._fresh = lambda name, fresh=self._fresh: point if name == "mnt" else fresh(name)
        point.rmdir()
        mount = self.start(view)
        self.assertTrue(mounted(view / "point"))
        self.assert_loop(mount, "point")
        self.assertEqual(self.walk(mount.path), ["ok.txt 3"])
        mount.kill(15)
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "the end")
        self.assertFalse(mounted(view / "point"))

    def test_two_that_show_each_other(self):
        sources = [self.tmp / "one", self.tmp / "two"]
        for source in sources:
            (source / "other").mkdir(parents=True)
            (source / "ok.txt").write_bytes(b"ok\n")
        mounts = [self.start(source) for source in sources]
        self.bind(mounts[0].path, sources[1] / "other")
        self.bind(mounts[1].path, sources[0] / "other")
        for mount in mounts:
            self.assert_loop(mount, "other")
            self.assertEqual(self.walk(mount.path), ["ok.txt 3"])

    def test_three_that_show_each_other_in_a_circle(self):
        """Without a bind mount: each MOUNTPOINT lies in the SOURCE of the one before. A fourth one looks on."""
        places = [self.tmp / name for name in ("one", "two", "three")]
        for place in places:
            (place / "next").mkdir(parents=True)
            (place / "ok.txt").write_bytes(b"ok\n")
        points, fresh = [place / "next" for place in places], self._fresh
        mounts = []
        for place, point in zip(places, points[1:] + points[:1]):
            point.rmdir()
            self._fresh = lambda name, point=point: point if name == "mnt" else fresh(name)
            mounts.append(self.start(place))
        self._fresh = fresh
        for mount in mounts:
            self.assert_loop(mount, "next")
            self.assertEqual(self.walk(mount.path), ["ok.txt 3"])
        fourth = self.start(places[0])
        self.assertEqual(self.walk(fourth.path), ["next/ok.txt 3", "ok.txt 3"])

    def test_another_mount_below(self):
        """One that does not lead back to bigfs is shown like any file system."""
        (self.tmp / "other" / "dir").mkdir(parents=True)
        (self.tmp / "other" / "dir" / "other.txt").write_bytes(b"other\n")
        below = self.start(self.tmp / "other")
        self.bind(below.path, self.source / "here")
        mount = self.start()
        self.assertEqual(read(mount.p("here", "dir", "other.txt")), b"other\n")
        self.assertIn("here/dir/other.txt 6", self.walk(mount.path))

    def test_other_mounts_are_shown(self):
        """While a bigfs mount is there as well, and the path crosses several; also after it has gone."""
        other = self.filesystem("tmpfs", 1 << 20)
        (other / "sub").mkdir()
        (other / "sub" / "large.log").write_bytes(self.data)
        (other / "link").symlink_to("sub")
        third = self.filesystem("tmpfs", 1 << 20)
        (third / "third.txt").write_bytes(b"third\n")
        self.bind(other, self.source / "dir" / "deep" / "here")
        (other / "at").mkdir()
        self.bind(third, self.source / "dir" / "deep" / "here" / "at")
        mount = self.start()
        for bound in (False, True, False):
            if bound:
                self.bind(mount.path, self.source / "here")
                self.assert_loop(mount, "here")
            where = mount.p("dir", "deep", "here")
            self.assertEqual(sorted(os.listdir(where)), ["at", "link", "sub"])
            self.assertEqual(os.readlink(os.path.join(where, "link")), "sub")
            self.assertEqual(read(os.path.join(where, "at", "third.txt")), b"third\n")
            self.assertEqual(read(os.path.join(where, "sub", "large.log", "whole.log")), self.data)
            if bound:
                harness.run("umount", self.source / "here")
        self.assertIn("here", os.listdir(mount.path))

    def test_a_mount_as_source(self):
        """SOURCE may be in another mount; its files can be indexed."""
        below = self.start()
        mount = self.start(below.path)
        self.assertEqual(read(mount.p("small.txt")), b"small\n")
        piece = mount.p("large.log", "bytes", "0", "lines", "0")
        self.assertEqual(read(piece), self.data[:64 * K])
        code, _, errors = bigfs("--index", "--index-dir", self.tmp / "index", mount.p("large.log", "whole.log", "whole.log"))
        self.assertEqual(code, 0, errors)


if __name__ == "__main__":
    harness.main()
