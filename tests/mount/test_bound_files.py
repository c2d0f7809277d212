# SPDX-License-Identifier: MIT
"""Files of a file system that does not answer, bound over files of SOURCE. A listing of their directory does not ask
them."""

import os
import subprocess
import time

import harness
from harness import K, read
from unruly import Unruly, rule

SECONDS = 30    # for events that must happen soon, on a busy machine
BELIEVED = 1.5  # longer than attributes are believed


class BoundFileTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0, "a bind mount needs root")
        below = self._fresh("below")
        below.mkdir()
        for name in ("small", "large.log"):
            (below / name).write_bytes(b"hi\n" * (1 if name == "small" else 64 * K))
            self.write(name, b"")
        self.write("other", b"other\n")
        self.net = Unruly(self, below, "-o", "direct_io")
        for name in ("small", "large.log"):
            harness.run("mount", "--bind", os.path.join(self.net.path, name), self.source / name)
            self._finally(unbind, self.source / name)

    def names(self, path):
        """By `ls -p`, which does not stat a file whose type the listing has; it must end by itself."""
        process = subprocess.Popen(["ls", "-1p", path], stdout=subprocess.PIPE)
        self._finally(subprocess.Popen.kill, process)
        try:
            return process.communicate(timeout=SECONDS)[0].decode().splitlines()
        except subprocess.TimeoutExpired:
            self.fail("the listing does not end")

    def test_listing(self):
        """The names arrive with the right types, whether or not the kernel also asks for nodes."""
        mount = self.mount(None, "--index-dir=none", "--min-size=64K")
        self.assertEqual(read(mount.p("small")), b"hi\n")
        self.assertIn("lines", os.listdir(mount.p("large.log")))
        time.sleep(BELIEVED)
        self.net.rules(rule("getattr", "hang"))
        for _ in range(4):
            self.assertEqual(self.names(mount.path), ["large.log/", "other", "small"])
        self.assertEqual(read(mount.p("other")), b"other\n")


def unbind(path):
    while harness.mounted(path):
        harness.run("umount", "-l", path)


if __name__ == "__main__":
    harness.main()
