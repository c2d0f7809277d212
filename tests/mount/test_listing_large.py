# SPDX-License-Identifier: MIT
"""Listings of directories with many names: read once from start to end, whatever lies beneath."""

import ctypes
import os
import shutil
import subprocess
import threading

import harness
from support import counter

OPENED = "bigfs_directories_opened_total"
SEEKS = "bigfs_directory_seeks_total"
NAMES = ["some_longer_file_name_%06d.txt" % i for i in range(6000)]

libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
libc.opendir.argtypes = [ctypes.c_char_p]
libc.readdir.argtypes = libc.closedir.argtypes = libc.rewinddir.argtypes = libc.telldir.argtypes = [ctypes.c_void_p]
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]


class Listing:
    """A directory as the C library reads it."""

    def __init__(self, path):
        self.stream = libc.opendir(os.fsencode(path))
        assert self.stream

    def name(self):
        """The next name, or None."""
        entry = libc.readdir(self.stream)
        return os.fsdecode(ctypes.string_at(entry + 19)) if entry else None

    def rest(self):
        names = []
        while (name := self.name()) is not None:
            names.append(name)
        return [name for name in names if name not in (".", "..")]

    def close(self):
        libc.closedir(self.stream)


def getdents(descriptor, size):
    """The names that one getdents64(2) with a buffer of this size gives, and their places."""
    buffer = ctypes.create_string_buffer(size)
    got = libc.syscall(217, descriptor, buffer, size)
    if got < 0:
        raise OSError(ctypes.get_errno(), "getdents64")
    at, found = 0, []
    while at < got:
        place = int.from_bytes(buffer.raw[at + 8:at + 16], "little", signed=True)
        length = int.from_bytes(buffer.raw[at + 16:at + 18], "little")
        found.append((os.fsdecode(buffer.raw[at + 19:at + length].split(b"\0")[0]), place))
        at += length
    return found


class LargeListingTest(harness.MountTest):
    def fill(self, directory, names=NAMES):
        os.makedirs(directory, exist_ok=True)
        for name in names:
            os.close(os.open(os.path.join(directory, name), os.O_WRONLY | os.O_CREAT))

    def squashed(self, *mount_command):
        """The names in a squashfs, mounted by a command."""
        self.require(shutil.which("mksquashfs"), "squashfs-tools is needed")
        self.fill(self.tmp / "tree" / "d")
        image, root = self.tmp / "image.sq", self.tmp / "squashed"
        root.mkdir()
        harness.run("mksquashfs", self.tmp / "tree", image, "-quiet", "-no-progress")
        if subprocess.run([*mount_command, image, root], capture_output=True).returncode:
            self.require(False, "%s does not mount here" % mount_command[0])
        self.addCleanup(harness.run, "umount", root)
        return root

    def check_once(self, mount, directory="d"):
        """A whole listing, with names alone and with attributes, opens the directory once and seeks nowhere."""
        for with_attributes in (False, True):
            before = counter(mount, OPENED), counter(mount, SEEKS)
            if with_attributes:
                with os.scandir(mount.p(directory)) as entries:
                    names = [entry.name for entry in entries if entry.stat(follow_symlinks=False).st_size == 0]
            else:
                names = os.listdir(mount.p(directory))
            self.assertEqual(sorted(names), NAMES)
            self.assertEqual((counter(mount, OPENED) - before[0], counter(mount, SEEKS) - before[1]), (1, 0))

    def test_squashfs(self):
        self.require(os.geteuid() == 0, "a loop mount needs root")
        self.check_once(self.mount(self.squashed("mount", "-t", "squashfs", "-o", "loop,ro")))

    def test_fuse(self):
        self.require(shutil.which("squashfuse"), "squashfuse is needed")
        self.check_once(self.mount(self.squashed("squashfuse")))

    def test_here(self):
        self.fill(self.source / "d")
        self.check_once(self.mount())

    def test_small_steps(self):
        """Buffers smaller than a reply: the kernel asks again for what its reader did not take, and nobody seeks."""
        self.fill(self.source / "d")
        mount = self.mount()
        for size in (300, 1000, 2048, 5000):
            before = counter(mount, SEEKS)
            descriptor = os.open(mount.p("d"), os.O_RDONLY)
            names = []
            while found := getdents(descriptor, size):
                names += [name for name, _ in found if name not in (".", "..")]
            os.close(descriptor)
            self.assertEqual(sorted(names), NAMES, size)
            self.assertEqual(counter(mount, SEEKS) - before, 0, size)

    def test_places(self):
        """rewinddir, telldir and seekdir: the same names follow the same place."""
        self.fill(self.source / "d")
        listing = Listing(self.mount().p("d"))
        self.addCleanup(listing.close)
        first = listing.rest()
        self.assertEqual(sorted(first), NAMES)
        libc.rewinddir(listing.stream)
        places = {}
        while (name := listing.name()) is not None:
            places[name] = libc.telldir(listing.stream)
        for name in first[5500], first[17], first[3000], first[2990], first[-1], first[0]:
            libc.seekdir(listing.stream, places[name])
            self.assertEqual(listing.rest(), first[first.index(name) + 1:], name)
        libc.rewinddir(listing.stream)
        self.assertEqual(listing.rest(), first)

    def test_rewinding_shows_what_is_new(self):
        self.fill(self.source / "d")
        listing = Listing(self.mount().p("d"))
        self.addCleanup(listing.close)
        listing.rest()
        self.fill(self.source / "d", ["new"])
        os.unlink(self.source / "d" / NAMES[7])
        libc.rewinddir(listing.stream)
        self.assertEqual(sorted(listing.rest()), sorted([*NAMES, "new"][:7] + [*NAMES, "new"][8:]))

    def test_readers_of_one_handle(self):
        """Threads that share a descriptor, each from its own place: every name comes, and no other."""
        self.fill(self.source / "d")
        mount = self.mount()
        descriptor = os.open(mount.p("d"), os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        seen = []

        def reader():
            while found := getdents(descriptor, 4096):
                seen.extend(name for name, _ in found)
        threads = [threading.Thread(target=reader) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(set(seen) - {".", ".."}), NAMES)

    def test_changes_meanwhile(self):
        """Names that stay are listed once, whatever comes and goes."""
        self.fill(self.source / "d")
        mount, stop = self.mount(), threading.Event()

        def change():
            while not stop.is_set():
                self.fill(self.source / "d", ["x%d" % i for i in range(200)])
                for i in range(200):
                    os.unlink(self.source / "d" / ("x%d" % i))
        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(10):
                names = [name for name in os.listdir(mount.p("d")) if name.startswith("some")]
                self.assertEqual(sorted(names), NAMES)
        finally:
            stop.set()
            thread.join()

    def test_many_unfinished_listings(self):
        """Descriptors are bounded; a listing whose stream was given up goes on where it was."""
        for i in range(40):
            self.fill(self.source / ("d%d" % i), NAMES[:700])
        mount = self.mount()
        before = len(mount.fds())
        listings = [os.open(mount.p("d%d" % i), os.O_RDONLY) for i in range(40)]
        found = [[name for name, _ in getdents(listing, 8192)] for listing in listings]
        self.assertLessEqual(len(mount.fds()) - before, 16)
        for listing, names in zip(listings, found):
            while more := getdents(listing, 8192):
                names += [name for name, _ in more]
            self.assertEqual(sorted(name for name in names if name not in (".", "..")), NAMES[:700])
            os.close(listing)
        harness.wait_for(lambda: len(mount.fds()) <= before, 10, "the descriptors of closed listings")

    def test_with_few_descriptors(self):
        self.fill(self.source / "d")
        self.require(shutil.which("prlimit"), "prlimit is needed")
        mount = self.mount(None, wrapper=("prlimit", "--nofile=48"))
        listings = [Listing(mount.p("d")) for _ in range(40)]
        starts = [[listing.name() for _ in range(300)] for listing in listings]
        for listing, start in zip(listings, starts):
            names = [name for name in start if name not in (".", "..")] + listing.rest()
            self.assertEqual(sorted(names), NAMES)
            listing.close()

    def test_removed_and_replaced(self):
        """An open listing goes on with the directory that was opened, as usual."""
        self.fill(self.source / "d")
        mount = self.mount()
        descriptor = os.open(mount.p("d"), os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        first = getdents(descriptor, 4096)
        os.rename(self.source / "d", self.source / "moved")
        self.fill(self.source / "d", ["other"])
        names = [name for name, _ in first]
        while found := getdents(descriptor, 4096):
            names += [name for name, _ in found]
        self.assertEqual(sorted(name for name in names if name not in (".", "..")), NAMES)


if __name__ == "__main__":
    harness.main()
