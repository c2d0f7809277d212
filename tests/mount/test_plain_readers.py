# SPDX-License-Identifier: MIT
"""Many readers of compressed files at once, and readers that are killed while a map is made (DESIGN 3 and 5)."""

import os
import random
import signal
import threading
import time

import harness
from compressing import PlainTest, noise, real, text
from harness import K, M, pread, read, run, wait_for
from rowing import indexing
from support import CACHES, LAG, assert_alive, errno_of, start
from unruly import Unruly, rule

KINDS = ("gzip-6", "gzip-members", "pigz-i", "bgzip", "zstd-frames", "seekable-checksums", "pzstd", "xz", "xz-streams")


class ReadersTest(PlainTest):
    """Threads and programs that read different places of the same files."""

    def test_random_ranges(self):
        """16 threads, of pieces, whole files and ranges by name; the first of them make the maps."""
        seed, data = harness.seed(self.id()), text(4 * M)
        files = [self.put(kind, "a.log", data) for kind in KINDS]
        for cache in CACHES:
            mount, failures = self.start("--cache", cache), []

            def reader(number):
                generator = random.Random(seed + number)
                for _ in range(20):
                    file = generator.choice(files)
                    at, length = generator.randrange(len(data)), generator.choice((1, 5000, 99 * K, 700 * K))
                    way = generator.randrange(3)
                    try:
                        if way == 0:
                            got, wanted = pread(mount.p(file, "plain/whole.log"), length, at), data[at:at + length]
                        elif way == 1:
                            got, wanted = read(mount.p(file, "plain/bytes/%d+%d" % (at, length))), data[at:at + length]
                        else:
                            got = read(mount.p(file, "plain/bytes@n17/%d" % (at % 16)))
                            wanted = data[self.cut(len(data), at % 16):self.cut(len(data), at % 16 + 1)]
                        if got != wanted:
                            failures.append((file, way, at, length))
                    except OSError as error:
                        failures.append((file, error))

            threads = [threading.Thread(target=reader, args=(number,)) for number in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures[:3], [])
            assert_alive(self, mount)

    @staticmethod
    def cut(size, number):
        """Where a piece of n17 begins."""
        return size // 17 * number + min(number, size % 17)

    def test_parallel_grep(self):
        """What grep counts in the pieces is what it counts in the file, on mounts that have no map yet."""
        self.write("a.log", data := real(3 * M))
        files = [self.put(kind, "a.log", data) for kind in KINDS]
        mount = self.start()
        wanted = int(run("grep", "-a", "-c", "e", self.source / "a.log"))
        self.assertGreater(wanted, 1000)
        for file in files:
            for view in ("lines", "lines@400000", "rows"):
                read(mount.p(file, "plain", view + ".tsv"))
                job = 'ls "$1"/* | xargs -P4 -n3 grep -a -h -c e'
                counts = run("sh", "-c", job, "sh", mount.p(file, "plain", view)).split()
                self.assertEqual(sum(map(int, counts)), wanted, (file, view))

    def test_tools_that_read_on(self):
        """cat, tail, head, dd, cmp, sha256sum and sort, which read in steps of their own."""
        self.write("a.log", data := text(2500 * K))
        files = [self.put(kind, "a.log", data) for kind in KINDS]
        mount = self.start()
        script = """cat "$1" | cmp - "$2"; cmp "$1" "$2"; tail -c 99999 "$1"; tail -n 7 "$1"; grep -a -n " 777" "$1"
                    head -c 300000 "$1" | sha256sum; dd if="$1" bs=777 skip=999 count=99 status=none
                    wc <"$1"; sort "$1" | sha256sum"""
        beside = self.source / "a.log"
        wanted = run("sh", "-c", script, "sh", beside, beside)
        for file in files:
            got = run("sh", "-c", script, "sh", mount.p(file, "plain/whole.log"), beside)
            self.assertTrue(got == wanted, file)


class KilledTest(PlainTest):
    """Readers that wait for the map of a file that holds 32 GiB of zeros."""

    def begin(self):
        pack = run("gzip", "-1c", input=bytes(64 * M))
        self.write("big.log.gz", pack * 512)
        self.other = self.put("gzip-6", "other.log", text(M))
        return self.start()

    def waiting(self, mount, *names, code="import os, sys; os.stat(sys.argv[1])"):
        programs = [start(self, code, mount.p("big.log.gz/plain", name)) for name in names]
        wait_for(lambda: indexing(mount), LAG, "the walk begins")
        time.sleep(0.3)
        for program in programs:
            self.assertIsNone(program.poll(), "it did not wait")
        return programs

    def assert_stops(self, mount):
        """Nobody works any more, and there is no map."""
        def stands():
            before = cpu_time(mount)
            time.sleep(0.3)
            return not indexing(mount) and cpu_time(mount) - before < 3
        wait_for(stands, LAG, "the walk stops")
        self.assertEqual(os.listdir(mount.p("big.log.gz/plain")), [])

    def test_killed(self):
        """They end at once, and so does the work. Meanwhile other files are read."""
        mount = self.begin()
        for number in (signal.SIGKILL, signal.SIGTERM):
            programs = self.waiting(mount, "whole", "lines/3", "rows/0", "bytes@n5/1")
            self.assertEqual(errno_of(read, mount.p(self.other, "plain/whole")), None)
            for program in programs:
                program.send_signal(number)
                self.assertEqual(program.wait(LAG), -number)
            self.assert_stops(mount)
        self.assertEqual(errno_of(read, mount.p(self.other, "plain/rows/5-9")), None)
        assert_alive(self, mount)

    def test_interrupted(self):
        """A signal handler that gives up: EINTR; another reader waits on."""
        mount = self.begin()
        code = ("import ctypes, signal, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n"
                "signal.signal(signal.SIGUSR1, lambda *_: None)\nsignal.siginterrupt(signal.SIGUSR1, True)\n"
                "print(libc.open(sys.argv[1].encode(), 0), ctypes.get_errno())\n")
        program, = self.waiting(mount, "bytes/0+5", code=code)
        other, = self.waiting(mount, "whole")
        program.send_signal(signal.SIGUSR1)
        self.assertEqual(program.communicate(timeout=LAG), (b"-1 4\n", b""))
        self.assertIsNone(other.poll())
        self.assertNotEqual(indexing(mount), [])
        other.kill()
        self.assertEqual(other.wait(LAG), -signal.SIGKILL)
        self.assert_stops(mount)

    def test_listings_do_not_wait(self):
        mount = self.begin()
        program, = self.waiting(mount, "whole")
        self.assertEqual(os.listdir(mount.p("big.log.gz/plain")), [])
        run("find", mount.path)
        self.assertIsNone(program.poll())

    def test_the_daemon_ends(self):
        """By SIGTERM, while they wait."""
        mount = self.begin()
        programs = self.waiting(mount, "whole", "rows/0")
        mount.kill(signal.SIGTERM)
        wait_for(lambda: mount.exit_code() is not None, LAG, "the daemon ends")
        for program in programs:
            program.wait(LAG)


class HeldReadTest(PlainTest):
    """A source that holds back a part of the file, of which there is a map."""

    def test_killed(self):
        """A reader of that part ends, and others read what lies before it."""
        data = noise(16 * M)
        self.write("big.x", run("sh", "-c", "split -b 900K --filter='zstd -1qc --no-check' -", input=data))
        slow = Unruly(self, self.source)
        mount = self.start(source=slow.path)
        self.addCleanup(slow.let_go)
        self.assertEqual(os.stat(mount.p("big.x/plain/whole")).st_size, len(data))
        slow.rules(rule("read", "hang", path="/big.x", start=8 * M, end=14 * M))
        program = start(self, "import sys; open(sys.argv[1], 'rb').read()",
                        mount.p("big.x/plain/bytes/%d+%d" % (10 * M, M)))
        slow.wait_held()
        time.sleep(0.3)
        self.assertIsNone(program.poll())
        program.kill()
        self.assertEqual(program.wait(LAG), -signal.SIGKILL)
        self.assertTrue(read(mount.p("big.x/plain/bytes/0+%d" % M)) == data[:M])
        slow.let_go()
        self.assertTrue(read(mount.p("big.x/plain/bytes/%d+%d" % (10 * M, M))) == data[10 * M:11 * M])


def cpu_time(mount):
    """What the daemon has used of the processors, in ticks."""
    return sum(map(int, read("/proc/%d/stat" % mount.pid).rpartition(b")")[2].split()[11:13]))


if __name__ == "__main__":
    harness.main()
