# SPDX-License-Identifier: MIT
"""Sources that change under their readers (DESIGN 4). Every open handle reads only one generation, every fresh open
sees the file as it is, and the daemon survives it all. On every file system, with and without the kernel's cache."""

import os
import random
import stat
import threading
import time

import harness
from changing import (EITHER, ENDING, LETTING_GO_ON, REPLACING, THROUGH_NOTHING, Model, Reader, Subject, cut_short,
                      grow, rotate, write_behind, write_over)
from harness import K, M, wait_for
from support import CACHES, KINDS, LAG, Broken, Handle, assert_alive, errno_of, read_once, stamped

CHUNK = "64K"
SIZE = 6 * 64 * K + 1000  # the last line is a broken one
SMALL = 2000
NAMES = ["whole.log", "bytes/000000", "bytes/000003", "bytes/000006", "lines/000002.log", "lines/000006.log",
         "bytes@16K/000005", "lines@32K/000011.log", "lines@n3/000001.log", "bytes/1000+5000", "bytes/-100"]


def assert_fresh(test, mount, subject):
    """DESIGN 4: a fresh open sees the new file, in size and bytes, and no piece that it no longer has."""
    for name in subject.names:
        wanted = subject.holds(name)
        size, got = read_once(subject.at(mount, name))
        where = "a fresh open of %s of %s" % (name or "all", subject.name)
        test.assertEqual(size, "ENOENT" if wanted is None else len(wanted), where)
        test.assertTrue(got == wanted, where + ": not what the file holds now")


class ChangesTest:
    """What holds for each kind of change. The classes made below set `kind` and `cache`."""

    def setUp(self):
        super().setUp()
        self.data = self.filesystem(self.kind, 64 * M) / "data"
        self.data.mkdir()

    def start(self):
        return self.mount(self.data, "--chunk-size", CHUNK, "--cache", self.cache)

    def subject(self, name, size=SIZE):
        return Subject(self.data / name, size, CHUNK, NAMES if size == SIZE else [""])

    def subjects(self, changes):
        """A large and a small file for each kind of change."""
        return [(how, self.subject(how.__name__ + name, size))
                for how in changes for name, size in ((".log", SIZE), (".txt", SMALL))]

    def assert_all_end(self, handles):
        """After a while every byte of every handle gives ESTALE; until then it is the right one."""
        left = list(handles)

        def none_left():
            left[:] = [handle for handle in left if not handle.is_stale()]
            return not left
        try:
            wait_for(none_left, LAG, "ESTALE")
        except AssertionError:
            raise AssertionError("never ESTALE: %s" % [handle.path for handle in left]) from None
        for handle in handles:
            handle.close()

    def test_old_handles_end_in_estale(self):
        """Rewritten, truncated, replaced: old bytes up to some point, then ESTALE (for bytes that the kernel has
        cached, after its time-out of 1 s). A fresh open sees the new file at once."""
        subjects = self.subjects(ENDING)
        alone = [(how, self.subject("alone-%s.log" % how.__name__)) for how in ENDING]  # these are not looked at again
        mount = self.start()
        old = {subject: subject.open_all(mount) for _, subject in subjects + alone}
        for handles in old.values():  # every other one has been read, and may be cached
            self.assertTrue(all([handle.read_all() for handle in handles[::2]]))
        for how, subject in subjects:
            with self.subTest(change=how.__name__, file=subject.name):
                subject.change(how)
                assert_fresh(self, mount, subject)
                if self.cache == "none" and how not in REPLACING:
                    self.assertEqual([h.path for h in old[subject] if not h.is_stale()], [], "served, not ESTALE")
                assert_fresh(self, mount, subject)
        for how, subject in alone:
            subject.change(how)
        self.assert_all_end([handle for handles in old.values() for handle in handles])
        assert_alive(self, mount)

    def test_old_handles_go_on(self):
        """Appended to, or only the ctime changed: handles go on serving exactly what they were opened on, and fresh
        opens show the added bytes at once, also after the kernel's time-out."""
        subjects = self.subjects(LETTING_GO_ON)
        mount, old = self.start(), []
        for pause in (0, 0, 0, 1.1):
            for how, subject in subjects:
                with self.subTest(change=how.__name__, file=subject.name):
                    old += subject.open_all(mount)
                    subject.change(how)
                    assert_fresh(self, mount, subject)
            time.sleep(pause)
            self.assertEqual([h.path for h in old if not h.read_all()], [], "ESTALE, though nothing was rewritten")
        for handle in old:
            handle.close()
        assert_alive(self, mount)

    def test_old_handles_of_a_file_that_went_away(self):
        """Deleted or renamed away: the right old bytes or ESTALE, never other bytes. The new file is seen at once."""
        subjects = self.subjects(EITHER)
        mount, old = self.start(), []
        for how, subject in subjects:
            with self.subTest(change=how.__name__, file=subject.name):
                handles = subject.open_all(mount)
                self.assertTrue(handles[0].read_all())
                before = subject.content
                subject.change(how)
                assert_fresh(self, mount, subject)
                if how is rotate:
                    away = subject.at(mount, "") + ".1" + ("/whole.1" if len(before) == SIZE else "")
                    self.assertTrue(read_once(away) == (len(before), before), away)
                old += handles
        for _ in range(3):
            for handle in old:
                handle.is_stale()  # raises on a wrong byte
            time.sleep(0.4)
        for handle in old:
            handle.close()
        assert_alive(self, mount)

    def test_attributes_and_listings_catch_up(self):
        """`stat` may lag by up to 1 s. Then it shows the new size and mode, new pieces, and the deletion."""
        grown, gone, changed = map(self.subject, ("grown.log", "gone.log", "changed.log"))
        mount = self.start()
        last, added, below = "grown.log/bytes/000006", "grown.log/bytes/000007", "gone.log/bytes/000001"
        self.assertEqual(os.stat(mount.p(last)).st_size, 1000)
        self.assertEqual(errno_of(os.stat, mount.p(added)), "ENOENT")
        self.assertEqual(os.stat(mount.p("changed.log/whole.log")).st_mode & 0o777, 0o444)
        held = gone.open_all(mount)
        grown.change(grow)
        gone.path.unlink()
        os.chmod(changed.path, 0o600)

        wait_for(lambda: os.stat(mount.p(last)).st_size == 64 * K, LAG, "the grown piece's size")
        wait_for(lambda: errno_of(os.stat, mount.p(added)) is None, LAG, "the new piece")
        names = ["%06d" % k for k in range(8)]
        wait_for(lambda: sorted(os.listdir(mount.p("grown.log/bytes"))) == names, LAG, "the new piece is listed")
        for name in ("gone.log", below):
            wait_for(lambda: errno_of(os.stat, mount.p(name)) == "ENOENT", LAG, name + ": ENOENT")
        wait_for(lambda: "gone.log" not in os.listdir(mount.path), LAG, "the deletion in the listing")
        for handle in held:
            handle.is_stale()  # raises on a wrong byte
            handle.close()
        wait_for(lambda: os.stat(mount.p("changed.log/whole.log")).st_mode & 0o777 == 0o400, LAG, "the mode")

    def test_eight_readers(self):
        """Every kind of change while 8 readers open, hold and read pieces. No handle ever delivers a byte of another
        generation than the one it was opened on, and an open after a change sees its result."""
        mount = self.start()
        seed = harness.seed("test_eight_readers, %s, %s" % (self.kind, self.cache))
        for how in ENDING + LETTING_GO_ON + EITHER:
            with self.subTest(change=how.__name__, BIGFS_SEED=seed):
                large, small = (subject for _, subject in self.subjects([how]))
                names = ["whole.log", *random.Random(seed).sample(NAMES[1:], 6)]
                readers = [Reader(mount, large, name, how, seed + k) for k, name in enumerate(names)]
                readers.append(Reader(mount, small, "", how, seed))
                self.change_under(readers, (large, small), how)
                self.assertEqual([r.failure for r in readers if r.failure], [])
                self.assertTrue(any(r.handles for r in readers))
                for subject in (large, small):
                    if how not in THROUGH_NOTHING:
                        assert_fresh(self, mount, subject)
        assert_alive(self, mount)

    def change_under(self, readers, subjects, how):
        """Start the readers, change the files a few times, and join the readers."""
        for reader in readers:
            reader.start()
        for _ in range(4):
            time.sleep(0.03)
            for subject in subjects:
                subject.change(how)
        time.sleep(0.03)
        for reader in readers:
            reader.stop.set()
        for reader in readers:
            reader.join(LAG)
            self.assertFalse(reader.is_alive(), "a reader hangs")

    def test_random_changes_and_handles_of_many_ages(self):
        """A seeded model: thousands of appends, rewrites, truncations and replacements, and handles of many ages."""
        seed = harness.seed("test_random_changes, %s, %s" % (self.kind, self.cache))
        mount = self.mount(self.data, "--chunk-size", "16K", "--min-size", "8K", "--cache", self.cache)
        model = Model(mount, self.data, self.cache == "none", seed)
        self.addCleanup(lambda: [model.drop(handle) for handle in list(model.fates)])
        for step in range(2500):
            try:
                model.step()
            except (AssertionError, OSError) as error:
                raise AssertionError("step %d, BIGFS_SEED=%d: %s" % (step, seed, error)) from error
        for handle in [handle for handle, fate in model.fates.items() if fate == "goes on"]:
            self.assertTrue(handle.read_all(), handle.path)
            model.drop(handle)
        self.assert_all_end([handle for handle, fate in model.fates.items() if fate != "doubtful" and handle.size])
        model.fates = {handle: fate for handle, fate in model.fates.items() if fate == "doubtful" or not handle.size}
        assert_alive(self, mount)


class RaceTest:
    """Reads that race a rewrite, when every read reaches bigfs. The classes made below set `kind`."""

    ROUNDS = 25

    def test_no_handle_delivers_both_letters(self):
        """A file of one letter is rewritten in place by one pwrite, again and again, while readers read from handles
        opened before. No handle ever gives a byte of the other letter, and each ends in ESTALE."""
        data = self.filesystem(self.kind, 64 * M)
        size, seed = 4 * M, harness.seed("test_no_handle_delivers_both_letters, " + self.kind)
        (data / "race.log").write_bytes(b"A" * size)
        mount = self.mount(data, "--chunk-size", "1M", "--cache", "none")
        names = ["whole.log", "bytes/000001", "bytes/000003", "lines/000000.log", "bytes/1000+3000000"]
        for turn in range(self.ROUNDS):
            letter, other = (b"A", b"B") if turn % 2 == 0 else (b"B", b"A")
            racers = [Racer(mount.p("race.log", name), letter, seed + turn + k) for k, name in enumerate(names)]
            for racer in racers:
                racer.start()
            time.sleep(random.Random(seed + turn).random() * 0.004)
            write_over(data / "race.log", other * size)
            for racer in racers:
                racer.join(LAG)
                self.assertFalse(racer.is_alive(), "a reader neither ended nor got ESTALE")
            self.assertEqual([r.failure for r in racers if r.failure], [], "turn %d" % turn)
            fresh = read_once(mount.p("race.log", "whole.log"))
            self.assertTrue(fresh == (size, other * size), "a fresh open after the rewrite")
        assert_alive(self, mount)


class Racer(threading.Thread):
    """Reads at random from one handle, opened before the race, until ESTALE."""

    def __init__(self, path, letter, seed):
        super().__init__(daemon=True)
        self.handle = Handle(path, letter * os.stat(path).st_size)
        self.random, self.failure = random.Random(seed), ""

    def run(self):
        try:
            while self.handle.read(self.random.randrange(self.handle.size), self.random.choice((4 * K, 128 * K, M))):
                pass
        except Broken as error:
            self.failure = str(error)
        self.handle.close()


class CrossingTest(harness.MountTest):
    """A file that crosses --min-size."""

    def test_directory_to_file_and_back(self):
        """It gets a new inode number each time. Open handles of a file that only grew go on."""
        for cache in CACHES:
            with self.subTest(cache=cache):
                self.cross(self.mount(None, "--chunk-size", CHUNK, "--cache", cache), "%s.log" % cache)

    def cross(self, mount, name):
        subject, look = Subject(self.source / name, SIZE, CHUNK, NAMES), lambda: os.stat(mount.p(name))
        numbers, held = [look().st_ino], subject.open_all(mount)

        os.truncate(subject.path, SMALL)
        wait_for(lambda: stat.S_ISREG(look().st_mode), LAG, "it becomes a file")
        numbers.append(look().st_ino)
        self.assertEqual(read_once(mount.p(name)), (SMALL, stamped(0, SMALL)))
        for handle in held:
            wait_for(handle.is_stale, LAG, handle.path + ": ESTALE")
            handle.close()
        small = Handle(mount.p(name), stamped(0, SMALL))

        write_behind(subject.path, stamped(2, SIZE))
        wait_for(lambda: stat.S_ISDIR(look().st_mode), LAG, "it becomes a directory")
        numbers.append(look().st_ino)
        self.assertTrue(numbers[0] != numbers[1] != numbers[2], numbers)
        subject.contents[0] = stamped(0, SMALL) + stamped(2, SIZE)
        assert_fresh(self, mount, subject)
        self.assertTrue(small.read_all(), "it was only appended to: the handle goes on")
        small.close()


class FailedOpenTest(harness.MountTest):
    """An open that failed."""

    def test_it_does_not_mislead_the_next_one(self):
        """A piece is cut off, and its open gives ENOENT. Right after that the same program opens another file that has
        grown since it was looked up. It is opened as it is now, not as it was."""
        for cache in CACHES:
            with self.subTest(cache=cache):
                cut, large, small = (
                    Subject(self.source / (cache + name), size, CHUNK, [""] if size == SMALL else NAMES)
                    for name, size in (("1.log", SIZE), ("2.log", SIZE), ("3.txt", SMALL)))
                mount = self.mount(None, "--chunk-size", CHUNK, "--cache", cache)
                for grown in (large, small):
                    for subject in (cut, grown):
                        assert_fresh(self, mount, subject)
                    cut.change(cut_short)
                    self.assertEqual(errno_of(os.open, cut.at(mount, "bytes/000006"), os.O_RDONLY), "ENOENT")
                    grown.change(grow)
                    assert_fresh(self, mount, grown)
                    cut.change(grow)
                    cut.change(grow)


class WriteInProgressTest(harness.MountTest):
    """A write(2) moves the mtime when it begins, and then takes long. Meanwhile the file has the time stamps of the
    final content, but not all of its bytes. Nothing seen then may be kept, unless the write lasts longer than a file
    must have been at rest (docs/architecture.md), as it may on a busy machine."""

    SIZE = 64 * M
    REST = 0.02 + 0.002 * 64

    def each_write(self, names, turns=4):
        """Writes a file in place, and opens and reads pieces at its end while the write is at its beginning. Gives the
        mount and the new content after the write."""
        for root in (self.source, self.filesystem("tmpfs", 96 * M)):
            (root / "app.log").write_bytes(bytes(self.SIZE))
            for cache in CACHES:
                mount = self.mount(root, "--chunk-size", "1M", "--cache", cache)
                told, tries = 0, 0
                while told < turns:
                    self.assertLess(tries, 10 * turns, "this machine takes too long to write 64 MiB")
                    line = bytes([ord("a" if cache == "none" else "n") + tries % 13]) * (80 + 7 * tries) + b"\n"
                    tries += 1
                    data = (line * (self.SIZE // len(line) + 1))[:self.SIZE]
                    if self.write_and_look(mount, root / "app.log", data, names) < self.REST:
                        told += 1
                        yield mount, root / "app.log", data
                mount.unmount()

    def write_and_look(self, mount, path, data, names):
        """How many seconds the write lasted."""
        lasted = []

        def write():
            began = time.monotonic()
            write_over(path, data)
            lasted.append(time.monotonic() - began)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        while harness.pread(path, 1) != data[:1]:
            pass
        for name in names:
            read_once(mount.p("app.log", name))
        writer.join()
        return lasted[0]

    def check_each(self, names):
        for mount, _, data in self.each_write(names):
            for name in names:
                size, got = read_once(mount.p("app.log", name))
                wanted = piece_of_long(data, name)
                self.assertTrue((size, got) == (len(wanted), wanted), "%s is %s, must be %d %r" % (
                    name, size if got is None else "%d %r" % (size, got[:20]), len(wanted), wanted[:20]))

    def test_no_bytes_are_kept(self):
        """A fresh open after the write gives none of the old bytes."""
        self.check_each(["bytes/000063", "bytes/-4096", "bytes/000050"])

    def test_no_line_ends_are_kept(self):
        """A fresh open after the write cuts at the current line ends."""
        self.check_each(["lines/000063.log", "lines/000055.log", "lines@2M/000030.log"])

    def test_no_marks_are_kept(self):
        """A handle opened after the write goes on after a chmod: the last block differs from that during the write, but
        not from that at the open."""
        for mount, path, data in self.each_write(["whole.log", "bytes/-4096"]):
            handle = Handle(mount.p("app.log/whole.log"), data)
            os.chmod(path, 0o600 if data[0] % 2 else 0o644)
            goes_on = handle.read(self.SIZE // 2, M)
            handle.close()
            self.assertTrue(goes_on, "ESTALE, though nothing was rewritten")


def piece_of_long(data, name):
    """Like piece_of() with pieces of 1 (or 2) MiB, but does not look at every line."""
    view, _, number = name.partition("/")
    if number[0] == "-":
        return data[int(number):]
    step = 2 * M if "2M" in view else M
    start = int(number.partition(".")[0]) * step
    ends = [start, start + step]
    if view != "bytes":
        ends = [data.find(b"\n", end - 1) + 1 or len(data) for end in ends]
    return data[ends[0]:ends[1]]


for _kind in KINDS:
    for _cache in CACHES:
        _name = "Changes_%s_%s_Test" % (_kind, _cache)
        globals()[_name] = type(_name, (ChangesTest, harness.MountTest), {
            "kind": _kind, "cache": _cache, "__module__": __name__})
    _name = "Race_%s_Test" % _kind
    globals()[_name] = type(_name, (RaceTest, harness.MountTest), {"kind": _kind, "__module__": __name__})

if __name__ == "__main__":
    harness.main()
