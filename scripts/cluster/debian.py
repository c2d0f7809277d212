# SPDX-License-Identifier: MIT
"""A bare Debian 12 with the packages that the hosts of a cluster need, in build-cluster/debian.

Nothing is installed on the machine itself, so that no server starts there. Made once, by debootstrap; made anew if
the list of packages changes. Several programs may ask for it at once. Takes root.
"""

import contextlib
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PLACE = Path(__file__).resolve().parents[2] / "build-cluster"
ROOT = PLACE / "debian"
USER = "worker"  # a user without rights, on all hosts
PACKAGES = (
    # what bigfs runs with
    "fuse3", "libxxhash0", "zlib1g", "libzstd1", "liblzma5",
    # the engines that move work between hosts
    "slurmctld", "slurmd", "slurm-client", "munge", "openssh-server", "openssh-client", "parallel",
    "python3-distributed", "python3-fsspec",
    # what hosts and their jobs use
    "iproute2", "gawk", "xxhash", "sshfs",
)
# No start of a service (there is no init), no documents, and no waiting for the disk.
POLICY = "#!/bin/sh\nexit 101\n"
DPKG = "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """What went wrong, in words for a user."""


def tie_to_parent():
    """The calling process is killed when its parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def key():
    """What the root was made of."""
    return hashlib.sha256(repr((PACKAGES, POLICY, DPKG, USER)).encode()).hexdigest()


def is_made():
    with contextlib.suppress(OSError):
        return (PLACE / "debian.key").read_text() == key()
    return False


def make(tell=lambda text: None):
    """Makes the root if it is not there. Raises Trouble if it cannot be had."""
    PLACE.mkdir(exist_ok=True)
    with open(PLACE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_made():
            tell("making a Debian 12 with %d packages and what they need, in %s (takes a minute)" % (len(PACKAGES), PLACE))
            (PLACE / "debian.key").unlink(missing_ok=True)
            _bootstrap()
            (PLACE / "debian.key").write_text(key())


def _bootstrap():
    shutil.rmtree(ROOT, ignore_errors=True)
    (PLACE / "packages").mkdir(exist_ok=True)
    for path, text, mode in (("usr/sbin/policy-rc.d", POLICY, 0o755), ("etc/dpkg/dpkg.cfg.d/cluster", DPKG, 0o644)):
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)
        (ROOT / path).chmod(mode)
    _run("debootstrap", "--variant=minbase", "--cache-dir=%s" % (PLACE / "packages"), "bookworm", ROOT)
    _run("sh", "-ec", 'mount -t proc proc "$0/proc"; exec chroot "$0" apt-get install -q -y --no-install-recommends "$@"',
         ROOT, *PACKAGES)  # apt is quicker than debootstrap
    _run("chroot", ROOT, "useradd", "--create-home", "--shell", "/bin/bash", USER)


def _run(*command):
    """Runs a command whose mounts and processes end with it, and with this program."""
    result = subprocess.run(["unshare", "-m", "-p", "-f", "--kill-child", *map(str, command)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            preexec_fn=tie_to_parent, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C"))
    if result.returncode != 0:
        last = result.stdout.decode(errors="replace").strip().splitlines()[-5:]
        raise Trouble("%s failed:\n%s" % (command[0], "\n".join(last)))


if __name__ == "__main__":
    try:
        make(lambda text: print("==> " + text, flush=True))
    except Trouble as trouble:
        sys.exit("debian.py: %s" % trouble)
