# SPDX-License-Identifier: MIT
"""`sorted` (DESIGN 2): the records between two keys, against a model that looks at every record."""

import bisect
import errno
import os
import random
import stat

import harness
from harness import G, K, M, T, pread, read, seed
from support import counter, errno_of, read_once

SCANNED, READ = "bigfs_scanned_bytes_total", "bigfs_read_bytes_total"


def escaped(key):
    """A key as names have it: only what cannot stand in a name for itself is escaped."""
    found = b"".join(b"%%%02X" % byte if byte in b"%/\0" else bytes([byte]) for byte in key)
    return found.replace(b"..", b".%2e") if found not in (b".", b"..") else found.replace(b".", b"%2E")


def between(first, last):
    """The name of a range; an empty key is no limit."""
    first, last = escaped(first), escaped(last)
    return (first[:-1] + b"%2E" if first.endswith(b".") else first) + b".." + last


def after_prefix(key):
    """The first key after all that begin with this one; None: there is none."""
    key = key.rstrip(b"\xff")
    return key[:-1] + bytes([key[-1] + 1]) if key else None


class Records:
    """The records of a file, without their LFs, and where they start."""

    def __init__(self, data, header=0):
        self.data, self.starts, self.records = data, [], []
        place = 0
        while place < len(data):
            end = data.find(b"\n", place)
            end = len(data) if end < 0 else end
            self.starts.append(place)
            self.records.append(data[place:end])
            place = end + 1
        self.starts.append(len(data))
        del self.starts[:min(header, len(self.records))], self.records[:header]
        self.head = data[:self.starts[0]]

    def find(self, key):
        """Where the first record that is not below the key starts; by looking at each, one after another."""
        for start, record in zip(self.starts, self.records):
            if record >= key:
                return start
        return len(self.data)

    def range(self, first, last, find=None):
        """The bytes of the records r with first <= r < last."""
        find = find or self.find
        start = find(first) if first else self.starts[0]
        end = find(last) if last else len(self.data)
        return self.data[start:max(start, end)]

    def find_fast(self, key):
        """The same for many keys of a large file that is in order."""
        return self.starts[bisect.bisect_left(self.records, key)]


class SortedTest(harness.MountTest):
    def put(self, name, data):
        """A file that was written a while ago, so that no look at it waits for it to come to rest."""
        path = self.write(name, data)
        os.utime(path, (0, 0))
        return path

    def ask(self, mount, view, name):
        """The content of a range, whose size must be what stat says."""
        path = os.path.join(os.fsencode(mount.path), os.fsencode(view), name)
        size, content = read_once(path)
        self.assertEqual(size, os.stat(path).st_size if content is not None else size, path)
        self.assertIsNotNone(content, "%r: %s" % (path, size))
        return content


class LargeTest(SortedTest):
    """100,000 records."""

    LETTERS = [bytes([byte]) for byte in b"abcxyz.%/\x00\x01\x7f\x80\xc3\xfe\xff \t"]

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed("LargeTest"))
        self.records = Records(b"\n".join(sorted(self.key(12) + b" " * self.random.randrange(30)
                                                 for _ in range(100000))) + b"\n")
        self.put("big.txt", self.records.data)
        self.m = self.mount(None, "--min-size", "0")

    def key(self, most, least=0):
        return b"".join(self.random.choices(self.LETTERS, k=self.random.randint(least, most)))

    def random_key(self):
        """A record, a part of one, a record and more, or anything."""
        record = self.random.choice(self.records.records)
        return self.random.choice((record, record[:self.random.randint(0, len(record))], record + self.key(3),
                                   record.rstrip() + b"\n", self.key(8)))

    def test_ranges_and_prefixes(self):
        """Thousands of keys, in all combinations; some of them by a plain loop."""
        for number in range(2500):
            first, last = self.random_key(), self.random_key()
            find = self.records.find if number % 100 == 0 else self.records.find_fast
            with self.subTest(first=first, last=last):
                if first or last:
                    wanted = self.records.range(first, last, find)
                    self.assertTrue(self.ask(self.m, "big.txt/sorted", between(first, last)) == wanted)
                if first:
                    wanted = self.records.range(first, after_prefix(first), find)
                    self.assertTrue(all(line.startswith(first) or b"\n" in first
                                        for line in wanted[:-1].split(b"\n") if wanted))
                    self.assertTrue(self.ask(self.m, "big.txt/sorted", escaped(first)) == wanted)

    def test_ranges_of_neighbours_are_the_file(self):
        """Ranges whose keys follow one another are the file, without a gap."""
        keys = [b"", *sorted({key for key in (self.random_key() for _ in range(50)) if key}), b""]
        parts = [self.ask(self.m, "big.txt/sorted", between(first, last)) for first, last in zip(keys, keys[1:])]
        self.assertTrue(b"".join(parts) == self.records.data)

    def test_no_index_and_few_bytes(self):
        """A look-up reads a few KiB for each probe, and no scan of the file begins."""
        size = len(self.records.data)
        self.ask(self.m, "big.txt/sorted", b"x")
        before = counter(self.m, SCANNED) + counter(self.m, READ)
        os.stat(self.m.p("big.txt/sorted", "b..c"))
        self.assertLess(counter(self.m, SCANNED) + counter(self.m, READ) - before, size / 4)
        self.assertFalse((self.tmp / "cache").exists() and list((self.tmp / "cache").rglob("*.lines")))


class SmallTest(SortedTest):
    """Many small files, with the letters and shapes that a comparison could get wrong."""

    def shape(self, generator, in_order):
        letters = generator.choice((b"ab", b"a\x00\xff", b"\x7f\x80", b"a\t\x0b", b"a/.%"))
        records = [bytes(generator.choices(letters, k=generator.randrange(generator.choice((1, 3, 6)))))
                   for _ in range(generator.randrange(1, 30))]
        records += generator.choices(records, k=generator.randrange(5))
        data = b"\n".join(sorted(records) if in_order else records) + b"\n" * generator.randrange(2)
        return letters, data or b"\n"

    def files(self, count, in_order):
        generator = random.Random(seed(self.id()))
        shapes = [self.shape(generator, in_order) for _ in range(count)]
        for number, (_, data) in enumerate(shapes):
            self.put("%d.txt" % number, data)
        mount = self.mount(None, "--min-size", "0")
        for number, (letters, data) in enumerate(shapes):
            for _ in range(8):
                first, last = (bytes(generator.choices(letters + b"\n", k=generator.randrange(5))) for _ in range(2))
                if first or last:
                    yield mount, "%d.txt" % number, data, first, last

    def test_in_order(self):
        """Equal and empty records, keys that are prefixes, NULs, a missing last LF; headers."""
        for mount, name, data, first, last in self.files(150, True):
            with self.subTest(data=data, first=first, last=last):
                records = Records(data)
                self.assertEqual(self.ask(mount, name + "/sorted", between(first, last)), records.range(first, last))
                if first:
                    wanted = records.range(first, after_prefix(first))
                    self.assertEqual(self.ask(mount, name + "/sorted", escaped(first)), wanted)
                for header in (1, 2):
                    records = Records(data, header)
                    wanted = records.head + records.range(first, last)
                    view = "%s/sorted@header=%d" % (name, header)
                    self.assertEqual(self.ask(mount, view, between(first, last)), wanted)

    def test_in_no_order(self):
        """Some range of whole records, the same each time, and no error."""
        for mount, name, data, first, last in self.files(150, False):
            with self.subTest(data=data, first=first, last=last):
                got = self.ask(mount, name + "/sorted", between(first, last))
                starts = {0, len(data)} | {place + 1 for place in range(len(data)) if data[place] == 10}
                self.assertTrue(any(data.startswith(got, start) and start + len(got) in starts for start in starts))
                self.assertEqual(self.ask(mount, name + "/sorted", between(first, last)), got)


class NameTest(SortedTest):
    """What is a name, and what is none; what the directory shows."""

    DATA = b"".join(b"%s\n" % key for key in sorted([b"a", b"a.b", b"a..b", b"a/b", b"a%b", b"a.log", b"b", b".", b"..",
                                                     b"%2E", b"\xff", b"\xff\xffz", b"5", b"1+1"]))

    def setUp(self):
        super().setUp()
        self.put("k.log", self.DATA)
        self.records = Records(self.DATA)
        self.m = self.mount(None, "--min-size", "0")

    def test_names(self):
        """The first two dots split; escapes in both parts, in either case; the whole name is the key."""
        for name, first, last in ((b"a..b", b"a", b"b"), (b"a...c", b"a", b".c"), (b"a%2E.b", b"a..b", None),
                                  (b"a%2e%2Eb", b"a..b", None), (b"a%2fb", b"a/b", None), (b"a%2F..", b"a/", b""),
                                  (b"a%25b", b"a%b", None), (b"%2E", b".", None), (b"%2E%2E", b"..", None),
                                  (b"%252E", b"%2E", None), (b"a.log", b"a.log", None), (b"5", b"5", None),
                                  (b"000005", b"000005", None), (b"1+1", b"1+1", None), (b"\xff", b"\xff", None),
                                  (b"%ff%FF", b"\xff\xff", None), (b"...", b"", b"."), (b"b..a", b"b", b"a"),
                                  (b"%00..%0A", b"\0", b"\n"), (b"a" * 255, b"a" * 255, None), (b"a..a", b"a", b"a")):
            with self.subTest(name=name):
                last = after_prefix(first) if last is None else last
                self.assertEqual(self.ask(self.m, "k.log/sorted", name), self.records.range(first, last))

    def test_no_names(self):
        """A % that begins no escape is ENOENT; so are arguments that the view does not take."""
        for name in ("%", "a%", "a%2", "%2..", "%zz", "a..%", "a..b%0", "%%25", "% 2"):
            self.assertEqual(errno_of(os.stat, self.m.p("k.log/sorted", name)), "ENOENT", name)
        for view in ("sorted@", "sorted@1M", "sorted@n4", "sorted@header=0", "sorted@header,header", "sorted@foo"):
            self.assertEqual(errno_of(os.stat, self.m.p("k.log", view)), "ENOENT", view)

    def test_the_directory(self):
        """Found, and never listed; empty, and so is its table."""
        self.assertEqual([name for name in os.listdir(self.m.p("k.log")) if "sorted" in name], [])
        for view in ("sorted", "sorted@header"):
            self.assertTrue(stat.S_ISDIR(os.stat(self.m.p("k.log", view)).st_mode))
            self.assertEqual(os.listdir(self.m.p("k.log", view)), [])
            self.assertEqual(read(self.m.p("k.log", view + ".tsv")), b"name\toffset\tlength\tdata_bytes\n")
        self.ask(self.m, "k.log/sorted", b"a")
        self.assertEqual(os.listdir(self.m.p("k.log/sorted")), [])

    def test_a_piece_is_an_ordinary_file(self):
        """Empty if nothing matches; read anywhere; an inode number of its own, the same after each look-up."""
        path = self.m.p("k.log/sorted")
        self.assertEqual(os.stat(path + "/nothing").st_size, 0)
        self.assertEqual(read(path + "/nothing"), b"")
        wanted = self.records.range(b"a", b"b")
        self.assertEqual(pread(path + "/a", 5, 4), wanted[4:9])
        with open(path + "/a", "rb") as piece:
            self.assertEqual(os.lseek(piece.fileno(), 0, os.SEEK_HOLE), len(wanted))
            self.assertEqual(os.pread(piece.fileno(), 100, 0), wanted)
        self.assert_errno(errno.EROFS, os.open, path + "/a", os.O_WRONLY)
        numbers = {name: os.stat(os.path.join(path, name)).st_ino for name in ("a", "b", "c", "d", "a..b", "5")}
        self.assertEqual(len(set(numbers.values())), len(numbers))
        open(path + "/a", "rb").close()
        for name, number in numbers.items():
            self.assertEqual(os.stat(os.path.join(path, name)).st_ino, number)


class HeaderTest(SortedTest):
    """The heading is left out of the comparison and put before the answer."""

    def test_header(self):
        """It would be out of order; with an answer and without; --header concerns the view without arguments."""
        heading, rest = b"zzz-time,value\n", b"".join(b"%04d,x\n" % n for n in range(5000))
        self.put("t.csv", heading + rest)
        mount = self.mount(None, "--min-size", "0")
        with_header = self.mount(None, "--min-size", "0", "--header")
        for view, where in (("sorted@header", mount), ("sorted", with_header), ("sorted@header=1", with_header)):
            view = "t.csv/" + view
            self.assertEqual(self.ask(where, view, b"1234..1236"), heading + b"1234,x\n1235,x\n")
            self.assertEqual(self.ask(where, view, b"..0001"), heading + b"0000,x\n")
            self.assertEqual(self.ask(where, view, b"4999.."), heading + b"4999,x\n")
            for name in (b"zzz", b"5..4", b"12345", b"99.."):
                self.assertEqual(self.ask(where, view, name), heading)
        self.assertEqual(self.ask(mount, "t.csv/sorted@header=3", b"0002"), (heading + rest)[:len(heading) + 21])
        self.assertEqual(self.ask(mount, "t.csv/sorted@header=9999", b"0"), heading + rest)

    def test_a_long_header(self):
        """Most of the file, so that a probe would come upon it."""
        heading, rest = b"#" * 5000 + b"\n" + b"z" * 3000 + b"\n", b"".join(b"%04d\n" % n for n in range(50))
        self.put("t.csv", heading + rest)
        mount = self.mount(None, "--min-size", "0")
        for name, wanted in ((b"0007..0009", b"0007\n0008\n"), (b"0049", b"0049\n"), (b"..0001", b"0000\n")):
            self.assertEqual(self.ask(mount, "t.csv/sorted@header=2", name), heading + wanted)


class ShapeTest(SortedTest):
    """Records and holes of any size."""

    def test_one_record(self):
        """Short and long, with its LF and without."""
        for number, data in enumerate((b"m", b"m\n", b"m" * (3 * M), b"m" * (3 * M) + b"\n")):
            self.put("%d" % number, data)
        mount = self.mount(None, "--min-size", "0")
        for number in range(4):
            data = read(self.source / str(number))
            for name, wanted in ((b"m", data), (b"a..b", b""), (b"..m", b""), (b"..n", data), (b"n..", b""), (b"l..", data)):
                self.assertTrue(self.ask(mount, "%d/sorted" % number, name) == wanted, (number, name))

    def test_huge_records(self):
        """Among short ones; looked through once."""
        records = Records(b"".join(b"%s\n" % (key * size) for key, size in (
            (b"a", 10), (b"b", 4 * M), (b"c", 1), (b"d", 2 * M), (b"e", 7), (b"f", 9 * M))))
        self.put("h", records.data)
        mount = self.mount(None, "--min-size", "0")
        before = counter(mount, SCANNED)
        for first in b"abcdefg":
            for last in b"abcdefg":
                key, end = bytes([first]), bytes([last])
                self.assertTrue(self.ask(mount, "h/sorted", between(key, end)) == records.range(key, end), (key, end))
        self.assertLess(counter(mount, SCANNED) - before, len(records.data) * 5 // 4)

    def test_holes(self):
        """Records over holes of many GiB; zeros in one record are not read."""
        with open(self.source / "holes", "wb") as file:
            for place, text in ((0, b"ant\nbee"), (20 * G, b"\ncat\ndog"), (50 * G, b"\neel")):
                os.pwrite(file.fileno(), text, place)
            os.ftruncate(file.fileno(), 64 * G)
        mount = self.mount()
        before = counter(mount, READ) + counter(mount, SCANNED)
        for name, size in (("bee", 20 * G - 3), ("cat..dog", 4), ("dog", 30 * G - 4), ("eel..", 14 * G - 1), ("x", 0),
                           ("bee%00%00", 20 * G - 3), ("bee%01", 0), ("ant..cat", 20 * G + 1)):
            found = os.stat(mount.p("holes/sorted", name))
            self.assertEqual(found.st_size, size, name)
            self.assertLess(found.st_blocks, 64)
        self.assertEqual(pread(mount.p("holes/sorted/bee"), 6, 0), b"bee\0\0\0")
        self.assertLess(counter(mount, READ) + counter(mount, SCANNED) - before, 2 * M)


class HugeTest(SortedTest):
    """2 TiB, sparse, with records around the places that bisection visits on the way to some keys."""

    SIZE = 2 * T

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed("HugeTest"))
        self.targets = [self.random.randrange(self.SIZE) for _ in range(20)]

    def places(self):
        """Multiples of 4 KiB, so that the records at one do not reach the next."""
        found = {0}
        for target in self.targets:
            low, high = 0, self.SIZE
            while high - low > 8 * K:
                middle = (low + high) // 2
                found.add(middle // (4 * K) * 4 * K)
                low, high = (low, middle) if target < middle else (middle, high)
        return sorted(found)

    def sparse(self, root, width):
        """Records of `width` bytes around each place, with the offset as their key; the last one reaches to the next
        place. Returns all starts."""
        starts = []
        with open(root / "huge", "wb") as file:
            os.ftruncate(file.fileno(), self.SIZE)
            for place in self.places():
                start = place + (1 if place else 0)
                keys = range(start, start + 3 * width, width)
                lines = b"\n".join(b"%013d %s" % (key, b"v" * (width - 15)) for key in keys)
                os.pwrite(file.fileno(), (b"\n" if place else b"") + lines, place)
                starts += keys
        os.utime(root / "huge", (0, 0))
        return starts

    def check(self, root, width):
        starts = self.sparse(root, width)
        mount = self.mount(root)
        os.stat(mount.p("huge/sorted/0"))  # the first look at the file
        for target in [*self.targets, 0, self.SIZE - 1]:
            last = target + self.random.randrange(self.SIZE // 100)
            first, end = (starts[at] if at < len(starts) else self.SIZE
                          for at in (bisect.bisect_left(starts, target), bisect.bisect_left(starts, last)))
            before = counter(mount, READ), counter(mount, SCANNED)
            path = mount.p("huge/sorted", "%013d..%013d" % (target, last))
            self.assertEqual(os.stat(path).st_size, end - first)
            self.assertLess(counter(mount, SCANNED) - before[1], 2 * 41 * 8 * K)
            self.assertLess(counter(mount, READ) - before[0], 2 * 41 * 16 * K)
            if end > first:
                self.assertEqual(pread(path, 13), b"%013d" % first)

    def test_in_the_temporary_directory(self):
        """On the file system that the tests run on."""
        try:
            self.check(self.source, 100)
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            self.skipTest("no file of 2 TiB here")

    def test_on_xfs(self):
        """Longer records."""
        self.check(self.filesystem("xfs", 320 * M), 1000)


class ChangeTest(SortedTest):
    """The answer is that of the file as it is now."""

    def line(self, number):
        return b"%08d %s\n" % (number, b"v" * (number % 60))

    def test_a_growing_file(self):
        """Each look-up sees all that was appended before it, whatever has been asked and cached."""
        path = self.put("app.log", b"".join(map(self.line, range(3000))))
        mount = self.mount(None, "--min-size", "0")
        with open(path, "ab", buffering=0) as log, open(mount.p("app.log/sorted/00002990.."), "rb") as old:
            for number in range(3000, 3100):
                log.write(self.line(number)[:8])  # the last record is cut, and goes on
                self.assertEqual(read(mount.p("app.log/sorted/0000%04d" % (number - 1))), self.line(number - 1))
                self.assertEqual(read(mount.p("app.log/sorted/0000%04d" % number)), self.line(number)[:8])
                log.write(self.line(number)[8:])
                self.assertEqual(read(mount.p("app.log/sorted/0000%04d" % number)), self.line(number))
                wanted = b"".join(map(self.line, range(2995, number + 1)))
                self.assertEqual(read(mount.p("app.log/sorted/00002995..")), wanted)
            self.assertEqual(old.read(), b"".join(map(self.line, range(2990, 3000))))

    def test_a_growing_file_in_no_order(self):
        """Another size makes bisection look elsewhere: an open is never refused for that."""
        generator = random.Random(seed("test_a_growing_file_in_no_order"))
        lines = [b"%06d\n" % generator.randrange(10 ** 6) for _ in range(2000)]
        path = self.put("app.log", b"".join(lines))
        mount = self.mount(None, "--min-size", "0")
        with open(path, "ab", buffering=0) as log:
            for _ in range(150):
                log.write(b"%06d\n" % generator.randrange(10 ** 6) * generator.randrange(1, 50))
                name = mount.p("app.log/sorted", "%06d.." % generator.randrange(10 ** 6))
                self.assertEqual(os.stat(name).st_size % 7, 0)
                log.write(b"%06d\n" % generator.randrange(10 ** 6))
                self.assertEqual(len(read(name)) % 7, 0)

    def test_a_rewritten_file(self):
        """ESTALE for open handles; a fresh open has the new content."""
        path = self.put("app.log", b"".join(map(self.line, range(90000))))
        mount = self.mount(None, "--min-size", "0")
        name = mount.p("app.log/sorted/00001000..00080000")
        with open(name, "rb", buffering=0) as old:
            self.assertEqual(old.read(9), b"00001000 ")
            path.write_bytes(b"".join(map(self.line, range(500, 70000))))
            self.assertEqual(errno_of(os.pread, old.fileno(), 100, 2 * M), "ESTALE")
        self.assertEqual(read(name), b"".join(map(self.line, range(1000, 70000))))


if __name__ == "__main__":
    harness.main()
