# SPDX-License-Identifier: MIT
"""File handles (open_by_handle_at(2), NFS export, fanotify): a handle opens what it was made from, or nothing.

A handle has the kernel's number of a node and its generation. Numbers are reused for other nodes after the kernel has
forgotten one, and in a later run of the mount.
"""

import ctypes
import errno
import os
import random
import struct

import harness
from harness import read
from support import errno_of

DROP_INODES = "2"
AT_FDCWD = -100
MOST = 128  # bytes of a handle (MAX_HANDLE_SZ)
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def handle_of(path):
    """The handle of a path: struct file_handle."""
    handle = ctypes.create_string_buffer(struct.pack("Ii", MOST, 0) + bytes(MOST), 8 + MOST)
    mount_id = ctypes.c_int()
    _checked(_libc.name_to_handle_at(AT_FDCWD, os.fsencode(path), handle, ctypes.byref(mount_id), 0))
    return handle


def open_handle(mount_fd, handle, flags=os.O_RDONLY):
    return _checked(_libc.open_by_handle_at(mount_fd, handle, flags))


def forget_inodes():
    """Make the kernel forget unused inodes."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write(DROP_INODES)


class HandleTest(harness.MountTest):
    COUNT = 300

    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0, "file handles need root")
        for number in range(2 * self.COUNT):
            self.write("file%04d" % number, self.text(number))

    def text(self, number):
        return b"this is file %04d\n" % number

    def content(self, mount_fd, handle):
        """The content that a handle opens, or the name of the error."""
        try:
            descriptor = open_handle(mount_fd, handle)
        except OSError as error:
            return errno.errorcode[error.errno]
        try:
            return os.pread(descriptor, 100, 0)
        finally:
            os.close(descriptor)

    def test_forgotten(self):
        """The handle of a file that the kernel has forgotten is stale, even if other files take its number."""
        mount = self.mount()
        with_root = os.open(mount.path, os.O_RDONLY | os.O_DIRECTORY)
        kept = []
        try:
            handles = {number: handle_of(mount.p("file%04d" % number)) for number in range(self.COUNT)}
            for turn in range(3):
                forget_inodes()
                kept += [os.open(mount.p("file%04d" % number), os.O_RDONLY)
                         for number in range(self.COUNT + turn, 2 * self.COUNT, 3)]
                for number, handle in handles.items():
                    self.assertIn(self.content(with_root, handle), ("ESTALE", self.text(number)))
        finally:
            for descriptor in [with_root, *kept]:
                os.close(descriptor)

    def test_living(self):
        """The handle of a file in use opens that file, whatever happened in between."""
        self.write("big.log", b"".join(b"line %d\n" % i for i in range(10000)))
        (self.source / "directory").mkdir()
        mount = self.mount(None, "--chunk-size", "8K")
        with_root = os.open(mount.path, os.O_RDONLY | os.O_DIRECTORY)
        kept = []
        try:
            names = ["file0007", "big.log/bytes/000001", "big.log/lines/000002.log", "big.log/bytes.tsv",
                     "big.log/whole.log"]  # each open makes a new report, so its handle is stale
            for name in names:
                kept.append(os.open(mount.p(name), os.O_RDONLY))
            handles = {name: handle_of(mount.p(name)) for name in names}
            directories = ["", "directory", "big.log", "big.log/lines"]
            for name in directories:
                kept.append(os.open(mount.p(name), os.O_RDONLY | os.O_DIRECTORY))
            handles.update((name, handle_of(mount.p(name))) for name in directories)
            forget_inodes()
            for number in random.sample(range(self.COUNT), 100):
                read(mount.p("file%04d" % number))
            for name in names:
                self.assertEqual(self.content(with_root, handles[name]), read(mount.p(name))[:100], name)
            for name in directories:
                descriptor = open_handle(with_root, handles[name], os.O_RDONLY | os.O_DIRECTORY)
                kept.append(descriptor)
                self.assertEqual(sorted(os.listdir(descriptor)), sorted(os.listdir(mount.p(name))), name)
                self.assertEqual(os.fstat(descriptor).st_ino, os.stat(mount.p(name)).st_ino, name)
        finally:
            for descriptor in [with_root, *kept]:
                os.close(descriptor)

    def test_rewritten(self):
        """A handle belongs to one content. After a rewrite, or if another file has the name, it is stale."""
        mount = self.mount()
        kept = [os.open(mount.path, os.O_RDONLY | os.O_DIRECTORY)]
        try:
            handles = []
            for number in (1, 2):
                kept.append(os.open(mount.p("file%04d" % number), os.O_RDONLY))
                handles.append(handle_of(mount.p("file%04d" % number)))
            self.write("file0001", b"another content, and longer")
            os.replace(self.source / "file0003", self.source / "file0002")
            for handle in handles:
                self.assertEqual(self.content(kept[0], handle), "ESTALE")
        finally:
            for descriptor in kept:
                os.close(descriptor)

    def test_another_life(self):
        """A handle of an earlier run of the mount opens nothing but what it was made from."""
        def names():
            return ("file%04d" % number for number in range(self.COUNT))
        mount = self.mount()
        handles = {name: handle_of(mount.p(name)) for name in names()}
        mount.unmount()
        mount = self.mount()
        with_root = os.open(mount.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in names():
                os.stat(mount.p(name))
            for name in names():
                self.assertEqual(self.content(with_root, handles[name]), "ESTALE", name)
        finally:
            os.close(with_root)

    def test_made_up(self):
        """A number that was never given out is stale, and does no harm."""
        mount = self.mount()
        with_root = os.open(mount.path, os.O_RDONLY | os.O_DIRECTORY)
        generator = random.Random(harness.seed("handles"))
        try:
            template = handle_of(mount.p("file0001")).raw
            size, kind = struct.unpack_from("Ii", template)
            for number in [0, 2, 8, (1 << 64) - 1] + [generator.getrandbits(generator.choice((8, 32, 47, 64)))
                                                      for _ in range(200)]:
                body = struct.pack("II", number >> 32, number & 0xffffffff) + template[16:8 + size]
                made_up = ctypes.create_string_buffer(struct.pack("Ii", size, kind) + body, 8 + MOST)
                if number != 1:  # the root
                    self.assertEqual(errno_of(open_handle, with_root, made_up), "ESTALE", hex(number))
            self.assertEqual(read(mount.p("file0001")), self.text(1))
        finally:
            os.close(with_root)


if __name__ == "__main__":
    harness.main()
