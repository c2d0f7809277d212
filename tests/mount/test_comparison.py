# SPDX-License-Identifier: MIT
"""What README.md says of other ways to give jobs parts of a file, under "Compared with"."""

import collections
import errno
import os
import stat
import subprocess
import time

import harness
from harness import K, M, read, wait_for

SECONDS = 30  # for what must happen soon, even on a busy machine
KIND = "stat -Lc %F"


class ComparisonTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.lines = b"".join(b"line %07d\n" % n for n in range(M // 4))
        self.log = self.write("app.log", self.lines)
        (self.tmp / "parallel").mkdir()
        self.blocks = self.tmp / "blocks"
        self.blocks.mkdir()

    def parallel(self, *words, file=None):
        """GNU parallel --pipepart, one job at a time: the lines that the jobs print."""
        return harness.run("parallel", "-j1", "--will-cite", "--tmpdir", self.blocks, "--pipepart", "-a", file or self.log, *words,
                           env={"PARALLEL_HOME": str(self.tmp / "parallel")}).decode().splitlines()

    def rewrite(self):
        """Every letter becomes another, in place."""
        with open(self.log, "r+b") as file:
            file.write(self.lines.upper())

    def test_a_job_gets_a_file_or_a_pipe(self):
        mount = self.mount(None, "--min-size", "1M")
        self.assertTrue(stat.S_ISREG(os.stat(mount.p("app.log/lines@n4/0")).st_mode))
        self.assertEqual(harness.run("sh", "-c", "split -n l/1/4 %s | %s /dev/stdin" % (self.log, KIND)), b"fifo\n")
        self.assertEqual(set(self.parallel("--block", "1M", KIND + " /dev/stdin")), {"fifo"})
        self.assertEqual(set(self.parallel("--cat", "--block", "1M", KIND + " {}")), {"regular file"})

    def test_split_prints_the_piece_of_the_same_number(self):
        mount = self.mount(None, "--min-size", "1M")
        for number in range(4):
            self.assertEqual(harness.run("split", "-n", "l/%d/4" % (number + 1), self.log),
                             read(mount.p("app.log/lines@n4", str(number))))
        self.assertEqual(os.listdir(self.source), ["app.log"])

    def test_cat_copies_a_block_for_each_job(self):
        """While a job runs, its block is in TMPDIR; after it, nothing is."""
        sizes = self.parallel("--cat", "--block", "1M", ": {}; cat %s/* | wc -c" % self.blocks)
        self.assertEqual(sum(map(int, sizes)), len(self.lines))
        self.assertGreater(len(sizes), 2)
        self.assertEqual(os.listdir(self.blocks), [])

    def test_records_and_headers_of_pipepart(self):
        """--recstart keeps records of several lines together, as --record of bigfs does; --header repeats a line."""
        entries = "".join("2026-01-%02d entry\n  one\n  two\n" % (n % 28 + 1) for n in range(3000))
        path = self.write("entries.log", entries.encode())
        firsts = self.parallel("--recstart", "2026-", "--recend", "\n", "--block", "10K", "head -n 1", file=path)
        self.assertGreater(len(firsts), 5)
        self.assertEqual([line for line in firsts if not line.endswith(" entry")], [])
        firsts = self.parallel("--header", ":", "--block", "1M", "head -n 1")
        self.assertEqual(collections.Counter(firsts), {"line 0000000": len(firsts)})
        self.assertGreater(len(firsts), 2)

    def assert_mixed(self, output):
        self.assertTrue(b"line" in output and b"LINE" in output)

    def test_rewritten_meanwhile_with_split(self):
        with subprocess.Popen(["split", "-n", "l/1/1", str(self.log)], stdout=subprocess.PIPE) as program:
            first = os.read(program.stdout.fileno(), 1)  # so it has begun, and waits: a pipe holds 64 KiB
            self.rewrite()
            self.assert_mixed(first + program.stdout.read())

    def test_rewritten_meanwhile_with_pipepart(self):
        began, go_on = self.tmp / "began", self.tmp / "go-on"
        job = "dd bs=1 count=1 status=none; : > %s; until [ -e %s ]; do sleep 0.01; done; cat" % (began, go_on)
        with subprocess.Popen(["parallel", "-j1", "--will-cite", "--pipepart", "--block", "100M", "-a", str(self.log), job],
                              stdout=subprocess.PIPE, env=dict(os.environ, PARALLEL_HOME=str(self.tmp / "parallel"))) as program:
            try:
                wait_for(began.exists, SECONDS, "the job has begun")
                self.rewrite()
            finally:
                go_on.touch()
            self.assert_mixed(program.stdout.read())

    def test_rewritten_meanwhile_with_bigfs(self):
        mount = self.mount(None, "--min-size", "1M")
        handle = os.open(mount.p("app.log/bytes@n1/0"), os.O_RDONLY)
        self.addCleanup(os.close, handle)
        self.assertEqual(os.pread(handle, 64 * K, 0), self.lines[:64 * K])
        time.sleep(0.02)  # older kernels move times every few milliseconds
        self.rewrite()
        self.assert_errno(errno.ESTALE, os.pread, handle, M, 2 * M)


if __name__ == "__main__":
    harness.main()
