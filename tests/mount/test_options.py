# SPDX-License-Identifier: MIT
"""The command (DESIGN 3 options, 5): what it accepts and refuses, how it starts and how it ends. Each case looks at
the exit code, at standard error and at what is mounted afterwards."""

import contextlib
import os
import re
import shutil
import signal
import stat
import subprocess

import harness
from harness import K, mounted, read, wait_for
from support import LAG, NOBODY, CommandTest, bigfs, daemons, errno_of, flags, pieces

DATA = CommandTest.DATA


class AcceptedTest(CommandTest):
    """Every option does what the table says, in its long form and in its -o form."""

    @staticmethod
    def forms(name, value=None):
        """The ways to write an option."""
        word = name.replace("-", "_")
        if value is None:
            return [["--" + name], ["-o", word]]
        forms = [["--%s=%s" % (name, value)], ["-o", "%s=%s" % (word, value)], ["-o%s=%s,ro" % (word, value)]]
        if name != "header":  # its value is optional, so it is never a separate word
            forms.append(["--" + name, value])
        return forms

    @contextlib.contextmanager
    def mounted_with(self, form, *others):
        """A mount with an option in one of its forms, and other options, in a subtest."""
        with self.subTest(option=form):
            mount = self.mount(None, *others, *form)
            yield mount
            mount.unmount()

    def listing(self, mount, *parts):
        return sorted(os.listdir(mount.p(*parts)))

    def test_chunk_size(self):
        """--chunk-size: the pieces of bytes and lines, and so of --min-size; suffixes in either case."""
        for value, size in (("64K", 64 * K), ("100k", 100 * K), ("100000", 100000)):
            for form in self.forms("chunk-size", value):
                with self.mounted_with(form) as mount:
                    wanted = pieces("lines", str(size), DATA)
                    self.assertEqual(len(self.listing(mount, "app.log", "bytes")), -(-len(DATA) // size))
                    self.assertEqual([read(mount.p("app.log/lines/%d" % k)) for k in range(len(wanted))], wanted)

    def test_chunk_size_of_larger_units(self):
        """M, G and T are powers of 1024: the file is smaller than any of them, and stays a file."""
        for value in ("1M", "1m", "1G", "1g", "1T", "1t", "7T"):
            mount = self.mount(None, "--chunk-size", value)
            self.assertTrue(stat.S_ISREG(os.stat(mount.p("app.log")).st_mode))
            mount.unmount()

    def test_min_size(self):
        """--min-size: smaller files stay files; with 0 every non-empty file is a directory, an empty one is not."""
        self.write("limit", b"x" * 1000)
        self.write("below", b"x" * 999)
        self.write("empty", b"")
        for value, large in (("1000", ["app.log", "limit"]), ("0", ["app.log", "below", "limit"]), ("1T", [])):
            for form in self.forms("min-size", value):
                with self.mounted_with(form) as mount:
                    found = [name for name in self.listing(mount) if os.path.isdir(mount.p(name))]
                    self.assertEqual(found, large)

    def test_views(self):
        """--views: what a listing shows; the others are found by name all the same."""
        shown = {"bytes": ["bytes", "bytes.tsv"], "lines": ["lines", "lines.tsv"], "whole": ["whole.log"]}
        for names in (["bytes"], ["lines"], ["whole"], ["lines", "whole"], ["bytes", "lines", "whole"]):
            wanted = sorted(name for view in names for name in shown[view])
            for form in (["--views", ",".join(names)], ["--views=" + ",".join(names)]):
                mount = self.mount(None, "--min-size", "0", *form)
                self.assertEqual(self.listing(mount, "app.log"), wanted, form)
                for other in ("whole.log", "bytes/0", "lines/0", "bytes@n1/0"):
                    self.assertEqual(read(mount.p("app.log", other)), DATA)
                mount.unmount()
        for form in ("views=lines", r"views=lines\,whole"):  # in -o a comma in the value is escaped, as in libfuse
            mount = self.mount(None, "--min-size", "0", "-o", form)
            self.assertEqual("whole.log" in self.listing(mount, "app.log"), "whole" in form)
            mount.unmount()

    def test_header(self):
        """--header[=H]: every piece of lines begins with the file's first H lines, once; bytes does not."""
        lines, plain = DATA.splitlines(True), pieces("lines", str(64 * K), DATA)
        for value, count in ((None, 1), ("1", 1), ("3", 3)):
            for form in self.forms("header", value):
                with self.mounted_with(form, "--chunk-size", "64K") as mount:
                    head = b"".join(lines[:count])
                    self.assertEqual([read(mount.p("app.log/lines/%d" % k)) for k in range(len(plain))],
                                     [plain[0], *(head + piece for piece in plain[1:])])
                    self.assertEqual(read(mount.p("app.log/bytes/1")), DATA[64 * K:128 * K])

    def test_windows_threads_and_cache(self):
        """--window-size, --window-total, --threads and --cache change no byte."""
        for name, values in (("window-size", ("64K", "1M", "1G")), ("window-total", ("64M", "2G")),
                             ("threads", ("1", "2", "16")), ("cache", ("kernel", "none"))):
            for value in values:
                for form in self.forms(name, value):
                    with self.mounted_with(form) as mount:
                        self.assertEqual(read(mount.p("app.log")), DATA)

    def test_all_at_once(self):
        """Options together, in one -o and out of order with the other arguments."""
        options = "chunk_size=64K,min_size=1K,window_size=1M,window_total=8M,cache=none,threads=2,views=bytes"
        process = self.foreground("-o", options, self.source, "-f", self.point, "-o", "allow_other")
        self.assertEqual(sorted(os.listdir(self.point / "app.log")), ["bytes", "bytes.tsv"])
        self.assertEqual(read(self.point / "app.log/bytes/1"), DATA[64 * K:128 * K])
        harness.run("fusermount3", "-u", self.point)
        self.assertEqual(process.wait(LAG), 0)

    def test_help_and_version(self):
        """--help=all names every option on standard output, -h fits 80x24, -V names the program and a version."""
        for word in ("-h", "--help"):
            code, output, errors = bigfs(word)
            self.assertEqual((code, errors), (0, ""))
            self.assertLessEqual(len(output.splitlines()), 24)
            self.assertLessEqual(max(map(len, output.splitlines())), 80)
            self.assertEqual(bigfs("--help=all")[::2], (0, ""))
            for option in ("chunk-size", "min-size", "views", "header", "window-size", "window-total", "cache",
                           "threads", "-f", "-d", "-o", "-h", "-V"):
                self.assertIn(option, bigfs("--help=all")[1])
        for word in ("-V", "--version"):
            code, output, errors = bigfs(word)
            self.assertEqual((code, errors), (0, ""))
            self.assertRegex(output, r"\Abigfs \d+\.\d+[^\n]*\nlibfuse: 3\.\d+[^\n]*\nkernel protocol: 7\.\d+ [^\n]*\n"
                                     r"vector path: [^\n]+\n")
        self.assertEqual(bigfs("-h", self.source, self.point)[0], 0)
        self.assertFalse(mounted(self.point))

    def test_debug_stays_in_the_foreground(self):
        """-d, as every FUSE program has it: implies -f."""
        process = self.foreground("-d", self.source, self.point)
        self.assertEqual(read(self.point / "app.log"), DATA)
        self.assertIsNone(process.poll())
        harness.run("fusermount3", "-u", self.point)
        self.assertEqual(process.wait(LAG), 0)


class RefusedTest(CommandTest):
    """DESIGN 5: one line on standard error that says what, exit 1 (usage: 2), nothing mounted."""

    def test_options_unknown_or_out_of_range(self):
        """Exit 2 for each bad value of each option, in both forms."""
        sizes = ("0", "-1", "", "x", "64X", "1.5M", "64MB", " 1M", "1M ", "0x10", "+1M", "99999999999999999999",
                 "16777216T", "M", "1 M")
        bad = {"chunk-size": sizes, "window-size": sizes, "window-total": sizes,
               "min-size": ("-1", "", "x", "64X", "99999999999999999999"),
               "views": ("", "foo", "bytes,foo", "bytes,,lines", ","), "header": ("x", "-1", "", "1,2"),
               "cache": ("", "foo", "Kernel", "kernel,none"), "threads": ("0", "-1", "x", "", "99999999999")}
        for name, values in bad.items():
            for value in values:
                with self.subTest(option=name, value=value):
                    self.assert_refused(2, "--%s=%s" % (name, value), self.source, self.point, about=name)
                    if "," not in value:
                        word = name.replace("-", "_")
                        self.assert_refused(2, "-o", "%s=%s" % (word, value), self.source, self.point)

    def test_unknown_options(self):
        """An unknown option, or one without its value: exit 2 and its name."""
        for words in (["--nosuch"], ["--nosuch=1"], ["-Z"], ["--chunk-sizes=1M"]):
            with self.subTest(words=words):
                self.assert_refused(2, *words, self.source, self.point, about=words[0].split("=")[0])
        self.assert_refused(2, self.source, self.point, "--chunk-size")

    def test_unknown_mount_options(self):
        """-o is passed to libfuse and the kernel; what they do not know is refused in one line too."""
        for form in (["-o", "nosuchoption"], ["-o", "chunk_size=1M,nosuchoption=1"], ["-f", "-o", "nosuchoption"]):
            with self.subTest(form=form):
                code, _, errors = bigfs(*form, self.source, self.point)
                self.assertIn(code, (1, 2), errors)
                self.assert_refused(code, *form, self.source, self.point, about="nosuchoption")

    def test_the_wrong_number_of_arguments(self):
        """Usage: exit 2."""
        for words in ([], [self.source], [self.source, self.point, self.point], ["-f"], ["-o", "ro", self.source]):
            with self.subTest(words=words):
                self.assert_refused(2, *words)

    def test_what_they_say(self):
        """What is wrong, and what to do; whatever is in a word, it is one line."""
        size = "give a SIZE from 1, such as 512K, 64M or 2G"
        two = "bigfs takes two paths, as in bigfs /data /mnt/chunks"
        for words, said in ((["--foo"], "unknown option --foo: see bigfs --help"),
                            (["-fZ"], "unknown option -Z: see bigfs --help"),
                            (["--a\nb\x1b[m"], "unknown option --a\\nb\\x1b[m: see bigfs --help"),
                            (["--chunk-size=64MB"], "--chunk-size=64MB: " + size),
                            (["-o", "ro,chunk_size=64MB"], "-o chunk_size=64MB: " + size),
                            (["--header", "2"], "--header=2: write a value with ="),
                            (["--index=1"], "--index takes no value: leave out =1"),
                            (["more"], "too many operands: more: " + two)):
            with self.subTest(words=words):
                self.assertEqual(bigfs(self.source, self.point, *words), (2, "", "bigfs: %s\n" % said))
        for words, said in (([], "missing SOURCE and MOUNTPOINT: " + two),
                            ([self.source], "missing MOUNTPOINT: " + two),
                            (["--chunk-size"], "--chunk-size needs a value: " + size)):
            with self.subTest(words=words):
                self.assertEqual(bigfs(*words), (2, "", "bigfs: %s\n" % said))

    def test_source_or_mountpoint_missing_or_not_a_directory(self):
        """Exit 1 and the path; in the background and in the foreground."""
        other = self.write("file", b"x")
        (self.tmp / "dangling").symlink_to("nowhere")
        fifo = self.tmp / "fifo"
        os.mkfifo(fifo)
        cases = [(self.tmp / "no", self.point, "no"), (self.source, self.tmp / "no", "no"),
                 (self.source, other, "file"), (self.tmp / "dangling", self.point, "dangling"),
                 (self.source, self.tmp / "dangling", "dangling"), (fifo, self.point, "fifo"),
                 ("/dev/null", self.point, "/dev/null")]
        for source, point, about in cases:
            for words in ([], ["-f"]):
                with self.subTest(source=source, point=point, words=words):
                    self.assert_refused(1, *words, source, point, about=about)

    def test_inside_one_another(self):
        """Neither may lie inside the other, nor be the other; also by way of a symbolic link, `..` or a file."""
        inner = self.source / "inner"
        inner.mkdir()
        (self.tmp / "link").symlink_to(inner)
        below = self.point / "below"
        below.mkdir()
        (self.point / "file").write_bytes(b"x")
        for source, point in ((self.source, inner), (self.source, self.source), (below, self.point),
                              (self.source, self.tmp / "link"), (self.source, below / "../../source/inner"),
                              (self.point / "file", self.point), (self.source, "%s/" % self.source)):
            with self.subTest(source=source, point=point):
                self.assert_refused(1, source, point)
                self.assertFalse(mounted(inner) or mounted(self.source))

    def test_a_neighbour_with_the_same_beginning_is_not_inside(self):
        """/a/point2 is not inside /a/point."""
        neighbour = self.tmp / "point2"
        neighbour.mkdir()
        (neighbour / "x").write_bytes(b"x")
        self.in_background(neighbour, self.point)
        self.assertEqual(os.listdir(self.point), ["x"])
        harness.run("fusermount3", "-u", self.point)
        self.assert_nothing_left()

    def test_a_dead_mount(self):
        """A mount over one whose daemon was killed: one line that says what to do; after that it works."""
        pid = self.in_background(self.source, self.point)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: errno_of(os.listdir, self.point) == "ENOTCONN", LAG, "the mount is dead")
        for words in ([], ["-f"]):
            code, _, errors = bigfs(*words, self.source, self.point)
            self.assertEqual(code, 1, errors)
            self.assertRegex(errors, r"\A[^\n]*%s[^\n]*\n\Z" % re.escape(str(self.point)))
            self.assertIn("bigfs --unmount %s" % self.point, errors, "it does not say what to do")
        self.assertEqual(bigfs("--unmount", self.point), (0, "", ""))
        self.in_background(self.source, self.point)
        harness.run("fusermount3", "-u", self.point)
        self.assert_nothing_left()


class UnprivilegedTest(CommandTest):
    """The same as a user without rights."""

    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "becoming another user needs root and setpriv")
        mode = stat.S_IMODE(os.stat("/dev/fuse").st_mode)
        os.chmod("/dev/fuse", 0o666)  # as udev has it; not so in every container
        self.addCleanup(os.chmod, "/dev/fuse", mode)
        self.tmp.chmod(0o755)
        self.point.chmod(0o755)
        os.chown(self.point, 65534, 65534)
        works = subprocess.run([*NOBODY, harness.BIGFS, "-V"], capture_output=True).returncode == 0
        self.require(works, "user nobody cannot reach the binary")

    def test_a_source_that_is_not_readable(self):
        """Exit 1, one line, nothing mounted: a directory without r, one without x, a file without r."""
        for mode in (0o700, 0o711, 0o744):
            self.source.chmod(mode)
            with self.subTest(mode=oct(mode)):
                self.assert_refused(1, self.source, self.point, about=self.source, wrapper=NOBODY)
        self.source.chmod(0o755)
        (self.source / "app.log").chmod(0o600)
        self.assert_refused(1, self.source / "app.log", self.point, about="app.log", wrapper=NOBODY)

    def test_a_mountpoint_that_is_not_usable(self):
        """Exit 1, one line: of another user, closed or only not writable."""
        os.chown(self.point, 0, 0)
        for mode in (0o700, 0o755):
            self.point.chmod(mode)
            with self.subTest(mode=oct(mode)):
                self.assert_refused(1, self.source, self.point, about=self.point, wrapper=NOBODY)

    def test_a_start_that_fails_late(self):
        """What only mounting finds out makes the command fail too, also in the background."""
        conf = read("/etc/fuse.conf") if os.path.exists("/etc/fuse.conf") else b""
        self.require(not re.search(rb"^user_allow_other", conf, re.M), "here any user may say allow_other")
        for words in ([], ["-f"]):
            code, _, errors = bigfs(*words, "-o", "allow_other", self.source, self.point, wrapper=NOBODY)
            self.assertEqual(code, 1, errors)
            self.assertIn("allow_other", errors)
            self.assert_nothing_left()

    def test_a_users_mount(self):
        """A user mounts, reads and unmounts; what that user may not read gives EACCES; others are kept out."""
        self.write("secret.txt", b"secret\n").chmod(0o600)
        self.write("secret.log", DATA).chmod(0o600)
        self.in_background("--min-size", "64K", self.source, self.point, wrapper=NOBODY)
        self.assertLessEqual({"ro", "nosuid", "nodev", "user_id=65534"}, flags(self.point)[2])
        output = harness.run(*NOBODY, "cat", self.point / "app.log/whole.log")
        self.assertTrue(output == DATA)
        for name in ("secret.txt", "secret.log/whole.log", "secret.log/lines/0", "secret.log/bytes/0"):
            result = subprocess.run([*NOBODY, "cat", self.point / name], capture_output=True, text=True,
                                    env=dict(os.environ, LC_ALL="C"))
            self.assertEqual((result.stdout, "Permission denied" in result.stderr), ("", True), result.stderr)
        self.assertEqual(errno_of(os.listdir, self.point), "EACCES", "root is another user, too")
        harness.run(*NOBODY, "fusermount3", "-u", self.point)
        self.assert_nothing_left()


class StartAndEndTest(CommandTest):
    """In the background it returns when the mount answers; every way to end it leaves nothing."""

    def test_it_returns_when_the_mount_answers(self):
        """Twenty times: the first look after the return sees the source. (Its output is closed: bigfs() ends.)"""
        for _ in range(20):
            self.in_background(self.source, self.point)
            self.assertEqual(os.listdir(self.point), ["app.log"])
            harness.run("fusermount3", "-u", self.point)
            self.assert_nothing_left()

    def test_relative_paths(self):
        """The daemon leaves its working directory but keeps its paths, and keeps no directory busy."""
        self.assertEqual(bigfs("source", "point", cwd=self.tmp), (0, "", ""))
        self.write("later.txt", b"later\n")
        self.assertEqual(read(self.point / "later.txt"), b"later\n")
        harness.run("fusermount3", "-u", self.point)
        wait_for(lambda: not daemons("point"), LAG, "the daemon is gone")

    def test_a_daemon_is_its_own(self):
        """In the background: in a session of its own, at home in /."""
        pid = self.in_background(self.source, self.point)
        self.assertNotEqual(os.getsid(pid), os.getsid(0))
        self.assertEqual(os.readlink("/proc/%d/cwd" % pid), "/")
        harness.run("fusermount3", "-u", self.point)
        self.assert_nothing_left()

    def test_every_way_to_end_it(self):
        """fusermount3 -u, umount, SIGINT, SIGTERM: the foreground process exits 0, nothing is left."""
        ways = {"fusermount3": lambda process: harness.run("fusermount3", "-u", self.point),
                "umount": lambda process: harness.run("umount", self.point),
                "SIGINT": lambda process: process.send_signal(signal.SIGINT),
                "SIGTERM": lambda process: process.send_signal(signal.SIGTERM)}
        for name, way in ways.items():
            for held in (False, True):
                if held and "SIG" not in name:
                    continue  # busy, says the kernel, as of every mount
                with self.subTest(way=name, held=held):
                    process = self.foreground("-f", self.source, self.point)
                    descriptor = os.open(self.point / "app.log", os.O_RDONLY)
                    if not held:
                        os.close(descriptor)
                    way(process)
                    self.assertEqual(process.wait(LAG), 0)
                    self.assertFalse(mounted(self.point))
                    if held:  # the daemon is gone, and the file too: whatever close says
                        errno_of(os.close, descriptor)

    def test_signals_end_a_daemon(self):
        """SIGINT and SIGTERM unmount what runs in the background."""
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(self.in_background(self.source, self.point), number)
            self.assert_nothing_left()


class FlagsTest(CommandTest):
    """The kernel's view of the mount."""

    def seen(self, *options, source=None):
        """The mount's line with these options, after a look inside."""
        process = self.foreground("-f", *options, source or self.source, self.point)
        found = flags(self.point)
        wait_for(lambda: os.listdir(self.point) == ["app.log"], LAG, "the mount answers")
        self.assertEqual(errno_of(os.open, self.point / "new", os.O_WRONLY | os.O_CREAT), "EROFS")
        self.assertEqual(errno_of(os.unlink, self.point / "app.log"), "EROFS")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(LAG), 0)
        return found

    def test_safe_by_default(self):
        """Read-only, nosuid, nodev, whatever the options; type fuse.bigfs; the source by its name."""
        for options in ([], ["-o", "noatime"], ["-o", "rw"], ["-o", "dev,suid"], ["--cache", "none"]):
            with self.subTest(options=options):
                source, kind, found = self.seen(*options)
                self.assertEqual((source, kind), (str(self.source), "fuse.bigfs"))
                self.assertLessEqual({"ro", "nosuid", "nodev"}, found)

    def test_allow_other_brings_default_permissions(self):
        """So that no user reads through the mount what the source would deny."""
        self.assertNotIn("allow_other", self.seen()[2])
        self.assertLessEqual({"allow_other", "default_permissions", "ro", "nosuid", "nodev"},
                             self.seen("-o", "allow_other")[2])

    def test_options_go_to_the_kernel(self):
        """fsname and mount flags that are not bigfs's."""
        self.assertEqual(self.seen("-o", "fsname=mine")[0], "mine")
        self.assertIn("noexec", self.seen("-o", "noexec")[2])

    def test_a_source_that_is_one_file(self):
        """The mount's root is a directory with that one file."""
        self.assertEqual(self.seen(source=self.source / "app.log")[0], str(self.source / "app.log"))

    def test_mount_and_fstab(self):
        """`mount -t fuse.bigfs`, as fstab uses it: options by -o, the same flags, umount ends it."""
        self.require(os.geteuid() == 0 and os.path.exists("/sbin/mount.fuse"), "needs root and mount.fuse")
        (self.tmp / "bin").mkdir()
        (self.tmp / "bin" / "bigfs").symlink_to(harness.BIGFS)
        script = ('mount --bind "$1" /usr/local/sbin\n'  # mount(8) keeps no PATH; seen in this namespace only
                  'mount -t fuse.bigfs -o chunk_size=64K,cache=none,allow_other "$2" "$3"\n'
                  'ls "$3/app.log/bytes"; grep " $3 " /proc/self/mounts; umount "$3"\n')
        output = harness.run("unshare", "-m", "sh", "-ec", script, "sh", self.tmp / "bin", self.source, self.point)
        *names, line = output.decode().splitlines()
        self.assertEqual(names, ["%06d" % k for k in range(6)])
        source, _, kind, found = line.split()[:4]
        self.assertEqual((source, kind), (str(self.source), "fuse.bigfs"))
        self.assertLessEqual({"ro", "nosuid", "nodev", "allow_other", "default_permissions"}, set(found.split(",")))
        self.assert_nothing_left()


if __name__ == "__main__":
    harness.main()
