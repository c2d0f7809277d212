# SPDX-License-Identifier: MIT
"""With allow_other every user gets what the source would give, and nothing else; ACLs included.

The oracle is the source itself: each user tries everything in both.
"""

import os
import random
import shutil
import stat
import time

import harness
from acls import (ACCESS, DEFAULT, GROUP, GROUP_OBJ, MASK, OTHER, R, USER, USER_OBJ, W, X, User, acl, get_acl,
                  set_acl)
from harness import M
from support import LAG

UIDS = (40001, 40002, 40003)
GIDS = (50001, 50002, 50003)
USERS = [User(UIDS[0], GIDS[0]), User(UIDS[1], GIDS[1], GIDS[0]), User(UIDS[2], GIDS[2], GIDS[0], GIDS[1]),
         User(40004, 50004)]
LARGE = 64 * 1024
BELIEVED = 1.2  # seconds: longer than the kernel caches attributes
PIECES = ("whole.log", "bytes/000000", "bytes/1", "lines/0", "lines.tsv", "bytes@4K/0")


class RightsTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0, "becoming other users needs root")
        self.tmp.chmod(0o755)

    def start(self, source=None, *options, **more):
        return self.mount(source, "--min-size", LARGE, "--chunk-size", "16K", "--index-dir", "none",
                          "-o", "allow_other", *options, **more)


class OracleTest(RightsTest):
    """Random rights on random trees."""

    def rights(self, generator, large):
        """An x without r is the mode's own affair: what of a large file it shows is not the same thing."""
        return generator.choice((0, R, R | X, R | W, R | W | X) if large else range(8))

    def random_acl(self, generator, large):
        users = {uid: generator.randrange(8) for uid in generator.sample(UIDS, generator.randrange(3))}
        groups = {gid: generator.randrange(8) for gid in generator.sample(GIDS, generator.randrange(3))}
        return acl(self.rights(generator, large), generator.randrange(8), self.rights(generator, large),
                   generator.randrange(8), users, groups)

    def protect(self, generator, path, large=False):
        os.chown(path, generator.choice((0, *UIDS)), generator.choice((0, *GIDS)))
        mode = 0
        for _ in range(3):
            mode = mode << 3 | self.rights(generator, large)
        os.chmod(path, mode)
        if generator.random() < 0.7:
            set_acl(path, self.random_acl(generator, large))

    def tree(self, generator, root):
        """Directories, small files and large files with random rights: their paths below root, by kind."""
        made = {"directory": [], "small": [], "large": []}
        for d in range(6):
            above = generator.choice(["", *made["directory"]])
            directory = os.path.join(above, "d%d" % d)
            os.mkdir(os.path.join(root, directory))
            made["directory"].append(directory)
        for n in range(24):
            kind = generator.choice(("small", "large"))
            path = os.path.join(generator.choice(["", *made["directory"]]), "%s%02d.log" % (kind, n))
            with open(os.path.join(root, path), "wb") as file:
                file.write(b"%d of %s\n" % (n, kind.encode()) * (6000 if kind == "large" else 1))
            made[kind].append(path)
        for kind, paths in made.items():
            for path in paths:
                self.protect(generator, os.path.join(root, path), kind == "large")
        for directory in made["directory"][:3]:  # so that most of it can be reached
            os.chmod(os.path.join(root, directory), 0o755)
        return made

    def assert_as_source(self, mount, root, made):
        questions = []  # (call, path in the source, path in the mount)
        for path in made["directory"]:
            questions += [("list", path, path), ("stat", path, path)]
        for path in made["small"]:
            questions += [("read", path, path), ("stat", path, path)]
        pieces = []
        for path in made["large"]:
            questions += [("read", path, path + "/whole.log")]
            pieces += [(call, path, os.path.join(path, name))
                       for call, names in (("read", PIECES), ("stat", PIECES), ("list", ("", "bytes", "lines@n3")))
                       for name in names]
        seen = set()
        for user in USERS:
            ours = user.tries([(call, mount.p(there)) for call, _, there in questions + pieces])
            right = user.tries([(call, os.path.join(root, here)) for call, here, _ in questions]
                               + [("read", os.path.join(root, here)) for _, here, _ in pieces])
            for number, (call, here, there) in enumerate(questions + pieces):
                got, expected = ours[number], right[number]
                about = "%s %s as %s: %s, the source %s" % (call, there, user, got, expected)
                if call == "stat" and number < len(questions) and here in made["directory"] and got != "EACCES":
                    got, expected = got[1:], expected[1:]  # the size of a directory is its own
                if number < len(questions):
                    self.assertEqual(got, expected, about)
                else:
                    self.assertEqual(got == "EACCES", expected == "EACCES", about)
                    self.assertIn(type(got) is str and got.startswith("E") and got, (False, "EACCES"), about)
                seen.add(got == "EACCES")
        self.assertEqual(seen, {True, False})

    def check(self, root):
        generator = random.Random(harness.seed("rights"))
        made = self.tree(generator, root)
        mount = self.start(root)
        self.assert_as_source(mount, root, made)
        self.assert_as_source(mount, root, made)  # of what the kernel has in its caches
        for kind, paths in made.items():
            for path in generator.sample(paths, len(paths) // 2):
                self.protect(generator, os.path.join(root, path), kind == "large")
        for directory in made["directory"][:2]:
            os.chmod(os.path.join(root, directory), 0o755)
        time.sleep(BELIEVED)  # the kernel's cache has expired then
        self.assert_as_source(mount, root, made)

    def test_tmpfs(self):
        self.check(self.filesystem("tmpfs", 16 * M))

    def test_ext4(self):
        self.check(self.filesystem("ext4", 32 * M))

    def test_xfs(self):
        self.check(self.filesystem("xfs", 300 * M))

    def test_btrfs(self):
        self.check(self.filesystem("btrfs", 128 * M))

    def open_to_all(self, device):
        """As udev makes it; in some containers only root can use it."""
        mode = os.stat(device).st_mode
        self._finally(lambda before: os.chmod(device, before), stat.S_IMODE(mode))
        os.chmod(device, stat.S_IMODE(mode) | 0o666)

    def test_mounted_by_a_user(self):
        """A user who is not root lets others in: they get what both they and that user may read, and nothing else."""
        self.require(shutil.which("setpriv"), "setpriv is not installed")
        generator = random.Random(harness.seed("rights"))
        made = self.tree(generator, self.source)
        mounter = USERS[0]
        self.addCleanup(os.umask, os.umask(0))  # the mountpoint is the user's to write to
        self.open_to_all("/dev/fuse")
        mount = self.start(None, wrapper=("setpriv", "--reuid", mounter.uid, "--regid", mounter.gid,
                                          "--clear-groups", "--inh-caps", "+sys_admin", "--ambient-caps",
                                          "+sys_admin"))
        paths = made["small"] + made["large"]
        here = [("read", str(self.source / path)) for path in paths]
        there = [("read", mount.p(path) + ("/whole.log" if path in made["large"] else "")) for path in paths]
        allowed = mounter.tries(here)
        for user in USERS:
            for path, his, theirs, got in zip(paths, allowed, user.tries(here), user.tries(there)):
                expected = "EACCES" if "EACCES" in (his, theirs) else theirs
                self.assertEqual(got, expected, (path, user))


class AclTest(RightsTest):
    """ACLs as shown, and when they change."""

    def setUp(self):
        super().setUp()
        self.small = self.write("small.txt", b"small\n")
        self.large = self.write("large.log", b"line of a large file\n" * 5000)
        self.directory = self.source / "directory"
        self.directory.mkdir()

    def entries(self, path, name=ACCESS):
        found = get_acl(path, name)
        return found and {(tag, who if tag in (USER, GROUP) else None): rights for tag, rights, who in found}

    def without_pieces_own(self, path):
        """The names of attributes, without those that only say where a piece lies."""
        return [name for name in os.listxattr(path, follow_symlinks=False) if not name.startswith("user.bigfs.")]

    def test_of_each_kind(self):
        given = acl(R | W | X, R, R | X, R | W, {UIDS[0]: R | W | X, UIDS[1]: X}, {GIDS[0]: R, GIDS[1]: 0})
        for path in (self.small, self.large, self.directory):
            set_acl(path, given)
        as_it_is = {(USER_OBJ, None): R | X, (USER, UIDS[0]): R | X, (USER, UIDS[1]): X, (GROUP_OBJ, None): R,
                    (GROUP, GIDS[0]): R, (GROUP, GIDS[1]): 0, (MASK, None): R, (OTHER, None): R | X}
        of_directory = {(USER_OBJ, None): R | X, (USER, UIDS[0]): R | X, (USER, UIDS[1]): 0,
                        (GROUP_OBJ, None): R | X, (GROUP, GIDS[0]): R | X, (GROUP, GIDS[1]): 0,
                        (MASK, None): R | X, (OTHER, None): R | X}
        mount = self.start()
        for name, expected in (("small.txt", as_it_is), ("directory", as_it_is), ("large.log/whole.log", as_it_is),
                               ("large.log/bytes/0", as_it_is), ("large.log", of_directory),
                               ("large.log/lines@n3", of_directory),
                               ("large.log/bytes.tsv", {key: rights & R for key, rights in as_it_is.items()})):
            self.assertEqual(self.entries(mount.p(name)), expected, name)
            self.assertEqual(self.without_pieces_own(mount.p(name)), [ACCESS], name)
            mode = os.stat(mount.p(name)).st_mode
            self.assertEqual([mode >> shift & 7 for shift in (6, 3, 0)],
                             [expected[USER_OBJ, None], expected[MASK, None], expected[OTHER, None]], name)

    def test_default_of_a_directory(self):
        set_acl(self.directory, acl(7, 5, 0, 7, {UIDS[0]: 7}), DEFAULT)
        mount = self.start()
        self.assertEqual(os.listxattr(mount.p("directory")), [DEFAULT])
        self.assertEqual(self.entries(mount.p("directory"), DEFAULT),
                         {(USER_OBJ, None): 5, (USER, UIDS[0]): 5, (GROUP_OBJ, None): 5, (MASK, None): 5,
                          (OTHER, None): 0})

    def test_none(self):
        os.symlink("small.txt", self.source / "link")
        mount = self.start()
        for name in ("", "small.txt", "large.log", "large.log/bytes", "large.log/bytes/0", "large.log/bytes.tsv",
                     "directory", ".bigfs", ".bigfs/status", "link"):
            self.assertEqual(self.without_pieces_own(mount.p(name)), [], name)
            self.assert_errno(harness.errno.ENODATA, os.getxattr, mount.p(name), "user.other")
            if name != "link":
                self.assert_errno(harness.errno.ENODATA, os.getxattr, mount.p(name), ACCESS)

    def test_of_one_user_alone(self):
        """Without allow_other there are no ACLs, and a program that asks for one is told so."""
        set_acl(self.small, acl(6, 4, 4, 4, {UIDS[0]: 4}))
        mount = self.mount(None, "--index-dir", "none")
        self.assertIsNone(get_acl(mount.p("small.txt")))
        self.assert_errno(harness.errno.EOPNOTSUPP, os.getxattr, mount.p("small.txt"), ACCESS)
        self.assert_errno(harness.errno.EOPNOTSUPP, os.getxattr, mount.p("small.txt"), "security.other")
        self.assert_errno(harness.errno.ENODATA, os.getxattr, mount.p("small.txt"), "user.other")
        self.assertEqual(os.listxattr(mount.p("small.txt")), [])

    def test_change(self):
        """A right that is granted or revoked changes in the mount once cached attributes have expired."""
        user = USERS[0]
        self.small.chmod(0o600)
        self.large.chmod(0o600)
        mount = self.start()
        both = [("read", mount.p("small.txt")), ("read", mount.p("large.log/lines/0"))]

        def refused():
            return [answer == "EACCES" for answer in user.tries(both)]
        self.assertEqual(refused(), [True, True])
        for path in (self.small, self.large):
            set_acl(path, acl(6, 0, 0, R, {user.uid: R}))
        harness.wait_for(lambda: refused() == [False, False], LAG, "the user is let in")
        for path in (self.small, self.large):
            set_acl(path, acl(6, 0, 0))
        harness.wait_for(lambda: refused() == [True, True], LAG, "the user is kept out")

    def test_old_mask(self):
        """The mask of a removed ACL is not taken for the rights of the group."""
        member = USERS[0]
        os.chown(self.small, 0, member.gid)
        mount = self.start()
        for _ in range(5):
            set_acl(self.small, acl(6, 0, 0, R, {UIDS[1]: R}))
            time.sleep(BELIEVED)
            self.assertEqual(stat.S_IMODE(os.stat(mount.p("small.txt")).st_mode), 0o440)
            set_acl(self.small, acl(6, 0, 0))  # says no more than the mode 0600, so it becomes that
            self.assertEqual(member.tries([("read", mount.p("small.txt"))]), ["EACCES"])


if __name__ == "__main__":
    harness.main()
