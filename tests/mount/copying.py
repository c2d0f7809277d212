# SPDX-License-Identifier: MIT
"""Shared parts of the tests of copies: random contents, copies of them with other holes, random views of the whole
grammar, and all that a mount shows of one."""

import gzip
import lzma
import os
import random
import struct
import zlib

import sparse
from harness import K, M, read, run
from support import errno_of, read_once

BLOCK = sparse.BLOCK
RECORDS = {"entry": "[0-9]{4}-", "para": "$"}  # of --record, in each mount
EDGES = (BLOCK, 2 * BLOCK, 16 * K, 64 * K, 136 * K, 256 * K)  # a page, a piece, a window, what a pin reads, a count
END_OF_BGZF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
WORDS = (b"a", b"bc", b"", b"some text", b"x" * 90, b'"quoted"', b'"a,b"', b'"line\nbreak"', b'3" pipe', b'"',
         b'"a""b"', b'"closed"and more"', b"\0", b"\r", b"@+", b">seq", b"2026-11-29", b"\t;", b"\xff\xfe")
ENDS = ([b"\n"], [b"\n", b","], [b"\n", b";", b",", b"\t"], [b"\0", b"\n"], [b"\r\n", b","])
AROUND_ZEROS = ((b",", b'"'), (b"\n", b'"'), (b'"', b"\n"), (b"\n", b">"), (b"\0", b"\n"), (b"\n", b"2026-"))


# --- contents -----------------------------------------------------------------------------------------

def random_size(r):
    """Mostly a few pages, often at an edge, seldom more."""
    if r.random() < 0.004:
        return r.randrange(1 * M, 3 * M)
    if r.random() < 0.12:
        return max(1, r.choice(EDGES[:-1] if r.random() < 0.8 else EDGES) + r.choice((-1, 0, 1)))
    return r.choice((1, r.randrange(1, 60), r.randrange(1, 2000), r.randrange(1, 9000), r.randrange(1, 30000)))


def lines(r, size):
    """Of many lengths, empty ones too; the last one may have no end."""
    longest = r.choice((2, 5, 80, 1000)) if size < 300 * K else 1000
    data = bytearray(r.randbytes(size).translate(bytes(97 + n % 20 for n in range(256))))
    at = int(r.random() * longest)
    while at < size:
        data[at] = 10
        at += 1 + int(r.random() * longest)
    return bytes(data)


def words(r, size):
    """What the formats give a meaning to, in any order: mostly malformed."""
    ends = r.choice(ENDS)
    known = [r.choice(WORDS) + r.choice(ends) for _ in range(256)]
    return b"".join(map(known.__getitem__, r.randbytes(min(size, 40000) // 5 + 1)))[:size]


def one_record(r, size):
    """No end of a line but one, perhaps."""
    data = bytearray(r.choice((b"x", b"\0", b'"', b">", b"2")) * size)
    if r.random() < 0.7:
        data[r.randrange(size)] = r.choice(b"\n\n\0\"")
    return bytes(data)


def entries(r, size):
    """A log with stack traces."""
    parts = (b"2026-11-29 x\n", b" at y\n", b"\n", b">read\n", b"12-\n", b"1234-" + b"z" * 200 + b"\n")
    known = r.choices(parts, k=256)
    return b"".join(map(known.__getitem__, r.randbytes(size // 8 + 1)))[:size]


def in_order(r, size):
    return b"".join(sorted(lines(r, size).splitlines(True)))[:size]


def noise(r, size):
    return r.randbytes(size)


KINDS = (lines, lines, words, words, words, one_record, entries, in_order, noise)


def with_zeros(r, data):
    """A long stretch of zeros, mostly of whole blocks, often between bytes that mean something."""
    at, length = r.randrange(len(data) + 1), BLOCK * r.choice((1, 2, 3, 16, 17, 33)) + r.choice((0, 0, 0, -1, 7))
    at -= at % BLOCK if r.random() < 0.8 else 0
    before, after = data[:at], data[at:]
    if r.random() < 0.8:
        last, first = r.choice(AROUND_ZEROS)
        before, after = before[:-1] + last[:at], first + after
    return before + bytes(length) + after


def random_content(r):
    """The bytes of a file; some have long stretches of zeros."""
    data = r.choice(KINDS)(r, random_size(r))
    while r.random() < 0.45 and len(data) < 300 * K:
        data = with_zeros(r, data)
    return data


# --- compressed ---------------------------------------------------------------------------------------

def split(r, data):
    """Parts, empty ones too."""
    places = sorted(r.randrange(len(data) + 1) for _ in range(r.choice((0, 1, 3, 9))))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)])]


def bgzf_block(part):
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(part) + packer.flush()
    head = bytes.fromhex("1f8b08040000000000ff0600424302") + b"\0" + struct.pack("<H", len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(part), len(part))


def bgzf(r, data):
    return b"".join(bgzf_block(data[at:at + 60000]) for at in range(0, len(data), 60000)) + END_OF_BGZF * r.randrange(2)


def members(r, data):
    packed = b"".join(gzip.compress(part, r.randrange(10), mtime=0) for part in split(r, data))
    return packed + bytes(r.choice((0, 0, 9, 20000)))  # padding, which may be a hole


def xz_streams(r, data):
    checks = lzma.CHECK_CRC32, lzma.CHECK_CRC64
    streams = (lzma.compress(part, preset=0, check=r.choice(checks)) for part in split(r, data))
    return b"".join(stream + bytes(4 * r.choice((0, 0, 1, 4000))) for stream in streams)


def zstd_frames(r, data):
    return b"".join(run("zstd", "-qc", *r.choice(((), ("--no-check",))), input=part) for part in split(r, data)[:3])


PACKS = ((".gz", members), (".gz", members), (".bgz", bgzf), (".gz", bgzf), (".xz", xz_streams), (".xz", xz_streams))


def random_packed(r, data):
    """Compressed, sometimes damaged: an extension and the bytes."""
    extension, pack = (".zst", zstd_frames) if r.random() < 0.1 else r.choice(PACKS)
    packed = bytearray(pack(r, data))
    if r.random() < 0.25:
        packed[r.randrange(len(packed))] ^= 1 << r.randrange(8)
    if r.random() < 0.1:
        del packed[r.randrange(1, len(packed) + 1):]
    return extension, bytes(packed)


# --- copies -------------------------------------------------------------------------------------------

def stretches(data):
    """The (start, end) of stretches of blocks that are not zeros."""
    return sparse.joined((at, min(at + BLOCK, len(data))) for at in range(0, len(data), BLOCK)
                         if data.count(0, at, at + BLOCK) < min(BLOCK, len(data) - at))


def dense(_, descriptor, data):
    os.pwrite(descriptor, data, 0)


def with_all_holes(_, descriptor, data):
    os.ftruncate(descriptor, len(data))
    for start, end in stretches(data):
        os.pwrite(descriptor, data[start:end], start)


def with_some_holes(r, descriptor, data):
    """Holes are punched into zeros, not always at a block."""
    os.pwrite(descriptor, data, 0)
    place = 0
    for start, end in [*stretches(data), (len(data), len(data))]:
        if place < start and r.random() < 0.7:
            first = r.randrange(place, start)
            sparse.fallocate(descriptor, sparse.KEEP_SIZE | sparse.PUNCH, first, r.randrange(first, start) - first + 1)
        place = end


def preallocated(_, descriptor, data):
    sparse.fallocate(descriptor, 0, 0, len(data))
    for start, end in stretches(data):
        os.pwrite(descriptor, data[start:end], start)


LAYOUTS = (dense, with_all_holes, with_some_holes, preallocated)


def write_copy(r, path, data, layout, taken=()):
    """A copy with an inode number that is not taken, and some time. Gives its inode number."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        inode = os.fstat(descriptor).st_ino
        if inode not in taken:
            break
        os.rename(path, path + b".inode")  # stays, so that the next file has another one
        os.close(descriptor)
    layout(r, descriptor, data)
    os.close(descriptor)
    if read(path) != data:
        raise AssertionError("%r: %s wrote other bytes" % (path, layout.__name__))
    stamp = r.choice((0, 1, 1500000000, 1700000000)) * 10 ** 9 + r.randrange(10 ** 9) * r.randrange(2)
    if r.random() < 0.01:
        stamp += 10 ** 18  # in the future, which a mount must take for now, and wait
    os.utime(path, ns=(stamp, stamp))
    return inode


def write_copies(r, paths, data):
    """Copies of a content: other inodes, times and, if there are zeros, holes."""
    taken = set()
    layouts = r.sample(LAYOUTS, len(paths)) if b"\0" * 64 in data else [dense] * len(paths)
    for path, layout in zip(paths, layouts):
        taken.add(write_copy(r, path, data, layout, taken))


# --- views --------------------------------------------------------------------------------------------

def number(r, value):
    """As a name may have it; seldom as none may."""
    if r.random() < 0.2:
        return r.choice(("%dK", "%dk")) % (value // K + 1)
    return r.choice(("%dm", "0%d", "%dX", "%d", "%d")) % value if r.random() < 0.1 else str(value)


def place(r, size):
    edge = r.choice(EDGES) + r.choice((-1, 0, 1))
    if r.random() < 0.5:
        return r.randrange(size + 1)
    return r.choice((0, size, size, max(0, size - 1), min(edge, size), min(edge, size), size + 1))


FORMATS = ("nul", "csv", "csv", "csv", "csv=;", "csv=tab", "csv=x", "csv=\"", "fastq", "fasta", *RECORDS)
WRONG = ("n0", "0", "header=0", "csv=,", "nope", "pin=5-00", "from=x", "to=", "", "header,header", "n3,5")


def random_view(r, size, word):
    """A view's name, with arguments from the whole grammar in any order. Few fit no rule."""
    kind = r.choice(("bytes", "lines", "lines", "lines", "rows", "rows"))
    least = max(1, size // r.randrange(1, 30))
    options = [(0.8, r.choice(("n%d" % r.randrange(1, 20), number(r, least))))]
    if kind != "bytes" or r.random() < 0.05:
        options += [(0.25, r.choice(("header", "header=%d" % r.randrange(1, 9)))), (0.5, r.choice(FORMATS))]
    if kind != "rows" or r.random() < 0.05:
        start, end = sorted((place(r, size), place(r, size)), reverse=r.random() < 0.05)
        options += [(0.35, "from=%d" % start), (0.35, "to=%d" % end)]
    options += [(0.15, "pin=" + word), (0.03, r.choice(WRONG))]
    arguments = [text for chance, text in options if r.random() < chance]
    r.shuffle(arguments)
    return kind + ("@" + ",".join(arguments) if arguments else "")


def key(r, data):
    """A key of `sorted`: what a record begins with, or almost."""
    start = data.rfind(b"\n", 0, r.randrange(len(data) + 1)) + 1
    part = data[start:start + r.choice((1, 3, 20))].partition(b"\n")[0]
    text = "".join(chr(c) if c < 128 and chr(c).isalnum() else "%%%02X" % c for c in part)
    return text + r.choice(("", "", "", "", ".", "%7a", "%"))


def random_ranges(r, view, data):
    """Names of ranges, and of pieces in other ways."""
    first, some = place(r, len(data)), r.choice((1, 5, 999, 70000))
    if view.startswith("bytes"):
        leaves = ["%d+%s" % (first, number(r, some)), "-%d" % some]
    elif view.startswith("rows"):
        leaves = ["%d+%d" % (r.randrange(9), some), "%d-%d" % (r.randrange(1, 9), some), "-%d" % r.randrange(1, 9)]
    else:
        leaves = [r.choice(("0", "1", "2", "000001", "01", "999999", "x", "0.log", "-1", "3+4"))]
    kind = r.choice(("sorted", "sorted", "sorted@header", "sorted@" + r.choice(FORMATS)))
    name = r.choice((key(r, data), "%s..%s" % (key(r, data), key(r, data)), key(r, data) + ".."))
    return ["%s/%s" % (view, leaf) for leaf in leaves] + ["%s/%s" % (kind, name)] * (name not in ("", ".", ".."))


# --- what a mount shows -------------------------------------------------------------------------------

def attempt(function, *arguments):
    """The result, or the name of the error."""
    got = []
    return errno_of(lambda: got.append(function(*arguments))) or got[0]


def without_data_bytes(table):
    """A table without its fourth column, which tells of holes."""
    if isinstance(table, str):
        return table
    return [row.split(b"\t")[:3] + row.split(b"\t")[4:] for row in table.splitlines()]


def attributes(path):
    return [attempt(os.getxattr, path, "user.bigfs." + name) for name in ("offset", "length", "xxh128")]


def pieces(directory, view, picks):
    """The names of a view, its table, and some of its pieces; `picks` chooses them: numbers below 1."""
    where = os.path.join(directory, view)
    names = attempt(lambda: sorted(os.listdir(where)))
    found = {"names": names, "tsv": without_data_bytes(attempt(read, where + ".tsv"))}
    if isinstance(names, list) and names:
        for pick in picks:
            name = names[int(pick * len(names))]
            found[name] = read_once(os.path.join(where, name))
    return found


def beside(root, directory, view):
    """What is made of a view. The path of SOURCE is left out."""
    checksums, references = (attempt(read, os.path.join(directory, view + kind)) for kind in (".xxh128", ".json"))
    if isinstance(references, bytes):
        references = references.replace(os.fsencode(root) + b"/", b"")
    return {"xxh128": checksums, "json": references}


def ranges(directory, leaves):
    """What is found by name, with its attributes."""
    found = {}
    for leaf in leaves:
        path = os.path.join(directory, leaf)
        found[leaf] = read_once(path)
        found[leaf, "attributes"] = attributes(path)
    return found


def random_file(r, number):
    """A name, its bytes, the directory within that is looked at ("" or "plain"), and what that holds, about."""
    data = random_content(r)
    extension = r.choice(("", "", ".log", ".csv", ".fq", ".tmp.x", ".a\tb", ".\\", ".\udcff", "."))
    if r.random() > 0.15:
        return "f%d%s" % (number, extension), data, "", data
    ending, packed = random_packed(r, data)
    return "f%d%s%s" % (number, extension, ending), packed, r.choice(("plain", "plain", "plain", "")), data
