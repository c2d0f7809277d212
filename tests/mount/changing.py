# SPDX-License-Identifier: MIT
"""Files that change: ways to change one, what it held when, and readers that watch it from a mount."""

import errno
import os
import platform
import random
import re
import shutil
import threading
import time

from harness import K
from support import Broken, Handle, alphabet, errno_of, piece_of, stamped


# --- the ways: each takes a path, its content and a new generation, and gives the new content -----------

def write_over(path, data):
    """Write in place, by one pwrite; nothing is truncated."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if os.pwrite(descriptor, data, 0) != len(data):
            raise AssertionError("a short write to %s" % path)
    finally:
        os.close(descriptor)


def write_behind(path, data):
    """Write at the end, by one write; the file is made if there is none."""
    with open(path, "ab", buffering=0) as file:
        file.write(data)


def cut_short(path, old, _):
    new = old[:len(old) * 4 // 5]
    os.truncate(path, len(new))
    return new


def rewrite_in_place(path, old, generation):
    write_over(path, new := stamped(generation, len(old)))
    return new


def rewrite_longer(path, old, generation):
    write_over(path, new := stamped(generation, len(old) * 5 // 4))
    return new


def rewrite_one_byte(path, old, generation):
    middle = len(old) // 2 // 32 * 32
    new = old[:middle] + alphabet(generation)[:1] + old[middle + 1:]
    with open(path, "r+b", buffering=0) as file:
        os.pwrite(file.fileno(), new[middle:middle + 1], middle)
    return new


def truncate_and_rewrite(path, old, generation):
    with open(path, "wb", buffering=0) as file:
        file.write(new := stamped(generation, len(old)))
    return new


def replace_by_rename(path, old, generation):
    beside = path.parent.parent / ("." + path.name)  # the same file system, but not in the source
    beside.write_bytes(new := stamped(generation, len(old)))
    os.rename(beside, path)
    return new


def copytruncate(path, old, generation):
    """Like logrotate's copytruncate: a copy, a truncation, and the writer goes on at the start."""
    shutil.copyfile(path, str(path) + ".1")
    os.truncate(path, 0)
    new = stamped(generation, len(old) * 3 // 4)
    for start in range(0, len(new), len(new) // 3):
        write_behind(path, new[start:start + len(new) // 3])
    return new


def rotate(path, old, generation):
    """Like logrotate: the file is renamed away, and the writer makes a new one."""
    os.rename(path, str(path) + ".1")
    new = stamped(generation, len(old))
    for start in range(0, len(new), len(new) // 2):
        write_behind(path, new[start:start + len(new) // 2])
    return new


def delete_and_create(path, old, generation):
    os.unlink(path)
    write_behind(path, new := stamped(generation, len(old)))
    return new


def grow(path, old, generation):
    write_behind(path, new := stamped(generation, len(old) // 5))
    return old + new


def change_mode_and_link(path, old, generation):
    """Only the ctime changes."""
    os.chmod(path, 0o644 if generation % 2 else 0o600)
    os.link(path, other := "%s.link%d" % (path, generation))
    os.unlink(other)
    return old


ENDING = [cut_short, rewrite_in_place, rewrite_one_byte, truncate_and_rewrite, rewrite_longer, replace_by_rename,
          copytruncate]  # old handles end in ESTALE
LETTING_GO_ON = [grow, change_mode_and_link]  # old handles must be served
EITHER = [rotate, delete_and_create]  # the old file still exists, elsewhere or held open: its bytes or ESTALE
REPLACING = [replace_by_rename, *EITHER]  # the old file itself is not touched
THROUGH_NOTHING = [truncate_and_rewrite, copytruncate, *EITHER]  # in between there is no file or a small one


def tick():
    """Let the clock of file time stamps move on. Before Linux 6.13 two changes in one tick look the same."""
    if tuple(map(int, re.match(r"(\d+)\.(\d+)", platform.release()).groups())) < (6, 13):
        time.sleep(0.015)


# --- a file and its history --------------------------------------------------------------------------

class Subject:
    """A source file and all its contents so far. A change is begun, then done; in between both are possible."""

    def __init__(self, path, size, chunk, names):
        self.path, self.name, self.chunk, self.names = path, path.name, chunk, names
        self.contents, self.begun, self.done = [stamped(0, size)], 0, 0
        path.write_bytes(self.content)
        os.chmod(path, 0o644)

    @property
    def content(self):
        return self.contents[self.done]

    def change(self, how):
        tick()
        self.begun += 1
        self.contents.append(how(self.path, self.content, self.begun))
        self.done += 1

    def at(self, mount, name):
        """A piece's path in a mount; the empty name stands for the file itself."""
        return mount.p(self.name, name) if name else mount.p(self.name)

    def holds(self, name, age=None):
        """The content of a piece now, or at an age; None if there is no such piece."""
        return piece_of(self.content if age is None else self.contents[age], name, self.chunk)

    def letters(self, age):
        """The bytes that are possible since an age: those it had, and those of the changes begun since."""
        return bytes(set(self.contents[age])) + b"".join(map(alphabet, range(age + 1, self.begun + 1)))

    def open_all(self, mount):
        """A handle on every piece."""
        there = [name for name in self.names if self.holds(name) is not None]
        return [Handle(self.at(mount, name), self.holds(name)) for name in there]


# --- readers beside the changes ------------------------------------------------------------------------

class LooseHandle(Handle):
    """Opened in the middle of a change. Its bytes must be of the contents possible then: no zeros, nothing older."""

    def __init__(self, path, allowed, descriptor):
        self.fd, self.path, self.allowed, self.size = descriptor, path, allowed, os.fstat(descriptor).st_size

    def check(self, got, offset):
        foreign = got.translate(None, self.allowed)
        if not got or foreign:
            raise Broken("%s: %r at %d, from no content that was about" % (self.path, foreign[:40], offset))


class Reader(threading.Thread):
    """Opens, holds and reads one piece of a changing file. Strict about every handle that was opened while the file was
    at rest."""

    def __init__(self, mount, subject, name, how, seed):
        super().__init__(daemon=True)
        self.subject, self.name, self.how, self.path = subject, name, how, subject.at(mount, name)
        self.random, self.stop, self.failure, self.handles = random.Random(seed), threading.Event(), "", 0
        self.held = []  # pairs of a handle and the age it was opened at

    def run(self):
        try:
            while not self.stop.is_set():
                if len(self.held) < 5:
                    self.open()
                for entry in list(self.held):
                    self.read(*entry)
                if self.held and self.random.random() < 0.3:
                    self.drop(self.random.choice(self.held))
        except Exception as error:  # the test reports it
            self.failure = "%s: %s: %s" % (self.how.__name__, type(error).__name__, error)
        for entry in list(self.held):
            self.drop(entry)

    def drop(self, entry):
        entry[0].close()
        self.held.remove(entry)

    def read(self, handle, age):
        if not handle.read(self.random.randrange(max(1, handle.size)), 32 * K):
            if self.how in LETTING_GO_ON or self.subject.begun == age:
                raise Broken("%s: ESTALE, though nothing was rewritten" % handle.path)
            self.drop((handle, age))

    def open(self):
        """Open again. A file at rest must open as it is. One that was away may be remembered as absent, or as of the
        other kind, for the time-out of 1 s."""
        age, at_rest = self.subject.done, self.subject.begun == self.subject.done
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            absent = error.errno == errno.ENOENT and self.subject.holds(self.name, age) is None
            if at_rest and self.subject.begun == age and self.how not in THROUGH_NOTHING and not absent:
                raise Broken("%s: %s, though the file is at rest" % (self.path, error)) from None
            return
        self.handles += 1
        try:
            self.held.append((self.judge(descriptor, age, at_rest and self.subject.begun == age), age))
        except BaseException as error:
            os.close(descriptor)
            if getattr(error, "errno", 0) != errno.ESTALE or self.subject.begun == age:
                raise

    def judge(self, descriptor, age, strictly):
        """The handle that checks the bytes from a descriptor."""
        if not strictly:
            return LooseHandle(self.path, self.subject.letters(age), descriptor)
        wanted = self.subject.holds(self.name, age)
        if wanted is None:
            raise Broken("%s: opened, though there is no such piece" % self.path)
        return Handle(self.path, wanted, descriptor)


# --- a random model ------------------------------------------------------------------------------------

class Model:
    """Files, their contents, and handles of many ages, each with its fate: it goes on, it has ended, its file was
    replaced (which may show a little later), or it may or may not go on."""

    def __init__(self, mount, directory, strict, seed):
        self.mount, self.strict, self.random, self.fates = mount, strict, random.Random(seed), {}
        self.large = [Subject(directory / ("f%d.log" % n), 40 * K + n, "16K", ()) for n in range(3)]
        self.small = Subject(directory / "plain.txt", 2000, "16K", ())

    def step(self):
        subject = self.random.choice([*self.large, self.small])
        roll = self.random.random()
        if roll < 0.25:
            self.change(subject)
        elif roll < 0.5 and len(self.fates) < 60:
            self.open(subject)
        elif self.fates:
            handle = self.random.choice(list(self.fates))
            if roll < 0.9:
                self.read(handle)
            else:
                self.drop(handle)

    def name(self, subject):
        """A random piece, sometimes one that does not exist."""
        if subject is self.small:
            return ""
        size, r = len(subject.content), self.random
        view = r.choice(("bytes", "lines", "bytes@4K", "lines@4K", "bytes@n7", "lines@n7"))
        number = r.randrange(2 + size // (4 * K if "4K" in view else 16 * K))
        return r.choice(["whole.log", "%s/%d" % (view, number), "%s/%d" % (view, number),
                         "bytes/%d+%d" % (r.randrange(size), r.randrange(1, 20000)),
                         "bytes/-%d" % r.randrange(1, size)])

    def open(self, subject):
        """A fresh open sees the file as it is now, in every view."""
        name = self.name(subject)
        path, wanted = subject.at(self.mount, name), subject.holds(name)
        if wanted is None:
            if errno_of(os.open, path, os.O_RDONLY) != "ENOENT":
                raise Broken("%s: opened, though there is no such piece" % path)
            return
        handle = Handle(path, wanted)
        handle.subject, handle.content = subject, subject.content
        self.fates[handle] = "goes on"

    def read(self, handle):
        """A handle that must go on is served. One whose file was rewritten is not, if no cache can serve it."""
        came = handle.read(self.random.randrange(max(1, handle.size)), self.random.choice((1, 100, 5000, 100000)))
        if not came and self.fates[handle] == "goes on":
            raise Broken("%s: ESTALE, though nothing was rewritten" % handle.path)
        if came and self.fates[handle] == "ended" and self.strict and handle.size:
            raise Broken("%s: served, though its file was rewritten" % handle.path)

    def drop(self, handle):
        handle.close()
        del self.fates[handle]

    def change(self, subject):
        how = self.random.choice(self.ways(subject))
        subject.change(how)
        if how not in (grow, self.one_byte, self.zeros, change_mode_and_link):
            for handle, fate in self.fates.items():
                if handle.subject is subject and fate in ("goes on", "doubtful"):
                    self.fates[handle] = self.fate(handle, how)

    @staticmethod
    def fate(handle, how):
        """If the file is cut after the part that the handle was opened on, it may or may not look as if it had only
        grown."""
        if how is replace_by_rename:
            return "replaced"
        return "doubtful" if handle.subject.content.startswith(handle.content) else "ended"

    def ways(self, subject):
        """The changes that keep the file large, or small."""
        low, high = (1, 6 * K) if subject is self.small else (8 * K, 200 * K)
        size = len(subject.content)
        if size > high:
            return [self.smaller(low)]
        return [rewrite_in_place, truncate_and_rewrite, replace_by_rename, change_mode_and_link, grow,
                rewrite_longer, self.one_byte, self.zeros, self.smaller(low) if size > low + 100 else grow]

    def smaller(self, low):
        def cut(path, old, _):
            os.truncate(path, size := self.random.randrange(low, len(old)))
            return old[:size]
        return cut

    @staticmethod
    def one_byte(path, old, generation):
        write_behind(path, new := bytes([generation % 256]))
        return old + new

    def zeros(self, path, old, generation):
        """A hole after the end, and something after the hole (two steps that both append)."""
        new = bytes(self.random.randrange(1, 1500)) + stamped(generation, 40)
        os.truncate(path, len(old) + len(new) - 40)
        write_behind(path, new[-40:])
        return old + new
