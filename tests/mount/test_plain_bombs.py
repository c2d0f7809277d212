# SPDX-License-Identifier: MIT
"""Compressed files that hold far more than they should (DESIGN 5): right bytes or EIO in bounded memory, and an end."""

import os
import random
import struct
import threading
import zlib

import harness
from compressing import PlainTest, need, noise, text
from harness import G, K, M, pread, read, run
from support import SANITIZED, assert_alive, errno_of, read_once, status

GROWN = 160 * M  # more than --decode-memory of 64 MiB, maps, and what threads take; far less than any bomb here
END = b"and this is the end\n"


def peak(mount):
    """The most memory that the daemon has had so far."""
    return status(mount.pid)["VmHWM"]


def frame_of_runs(blocks, size=128 * K, window=0x38, byte=0):
    """A zstd frame of blocks that are one byte repeated, that tells no size and has no checksum."""
    found = [struct.pack("<I", size << 3 | 1 << 1 | (n + 1 == blocks))[:3] + bytes([byte]) for n in range(blocks)]
    return struct.pack("<IBB", 0xFD2FB528, 0, window) + b"".join(found)


class BombTest(PlainTest):
    def begin(self, *options):
        self.mounted = self.start(*options)
        self.before = peak(self.mounted)
        return self.mounted

    def assert_bounded(self, what, most=GROWN):
        assert_alive(self, self.mounted)
        if not SANITIZED:
            self.assertLess(peak(self.mounted) - self.before, most, what)

    def check_end(self, mount, name, size):
        """The last bytes, some in between, the first ones, and the bytes before the last line."""
        plain = mount.p(name, "plain")
        self.assertEqual(read(os.path.join(plain, "bytes/-%d" % (len(END) + 3))), bytes(3) + END, name)
        self.assertEqual(os.stat(os.path.join(plain, "whole")).st_size, size + len(END), name)
        for at in (0, size // 3, size - M - 1):
            self.assertEqual(read(os.path.join(plain, "bytes/%d+%d" % (at, 100 * K))), bytes(100 * K), name)
        self.assert_bounded(name)


class ZerosTest(BombTest):
    """1 GiB of zeros and more, and a line at the end."""

    def test_each_tool(self):
        need(self, "gzip", "igzip", "bgzip", "zstd", "xz")
        part = bytes(64 * M)
        many = {"gzip": run("igzip", "-1c", input=part), "zstd": run("zstd", "-qc", input=part),
                "xz": run("xz", "-0c", "-T2", "--block-size=16MiB", input=part)}
        for tool, argv in (("gzip", ["gzip", "-c"]), ("zstd", ["zstd", "-qc"]), ("xz", ["xz", "-c"])):
            self.write(tool, many[tool] * 16 + run(*argv, input=END))
        block = run("bgzip", "-c", input=bytes(65280))[:-28]
        self.write("bgzip", block * (G // 65280) + run("bgzip", "-c", input=END))
        mount = self.begin()
        for tool, size in (("gzip", G), ("zstd", G), ("xz", G), ("bgzip", G // 65280 * 65280)):
            self.check_end(mount, tool, size)

    def test_one_member(self):
        """No end for 160 MiB: places within it."""
        self.write("a.gz", run("gzip", "-1c", input=bytes(160 * M)) + run("gzip", "-c", input=END))
        self.check_end(self.begin(), "a.gz", 160 * M)

    def test_a_hundred_gib_of_runs(self):
        """Four bytes of a zstd frame hold 128 KiB."""
        self.write("a.zst", frame_of_runs(64) * 12800 + run("zstd", "-qc", input=END))
        self.check_end(self.begin(), "a.zst", 100 * G)

    def test_lines_of_them(self):
        """One line that is all zeros: its piece is as long as it is."""
        need(self, "igzip")
        self.write("a.gz", run("igzip", "-1c", input=bytes(64 * M)) * 4 + run("gzip", "-c", input=b"\n" + END))
        mount = self.begin()
        self.assertEqual(os.stat(mount.p("a.gz/plain/lines/0")).st_size, 256 * M + 1)
        self.assertEqual(read(mount.p("a.gz/plain/rows/2-2")), END)
        self.assert_bounded("lines")


class EmptyUnitsTest(BombTest):
    """A million units that hold nothing, and one that does."""

    def test_each_tool(self):
        need(self, "gzip", "bgzip", "zstd", "xz")
        for tool, *argv in (("gzip", "-nc"), ("bgzip", "-c"), ("zstd", "-qc"), ("xz", "-c")):
            argv = [tool, *argv]
            count = 100000 if tool == "xz" else 10 ** 6
            self.write(tool, run(*argv, input=b"") * count + run(*argv, input=END))
        self.write("runs", frame_of_runs(1, 0) * 10 ** 6 + run("zstd", "-qc", input=END))
        self.write("skippable", run("zstd", "-qc", input=END) + struct.pack("<II", 0x184D2A51, 0) * 10 ** 6)
        mount = self.begin()
        for name in ("gzip", "bgzip", "zstd", "xz", "runs", "skippable"):
            self.assertEqual(read(mount.p(name, "plain/whole")), END, name)
            self.assertEqual(read(mount.p(name, "plain/rows/1-1")), END, name)
            self.assert_bounded(name)


class WindowTest(BombTest):
    """zstd frames and xz blocks that ask for more memory than is sane, or than is allowed."""

    def outcomes(self, mount, name, data):
        """Right, or refused."""
        for asked in ("whole", "bytes/-99", "bytes/5+99", "lines@n2/1"):
            size, got = read_once(mount.p(name, "plain", asked))
            right = got is not None and (got == data if asked == "whole" else got in data)
            self.assertTrue(size in ("EIO", "ENOENT") or right, (name, asked, size))
        self.assert_bounded(name)
        return size

    def test_windows(self):
        data = b"".join(text(300 * K, n) for n in range(3))
        packs = [run("zstd", "-qc", "--no-check", input=text(300 * K, n)) for n in range(3)]
        self.assertTrue(all(pack[4] == 0 for pack in packs), "no window in the header")
        for log in (*range(20, 42), 41.875):
            window = int((log - 10) * 8)
            self.write("%d" % window, b"".join(pack[:5] + bytes([window]) + pack[6:] for pack in packs))
        mount = self.begin()
        sizes = [self.outcomes(mount, str(int((log - 10) * 8)), data) for log in (*range(20, 42), 41.875)]
        for log in range(20, 26):
            self.assertEqual(errno_of(read, mount.p(str((log - 10) * 8), "plain/whole")), None, sizes)

    def test_long_matches(self):
        """--ultra --long=27: a window of 128 MiB is more than --decode-memory, and decoded alone."""
        data = noise(300 * K) * 4
        self.write("a.zst", run("zstd", "-qc", "--ultra", "--long=27", input=data) * 2)
        mount = self.begin("--decode-memory", "16M")
        self.outcomes(mount, "a.zst", data * 2)

    def test_xz_dictionaries(self):
        """-9 needs 65 MiB; a header may ask for up to 4 GiB."""
        need(self, "xz")
        parts = [text(300 * K, n) for n in range(3)]
        packs = [run("xz", "-0c", input=part) for part in parts]
        for size in (*range(10, 41, 3), 40, 41, 63):
            self.write("%d" % size, b"".join(with_dictionary(pack, size) for pack in packs))
        self.write("nine", run("xz", "-9c", "--block-size=300KiB", input=b"".join(parts)))
        mount = self.begin("--decode-memory", "16M")
        for size in (*range(10, 41, 3), 40, 41, 63, "nine"):
            self.outcomes(mount, str(size), b"".join(parts))
        self.assertEqual(errno_of(read, mount.p("16/plain/whole")), None)  # 1 MiB


def with_dictionary(pack, size):
    """An xz file whose first block asks for another dictionary, by the number that stands for its size."""
    start = 12
    length = (pack[start] + 1) * 4
    header = bytearray(pack[start:start + length - 4])
    at = header.index(b"\x21\x01") + 2
    header[at] = size
    return pack[:start] + bytes(header) + struct.pack("<I", zlib.crc32(header)) + pack[start + length:]


class MemoryTest(BombTest):
    """Many readers at once."""

    def test_64_readers_with_16_mib(self):
        """Of files of each kind, in random places."""
        data = text(6 * M)
        kinds = ("gzip-6", "gzip-members", "bgzip", "zstd-frames", "pzstd", "xz", "xz-6")
        files = [self.put(kind, "a.log", data) for kind in kinds]
        mount = self.begin("--decode-memory", "16M", "--cache", "none")
        failures = []

        def reader(number):
            generator = random.Random(number)
            try:
                for _ in range(4):
                    at, length = generator.randrange(len(data)), generator.choice((1, 4 * K, 100 * K, 500 * K))
                    file = generator.choice(files)
                    if pread(mount.p(file, "plain/whole"), length, at) != data[at:at + length]:
                        failures.append((file, at, length))
            except OSError as error:
                failures.append(error)

        readers = [threading.Thread(target=reader, args=(number,)) for number in range(64)]
        for thread in readers:
            thread.start()
        for thread in readers:
            thread.join()
        self.assertEqual(failures[:3], [])
        self.assert_bounded("64 readers", 96 * M)
        line = [line for line in read(mount.p(".bigfs/status")).decode().splitlines() if line.startswith("decoding:")][0]
        self.assertLessEqual(int(line.split()[1]), 16 * M)


if __name__ == "__main__":
    harness.main()
