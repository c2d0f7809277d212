# SPDX-License-Identifier: MIT
"""The file systems that are compared, each mounted for as long as a `with` block lasts."""

import os
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BIGFS = os.environ.get("BIGFS", str(ROOT / "build" / "bigfs"))
EXAMPLE = Path("/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c")  # as Debian's libfuse3-dev brings them
STOP_SECONDS = 20


class Mount:
    """A file system on a fresh directory; its process, in the foreground, is ended by its id."""

    def __init__(self, work, argv, env=None):
        self.point = Path(work) / ("mnt%d" % time.monotonic_ns())
        self.argv = [str(self.point) if part == "MOUNTPOINT" else str(part) for part in argv]
        self.env = dict(os.environ, **(env or {}))
        self.process = None

    def __enter__(self):
        self.point.mkdir()
        try:
            self.start()
        except BaseException:  # a signal leaves no mount behind either
            self.__exit__()
            raise
        return self

    def start(self):
        """Until the mount answers and its settings are in place."""
        before = os.stat(self.point).st_dev
        self.process = subprocess.Popen(self.argv, env=self.env, stdin=subprocess.DEVNULL, start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + STOP_SECONDS
        while os.stat(self.point).st_dev == before:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("did not mount: %s" % " ".join(self.argv))
            time.sleep(0.005)
        time.sleep(0.1)

    def __exit__(self, *_):
        deadline = time.monotonic() + STOP_SECONDS
        while os.path.ismount(self.point) and time.monotonic() < deadline:
            if subprocess.run(["fusermount3", "-u", self.point], capture_output=True).returncode:
                time.sleep(0.1)
        if os.path.ismount(self.point):
            subprocess.run(["fusermount3", "-u", "-z", self.point], capture_output=True)
        if self.process is not None:
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.point.rmdir()

    def __truediv__(self, name):
        return str(self.point / name)


def bigfs(bench, *options, source=None, processors=None, program=BIGFS):
    """With threads as on a machine of so many processors."""
    env = {"XDG_CACHE_HOME": str(bench.work / "cache")}
    if processors is not None:
        env.update(PROCESSORS=str(processors), LD_PRELOAD=str(compiled(bench, HERE / "processors.c", "-shared", "-fPIC")))
    return Mount(bench.work, [program, "-f", *options, source or bench.source, "MOUNTPOINT"], env=env)


def mergerfs(bench, cache):
    return Mount(bench.work, ["mergerfs", "-f", "-o", "cache.files=%s" % cache, bench.source, "MOUNTPOINT"])


def squashfuse(bench, image):
    return Mount(bench.work, ["squashfuse_ll", "-f", image, "MOUNTPOINT"])


def example(bench, *options):
    """libfuse's low-level passthrough example."""
    return Mount(bench.work, [example_program(bench), "-f", *options, "-o", "source=%s" % bench.source, "MOUNTPOINT"])


def need_example():
    if not EXAMPLE.exists():
        raise RuntimeError("%s is missing: this system leaves out documents; reinstall libfuse3-dev with them" % EXAMPLE)


def example_program(bench):
    need_example()
    return compiled(bench, EXAMPLE)


def compiled(bench, source, *options):
    """A program or library of one file that needs only libfuse."""
    program = bench.work / source.stem
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True, check=True)
        subprocess.run(["cc", "-O2", *options, source, "-o", program, *flags.stdout.split()], check=True, capture_output=True)
    return program


class Null(Mount):
    """The driver that does nothing: the limit of FUSE itself. Its files are "0", "1" and so on."""

    replies = "buffer"

    def __init__(self, bench, cache, count, size):
        program = compiled(bench, HERE / "null_fuse.c")
        super().__init__(bench.work, [program, self.replies, bench.log, count, size, cache, "MOUNTPOINT",
                                      "-o", "max_read=1048576"])

    def start(self):
        super().start()
        device = os.stat(self.point).st_dev
        try:
            with open("/sys/class/bdi/%d:%d/read_ahead_kb" % (os.major(device), os.minor(device)), "w") as setting:
                setting.write("1024\n")  # as in bigfs
        except OSError:
            pass  # bigfs cannot do it either then


class Mapping(Null):
    """The driver that replies from a mapping of the log, and checks nothing: the limit for a driver that reads its
    source. Its files are the parts of the log, one after the other."""

    replies = "mapping"


NULLS = {"a driver that does nothing": Null, "a driver that only maps": Mapping}
NULL, MAPPING = NULLS
