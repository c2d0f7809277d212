"""Point 7: how soon the mount answers, and how much memory the daemon has of its own."""

import os
import random
import subprocess
import threading
import time

import measure
import peers
from data import G, M, T, make_marked
from report import Result

READERS, SECONDS = 64, 8
PROCESSORS = 64
CACHES = ("kernel", "none")


def run(bench):
    directory = bench.work / "large"
    directory.mkdir(exist_ok=True)
    make_marked(directory / "large.log", T, (place + k * M for place in range(0, T, 16 * G) for k in range(32)))
    kept = [{"mount": mount_and_answer(bench, directory)} for _ in range(2 * bench.rounds)]
    for cache in CACHES:
        for name, found in (("", of_holes(bench, directory, cache)), ("disk, ", from_disk(bench, cache))):
            kept[0].update({"%s%s, %s" % (name, key, cache): value for key, value in found.items()})
    return kept


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


def own_memory(pid):
    """Bytes of memory that only this process has: anonymous and private, without pages of files."""
    with open("/proc/%d/smaps_rollup" % pid) as file:
        fields = {line.split()[0]: int(line.split()[1]) << 10 for line in list(file)[1:]}
    return fields["Anonymous:"]


def memory(mount, read_one):
    """Of the daemon of a mount: as it is, the most with READERS that read, and what is left then."""
    idle, most, done = own_memory(mount.process.pid), [0], threading.Event()

    def watch():
        while not done.wait(0.05):
            most[0] = max(most[0], own_memory(mount.process.pid))

    def read_on(number):
        dice = random.Random(number)
        while not done.is_set():
            read_one(dice, done)
    threads = [threading.Thread(target=watch), *(threading.Thread(target=read_on, args=(n,)) for n in range(READERS))]
    try:
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    return {"idle": idle, "most": most[0], "left": own_memory(mount.process.pid)}


def read_in_steps(path, done):
    """A piece from its beginning, in large steps, until it is enough."""
    buffer = bytearray(M)
    with open(path, "rb", buffering=0) as file:
        while not done.is_set() and file.readinto(buffer):
            pass


def of_holes(bench, directory, cache):
    """A file of a TiB that is nearly all hole: nothing is waited for."""
    with peers.bigfs(bench, "--cache", cache, source=directory) as mount:
        os.stat(mount / "large.log/lines")
        return memory(mount, lambda dice, done: read_in_steps(
            mount / ("large.log/lines/%d" % (256 * dice.randrange(64) + dice.randrange(2))), done))


def from_disk(bench, cache):
    """A file of which nothing is in memory, and threads as on a large machine: many wait at the same time."""
    measure.forget(bench.log)
    with peers.bigfs(bench, "--cache", cache, processors=PROCESSORS) as mount:
        pieces = len(os.listdir(mount / "big.log/bytes"))
        return memory(mount, lambda dice, done: read_in_steps(
            mount / ("big.log/bytes/%d" % dice.randrange(pieces)), done))


def report(bench, kept):
    result = Result("footprint", """A mount of a sparse file of 1 TiB, in the background; until `stat` of one of its views has answered.
Memory of its own: "Anonymous" in /proc/PID/smaps_rollup, which leaves out the pages of files that it has mapped.
%d readers read random pieces on and on in steps of 1 MiB; the most of a look every 50 ms; and what is left
when they have ended. "From the disk": the same readers of a file of %.1f GB that was not in the page cache, and a
daemon that has as many threads as on %d processors.""" % (READERS, bench.size / 1e9, PROCESSORS),
                    ["", "`--cache kernel`", "`--cache none`"])
    mount = 1000 * measure.median(kept, "mount")
    result.add("until the mount answers, ms", mount, "")
    for what, key in (("idle", "idle"), ("with %d readers" % READERS, "most"), ("afterwards", "left"),
                      ("from the disk, %d readers" % READERS, "disk, most"), ("afterwards", "disk, left")):
        result.add(what + ", MB", *(kept[0]["%s, %s" % (key, cache)] / 1e6 for cache in CACHES))
    result.claim("until the mount answers", mount, most=50, unit=" ms")
    result.claim("idle", kept[0]["idle, kernel"] / 1e6, most=11, unit=" MB")
    for what, key in (("", "most"), (", from the disk", "disk, most")):
        for cache in CACHES:
            result.claim("%d readers%s, --cache %s" % (READERS, what, cache), kept[0]["%s, %s" % (key, cache)] / 1e6,
                         most=48, unit=" MB")
    return result
