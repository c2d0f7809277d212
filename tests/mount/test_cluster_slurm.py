# SPDX-License-Identifier: MIT
"""A Slurm job array as docs/recipes.md has it: a mount for each task, a file that changes meanwhile, a failing prolog."""

import re
import shlex

import clustering
import harness
from clustering import SECONDS
from harness import M, wait_for
from recipe_blocks import sections
from slurm_cluster import Cluster

HEADING = "Slurm: a mount for each task"
PROLOG, EPILOG, CONFIG, COUNT, JOB = range(5)  # its blocks
SCRIPTS = harness.REPO / "scripts" / "cluster" / "slurm"
WORK = "/shared/work"
# Tells that a task is about to read, and waits for as long as the test says.
GREP = """#!/bin/sh
case $* in *ERROR*) touch "/shared/work/began.$SLURM_ARRAY_TASK_ID"
    while [ -e /shared/work/hold ] && [ "$SLURM_ARRAY_TASK_ID" -ge "$(cat /shared/work/hold)" ]; do sleep 0.05; done ;;
esac
exec /usr/bin/grep "$@"
"""


def log(size, stamp):
    """Lines of which none in the first half is an error, so that some pieces have no match."""
    width = len("%s %012d ERROR\n" % (stamp, 0))
    return b"".join(b"%s %012d %s\n" % (stamp.encode(), n, b"ERROR" if n > size // width // 2 and n % 7 == 0 else b"INFO ")
                    for n in range(size // width))


class SlurmTest(clustering.ClusterTest):
    HOSTS = ("one", "two", "three")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.blocks = sections("docs/recipes.md")[HEADING]
        head, *nodes = cls.host.values()
        for host in cls.host.values():
            host.shell("ln -s /shared/data /data; install -D /dev/stdin /usr/local/bin/grep", input=GREP)
        cls.cluster = Cluster(head, nodes, cls.blocks[PROLOG], cls.blocks[EPILOG])
        (cls.shared / "work" / "count.sh").write_text(cls.blocks[COUNT])
        (cls.shared / "work" / "job.sh").write_text(cls.blocks[JOB])

    def setUp(self):
        super().setUp()
        self.file, self.work = self.shared / "data" / "app.log", self.shared / "work"
        for path in [*self.work.glob("began.*"), *self.work.glob("errors.*")]:
            path.unlink()
        self.data = log(4 * M, "old")
        self.file.write_bytes(self.data)

    def hold(self, first):
        """Tasks from this one on wait before they read."""
        (self.work / "hold").write_text(str(first))
        self.addCleanup((self.work / "hold").unlink, missing_ok=True)

    def job(self):
        return self.popen(self.host["one"], "cd %s && exec sh job.sh" % WORK, user="worker")

    def mounts(self):
        return sum(host.shell("cat /proc/mounts").count(" /run/bigfs/") for host in self.cluster.nodes.values())

    def test_the_recipe_is_what_the_demonstration_runs(self):
        for number, name in ((PROLOG, "prolog"), (EPILOG, "epilog"), (COUNT, "count.sh")):
            text = (SCRIPTS / name).read_text()
            self.assertEqual(re.sub(r"^# .*\n", "", text, flags=re.MULTILINE), self.blocks[number])
        config = self.host["one"].run("cat", "/etc/slurm/slurm.conf")
        self.assertIn("\n" + self.blocks[CONFIG], config)

    def test_a_job(self):
        """The sum of the pieces is that of the file; the epilogs leave no mount."""
        with self.mounted(self.host["one"], "-o", "allow_other", point="/mnt/chunks"):
            output, = self.finish(self.job())
        self.assertEqual(output.splitlines()[-1], str(self.data.count(b"ERROR")))
        self.assertEqual(len(list(self.work.glob("errors.*.count"))), 16)
        wait_for(lambda: self.mounts() == 0, SECONDS, "the epilogs unmount")

    def test_the_file_is_rewritten_meanwhile(self):
        """The job stops, starts again with a new word, and has the sum of the new content."""
        self.hold(6)
        with self.mounted(self.host["one"], "-o", "allow_other", point="/mnt/chunks"):
            job = self.job()
            wait_for(lambda: (self.work / "began.6").exists(), SECONDS, "task 6 is about to read")
            new = log(4 * M, "new")
            self.file.write_bytes(new)
            (self.work / "hold").unlink()
            output, = self.finish(job)
        numbers = re.findall(r"Submitted batch job (\d+)", output)
        self.assertGreater(len(numbers), 1, output)
        self.assertNotEqual(new.count(b"ERROR"), 0)
        self.assertEqual(output.splitlines()[-1], str(new.count(b"ERROR")))
        states = self.host["one"].shell("scontrol -o show job %s" % shlex.quote(numbers[0]))
        self.assertIn("JobState=CANCELLED", states)

    def test_a_node_without_the_file(self):
        """Its prolog fails: Slurm drains it, and the other node does the work."""
        self.host["two"].run("mv", "/data", "/data.away")
        with self.mounted(self.host["one"], "-o", "allow_other", point="/mnt/chunks"):
            output, = self.finish(self.job())
        self.assertEqual(output.splitlines()[-1], str(self.data.count(b"ERROR")))
        self.assertRegex(self.cluster.states()["two"], r"^dr")
        self.host["two"].run("mv", "/data.away", "/data")
        self.host["one"].run("scontrol", "update", "nodename=two", "state=resume")
        self.cluster.wait_until(lambda: self.cluster.states()["two"] == "idle", "the node is back")

    def test_another_failure_ends_the_job(self):
        """If the content is there, the tasks are not tried for ever."""
        with self.mounted(self.host["one"], "-o", "allow_other", point="/mnt/chunks"):
            (self.work / "count.sh").write_text(self.blocks[COUNT].replace("grep -c ERROR", "grep -c ERROR -Q"))
            self.addCleanup((self.work / "count.sh").write_text, self.blocks[COUNT])
            job = self.job()
            output, errors = job.communicate(timeout=SECONDS)
        self.assertEqual((job.returncode, output.count("Submitted"), errors), (1, 1, ""))

    test_a_job.recipe = ("docs/recipes.md", HEADING)  # the class uses all its blocks


if __name__ == "__main__":
    clustering.main()
