# SPDX-License-Identifier: MIT
"""The end of a mount, whatever its source does, and its beginning, whatever signal comes: nothing is left."""

import fcntl
import os
import select
import shutil
import signal
import stat
import subprocess
import time

import harness
from harness import K, M, mounted, pread, read, wait_for
from support import SANITIZED, assert_alive, bigfs, daemons, metrics, preload
from unruly import Unruly, rule

SECONDS = 30  # for what must happen soon, even on a busy machine
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def make_far(path):
    """Forty small files, each in a directory of its own."""
    for number in range(40):
        (path / ("d%d" % number)).mkdir(parents=True)
        (path / ("d%d" % number) / "f").write_bytes(b"x")


def unmount_all(path):
    """Unmount everything there, one over the other."""
    while mounted(path) and subprocess.run(["umount", "-l", str(path)], capture_output=True).returncode == 0:
        pass


class LifecycleTest(harness.MountTest):
    def begin(self, *argv, **options):
        """A program beside the test; it ends with the test, at the latest."""
        program = subprocess.Popen([*map(str, argv)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, **options)

        def end(process):
            process.kill()
            process.wait()
        self._finally(end, program)
        return program

    def become_nobody(self):
        """What the mount of another user needs."""
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "becoming another user needs root and setpriv")
        mode = stat.S_IMODE(os.stat("/dev/fuse").st_mode)
        os.chmod("/dev/fuse", 0o666)  # as udev has it; not so in every container
        self._finally(lambda old: os.chmod("/dev/fuse", old), mode)
        self.tmp.chmod(0o755)
        works = subprocess.run([*NOBODY, harness.BIGFS, "-V"], capture_output=True).returncode == 0
        self.require(works, "user nobody cannot reach the binary")


class StuckEndTest(LifecycleTest):
    """Requests hang in a part of the source, in threads stuck in the kernel that nothing can kill."""

    def setUp(self):
        super().setUp()
        make_far(self.tmp / "far")
        self.lines = b"".join(b"%07d\n" % n for n in range(4 * M))
        (self.tmp / "far" / "large.log").write_bytes(self.lines)
        self.write("ok.txt", b"ok\n")
        self.net = Unruly(self, self.tmp / "far", "-o", "allow_other,direct_io", at=self.source / "net")

    def start(self, *options, **how):
        mount = self.mount(None, "--min-size", "1M", "--index-dir", self.tmp / "index", *options, **how)
        self.assertEqual(read(mount.p("net", "d0", "f")), b"x")
        return mount

    def hang(self, mount, count=1):
        """So many readers, each of a file of its own, that hang."""
        self.net.rules(rule("getattr", "hang", path="/d"))
        readers = [self.begin("stat", mount.p("net", "d%d" % n, "f")) for n in range(1, count + 1)]
        self.net.wait_held()
        return readers

    def assert_ends(self, mount, readers):
        """Nothing is mounted, and the readers have got an answer, though their requests hang as before."""
        wait_for(lambda: not mounted(mount.path), SECONDS, "the mount is gone")
        self.assertEqual(os.listdir(mount.path), [])
        for reader in readers:
            self.assertNotEqual(reader.wait(SECONDS), 0)
        self.assertGreater(self.net.held(), 0)
        self.net.let_go()
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "bigfs ends when the kernel lets go")
        self.assertEqual(mount.exit_code(), 0, mount.log())

    def test_each_signal(self):
        for number in SIGNALS:
            for foreground in (True, False):
                if (number, foreground) == (signal.SIGHUP, False):
                    continue  # tests/mount/test_log.py
                with self.subTest(signal=number.name, foreground=foreground):
                    mount = self.start(foreground=foreground)
                    readers = self.hang(mount)
                    self.assertIn("bigfs", read(mount.p(".bigfs", "version")).decode())
                    mount.kill(number)
                    self.assert_ends(mount, readers)

    def test_many_stuck_and_a_second_signal(self):
        """Of every kind, more than there are threads."""
        mount = self.start()
        handle = os.open(mount.p("net", "large.log", "bytes", "0"), os.O_RDONLY)
        self.addCleanup(os.close, handle)
        self.net.rules(*(rule(operation, "hang") for operation in ("open", "readdir", "read")))
        readers = [self.begin("cat", mount.p("net", "d%d" % n, "f")) for n in range(40)]
        readers += [self.begin("ls", mount.p("net")) for _ in range(10)]
        readers += [self.begin("cat", mount.p("net", "large.log", "lines", str(n))) for n in range(10)]
        self.net.wait_held(2)
        mount.kill(signal.SIGTERM)
        mount.kill(signal.SIGTERM)
        mount.kill(signal.SIGINT)
        self.assert_ends(mount, readers)

    def test_an_index_that_is_stuck(self):
        """Its threads are held, and so are the readers that wait for it; it leaves no file."""
        mount = self.start()
        self.net.rules(rule("read", "hang", path="/large.log", start=8 * M, end=9 * M))
        reader = self.begin("cat", mount.p("net", "large.log", "rows", "0"))
        self.net.wait_held()
        mount.kill(signal.SIGTERM)
        self.assert_ends(mount, [reader])
        self.assertEqual([p for p in (self.tmp / "index").rglob("*") if p.suffix == ".tmp"], [])

    def test_a_sample_that_is_stuck(self):
        """A thread of the sampler is held; the reader has its bytes."""
        mount = self.start()
        self.net.rules(rule("read", "delay", 30, path="/large.log"),  # too slow to be sampled when it is opened
                       rule("read", "hang", path="/large.log", start=8 * M, end=24 * M))
        self.assertEqual(pread(mount.p("net", "large.log", "bytes", "0"), 8, 0), self.lines[:8])
        self.net.wait_held()
        mount.kill(signal.SIGTERM)
        self.assert_ends(mount, [])

    def test_a_lazy_unmount_from_outside(self):
        """A hanging reader keeps the mount, and the kernel does not report the unmount."""
        for command in (["fusermount3", "-u", "-z"], ["umount", "-l"]):
            if command[0] == "umount" and os.geteuid() != 0:
                continue
            with self.subTest(command=command):
                mount = self.start()
                readers = self.hang(mount)
                harness.run(*command, mount.path)
                self.assert_ends(mount, readers)

    def test_a_lazy_unmount_leaves_what_is_open(self):
        """If nothing hangs, an open file is served until it is closed."""
        mount = self.start()
        handle = os.open(mount.p("net", "large.log", "bytes", "0"), os.O_RDONLY)
        try:
            harness.run("fusermount3", "-u", "-z", mount.path)
            self.assertEqual(os.pread(handle, len(self.lines), 0), self.lines[:os.fstat(handle).st_size])
            self.assertIsNone(mount.exit_code())
        finally:
            os.close(handle)
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "bigfs ends with the last file")

    def test_a_users_mount(self):
        self.become_nobody()
        for foreground in (True, False):
            point = self._fresh("user")
            point.mkdir()
            os.chown(point, 65534, 65534)
            words = ["-f"] if foreground else []
            command = self.begin(*NOBODY, harness.BIGFS, *words, "--index-dir", "none", self.source, point)
            wait_for(lambda: mounted(point), SECONDS, "the mount")
            self._finally(unmount_all, point)
            if not foreground:
                self.assertEqual(command.wait(SECONDS), 0)
            self.net.rules(rule("getattr", "hang", path="/d"))
            reader = self.begin(*NOBODY, "stat", point / "net" / "d1" / "f")
            self.net.wait_held()
            for pid in daemons(point):
                os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not mounted(point), SECONDS, "the mount is gone")
            self.assertNotEqual(reader.wait(SECONDS), 0)
            self.net.let_go()
            wait_for(lambda: not daemons(point) or (foreground and command.poll() is not None), SECONDS, "the end")

    def test_another_mount_over_ours(self):
        """It is not the one that a signal unmounts."""
        self.require(os.geteuid() == 0, "mounting needs root")
        mount = self.start()
        harness.run("mount", "-t", "tmpfs", "over", mount.path)
        self._finally(unmount_all, mount.path)
        mount.allowed_trouble.append("cannot be unmounted")
        mount.kill(signal.SIGTERM)
        wait_for(lambda: mount.exit_code() is not None, SECONDS, "the end")
        self.assertEqual(os.statvfs(mount.path).f_bfree > 0, True)
        harness.run("umount", mount.path)
        self.assertRaises(OSError, os.listdir, mount.path)
        harness.run("umount", mount.path)


# Sends a signal at a moment of the start: before or after mount(2), to the process or to the one that waits for it.
AT_THE_START = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include <string.h>
static int is(const char *what) { return strcmp(MOMENT, what) == 0; }
static void now(void) { kill(TO_PARENT ? getppid() : getpid(), SIGNAL); if (TO_PARENT) poll(0, 0, 100); }
int mount(const char *from, const char *to, const char *type, unsigned long flags, const void *data)
{
    int (*real)(const char *, const char *, const char *, unsigned long, const void *) = dlsym(RTLD_NEXT, "mount");
    if (is("before")) now();
    int result = real(from, to, type, flags, data);
    if (is("after")) now();
    return result;
}
ssize_t recvmsg(int fd, struct msghdr *message, int flags) /* a descriptor from fusermount3 */
{
    ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
    ssize_t result = real(fd, message, flags);
    if (is("after")) now();
    return result;
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) /* that all is well */
{
    ssize_t (*real)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
    if (is("ready")) now();
    return real(fd, bytes, length, flags);
}
"""


class StartTest(LifecycleTest):
    """A signal at any moment of the start: the command ends, and neither a mount nor a process is left."""

    def setUp(self):
        super().setUp()
        self.write("a.txt", b"a\n")
        self.point = self.tmp / "point"
        self.point.mkdir()
        self._finally(unmount_all, self.point)

    def check(self, moment, number, to_parent, words, wrapper=()):
        env = preload(self, AT_THE_START, MOMENT=moment, SIGNAL=int(number), TO_PARENT=int(to_parent))
        os.chmod(env["LD_PRELOAD"], 0o755)
        code, _, errors = bigfs(*words, "--index-dir", "none", self.source, self.point, env=env, wrapper=wrapper)
        wait_for(lambda: not daemons(self.point), SECONDS, "no process is left")
        self.assertFalse(mounted(self.point), errors)
        self.assertEqual(os.listdir(self.point), [])
        return code, errors

    def test_in_the_foreground(self):
        for moment in ("before", "after"):
            for number in SIGNALS:
                with self.subTest(moment=moment, signal=number.name):
                    self.assertEqual(self.check(moment, number, False, ["-f"]), (0, ""))

    def test_in_the_background(self):
        """To the command, as ^C in a terminal goes, or to the daemon, as a shutdown does."""
        for moment in ("before", "after", "ready"):
            for number in SIGNALS:
                with self.subTest(moment=moment, signal=number.name):
                    self.assertEqual(self.check(moment, number, True, [])[0], -number)
                    if (moment, number) == ("ready", signal.SIGHUP):
                        continue  # a daemon may be free by then, and go on
                    self.assertNotIn(self.check(moment, number, False, [])[0], (None, 0) if moment != "ready" else ())

    def test_the_command_is_killed(self):
        for moment in ("before", "after", "ready"):
            with self.subTest(moment=moment):
                self.assertEqual(self.check(moment, signal.SIGKILL, True, [])[0], -signal.SIGKILL)

    def test_a_users_mount(self):
        self.become_nobody()
        os.chown(self.point, 65534, 65534)
        for words, to_parent in ((["-f"], False), ([], True), ([], False)):
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(words=words, to_parent=to_parent, signal=number.name):
                    self.check("after", number, to_parent, words, wrapper=NOBODY)

    def test_nohup(self):
        """What the caller ignores stays ignored, if it is SIGHUP."""
        mount = self.mount(wrapper=["sh", "-c", 'trap "" HUP; exec "$@"', "sh"])
        mount.kill(signal.SIGHUP)
        time.sleep(0.2)
        assert_alive(self, mount)
        self.assertEqual(read(mount.p("a.txt")), b"a\n")


class InheritedTest(LifecycleTest):
    def test_descriptors_of_the_caller(self):
        """A lock and a pipe of the caller are free as soon as the caller has gone; standard error stays."""
        self.write("a.txt", b"a\n")
        lock = open(self._fresh("lock"), "w")
        self.addCleanup(lock.close)
        fcntl.flock(lock, fcntl.LOCK_EX)
        for foreground in (True, False):
            ours, theirs = os.pipe()
            os.set_inheritable(theirs, True)
            os.set_inheritable(lock.fileno(), True)
            mount = self.mount_with(foreground, theirs, lock.fileno())
            os.close(theirs)
            ready = select.select([ours], [], [], SECONDS)[0]  # at its end, as no process has the other end
            self.assertEqual((ready, ready and os.read(ours, 1)), ([ours], b""))
            os.close(ours)
            self.assertNotIn(lock.name, mount.fds())
        lock.close()
        with open(lock.name) as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def mount_with(self, foreground, *descriptors):
        """A mount whose caller has these descriptors open, under the same numbers."""
        popen = subprocess.Popen

        def with_descriptors(*arguments, **options):
            return popen(*arguments, **options, pass_fds=descriptors)
        subprocess.Popen = with_descriptors
        try:
            return self.mount(foreground=foreground)
        finally:
            subprocess.Popen = popen


class FileSizeTest(LifecycleTest):
    """RLIMIT_FSIZE: what is too large to be written is an error, not a signal; nothing half is left."""

    FEW = ("prlimit", "--fsize=100:100")  # less than the head of an index

    def setUp(self):
        super().setUp()
        self.data = b"".join(b"%07d\n" % n for n in range(M))
        self.write("a.log", self.data)

    def assert_no_files(self):
        self.assertEqual([p for p in (self.tmp / "index").rglob("*") if p.is_file()], [])

    def test_an_index_of_a_mount(self):
        mount = self.mount(None, "--min-size", "1M", "--rows", "1K", "--index-dir", self.tmp / "index", wrapper=self.FEW)
        mount.allowed_trouble.append("line index")
        self.assertEqual(read(mount.p("a.log", "rows", "1")), self.data[8000:16000])
        assert_alive(self, mount)
        self.assert_no_files()

    def test_the_index_command(self):
        code, _, errors = bigfs("--index", "--index-dir", self.tmp / "index", self.source / "a.log", wrapper=self.FEW)
        self.assertEqual(code, 1, errors)
        self.assert_no_files()


# Allocations from LEAST bytes on fail, one of EVERY, while FLAG is there.
NO_MEMORY = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
extern void *__libc_malloc(size_t); extern void *__libc_calloc(size_t, size_t); extern void *__libc_realloc(void *, size_t);
static unsigned number;
static int fails(size_t size)
{
    if (size < LEAST || access(FLAG, F_OK) != 0) return 0;
    if ((__atomic_add_fetch(&number, 1, __ATOMIC_RELAXED) * 2654435761u >> 8) % EVERY != 0) return 0;
    errno = ENOMEM;
    return 1;
}
void *malloc(size_t size) { return fails(size) ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails(count * size) ? NULL : __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return fails(size) ? NULL : __libc_realloc(old, size); }
"""


class MemoryTest(LifecycleTest):
    def setUp(self):
        super().setUp()
        if SANITIZED:
            self.skipTest("a sanitizer has an allocator of its own")

    def mount_without(self, least, every, *options):
        self.flag = self.tmp / "flag"
        env = preload(self, NO_MEMORY, FLAG=self.flag, LEAST=least, EVERY=every)
        return self.mount(None, *options, env=env)

    def test_all_workers_receive_when_memory_is_short(self):
        """Workers get their receive buffers before the first request."""
        make_far(self.tmp / "far")
        self.write("ok.txt", b"ok\n")
        net = Unruly(self, self.tmp / "far", at=self.source / "net")
        mount = self.mount_without(512 * K, 1)
        self.flag.touch()
        net.rules(rule("open", "hang"))
        readers = [self.begin("cat", mount.p("net", "d%d" % n, "f")) for n in range(6)]
        net.wait_held(2)
        self.assertEqual(read(mount.p("ok.txt")), b"ok\n")
        net.let_go()
        self.assertEqual([reader.wait(SECONDS) for reader in readers], [0] * 6)
        self.flag.unlink()
        assert_alive(self, mount)

    def test_any_allocation_may_fail(self):
        """One in three, five, … fails, on every path: those requests fail, with an error or a right answer."""
        data = b"".join(b"%07d\n" % n for n in range(64 * K))
        self.write("a.log", data)
        large = self.write("large.log", b"".join(b"%07d\n" % n for n in range(3 * M)))  # a reader waits for its index
        self.write("dir/small.txt", b"small\n")
        (self.source / "link").symlink_to("a.log")
        failed = 0
        for least, every in ((0, 1), (0, 3), (0, 13), (256, 2), (256, 5)):
            mount = self.mount_without(least, every, "--min-size", "64K", "--chunk-size", "64K", "--rows", "10K",
                                       "--index-dir", self._fresh("index"), *(["--cache", "none"] * (every % 2)))
            mount.allowed_trouble += ["allocate", "memory", "line index", "request"]
            expected = {
                "a.log/bytes/1": data[64 * K:128 * K], "a.log/lines/2": data[128 * K:192 * K],
                "a.log/rows/1": data[80000:160000], "dir/small.txt": b"small\n", "a.log/whole.log": data,
                "large.log/rows/1": pread(large, 80000, 80000),
                "a.log/lines@n3/0": None, "a.log/bytes.tsv": None, "a.log/rows.tsv": None, "a.log/extents/0+524288": data,
                ".bigfs/status": None, ".bigfs/metrics": None,
            }
            self.flag.touch()
            for _ in range(20):
                for name, right in expected.items():
                    try:
                        got = read(mount.p(name))
                        if right is not None:
                            self.assertEqual(got, right, name)
                    except OSError:
                        failed += 1
                for name in ("", "a.log", "a.log/lines", "a.log/rows", "dir"):
                    try:
                        os.listdir(mount.p(name))
                        os.readlink(mount.p("link"))
                        os.statvfs(mount.p(name))
                    except OSError:
                        failed += 1
                self.assertIsNone(mount.exit_code(), mount.log())
            self.flag.unlink()
            time.sleep(1.1)  # for that long the kernel caches names and attributes
            for name, right in expected.items():
                got = read(mount.p(name))
                if right is not None:
                    self.assertEqual(got, right, name)
            if least > 0:  # else libfuse, too, has no memory, and drops a request to close a file
                self.assertEqual(metrics(mount)["bigfs_open_handles"], 0)
            mount.unmount()
        self.assertGreater(failed, 100)


if __name__ == "__main__":
    harness.main()
