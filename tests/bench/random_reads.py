"""Point 4: 4 KiB at random places, by fio."""

import json
import subprocess

import measure
import peers
from report import LOWER, NEAR, Result, bars

NATIVE, DEFAULT, NONE = "the file itself", "bigfs", "bigfs --cache none"
FULL, OFF = "mergerfs, cache.files=full", "mergerfs, cache.files=off"
JOBS = {"1 job": 1, "4 jobs": 4}
EXAMPLES = {"libfuse's passthrough_ll, cache=never": (), "passthrough_ll, one thread": ("-s",),
            "passthrough_ll, clone_fd": ("-o", "clone_fd")}
NULL, NULL_NONE = "a driver that does nothing", "a driver that does nothing, --cache none"


def fio(path, jobs, runtime):
    """Microseconds for one read."""
    done = subprocess.run(["fio", "--name=random", "--filename=" + path, "--rw=randread", "--bs=4k", "--size=1g",
                           "--ioengine=psync", "--thread", "--time_based", "--runtime=%d" % runtime, "--numjobs=%d" % jobs,
                           "--group_reporting", "--invalidate=1", "--randseed=7", "--output-format=json"],
                          capture_output=True, text=True, check=True)
    return 1e6 / json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]["read"]["iops"]


def run(bench):
    """Each mounts anew for each round: with several readers it is a matter of luck which thread runs where."""
    files = {DEFAULT: (lambda: peers.bigfs(bench), "big.log/bytes@1G/0"),
             NONE: (lambda: peers.bigfs(bench, "--cache", "none"), "big.log/bytes@1G/0"),
             FULL: (lambda: peers.mergerfs(bench, "full"), "part.log"),
             OFF: (lambda: peers.mergerfs(bench, "off"), "part.log"),
             NULL: (lambda: peers.Null(bench, "kernel", 1, bench.part_size), "0"),
             NULL_NONE: (lambda: peers.Null(bench, "none", 1, bench.part_size), "0")}
    for name, options in EXAMPLES.items():
        files[name] = (lambda options=options: peers.example(bench, *options, "-o", "cache=never"), "part.log")

    def one(make, name):
        def both():
            measure.warm(bench.part)
            measure.warm(bench.log)
            with make() as mount:
                return {jobs: fio(mount / name, count, bench.runtime) for jobs, count in JOBS.items()}
        return both
    return measure.flat(measure.rounds(2 * bench.rounds, {name: one(*made) for name, made in files.items()}))


def report(bench, kept):
    result = Result("random", """`fio`, 4 KiB at random places of 1 GiB, pread(2), nothing of the mount in the page cache when it
begins (what it reads twice comes from there, where there is one), the source in it. Microseconds for a read; the
middle of %d rounds, each with a mount of its own.""" % len(kept),
                    ["", "1 job", "4 jobs"])
    names = [name.rsplit(", ", 1)[0] for name in kept[0]][::2]
    for name in names:
        result.add(name, *(measure.median(kept, "%s, %s" % (name, jobs)) for jobs in JOBS))
    bars(result, "Reads of 4 KiB at random places, the source in the page cache", "microseconds for a read", LOWER,
         [("%s, %s" % (name, jobs), measure.median(kept, "%s, %s" % (name, jobs)), name.startswith("bigfs"))
          for jobs in JOBS for name in names])
    for jobs in JOBS:
        for ours, peer in ((DEFAULT, FULL), (NONE, OFF)):
            result.claim("%s, %s: as fast as %s, times" % (ours, jobs, peer),
                         measure.ratio(kept, "%s, %s" % (peer, jobs), "%s, %s" % (ours, jobs)), 1)
        result.claim("--cache none, %s: time of a driver that does nothing, times" % jobs,
                     measure.ratio(kept, "%s, %s" % (NONE, jobs), "%s, %s" % (NULL_NONE, jobs)), most=1 / NEAR)
        fastest = min(EXAMPLES, key=lambda name: measure.median(kept, "%s, %s" % (name, jobs)))
        result.claim("--cache none, %s: time of the fastest example, times" % jobs,
                     measure.ratio(kept, "%s, %s" % (NONE, jobs), "%s, %s" % (fastest, jobs)), most=1.1)
    return result
