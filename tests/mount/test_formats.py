# SPDX-License-Identifier: MIT
"""Record formats (DESIGN 3): pieces of nul, csv, fastq and fasta against readers that are not ours: Python's csv, xargs,
and a dozen plain lines."""

import csv
import io
import os
import random
import re
import subprocess

import harness
import sparse
from harness import K, M, read
from rowing import scanned
from support import errno_of

WORDS = ["a", "bc", "some text", "", "x" * 70, "3\" pipe", "\"quoted\"", "\"a,b\"", "\"line\nbreak\"", "\"dou\"\"bled\"",
         "\"closed\"and more", "\"\"", "\"\"\"\"", "tab\there", "semi;colon", "nul\0", "\"\n\n\"", "6'2\"\" \""]


# --- files, and what their records are --------------------------------------------------------------------

def csv_file(generator, size, delimiter=",", odd=True):
    """Rows of Python's default dialect: well-formed or not. CRs come before an LF or in quotes alone."""
    words = WORDS if odd else [word for word in WORDS if not re.search(r'[^"]"(?!")[^"]', word)]
    words = [word.replace(",", delimiter) for word in words]
    text = []
    length = 0
    while length < size:
        row = delimiter.join(generator.choice(words) for _ in range(generator.randrange(1, 6)))
        text.append(row + generator.choice(["\n", "\n", "\r\n"]))
        length += len(text[-1])
    data = "".join(text).encode()
    return data if generator.random() < 0.5 else data[:-1]


def csv_rows(data, delimiter=","):
    csv.field_size_limit(1 << 30)
    return list(csv.reader(io.StringIO(data.decode("latin-1"), newline=""), delimiter=delimiter))


def fastq_file(generator, reads, most):
    """Reads whose quality lines begin with @ now and then."""
    records = []
    for number in range(reads):
        length = generator.randrange(1, most)
        bases = "".join(generator.choices("ACGT", k=length))
        quality = generator.choice("@+F") + "F" * (length - 1)
        records.append("@read.%d\n%s\n+\n%s\n" % (number, bases, quality))
    return "".join(records).encode()


def fastq_records(data):
    lines = data.split(b"\n")
    lines = [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return [b"".join(lines[at:at + 4]) for at in range(0, len(lines), 4)]


def fasta_file(generator, size):
    parts = [generator.choice([b"", b"junk > before\n", b"\n"])]
    while sum(map(len, parts)) < size:
        parts.append(b">seq %d > x\n" % len(parts))
        parts += [bytes(generator.choices(b"ACGT>", k=60)).lstrip(b">") + b"\n" for _ in range(generator.randrange(50))]
    return b"".join(parts)


def fasta_records(data):
    starts = sorted({0, *(match.start() for match in re.finditer(rb"(?m)^>", data))})
    return [data[start:end] for start, end in zip(starts, starts[1:] + [len(data)])]


def nul_records(data):
    records = data.split(b"\0")
    return [record + b"\0" for record in records[:-1]] + ([records[-1]] if records[-1] else [])


class FormatTest(harness.MountTest):
    """A mount with small pieces."""

    def start(self, *options):
        return self.mount(None, "--min-size", "1", "--chunk-size", "64K", "--index-dir", "none", *options)

    def pieces(self, mount, name, view):
        where = mount.p(name, view)
        return [read(os.path.join(where, piece)) for piece in sorted(os.listdir(where))]

    def assert_cut(self, mount, name, data, records, views):
        """The pieces are the file, and each is whole records; pieces of rows have so many."""
        starts = [0]
        for record in records:
            starts.append(starts[-1] + len(record))
        for view in views:
            pieces = self.pieces(mount, name, view)
            self.assertTrue(b"".join(pieces) == data, (name, view))
            place, ends = 0, set(starts)
            for number, piece in enumerate(pieces):
                place += len(piece)
                self.assertIn(place, ends, (name, view, number))
            if view.startswith("rows@"):
                count = int(view[5:].partition(",")[0])
                wanted = [starts[min(at + count, len(records))] - starts[at] for at in range(0, len(records), count)]
                self.assertEqual([len(piece) for piece in pieces], wanted, (name, view))
            else:
                self.assert_owned(pieces, starts, int(view.partition("@")[2].partition(",")[0]), (name, view))

    def assert_owned(self, pieces, starts, size, where):
        """A record belongs to the piece in whose nominal range it starts."""
        place = 0
        for number, piece in enumerate(pieces):
            wanted = [start for start in starts[:-1] if number * size <= start < (number + 1) * size]
            if wanted:
                self.assertEqual(place, wanted[0], (where, number))
            else:
                self.assertEqual(piece, b"", (where, number))
            place += len(piece)


class CsvTest(FormatTest):
    """Python reads the same rows from the pieces as from the file."""

    def check(self, mount, name, data, delimiter, argument):
        rows = csv_rows(data, delimiter)
        for view in ("lines@20000,%s", "lines@n7,%s", "rows@100,%s", "rows@777,%s"):
            pieces = self.pieces(mount, name, view % argument)
            self.assertTrue(b"".join(pieces) == data, (name, view))
            self.assertEqual(sum((csv_rows(piece, delimiter) for piece in pieces), []), rows, (name, view))
            if view.startswith("rows"):
                self.assertEqual({len(csv_rows(piece, delimiter)) for piece in pieces[:-1]} - {int(view[5:8])}, set())
        for piece in self.pieces(mount, name, "lines@30000,header=2," + argument):
            self.assertEqual(csv_rows(piece, delimiter)[:2], rows[:2])

    def test_random_files(self):
        seed = harness.seed("csv")
        generator = random.Random(seed)
        mount = self.start()
        for case in range(24):
            delimiter, argument = ((",", "csv"), (";", "csv=;"), ("\t", "csv=tab"), ("|", "csv=|"))[case % 4]
            data = csv_file(generator, generator.choice((300, 60000, 600000)), delimiter, case % 3 > 0)
            name = "%d.csv" % case
            self.write(name, data)
            with self.subTest(BIGFS_SEED=seed, case=case):
                self.check(mount, name, data, delimiter, argument)

    def test_a_quoted_field_over_many_blocks(self):
        """One field of MiB with line breaks; then inch marks in every row."""
        rows = b"".join(b'%d,"in",4" x 4",last\n' % n for n in range(30000))
        data = b'a,b\n"' + b"line\n" * 400000 + b'",x\n' + rows
        self.write("long.csv", data)
        mount = self.start()
        pieces = self.pieces(mount, "long.csv", "lines@256K,csv")
        self.assertTrue(b"".join(pieces) == data)
        self.assertEqual([len(csv_rows(piece)) for piece in pieces].count(0), 6)
        self.assertEqual(sum(len(csv_rows(piece)) for piece in pieces), 30002)

    def test_appended(self):
        """The index goes on where it ended, in the middle of a quoted field too."""
        generator = random.Random(7)
        data = csv_file(generator, 3 * M).rstrip(b"\r\n") + b'\n1,"open\n'
        path = self.write("a.csv", data)
        mount = self.start()
        self.assertEqual(sum(len(csv_rows(piece)) for piece in self.pieces(mount, "a.csv", "rows@5000,csv")),
                         len(csv_rows(data)))
        for more in (b'still\nopen\n', b'closed",2\n3,4\n', b'"5\n"\n'):
            before = scanned(mount)
            with open(path, "ab") as file:
                file.write(more)
            data += more
            harness.wait_for(lambda: read(mount.p("a.csv/rows@5000,csv/-3")) != b"" and
                             os.stat(mount.p("a.csv/whole.csv")).st_size == len(data), 10, "growth is seen")
            self.assertEqual(read(mount.p("a.csv/rows@5000,csv/1+%d" % len(data))), data)
            self.assertLess(scanned(mount) - before, M)
            self.assertEqual(sum((csv_rows(piece) for piece in self.pieces(mount, "a.csv", "lines@64K,csv")), []),
                             csv_rows(data))


class PartTest(FormatTest):
    """Formats together with what limits a view."""

    def test_pin_to_and_n(self):
        data = csv_file(random.Random(harness.seed("parts")), 900 * K).rstrip(b"\r\n") + b"\n"
        path = self.write("a.csv", data)
        mount = self.start()
        word = read(mount.p("a.csv/pin")).decode().strip()
        views = ["lines@n5,csv,pin=" + word, "rows@n7,csv,pin=" + word, "lines@100000,csv,to=%d" % len(data),
                 "rows@n3,csv,header,pin=" + word]
        before = [self.pieces(mount, "a.csv", view) for view in views]
        rows = csv_rows(data)
        for view, pieces in zip(views[:3], before):
            self.assertTrue(b"".join(pieces) == data, view)
            self.assertEqual(sum((csv_rows(piece) for piece in pieces), []), rows, view)
        counts = [len(csv_rows(piece)) for piece in before[1]]
        self.assertEqual(counts, sorted(counts, reverse=True))
        self.assertLessEqual(max(counts) - min(counts), 1)
        with open(path, "ab") as file:
            file.write(b'"more\n",1\n' * 30000)
        for view, pieces in zip(views, before):
            self.assertEqual(self.pieces(mount, "a.csv", view), pieces, view)

    def test_from(self):
        """Rows that start in a part of the file; from lies in a quoted field."""
        data = b"a,b\n" + b'x,"line\nline\nline"\n' * 40000
        self.write("a.csv", data)
        mount = self.start()
        for start, end in ((4, len(data)), (9, 100009), (300001, 300002), (7, 8)):
            pieces = self.pieces(mount, "a.csv", "lines@64K,csv,from=%d,to=%d" % (start, end))
            row = len(b'x,"line\nline\nline"\n')
            wanted = [at for at in range(4, len(data), row) if start <= at < end]
            self.assertTrue(b"".join(pieces) == data[4:4 + row] * len(wanted), (start, end))


class OptionTest(FormatTest):
    """--format EXT=FORMAT: for lines and rows without arguments, of files with that extension."""

    def test_by_extension(self):
        rows = b'1,"line\nbreak"\n' * 20000
        reads = b"@r\nACGT\n+\nFFFF\n" * 20000
        for name, data in (("a.csv", rows), ("a.CSV", rows), ("a.log", rows), ("r.fq", reads), ("csv", rows)):
            self.write(name, data)
        mount = self.start("--format", "csv=csv", "-o", "format=.fq=fastq", "--rows", "1000", "--header")
        lists = {name: set(os.listdir(mount.p(name))) for name in os.listdir(self.source)}
        for name in ("a.CSV", "a.log", "csv"):
            self.assertIn("lines", lists[name])
            self.assertEqual(len(read(mount.p(name, "rows/0"))), len(rows) // 40)
        for name in ("a.csv", "r.fq"):  # not before there is an index
            self.assertEqual(lists[name], {"bytes", "bytes.tsv", "whole." + name[2:]})
        pieces = self.pieces(mount, "a.csv", "lines")
        self.assertTrue(pieces[0] + b"".join(piece[len(rows) // 20000:] for piece in pieces[1:]) == rows)
        self.assertEqual({len(piece) % (len(rows) // 20000) for piece in pieces}, {0})
        self.assertEqual(len(read(mount.p("r.fq/rows/0"))), len(reads) // 20)
        self.assertEqual(len(read(mount.p("r.fq/rows@1000/0"))), len(reads) // 80)  # lines: it says nothing else
        self.assertLessEqual({"lines", "lines.tsv", "rows", "rows.tsv"}, set(os.listdir(mount.p("a.csv"))))

    def test_index_command(self):
        """--index makes the index that `lines` and `rows` of the file need."""
        data = b'1,"line\nbreak"\n' * 20000
        path, directory = self.write("a.csv", data), self.tmp / "indexes"
        said = harness.run(harness.BIGFS, "--index", "--format", "csv=csv", "--index-dir", directory, path)
        self.assertIn(b"20000 records", said)
        mount = self.mount(None, "--min-size", "1", "--format", "csv=csv", "--index-dir", str(directory))
        self.assertIn("lines", os.listdir(mount.p("a.csv")))
        self.assertEqual(read(mount.p("a.csv/rows/0")), data)
        self.assertEqual(scanned(mount), 0)


class SortedTest(FormatTest):
    def test_keys(self):
        """Whole records between two keys, of formats with and without an index."""
        rows = [b'k%05d,"line\nbreak"\n' % (n * 3) for n in range(20000)]
        self.write("s.csv", b"".join(rows))
        names = [b"name%05d\n\0" % (n * 3) for n in range(20000)]
        self.write("s.nul", b"".join(names))
        reads = [b"@r%05d\nACGT\n+\nFFFF\n" % (n * 3) for n in range(20000)]
        self.write("s.fastq", b"".join(reads))
        mount = self.start()
        generator = random.Random(harness.seed("keys"))
        for _ in range(40):
            low, high = sorted(generator.randrange(60000) for _ in range(2))
            for name, view, key, records in (("s.csv", "csv", "k%05d", rows), ("s.nul", "nul", "name%05d", names),
                                             ("s.fastq", "fastq", "@r%05d", reads)):
                wanted = b"".join(records[-(-low // 3):-(-high // 3)])
                got = read(mount.p(name, "sorted@" + view, key % low + ".." + key % high))
                self.assertTrue(got == wanted, (name, low, high, len(got), len(wanted)))


class ChangedTest(FormatTest):
    """A file that grew and was rewritten where no block is sampled."""

    def test_a_wrong_index_is_made_anew(self):
        """A block has fewer record ends than were counted: one error at most, and then the right answer."""
        rows = b"".join(b'%07d,"x\ny",%s\n' % (n, b"z" * (n % 50)) for n in range(40000))
        path = self.write("a.csv", rows)
        os.utime(path, (1, 1))
        place = 4 * 256 * K - 6000
        mount = self.start()
        names = ("lines@%d,csv/1" % place, "sorted@csv/0026000..0030000")
        for name in names:
            self.assertTrue(read(mount.p("a.csv", name)))
        with open(path, "r+b") as file:
            file.seek(0, 2)
            file.write(b'9999999,"q",r\n')
            file.seek(place - 10)
            file.write(rows[place - 10:4 * 256 * K].replace(b"\n", b" "))
        data = read(path)
        for name in names:
            harness.wait_for(lambda name=name: errno_of(read, mount.p("a.csv", name)) is None, 20, name)
        pieces = self.pieces(mount, "a.csv", "lines@%d,csv" % place)
        self.assertTrue(b"".join(pieces) == data)
        self.assertEqual(sum((csv_rows(piece) for piece in pieces), []), csv_rows(data))


class FastqTest(FormatTest):
    def test_pairs(self):
        """Two files of different read lengths: the same reads in each pair of pieces."""
        generator = random.Random(harness.seed("fastq"))
        files = {"r1.fastq": fastq_file(generator, 20000, 40), "r2.fastq": fastq_file(generator, 20000, 200)}
        for name, data in files.items():
            self.write(name, data)
        mount = self.start()
        for name, data in files.items():
            self.assert_cut(mount, name, data, fastq_records(data), ["rows@4000,fastq", "lines@100000,fastq"])
        for view in ("rows@4000,fastq", "rows@n7,fastq"):
            one, two = (self.pieces(mount, name, view) for name in files)
            self.assertTrue(b"".join(one) == files["r1.fastq"], view)
            for a, b in zip(one, two):
                self.assertEqual(re.findall(rb"(?m)^@read\.\d+$", a), re.findall(rb"(?m)^@read\.\d+$", b))

    def test_seqkit(self):
        """seqkit counts as many reads in the pieces as in the file."""
        seqkit = harness.shutil.which("seqkit")
        self.require(seqkit, "seqkit is not installed")
        self.write("r.fastq", fastq_file(random.Random(1), 10000, 100))
        mount = self.start()
        where = mount.p("r.fastq/lines@100000,fastq")
        files = [os.path.join(where, name) for name in sorted(os.listdir(where))]
        table = subprocess.run([seqkit, "stats", "-T", *files], capture_output=True, check=True, text=True).stdout
        self.assertEqual(sum(int(line.split("\t")[3]) for line in table.splitlines()[1:]), 10000)


class OtherFormatsTest(FormatTest):
    def test_fasta(self):
        generator = random.Random(harness.seed("fasta"))
        mount = self.start()
        for case in range(8):
            data = fasta_file(generator, generator.choice((100, 50000, 900000)))
            name = "%d.fa" % case
            self.write(name, data)
            self.assert_cut(mount, name, data, fasta_records(data), ["lines@30000,fasta", "rows@10,fasta"])
        pieces = self.pieces(mount, "0.fa", "lines@1000,header,fasta")
        self.assertEqual(fasta_records(pieces[0])[0], fasta_records(read(self.source / "0.fa"))[0])

    def test_nul(self):
        """What find -print0 writes, and what xargs -0 makes of the pieces."""
        generator = random.Random(harness.seed("nul"))
        data = b"".join(bytes(generator.choices(b"ab\n\" ", k=generator.randrange(1, 60))) + b"\0" for _ in range(40000))
        self.write("names", data)
        mount = self.start()
        records = nul_records(data)
        self.assert_cut(mount, "names", data, records, ["lines@50000,nul", "rows@777,nul"])
        found = b""
        for piece in self.pieces(mount, "names", "rows@9000,nul"):
            found += subprocess.run(["xargs", "-0", "printf", "%s\\0"], input=piece, capture_output=True,
                                    check=True).stdout
        self.assertTrue(found == data)

    def test_holes(self):
        """A hole is that many empty records of nul; in the others its bytes are bytes."""
        data = sparse.make(self.source / "h", 700 * K + 5, {0: b"a\0b,\"c", 300 * K: b"\n\"x\n>y\0z\n", 700 * K: b"end"})
        mount = self.start()
        self.assert_cut(mount, "h", data, nul_records(data), ["lines@100000,nul", "rows@50000,nul"])
        self.assert_cut(mount, "h", data, fasta_records(data), ["lines@100000,fasta", "rows@1,fasta"])
        self.assertEqual([len(piece) for piece in self.pieces(mount, "h", "rows@1,csv")],
                         [300 * K + 4, 5, len(data) - 300 * K - 9])

    def test_a_huge_hole(self):
        """Nothing of it is read, and the state after it is right."""
        path = self.source / "huge.csv"
        with open(path, "wb") as file:
            file.write(b'a,"b\n')
            file.seek(200 << 30)
            file.write(b'",c\nd,e\n')
        mount = self.start()
        self.assertEqual(read(mount.p("huge.csv/rows@1,csv/1")), b"d,e\n")
        self.assertEqual(read(mount.p("huge.csv/lines@n2,csv/1")), b"d,e\n")
        self.assertLess(scanned(mount), 40 * M)

    def test_a_hole_of_too_many_records(self):
        """A name must not make the daemon count without end."""
        with open(self.source / "huge", "wb") as file:
            file.truncate(5 << 40)
        mount = self.start()
        for name in ("rows@1M,nul/0", "rows@n7,nul.tsv", "rows@nul/1-2"):
            self.assertEqual(errno_of(read, mount.p("huge", name)), "EFBIG", name)
        self.assertEqual(len(harness.pread(mount.p("huge/lines@1G,nul/7"), 100)), 100)

    def test_names(self):
        self.write("a.csv", b"x\n" * 100)
        mount = self.start()
        for view in ("lines@csv", "lines@csv,header", "lines@64K,csv=;", "rows@csv=tab", "lines@fastq", "rows@fasta",
                     "rows@10,nul", "lines@header=2,nul"):
            self.assertTrue(os.listdir(mount.p("a.csv", view)), view)
            self.assertTrue(read(mount.p("a.csv", view + ".tsv")), view)
        for view in ("lines@csv=,", "lines@csv=", "lines@csv=ab", "bytes@csv", "lines@csv,nul", "lines@csv,csv",
                     "extents@csv", "lines@lines", "lines@CSV", "lines@csv-2c"):
            self.assertEqual(errno_of(os.listdir, mount.p("a.csv", view)), "ENOENT", view)


if __name__ == "__main__":
    harness.main()
