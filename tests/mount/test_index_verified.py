# SPDX-License-Identifier: MIT
"""`bigfs --index` ends with a right index, whatever happened to the file, or says that it has none."""

import os
import random
import re
import threading
import time

from harness import K, M, main, read, seed
from rowing import IndexTest, index_files, WIDTH, numbered, over, ragged
import model


class VerifiedTest(IndexTest):
    """It trusts no index that continued an older one."""

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed("verified"))

    def joined(self, data):
        """The same with a few lines joined, in one block that is hardly ever sampled."""
        place = self.random.randrange(64 * K, len(data) - 64 * K)
        part = data[place:place + K].replace(b"\n", b"_")
        return data[:place] + part + data[place + K:], part, place

    def rewrite_and_grow(self, path, data):
        """Like `dd conv=notrunc` and `>>`."""
        new, part, place = self.joined(data)
        over(path, part, place)
        more = ragged(self.random.randrange(1000), 300 * K)
        with open(path, "ab") as file:
            file.write(more)
        return new + more

    def check(self, data):
        """Every line of app.log, by a new daemon that scans nothing."""
        mount = self.start()
        rows = model.Rows(data)
        table = [row.split(b"\t") for row in read(mount.p("app.log/rows@100.tsv")).splitlines()[1:]]
        expected, place = [], 0
        lines = data.splitlines(True)
        for n in range(0, len(lines), 100):
            length = sum(map(len, lines[n:n + 100]))
            expected.append((place, length))
            place += length
        self.assertEqual([(int(row[1]), int(row[2])) for row in table], expected)
        self.assert_lines(mount, "app.log", rows)
        mount.unmount()
        return mount

    def test_rewritten_and_grown(self):
        """In a block that no digest covers. Everything is counted again."""
        for _ in range(3):
            path = self.write("app.log", data := ragged(1, 3 * M))
            self.assertEqual(self.index("app.log")[0], 0)
            time.sleep(0.3)
            data = self.rewrite_and_grow(path, data)
            code, output, errors = self.index("app.log")
            self.assertEqual((code, errors), (0, ""))
            self.assertIn(": %d lines, " % data.count(b"\n"), output)
            self.check(data)

    def test_what_a_mount_made(self):
        """A mount extended an older index and kept the result. The command does not believe it."""
        path = self.write("app.log", data := ragged(1, 3 * M))
        mount = self.start()
        read(mount.p("app.log/rows/1-1"))
        mount.unmount()
        time.sleep(0.3)
        data = self.rewrite_and_grow(path, data)
        mount = self.start()
        read(mount.p("app.log/rows/1-1"))
        mount.unmount()
        code, output, errors = self.index("app.log")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(": %d lines, " % data.count(b"\n"), output)
        self.check(data)

    def test_what_a_mount_counted(self):
        """A mount counted all of a file at rest. The command believes that, and its own result."""
        self.write("app.log", data := ragged(2, 3 * M))
        mount = self.start()
        read(mount.p("app.log/rows/1-1"))
        mount.unmount()
        before = [os.stat(path).st_ino for path in index_files(self.dir)]
        for _ in range(2):
            self.assertEqual(self.index("app.log")[0], 0)
            self.assertEqual([os.stat(path).st_ino for path in index_files(self.dir)], before)

    def run_while(self, change, path):
        """Run the command while another thread changes the file all the time: (code, output, errors)."""
        stop = threading.Event()

        def work():
            while not stop.is_set():
                change(path)
        thread = threading.Thread(target=work)
        thread.start()
        try:
            return self.index("app.log")
        finally:
            stop.set()
            thread.join()

    def test_appended_to_all_the_time(self):
        """An index that is right for some moment, and exit 0."""
        path = self.write("app.log", numbered(30 * M // WIDTH))

        def append(path):
            with open(path, "ab") as file:
                file.write(numbered(50))
        code, output, errors = self.run_while(append, path)
        self.assertEqual((code, errors), (0, ""))
        self.assertGreaterEqual(int(re.search(r": (\d+) lines", output)[1]), 30 * M // WIDTH)
        self.assertEqual(len(index_files(self.dir)), 1)
        self.check(read(path))

    def test_rewritten_all_the_time(self):
        """And also grown. An index that the command reports is right; otherwise it reports that there is none."""
        path = self.write("app.log", numbered(20 * M // WIDTH))

        def rewrite(path):
            place = self.random.randrange(16 * K, 20 * M - 64 * K)
            with open(path, "r+b") as file:
                file.seek(place)
                file.write(ragged(self.random.randrange(10 ** 6), 4 * K))
                file.seek(0, os.SEEK_END)
                file.write(b"more\n")
        code, output, errors = self.run_while(rewrite, path)
        if code == 0:
            self.assertEqual(errors, "")
            return
        self.assertEqual((code, output), (1, ""))
        self.assertRegex(errors, r"\Abigfs: [^\n]*app\.log: is rewritten while it is counted[^\n]*\n\Z")
        self.assertEqual(index_files(self.dir), [])
        code, output, errors = self.index("app.log")
        self.assertEqual((code, errors), (0, ""))
        self.check(read(path))


if __name__ == "__main__":
    main()
