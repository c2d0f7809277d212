# SPDX-License-Identifier: MIT
"""VIEW.xxh128 and the attributes user.bigfs.* of pieces, checked by xxh128sum (DESIGN 3)."""

import ctypes
import errno
import gzip
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import harness
from acls import CALLS, User
from harness import K, M, read, run, wait_for
from support import counter, errno_of

VIEWS = ("bytes", "lines", "rows", "lines@n7", "lines@n5,header=2", "rows@n3,header", "bytes@100K,from=1M,to=2M",
         "lines@64K,csv", "rows@5K,fastq", "lines@n3,to=1000000")
OFFSET, LENGTH, DIGEST = ("user.bigfs." + name for name in ("offset", "length", "xxh128"))


def text(seed, size):
    """Whole lines of different lengths."""
    generator = random.Random(seed)
    data = b"".join(b"%07d %s\n" % (n, b"x" * generator.randrange(60)) for n in range(size // 38))
    return data[:data.rindex(b"\n", 0, size) + 1]


class ChecksumTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.require(shutil.which("xxh128sum"), "xxhash is not installed")

    def start(self, *options):
        return self.mount(None, "--min-size", "0", "--chunk-size", "256K", "--rows", "10000", *options)

    def assert_verifies(self, directory, view):
        """xxh128sum -c says OK of every piece, and the list has all of them, in order."""
        pieces = sorted(os.listdir(os.path.join(directory, view)))
        got = run("xxh128sum", "-c", "../%s.xxh128" % view, cwd=os.path.join(directory, view))
        self.assertEqual(got, b"".join(os.fsencode(name) + b": OK\n" for name in pieces), view)
        return pieces

    def attribute(self, path, name):
        return os.getxattr(path, name).decode()


class ListTest(ChecksumTest):
    def test_all_views(self):
        """Of a plain file, and of what a compressed one holds."""
        data = text(1, 3 * M)
        self.write("a.log", data)
        with open(self.write("a.log.gz", b""), "wb") as file:
            file.write(gzip.compress(data, 1))
        mount = self.start()
        for directory in ("a.log", "a.log.gz/plain"):
            for view in VIEWS:
                self.assert_verifies(mount.p(directory), view)
        self.assert_verifies(mount.p("a.log.gz"), "lines")
        for view in VIEWS:
            self.assertEqual(read(mount.p("a.log", view + ".xxh128")), read(mount.p("a.log.gz/plain", view + ".xxh128")))

    def test_a_flipped_byte(self):
        """In a copy of the pieces, the list names the piece that has it."""
        self.write("a.log", text(2, 3 * M))
        mount = self.start()
        copy = self.tmp / "copy"
        shutil.copytree(mount.p("a.log/lines"), copy)
        with open(mount.p("a.log/lines.xxh128"), "rb") as file:
            (self.tmp / "lines.xxh128").write_bytes(file.read())
        run("xxh128sum", "-c", "../lines.xxh128", cwd=copy)
        os.chmod(copy / "000003.log", 0o600)
        with open(copy / "000003.log", "r+b") as file:
            file.seek(100 * K)
            byte = file.read(1)
            file.seek(100 * K)
            file.write(bytes([byte[0] ^ 1]))
        result = subprocess.run(["xxh128sum", "-c", "../lines.xxh128"], cwd=copy, capture_output=True)
        self.assertEqual(result.returncode, 1)
        self.assertEqual([line for line in result.stdout.splitlines() if b": OK" not in line], [b"000003.log: FAILED", b"1 computed checksum did NOT match"])

    def test_found_and_not_listed(self):
        self.write("a.log", text(3, M))
        mount = self.start()
        self.assertEqual([name for name in os.listdir(mount.p("a.log")) if name.endswith("xxh128")], [])
        for name in ("whole.xxh128", ".xxh128", "bytes@x.xxh128", "pin.xxh128", "lines.xxh128.tsv"):
            self.assert_errno(errno.ENOENT, os.stat, mount.p("a.log", name))
        self.assert_errno(errno.ENOENT, os.stat, mount.p("a.log/lines/lines.xxh128"))

    def test_no_pieces(self):
        """The list of a view that lists none is empty."""
        self.write("a.log", text(4, M))
        mount = self.start()
        for view in ("sorted", "bytes@1M,from=%d" % len(text(4, M))):
            with open(mount.p("a.log", view + ".xxh128"), "rb") as file:
                self.assertEqual(os.fstat(file.fileno()).st_size, 0)
                self.assertEqual(file.read(), b"")

    def test_true_size_once_open(self):
        self.write("a.log", text(5, M))
        mount = self.start()
        with open(mount.p("a.log/lines@n9.xxh128"), "rb") as file:
            self.assertEqual(os.fstat(file.fileno()).st_size, 9 * (32 + 2 + 10 + 1))

    def test_names(self):
        """A backslash stands as it is; a line break is escaped as newer versions of xxh128sum read it."""
        for extension, shown in ((b".a\\b", b".a\\b"), (b".x y", b".x y"), (b".a\nb\\c\rd", b".a\\nb\\\\c\\rd")):
            name = b"file" + extension
            with open(os.path.join(os.fsencode(self.source), name), "wb") as file:
                file.write(text(6, M // 2))
            mount = self.start()
            directory = os.path.join(os.fsencode(mount.path), name)
            lines = read(os.path.join(directory, b"lines.xxh128")).splitlines(keepends=True)
            self.assertEqual(len(lines), 2)
            for number, line in enumerate(lines):
                start = b"\\" if b"\n" in extension else b""
                self.assertTrue(line.startswith(start), line)
                self.assertEqual(line[len(start) + 32:], b"  %06d%s\n" % (number, shown))
            if b"\n" not in extension:
                run("xxh128sum", "-c", "../lines.xxh128", cwd=os.path.join(directory, b"lines"))
            mount.unmount()

    def test_holes_cost_no_reads(self):
        """A piece of a hole has the digest of zeros."""
        path = self.write("a.log", b"x\n")
        os.truncate(path, 64 * M)
        mount = self.start("--chunk-size", "16M")
        digest = run("xxh128sum", "-", input=bytes(16 * M)).split()[0]
        lines = read(mount.p("a.log/bytes.xxh128")).splitlines()
        self.assertEqual(lines[2], digest + b"  000002.log" if lines[2].endswith(b"log") else digest + b"  000002")
        self.assertLess(counter(mount, "bigfs_scanned_bytes_total"), M)

    def test_growth(self):
        """A list that is opened again after the file has grown is of the file as it is then."""
        data = text(7, 2 * M)
        path = self.write("a.log", data)
        mount = self.start()
        self.assert_verifies(mount.p("a.log"), "lines")
        with open(path, "ab") as file:
            file.write(text(8, M))
        wait_for(lambda: len(os.listdir(mount.p("a.log/bytes"))) == 12, 10, "the growth is seen")
        time.sleep(1.1)
        self.assert_verifies(mount.p("a.log"), "lines")
        self.assertEqual(b"".join(read(mount.p("a.log/lines", name)) for name in sorted(os.listdir(mount.p("a.log/lines")))),
                         read(path))

    def test_appended_to_all_the_time(self):
        """Lists come, though the file never is at rest; and each is of what the file held."""
        data = text(10, 4 * M)
        path = self.write("a.log", data)
        mount = self.start("--chunk-size", "64K")
        ending = threading.Event()

        def append():
            with open(path, "ab", buffering=0) as file:
                while not ending.wait(0.002):
                    file.write(b"x" * 999 + b"\n")
        writer = threading.Thread(target=append)
        writer.start()
        try:
            for view in ("bytes", "lines", "bytes@70K") * 3:
                lines = read(mount.p("a.log", view + ".xxh128")).splitlines()
                self.assertGreater(len(lines), 55)
        finally:
            ending.set()
            writer.join()
        whole = read(path)
        for number, line in enumerate(lines[:50]):
            piece = whole[number * 70 * K:(number + 1) * 70 * K]
            self.assertEqual(line.split()[0], run("xxh128sum", "-", input=piece).split()[0], number)

    def test_damage(self):
        """A list that needs a damaged unit cannot be had; the digests of other pieces can."""
        data = gzip.compress(os.urandom(2 * M), 0) + gzip.compress(text(9, 2 * M), 1)
        data = data[:M] + bytes([data[M] ^ 1]) + data[M + 1:]
        self.write("a.gz", data)
        mount = self.start()
        mount.allowed_trouble.append("a.gz")
        directory = mount.p("a.gz/plain")
        self.assertEqual(errno_of(read, os.path.join(directory, "bytes.xxh128")), "EIO")
        last = sorted(os.listdir(os.path.join(directory, "bytes")))[-1]
        got = self.attribute(os.path.join(directory, "bytes", last), DIGEST)
        piece = read(os.path.join(directory, "bytes", last))
        self.assertEqual(run("xxh128sum", "-", input=piece).split()[0].decode(), got)
        self.assertEqual(errno_of(os.getxattr, os.path.join(directory, "bytes/2"), DIGEST), "EIO")


class AttributeTest(ChecksumTest):
    def test_of_pieces(self):
        """They say what the table and the list say."""
        self.write("a.log", text(11, 3 * M))
        mount = self.start()
        for view in VIEWS:
            table = read(mount.p("a.log", view + ".tsv")).decode().splitlines()[1:]
            sums = dict(reversed(line.split("  ")) for line in read(mount.p("a.log", view + ".xxh128")).decode().splitlines())
            self.assertTrue(table)
            for line in table:
                name, offset, length = line.split("\t")[:3]
                path = mount.p("a.log", view, name)
                self.assertEqual(sorted(os.listxattr(path)), [LENGTH, OFFSET])
                self.assertEqual([self.attribute(path, n) for n in (OFFSET, LENGTH, DIGEST)], [offset, length, sums[name]])

    def test_of_ranges_and_the_whole(self):
        data = text(12, 2 * M)
        self.write("a.log", data)
        mount = self.start()
        lines = data.splitlines(keepends=True)
        for name, offset, piece in (("bytes/1000+5000", 1000, data[1000:6000]), ("bytes/-70", len(data) - 70, data[-70:]),
                                    ("rows/11-20", len(b"".join(lines[:10])), b"".join(lines[10:20])),
                                    ("whole.log", 0, data), ("sorted/0000010", None, lines[10]),
                                    ("bytes/5+0", 5, b"")):
            path = mount.p("a.log", name)
            if errno_of(os.stat, path) == "ENOENT":
                self.assertEqual(piece, b"")
                continue
            if offset is not None:
                self.assertEqual(self.attribute(path, OFFSET), str(offset))
            self.assertEqual(self.attribute(path, LENGTH), str(len(piece)))
            self.assertEqual(self.attribute(path, DIGEST), run("xxh128sum", "-", input=piece).split()[0].decode())

    def test_an_empty_piece_that_moves(self):
        """No line begins there, and its place is the end of the file, which grows."""
        path = self.write("a.log", b"x" * M)
        mount = self.start()
        piece = mount.p("a.log/lines@n4/2")
        self.assertEqual((self.attribute(piece, OFFSET), self.attribute(piece, LENGTH)), (str(M), "0"))
        with open(path, "ab", buffering=0) as file:
            file.write(b"x" * 500)
        time.sleep(1.2)  # so long the kernel believes names
        self.assertEqual((self.attribute(piece, OFFSET), self.attribute(piece, LENGTH)), (str(M + 500), "0"))
        self.assertEqual(read(mount.p("a.log/lines@n4.tsv")).splitlines()[3].split(b"\t")[1], b"%d" % (M + 500))

    def test_of_nothing_else(self):
        """Directories, tables, .bigfs and files that are shown as they are have none."""
        self.write("a.log", text(13, M))
        self.write("small", b"")
        mount = self.start()
        for name in ("", "a.log", "a.log/lines", "a.log/lines.tsv", "a.log/lines.xxh128", "a.log/pin", "small",
                     ".bigfs", ".bigfs/status"):
            self.assertEqual(os.listxattr(mount.p(name)), [], name)
            for attribute in (OFFSET, LENGTH, DIGEST, "user.other"):
                self.assert_errno(errno.ENODATA, os.getxattr, mount.p(name), attribute)
        self.assert_errno(errno.ENODATA, os.getxattr, mount.p("a.log/lines/0"), "user.bigfs.other")

    def test_hashed_once(self):
        """A list, the attributes, and another view with the same pieces."""
        data = text(14, 2 * M)
        self.write("a.log", data)
        mount = self.start()
        read(mount.p("a.log/bytes.xxh128"))
        for number in range(8):
            os.getxattr(mount.p("a.log/bytes", str(number)), DIGEST)
        read(mount.p("a.log/bytes@n7,to=1792K.xxh128"))
        self.assertLess(counter(mount, "bigfs_hashed_bytes_total"), 2 * len(data))

    def test_only_the_size(self):
        """To say how long a digest is, nothing is read."""
        self.write("a.log", text(16, 2 * M))
        mount = self.start()
        libc = ctypes.CDLL(None, use_errno=True)
        path, name = os.fsencode(mount.p("a.log/bytes/0")), DIGEST.encode()
        self.assertEqual(libc.getxattr(path, name, None, 0), 32)
        self.assertEqual(libc.getxattr(path, name, ctypes.create_string_buffer(31), 31), -1)
        self.assertEqual(ctypes.get_errno(), errno.ERANGE)
        self.assertEqual(counter(mount, "bigfs_hashed_bytes_total"), 0)

    def test_ls_asks_little(self):
        """Not for each of many pieces, though getxattr is answered now."""
        self.write("a.log", text(15, 4 * M))
        mount = self.start()
        run("ls", "-l", mount.p("a.log/bytes@4K"))
        self.assertLess(int(re.search(rb'requests_total{operation="getxattr"} (\d+)', read(mount.p(".bigfs/metrics")))[1]), 20)


class OtherUserTest(ChecksumTest):
    def test_a_digest_takes_the_right_to_read(self):
        self.require(os.geteuid() == 0, "becoming other users needs root")
        self.tmp.chmod(0o755)
        path = self.write("a.log", text(21, M))
        mount = self.start("-o", "allow_other")
        CALLS["digest"] = lambda piece: os.getxattr(piece, DIGEST).decode()
        self.addCleanup(CALLS.pop, "digest")
        questions = [("digest", mount.p("a.log/bytes/0")), ("read", mount.p("a.log/bytes.xxh128"))]
        user = User(40001, 50001)
        os.chmod(path, 0o644)
        time.sleep(1.2)
        before = user.tries(questions)
        self.assertEqual(before[0], self.attribute(mount.p("a.log/bytes/0"), DIGEST))
        os.chmod(path, 0o600)
        time.sleep(1.2)  # the kernel's cache has expired then
        self.assertEqual(user.tries(questions), ["EACCES", "EACCES"])


class KilledTest(ChecksumTest):
    """A list of a file of many terabytes of zeros would take hours."""

    def test_killed_and_unmounted(self):
        path = self.write("big.log", b"x\n")
        try:
            os.truncate(path, 8 << 40)
        except OSError as error:
            self.require(error.errno != errno.EFBIG, "no file of 8 TiB here")
            raise
        self.write("small.log", text(31, M))
        mount = self.mount(None, "--min-size", "0")
        readers = [subprocess.Popen(["cat", mount.p("big.log", name)], stdout=subprocess.DEVNULL)
                   for name in ("bytes.xxh128", "bytes@1T.xxh128", "bytes@n3.xxh128")]
        code = "import os, sys\nos.getxattr(sys.argv[1], sys.argv[2])"
        readers.append(subprocess.Popen([sys.executable, "-c", code, mount.p("big.log/whole.log"), DIGEST],
                                        stderr=subprocess.DEVNULL))
        self.addCleanup(lambda: [reader.kill() or reader.wait() for reader in readers])
        wait_for(lambda: re.search(r"^hashing: +4 of 8, 0 waiting$", read(mount.p(".bigfs/status")).decode(), re.M),
                 10, "all four are at work")
        self.assertEqual(len(read(mount.p("small.log/lines@n4/2"))), len(read(mount.p("small.log/lines@n4/000002.log"))))
        self.assertEqual(len(read(mount.p("small.log/lines@n4.tsv")).splitlines()), 5)
        for name in ("small.log", "small.log/lines.tsv"):  # what has no digest is not queued for one
            self.assert_errno(errno.ENODATA, os.getxattr, mount.p(name), DIGEST)
        self.assertTrue(all(reader.poll() is None for reader in readers))
        for reader in readers[1:]:
            reader.send_signal(signal.SIGKILL)
        for reader in readers[1:]:
            wait_for(lambda r=reader: r.poll() is not None, 10, "a killed reader ends")
        # The harness unmounts while the first one waits.
        readers[0].send_signal(signal.SIGKILL)


if __name__ == "__main__":
    harness.main()
