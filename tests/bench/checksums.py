# SPDX-License-Identifier: MIT
"""Checksums of a mount's pieces beside xxh128sum on the same bytes, on one processor and on all."""

import os
import time

import measure
import peers
from data import make_log
from report import HIGHER, Result, bars

WANTED = 0.8  # of the speed of xxh128sum on one processor
ONE, LIST_ONE, LIST_ALL = "xxh128sum, one processor", "list, one processor", "list, all processors"
WHOLE = "attribute of the whole file, one processor"


def path(bench):
    return bench.work / "checksums" / "log.txt"


def hashed(bench, get, *wrapper):
    """Seconds until a fresh daemon, which remembers no digest, has given what `get` asks for."""
    def timed():
        measure.warm(path(bench))
        argv = [*wrapper, peers.BIGFS, "-f", "--index-dir=none", path(bench).parent, "MOUNTPOINT"]
        with peers.Mount(bench.work, argv) as mount:
            directory = mount.point / path(bench).name
            os.stat(directory / "bytes")
            start = time.perf_counter()
            get(directory)
            return time.perf_counter() - start
    return timed


def summed(bench):
    def timed():
        measure.warm(path(bench))
        return measure.hyperfine("taskset -c 0 xxh128sum %s" % path(bench))
    return timed


def agree(bench):
    """The attribute of the whole file is what xxh128sum says."""
    digests = []
    hashed(bench, lambda directory: digests.append(os.getxattr(directory / "whole.txt", "user.bigfs.xxh128")))()
    if digests != [measure.output_of(["xxh128sum", str(path(bench))]).split()[0].encode()]:
        raise RuntimeError("the digests differ")


def run(bench):
    path(bench).parent.mkdir(exist_ok=True)
    make_log(path(bench), bench.size // 4)
    measure.put_in_page_cache(path(bench))
    agree(bench)
    one = ["taskset", "-c", "0"]

    def attribute(directory):
        os.getxattr(directory / "whole.txt", "user.bigfs.xxh128")

    def listed(directory):
        (directory / "bytes.xxh128").read_bytes()
    return measure.rounds(2 * bench.rounds, {
        ONE: summed(bench), WHOLE: hashed(bench, attribute, *one), LIST_ONE: hashed(bench, listed, *one),
        LIST_ALL: hashed(bench, listed)})


def report(bench, kept):
    size = path(bench).stat().st_size if path(bench).exists() else bench.size // 4
    result = Result("checksums", """A log of %.2f GB is in the page cache. `taskset -c 0 xxh128sum` hashes it. A fresh
daemon, on one processor too or on all, gives the attribute `user.bigfs.xxh128` of the whole file, or the list
`bytes.xxh128` of its pieces of 64 MiB. Speeds are in GB/s, medians of %d rounds; higher is better. The ratio is the
speed to that of xxh128sum in the same round.""" % (size / 1e9, len(kept)), ["", "GB/s", "ratio"])
    ratios = {name: measure.ratio(kept, ONE, name) for name in (ONE, WHOLE, LIST_ONE, LIST_ALL)}
    for name, ratio in ratios.items():
        result.add(name, size / 1e9 / measure.median(kept, name), "%.2f" % ratio)
    bars(result, "Checksums of pieces", "speed to that of xxh128sum on one processor", HIGHER,
         [(name, ratio, name != ONE) for name, ratio in ratios.items()])
    result.claim("list, one processor, speed to that of xxh128sum", ratios[LIST_ONE], WANTED)
    result.claim("attribute, one processor, speed to that of xxh128sum", ratios[WHOLE], WANTED)
    return result
