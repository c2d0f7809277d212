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

READERS = 64


def run(bench):
    directory = bench.work / "large"
    directory.mkdir(exist_ok=True)
    make_marked(directory / "large.log", T, (place + k * M for place in range(0, T, 16 * G) for k in range(32)))
    kept = [{"mount": mount_and_answer(bench, directory)} for _ in range(2 * bench.rounds)]
    for cache in ("kernel", "none"):
        kept[0].update(memory(bench, directory, cache))
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


def memory(bench, directory, cache):
    with peers.bigfs(bench, "--cache", cache, source=directory) as mount:
        os.stat(mount / "large.log/lines")
        idle, most, done = own_memory(mount.process.pid), [0], threading.Event()

        def watch():
            while not done.wait(0.05):
                most[0] = max(most[0], own_memory(mount.process.pid))
        threads = [threading.Thread(target=watch), *(threading.Thread(target=read_on, args=(mount, n, done))
                                                    for n in range(READERS))]
        for thread in threads:
            thread.start()
        time.sleep(4 * bench.runtime)
        done.set()
        for thread in threads:
            thread.join()
        left = own_memory(mount.process.pid)
    return {"idle, " + cache: idle, "most, " + cache: most[0], "left, " + cache: left}


def read_on(mount, number, done):
    """Pieces at random, each read from its beginning in large steps, until it is enough."""
    dice, buffer = random.Random(number), bytearray(M)
    while not done.is_set():
        with open(mount / ("large.log/lines/%d" % (256 * dice.randrange(64) + dice.randrange(2))), "rb", buffering=0) as file:
            while not done.is_set() and file.readinto(buffer):
                pass


def report(bench, kept):
    result = Result("footprint", """A mount of a sparse file of 1 TiB, in the background; until `stat` of one of its views has answered.
Memory of its own: "Anonymous" in /proc/PID/smaps_rollup, which leaves out the pages of files that it has mapped.
%d readers read random pieces on and on in steps of 1 MiB; the most of a look every 50 ms; and what is left
when they have ended.""" % READERS,
                    ["", "`--cache kernel`", "`--cache none`"])
    mount = 1000 * measure.median(kept, "mount")
    result.add("until the mount answers, ms", mount, "")
    result.add("idle, MB", *(kept[0]["idle, " + cache] / 1e6 for cache in ("kernel", "none")))
    result.add("with %d readers, MB" % READERS, *(kept[0]["most, " + cache] / 1e6 for cache in ("kernel", "none")))
    result.add("afterwards, MB", *(kept[0]["left, " + cache] / 1e6 for cache in ("kernel", "none")))
    result.claim("until the mount answers", mount, most=50, unit=" ms")
    result.claim("idle", kept[0]["idle, kernel"] / 1e6, most=11, unit=" MB")
    for cache in ("kernel", "none"):
        result.claim("%d readers, --cache %s" % (READERS, cache), kept[0]["most, " + cache] / 1e6, most=48, unit=" MB")
    return result
