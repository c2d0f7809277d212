# SPDX-License-Identifier: MIT
"""Shared parts of the tests with several hosts: see scripts/cluster/hosts.py.

    class ThingTest(clustering.ClusterTest):
        HOSTS = ("one", "two")
        def test_thing(self):
            (self.shared / "data" / "a.log").write_bytes(data)  # /shared/data/a.log on each host
            with self.mounted(self.host["one"]): ...

    if __name__ == "__main__":
        clustering.main()
"""

import contextlib
import os
import random
import shlex
import subprocess
import sys
import unittest

import harness
from harness import M
from recipe_blocks import Blocks

sys.path.insert(0, str(harness.REPO / "scripts" / "cluster"))
import debian  # noqa: E402
import hosts  # noqa: E402

SECONDS = 60  # far beyond what anything here takes


def main():
    """Runs the tests apart from the machine."""
    try:
        hosts.enter()
    except (debian.Trouble, OSError) as trouble:
        print("no hosts here: %s" % trouble, file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") else 77)
    harness.main()


def sizes(metrics):
    """The sum of each metric, by name."""
    found = {}
    for line in metrics.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(None, 1)
            name = name.split("{")[0]
            found[name] = found.get(name, 0) + float(value)
    return found


class Mounted:
    """A mount of a directory of a host."""

    def __init__(self, host, point, log):
        self.host, self.point, self.log_path = host, point, log

    def p(self, *parts):
        return "/".join((self.point, *map(str, parts)))

    def shell(self, text, **options):
        """Runs lines of shell in the mount."""
        return self.host.shell("cd %s && { %s\n}" % (self.point, text), **options)

    def bytes(self, *parts):
        return self.host.bytes(self.p(*parts))

    def metrics(self):
        return sizes(self.host.run("cat", self.p(".bigfs/metrics")))

    def scanned(self):
        return int(self.metrics()["bigfs_scanned_bytes_total"])

    def builds(self):
        """How many indexes and maps it has made, or tried to make."""
        return int(self.metrics()["bigfs_index_builds_ended_total"])

    def log(self):
        return self.host.run("cat", self.log_path).splitlines()

    def warnings(self):
        return [line for line in self.log() if "line index" in line]


class ClusterTest(Blocks, unittest.TestCase):
    """Hosts that share one disk."""

    HOSTS = ("one", "two")
    SIZE = 512 * M
    world = None

    @classmethod
    def setUpClass(cls):
        if ClusterTest.world is None:
            ClusterTest.world = hosts.World("one", "two", "three", "head")
        cls.shared = cls.world.disk("disk-" + cls.__name__, cls.SIZE)
        for name in ("data", "index", "work"):
            (cls.shared / name).mkdir()
        (cls.shared / "index").chmod(0o700)
        (cls.shared / "work").chmod(0o1777)
        cls.host = {}
        for name in cls.HOSTS:
            cls.start(name)

    @classmethod
    def tearDownClass(cls):
        for host in cls.host.values():
            host.kill()

    def setUp(self):
        self.random = random.Random(harness.seed(self.id()))
        self.count = 0

    @classmethod
    def bound(cls, name):
        """What a host has beside its own."""
        return ((cls.shared, "/shared"),)

    @classmethod
    def start(cls, name):
        """A host, or one again that was killed."""
        cls.host[name] = host = cls.world.start(name, *cls.bound(name), (harness.BIGFS, "/usr/bin/bigfs"))
        host.bytes = lambda path: subprocess.run(host.argv("cat", path), stdout=subprocess.PIPE, check=True,
                                                 timeout=SECONDS).stdout
        return host

    @contextlib.contextmanager
    def mounted(self, host, *options, source="/shared/data", point="/mnt", user="root"):
        """A mount on a host. In the end nothing is mounted there, and the daemon has ended."""
        self.count += 1
        log = "/tmp/log.%s.%d" % (point.replace("/", "-"), self.count)
        command = ["bigfs", "-f", "--min-size", "100K", *map(str, options), source, point]
        host.shell("install -d -o %s %s" % (user, point))
        host.shell("%s >%s 2>&1 & until mountpoint -q %s; do sleep 0.01; kill -0 $! || { cat %s >&2; exit 1; }; done"
                   % (shlex.join(command), log, point, log), user=user, timeout=SECONDS)
        try:
            yield Mounted(host, point, log)
        finally:
            if host is self.host[host.name]:
                host.run("bigfs", "--unmount", point, user=user, timeout=SECONDS)

    def index(self, host, *names, directory="/shared/index", options=(), user="root"):
        """bigfs --index of files of the shared disk: exit code, and what it said."""
        result = subprocess.run(host.argv("bigfs", "--index", "--index-dir", directory, *options,
                                          *("/shared/data/" + name for name in names), user=user),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=SECONDS)
        return result.returncode, result.stdout

    def finish(self, *programs):
        """Waits for programs, which must end well. Returns what they wrote."""
        written = [program.communicate(timeout=SECONDS) for program in programs]
        for program, output in zip(programs, written):
            self.assertEqual(program.returncode, 0, output)
        return [output[0] for output in written]

    def popen(self, host, text, **options):
        """Starts lines of shell on a host; they have ended after the test."""
        program = host.popen("bash", "-c", text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.addCleanup(self._end, program)
        return program

    @staticmethod
    def _end(program):
        program.kill()
        program.wait()
        for stream in (program.stdin, program.stdout, program.stderr):
            if stream is not None:
                stream.close()
