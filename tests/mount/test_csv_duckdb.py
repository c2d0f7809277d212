# SPDX-License-Identifier: MIT
"""CSV (DESIGN 3): DuckDB reads from the pieces the rows that it and Python's csv read from the file."""

import csv
import random

import harness
from harness import K
from support import duckdb, need_duckdb

ATOMS = ['"', '""', ",", "\n", "\r", "\r\n", " ", "a", "1", "'", ";", "é", "日本", "😀", "some text", "x" * 60]
HEADING = ["text", "number", 'a "heading",\nof two lines', ""]
CASES = 20000  # rows of a file, each a case; so many are more than three blocks of an index
ROW_END = {"lf.csv": "\n", "crlf.csv": "\r\n"}  # DuckDB takes one kind in a file
READ = """SELECT *
    FROM read_csv('%s', header = true, delim = ',', quote = '"', escape = '"', new_line = '%s', nullstr = '\\N',
                  auto_detect = false, columns = {a: 'VARCHAR', b: 'VARCHAR', c: 'VARCHAR', d: 'VARCHAR'})"""


def field(generator):
    return "".join(generator.choices(ATOMS, k=generator.choice((0, 0, 1, 1, 2, 3, 5))))


def written(text, generator):
    """A field as it stands in a file: quoted if it must be, and sometimes though it need not be."""
    if any(character in text for character in '",\r\n') or generator.random() < 0.3:
        return '"%s"' % text.replace('"', '""')
    return text


def make(generator, row_end, ended):
    """Rows, and the file that holds them; its last row may be without an end."""
    rows = [[field(generator), str(number), field(generator), field(generator)] for number in range(CASES)]
    lines = [",".join(written(text, generator) for text in row) + row_end for row in [HEADING, *rows]]
    data = "".join(lines)
    return rows, (data if ended else data[:-len(row_end)]).encode()


class DuckDBTest(harness.MountTest):
    """Well-formed rows: DuckDB refuses others, or reads them in its own way."""

    def setUp(self):
        super().setUp()
        need_duckdb(self)

    def assert_rows(self, path, row_end, wanted):
        """DuckDB's rows of the files with this name, in the order of their names."""
        got = duckdb(self, READ % (path, row_end.replace("\r", "\\r").replace("\n", "\\n")))
        wrong = next((pair for pair in zip(got, wanted) if pair[0] != pair[1]), None)
        self.assertIsNone(wrong, "a row of %s, and what it must be" % path)
        self.assertEqual(len(got), len(wanted), path)

    def test_rows_of_pieces(self):
        seed = harness.seed("csv")
        generator = random.Random(seed)
        mount = self.mount(None, "--min-size", "1", "--chunk-size", "64K", "--index-dir", "none")
        for (name, row_end), ended in zip(ROW_END.items(), generator.sample((True, False), 2)):
            rows, data = make(generator, row_end, ended)
            path = self.write(name, data)
            with open(path, newline="", encoding="utf-8") as file:
                self.assertEqual(list(csv.reader(file)), [HEADING, *rows])
            views = ("lines@%d" % generator.randrange(1 * K, 3 * K), "lines@%d" % generator.randrange(20 * K, 90 * K),
                     "rows@%d" % generator.randrange(40, 3000))
            with self.subTest(BIGFS_SEED=seed, name=name):
                self.assert_rows(path, row_end, rows)
                for view in views:
                    self.assert_rows(mount.p(name, view + ",csv,header", "*"), row_end, rows)


if __name__ == "__main__":
    harness.main()
