# SPDX-License-Identifier: MIT
"""`bigfs --index` that is interrupted: it ends, keeps what was counted and says so; the next one goes on from there."""

import os
import random
import re
import shutil
import signal
import subprocess
import time

import harness
from compressing import make, noise
from harness import K, M, read, seed, wait_for
from rowing import WIDTH, IndexTest, index_files, numbered, scanned
from support import LAG, bigfs
from unruly import Unruly, rule

REQUEST = 128 * K  # what the kernel reads ahead
SAMPLES = 80  # requests for the digests of a file, at most


class SlowTest(IndexTest):
    """A source whose files are read slowly from some place on."""

    def setUp(self):
        super().setUp()
        self.net = Unruly(self, self.source)

    def slow_from(self, start, action="delay", milliseconds=20, path="/"):
        self.net.rules(rule("read", action, milliseconds, path=path, start=start, end=1 << 40))

    def begin(self, name):
        """The command, as a process."""
        program = subprocess.Popen(
            [harness.BIGFS, "--index", "--index-dir", self.dir, os.path.join(self.net.path, name)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, LC_ALL="C"))
        self.addCleanup(self.end, program)
        return program

    def end(self, program):
        self.net.let_go()
        if program.poll() is None:
            program.kill()
        program.communicate(timeout=60)

    def interrupt(self, program, number):
        """What it says then."""
        program.send_signal(number)
        output, errors = program.communicate(timeout=60)
        self.assertEqual((program.returncode, output), (-number, b""), errors)
        return errors.decode()

    def await_reads(self, count):
        before = self.net.asked()["read"]
        wait_for(lambda: self.net.asked()["read"] >= before + count, LAG, "much is read")

    def finish(self, name):
        """Its exit code, standard output, and how many requests it made."""
        self.net.let_go()
        before = self.net.asked()["read"]
        code, output, errors = bigfs("--index", "--index-dir", self.dir, os.path.join(self.net.path, name))
        self.assertEqual((code, errors), (0, ""))
        return output, self.net.asked()["read"] - before

    def assert_kept_part(self, errors, name, suffix):
        self.assertRegex(errors, r"\Abigfs: [^\n]*%s: interrupted at (?:[0-9]+|less than 1)%%: kept what was counted; "
                                 r"run the same command to go on\n\Z" % re.escape(name))
        self.assertEqual(len(index_files(self.dir, "-part" + suffix)), 1)
        self.assertEqual(index_files(self.dir, ".tmp"), [])


class InterruptTest(SlowTest):
    def test_lines(self):
        """The next command, or a mount, counts only the rest."""
        size = 80 * M
        self.write("big.log", data := numbered(size // WIDTH))
        self.slow_from(32 * M)
        program = self.begin("big.log")
        self.await_reads(SAMPLES + 33 * M // REQUEST)
        self.assert_kept_part(self.interrupt(program, signal.SIGINT), "big.log", ".lines")
        self.net.let_go()
        shutil.copytree(self.dir, copy := self.tmp / "copy", copy_function=shutil.copy2)
        mount = self.mount(self.net.path, "--min-size", "0", "--index-dir", copy)
        self.assertNotIn("rows", os.listdir(mount.p("big.log")))  # it would not cost nothing
        self.assertTrue(read(mount.p("big.log/rows/1000001-1000002")) == data[1000000 * WIDTH:1000002 * WIDTH])
        self.assertLessEqual(scanned(mount), size - 16 * M)
        mount.unmount()
        output, requests = self.finish("big.log")
        self.assertRegex(output, r"big\.log: %d lines, 80\.0 MiB in " % (size // WIDTH))
        self.assertLess(requests, (size - 8 * M) // REQUEST)
        self.assertEqual(index_files(self.dir, "-part.lines"), [])
        output, requests = self.finish("big.log")
        self.assertRegex(output, r"\A[^\n]*big\.log: already indexed \(%d lines\)\n\Z" % (size // WIDTH))
        self.assertLess(requests, 30 * M // REQUEST)

    def test_the_map_of_one_gzip_member(self):
        """The walk goes on within the member."""
        self.write("big.gz", make(self, "gzip-6", data := noise(16 * M)))
        self.slow_from(6 * M, milliseconds=50)
        program = self.begin("big.gz")
        self.await_reads(SAMPLES + 6 * M // REQUEST)
        self.assert_kept_part(self.interrupt(program, signal.SIGTERM), "big.gz", ".map")
        output, _ = self.finish("big.gz")
        self.assertRegex(output, r"big\.gz: %d lines" % (data.count(b"\n") + (data[-1:] != b"\n")))
        self.assertEqual(index_files(self.dir, "-part.map"), [])
        mount = self.mount(self.net.path, "--min-size", "0", "--index-dir", self.dir)
        self.assertTrue(read(mount.p("big.gz/plain/whole")) == data)
        self.assertEqual(scanned(mount), 0)

    def test_a_compressed_file_that_grows_meanwhile(self):
        """No interruption: the map of what it was is of no use, and another is made."""
        path = self.write("big.gz", make(self, "gzip-6", data := noise(8 * M)))
        self.slow_from(2 * M)
        program = self.begin("big.gz")
        self.await_reads(SAMPLES + 2 * M // REQUEST)
        with open(path, "ab") as file:
            file.write(make(self, "gzip-6", b"\nmore\n" * 9))
        self.net.let_go()
        output, errors = program.communicate(timeout=60)
        self.assertEqual((program.returncode, errors), (0, b""))
        self.assertIn(b"big.gz: %d lines, " % (data.count(b"\n") + 18), output)

    def test_a_signal_and_its_echo(self):
        """timeout(1) sends each signal twice, at once: to its child and then to the group."""
        for number, gap in ((signal.SIGTERM, 0.001), (signal.SIGINT, 0.005)):
            name = "%d-%g.log" % (number, gap)
            self.write(name, numbered(80 * M // WIDTH))
            self.slow_from(32 * M)
            program = self.begin(name)
            self.await_reads(SAMPLES + 33 * M // REQUEST)
            program.send_signal(number)
            time.sleep(gap)
            self.assert_kept_part(self.interrupt(program, number), name, ".lines")
            self.net.let_go()
            shutil.rmtree(self.dir)

    def test_a_disk_that_does_not_answer(self):
        """It ends all the same; a second signal ends it at once."""
        for again in (False, True):
            name = "%s.log" % again  # what the kernel still reads ahead of the first does not hang
            self.write(name, numbered(80 * M // WIDTH))
            self.slow_from(20 * M, action="hang", path="/" + name)
            program = self.begin(name)
            self.net.wait_held(1)
            if again:
                program.send_signal(signal.SIGINT)
                time.sleep(1)  # else it is an echo of the first
            errors = self.interrupt(program, signal.SIGINT)
            self.assertEqual(errors, "bigfs: interrupted%s is not kept\n" % (
                " twice: what was counted since the last save" if again else
                ": the disk does not answer in time: what was counted in the last minute"))
            self.net.let_go()
            self.assertRegex(self.finish(name)[0], r"%s: %d lines" % (re.escape(name), 80 * M // WIDTH))

    def test_changed_meanwhile(self):
        """What was counted of other bytes is not used; appended lines are counted too."""
        size = 48 * M
        for how in ("rewritten", "appended"):
            path = self.write(how, numbered(size // WIDTH))
            self.slow_from(32 * M)
            program = self.begin(how)
            self.await_reads(SAMPLES + 33 * M // REQUEST)
            self.assert_kept_part(self.interrupt(program, signal.SIGINT), how, ".lines")
            lines = size // WIDTH
            with open(path, "r+b" if how == "rewritten" else "ab") as file:
                file.write(b"\n" * 10)  # the last byte of a line is its LF
            lines += 10
            self.assertRegex(self.finish(how)[0], r"%s: %d lines" % (how, lines))
            shutil.rmtree(self.dir)

    def test_killed_at_random(self):
        """Whatever a killed command leaves, the next one ends with a right index."""
        generator = random.Random(seed())
        lines = 160 * M // WIDTH
        path = self.write("big.log", numbered(lines))
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGINT, signal.SIGKILL):
            program = subprocess.Popen([harness.BIGFS, "--index", "--index-dir", self.dir, path],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(generator.uniform(0, 0.1))
            program.send_signal(number)
            self.assertIn(program.wait(60), (0, -number))
        code, output, errors = self.index("big.log")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(output, r"big\.log: (already indexed \()?%d lines" % lines)
        self.assert_kept(1)


if __name__ == "__main__":
    harness.main()
