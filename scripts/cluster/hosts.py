# SPDX-License-Identifier: MIT
"""Hosts on one machine: each has its own Debian, processes, mounts, name and network address.

    hosts.enter()                           # first of all; what follows runs apart from the machine
    world = hosts.World("head", "node1")
    disk = world.disk("data", 8 << 30)      # a file system that hosts may share
    node = world.start("node1", (disk, "/data"))
    node.run("ls", "/data", user="worker")  # as that user on that host
    node.kill()                             # as if its power had failed

All of it lives in namespaces that end with the program, whatever ends it, even SIGKILL: no process, mount, loop device
or temporary file is left. A host is an overlay over build-cluster/debian (see debian.py); what it writes is in memory.
Takes root.
"""

import ctypes
import os
import shlex
import signal
import subprocess
import tempfile
import time

import debian
from debian import tie_to_parent

WORLD = debian.PLACE / "world"  # an empty directory; each world mounts its own tmpfs there
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x4000000, 0x8000000, 0x20000000, 0x40000000
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_libc = ctypes.CDLL(None, use_errno=True)

# The arguments: a directory of the host's own, the lower directory, the name, and pairs SOURCE PLACE to be bound.
INIT = """
set -eu
own=$1 lower=$2 name=$3
shift 3
mount -t tmpfs -o mode=755 host "$own"
mkdir "$own/upper" "$own/work" "$own/root"
chmod 755 "$own/upper"
mount -t overlay -o "lowerdir=$lower,upperdir=$own/upper,workdir=$own/work" host "$own/root"
cd "$own/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=755 dev dev
mkdir dev/shm dev/pts
chmod 1777 dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
for device in %s; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mknod -m 666 dev/fuse c 10 229  # for all users, as udev has it; the machine's own may not be
ln -sfn /proc/self/mounts etc/mtab
while [ $# -gt 0 ]; do
    if [ -d "$1" ]; then mkdir -p ".$2"; else mkdir -p ".${2%%/*}"; touch ".$2"; fi
    mount --rbind "$1" ".$2"
    shift 2
done
hostname "$name"
echo "$name" >etc/hostname
ip link set lo up
mkdir -p old
pivot_root . old
umount -l /old
trap '' CHLD  # so that the kernel reaps what is left to this process
echo ready
exec sleep infinity >/dev/null
""" % " ".join(DEVICES)


def enter():
    """Goes on in a child with namespaces of its own. The parent waits for it, and ends as it ends."""
    if os.geteuid() != 0:
        raise debian.Trouble("hosts take root: namespaces, mounts and a network of their own")
    debian.make(lambda text: print("==> " + text, flush=True))  # while there is a network
    if _libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET) != 0:
        raise debian.Trouble("cannot make namespaces: %s" % os.strerror(ctypes.get_errno()))
    child = os.fork()
    if child != 0:
        _follow(child)
    tie_to_parent()
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "proc", "proc", "/proc")
    _leave_mounts_of_others()


def _follow(child):
    """Ends with the child's status. A signal to end ends both."""
    def end(number, _):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the child has it from the terminal, and tells why it ends
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def _leave_mounts_of_others():
    """What others have mounted must not stay busy because of our copy of the table of mounts."""
    with open("/proc/self/mountinfo") as table:
        mounts = [(line.split()[4], line.split(" - ")[1].split()) for line in table]
    for place, (kind, source, *_) in reversed(mounts):
        is_of_a_test = kind.startswith("fuse.") or kind in ("fuse", "overlay") or source.startswith("/dev/loop")
        if is_of_a_test and not debian.PLACE.is_relative_to(place):
            subprocess.run(["umount", "-l", place], stderr=subprocess.DEVNULL)


def run(*argv, **options):
    """Standard output of a command; Trouble with its standard error if it fails."""
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    options.setdefault("timeout", 300)
    command = list(map(str, argv))
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    except subprocess.TimeoutExpired as trouble:
        raise debian.Trouble("%s: did not end within %d s" % (shlex.join(command)[-400:], trouble.timeout)) from trouble
    if result.returncode != 0:
        raise debian.Trouble("%s: exit %d: %s%s" % (shlex.join(command)[-400:], result.returncode,
                                                    result.stderr[-4000:], result.stdout[-2000:]))
    return result.stdout


class World:
    """A network of hosts with these names. Their addresses are 10.0.0.1, 10.0.0.2 and so on, in this order."""

    def __init__(self, *names):
        self.addresses = {name: "10.0.0.%d" % (1 + number) for number, name in enumerate(names)}
        WORLD.mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "world", WORLD)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "net", "type", "bridge")
        run("ip", "link", "set", "net", "up")

    def directory(self, name):
        """A new directory in memory."""
        path = WORLD / name
        path.mkdir()
        return path

    def disk(self, name, size, make="mkfs.ext4 -q -E lazy_itable_init=1 -m 0"):
        """A new file system of this size in bytes, on a disk that takes room only as it is used. Returns its path."""
        path = self.directory(name)
        with tempfile.NamedTemporaryFile(dir=_room_for(size)) as image:  # its name goes at once
            os.truncate(image.name, size)
            run(*make.split(), image.name)
            run("mount", "-o", "loop", image.name, path)
        return path

    def start(self, name, *bound):
        """A new Host. `bound` are pairs (a path here, its place on the host)."""
        return Host(self, name, bound)

    def _connect(self, name, pid):
        number = int(self.addresses[name].split(".")[-1])
        own = "02:00:00:00:00:%02x" % number  # the same if it starts again: others remember it
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "address", own, "netns", pid)
        run("ip", "link", "set", name, "master", "net", "up")


def _room_for(size):
    for place in (os.environ.get("TMPDIR"), "/var/tmp", "/tmp"):
        if place and os.path.isdir(place):
            status = os.statvfs(place)
            if status.f_bavail * status.f_frsize >= size:
                return place
    raise debian.Trouble("no temporary directory has room for %d MiB: set TMPDIR to one" % (size >> 20))


class Host:
    """A running host."""

    def __init__(self, world, name, bound):
        self.world, self.name, self.address = world, name, world.addresses[name]
        own = world.directory("host-%s-%d" % (name, time.monotonic_ns()))
        self._process = subprocess.Popen(
            ["unshare", "-m", "-u", "-i", "-n", "-p", "-f", "--kill-child", "sh", "-c", INIT, "sh", own,
             debian.ROOT, name, *(part for pair in bound for part in pair)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=tie_to_parent)
        if self._process.stdout.readline() != "ready\n":
            raise debian.Trouble("host %s did not start: %s" % (name, self._process.stderr.read()))
        self.pid = int(open("/proc/%d/task/%d/children" % (self._process.pid, self._process.pid)).read())
        world._connect(name, self.pid)
        self._set_up_network()

    def _set_up_network(self):
        self.run("ip", "address", "add", self.address + "/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.write("/etc/hosts", "127.0.0.1 localhost\n" + "".join(
            "%s %s\n" % (address, name) for name, address in self.world.addresses.items()))

    def argv(self, *argv, user="root"):
        """The command that runs `argv` there, as this user."""
        become = () if user == "root" else ("setpriv", "--reuid", user, "--regid", user, "--init-groups", "--reset-env")
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n", "-p", "-r", "-w", *become, *map(str, argv)]

    def run(self, *argv, user="root", **options):
        """Runs a command there; as run() above."""
        return run(*self.argv(*argv, user=user), **options)

    def shell(self, text, user="root", **options):
        """Runs lines of shell there."""
        return self.run("bash", "-c", text, user=user, **options)

    def popen(self, *argv, user="root", **options):
        """Starts a command there. It ends with this program, or with the host."""
        return subprocess.Popen(self.argv(*argv, user=user), preexec_fn=tie_to_parent, **options)

    def write(self, path, text, mode=0o644, owner="root"):
        """Writes a file there."""
        self.shell('install -D -m %o -o %s /dev/stdin %s' % (mode, owner, shlex.quote(path)), input=text)

    def kill(self):
        """Ends all that runs there, at once, as if the power had failed: its last words reach nobody."""
        run("ip", "link", "delete", self.name)
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()
        self._process.stderr.close()
