# SPDX-License-Identifier: MIT
"""One file, two hosts, GNU parallel over ssh: the recipe of docs/recipes.md as it stands there, and what may happen.

The hosts are those of scripts/cluster/hosts.py, with an sshd each. node1 and node2 share a disk with the file; the head
has only ssh. Their grep tells when it begins, and waits for as long as the test holds its piece: so all that happens in
the middle of a job happens there, without a clock.
"""

import os
import random
import signal
import subprocess
import sys

import harness
import model
import support
from harness import M, read, wait_for
from recipe_blocks import Blocks, recipe, sections

sys.path.insert(0, str(harness.REPO / "scripts" / "cluster"))
import debian  # noqa: E402
import hosts  # noqa: E402

RECIPES, HEADING = "docs/recipes.md", "Many machines: GNU parallel over ssh"
HOSTS, CONFIG, MOUNT, SCRIPT, RUN, AGAIN, SHARES, ONE_CONNECTION = range(8)  # its blocks
TASKS = 16
SLOTS = 4  # tasks at once, on both hosts
SECONDS = 60  # for what comes at once
HOME = "/home/" + debian.USER
BIGFS = """#!/bin/sh
case $1 in --*) exec /usr/lib/bigfs "$@" ;; esac
exec /usr/lib/bigfs --chunk-size 64K "$@"
"""
GREP = """#!/bin/sh
for piece; do :; done
number=${piece##*/}
echo "$number $(hostname)" >>/told/began
while [ -e /told/hold ] && [ "$number" -ge "$(cat /told/hold)" ]; do sleep 0.05; done
exec /usr/bin/grep "$@"
"""
SSHD = """
set -e
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/fresh_key
/usr/sbin/sshd -h /etc/ssh/fresh_key
"""


def log(size, seed):
    """Lines of many lengths; none in the last third is an ERROR, so that some pieces have no match."""
    generator = random.Random(seed)
    lines, length = [], 0
    while length < size:
        kind = "ERROR" if length < size * 2 // 3 and generator.random() < 0.2 else "INFO"
        lines.append(b"%s request %d %s\n" % (kind.encode(), len(lines), b"x" * generator.randrange(90)))
        length += len(lines[-1])
    return b"".join(lines)


class Place:
    """A head, two nodes, and what the nodes share. Made once; ends with the program."""

    trouble = None  # why there can be none
    made = None

    def __init__(self):
        self.world = hosts.World("head", "node1", "node2")
        self.disk = self.world.disk("disk", 64 * M)
        self.told = self.world.directory("told")
        os.chmod(self.told, 0o1777)
        self.head = self.world.start("head")
        self.head.shell("mkdir -m 700 ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519", user=debian.USER)
        self.nodes = {name: self.start(name) for name in ("node1", "node2")}

    def start(self, name):
        """A node with an sshd that the head knows, and that knows the head's user."""
        node = self.world.start(name, (self.disk, "/data"), (self.told, "/told"), (harness.BIGFS, "/usr/lib/bigfs"))
        node.write("/usr/local/bin/bigfs", BIGFS, 0o755)
        node.write("/usr/local/bin/grep", GREP, 0o755)
        node.shell("install -d -o %s /mnt/chunks" % debian.USER)
        node.write(HOME + "/.ssh/authorized_keys", self.head.run("cat", HOME + "/.ssh/id_ed25519.pub"))
        node.shell(SSHD)
        known = "%s %s" % (name, node.run("cat", "/etc/ssh/fresh_key.pub"))
        self.head.shell("cd ~/.ssh && touch known_hosts && sed -i '/^%s /d' known_hosts && cat >>known_hosts" % name,
                        user=debian.USER, input=known)
        return node


class SshTest(Blocks, harness.MountTest):
    """A log on the shared disk, and no trace of an earlier job."""

    def setUp(self):
        super().setUp()
        self.require(Place.trouble is None, Place.trouble)
        self.place = Place.made = Place.made or Place()
        self.file = self.place.disk / "app.log"
        self.data = log(M, 1)
        self.file.write_bytes(self.data)
        for path in self.place.told.iterdir():
            path.unlink()
        self.place.head.shell("cd && rm -rf count.*", user=debian.USER)
        self.blocks, self.used = sections(RECIPES)[HEADING], set()
        self.addCleanup(self.sweep)

    def sweep(self):
        """No task is left, and nothing is mounted, whatever the outcome."""
        self.go_on()
        for pid in self.parallels():
            os.kill(pid, signal.SIGKILL)
        for node in self.place.nodes.values():
            node.shell("umount -l /mnt/chunks 2>/dev/null || true")

    # --- the recipe ----------------------------------------------------------------------------------

    def prepare(self, one_connection=True):
        """All up to count.sh. A host that is dead is noticed sooner than the recipe says."""
        soon = {"ServerAliveInterval 15": "ServerAliveInterval 1"}
        self.keep("hosts", self.block(HOSTS))
        self.keep(".ssh/config", self.block(CONFIG, soon) + (self.block(ONE_CONNECTION) if one_connection else ""))
        self.keep("count.sh", self.block(SCRIPT))
        self.assertEqual(self.shell(self.block(MOUNT)), (0, "", ""))

    def keep(self, name, text):
        """A file of the user on the head."""
        self.place.head.shell("cd && cat >" + name, user=debian.USER, input=text)

    def start(self, text):
        """Start lines of shell on the head, as the user."""
        return self.place.head.popen("sh", "-u", "-c", "cd\n" + text, user=debian.USER, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, job):
        """Exit status, standard output, standard error."""
        output, errors = job.communicate(timeout=SECONDS)
        return job.returncode, output, errors

    def shell(self, text):
        return self.end(self.start(text))

    def again(self, word):
        return self.shell("WORD=%s\n%s" % (word, self.block(AGAIN)))

    # --- a job and its middle ------------------------------------------------------------------------

    def word(self):
        return self.place.nodes["node1"].run("cat", "/mnt/chunks/app.log/pin", user=debian.USER).strip()

    def hold(self, first):
        """Pieces from this number on wait."""
        (self.place.told / "hold").write_text(str(first))

    def go_on(self):
        (self.place.told / "hold").unlink(missing_ok=True)

    def start_held(self, first):
        """A job of which `first` tasks have ended, and as many others as can run are in their middle."""
        self.hold(first)
        job = self.start(self.block(RUN))
        wait_for(lambda: len(self.began()) >= first + SLOTS, SECONDS, "the tasks begin")
        wait_for(lambda: len(self.log()) == first, SECONDS, "the first tasks end")
        return job

    def began(self):
        """The tasks that have begun, as often as they have: (piece, host)."""
        path = self.place.told / "began"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(line.split()[0]), line.split()[1]) for line in lines]

    def log(self, word="*"):
        """What the job log has: (piece, host, 0 if it ended well)."""
        text = self.place.head.shell("cd && cat count.%s.log 2>/dev/null || true" % word, user=debian.USER)
        lines = [line.split("\t") for line in text.splitlines() if not line.startswith("Seq")]
        return [(int(line[0]) - 1, line[1], int(line[6]) or int(line[7])) for line in lines]

    def parallels(self):
        """The processes of GNU parallel, the first one first. There are no others than ours in here."""
        return sorted(pid for pid, words in support.processes() if len(words) > 1 and words[1].endswith(b"/parallel"))

    def assert_right(self, result, word, only=None):
        """The sum, the count of each piece, and each task once among those that ended well; all on the host `only`."""
        cut = model.cut("lines", "n16", self.data)
        counts = [self.data[offset:offset + length].count(b"ERROR") for offset, length in cut]
        self.assertIn(0, counts)  # else grep's status 1 is not tested
        self.assertEqual(result[:2], (0, "%d\n" % sum(counts)), result[2])
        got = self.place.head.shell("cd && cd count.%s && cat $(seq -f %%g/stdout 0 15)" % word, user=debian.USER)
        self.assertEqual([int(count) for count in got.split()], counts)
        well = [(piece, host) for piece, host, status in self.log(word) if status == 0]
        self.assertEqual(sorted(piece for piece, _ in well), list(range(TASKS)))
        if only is not None:
            self.assertEqual({host for _, host in well}, {only})


class JobTest(SshTest):
    @recipe(RECIPES, HEADING)
    def test_count(self):
        """Both hosts do some of it; and what has ended well does not run again. With a connection for each task."""
        self.prepare(one_connection=False)
        job = self.start_held(0)
        self.assertEqual({host for _, host in self.began()}, {"node1", "node2"})
        self.go_on()
        self.assert_right(self.end(job), self.word())
        shares = self.shell("WORD=%s\n%s" % (self.word(), self.block(SHARES)))[1].split()
        self.assertEqual((set(shares[1::2]), sum(map(int, shares[::2]))), ({"node1", "node2"}, TASKS))
        self.assert_right(self.again(self.word()), self.word())
        self.assertEqual(sorted(piece for piece, _ in self.began()), list(range(TASKS)))
        self.assertIn("ControlMaster", self.block(ONE_CONNECTION))  # which other tests have

    def test_interrupted(self):
        """What has ended well does not run again; all the rest does."""
        self.prepare()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                self.place.head.shell("cd && rm -rf count.[0-9]*", user=debian.USER)
                (self.place.told / "began").unlink(missing_ok=True)
                job = self.start_held(5)
                done = {piece for piece, _, _ in self.log()}
                os.kill(self.parallels()[0], number)
                self.assertEqual((self.end(job)[1], job.returncode == 0), ("", False))
                first = len(self.began())
                self.go_on()
                self.assert_right(self.again(self.word()), self.word())
                self.assertEqual({piece for piece, _ in self.began()[first:]}, set(range(TASKS)) - done)
                self.assertEqual(len(self.began()) - first, TASKS - len(done))

    def test_a_host_dies(self):
        """In the middle of two tasks: they and the rest run on the other host."""
        self.prepare()
        job = self.start_held(5)
        lost = {piece for piece, host in self.began() if host == "node2" and piece >= 5}
        self.assertEqual(len(lost), 2)
        self.addCleanup(lambda: self.place.nodes.update(node2=self.place.start("node2")))
        self.place.nodes.pop("node2").kill()
        self.go_on()
        self.assert_right(self.end(job), self.word())
        self.assertLessEqual({(piece, "node1", 0) for piece in lost}, set(self.log()))

    def test_rewritten(self):
        """In the middle: no sum, and then the sum of the new content."""
        self.prepare()
        word = self.word()
        job = self.start_held(5)
        self.data = log(M + M // 3, 2)
        with open(self.file, "r+b") as file:
            file.write(self.data)
        self.go_on()
        status, output, errors = self.end(job)
        self.assertEqual((status, output), (1, ""), errors)
        told = self.place.head.shell("cd && cat count.%s/*/stderr" % word, user=debian.USER)
        self.assertIn("Stale file handle", told)
        self.assertEqual(self.shell("sh count.sh " + word)[:2], (1, ""))  # nor if it is tried again
        result = self.again(word)
        self.assertIn("Stale file handle", result[2])
        self.assertNotEqual(self.word(), word)
        self.assert_right(result, self.word())


class HostsTest(SshTest):
    """Hosts that see something else."""

    def own_copy(self):
        """node2 has a copy of its own, on another file system."""
        node = self.place.nodes["node2"]
        self.addCleanup(node.shell, "umount -l /mnt/chunks 2>/dev/null; umount -l /data && rm -r /copy")
        node.shell("mkdir /copy && cp /data/app.log /copy && mount --bind /copy /data")
        places = [node.run("stat", "-c", "%d %i", "/data/app.log").split() for node in self.place.nodes.values()]
        self.assertTrue(all(one != other for one, other in zip(*places)), places)

    def test_a_copy(self):
        """The same word, the same pieces; if the copy is of other content, its host does nothing."""
        self.own_copy()
        self.prepare()
        view = "/mnt/chunks/app.log/lines@n16,pin=" + self.word()
        lists = [node.run("cat", view + ".xxh128", user=debian.USER) for node in self.place.nodes.values()]
        self.assertEqual((lists[0].count("\n"), lists[0]), (TASKS, lists[1]))
        job = self.start_held(0)
        self.assertEqual({host for _, host in self.began()}, {"node1", "node2"})
        self.go_on()
        self.assert_right(self.end(job), self.word())
        self.place.head.shell("cd && rm -r count.[0-9]*", user=debian.USER)
        self.place.nodes["node2"].shell("sed -i 's/INFO/ERROR/' /data/app.log")
        self.assert_right(self.shell(self.block(RUN)), self.word(), only="node1")

    def test_without_the_mount(self):
        """On one host: the other does all. On both: no sum, and with --resume a wrong one."""
        self.prepare()
        word = self.word()
        self.unmount("node2")
        self.assert_right(self.shell(self.block(RUN)), word, only="node1")
        self.forget({"[ $? = 1 ]": "true"})
        status, output, _ = self.shell("sh count.sh " + word)
        self.assertEqual(status, 0)
        self.assertLess(int(output), self.data.count(b"ERROR"))
        self.unmount("node1")
        self.forget()
        self.assertEqual(self.shell("sh count.sh " + word)[:2], (1, ""))
        self.assertEqual(self.shell(self.block(MOUNT)), (0, "", ""))
        self.keep("count.sh", self.block(SCRIPT, {"--resume-failed": "--resume"}))
        status, output, _ = self.shell("sh count.sh " + word)
        self.assertEqual(status, 0)
        self.assertLess(int(output), self.data.count(b"ERROR"))
        self.keep("count.sh", self.block(SCRIPT))
        self.assert_right(self.again(word), word)

    def unmount(self, name):
        self.place.nodes[name].run("bigfs", "--unmount", "/mnt/chunks", user=debian.USER)

    def forget(self, instead=None):
        """No job has run; count.sh has these words instead."""
        self.place.head.shell("cd && rm -r count.[0-9]*", user=debian.USER)
        self.keep("count.sh", self.block(SCRIPT, instead))


if __name__ == "__main__":
    try:
        hosts.enter()
    except debian.Trouble as trouble:
        Place.trouble = str(trouble)
    harness.main()
