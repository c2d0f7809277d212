# SPDX-License-Identifier: MIT
"""One index directory for all hosts: who finds what, what two make at once, and what a dead host leaves.

The hosts are namespaces with one disk; in the last part, one serves it to the others by sshfs. Their processes have the
same numbers, as those of containers have."""

import gzip
import hashlib
import os
import shutil
import time

import clustering
import model
from clustering import ClusterTest
from harness import K, M, wait_for
from recipe_blocks import recipe
from rowing import index_files, ragged
from test_index_identity import alter

# fsync that never comes back, to be killed in; it says that it has begun.
STUCK = """#include <fcntl.h>
#include <unistd.h>
int fsync(int fd) { (void)fd; creat(WORK "/stuck", 0600); for (;;) pause(); }
"""
SMALLER = """#!/bin/sh
case $1 in --index|--unmount) exec /usr/bin/bigfs "$@" ;; esac
exec /usr/bin/bigfs --min-size 100K "$@"
"""
ROW = 4321  # some line of each file


def digest(data):
    return hashlib.sha256(data).hexdigest()


class IndexTest(ClusterTest):
    """A log, and the same as gzip."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = ragged(16, 3 * M)
        cls.rows = model.Rows(cls.data)
        cls.dir = cls.shared / "index"
        (cls.shared / "data/app.log").write_bytes(cls.data)
        (cls.shared / "data/old.log.gz").write_bytes(gzip.compress(cls.data, 1))

    def setUp(self):
        super().setUp()
        self.clear()

    def clear(self):
        """An empty index directory."""
        for path in self.dir.iterdir():
            shutil.rmtree(path)

    def assert_rows(self, mount, names=("app.log/rows", "old.log.gz/plain/rows")):
        """All of each view, and one line of it."""
        for view in names:
            got = mount.shell("cat %s@1000/* | sha256sum" % view).split()[0]
            self.assertEqual(got, digest(self.data), view)
            self.assertEqual(mount.bytes("%s/%d+1" % (view, ROW)), self.rows.lines(ROW, 1), view)

    def assert_kept(self, *suffixes):
        """These files are there, and none that is not finished."""
        self.assertEqual(sorted(os.path.basename(path).partition(".")[2] for path in index_files(self.dir, "")),
                         sorted(suffixes))
        self.assertEqual([path for path in index_files(self.dir, "") if "-" in os.path.basename(path)], [])

    def assert_found(self, host, *options):
        """A host that has never seen the files counts nothing."""
        with self.mounted(host, "--index-dir", "/shared/index", *options) as mount:
            self.assert_rows(mount)
            self.assertEqual((mount.scanned(), mount.builds(), mount.warnings()), (0, 0, []))
    def stick(self, host, directory="/shared/index"):
        """Makes a host write an index, and holds it where the index is about to be complete."""
        (self.shared / "work/stuck").unlink(missing_ok=True)
        source, library = self.shared / "work/stuck.c", self.shared / "work/stuck.so"
        source.write_text(STUCK)
        work = "/work" if isinstance(self, OtherInodesTest) else "/shared/work"
        clustering.hosts.run("cc", "-DWORK=\"%s\"" % work, "-shared", "-fPIC", "-o", library, source)
        self.popen(host, "LD_PRELOAD=%s/stuck.so exec bigfs -f --min-size 100K --index-dir %s /shared/data /media"
                   % (work, directory))
        wait_for(lambda: host.shell("grep -c ' /media ' /proc/mounts || true").strip() == "1", 60, "the mount")
        self.popen(host, "cat /media/app.log/rows/1 >/dev/null")
        wait_for((self.shared / "work/stuck").exists, 60, "an index is being written")


class SharedTest(IndexTest):
    """One directory, and three hosts."""

    HOSTS = ("one", "two", "three")

    @recipe("docs/recipes.md", "One index for all hosts")
    def test_one_makes_it(self):
        """The others use it, by the recipe."""
        one, *others = self.host.values()
        for host in self.host.values():
            host.shell("mkdir -p /mnt/chunks && ln -sfn /shared/data /data")
            host.write("/usr/local/bin/bigfs", SMALLER, 0o755)
        self.assertIn("lines", one.shell(self.block(0)))
        self.assert_kept("lines", "lines", "map")
        for host in others:
            host.shell(self.block(1))
            mount = clustering.Mounted(host, "/mnt/chunks", "/dev/null")
            self.assertEqual(mount.scanned(), 0)
            wanted = b"".join(self.rows.lines(n, 1) for n in range(30001, 30011))
            self.assertEqual(host.shell(self.block(2)).encode(), wanted)
            self.assert_rows(mount)
            self.assertEqual((mount.scanned(), mount.builds()), (0, 0))
            host.run("bigfs", "--unmount", "/mnt/chunks")
        for host in self.host.values():
            host.run("rm", "/data", "/usr/local/bin/bigfs")

    def test_the_first_use_makes_it(self):
        """On one host, by a mount; also if the other mount is older, and has looked before."""
        one, two, three = self.host.values()
        with self.mounted(two, "--index-dir", "/shared/index") as mount:
            self.assertNotIn("rows", mount.shell("ls app.log old.log.gz/plain").split())
            with self.mounted(one, "--index-dir", "/shared/index") as maker:
                self.assert_rows(maker)
                self.assertGreater(maker.scanned(), 0)
            self.assert_rows(mount)
            self.assertEqual((mount.scanned(), mount.builds(), mount.warnings()), (0, 0, []))
        self.assert_kept("lines", "lines", "map")
        self.assert_found(three)

    def test_at_the_same_moment(self):
        """Two or three hosts make it, by the command or by a first use. One may die in the middle."""
        command = "bigfs --index --index-dir /shared/index /shared/data/*"
        use = ("bigfs --min-size 100K --index-dir /shared/index /shared/data /mnt && cat /mnt/app.log/rows@1000/* "
               "/mnt/old.log.gz/plain/rows@1000/* | sha256sum; bigfs --unmount /mnt")
        wanted = digest(2 * self.data)
        for _ in range(5):
            self.clear()
            chosen = {name: self.random.choice((command, use)) for name in self.HOSTS}
            programs = {name: self.popen(self.host[name], "mkdir -p /mnt; sleep %.3f; %s" % (
                self.random.random() * 0.05, text)) for name, text in chosen.items()}
            victim = self.random.choice((None, *self.HOSTS))
            if victim is not None:
                time.sleep(0.1 + self.random.random() * 0.4)
                self.host[victim].kill()
                programs.pop(victim).wait()
            for name, output in zip(programs, self.finish(*programs.values())):
                if chosen[name] == use:
                    self.assertEqual(output.split()[0], wanted)
            if victim is not None:
                self.start(victim)
            self.assert_kept("lines", "lines", "map")
            self.assert_found(self.host[self.random.choice(self.HOSTS)])

    def test_a_host_dies_while_it_writes(self):
        """Nothing is left, and nobody waits for it."""
        one, two, three = self.host.values()
        self.stick(three)
        with self.mounted(two, "--index-dir", "/shared/index") as mount:
            self.assert_rows(mount)
            three.kill()
            self.start("three")
            self.assert_kept("lines", "lines", "map")
        self.assert_found(one)

    def test_evicted_by_another(self):
        """A host removes all indexes again and again while others use and make them."""
        one, two, three = self.host.values()
        self.assertEqual(self.index(one, "app.log", "old.log.gz")[0], 0)
        views = ("app.log/rows", "old.log.gz/plain/rows")
        with self.mounted(one, "--index-dir", "/shared/index", "--decode-memory", "1M") as mount:
            begin = mount.shell("cat app.log/rows/1 old.log.gz/plain/rows/1 old.log.gz/plain/lines@1M/0 | sha256sum")
            remover = self.popen(two, "while [ ! -e /shared/work/enough ]; do bigfs --index --index-dir /shared/index "
                                      "--index-space 1 /shared/data/app.log 2>/dev/null; [ $? = 1 ] || exit 2; done")
            for _ in range(4):
                self.assert_rows(mount, views)
                with self.mounted(three, "--index-dir", "/shared/index") as other:
                    self.assert_rows(other, views)
                    self.assertEqual(other.warnings(), [])
            (self.shared / "work/enough").touch()
            self.finish(remover)
            self.assertEqual(mount.shell("cat app.log/rows/1 old.log.gz/plain/rows/1 old.log.gz/plain/lines@1M/0 | "
                                         "sha256sum"), begin)
            self.assertEqual(mount.warnings(), [])
        self.assertEqual([path for path in index_files(self.dir, "") if path.endswith(".tmp")], [])


class UnusableTest(IndexTest):
    """A directory that one host cannot use costs time there, one warning, and nothing else."""

    HOSTS = ("one", "two")

    @classmethod
    def bound(cls, name):
        if not hasattr(cls, "full"):
            cls.full = cls.world.disk("full", 1 * M)
        return (*super().bound(name), (cls.full, "/full"))

    def assert_counts(self, host, *options, directory="/shared/index", words, user="root"):
        """Each answer is right, and there is one warning with these words."""
        with self.mounted(host, "--index-dir", directory, *options, user=user) as mount:
            for _ in range(2):
                for view in ("app.log/rows", "old.log.gz/plain/rows"):
                    got = host.shell("cat /mnt/%s@1000/* | sha256sum" % view, user=user).split()[0]
                    self.assertEqual(got, digest(self.data), view)
            told = mount.warnings()
            self.assertEqual(len(told), 1, told)
            self.assertIn(words, told[0])
            return int(clustering.sizes(host.run("cat", "/mnt/.bigfs/metrics", user=user))["bigfs_scanned_bytes_total"])

    def test_another_users(self):
        """A host on which bigfs runs as another user, as with NFS and root_squash. What is root's can only be read."""
        one, two = self.host.values()
        self.assertEqual(self.index(one, "app.log", "old.log.gz")[0], 0)
        one.run("chown", "-R", "worker", "/shared/index")
        code, output = self.index(two, "app.log", user="root")
        self.assertEqual((code, output.count("\n")), (1, 1), output)
        self.assertIn("another user's", output)
        self.assertGreater(self.assert_counts(two, words="another user's"), 0)
        self.assertIn("already indexed", self.index(one, "app.log", user="worker")[1])
        one.run("chown", "-R", "root", "/shared/index")
        self.assert_found(two)

    def test_read_only(self):
        """What is there is used; what is not is made, and kept in memory."""
        one, two = self.host.values()
        two.shell("mkdir -p /ro && mount --bind /shared/index /ro && mount -o remount,bind,ro /ro")
        self.assertEqual(self.index(one, "app.log")[0], 0)
        with self.mounted(two, "--index-dir", "/ro") as mount:
            self.assert_rows(mount, ("app.log/rows",))
            self.assertEqual((mount.scanned(), mount.warnings()), (0, []))
            self.assert_rows(mount)
            self.assertEqual(len(mount.warnings()), 1, mount.warnings())
            self.assertIn("Read-only file system", mount.warnings()[0])
        self.assert_kept("lines")
        code, output = self.index(two, "app.log", directory="/ro")
        self.assertEqual((code, output.count("\n")), (1, 1), output)
        two.run("umount", "/ro")

    def test_full(self):
        """Nothing half-written is left, and what fits again is kept again."""
        one, two = self.host.values()
        one.shell("dd if=/dev/zero bs=1K of=/full/zeros oflag=sync status=none || [ $? = 1 ]")
        code, output = self.index(one, "app.log", directory="/full")
        self.assertEqual((code, output.count("\n")), (1, 1), output)
        self.assertIn("free some space", output)
        self.assertGreater(self.assert_counts(one, directory="/full", words="No space left on device"), 0)
        self.assertEqual(one.shell("find /full -type f").split(), ["/full/zeros"])
        one.run("rm", "/full/zeros")
        self.assertEqual(self.index(two, "app.log", "old.log.gz", directory="/full")[0], 0)
        self.assertEqual(len(one.shell("find /full -type f").split()), 3)


class OtherInodesTest(IndexTest):
    """Host `one` has the disk, and serves it to the others by sshfs: other devices, inodes and times of whole seconds."""

    HOSTS = ("one", "two", "three")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host["one"].shell("mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519 && "
                              "cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys && /usr/sbin/sshd")
        cls.key = cls.host["one"].run("cat", "/root/.ssh/id_ed25519")
        for path in (cls.shared / "data").iterdir():
            os.utime(path, (1e9, 1e9))

    @classmethod
    def bound(cls, name):
        return super().bound(name) if name == "one" else ((cls.shared / "work", "/work"),)

    @classmethod
    def join(cls, name, first=""):
        """Mounts the disk of `one`, and looks at a file first."""
        host = cls.host[name]
        host.write("/root/.ssh/id_ed25519", cls.key, 0o600)
        host.shell("mkdir -p /shared && sshfs -o StrictHostKeyChecking=no,allow_other one:/shared /shared && "
                   "stat /shared/data/%s" % first, timeout=60)

    def setUp(self):
        super().setUp()
        for name in ("two", "three"):
            self.again(name, "app.log")  # sshfs remembers for a while what was there

    def again(self, name, first=""):
        """The same on a host that has just started: inode numbers are those of what it looks at first."""
        self.host[name].kill()
        self.start(name)
        self.join(name, first)
        return self.host[name]

    def inode(self, host, name):
        return int(host.run("stat", "-c", "%i", "/shared/data/" + name))

    def test_made_twice_never_wrong(self):
        """Those for whom the file has the same number share an index. No one removes that of others."""
        one, two, three = self.host.values()
        self.assertEqual(self.index(one, "app.log", "old.log.gz")[0], 0)
        numbers = [self.inode(host, "app.log") for host in (one, two, three)]
        self.assertNotEqual(numbers[0], numbers[1])
        self.assertEqual(numbers[1], numbers[2])
        for host, counts in ((two, True), (three, False), (one, False)):
            with self.mounted(host, "--index-dir", "/shared/index") as mount:
                self.assert_rows(mount, ("app.log/rows",))
                self.assertEqual((mount.scanned(), mount.warnings()), (len(self.data) if counts else 0, []))
        self.assert_kept("lines", "lines", "lines", "map")
        three = self.again("three", "old.log.gz")
        self.assertNotEqual(self.inode(three, "app.log"), numbers[1])
        for host in (three, two, one):
            with self.mounted(host, "--index-dir", "/shared/index") as mount:
                self.assert_rows(mount)
                self.assertEqual(mount.warnings(), [])

    def test_another_file_of_the_same_number(self):
        """On another host: a copy with other lines in its middle, as long or longer, and later."""
        data = self.shared / "data"
        for name, content in (("b.log", alter(self.data, 1 * M)), ("c.log", alter(self.data, 2 * M) + ragged(9, 50 * K))):
            (data / name).write_bytes(content)
            os.utime(data / name, (1e9 + 60, 1e9 + 60))
            two, three = self.host["two"], self.again("three", name)
            self.assertEqual(self.inode(two, "app.log"), self.inode(three, name))
            self.assertEqual(self.index(two, "app.log")[0], 0)
            with self.mounted(three, "--index-dir", "/shared/index") as mount:
                self.assertEqual(mount.shell("cat %s/rows@1000/* | sha256sum" % name).split()[0], digest(content))
                rows = model.Rows(content)
                for line in (1, rows.count // 2, rows.count - 9):
                    self.assertEqual(mount.bytes(name, "rows/%d+3" % line), rows.lines(line, 3), name)
            (data / name).unlink()

    def test_at_the_same_moment(self):
        """Each ends well, though their processes have the same numbers."""
        two, three = self.host["two"], self.host["three"]
        loop = "for n in $(seq 20); do bigfs --index --index-dir /shared/index/$n /shared/data/app.log || exit; done"
        self.finish(self.popen(two, loop), self.popen(three, loop))
        self.assert_kept(*["lines"] * 20)
        for place in ("/shared/index/1", "/shared/index/20"):
            for host in (two, three):
                self.assertIn("already indexed", self.index(host, "app.log", directory=place)[1])

    def test_a_host_dies_while_it_writes(self):
        """What it has written stays for a day, and is in nobody's way."""
        one, two, three = self.host.values()
        self.stick(three)
        (left,) = index_files(self.dir, ".tmp")
        for host in (one, two, self.again("three")):
            with self.mounted(host, "--index-dir", "/shared/index") as mount:
                self.assert_rows(mount, ("app.log/rows",))
                self.assertEqual(mount.warnings(), [])
        self.assertEqual(self.index(two, "app.log")[0], 0)
        self.assertEqual(index_files(self.dir, ".tmp"), [left])
        os.utime(left, (time.time() - 90000, time.time() - 90000))
        self.assertEqual(self.index(one, "app.log")[0], 0)
        self.assertEqual(index_files(self.dir, ".tmp"), [])


if __name__ == "__main__":
    clustering.main()
