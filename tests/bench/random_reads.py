# SPDX-License-Identifier: MIT
"""4 KiB at random places, by fio."""

import json
import subprocess
from contextlib import nullcontext

import measure
import peers
from peers import MAPPING, NULL
from report import LOWER, NEAR, Result, bars

NATIVE, DEFAULT, NONE = "the file itself", "bigfs", "bigfs --cache none"
FULL, OFF = "mergerfs, cache.files=full", "mergerfs, cache.files=off"
JOBS = {"1 job": 1, "4 jobs": 4}
EXAMPLES = {"libfuse's passthrough_ll, cache=never": (), "passthrough_ll, one thread": ("-s",),
            "passthrough_ll, clone_fd": ("-o", "clone_fd")}
NULL_NONE, MAPPING_NONE = NULL + ", --cache none", MAPPING + ", --cache none"


def fio(path, jobs, runtime, invalidate=True):
    """Microseconds for one read. It begins without the file's pages in the page cache, or as the file is."""
    done = subprocess.run(["fio", "--name=random", "--filename=" + path, "--rw=randread", "--bs=4k", "--size=1g",
                           "--ioengine=psync", "--thread", "--time_based", "--runtime=%d" % runtime, "--numjobs=%d" % jobs,
                           "--group_reporting", "--invalidate=%d" % invalidate, "--randseed=7", "--output-format=json"],
                          capture_output=True, text=True, check=True)
    return 1e6 / json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]["read"]["iops"]


def run(bench):
    """Each mounts anew for each round: with several readers it is a matter of luck which thread runs where."""
    files = {NATIVE: (lambda: nullcontext(bench.source), "part.log"),
             DEFAULT: (lambda: peers.bigfs(bench), "big.log/bytes@1G/0"),
             NONE: (lambda: peers.bigfs(bench, "--cache", "none"), "big.log/bytes@1G/0"),
             FULL: (lambda: peers.mergerfs(bench, "full"), "part.log"),
             OFF: (lambda: peers.mergerfs(bench, "off"), "part.log")}
    for name, driver in peers.NULLS.items():
        files[name] = (lambda driver=driver: driver(bench, "kernel", 1, bench.part_size), "0")
        files[name + ", --cache none"] = (lambda driver=driver: driver(bench, "none", 1, bench.part_size), "0")
    for name, options in EXAMPLES.items():
        files[name] = (lambda options=options: peers.example(bench, *options, "-o", "cache=never"), "part.log")

    def one(make, name, mounted):
        def both():
            measure.warm(bench.part)
            measure.warm(bench.log)
            with make() as mount:
                return {jobs: fio(str(mount / name), count, bench.runtime, mounted) for jobs, count in JOBS.items()}
        return both
    return measure.flat(measure.rounds(2 * bench.rounds, {name: one(*made, name != NATIVE) for name, made in files.items()}))


def report(bench, kept):
    result = Result("random", """`fio` reads 4 KiB at random places of 1 GiB with pread(2). The source is in the page cache. Nothing of
the mount is when `fio` begins; with a cache, what it reads twice comes from there. The figures are microseconds for a
read, medians of %d rounds, each with a mount of its own; lower is better. The ratio is to the file itself in the same
round.""" % len(kept), ["", "1 job", "ratio", "4 jobs", "ratio"])
    names = [name.rsplit(", ", 1)[0] for name in kept[0]][::len(JOBS)]
    for name in names:
        cells = []
        for jobs in JOBS:
            figure = "%s, %s" % (name, jobs)
            cells += [measure.median(kept, figure), "%.1f" % measure.ratio(kept, figure, "%s, %s" % (NATIVE, jobs))]
        result.add(name, *cells)
    bars(result, "Reads of 4 KiB at random places, the source in the page cache", "microseconds for a read", LOWER,
         [("%s, %s" % (name, jobs), measure.median(kept, "%s, %s" % (name, jobs)), name.startswith("bigfs"))
          for jobs in JOBS for name in names])
    for jobs in JOBS:
        for ours, peer in ((DEFAULT, FULL), (NONE, OFF)):
            result.claim("%s, %s, speed to %s" % (ours, jobs, peer),
                         measure.ratio(kept, "%s, %s" % (peer, jobs), "%s, %s" % (ours, jobs)), 1)
        result.claim("bigfs --cache none, %s, time to a driver that does nothing" % jobs,
                     measure.ratio(kept, "%s, %s" % (NONE, jobs), "%s, %s" % (NULL_NONE, jobs)), most=1 / NEAR)
        result.compare("bigfs --cache none, %s, time to %s" % (jobs, MAPPING),
                       measure.ratio(kept, "%s, %s" % (NONE, jobs), "%s, %s" % (MAPPING_NONE, jobs)))
        fastest = min(EXAMPLES, key=lambda name: measure.median(kept, "%s, %s" % (name, jobs)))
        result.claim("bigfs --cache none, %s, time to the fastest example" % jobs,
                     measure.ratio(kept, "%s, %s" % (NONE, jobs), "%s, %s" % (fastest, jobs)), most=1.1)
    return result
