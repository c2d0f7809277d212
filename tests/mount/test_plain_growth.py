# SPDX-License-Identifier: MIT
"""Compressed files that change (DESIGN 3 and 4): a member, frame or stream that is appended is an append; open handles of
what was rewritten are stale."""

import os
import random
import threading
import time

import harness
from compressing import PlainTest, joined, need, text
from harness import K, M, read, run, wait_for
from support import LAG, Handle, errno_of, read_once
from test_pin import append, write_at

TOOLS = {"gzip": ["gzip", "-c"], "bgzip": ["bgzip", "-c"], "zstd": ["zstd", "-qc"], "xz": ["xz", "-1c"]}


class GrowthTest(PlainTest):
    """One file of each codec that grows by whole units."""

    def begin(self, *options):
        """Files of three units each, and a mount of them."""
        need(self, *TOOLS)
        self.parts = [text(200 * K, n) + b"\n" for n in range(9)]
        self.data = b"".join(self.parts[:3])
        for tool in TOOLS:
            self.write(self.name(tool), b"".join(self.pack(tool, part) for part in self.parts[:3]))
        return self.start(*options)

    @staticmethod
    def name(tool):
        return "%s.log.x" % tool

    @staticmethod
    def pack(tool, data):
        return run(*TOOLS[tool], input=data)

    def open(self, path, wanted):
        handle = Handle(path, wanted)
        self.addCleanup(handle.close)
        return handle

    def assert_shows(self, plain, data):
        """Fresh look-ups, as soon as the kernel forgets the size that it has seen."""
        wait_for(lambda: read_once(os.path.join(plain, "whole"))[0] == len(data), LAG, "growth is seen in " + plain)
        self.assertTrue(read(os.path.join(plain, "whole")) == data, plain)
        for view in ("lines@n3", "rows@n4", "bytes@n5", "rows@n3,csv"):
            self.assertTrue(joined(os.path.join(plain, view)) == data, (plain, view))
        count = data.count(b"\n")
        self.assertEqual(read(os.path.join(plain, "rows/%d+9" % count)), data[data.rindex(b"\n", 0, -1) + 1:])

    def check_appended(self, *options):
        mount = self.begin(*options)
        data, handles = self.data, []
        for more in self.parts[3:6]:
            third = len(data) // 3
            for tool in TOOLS:
                plain = mount.p(self.name(tool), "plain")
                handles += [self.open(os.path.join(plain, "whole"), data),
                            self.open(os.path.join(plain, "bytes/%d+%d" % (third, 300 * K)), data[third:third + 300 * K])]
                self.assertTrue(handles[-1].read(0, 9))
                append(self.source / self.name(tool), self.pack(tool, more))
            data += more
            for tool in TOOLS:
                self.assert_shows(mount.p(self.name(tool), "plain"), data)
        for handle in handles:
            self.assertTrue(handle.read_all(), handle.path)

    def test_appended(self):
        self.check_appended()

    def test_without_the_kernels_cache(self):
        self.check_appended("--cache", "none")

    def test_in_halves(self):
        """A unit whose first half is there already: what is before it can be read, and it when all of it is there."""
        mount = self.begin()
        packs = {tool: self.pack(tool, self.parts[3]) for tool in TOOLS}
        handles = [self.open(mount.p(self.name(tool), "plain/whole"), self.data) for tool in TOOLS]
        for tool, pack in packs.items():
            append(self.source / self.name(tool), pack[:len(pack) // 2])
        for handle in handles:
            self.assertTrue(handle.read_all(), handle.path)
            self.assertTrue(read(os.path.join(os.path.dirname(handle.path), "bytes/0+%d" % len(self.data))) == self.data)
        time.sleep(1.2)  # a map is believed for a second
        for handle in handles:
            self.assertTrue(read(os.path.join(os.path.dirname(handle.path), "bytes/0+%d" % len(self.data))) == self.data)
        for tool, pack in packs.items():
            append(self.source / self.name(tool), pack[len(pack) // 2:])
        for handle in handles:
            self.assertTrue(handle.read_all(), handle.path)
            self.assert_shows(os.path.dirname(handle.path), self.data + self.parts[3])

    def test_pinned(self):
        """A word names what the file held before it grew; that of a compressed file's own bytes, too."""
        mount, before = self.begin(), self.data
        words = {tool: [read(mount.p(self.name(tool), name)).decode().strip() for name in ("pin", "plain/pin")]
                 for tool in TOOLS}
        packs = {tool: read(self.source / self.name(tool)) for tool in TOOLS}
        half = before[len(before) // 2:]
        handles = [self.open(mount.p(self.name(tool), "plain/bytes@n2,pin=" + words[tool][1], "1"), half) for tool in TOOLS]
        for more in self.parts[3:5]:
            for tool in TOOLS:
                append(self.source / self.name(tool), self.pack(tool, more))
                for view, wanted in (("bytes@n3,pin=" + words[tool][0], packs[tool]),
                                     ("plain/bytes@n3,pin=" + words[tool][1], before),
                                     ("plain/lines@n3,pin=" + words[tool][1], before),
                                     ("plain/rows@n3,csv,pin=" + words[tool][1], before)):
                    self.assertTrue(joined(mount.p(self.name(tool), view)) == wanted, (tool, view))
            self.assertTrue(all(handle.read_all() for handle in handles))
            time.sleep(1.2)  # a map is believed for a second
        for tool in TOOLS:
            path = mount.p(self.name(tool), "plain/pin")
            wait_for(lambda: read(path).decode().strip() != words[tool][1], LAG, "another word")

    def test_pinned_and_rewritten(self):
        mount = self.begin("--cache", "none")
        for tool in TOOLS:
            plain = mount.p(self.name(tool), "plain")
            word = read(os.path.join(plain, "pin")).decode().strip()
            handle = self.open(os.path.join(plain, "lines@n2,pin=" + word, "0"),
                               read(os.path.join(plain, "lines@n2,pin=" + word, "0")))
            pack = b"".join(self.pack(tool, text(300 * K, n)) for n in range(50, 54))
            (self.source / self.name(tool)).write_bytes(pack)
            self.assertTrue(handle.is_stale(), tool)
            for name in ("lines@n2,pin=%s/0", "rows@n3,pin=%s/1", "bytes@pin=%s.tsv"):
                self.assertEqual(errno_of(read, os.path.join(plain, name % word)), "ESTALE", name)
            self.assertEqual(errno_of(read, os.path.join(
                self.start().p(self.name(tool), "plain/bytes@pin=" + word, "0"))), "ESTALE", tool)

    def test_rewritten(self):
        """In place, truncated, replaced: ESTALE for old handles, and the new content for fresh ones."""
        mount = self.begin("--cache", "none")
        new = b"".join(self.parts[5:9])

        def in_place(path, pack):
            write_at(path, pack, 0)
            os.truncate(path, len(pack))

        def replaced(path, pack):
            (self.tmp / "new").write_bytes(pack)
            os.rename(self.tmp / "new", path)

        for tool in TOOLS:
            plain, path = mount.p(self.name(tool), "plain"), self.source / self.name(tool)
            for turn, change in enumerate((in_place, replaced, lambda path, pack: path.write_bytes(pack))):
                old, data = (self.data, new)[::1 if turn % 2 == 0 else -1]
                handles = [self.open(os.path.join(plain, "whole"), old), self.open(os.path.join(plain, "bytes@n3/1"),
                           old[-(-len(old) // 3):][:(len(old) + 1) // 3])]
                self.assertTrue(all(handle.read(0, 100) for handle in handles))
                change(path, b"".join(self.pack(tool, data[at:at + 200 * K]) for at in range(0, len(data), 200 * K)))
                wait_for(lambda: not handles[0].read(0, 100), LAG, "the handle is stale")
                self.assertTrue(all(handle.is_stale() for handle in handles), (tool, turn))
                self.assert_shows(plain, data)

    def test_another_kind_of_file(self):
        """It is compressed by another tool, or not at all any more; and is a compressed one again."""
        mount = self.begin("--cache", "none")
        path = self.source / self.name("gzip")
        plain = mount.p(self.name("gzip"), "plain")
        for turn, tool in enumerate(("zstd", "bgzip", "xz", "gzip", None, "zstd", None, "bgzip")):
            old = read_once(os.path.join(plain, "whole"))[1]
            handle = self.open(os.path.join(plain, "whole"), old) if old is not None else None
            data = b"".join(text(150 * K, turn * 10 + n) + b"\n" for n in range(3))
            path.write_bytes(data if tool is None else
                             b"".join(self.pack(tool, data[at:at + 90 * K]) for at in range(0, len(data), 90 * K)))
            if handle is not None:
                self.assertTrue(handle.is_stale(), turn)
            if tool is not None:
                self.assert_shows(plain, data)
            else:
                wait_for(lambda: errno_of(os.stat, os.path.join(plain, "whole")) == "ENOENT", LAG, "plain is gone")

    def test_one_frame_that_another_follows(self):
        """It could only be read from its start."""
        need(self, "zstd", "xz")
        mount = self.start()
        for tool in ("zstd", "xz"):
            path = self.write(tool + ".log.x", self.pack(tool, one := text(3 * M)))
            plain = mount.p(tool + ".log.x", "plain")
            self.assertEqual(errno_of(os.stat, os.path.join(plain, "whole")), "ENOENT")
            append(path, self.pack(tool, other := text(3 * M, 2) + b"\n"))
            self.assert_shows(plain, one + other)


class WhileReadTest(PlainTest):
    """Files that are appended to while many look at them."""

    def test_readers_and_a_writer(self):
        """Every look shows what the file held at some time, and none fails."""
        need(self, *TOOLS)
        parts = [text(60 * K, n) + b"\n" for n in range(40)]
        data, ends, stop, failures = b"".join(parts), set(), threading.Event(), []
        for part in [b"", *parts]:
            ends.add(len(part) + max(ends, default=0))
        packs = {tool: [run(*TOOLS[tool], input=part) for part in parts] for tool in TOOLS}
        for tool, found in packs.items():
            self.write(tool, b"".join(found[:4]))
        mount = self.start()

        def look(number):
            generator = random.Random(number)
            while not stop.is_set():
                tool = generator.choice(sorted(TOOLS))
                try:
                    size, got = read_once(mount.p(tool, "plain/whole"))
                    if got is None or size not in ends or got != data[:size]:
                        failures.append((tool, size))
                    got = read(mount.p(tool, "plain/lines@n7/%d" % generator.randrange(3)))
                    if got not in data or not got.endswith(b"\n"):
                        failures.append((tool, "lines"))
                except OSError as error:
                    failures.append((tool, error))

        readers = [threading.Thread(target=look, args=(number,)) for number in range(4)]
        for reader in readers:
            reader.start()
        for number in range(4, len(parts)):
            for tool, found in packs.items():
                append(self.source / tool, found[number])
        stop.set()
        for reader in readers:
            reader.join()
        self.assertEqual(failures[:3], [])
        for tool in TOOLS:
            wait_for(lambda: read_once(mount.p(tool, "plain/whole"))[1] == data, LAG, "all of it is seen")


if __name__ == "__main__":
    harness.main()
