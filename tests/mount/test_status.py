# SPDX-License-Identifier: MIT
""".bigfs/status: the process, its options, what is open, what is being made, and what went wrong."""

import errno
import os
import re
import subprocess

import harness
from compressing import need, text
from harness import K, M, read, run, wait_for
from support import LAG, errno_of
from unruly import Unruly, rule

WHEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def status(mount):
    """The values of .bigfs/status by name: lists, as some names come several times."""
    values = {}
    for line in read(mount.p(".bigfs/status")).decode().splitlines():
        name, _, value = line.partition(":")
        assert re.fullmatch(r"[a-z ]+", name) and line[len(name) + 1:15].strip() == "", line
        values.setdefault(name, []).append(value.strip())
    return values


class ProcessTest(harness.MountTest):
    def test_who_and_since_when(self):
        mount = self.mount(None)
        found = status(mount)
        self.assertEqual(found["pid"], [str(mount.pid)])
        self.assertEqual(found["user"], ["%s (%d)" % (run("id", "-un").decode().strip(), os.geteuid())])
        self.assertRegex(found["started"][0], "^%s$" % WHEN)
        self.assertRegex(found["up"][0], r"^\d+ s \(\d+ s\)$")
        self.assertEqual(found["version"][0], read(mount.p(".bigfs/version")).decode().split()[1])

    def test_options(self):
        """Each option in force, as the command takes it: what they make is the same mount again."""
        given = ["--chunk-size", "1M", "--min-size", "0", "--header", "--format", "csv=csv=tab", "--format", "log=entry",
                 "--record", r"entry=[0-9]{4}-|it's\.", "--index-dir", self.tmp / "a b\n", "--cache", "none",
                 "--threads", "3"]
        told = status(self.mount(None, *given))["option"]
        for wanted in ("--chunk-size 1M", "--min-size 0", "--rows 1M", "--header=1", "--format csv=csv=tab",
                       r"--record 'entry=[0-9]{4}-|it'\''s\.'", "--cache none", "--threads 3", "--extents auto"):
            self.assertIn(wanted, told)
        words = run("bash", "-c", "printf '%%s\\0' %s" % " ".join(told)).decode().split("\0")[:-1]
        words.remove("--foreground")
        self.assertEqual(words[words.index("--index-dir") + 1], str(self.tmp / "a b\n"))
        again = status(self.mount(None, *words))
        self.assertEqual(again["option"], told)
        self.assertFalse({"chunk size", "min size", "cache", "extents"} & set(again), "it says nothing twice")


class OpenTest(harness.MountTest):
    def test_names(self):
        self.write("d/app.log", b"a line\n" * (3 * M // 7))
        self.write("d/small\n.txt", b"x")
        mount = self.mount(None, "--min-size=1M", "--chunk-size=1M")
        for name, shown in (("d/app.log/lines/1", "d/app.log/lines/000001.log"),
                            ("d/app.log/bytes@n9/3", "d/app.log/bytes@n9/000003"),
                            ("d/app.log/whole.log", "d/app.log/whole.log"),
                            ("d/app.log/bytes/1K+5", "d/app.log/bytes (bytes 1024+5)"),
                            ("d/app.log/rows/2-3", "d/app.log/rows (bytes 7+14)"),
                            ("d/app.log/sorted/a..b", "d/app.log/sorted/a..b"),
                            ("d/app.log/lines.tsv", "d/app.log/lines.tsv"),
                            ("d/small\n.txt", r"d/small\n.txt")):
            with open(mount.p(name), "rb"):
                self.assertIn(shown, status(mount)["open"], name)
        wait_for(lambda: "open" not in status(mount), 10, "all are closed")

    def test_many(self):
        """The last 30 are named, and the others counted."""
        self.write("app.log", b"a line\n" * (M // 7))
        mount = self.mount(None, "--min-size=64K", "--chunk-size=4K")
        files = [open(mount.p("app.log/bytes/%d" % n), "rb") for n in range(100)]
        for file in files:
            self.addCleanup(file.close)
        found = status(mount)
        self.assertEqual(found["open files"], ["100"])
        self.assertEqual(found["open"], ["app.log/bytes/%06d" % n for n in range(99, 69, -1)] + ["and 70 more"])


class TroubleTest(harness.MountTest):
    """What went wrong with a file, and when. It goes when the content that was wrong does."""

    def one(self, mount, kind):
        found = status(mount).get(kind, [])
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], r" \[%s(, \d+ times)?\]$" % WHEN)
        return found[0].partition(" [")[0]

    def test_stale(self):
        self.write("app.log", b"a line\n" * (M // 7))
        mount = self.mount(None, "--min-size=64K", "--chunk-size=64K", "--cache=none")
        with open(mount.p("app.log/lines/5"), "rb", buffering=0) as piece:
            os.pread(piece.fileno(), 10, 0)
            os.truncate(self.source / "app.log", 100 * K)
            self.assertEqual(errno_of(os.pread, piece.fileno(), 10, 0), "ESTALE")
        self.assertEqual(self.one(mount, "stale"),
                         "app.log: the file became smaller (%d bytes before, %d now)" % (M // 7 * 7, 100 * K))

    def test_io_error(self):
        self.write("app.log", b"a line\n" * (3 * M // 7))
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--min-size=1M", "--chunk-size=1M", "--cache=none")
        mount.allowed_trouble.append("EIO")
        with disk.misbehaving(rule("read", "errno", errno.EIO, start=1 * M, end=1 * M + 4 * K)):
            self.assertEqual(errno_of(read, mount.p("app.log/bytes/1")), "EIO")
        self.assertEqual(self.one(mount, "io error"), "app.log: read was answered with EIO")

    def test_an_index_that_cannot_be_kept(self):
        self.write("app.log", b"a line\n" * (3 * M // 7))
        shared = self.tmp / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        mount = self.mount(None, "--min-size=1M", "--index-dir", shared)
        mount.allowed_trouble.append("line index")
        read(mount.p("app.log/rows/1-2"))
        self.assertRegex(self.one(mount, "index"), "^%s: others may write to it, .*: chmod go-w it$" % shared)

    def test_a_damaged_file_that_was_mended(self):
        need(self, "gzip")
        right = run("gzip", "-nc", input=text(300 * K))
        wrong = bytearray(right)
        wrong[len(right) // 2] ^= 1
        self.write("a.gz", bytes(wrong))
        mount = self.mount(None, "--min-size=1K", "--chunk-size=64K", "--cache=none")
        mount.allowed_trouble.append("a.gz")
        self.assertEqual(errno_of(read, mount.p("a.gz/plain/bytes/0")), "EIO")
        self.assertIn("damaged at byte 0", self.one(mount, "not readable"))
        self.write("new", right)
        os.rename(self.source / "new", self.source / "a.gz")
        wait_for(lambda: errno_of(read, mount.p("a.gz/plain/bytes/0")) is None, LAG, "the file is mended")
        found = status(mount)
        self.assertEqual([kind for kind in ("not readable", "io error") if kind in found], [])


if __name__ == "__main__":
    harness.main()
