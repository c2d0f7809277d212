# SPDX-License-Identifier: MIT
"""The recipes of docs/recipes.md, README.md and the manual page, run as they stand there.

What they give is compared with what plain tools give for the plain files.
"""

import csv
import inspect
import os
import random
import re
import shutil
import subprocess
import sys
import unittest

import harness
from harness import G, K, M, T, read
from recipe_blocks import Recipes, recipe, sections
from support import duckdb
import scraping
import test_cluster_index
import test_cluster_readers
import test_cluster_slurm
import test_cluster_ssh

RECIPES, README, MANUAL = "docs/recipes.md", "README.md", "docs/bigfs.1"
SBATCH = r"""
script=$1 failed=0
shift
for task in $(seq 0 "$(sed -n 's/^#SBATCH --array=0-//p' "$script")"); do
    [ $task != "${CHANGE_BEFORE-}" ] || eval "$CHANGE"
    SLURM_ARRAY_TASK_ID=$task sh "$script" "$@" || { echo "task $task: exit $?"; failed=1; }
done
exit $failed"""  # Slurm, one task after the other
ALIGN = """paste "$1" "$2" | awk 'NR % 4 == 1 { print $1, $3 }'"""  # a pair of reads is a line


def log_lines(count, first=0):
    """A sorted log of three lines a second; with errors in its middle third only."""
    for n in range(first, first + count):
        second = 8 * 3600 + 50 * 60 + n // 3
        kind = "ERROR" if n % 7 == 3 and count // 3 < n < 2 * count // 3 else "INFO"
        yield "2026-11-28T%02d:%02d:%02d.%03d %s request %d %s\n" % (
            second // 3600, second // 60 % 60, second % 60, n % 3 * 300, kind, n, "x" * (n * 37 % 50))


def reads(count, mate, generator):
    """FASTQ with reads of many lengths, those of mate 2 longer at first; qualities that look like names."""
    for n in range(count):
        length = generator.randrange(20, 300) + (200 if mate == 2 and n < count // 2 else 0)
        yield "@read%d %d:N:0\n%s\n+\n@%s\n" % (n, mate, "ACGT" * (length // 4), "I" * (length // 4 * 4 - 1))


class LogRecipes(Recipes):
    LINES = 15000

    def setUp(self):
        super().setUp()
        self.log = self.write("app.log", "".join(log_lines(self.LINES)).encode())
        self.start()

    def count(self):
        return self.plain("grep -c ERROR app.log")

    def sum_of_counts(self):
        counts = [int(path.read_text()) for path in self.work.glob("count.[0-9]*")]
        self.assertEqual(len(counts), 16)
        self.assertIn(0, counts)  # else grep's status 1 is not tested
        return "%d\n" % sum(counts)


class CountTest(LogRecipes):
    @recipe(RECIPES, "Count in parallel")
    def test_count(self):
        self.assertEqual(self.shell(0), self.count())

    @recipe(RECIPES, "Pieces without a match")
    def test_no_match(self):
        """The sum, and success; what is claimed of grep alone; and no sum if a piece cannot be read."""
        self.assertEqual(self.shell(0), self.count())
        status, _, _ = self.try_shell(0, {" || [ $? = 1 ]": ""})
        self.assertGreater(status, 0)
        status, output, errors = self.try_shell(0, {"lines/*": "lines/* /no/piece"})
        self.assertEqual((status, output), (1, ""))
        self.assertIn("/no/piece", errors)

    @recipe(RECIPES, "Find lines, in the order of the file")
    def test_find(self):
        self.try_shell(0)  # its status is that of pieces without a match
        self.assert_same(self.made("errors.txt").decode(), self.plain("grep ERROR app.log"))

    @recipe(RECIPES, "Without GNU parallel: xargs")
    def test_xargs(self):
        self.assertEqual(self.shell(0), self.count())
        self.assertEqual(self.sum_of_counts(), self.count())
        status, _, _ = self.try_shell(0, {" || [ $? = 1 ]": ""})
        self.assertEqual(status, 123)

    @recipe(RECIPES, "Search one file with all threads of ripgrep")
    def test_ripgrep(self):
        found = sorted(line.split(":", 1)[1] for line in self.shell(0).splitlines())
        self.assert_same(found, self.plain("grep ERROR app.log").splitlines())


class ManyPiecesTest(LogRecipes):
    @recipe(RECIPES, "Tens of thousands of pieces")
    def test_through_a_pipe(self):
        self.shell(0)
        self.assert_same(self.made("errors.txt").decode(), self.plain("grep ERROR app.log"))
        self.shell(1)
        self.assertEqual(sum(map(int, self.made("counts").split())), int(self.count()))

    def test_the_arithmetic(self):
        """3 TiB are as many names as is said, and a name of this length takes as much room as is said."""
        with open(self.source / "huge.log", "wb") as file:
            file.truncate(3 * T)
        mount = self.mount(None)
        self.assertEqual(len(os.listdir(mount.p("huge.log", "lines"))), 49152)
        self.assertEqual(len(os.listdir(mount.p("huge.log", "lines@1G"))), 3072)
        name = "/mnt/chunks/app.log/lines/000000.log"
        self.assertEqual(49152 * (len(name) + 1 + 8), 2211840)
        code = "ulimit -s 8192; getconf ARG_MAX; exec /bin/true $(yes %s | head -n %d)"
        for count, fits in ((46500, True), (46700, False)):
            argv = ["env", "-i", "PATH=/usr/bin:/bin", "sh", "-c", code % (name, count)]
            status, output, errors = self.run_block(argv)
            self.assertEqual((status == 0, output), (fits, "2097152\n"), errors)
        self.assertIn("Argument list too long", errors)


class JobArrayTest(LogRecipes):
    def setUp(self):
        super().setUp()
        self.program("sbatch", SBATCH)

    @recipe(RECIPES, "One task of a job array: Slurm and others")
    def test_job_array(self):
        self.script(0, "job.sh")
        self.assertEqual(self.shell(1), "")
        self.assertEqual(self.shell(2), self.count())
        self.assertEqual(self.sum_of_counts(), self.count())

    @recipe(RECIPES, "A job over one content")
    def test_one_content(self):
        """One content while the file grows; the job fails if it is rewritten; then it is run again with a new word."""
        self.script(0, "job.sh")
        before = self.count()
        self.write("more", "".join(log_lines(9000)).replace("INFO", "ERROR").encode())
        self.shell(1, CHANGE_BEFORE="7", CHANGE="cat %s/more >>%s" % (self.source, self.log))
        self.assertEqual(self.sum_of_counts(), before)
        self.assertNotEqual(self.count(), before)
        status, output, errors = self.try_shell(
            1, CHANGE_BEFORE="9", CHANGE="tr r R <%s >new; cat new >%s" % (self.log, self.log))
        self.assertEqual(output, "".join("task %d: exit 1\n" % task for task in range(9, 16)))
        self.assertEqual(errors.count("Stale file handle"), 7)
        self.assertNotEqual(status, 0)
        self.shell(1)
        self.assertEqual(sum(int(path.read_text()) for path in self.work.glob("count.[0-9]*")), int(self.count()))
        self.assertEqual(self.shell(2), self.count())

    def test_without_a_pin(self):
        """What is claimed of a job without: a wrong sum, and no task fails."""
        self.blocks, self.used = sections(RECIPES)["One task of a job array: Slurm and others"], set()
        self.script(0, "job.sh")
        self.write("more", "".join(log_lines(9000)).replace("INFO", "ERROR").encode())
        before = self.count()
        self.shell(1, CHANGE_BEFORE="7", CHANGE="cat %s/more >>%s" % (self.source, self.log))
        self.assertNotIn(self.shell(2), (before, self.count()))

    @recipe(README, "Four recipes")
    def test_readme(self):
        self.gzip("old.log.gz", self.log)
        self.write("orders.csv", b"id,name,amount\n" + b"".join(b"%d,pen,%d\n" % (n, n % 1010) for n in range(9000)))
        with open(self.source / "disk.img", "wb") as file:
            file.write(os.urandom(200 * K))
        self.assertEqual(self.shell(0), self.count())
        self.script(1, "job.sh")
        counts = self.run_block(["sbatch", "job.sh"])
        self.assertEqual((counts[0], sum(map(int, counts[1].split()))), (0, int(self.count())))
        self.assertEqual(sum(map(int, self.shell(2).split())), int(self.count()))
        self.script(3, "pinned.sh")
        counts = self.run_block(["sbatch", "pinned.sh", read(self.chunks.p("app.log", "pin")).decode().strip()])
        self.assertEqual((counts[0], sum(map(int, counts[1].split()))), (0, int(self.count())))
        self.assertEqual(self.shell(4), self.count())
        self.assert_same(self.shell(5), self.plain("awk -F, 'NR > 1 && $3 > 999' orders.csv; xxd -l 512 disk.img"))


class CsvTest(Recipes):
    ROWS = 12000

    def setUp(self):
        super().setUp()
        self.program("sbatch", SBATCH)

    def orders(self, *names):
        """orders.csv with names of these kinds, and the sum of its amounts by Python on the plain file."""
        with open(self.source / "orders.csv", "w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("id", "name", "amount"))
            writer.writerows((n, names[n % len(names)], n * 7919 % 1000) for n in range(self.ROWS))
        self.start()
        with open(self.source / "orders.csv", newline="") as file:
            return sum(int(row["amount"]) for row in csv.DictReader(file))

    HARD = ("pen", "ink,\nblue", 'six "6" pipes\n\n', "a\n1,b,1000000\n")

    @recipe(RECIPES, "CSV with a heading line")
    def test_awk(self):
        total = self.orders("pen", "ink")
        sums = self.shell(0).split()
        self.assertGreater(len(sums), 1)
        self.assertEqual(sum(map(float, sums)), total)

    @recipe(RECIPES, "A CSV file from Python, on all cores")
    def test_python(self):
        total = self.orders(*self.HARD)
        (self.work / "total.py").write_text(self.block(0))
        self.assertEqual(self.run_block([sys.executable, "total.py"]), (0, "%d\n" % total, ""))
        (self.work / "total.py").write_text(self.block(0).replace(",csv", ""))
        self.assertNotEqual(self.run_block([sys.executable, "total.py"])[:2], (0, "%d\n" % total))

    @recipe(RECIPES, "A CSV file in DuckDB")
    def test_duckdb(self):
        """The answer, with a pin in the path too, which is a column if DuckDB is not told."""
        total = self.orders(*self.HARD)
        self.assertEqual(duckdb(self, self.block(0)), [["%d" % self.ROWS, "%d" % total]])
        word = read(self.chunks.p("orders.csv", "pin")).decode().strip()
        pinned = self.block(0).replace("header/*", "header,pin=%s/*" % word).replace("count(*), sum(amount)", "*")
        rows = duckdb(self, pinned)
        self.assertEqual((len(rows), len(rows[0])), (self.ROWS, 3))
        self.assertEqual(len(duckdb(self, pinned.replace(", hive_partitioning = false", ""))[0]), 4)

    @recipe(RECIPES, "Load into a database in parts")
    def test_database(self):
        total = self.orders(*self.HARD)
        self.shell(0)
        self.assertFalse((self.work / "failed").exists())
        loaded = self.run_block(["sqlite3", "orders.db", "SELECT count(*), sum(amount), sum(length(name)) FROM orders"])
        names = sum(len(self.HARD[n % len(self.HARD)]) for n in range(self.ROWS))
        self.assertEqual(loaded, (0, "%d|%d|%d\n" % (self.ROWS, total, names), ""))


class PairsTest(Recipes):
    @recipe(RECIPES, "Paired FASTQ files")
    def test_pairs(self):
        generator = random.Random(harness.seed(self.id()))
        for mate in (1, 2):
            self.write("R%d.fastq" % mate, "".join(reads(10007, mate, generator)).encode())
        self.start()
        self.program("align", ALIGN)
        pairs = self.plain(ALIGN.replace('"$1"', "R1.fastq").replace('"$2"', "R2.fastq"))
        self.assertEqual(pairs.count("\n"), 10007)
        self.assert_same(self.shell(0, {"parallel": "parallel -k"}), pairs)
        self.assert_same(self.shell(0, {"parallel": "parallel -k", "4M,": "1M,"}), pairs)
        self.assert_same("".join(self.shell(1, SLURM_ARRAY_TASK_ID=str(task)) for task in range(16)), pairs)
        self.assertEqual(self.shell(2), "")
        self.assertNotEqual(self.shell(2, {"R2.fastq/rows@n16,fastq": "R2.fastq/lines@n16,fastq"}), "")


class PartsTest(LogRecipes):
    @recipe(RECIPES, "Any lines, at once")
    def test_lines(self):
        far = {"30000001-30000010": "12001-12010"}
        told, lines = self.shell(0, far).split("\n", 1)
        self.assertIn("%d lines" % self.LINES, told)
        self.assertEqual(lines, self.plain("sed -n '12001,12010p' app.log; tail -n 10 app.log"))
        *_, first, count = self.run_block(["tail", "-n", "1", self.chunks.p("app.log", "rows.tsv")])[1].split()
        self.assertEqual(int(first) + int(count) - 1, self.LINES)

    @recipe(RECIPES, "Sort a file that is larger than memory")
    def test_sort(self):
        lines = read(self.log).splitlines(keepends=True)
        random.Random(5).shuffle(lines)
        self.log.write_bytes(b"".join(lines))
        self.shell(0)
        self.assert_same(self.made("app.sorted"), b"".join(sorted(lines)))

    @recipe(RECIPES, "Compress on all cores")
    def test_compress(self):
        """As one gzip file; and as one zstd file, which is cut without being decoded, as is claimed."""
        self.shell(0)
        self.assert_same(self.run_block(["gzip", "-dc", "app.log.gz"])[1], self.log.read_text())
        self.assertEqual(self.try_shell(0, {"gzip -c": "zstd -q -c", "mkdir parts": "rm -r parts && mkdir parts"})[0], 0)
        harness.run("mv", self.work / "app.log.gz", self.source / "app.log.zst")
        plain = self.chunks.p("app.log.zst", "plain")
        pieces = -(-os.stat(self.log).st_size // (64 * K))
        self.assertEqual(len(os.listdir(os.path.join(plain, "bytes"))), pieces)
        self.assert_same(read(os.path.join(plain, "whole.log")), read(self.log))
        listed = harness.run("zstd", "-l", self.source / "app.log.zst").decode().splitlines()[1].split()
        self.assertEqual(int(listed[0]), pieces)
        self.assertEqual(len(listed), 9, "the plain size is not among them: %s" % listed)

    @recipe(RECIPES, "Split for real")
    def test_split(self):
        self.shell(0)
        self.run_block(["split", "-n", "l/4", str(self.log), "plain."])
        plain = [read(path) for path in sorted(self.work.glob("plain.*"))]
        self.assert_same([read(path) for path in sorted(self.work.glob("parts/*"))], plain)

    @recipe(RECIPES, "An hour of a log")
    def test_hour(self):
        self.assertEqual(self.shell(0), self.plain("grep '^2026-11-28T09' app.log | grep -c ERROR"))
        wanted = self.plain("awk '$1 >= \"2026-11-28T09:15\" && $1 < \"2026-11-28T09:20\"' app.log")
        self.assertEqual(wanted.count("\n"), 900)
        self.assert_same(self.made("incident.log").decode(), wanted)
        self.assertEqual(self.shell(1), "")
        with open(self.log, "ab") as file:
            file.write(b"    at Main.main\n")
        self.assertEqual(self.try_shell(1)[0], 1)

    @recipe(RECIPES, "Log entries of several lines: stack traces")
    def test_entries(self):
        """Each third error has a cause, in one of the lines after it; by lines, some causes lose their error."""
        trace = "\tat Main.main\n" * 40 + "Caused by: java.io.IOException\n" + "\tat Main.read\n" * 3
        errors, text = 0, []
        for line in log_lines(self.LINES):
            errors += " ERROR " in line
            text.append(line + (trace if " ERROR " in line and errors % 3 == 0 else ""))
        self.log.write_text("".join(text))
        self.script(1, "io.awk")
        self.assertEqual(self.shell(0), "%d\n" % (errors // 3))
        wanted = [entry for entry in text if "2026-11-28T09:15" <= entry < "2026-11-28T09:20"]
        self.assertEqual(len(wanted), 900)
        self.assert_same(self.made("incident.log").decode(), "".join(wanted))
        status, lost, _ = self.try_shell(0, {"bigfs --record": ": ", ",entry/*": "/*", "/sorted@entry": "/sorted"})
        self.assertEqual(status, 0)
        self.assertLess(int(lost), errors // 3)

    @recipe(RECIPES, "Only the hours that matter")
    def test_hours(self):
        text = self.log.read_text()
        wanted = []
        for number in range(-(-len(text) // (64 * K))):
            begin = text.index("\n", number * 64 * K - 1) + 1 if number else 0
            wanted.append("%06d.log  %s\n" % (number, text[begin:begin + 19]))
        self.assertEqual(self.shell(0), "".join(wanted))

    @recipe(RECIPES, "Only what is new")
    def test_new(self):
        """Runs while the log grows, by half lines too, and by nothing: in the end each line was seen once."""
        text = self.log.read_text() + "".join(log_lines(self.LINES)) + "end\n"
        generator = random.Random(harness.seed(self.id()))
        errors = [match.start() for match in re.finditer("ERROR", text)]
        first, *ends = sorted(place + move for place, move in zip(generator.sample(errors, 3), (-9, 2, 9)))
        ends += [len(text) - 4, len(text)]
        self.log.write_text(text[:first])
        for begin, end in zip([first, *ends], [*ends, None]):
            self.shell(0)
            self.shell(0)
            with open(self.log, "a") as file:
                file.write(text[begin:end])
        self.assert_same(self.made("errors.txt").decode(), self.plain("grep ERROR app.log"))
        self.log.write_text(text[:100 * K])
        self.assertNotEqual(self.try_shell(0)[0], 0)


class CompressedTest(LogRecipes):
    LINES = 60000

    @recipe(RECIPES, "A compressed log")
    def test_log(self):
        """As from the plain file; before its map is there, a listing shows plain and nothing in it."""
        self.gzip("old.log.gz", self.log)
        self.assertIn("plain", os.listdir(self.chunks.p("old.log.gz")))
        self.assertEqual(os.listdir(self.chunks.p("old.log.gz", "plain")), [])
        output = self.shell(0, {"30000001-30000010": "50001-50010"})
        self.assertEqual(output.splitlines()[-10:], self.plain("sed -n 50001,50010p app.log").splitlines())
        self.assertEqual(sum(map(int, self.made("counts").split())), int(self.count()))
        wanted = self.plain("awk '$1 >= \"2026-11-28T09:15\" && $1 < \"2026-11-28T09:20\"' app.log")
        self.assertEqual(wanted.count("\n"), 900)
        self.assert_same(self.made("incident.log").decode(), wanted)
        rows = "".join("%d,pen,%d\n" % (n, n * 7919 % 1000) for n in range(40000))
        self.write("orders.csv", ("id,name,amount\n" + rows).encode())
        self.gzip("orders.csv.gz", self.source / "orders.csv")
        self.shell(1)
        loaded = self.run_block(["sqlite3", "orders.db", "SELECT count(*), sum(amount) FROM orders"])
        self.assertEqual(loaded, (0, "40000|%d\n" % sum(n * 7919 % 1000 for n in range(40000)), ""))

    @recipe(RECIPES, "Write logs that are cut for free")
    def test_writing(self):
        """Each has plain/, equal to the log; one frame has none, until it is many."""
        self.write("app.log", "".join(log_lines(300000)).encode())
        self.shell(0, {"xz -T0": "xz -T0 -1"})
        made = {path.name: path for path in self.work.iterdir()}
        self.assertEqual(sorted(made), ["app.bgzip.gz", "app.pigz.gz", "app.pzstd.zst", "app.split.zst", "app.xz"])
        for name, program in (("app.bgzip.gz", "gzip"), ("app.pigz.gz", "gzip"), ("app.pzstd.zst", "zstd"),
                              ("app.split.zst", "zstd"), ("app.xz", "xz")):
            self.assertTrue(harness.run(program, "-d", "-c", made[name]) == read(self.log), name)
            harness.run("mv", made[name], self.source)
            self.assert_plain(name)
        harness.run("zstd", "-q", self.log, "-o", self.source / "one.log.zst")
        with self.assertRaises(FileNotFoundError):
            os.stat(self.chunks.p("one.log.zst", "plain", "whole"))
        self.shell(1)
        harness.run("mv", self.work / "many.log.zst", self.source)
        self.assert_plain("many.log.zst")

    def assert_plain(self, name):
        self.assertTrue(read(self.chunks.p(name, "plain", "whole")) == read(self.log), name)


class TreeTest(LogRecipes):
    """Recipes that mount."""

    def setUp(self):
        super().setUp()
        self.write("logs/b.log", "".join(log_lines(3000)).encode())
        self.write("notes.txt", b"no ERROR here\n")

    @recipe(RECIPES, "What grep -r, find and du see")
    def test_recursive(self):
        """Each line once with one view, by its pieces or as a whole; each byte three times with all."""
        files = int(self.shell(0))
        pieces = [-(-os.stat(self.source / name).st_size // (64 * K)) for name in ("app.log", "logs/b.log")]
        self.assertEqual(files, sum(pieces) + 1)
        errors = sorted(self.plain("grep -r -h ERROR .").splitlines())
        self.assert_same(sorted(self.made("errors.txt").decode().splitlines()), errors)
        whole = self.mount(None, *self.OPTIONS, "--views", "whole")
        self.assertEqual(os.listdir(whole.p("app.log")), ["whole.log"])
        self.assert_same(sorted(harness.run("grep", "-r", "-h", "ERROR", whole.path).decode().splitlines()), errors)
        found = harness.run("grep", "-r", "-h", "ERROR", self.chunks.path).splitlines()
        self.assertGreater(len(found), 2.9 * len(errors))
        sizes = [int(harness.run("du", "-s", "-b", path).split()[0]) for path in (self.chunks.path, self.source)]
        self.assertGreater(sizes[0], 2.8 * sizes[1])

    @recipe(RECIPES, "Recipes")
    def test_the_mount(self):
        self.mounts_by_itself()
        self.shell(0)
        self.assertIn("lines", os.listdir(self.tmp / "chunks" / "app.log"))

    @recipe(README, "bigfs")
    def test_readme(self):
        self.mounts_by_itself()
        _, counts, errors = self.try_shell(0)
        self.assertEqual((sum(map(int, counts.split())), errors), (int(self.count()), ""))

    @recipe(RECIPES, "Small files too, or one file")
    def test_small_files(self):
        self.write("orders.csv", b"a,1\n" * 900)
        counts = [int(line.split()[0]) for line in self.shell(0).splitlines()]
        self.assertEqual((len(counts), sum(counts)), (4, 900))
        self.assertFalse(harness.mounted(self.places["/mnt/orders"]))


class ImageRecipes(Recipes):
    """A sparse image, and a log."""

    def setUp(self):
        super().setUp()
        self.image = self.source / "disk.img"
        with open(self.image, "wb") as file:
            for offset in (0, 1 * M, 5 * M):
                file.seek(offset)
                file.write(os.urandom(150 * K))
            file.truncate(8 * M)
        self.write("app.log", "".join(log_lines(4000)).encode() + b"FATAL disk\n" + "".join(log_lines(900)).encode())
        self.start()


class BytesTest(ImageRecipes):
    @recipe(RECIPES, "Look at some bytes")
    def test_bytes(self):
        self.assertEqual(self.shell(0), self.plain("xxd -l 512 disk.img; tail -c 1000 app.log"))
        text = (self.source / "app.log").read_text()
        at = text.index("FATAL disk\n")
        self.assertEqual(self.shell(1), text[at - 500:at + 500])

    @recipe(RECIPES, "A sparse image: its data alone")
    def test_sparse(self):
        self.try_shell(0)
        copy = self.tmp / "backup" / "disk.img"
        self.assertTrue(read(copy) == read(self.image))
        self.assertLess(os.stat(copy).st_blocks, 8 * M // 512 // 4)

    @recipe(RECIPES, "Send a large file, and go on after a break")
    def test_send(self):
        (self.work / "backup").mkdir()
        self.shell(0)
        self.assertTrue(read(self.work / "backup" / "disk.img") == read(self.image))
        (self.work / "backup" / "disk.img.parts" / "000005").unlink()
        self.shell(0)
        self.assertTrue(read(self.work / "backup" / "disk.img") == read(self.image))
        self.shell(1)
        sums = self.run_block(["sh", "-c", "cd backup/disk.img.parts && md5sum -c --quiet ../../disk.img.md5"])
        self.assertEqual(sums, (0, "", ""))
        self.assertEqual(self.made("disk.img.md5").count(b"\n"), 32)


class CopiesTest(LogRecipes):
    LINES = 4000

    @recipe(RECIPES, "Verify pieces and copies")
    def test_verify(self):
        self.require(shutil.which("xxh128sum") and shutil.which("getfattr"), "xxhash or attr is not installed")
        pieces = sorted((self.work.parent / self.chunks.path / "app.log/lines").iterdir())
        self.assertEqual(self.shell(0), "".join("%s: OK\n" % piece.name for piece in pieces))
        listed = self.made("lines.xxh128").decode().splitlines()[3].split()[0]
        output = self.run_block(["sh", "-c", self.block(1)])[1]
        self.assertIn('user.bigfs.xxh128="%s"' % listed, output)

    @recipe(RECIPES, "Copies that can be written to")
    def test_writable(self):
        self.shell(0)
        (self.work / "tar").mkdir()
        harness.run("tar", "-C", self.work / "tar", "-xpf", self.work / "lines.tar")
        for copy in ("copy.log", "copies/000001.log", "copies", "synced/000001.log", "synced", "tar/lines",
                     "tar/lines/000001.log"):
            self.assertTrue(os.stat(self.work / copy).st_mode & 0o200, copy)

    @recipe(RECIPES, "Pieces without a mount")
    def test_without_a_mount(self):
        self.shell(0)
        names = ["%06d.log" % number for number in range(4)]
        for name in names:
            self.assertTrue(self.made(name) == read(self.chunks.p("app.log/lines@n4", name)), name)
        self.assertTrue(b"".join(map(self.made, names)) == read(self.log))
        python = next((path for path in (sys.executable, "/usr/bin/python3")
                       if subprocess.run([path, "-c", "import fsspec"], capture_output=True).returncode == 0), None)
        self.require(python, "python3-fsspec is not installed")
        self.assertEqual(self.shell(1, {"python3 -c": python + " -c"}), "%d\n" % self.made(names[3]).count(b"ERROR"))

    @recipe(RECIPES, "Watch a mount with Prometheus")
    def test_prometheus(self):
        """Each command and question, as a real Prometheus takes it: see scraping.py."""
        scraping.watch(self, self.block(0), self.block(1), self.block(2).splitlines())


class ManualTest(ImageRecipes):
    """The examples of the manual page."""

    @recipe(MANUAL, "EXAMPLES")
    def test_examples(self):
        self.mounts_by_itself()
        for name in ("app.log", "orders.csv"):
            self.write(name, "".join(log_lines(12000)).encode())
        os.symlink(self.source / "orders.csv", self.work / "orders.csv")
        self.assertEqual(sum(map(int, self.shell(0).split())), int(self.plain("grep -c ERROR app.log")))
        pieces = sorted((self.tmp / "chunks/app.log/lines@n16").iterdir())
        word = read(self.tmp / "chunks/app.log/pin").decode().strip()
        for task in (0, 15):
            piece = harness.run("sort", pieces[task]).decode()
            self.assert_same(self.shell(1, SLURM_ARRAY_TASK_ID=str(task)), piece)
            self.assert_same(self.shell(2, SLURM_ARRAY_TASK_ID=str(task), WORD=word), piece)
        self.assert_same(self.shell(3), self.plain("grep ^2026-11-28T09 app.log"))
        self.assert_same(sorted(line.split(":", 1)[1] for line in self.shell(4).splitlines()),
                         self.plain("sort -m app.log orders.csv | grep ERROR").splitlines())
        self.assertEqual(self.shell(5), self.plain("xxd -l 512 disk.img; tail -c 4K disk.img | xxd"))
        self.assertEqual(len(self.shell(6).splitlines()), 1 + 3 + 3)
        told, lines = self.shell(7, {"1000001-1000010": "10001-10010"}).split("\n", 1)
        self.assertEqual(lines, self.plain("sed -n '10001,10010p' app.log"))
        self.gzip("old.log.gz", *[self.source / "app.log"] * 4)
        told = self.shell(8, {"1000001-1000010": "40001-40010"}).splitlines()
        self.assertEqual(sum(map(int, told[:-10])), 4 * int(self.plain("grep -c ERROR app.log")))
        self.assertEqual(told[-10:], self.plain("sed -n '4001,4010p' app.log").splitlines())
        self.assertEqual(self.shell(9).split()[-2:], ["12000", "total"])
        self.require(shutil.which("jq"), "jq is not installed")
        os.symlink(self.source / "app.log", self.work / "app.log")
        directory = self.tmp / "chunks/app.log"
        self.assert_same(self.shell(10), (read(directory / "lines@n4.tsv") + read(directory / "lines@n4/1")).decode())
        # The rest is for the whole machine: see test_package.py and test_completion.py.
        self.assertIn("fuse.bigfs", self.block(11))
        self.assertIn("bigfs@logs", self.block(12))
        self.assertIn("_bigfs_names", self.block(13))


class AllTest(unittest.TestCase):
    """No recipe is without a test."""

    def test_all_are_run(self):
        others = [each for test in (test_cluster_index, test_cluster_readers, test_cluster_slurm, test_cluster_ssh)
                  for each in vars(test).values()]  # they need hosts
        run = {method.recipe for kind in [*globals().values(), *others] if inspect.isclass(kind)
               for _, method in inspect.getmembers(kind, lambda one: hasattr(one, "recipe"))}
        wanted = {(RECIPES, heading) for heading in sections(RECIPES)}
        wanted |= {(README, "bigfs"), (README, "Four recipes"), (MANUAL, "EXAMPLES")}
        self.assertEqual(run, wanted)


if __name__ == "__main__":
    harness.main()
