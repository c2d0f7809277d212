# SPDX-License-Identifier: MIT
"""A piece of 1 GiB, read from its beginning to its end, for the first time and again."""

import os
import tempfile
from contextlib import ExitStack

import measure
import peers
from peers import MAPPING, NULL
from report import HIGHER, NEAR, Result, bars

NATIVE = "the file itself"
DEFAULT, NONE = "bigfs", "bigfs --cache none"
FULL, OFF = "mergerfs, cache.files=full", "mergerfs, cache.files=off"
SQUASH = "squashfuse_ll, not compressed"
NULL_NONE, MAPPING_NONE = NULL + ", --cache none", MAPPING + ", --cache none"
COPY = "copied into tmpfs by dd"
PIECE = "big.log/bytes@1G/0"


def twice(bench, path, command):
    """Read once with nothing of the mount in the page cache, and again. The file itself is all in it."""
    def run():
        for source in (bench.part, bench.log):
            measure.warm(source)  # some machines take page cache back by themselves
        if path != str(bench.part):
            measure.forget(path)
        measure.touch_free_memory(bench.part_size * 5 // 4)
        return {"first": measure.hyperfine(command % path), "again": measure.hyperfine(command % path)}
    return run


def copied(bench):
    """A plain copy into fresh pages of memory, and that copy read. It is the limit for whatever keeps bytes in pages of
    its own."""
    def run():
        descriptor, copy = tempfile.mkstemp(prefix="bigfs-bench.", dir="/dev/shm")
        os.close(descriptor)
        try:
            measure.touch_free_memory(bench.part_size * 5 // 4)
            return {"first": measure.hyperfine("dd bs=1M status=none if=%s of=%s" % (bench.part, copy)),
                    "again": measure.hyperfine("cat %s" % copy)}
        finally:
            os.unlink(copy)
    return run


def run(bench):
    measure.put_in_page_cache(bench.part)
    measure.put_in_page_cache(bench.log)
    with ExitStack() as stack:
        enter = stack.enter_context
        files = {NATIVE: str(bench.part), DEFAULT: enter(peers.bigfs(bench)) / PIECE,
                 NONE: enter(peers.bigfs(bench, "--cache", "none")) / PIECE,
                 FULL: enter(peers.mergerfs(bench, "full")) / "part.log",
                 OFF: enter(peers.mergerfs(bench, "off")) / "part.log",
                 SQUASH: enter(peers.squashfuse(bench, squash_image(bench))) / "part.log"}
        for name, driver in peers.NULLS.items():
            files[name] = enter(driver(bench, "kernel", 1, bench.part_size)) / "0"
            files[name + ", --cache none"] = enter(driver(bench, "none", 1, bench.part_size)) / "0"
        variants = {"%s, %s" % (tool, name): twice(bench, path, command) for name, path in files.items()
                    for tool, command in (("cat", "cat %s"), ("dd", "dd if=%s bs=1M status=none"))}
        variants["cat, " + COPY] = copied(bench)
        for path in files.values():
            os.stat(path)
        return measure.flat(measure.rounds(bench.rounds, variants))


def squash_image(bench):
    image = bench.work / "part.squashfs"
    if not image.exists():
        bench.say("making a squashfs image, not compressed")
        beside = image.with_suffix(".part")
        beside.unlink(missing_ok=True)
        bench.quietly("mksquashfs", bench.part, beside, "-noI", "-noD", "-noF", "-no-progress", "-processors", "2")
        beside.rename(image)
    measure.warm(image)
    return image


def report(bench, kept):
    size = bench.part_size / 1e9
    result = Result("reads", """One program reads a piece of %.2f GB (`bytes@1G/0`) from its beginning to its end, as root. The
source is in the page cache: it was evicted, and then one program read it before the first round. "First" means
that nothing of the mount was in the page cache. Speeds are in GB/s; higher is better. The ratio is to the file
itself, read again in the same round.

"A driver that does nothing" answers with one buffer, always the same. "A driver that only maps" sends the
bytes that bigfs sends, straight from a mapping of the source, and checks nothing. Both have the settings of bigfs. The
last row is a copy of the file that is made in tmpfs, and then read there.""" % size,
                    ["", "`cat`, first", "ratio", "`cat`, again", "ratio", "`dd bs=1M`, first", "again"])
    plot = []
    for name in (NATIVE, DEFAULT, NONE, NULL, NULL_NONE, MAPPING, MAPPING_NONE, FULL, OFF, SQUASH):
        figure = {(tool, when): "%s, %s, %s" % (tool, name, when) for tool in ("cat", "dd") for when in ("first", "again")}
        speed = {key: size / measure.median(kept, column) for key, column in figure.items()}
        to_native = {when: measure.ratio(kept, "cat, %s, again" % NATIVE, figure["cat", when])
                     for when in ("first", "again")}
        result.add(name, speed["cat", "first"], "%.2f" % to_native["first"], speed["cat", "again"],
                   "%.2f" % to_native["again"], speed["dd", "first"], speed["dd", "again"])
        plot += [("%s, %s" % (name, when), speed["cat", when], name in (DEFAULT, NONE)) for when in ("first", "again")]
    result.add(COPY, size / measure.median(kept, "cat, %s, first" % COPY), "", size / measure.median(kept, "cat, %s, again" % COPY),
               "%.2f" % measure.ratio(kept, "cat, %s, again" % NATIVE, "cat, %s, again" % COPY), "", "")
    bars(result, "Reading a piece with cat, the source in the page cache", "GB/s", HIGHER, plot)
    claims(result, kept)
    return result


def claims(result, kept):
    def against(ours, when, peer, peer_when=None):
        return measure.ratio(kept, "cat, %s, %s" % (peer, peer_when or when), "cat, %s, %s" % (ours, when))
    result.claim("`cat`, first, to the file itself", against(DEFAULT, "first", NATIVE, "again"), 0.3)
    result.claim("`cat`, again, to the file itself", against(DEFAULT, "again", NATIVE), 0.9)
    for when in ("first", "again"):
        result.claim("`--cache none`, `cat`, %s, to the file itself" % when, against(NONE, when, NATIVE, "again"), 0.5)
    for when in ("first", "again"):
        result.claim("`cat`, %s, to mergerfs cache.files=full" % when, against(DEFAULT, when, FULL), 2)
        result.claim("`--cache none`, %s, to mergerfs cache.files=off" % when, against(NONE, when, OFF), 2)
    for when in ("first", "again"):
        result.claim("`cat`, %s, to a driver that does nothing" % when, against(DEFAULT, when, NULL), NEAR)
        result.claim("`--cache none`, `cat`, %s, to a driver that does nothing" % when, against(NONE, when, NULL_NONE), NEAR)
    for when in ("first", "again"):
        result.compare("`cat`, %s, to %s" % (when, MAPPING), against(DEFAULT, when, MAPPING))
        result.compare("`--cache none`, `cat`, %s, to %s" % (when, MAPPING), against(NONE, when, MAPPING_NONE))
