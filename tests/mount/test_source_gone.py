# SPDX-License-Identifier: MIT
"""SOURCE is gone and comes back: the log says so, and the mount follows a SOURCE that was made anew."""

import os
import re
import signal
import subprocess

import harness
from harness import K, mounted, read, wait_for
from support import errno_of
from unruly import Unruly, rule

SECONDS = 30
SMALL = ("--min-size=64K", "--chunk-size=64K", "--index-dir=none")
LINES = b"".join(b"%07d\n" % n for n in range(32 * K))
OTHER = b"".join(b"x%06d\n" % n for n in range(20 * K))


class SourceGoneTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.write("app.log", LINES)
        self.write("dir/a.txt", b"a\n")
        self.away = self.tmp / "away"

    def wait_said(self, mount, text, count=1):
        """Wait until the log has so many lines of this form, of SOURCE."""
        wanted = re.compile(r"(?m)^%sSOURCE %s %s" % (harness.PREFIX, re.escape(mount.source), text))
        wait_for(lambda: len(wanted.findall(mount.log())) == count, SECONDS, text)

    def refill(self):
        self.source.mkdir(exist_ok=True)
        self.write("app.log", OTHER)
        self.write("new.txt", b"new\n")

    def assert_shows_the_new(self, mount):
        self.assertEqual(sorted(os.listdir(mount.path)), ["app.log", "new.txt"])
        self.assertEqual(read(mount.p("app.log/whole.log")), OTHER)
        self.assertEqual(read(mount.p("app.log/lines/1")), OTHER[64 * K:128 * K])
        self.assertEqual(read(mount.p("new.txt")), b"new\n")
        wait_for(lambda: errno_of(os.stat, mount.p("dir/a.txt")) == "ENOENT", SECONDS, "what was there is not")

    def test_moved_away_and_back(self):
        """It is said once each; what is open is read on."""
        mount = self.mount(None, *SMALL)
        with open(mount.p("app.log/bytes/0"), "rb", buffering=0) as piece:
            os.rename(self.source, self.away)
            self.wait_said(mount, r"is not there: .* \(No such file or directory\)$")
            self.assertEqual(os.pread(piece.fileno(), 10, 0), LINES[:10])
            os.rename(self.away, self.source)
            self.wait_said(mount, "is back$")
            self.assertEqual(os.pread(piece.fileno(), 10, 0), LINES[:10])
        self.assertEqual(read(mount.p("app.log/whole.log")), LINES)
        self.assertEqual(mount.log().count("SOURCE"), 2)

    def test_made_anew(self):
        """Open handles of what was there never give bytes of what is there now."""
        mount = self.mount(None, *SMALL, "--cache=none")
        with open(mount.p("app.log/bytes/0"), "rb", buffering=0) as piece:
            os.pread(piece.fileno(), 10, 0)
            os.rename(self.source, self.away)
            self.refill()
            self.wait_said(mount, "leads to another directory now, which the mount shows$")
            self.assert_shows_the_new(mount)
            self.assertEqual(errno_of(os.pread, piece.fileno(), 10, 0), "ESTALE")
        self.assertRegex(mount.log(), "app.log: what is open of it is stale")

    def test_another_file_system_over_it(self):
        """Mounted there, and detached again."""
        self.require(os.geteuid() == 0, "mounting needs root")
        mount = self.mount(None, *SMALL)
        self.assertEqual(read(mount.p("app.log/whole.log")), LINES)
        harness.run("mount", "-t", "tmpfs", "over", self.source)
        self._finally(unmount_all, self.source)
        self.refill()
        self.wait_said(mount, "leads to another directory now")
        self.assert_shows_the_new(mount)
        harness.run("umount", "-l", self.source)
        self.wait_said(mount, "leads to another directory now", 2)
        wait_for(lambda: sorted(os.listdir(mount.path)) == ["app.log", "dir"], SECONDS, "what was there before")
        self.assertEqual(read(mount.p("app.log/whole.log")), LINES)
        self.assertEqual(read(mount.p("dir/a.txt")), b"a\n")

    def test_a_single_file(self):
        """One that is replaced is followed at once; so is one whose directory was made anew, soon."""
        mount = self.mount(self.source / "app.log", *SMALL)
        self.write("other", OTHER)
        os.rename(self.source / "other", self.source / "app.log")
        wait_for(lambda: read(mount.p("app.log/whole.log")) == OTHER, SECONDS, "the new file")
        self.assertNotIn("SOURCE", mount.log())
        os.rename(self.source / "app.log", self.tmp / "taken")
        self.wait_said(mount, "is not there: ")
        os.rename(self.source, self.away)
        self.write("app.log", LINES)
        self.wait_said(mount, "leads to another directory now")
        self.assertEqual(read(mount.p("app.log/whole.log")), LINES)

    def test_what_is_not_followed(self):
        """A link, and a directory of another user, who could choose what others see."""
        secret = self.tmp / "secret"
        secret.mkdir()
        (secret / "key").write_bytes(b"key\n")
        mount = self.mount(None, *SMALL)
        os.rename(self.source, self.away)
        os.symlink(secret, self.source)
        self.wait_said(mount, r"is not there: .* \(Too many levels of symbolic links\)$")
        self.assertEqual(errno_of(os.stat, mount.p("key")), "ENOENT")
        if os.geteuid() == 0:
            os.unlink(self.source)
            os.chown(secret, 65534, 65534)
            os.rename(secret, self.source)
            self.wait_said(mount, r"leads to a directory that the mount does not follow: .* \(it belongs to another user\)$")
            self.assertEqual(errno_of(os.stat, mount.p("key")), "ENOENT")
        self.assertEqual(read(mount.p("dir/a.txt")), b"a\n")

    def test_a_silent_disk(self):
        """The look hangs; .bigfs answers, and a signal ends the mount."""
        net = Unruly(self, self.source, "-o", "allow_other,attr_timeout=0,entry_timeout=0")
        mount = self.mount(net.path + "/dir", *SMALL)
        self.assertEqual(read(mount.p("a.txt")), b"a\n")
        net.rules(rule("getattr", "hang"))
        net.wait_held()
        self.assertIn(b"bigfs", read(mount.p(".bigfs/version")))
        mount.kill(signal.SIGTERM)
        wait_for(lambda: not mounted(mount.path), SECONDS, "the mount is gone")
        net.let_go()
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "the end")


def unmount_all(path):
    while mounted(path) and subprocess.run(["umount", "-l", str(path)], capture_output=True).returncode == 0:
        pass


if __name__ == "__main__":
    harness.main()
