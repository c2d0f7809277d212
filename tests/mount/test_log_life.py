# SPDX-License-Identifier: MIT
"""What a mount says of its own life: to standard error, the journal, syslog and the service manager."""

import os
import re
import signal
import socket
import subprocess
import time

import harness
from harness import K, read, wait_for
from support import assert_alive, errno_of

SECONDS = 30
LINE = re.compile(r"^bigfs\[(\d+)\] (/\S*): (.*)$")

# Another /dev, with the test's socket as /dev/log, which only the daemon sees.
OWN_DEV = r"""set -e
mount --make-rprivate /
for name in fuse null; do touch "$1/$name"; mount --bind "/dev/$name" "$1/$name"; done
touch "$1/log"; mount --bind "$2" "$1/log"
mount --rbind "$1" /dev
shift 2; exec "$@"
"""


class Receiver:
    """A datagram socket at a path, or in the abstract namespace if the path begins with @."""

    def __init__(self, test, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        test.addCleanup(self.socket.close)
        self.socket.bind("\0" + path[1:] if path.startswith("@") else path)
        self.socket.settimeout(SECONDS)

    def next(self):
        return self.socket.recv(1 << 16)

    def nothing(self):
        self.socket.settimeout(0.2)
        try:
            return self.socket.recv(1 << 16)
        except TimeoutError:
            return None
        finally:
            self.socket.settimeout(SECONDS)


class LifeTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.write("a.txt", b"a\n")

    def said(self, mount):
        """What the log says, after the prefix that each of its lines has."""
        lines = [LINE.match(line) for line in mount.log().splitlines()]
        self.assertNotIn(None, lines, mount.log())
        self.assertEqual({line[1] for line in lines}, {str(mount.pid)})
        self.assertEqual({line[2] for line in lines}, {mount.path})
        return [line[3] for line in lines]

    def end_of(self, mount, end):
        """Ends a mount; what it said of its start and its end."""
        end(mount)
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "the end")
        start, stop = self.said(mount)
        self.assertRegex(start, r"^serving %s on %s \(bigfs \d+\.\d+\.\d+\)$" % (self.source, mount.path))
        return stop

    def test_start_and_end(self):
        ends = {
            "unmounted": lambda mount: harness.run("fusermount3", "-u", mount.path),
            "SIGTERM": lambda mount: mount.kill(signal.SIGTERM),
            "SIGINT": lambda mount: mount.kill(signal.SIGINT),
            "SIGHUP": lambda mount: mount.kill(signal.SIGHUP),
        }
        for why, end in ends.items():
            with self.subTest(why=why):
                mount = self.mount()
                self.assertEqual(read(mount.p("a.txt")), b"a\n")
                self.assertRegex(self.end_of(mount, end), r"^stopped: %s: served [1-9]\d* requests in \d+ s$" % why)

    def test_an_aborted_connection(self):
        self.require(os.geteuid() == 0, "mounting fusectl needs root")
        control = self.tmp / "control"
        control.mkdir()
        harness.run("mount", "-t", "fusectl", "fusectl", control)
        self._finally(lambda path: harness.run("umount", path), control)

        def abort(mount):
            (control / str(os.minor(os.stat(mount.path).st_dev)) / "abort").write_text("1")
        mount = self.mount()
        mount.allowed_trouble.append("the connection was aborted")
        self.assertIn("stopped: the connection was aborted", self.end_of(mount, abort))

    def test_levels(self):
        """Each says what the more severe ones say, and more."""
        self.assertEqual(self.said_at("error"), 0)
        self.assertEqual(self.said_at("warning"), 0)
        self.assertEqual(self.said_at("notice"), 2)
        self.assertEqual(self.said_at("info"), 2)
        self.assertEqual(self.said_at("notice", "-o", "log_level=warning"), 0)

    def said_at(self, level, *options):
        mount = self.mount(None, "--log-level", level, *options)
        read(mount.p("a.txt"))
        mount.unmount()
        return len(mount.log().splitlines())

    def test_each_request(self):
        """-d shows every request, each in a line of its own, with the prefix; whatever the level says."""
        for options in (["-d", "--log-level=error"], ["--log-level=debug"]):
            with self.subTest(options=options):
                self.check_requests(*options)

    def check_requests(self, *options):
        mount = self.mount(None, *options)
        mount.allowed_trouble.append("error: -2")
        for _ in range(50):
            self.assertEqual(errno_of(os.stat, mount.p("missing")), "ENOENT")
        mount.unmount()
        requests = [line for line in mount.log().splitlines()
                    if re.match(harness.PREFIX + r"unique: \d+, opcode: LOOKUP [^,]*, nodeid: \d+, .*pid: \d+$", line)]
        self.assertGreaterEqual(len(requests), 50)

    def test_the_journal_gets_levels(self):
        """If standard error is the stream that systemd has made, each line begins with its level."""
        name = self.tmp / "stream"
        name.touch()
        found = os.stat(name)
        script = 'exec 2>>"$1"; shift; exec "$@"'
        mount = self.mount(None, env={"JOURNAL_STREAM": "%d:%d" % (found.st_dev, found.st_ino)},
                           wrapper=["sh", "-c", script, "sh", name])
        mount.unmount()
        lines = name.read_text().splitlines()
        self.assertEqual(len(lines), 2, lines)
        for line in lines:
            self.assertRegex(line, r"^<5>bigfs\[\d+\] %s: (serving|stopped)" % mount.path)

    def test_syslog(self):
        """A daemon's lines: ident, pid, mountpoint, and no line break at their end."""
        self.require(os.geteuid() == 0, "a /dev of its own needs root")
        self.write("large.log", b"a line\n" * (64 * K))
        point, dev = self.tmp / "point", self.tmp / "dev"
        point.mkdir()
        dev.mkdir()
        log = Receiver(self, str(self.tmp / "socket"))
        argv = [harness.BIGFS, "--min-size=64K", "--cache=none", "--index-dir=none", self.source, point]
        harness.run("unshare", "-m", "sh", "-c", OWN_DEV, "sh", dev, self.tmp / "socket", *argv)
        start = re.fullmatch(rb"<29>.* bigfs\[(\d+)\]: %s: serving [^\n]*" % os.fsencode(point), log.next())
        self.assertIsNotNone(start)
        pid = int(start[1])
        self._finally(end_process, pid)
        with open("/proc/%d/root%s/large.log/lines/0" % (pid, point), "rb", buffering=0) as piece:
            os.pread(piece.fileno(), 10, 0)
            os.truncate(self.source / "large.log", 70000)
            self.assertEqual(errno_of(os.pread, piece.fileno(), 10, 0), "ESTALE")
        self.assertRegex(log.next(), rb"<28>[^\n]*\]: %s: large\.log: what is open of it is stale [^\n]*\Z"
                         % os.fsencode(point))
        os.kill(pid, signal.SIGTERM)
        self.assertRegex(log.next(), rb"<29>[^\n]*\]: %s: stopped: SIGTERM: [^\n]*\Z" % os.fsencode(point))
        wait_for(lambda: has_ended(pid), SECONDS, "the end")

    def test_a_hangup_leaves_a_daemon(self):
        mount = self.mount(foreground=False)
        for _ in range(3):
            mount.kill(signal.SIGHUP)
            time.sleep(0.1)
        assert_alive(self, mount)
        self.assertEqual(read(mount.p("a.txt")), b"a\n")


class UnreadTest(harness.MountTest):
    """Standard error is a pipe that is full and that nobody reads."""

    def setUp(self):
        super().setUp()
        self.write("a.txt", b"a\n")
        self.write("large.log", b"a line\n" * (64 * K))
        self.pipe = self.tmp / "pipe"
        os.mkfifo(self.pipe)
        self.end = os.open(self.pipe, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, self.end)
        for size in (64 * K, 1):
            try:
                while True:
                    os.write(self.end, b"x" * size)
            except BlockingIOError:
                pass

    def start(self, *options):
        script = 'exec 2<>"$1"; shift; exec "$@"'
        return self.mount(None, "--min-size=64K", "--index-dir=none", *options,
                          wrapper=["sh", "-c", script, "sh", self.pipe])

    def check(self, *options):
        mount = self.start(*options)
        for number in range(100):
            self.assertEqual(errno_of(os.stat, mount.p("large.log/wrong-%d" % number)), "ENOENT")
        self.assertEqual(read(mount.p("a.txt")), b"a\n")
        self.assertEqual(read(mount.p("large.log/lines/0")), read(self.source / "large.log"))
        self.assertIn(b"bigfs", read(mount.p(".bigfs/status")))
        mount.kill(signal.SIGTERM)
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "the end")
        self.assertEqual(mount.exit_code(), 0)

    def test_requests_go_on(self):
        self.check("--log-level=info")

    def test_requests_that_are_shown_go_on(self):
        self.check("-d")

    def test_a_late_reader(self):
        """It gets the first lines, and how many are missing."""
        mount = self.start("--log-level=info")
        for number in range(60):
            errno_of(os.stat, mount.p("large.log/wrong-%d" % number))
        text = b""

        def gets(wanted):
            nonlocal text
            try:
                text += os.read(self.end, 64 * K)
            except BlockingIOError:
                pass
            return wanted in text
        wait_for(lambda: gets(b"more lines were left out (names that fit no rule)"), SECONDS, "the count")
        self.assertIn(b": serving ", text)
        self.assertIn(b"large.log/wrong-0: no such name", text)


class ManagerTest(harness.MountTest):
    """sd_notify(3)."""

    def setUp(self):
        super().setUp()
        self.write("a.txt", b"a\n")

    def check(self, name, foreground):
        manager = Receiver(self, name)
        mount = self.mount(foreground=foreground, env={"NOTIFY_SOCKET": name})
        ready = manager.next().decode().split("\n")
        status = "STATUS=serving %s on %s" % (self.source, mount.path)
        main = [] if foreground else ["MAINPID=%d" % mount.pid]
        self.assertEqual(ready, main + ["READY=1", status])
        self.assertIsNone(manager.nothing())
        self.assertEqual(read(mount.p("a.txt")), b"a\n")
        mount.kill(signal.SIGTERM)
        self.assertEqual(manager.next(), b"STOPPING=1\nSTATUS=ending")
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "the end")

    def test_a_path(self):
        self.check(str(self.tmp / "notify1"), True)
        self.check(str(self.tmp / "notify2"), False)

    def test_the_abstract_namespace(self):
        self.check("@bigfs-test-%d-1" % os.getpid(), True)
        self.check("@bigfs-test-%d-2" % os.getpid(), False)

    def test_what_cannot_be_used(self):
        """The mount does not depend on it."""
        for name in ("", "@", "/", "relative", str(self.tmp / "nobody"), "/" + "x" * 200, "vsock:2:1234"):
            with self.subTest(name=name):
                mount = self.mount(env={"NOTIFY_SOCKET": name})
                self.assertEqual(read(mount.p("a.txt")), b"a\n")
                mount.unmount()


def has_ended(pid):
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid  # if the test has adopted it
    except ChildProcessError:
        return not os.path.exists("/proc/%d" % pid)


def end_process(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


if __name__ == "__main__":
    harness.main()
