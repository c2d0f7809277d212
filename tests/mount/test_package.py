# SPDX-License-Identifier: MIT
"""The Debian package: made as a user makes it, checked by lintian, and used in a bare Debian 12.

Everything that is done in that root runs in namespaces of its own. When they end, no mount or process is left.
"""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import harness
from harness import REPO, read, run

sys.path.append(str(REPO / "tests" / "check"))
import links  # noqa: E402

PLACES = {"usr/bin", "usr/sbin", "usr/lib/systemd/system", "usr/share/man/man1", "usr/share/man/man8",
          "usr/share/doc/bigfs", "usr/share/lintian/overrides", "usr/share/bash-completion/completions",
          "usr/share/zsh/vendor-completions", "usr/share/fish/vendor_completions.d",
          "usr/share/fish/vendor_functions.d"}
# What installing and removing any package changes.
KEPT_BY_APT = re.compile(r"\./(var/(cache/(apt|debconf|ldconfig)|lib/(apt|dpkg)|log)|tmp)(/|$)|\./etc/ld\.so\.cache")
# What concerns mount, fstab and systemd; and flags of the kernel.
FSTAB_OPTIONS = ("defaults,allow_other,nofail,_netdev,user,users,group,owner,noauto,exec,suid,dev,sync,comment=a,"
                 "relatime,strictatime,lazytime,nodiratime,silent,iversion,x-systemd.automount,"
                 "x-systemd.requires=b.service,x-gvfs-show")
UNIT = REPO / "scripts" / "packaging" / "bigfs@.service"

# In the root: `listing` shows what is there, `seen` a mount.
BEGIN = """
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /srv
mkdir -p /srv/data '/srv/my logs' /srv/x /srv/y
seq 300000 >/srv/data/app.log
seq 300000 >'/srv/my logs/app.log'
seen() { findmnt -n -o SOURCE,FSTYPE,OPTIONS --raw "$1" || echo none; }
install_it() { dpkg -i /root/bigfs.deb >/srv/log 2>&1 || { cat /srv/log >&2; exit 1; }; }
"""


def setUpModule():
    Package.build()


class Package:
    """The package, its content unpacked, and a bare Debian 12 in which its dependencies are installed."""

    directory = file = content = root = None

    @classmethod
    def build(cls):
        run(REPO / "scripts" / "package")
        cls.file, = (REPO / "build-package").glob("bigfs_*.deb")
        cls.directory = Path(tempfile.mkdtemp(prefix="bigfs-test-")).resolve()
        step = (harness._remove_tree, cls.directory)
        harness._undo.append(step)
        unittest.addModuleCleanup(lambda: (harness._undo.remove(step), harness._remove_tree(cls.directory)))
        cls.content = cls.directory / "content"
        run("dpkg-deb", "-x", cls.file, cls.content)

    @classmethod
    def bare_debian(cls):
        """Its directory. Made once: it takes longest."""
        if cls.root is None:
            root = cls.directory / "root"
            (root / "etc" / "dpkg" / "dpkg.cfg.d").mkdir(parents=True)
            (root / "etc" / "dpkg" / "dpkg.cfg.d" / "unsafe").write_text("force-unsafe-io\n")
            cache = REPO / "build-package" / "debootstrap"
            cache.mkdir(exist_ok=True)
            run("unshare", "-m", "-p", "-f", "--kill-child", "debootstrap", "--variant=minbase",
                "--cache-dir=%s" % cache, "bookworm", root)
            shutil.copy(cls.file, root / "root" / "bigfs.deb")
            os.mknod(root / "dev" / "fuse", stat.S_IFCHR, os.makedev(10, 229))
            (root / "dev" / "fuse").chmod(0o666)  # as udev has it; the machine's own may not be so
            cls.root = root
            cls.install_with_apt()
        return cls.root

    @classmethod
    def install_with_apt(cls):
        """From here on, the root has what the package says that it depends on."""
        cls.said = cls.run_in_root("apt-get install -q -y --no-install-recommends /root/bigfs.deb 2>/srv/log || "
                                   "{ cat /srv/log >&2; exit 1; }\n")

    @classmethod
    def run_in_root(cls, script):
        return run("unshare", "-m", "-p", "-f", "--kill-child", "chroot", cls.root, "sh", "-s",
                   input=(BEGIN + script).encode()).decode()


class PackageTest(harness.MountTest):
    def test_lintian(self):
        self.require(shutil.which("lintian"), "lintian is not installed")
        result = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", str(Package.file)],
                                capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)

    def test_where_files_are(self):
        """All are root's, and lie where Debian has such files."""
        for line in run("dpkg-deb", "-c", Package.file).decode().splitlines():
            mode, owner, _, _, _, name = line.split(None, 5)
            name = name[2:]
            self.assertEqual(owner, "root/root", line)
            self.assertIn(mode, {"drwxr-xr-x"} if name.endswith("/") else {"-rw-r--r--", "-rwxr-xr-x"}, line)
            self.assertTrue(any((place + "/").startswith(name) or name.startswith(place + "/") for place in PLACES),
                            line)

    def test_the_program_is_hardened(self):
        told = run("readelf", "-hldW", Package.content / "usr" / "bin" / "bigfs").decode()
        self.assertRegex(told, r"Type: +DYN \(Position-Independent Executable")
        self.assertIn("GNU_RELRO", told)
        self.assertIn("BIND_NOW", told)
        symbols = run("nm", "-D", Package.content / "usr" / "bin" / "bigfs").decode()
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk@")
        self.assertNotIn("__assert_fail", symbols)

    def test_documents_have_no_dead_link(self):
        documents = Package.content / "usr" / "share" / "doc" / "bigfs"
        self.assertEqual(list(links.check(documents)), [])
        self.assertIn("](copyright)", (documents / "README.md").read_text())
        there = {path.name for path in (documents / "docs").glob("*.md")}
        self.assertEqual(there, {path.name for path in (REPO / "docs").glob("*.md")})

    def test_another_prefix(self):
        """`cmake --install` puts the same below any prefix."""
        run("cmake", "--install", REPO / "build-package", "--prefix", self.tmp / "local")
        for name in ("bin/bigfs", "sbin/mount.bigfs", "share/man/man1/bigfs.1.gz", "lib/systemd/system/bigfs@.service"):
            self.assertTrue((self.tmp / "local" / name).is_file(), name)
        self.assertFalse((self.tmp / "local" / "share" / "doc" / "bigfs" / "changelog.Debian.gz").exists())


class BareDebianTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.require(os.geteuid() == 0 and shutil.which("debootstrap"), "a bare Debian needs root and debootstrap")
        Package.bare_debian()

    def run_in_root(self, script):
        return Package.run_in_root("install_it\n" + script)

    def test_apt_installs_what_it_needs(self):
        self.assertIn("Setting up fuse3", Package.said)
        self.assertIn("Setting up bigfs", Package.said)

    def test_it_runs(self):
        """The version, a mount, a piece, and the end of the mount."""
        output = self.run_in_root("bigfs --version | head -n 1; test -s /usr/share/man/man1/bigfs.1.gz\n"
                                  "bigfs --chunk-size 1M /srv/data /srv/x; ls /srv/x/app.log/lines\n"
                                  "cat /srv/x/app.log/lines/* | cmp - /srv/data/app.log; seen /srv/x\n"
                                  "fusermount3 -u /srv/x; seen /srv/x\n")
        version, first, second, mount, end = output.splitlines()
        self.assertRegex(version, r"^bigfs \d+\.\d+")
        self.assertEqual((first, second), ("000000.log", "000001.log"))
        self.assertRegex(mount, "^/srv/data fuse.bigfs ro,nosuid,nodev")
        self.assertEqual(end, "none")

    def test_mount_knows_both_types(self):
        """`mount -t bigfs` and `mount -t fuse.bigfs`; umount; -f and -v; another user."""
        for kind in ("bigfs", "fuse.bigfs"):
            with self.subTest(kind=kind):
                output = self.run_in_root(
                    "mount -v -t %s -o chunk_size=1M,ro,allow_other /srv/data /srv/x; ls /srv/x/app.log/bytes\n"
                    "seen /srv/x; umount /srv/x; seen /srv/x\nchown nobody /srv/x\n"
                    "mount -t %s -o setuid=nobody,index_dir=none /srv/data /srv/x; seen /srv/x\n" % (kind, kind))
                *pieces, mount, end, others = output.splitlines()
                self.assertEqual(pieces, ["000000", "000001"])
                self.assertRegex(mount, "^/srv/data fuse.bigfs ro,nosuid,nodev.*allow_other")
                self.assertEqual(end, "none")
                self.assertRegex(others, "^/srv/data fuse.bigfs .*user_id=65534")
        self.assertEqual(self.run_in_root("mount -f -t bigfs /srv/data /srv/x; seen /srv/x\n"), "none\n")

    def test_mount_tells_what_is_wrong(self):
        output = self.run_in_root("! mount -t bigfs /srv/nothing /srv/x 2>&1; ! mount.bigfs 2>&1\n")
        self.assertRegex(output, r"bigfs: /srv/nothing: .*\nusage: mount.bigfs ")

    def test_fstab(self):
        """Options that mean something to mount and systemd alone, a space, a comma; `mount -a` twice; umount."""
        output = self.run_in_root("options=%s\n" % FSTAB_OPTIONS + r"""
cat >/etc/fstab <<END
/srv/data /srv/x bigfs $options 0 0
/srv/my\040logs /srv/y fuse.bigfs chunk_size=1M,format=log=a,record=a=[0-9]{1\,3},views=bytes\,lines,auto,nofail 0 0
END
mount -a; seen /srv/x; seen /srv/y; ls /srv/y/app.log
mount -a; mount /srv/x; mount -a; grep -c fuse.bigfs /proc/mounts; seen /srv/x
umount /srv/x; umount -a -t fuse.bigfs; grep -c fuse.bigfs /proc/mounts || :
rm /etc/fstab
""")
        lines = output.splitlines()
        self.assertEqual(lines[0], "none", "noauto")
        self.assertRegex(lines[1], r"^/srv/my\\x20logs fuse.bigfs ro,")
        self.assertEqual(lines[2:7], ["bytes", "bytes.tsv", "lines", "lines.tsv", "2"])
        self.assertRegex(lines[7], "^/srv/data fuse.bigfs ro,nosuid,nodev.*allow_other")
        self.assertEqual(lines[8], "0")

    def test_a_user_mounts_by_fstab(self):
        """With `user` in its options: whose directory it is may mount and unmount there."""
        output = self.run_in_root(r"""
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH=/usr/bin:/bin "$@"; }
echo '/srv/data /srv/x bigfs noauto,user,chunk_size=1M,index_dir=none 0 0' >/etc/fstab
chown nobody /srv/x
as_nobody mount /srv/x; seen /srv/x; as_nobody ls /srv/x/app.log/bytes; as_nobody umount /srv/x; seen /srv/x
rm /etc/fstab
""")
        mount, *pieces, end = output.splitlines()
        self.assertRegex(mount, "^/srv/data fuse.bigfs ro,nosuid,nodev,noexec.*user_id=65534")
        self.assertEqual((pieces, end), (["000000", "000001"], "none"))

    def test_nothing_remains(self):
        """After a purge, the files are those of before; a mount that is there goes on until it is unmounted."""
        output = self.run_in_root(r"""
cd /
listing() { find . -xdev -path ./proc -prune -o -print | sort; }
dpkg --purge bigfs >/dev/null
listing >/srv/before
install_it
bigfs --chunk-size 1M --index-dir none /srv/data /srv/x
mkdir -p /var/cache/bigfs
dpkg --purge bigfs >/dev/null
cmp /srv/x/app.log/whole.log /srv/data/app.log; fusermount3 -u /srv/x; seen /srv/x
listing | diff /srv/before - || :
""")
        none, *changed = output.splitlines()
        self.assertEqual(none, "none")
        self.assertEqual([line for line in changed if line[:1] in "<>" and not KEPT_BY_APT.match(line[2:])], [])


class ServiceTest(harness.MountTest):
    """bigfs@.service, as far as that can be seen without systemd as process 1."""

    def settings(self, name):
        return [line.split("=", 1)[1] for line in UNIT.read_text().splitlines() if line.startswith(name + "=")]

    def command(self, name, **values):
        """The words of a command of the unit, as systemd makes them."""
        line, = self.settings(name)
        words = []
        for word in shlex.split(line.lstrip("-")):
            if re.fullmatch(r"\$\w+", word):
                words += values[word[1:]].split()
            else:
                word = re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], word)
                words.append(word.replace("$$", "$"))
        return words

    def test_systemd_accepts_it(self):
        self.require(shutil.which("systemd-analyze"), "systemd is not installed")
        (self.tmp / "units").mkdir()
        text = UNIT.read_text().replace("ExecStart=bigfs", "ExecStart=%s" % harness.BIGFS)
        unit = self.tmp / "units" / "bigfs@chunks.service"
        unit.write_text(text)
        result = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_it_hides_no_mount(self):
        """Settings that would give the service a mount namespace of its own."""
        hiding = (r"^(Protect|Private|ReadOnly|ReadWrite|Inaccessible|Bind|Mount(API|Flags)|TemporaryFile|Root|NoNew"
                  r"|Restrict|SystemCall|DynamicUser)\w*=")
        self.assertEqual(re.findall(hiding, UNIT.read_text(), re.MULTILINE), [])

    def test_its_command(self):
        """It is a mount of what the file says, spaces included, until SIGTERM."""
        source, point = self.tmp / "my logs", self.tmp / "my mount"
        source.mkdir()
        point.mkdir()
        (source / "app.log").write_bytes(b"x\n" * 100)
        words = self.command("ExecStart", SOURCE=str(source), MOUNTPOINT=str(point),
                             OPTIONS="--chunk-size 100 --views lines")
        self.assertEqual(words[:2], ["bigfs", "-f"])
        process = subprocess.Popen([harness.BIGFS, *words[1:]])
        self._finally(lambda _: (process.kill(), process.wait(), subprocess.run(["umount", "-ql", point])), None)
        harness.wait_for(lambda: harness.mounted(point), 30, "the service mounts")
        self.assertEqual(sorted(os.listdir(point / "app.log")), ["lines", "lines.tsv"])
        clean_up = self.command("ExecStopPost", MOUNTPOINT=str(point))
        subprocess.run(clean_up)
        self.assertTrue(harness.mounted(point), "a mount that answers stays")
        process.terminate()
        self.assertEqual(process.wait(30), 0)
        self.assertFalse(harness.mounted(point))

    def test_a_dead_mount_is_removed(self):
        mount = self.mount()
        mount.kill()
        harness.wait_for(lambda: mount.exit_code() is not None, 30, "bigfs ends")
        self.assertTrue(harness.mounted(mount.path))
        subprocess.run(self.command("ExecStopPost", MOUNTPOINT=mount.path))
        self.assertFalse(harness.mounted(mount.path))
        mount._unmounted = True

    def test_the_example(self):
        """What the unit takes is what the example sets."""
        example = (REPO / "scripts" / "packaging" / "chunks.conf").read_text()
        names = set(re.findall(r"^(\w+)=", example, re.MULTILINE))
        self.assertEqual(names, set(re.findall(r"\$\{?(\w+)\}?", self.settings("ExecStart")[0])))


if __name__ == "__main__":
    harness.main()
