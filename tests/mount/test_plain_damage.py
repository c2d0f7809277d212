# SPDX-License-Identifier: MIT
"""Damaged compressed files (DESIGN 3 and 5): EIO for the pieces that need what is damaged, right bytes for all others,
and a line in the log that says where."""

import errno
import os
import random
import re
import subprocess
import struct
import zlib

import harness
import model
from compressing import PlainTest, need, seekable, text
from harness import K, M, read, run
from support import SANITIZED, assert_alive, errno_of

UNIT = 60000  # plain bytes of each unit, which is one block of BGZF
TOOLS = {"gzip": ["gzip", "-nc"], "bgzip": ["bgzip", "-c"], "zstd": ["zstd", "-qc"], "xz": ["xz", "-1c"]}
END_OF_BGZF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class Units:
    """A file of units that are compressed one by one, and where each begins."""

    def __init__(self, tool, count, size=UNIT, seed=1):
        self.parts = [text(size + 1, seed * 1000 + n) for n in range(count)]
        self.data, self.size = b"".join(self.parts), size
        self.packs = [run(*TOOLS[tool], *self.tells_size(tool, part), input=part) for part in self.parts]
        if tool == "bgzip":
            self.packs = [pack.removesuffix(END_OF_BGZF) for pack in self.packs]
        self.places = [sum(map(len, self.packs[:n])) for n in range(count + 1)]

    @staticmethod
    def tells_size(tool, part):
        """A zstd frame tells its size if it is known when it begins."""
        return ["--stream-size=%d" % len(part)] if tool == "zstd" else []

    def file(self, number=None, damage=None):
        """All of it, with one unit damaged."""
        return b"".join(damage(pack) if n == number else pack for n, pack in enumerate(self.packs))


def flip(data, bit):
    data = bytearray(data)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


class DamageTest(PlainTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(harness.seed(self.id()))

    def assert_damaged(self, plain, data, bad, size=None):
        """The bytes in [start, end) of `bad` are EIO, and all others are as they were. `size`: of what `plain` shows."""
        start, end = bad
        self.assertEqual(os.stat(os.path.join(plain, "whole")).st_size, len(data) if size is None else size, plain)
        for length in (7000, UNIT // 2, 3 * UNIT):
            view = os.path.join(plain, "bytes@%d" % length)
            for number in range(-(-len(data) // length)):
                at, to = number * length, min((number + 1) * length, len(data))
                self.assert_range(os.path.join(view, str(number)), data, at, to, bad)
        for at, length in ((start - 999, 999), (start, 1), (end - 1, 1), (end, 999), (start - 1, 2), (end - 1, 2)):
            if 0 <= at < len(data):
                path = os.path.join(plain, "bytes/%d+%d" % (at, length))
                self.assert_range(path, data, at, min(at + length, len(data)), bad)
        for view in ("lines@%d" % UNIT, "lines@n9"):
            self.assert_lines(os.path.join(plain, view), data, bad)

    def assert_range(self, path, data, at, to, bad):
        if at < bad[1] and bad[0] < to:
            self.assertEqual(errno_of(read, path), "EIO", path)
        else:
            self.assertTrue(read(path) == data[at:to], path)

    def assert_lines(self, view, data, bad):
        """A piece of lines needs the bytes before it, too, and those up to its last line's end."""
        for number, (start, end) in enumerate(model.nominal(len(data), view.rpartition("@")[2])):
            start = data.rfind(b"\n", 0, start) + 1
            end = data.find(b"\n", end - 1) + 1 or len(data)
            path = os.path.join(view, str(number))
            if start > bad[1] + 8 * K or end < bad[0] - 8 * K:  # it is looked for in steps
                self.assertEqual(errno_of(read, path), None, path)
            try:
                self.assertIn(read(path), data)
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO, path)

    def assert_said(self, names, first, last):
        """The log names each file and a byte of it in [first, last]. On a mount of its own, as a log has few lines a
        second."""
        mount = self.start()
        for name in names:
            self.assertEqual(errno_of(read, mount.p(name, "plain/whole")), "EIO", name)
            found = re.findall(r"^%s%s: damaged (?:at|after) byte (\d+): " % (harness.PREFIX, re.escape(name)), mount.log(), re.M)
            self.assertTrue(found and all(first <= int(at) <= last for at in found), (name, first, last, mount.log()))
        mount.unmount()


class UnitTest(DamageTest):
    """One unit of many."""

    def check(self, tool, damages, count=12, step=0):
        """Each damage in a unit of its own file; `step` units before it are allowed to be named by the log."""
        units, files = Units(tool, count), {}
        for name, damage in damages.items():
            for number in (0, count // 2, count - 1):
                files["%s-%s-%d.x" % (tool, name, number)] = number
                self.write("%s-%s-%d.x" % (tool, name, number), units.file(number, damage))
        mount = self.start()
        for name, number in files.items():
            with self.subTest(name=name):
                self.assert_damaged(mount.p(name, "plain"), units.data, (number * UNIT, (number + 1) * UNIT))
        assert_alive(self, mount)
        for number in set(files.values()):
            names = [name for name in files if files[name] == number]
            with self.subTest(said=names):
                self.assert_said(names, units.places[max(0, number - step)], units.places[number])

    def test_gzip(self):
        """A checksum or a length that is wrong: the member's end is known."""
        self.check("gzip", {"checksum": lambda pack: flip(pack, len(pack) * 8 - 40),
                            "length": lambda pack: flip(pack, len(pack) * 8 - 9)})

    def test_bgzf(self):
        """Anything after the header of a block, which tells its length."""
        self.check("bgzip", {"checksum": lambda pack: flip(pack, len(pack) * 8 - 40),
                             "data": lambda pack: flip(pack, self.random.randrange(30 * 8, (len(pack) - 8) * 8))})

    def test_zstd(self):
        self.check("zstd", {"checksum": lambda pack: flip(pack, len(pack) * 8 - 9)}, step=20)

    def test_xz(self):
        self.check("xz", {"checksum": lambda pack: flip(pack, (len(pack) - 36) * 8 - 9)}, step=20)
        self.check("xz", {"data": lambda pack: flip(pack, self.random.randrange(24 * 8, (len(pack) - 60) * 8))}, step=20)

    def test_blocks_of_one_xz_stream(self):
        data = text(12 * UNIT + 1)
        path = self.write("a.xz", pack := run("xz", "-1c", "--block-size=%d" % UNIT, "--check=sha256", input=data))
        lines = [line.split("\t") for line in run("xz", "--robot", "-lvv", path).decode().splitlines()]
        blocks = [(int(words[4]), int(words[6])) for words in lines if words[0] == "block"]
        self.assertEqual(len(blocks), 12)
        for number in (0, 5, 11):
            at, size = blocks[number]
            self.write("%d.xz" % number, flip(pack, self.random.randrange((at + 20) * 8, (at + size - 4) * 8)))
        mount = self.start()
        for number in (0, 5, 11):
            self.assert_damaged(mount.p("%d.xz" % number, "plain"), data, (number * UNIT, (number + 1) * UNIT))
        for number in (0, 5, 11):
            self.assert_said(["%d.xz" % number], 0, blocks[number][0])

    def test_frames_with_a_seek_table(self):
        """The table tells where the frames after it are, whatever is in it."""
        data = text(12 * UNIT + 1)
        pack = seekable(UNIT, True)(data)
        sizes = [struct.unpack_from("<I", pack, len(pack) - 9 - 12 * (12 - n))[0] for n in range(12)]
        for number in (0, 5, 11):
            at = sum(sizes[:number])
            self.write("%d.zst" % number, pack[:at + 40] + self.random.randbytes(50) + pack[at + 90:])
        mount = self.start()
        for number in (0, 5, 11):
            self.assert_damaged(mount.p("%d.zst" % number, "plain"), data, (number * UNIT, (number + 1) * UNIT))

    def test_a_long_member(self):
        """A gzip member of some MiB whose checksum is wrong is EIO throughout, and the others are not."""
        units = Units("gzip", 3, 3 * M)
        self.write("a.gz", units.file(1, lambda pack: flip(pack, len(pack) * 8 - 40)))
        mount = self.start()
        self.assert_damaged(mount.p("a.gz/plain"), units.data, (3 * M, 6 * M))
        self.assert_said(["a.gz"], units.places[1], units.places[1])

    def test_index_command(self):
        """`bigfs --index` says in one line what is damaged, and not that a disk may be."""
        for tool in ("gzip", "bgzip", "xz"):
            self.write(tool, Units(tool, 4).file(1, lambda pack: flip(pack, len(pack) * 8 - 40)))
            done = subprocess.run([harness.BIGFS, "--index", "--index-dir", self.tmp / "index", self.source / tool],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, done)
            self.assertRegex(done.stderr, r"\Abigfs: .*%s: damaged (at|after) byte \d+: [^\n]*\n\Z" % tool)

    def test_rows(self):
        """Their count needs all of it: EIO, and not a wrong line."""
        for tool in TOOLS:
            units = Units(tool, 12)
            self.write(tool, units.file(6, lambda pack: flip(pack, len(pack) * 8 - (330 if tool == "xz" else 20))))
        mount = self.start()
        for tool in TOOLS:
            for name in ("rows/0", "rows/99-100", "rows@n5/4", "rows.tsv", "rows/-1", "lines@csv.tsv"):
                self.assertEqual(errno_of(read, mount.p(tool, "plain", name)), "EIO", (tool, name))


class LostTest(DamageTest):
    """Damage that hides where the next unit is, or takes it away."""

    def check_lost(self, mount, name, units, number):
        """What is before the unit is right, and nothing of it and after it can be read."""
        plain, known = mount.p(name, "plain"), number * units.size
        size = os.stat(os.path.join(plain, "whole")).st_size
        self.assertGreater(size, known, name)
        data = units.data[:known] + bytes(size - known)
        self.assert_damaged(plain, data, (known, size), size)

    def test_cut(self):
        """A copy that ends within a unit; and one that ends with a unit is whole."""
        units, cuts = {tool: Units(tool, 8) for tool in TOOLS}, {}
        for tool, found in units.items():
            pack = found.file()
            for number in (0, 7):
                for length in (20, len(found.packs[number]) // 2, len(found.packs[number]) - 1):
                    cuts["%s-%d-%d" % (tool, number, length)] = (tool, number)
                    self.write("%s-%d-%d" % (tool, number, length), pack[:found.places[number] + length])
            self.write(tool, pack[:found.places[5]])
        mount = self.start()
        for name, (tool, number) in cuts.items():
            with self.subTest(name=name):
                self.check_lost(mount, name, units[tool], number)
        for tool, found in units.items():
            self.assertTrue(read(mount.p(tool, "plain/whole")) == found.data[:5 * UNIT], tool)
            self.assert_said(["%s-7-20" % tool], found.places[6], found.places[7])

    def test_nonsense_behind(self):
        """All units are right, and then something else comes. The tools for gzip ignore it."""
        for tool in TOOLS:
            units = Units(tool, 4)
            self.write(tool, units.file() + self.random.randbytes(777))
        mount = self.start()
        for tool in TOOLS:
            units = Units(tool, 4)
            self.assertTrue(read(mount.p(tool, "plain/bytes/0+%d" % len(units.data))) == units.data, tool)
            if tool in ("zstd", "xz"):
                self.check_lost(mount, tool, units, 4)

    def test_the_length_of_a_unit(self):
        """The header of a BGZF block, the deflate data of a gzip member, the blocks of a zstd frame."""
        def noise(start, end):
            return lambda pack: pack[:start] + self.random.randbytes(end - start) + pack[end:]
        damages = {"gzip": noise(100, 400), "bgzip": noise(0, 18), "zstd": noise(4, 40)}
        units = {tool: Units(tool, 8) for tool in damages}
        for tool, damage in damages.items():
            self.write(tool, units[tool].file(4, damage))
        mount = self.start()
        for tool in damages:
            with self.subTest(tool=tool):
                self.check_lost(mount, tool, units[tool], 4)


    def test_a_bit_that_changes_the_length(self):
        """Data that can be decoded, but to more or fewer bytes than there were: what follows must not move."""
        def longer(pack):
            for bit in self.random.sample(range(100 * 8, (len(pack) - 8) * 8), 5000):
                decoder = zlib.decompressobj(wbits=-15)
                try:
                    length = len(decoder.decompress(flip(pack, bit)[10:]))
                except zlib.error:
                    continue
                if decoder.eof and len(decoder.unused_data) == 8 and length != UNIT:
                    return flip(pack, bit)
            raise AssertionError("no such bit")
        units = Units("gzip", 8)
        self.write("gzip", units.file(4, longer))
        untold = [run("zstd", "-qc", input=part) for part in units.parts]
        self.write("zstd", b"".join(flip(pack, len(pack) * 8 - 9) if n == 4 else pack for n, pack in enumerate(untold)))
        mount = self.start()
        for name in ("gzip", "zstd"):
            with self.subTest(name=name):
                self.check_lost(mount, name, units, 4)


class AnyBitTest(DamageTest):
    """Every kind of damage: right bytes or EIO, and never others."""

    def small_files(self):
        """Files below 1 KiB of some units, all with checksums."""
        parts = [text(150, n) for n in range(3)]
        data = b"".join(parts)
        found = {"gzip": b"".join(run("gzip", "-c", input=part) for part in parts),
                 "gzip-one": run("gzip", "-9c", input=data),
                 "bgzf": b"".join(run("bgzip", "-c", input=part) for part in parts),
                 "zstd": b"".join(run("zstd", "-qc", input=part) for part in parts),
                 "seekable": seekable(150, True)(data),
                 "xz-streams": b"".join(run("xz", "-c", input=part) for part in parts)}
        for check in ("crc32", "crc64", "sha256"):
            found["xz-" + check] = run("xz", "-c", "--check=" + check, "--block-size=150", input=data)
        self.assertLess(max(map(len, found.values())), K)
        return data, found

    def check_all(self, kinds, damage, most):
        """Many files, each damaged in one way."""
        data, files = self.small_files()
        names = {}
        for kind in kinds(files):
            ways = damage(files[kind])
            for way in self.random.sample(ways, min(most, len(ways))):
                names["%s-%s" % (kind, way)] = kind
                self.write("%s-%s" % (kind, way), self.damaged(files[kind], way))
        mount, outcomes = self.start(), {}
        for name, kind in names.items():
            with self.subTest(name=name):
                what = self.look(mount.p(name, "plain"), data)
                outcomes[kind, what] = outcomes.get((kind, what), 0) + 1
        assert_alive(self, mount)
        return outcomes

    def damaged(self, pack, way):
        kind, at = way.split("-")
        if kind == "bit":
            return flip(pack, int(at))
        if kind == "cut":
            return pack[:int(at)]
        return pack[:int(at)] + self.random.randbytes(8) + pack[int(at) + 8:]

    def look(self, plain, data):
        """Reads all, in small steps; says what came of it."""
        if errno_of(os.stat, plain) == "ENOENT":
            return "unknown"
        descriptor = os.open(os.path.join(plain, "whole"), os.O_RDONLY)
        try:
            at, failed = 0, False
            while not failed:
                try:
                    got = os.pread(descriptor, 50, at)
                except OSError as error:
                    self.assertEqual(error.errno, errno.EIO)
                    failed = True
                    break
                if not got:
                    break
                self.assertEqual(got, data[at:at + len(got)])
                at += len(got)
            if not failed:
                self.assertEqual(at, len(data), "it ends early, or goes on")
        finally:
            os.close(descriptor)
        for name, wanted in (("bytes/-140", data[-140:]), ("bytes/200+50", data[200:250]), ("lines@n3/1", None)):
            try:
                got = read(os.path.join(plain, name))
                self.assertTrue(got == wanted if wanted and not failed else got in data or failed, name)
            except OSError as error:
                self.assertTrue(failed and error.errno in (errno.EIO, errno.ENOENT), (name, error))
        return "damaged" if failed else "right"

    def test_bits(self):
        outcomes = self.check_all(lambda files: list(files), lambda pack: ["bit-%d" % n for n in range(len(pack) * 8)],
                                  100 if SANITIZED else 250)
        for kind in {kind for kind, _ in outcomes}:
            self.assertGreater(outcomes.get((kind, "damaged"), 0), 20, outcomes)

    def test_noise(self):
        self.check_all(lambda files: list(files), lambda pack: ["noise-%d" % n for n in range(len(pack) - 8)], 60)

    def test_cuts(self):
        """At any place: never fewer bytes without an error, unless it ends with a unit."""
        data, files = self.small_files()
        kinds = [kind for kind in files if kind not in ("gzip", "bgzf", "zstd", "seekable", "xz-streams")]
        self.check_all(lambda _: kinds, lambda pack: ["cut-%d" % n for n in range(1, len(pack))], 100)


class WrongHeaderTest(DamageTest):
    """zstd frames whose header says what is not so."""

    def frames(self):
        """Three frames that tell their size in 4 bytes and have no checksum."""
        parts = [text(100 * K, n) for n in range(3)]
        packs = [run("zstd", "-qc", "--no-check", "--stream-size=%d" % len(part), input=part) for part in parts]
        for pack, part in zip(packs, parts):
            self.assertEqual(struct.unpack_from("<I", pack, 5)[0], len(part))
        return parts, packs

    def test_the_content_size(self):
        parts, packs = self.frames()
        for add in (1, -1, 1000, -1000, 27 * K, -90 * K):
            wrong = packs[1][:5] + struct.pack("<I", len(parts[1]) + add) + packs[1][9:]
            self.write("%d.zst" % add, packs[0] + wrong + packs[2])
        huge = packs[1][:4] + bytes([packs[1][4] | 0xc0]) + struct.pack("<Q", 1 << 62) + packs[1][9:]
        self.write("huge.zst", packs[0] + huge + packs[2])
        mount = self.start()
        for name in os.listdir(self.source):
            plain = mount.p(name, "plain")
            self.assertTrue(read(os.path.join(plain, "bytes/0+%d" % len(parts[0]))) == parts[0], name)
            for at in (len(parts[0]), len(parts[0]) + 5000):
                self.assertEqual(errno_of(read, os.path.join(plain, "bytes/%d+1" % at)), "EIO", name)
            self.assertEqual(errno_of(read, os.path.join(plain, "whole")), "EIO", name)
        assert_alive(self, mount)

    def test_a_dictionary(self):
        """There is no way to have it."""
        need(self, "zstd")
        for n in range(99):
            self.write("../samples/%d" % n, text(3000, n))
        run("zstd", "-q", "--train", "-r", self.tmp / "samples", "-o", self.tmp / "dictionary", "--maxdict=4K")
        pack = run("zstd", "-qc", "-D", self.tmp / "dictionary", input=text(90 * K))
        self.write("a.zst", pack * 2)
        mount = self.start()
        self.assertIn(errno_of(read, mount.p("a.zst/plain/whole")), ("EIO", "ENOENT"))
        self.assertEqual(read(mount.p("a.zst/bytes/0+4")), pack[:4])
        self.assertIn("a.zst", mount.log())


if __name__ == "__main__":
    harness.main()
