# SPDX-License-Identifier: MIT
"""No more descriptors: a request waits for one without a place, and no device has them all (DESIGN 5)."""

import os
import resource
import signal
import subprocess

import harness
from harness import K, mounted, read, wait_for
from support import counter
from unruly import Unruly, rule

SECONDS = 30  # for what must happen soon, even on a busy machine
MANY = 40     # more than there are places
FEWEST = 4    # descriptors, all of them taken


class ShortageTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.lines = b"".join(b"%07d\n" % i for i in range(16 * K))
        for i in range(MANY):
            self.write("f%d" % i, b"hi\n")
            self.write("l%d.log" % i, self.lines)

    def start(self, *options, **how):
        return self.mount(self.source, "--index-dir=none", "--min-size=64K", "--chunk-size=64K", *options, **how)

    def begin(self, *argv):
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._finally(end, process)
        return process

    def answer(self, process):
        return process.communicate(timeout=SECONDS)[0]

    def busy(self, mount):
        """How many requests are being worked on or wait for a place."""
        return sum(counter(mount, "bigfs_%s_%s" % (kind, what)) for kind in ("reads", "scans", "looks")
                   for what in ("running", "waiting"))


class NoneLeftTest(ShortageTest):
    def limit(self, mount, soft):
        hard = resource.prlimit(mount.pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(mount.pid, resource.RLIMIT_NOFILE, (soft, hard))

    def test_waits_without_a_place(self):
        """More requests than places wait for a descriptor, of every kind; those that are killed go at once, the others
        go on when there are descriptors again."""
        mount = self.start()
        soft = resource.prlimit(mount.pid, resource.RLIMIT_NOFILE)[0]
        os.listdir(mount.path)
        self.limit(mount, FEWEST)
        try:
            killed = [self.begin("cat", mount.p("f%d" % i)) for i in range(2, MANY)]
            readers = [self.begin("cat", mount.p("l1.log", "bytes", "1")), self.begin("cat", mount.p("f1")),
                       self.begin("ls", mount.path)]
            self.assertTrue(read(mount.p(".bigfs", "metrics")))
            for process in killed:
                process.send_signal(signal.SIGKILL)
            for process in killed:
                self.assertEqual(process.wait(SECONDS), -signal.SIGKILL)
            wait_for(lambda: self.busy(mount) == 0, SECONDS, "no place is held")
            self.assertEqual([reader.poll() for reader in readers], [None] * 3)
        finally:
            self.limit(mount, soft)
        self.assertEqual(self.answer(readers[0]), self.lines[64 * K:])
        self.assertEqual(self.answer(readers[1]), b"hi\n")
        self.assertIn(b"l1.log\n", self.answer(readers[2]))

    def test_it_fails_in_the_end(self):
        """With one clear error; the daemon keeps serving."""
        mount = self.start()
        soft = resource.prlimit(mount.pid, resource.RLIMIT_NOFILE)[0]
        self.limit(mount, FEWEST)
        try:
            reader = subprocess.run(["cat", mount.p("f1")], capture_output=True, timeout=SECONDS * 2)
        finally:
            self.limit(mount, soft)
        self.assertIn(b"Too many open files", reader.stderr)
        self.assertEqual(read(mount.p("f2")), b"hi\n")


    def test_sigterm(self):
        """It needs no descriptor: nothing is left mounted."""
        mount = self.start()
        self.limit(mount, FEWEST)
        reader = self.begin("cat", mount.p("f1"))
        wait_for(lambda: counter(mount, "bigfs_lookups_total") > 1, SECONDS, "the reader asks")
        mount.kill(signal.SIGTERM)
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "the end")
        self.assertEqual(mount.exit_code(), 0, mount.log())
        self.assertFalse(mounted(mount.path))
        self.assertNotEqual(reader.wait(SECONDS), 0)


class SilentDeviceTest(ShortageTest):
    def test_it_has_not_all_descriptors(self):
        """As many files of a file system that does not answer as may be read at once: more than are kept open."""
        below = self._fresh("below")
        below.mkdir()
        for i in range(2 * MANY):
            (below / ("f%d" % i)).write_bytes(b"hi\n")
            (below / ("l%d.log" % i)).write_bytes(self.lines)
        (self.source / "net").mkdir()
        net = Unruly(self, below, "-o", "direct_io", at=self.source / "net")
        mount = self.start("--threads=24", wrapper=("prlimit", "--nofile=64:64"))  # of which 16 are kept open
        for i in range(MANY):
            read(mount.p("net", "l%d.log" % i, "bytes", "0"))
        net.rules(rule("read", "hang"), rule("open", "hang", path="/f"))
        readers = [self.begin("cat", mount.p("net", "l%d.log" % i, "bytes", "1")) for i in range(MANY)]
        readers += [self.begin("cat", mount.p("net", "f%d" % i)) for i in range(MANY)]
        net.wait_held(17)
        for i in range(3):
            self.assertEqual(self.answer(self.begin("cat", mount.p("f%d" % i))), b"hi\n")
            self.assertEqual(self.answer(self.begin("cat", mount.p("l%d.log" % i, "bytes", "1"))), self.lines[64 * K:])
        net.let_go()
        for i, reader in enumerate(readers):
            answer = self.answer(reader)
            if reader.returncode == 0:  # some found no descriptor for too long
                self.assertEqual(answer, self.lines[64 * K:] if i < MANY else b"hi\n")


def end(process):
    process.kill()
    process.communicate()


if __name__ == "__main__":
    harness.main()
