# SPDX-License-Identifier: MIT
"""Sources that answer slowly: the promises for files at rest, or growing ones, do not depend on the time."""

import threading

import harness
from harness import K
from unruly import Unruly, rule

WIDTH = 64


class SlowSourceTest(harness.MountTest):
    def append_for_ever(self, path):
        """Whole lines, without an end, until the test ends."""
        stop = threading.Event()

        def work():
            with open(path, "ab", buffering=0) as log:
                while not stop.wait(0.02):
                    log.write(b"%063d\n" % 0)
        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)

    def test_a_file_that_grows(self):
        """Every open finds an outdated node, and the writer also outruns the look-up that follows."""
        path = self.write("grow.log", b"".join(b"%063d\n" % n for n in range(3000)))
        net = Unruly(self, self.source, "-o", "direct_io")
        mount = self.mount(net.path, "--chunk-size", "64K", "--rows", "500")
        self.append_for_ever(path)
        with net.misbehaving(rule("read", "delay", 4)):
            for name in ("bytes/-1000", "lines@n3/2", "rows/-10", "sorted/0..1", "lines@n3/2", "sorted/%063d" % 0):
                with self.subTest(name=name), open(mount.p("grow.log", name), "rb") as piece:
                    data = piece.read(4 * K)
                    self.assertGreater(len(data), 0)
                    if not name.startswith("bytes"):
                        self.assertRegex(data[:WIDTH], rb"\A[0-9]{63}\n\Z")

    def test_an_index_that_grows_does_not_begin_anew(self):
        """Each look costs a few reads and now and then one sample, not several samples each."""
        path = self.write("grow.log", b"".join(b"%063d\n" % n for n in range(3000)))
        net = Unruly(self, self.source, "-o", "direct_io")
        mount = self.mount(net.path, "--chunk-size", "64K", "--rows", "500")
        self.append_for_ever(path)
        with net.misbehaving(rule("read", "delay", 4)):
            harness.read(mount.p("grow.log", "rows/-10"))
            before = net.asked()["read"]
            for _ in range(3):
                harness.read(mount.p("grow.log", "rows/-10"))
            self.assertLess(net.asked()["read"] - before, 2000)


if __name__ == "__main__":
    harness.main()
