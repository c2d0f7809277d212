# SPDX-License-Identifier: MIT
"""Trouble that is not the reader's fault (DESIGN 5): bad blocks, a source that does not answer, a lease, closed
descriptors at the start, directories that may be passed but not listed."""

import errno
import fcntl
import os
import signal
import subprocess
import threading
import time

import harness
from harness import K, M, read, wait_for
from support import CACHES, LAG, NOBODY, CommandTest, bigfs, errno_of, metrics, preload, stamped
from unruly import Unruly, rule

NO_WINDOWS = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
/* No file can be mapped, so all bytes of the source come by pread(2) and the like. */
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
    if (fd >= 0 && (protection & (PROT_WRITE | PROT_EXEC)) == 0) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}
"""

BAD_BLOCK = NO_WINDOWS + r"""
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>
/* Every read of the first 4 KiB of a file fails, as long as the file BAD exists, with the error that it says. */
static int is_bad(off64_t offset)
{
    FILE *bad = offset < 4096 ? fopen(BAD, "r") : NULL;
    if (bad == NULL)
        return 0;
    int error = 0;
    if (fscanf(bad, "%d", &error) != 1)
        error = EIO;
    fclose(bad);
    errno = error;
    return 1;
}
ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
    static ssize_t (*real)(int, void *, size_t, off64_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pread64");
    if (is_bad(offset))
        return -1;
    return real(fd, buffer, size, offset);
}
ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    static ssize_t (*real)(int, const struct iovec *, int, off64_t, int);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "preadv64v2");
    if (is_bad(offset))
        return -1;
    return real(fd, parts, count, offset, flags);
}
"""


HELD_BACK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
/* Reads of at least as many bytes as the file HOLD says, those that should not wait too, wait as long as it exists;
   closing what is below SOURCE is as a read of none. */
static void wait_for_it(size_t size)
{
    for (;;) {
        size_t least = 0;
        FILE *hold = fopen(HOLD, "r");
        if (hold == NULL)
            return;
        int found = fscanf(hold, "%zu", &least);
        fclose(hold);
        if (found == 1 && size < least)
            return;
        usleep(2000);
    }
}
ssize_t preadv64v2(int fd, const struct iovec *parts, int count, off64_t offset, int flags)
{
    static ssize_t (*real)(int, const struct iovec *, int, off64_t, int);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "preadv64v2");
    wait_for_it(parts[0].iov_len);
    return real(fd, parts, count, offset, flags);
}
ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
    static ssize_t (*real)(int, void *, size_t, off64_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pread64");
    wait_for_it(size);
    return real(fd, buffer, size, offset);
}
int close(int fd)
{
    static int (*real)(int);
    char link[64], path[4096];
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "close");
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof(path));
    if (length > (ssize_t)sizeof(SOURCE) && memcmp(path, SOURCE "/", sizeof(SOURCE)) == 0)
        wait_for_it(0);
    return real(fd);
}
"""


class BadBlockTest(harness.MountTest):
    """The source's disk fails: EIO, for that read alone."""

    def mount_with_bad_block(self):
        self.bad = self.tmp / "bad"
        self.bad.touch()
        self.data = stamped(1, 4 * M)
        self.write("app.log", self.data)
        return self.mount(None, "--chunk-size", "1M", "--cache", "none", env=preload(self, BAD_BLOCK, BAD=self.bad))

    def test_other_pieces_are_read(self):
        mount = self.mount_with_bad_block()
        self.assertEqual(errno_of(read, mount.p("app.log/bytes/0")), "EIO")
        for k in (1, 2, 3):
            self.assertTrue(read(mount.p("app.log/bytes/%d" % k)) == self.data[k * M:(k + 1) * M])
        with open(mount.p("app.log/whole.log"), "rb", buffering=0) as whole:
            self.assertEqual(errno_of(os.pread, whole.fileno(), 100, 0), "EIO")
            self.assertEqual(os.pread(whole.fileno(), 100, 2 * M), self.data[2 * M:2 * M + 100])
            self.bad.unlink()
            self.assertEqual(os.pread(whole.fileno(), 100, 0), self.data[:100])

    def test_however_the_disk_says_it(self):
        """File systems and networks have errors of their own; to the reader it is EIO."""
        mount = self.mount_with_bad_block()
        for error in (errno.EIO, errno.EUCLEAN, errno.EBADMSG, errno.ETIMEDOUT, errno.EREMOTEIO, errno.EILSEQ,
                      errno.ENODATA, errno.EBADR):
            self.bad.write_text(str(error))
            for name in ("bytes/0", "lines/0", "whole.log"):
                self.assertEqual(errno_of(read, mount.p("app.log", name)), "EIO", (error, name))

    def test_open_handles_outlive_a_chmod_and_a_bad_spell(self):
        mount = self.mount_with_bad_block()
        self.bad.unlink()
        with open(mount.p("app.log/whole.log"), "rb", buffering=0) as whole:
            self.assertEqual(os.pread(whole.fileno(), 100, 0), self.data[:100])
            self.bad.touch()
            os.chmod(self.source / "app.log", 0o640)
            self.assertEqual(os.pread(whole.fileno(), 100, 2 * M), self.data[2 * M:2 * M + 100])
            errno_of(read, mount.p("app.log/bytes/1"))
            self.bad.unlink()
            self.assertEqual(os.pread(whole.fileno(), 100, 0), self.data[:100])


class BadBlockInAWindowTest(harness.MountTest):
    """The same, for bytes that are brought into a window: the file system beneath cannot read them."""

    def test_other_pieces_are_read(self):
        data = stamped(1, 4 * M)
        self.write("app.log", data)
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--chunk-size", "1M", "--cache", "none")
        for error in (errno.EIO, errno.ETIMEDOUT):
            with disk.misbehaving(rule("read", "errno", error, start=1 * M, end=1 * M + 4 * K)):
                self.assertEqual(errno_of(read, mount.p("app.log/bytes/1")), "EIO")
                for k in (0, 2, 3):
                    self.assertTrue(read(mount.p("app.log/bytes/%d" % k)) == data[k * M:(k + 1) * M], k)
                self.assertEqual(errno_of(read, mount.p("app.log/whole.log")), "EIO")
        self.assertTrue(read(mount.p("app.log/whole.log")) == data)

    def test_the_error_is_the_file_systems(self):
        """A mapping does not tell it."""
        self.write("app.log", stamped(1, 4 * M))
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--chunk-size", "1M", "--cache", "none")
        with disk.misbehaving(rule("read", "errno", errno.EKEYEXPIRED, start=1 * M, end=1 * M + 4 * K)), \
                open(mount.p("app.log/whole.log"), "rb", buffering=0) as whole:
            for size in (4 * K, 128 * K, 1 * M):
                self.assertEqual(errno_of(os.pread, whole.fileno(), size, 1 * M), "EKEYEXPIRED", size)

    def test_bytes_that_are_being_read(self):
        """All readers of a page that is on its way wait in a lane, where they are counted."""
        self.write("app.log", stamped(1, 4 * M))
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--min-size", "1M", "--cache", "none", "--threads", "8")
        pieces = [open(mount.p("app.log", name), "rb", buffering=0)
                  for name in ("whole.log", "bytes@1M/0", "bytes@2M/0", "bytes@3M/0", "bytes@4M/0")]
        for piece in pieces:
            self.addCleanup(piece.close)
            os.pread(piece.fileno(), 10, 900 * K)
        disk.rules(rule("read", "hang", start=0, end=256 * K))
        threads = [threading.Thread(target=os.pread, args=(piece.fileno(), 128 * K, 0)) for piece in pieces]
        try:
            for thread in threads:
                thread.start()
                time.sleep(0.1)
            wait_for(lambda: metrics(mount)["bigfs_reads_running"] == len(pieces), 10, "all wait in the lane")
        finally:
            disk.rules()
            for thread in threads:
                thread.join(60)

    def test_a_disk_that_does_not_answer(self):
        """Only bringing in bytes waits for it."""
        data = stamped(1, 4 * M)
        self.write("app.log", data)
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--chunk-size", "1M", "--cache", "none", "--threads", "2")
        disk.rules(rule("read", "hang", start=2 * M, end=3 * M))
        readers = [subprocess.Popen(["cat", mount.p("app.log/bytes/2")], stdout=subprocess.DEVNULL) for _ in range(6)]
        try:
            disk.wait_held()
            self.assertIn(b"bigfs", read(mount.p(".bigfs/version")))
        finally:
            disk.rules()
            for reader in readers:
                self.assertEqual(reader.wait(60), 0)
        self.assertTrue(read(mount.p("app.log/bytes/2")) == data[2 * M:3 * M])


class HeldTest(harness.MountTest):
    """A daemon whose reads of the source wait as long as a file exists."""

    HOOKS = HELD_BACK

    def mount_held(self, *options):
        self.hold = self.tmp / "hold"
        mount = self.mount(None, *options, env=preload(self, self.HOOKS, HOLD=self.hold, SOURCE=self.source))
        self.addCleanup(self.hold.unlink, missing_ok=True)
        return mount

    def hold_reads(self, least):
        """Of at least so many bytes; of 0: closing, too."""
        fresh = self.hold.with_suffix(".new")
        fresh.write_text(str(least))
        fresh.rename(self.hold)

    def assert_answers(self, mount):
        answer = subprocess.run(["timeout", "-s", "KILL", "30", "cat", mount.p(".bigfs/version")], capture_output=True)
        self.assertIn(b"bigfs", answer.stdout)

    def begin(self, function, *arguments):
        """Calls it in a thread; an error is no matter."""
        thread = threading.Thread(target=errno_of, args=(function, *arguments), daemon=True)
        thread.start()
        return thread


class HeldBackTest(HeldTest):
    """Work that hardly ever waits does wait, in all threads that try it at once: others are still answered."""

    HOOKS = NO_WINDOWS + HELD_BACK
    FILES = 12

    def start(self, *options):
        self.data = stamped(1, 3 * M)
        for k in range(self.FILES):
            self.write("f%d" % k, self.data)
        mount = self.mount_held(*options)
        self.files = [open(mount.p("f%d" % k), "rb", buffering=0) for k in range(self.FILES)]
        for file in self.files:
            self.addCleanup(file.close)
        return mount

    def assert_reads(self, *options, step, first=0):
        """All files are read at once, in steps, while these wait."""
        mount = self.start(*options)
        for file in self.files:
            for offset in range(0, first, step):
                os.pread(file.fileno(), step, offset)
        self.hold_reads(0)
        got = {}

        def read_one(number):
            got[number] = os.pread(self.files[number].fileno(), step, first)
        threads = [threading.Thread(target=read_one, args=(k,), daemon=True) for k in range(self.FILES)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        self.assertTrue(any(thread.is_alive() for thread in threads), "nothing was held back: this tested nothing")
        self.assert_answers(mount)
        self.hold.unlink()
        for thread in threads:
            thread.join(60)
        self.assertEqual(got, {k: self.data[first:first + step] for k in range(self.FILES)})

    def test_small_reads(self):
        self.assert_reads("--cache", "none", step=4 * K)

    def test_through_the_cache(self):
        self.assert_reads(step=4 * K)

    def test_what_is_read_ahead(self):
        self.assert_reads("--cache", "none", step=512 * K, first=2 * M)

    def test_closing(self):
        mount = self.start()
        for file in self.files:
            os.pread(file.fileno(), 100, 0)
        self.hold_reads(0)
        for file in self.files:
            file.close()
        self.assert_answers(mount)
        self.hold.unlink()
        wait_for(lambda: metrics(mount)["bigfs_open_handles"] <= 1, 30, "all handles are closed")


class FullLanesTest(HeldTest):
    """As much is stuck as can be."""

    def test_every_place_is_taken(self):
        """Reads that were ventured and others, scans and looks: .bigfs is answered."""
        for number in range(6):
            self.write("large%d" % number, stamped(1, 3 * M))
            self.write("small%d" % number, b"small")
        for cache in CACHES:
            mount = self.mount_held("--threads", "1", "--min-size", "1M", "--chunk-size", "1M", "--cache", cache)
            files = [open(mount.p("large%d/bytes/%d" % (n, k)), "rb", buffering=0) for n in range(2) for k in range(3)]
            self.hold_reads(1)
            stuck = []
            for file in files:
                stuck.append(self.begin(os.pread, file.fileno(), 4 * K, 0))
            for number in range(2, 6):
                stuck.append(self.begin(os.stat, mount.p("large%d/lines/1" % number)))
                stuck.append(self.begin(read, mount.p("small%d" % number)))
            time.sleep(0.5)
            self.assertGreater(sum(thread.is_alive() for thread in stuck), 8, "nothing was stuck: this tested nothing")
            self.assert_answers(mount)
            self.hold.unlink()
            for thread in stuck:
                thread.join(60)
            for file in files:
                file.close()


class IndexedTest(HeldTest):
    """An index has been made, and what its readers do next takes long."""

    LINES = b"line\n" * (4 * M)  # more than is scanned at once

    def setUp(self):
        super().setUp()
        for number in range(os.cpu_count()):  # one for each thread that scans
            self.write("held%d.log" % number, b"x" * (2 * M) + b"\n" + self.LINES)
        self.write("other.log", self.LINES)

    def readers(self, mount, files, count):
        """Processes that look for the end of a header that is longer than a small read, as soon as there is an index, for
        which they wait together."""
        self.hold_reads(1)
        processes = [subprocess.Popen(["stat", "-c", "%s", mount.p("held%d.log/rows@1000,header/%d" % (file, number))],
                                      stdout=subprocess.PIPE) for file in range(files) for number in range(count)]
        for process in processes:
            self.addCleanup(process.kill)
        time.sleep(0.5)
        self.hold_reads(16 * K)
        time.sleep(1)
        self.assertTrue(all(process.poll() is None for process in processes), "nothing waits: this tested nothing")
        return processes

    def test_who_is_killed_ends(self):
        """All but those in the middle of a read of the disk."""
        mount = self.mount_held("--min-size", "1M", "--index-dir", "none", "--threads", "4")
        processes = self.readers(mount, 1, 6)
        for process in processes:
            process.kill()
        wait_for(lambda: sum(process.poll() is not None for process in processes) >= 4, LAG, "the killed end")  # a device has half a lane of four
        self.hold.unlink()
        for process in processes:
            process.communicate(timeout=60)

    def test_other_indexes_are_made(self):
        mount = self.mount_held("--min-size", "1M", "--index-dir", "none", "--threads", str(4 * os.cpu_count()))
        processes = self.readers(mount, os.cpu_count(), 1)
        other = subprocess.run(["timeout", "-s", "KILL", "30", "ls", mount.p("other.log/rows@100000")], capture_output=True)
        self.assertEqual(len(other.stdout.splitlines()), 42)
        self.hold.unlink()
        self.assertEqual({process.communicate(timeout=60)[0] for process in processes}, {b"%d\n" % (2 * M + 1 + 999 * 5)})


OVERTAKEN = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* The next read of /dev/fuse once the file ABORT exists, which it removes, fails as one that the end overtakes. */
ssize_t read(int fd, void *buffer, size_t size)
{
    static ssize_t (*real)(int, void *, size_t);
    char link[64], path[64] = "";
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "read");
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof(path) - 1) > 0 && strcmp(path, "/dev/fuse") == 0 && unlink(ABORT) == 0) {
        errno = ECONNABORTED;
        return -1;
    }
    return real(fd, buffer, size);
}
"""


class OvertakenTest(harness.MountTest):
    """A request read just when the connection ends is no failure: the next read shows whether it has ended."""

    def test_goes_on(self):
        abort = self.tmp / "abort"
        self.write("a", b"data")
        mount = self.mount(None, env=preload(self, OVERTAKEN, ABORT=abort))
        abort.touch()
        for _ in range(20):
            self.assertEqual(read(mount.p("a")), b"data")
        self.assertFalse(abort.exists(), "no read failed: this tested nothing")
        mount.unmount()


class DeadSourceTest(harness.MountTest):
    """A source that does not answer."""

    def test_the_control_directory_answers(self):
        """Forty look-ups hang in it; .bigfs and an interrupted reader in the queue are answered."""
        (below := self.tmp / "below").mkdir()
        for k in range(40):
            (below / ("f%d" % k)).write_bytes(b"x")
        lower = self.mount(below)
        upper = self.mount(lower.path, "--threads", "2")
        lower.kill(signal.SIGSTOP)
        self.addCleanup(lower.kill, signal.SIGCONT)
        threads = [threading.Thread(target=os.path.exists, args=(upper.p("f%d" % k),), daemon=True) for k in range(40)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        self.assertTrue(all(thread.is_alive() for thread in threads[:2]), "nothing was stuck: this tested nothing")
        self.assertGreater(metrics(upper)["bigfs_looks_waiting"], 10)
        self.assertIn(b"bigfs", read(upper.p(".bigfs/version")))
        late = subprocess.run(["timeout", "-s", "KILL", "0.5", "stat", upper.p("g")], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        self.assertNotEqual(late.returncode, 0)
        lower.kill(signal.SIGCONT)
        for thread in threads:
            thread.join(60)
        upper.unmount()
        lower.unmount()


class LeaseTest(harness.MountTest):
    """A lease on a source delays an open, and does not fail it."""

    def test_a_lease(self):
        path = self.write("app.log", stamped(1, 64 * K))
        mount = self.mount()
        fd = os.open(path, os.O_RDWR)
        self.addCleanup(os.close, fd)
        broken = threading.Event()
        old = signal.signal(signal.SIGIO, lambda *_: broken.set())
        self.addCleanup(signal.signal, signal.SIGIO, old)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        got = []
        reader = threading.Thread(target=lambda: got.append(read(mount.p("app.log"))), daemon=True)
        reader.start()
        self.assertTrue(broken.wait(30))
        time.sleep(0.3)
        self.assertEqual(got, [], "the lease delayed nothing: this tested nothing")
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        reader.join(30)
        self.assertTrue(got == [stamped(1, 64 * K)])


class StartTest(CommandTest):
    """How the command is started must not matter."""

    def test_closed_standard_descriptors(self):
        """With any of them closed the command returns, and the mount answers."""
        for closed in ("<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                result = subprocess.run(["sh", "-c", 'exec "$0" "$1" "$2" ' + closed, harness.BIGFS, self.source, self.point],
                                        timeout=60)
                self.assertEqual(result.returncode, 0)
                self.assertEqual(read(self.point / "notes.txt"), b"notes\n")
                harness.run("fusermount3", "-u", self.point)

    def setUp(self):
        super().setUp()
        (self.source / "notes.txt").write_bytes(b"notes\n")

    def test_root_mounts_on_a_read_only_file_system(self):
        (read_only := self.tmp / "ro").mkdir()
        harness.run("mount", "-t", "tmpfs", "none", read_only)
        self.addCleanup(subprocess.run, ["umount", "-R", "-l", read_only], stderr=subprocess.DEVNULL)
        (read_only / "point").mkdir()
        harness.run("mount", "-o", "remount,ro", read_only)
        self.assertEqual(bigfs(self.source, read_only / "point")[0], 0)
        self.assertEqual(read(read_only / "point" / "notes.txt"), b"notes\n")
        harness.run("fusermount3", "-u", read_only / "point")

    def test_one_file_in_a_directory_that_cannot_be_listed(self):
        """It can be passed, and that is enough: the directory's mode does not stop the mount."""
        (closed := self.tmp / "closed").mkdir()
        (closed / "one.txt").write_bytes(b"one\n")
        os.chmod(closed, 0o711)
        os.chmod(self.tmp, 0o711)
        (point := self.tmp / "own").mkdir()
        os.chown(point, 65534, 65534)
        mode = os.stat("/dev/fuse").st_mode & 0o777
        self.addCleanup(os.chmod, "/dev/fuse", mode)
        os.chmod("/dev/fuse", 0o666)
        code, _, errors = bigfs(closed / "one.txt", point, wrapper=NOBODY)
        if "fusermount" in errors:
            self.skipTest("an unprivileged user cannot mount here: " + errors.strip())
        self.assertEqual((code, errors), (0, ""))
        shown = subprocess.run([*NOBODY, "cat", point / "one.txt"], capture_output=True)
        self.assertEqual(shown.stdout, b"one\n")
        harness.run("fusermount3", "-u", point)

    def test_options_in_a_cluster(self):
        """The message names the unknown option, not the program."""
        self.assert_refused(2, "-zf", self.source, self.point, about="-z")


if __name__ == "__main__":
    harness.main()
