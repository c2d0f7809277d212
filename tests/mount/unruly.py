# SPDX-License-Identifier: MIT
"""The tests' own FUSE file system, which misbehaves as a test says (see the head of unruly_fuse.c).

    net = Unruly(self, self.source)                     # a mount, net.path, of the directory self.source
    net = Unruly(self, directory, "-o", "direct_io", at=self.source / "net")
    mount = self.mount(net.path)

    net.rules(rule("getattr", "hang", path="/stuck"),   # instead of all rules before, at once
              rule("read", "errno", errno.EIO, start=1 * M, end=2 * M))
    net.wait_held(3)                                    # until three requests hang
    net.asked()["getattr"]                              # how many there have been
    net.given()                                         # how many bytes they have read
    net.let_go()                                        # no rules, nothing hangs

With `with net.misbehaving(rule(...)):` the rules end with the block. What hangs is let go when the test ends, before
the mounts above are unmounted; nothing is left, even if the test or its set-up fails.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading

import harness
from harness import mounted, wait_for

SECONDS = 30  # for what must happen soon, even on a busy machine


def rule(operation, action, n=0, path="/", start=0, end=0, times=0):
    """One rule: `operation` of paths that begin with `path` (for reads of [start, end) alone) does `action`."""
    return "%s %s %d %d %d %d %s" % (operation, action, n, times, start, end, path)


class Unruly:
    """A running unruly_fuse over `directory`, mounted at `at` (or at a directory of the test's own)."""

    def __init__(self, test, directory, *options, at=None, rules=()):
        program = os.path.join(os.path.dirname(harness.BIGFS), "tests", "unruly_fuse")
        test.require(os.access(program, os.X_OK), "%s is not built" % program)
        self.path = str(at or test._fresh("unruly"))
        self._socket = str(test._fresh("control"))
        os.makedirs(self.path, exist_ok=True)
        main_thread = threading.current_thread() is threading.main_thread()
        libc = ctypes.CDLL(None)

        def before_exec():  # a test that is killed takes it along
            if main_thread:
                libc.prctl(harness.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

        self._process = subprocess.Popen([program, str(directory), self.path, self._socket, *map(str, options)],
                                         stdin=subprocess.DEVNULL, preexec_fn=before_exec)
        self.pid = self._process.pid
        test._finally(Unruly.close, self)
        self._before_unmounts(test)
        self._wait_until_it_answers(test)
        self.rules(*rules)

    def _before_unmounts(self, test):
        """The mounts above are unmounted by clean-ups, which come after tearDown."""
        tear_down = test.tearDown

        def let_go_first():
            self._let_go_quietly()
            tear_down()
        test.tearDown = let_go_first

    def _wait_until_it_answers(self, test):
        wait_for(lambda: mounted(self.path) or self._process.poll() is not None, SECONDS, "unruly_fuse is mounted")
        test.assertIsNone(self._process.poll(), "unruly_fuse ended")

    def _command(self, text):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(SECONDS)
            control.connect(self._socket)
            control.sendall(os.fsencode(text))
            control.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: control.recv(1 << 16), b"")).decode()

    def rules(self, *rules):
        """These rules, made by rule(), instead of all before; they hold for requests that hang, too."""
        answer = self._command("set\n" + "".join("%s\n" % line for line in rules))
        if answer != "ok":
            raise ValueError("%s: %r" % (answer, rules))

    def let_go(self):
        """No rules: nothing misbehaves, and what hangs goes on. (Once it has ended nothing hangs.)"""
        if self._process.poll() is None:
            self.rules()

    def _let_go_quietly(self):
        with contextlib.suppress(OSError):
            self.let_go()

    @contextlib.contextmanager
    def misbehaving(self, *rules):
        """The rules for as long as the block lasts."""
        self.rules(*rules)
        try:
            yield self
        finally:
            self.let_go()

    def held(self):
        """How many requests hang now."""
        return int(self._command("held"))

    def wait_held(self, at_least=1):
        """Wait until so many requests hang."""
        wait_for(lambda: self.held() >= at_least, SECONDS, "%d requests hang" % at_least)

    def asked(self):
        """The number of requests since the start, by operation."""
        return {name: int(count) for name, count in map(str.split, self._command("asked").splitlines())}

    def given(self):
        """The bytes that reads have given since the start."""
        return int(self._command("given"))

    def abort(self):
        """End it at once, like a server that dies: waiting requests fail; the mount stays and answers ENOTCONN."""
        self._process.kill()
        self._process.wait()

    def close(self):
        """Let go, end, unmount. Never hangs: the end of the process ends all its requests."""
        self._let_go_quietly()
        if mounted(self.path) and self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(["umount", self.path], capture_output=True, timeout=SECONDS)
        self.abort()
        for command in (["umount", "-l", self.path], ["fusermount3", "-u", "-z", self.path]):
            if mounted(self.path):
                subprocess.run(command, capture_output=True)
