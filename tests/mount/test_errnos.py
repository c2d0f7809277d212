# SPDX-License-Identifier: MIT
"""Whatever errno the source's file system answers with, the reader gets an error, and nothing else happens."""

import errno
import os
import subprocess

import harness
from harness import K, pread, read
from support import errno_of
from unruly import Unruly, rule

# Errnos with a meaning inside a program, a few ordinary ones, and one that does not exist.
ERRNOS = [errno.EINTR, errno.EAGAIN, errno.EINPROGRESS, errno.ENODATA, errno.EBADR, errno.EBADRQC, errno.ENODEV,
          errno.ENOMEM, errno.EOPNOTSUPP, errno.ENOENT, errno.ENXIO, errno.ESTALE, errno.EBUSY, errno.ETIMEDOUT,
          errno.ERANGE, errno.EBADMSG, errno.EXDEV, errno.ENOSYS, 511]
SAID_AS_IT_IS = {"ESTALE", "ENOMEM", "ENOENT"}


class ErrnosTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.lines = b"".join(b"%d\n" % i for i in range(100000))
        self.write("big.log", self.lines)
        self.write("small", b"hi\n")
        (self.source / "dir").mkdir()
        self.write("dir/in", b"in\n")
        self.net = Unruly(self, self.source, "-o", "direct_io")

    def mounted_on_net(self):
        return self.mount(self.net.path, "--index-dir=none", "--min-size=64K", "--chunk-size=64K", "--cache=none")

    def stat_error(self, path):
        """The name of the error of a look past the kernel's cache, by statx(2) with AT_STATX_FORCE_SYNC."""
        said = subprocess.run(["stat", "--cached=never", path], capture_output=True, env=dict(os.environ, LC_ALL="C"))
        texts = {os.strerror(code): name for code, name in errno.errorcode.items()}
        return texts[said.stderr.decode().rsplit(": ", 1)[1].strip()] if said.returncode else None

    def assert_an_error(self, code, error):
        name = errno.errorcode.get(code, str(code))
        self.assertIn(error, {"EIO", "ESTALE"} | ({name} & SAID_AS_IT_IS), "the source said %s" % name)

    def test_of_getattr(self):
        m = self.mounted_on_net()
        read(m.p("small"))
        for code in ERRNOS:
            for name in ("small", "big.log", "dir"):
                with self.subTest(code=code, name=name), self.net.misbehaving(rule("getattr", "errno", code, path="/" + name)):
                    self.assert_an_error(code, self.stat_error(m.p(name)))
            self.assertEqual(read(m.p("small")), b"hi\n")

    def test_of_open(self):
        m = self.mounted_on_net()
        for code in ERRNOS:
            if code in (errno.EAGAIN, errno.ENOSYS):  # a lease (see test_silent.py); the kernel does not ask for opens any more
                continue
            for i, name in enumerate(("small", "big.log/lines/3")):
                with self.subTest(code=code, name=name), \
                        self.net.misbehaving(rule("open", "errno", code, path=("/small", "/big.log")[i])):
                    self.assert_an_error(code, errno_of(read, m.p(name)))
            self.assertEqual(read(m.p("small")), b"hi\n")

    def test_of_read(self):
        m = self.mounted_on_net()
        read(m.p("big.log/bytes/0"))
        with open(m.p("big.log/bytes/3"), "rb", buffering=0) as piece, open(m.p("small"), "rb", buffering=0) as small:
            for code in ERRNOS:
                if code == errno.ESTALE:  # means that the file is gone: its handles end
                    continue
                with self.subTest(code=code), self.net.misbehaving(rule("read", "errno", code)):
                    self.assert_an_error(code, errno_of(os.pread, piece.fileno(), 10, 100))
                    self.assert_an_error(code, errno_of(os.pread, small.fileno(), 3, 0))
                    for name in ("lines/3", "lines.tsv", "rows/5-6", "rows.tsv"):
                        self.assert_an_error(code, errno_of(read, m.p("big.log/" + name)))
                self.assertEqual(os.pread(piece.fileno(), 10, 100), self.lines[192 * K + 100:][:10])

    def test_of_readdir(self):
        m = self.mounted_on_net()
        for code in ERRNOS:
            if code == errno.ENOENT:  # means to the C library that the directory ends here
                continue
            with self.subTest(code=code), self.net.misbehaving(rule("readdir", "errno", code)):
                self.assert_an_error(code, errno_of(os.listdir, m.p("dir")))
        self.assertEqual(os.listdir(m.p("dir")), ["in"])

    def test_a_table_never_ends_early(self):
        """The table of a file with holes, which asks the file at each line."""
        path = self.source / "holes"
        with open(path, "wb") as file:
            for i in range(8):
                file.seek(256 * K * i)
                file.write(b"x" * 4096)
        m = self.mounted_on_net()
        whole = read(m.p("holes/extents.tsv"))
        self.assertGreater(whole.count(b"\n"), 2)
        for code in ERRNOS:
            if code == errno.ESTALE:
                continue
            with open(m.p("holes/extents.tsv"), "rb", buffering=0) as table:
                with self.subTest(code=code), self.net.misbehaving(rule("getattr", "errno", code, path="/holes")):
                    try:
                        got = b"".join(iter(lambda: table.read(1 << 16), b""))
                    except OSError as error:
                        self.assert_an_error(code, errno.errorcode[error.errno])
                    else:
                        self.assertEqual(got, whole)

    def test_a_seek_finds_no_end_that_is_none(self):
        m = self.mounted_on_net()
        path = self.source / "holes"
        with open(path, "wb") as file:
            file.truncate(512 * K)
            file.seek(256 * K)
            file.write(b"data" * 1024)
        with open(m.p("holes/bytes@1M/0"), "rb", buffering=0) as piece:
            self.assertEqual(os.lseek(piece.fileno(), 0, os.SEEK_DATA), 256 * K)
            with self.net.misbehaving(rule("getattr", "errno", errno.ENXIO, path="/holes")):
                error = errno_of(os.lseek, piece.fileno(), 4096, os.SEEK_DATA)
                self.assertNotEqual(error, "ENXIO")


if __name__ == "__main__":
    harness.main()
