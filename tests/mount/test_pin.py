# SPDX-License-Identifier: MIT
"""FILE/pin and pin=WORD (DESIGN 2): a view of one content and no other, on every host, however late."""

import errno
import mmap
import os
import random
import shutil
import threading
import time

import harness
import spanning
from harness import K, M, read
from spanning import View, random_lines, random_view
from support import errno_of
from test_generated import WAYS
from unruly import Unruly, rule

BLOCK = 4 * K
FIXED = "1000003-c87ad9456ae373a8d98490e36bcbd2de"  # of test_a_fixed_word
SHARE = 16  # a change of one stretch of 1/16 of a file always meets a sampled block


def lines(kind, size):
    """`size` bytes of whole lines that say which content they belong to."""
    data = b"".join(b"%s %07d %s\n" % (kind.encode(), n, b"x" * (n * 7 % 40)) for n in range(size // 14))
    return data[:data.rindex(b"\n", 0, size) + 1]


def write_at(path, data, offset):
    with open(path, "r+b", buffering=0) as file:
        file.seek(offset)
        file.write(data)


def append(path, data):
    with open(path, "ab", buffering=0) as file:
        file.write(data)


class PinTest(spanning.Checker):
    def setUp(self):
        super().setUp()
        self.file = self.source / "a.log"

    def start(self, data, *options):
        """Write the file, mount, and return its directory."""
        self.file.write_bytes(data)
        return self.mount(None, "--min-size", "0", *options).p("a.log")

    def word(self, directory):
        text = read(os.path.join(directory, "pin")).decode()
        self.assertRegex(text, r"\A[1-9][0-9]*-[0-9a-f]{32}\n\Z")
        self.assertEqual(int(text.split("-")[0]), os.stat(os.path.join(directory, "whole")).st_size)
        return text[:-1]

    def assert_stale(self, directory, word, handles=()):
        """Every look-up, listing and read of a view of another content."""
        for view in ("bytes@", "lines@n4,", "lines@header,", "rows@n3,", "bytes@from=5,"):
            path = os.path.join(directory, view + "pin=" + word)
            self.assertEqual(errno_of(os.stat, path), "ESTALE", path)
            self.assertEqual(errno_of(os.listdir, path), "ESTALE", path)
            for name in ("0", "000001", "no such name"):
                self.assertEqual(errno_of(read, os.path.join(path, name)), "ESTALE", path + name)
            self.assertEqual(errno_of(os.stat, path + ".tsv"), "ESTALE", path)
            self.assertEqual(errno_of(read, path + ".tsv"), "ESTALE", path)
        for name in ("bytes@pin=%s/0+5", "bytes@pin=%s/-5", "rows@pin=%s/1-2", "rows@pin=%s/-2"):
            self.assertEqual(errno_of(read, os.path.join(directory, name % word)), "ESTALE", name)
        for handle in handles:
            self.assertEqual(errno_of(os.pread, handle, 100, 0), "ESTALE")


class WordTest(PinTest):
    """The file `pin`."""

    def test_equal_on_every_host_and_copy(self):
        """Other inodes, times, names, file systems and mounts."""
        generator = random.Random(harness.seed(self.id()))
        roots = [self.source, self.filesystem("tmpfs", 64 * M), self.filesystem("ext4", 64 * M)]
        sizes = [1, 5, 4095, 4096, 4097, 8191, 8192, 8193, 136 * K - 1, 136 * K, 136 * K + 1, 300001, 5 * M + 7]
        for size in sizes:
            data = generator.randbytes(size)
            for number, root in enumerate(roots):
                (root / ("f%d%s" % (size, "." + "x" * number))).write_bytes(data)
                os.utime(root / ("f%d%s" % (size, "." + "x" * number)), (number * 1000 + 7, number * 1000 + 7))
        mounts = [self.mount(root, "--min-size", "0", "--cache", cache)
                  for root, cache in zip(roots, ("kernel", "none", "kernel"))]
        words = [[self.word(mount.p("f%d%s" % (size, "." + "x" * number))) for size in sizes]
                 for number, mount in enumerate(mounts)]
        self.assertEqual(words[1], words[0])
        self.assertEqual(words[2], words[0])
        self.assertEqual(len(set(words[0])), len(sizes))

    def test_a_fixed_word(self):
        """The layout never changes: words are kept in scripts, and go from host to host."""
        directory = self.start(bytes(n * n * 7 % 251 for n in range(1000003)))
        self.assertEqual(self.word(directory), FIXED)

    def test_any_byte_of_a_small_file(self):
        """Up to 136 KiB every byte counts."""
        generator = random.Random(harness.seed(self.id()))
        for size in (1, 4097, 136 * K):
            data = bytearray(generator.randbytes(size))
            names = []
            for number, at in enumerate([None, 0, size - 1] + [generator.randrange(size) for _ in range(12)]):
                changed = bytearray(data)
                if at is not None:
                    changed[at] ^= 1 << generator.randrange(8)
                names.append((bytes(changed), "s%d-%d" % (size, number)))
                self.write(names[-1][1], changed)
            mount = self.mount(None, "--min-size", "0")
            words = {content: self.word(mount.p(name)) for content, name in names}
            self.assertEqual(len(set(words.values())), len(words))

    def test_a_stretch_of_a_large_file(self):
        """A sixteenth of the file anywhere."""
        generator = random.Random(harness.seed(self.id()))
        data = generator.randbytes(4 * M + 77)
        for number in range(8):
            at = generator.randrange(len(data) - len(data) // SHARE) if number else 0
            changed = data if not number else data[:at] + bytes(len(data) // SHARE) + data[at + len(data) // SHARE:]
            self.write("f%d" % number, changed)
        mount = self.mount(None, "--min-size", "0")
        words = [self.word(mount.p("f%d" % number)) for number in range(8)]
        self.assertNotIn(words[0], words[1:])

    def test_found_and_not_listed(self):
        directory = self.start(lines("a", 300 * K))
        self.assertNotIn("pin", os.listdir(directory))
        self.assertEqual(errno_of(os.stat, os.path.join(directory, "pin.tsv")), "ENOENT")
        self.assertEqual(errno_of(os.listdir, os.path.join(directory, "pin")), "ENOTDIR")
        self.assertEqual(errno_of(os.stat, os.path.join(directory, "xpin")), "ENOENT")
        self.word(directory)
        self.assertNotIn("rows", os.listdir(directory), "it made an index")

    def test_its_size_once_open(self):
        """Read in every way there is, each in a mount in which nothing was read before."""
        self.start(lines("a", 300 * K))
        wanted = None
        for way in WAYS:
            path = self.mount(None, "--min-size", "0").p("a.log", "pin")
            got = way(path, self.tmp / "copy")
            wanted = wanted or read(path)
            self.assertEqual(got, wanted, way.__name__)

    def test_it_follows_the_file(self):
        """The file grows, or is rewritten: a new word. One that is open stays as it is, or is stale."""
        directory = self.start(lines("a", 300 * K))
        word = self.word(directory)
        with open(os.path.join(directory, "pin"), "rb", buffering=0) as file:
            append(self.file, b"more\n")
            self.assertEqual(os.pread(file.fileno(), 100, 0), word.encode() + b"\n")
            longer = self.word(directory)
            self.assertNotEqual(longer, word)
        with open(os.path.join(directory, "pin"), "rb", buffering=0) as file:
            write_at(self.file, b"A", 0)
            time.sleep(1.2)  # what the kernel has cached is believed for a second
            self.assertEqual(errno_of(os.pread, file.fileno(), 100, 0), "ESTALE")
        self.assertEqual(self.word(directory).split("-")[0], longer.split("-")[0])
        self.assertNotEqual(self.word(directory), longer)

    def test_while_the_file_grows(self):
        """Each read gives a word, which names what the file began with."""
        data = lines("a", 4 * M)
        directory = self.start(data[:M])
        stop = threading.Event()

        def grow():
            place = M
            while not stop.is_set() and place < len(data):
                append(self.file, data[place:place + 999])
                place += 999
        writer = threading.Thread(target=grow)
        writer.start()
        try:
            words = [self.word_of_some_size(directory) for _ in range(60)]
        finally:
            stop.set()
            writer.join()
        for number, word in enumerate(words[::10]):
            self.write("c%d" % number, data[:int(word.split("-")[0])])
            self.assertEqual(self.word(os.path.join(directory, "..", "c%d" % number)), word)

    def word_of_some_size(self, directory):
        return read(os.path.join(directory, "pin")).decode()[:-1]


class ViewTest(PinTest):
    """Views of the content that a word names."""

    def check_random(self, *options):
        """Views of the first SIZE bytes, of a file that has grown since, and on another mount from the start."""
        generator = random.Random(harness.seed(self.id()))
        found, words = {}, {}
        for number in range(8):
            name = "f%d%s" % (number, generator.choice(["", ".log"]))
            found[name] = random_lines(generator, generator.choice([50, 3000, 90000, 300000]))
            self.write(name, found[name])
        mounts = [self.mount(None, "--min-size", "0", *options)]
        for name in found:
            words[name] = self.word(mounts[0].p(name))
        for step in range(3):
            for name, data in found.items():
                for mount in mounts:
                    for _ in range(4):
                        view, wanted = random_view(generator, data, words[name])
                        with self.subTest(step=step, name=name, view=view):
                            self.check_view(mount.p(name), view, wanted, generator)
                append(self.source / name, random_lines(generator, generator.choice([5, 4000, 90000])))
            if step == 0:
                mounts.append(self.mount(None, "--min-size", "0", *options))

    def test_random_views(self):
        self.check_random()

    def test_without_the_kernels_cache(self):
        self.check_random("--cache", "none")

    def test_malformed_words(self):
        directory = self.start(lines("a", 300 * K))
        word = self.word(directory)
        size, digest = word.split("-")
        for wrong in ("", size, digest, "0" + word, word + "0", word[:-1], word.upper() + "A", "-" + digest,
                      "0-" + digest, "+" + word, "99999999999999999999-" + digest, size + "-" + digest[:-1] + "g"):
            for path in ("bytes@pin=%s", "lines@pin=%s.tsv", "rows@5,pin=%s/0"):
                self.assertEqual(errno_of(os.stat, os.path.join(directory, path % wrong)), "ENOENT", wrong)
        for view in ("extents@pin=" + word, "bytes@pin=%s,pin=%s" % (word, word), "bytes@to=%d,pin=%s" % (int(size) + 1, word),
                     "bytes@from=%d,pin=%s" % (int(size) + 1, word)):
            self.assertEqual(errno_of(os.stat, os.path.join(directory, view)), "ENOENT", view)

    def test_another_word(self):
        """Well-formed, but of no content, of another, or of a longer one."""
        directory = self.start(lines("a", 300 * K))
        size, digest = self.word(directory).split("-")
        for wrong in ("%s-%s" % (size, digest[::-1]), "%d-%s" % (int(size) - 1, digest), "%d-%s" % (int(size) + 1, digest)):
            self.assert_stale(directory, wrong)

    def test_from_the_end(self):
        directory = self.start(lines("a", 300 * K))
        word = self.word(directory)
        append(self.file, b"more\n")
        view = os.path.join(directory, "lines@n3,from=%s,pin=%s" % (word.split("-")[0], word))
        self.assertEqual(os.listdir(view), [])
        self.assertEqual(read(view + ".tsv"), spanning.HEADING.encode() + b"\n")

    def test_ends_inside_a_record(self):
        """The last record is cut at SIZE, in all views."""
        data = lines("a", 300 * K) + b"half of a"
        directory = self.start(data)
        word = self.word(directory)
        append(self.file, b" line\nand more\n")
        count = data.count(b"\n") + 1
        for name, wanted in (("lines@n4,pin=%s/3", None), ("rows@pin=%s/-1", b"half of a"),
                             ("rows@pin=%%s/%d-%d" % (count, count + 5), b"half of a"), ("bytes@pin=%s/-4", b"of a"),
                             ("rows@pin=%%s/%d+9" % (count + 1), b"")):
            got = read(os.path.join(directory, name % word))
            self.assertEqual(got if wanted is not None else got[-9:], wanted if wanted is not None else b"half of a", name)
        self.assertEqual(errno_of(read, os.path.join(directory, "rows@pin=%s/%d+1" % (word, count + 2))), "ENOENT")


class ChangeTest(PinTest):
    """What happens to a pinned view when the file changes."""

    SIZE = 2 * M

    def prepare(self, *options):
        """A file, its word, and open pieces of pinned views."""
        self.old = lines("old", self.SIZE)
        self.dir = self.start(self.old, *options)
        self.pin = self.word(self.dir)
        self.handles = []
        for view in ("bytes@n4,pin=%s/1", "lines@n4,pin=%s/2", "lines@n4,header,pin=%s/3", "rows@n9,pin=%s/5",
                     "bytes@pin=%s/77+99999"):
            self.handles.append(os.open(os.path.join(self.dir, view % self.pin), os.O_RDONLY))
            self.addCleanup(os.close, self.handles[-1])
            self.assertEqual(len(os.pread(self.handles[-1], 100, 0)), 100)

    def assert_alive(self, directory=None):
        for view, wanted in (("lines@n5,pin=", View("lines", "n5", self.old)), ("rows@n3,pin=", View("rows", "n3", self.old))):
            for number, content in enumerate(wanted.contents()):
                self.assertEqual(read(os.path.join(directory or self.dir, view + self.pin, str(number))), content)

    def assert_dead(self):
        """At once for every fresh look-up, also on a mount that has never seen the old content."""
        self.assert_stale(self.dir, self.pin)
        self.assert_stale(self.mount(None, "--min-size", "0").p("a.log"), self.pin)
        for handle in self.handles:  # what the kernel has cached may be read, and is of the old content
            got = errno_of(os.pread, handle, 64 * K, 256 * K)
            self.assertIn(got, ("ESTALE", None))

    def assert_handles_dead(self):
        """Reads that reach the driver, with --cache none."""
        for handle in self.handles:
            self.assertEqual(errno_of(os.pread, handle, 4096, 4096), "ESTALE")
        self.assert_dead()

    def test_appended(self):
        self.prepare()
        for _ in range(3):
            append(self.file, lines("more", 200 * K))
            self.assert_alive()
            for handle in self.handles:
                self.assertEqual(len(os.pread(handle, 100, 50)), 100)
        self.assert_alive(self.mount(None, "--min-size", "0").p("a.log"))

    def test_rewritten(self):
        self.prepare("--cache", "none")
        write_at(self.file, lines("new", self.SIZE)[:len(self.old)], 0)
        self.assert_handles_dead()

    def test_rewritten_and_grown(self):
        """By one write, so that the size never was the old one."""
        self.prepare("--cache", "none")
        write_at(self.file, lines("new", self.SIZE * 5 // 4), 0)
        self.assert_handles_dead()

    def test_a_stretch_rewritten_and_grown(self):
        """The ends stay. The samples that bigfs itself takes of a file that grows are others, and are compared from time
        to time only."""
        generator = random.Random(harness.seed(self.id()))
        for number in range(6):
            self.file = self.source / ("a%d.log" % number)
            self.old = lines("old", self.SIZE)
            self.file.write_bytes(self.old)
            directory = self.mount(None, "--min-size", "0", "--cache", "none").p(self.file.name)
            word = self.word(directory)
            append(self.file, lines("more", self.SIZE * 3))
            handle = os.open(os.path.join(directory, "bytes@n4,pin=%s/3" % word), os.O_RDONLY)
            self.addCleanup(os.close, handle)
            table = os.open(os.path.join(directory, "lines@n400,pin=%s.tsv" % word), os.O_RDONLY)
            self.addCleanup(os.close, table)
            os.pread(handle, 10, 0)
            time.sleep(0.05)
            os.pread(handle, 10, 0)  # the word is remembered from now on
            length = len(self.old) // SHARE
            at = generator.randrange(BLOCK, len(self.old) - length - BLOCK)
            descriptor = os.open(self.file, os.O_WRONLY)
            os.pwrite(descriptor, lines("new", length + 100)[:length], at)
            os.pwrite(descriptor, b"grown\n", os.fstat(descriptor).st_size)
            os.close(descriptor)
            for wait in (0, 0, 0.6, 0):  # the first read finds the file grown, the last one finds nothing in doubt
                time.sleep(wait)
                self.assertEqual(errno_of(os.pread, handle, 100, 1000), "ESTALE")
                self.assertEqual(errno_of(os.pread, table, 100, 0), "ESTALE")
            self.assert_stale(directory, word)

    def test_rewritten_with_the_mtime_set_back(self):
        self.prepare("--cache", "none")
        before = os.stat(self.file)
        write_at(self.file, lines("new", self.SIZE // 4), self.SIZE // 2)
        os.utime(self.file, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assert_handles_dead()

    def test_only_the_mode(self):
        self.prepare()
        os.chmod(self.file, 0o600)
        self.assert_alive()

    def test_truncated(self):
        self.prepare("--cache", "none")
        os.truncate(self.file, len(self.old) - 1)
        self.assert_handles_dead()

    def test_truncated_and_appended_to(self):
        """As log rotation with copytruncate does."""
        self.prepare("--cache", "none")
        os.truncate(self.file, 0)
        append(self.file, lines("new", self.SIZE * 2))
        self.assert_handles_dead()

    def test_replaced_by_a_copy(self):
        """The same content in another file: fresh look-ups go on."""
        self.prepare()
        shutil.copyfile(self.file, self.tmp / "copy")
        os.rename(self.tmp / "copy", self.file)
        time.sleep(1.2)  # names are believed for a second
        self.assert_alive()

    def test_replaced_by_another_file(self):
        self.prepare()
        (self.tmp / "other").write_bytes(lines("new", self.SIZE)[:len(self.old)])
        os.rename(self.tmp / "other", self.file)
        time.sleep(1.2)
        self.assert_dead()

    def test_back_again(self):
        """The old content is written again: the word is right again."""
        self.prepare()
        write_at(self.file, b"X", 0)
        self.assert_dead()
        write_at(self.file, self.old[:1], 0)
        self.assert_alive()

    def test_an_open_listing_and_table(self):
        self.prepare()
        table = os.open(os.path.join(self.dir, "lines@n500,pin=%s.tsv" % self.pin), os.O_RDONLY)
        self.addCleanup(os.close, table)
        view = os.open(os.path.join(self.dir, "lines@n5,pin=%s" % self.pin), os.O_RDONLY)
        self.addCleanup(os.close, view)
        write_at(self.file, b"X", 0)
        self.assertEqual(errno_of(os.listdir, view), "ESTALE")
        self.assertEqual(errno_of(os.fstat, view), None)  # attributes are believed for a second
        time.sleep(1.2)
        self.assertEqual(errno_of(os.fstat, view), "ESTALE")
        self.assertEqual(errno_of(os.fstat, table), "ESTALE")


class SecondsTest(PinTest):
    """Time stamps of whole seconds: two contents may have the same ones."""

    def test_within_the_second(self):
        self.require(os.geteuid() == 0, "an ext4 needs root")
        image, root = self._fresh("image"), self._fresh("ext4")
        image.touch()
        os.truncate(image, 128 * M)
        root.mkdir()
        harness.run("mkfs.ext4", "-q", "-F", "-I", "128", image)
        self._finally(harness._unmount_filesystem, (root, image))
        harness.run("mount", "-o", "loop", image, root)
        self.file = root / "a.log"
        self.file.write_bytes(old := lines("old", M))
        directory = self.mount(root, "--min-size", "0", "--cache", "none").p("a.log")
        word = self.word(directory)
        append(self.file, lines("more", 40 * M))  # so that the samples that bigfs itself takes hardly meet the old part
        view, length = os.path.join(directory, "bytes@n4,pin=%s/2" % word), len(old) // SHARE
        for step in range(6):
            harness.wait_for(lambda: time.time() % 1 < 0.2, 5, "a second begins")
            append(self.file, b"more\n")  # a time stamp that is not past
            handle = os.open(view, os.O_RDONLY)
            self.assertEqual(os.pread(handle, 100, 0), old[len(old) // 2:][:100])
            write_at(self.file, b"\0" * length, step * 2 * length + BLOCK)  # in the same second, of the same size
            for place in (200, 300):
                self.assertEqual(errno_of(os.pread, handle, 100, place), "ESTALE", step)
            os.close(handle)
            self.assert_stale(directory, word)
            write_at(self.file, old, 0)
            self.assertEqual(read(view), View("bytes", "n4", old).contents()[2])


class LongWriteTest(PinTest):
    """One write(2) that takes long: its bytes come from a mapping of a file that hangs."""

    WRITTEN = 256 * K  # before it hangs

    def check(self, kind):
        """It begins after an append that bigfs has not seen, and has not yet come to a block of the word. A reader of
        what it has written waits for its end, and then knows."""
        directory = self.filesystem(kind, 256 * M)
        self.write("bytes", b"\0" * M * 24)
        net = Unruly(self, self.source)
        path = directory / "a.log"
        path.write_bytes(old := lines("old", 48 * M))
        os.utime(path, (1, 1))
        view = self.mount(directory, "--min-size", "0", "--cache", "none").p("a.log")
        view = os.path.join(view, "bytes@pin=" + self.word(view), "0+1T")
        for step, place in enumerate((10 * M, 21 * M, 32 * M)):  # each with bytes that have not been read before
            handle = os.open(view, os.O_RDONLY)
            self.addCleanup(os.close, handle)
            self.assertEqual(os.pread(handle, 100, place), old[place:place + 100])
            time.sleep(0.05)
            with open(os.path.join(net.path, "bytes"), "rb") as source, \
                    mmap.mmap(source.fileno(), 8 * M, prot=mmap.PROT_READ, offset=step * 8 * M) as mapped, \
                    open(path, "r+b", buffering=0) as file:
                net.rules(rule("read", "hang", start=step * 8 * M + self.WRITTEN, end=(step + 1) * 8 * M))
                append(path, b"grown\n")
                file.seek(place)
                writer = threading.Thread(target=file.write, args=(mapped,))
                writer.start()
                net.wait_held()
                got = []
                reader = threading.Thread(target=lambda: got.append(errno_of(os.pread, handle, 100, place)))
                reader.start()
                time.sleep(0.3)
                net.let_go()
                reader.join()
                writer.join()
            self.assertEqual(got, ["ESTALE"], kind)
            write_at(path, old[place:place + 8 * M], place)

    def test_ext4(self):
        self.check("ext4")

    def test_tmpfs(self):
        self.check("tmpfs")


class JobTest(PinTest):
    """A job of 16 tasks, each of which reads its piece: one content, or a failure."""

    TASKS = 16

    def task(self, directory, word, number):
        return read(os.path.join(directory, "lines@n%d,pin=%s" % (self.TASKS, word), str(number)))

    def test_rewritten_in_its_middle(self):
        """After any task: the next one fails, on this host and on another."""
        old, new = (lines(kind, M) for kind in ("old", "new"))
        new = new[:len(old)].ljust(len(old), b"\n")
        for after in range(1, self.TASKS, 3):
            self.file.write_bytes(old)
            hosts = [self.mount(None, "--min-size", "0").p("a.log") for _ in range(2)]
            word = self.word(hosts[0])
            for number in range(after):
                self.assertEqual(self.task(hosts[number % 2], word, number), View("lines", "n16", old).contents()[number])
            write_at(self.file, new, 0)
            for number in range(after, self.TASKS):
                self.assertEqual(errno_of(self.task, hosts[number % 2], word, number), "ESTALE", (after, number))

    def rewrite(self, old, new, how, generator):
        """All blocks, in steps; some in an order of their own, some with growth."""
        with open(self.file, "r+b", buffering=0) as file:
            steps = list(range(0, len(old), 64 * K))
            if how == "in any order":
                generator.shuffle(steps)
            if how == "after growth":
                file.seek(0, os.SEEK_END)
                file.write(b"grown\n" * 100)
            for step in steps:
                file.seek(step)
                file.write(new[step:min(step + 64 * K, len(old))])
                if how == "while it grows":
                    file.seek(0, os.SEEK_END)
                    file.write(b"grown\n")
                time.sleep(generator.random() / 2000)

    def test_rewritten_while_it_runs(self):
        """At any moment. If the job ends well, all that it read is the old content."""
        generator = random.Random(harness.seed(self.id()))
        old, new = lines("old", 4 * M), lines("new", 5 * M)
        directory = self.start(old)
        ended_well = 0
        for trial in range(16):
            self.file.write_bytes(old)
            word = self.word(directory)
            how = generator.choice(["in order", "in any order", "after growth", "while it grows"])
            results = [None] * self.TASKS
            pauses = [generator.random() * 0.02 for _ in range(self.TASKS)]

            def work(first):
                for number in range(first, self.TASKS, 4):
                    time.sleep(pauses[number])
                    try:
                        results[number] = self.task(directory, word, number)
                    except OSError as error:
                        results[number] = error
            workers = [threading.Thread(target=work, args=(first,)) for first in range(4)]
            for worker in workers:
                worker.start()
            time.sleep(generator.random() * 0.06)
            self.rewrite(old, new, how, generator)
            for worker in workers:
                worker.join()
            failed = [result for result in results if isinstance(result, OSError)]
            self.assertLessEqual({error.errno for error in failed}, {errno.ESTALE}, how)
            if not failed:
                ended_well += 1
                self.assertEqual(b"".join(results), old, how)
            self.assertEqual(errno_of(self.task, directory, word, 0), "ESTALE", how)
        self.assertLess(ended_well, 16)


if __name__ == "__main__":
    harness.main()
