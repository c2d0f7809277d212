# SPDX-License-Identifier: MIT
"""`bigfs --unmount MOUNTPOINT` (DESIGN 3), and that no bigfs is mounted over another."""

import os
import shutil
import signal
import stat
import subprocess

import harness
from harness import mounted, wait_for
from support import LAG, NOBODY, CommandTest, bigfs, daemons, errno_of

NOTHING = "nothing is mounted there: findmnt -t fuse.bigfs shows what is mounted"
MISSING = "does not exist: give the MOUNTPOINT of a bigfs mount"
BUSY = "is in use: end what uses it, or detach it with fusermount3 -uz %s"


class UnmountTest(CommandTest):
    def assert_unmounts(self, path, **options):
        """It ends the mount, silently, and returns when it and its process are gone."""
        self.assertTrue(mounted(self.point))
        self.assertEqual(bigfs("--unmount", path, **options), (0, "", ""))
        self.assertEqual((mounted(self.point), daemons(self.point)), (False, []))

    def assert_says(self, what, path, **options):
        self.assertEqual(bigfs("--unmount", path, **options), (1, "", "bigfs: %s: %s\n" % (path, what)))

    def test_paths(self):
        """Absolute, relative, by symbolic links, with slashes at the end, with spaces."""
        (self.tmp / "link").symlink_to("point")
        (self.tmp / "far").symlink_to(self.tmp / "link")
        for path in (self.point, "point", "./point///", "link", "far/", self.tmp / "far", "source/../point/."):
            with self.subTest(path=path):
                self.in_background(self.source, self.point)
                self.assert_unmounts(path, cwd=self.tmp)
        self.point = self.tmp / "a point\t\\"
        self.point.mkdir()
        self.in_background(self.source, self.point)
        self.assert_unmounts(self.point)

    def test_in_the_foreground(self):
        process = self.foreground("-f", self.source, self.point)
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))
        self.assertFalse(mounted(self.point))
        self.assertEqual(process.wait(LAG), 0)

    def test_a_dead_mount(self):
        """The daemon was killed: no look at the mount is possible, and none is needed."""
        os.kill(self.in_background(self.source, self.point), signal.SIGKILL)
        wait_for(lambda: errno_of(os.stat, self.point) == "ENOTCONN", LAG, "the mount is dead")
        self.assert_unmounts("%s/" % self.point)

    def test_a_daemon_that_does_not_answer(self):
        """It is stopped, and would keep waiting whoever looks at the mount; a second mount does not look either. The
        mount is gone at once, and the command waits for the process."""
        pid = self.in_background(self.source, self.point)
        os.kill(pid, signal.SIGSTOP)
        try:
            code, _, errors = bigfs(self.source, self.point)
            self.assertEqual((code, "is mounted there already" in errors), (1, True), errors)
            process = subprocess.Popen([harness.BIGFS, "--unmount", self.point], stderr=subprocess.PIPE)
            wait_for(lambda: not mounted(self.point), LAG, "it is unmounted")
            self.assertIsNone(process.poll())
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual((process.communicate(timeout=LAG)[1], process.returncode), (b"", 0))
        self.assertEqual(daemons(self.point), [])

    def test_what_source_is_on(self):
        """It can be unmounted right after, however often."""
        self.require(os.geteuid() == 0, "mounting needs root")
        for _ in range(10):
            harness.run("mount", "-t", "tmpfs", "none", self.source)
            try:
                self.write("app.log", self.DATA)
                self.in_background("--min-size=0", self.source, self.point)
                self.assertEqual(harness.read(self.point / "app.log/whole.log"), self.DATA)
                self.assert_unmounts(self.point)
            finally:
                harness.run("umount", self.source)

    def test_a_mount_that_is_elsewhere_too(self):
        """Its process lives on: rightly, if it can be seen why; else one line says so."""
        self.require(os.geteuid() == 0, "mounting needs root")
        (other := self.tmp / "other").mkdir()
        self.in_background(self.source, self.point)
        harness.run("mount", "--bind", self.point, other)
        self.addCleanup(subprocess.run, ["umount", "-l", str(other)], capture_output=True)
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))
        self.assertEqual(os.listdir(other), ["app.log"])
        self.assertEqual(bigfs("--unmount", other), (0, "", ""))
        self.assert_nothing_left()
        self.in_background(self.source, self.point)
        holder = subprocess.Popen(["unshare", "--mount", "--propagation=private", "sh", "-c", "echo; exec sleep 60"],
                                  stdout=subprocess.PIPE)
        try:
            holder.stdout.readline()
            self.assert_says("is unmounted, but its process has not ended and keeps SOURCE in use: look for errors of "
                             "the disk (dmesg), and for mounts in other namespaces", self.point)
            self.assertFalse(mounted(self.point))
        finally:
            holder.kill()
            holder.communicate()
        self.assert_nothing_left()

    def test_a_busy_mount(self):
        """It stays, and the line says what to do; which then works."""
        self.in_background(self.source, self.point)
        descriptor = os.open(self.point / "app.log", os.O_RDONLY)
        try:
            self.assert_says(BUSY % self.point, self.point)
            self.assertTrue(mounted(self.point))
            harness.run("fusermount3", "-uz", self.point)
        finally:
            os.close(descriptor)
        self.assert_nothing_left()

    def test_stacked_mounts(self):
        """The topmost is unmounted, if it is one of bigfs."""
        self.require(os.geteuid() == 0, "mounting needs root")
        harness.run("mount", "-t", "tmpfs", "below", self.point)
        self.in_background(self.source, self.point)
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))
        self.assert_says("tmpfs is mounted there, not bigfs: use umount", self.point)
        harness.run("umount", self.point)
        self.assert_nothing_left()
        self.in_background(self.source, self.point)
        harness.run("mount", "-t", "tmpfs", "over", self.point)
        self.assert_says("tmpfs is mounted there, not bigfs: use umount", self.point)
        harness.run("umount", self.point)
        self.assert_unmounts(self.point)

    def test_what_is_no_mount_of_ours(self):
        self.assert_says(NOTHING, self.point)
        self.assert_says(NOTHING, self.source / "app.log")
        self.assert_says("proc is mounted there, not bigfs: use umount", "/proc")
        self.assert_says(MISSING, self.tmp / "none")
        self.in_background(self.source, self.point)
        self.assert_says(NOTHING, self.point / "app.log")
        self.assert_unmounts(self.point)


class UserTest(CommandTest):
    """As a user whom the kernel does not allow to unmount."""

    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "becoming another user needs root and setpriv")
        mode = stat.S_IMODE(os.stat("/dev/fuse").st_mode)
        os.chmod("/dev/fuse", 0o666)  # as udev has it; not so in every container
        self.addCleanup(os.chmod, "/dev/fuse", mode)
        self.tmp.chmod(0o755)
        os.chown(self.point, 65534, 65534)
        self.require(subprocess.run([*NOBODY, harness.BIGFS, "-V"], capture_output=True).returncode == 0,
                     "user nobody cannot reach the binary")

    def test_by_fusermount3(self):
        """The user's own mount, busy, dead and alive."""
        pid = self.in_background(self.source, self.point, wrapper=NOBODY)
        reader = subprocess.Popen([*NOBODY, "sh", "-c", 'exec sleep 60 < "$1"', "sh", self.point / "app.log"])
        try:
            wait_for(lambda: os.readlink("/proc/%d/fd/0" % reader.pid).endswith("app.log"), LAG, "it holds a file")
            self.assertEqual(bigfs("--unmount", self.point, wrapper=NOBODY),
                             (1, "", "bigfs: %s: %s\n" % (self.point, BUSY % self.point)))
            self.assertTrue(mounted(self.point))
        finally:
            reader.kill()
            reader.wait()
        os.kill(pid, signal.SIGKILL)  # and its mount stays, which no other user may look at
        wait_for(lambda: not daemons(self.point), LAG, "the daemon is dead")
        self.assertTrue(mounted(self.point))
        self.assertEqual(bigfs("--unmount", self.point, wrapper=NOBODY), (0, "", ""))
        self.assert_nothing_left()
        for wrapper in (NOBODY, ()):
            self.in_background(self.source, self.point, wrapper=NOBODY)
            self.assertEqual(bigfs("--unmount", self.point, wrapper=wrapper), (0, "", ""))
            self.assertEqual(daemons(self.point), [])

    def test_a_mount_of_another_user(self):
        self.in_background(self.source, self.point)
        code, output, errors = bigfs("--unmount", self.point, wrapper=NOBODY)
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Abigfs: [^\n]*point: cannot be unmounted \([^\n]+\): run bigfs as the user who "
                                 r"mounted it, or as root\n\Z")
        self.assertTrue(mounted(self.point))
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))

    def test_without_fusermount3(self):
        """It is not in PATH: the line says what to install."""
        self.in_background(self.source, self.point, wrapper=NOBODY)
        wrapper = [*NOBODY, "env", "PATH=%s" % self.tmp]
        self.assertEqual(bigfs("--unmount", self.point, wrapper=wrapper),
                         (1, "", "bigfs: fusermount3 cannot be found: install the package fuse3, or run "
                                 "bigfs --unmount as root\n"))
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))


class TwiceTest(CommandTest):
    """A second mount at one place would only hide the first."""

    def test_it_is_refused(self):
        (self.tmp / "link").symlink_to(self.point)
        first = self.in_background(self.source, self.point)
        said = "bigfs: %s: bigfs is mounted there already (SOURCE %s): unmount it first: bigfs --unmount %s\n"
        for words in ([self.point], ["-f", self.point], [self.tmp / "link"], ["-o", "allow_other", "%s/" % self.point]):
            with self.subTest(words=words):
                self.assertEqual(bigfs(self.source, *words), (1, "", said % (words[-1], self.source, words[-1])))
        self.assertEqual(os.listdir(self.point), ["app.log"])
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: errno_of(os.stat, self.point) == "ENOTCONN", LAG, "the mount is dead")
        self.assertEqual(bigfs(self.source, self.point), (1, "", said % (self.point, self.source, self.point)))
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))
        self.in_background(self.source, self.point)
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))
        self.assert_nothing_left()

    def test_another_place(self):
        """A place beside it is free, also one whose name begins alike."""
        other = self.tmp / "point2"
        other.mkdir()
        self.addCleanup(subprocess.run, ["umount", "-l", str(other)], capture_output=True)
        self.in_background(self.source, self.point)
        self.assertEqual(bigfs(self.source, other), (0, "", ""))
        self.assertEqual(os.listdir(other), ["app.log"])
        self.assertEqual(bigfs("--unmount", other), (0, "", ""))
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))


if __name__ == "__main__":
    harness.main()
