# SPDX-License-Identifier: MIT
""""Limits" in docs/views.md: each sentence that can be tested."""

import mmap
import os
import subprocess

import harness
from harness import K, read


class SharedMappingTest(harness.MountTest):
    """A writer through a shared mapping."""

    def setUp(self):
        super().setUp()
        path = self.write("app.log", bytes(64 * K))
        descriptor = os.open(path, os.O_RDWR)
        self.addCleanup(os.close, descriptor)
        os.fsync(descriptor)
        self.view = mmap.mmap(descriptor, 64 * K)
        self.addCleanup(self.view.close)
        self.end = 0

    def store(self, line):
        self.view[self.end:self.end + len(line)] = line
        self.end += len(line)

    def seen(self, mount):
        """The text by pieces, and the number of lines in the table of rows."""
        table = read(mount.p("app.log/rows.tsv")).split()
        return read(mount.p("app.log/whole.log")).rstrip(b"\0"), int(table[-1])

    def test_touch_is_the_cure(self):
        mounts = [self.mount(None, "--min-size", "1K", "--cache", cache) for cache in ("kernel", "none")]
        text = b""
        for turn in range(4):
            for line in (b"one\n", b"two\n"):
                self.store(line)
                text += line
                for mount in mounts:
                    self.seen(mount)  # so cached attributes are soon out of date
            os.utime(self.source / "app.log")
            for mount in mounts:
                harness.wait_for(lambda: self.seen(mount) == (text, 2 * turn + 3), 10, "what was stored before a touch")

    def test_bytes_without_a_cache(self):
        """With --cache none reads give the current bytes."""
        mount = self.mount(None, "--min-size", "1K", "--cache", "none")
        text = b""
        for line in (b"one\n", b"two\n", b"three\n"):
            self.store(line)
            text += line
            self.assertEqual(read(mount.p("app.log/whole.log")).rstrip(b"\0"), text)


class OtherLimitsTest(harness.MountTest):
    def test_an_open_file_ends_where_it_ended(self):
        """So tail -f shows nothing new. A fresh open shows everything."""
        for name in ("small.txt", "large.log"):
            self.write(name, b"first\n" * (1 if name == "small.txt" else 2000))
        mount = self.mount(None, "--min-size", "4K")
        for name, where in (("small.txt", "small.txt"), ("large.log", "large.log/whole.log")):
            old = read(self.source / name)
            with open(mount.p(where), "rb") as file:
                self.assertEqual(file.read(), old)
                with open(self.source / name, "ab") as out:
                    out.write(b"more\n")
                self.assertEqual(file.read(), b"")
                harness.wait_for(lambda: read(mount.p(where)) == old + b"more\n", 10, "the appended line")

    def test_utf_16(self):
        """All pieces but the first begin in the middle of a character. In order they are the file."""
        text = "".join("%d\n" % i for i in range(3000))
        data = text.encode("utf-16-le")
        self.write("u.log", data)
        mount = self.mount(None, "--min-size", "1K")
        pieces = [read(mount.p("u.log/lines@8K", name)) for name in sorted(os.listdir(mount.p("u.log/lines@8K")))]
        self.assertEqual(b"".join(pieces), data)
        self.assertTrue(all(piece.startswith(b"\0") for piece in pieces[1:]))
        parts = [read(mount.p("u.log/bytes@8K", name)) for name in sorted(os.listdir(mount.p("u.log/bytes@8K")))]
        self.assertEqual("".join(part.decode("utf-16-le") for part in parts), text)

    def test_32_bits_without_large_files(self):
        """EOVERFLOW; with large-file support it works."""
        code = self.tmp / "code.c"
        code.write_text("#include <errno.h>\n#include <sys/stat.h>\n"
                        "int main(int c, char **v) { struct stat s; return stat(v[c - 1], &s) == 0 ? 0 : errno; }\n")
        for options, wanted in (((), 75), (("-D_FILE_OFFSET_BITS=64",), 0)):
            program = self.tmp / ("program%d" % wanted)
            built = subprocess.run(["gcc", "-m32", *options, code, "-o", program], capture_output=True)
            if built.returncode:
                self.skipTest("a compiler for 32 bits is needed")
            self.write("small.txt", b"small\n")
            self.assertEqual(subprocess.run([program, self.mount().p("small.txt")]).returncode, wanted)


if __name__ == "__main__":
    harness.main()
