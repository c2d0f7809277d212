# SPDX-License-Identifier: MIT
"""How soon the mount answers, and how much memory the daemon takes."""

import os
import random
import subprocess
import threading
import time

import measure
import peers
from data import G, M, T, make_marked
from report import Result

KINDS = (measure.ANONYMOUS, measure.MAPPED)
READERS, SECONDS = 64, 8
PROCESSORS = 64
OWN_MEMORY = 48  # MB, at most, with READERS
CACHES = ("kernel", "none")


def run(bench):
    directory = bench.work / "large"
    directory.mkdir(exist_ok=True)
    make_marked(directory / "large.log", T, (place + k * M for place in range(0, T, 16 * G) for k in range(32)))
    kept = [{"mount": mount_and_answer(bench, directory)} for _ in range(2 * bench.rounds)]
    for cache in CACHES:
        for name, found in (("", of_holes(bench, directory, cache)), ("disk, ", from_disk(bench, cache))):
            kept[0].update({figure(name + when, cache, kind): found[when][kind] for when in found for kind in KINDS})
    return kept


def figure(when, cache, kind):
    return "%s, %s, %s" % (when, cache, kind)


def mount_and_answer(bench, directory):
    """Seconds from the command to the answer to a first look."""
    point = bench.work / "answering"
    point.mkdir(exist_ok=True)

    def mount():
        subprocess.run([peers.BIGFS, directory, point], check=True)
        os.stat(point / "large.log/lines")
    try:
        return measure.seconds(mount)
    finally:
        subprocess.run(["fusermount3", "-u", point], check=True)
        point.rmdir()


def with_readers(mount, read_one, seconds=SECONDS):
    """Memory of a mount's daemon: as it is, the most with READERS that read, and what is left then."""
    idle, done = measure.memory(mount.process.pid), threading.Event()

    def read_on(number):
        dice = random.Random(number)
        while not done.is_set():
            read_one(dice, done)
    threads = [threading.Thread(target=read_on, args=(number,)) for number in range(READERS)]
    with measure.MemoryWatch(mount.process.pid) as watch:
        try:
            for thread in threads:
                thread.start()
            time.sleep(seconds)
        finally:
            done.set()
            for thread in threads:
                thread.join()
    return {"idle": idle, "most": watch.most, "left": measure.memory(mount.process.pid)}


def read_in_steps(path, done):
    """Read a piece from its beginning, in large steps, until done."""
    buffer = bytearray(M)
    with open(path, "rb", buffering=0) as file:
        while not done.is_set() and file.readinto(buffer):
            pass


def of_holes(bench, directory, cache):
    """A file of a TiB that is nearly all hole, so that nothing waits for a disk."""
    with peers.bigfs(bench, "--cache", cache, source=directory) as mount:
        os.stat(mount / "large.log/lines")
        return with_readers(mount, lambda dice, done: read_in_steps(
            mount / ("large.log/lines/%d" % (256 * dice.randrange(64) + dice.randrange(2))), done))


def from_disk(bench, cache):
    """A file of which nothing is in memory, and threads as on a large machine: many wait at the same time."""
    measure.drop(bench.log)
    with peers.bigfs(bench, "--cache", cache, processors=PROCESSORS) as mount:
        return with_readers(mount, reads_of_pieces(mount))


def reads_of_pieces(mount):
    pieces = len(os.listdir(mount / "big.log/bytes"))
    return lambda dice, done: read_in_steps(mount / ("big.log/bytes/%d" % dice.randrange(pieces)), done)


def report(bench, kept):
    result = Result("footprint", """The mount of a sparse file of 1 TiB goes to the background, and `stat` of one of its views answers:
the first row is the time until then. The others are the daemon's memory, which /proc/PID/smaps_rollup tells. "Own" is
its anonymous memory. "Mapped" is pages of files that it has mapped, its program and libraries among them; they belong to
the page cache, and the kernel takes them back if it needs memory. %d readers read random pieces on and on in steps of
1 MiB. A look every 50 ms finds the most; another one finds what is left when the readers have ended. "From the disk"
means the same readers of a file of %.1f GB that was not in the page cache, and a daemon with the threads that it would
have on %d processors. Lower is better.""" % (READERS, bench.size / 1e9, PROCESSORS),
                    ["", *("`--cache %s`, %s" % (cache, kind) for cache in CACHES for kind in ("own", "mapped"))])

    def megabytes(when, cache, kind):
        return kept[0][figure(when, cache, kind)] / 1e6
    mount = 1000 * measure.median(kept, "mount")
    result.add("until the mount answers, ms", mount, "", "", "")
    for what, when in (("idle", "idle"), ("with %d readers" % READERS, "most"), ("afterwards", "left"),
                       ("from the disk, %d readers" % READERS, "disk, most"), ("afterwards", "disk, left")):
        result.add(what + ", MB", *(megabytes(when, cache, kind) for cache in CACHES for kind in KINDS))
    result.claim("until the mount answers", mount, most=50, unit=" ms")
    result.claim("idle, own", megabytes("idle", "kernel", measure.ANONYMOUS), most=11, unit=" MB")
    for what, when in (("", "most"), (", from the disk", "disk, most")):
        for cache in CACHES:
            result.claim("%d readers%s, --cache %s, own" % (READERS, what, cache),
                         megabytes(when, cache, measure.ANONYMOUS), most=OWN_MEMORY, unit=" MB")
    return result
