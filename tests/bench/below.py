# SPDX-License-Identifier: MIT
"""A file system below a mount that counts what it is asked for: what a shared file system's server would see."""

import os
import socket
import time

import peers

UNRULY = peers.ROOT / "tests" / "mount" / "unruly_fuse.c"
CACHED = "attr_timeout=60,entry_timeout=60"  # as NFS and others keep attributes and names: only what is asked afresh is seen
QUIET, LONGEST = 0.4, 20  # seconds without a request: what goes on in the background has ended


class Below(peers.Mount):
    """A directory through unruly_fuse, whose readahead is so many KiB (None: the kernel's own)."""

    def __init__(self, bench, directory, readahead=None):
        self.control = str(bench.work / ("control%d" % time.monotonic_ns()))
        self.readahead = readahead
        program = peers.compiled(bench, UNRULY)
        super().__init__(bench.work, [program, directory, "MOUNTPOINT", self.control, "-o", CACHED])

    def start(self):
        super().start()
        if self.readahead is not None:
            device = os.stat(self.point).st_dev
            with open("/sys/class/bdi/%d:%d/read_ahead_kb" % (os.major(device), os.minor(device)), "w") as setting:
                setting.write("%d\n" % self.readahead)

    def __exit__(self, *_):
        super().__exit__()
        if os.path.exists(self.control):
            os.unlink(self.control)

    def command(self, text):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.control)
            control.sendall(text.encode())
            control.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: control.recv(1 << 16), b"")).decode()

    def rule(self, line):
        if self.command("set\n%s\n" % line) != "ok":
            raise RuntimeError("not a rule: %s" % line)

    def counts(self):
        """Requests by operation and bytes, since the start."""
        asked = {name: int(count) for name, count in map(str.split, self.command("asked").splitlines())}
        return dict(asked, bytes=int(self.command("given")))

    def settled(self):
        """The same, once nothing more is asked."""
        deadline, counts = time.monotonic() + LONGEST, self.counts()
        while time.monotonic() < deadline:
            time.sleep(QUIET)
            before, counts = counts, self.counts()
            if counts == before:
                return counts
        raise RuntimeError("requests go on for %d s" % LONGEST)


def difference(before, after):
    return {name: after[name] - before[name] for name in after}
