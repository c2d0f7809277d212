# SPDX-License-Identifier: MIT
"""Shared parts of the tests of `rows` and of the line index."""

import os
import random
import signal
import stat
import subprocess

import harness
import model
from changing import Subject
from harness import K, M, read, run, wait_for
from support import LAG, alphabet, bigfs, counter, read_once
from unruly import Unruly, rule

WIDTH = 64  # bytes of a numbered line
LF = ord("\n")


def numbered(lines, stamp=0):
    """Lines of 64 bytes, each with its number."""
    return b"".join([b"%030d %032d\n" % (stamp, n) for n in range(lines)])


def ragged(generation, size):
    """Lines of many lengths (also empty), of letters that neighbouring generations do not have."""
    generator, letters = random.Random(generation), alphabet(generation)[:-1]
    longest, data = generator.choice((10, 60, 400)), bytearray(generator.randbytes(size).translate(letters * (256 // len(letters))))
    end = int(generator.random() * longest)
    while end < size:
        data[end] = LF
        end += 1 + int(generator.random() * longest)
    data[-1:] = b"\n" * min(size, 1)
    return bytes(data)


def scanned(mount):
    """How many bytes this daemon has scanned."""
    return counter(mount, "bigfs_scanned_bytes_total")


def indexing(mount):
    """The lines of .bigfs/status about scans under way."""
    return [line for line in read(mount.p(".bigfs/status")).decode().splitlines() if line.startswith("indexing:")]


def warnings(mount):
    """The daemon's complaints about line indexes."""
    return [line for line in mount.log().splitlines() if "line index" in line]


def index_files(directory, suffix=".lines"):
    """The files of an index directory."""
    return sorted(os.path.join(where, name) for where, _, names in os.walk(directory) for name in names
                  if name.endswith(suffix))


# --- an index directory ---------------------------------------------------------------------------------

class IndexTest(harness.MountTest):
    """A test with its own index directory."""

    def setUp(self):
        super().setUp()
        self.dir = self.tmp / "indexes"

    def start(self, *options, directory=None, **more):
        mount = self.mount(None, "--min-size", "0", "--index-dir", directory or self.dir, *options, **more)
        mount.allowed_trouble.append(r"line index: .*")
        return mount

    def index(self, *names, directory=None, **options):
        """bigfs --index of files of the source: exit code, standard output, standard error."""
        files = [self.source / name for name in names]
        return bigfs("--index", "--index-dir", directory or self.dir, *files, **options)

    def assert_lines(self, mount, name, rows):
        """A few ranges, and the last piece."""
        for first in {1, rows.count // 2 + 1, max(1, rows.count - 3)}:
            got = read_once(mount.p(name, "rows/%d+5" % first))[1]
            self.assertTrue(got == rows.lines(first, 5), "%s: line %d: %r" % (name, first, got))
        self.assertTrue(read(mount.p(name, "rows@1000/%d" % ((rows.count - 1) // 1000)))
                        == rows.lines((rows.count - 1) // 1000 * 1000 + 1, 1000), name)

    def assert_kept(self, count):
        """There are this many index files, none half-written, all private."""
        self.assertEqual((len(index_files(self.dir)), index_files(self.dir, ".tmp")), (count, []))
        for path in [self.dir, *map(os.path.dirname, index_files(self.dir))]:
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o700, path)
        for path in index_files(self.dir):
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600, path)


# --- files that change ---------------------------------------------------------------------------------

class RowSubject(Subject):
    """A source file of ragged lines and all its contents so far, seen through `rows`."""

    def __init__(self, path, size, names, rows):
        super().__init__(path, 1, None, names)
        self.contents, self.rows = [ragged(0, size)], rows
        path.write_bytes(self.content)

    def holds(self, name, age=None):
        return model.Rows(self.content if age is None else self.contents[age]).find(name, self.rows)


def with_mtime_back(how):
    """The same change, then the mtime is set back."""
    def change(path, old, generation):
        before = os.stat(path)
        new = how(path, old, generation)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return new
    change.__name__ = how.__name__ + "_with_mtime_back"
    return change


def over(path, data, offset=0):
    """Write in place, by one pwrite."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if os.pwrite(descriptor, data, offset) != len(data):
            raise AssertionError("a short write to %s" % path)
    finally:
        os.close(descriptor)


def in_place(path, old, generation):
    over(path, new := ragged(generation, len(old)))
    return new


def in_the_middle(path, old, generation):
    """Write all but the first and the last two blocks of 4 KiB."""
    end = len(old) // (4 * K) * (4 * K) - 4 * K
    over(path, middle := ragged(generation, end - 4 * K), 4 * K)
    return old[:4 * K] + middle + old[end:]


def shorter(path, old, _):
    new = old[:len(old) * 4 // 5]
    os.truncate(path, len(new))
    return new


def truncated_and_longer(path, old, generation):
    """Cut the file, and at once make it longer than before."""
    new = old[:len(old) // 2] + ragged(generation, len(old) * 3 // 4)
    os.truncate(path, len(old) // 2)
    over(path, new[len(old) // 2:], len(old) // 2)
    return new


def replaced(path, old, generation):
    """Replace by rename; the new file has the same size and mtime."""
    before, beside = os.stat(path), path.parent.parent / ("." + path.name)
    beside.write_bytes(new := ragged(generation, len(old)))
    os.utime(beside, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.rename(beside, path)
    return new


def longer(path, old, generation):
    with open(path, "ab", buffering=0) as file:
        file.write(new := ragged(generation, len(old) // 5))
    return old + new


def mode_only(path, old, generation):
    os.chmod(path, 0o640 if generation % 2 else 0o644)
    return old


ENDING = [in_place, with_mtime_back(in_place), in_the_middle, shorter, truncated_and_longer, replaced]
MIDDLE = with_mtime_back(in_the_middle)  # only the ctime and the bytes show it
GOING_ON = [longer, mode_only]


# --- readers that wait ---------------------------------------------------------------------------------

class HeldTest(harness.MountTest):
    """A large file on a source that gives its first part at once, and the rest when the test lets go."""

    LINES = 96 * M // WIDTH
    FROM, TO = 32 * M, 94 * M  # reads between these are held; the end shows whether a file is unchanged

    def start_held(self, *options):
        """The mount, on two processors; the source holds back what is after FROM until let_go()."""
        self.data = numbered(self.LINES)
        self.write("big.log", self.data)
        self.write("other.log", other := numbered(2 * M // WIDTH, 7))
        self.other, self.slow = other, Unruly(self, self.source)
        processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
        mount = self.mount(self.slow.path, "--chunk-size", "1M", *options, wrapper=("taskset", "-c", processors))
        self.addCleanup(self.let_go)
        self.settle(mount)
        self.hold_back()
        return mount

    @staticmethod
    def settle(mount):
        """The first look at a file reads a sample of all its parts, so it is done before any is held back."""
        harness.pread(mount.p("big.log/bytes/0"), 1)

    def hold_back(self):
        # The read-ahead of the last step before FROM must not be held, as the scan would wait for it.
        self.slow.rules(rule("read", "hang", start=self.FROM + 4 * M, end=self.TO))

    def let_go(self):
        self.slow.let_go()

    def reader(self, *argv):
        """A program that reads while the test runs."""
        program = subprocess.Popen([os.fspath(word) for word in argv], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, LC_ALL="C"))
        self.addCleanup(self._end, program)
        return program

    def _end(self, program):
        self.let_go()
        if program.poll() is None:
            program.kill()
        program.communicate(timeout=60)

    def await_held(self, mount, *programs):
        """Wait until the scan has done what it can, and each of the programs waits in the mount."""
        wait_for(lambda: scanned(mount) >= self.FROM and indexing(mount), LAG, "the scan comes to the part held back")
        for program in programs:
            wait_for(lambda: self.waits(program), LAG, "%r waits" % program.args)

    @staticmethod
    def waits(program):
        """Whether a process is in a call to a FUSE file system, or has ended (which the test will notice)."""
        try:
            where = read("/proc/%d/wchan" % program.pid)
        except OSError:
            return True
        return b"fuse" in where or b"request_wait" in where or program.poll() is not None

    def assert_waiting(self, *programs):
        for program in programs:
            self.assertIsNone(program.poll(), "%r did not wait" % program.args)

    def assert_gives(self, program, wanted):
        output, errors = program.communicate(timeout=60)
        self.assertEqual((program.returncode, errors), (0, b""), program.args)
        self.assertTrue(output == wanted, "%r: other bytes" % program.args)

    def kill(self, program, number=signal.SIGKILL):
        """It must end although nothing it waits for has come."""
        program.send_signal(number)
        program.communicate(timeout=60)
        self.assertEqual(program.returncode, -number)
