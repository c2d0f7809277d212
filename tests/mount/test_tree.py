# SPDX-License-Identifier: MIT
"""The mirrored tree and what a listing of it shows (DESIGN 2)."""

import os
import socket
import stat

import harness
from harness import K, M, read

LOG = b"".join(b"%d a line of the log\n" % number for number in range(400))  # 8690 bytes: three pieces of 4 KiB
ODD_NAMES = [
    b"with space", b" leading and trailing ", b"new\nline", b"tab\tand\\backslash", b"-rf", b"$HOME;`x`'\"*?[a]",
    "žluťoučký 日本語 🐎".encode(), b"invalid \xff\xfe utf-8 \x80", b"\xc3", b".leading.dot", b"..two", b"...",
    b"x" * 255, b"y" * 251 + b".log", b"end.", b"a+b", b"bytes", b"lines@n4", b"000000", b"whole.log",
]


def listing(path):
    """The sorted names in a directory, as text that carries any byte."""
    return sorted(os.listdir(path))


class MirrorTest(harness.MountTest):
    """Directories and small files as they are; symbolic links as such; the rest left out."""

    def test_directories_and_small_files(self):
        """The default limit is 64 MiB: a tree of small files is the same tree, byte for byte."""
        contents = {"a.txt": b"hello\n", "empty": b"", "sub/b.bin": bytes(range(256)) * 999, "sub/deeper/c": b"c"}
        for name, data in contents.items():
            self.write(name, data)
        (self.source / "nothing").mkdir()
        mount = self.mount()
        self.assertEqual(listing(mount.path), ["a.txt", "empty", "nothing", "sub"])
        self.assertEqual(listing(mount.p("nothing")), [])
        self.assertEqual(listing(mount.p("sub")), ["b.bin", "deeper"])
        for name, data in contents.items():
            self.assertEqual(read(mount.p(name)), data)
            self.assertEqual(os.stat(mount.p(name)).st_size, len(data))

    def test_an_empty_source(self):
        """A source without entries mounts and lists nothing."""
        self.assertEqual(listing(self.mount().path), [])

    def test_names_that_do_not_exist(self):
        """A name that is not in the source is ENOENT, below a small file ENOTDIR."""
        self.write("small", b"x")
        mount = self.mount()
        for name in ("nope", "nope/nope", "small.tsv", ".bigfs2"):
            self.assert_errno(harness.errno.ENOENT, os.lstat, mount.p(name))
        self.assert_errno(harness.errno.ENOTDIR, os.lstat, mount.p("small", "bytes"))

    def test_symbolic_links(self):
        """A link is a link with the same text, wherever it points, and works as it does in a copy of the tree."""
        self.write("sub/app.log", LOG)
        self.write("small", b"small")
        links = {"relative": "small", "sub/up": "../small", "absolute": "/etc/hostname", "dangling": "no/such",
                 "large": "sub/app.log", "directory": "sub", "loop": "loop", "outside": "../../../../etc",
                 "odd": os.fsdecode(b"\xff \n"), "long": "x/" * 2000}
        for name, target in links.items():
            os.symlink(target, self.source / name)
        mount = self.mount(None, "--chunk-size", "4K")
        for name, target in links.items():
            with self.subTest(name):
                self.assertTrue(stat.S_ISLNK(os.lstat(mount.p(name)).st_mode))
                self.assertEqual(os.readlink(mount.p(name)), target)
        self.assertEqual(read(mount.p("sub", "up")), b"small")
        self.assertEqual(read(mount.p("large", "whole.log")), LOG)
        self.assertEqual(listing(mount.p("directory")), ["app.log", "up"])
        self.assert_errno(harness.errno.ENOENT, os.stat, mount.p("dangling"))
        self.assert_errno(harness.errno.ELOOP, os.stat, mount.p("loop"))

    def test_sockets_fifos_and_devices_are_left_out(self):
        """What is no file, directory or link is neither listed nor found, so opening it hangs no program."""
        self.write("file", b"x")
        os.mkfifo(self.source / "fifo")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(self.source / "socket"))
        names = ["fifo", "socket"]
        if os.geteuid() == 0:
            os.mknod(self.source / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            os.mknod(self.source / "disk", stat.S_IFBLK | 0o600, os.makedev(7, 0))
            names += ["null", "disk"]
        mount = self.mount(None, "--min-size", "0")
        self.assertEqual(listing(mount.path), ["file"])
        for name in names:
            self.assert_errno(harness.errno.ENOENT, os.lstat, mount.p(name))

    def test_deep_paths(self):
        """A path as long as the system allows reaches its file and the pieces in it."""
        name = "d" * 100
        depth = (3900 - len(str(self.tmp))) // (len(name) + 1)
        deep = os.path.join(*[name] * depth, "app.log")
        self.write(deep, LOG)
        mount = self.mount(None, "--chunk-size", "4K")
        self.assertEqual(read(mount.p(deep, "whole.log")), LOG)
        self.assertEqual(read(mount.p(deep, "bytes", "1")), LOG[4 * K:8 * K])

    def test_many_entries(self):
        """A directory of thousands of entries is listed whole, each name once, on any file system."""
        names = ["%d-%s" % (number, "n" * (number % 90)) for number in range(3000)]
        for kind in (None, "ext4", "xfs", "btrfs", "tmpfs"):
            root = self.filesystem(kind, 64 * M) if kind else self.source
            (root / "many").mkdir()
            for name in names:
                (root / "many" / name).touch()
            mount = self.mount(root)
            self.assertEqual(listing(mount.p("many")), sorted(names), kind)
            directory = os.open(mount.p("many"), os.O_RDONLY)
            try:  # a handle that is rewound starts again
                self.assertEqual([listing(directory) for _ in range(2)], [sorted(names)] * 2, kind)
            finally:
                os.close(directory)
            mount.unmount()

    def test_odd_names(self):
        """Any name a file system takes is mirrored byte for byte: directory, small file, large file."""
        for name in map(os.fsdecode, ODD_NAMES):
            self.write(os.path.join("small", name), name.encode("utf-8", "surrogateescape"))
            self.write(os.path.join("large", name), LOG)
            self.write(os.path.join("dir", name, "in"), b"in")
        mount = self.mount(None, "--chunk-size", "4K")
        expected = sorted(map(os.fsdecode, ODD_NAMES))
        for part in ("small", "large", "dir"):
            self.assertEqual(listing(mount.p(part)), expected)
        for name in expected:
            with self.subTest(name=name):
                self.assertEqual(read(mount.p("small", name)), os.fsencode(name))
                self.assertEqual(read(mount.p("large", name, "bytes", "000001")), LOG[4 * K:8 * K])
                self.assertTrue(read(mount.p("large", name, "lines", "0")).startswith(LOG[:4 * K]))
                self.assertEqual(read(mount.p("dir", name, "in")), b"in")

    def test_a_long_extension(self):
        """A suffix so long that a piece's name would pass 255 bytes: its pieces by number, and no broken listing."""
        for length in range(240, 254):
            self.write("a" * (254 - length) + "." + "s" * length, LOG)
        mount = self.mount(None, "--chunk-size", "4K")
        for name in listing(mount.path):
            self.assertEqual(read(mount.p(name, "bytes", "0")), LOG[:4 * K])
            self.assertTrue(read(mount.p(name, "lines", "0")).startswith(LOG[:4 * K]))
            for below in ("", "lines"):
                for entry in listing(mount.p(name, below)):
                    os.lstat(mount.p(name, below, entry))

    def test_hard_links(self):
        """Every name of a file works, both at once, large or small."""
        for name, data in (("app.log", LOG), ("note", b"note")):
            self.write(name, data)
            os.link(self.source / name, self.source / ("2-" + name))
        (self.source / "sub").mkdir()
        os.link(self.source / "app.log", self.source / "sub" / "third.txt")
        mount = self.mount(None, "--chunk-size", "4K")
        self.assertEqual(listing(mount.path), ["2-app.log", "2-note", "app.log", "note", "sub"])
        first = os.open(mount.p("app.log", "bytes"), os.O_RDONLY)
        second = os.open(mount.p("2-app.log", "bytes"), os.O_RDONLY)
        try:  # two directories at once: the kernel allows one name for each directory inode
            for _ in range(3):
                self.assertEqual(listing(first), listing(second))
                for name in ("app.log/whole.log", "2-app.log/whole.log", "sub/third.txt/whole.txt"):
                    self.assertEqual(read(mount.p(name)), LOG)
        finally:
            os.close(first)
            os.close(second)
        self.assertEqual(read(mount.p("note")), read(mount.p("2-note")))


class SingleFileTest(harness.MountTest):
    """SOURCE may be one file: the mount shows that file in its root and nothing else."""

    def test_large(self):
        """A large file is the one directory."""
        self.write("other", b"x")
        mount = self.mount(self.write("app.log", LOG), "--chunk-size", "4K")
        self.assertEqual(listing(mount.path), ["app.log"])
        self.assertEqual(listing(mount.p("app.log")), ["bytes", "bytes.tsv", "lines", "lines.tsv", "whole.log"])
        self.assertEqual(read(mount.p("app.log", "whole.log")), LOG)
        self.assert_errno(harness.errno.ENOENT, os.lstat, mount.p("other"))

    def test_small(self):
        """A small file is the one file; names of any bytes too."""
        path = self.write(b"a small \xff file", b"text")
        mount = self.mount(path)
        self.assertEqual(listing(mount.path), [path.name])
        self.assertEqual(read(mount.p(path.name)), b"text")
        self.assertTrue(os.path.isdir(mount.p(".bigfs")))


class ListingTest(harness.MountTest):
    """What a large file's directory shows."""

    def test_a_large_file(self):
        """`bytes bytes.tsv lines lines.tsv whole.EXT`: what costs nothing, and no more."""
        self.write("app.log", LOG)
        mount = self.mount(None, "--chunk-size", "4K")
        self.assertEqual(listing(mount.p("app.log")), ["bytes", "bytes.tsv", "lines", "lines.tsv", "whole.log"])
        self.assertEqual(listing(mount.p("app.log", "bytes")), ["000000", "000001", "000002"])
        self.assertEqual(listing(mount.p("app.log", "lines")), ["000000.log", "000001.log", "000002.log"])
        self.assertEqual(len(LOG) // (4 * K), 2)

    def test_a_listing_stays_the_same_after_look_ups(self):
        """A look-up of another view, a range or an unpadded number adds nothing to a listing."""
        self.write("app.log", LOG)
        mount = self.mount(None, "--chunk-size", "4K")
        for name in ("lines@n3/1", "bytes@1K.tsv", "bytes/5+5", "bytes/1", "lines/1"):
            read(mount.p("app.log", name))
        self.assertEqual(listing(mount.p("app.log")), ["bytes", "bytes.tsv", "lines", "lines.tsv", "whole.log"])
        self.assertEqual(listing(mount.p("app.log", "bytes")), ["000000", "000001", "000002"])

    def test_extensions(self):
        """The last .suffix is kept in `lines` and for `whole`, nowhere else; a leading dot makes none."""
        suffixes = {"a.log": ".log", "a.tar.gz": ".gz", "plain": "", ".bashrc": "", ".config.json": ".json",
                    "dir.d/plain": "", "a..b": ".b", "x.tsv": ".tsv", "UPPER.CSV": ".CSV",
                    "name.s p": ".s p", os.fsdecode(b"n.\xff"): os.fsdecode(b".\xff")}
        for name in suffixes:
            self.write(name, LOG)
        mount = self.mount(None, "--chunk-size", "4K")
        for name, suffix in suffixes.items():
            with self.subTest(name=name):
                self.assertEqual(listing(mount.p(name)),
                                 ["bytes", "bytes.tsv", "lines", "lines.tsv", "whole" + suffix])
                self.assertEqual(listing(mount.p(name, "lines")), ["00000%d%s" % (k, suffix) for k in range(3)])
                self.assertEqual(listing(mount.p(name, "bytes")), ["000000", "000001", "000002"])
                self.assertEqual(read(mount.p(name, "whole" + suffix)), LOG)

    def test_a_walk(self):
        """`find` sees everything that is listed, without a complaint; `.bigfs` is not among it."""
        self.write("logs/app.log", LOG)
        self.write("note", b"x")
        mount = self.mount(None, "--chunk-size", "4K")
        found = harness.run("find", ".", cwd=mount.path).decode().split("\n")[:-1]
        base = "./logs/app.log"
        expected = [".", "./note", "./logs", base, base + "/bytes", base + "/bytes.tsv", base + "/lines",
                    base + "/lines.tsv", base + "/whole.log"]
        expected += [base + "/bytes/00000%d" % k for k in range(3)]
        expected += [base + "/lines/00000%d.log" % k for k in range(3)]
        self.assertEqual(sorted(found), sorted(expected))
        self.assertIn("whole.log", harness.run("ls", "-laR", mount.path).decode())

    def test_dot_bigfs(self):
        """The control directory: in the root only, found by name, never listed; help, status, metrics, version."""
        self.write("sub/file", b"x")
        mount = self.mount()
        for _ in range(2):
            self.assertEqual(listing(mount.path), ["sub"])
            self.assertEqual(listing(mount.p(".bigfs")), ["help", "metrics", "status", "version"])
        for name in ("help", "metrics", "status", "version"):
            self.assertTrue(read(mount.p(".bigfs", name)).strip(), name)
        self.assertRegex(read(mount.p(".bigfs", "version")), rb"\d+\.\d+")
        self.assert_errno(harness.errno.ENOENT, os.lstat, mount.p("sub", ".bigfs"))
        self.assert_errno(harness.errno.ENOENT, os.lstat, mount.p(".bigfs", "nope"))

    def test_a_source_with_its_own_dot_bigfs(self):
        """In the root the control directory hides it, still unlisted; elsewhere the name is ordinary."""
        self.write(".bigfs/own", b"own")
        self.write("sub/.bigfs", b"own too")
        mount = self.mount()
        self.assertEqual(listing(mount.path), ["sub"])
        self.assertEqual(listing(mount.p(".bigfs")), ["help", "metrics", "status", "version"])
        self.assertEqual(listing(mount.p("sub")), [".bigfs"])
        self.assertEqual(read(mount.p("sub", ".bigfs")), b"own too")


class LimitTest(harness.MountTest):
    """From which size on a file is a directory, and its pieces."""

    def kinds(self, mount, names):
        """Which of the names are directories."""
        return [name for name in names if os.path.isdir(mount.p(name))]

    def test_min_size_is_the_chunk_size(self):
        """Without --min-size a file of at least the chunk size is a directory."""
        names = ["empty", "below", "equal", "above"]
        for name, size in zip(names, (0, 4 * K - 1, 4 * K, 4 * K + 1)):
            self.write(name, b"\n" * size)
        mount = self.mount(None, "--chunk-size", "4K")
        self.assertEqual(self.kinds(mount, names), ["equal", "above"])
        self.assertEqual(len(listing(mount.p("equal", "bytes"))), 1)
        self.assertEqual(len(listing(mount.p("above", "bytes"))), 2)

    def test_the_default_is_64_mib(self):
        """Pieces of exactly 64 MiB, the last one shorter; one byte less stays a file."""
        for name, size in (("below", 64 * M - 1), ("equal", 64 * M), ("above", 64 * M + 5)):
            self.write(name, b"")
            os.truncate(self.source / name, size)
        mount = self.mount()
        self.assertEqual(self.kinds(mount, ["below", "equal", "above"]), ["equal", "above"])
        sizes = [os.stat(mount.p("above", "bytes", name)).st_size for name in listing(mount.p("above", "bytes"))]
        self.assertEqual(sizes, [64 * M, 5])

    def test_min_size(self):
        """--min-size alone moves the limit; 0 makes every file a directory that is not empty."""
        names = ["empty", "one", "ten", "eleven"]
        for name, size in zip(names, (0, 1, 10, 11)):
            self.write(name, b"x" * size)
        for value, expected in (("11", names[3:]), ("10", names[2:]), ("1", names[1:]), ("0", names[1:]), ("1G", [])):
            with self.subTest(value):
                mount = self.mount(None, "--min-size", value)
                self.assertEqual(self.kinds(mount, names), expected)
                self.assertEqual(read(mount.p("empty")), b"")

    def test_views(self):
        """--views chooses what is listed; what is not listed is found by name all the same."""
        self.write("app.log", LOG)
        for value, expected in (("bytes", ["bytes", "bytes.tsv"]), ("whole", ["whole.log"]),
                                ("lines,whole", ["lines", "lines.tsv", "whole.log"]),
                                ("whole,bytes", ["bytes", "bytes.tsv", "whole.log"])):
            with self.subTest(value):
                mount = self.mount(None, "--chunk-size", "4K", "--views", value)
                self.assertEqual(listing(mount.p("app.log")), expected)
                self.assertEqual(read(mount.p("app.log", "bytes", "1")), LOG[4 * K:8 * K])
                self.assertTrue(read(mount.p("app.log", "lines", "0")).endswith(b"\n"))
                self.assertEqual(read(mount.p("app.log", "whole.log")), LOG)


if __name__ == "__main__":
    harness.main()
