# SPDX-License-Identifier: MIT
"""`plain` of compressed files (DESIGN 2 and 3): all that is in it is what the same views of the plain file show, whatever
tool compressed it."""

import os
import random
import re
import struct
import zlib

import compressing
import harness
from compressing import EACH, FEW, MAKERS, PlainTest, make, need, noise, real, text
from harness import K, M, read, run, wait_for
from support import LAG, counter, errno_of, read_once
from test_formats import csv_file, fastq_file


SCANNED, READ = "bigfs_scanned_bytes_total", "bigfs_read_bytes_total"
VIEWS = ["bytes@n3", "lines", "lines@n4", "rows@n3", "rows@7000,header", "lines@n3,csv", "rows@n2,nul"]


class ToolTest(PlainTest):
    """Text, compressed by each tool at several levels."""

    def check(self, data, kinds):
        self.write("text.log", data)
        files = [self.put(kind, "text.log", data) for kind in kinds]
        mount = self.start()
        for file in files:
            self.assert_same(mount, file, "text.log", data)

    def test_gzip(self):
        self.check(real(1500 * K + 77), [kind for kind in MAKERS if "gz" in kind])

    def test_zstd(self):
        self.check(real(5 * M + 1)[3 * M:], [kind for kind in MAKERS if "zstd" in kind or "seek" in kind])

    def test_xz(self):
        self.check(real(1500 * K), [kind for kind in MAKERS if "xz" in kind])

    def test_without_the_kernels_cache(self):
        self.write("text.log", data := text(900 * K))
        files = [self.put(kind, "text.log", data) for kind in FEW]
        mount = self.start("--cache", "none")
        for file in files:
            self.assert_same(mount, file, "text.log", data, VIEWS)

    def test_a_bgzip_index_beside_it(self):
        """With `.gzi`, also one of another file, or damaged."""
        data = text(2 * M)
        self.write("text.log", data)
        pack = make(self, "bgzip", data)
        right, other = self.gzi(pack), self.gzi(make(self, "bgzip", noise(2 * M)))
        for name, index in (("right", right), ("other", other), ("short", right[:-9]), ("empty", b""),
                            ("zeros", bytes(len(right))), ("noise", noise(len(right)))):
            self.write(name + "/text.log.gz", pack)
            self.write(name + "/text.log.gz.gzi", index)
        mount = self.start()
        for name in ("right", "other", "short", "empty", "zeros", "noise"):
            self.assert_same(mount, name + "/text.log.gz", "text.log", data, VIEWS)

    def gzi(self, pack):
        path = self.tmp / "made.gz"
        path.write_bytes(pack)
        run("bgzip", "-r", path)
        return read(str(path) + ".gzi")


class ContentTest(PlainTest):
    """Contents of every shape, compressed by a tool of each kind."""

    def check(self, shapes, kinds=("gzip-6", *EACH), views=VIEWS):
        for name, data in shapes.items():
            self.write(name, data)
        files = [(self.put(kind, name, data), name, data) for kind in kinds for name, data in shapes.items()]
        mount = self.start()
        for file, name, data in files:
            self.assert_same(mount, file, name, data, views)

    def test_sizes_around_edges(self):
        """Of blocks, windows and steps."""
        sizes = [edge + by for edge in (32 * K, 64 * K, 256 * K, M) for by in (-1, 0, 1)] + [65280, 65281]
        self.check({"f%d.log" % size: text(size + 1, size) for size in sizes})

    def test_noise(self):
        """It does not shrink: gzip stores it, and so does zstd."""
        self.check({"n%d.bin" % size: noise(size, size) for size in (1000, 64 * K + 1, M - 1, 1300 * K)})

    def test_small_and_odd(self):
        generator = random.Random(harness.seed(self.id()))
        self.check({
            "empty.log": b"", "one": b"x", "lf.log": b"\n", "two.es.log": b"a\nb", ".dot": b"x\ny\n",
            "zeros.bin": bytes(400 * K),
            "lfs.log": b"\n" * 100 * K, "one-line.log": b"l" * (600 * K), "nul.txt": b"a\0bc\0\n\0" * 9000,
            "cr.csv": b'a,"b\r\nc"\r\n' * 9000, "words.fq": fastq_file(generator, 3000, 100),
            "quoted.csv": csv_file(generator, 300 * K), "long.log": b"".join(b"x" * n + b"\n" for n in range(0, 900)),
        }, EACH, VIEWS + ["rows@n3,fastq", "lines@n3,fasta", "rows@100,csv"])

    def test_empty_parts(self):
        """Empty members, frames and streams, at the start, between others and at the end."""
        need(self, "gzip", "bgzip", "zstd", "xz")
        parts = [text(100 * K, n) for n in range(9)]
        data = b"".join(parts)
        self.write("text.log", data)
        for tool in (["gzip", "-c"], ["bgzip", "-c"], ["zstd", "-qc"], ["xz", "-c"]):
            packs = [run(*tool, input=part) for part in parts]
            empty = run(*tool, input=b"")
            self.write(tool[0] + "/text.log.gz", empty * 3 + (empty * 2).join(packs) + empty)
        mount = self.start()
        for tool in ("gzip", "bgzip", "zstd", "xz"):
            self.assert_same(mount, tool + "/text.log.gz", "text.log", data, VIEWS)

    def test_other_makers_headers(self):
        """What the tools seldom write: a name, a comment, extra fields and a checksum in a gzip header; padding between
        xz streams; skippable zstd frames; a member of BGZF among others."""
        need(self, "gzip", "bgzip", "zstd", "xz")
        data = text(700 * K)
        self.write("text.log", data)
        halves = data[:len(data) // 2], data[len(data) // 2:]
        with_all = header_with_all(halves[0]) + run("gzip", "-Nc", self.write("named", halves[1]))
        xz = [run("xz", "-c", input=half) for half in halves]
        zstd = [run("zstd", "-qc", input=half) for half in halves]
        skippable = struct.pack("<II", 0x184D2A50, 5) + b"abcde"
        for name, pack in {"header": with_all, "padded": xz[0] + bytes(8) + xz[1] + bytes(4),
                           "skippable": skippable + zstd[0] + skippable * 2 + zstd[1] + skippable,
                           "bgzf-last": run("gzip", "-c", input=halves[0]) + run("bgzip", "-c", input=halves[1]),
                           "bgzf-first": run("bgzip", "-c", input=halves[0]) + run("gzip", "-c", input=halves[1]),
                           "stored": run("pigz", "-0c", input=data)}.items():
            self.write(name + "/text.log.gz", pack)
        mount = self.start()
        for name in ("header", "padded", "skippable", "bgzf-last", "bgzf-first", "stored"):
            self.assert_same(mount, name + "/text.log.gz", "text.log", data, VIEWS)


def header_with_all(data):
    """A gzip member whose header has every field that there is."""
    head = b"\x1f\x8b\x08\x1e" + bytes(6) + struct.pack("<H", 300) + b"e" * 300 + b"name\0" + b"a comment\0"
    pack = zlib.compressobj(6, zlib.DEFLATED, -15)
    return (head + struct.pack("<H", zlib.crc32(head) & 0xffff) + pack.compress(data) + pack.flush() +
            struct.pack("<II", zlib.crc32(data), len(data)))


class NameTest(PlainTest):
    """What stands beside `plain` and in it."""

    def test_extensions(self):
        """Pieces keep the extension of the name without that of the compression."""
        names = {"a.log.gz": ".log", "a.log.bgz": ".log", "a.csv.zst": ".csv", "a.es.xz": ".es", "a.gz": "", "a": "",
                 ".gz": "", "a.tar.gzip": ".gzip", "a.log": ".log", "a.GZ": None, "a.b.c.gz": ".c", "a.gz.gz": ".gz"}
        for name in names:
            self.write(name, run("gzip", "-c", input=text(300 * K)))
        mount = self.start()
        for name, extension in names.items():
            if extension is not None:
                read(mount.p(name, "plain/rows/0"))
                found = os.listdir(mount.p(name, "plain"))
                self.assertEqual(sorted(found), ["bytes", "bytes.tsv", "lines", "lines.tsv", "rows", "rows.tsv",
                                                 "whole" + extension], name)
                self.assertEqual(os.listdir(mount.p(name, "plain/rows"))[0], "000000" + extension, name)
                self.assertEqual(os.listdir(mount.p(name, "plain/lines@n2")),
                                 ["000000" + extension, "000001" + extension])

    def test_the_compressed_bytes_are_still_there(self):
        data = text(900 * K)
        for kind in FEW:
            pack = make(self, kind, data)
            self.write(kind, pack)
            mount = self.start()
            read(mount.p(kind, "plain/rows/0"))
            self.assertEqual(sorted(set(os.listdir(mount.p(kind))) - {"rows", "rows.tsv", "plain"}),
                             ["bytes", "bytes.tsv", "lines", "lines.tsv", "whole"])
            for view in ("bytes@n3", "lines@n3", "rows@n2", "bytes@n2,from=5"):
                pieces = [read(mount.p(kind, view, name)) for name in sorted(os.listdir(mount.p(kind, view)))]
                self.assertTrue(b"".join(pieces) == (pack[5:] if "from" in view else pack), (kind, view))
            self.assertEqual(read(mount.p(kind, "bytes/3+9")), pack[3:12])

    def test_what_is_not_there(self):
        """No extents of what it holds, no `plain` in `plain`, and none of what is not compressed, or only looks so."""
        need(self, "zstd", "xz")
        gz = run("gzip", "-c", input=run("gzip", "-c", input=noise(900 * K)))
        files = {"text.gz": text(300 * K), "noise.zst": noise(300 * K), "magic.gz": b"\x1f\x8b" + noise(300 * K),
                 "magic.xz": b"\xfd7zXZ\0" + noise(300 * K),
                 "skippable.zst": struct.pack("<II", 0x184D2A50, 99) + bytes(99),
                 "short.gz": b"\x1f\x8b\x08\0", "behind.gz": b"x" + gz}
        for name, data in files.items():
            self.write(name, data)
        self.write("twice.gz", gz)
        with open(self.write("holes.gz", gz), "ab") as file:
            file.truncate(4 * M)
        mount = self.start()
        for name in files:
            self.assertEqual(errno_of(os.stat, mount.p(name, "plain")), "ENOENT", name)
            self.assertNotIn("plain", os.listdir(mount.p(name)))
        for name in ("extents", "extents.tsv", "plain", "extents/0+5", "bytes/plain"):
            self.assertEqual(errno_of(os.stat, mount.p("twice.gz/plain", name)), "ENOENT", name)
        self.assertEqual(read(mount.p("twice.gz/plain/bytes/0+2")), b"\x1f\x8b")
        self.assertEqual(errno_of(os.stat, mount.p("holes.gz/plain/extents")), "ENOENT")

    def test_small_files(self):
        """The compressed file is below --min-size: it is shown as it is."""
        self.write("small.gz", gz := run("gzip", "-c", input=bytes(8 * M)))
        mount = self.mount(None, "--min-size", "64K", "--chunk-size", "64K")
        self.assertEqual(read(mount.p("small.gz")), gz)

    def test_attributes(self):
        """Owner, mode and times are the source's; what writes is EROFS."""
        path = self.write("a.log.gz", run("gzip", "-c", input=text(600 * K)))
        os.chmod(path, 0o640)
        os.utime(path, (10 ** 9, 10 ** 9 + 7))
        mount = self.start()
        for name, mode in (("", 0o550), ("lines", 0o550), ("lines/0", 0o440), ("whole.log", 0o440), ("bytes.tsv", 0o440)):
            found = os.stat(mount.p("a.log.gz/plain", name))
            self.assertEqual((found.st_mode & 0o7777, found.st_mtime, found.st_uid),
                             (mode, 10 ** 9 + 7, os.getuid()), name)
        self.assertEqual(os.stat(mount.p("a.log.gz/plain/whole")).st_size, 600 * K - 1)
        self.assertEqual(errno_of(os.open, mount.p("a.log.gz/plain/whole.log"), os.O_RDWR), "EROFS")
        self.assertEqual(errno_of(os.mkdir, mount.p("a.log.gz/plain/x")), "EROFS")

    def test_format_option(self):
        """--format looks at the name without the extension of the compression."""
        generator = random.Random(harness.seed(self.id()))
        files = {"a.csv": csv_file(generator, 900 * K), "a.fq": fastq_file(generator, 9000, 100),
                 "a.lst": b"a\nb\0" * 99999,
                 "a.log": text(700 * K)}
        for name, data in files.items():
            self.write(name, data)
        found = [(self.put(kind, name, data), name, data) for kind in EACH for name, data in files.items()]
        mount = self.start("--format", "csv=csv", "--format", "fq=fastq", "--format", "lst=nul", "--format", "log=entry",
                           "--record", "entry=[0-9]+ [0-9]+5 ")
        for file, name, data in found:
            views = ["lines", "lines@n5", "lines@30000,entry"] + (["rows"] if name != "a.log" else [])
            self.assert_same(mount, file, name, data, views)

    def test_sorted(self):
        generator = random.Random(harness.seed(self.id()))
        lines = sorted(bytes(generator.choices(b"abcdef", k=generator.randrange(1, 30))) for _ in range(60000))
        self.write("a.txt", data := b"\n".join(lines) + b"\n")
        files = [self.put(kind, "a.txt", data) for kind in EACH]
        keys = [bytes(generator.choices(b"abcdef", k=generator.randrange(1, 5))).decode() for _ in range(12)]
        ranges = keys + [one + ".." + other for one, other in zip(keys, keys[1:])] + ["..b", "e.."]
        mount = self.start()
        for file in files:
            for name in ranges:
                got, wanted = (read_once(mount.p(where, "sorted", name)) for where in (file + "/plain", "a.txt"))
                self.assertTrue(got == wanted, (file, name))


class ListingTest(PlainTest):
    """Listings are cheap."""

    def test_nothing_is_read(self):
        """`find` looks at the ends of each file. What is in `plain` is listed once the map is there."""
        data = noise(3 * M)  # it does not shrink, so that each file is far larger than what is looked at
        files = [self.put(kind, "f.bin", data) for kind in EACH]
        mount = self.start()
        before = counter(mount, READ)
        found = run("find", mount.path).decode().split()
        self.assertEqual(counter(mount, SCANNED), 0)
        self.assertLessEqual(counter(mount, READ) - before, len(files) * 4 * 64 * K)
        for file in files:
            if "zstd" not in file:  # its first frame is longer than what is looked at: found, and not listed
                self.assertIn(mount.p(file, "plain"), found)
                self.assertEqual(os.listdir(mount.p(file, "plain")), [])
            self.assertEqual([name for name in found if name.startswith(mount.p(file, "plain/"))], [])
        for file, asked in zip(files, ("whole.bin", "lines/0", "bytes@n9/0", "rows/0")):
            os.stat(mount.p(file, "plain", asked))
            found = set(os.listdir(mount.p(file, "plain")))
            self.assertEqual(found - {"rows", "rows.tsv"},
                             {"bytes", "bytes.tsv", "lines", "lines.tsv", "whole.bin"}, file)
            self.assertTrue("rows" in found or asked != "rows/0", file)
            os.stat(mount.p(file, "plain/rows.tsv"))
            read(mount.p(file, "plain/rows/0"))
            self.assertIn("rows", os.listdir(mount.p(file, "plain")))
        scanned, copied = counter(mount, SCANNED), counter(mount, READ)
        run("find", mount.path)
        self.assertEqual(counter(mount, SCANNED), scanned)
        self.assertLessEqual(counter(mount, READ) - copied, len(files) * 8 * 64 * K)

    def test_views_option(self):
        """--views concerns `plain`, too."""
        file = self.put("gzip-6", "a.log", text(300 * K))
        mount = self.start("--views", "lines")
        read(mount.p(file, "plain/whole"))
        self.assertEqual(sorted(os.listdir(mount.p(file, "plain"))), ["lines", "lines.tsv"])


class StartAloneTest(PlainTest):
    """A file of one long frame or block."""

    def test_said_in_the_log_and_in_the_status(self):
        need(self, "zstd", "xz")
        self.write("one.log.zst", run("zstd", "-qc", input=text(5 * M)))
        self.write("sized.log.zst", compressing.from_file("zstd", "-qc")(text(5 * M)))
        self.write("one.log.xz", run("xz", "-0c", input=text(5 * M)))
        advice = {"one.log.zst": "pzstd", "sized.log.zst": "pzstd", "one.log.xz": "xz -T0"}
        mount = self.start()
        for name, tool in advice.items():
            for asked in ("whole.log", "lines/0", "rows/0", "bytes@n4/0"):
                self.assertEqual(errno_of(os.stat, mount.p(name, "plain", asked)), "ENOENT", name)
            wait_for(lambda: errno_of(os.stat, mount.p(name, "plain")) == "ENOENT", LAG, "plain is gone")
            self.assertNotIn("plain", os.listdir(mount.p(name)))
            self.assertRegex(mount.log(), compressing.ADVICE % (name, tool))
            self.assertRegex(read(mount.p(".bigfs/status")).decode(), r"(?m)^no plain: *%s\b.*%s" % (name, tool))
            self.assertEqual(len(re.findall("%s: it can only" % name, mount.log())), 1, mount.log())
            self.assertTrue(read(mount.p(name, "bytes/0")))

    def test_short_ones(self):
        """Of up to 1 MiB, it makes no difference."""
        need(self, "zstd", "xz")
        self.write("a.log", data := text(M))
        self.write("zstd/a.log.zst", run("zstd", "-qc", input=data))
        self.write("xz/a.log.xz", run("xz", "-0c", input=data))
        mount = self.start()
        for name in ("zstd/a.log.zst", "xz/a.log.xz"):
            self.assert_same(mount, name, "a.log", data, VIEWS)


if __name__ == "__main__":
    harness.main()
