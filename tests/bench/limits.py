# SPDX-License-Identifier: MIT
"""How far it goes: sizes, pieces, memory. A part of the group scale."""

import contextlib
import os
import random
import statistics
import subprocess
import time

import measure
import peers
import shared
from data import make_files

LARGEST = 2 ** 63 - 4096  # what tmpfs serves to its last byte
VIEW, LOOKUPS = 10 ** 9, 2000
NAMES, TABLE, NODES, OPEN = 10 ** 6, 16 * 10 ** 6, 10 ** 5, 5000


@contextlib.contextmanager
def tmpfs(bench):
    """The only file system here that takes a file of 8 EiB."""
    point = bench.work / "tmpfs"
    point.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", point], check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


def largest(bench):
    """Microseconds for the last 10 bytes of the largest file, and for one of 10^9 pieces of it."""
    with tmpfs(bench) as point:
        with open(point / "huge.log", "wb") as file:
            file.truncate(LARGEST)
            os.pwrite(file.fileno(), b"last line\n", LARGEST - 10)
        with peers.bigfs(bench, "--index-dir=none", source=point) as mount:
            end = mount / ("huge.log/bytes/%d+10" % (LARGEST - 10))
            if measure.output_of(["cat", end]) != "last line\n":
                raise RuntimeError("the end of the largest file is wrong")
            return {view: lookups(mount / ("huge.log/%s@n%d" % (view, VIEW))) for view in ("bytes", "lines")}


def lookups(view):
    """The median of look-ups of pieces that nobody has looked at, in microseconds."""
    dice = random.Random(1)
    return 1e6 * statistics.median(measure.seconds(os.stat, "%s/%d" % (view, dice.randrange(VIEW))) for _ in range(LOOKUPS))


def anonymous(mount):
    return measure.memory(mount.process.pid)[measure.ANONYMOUS]


def taken(mount, use):
    """Seconds, and by how many bytes the daemon grows meanwhile and afterwards."""
    before = anonymous(mount)
    with measure.MemoryWatch(mount.process.pid, 0.02) as watch:
        seconds = measure.seconds(use)
    return {"s": seconds, "most": watch.most[measure.ANONYMOUS] - before, "left": anonymous(mount) - before}


def names(mount):
    if sum(1 for _ in os.scandir(mount / ("log.txt/bytes@n%d" % NAMES))) != NAMES:
        raise RuntimeError("not %d names" % NAMES)


def opened(mount):
    """Bytes for each piece that is open at once."""
    before, paths = anonymous(mount), [mount / ("log.txt/bytes@n%d/%d" % (NAMES, n)) for n in range(OPEN)]
    for path in paths:
        os.stat(path)
    known = anonymous(mount)
    descriptors = [os.open(path, os.O_RDONLY) for path in paths]
    grown = anonymous(mount) - known
    for descriptor in descriptors:
        os.close(descriptor)
    return {"node": (known - before) / OPEN, "handle": grown / OPEN}


def views(bench):
    with peers.bigfs(bench, "--index-dir=none", source=shared.directory(bench)) as mount:
        os.stat(mount / "log.txt/bytes")
        idle = anonymous(mount)
        result = {"names": taken(mount, lambda: names(mount)),
                  "table": taken(mount, lambda: measure.warm(mount / ("log.txt/bytes@n%d.tsv" % TABLE))),
                  "lines table": taken(mount, lambda: measure.warm(mount / ("log.txt/lines@n%d.tsv" % NAMES)))}
    with peers.bigfs(bench, "--index-dir=none", source=shared.directory(bench)) as mount:
        os.stat(mount / "log.txt/bytes")
        return dict(result, idle=idle, open=opened(mount))


def files(bench):
    """Bytes for each file that a walk has looked at."""
    many = bench.work / ("files%d" % NODES)
    make_files(many, NODES)
    with peers.bigfs(bench, "--index-dir=none", source=many) as mount:
        return taken(mount, lambda: [entry.stat() for entry in os.scandir(mount.point)])


def index_memory(bench, size):
    """The index of a file as large as a driver can make it up in a minute: bytes kept, and in memory."""
    with peers.Null(bench, "kernel", 1, size) as null:
        kept = shared.fresh_kept(bench)
        shared.index_of(null.point / "0", kept)
        with peers.bigfs(bench, "--index-dir", kept, source=null.point) as mount:
            os.stat(mount / "0/bytes/1")
            time.sleep(1)  # the sample
            found = taken(mount, lambda: os.stat(mount / "0/rows/1000000+10"))
        return {"size": size, "kept": shared.kept_sizes(bench)["lines"], "left": found["left"], "s": found["s"]}


def run(bench):
    return {"largest": [largest(bench) for _ in range(bench.rounds)], "views": [views(bench) for _ in range(bench.rounds)],
            "files": files(bench), "index": index_memory(bench, 16 * bench.size)}
