"""Timing: whole commands, in rounds A B C A B C, ratios pair by pair within a round."""

import json
import mmap
import os
import signal
import statistics
import subprocess
import tempfile
import time


def hyperfine(command, shell=False, output="null"):
    """Seconds that one run of a command takes; its failure raises. What it prints goes nowhere, or through a
    pipe ("pipe"): grep, for one, stops at the first match when it sees /dev/null."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        argv = ["hyperfine", "--runs", "1", "--style", "none", "--output", output, "--export-json", result.name]
        argv += ["--shell", "bash"] if shell else ["--shell", "none"]
        with subprocess.Popen([*argv, command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              start_new_session=True) as running:
            try:
                said = running.communicate()[0]
            except BaseException:
                os.killpg(running.pid, signal.SIGKILL)  # the whole command, not hyperfine alone
                raise
        if running.returncode:
            raise RuntimeError("%s: %s" % (command, said.strip()))
        return json.load(result)["results"][0]["mean"]


def seconds(function, *arguments):
    """Seconds that a call takes: for what is too short for a process of its own."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def rounds(count, variants, warmups=1):
    """Run all variants (a dictionary of functions that return figures) in turn, again and again.

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


def touch_free_memory(size):
    """Use as much free memory, and free it: a virtual machine's host may have taken it back, and then the first
    who uses it waits, whoever that is."""
    mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def cached(path):
    """Bytes of a file in the page cache."""
    done = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES", path],
                          capture_output=True, text=True, check=True)
    return int(done.stdout)


def put_in_page_cache(path):
    """Out of the page cache, and in again by one reader: however it was written, its pages are as after a cat."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    forget(path)
    warm(path)


def warm(path):
    """Read a file, so that all of it is in the page cache."""
    with open(path, "rb", buffering=0) as file:
        buffer = bytearray(1 << 20)
        while file.readinto(buffer):
            pass
