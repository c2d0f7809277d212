# SPDX-License-Identifier: MIT
"""The tools people know work on pieces and agree with the source (issue 2, 4)."""

import hashlib
import mmap
import os
import random
import shutil

import harness
from harness import K, M, pread, read, run

CHUNK = M
WORDS = b"alpha beta gamma delta ERROR warn info debug trace fatal 10.0.0.1 GET POST /index.html 200 404 500".split()


def make_log(size, number=7):
    """A reproducible log of about size bytes with lines of many lengths."""
    generator = random.Random(number)
    lines = []
    length = 0
    while length < size:
        line = b"%d %s\n" % (len(lines), b" ".join(generator.choices(WORDS, k=generator.randrange(1, 24))))
        lines.append(line)
        length += len(line)
    return b"".join(lines)


LOG = make_log(12 * M + 500 * K)


class ToolTest(harness.MountTest):
    """A log of 12.5 MiB in pieces of 1 MiB, with the kernel's cache as by default."""

    OPTIONS = ()

    def setUp(self):
        super().setUp()
        self.file = self.write("logs/app.log", LOG)
        self.write("logs/small.txt", b"small\n")
        self.m = self.mount(None, "--chunk-size", "1M", *self.OPTIONS)
        self.out = self.tmp / "out"
        self.out.mkdir()

    def pieces(self, view="lines"):
        """The paths of a view's pieces in order."""
        directory = self.m.p("logs", "app.log", view)
        return [os.path.join(directory, name) for name in sorted(os.listdir(directory))]

    def tool(self, name):
        """Skip without a tool; give its path."""
        self.require(shutil.which(name), name + " is not installed")
        return shutil.which(name)

    def shell(self, text, *arguments, env=None):
        """A shell command; $1 is the view directory."""
        return run("sh", "-euc", text, "sh", *arguments, env=env or {})


class ParallelTest(ToolTest):
    """Many readers of many pieces. (grep ends with 1 where nothing matches.)"""

    def test_parallel(self):
        """parallel 'grep -c' ::: lines/* adds up to the count on the file itself, as the README says."""
        self.tool("parallel")
        counts = self.shell('parallel --will-cite -j8 "grep -c ERROR {} || test $? = 1" ::: "$1"/*',
                            self.m.p("logs/app.log/lines"), env={"HOME": str(self.tmp)})
        total = int(run("grep", "-c", "ERROR", self.file))
        self.assertGreater(total, 1000)
        self.assertEqual(sum(map(int, counts.split())), total)

    def test_parallel_keeps_the_order(self):
        """parallel -k cat gives the file."""
        self.tool("parallel")
        got = self.shell('parallel --will-cite -k -j4 cat ::: "$1"/*', self.m.p("logs/app.log/lines@n9"),
                         env={"HOME": str(self.tmp)})
        self.assertTrue(got == LOG)

    def test_xargs(self):
        """xargs -P over names and over bare numbers, as a job array uses them."""
        counts = self.shell('ls -1 "$1"/* | xargs -P4 -n1 wc -l | cut -d" " -f1', self.m.p("logs/app.log/lines"))
        self.assertEqual(sum(map(int, counts.split())), LOG.count(b"\n"))
        counts = self.shell('cd "$1" && seq 0 15 | xargs -P8 -I{} wc -c {} | cut -d" " -f1',
                            self.m.p("logs/app.log/lines@n16"))
        self.assertEqual(sum(map(int, counts.split())), len(LOG))


class ReadTest(ToolTest):
    """Tools that read a piece from its start to its end."""

    def test_cat(self):
        """cat of all pieces is the file, by either view."""
        for view in ("lines", "bytes", "lines@100K", "bytes@n7"):
            self.assertTrue(self.shell('cat "$1"/*', self.m.p("logs/app.log", view)) == LOG, view)
        self.assertTrue(run("cat", self.m.p("logs/app.log/whole.log")) == LOG)

    def test_wc(self):
        """Lines, words and bytes add up; `wc -c` asks stat, `wc -l` reads."""
        total = [int(word) for word in run("wc", self.file).split()[:3]]
        rows = [[int(word) for word in run("wc", path).split()[:3]] for path in self.pieces()]
        self.assertEqual([sum(column) for column in zip(*rows)], total)
        sizes = [int(run("wc", "-c", path).split()[0]) for path in self.pieces("bytes")]
        self.assertEqual(sizes, [min(CHUNK, len(LOG) - start) for start in range(0, len(LOG), CHUNK)])

    def test_grep(self):
        """The matching lines of the pieces are those of the file, in its order."""
        for options in (["-h", "fatal"], ["-h", "-v", "ERROR"], ["-h", "-E", "^[0-9]+ (alpha|beta)"], ["-ha", "$"]):
            self.assertTrue(run("grep", *options, *self.pieces()) == run("grep", *options, self.file), options)
        found = run("grep", "-rl", "ERROR", self.m.p("logs")).decode().split("\n")
        self.assertIn(self.pieces()[0], found)

    def test_rg(self):
        """ripgrep, which maps files and searches a tree with several threads."""
        self.tool("rg")
        expected = run("grep", "-c", "ERROR", self.file).strip()
        for options in (["--mmap"], ["--no-mmap"], []):
            self.assertEqual(run("rg", "-c", *options, "ERROR", self.m.p("logs/app.log/whole.log")).strip(), expected)
            counts = run("rg", "-c", *options, "--no-filename", "ERROR", self.m.p("logs/app.log/lines"))
            self.assertEqual(sum(map(int, counts.split())), int(expected))

    def test_awk(self):
        """mawk, and gawk where there is one."""
        program = "/ERROR/ {n++} {s += $1} END {printf \"%d %d %.0f\\n\", n, NR, s}"
        tools = [name for name in ("mawk", "gawk", "busybox") if shutil.which(name)]
        self.require(tools, "no awk is installed")
        for name in tools:
            command = [name, "awk"] if name == "busybox" else [name]
            self.assertEqual(run(*command, program, *self.pieces()), run(*command, program, self.file), name)

    def test_sort(self):
        """Pieces sorted apart and merged are the file sorted."""
        for number, path in enumerate(self.pieces("lines@n5")):
            run("sort", "-o", self.out / str(number), path)
        merged = run("sort", "-m", *[self.out / str(number) for number in range(5)])
        self.assertTrue(merged == run("sort", self.file))

    def test_head_and_tail(self):
        """The ends of a piece; tail and tac seek from its end."""
        for path, (start, end) in zip(self.pieces(), self.bounds()):
            content = LOG[start:end]
            lines = content.splitlines(True)
            self.assertEqual(run("head", "-n", "3", path), b"".join(lines[:3]))
            self.assertEqual(run("tail", "-n", "3", path), b"".join(lines[-3:]))
            self.assertEqual(run("head", "-c", "1000", path), content[:1000])
            self.assertEqual(run("tail", "-c", "1000", path), content[-1000:])
            self.assertEqual(run("tail", "-c", "+%d" % (len(content) - 9), path), content[-10:])
            self.assertTrue(run("tac", path) == b"".join(reversed(lines)))

    def bounds(self):
        """Where the lines pieces begin and end, by their sizes."""
        position = 0
        for path in self.pieces():
            size = os.stat(path).st_size
            yield position, position + size
            position += size

    def test_dd(self):
        """dd: skip, odd block sizes, O_DIRECT."""
        piece = self.pieces("bytes")[3]
        content = LOG[3 * M:4 * M]
        for bs, skip, count in ((4096, 5, 3), (1000, 7, 900), (777, 1, 5000), (1, 1000, 50), (1 << 20, 0, 2),
                                (3 << 20, 0, 1), (65536, 15, 10), (131071, 3, 3)):
            expected = content[bs * skip:bs * (skip + count)]
            got = run("dd", "if=" + piece, "bs=%d" % bs, "skip=%d" % skip, "count=%d" % count, "status=none")
            self.assertTrue(got == expected, (bs, skip, count))
            if bs % 4096 == 0:
                got = run("dd", "if=" + piece, "bs=%d" % bs, "skip=%d" % skip, "count=%d" % count, "iflag=direct",
                          "status=none")
                self.assertTrue(got == expected, ("direct", bs, skip, count))
        last = self.pieces("bytes")[-1]
        self.assertTrue(run("dd", "if=" + last, "bs=64K", "iflag=direct", "status=none") == LOG[-(len(LOG) % M):])

    def test_md5sum(self):
        """Sums of pieces are those of the same bytes; of the whole, that of the source."""
        expected = [hashlib.md5(LOG[start:start + M]).hexdigest() for start in range(0, len(LOG), M)]
        got = [line.split()[0] for line in run("md5sum", *self.pieces("bytes")).decode().splitlines()]
        self.assertEqual(got, expected)
        self.assertEqual(run("md5sum", self.m.p("logs/app.log/whole.log")).split()[0],
                         hashlib.md5(LOG).hexdigest().encode())


class CopyTest(ToolTest):
    """Tools that copy trees, and the calls they use."""

    def check_copy(self, root):
        """The copied tree holds the pieces, which are the file."""
        for view, suffix in (("bytes", ""), ("lines", ".log")):
            names = sorted(os.listdir(root / "logs/app.log" / view))
            self.assertEqual(names[0], "000000" + suffix)
            self.assertTrue(b"".join(read(root / "logs/app.log" / view / name) for name in names) == LOG)
        self.assertTrue(read(root / "logs/app.log/whole.log") == LOG)
        self.assertEqual(read(root / "logs/small.txt"), b"small\n")

    def test_cp(self):
        """cp -r and cp -a of the mount; tables, whose size is 0, are copied whole."""
        table = read(self.m.p("logs/app.log/lines.tsv"))
        for options in ("-r", "-a"):
            target = self.out / options
            run("cp", options, self.m.path, target)
            self.check_copy(target)
            self.assertEqual(read(target / "logs/app.log/lines.tsv"), table)
        copied = self.out / "-a/logs/app.log/bytes/000000"
        self.assertEqual(os.stat(copied).st_mtime_ns, os.stat(self.file).st_mtime_ns)

    def test_cp_reflink_and_sparse(self):
        """cp's other ways to move bytes fall back to one that works."""
        for number, options in enumerate((["--reflink=auto"], ["--sparse=always"], ["--reflink=never"])):
            run("cp", *options, self.pieces()[1], self.out / str(number))
            self.assertTrue(read(self.out / str(number)) == read(self.pieces()[1]))

    def test_rsync(self):
        """rsync -a, and once more: nothing to send."""
        self.tool("rsync")
        options = ["--exclude=*.tsv", "--checksum"]
        run("rsync", "-a", *options, self.m.path + "/", self.out)
        self.check_copy(self.out)
        again = run("rsync", "-ai", *options, self.m.path + "/", self.out)
        self.assertEqual(again, b"")

    def test_tar(self):
        """tar of the pieces unpacks to the file."""
        run("tar", "-C", self.m.p("logs/app.log"), "-cf", self.out / "t.tar", "bytes", "lines")
        run("tar", "-C", self.out, "-xf", self.out / "t.tar")
        names = sorted(os.listdir(self.out / "lines"))
        self.assertTrue(b"".join(read(self.out / "lines" / name) for name in names) == LOG)

    def test_find_and_du(self):
        """find by size and name; du adds up the sizes, and about as many blocks."""
        view = self.m.p("logs/app.log/bytes")
        found = run("find", view, "-type", "f", "-size", "+1023k", "-printf", "%s\n").split()
        self.assertEqual(found.count(b"%d" % M), len(LOG) // M)
        self.assertEqual(len(run("find", self.m.path, "-name", "*.log", "-type", "d").split()), 1)
        apparent = int(run("du", "-b", "-c", *self.pieces("bytes")).split()[-2])
        self.assertEqual(apparent, len(LOG))
        blocks = int(run("du", "-B1", "-c", *self.pieces("bytes")).split()[-2])
        self.assertLess(abs(blocks - len(LOG)), 64 * K)

    def test_sendfile_and_copy_file_range(self):
        """The calls themselves, from an offset."""
        content = read(self.pieces()[2])
        for name in ("sendfile", "copy_file_range"):
            source = os.open(self.pieces()[2], os.O_RDONLY)
            target = os.open(self.out / name, os.O_RDWR | os.O_CREAT)
            try:
                self.assertTrue(self.move(name, source, target, 1000), name)
                self.assertTrue(read(self.out / name) == content[1000:], name)
            except OSError as error:  # between two file systems the kernel may decline, and tools then read
                self.assertEqual((name, error.errno), ("copy_file_range", harness.errno.EXDEV))
            finally:
                os.close(source)
                os.close(target)

    def move(self, name, source, target, offset):
        """Everything from offset on; gives the number of bytes."""
        total = 0
        while True:
            if name == "sendfile":
                moved = os.sendfile(target, source, offset + total, 1 << 20)
            else:
                moved = os.copy_file_range(source, target, 1 << 20, offset + total)
            if not moved:
                return total
            total += moved


class MapTest(ToolTest):
    """mmap and random access."""

    SHARED = True

    def test_mmap(self):
        """A mapping, private or (with the kernel's cache) shared, holds the piece's bytes."""
        flags = [mmap.MAP_PRIVATE] + ([mmap.MAP_SHARED] if self.SHARED else [])
        for view, start, end in (("bytes/000002", 2 * M, 3 * M), ("whole.log", 0, len(LOG)),
                                 ("bytes/5000+12345", 5000, 17345)):
            for flag in flags:
                with open(self.m.p("logs/app.log", view), "rb") as file:
                    with mmap.mmap(file.fileno(), 0, flags=flag, prot=mmap.PROT_READ) as mapped:
                        self.assertEqual(len(mapped), end - start)
                        self.assertTrue(mapped[-100:] == LOG[end - 100:end])
                        self.assertEqual(mapped.find(b"fatal"), LOG.find(b"fatal", start) - start)
                        self.assertTrue(mapped[:] == LOG[start:end])

    def test_random_reads(self):
        """Like `less`: reads of any length at any offset, at and beyond the end, through one handle."""
        generator = random.Random(3)
        for view in ("bytes/000001", "lines/000004.log", "lines@n3/1"):
            path = self.m.p("logs/app.log", view)
            content = read(path)
            descriptor = os.open(path, os.O_RDONLY)
            try:
                for _ in range(400):
                    offset = generator.randrange(len(content) + 5000)
                    length = generator.choice([1, 13, 4096, 16384, 131073, 2 * M])
                    self.assertTrue(os.pread(descriptor, length, offset) == content[offset:offset + length])
                self.assertEqual(os.lseek(descriptor, -10, os.SEEK_END), len(content) - 10)
                self.assertEqual(os.read(descriptor, 100), content[-10:])
                self.assertEqual(os.read(descriptor, 100), b"")
            finally:
                os.close(descriptor)

    def test_reads_are_never_short(self):
        """One read of a whole piece gives all of it: a short one would be taken for the end."""
        path = self.m.p("logs/app.log/whole.log")
        descriptor = os.open(path, os.O_RDONLY)
        try:
            self.assertEqual(len(os.pread(descriptor, len(LOG) + 1, 0)), len(LOG))
            self.assertEqual(len(os.pread(descriptor, 5 * M, 4093)), 5 * M)
        finally:
            os.close(descriptor)
        self.assertTrue(pread(path, len(LOG), 1) == LOG[1:])


class UncachedMapTest(MapTest):
    """The same with every read coming to the driver; a shared mapping is what --cache none gives up."""

    OPTIONS = ("--cache", "none")
    SHARED = False


class UncachedReadTest(ReadTest):
    """The same with every read coming to the driver."""

    OPTIONS = ("--cache", "none")


class UncachedCopyTest(CopyTest):
    """The same with every read coming to the driver."""

    OPTIONS = ("--cache", "none")


if __name__ == "__main__":
    harness.main()
