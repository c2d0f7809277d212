# SPDX-License-Identifier: MIT
"""A part of SOURCE that does not answer delays nothing else: neither other file systems nor .bigfs."""

import fcntl
import os
import signal
import subprocess

import harness
from harness import K, M, read
from unruly import Unruly, rule

SECONDS = 30  # for what must happen soon, even on a busy machine
MANY = 40     # more than there are places for one device


class SilentTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self._readers = []
        self.lines = b"".join(b"%d\n" % i for i in range(50000))
        self.below = self._fresh("below")
        self.below.mkdir()
        for directory in (self.below, self.source):
            for i in range(MANY):
                (directory / ("f%d" % i)).write_bytes(b"hi\n")
                (directory / ("l%d.log" % i)).write_bytes(self.lines[:128 * K])
            (directory / "big.log").write_bytes(self.lines)
        (self.source / "net").mkdir()
        self.net = Unruly(self, self.below, "-o", "direct_io", at=self.source / "net")

    def mount_here(self, *options):
        return self.mount(self.source, "--index-dir=none", "--min-size=64K", "--chunk-size=64K", *options)

    def start(self, *argv):
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self._readers.append(process)
        self._finally(Unruly_end, process)
        return process

    def answers(self, *argv):
        """The output of a separate program, which must end by itself."""
        return subprocess.run(argv, capture_output=True, timeout=SECONDS).stdout

    def assert_others_answer(self, m):
        """Small files, listings, pieces, tables and reports that need nothing of the silent file system."""
        self.assertEqual(self.answers("cat", m.p("f1")), b"hi\n")
        self.assertIn(b"big.log\n", self.answers("ls", self.p_once(m)))
        self.assertEqual(self.answers("cat", m.p("big.log/lines/000001.log"))[-1:], b"\n")
        self.assertEqual(self.answers("cat", m.p("big.log/bytes/000001")), self.lines[64 * K:128 * K])
        self.assertTrue(self.answers("cat", m.p("big.log/lines.tsv")))
        self.assertEqual(self.answers("cat", m.p("big.log/rows/5-6")), b"4\n5\n")
        self.assertTrue(self.answers("cat", m.p(".bigfs/metrics")))
        self.assertEqual(self.answers("stat", "-f", "-c", "%n", m.path).strip(), m.path.encode())

    def p_once(self, m):
        return m.path

    def kill_readers(self):
        for process in self._readers:
            process.send_signal(signal.SIGKILL)

    def check(self, m, least_held=1):
        """With waiting readers, then with the same readers killed."""
        self.net.wait_held(least_held)
        self.assert_others_answer(m)
        self.kill_readers()
        self.assert_others_answer(m)
        self.net.let_go()
        for process in self._readers:
            process.wait(SECONDS)
        self.assertEqual(self.answers("cat", m.p("net/f1")), b"hi\n")

    def test_getattr_of_small_files(self):
        m = self.mount_here()
        read(m.p("net/f0"))
        self.net.rules(rule("getattr", "hang", path="/f"))
        for i in range(MANY):
            self.start("stat", m.p("net/f%d" % i))
        self.check(m)

    def test_the_way_into_it(self):
        """Its own root: the first look-up that leads to it asks it."""
        m = self.mount_here()
        self.net.rules(rule("getattr", "hang"))
        for i in range(MANY):
            self.start("stat", m.p("net"))
            self.start("ls", m.p("net/"))
        self.net.wait_held()
        self.assert_others_answer(m)

    def test_reads(self):
        for name in ("f%d", "l%d.log/bytes/1"):
            with self.subTest(name):
                m = self.mount_here()
                read(m.p("net/" + name % 0))
                self.net.rules(rule("read", "hang"))
                for i in range(1, MANY):
                    self.start("cat", m.p("net/" + name % i))
                self.check(m)
                self._readers.clear()
                m.unmount()

    def test_opens(self):
        m = self.mount_here()
        read(m.p("net/f0"))
        self.net.rules(rule("open", "hang"))
        for i in range(MANY):
            self.start("cat", m.p("net/f%d" % i))
        self.check(m)

    def test_listings(self):
        for i in range(MANY):
            (self.below / ("d%d" % i)).mkdir()
        m = self.mount_here()
        read(m.p("net/f0"))
        self.net.rules(rule("readdir", "hang"))
        for i in range(MANY):
            self.start("ls", m.p("net/d%d" % i))
        self.check(m)

    def test_releases(self):
        m = self.mount_here()
        files = [open(m.p("net/f%d" % i), "rb") for i in range(MANY)]
        self.net.rules(rule("release", "hang"), rule("getattr", "hang", path="/l"))
        for file in files:
            file.close()
        for i in range(MANY):
            self.start("stat", m.p("net/l%d.log/bytes/0" % i))
        self.check(m)

    def test_scans(self):
        m = self.mount_here("--window-total=64M")
        for i in range(MANY):
            read(m.p("net/l%d.log/bytes/0" % i))
        self.net.rules(rule("read", "hang"))
        for i in range(MANY):
            self.start("cat", m.p("net/l%d.log/lines/1" % i))
        self.check(m)

    def test_windows(self):
        """With one window in all, which a long scan of a silent file has."""
        record = b"a\n" + b"x" * (8 * M) + b"\nb\n"
        (self.below / "long.log").write_bytes(record)
        (self.source / "long.log").write_bytes(record)
        m = self.mount_here("--window-total=64M")
        read(m.p("net/long.log/bytes/0"))
        self.net.rules(rule("read", "hang", start=4 * M, end=9 * M))
        self.start("cat", m.p("net/long.log/lines/1"))
        self.net.wait_held()
        self.assertEqual(self.answers("cat", m.p("long.log/lines/000128.log")), b"b\n")
        self.check(m)

    def test_indexes(self):
        text = b"".join(b"%08d\n" % i for i in range(20 * M // 9))
        (self.below / "rows.log").write_bytes(text)
        (self.source / "rows.log").write_bytes(text)
        m = self.mount_here()
        read(m.p("net/rows.log/bytes/0"))
        self.net.rules(rule("read", "hang", path="/rows", start=2 * M, end=20 * M))
        self.start("cat", m.p("net/rows.log/rows/5-6"))
        self.net.wait_held()
        self.assertEqual(self.answers("cat", m.p("rows.log/rows/5-6")), b"00000004\n00000005\n")
        self.check(m)

    def test_leases(self):
        """An ordinary user may hold leases on its files: their readers wait without a place, and others do not wait."""
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        m = self.mount_here()
        read(m.p("f0"))
        holders = []
        for i in range(2, MANY):
            fd = os.open(self.source / ("f%d" % i), os.O_RDWR)
            self._finally(lambda held: held and os.close(held.pop()), [fd])
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            holders.append(fd)
        readers = [self.start("cat", m.p("f%d" % i)) for i in range(2, MANY)]
        self.assert_others_answer(m)
        for reader in readers[:10]:
            reader.kill()
            reader.wait(SECONDS)
        self.assert_others_answer(m)
        for fd in holders:
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        for reader in readers[10:]:
            self.assertEqual(reader.wait(SECONDS), 0)

    def test_several_silent_ones(self):
        others = []
        for name in ("net2", "net3"):
            (self.source / name).mkdir()
            others.append(Unruly(self, self.below, at=self.source / name))
        m = self.mount_here()
        for net in [self.net, *others]:
            name = os.path.basename(net.path)
            read(m.p(name + "/f0"))
            net.rules(rule("getattr", "hang", path="/f"))
            for i in range(MANY):
                self.start("stat", m.p("%s/f%d" % (name, i)))
            net.wait_held()
        self.assert_others_answer(m)
        for net in others:
            net.let_go()
        self.check(m)


def Unruly_end(process):
    process.kill()
    process.wait(SECONDS)


if __name__ == "__main__":
    harness.main()
