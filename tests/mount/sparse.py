# SPDX-License-Identifier: MIT
"""Sparse files: how to make and change them, where their holes are, and what a mount must show."""

import contextlib
import ctypes
import errno
import fcntl
import os
import struct

import model
from harness import K, run

BLOCK = 4 * K  # of all file systems here
UNIT = 64 * K  # holes and data of whole units are holes and data everywhere
KEEP_SIZE, PUNCH, COLLAPSE, ZERO, INSERT = 1, 2, 8, 16, 32  # of fallocate
UNSUPPORTED = (errno.EOPNOTSUPP, errno.EINVAL)
_libc = ctypes.CDLL(None, use_errno=True)


# --- making and changing them -------------------------------------------------------------------------

def fallocate(descriptor, mode, offset, length):
    """fallocate(2)."""
    if _libc.fallocate(descriptor, mode, ctypes.c_long(offset), ctypes.c_long(length)):
        raise OSError(ctypes.get_errno(), "fallocate %d at %d, %d" % (mode, offset, length))


def take_no_more(kind, root):
    """XFS allocates more blocks than a growing file needs: prevent that here, before the first file."""
    if kind == "xfs":
        run("xfs_io", "-c", "extsize %d" % BLOCK, root)


def make(path, size, places=None):
    """Make a file of this size that is a hole except for {offset: bytes}; gives its bytes (of a small one)."""
    with open(path, "wb", buffering=0) as file:
        file.truncate(size)
        for offset, data in (places or {}).items():
            os.pwrite(file.fileno(), data, offset)
    return content(size, places or {}) if size < 1 << 28 else None


def content(size, places):
    """The bytes of such a file."""
    data = bytearray(size)
    for offset, part in places.items():
        data[offset:offset + len(part)] = part
    return bytes(data)


def change(path, *steps):
    """Apply (function, arguments...) to an open descriptor, one after the other."""
    with opened(path, os.O_RDWR) as descriptor:
        for function, *arguments in steps:
            function(descriptor, *arguments)


class SparseFile:
    """A file under random change, and its bytes as a bytearray that gets the same changes."""

    MOST = 400 * K

    def __init__(self, path, random):
        self.path, self.random, self.data, self.steps = path, random, bytearray(), 0
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.write(0, b"name,value\n" * 50)

    def close(self):
        os.close(self.fd)

    def write(self, offset, part):
        os.pwrite(self.fd, part, offset)
        self.data.extend(bytes(max(0, offset + len(part) - len(self.data))))
        self.data[offset:offset + len(part)] = part

    def truncate(self, size):
        os.ftruncate(self.fd, size)
        del self.data[size:]
        self.data.extend(bytes(size - len(self.data)))

    def allocate(self, mode, offset, length):
        """fallocate in this mode; False if the file system does not support it."""
        try:
            fallocate(self.fd, mode, offset, length)
        except OSError as error:
            if error.errno in UNSUPPORTED:
                return False
            raise
        end = offset + length
        if not mode & (KEEP_SIZE | COLLAPSE | INSERT):
            self.data.extend(bytes(max(0, end - len(self.data))))
        if mode & (PUNCH | ZERO):
            end = min(end, len(self.data))
            self.data[offset:end] = bytes(max(0, end - offset))
        if mode & COLLAPSE:
            del self.data[offset:end]
        if mode & INSERT:
            self.data[offset:offset] = bytes(length)
        return True

    def place(self):
        """A random offset, often at a block, and a random length, often of a few blocks; within or a little after the
        file."""
        r = self.random
        offset = r.randrange(len(self.data) + r.choice((1, 1, 60 * K)))
        length = r.choice((1, r.randrange(1, 600), r.randrange(1, 9 * K), BLOCK * r.randrange(1, 12),
                           r.randrange(1, 90 * K)))
        if r.random() < 0.5:
            offset -= offset % BLOCK
        return offset, length

    def stuff(self, length):
        """Lines, bytes of any kind, or zeros that are data."""
        r = self.random
        kind = r.random()
        if kind < 0.15:
            return bytes(length)
        if kind < 0.5:
            return r.randbytes(length)
        line = bytes(r.randrange(97, 123) for _ in range(r.randrange(1, 200))) + b"\n"
        return (line * (length // len(line) + 1))[:length]

    def looks_appended(self, old):
        """Whether the file grew and changed, but not in the blocks by which a mount recognizes an append (DESIGN 4)."""
        last = (len(old) - 1) // BLOCK * BLOCK
        return len(self.data) > len(old) and not self.data.startswith(old) and old[:BLOCK] == self.data[:BLOCK] \
            and self.data[last:len(old)] == old[last:]

    def step(self):
        """One change, which sets the mtime, mostly to long ago, as if the file had come to rest."""
        r, size, old = self.random, len(self.data), bytes(self.data)
        self.steps += 1
        offset, length = self.place()
        roll = r.randrange(20)
        if size > self.MOST:
            what = "cut"
            self.truncate(r.randrange(1, size // 2))
        elif roll < 9:
            what = "write"
            self.write(offset, self.stuff(length))
        elif roll < 11:
            what = "truncate"
            self.truncate(r.choice((max(1, offset), size + length, max(1, size - length))))
        else:
            aligned = (offset // BLOCK * BLOCK, (length // BLOCK + 1) * BLOCK)
            what = "fallocate %d" % (mode := (KEEP_SIZE | PUNCH, KEEP_SIZE | PUNCH, KEEP_SIZE | PUNCH, 0, KEEP_SIZE,
                                              ZERO, ZERO | KEEP_SIZE, COLLAPSE, INSERT)[roll - 11])
            offset, length = aligned if mode in (COLLAPSE, INSERT) else (offset, length)
            if not self.allocate(mode, offset, length):
                self.write(offset, self.stuff(length))
        if self.looks_appended(old) or (self.data.startswith(old[:BLOCK]) and r.random() < 0.7):
            self.write(0, bytes([old[0] ^ 1]))  # which also shows a mount at once that this is no append
        if r.random() < 0.05:
            os.fsync(self.fd)
        if r.random() > 0.02:
            os.utime(self.fd, (0, 10 ** 9 + self.steps))
        return "%s at %d, %d" % (what, offset, length)


# --- asking -------------------------------------------------------------------------------------------

@contextlib.contextmanager
def opened(path, flags=os.O_RDONLY):
    """A descriptor for a while."""
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def walk(descriptor, of_kernel=False):
    """The (start, end) of all data, by SEEK_DATA and SEEK_HOLE in turn. A file system may report that data begin where
    a preallocated block ends in the middle of a page, and then that a hole begins there (iomap's SEEK_DATA looks at
    whole pages). There are no such data. A mount must not report them."""
    found, place = [], 0
    while True:
        try:
            start = os.lseek(descriptor, place, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return found
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        if of_kernel and place < start == end:
            place = end
            continue
        if not place <= start < end:
            raise AssertionError("SEEK_DATA at %d: %d, SEEK_HOLE there: %d" % (place, start, end))
        found.append((start, end))
        place = end


def fiemap(descriptor):
    """The (start, end) of all that FIEMAP maps, whatever its flags, or None."""
    most, size = 1000, os.fstat(descriptor).st_size
    request = bytearray(32 + 56 * most)
    struct.pack_into("QQIIII", request, 0, 0, size, 1, 0, most, 0)  # 1: FIEMAP_FLAG_SYNC
    try:
        fcntl.ioctl(descriptor, 0xC020660B, request)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.ENOTTY):
            return None
        raise
    found = []
    for n in range(struct.unpack_from("I", request, 20)[0]):
        start, _, length, _, _, flags = struct.unpack_from("QQQQQI", request, 32 + 56 * n)
        end = start + length
        if flags & 0x700:  # not aligned, inline, tail
            start, end = start // BLOCK * BLOCK, -(-end // BLOCK) * BLOCK
        found.append((start, min(end, size)))
    return joined(found)


def joined(extents):
    """Sorted extents, with adjacent ones joined."""
    found = []
    for start, end in extents:
        if start < end and found and found[-1][1] >= start:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def data_of(descriptor, method):
    """The (start, end) of all that must be data in a mount with --extents=METHOD (DESIGN 6, holes)."""
    now = os.fstat(descriptor)
    everything = [(0, now.st_size)]
    if method == "none" or now.st_blocks >= now.st_size // 512:
        return everything
    found = walk(descriptor, of_kernel=True) if method in ("auto", "seek") else None
    if method == "fiemap" or (method == "auto" and found == everything):
        found = fiemap(descriptor)
    return everything if found is None else found


def layout(descriptor):
    """Attributes that change if holes may have moved."""
    now = os.fstat(descriptor)
    return now.st_size, now.st_blocks, now.st_mtime_ns, now.st_ctime_ns


def reclaimed():
    """How many pages have been taken from the page cache. Pages of preallocated blocks count as data while cached."""
    names = ("pgsteal_file", "pgsteal_kswapd", "pgsteal_direct", "pgsteal_proactive", "drop_pagecache")
    with open("/proc/vmstat", encoding="ascii") as counters:
        return sum(int(value) for name, value in map(str.split, counters) if name in names)


def blocks_now(descriptor):
    """st_blocks from the mount itself, not what the kernel caches for a second."""
    buffer = ctypes.create_string_buffer(256)
    if _libc.statx(descriptor, b"", 0x1000 | 0x2000, 0x600, buffer):  # AT_EMPTY_PATH, AT_STATX_FORCE_SYNC
        raise OSError(ctypes.get_errno(), "statx")
    return struct.unpack_from("Q", buffer, 48)[0]


def resident(descriptor, offset, length):
    """How many bytes of a file are in the page cache, by mincore(2)."""
    _libc.mmap.restype = ctypes.c_void_p
    where = _libc.mmap(None, ctypes.c_size_t(length), 1, 1, descriptor, ctypes.c_long(offset))
    vector = ctypes.create_string_buffer(-(-length // BLOCK))
    failed = _libc.mincore(ctypes.c_void_p(where), ctypes.c_size_t(length), vector)
    _libc.munmap(ctypes.c_void_p(where), ctypes.c_size_t(length))
    if failed:
        raise OSError(ctypes.get_errno(), "mincore")
    return BLOCK * (len(vector.raw) - vector.raw.count(b"\0"))


# --- what a mount must show ------------------------------------------------------------------------------

def cut(extents, ranges):
    """The extents of a piece, in its own offsets, where the piece is these (offset, length) of the file."""
    found, base = [], 0
    for offset, length in ranges:
        for start, end in extents:
            start, end = max(start, offset), min(end, offset + length)
            if start < end:
                found.append((base + start - offset, base + end - offset))
        base += length
    return joined(found)


def total(extents):
    return sum(end - start for start, end in extents)


def blocks_of(extents):
    """st_blocks of a piece with this data."""
    return -(-total(extents) // 512)


def only_zeros_outside(data, extents):
    """Whether the bytes outside the extents are all zeros."""
    place = 0
    for start, end in [*extents, (len(data), len(data))]:
        if data.count(0, place, start) != start - place:
            return False
        place = end
    return True


def ranges_of(kind, argument, data, starts, header=0):
    """The ranges of the file in each piece: the header's and its own."""
    head = model.header_length(data, header) if header else 0
    found = []
    for offset, length in model.cut(kind, argument, data, starts):
        start, end = max(offset, head), max(offset + length, head)
        found.append([(0, head), (start, end - start)])
    return found


def name_of(extent):
    return "%015d+%d" % (extent[0], extent[1] - extent[0])


def extents_table(extents):
    """extents.tsv."""
    lines = ["name\toffset\tlength\tdata_bytes\n"]
    lines += ["%s\t%d\t%d\t%d\n" % (name_of(e), e[0], e[1] - e[0], e[1] - e[0]) for e in extents]
    return "".join(lines).encode()
