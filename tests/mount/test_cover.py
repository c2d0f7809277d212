# SPDX-License-Identifier: MIT
"""Cover, nN, ownership and the tables (DESIGN 3): what each piece holds, against model.py and split."""

import os
import random

import harness
import model
from harness import K, M, read

UNIT = 4 * K  # the shapes are built around this piece size
SIZES = ["1", "7", "100", "512", "1000", "4095", "4096", "4097", "64K", "1M", "1G"]
COUNTS = ["n1", "n2", "n3", "n7", "n16", "n100"]
MANY = 300  # pieces; small shapes are used for finer cuts


def shapes():
    """Files of every kind that a cut could get wrong: {name: content}."""
    generator = random.Random(2)
    line = b"0123456789" * 6 + b"abc\n"  # 64 bytes
    found = {
        "empty.log": b"", "one": b"x", "one-lf.txt": b"\n", "two-lf": b"\n\n", "lf-first": b"\nabc",
        "short": b"ab\ncd",
        "no-final-newline.log": line * 200 + b"the end", "final-newline.log": line * 201,
        "newlines": b"\n" * (3 * UNIT + 1),
        "huge-line": b"z" * (5 * UNIT + 3), "huge-line-lf": b"z" * (5 * UNIT) + b"\n",
        "huge-first.log": b"z" * (3 * UNIT + 9) + b"\n" + line * 90,
        "huge-last.log": line * 90 + b"z" * (4 * UNIT),
        "huge-middle": line * 70 + b"z" * (3 * UNIT) + b"\n" + line * 70,
        "crlf.csv": b"a,b,c\r\n" * 3000, "lone-cr": b"a\rb\r" * 3000 + b"\n", "nuls": b"\0" * (2 * UNIT + 1),
        "nul-records": b"".join(b"r%d\0" % n for n in range(4000)),
        "random": generator.randbytes(40 * UNIT + 17),
        "bom.csv": b"\xef\xbb\xbfid,name\n" + b"1,x\n" * 4000,
        "lf-at-each-end": (b"y" * (UNIT - 1) + b"\n") * 5, "lf-at-each-start": (b"\n" + b"y" * (UNIT - 1)) * 5,
        "lf-pairs": (b"y" * (UNIT - 2) + b"\n\n") * 4 + b"q", "utf8": "ž日本🐎\n".encode() * 2500,
        "across-1m.log": b"".join(b"w" * (n * 7919 % 60000) + b"\n" for n in range(90)),
    }
    for pieces in (1, 2, 5):
        for extra in (-1, 0, 1):
            found["exact-%d%+d" % (pieces, extra)] = (line * 400)[:pieces * UNIT + extra]
            found["ragged-%d%+d" % (pieces, extra)] = generator.randbytes(pieces * UNIT + extra)
    return found


class Checker(harness.MountTest):
    """Compares a view in the mount with the model and with the promises themselves."""

    def check_view(self, directory, view, data, starts):
        """Names, contents, sizes, table; cover; no record cut. `view` is a path such as lines@n16."""
        kind, _, argument = view.partition("@")
        pieces = model.cut(kind, argument, data, starts)
        names = model.piece_names(kind, len(pieces), os.path.basename(directory))
        where = os.path.join(directory, view)
        self.assertEqual(sorted(os.listdir(where)), names, where)
        contents = [read(os.path.join(where, name)) for name in names]
        for name, content, (offset, length) in zip(names, contents, pieces):
            if content != data[offset:offset + length]:
                self.fail("%s/%s holds %d bytes, not the %d at %d: %r..." % (
                    where, name, len(content), length, offset, content[:40]))
            self.assertEqual(os.stat(os.path.join(where, name)).st_size, length, name)
        self.assertTrue(b"".join(contents) == data, "the pieces of %s are not its source" % where)
        self.assertEqual(read(where + ".tsv"), model.table(names, pieces), where)
        if kind == "lines":
            self.check_records(where, contents, data)

    def check_records(self, where, contents, data):
        """Without the model: a piece begins and ends with a line, or is empty."""
        position = 0
        for content in contents:
            if content:
                self.assertTrue(position == 0 or data[position - 1:position] == b"\n", where)
                position += len(content)
                self.assertTrue(position == len(data) or content.endswith(b"\n"), where)


class ShapeTest(Checker):
    """Many shapes, many cuts."""

    def views(self, size):
        """The cuts worth testing for a file of this size."""
        for argument in SIZES:
            if (size + model.size_of(argument) - 1) // model.size_of(argument) <= MANY:
                yield argument
        yield from COUNTS

    def check_all(self, *options, only=lambda name: True):
        """Every shape in every cut."""
        found = {name: data for name, data in shapes().items() if only(name)}
        for name, data in found.items():
            self.write(name, data)
        mount = self.mount(None, "--min-size", "0", *options)
        for name, data in found.items():
            if data:
                starts = model.record_starts(data)
                for argument in self.views(len(data)):
                    for kind in ("bytes", "lines"):
                        with self.subTest(name=name, view=kind + "@" + argument):
                            self.check_view(mount.p(name), kind + "@" + argument, data, starts)
            else:
                self.assertTrue(os.path.isfile(mount.p(name)))
                self.assertEqual(read(mount.p(name)), b"")

    def test_shapes(self):
        """With the kernel's cache, as by default."""
        self.check_all()

    def test_shapes_without_the_kernels_cache(self):
        """With every read reaching the driver."""
        self.check_all("--cache", "none", only=lambda name: not name.startswith("ragged"))

    def test_shapes_through_small_windows(self):
        """Pieces that span many mmap windows, in a pool that holds few of them."""
        self.check_all("--window-size", "64K", "--window-total", "256K", only=lambda name: "huge" in name
                       or name in ("random", "across-1m.log", "newlines"))

    def test_the_default_views(self):
        """`bytes` and `lines` without arguments, by --chunk-size."""
        found = shapes()
        for name, data in found.items():
            self.write(name, data)
        for size in ("4K", "1000"):
            mount = self.mount(None, "--min-size", "0", "--chunk-size", size)
            for name, data in found.items():
                for kind in ("bytes", "lines") if data else ():
                    contents = [read(mount.p(name, kind, piece)) for piece in sorted(os.listdir(mount.p(name, kind)))]
                    expected = [data[offset:offset + length] for offset, length in model.cut(kind, size, data)]
                    self.assertEqual(contents, expected, (name, kind, size))

    def test_any_order_and_any_offset(self):
        """Pieces opened in reverse order and read from the middle have the same content: boundaries are stateless."""
        data = shapes()["across-1m.log"]
        self.write("a", data)
        for view in ("lines@n40", "lines@10000"):
            pieces = model.cut("lines", view.partition("@")[2], data)
            mount = self.mount(None, "--min-size", "0", "--cache", "none")
            for number in reversed(range(len(pieces))):
                offset, length = pieces[number]
                path = mount.p("a", view, str(number))
                for start in (length // 2, 1, 0, length, length + 100):
                    expected = data[offset:offset + length][start:start + 5000]
                    self.assertEqual(harness.pread(path, 5000, start), expected)


class SplitTest(Checker):
    """For a size that N divides, piece k of `lines@nN` is what `split -n l/K/N` prints."""

    COUNTS = (1, 2, 3, 5, 8, 12)

    def files(self):
        """The shapes, cut to a size that every count divides."""
        for name, data in shapes().items():
            size = len(data) // 120 * 120
            if size:
                yield name, data[:size]

    def split(self, path, k, n):
        """What split prints for chunk k (from 1) of n."""
        return harness.run("split", "-n", "l/%d/%d" % (k, n), path)

    def test_the_model(self):
        """The model of these tests agrees with split (and needs no mount)."""
        for name, data in self.files():
            path = self.write(name, data)
            for n in self.COUNTS[1:4]:
                pieces = model.cut("lines", "n%d" % n, data)
                for k in range(n):
                    offset, length = pieces[k]
                    self.assertEqual(self.split(path, k + 1, n), data[offset:offset + length], (name, k, n))

    def test_split(self):
        """Byte for byte."""
        found = dict(self.files())
        for name, data in found.items():
            self.write(name, data)
        mount = self.mount(None, "--min-size", "0")
        for name in found:
            for n in self.COUNTS:
                for k in range(n):
                    piece = read(mount.p(name, "lines@n%d" % n, str(k)))
                    self.assertTrue(piece == self.split(self.source / name, k + 1, n), (name, k, n))


class PropertyTest(Checker):
    """Random files in random cuts, on every file system, with the kernel's cache and without."""

    FILES = 12

    def random_file(self, generator):
        """Lines of one of several length distributions, or bytes with rare or frequent newlines."""
        size = int(generator.choice([50, 5000, 100000, 400000]) * generator.random()) + 1
        kind = generator.randrange(4)
        if kind == 0:
            alphabet = b"\n" * generator.randrange(1, 6) + bytes(generator.choices(range(256), k=40))
            return bytes(generator.choices(alphabet, k=size))
        longest = generator.choice([3, 80, 5000, size])
        lines = []
        while size > 0:
            line = b"x" * min(size - 1, int(longest * generator.random())) + b"\n"
            lines.append(line)
            size -= len(line)
        return b"".join(lines)[:-1 if generator.random() < 0.5 else None] or b"\n"

    def random_views(self, generator, data):
        """A few cuts of the file, near its lines' lengths, near its own, and into counts."""
        size = len(data)
        for _ in range(3):
            step = max(1, int(size * generator.random() ** 3), size // MANY)
            yield generator.choice([str(step), "n%d" % generator.randint(1, MANY),
                                    "n%d" % generator.choice([1, 2, 4, 8, size if size <= MANY else 5])])
        if size % 4 == 0:
            yield str(size // 4)

    def check_on(self, root, generator):
        """FILES random files on one file system."""
        found = {"f%d%s" % (number, generator.choice(["", ".log", ".x.y"])): self.random_file(generator)
                 for number in range(self.FILES)}
        for name, data in found.items():
            (root / name).write_bytes(data)
        for cache in ("kernel", "none"):
            mount = self.mount(root, "--min-size", "0", "--cache", cache)
            for name, data in found.items():
                starts = model.record_starts(data)
                for argument in self.random_views(generator, data):
                    for kind in ("bytes", "lines"):
                        with self.subTest(cache=cache, name=name, view=kind + "@" + argument):
                            self.check_view(mount.p(name), kind + "@" + argument, data, starts)
            mount.unmount()

    def check_kind(self, kind):
        """One file system, with its own random numbers from the seed."""
        number = harness.seed(kind)
        self.check_on(self.filesystem(kind, 256 * M), random.Random("%d %s" % (number, kind)))

    def test_ext4(self):
        """Random files on ext4."""
        self.check_kind("ext4")

    def test_xfs(self):
        """Random files on XFS."""
        self.check_kind("xfs")

    def test_btrfs(self):
        """Random files on btrfs."""
        self.check_kind("btrfs")

    def test_tmpfs(self):
        """Random files on tmpfs."""
        self.check_kind("tmpfs")


if __name__ == "__main__":
    harness.main()
