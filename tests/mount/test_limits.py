# SPDX-License-Identifier: MIT
"""Bounded everything (DESIGN 3, 5, 6; issue 2, points 7 and 8): descriptors, mappings, threads, memory, bytes
scanned. Counted by the daemon's own metrics and by /proc, never by the clock."""

import ctypes
import fcntl
import mmap
import os
import random
import signal
import struct
import subprocess
import threading
import time

import harness
from harness import G, K, M, pread, read, wait_for
from support import (CACHES, LAG, Footprint, Handle, assert_alive, counter, metrics, own_memory, piece_of, stamped,
                     start, status)

FEW = ("prlimit", "--nofile=64:64")
FICLONERANGE = 0x4020940D
SCANNED, PROBES = "bigfs_scanned_bytes_total", "bigfs_probes_total"


def content(number):
    """One of many different small contents; every tenth is large enough to become a directory."""
    return b"%06d " % number * (600 if number % 10 == 0 else 9)


class DescriptorsTest(harness.MountTest):
    """The cache of open files closes some, and reads go on."""

    COUNT = 10000

    def many(self):
        """The mount of ten thousand files by a daemon that may have 64 descriptors."""
        for directory in range(7):
            (self.source / str(directory)).mkdir()
        for number in range(self.COUNT):
            (self.source / self.name(number)).write_bytes(content(number))
        return self.mount(None, "--min-size", "4K", wrapper=FEW)

    @staticmethod
    def name(number):
        return "%d/%d.txt" % (number % 7, number)

    def path(self, mount, number):
        return mount.p(self.name(number), *(["whole.txt"] if number % 10 == 0 else []))

    def test_ten_thousand_files_under_a_limit_of_64(self):
        """Opened and read in turn, most of the time with several held open; none fails, and at the end the daemon
        holds what it held at first."""
        mount = self.many()
        limits = read("/proc/%d/limits" % mount.pid).decode()
        self.assertRegex(limits, r"Max open files +64 +64 ")
        footprint, held = Footprint(mount), []
        for number in random.Random(1).sample(range(self.COUNT), self.COUNT):
            handle = Handle(self.path(mount, number), content(number))
            self.assertTrue(handle.read_all(), handle.path)
            held.append(handle)
            if len(held) > 12:
                held.pop(0).close()
        for handle in held:
            handle.close()
        assert_alive(self, mount)
        footprint.assert_is_back()

    def test_two_hundred_held_open_under_a_limit_of_64(self):
        """One program holds 200 different files open and reads them all, again and again, in any order; then a
        hundred of them are deleted: their handles give the right bytes or ESTALE."""
        mount = self.many()
        footprint = Footprint(mount)
        numbers = random.Random(2).sample(range(self.COUNT), 200)
        handles = [Handle(self.path(mount, number), content(number)) for number in numbers]
        for turn in range(3):
            for handle in random.Random(turn).sample(handles, len(handles)):
                self.assertTrue(handle.read_all(), handle.path)
        for number in numbers[:100]:
            os.unlink(self.source / self.name(number))
        for handle in handles[:100]:
            handle.is_stale()  # raises on a wrong byte
        for handle in handles[100:]:
            self.assertTrue(handle.read_all(), handle.path)
        for handle in handles:
            handle.close()
        assert_alive(self, mount)
        footprint.assert_is_back()

    def test_five_hundred_readers_at_once(self):
        """500 threads, each with an open file of its own, over the pieces of several files, under the limit of 64
        and with small windows: every byte is right, and nothing is left of it."""
        data = {"f%d.log" % n: stamped(n, 2 * M + 1000 * n) for n in range(5)}
        for name, value in data.items():
            self.write(name, value)
        mount = self.mount(None, "--chunk-size", "256K", "--cache", "none", "--window-size", "1M",
                           "--window-total", "4M", wrapper=FEW)
        footprint, failures = Footprint(mount), []
        names = ["whole.log", *("%s/%d" % (view, k) for view in ("bytes", "lines") for k in range(8))]
        expected = {(name, piece): piece_of(data[name], piece, "256K") for name in data for piece in names}
        barrier = threading.Barrier(500)

        def reader(number):
            try:
                name, piece = "f%d.log" % (number % 5), names[number // 5 % len(names)]
                handle = Handle(mount.p(name, piece), expected[name, piece])
                barrier.wait(60)
                if not handle.read_all():
                    raise AssertionError("ESTALE, though nothing changed")
                handle.close()
            except Exception as error:  # reported by the test below
                failures.append("%s: %s" % (type(error).__name__, error))
        threads = [threading.Thread(target=reader, args=(n,), daemon=True) for n in range(500)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.assertEqual([t for t in threads if t.is_alive()], [], "a reader hangs")
        self.assertEqual(failures, [])
        assert_alive(self, mount)
        footprint.assert_is_back()


class MemoryTest(harness.MountTest):
    """The daemon's own memory does not grow with what passes through it."""

    def test_windows_are_bounded(self):
        """Eight long lines that are scanned and read at the same time: the daemon maps no more than --window-total
        of them at any time, and keeps no memory of them."""
        size, sizes = 32 * M, []
        for n in range(8):
            self.write("big%d.log" % n, b"x" * size)
        mount = self.mount(None, "--chunk-size", "1M", "--window-size", "1M", "--window-total", "4M", "--threads", "8")
        first, most = status(mount.pid), 0

        def reader(n):
            sizes.append(os.stat(mount.p("big%d.log/lines/1" % n)).st_size)
            sizes.append(len(read(mount.p("big%d.log/bytes/%d" % (n, n)))))
        threads = [threading.Thread(target=reader, args=(n,), daemon=True) for n in range(8)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            most = max(most, status(mount.pid)["RssFile"])  # /proc/PID/maps would not be of one moment
        self.assertEqual(sorted(sizes), [0] * 8 + [M] * 8)
        self.assertLess(most - first["RssFile"], (4 + 4) * M)
        self.assertEqual([line for line in mount.maps() if "/source/big" in line], [])
        self.assertLess(own_memory(mount) - first["RssAnon"], 16 * M)

    def test_a_listing_of_a_million_pieces(self):
        """A view of a million pieces is listed whole, without the daemon keeping anything of it."""
        self.write("big.log", bytes(64) * 1000001)
        mount = self.mount(None, "--chunk-size", "1M")
        first = own_memory(mount)
        seen = bytearray(1000001)
        with os.scandir(mount.p("big.log/bytes@64")) as entries:
            for entry in entries:
                self.assertEqual(len(entry.name), 7)
                seen[int(entry.name)] += 1
        self.assertTrue(seen == b"\1" * 1000001, "some are missing, or listed twice")
        self.assertLess(own_memory(mount) - first, 64 * M)
        with open(mount.p("big.log/bytes@64.tsv"), "rb") as table:
            self.assertEqual(sum(1 for _ in table), 1000002)
        self.assertLess(own_memory(mount) - first, 64 * M)


class ScanTest(harness.MountTest):
    """Long records: the same bytes are never scanned twice for two pieces, and cutting ordinary lines reads a few
    kilobytes for each place."""

    def line_of(self, size):
        """A file of one line in a tmpfs, not sparse, so that hole or data, each byte must be looked at."""
        path = self.filesystem("tmpfs", size + 16 * M) / "line.log"
        block = b"x" * (64 * M)
        with open(path, "wb", buffering=0) as file:
            for start in range(0, size, len(block)):
                file.write(block[:size - start])
        os.utime(path, (0, 0))  # at rest, so that it does not count as being written
        return path.parent

    def test_a_4_gib_line_is_scanned_once(self):
        """Every piece of lines@1M is looked up, in any order: 4096 look-ups, one scan."""
        mount = self.mount(self.line_of(4 * G))
        before, first = counter(mount, SCANNED), own_memory(mount)
        for k in random.Random(3).sample(range(4096), 4096):
            self.assertEqual(os.stat(mount.p("line.log/lines@1M/%d" % k)).st_size, 4 * G if k == 0 else 0)
        self.assertLessEqual(counter(mount, SCANNED) - before, 4 * G * 1.01)
        self.assertGreater(counter(mount, SCANNED) - before, 3 * G, "the counter does not count")
        listed = sum(1 for _ in os.scandir(mount.p("line.log/lines@1M")))
        self.assertEqual(listed, 4096)
        self.assertEqual(os.stat(mount.p("line.log/lines@n64/63")).st_size, 0)
        self.assertLessEqual(counter(mount, SCANNED) - before, 4 * G * 1.01, "another view scans it again")
        self.assertLess(own_memory(mount) - first, 32 * M)

    def test_readers_at_once_share_one_scan(self):
        """Eight readers that look up different pieces of one huge line at the same time cause one scan."""
        mount = self.mount(self.line_of(1 * G))
        before, sizes, barrier = counter(mount, SCANNED), {}, threading.Barrier(8)

        def look_up(k):
            barrier.wait(60)
            sizes[k] = os.stat(mount.p("line.log/lines@1M/%d" % k)).st_size
        threads = [threading.Thread(target=look_up, args=(1 + 100 * k,), daemon=True) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(sizes, {1 + 100 * k: 0 for k in range(8)})
        self.assertLessEqual(counter(mount, SCANNED) - before, G * 1.01)

    def test_a_long_listing_costs_a_short_probe_for_each_piece(self):
        """`ls -l` of a view of N pieces: at most N + 1 probes of a few KiB each; walking the mount: none."""
        self.write("app.log", b"".join(b"line %d of some log, as they are\n" % n for n in range(500000)))
        mount = self.mount(None, "--chunk-size", "64K")
        size, first = (self.source / "app.log").stat().st_size, metrics(mount)
        subprocess.run(["find", mount.path], stdout=subprocess.DEVNULL, check=True)
        self.assertEqual([counter(mount, name) - first[name] for name in (PROBES, SCANNED)], [0, 0])
        count = -(-size // (64 * K))
        listing = subprocess.run(["ls", "-l", mount.p("app.log/lines")], capture_output=True, check=True).stdout
        self.assertEqual(sum(int(line.split()[4]) for line in listing.splitlines()[1:]), size)
        self.assertLessEqual(counter(mount, PROBES) - first[PROBES], count + 1)
        self.assertLessEqual(counter(mount, SCANNED) - first[SCANNED], (count + 1) * 8 * K)

    def test_a_scan_does_not_wash_the_page_cache(self):
        """A long scan leaves a file that was not cached mostly uncached, and one that was cached, cached."""
        size = 512 * M
        for name in ("cold.log", "warm.log"):
            with open(self.source / name, "wb") as file:
                for _ in range(0, size, 16 * M):
                    file.write(b"x" * (16 * M))
                file.flush()
                os.fsync(file.fileno())
                os.utime(file.fileno(), (0, 0))
                if name == "cold.log":
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        cold, warm = self.cached("cold.log"), self.cached("warm.log")
        self.require(cold < 0.1 and warm > 0.9, "the page cache does not do as told (%s, %s)" % (cold, warm))
        mount = self.mount()
        before = counter(mount, SCANNED)
        for name in ("cold.log", "warm.log"):
            self.assertEqual(os.stat(mount.p(name, "lines@1M/1")).st_size, 0)
        self.assertGreater(counter(mount, SCANNED) - before, size)
        self.assertLess(self.cached("cold.log"), 0.5)
        self.assertGreater(self.cached("warm.log"), 0.9)

    def cached(self, name):
        """The part of a source file that is in the page cache, by mincore."""
        with open(self.source / name, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as view:
            pages = (ctypes.c_ubyte * (len(view) // mmap.PAGESIZE))()
            start = ctypes.c_char.from_buffer(view)
            ctypes.CDLL(None).mincore(ctypes.byref(start), ctypes.c_size_t(len(view)), pages)
            del start  # or the view cannot be closed
            return sum(page & 1 for page in pages) / len(pages)


class InterruptTest(harness.MountTest):
    """A reader that is killed or times out is gone at once, and the work stops."""

    SIZE = 256 * G

    def endless(self):
        """A mount of a file of 256 GiB of data without a line end, that takes 64 MiB of disk (and minutes to
        scan): one extent, many times over."""
        root = self.filesystem("xfs", 512 * M)
        with open(root / "line.log", "w+b", buffering=0) as file:
            for _ in range(64):
                file.write(b"x" * M)
            os.fsync(file.fileno())
            size = 64 * M
            while size < self.SIZE:
                part = min(size, self.SIZE - size)
                fcntl.ioctl(file.fileno(), FICLONERANGE, struct.pack("qQQQ", file.fileno(), 0, part, size))
                size += part
        return self.mount(root)

    def look_up(self, mount, code="import os, sys; os.stat(sys.argv[1])", piece="lines@1M/1"):
        """A program that looks up a piece of the endless line, once its scan runs."""
        before = counter(mount, SCANNED)
        program = start(self, code, mount.p("line.log", piece))
        wait_for(lambda: counter(mount, SCANNED) > before or program.poll() is not None, LAG, "the scan begins")
        self.assertIsNone(program.poll(), "the look-up ended")
        return program

    def assert_scan_stops(self, mount):
        """The counter stands still, long before the end of the file."""
        def stands():
            before = counter(mount, SCANNED)
            time.sleep(0.4)
            return counter(mount, SCANNED) == before
        wait_for(stands, LAG, "the scan stops")
        self.assertLess(counter(mount, SCANNED), self.SIZE / 2)

    def test_a_killed_reader_is_gone_and_its_scan_stops(self):
        """SIGKILL, SIGTERM and SIGALRM, one after another; the mount is as good as before."""
        mount = self.endless()
        for number, piece in ((signal.SIGKILL, "lines@1M/1"), (signal.SIGTERM, "sorted/y"),
                              (signal.SIGALRM, "lines@1M/1"), (signal.SIGKILL, "sorted/x..y")):
            with self.subTest(signal=number.name, piece=piece):
                program = self.look_up(mount, piece=piece)
                program.send_signal(number)
                self.assertEqual(program.wait(LAG), -number)
                self.assert_scan_stops(mount)
        self.assertEqual(pread(mount.p("line.log/bytes/1"), 4, 5), b"xxxx")
        assert_alive(self, mount)

    def test_a_reader_that_times_out_gets_eintr(self):
        """A signal handler that gives up: the call ends with EINTR, the program lives, the scan stops."""
        code = ("import ctypes, signal, sys\n"
                "libc = ctypes.CDLL(None, use_errno=True)\n"
                "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
                "signal.siginterrupt(signal.SIGUSR1, True)\n"
                "print(libc.open(sys.argv[1].encode(), 0), ctypes.get_errno())\n")
        mount = self.endless()
        for piece in ("lines@1M/1", "sorted/y"):
            program = self.look_up(mount, code, piece)
            program.send_signal(signal.SIGUSR1)
            output, errors = program.communicate(timeout=LAG)
            self.assertEqual((output, errors), (b"-1 4\n", b""))
            self.assert_scan_stops(mount)

    def test_a_killed_reader_does_not_take_the_others_along(self):
        """Two wait for the same place of a long line; one is killed; the other gets its answer."""
        root = self.filesystem("tmpfs", 2 * G + 64 * M)
        with open(root / "line.log", "wb", buffering=0) as file:
            for _ in range(32):
                file.write(b"x" * (64 * M))
        mount = self.mount(root)
        code = "import os, sys; print(os.stat(sys.argv[1]).st_size)"
        programs = [start(self, code, mount.p("line.log/lines@1M/1")) for _ in range(4)]
        wait_for(lambda: counter(mount, SCANNED) > 0, LAG, "the scan begins")
        for program in programs[:2]:
            program.kill()
        outputs = [program.communicate(timeout=60)[0] for program in programs]
        self.assertEqual(outputs[2:], [b"0\n", b"0\n"])


class StuckSourceTest(harness.MountTest):
    """A source that hangs (a dead network disk) does not stall the readers of the others."""

    def test_a_stuck_file_does_not_stall_the_others(self):
        """A mount whose daemon is stopped lies below the source; readers hang in it, and all else is served."""
        data, stuck = stamped(1, 8 * M), stamped(2, 8 * M)
        self.write("good.log", data)
        (point := self.source / "far" / "sub").mkdir(parents=True)
        (below := self.tmp / "below").mkdir()
        (below / "stuck.log").write_bytes(stuck)
        for cache in CACHES:
            with self.subTest(cache_of_the_stuck_mount=cache):
                lower = self.mount(below, "--cache", cache, "--min-size", "1G")
                harness.run("mount", "--bind", lower.path, point)
                self.addCleanup(subprocess.run, ["umount", point], stderr=subprocess.DEVNULL)
                upper = self.mount(None, "--chunk-size", "1M", "--cache", cache)
                self.assertEqual(pread(upper.p("far/sub/stuck.log/bytes/0"), 100), stuck[:100])
                readers = self.hang_readers(lower, upper)
                for name in ("bytes/%d", "lines/%d"):
                    for k in range(8):
                        self.assertTrue(read(upper.p("good.log", name % k)) == piece_of(data, name % k, "1M"))
                self.assertEqual(sorted(os.listdir(upper.path)), ["far", "good.log"])
                self.assertEqual([r.poll() for r in readers], [None, None], "nothing was stuck: this tested nothing")
                lower.kill(signal.SIGCONT)
                for reader in readers:
                    self.assertTrue(reader.communicate(timeout=60)[0] == stuck[5 * M:6 * M])
                upper.unmount()
                harness.run("umount", point)
                lower.unmount()

    def test_many_reads_of_a_stuck_file_leave_room_for_others(self):
        """Forty reads hang in one file: they take no more than their share, and other files are read."""
        data, stuck = stamped(1, 8 * M), stamped(2, 8 * M)
        self.write("good.log", data)
        (point := self.source / "far").mkdir()
        (below := self.tmp / "below").mkdir()
        (below / "stuck.log").write_bytes(stuck)
        lower = self.mount(below, "--cache", "none", "--min-size", "1G")
        harness.run("mount", "--bind", lower.path, point)
        self.addCleanup(subprocess.run, ["umount", point], stderr=subprocess.DEVNULL)
        upper = self.mount(None, "--chunk-size", "1M", "--cache", "none")
        held = [os.open(upper.p("far/stuck.log/bytes/%d" % (k % 8)), os.O_RDONLY) for k in range(40)]
        lower.kill(signal.SIGSTOP)
        self.addCleanup(lower.kill, signal.SIGCONT)
        got = {}
        threads = [threading.Thread(target=lambda k=k: got.update({k: os.pread(held[k], 4096, k * 4096)}), daemon=True)
                   for k in range(40)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        for k in range(8):
            self.assertTrue(read(upper.p("good.log/bytes/%d" % k)) == piece_of(data, "bytes/%d" % k, "1M"))
        self.assertEqual(got, {}, "nothing was stuck: this tested nothing")
        lower.kill(signal.SIGCONT)
        for thread in threads:
            thread.join(60)
        for k in range(40):
            self.assertTrue(got[k] == stuck[(k % 8) * M + k * 4096:][:4096])
            os.close(held[k])
        upper.unmount()
        harness.run("umount", point)
        lower.unmount()

    def hang_readers(self, lower, upper):
        """Stop the lower daemon, and let two readers wait for it through the upper mount."""
        lower.kill(signal.SIGSTOP)
        code = "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
        readers = [start(self, code, upper.p("far/sub/stuck.log/bytes/5")) for _ in range(2)]
        self.addCleanup(lower.kill, signal.SIGCONT)  # runs before the readers' end
        time.sleep(1.5)  # the kernel's cached attributes have expired by then
        return readers


if __name__ == "__main__":
    harness.main()
