# SPDX-License-Identifier: MIT
"""The log of a mount and its counters: which contents ended and why, and the result of each operation."""

import errno
import os
import re

import harness
from harness import K, M, read, wait_for
from support import errno_of
from unruly import Unruly, rule

STALE = re.compile(r"^" + harness.PREFIX + r"(.*): what is open of it is stale \(ESTALE\): (.*) \((\d+) bytes before, (\d+) now\)$", re.M)


def labelled(mount, name):
    """The values of a counter that has one label, by that."""
    found = re.findall(r'^bigfs_%s\{\w+="(\w+)"\} (\S+)$' % name, read(mount.p(".bigfs/metrics")).decode(), re.M)
    return {label: float(value) for label, value in found}


class EndTest(harness.MountTest):
    """A line for each content that ends for its readers: which file, and what was seen."""

    def start(self, *names):
        self.lines = b"".join(b"%d\n" % i for i in range(100000))
        for name in names:
            self.write(name, self.lines)
        return self.mount(None, "--min-size=64K", "--chunk-size=64K", "--cache=none")

    def ends(self, mount):
        return STALE.findall(mount.log())

    def test_each_way_to_end(self):
        size = 588890

        def replace(path):
            self.write("new", b"x\n")
            os.rename(self.source / "new", path)

        def rewrite(path):
            with open(path, "r+b") as file:
                file.write(b"x")

        ways = {"replaced": (replace, "the path leads to another file", 2),
                "shortened": (lambda path: os.truncate(path, 70000), "the file became smaller", 70000),
                "rewritten": (rewrite, "the file was written to, other than by appending", size)}
        mount = self.start(*ways)
        for reason, (change, text, now) in ways.items():
            with self.subTest(reason=reason), open(mount.p(reason, "lines/0"), "rb", buffering=0) as piece:
                os.pread(piece.fileno(), 10, 0)
                before = labelled(mount, "generations_ended_total")[reason]
                change(self.source / reason)
                wait_for(lambda: errno_of(os.pread, piece.fileno(), 10, 0) == "ESTALE", 3, "the handle is stale")
                self.assertEqual(self.ends(mount)[-1], (reason, text, str(size), str(now)))
                self.assertEqual(labelled(mount, "generations_ended_total")[reason] - before, 1)

    def test_what_nothing_has_open(self):
        """It is counted, and disturbs no reader."""
        mount = self.start("app.log")
        read(mount.p("app.log/lines/0"))
        os.truncate(self.source / "app.log", 70000)
        read(mount.p("app.log/lines/0"))
        self.assertEqual(sum(labelled(mount, "generations_ended_total").values()), 1)
        self.assertEqual(self.ends(mount), [])

    def test_one_line_whatever_the_name(self):
        name = "a\nbigfs: \x1b[31m.log"
        mount = self.start(name)
        with open(mount.p(name, "lines/0"), "rb", buffering=0) as piece:
            os.pread(piece.fileno(), 10, 0)
            os.truncate(self.source / name, 70000)
            self.assertEqual(errno_of(os.pread, piece.fileno(), 10, 0), "ESTALE")
        self.assertEqual([name for name, *_ in self.ends(mount)], [r"a\nbigfs: \x1b[31m.log"])

    def test_no_flood(self):
        """Of many only some are written; how many were not is."""
        names = ["%03d.log" % k for k in range(120)]
        mount = self.start(*names)
        pieces = [open(mount.p(name, "bytes/0"), "rb", buffering=0) for name in names]
        for piece in pieces:
            self.addCleanup(piece.close)
            os.pread(piece.fileno(), 10, 0)
        for name in names:
            os.truncate(self.source / name, 70000)
        for piece in pieces:
            self.assertEqual(errno_of(os.pread, piece.fileno(), 10, 0), "ESTALE")
        self.assertEqual(labelled(mount, "generations_ended_total")["shortened"], len(names))
        written = len(self.ends(mount))
        self.assertGreaterEqual(written, 10)
        self.assertLess(written, len(names) // 2)
        count = re.compile(r"^%s(\d+) more lines were left out \(stale files\)$" % harness.PREFIX, re.M)
        wait_for(lambda: len(self.ends(mount)) + sum(map(int, count.findall(mount.log()))) == len(names), 20,
                 "the log says how many lines it lacks, though nothing more happens")


class CountTest(harness.MountTest):
    """Each request ends in one place, where it is counted."""

    def test_operations(self):
        self.write("app.log", b"a line\n" * (3 * M // 7))
        mount = self.mount(None, "--min-size=1M", "--chunk-size=1M", "--cache=none")
        read(mount.p("app.log/bytes/0"))
        os.listdir(mount.p("app.log/lines"))
        self.assertEqual(errno_of(os.stat, mount.p("nothing")), "ENOENT")
        wait_for(lambda: labelled(mount, "requests_total")["release"] > 0, 10, "the piece is released")
        requests, failures, size, seconds = (labelled(mount, name + "_total") for name in (
            "requests", "failures", "reply_bytes", "request_seconds"))
        for name in ("lookup", "open", "read", "opendir", "release", "releasedir"):
            self.assertGreater(requests[name], 0, name)
            self.assertGreater(seconds[name], 0, name)
        self.assertGreaterEqual(size["read"], 1 * M)
        self.assertGreaterEqual(failures["lookup"], 1)
        self.assertEqual(failures["read"], 0)

    def test_a_failing_disk_is_said(self):
        self.write("app.log", b"a line\n" * (3 * M // 7))
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--min-size=1M", "--chunk-size=1M", "--cache=none")
        with disk.misbehaving(rule("read", "errno", errno.EIO, start=1 * M, end=1 * M + 4 * K)):
            self.assertEqual(errno_of(read, mount.p("app.log/bytes/1")), "EIO")
        self.assertRegex(mount.log(), r"(?m)^%sapp\.log: read was answered with EIO$" % harness.PREFIX)
        with disk.misbehaving(rule("read", "errno", errno.EUCLEAN, start=2 * M, end=2 * M + 4 * K)):
            self.assertEqual(errno_of(read, mount.p("app.log/bytes/2")), "EIO")
        self.assertRegex(mount.log(), r"(?m)^%sapp\.log: read was answered with EIO: Structure needs cleaning$" % harness.PREFIX)
        self.assertGreaterEqual(labelled(mount, "failures_total")["read"], 1)


if __name__ == "__main__":
    harness.main()
