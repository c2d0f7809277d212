# SPDX-License-Identifier: MIT
"""Files that change all the time, on six file systems, and readers of all views that check every byte.

    test_stress.py                            half a minute
    BIGFS_STRESS_SECONDS=600 test_stress.py   longer; scripts/test stress SECONDS does so with the sanitizers, too
    BIGFS_SEED=N test_stress.py               the same choices once more (what happens when is up to the machine)
    BIGFS_STRESS_ON=tmpfs,xfs test_stress.py  on some file systems only
    BIGFS_STRESS_FAILURES=100 test_stress.py  goes on for longer after the first failures

The work is done by tests/stress; it prints what it did.
"""

import os
import shutil
import signal
import subprocess

import harness
from harness import G, run

SECONDS = float(os.environ.get("BIGFS_STRESS_SECONDS", "30"))
KINDS = os.environ.get("BIGFS_STRESS_ON", "ext4,ext4-128,xfs,btrfs,tmpfs,overlay").split(",")
READERS = 16
# A worker that is cancelled leaves marks on its stack, at which the address sanitizer's own end of a thread stumbles.
ENVIRONMENT = {"ASAN_OPTIONS": "use_sigaltstack=0"}
LOG = 20000  # how much of a daemon's log is shown after a failure
MAKE_OPTIONS = {"ext4": ["-q", "-F", "-I", "256"], "ext4-128": ["-q", "-F", "-I", "128"], "xfs": ["-q", "-f"],
                "btrfs": ["-q", "-f"]}
OPTIONS = ["--min-size", "64K", "--chunk-size", "256K", "--rows", "500"]


class StressTest(harness.MountTest):
    def directory(self, kind):
        """SOURCE/KIND, a fresh file system; of an overlay the lower directory as yet."""
        root = self.source / kind
        root.mkdir()
        if kind == "tmpfs":
            self._finally(harness._unmount_filesystem, (root, None))
            run("mount", "-t", "tmpfs", "-o", "size=%d,mode=0755" % G, "tmpfs", root)
        elif kind != "overlay":
            program = shutil.which("mkfs." + kind.partition("-")[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin")
            self.require(program, "mkfs.%s is not installed" % kind)
            image = self._fresh("image")
            with open(image, "wb") as file:
                file.truncate(2 * G)
            run(program, *MAKE_OPTIONS[kind], image)
            self._finally(harness._unmount_filesystem, (root, image))
            run("mount", "-o", "loop", image, root)

    def cover(self):
        """Mounts the overlay over its own lower directory: what is there is copied up when it is written to."""
        root, upper, work = self.source / "overlay", self.tmp / "over" / "upper", self.tmp / "over" / "work"
        over = self.tmp / "over"
        over.mkdir()
        self._finally(harness._unmount_filesystem, (over, None))
        run("mount", "-t", "tmpfs", "-o", "size=%d,mode=0755" % G, "tmpfs", over)
        upper.mkdir()
        work.mkdir()
        self._finally(harness._unmount_filesystem, (root, None))
        run("mount", "-t", "overlay", "-o", "lowerdir=%s,upperdir=%s,workdir=%s" % (root, upper, work), "overlay", root)

    def start(self, seed, mounts):
        program = os.path.join(os.path.dirname(harness.BIGFS), "tests", "stress")
        self.require(os.access(program, os.X_OK), "%s is not built" % program)
        process = subprocess.Popen(
            [program, str(SECONDS), str(seed), str(READERS), str(self.source), *mounts, *KINDS],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._finally(self.end, process)
        self.assertEqual(process.stdout.readline(), "made\n")
        return process

    @staticmethod
    def end(process):
        """Its own processes end with it."""
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdin.close()
        process.stdout.close()

    def test_every_byte(self):
        self.require(os.geteuid() == 0, "file systems need root")
        seed = harness.seed("stress")
        for kind in KINDS:
            self.directory(kind)
        points = [str(self.tmp / "kernel"), str(self.tmp / "none")]
        process = self.start(seed, points)
        if "overlay" in KINDS:
            self.cover()
        mounts = [self.mount(None, *OPTIONS, "--cache", cache, env=ENVIRONMENT) for cache in ("kernel", "none")]
        for mount, point in zip(mounts, points):
            os.symlink(mount.path, point)
        output, _ = process.communicate("go\n")
        print(output, flush=True)
        if process.returncode:
            print("".join("the log of %s:\n%s\n" % (mount.path, mount.log()[-LOG:]) for mount in mounts), flush=True)
        for mount in mounts:
            self.assertIsNone(mount.exit_code(), "the daemon has ended:\n" + mount.log())
        self.assertEqual(process.returncode, 0, "the failures are above; the seed is %d" % seed)


if __name__ == "__main__":
    if SECONDS > 300:  # the deadline of the harness is for ordinary runs
        os.environ.setdefault("BIGFS_TEST_DEADLINE", str(int(SECONDS) + 300))
    harness.main()
