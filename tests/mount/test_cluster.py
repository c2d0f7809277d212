# SPDX-License-Identifier: MIT
"""scripts/cluster-demo on small files: a job array on two nodes, one of which is killed. And that nothing stays."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import harness
from harness import REPO, wait_for

sys.path.insert(0, str(REPO / "scripts" / "cluster"))
import debian  # noqa: E402

DEMO = REPO / "scripts" / "cluster-demo"
SECONDS = 300  # for what must happen, even on a busy machine
TOLD = r"""==> making a log of 32 MiB.*
    grep -c ERROR app\.log           (\d+)
    zcat old\.log\.gz \| grep -c ERROR (\d+)
(?:.*\n)*==> killed node2, on which ran: task .*
(?:.*\n)*==> plain: \1 errors in 16 pieces \((\d+) on node1, (\d+) on node2\); run again: (.*)
==> gzip: \2 errors in 16 pieces \((\d+) on node1, (\d+) on node2\); run again: (.*)
    the same as the files' own counts
    no mount of a job is left on node1
"""


def below(pid):
    """The processes below this one."""
    try:
        found = [int(child) for child in Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return []
    return found + [each for child in found for each in below(child)]


def alive(pid):
    return os.path.exists("/proc/%d" % pid)


class DemoTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0, "root alone can make hosts")
        self.require(debian.is_made(), "the hosts' Debian is not made: scripts/test makes it")

    def begin(self):
        (self.tmp / "disks").mkdir()
        program = subprocess.Popen(
            [DEMO, "--size", "32M"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=dict(os.environ, BIGFS=os.path.relpath(harness.BIGFS), TMPDIR=str(self.tmp / "disks")))
        self.addCleanup(self.end, program)
        return program

    def end(self, program):
        if program.poll() is None:
            program.terminate()
        program.communicate(timeout=SECONDS)

    def assert_nothing_left(self, processes=()):
        wait_for(lambda: not any(map(alive, processes)), SECONDS, "all processes of the hosts end")
        self.assertEqual(os.listdir(self.tmp / "disks"), [])
        wait_for(lambda: str(self.tmp) not in harness.run("losetup", "-a").decode(), SECONDS, "the loop device is free")
        self.assertNotIn(str(debian.PLACE), Path("/proc/self/mountinfo").read_text())

    def test_a_node_dies(self):
        """The sums are right, the tasks of the dead node ran again, and nothing stays."""
        program = self.begin()
        told, _ = program.communicate(timeout=SECONDS)
        self.assertEqual(program.returncode, 0, told)
        self.assertRegex(told, TOLD)
        _, _, *plain, again, on_1, on_2, gzip_again = re.search(TOLD, told).groups()
        for first, second in (plain, (on_1, on_2)):
            self.assertEqual(int(first) + int(second), 16)
        self.assertGreater(int(plain[1]) + int(on_2), 0, "both nodes had a part in it")
        self.assertNotEqual((again, gzip_again), ("none", "none"))
        self.assert_nothing_left()

    def test_whatever_ends_it(self):
        """No process, mount, loop device or file stays."""
        for number in (signal.SIGKILL, signal.SIGTERM):
            with self.subTest(number=number):
                program = self.begin()
                for line in program.stdout:
                    if line.startswith("==> sbatch"):
                        break
                processes = below(program.pid)
                self.assertGreater(len(processes), 10)  # of three hosts
                program.send_signal(number)
                self.assertEqual(program.wait(SECONDS), -number)
                self.assert_nothing_left(processes)
                (self.tmp / "disks").rmdir()

    def test_while_the_debian_is_made(self):
        """What makes it ends too, and is in nobody's way when it is made anew."""
        place, tools, began = self.tmp / "scripts" / "cluster", self.tmp / "bin", self.tmp / "began"
        place.mkdir(parents=True)
        tools.mkdir()
        shutil.copy(debian.__file__, place)
        (tools / "debootstrap").write_text("#!/bin/sh\ntouch %s\nsleep 1000\n" % began)
        (tools / "debootstrap").chmod(0o755)
        for number in (signal.SIGKILL, signal.SIGTERM):
            program = subprocess.Popen([sys.executable, place / "debian.py"], stdout=subprocess.DEVNULL,
                                       env=dict(os.environ, PATH="%s:%s" % (tools, os.environ["PATH"])))
            wait_for(began.exists, SECONDS, "debootstrap runs")
            processes = below(program.pid)
            self.assertGreaterEqual(len(processes), 2)
            program.send_signal(number)
            program.wait()
            wait_for(lambda: not any(map(alive, processes)), SECONDS, "all processes end")
            began.unlink()

    def test_bad_arguments(self):
        for arguments in (("--size",), ("--size", "12"), ("--size", "0M"), ("--size", "3M"), ("--size", "64K"),
                          ("--pause", "-1"), ("now",)):
            self.assert_refused(2, *arguments)
        for path in ("/", "/nowhere", "/etc/passwd"):
            self.assert_refused(1, BIGFS=path)

    def assert_refused(self, status, *arguments, **variables):
        result = subprocess.run([DEMO, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                env=dict(os.environ, **variables))
        self.assertEqual((result.returncode, result.stdout), (status, ""), arguments)
        self.assertRegex(result.stderr, r"\Acluster-demo: [^\n]+\n\Z")


if __name__ == "__main__":
    harness.main()
