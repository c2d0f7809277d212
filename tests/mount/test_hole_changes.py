# SPDX-License-Identifier: MIT
"""Holes that are filled and made while a mount shows them (DESIGN 3, 4): no stale zeros, nothing mixed."""

import errno
import mmap
import os
import random
import threading
import time

import harness
import sparse
from harness import M, wait_for
from sparse import KEEP_SIZE, PUNCH, UNIT, fallocate, opened, walk
from support import CACHES, KINDS, LAG, Broken, Handle, assert_alive, errno_of, read_once

SIZE = 8 * UNIT
DATA = b"d" * UNIT
NAMES = ["whole.log", "bytes/0", "bytes/1", "bytes/3", "bytes@n3/1", "lines/0", "bytes/100000+200000"]


class ChangesTest:
    """A file with a hole in its second and third unit, and mounts of it with either cache. The classes made below set
    `kind`."""

    def setUp(self):
        super().setUp()
        self.root = self.filesystem(self.kind, 64 * M)
        sparse.take_no_more(self.kind, self.root)
        self.path = self.root / "h.log"
        self.data = sparse.make(self.path, SIZE, {0: DATA, 3 * UNIT: DATA, 4 * UNIT: b"x" * (4 * UNIT)})
        self.mounts = [self.mount(self.root, "--chunk-size", "128K", "--cache", cache) for cache in CACHES]

    def piece(self, name):
        """The content of a piece now; `lines` has a single line."""
        if name in ("whole.log", "lines/0"):
            return self.data
        view, _, leaf = name.partition("/")
        if "+" in leaf:
            start, length = map(int, leaf.split("+"))
            return self.data[start:start + length]
        start, end = 2 * UNIT * int(leaf), 2 * UNIT * (int(leaf) + 1)
        if view == "bytes@n3":
            start, end = -(-len(self.data) // 3), 2 * (len(self.data) // 3) + min(2, len(self.data) % 3)
        return self.data[start:end]

    def open_all(self):
        """A handle on each piece in each mount, read once, so that a cache could remember it."""
        handles = [Handle(mount.p("h.log", name), self.piece(name)) for mount in self.mounts for name in NAMES]
        for handle in handles:
            self.addCleanup(handle.close)
            self.assertTrue(handle.read_all(), handle.path)
        return handles

    def assert_fresh(self, names=NAMES):
        """A fresh open gives the new bytes and the current holes."""
        with opened(self.path) as source:
            extents = sparse.data_of(source, "auto")
        for mount in self.mounts:
            for name in names:
                wanted, (size, got) = self.piece(name), read_once(mount.p("h.log", name))
                self.assertTrue((size, got) == (len(wanted), wanted), "%s: a fresh open gives %s, %r" % (
                    mount.p("h.log", name), size, None if got is None else got[:20]))
            with opened(mount.p("h.log", "whole.log")) as whole:
                self.assertEqual(walk(whole), extents, mount.path)
            self.assertEqual(os.listdir(mount.p("h.log", "extents")), list(map(sparse.name_of, extents)))

    def assert_over(self, handles):
        """Earlier handles: right old bytes or ESTALE; ESTALE if no cache serves them."""
        for handle in handles:
            came = handle.read_all()  # raises on a byte that is not the old one
            self.assertFalse(came and handle.path.startswith(self.mounts[1].path), handle.path + ": served")

    def apply(self, places, *steps):
        """Change the file and the record of its content."""
        sparse.change(self.path, *steps)
        data = bytearray(self.data)
        for offset, part in places.items():
            data.extend(bytes(max(0, offset - len(data))))
            data[offset:offset + len(part)] = part
        self.data = bytes(data)

    def write(self, offset, part):
        self.apply({offset: part}, (os.pwrite, part, offset))

    def punch(self, offset, length):
        self.apply({offset: bytes(length)}, (fallocate, KEEP_SIZE | PUNCH, offset, length))

    def test_holes_filled_and_made(self):
        """A hole is filled, in part and whole, by writes and through a mapping; data is punched, also at the ends."""
        def store():
            with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
                memory[UNIT + 5:UNIT + 10] = b"store"
            self.apply({UNIT + 5: b"store"})

        for what, change in (("a byte in a hole", lambda: self.write(UNIT + 20000, b"1")),
                             ("a hole filled", lambda: self.write(UNIT, b"w" * 2 * UNIT)),
                             ("data punched", lambda: self.punch(5 * UNIT, 2 * UNIT)),
                             ("punched again", lambda: self.punch(UNIT, UNIT)),
                             ("stored through a mapping", store),
                             ("the end punched", lambda: self.punch(7 * UNIT, UNIT)),
                             ("the start punched", lambda: self.punch(0, UNIT)),
                             ("all filled", lambda: self.write(0, b"f" * SIZE)),
                             ("all punched", lambda: self.punch(0, SIZE)),
                             ("a byte at the end", lambda: self.write(SIZE - 1, b"e"))):
            with self.subTest(change=what):
                self.assert_fresh()
                handles = self.open_all()
                change()
                self.assert_fresh()
                self.assert_over(handles)
        for mount in self.mounts:
            assert_alive(self, mount)

    def test_filled_at_once(self):
        """Again and again a hole is filled and opened at once. It never reads as zeros."""
        for turn in range(6):
            self.write(UNIT, bytes([65 + turn]) * UNIT)
            for mount in self.mounts:
                size, got = read_once(mount.p("h.log", "bytes/%d+%d" % (UNIT, UNIT)))
                self.assertTrue((size, got) == (UNIT, bytes([65 + turn]) * UNIT), "turn %d: %r" % (turn, got[:20]))
            self.punch(UNIT, UNIT)
            for mount in self.mounts:
                self.assertTrue(read_once(mount.p("h.log", "bytes/%d+%d" % (UNIT, UNIT)))[1] == bytes(UNIT), turn)

    def test_appended_and_filled(self):
        """The file is appended to and a hole is filled in one go. No handle gives zeros for bytes that were not read
        before."""
        held = [os.open(m.p("h.log", "whole.log"), os.O_RDONLY) for m in self.mounts]
        for descriptor in held:
            self.addCleanup(os.close, descriptor)
            self.assertEqual(os.lseek(descriptor, 0, os.SEEK_HOLE), UNIT)
        filled = b"f" * UNIT
        self.apply({UNIT: filled, SIZE: DATA}, (os.pwrite, DATA, SIZE), (os.pwrite, filled, UNIT))
        for descriptor in held:
            try:
                got = os.pread(descriptor, UNIT, UNIT)
            except OSError as error:
                self.assertEqual(error.errno, errno.ESTALE)
            else:
                self.assertTrue(got == filled, "%r in a hole that is filled" % got[:20])
        self.assert_fresh()
        self.write(0, b"D")  # a rewrite, so everything is forgotten
        self.assert_fresh()
        for mount in self.mounts:
            assert_alive(self, mount)

    def test_the_mtime_put_back(self):
        """A hole is filled and the mtime set back: only the ctime shows it, and the new bytes are served."""
        mount = self.mounts[1]
        before = os.stat(self.path)
        self.assertTrue(read_once(mount.p("h.log", "whole.log"))[1] == self.data)
        filled = b"f" * UNIT
        self.apply({UNIT: filled}, (os.pwrite, filled, UNIT))
        os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertTrue(read_once(mount.p("h.log", "whole.log"))[1] == self.data)
        self.assertEqual(os.listdir(mount.p("h.log", "extents")),
                         [sparse.name_of(e) for e in ((0, 2 * UNIT), (3 * UNIT, 8 * UNIT))])
        for turn in range(2):  # writes data into a hole and punches as much elsewhere, so the blocks stay the same
            place, other = (4 * UNIT, 2 * UNIT) if turn == 0 else (2 * UNIT, 4 * UNIT)
            self.punch(place, UNIT)
            self.write(other, bytes([65 + turn]) * UNIT)
            os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))
            self.assertTrue(read_once(mount.p("h.log", "whole.log"))[1] == self.data, "turn %d" % turn)

    def test_appended(self):
        """The last extent becomes longer and so gets another name; open handles go on. Then come a hole after the end,
        by a truncation, and data after it."""
        last = "%015d+%d" % (3 * UNIT, 5 * UNIT)
        handles = self.open_all()
        extents = [Handle(mount.p("h.log", "extents", last), self.data[3 * UNIT:]) for mount in self.mounts]
        for handle in extents:
            self.addCleanup(handle.close)
        self.write(SIZE, DATA)
        for mount in self.mounts:
            self.assertEqual(errno_of(os.open, mount.p("h.log", "extents", last), os.O_RDONLY), "ENOENT")
            longer = mount.p("h.log", "extents", "%015d+%d" % (3 * UNIT, 6 * UNIT))
            self.assertTrue(read_once(longer)[1] == self.data[3 * UNIT:])
        self.assert_fresh()
        self.apply({SIZE + UNIT: bytes(3 * UNIT)}, (os.ftruncate, SIZE + 4 * UNIT))
        self.assert_fresh()
        self.write(SIZE + 4 * UNIT, b"behind")
        self.assert_fresh()
        for handle in handles + extents:
            self.assertTrue(handle.read_all(), handle.path + ": it was only appended to")
        for handle in extents:
            self.assertEqual(walk(handle.fd), [(0, 5 * UNIT)])


class AttributesTest(harness.MountTest):
    """What the kernel caches of a piece for a second."""

    def test_blocks_catch_up(self):
        """st_blocks may lag by up to 1 s. Then it shows a filled hole and a new one."""
        path = self.source / "h.bin"
        sparse.make(path, 4 * UNIT, {0: DATA, 3 * UNIT: DATA})
        pieces = [self.mount(None, "--chunk-size", "128K", "--cache", cache).p("h.bin/bytes/0") for cache in CACHES]
        for blocks, step in ((128, (os.pwrite, DATA, 0)), (256, (os.pwrite, DATA, UNIT)),
                             (128, (fallocate, KEEP_SIZE | PUNCH, 0, UNIT)),
                             (0, (fallocate, KEEP_SIZE | PUNCH, 0, 2 * UNIT))):
            sparse.change(path, step)
            for piece in pieces:
                wait_for(lambda: os.stat(piece).st_blocks == blocks, LAG, "st_blocks is %d" % blocks)


class Filler(threading.Thread):
    """Fills and punches units of a file at random, and keeps each state: a letter per unit, or NUL."""

    UNITS, CHANGES = 16, 40

    def __init__(self, path, seed):
        super().__init__(daemon=True)
        self.path, self.random, self.begun, self.done, self.failure = path, random.Random(seed), 0, 0, ""
        self.states = [b"a\0" * (self.UNITS // 2)]
        sparse.make(path, self.UNITS * UNIT, {n * UNIT: b"a" * UNIT for n in range(0, self.UNITS, 2)})

    def run(self):
        try:
            with opened(self.path, os.O_RDWR) as descriptor:
                for turn in range(1, self.CHANGES + 1):
                    self.change(descriptor, turn)
                    time.sleep(self.random.choice((0, 0.005, 0.03, 0.06)))
        except OSError as error:
            self.failure = str(error)

    def change(self, descriptor, turn):
        unit, state = self.random.randrange(self.UNITS), self.states[-1]
        letter = b"\0" if state[unit] and self.random.random() < 0.7 else bytes([97 + turn % 26])
        self.states.append(state[:unit] + letter + state[unit + 1:])
        self.begun += 1
        if letter == b"\0":
            fallocate(descriptor, KEEP_SIZE | PUNCH, unit * UNIT, UNIT)
        else:
            os.pwrite(descriptor, letter * UNIT, unit * UNIT)
        self.done += 1


class Onlooker(threading.Thread):
    """Opens a piece afresh, again and again, and reads it. If the file is at rest, it must be in that state, or ESTALE.
    Otherwise each unit must be as in one of the states that were possible."""

    def __init__(self, filler, path, first, count, seed):
        super().__init__(daemon=True)
        self.filler, self.path, self.units, self.random = filler, path, slice(first, first + count), random.Random(seed)
        self.stop, self.failure, self.whole, self.stale = threading.Event(), "", 0, 0

    def run(self):
        try:
            while not self.stop.is_set():
                self.look()
        except Exception as error:  # read by the test
            self.failure = "%s: %s: %s" % (self.path, type(error).__name__, error)

    def content(self, age):
        return b"".join(bytes([letter]) * UNIT for letter in self.filler.states[age][self.units])

    def look(self):
        try:
            came = self.look_once()
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
            came = False
        self.whole += came
        self.stale += not came

    def look_once(self):
        """Whether all of it came; what came was right."""
        filler = self.filler
        age, at_rest = filler.done, filler.done == filler.begun
        with opened(self.path) as descriptor:
            if at_rest and filler.begun == age:
                return Handle(self.path, self.content(age), descriptor).read_all()
            return self.look_loosely(descriptor, age)

    def look_loosely(self, descriptor, age):
        for unit in range(self.units.stop - self.units.start):
            self.read_unit(descriptor, unit, age)
        return True

    def read_unit(self, descriptor, unit, age):
        """Uses as many reads as needed. ESTALE in the middle of one read comes with the next."""
        offset, end = unit * UNIT, (unit + 1) * UNIT
        while offset < end:
            got = os.pread(descriptor, end - offset, offset)
            about = {state[self.units][unit] for state in self.filler.states[age:self.filler.begun + 1]}
            if not got or set(got) - about:
                raise Broken("unit %d at %d: %r (%d bytes) is of no state that was about"
                             % (unit, offset, set(got) - about, len(got)))
            offset += len(got)


class ConcurrentTest:
    """A file whose holes are filled and made while it is read. The classes made below set `kind`."""

    def test_readers_beside_a_writer(self):
        """Fresh opens give bytes of one state or ESTALE; when the writer has stopped, exactly the final bytes."""
        seed = harness.seed("test_readers_beside_a_writer, " + self.kind)
        root = self.filesystem(self.kind, 64 * M)
        sparse.take_no_more(self.kind, root)
        filler = Filler(root / "h.bin", seed)
        mounts = [self.mount(root, "--chunk-size", "256K", "--cache", cache) for cache in CACHES]
        pieces = [("whole.bin", 0, 16), ("bytes/1", 4, 4), ("bytes/3", 12, 4), ("lines/0", 0, 16)]
        lookers = [Onlooker(filler, mount.p("h.bin", name), first, count, seed)
                   for mount in mounts for name, first, count in pieces]
        for thread in [filler, *lookers]:
            thread.start()
        filler.join()
        for looker in lookers:
            looker.stop.set()
        for looker in lookers:
            looker.join(LAG)
            self.assertFalse(looker.is_alive(), "a reader hangs")
        self.assertEqual([thread.failure for thread in [filler, *lookers] if thread.failure], [])
        self.assertTrue(all(looker.whole for looker in lookers))
        for looker in lookers:
            self.assertTrue(read_once(looker.path)[1] == looker.content(-1), looker.path)
        with opened(root / "h.bin") as source:
            for mount in mounts:
                with opened(mount.p("h.bin", "whole.bin")) as whole:
                    self.assertEqual(walk(whole), sparse.data_of(source, "auto"))
                assert_alive(self, mount)


for _kind in KINDS:
    for _base in (ChangesTest, ConcurrentTest):
        _name = "%s_%s" % (_base.__name__, _kind)
        globals()[_name] = type(_name, (_base, harness.MountTest), {"kind": _kind, "__module__": __name__})

if __name__ == "__main__":
    harness.main()
