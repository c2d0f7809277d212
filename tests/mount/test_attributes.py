# SPDX-License-Identifier: MIT
"""Results of stat, readdir and attempts to change something (DESIGN 2, 3 and 5)."""

import ctypes
import errno
import os
import stat
import struct
import time

import harness
from harness import M, read

DATA = b"".join(b"line %d\n" % number for number in range(3000))
PIECES = ["bytes/000000", "bytes/000001", "bytes/1", "lines/000000.log", "lines/000001.log", "whole.log",
          "lines@n3/2", "bytes/10+20", "bytes/-5"]
DIRECTORIES = ["", "bytes", "lines", "lines@n3", "bytes@1K"]
GENERATED = ["bytes.tsv", "lines.tsv", "lines@n3.tsv"]
DT_DIR, DT_REG, DT_LNK = 4, 8, 10
_libc = ctypes.CDLL(None, use_errno=True)


def entries(path):
    """The directory's entries as the kernel gives them: {name: (inode, type)}, without . and .."""
    found = {}
    buffer = ctypes.create_string_buffer(64 * 1024)
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while True:
            length = _libc.getdents64(directory, buffer, ctypes.c_size_t(len(buffer)))
            if length < 0:
                raise OSError(ctypes.get_errno(), "getdents64")
            if length == 0:
                return found
            position = 0
            while position < length:
                inode, _, size, kind = struct.unpack_from("<QqHB", buffer, position)
                name = buffer.raw[position + 19:position + size].split(b"\0")[0]
                if name not in (b".", b".."):
                    assert name not in found, name
                    found[name] = (inode, kind)
                position += size
    finally:
        os.close(directory)


class AttributeTest(harness.MountTest):
    """Owner, mode and times of a piece are its source's."""

    def mounted_log(self, *options):
        """A mount of one large file, its path in the source and a function for paths inside it."""
        path = self.write("app.log", DATA)
        mount = self.mount(None, "--chunk-size", "8K", *options)
        return mount, path, lambda name: mount.p("app.log", name) if name else mount.p("app.log")

    def test_modes(self):
        """Write bits are removed; a directory made from a file gains x where the file has r."""
        modes = {0o644: 0o555, 0o600: 0o500, 0o640: 0o550, 0o755: 0o555, 0o444: 0o555, 0o666: 0o555, 0o400: 0o500,
                 0o604: 0o505, 0o711: 0o511}
        for mode in modes:
            self.write("%o.log" % mode, DATA).chmod(mode)
            self.write("%o.small" % mode, b"small").chmod(mode)
        mount = self.mount(None, "--chunk-size", "8K")
        for mode, directory_mode in modes.items():
            with self.subTest(oct(mode)):
                for name in DIRECTORIES:
                    status = os.stat(mount.p("%o.log" % mode, name))
                    self.assertEqual(oct(status.st_mode), oct(stat.S_IFDIR | directory_mode), name)
                for name in PIECES:
                    status = os.stat(mount.p("%o.log" % mode, name))
                    self.assertEqual(oct(status.st_mode), oct(stat.S_IFREG | mode & 0o555), name)
                self.assertEqual(oct(os.stat(mount.p("%o.small" % mode)).st_mode), oct(stat.S_IFREG | mode & 0o555))
                for name in GENERATED:
                    status = os.stat(mount.p("%o.log" % mode, name))
                    self.assertTrue(stat.S_ISREG(status.st_mode), name)
                    self.assertEqual(status.st_mode & 0o222, 0, name)

    def test_modes_of_directories(self):
        """The source's own directories lose their write bits too."""
        for mode in (0o755, 0o700, 0o777, 0o750):
            (self.source / oct(mode)).mkdir()
            (self.source / oct(mode)).chmod(mode)
        mount = self.mount()
        for mode in (0o755, 0o700, 0o777, 0o750):
            self.assertEqual(oct(os.stat(mount.p(oct(mode))).st_mode), oct(stat.S_IFDIR | mode & 0o555))

    def test_owner(self):
        """Owner and group are the source's, everywhere below it."""
        self.require(os.geteuid() == 0, "chown needs root")
        path = self.write("app.log", DATA)
        os.chown(path, 1234, 5678)
        small = self.write("sub/small", b"x")
        os.chown(small, 12, 34)
        os.chown(small.parent, 56, 78)
        os.symlink("x", self.source / "link")
        os.lchown(self.source / "link", 90, 12)
        mount = self.mount(None, "--chunk-size", "8K")
        for name in PIECES + DIRECTORIES + GENERATED:
            status = os.stat(mount.p("app.log", name))
            self.assertEqual((status.st_uid, status.st_gid), (1234, 5678), name)
        for name, owner in (("sub/small", (12, 34)), ("sub", (56, 78)), ("link", (90, 12))):
            status = os.lstat(mount.p(name))
            self.assertEqual((status.st_uid, status.st_gid), owner, name)

    def test_times(self):
        """Times are the source's to the nanosecond, before 1970 and beyond 2038 too."""
        later = 2 ** 32 * 10 ** 9  # an access time that reads do not move
        names = {"app.log": (later + 123456789, 1234567890987654321), "late.log": (later + 999999999, later + 7),
                 "small": (later + 1, 999999999), "early.log": (later, -1234567891)}
        for name, times in names.items():
            os.utime(self.write(name, b"x" if name == "small" else DATA), ns=times)
        (self.source / "sub").mkdir()
        os.utime(self.source / "sub", ns=(later + 5, 1000000007000000001))
        mount = self.mount(None, "--chunk-size", "8K")
        for name in [*names, "sub"]:
            wanted = os.stat(self.source / name)
            inside = [] if name in ("small", "sub") else PIECES + DIRECTORIES
            for path in [mount.p(name)] + [mount.p(name, part) for part in inside]:
                with self.subTest(path=path):
                    status = os.stat(path)
                    self.assertEqual(status.st_mtime_ns, wanted.st_mtime_ns)
                    self.assertEqual(status.st_ctime_ns, wanted.st_ctime_ns)
                    self.assertEqual(status.st_atime_ns, wanted.st_atime_ns)

    def test_sizes_and_blocks(self):
        """Pieces have their own size and the blocks for about that size; st_blksize is 1 MiB; generated files show
        0."""
        mount, path, p = self.mounted_log()
        for name in PIECES:
            status = os.stat(p(name))
            self.assertEqual(status.st_size, len(read(p(name))), name)
            self.assertEqual(status.st_blksize, M, name)
            self.assertLessEqual(abs(status.st_blocks * 512 - status.st_size), 8192, name)
        for name in GENERATED:  # stat(2) knows the length of a text that follows from the size even before an open
            self.assertEqual(os.stat(p(name)).st_size, len(read(p("bytes.tsv"))) if name == "bytes.tsv" else 0, name)
            self.assertTrue(read(p(name)).startswith(b"name\toffset\tlength\tdata_bytes\n"))
        for name in ("help", "status", "metrics", "version"):
            self.assertEqual(os.stat(mount.p(".bigfs", name)).st_size, 0)
        self.assertEqual(os.stat(self.mount(path).p("app.log")).st_size, len(DATA))


class InodeTest(harness.MountTest):
    """Inode numbers and types, as stat and readdir give them."""

    def setUp(self):
        super().setUp()
        self.write("app.log", DATA)
        self.write("sub/small", b"small")
        os.link(self.source / "app.log", self.source / "again.log")
        os.symlink("app.log", self.source / "link")
        self.m = self.mount(None, "--chunk-size", "1K")
        self.directories = ["", "sub", "app.log", "again.log", "app.log/bytes", "app.log/lines", "app.log/lines@n5",
                            "app.log/bytes@2K", ".bigfs"]

    def numbers(self):
        """Every listed name with its inode number, by stat."""
        found = {}
        for directory in self.directories:
            for name in os.listdir(self.m.p(directory)):
                found[directory, name] = os.lstat(self.m.p(directory, name)).st_ino
        return found

    def test_readdir_agrees_with_stat(self):
        """d_ino is st_ino, and d_type is the file's type. A large file is a directory there already."""
        kinds = {stat.S_IFDIR: DT_DIR, stat.S_IFREG: DT_REG, stat.S_IFLNK: DT_LNK}
        for directory in self.directories:
            for name, (inode, kind) in entries(self.m.p(directory)).items():
                with self.subTest(directory=directory, name=name):
                    status = os.lstat(os.path.join(os.fsencode(self.m.p(directory)), name))
                    self.assertEqual(inode, status.st_ino)
                    self.assertEqual(kind, kinds[stat.S_IFMT(status.st_mode)])
        self.assertEqual(entries(self.m.path)[b"app.log"][1], DT_DIR)

    def test_readdir_of_a_mount_that_nobody_has_looked_at(self):
        """The same if readdir comes before stat."""
        for directory in self.directories:
            fresh = self.mount(None, "--chunk-size", "1K")
            listed = entries(fresh.p(directory))
            self.assertTrue(listed)
            for name, (inode, _) in listed.items():
                self.assertEqual(os.lstat(os.path.join(os.fsencode(fresh.p(directory)), name)).st_ino, inode)
            fresh.unmount()

    def test_numbers_are_unique(self):
        """No two listed names share a number, whether siblings, pieces of two views or pieces of linked files."""
        numbers = self.numbers()
        self.assertGreater(len(numbers), 90)
        self.assertEqual(len(set(numbers.values())), len(numbers))
        self.assertNotIn(0, numbers.values())

    def test_numbers_are_stable(self):
        """A later look-up, past the kernel's caches, and after many other names, finds the same numbers."""
        before = self.numbers()
        for number in range(2000):
            os.stat(self.m.p("app.log", "bytes", "%d+1" % number))
        time.sleep(1.2)  # after the time-out of names and attributes
        self.assertEqual(self.numbers(), before)

    def test_two_names_of_one_piece(self):
        """Every name of a piece shows the same file."""
        for names in (["lines/1", "lines/1.log", "lines/000001", "lines/000001.log"], ["bytes/2", "bytes/000002"]):
            found = [os.stat(self.m.p("app.log", name)) for name in names]
            self.assertEqual(len({(status.st_ino, status.st_size) for status in found}), 1, names)


class ReadOnlyTest(harness.MountTest):
    """A write, or any change, is EROFS (DESIGN 5)."""

    def changes(self, mount):
        """Every way to change something: (what, function, arguments)."""
        p = mount.p
        for directory in (mount.path, p("sub"), p("app.log"), p("app.log", "bytes"), p("app.log", "lines@n3"),
                          p(".bigfs")):
            new = os.path.join(directory, "new")
            yield os.open, new, os.O_WRONLY | os.O_CREAT
            yield os.open, new, os.O_RDWR | os.O_CREAT | os.O_EXCL
            yield os.mkdir, new
            yield os.symlink, "target", new
            yield os.mkfifo, new
            yield os.link, p("small"), new
            yield os.rename, p("small"), new
            yield os.chmod, directory, 0o777
            yield os.utime, directory, (1, 1)
        for name in ("small", "app.log/whole.log", "app.log/bytes/000000", "app.log/lines/1", "app.log/bytes/5+5",
                     "app.log/bytes.tsv", ".bigfs/status"):
            for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_TRUNC):
                yield os.open, p(name), flags
            yield os.truncate, p(name), 0
            yield os.truncate, p(name), 1 << 30
            yield os.chmod, p(name), 0o600
            yield os.chown, p(name), 1, 1
            yield os.utime, p(name), None
            yield os.unlink, p(name)
            yield os.rename, p(name), p(name) + "2"
            yield os.setxattr, p(name), b"user.x", b"y"
            yield os.removexattr, p(name), b"user.x"
        yield os.rmdir, p("sub")
        yield os.rmdir, p("app.log")
        yield os.rmdir, p("app.log", "bytes")
        yield os.unlink, p("link")

    def test_every_change(self):
        """Each gives EROFS, on mirrored files, pieces, ranges, tables and the control directory; nothing changes."""
        self.write("app.log", DATA)
        self.write("small", b"small")
        self.write("sub/below", b"below")
        os.symlink("small", self.source / "link")
        before = harness.run("find", self.source, "-printf", "%p %m %s %T@ %n\n")
        mount = self.mount(None, "--chunk-size", "8K")
        for function, *arguments in self.changes(mount):
            with self.subTest(function=function.__name__, arguments=arguments):
                self.assert_errno(errno.EROFS, function, *arguments)
        self.assertFalse(os.access(mount.p("small"), os.W_OK))
        self.assertEqual(harness.run("find", self.source, "-printf", "%p %m %s %T@ %n\n"), before)
        self.assertEqual(read(self.source / "app.log"), DATA)

    def test_the_mount_is_read_only_nosuid_nodev(self):
        """Safe by default, and of the type that fstab names."""
        mount = self.mount()
        flags = os.statvfs(mount.path).f_flag
        for flag in (os.ST_RDONLY, os.ST_NOSUID, os.ST_NODEV):
            self.assertTrue(flags & flag)
        found = harness.run("findmnt", "-n", "-o", "FSTYPE", mount.path).decode().strip()
        self.assertEqual(found, "fuse.bigfs")


if __name__ == "__main__":
    harness.main()
