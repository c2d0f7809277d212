# SPDX-License-Identifier: MIT
"""Timing: whole commands, in rounds A B C A B C, with ratios of pairs within a round. Memory of a process."""

import json
import mmap
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time


def hyperfine(command, shell=False, output="null"):
    """Seconds that one run of a command takes; its failure raises. What it prints goes nowhere, or through a
    pipe ("pipe"): grep, for one, stops at the first match when it sees /dev/null."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        argv = ["hyperfine", "--runs", "1", "--style", "none", "--output", output, "--export-json", result.name]
        argv += ["--shell", "bash"] if shell else ["--shell", "none"]
        output_of([*argv, command])
        return json.load(result)["results"][0]["mean"]


def seconds_and_number(command):
    """Seconds that a shell command takes, and the number that it prints; its failure raises."""
    start = time.perf_counter()
    said = output_of(["bash", "-o", "pipefail", "-c", command])
    taken = time.perf_counter() - start
    if not said.strip().isdecimal():
        raise RuntimeError("%s: %s" % (command, said.strip()))
    return taken, int(said)


def output_of(argv):
    """What a command prints, errors included; its failure raises."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          start_new_session=True) as running:
        try:
            said = running.communicate()[0]
        except BaseException:
            os.killpg(running.pid, signal.SIGKILL)  # with all processes that it has started
            raise
    if running.returncode:
        raise RuntimeError("%s: %s" % (argv[-1], said.strip()))
    return said


def seconds(function, *arguments):
    """Seconds that a call takes, for what is too short for a separate process."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def rounds(count, variants, warmups=1):
    """Run all variants (a dictionary of functions that return figures) in turn, `count` times.

    A figure is a number, or a dictionary of numbers. Returns a list of rounds: name -> figure."""
    kept = []
    for number in range(warmups + count):
        figures = {name: measure() for name, measure in variants.items()}
        if number >= warmups:
            kept.append(figures)
    return kept


def flat(kept):
    """Rounds whose figures are dictionaries, with names like 'cat, first'."""
    return [{"%s, %s" % (name, key): value for name, figure in one.items() for key, value in figure.items()}
            for one in kept]


def median(kept, name):
    return statistics.median(one[name] for one in kept)


def spread(kept, name):
    values = [one[name] for one in kept]
    return min(values), max(values)


def ratio(kept, over, under):
    """The median of over/under, taken pair by pair."""
    return statistics.median(one[over] / one[under] for one in kept)


# --- the page cache ----------------------------------------------------------------------------------

def forget(path):
    """Drop a file's pages from the page cache. Through a mount: the mount's pages, not the source's."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def drop(path):
    """Drop a source's pages from the page cache, and make sure that none is left: a mapping would keep some."""
    sync(path)
    forget(path)
    left = cached(path)
    if left:
        raise RuntimeError("%d bytes of %s stay in the page cache" % (left, path))


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def drop_everything():
    """Drop all that the page cache has, and names and attributes with it."""
    subprocess.run(["sync"], check=True)
    with open("/proc/sys/vm/drop_caches", "w") as setting:
        setting.write("3\n")


def touch_free_memory(size):
    """Use as much free memory, and free it: a virtual machine's host may have taken it back, and then whatever
    uses it first has to wait."""
    mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def cached(path):
    """Bytes of a file in the page cache."""
    done = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES", path],
                          capture_output=True, text=True, check=True)
    return int(done.stdout)


def put_in_page_cache(path):
    """Out of the page cache, and in again by one reader: however it was written, its pages are as after a cat."""
    sync(path)
    forget(path)
    warm(path)


def warm(path):
    """Read a file, so that all of it is in the page cache."""
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(1 << 20)
        while file.readinto(buffer):
            pass


# --- memory ------------------------------------------------------------------------------------------

ANONYMOUS, MAPPED = "anonymous", "mapped"


def memory(pid):
    """Bytes of memory of a process: its own, and pages of files that it has mapped. The latter belong to the
    page cache, and those of its program and libraries are among them."""
    with open("/proc/%d/smaps_rollup" % pid) as file:
        fields = {line.split()[0]: int(line.split()[1]) << 10 for line in list(file)[1:]}
    return {ANONYMOUS: fields["Anonymous:"], MAPPED: fields["Rss:"] - fields["Anonymous:"]}


def most_resident(pid):
    """The most bytes of memory that a process has had, files that it has mapped among them."""
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM:"))


class MemoryWatch:
    """The most memory that a process has while a `with` block lasts, as far as looks at intervals tell."""

    def __init__(self, pid, interval=0.05):
        self.pid, self.interval, self.most = pid, interval, memory(pid)
        self.done, self.thread = threading.Event(), threading.Thread(target=self._watch)

    def _watch(self):
        while not self.done.wait(self.interval):
            now = memory(self.pid)
            self.most = {kind: max(self.most[kind], now[kind]) for kind in now}

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
