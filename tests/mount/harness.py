# SPDX-License-Identifier: MIT
"""The harness of the mount tests: a real mount for every test, and nothing left of it afterwards.

    class ThingTest(harness.MountTest):
        def test_thing(self):
            self.write("a.log", b"x\n")
            mount = self.mount(None, "--min-size", "0")
            self.assertEqual(read(mount.p("a.log", "lines", "0")), b"x\n")

    if __name__ == "__main__":
        harness.main()

Environment: BIGFS (the binary), BIGFS_SEED (repeat a property test), BIGFS_TEST_DEADLINE (seconds after
which the daemons are killed so that a hung test ends), CI (a missing /dev/fuse fails instead of skips).
"""

import atexit
import ctypes
import errno
import faulthandler
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BIGFS = os.environ.get("BIGFS", str(REPO / "build" / "bigfs"))

K, M, G, T = 1 << 10, 1 << 20, 1 << 30, 1 << 40
START_SECONDS = 30  # for a mount to answer
STOP_SECONDS = 30  # for a daemon to end after its unmount
BUSY_SECONDS = 10  # for a busy mount to become free
TROUBLE = re.compile(r"assert|sanitizer|runtime error|segv|abort|warning|error", re.IGNORECASE)
PREFIX = r"bigfs\[\d+\] /\S*: "  # of each line of the log on standard error
SMALLEST = {"ext4": 16 * M, "xfs": 320 * M, "btrfs": 128 * M, "tmpfs": 64 * K}

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True)
_live = []  # mounts not undone yet, for the deadline and for an interrupted run
_undo = []  # (function, argument) to run at exit if a test never reached its clean-up


# --- small helpers -----------------------------------------------------------------------------------

def read(path):
    """The whole content of one file."""
    with open(path, "rb") as file:
        return file.read()


def pread(path, length, offset=0):
    """Up to length bytes at offset, by one open and as many preads as needed."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        parts = []
        while length > 0:
            part = os.pread(descriptor, length, offset)
            if not part:
                break
            parts.append(part)
            length -= len(part)
            offset += len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def run(*argv, **options):
    """Run a command, in the C locale; a failure raises with its standard error."""
    env = dict(os.environ, LC_ALL="C", **options.pop("env", {}))
    result = subprocess.run([os.fspath(a) for a in argv], capture_output=True, env=env, **options)
    if result.returncode:
        raise AssertionError("%r: exit %d\n%s" % (argv, result.returncode, result.stderr.decode(errors="replace")))
    return result.stdout


def wait_for(condition, seconds, what):
    """Poll until condition() is true and return its value; an AssertionError names what did not happen."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("waited %s s: %s" % (seconds, what))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


def seed(name=""):
    """The seed of a property test, from BIGFS_SEED or fresh, printed so that it can be repeated."""
    value = int(os.environ.get("BIGFS_SEED") or random.SystemRandom().randrange(1 << 32))
    print("%s: BIGFS_SEED=%d" % (name or "seed", value), flush=True)
    return value


def mounted(path):
    """Whether path is a mountpoint now, by the kernel's table (a dead mount does not answer stat)."""
    wanted = os.fsencode(path)
    with open("/proc/self/mountinfo", "rb") as table:
        for line in table:
            point = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), line.split()[4])
            if point == wanted:
                return True
    return False


# --- one mount ---------------------------------------------------------------------------------------

class Mount:
    """A running bigfs. `expected_exit` and `allowed_trouble` (regular expressions) loosen unmount()'s checks."""

    def __init__(self, source, path, options, env, wrapper, foreground, log_path):
        self.source, self.path, self.foreground = str(source), str(path), foreground
        self.expected_exit = 0
        self.allowed_trouble = []
        self.pid = None
        self._log_path = log_path
        self._exit = None
        self._unmounted = False
        self._argv = [*wrapper, BIGFS, *(["-f"] if foreground else []), self.source, self.path, *map(str, options)]
        before = os.stat(self.path).st_dev
        _live.append(self)
        self._start(env)
        self._wait_until_it_answers(before)

    def _start(self, env):
        if not self.foreground:  # the test adopts the daemon and sees its exit code
            _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        main_thread = threading.current_thread() is threading.main_thread()

        def before_exec():  # if the test is killed, its daemon ends too and unmounts
            if main_thread:
                _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=None if env is None else {**os.environ, **{k: str(v) for k, v in env.items()}},
                preexec_fn=before_exec if self.foreground else None)

    def _wait_until_it_answers(self, before):
        if not self.foreground:
            try:
                code = self._process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                code = "none: it never returned"
            if code != 0:
                self._fail_start("exit %s" % code)
            self.pid = self._find_daemon()
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self.foreground and self._process.poll() is not None:
                self._fail_start("exit %d" % self._process.returncode)
            try:
                if os.stat(self.path).st_dev != before:
                    break
            except OSError as error:  # the daemon has just died
                if time.monotonic() > deadline:
                    self._fail_start(str(error))
            if not self.foreground:  # DESIGN 3: without -f the command returns when the mount answers
                self._fail_start("the command returned before the mount answered")
            if time.monotonic() > deadline:
                self._fail_start("no mount after %d s" % START_SECONDS)
            time.sleep(0.01)
        if self.foreground:
            self.pid = self._find_daemon() or self._process.pid

    def _fail_start(self, why):
        log = self.log()
        self.force()
        raise AssertionError("%s did not mount (%s):\n%s" % (" ".join(self._argv), why, log))

    def _find_daemon(self):
        """The process with the mount's command line: the started one, its child under a wrapper, or the daemon."""
        wanted = [os.fsencode(a) for a in self._argv[self._argv.index(BIGFS):]]
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if read("/proc/%s/cmdline" % entry).split(b"\0")[:-1] == wanted:
                        return int(entry)
                except OSError:
                    pass
        return None

    def p(self, *parts):
        """A path inside the mount."""
        return os.path.join(self.path, *map(os.fspath, parts))

    def log(self):
        """What the daemon has written so far, both streams."""
        return read(self._log_path).decode(errors="replace")

    def fds(self):
        """What the daemon's descriptors point to, sorted."""
        names = []
        for entry in os.listdir("/proc/%d/fd" % self.pid):
            try:
                names.append(os.readlink("/proc/%d/fd/%s" % (self.pid, entry)))
            except FileNotFoundError:
                pass  # closed meanwhile
        return sorted(names)

    def maps(self):
        """The lines of the daemon's memory map."""
        return read("/proc/%d/maps" % self.pid).decode(errors="replace").splitlines()

    def exit_code(self):
        """The daemon's exit code once it has ended, None while it runs (as subprocess: negative for a signal)."""
        if self.foreground:
            return self._process.poll()
        if self._exit is None and self.pid is not None:
            try:
                done, status = os.waitpid(self.pid, os.WNOHANG)
                if done:
                    self._exit = os.waitstatus_to_exitcode(status)
            except ChildProcessError:
                self._exit = 0 if not os.path.exists("/proc/%d" % self.pid) else None
        return self._exit

    def unmount(self):
        """Unmount as a user does; the daemon must exit with 0 and must not have complained."""
        if self._unmounted:
            return
        self._unmounted = True
        try:
            self._fusermount()
            wait_for(lambda: self.exit_code() is not None, STOP_SECONDS, "bigfs ends after its unmount")
        except AssertionError as error:
            raise AssertionError("%s\nthe log:\n%s" % (error, self.log())) from None
        finally:
            self.force()
        self._check_end()

    def _fusermount(self):
        deadline = time.monotonic() + BUSY_SECONDS
        while mounted(self.path):
            result = subprocess.run(["fusermount3", "-u", self.path], capture_output=True, text=True)
            if result.returncode and mounted(self.path):
                if time.monotonic() > deadline:
                    raise AssertionError("fusermount3 -u: %s" % result.stderr.strip())
                time.sleep(0.05)

    def _check_end(self):
        text = self.log()
        if self.exit_code() != self.expected_exit:
            raise AssertionError("bigfs: exit %s, expected %s\nthe log:\n%s"
                                 % (self.exit_code(), self.expected_exit, text))
        bad = [line for line in text.splitlines() if TROUBLE.search(line.partition(" was answered with EIO: ")[0])
               and not any(re.search(allowed, line) for allowed in self.allowed_trouble)]
        if bad:
            raise AssertionError("bigfs complained: %s\nthe log:\n%s" % (bad[0], text))

    def force(self):
        """Leave nothing: unmount lazily, then end the daemon by its pid. Never raises."""
        for command in (["fusermount3", "-u", "-z", self.path], ["umount", "-l", self.path]):
            if mounted(self.path):
                subprocess.run(command, capture_output=True)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._gone(2):
                break
            self.kill(number)
        self._gone(5)
        if self in _live:
            _live.remove(self)

    def _gone(self, seconds):
        ended = lambda: self.exit_code() is not None or (not self.foreground and self.pid is None)
        try:
            return wait_for(ended, seconds, "the end")
        except AssertionError:
            return False

    def kill(self, number=signal.SIGKILL):
        """Send a signal to the daemon (and to its wrapper if that is still running), by pid."""
        if self.exit_code() is None:
            for pid in {self.pid, self._process.pid if self.foreground else None} - {None}:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass


# --- the test case -----------------------------------------------------------------------------------

class MountTest(unittest.TestCase):
    """A test with a private source directory, mounts of it and file systems below it."""

    maxDiff = 2000

    def setUp(self):
        self.require(shutil.which("fusermount3"), "fusermount3 is not installed")
        self.require(_can_open_fuse(), "/dev/fuse cannot be opened")
        self.assertTrue(os.access(BIGFS, os.X_OK), "%s is not built" % BIGFS)
        self.tmp = Path(tempfile.mkdtemp(prefix="bigfs-test-")).resolve()
        self._finally(_remove_tree, self.tmp)
        self.source = self.tmp / "source"
        self.source.mkdir()
        os.environ["XDG_CACHE_HOME"] = str(self.tmp / "cache")  # line indexes also stay in the test's directory
        self._count = 0

    def require(self, condition, reason):
        """Skip unless condition holds; if CI is set, fail instead."""
        if not condition:
            if os.environ.get("CI"):
                self.fail("missing under CI: " + reason)
            self.skipTest(reason)

    def assert_errno(self, number, function, *arguments):
        """function(*arguments) must fail with this errno."""
        try:
            result = function(*arguments)
        except OSError as error:
            self.assertEqual(errno.errorcode[error.errno], errno.errorcode[number], arguments)
        else:
            self.fail("%s%r gave %r, not %s" % (function.__name__, arguments, result, errno.errorcode[number]))

    def _finally(self, function, argument):
        """A clean-up that also runs when the whole run is interrupted."""
        step = (function, argument)
        _undo.append(step)

        def once():
            if step in _undo:
                _undo.remove(step)
                function(argument)
        self.addCleanup(once)

    def _fresh(self, name):
        self._count += 1
        return self.tmp / ("%s%d" % (name, self._count))

    def write(self, name, data):
        """Write a file in the source directory, and make the directories above it."""
        path = self.source / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def mount(self, source=None, *options, env=None, wrapper=(), foreground=True):
        """Mount a source (self.source if None) and wait until it answers; unmounted and checked at clean-up."""
        point = self._fresh("mnt")
        point.mkdir()
        log_path = self._fresh("log")
        log_path.touch()
        mount = Mount(source or self.source, point, options, env, tuple(map(str, wrapper)), foreground, log_path)
        self._finally(Mount.force, mount)
        self.addCleanup(mount.unmount)
        return mount

    def filesystem(self, kind, size):
        """A fresh ext4, xfs or btrfs (a sparse loop image of at least size bytes) or tmpfs; its root directory."""
        self.require(os.geteuid() == 0, "a %s needs root" % kind)
        root = self._fresh(kind)
        root.mkdir()
        size = max(size, SMALLEST[kind])
        if kind == "tmpfs":
            self._finally(_unmount_filesystem, (root, None))
            run("mount", "-t", "tmpfs", "-o", "size=%d,mode=0755" % size, "tmpfs", root)
            return root
        tool = shutil.which("mkfs." + kind, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        self.require(tool, "mkfs.%s is not installed" % kind)
        image = self._fresh("image")
        with open(image, "wb") as file:
            file.truncate(size)
        run(tool, *{"ext4": ["-q", "-F"], "xfs": ["-q", "-f"], "btrfs": ["-q", "-f"]}[kind], image)
        self._finally(_unmount_filesystem, (root, image))
        mounting = subprocess.run(["mount", "-t", kind, "-o", "loop", str(image), str(root)],
                                  capture_output=True, text=True)
        self.require(mounting.returncode == 0, "no %s here: %s" % (kind, mounting.stderr.strip()))
        return root


def kernel():
    """Its version: (6, 18)."""
    return tuple(map(int, os.uname().release.split(".")[:2]))


def _can_open_fuse():
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC))
        return True
    except OSError:
        return False


def _unmount_filesystem(what):
    """Unmount and free the loop device; lazily, and with a failure, if something still holds it."""
    root, image = what
    stuck = ""
    deadline = time.monotonic() + BUSY_SECONDS
    while mounted(root):
        result = subprocess.run(["umount", str(root)], capture_output=True, text=True)
        if result.returncode and time.monotonic() > deadline:
            stuck = result.stderr.strip()
            subprocess.run(["umount", "-l", str(root)], capture_output=True)
        elif result.returncode:
            time.sleep(0.05)
    if image is not None:
        for line in run("losetup", "-j", image).decode().splitlines():
            subprocess.run(["losetup", "-d", line.split(":")[0]], capture_output=True)
    if stuck:
        raise AssertionError("the file system below a mount stayed busy: " + stuck)


def _remove_tree(path):
    def writable_and_again(function, name, _):
        os.chmod(os.path.dirname(name), 0o700)
        function(name)
    shutil.rmtree(os.fsencode(path), onerror=writable_and_again)


# --- running a file of tests -------------------------------------------------------------------------

class _Result(unittest.TextTestResult):
    """Counts tests, not sub-tests."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.good, self.bad = set(), set()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.good.add(test.id())

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.good.add(test.id())

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.bad.add(test.id())

    def addError(self, test, err):
        super().addError(test, err)
        self.bad.add(test.id())

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.bad.add(test.id())

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.bad.add(test.id())


@atexit.register
def _undo_all():
    for mount in list(_live):
        mount.force()
    while _undo:
        function, argument = _undo.pop()
        try:
            function(argument)
        except Exception as error:  # the rest must still be undone
            print("clean-up: %s" % error, file=sys.stderr)


def _kill_when_late(seconds):
    """A hung mount cannot be interrupted from inside. After the deadline the daemons are killed, and so tests fail."""
    def expire():
        if done.wait(seconds):
            return
        print("no end after %d s; the threads are at:" % seconds, file=sys.stderr, flush=True)
        faulthandler.dump_traceback(all_threads=True)
        while not done.wait(1):
            for mount in list(_live):
                mount.kill()
    done = threading.Event()
    threading.Thread(target=expire, daemon=True).start()
    return done


def main():
    """Run the tests of the calling file (or those named as arguments); exit 0, 1, or 77 if all were skipped."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    done = _kill_when_late(int(os.environ.get("BIGFS_TEST_DEADLINE", "540")))
    runner = unittest.TextTestRunner(verbosity=2, resultclass=_Result, failfast="--failfast" in sys.argv)
    result = runner.run(suite)
    done.set()
    good, bad, skipped = len(result.good - result.bad), len(result.bad), len(result.skipped)
    sys.stderr.flush()
    print("%d passed, %d failed, %d skipped" % (good, bad, skipped), flush=True)
    sys.exit(1 if bad or not (good or skipped) else 77 if not good else 0)
