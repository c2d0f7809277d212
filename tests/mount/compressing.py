# SPDX-License-Identifier: MIT
"""Shared parts of the tests of compressed files: the tools that make them, contents worth compressing, and a test that
compares what `plain` shows with what the same views of the file show that was compressed."""

import functools
import gzip
import os
import random
import shutil
import struct

import harness
from harness import K, read, run
from support import errno_of, read_once

STATUS = "/var/lib/dpkg/status"  # real text that each Debian has
PACKAGE = {"bgzip": "tabix", "pzstd": "zstd", "xz": "xz-utils", "igzip": "isal"}
ADVICE = r"%s: it can only be read from its start, so it has no plain/: .*%s"


# --- contents -------------------------------------------------------------------------------------------

def text(size, seed=1):
    """Lines of many lengths that compress as logs do; the last one has no end. Different seeds share no line."""
    generator, lines = random.Random(seed), []
    words = [bytes(generator.choices(b"abcdefghijklmnop", k=generator.randrange(1, 9))) for _ in range(256)]
    while size > 0:
        some = map(words.__getitem__, generator.randbytes(int(generator.random() * 15)))
        line = b"%d %d %s\n" % (seed, len(lines), b" ".join(some))
        lines.append(line)
        size -= len(line)
    return b"".join(lines)[:size - 1]


@functools.lru_cache(maxsize=None)
def real(size):
    """The machine's list of packages, as often as it takes."""
    data = read(STATUS) if os.path.exists(STATUS) else b""
    return (data * (size // len(data) + 1))[:size] if len(data) > 100 * K else text(size)


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


# --- tools ----------------------------------------------------------------------------------------------

def need(test, *tools):
    for tool in tools:
        test.require(shutil.which(tool), "%s is not installed (apt install %s)" % (tool, PACKAGE.get(tool, tool)))


def packed(*argv):
    """A maker: what a command that compresses its input writes."""
    return lambda data: run(*argv, input=data)


def in_parts(size, pack):
    """A maker: parts of so many bytes, each compressed by itself, one after the other."""
    def make(data):
        return b"".join(pack(data[at:at + size]) for at in range(0, len(data), size)) or pack(b"")
    return make


def from_file(*argv):
    """A maker: a command that is given the file's name, and so knows its size."""
    def make(data):
        directory = run("mktemp", "-d").decode().strip()
        try:
            path = os.path.join(directory, "input")
            with open(path, "wb") as file:
                file.write(data)
            return run(*argv, path)
        finally:
            shutil.rmtree(directory)
    return make


def seekable(size, checksums=False):
    """A maker: frames of so many bytes, then a seek table of them in a skippable frame."""
    def make(data):
        frames = [data[at:at + size] for at in range(0, len(data), size)] or [b""]
        packs, entries = [run("zstd", "-qc", input=frame) for frame in frames], b""
        for frame, pack in zip(frames, packs):
            entries += struct.pack("<II", len(pack), len(frame))
            if checksums:  # the low half of what the frame itself ends with
                entries += pack[-4:]
        table = entries + struct.pack("<IBI", len(frames), 0x80 if checksums else 0, 0x8F92EAB1)
        return b"".join(packs) + struct.pack("<II", 0x184D2A5E, len(table)) + table
    return make


def small_members(data):
    """A maker: one member for each few bytes, and empty ones between."""
    generator = random.Random(len(data))
    members, at = [], 0
    while at < len(data):
        length = generator.choice((0, 1, 7, 100, 3000))
        members.append(gzip.compress(data[at:at + length], generator.randrange(10), mtime=0))
        at += length
    return b"".join(members) or gzip.compress(b"")


def split_frames(size, *more):
    """A maker: `split` gives each part to a zstd of its own, and makes none of an empty file."""
    make = from_file("split", "-b", str(size), "--filter=zstd -qc " + " ".join(more))
    return lambda data: make(data) or run("zstd", "-qc", input=data)


# What can be cut: a name, the tool, the extension, and how to make one.
MAKERS = {
    "gzip-1": ("gzip", ".gz", packed("gzip", "-1c")),
    "gzip-6": ("gzip", ".gz", from_file("gzip", "-6c")),
    "gzip-9": ("gzip", ".gz", packed("gzip", "-9nc")),
    "gzip-members": ("gzip", ".gz", in_parts(300 * K, packed("gzip", "-c"))),
    "gzip-small-members": ("gzip", ".gz", small_members),
    "igzip": ("igzip", ".gz", packed("igzip", "-1c")),
    "igzip-0": ("igzip", ".gz", packed("igzip", "-0c")),
    "pigz": ("pigz", ".gz", packed("pigz", "-p2", "-c")),
    "pigz-i": ("pigz", ".gz", packed("pigz", "-p2", "-b", "64", "-ic")),
    "pigz-0": ("pigz", ".gz", packed("pigz", "-0c")),
    "pigz-zopfli": ("pigz", ".gz", lambda data: run("pigz", "-11c" if len(data) < 100 * K else "-2c", input=data)),
    "bgzip": ("bgzip", ".bgz", packed("bgzip", "-c")),
    "bgzip-0": ("bgzip", ".gz", packed("bgzip", "-c", "-l0")),
    "bgzip-9": ("bgzip", ".gz", packed("bgzip", "-c", "-l9", "-@2")),
    "zstd-frames": ("zstd", ".zst", split_frames(300 * K)),
    "zstd-no-check": ("zstd", ".zst", split_frames(100 * K, "--no-check")),
    "zstd-sizes": ("zstd", ".zst", in_parts(250 * K, from_file("zstd", "-qc"))),
    "zstd-19": ("zstd", ".zst", split_frames(512 * K, "-19")),
    "zstd-fast": ("zstd", ".zst", split_frames(128 * K, "--fast=5", "--no-check")),
    "pzstd": ("pzstd", ".zst", from_file("pzstd", "-1", "-p2", "-qc")),
    "seekable": ("zstd", ".zst", seekable(200 * K)),
    "seekable-checksums": ("zstd", ".zst", seekable(64 * K, True)),
    "xz": ("xz", ".xz", packed("xz", "-1", "-T2", "--block-size=262144", "-c")),
    "xz-6": ("xz", ".xz", packed("xz", "-6", "-T1", "--block-size=200000", "-c")),
    "xz-streams": ("xz", ".xz", in_parts(300 * K, packed("xz", "-1c"))),
    "xz-no-check": ("xz", ".xz", packed("xz", "-1", "--check=none", "--block-size=100000", "-c")),
    "xz-crc32": ("xz", ".xz", packed("xz", "-0", "--check=crc32", "--block-size=300000", "-c")),
    "xz-sha256": ("xz", ".xz", packed("xz", "-2e", "--check=sha256", "-T2", "--block-size=300000", "-c")),
}
FEW = ("gzip-6", "pigz-i", "gzip-small-members", "bgzip", "zstd-frames", "seekable", "xz")  # one of each kind
EACH = ("gzip-members", "bgzip", "zstd-frames", "xz")  # one of each codec


def make(test, kind, data):
    tool, _, maker = MAKERS[kind]
    need(test, tool)
    return maker(data)


# --- the mount ------------------------------------------------------------------------------------------

def cuts(data, word):
    """Views with and without arguments, with few pieces."""
    part, rows, third = len(data) // 7 + 1, data.count(b"\n") // 6 + 1, len(data) // 3
    return ["bytes", "bytes@%d" % part, "bytes@n5", "bytes@n3,from=%d,to=%d" % (third, 2 * third + 1),
            "lines", "lines@%d" % part, "lines@n5", "lines@n3,header", "lines@%d,header=3" % part,
            "lines@n4,from=%d,to=%d" % (third, len(data)), "lines@n3,header,to=%d" % (2 * third),
            "rows", "rows@%d" % rows, "rows@n5", "rows@n3,header=2",
            "lines@n3,csv", "rows@n4,csv", "lines@n3,csv=tab,header", "lines@n3,nul", "rows@n2,nul",
            "lines@n2,fastq", "rows@n3,fastq", "rows@n3,fasta",
            "bytes@n4,pin=" + word, "lines@n3,pin=" + word, "rows@n3,csv,pin=" + word]


def leaves(data):
    """Names that are found and not listed, and names that are not."""
    size, generator = len(data), random.Random(len(data))
    places = [0, size, size + 1, max(0, size - 1)] + [generator.randrange(size + 1) for _ in range(6)]
    found = ["bytes/%d+%d" % (place, generator.choice((1, 999, 300 * K))) for place in places]
    found += ["bytes/-%d" % (size // 2 + 1), "bytes/-1", "rows/1-1", "rows/3-700", "rows/5+10", "rows/-3",
              "rows/1000000-1000001",
              "rows/0-1", "rows@csv/2-3", "lines/0", "lines/000001", "lines/7777777", "lines@n4/2", "bytes/0", "bytes/x"]
    found += ["nothing", "bytes@0", "lines@n0", "lines@nope", "bytes@n3,pin=5-00", "bytes/0.log"]
    if size and b"\n" in data:
        line = data[:data.index(b"\n")].decode("latin-1")[:50]
        line = line.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
        found += ["sorted/" + line] if line.isascii() and line not in ("", ".", "..") and ".." not in line else []
    return found + ["sorted/0..5", "sorted/..a", "sorted/zzzz"]


class PlainTest(harness.MountTest):
    """A mount with small pieces. Contents are in the source as they are, and compressed in other directories."""

    def start(self, *options, source=None, **more):
        return self.mount(source, "--min-size", "0", "--chunk-size", "256K", "--rows", "9K", "--index-dir", "none",
                          *options, **more)

    def put(self, kind, name, data):
        """Write a file, compressed; where it is."""
        path = os.path.join(kind, name + MAKERS[kind][1])
        self.write(path, make(self, kind, data))
        return path

    def shown(self, where):
        """What a view shows: the names, sizes and contents of its pieces, and its table."""
        return [(name, *read_once(os.path.join(where, name))) for name in sorted(os.listdir(where))], read(where + ".tsv")

    def assert_same_view(self, one, other):
        (pieces, table), (wanted, told) = self.shown(one), self.shown(other)
        self.assertEqual([name for name, *_ in pieces], [name for name, *_ in wanted])
        for piece, right in zip(pieces, wanted):
            self.assertTrue(piece == right, "%s/%s: %r, must be %r" % (one, piece[0], start_of(piece), start_of(right)))
        self.assertEqual(table, told)

    def assert_same(self, mount, file, name, data, views=None):
        """Everything in `plain` of the file is what the views of the other show."""
        plain, beside = mount.p(file, "plain"), mount.p(name)
        if not data:
            return self.assert_empty(plain)
        word = read(os.path.join(beside, "pin"))
        self.assertEqual(read_once(os.path.join(plain, "pin")), read_once(os.path.join(beside, "pin")))
        whole = "whole" + os.path.splitext(name)[1]
        self.assertTrue(read_once(os.path.join(plain, whole)) == (len(data), data), file)
        for view in cuts(data, word.decode().strip()) if views is None else views:
            with self.subTest(file=file, view=view):
                self.assert_same_view(os.path.join(plain, view), os.path.join(beside, view))
        for leaf in leaves(data):
            with self.subTest(file=file, leaf=leaf):
                got, wanted = read_once(os.path.join(plain, leaf)), read_once(os.path.join(beside, leaf))
                self.assertTrue(got == wanted, "%r, must be %r" % (start_of(got), start_of(wanted)))

    def assert_empty(self, plain):
        """A plain file of no bytes is no directory, so there is nothing to compare with."""
        for view in ("bytes", "lines", "rows", "lines@1M,csv", "rows@5,fastq"):
            self.assertEqual(os.listdir(os.path.join(plain, view)), [], plain)
            self.assertEqual(len(read(os.path.join(plain, view + ".tsv")).splitlines()), 1, plain)
        for name, found in (("whole", b""), ("bytes/0+5", b""), ("bytes/-1", b""), ("lines@n2/1", b"")):
            self.assertEqual(read(os.path.join(plain, name)), found, plain)
        self.assertEqual(errno_of(os.stat, os.path.join(plain, "lines/0")), "ENOENT")


def joined(where):
    """All pieces of a view, one after the other."""
    return b"".join(read(os.path.join(where, name)) for name in sorted(os.listdir(where)))


def start_of(result):
    """What came of a read, to be shown."""
    return [part[:60] if isinstance(part, bytes) else part for part in result]
