# SPDX-License-Identifier: MIT
"""Shared parts of the tests of changes, limits, options and hostile input: contents whose every byte shows where it is
from, models of the views, handles that remember what they must deliver, and a daemon's counters."""

import contextlib
import ctypes
import errno
import functools
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

import harness
import model
from harness import K, read, wait_for

KINDS = ("ext4", "xfs", "btrfs", "tmpfs")
CACHES = ("kernel", "none")
LAG = 60  # seconds; far beyond the time-out of 1 s, on a busy machine too; only keeps a broken test from hanging
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
_libc = ctypes.CDLL(None, use_errno=True)
_libc.opendir.restype = _libc.readdir.restype = ctypes.c_void_p
_libc.telldir.restype = ctypes.c_long


# --- contents ----------------------------------------------------------------------------------------

LINE = 32
_ALPHABETS = [bytes(range(16 + 16 * n, 32 + 16 * n)) for n in range(15)]  # no NUL, no LF, no shared bytes


def stamped(generation, size):
    """Lines of 32 bytes, each with its generation and number; neighbouring generations share no byte but LF."""
    lines = b"".join(b"%015x%016x\n" % (generation, n) for n in range(size // LINE + 1))
    return lines.translate(bytes.maketrans(b"0123456789abcdef", _ALPHABETS[generation % 15]))[:size]


def alphabet(generation):
    """The bytes that may occur in stamped(generation, any size)."""
    return _ALPHABETS[generation % 15] + b"\n"


# --- what a piece must hold ---------------------------------------------------------------------------

@functools.lru_cache(maxsize=64)
def pieces(kind, argument, data):
    """The contents of all pieces of a view, by the model."""
    return [data[offset:offset + length] for offset, length in model.cut(kind, argument, data)]


def piece_of(data, name, chunk):
    """The content of a name inside a large file's directory (the empty name: the file itself), None if there is no such
    piece. `chunk` is the --chunk-size."""
    view, _, leaf = name.partition("/")
    if data is None or not leaf:
        return data
    kind, _, argument = view.partition("@")
    if "+" in leaf:
        start, length = map(int, leaf.split("+"))
        return data[start:start + length]
    if leaf.startswith("-"):
        return data[-int(leaf[1:]):]
    found, number = pieces(kind, argument or chunk, data), int(leaf.partition(".")[0])
    return found[number] if number < len(found) else None


# --- handles -----------------------------------------------------------------------------------------

class Broken(AssertionError):
    """A handle delivered what it must never deliver."""


class Handle:
    """An open file and the bytes it was opened on. It gives those or ESTALE, never other bytes or an early end. Only
    pread is used, as Python's buffering would hide where an error occurred."""

    def __init__(self, path, expected, descriptor=None):
        self.path, self.expected, self.size = path, expected, len(expected)
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if descriptor is None else descriptor
        size = os.fstat(self.fd).st_size
        if size != self.size:
            if descriptor is None:
                self.close()
            raise Broken("%s: opened with size %d, must be %d" % (path, size, self.size))

    def read(self, offset, length):
        """True: all bytes arrived and were right. False: ESTALE, with only right bytes before it."""
        end = min(offset + length, self.size)
        while offset < end:
            try:
                got = os.pread(self.fd, end - offset, offset)
            except OSError as error:
                if error.errno == errno.ESTALE:
                    return False
                raise Broken("%s: %s at %d, must be right bytes or ESTALE"
                             % (self.path, errno.errorcode.get(error.errno, error), offset)) from None
            self.check(got, offset)
            offset += len(got)
        return True

    def check(self, got, offset):
        """Every byte of got must be one that the handle was opened on."""
        wanted = self.expected[offset:offset + len(got)]
        if not got:
            raise Broken("%s: end of file at %d of %d" % (self.path, offset, self.size))
        if got != wanted:
            at = next((i for i, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]), len(wanted))
            raise Broken("%s: at %d got %r, must be %r"
                         % (self.path, offset + at, got[at:at + 40], wanted[at:at + 40]))

    def read_all(self):
        return self.read(0, self.size)

    def is_stale(self):
        """Read all of it, in steps: whether every step gave ESTALE (and none gave other bytes)."""
        step = max(1, self.size // 8)
        return not any([self.read(offset, step) for offset in range(0, self.size, step)])

    def close(self):
        os.close(self.fd)


def read_once(path):
    """What a fresh open gives: the size by fstat and the bytes, which must agree; (errno name, None) if refused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return errno.errorcode[error.errno], None
    try:
        size = os.fstat(descriptor).st_size
        parts, offset = [], 0
        while True:
            part = os.pread(descriptor, 1 << 20, offset)
            if not part:
                return size, b"".join(parts)
            parts.append(part)
            offset += len(part)
    except OSError as error:
        return errno.errorcode[error.errno], None
    finally:
        os.close(descriptor)


def errno_of(function, *arguments):
    """The name of the error a call gives, None if it succeeds."""
    try:
        result = function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    if function is os.open:
        os.close(result)
    return None


def exchange(one, other):
    """Swap two names atomically: renameat2(RENAME_EXCHANGE)."""
    if _libc.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2):
        raise OSError(ctypes.get_errno(), "RENAME_EXCHANGE", str(one))


# --- listings, by the C library's own calls ----------------------------------------------------------------

class Directory:
    """A directory by calls of the C library that Python does not offer."""

    def __init__(self, path):
        self.stream = ctypes.c_void_p(_libc.opendir(os.fsencode(path)))
        self.rewind = lambda: _libc.rewinddir(self.stream)
        self.tell = lambda: _libc.telldir(self.stream)
        self.seek = lambda place: _libc.seekdir(self.stream, ctypes.c_long(place))
        self.close = lambda: _libc.closedir(self.stream)

    def names(self, most=1 << 62):
        """The next names, up to so many, without . and .. ."""
        found = []
        while len(found) < most and (entry := _libc.readdir(self.stream)):
            name = os.fsdecode(ctypes.string_at(entry + 19))  # d_name follows d_ino, d_off, d_reclen and d_type
            if name not in (".", ".."):
                found.append(name)
        return found


def small_steps(path, size=300):
    """All names, by getdents64 with a buffer for only a few."""
    descriptor, buffer, names = os.open(path, os.O_RDONLY | os.O_DIRECTORY), ctypes.create_string_buffer(size), []
    while (got := _libc.getdents64(descriptor, buffer, ctypes.c_size_t(size))) > 0:
        at = 0
        while at < got:
            length = struct.unpack_from("H", buffer, at + 16)[0]
            names.append(os.fsdecode(buffer.raw[at + 19:at + length].split(b"\0")[0]))
            at += length
    os.close(descriptor)
    if got < 0:
        raise OSError(ctypes.get_errno(), "getdents64", path)
    return [name for name in names if name not in (".", "..")]


# --- the daemon --------------------------------------------------------------------------------------

def metrics(mount):
    """The daemon's counters from .bigfs/metrics, by name; those with labels are summed."""
    values = {}
    for line in read(mount.p(".bigfs", "metrics")).decode().splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(None, 1)
            name = name.split("{")[0]
            values[name] = values.get(name, 0) + float(value)
    return values


def counter(mount, name):
    """One counter; a missing one is a failure."""
    values = metrics(mount)
    if name not in values:
        raise AssertionError("%s is not in .bigfs/metrics: %s" % (name, ", ".join(sorted(values))))
    return int(values[name])


def status(pid):
    """/proc/PID/status as a dictionary; sizes in bytes."""
    fields = {}
    for line in read("/proc/%d/status" % pid).decode().splitlines():
        name, _, value = line.partition(":")
        value = value.split()
        fields[name] = int(value[0]) * K if value[1:] == ["kB"] else " ".join(value)
    return fields


SANITIZED = bool(os.environ.get("BIGFS_SANITIZE"))  # then most of the daemon's memory is the sanitizer's


def own_memory(mount):
    """Resident memory, in bytes, except mapped files and mapped tmpfs pages."""
    return status(mount.pid)["RssAnon"]


class Footprint:
    """A daemon's descriptors, mappings and threads, which must be the same after a load."""

    def __init__(self, mount):
        self.mount, self.first = mount, None
        wait_for(self.stands, LAG, "the daemon has started all its threads")

    def stands(self):
        """Whether it is unchanged since a moment ago; a daemon may answer before all its threads are there."""
        before, self.first = self.first, self.now()
        time.sleep(0.1)
        return before == self.first

    def now(self):
        maps = [line.split() for line in self.mount.maps()]
        return {"fds": len(self.mount.fds()), "threads": int(status(self.mount.pid)["Threads"]),
                "files mapped": sum(words[4] != "0" for words in maps), "maps": len(maps)}

    def is_back(self):
        """Whether it is back; the allocator may have made one or two more mappings for itself."""
        now = self.now()
        few_maps = now.pop("maps") <= self.first["maps"] + 3 or SANITIZED
        return few_maps and now.items() <= self.first.items()

    def assert_is_back(self):
        """Wait (a daemon may close idle files a little later) until all is as it was at first."""
        try:
            wait_for(self.is_back, LAG, "the footprint")
        except AssertionError:
            raise AssertionError("after the load %r, at first %r\n%s\n%s" % (
                self.now(), self.first, "\n".join(self.mount.fds()), "\n".join(self.mount.maps()))) from None


def assert_alive(test, mount):
    """The daemon must run and its mount must answer."""
    test.assertIsNone(mount.exit_code(), "the daemon died:\n" + mount.log())
    os.listdir(mount.path)


def preload(test, code, **defines):
    """The environment of a daemon with this C code preloaded; each define is a string's text or a number."""
    library = test.tmp / ("preload%d.so" % len(list(test.tmp.glob("preload*.so"))))
    source = library.with_suffix(".c")
    source.write_text(code)
    harness.run("cc", "-shared", "-fPIC", *("-D%s=%s" % (name, value if isinstance(value, int) else '"%s"' % value)
                                            for name, value in defines.items()), "-o", library, source)
    return {"LD_PRELOAD": library}


# --- processes ---------------------------------------------------------------------------------------

def bigfs(*arguments, wrapper=(), env=None, cwd=None, timeout=60):
    """Run bigfs as a command until (its foreground part) ends: exit code, standard output, standard error."""
    environment = dict(os.environ, LC_ALL="C", **(env or {}))
    result = subprocess.run([*wrapper, harness.BIGFS, *map(str, arguments)], stdin=subprocess.DEVNULL,
                            capture_output=True, env=environment, cwd=cwd, timeout=timeout)
    return result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")


def processes():
    """All processes, each with the words of its command line."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has just ended
            yield int(entry), read("/proc/%s/cmdline" % entry).split(b"\0")


def daemons(point):
    """The processes of the binary under test that have this mountpoint as an argument."""
    programs = (b"bigfs", os.fsencode(os.path.basename(harness.BIGFS)))
    return [pid for pid, words in processes() if os.path.basename(words[0]) in programs and os.fsencode(point) in words]


def start(test, code, *arguments, wrapper=()):
    """Start a Python program; the test's clean-up ends and closes it."""
    program = subprocess.Popen([*wrapper, sys.executable, "-c", code, *map(str, arguments)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end():
        if program.poll() is None:
            program.kill()
        program.wait()
        program.stdout.close()
        program.stderr.close()
    test.addCleanup(end)
    return program


def prometheus_tool(test, name):
    """The path of a program of Debian's package prometheus: `prometheus` or `promtool`. scripts/test has it unpacked."""
    unpacked = harness.REPO / "build-prometheus" / "usr" / "bin"
    path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), str(unpacked))))
    test.require(path, "%s of Debian's package prometheus is needed" % name)
    return path


def need_duckdb(test):
    """Where DuckDB is. Without it the test is skipped, in CI too, as Debian has no package of it."""
    modules = os.environ.get("BIGFS_NODE_MODULES", str(harness.REPO / "build-node" / "node_modules"))
    if not (shutil.which("node") and os.path.isdir(os.path.join(modules, "@duckdb"))):
        test.skipTest("DuckDB is not installed: npm install --prefix build-node @duckdb/node-api")
    return modules


def duckdb(test, query):
    """The rows of DuckDB's answer."""
    program = """const { DuckDBInstance } = require('@duckdb/node-api');
        DuckDBInstance.create(':memory:').then((one) => one.connect())
            .then((connection) => connection.runAndReadAll(process.argv[1]))
            .then((reader) => console.log(JSON.stringify(reader.getRowsJson())))
            .catch((error) => { console.error(String(error)); process.exit(1); });"""
    return json.loads(harness.run("node", "-e", program, query, env={"NODE_PATH": need_duckdb(test)}, timeout=60))


# --- the command ----------------------------------------------------------------------------------------

def flags(point):
    """The line of /proc/self/mounts for a mountpoint: source, type, and the set of options."""
    for line in read("/proc/self/mounts").decode().splitlines():
        source, where, kind, options = line.split()[:4]
        if where == str(point):
            return source, kind, set(options.split(","))
    return None


class CommandTest(harness.MountTest):
    """A source with one file, and an empty mountpoint for the command to use."""

    DATA = b"".join(b"record %d\n" % n for n in range(30000))  # 378,890 bytes

    def setUp(self):
        super().setUp()
        self.write("app.log", self.DATA)
        self.point = self.tmp / "point"
        self.point.mkdir()
        self.addCleanup(self.sweep)

    def sweep(self):
        """Leave nothing, whatever the outcome of the test."""
        while harness.mounted(self.point):
            subprocess.run(["umount", "-l", str(self.point)], capture_output=True)
        for pid in daemons(self.point):
            os.kill(pid, signal.SIGKILL)

    def assert_refused(self, code, *arguments, about=None, **options):
        """Exit `code`, one line on standard error that names its subject, nothing mounted, nothing running."""
        got, output, errors = bigfs(*arguments, **options)
        self.assertEqual(got, code, "%r: %s" % (arguments, errors))
        self.assertEqual(output, "", arguments)
        self.assertRegex(errors, r"\A[^\n]+\n\Z", "%r: not one line" % (arguments,))
        if about is not None:
            self.assertIn(str(about), errors)
        self.assertFalse(harness.mounted(self.point))
        self.assertEqual(daemons(self.point), [])

    def foreground(self, *arguments, wrapper=()):
        """Start the command with -f or -d, wait until it is mounted, and give the process."""
        process = subprocess.Popen([*wrapper, harness.BIGFS, *map(str, arguments)], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for(lambda: harness.mounted(self.point) or process.poll() is not None, LAG, "the mount")
        self.assertIsNone(process.poll(), "it ended with exit %s" % process.returncode)
        return process

    def in_background(self, *arguments, **options):
        """Run the command without -f until it succeeds, and give the daemon's pid."""
        self.assertEqual(bigfs(*arguments, **options), (0, "", ""))
        found = daemons(self.point)
        self.assertEqual(len(found), 1)
        return found[0]

    def assert_nothing_left(self):
        wait_for(lambda: not harness.mounted(self.point) and not daemons(self.point), LAG, "mount and daemon are gone")
