# SPDX-License-Identifier: MIT
"""Real input: the tar of Debian's Linux source, and the machine's own package lists (issue 2, 2)."""

import glob
import hashlib
import os
import shutil
import subprocess

import harness
import model
from harness import M, read, run

TARBALLS = "/usr/src/linux-source-*.tar.xz"
LISTS = "/var/lib/apt/lists/*_Packages*"


def package_lists():
    """The machine's package lists, unpacked, one after the other; else dpkg's status file."""
    texts = []
    for path in sorted(glob.glob(LISTS)):
        if shutil.which("lz4") and path.endswith(".lz4"):
            texts.append(run("lz4", "-dc", path))
        elif os.path.exists("/usr/lib/apt/apt-helper"):
            texts.append(run("/usr/lib/apt/apt-helper", "cat-file", path))
    for path in ("/var/lib/dpkg/status", "/var/lib/dpkg/available"):
        if os.path.exists(path):
            texts.append(read(path))
    return b"".join(texts)


class TarTest(harness.MountTest):
    """1.3 GB of text with NULs and long lines."""

    def test_linux_source(self):
        """Its pieces in order have its digest, the same counts, and none cuts a line."""
        tarballs = sorted(glob.glob(TARBALLS))
        self.require(tarballs and shutil.which("xz"), "no %s (apt install linux-source), or no xz" % TARBALLS)
        tar = self.source / "linux-source.tar"
        with open(tar, "wb") as target:
            subprocess.run(["xz", "-T0", "-dc", tarballs[-1]], stdout=target, check=True)
        mount = self.mount()
        for view in ("lines", "bytes@n5"):
            self.check_digest(mount.p(tar.name, view), tar)
        self.check_counts(mount.p(tar.name, "lines"), tar)
        self.check_boundaries(mount.p(tar.name, "lines@1M.tsv"), tar)

    def check_digest(self, directory, tar):
        """cat of the pieces is the tar."""
        digests = []
        for paths in ([os.path.join(directory, name) for name in sorted(os.listdir(directory))], [tar]):
            digest = hashlib.blake2b()
            for path in paths:
                with open(path, "rb") as file:
                    while block := file.read(4 * M):
                        digest.update(block)
            digests.append(digest.hexdigest())
        self.assertEqual(*digests, directory)

    def check_counts(self, directory, tar):
        """A parallel grep over the pieces counts what grep counts on the tar."""
        job = "grep -a -c GPL {} || test $? = 1"  # 1: nothing found
        counts = run("sh", "-c", 'ls "$1"/* | xargs -P4 -I{} sh -c "$2"', "sh", directory, job).split()
        self.assertEqual(sum(map(int, counts)), int(run("grep", "-a", "-c", "GPL", tar)))

    def check_boundaries(self, table, tar):
        """Each boundary of a fine cut is the first record at or after its place, by a plain scan of the tar."""
        rows = [line.split(b"\t") for line in read(table).splitlines()[1:]]
        size = os.stat(tar).st_size
        self.assertEqual(len(rows), -(-size // M))
        position = 0
        with open(tar, "rb") as file:
            for number, (name, offset, length, _) in enumerate(rows):
                self.assertEqual(name, b"%06d.tar" % number)
                self.assertEqual(int(offset), position)
                self.assertEqual(int(offset), self.first_record(file, number * M, size))
                position += int(length)
        self.assertEqual(position, size)

    def first_record(self, file, place, size):
        """Where the first record at or after place begins."""
        if place == 0:
            return 0
        file.seek(place - 1)
        file.readline()
        return min(file.tell(), size)


class PackageListTest(harness.MountTest):
    """The machine's own package lists."""

    def test_package_lists(self):
        """Every cut covers them; the packages counted on the pieces are those in the lists."""
        data = package_lists()
        self.require(len(data) > 1000, "no package lists (apt update)")
        self.write("Packages.txt", data)
        mount = self.mount(None, "--chunk-size", "1M", "--min-size", "0")
        for view in ("lines", "lines@n16", "lines@64K", "bytes", "bytes@n3"):
            kind, _, argument = view.partition("@")
            directory = mount.p("Packages.txt", view)
            names = sorted(os.listdir(directory))
            pieces = model.cut(kind, argument or "1M", data)
            self.assertEqual(len(names), len(pieces))
            for name, (offset, length) in zip(names, pieces):
                self.assertTrue(read(os.path.join(directory, name)) == data[offset:offset + length], (view, name))
        counted = [int(run("awk", "/^Package: /{n++} END{print n+0}", mount.p("Packages.txt", "lines@n4", str(k))))
                   for k in range(4)]
        self.assertEqual(sum(counted), data.count(b"\nPackage: ") + data.startswith(b"Package: "))


if __name__ == "__main__":
    harness.main()
