# SPDX-License-Identifier: MIT
"""Files that are rewritten in their middle and then look as before, or only longer: what was found in them
before, in memory or in the index directory, must not live on."""

import errno
import os

import harness
from harness import read, run, wait_for
from support import LAG, errno_of

WIDTH, LINES = 72, 60000  # 4.1 MiB
MIDDLE = 100 * WIDTH  # far from the blocks at either end, by which files are told from one another


def text():
    return b"".join(b"%0*d\n" % (WIDTH - 1, n) for n in range(LINES))


class RevisedTest(harness.MountTest):
    """A file of numbered lines, MIDDLE of which becomes three thousand short ones."""

    def setUp(self):
        super().setUp()
        self.file = self.write("w.log", text())
        self.index = self.tmp / "index"

    def rewrite_middle(self, with_the_mtime_back):
        before = os.stat(self.file)
        with open(self.file, "r+b") as file:
            file.seek(MIDDLE)
            file.write(b"z\n" * 3000)
        if with_the_mtime_back:
            os.utime(self.file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def append(self):
        with open(self.file, "ab") as file:
            file.write(b"one more\n")

    def lines(self, first, last):
        return b"".join(line + b"\n" for line in self.file.read_bytes().split(b"\n")[first - 1:last])

    def index_it(self, *files):
        """`bigfs --index`; how many lines it says each has."""
        output = run(harness.BIGFS, "--index", "--index-dir", self.index, *files).decode()
        return [int(line.rsplit(": ", 1)[1].split()[0]) for line in output.splitlines()]

    def count(self, file):
        return file.read_bytes().count(b"\n")

    def test_index_of_another_file(self):
        """Files that begin alike and have the same block where the shorter one ends, as disk images have."""
        short, long = self.source / "a.img", self.source / "b.img"
        for file, size, place in ((short, 4 << 20, 1 << 20), (long, 8 << 20, 1 << 19)):
            with open(file, "wb") as image:
                image.truncate(size)
                image.seek(place)
                image.write(b"%s: a line of text\n" % os.fsencode(file.name) * 20000)
        self.assertEqual(self.index_it(short, long), [20001, 20001])
        mount = self.mount(None, "--min-size", "0", "--index-dir", self.index)
        self.assertEqual(read(mount.p("b.img/rows/20000-20000")), b"b.img: a line of text\n")
        self.assertEqual(len(list(self.index.glob("*/*.lines"))), 2)  # none has removed another's

    def test_an_index_from_before_a_rewrite(self):
        """It is gone once the file was indexed again, and not taken for the beginning of what has grown since."""
        self.assertEqual(self.index_it(self.file), [LINES])
        self.rewrite_middle(False)
        self.assertEqual(self.index_it(self.file), [self.count(self.file)])
        self.assertEqual(len(list(self.index.glob("*/*.lines"))), 1)
        self.append()
        self.assertEqual(self.index_it(self.file), [self.count(self.file)])

    def test_rewritten_and_then_grown(self):
        """Only the ctime told of the rewrite, and now the size has moved too."""
        for cache in ("kernel", "none"):
            with self.subTest(cache=cache):
                self.file.write_bytes(text())
                mount = self.mount(None, "--min-size", "0", "--cache", cache)
                self.assertEqual(read(mount.p("w.log/rows/20000-20010")), self.lines(20000, 20010))
                self.rewrite_middle(True)
                start = os.stat(mount.p("w.log/whole.log")).st_ctime_ns
                wait_for(lambda: os.stat(mount.p("w.log/whole.log")).st_ctime_ns != start or
                         start == os.stat(self.file).st_ctime_ns, LAG, "the mount sees the new ctime")
                read(mount.p("w.log/bytes/0+1"))  # an open, with which the generation goes on
                self.append()
                wanted = self.lines(20000, 20010)
                wait_for(lambda: read(mount.p("w.log/rows/-1")) == b"one more\n", LAG, "the mount sees the append")
                self.assertEqual(read(mount.p("w.log/rows/20000-20010")), wanted)

    def test_headers_and_boundaries(self):
        """Where the header ends, and where lines begin, is found anew."""
        mount = self.mount(None, "--min-size", "0", "--cache", "none")
        names = ("rows@1000,header=200/1", "lines@1000,header=200/1", "lines@10K/1", "lines@7000/1")
        for name in names:
            read(mount.p("w.log", name))
        self.rewrite_middle(True)
        fresh = self.mount(None, "--min-size", "0", "--cache", "none")
        for name in names:
            wanted = read(fresh.p("w.log", name))
            wait_for(lambda: read(mount.p("w.log", name)) == wanted, LAG, name)
        lines = self.lines(1, 2000).splitlines(True)
        self.assertEqual(read(mount.p("w.log", names[0])), b"".join(lines[:200] + lines[1000:2000]))

    def test_an_open_table(self):
        """It never mixes two contents."""
        mount = self.mount(None, "--min-size", "0", "--cache", "none")
        table = os.open(mount.p("w.log/rows@10.tsv"), os.O_RDONLY)
        self.addCleanup(os.close, table)
        self.assertTrue(os.pread(table, 100, 0).startswith(b"name\t"))
        self.rewrite_middle(True)
        self.assertEqual(errno_of(os.pread, table, 4096, 100000), errno.errorcode[errno.ESTALE])


class SmallFileTest(harness.MountTest):
    """Files that stay files: for those, too, the ctime may be the only sign."""

    def each_mount(self, data, *options, **arguments):
        """The file in the source and in a mount, which has read it once."""
        for cache in ("kernel", "none"):
            file = self.write("small.%s.txt" % cache, data)
            mount = self.mount(None, "--cache", cache, *options, **arguments)
            self.assertEqual(read(mount.p(file.name)), data)
            yield file, mount.p(file.name)

    def rewrite(self, file, offset, data):
        """In place, and with the old mtime."""
        before = os.stat(file)
        with open(file, "r+b") as writer:
            writer.seek(offset)
            writer.write(data)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_rewritten_in_its_middle(self):
        """A fresh open shows all of it, and nothing cached before."""
        for file, name in self.each_mount(b"A" * 200000):
            self.rewrite(file, 50000, b"B" * 100000)
            for _ in range(2):
                self.assertTrue(read(name) == file.read_bytes())

    def test_rewritten_as_a_whole(self):
        for file, name in self.each_mount(b"AAAA"):
            self.rewrite(file, 0, b"BBBB")
            for _ in range(2):
                self.assertEqual(read(name), b"BBBB")

    def test_another_directory_for_a_while(self):
        """The directory is renamed away, another has its name, and back: the file's own times do not move."""
        for cache in ("kernel", "none"):
            here, away, other = (self.source / (cache + name) for name in ("here", "away", "other"))
            for directory, data in ((here, b"old"), (other, b"another")):
                directory.mkdir()
                (directory / "f").write_bytes(data)
            mount = self.mount(None, "--cache", cache)
            name = mount.p(here.name, "f")
            handle = os.open(name, os.O_RDONLY)
            self.addCleanup(os.close, handle)
            self.assertEqual(os.pread(handle, 10, 0), b"old")
            here.rename(away)
            other.rename(here)
            wait_for(lambda name=name: read(name) == b"another", LAG, "the other is seen")
            wait_for(lambda handle=handle: errno_of(os.fstat, handle) == "ESTALE", LAG, "the old one has ended")
            here.rename(other)
            away.rename(here)
            wait_for(lambda name=name: errno_of(read, name) is None and read(name) == b"old", LAG, "it is back")

    def test_closed_to_the_daemon_for_a_while(self):
        """EACCES while it is closed, then the file again."""
        self.require(os.geteuid() == 0, "to be without a capability takes one")
        without = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
        for file, name in self.each_mount(b"hello\n", wrapper=without):
            os.chown(file, 65534, 65534)
            os.chmod(file, 0o600)
            wait_for(lambda name=name: errno_of(read, name) == "EACCES", LAG, "it is closed")
            os.chmod(file, 0o644)
            wait_for(lambda name=name: errno_of(read, name) is None, LAG, "it is open")
            self.assertEqual(read(name), b"hello\n")


if __name__ == "__main__":
    harness.main()
