# SPDX-License-Identifier: MIT
"""The index directory: root follows no link of another user, and makes nothing in another user's home."""

import os

import harness
from harness import read
from rowing import index_files, ragged
from support import bigfs

USER = 40001


class PlaceTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0, "another user's home needs root")
        self.tmp.chmod(0o755)
        self.file = self.write("app.log", ragged(1, 500 * 1024))
        self.home = self.tmp / "home"
        self.target = self.tmp / "target"
        for directory in (self.home, self.target):
            directory.mkdir()
        os.chown(self.home, USER, USER)

    def link(self, path, owner):
        os.symlink(self.target, path)
        os.lchown(path, owner, owner)

    def everything(self):
        return sorted(str(path) for place in (self.home, self.target) for path in place.rglob("*"))

    def index(self, **env):
        """`bigfs --index`. It may write only to root's own home, by the user database."""
        return bigfs("--index", self.file, env={name: str(value) for name, value in env.items()})

    def test_home_of_another(self):
        """sudo keeps HOME: nothing is made there, nor where its links lead."""
        self.keep_roots_own()
        before = self.everything()
        self.index(HOME=self.home, XDG_CACHE_HOME="")
        self.assertEqual(self.everything(), before)
        self.link(self.home / ".cache", USER)
        before = self.everything()
        self.index(HOME=self.home, XDG_CACHE_HOME="")
        self.index(HOME=self.home, XDG_CACHE_HOME=self.home / ".cache")
        self.assertEqual(self.everything(), before)

    def keep_roots_own(self):
        """Removes what the test makes in root's own cache."""
        own = os.path.join(os.path.expanduser("~root"), ".cache/bigfs")
        before = set(index_files(own))

        def clean(_):
            for path in set(index_files(own)) - before:
                os.unlink(path)
                if not os.listdir(os.path.dirname(path)):
                    os.rmdir(os.path.dirname(path))
        self._finally(clean, None)

    def test_given_through_links(self):
        """The path of a given directory may contain a link of root's, but none of another user's."""
        self.link(self.tmp / "roots", 0)
        self.link(self.home / "users", USER)
        code, _, errors = bigfs("--index", "--index-dir", self.home / "users/idx", self.file)
        self.assertNotEqual(code, 0)
        self.assertEqual(len(errors.strip().splitlines()), 1, errors)
        self.assertEqual(list(self.target.iterdir()), [])
        self.assertEqual(bigfs("--index", "--index-dir", self.tmp / "roots/a/b", self.file)[0], 0)
        self.assertEqual(len(index_files(self.target / "a/b")), 1)
        mount = self.mount(None, "--min-size", "0", "--index-dir", self.home / "users/idx")
        mount.allowed_trouble.append("line index")
        self.assertEqual(read(mount.p("app.log/rows/0")), read(self.file))
        self.assertEqual([path.name for path in self.target.iterdir()], ["a"])

    def test_the_status_says_whose_it_is(self):
        """And, once it is known, why it is not used."""
        own, shared = self.tmp / "own", self.tmp / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        for directory, more in ((own, ""), (shared, ", not used: others may write to it")):
            mount = self.mount(None, "--min-size", "0", "--index-dir", directory)
            mount.allowed_trouble.append("line index")
            self.assertEqual(read(mount.p("app.log/rows/0")), read(self.file))
            self.assertIn("\nindex dir:     %s (of root)%s" % (directory, more),
                          read(mount.p(".bigfs/status")).decode())
        mount = self.mount(None, "--index-dir", "none")
        self.assertIn("\nindex dir:     none\n", read(mount.p(".bigfs/status")).decode())


if __name__ == "__main__":
    harness.main()
