# SPDX-License-Identifier: MIT
"""What one host asks a shared file system for, beside the pieces themselves. A part of the group scale."""

import os
import shutil
import time
from contextlib import ExitStack

import measure
import peers
from below import Below, difference
from data import G, K, M, T, copy_part, make_marked

READAHEADS = (0, None)  # KiB: only what bigfs itself asks for; with the kernel's own
SPREAD = 16  # pieces of the large file, each with lines at its start
LATER = 1.5  # seconds, after which the kernel believes no name any more

# Name: what is done before on a fresh mount, and what is counted. {pin} is the word of log.txt.
LOOKS = {
    "mount": (None, None),
    "`ls` of the mount": (None, "ls "),
    "`ls` of the file's directory": (None, "ls huge.log"),
    "`ls` of `lines@n1000`, names alone, after that": ("ls log.txt", "ls log.txt/lines@n1000"),
    "`stat` of one piece of `lines@n16`": (None, "stat huge.log/lines@n16/5"),
    "open of it": (None, "open huge.log/lines@n16/5"),
    "open of another one after that": ("open huge.log/lines@n16/5", "open huge.log/lines@n16/11"),
    "`stat` of the same one within 1 s": ("stat huge.log/lines@n16/5", "stat huge.log/lines@n16/5"),
    "`stat` of the same one later": ("wait huge.log/lines@n16/5", "stat huge.log/lines@n16/5"),
    "the first 4 KiB of a piece": ("open huge.log/lines@n16/5", "head huge.log/lines@n16/5"),
    "all of a piece of 64 MiB": ("open log.txt/bytes@64M/7", "read log.txt/bytes@64M/7"),
    "`bytes@n1000.tsv`": (None, "read log.txt/bytes@n1000.tsv"),
    "`lines@n1000.tsv`": (None, "read log.txt/lines@n1000.tsv"),
    "`ls -l` of `lines@n1000`": (None, "list log.txt/lines@n1000"),
    "`pin`": (None, "read log.txt/pin"),
    "open of a piece of `lines@n16,pin=WORD`": (None, "open log.txt/lines@n16,pin={pin}/5"),
    "`stat` of a piece after the file has grown": ("open grow.txt/lines@n16/5", "grow grow.txt/lines@n16/5"),
    "`rows/A+10`: open, the index is kept": (None, "open log.txt/rows/5000000+10"),
    "open of a piece of gzip's `plain/lines@n16`, the map is kept": (None, "open log.gz/plain/lines@n16/8"),
    "the first 4 KiB of it": ("open log.gz/plain/lines@n16/8", "head log.gz/plain/lines@n16/8"),
    "the same of BGZF: open": (None, "open log.bgz/plain/lines@n16/8"),
    "its first 4 KiB": ("open log.bgz/plain/lines@n16/8", "head log.bgz/plain/lines@n16/8"),
    "attribute `user.bigfs.xxh128` of a piece of 64 MiB": ("open log.txt/bytes@64M/7", "sum log.txt/bytes@64M/7"),
}
MADE = {"log.txt": "lines", "log.gz": "gzip", "log.bgz": "BGZF"}


def directory(bench):
    return bench.work / "shared"


def kept_in(bench):
    return bench.work / "kept"


def prepare(bench):
    """The files of the shared file system, and an index directory with the maps and indexes of them."""
    source = directory(bench)
    source.mkdir(exist_ok=True)
    copy_part(source / "log.txt", bench.log, G)
    copy_part(source / "grow.txt", bench.log, 64 * M)
    for name, command in (("log.gz", "gzip -1"), ("log.bgz", "bgzip -l 1")):
        if not (source / name).exists():
            measure.output_of(["bash", "-c", "%s -c %s >%s" % (command, source / "log.txt", source / name)])
    make_marked(source / "huge.log", T, [T * part // SPREAD for part in range(SPREAD + 1)])


def index_of(path, kept):
    return measure.output_of([str(part) for part in (peers.BIGFS, "--index", "--index-dir", kept, path)])


def fresh_kept(bench):
    shutil.rmtree(kept_in(bench), ignore_errors=True)
    kept_in(bench).mkdir(mode=0o700)
    return kept_in(bench)


def kept_sizes(bench):
    """Bytes of indexes and of maps that are kept."""
    sizes = {"lines": 0, "map": 0}
    for path in kept_in(bench).rglob("*.*"):
        sizes[path.suffix[1:]] += path.stat().st_size
    return sizes


def making(bench):
    """What making indexes and maps reads and keeps. They stay for what follows."""
    kept, made, before = fresh_kept(bench), {}, {"lines": 0, "map": 0}
    with Below(bench, directory(bench)) as net:
        for name in MADE:
            start = net.settled()
            index_of(net.point / name, kept)
            now = kept_sizes(bench)
            made[name] = dict(difference(start, net.settled()), file=(directory(bench) / name).stat().st_size,
                              lines_kept=now["lines"] - before["lines"], map_kept=now["map"] - before["map"])
            before = now
    return made


def word(bench):
    """The word of log.txt, which is the same on every host."""
    with peers.bigfs(bench, "--index-dir=none", source=directory(bench)) as mount:
        return measure.output_of(["cat", mount / "log.txt/pin"]).strip()


def opened(_, path, length=0):
    with open(path, "rb", buffering=0) as file:
        if length:
            file.read(length)


def grown(bench, path):
    with open(directory(bench) / "grow.txt", "ab") as file:
        file.write(b"one more line\n")
    time.sleep(LATER)
    os.stat(path)


ACTIONS = {
    "ls": lambda _, path: os.listdir(path),
    "list": lambda _, path: [entry.stat() for entry in os.scandir(path)],
    "stat": lambda _, path: os.stat(path),
    "open": opened,
    "head": lambda bench, path: opened(bench, path, 4 * K),
    "read": lambda _, path: measure.warm(path),
    "wait": lambda _, path: (opened(_, path), time.sleep(LATER)),
    "sum": lambda _, path: os.getxattr(path, "user.bigfs.xxh128"),
    "grow": grown,
}


def look(bench, readahead, before, action):
    """What an action on a fresh mount is seen to ask for: of the source, and of the index directory."""
    with ExitStack() as stack:
        net = stack.enter_context(Below(bench, directory(bench), readahead))
        kept = stack.enter_context(Below(bench, kept_in(bench), readahead))
        net.rule("getattr blocks %d 0 0 0 /huge.log" % (T // 512))  # as if it had no holes
        start = net.settled(), kept.settled()
        mount = stack.enter_context(peers.bigfs(bench, "--index-dir", kept.point, source=net.point))
        for step in filter(None, (before, action)):
            start = net.settled(), kept.settled()
            verb, path = step.split(" ", 1)
            ACTIONS[verb](bench, mount / path)
        return difference(start[0], net.settled()), difference(start[1], kept.settled())


def looks(bench):
    pin, seen = word(bench), {}
    for name, steps in LOOKS.items():
        steps = [step and step.format(pin=pin) for step in steps]
        alone, ahead = (look(bench, readahead, *steps) for readahead in READAHEADS)
        seen[name] = {"getattr": ahead[0]["getattr"], "open": ahead[0]["open"], "read": ahead[0]["read"],
                      "alone": alone[0]["bytes"], "ahead": ahead[0]["bytes"],
                      "kept alone": alone[1]["bytes"], "kept ahead": ahead[1]["bytes"]}
    return seen


def run(bench):
    prepare(bench)
    made = making(bench)
    return {"made": made, "seen": looks(bench)}
