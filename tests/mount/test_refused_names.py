# SPDX-License-Identifier: MIT
"""A name in a view that fails a rule is ENOENT, and the log at --log-level info says which rule."""

import gzip
import os
import re

import harness
from harness import K, read, wait_for
from support import errno_of


class RefusedNamesTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.write("dir/app.log", b"a line\n" * (64 * K))
        self.write("old.gz", gzip.compress(os.urandom(128 * K)))

    def start(self, *options):
        return self.mount(None, "--min-size=64K", "--chunk-size=64K", "--index-dir=none", *options)

    def test_which_rule(self):
        reasons = {
            "dir/app.log/lines@64MB": "write 64M",
            "dir/app.log/lines@64MB.tsv": "write 64M",
            "dir/app.log/linse": "did you mean lines?",
            "dir/app.log/rows@from=1G": "rows takes no from=",
            "dir/app.log/lines@to=1G": "from= or to= is beyond the end, which is at 458752",
            "dir/app.log/plain": "the file holds nothing compressed that bigfs knows",
            "dir/app.log/lines@n16/99": "pieces are numbered from 0 to 15",
            "dir/app.log/lines@n16/05": "write 5 or 000005.log",
            "dir/app.log/bytes/9999999+1": "it begins after the end, which is at 458752",
            "dir/app.log/sorted/50%": "write FROM..TO, or what records begin with; %25 is a percent sign",
            "old.gz/plain/extents": "what a compressed file holds does not have it",
            "old.gz/plain/lines/9": "pieces are numbered from 0 to 1",
        }
        mount = self.start("--log-level=info")
        for name, reason in reasons.items():
            with self.subTest(name=name):
                self.assertEqual(errno_of(os.stat, mount.p(name)), "ENOENT")
                line = r"(?m)^%s%s: no such name: %s$" % (harness.PREFIX, re.escape(name), re.escape(reason))
                self.assertRegex(mount.log(), line)

    def test_nothing_at_other_levels(self):
        mount = self.start()
        self.assertEqual(errno_of(os.stat, mount.p("dir/app.log/lines@64MB")), "ENOENT")
        self.assertNotIn("no such name", mount.log())

    def test_once_for_one_command(self):
        """ls looks twice, and each of its looks is a look-up; another name, and another place, are said too."""
        mount = self.start("--log-level=info")
        names = ["dir/app.log/lines@64MB", "dir/app.log/lines@32MB", "old.gz/lines@64MB"]
        for name in names:
            with self.assertRaises(FileNotFoundError):
                os.stat(mount.p(name))
            with self.assertRaises(FileNotFoundError):
                os.lstat(mount.p(name))
        for name in names:
            self.assertEqual(mount.log().count("%s: no such name" % name), 1, name)

    def test_names_of_the_source_are_no_rule(self):
        """And what is asked for by a number that exists is not refused."""
        mount = self.start("--log-level=info")
        self.assertEqual(errno_of(os.stat, mount.p("dir/missing")), "ENOENT")
        read(mount.p("dir/app.log/lines/1"))
        self.assertNotIn("no such name", mount.log())

    def test_probes_leave_room_for_warnings(self):
        """A flood of names does not displace what is said of a stale file, and is counted."""
        mount = self.start("--log-level=info", "--cache=none")
        with open(mount.p("dir/app.log/lines/0"), "rb", buffering=0) as piece:
            os.pread(piece.fileno(), 10, 0)
            for number in range(500):
                errno_of(os.stat, mount.p("dir/app.log/.probe-%d" % number))
            os.truncate(self.source / "dir/app.log", 70000)
            self.assertEqual(errno_of(os.pread, piece.fileno(), 10, 0), "ESTALE")
        self.assertRegex(mount.log(), "app.log: what is open of it is stale")
        said = lambda: mount.log().count("no such name")
        self.assertLess(said(), 100)
        count = re.compile(r"(\d+) more lines were left out \(names that fit no rule\)")
        wait_for(lambda: said() + sum(map(int, count.findall(mount.log()))) == 500, 20, "the others are counted")


if __name__ == "__main__":
    harness.main()
