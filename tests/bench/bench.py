# SPDX-License-Identifier: MIT
"""Measures everything that docs/performance.md says about the data path, and docs/scale.md. Run by scripts/bench.

    bench.py [--quick] [GROUP…]
    BIGFS_BEFORE=BINARY bench.py [--quick] [--rounds N] [FIGURE…]
"""

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import before
import checksums
import cold
import compressed
import csv_scan
import data
import flat
import footprint
import listings
import page_cache
import peers
import pipeline
import random_reads
import reads
import report
import scale
import tools
from data import G, M

GROUPS = {"reads": reads, "tools": tools, "pipeline": pipeline, "cold": cold, "random": random_reads,
          "listings": listings, "page_cache": page_cache, "footprint": footprint, "flat": flat,
          "csv": csv_scan, "compressed": compressed, "checksums": checksums, "scale": scale}
if before.binary():  # what it shows is for one change, and not for the document
    GROUPS = {"before": before}


STOPPING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
RESULTS = report.ROOT / "build" / "bench"


def work_directory(kept):
    """A fresh directory, or the one to be kept."""
    parent = os.environ.get("TMPDIR", "/var/tmp")
    work = Path(kept or tempfile.mkdtemp(prefix="bigfs-bench.", dir=parent)).resolve()
    if not str(work).isprintable() or " " in str(work):
        if not kept:
            work.rmdir()
        raise SystemExit("bench: the name of %s has a space in it: give another TMPDIR" % work.parent)
    return work


class Bench:
    """Where the bench works, on which files, and how long."""

    def __init__(self, quick, rounds=None, figures=()):
        self.rounds, self.runtime = (2, 1) if quick else (5, 2)
        if before.binary():  # small differences count there
            self.rounds, self.figures = rounds or self.rounds + 2, figures
        self.kept = os.environ.get("BIGFS_BENCH_DATA")
        self.work = work_directory(self.kept)
        self.source = self.work / "source"
        self.log, self.part = self.source / "big.log", self.source / "part.log"
        self.size, self.part_size = G if quick else 4 * G, G

    def make_data(self):
        self.source.mkdir(parents=True, exist_ok=True)
        if not self.log.exists():
            data.need_room(self.work, 3 * self.size + 4 * G)
        self.say("making a log of %d GiB in %s" % (self.size // G, self.source))
        data.make_log(self.log, self.size)
        data.copy_part(self.part, self.log, self.part_size)
        data.copy_part(self.source / "plain256M.log", self.log, 256 * M)
        data.copy_part(self.source / "plain64M.log", self.log, 64 * M)

    def clean_up(self):
        ignore_signals()
        if self.kept is None:
            shutil.rmtree(self.work, ignore_errors=True)

    @staticmethod
    def say(text):
        print("==> " + text, flush=True)

    @staticmethod
    def quietly(*argv):
        subprocess.run([str(part) for part in argv], check=True, capture_output=True)


def machine():
    """The machine it was measured on."""
    with open("/proc/cpuinfo") as file:
        model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / G
    versions = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", "libfuse3-3", "mergerfs", "squashfuse",
                               "parallel", "coreutils", "fio", "hyperfine"], capture_output=True, text=True).stdout
    return "Measured by `scripts/bench`: %d processors (%s), %.0f GiB, Linux %s; %s." % (
        os.cpu_count(), model, memory, platform.release(), versions.rstrip(", "))


def run_group(bench, name, quick):
    bench.say(name)
    kept = GROUPS[name].run(bench)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / (name + ("-quick" if quick else "") + ".json")).write_text(json.dumps(kept, indent=1))
    show(bench, name, kept, quick)


def show(bench, name, kept, quick):
    quick = quick or name == "before"
    if quick:
        report.FIGURES = RESULTS
    results = GROUPS[name].report(bench, kept)
    for result in results if isinstance(results, list) else [results]:
        if quick:
            print(result.markdown())
        else:
            measured = time.localtime((RESULTS / (name + ".json")).stat().st_mtime)
            result.text += "\n\nMeasured on %s." % time.strftime("%Y-%m-%d", measured)
            report.write(result.name, result.markdown(), getattr(GROUPS[name], "PAGE", report.PAGE))


def redraw(bench, names):
    """Write the figures of the last run in a new text."""
    missing = [name for name in names if not (RESULTS / (name + ".json")).exists()]
    if missing:
        raise SystemExit("bench: there are no figures of %s to draw: run scripts/bench %s first" % (missing[0], missing[0]))
    for name in names:
        bench.say(name)
        show(bench, name, json.loads((RESULTS / (name + ".json")).read_text()), False)


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description="Measures, and writes docs/performance.md.")
    parser.add_argument("--quick", action="store_true", help="few rounds on 1 GiB, to see that it works; writes no document")
    parser.add_argument("--redraw", action="store_true", help="write the document anew from the last run's figures")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often, with BIGFS_BEFORE")
    kind, known = ("figure", before.FIGURES) if before.binary() else ("group", GROUPS)
    parser.add_argument("names", nargs="*", metavar=kind.upper(), help="of " + ", ".join(known))
    chosen = parser.parse_args()
    if chosen.redraw and (chosen.quick or before.binary()):
        parser.error("--redraw is for the figures of a full run: not with --quick, nor with BIGFS_BEFORE")
    if chosen.rounds is not None and (chosen.rounds < 1 or not before.binary()):
        parser.error("--rounds takes a number from 1 on, and is for BIGFS_BEFORE")
    unknown = [name for name in chosen.names if name not in known]
    if unknown:
        parser.error("no %s %s: there are %s" % (kind, unknown[0], ", ".join(known)))
    chosen.names = chosen.names or list(known)
    chosen.groups = ["before"] if before.binary() else chosen.names
    return chosen


def need_memory(quick):
    """What must be in the page cache must fit, with everything else that is kept and touched."""
    memory, least = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), 4 * G if quick else 15 * G
    if memory < least:
        raise SystemExit("bench: this machine has %d GiB of memory and %d are needed%s"
                         % (memory // G, least // G, "" if quick else ": try --quick"))


def need_ground(groups):
    """Otherwise it would be found missing in the middle of a run."""
    if "random" in groups:
        peers.need_example()
    if "reads" in groups:
        data.need_room("/dev/shm", G + M, "make it larger: mount -o remount,size=2G /dev/shm")


def stop(number, _):
    ignore_signals()  # so that a second one does not leave what the first one is taking away
    raise SystemExit(128 + number)


def ignore_signals():
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def main():
    chosen = arguments()
    for number in STOPPING:
        signal.signal(number, stop)
    if not chosen.redraw:
        need_memory(chosen.quick)
    bench = None
    try:
        bench = Bench(chosen.quick, chosen.rounds, chosen.names)
        if chosen.redraw:
            return redraw(bench, chosen.groups)
        need_ground(chosen.groups)
        bench.make_data()
        for name in chosen.groups:
            run_group(bench, name, chosen.quick)
        if not chosen.quick and chosen.groups == list(GROUPS) and not before.binary():
            report.write("machine", machine())
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        sys.exit("bench: %s" % error)
    finally:
        if bench is not None:
            bench.clean_up()


if __name__ == "__main__":
    main()
