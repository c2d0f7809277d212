# SPDX-License-Identifier: MIT
""".bigfs shows names and paths only to users who may know them."""

import os
import shutil
import subprocess

import harness
from harness import G, read, run
from rowing import indexing
from support import LAG, NOBODY


class StatusTest(harness.MountTest):
    SECRET = "layoffs-2027"

    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "becoming another user needs root and setpriv")
        self.tmp.chmod(0o755)
        private = self.source / "private"
        private.mkdir(mode=0o700)
        with open(private / (self.SECRET + ".csv"), "wb") as file:
            for block in range(64):  # data, which takes a while to count
                file.seek(block << 30)
                file.write(b"x" * 4096)
            file.truncate(15 * (1 << 40))

    def test_another_user(self):
        """While a file in a private directory is indexed, another user reads how many are, and no name or path."""
        mount = self.mount(None, "--extents", "none", "-o", "allow_other", "--threads", "2")
        reader = subprocess.Popen(["cat", mount.p("private", self.SECRET + ".csv", "rows", "5-6")],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            own = harness.wait_for(lambda: indexing(mount), LAG, "the scan is told of")
            self.assertIn(self.SECRET, own[0])
            for name in ("help", "status", "metrics", "version"):
                text = run(*NOBODY, "cat", mount.p(".bigfs", name)).decode()
                self.assertNotIn(self.SECRET, text)
                self.assertNotIn(str(self.source), text)
                self.assertNotIn("cache/bigfs", text)
                self.assertNotIn(str(15 * 1024 * G), text)
            status = run(*NOBODY, "cat", mount.p(".bigfs/status")).decode()
            self.assertIn("indexing:      1 file\n", status)
            self.assertNotIn("source:", status)
        finally:
            reader.kill()
            reader.wait()
        self.assertIn("source:        %s\n" % self.source, read(mount.p(".bigfs/status")).decode())
        self.assertIn("index dir:     ", read(mount.p(".bigfs/status")).decode())


if __name__ == "__main__":
    harness.main()
