# SPDX-License-Identifier: MIT
"""Hosts that see one content agree on pieces, tables, pins, checksums, ranges and errors, whatever inode, device, file
system, times and holes each of them sees (DESIGN 3, stateless boundaries). BIGFS_COPIES: how many files (1000)."""

import gzip
import json
import os
import random
import time

import copying
import harness
import model
from compressing import need
from copying import BLOCK, RECORDS, attempt
from harness import K, M, read, run
from rowing import IndexTest, index_files, ragged, scanned
from support import KINDS, bigfs, counter
from unruly import Unruly, rule

FILES = int(os.environ.get("BIGFS_COPIES", "1000"))
COMMON = ("--chunk-size", "16K", "--rows", "1K", "--format", "csv=csv", "--format", "fq=fastq", "--format", "log=entry",
          *(word for pair in RECORDS.items() for word in ("--record", "%s=%s" % pair)))
HOSTS = {  # what differs between hosts, beside the file system
    "ext4": (),
    "xfs": ("--cache", "none", "--window-size", "64K", "--extents", "fiemap"),
    "btrfs": ("--threads", "2"),
    "tmpfs": ("--window-total", "1M", "--decode-memory", "4M"),
}


class File:
    """A file that two hosts have, what is asked of it, and how."""

    def __init__(self, r, number):
        self.name, self.data, self.inner, content = copying.random_file(r, number)
        self.hosts, self.content = r.sample(KINDS, 2), content or b"x"
        self.chance = random.Random(r.randrange(1 << 32))  # so that the next file does not depend on this one's views
        self.picks = [0, 0.999999, *(self.chance.random() for _ in range(2))]

    def choose_view(self, word):
        """Once the word is known."""
        self.view = copying.random_view(self.chance, len(self.content), word)
        self.leaves = copying.random_ranges(self.chance, self.view, self.content)


class CopiesTest(harness.MountTest):
    """Four hosts: mounts of four file systems, each with an index directory of its own."""

    def setUp(self):
        super().setUp()
        need(self, "zstd")
        self.random = random.Random(harness.seed(self.id()))
        self.indexes = self.filesystem("tmpfs", 128 * M)
        self.roots = {kind: self.filesystem(kind, 320 * M) for kind in KINDS}

    def options(self, host):
        return (*COMMON, "--index-dir", self.indexes / host)

    def start(self):
        """The copies are written out first, at once: a file system tells the holes of a file once it has its blocks."""
        harness.run("sync", "-f", *self.roots.values())
        self.mounts = {kind: self.mount(self.roots[kind], "--min-size", "0", *self.options(kind), *HOSTS[kind])
                       for kind in KINDS}

    def directory(self, file, host):
        return self.mounts[host].p(file.name, file.inner)

    def on_both(self, function, file):
        return [function(file, host) for host in file.hosts]

    def assert_agree(self, function, file):
        one, other = self.on_both(function, file)
        if one != other:
            at = next((what for what in one if one[what] != other.get(what)), "?")
            self.fail("%s %r: %s/%s: %r: %.300r is not %.300r" % (file.hosts, file.name, file.inner, file.view, at,
                                                              one.get(at), other.get(at)))

    def look(self, file, host):
        """All that is shown of the view, and the view of the word that the other host tells. The hosts ask in opposite
        orders, so that each knows other things when it is asked."""
        directory = self.directory(file, host)
        questions = [lambda: copying.pieces(directory, file.view, file.picks),
                     lambda: copying.ranges(directory, file.leaves),
                     lambda: copying.beside(self.roots[host], directory, file.view),
                     lambda: copying.pieces(directory, "lines@n4,pin=" + file.words[host], (0, 0.3, 0.6, 0.9))]
        step = 1 if host == file.hosts[0] else -1
        found = [question() for question in questions[::step]][::step]
        return {(number, what): answer for number in range(len(found)) for what, answer in found[number].items()}

    def listed(self, file, host):
        """bigfs --list, in both forms."""
        path, view = self.roots[host] / file.name, os.path.join(file.inner, file.view)
        found = {}
        for form in ((), ("--json",)):
            code, text, errors = bigfs("--list", *form, *self.options(host), path, view)
            found[form] = code, errors.replace(str(self.roots[host]), ""), self.without_holes(text, form)
        return found

    @staticmethod
    def without_holes(text, form):
        if not form or not text:
            return copying.without_data_bytes(os.fsencode(text))
        return [{name: value for name, value in row.items() if name != "data_bytes"} for row in json.loads(text)]

    def words_of(self, file):
        """Each host's word for the other; a file that has no view has none."""
        words = self.on_both(lambda file, host: attempt(read, os.path.join(self.directory(file, host), "pin")), file)
        self.assertEqual(*words, file.name)
        words = [word.decode().strip() if isinstance(word, bytes) else "1-" + "0" * 32 for word in words]
        file.words = dict(zip(file.hosts, reversed(words)))
        return words[0]

    def test_random_files_and_views(self):
        """A thousand files, each on two of four hosts."""
        files = [File(self.random, number) for number in range(FILES)]
        for file in files:
            paths = [os.fsencode(self.roots[host] / file.name) for host in file.hosts]
            copying.write_copies(self.random, paths, file.data)
        self.start()
        for file in files:  # all at first: a checksum waits until its file has been known for a moment
            file.choose_view(self.words_of(file))
        for number, file in enumerate(files):
            self.assert_agree(self.look, file)
            if number % 32 == 0:
                self.assert_agree(self.listed, file)

    def test_zeros_that_are_holes(self):
        """In each format, between bytes that mean something to one of them: a hole is what its zeros are."""
        names = ["f%d" % number for number in range(len(copying.AROUND_ZEROS))]
        for name, (last, first) in zip(names, copying.AROUND_ZEROS):
            before = copying.words(self.random, BLOCK - 1).ljust(BLOCK - 1, b"x") + last
            data = before + bytes(3 * BLOCK) + first + copying.words(self.random, 3000) + b"\n1\n2\n"
            for kind, layout in zip(KINDS, (copying.dense, copying.with_all_holes) * 2):
                copying.write_copy(self.random, os.fsencode(self.roots[kind] / name), data, layout)
        self.start()
        for name in names:
            for view in ("lines@n9,%s", "lines@n3,header=2,%s", "rows@7,%s"):
                for form in copying.FORMATS:
                    one, *others = [copying.pieces(mount.p(name), view % form, (0, 0.5, 0.9))
                                    for mount in self.mounts.values()]
                    for other in others:
                        self.assertEqual(other, one, (name, view % form))

    def test_files_that_grew(self):
        """One host has seen the file grow, the other sees it first when it is whole: they agree."""
        files = [File(self.random, number) for number in range(FILES // 10)]
        for file in files:
            file.before = file.chance.randrange(1, len(file.data) + 1)
            for host, data in zip(file.hosts, (file.data[:file.before], file.data)):
                copying.write_copies(self.random, [os.fsencode(self.roots[host] / file.name)], data)
        self.start()
        for file in files:  # what is found now is remembered
            file.choose_view("%d-%032x" % (len(file.data), 0))
            file.words = dict.fromkeys(file.hosts, "%d-%032x" % (file.before, 0))
            self.look(file, file.hosts[0])
        for file in files:
            with open(self.roots[file.hosts[0]] / file.name, "ab", buffering=0) as grown:
                grown.write(file.data[file.before:])
        time.sleep(1.2)  # for so long the kernel believes sizes
        for file in files:
            self.words_of(file)
        for file in files:
            self.assert_agree(self.look, file)


class OneFileTest(IndexTest):
    """One file that hosts see in different ways, as on a shared file system. They share an index directory."""

    MADE, FOUND = (True, 0), (False, 3)

    def setUp(self):
        super().setUp()
        self.data = ragged(1, 700 * K)
        self.write("a.log", self.data)
        self.write("b.log.gz", gzip.compress(self.data))

    def net(self, *rules):
        """Another host's sight of the source: of another device."""
        net = Unruly(self, self.source, rules=rules)
        self.assertNotEqual(os.stat(net.path).st_dev, os.stat(self.source).st_dev)
        return net.path

    def use(self, source):
        """Ask for records by number. Whether it scanned, and how many indexes and maps it found."""
        mount = self.mount(source, "--min-size", "0", "--index-dir", self.dir)
        for directory in ("a.log", "b.log.gz/plain"):
            self.assertEqual(read(mount.p(directory, "rows/1000+9")), model.Rows(self.data).lines(1000, 9))
        done = scanned(mount) > 0, counter(mount, "bigfs_index_files_found_total")
        mount.unmount()
        return done

    def test_all_that_is_shown(self):
        """Through another device, another inode number, and a bind mount."""
        generator = random.Random(harness.seed(self.id()))
        bound = self.tmp / "bound"
        bound.mkdir()
        run("mount", "--bind", self.source, bound)
        self._finally(harness._unmount_filesystem, (bound, None))
        roots = [self.source, self.net(rule("getattr", "add_ino", 1000)), bound, self.net()]
        self.assertNotEqual(*(os.stat(os.path.join(root, "a.log")).st_ino for root in roots[:2]))
        mounts = [self.mount(root, "--min-size", "0", "--index-dir", self.dir / str(number), *COMMON)
                  for number, root in enumerate(roots)]
        for name in ("a.log", "b.log.gz", "b.log.gz/plain") * 5:
            directories = [mount.p(name) for mount in mounts]
            words = [read(os.path.join(directory, "pin")) for directory in directories]
            self.assertEqual(words, words[:1] * 4)
            view = copying.random_view(generator, len(self.data), words[0].decode().strip())
            leaves = copying.random_ranges(generator, view, self.data)
            found = [{**copying.pieces(directory, view, (0, 0.5, 0.9)), **copying.ranges(directory, leaves),
                      **copying.beside(root, directory, view)} for root, directory in zip(roots, directories)]
            for other in found[1:]:
                self.assertTrue(other == found[0], (name, view))

    def mount_elsewhere(self, root):
        """Mount a file system anew, with another device number, as another host would have it."""
        device, loop = os.stat(root).st_dev, run("findmnt", "-no", "SOURCE", root).decode().strip()
        image = run("losetup", "-nO", "BACK-FILE", loop).decode().strip()
        while os.stat(root).st_dev == device:
            run("umount", root)
            for kind in ("ext4", "tmpfs"):  # these take the numbers that are free: of a loop device, of none
                self.filesystem(kind, M)
            run("mount", "-o", "loop", image, root)

    def test_another_device_shares_the_index(self):
        """An index is of a file system, by its UUID, wherever that is mounted. (XFS tells it since Linux 6.9.)"""
        for kind in ("ext4", "btrfs", "xfs")[:3 if harness.kernel() >= (6, 9) else 2]:
            root = self.filesystem(kind, M)
            for path in self.source.iterdir():
                (root / path.name).write_bytes(read(path))
            self.assertEqual(self.use(root), self.MADE)
            self.mount_elsewhere(root)
            self.assertEqual(self.use(root), self.FOUND, kind)

    def test_without_a_uuid(self):
        """A file system that has none, as most that are shared: the inode number must be the same."""
        self.assertEqual(self.use(self.net()), self.MADE)
        self.assertEqual(self.use(self.net()), self.FOUND)

    def test_another_inode_number(self):
        """A host that sees another one has an index of its own. Neither drives the other out."""
        self.assertEqual(self.use(self.net()), self.MADE)
        self.assertEqual(self.use(self.net(rule("getattr", "add_ino", 1000))), self.MADE)
        self.assertEqual(len(index_files(self.dir)), 4)
        self.assertEqual(self.use(self.net()), self.FOUND)
        self.assertEqual(self.use(self.net(rule("getattr", "add_ino", 1000))), self.FOUND)


if __name__ == "__main__":
    harness.main()
