# SPDX-License-Identifier: MIT
"""What scripts/cluster-demo runs: a job array over the pieces of one file on two nodes, one of which dies."""

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import debian
import hosts
from slurm_cluster import Cluster

HERE = Path(__file__).resolve().parent
UNITS = {"M": 1 << 20, "G": 1 << 30}
TASKS = 16
NODES = ("node1", "node2")
JOBS = {"plain": "app.log", "gzip": "old.log.gz/plain"}  # job: its directory of views in a mount
SHARED = {"data": "/data", "index": "/shared/index", "work": "/shared/work"}  # directory of the disk: its place on hosts
DEADLINE = 420  # seconds for the jobs, without their pauses


def say(text):
    print("==> " + text, flush=True)


def detail(text):
    print("    " + text, flush=True)


def main():
    arguments = parse()
    hosts.enter()
    world = hosts.World("head", *NODES)
    disk = world.disk("disk", 2 * arguments.size + (256 << 20))
    own = make_files(disk, arguments.size)
    head, *nodes = [start_host(world, name, disk, arguments.bigfs) for name in world.addresses]
    say("starting Slurm: %s is the head; %s have two places for tasks each" % (head.name, " and ".join(NODES)))
    cluster = Cluster(head, nodes, script_text("prolog"), script_text("epilog"))
    numbers = submit(head, cluster, arguments.pause)
    deadline = DEADLINE + len(JOBS) * TASKS * arguments.pause
    lost = kill_in_the_middle(cluster, numbers, nodes[1], deadline)
    wait_for_jobs(cluster, numbers, deadline)
    check(disk, own, {job: cluster.history(number) for job, number in numbers.items()}, lost)
    check_nothing_is_mounted(nodes[0])


def script_text(name):
    return (HERE / "slurm" / name).read_text()


def parse():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--size", type=lambda text: int(text[:-1]) * UNITS[text[-1]])
    parser.add_argument("--pause", type=int, default=1)
    parser.add_argument("--bigfs", type=Path)
    return parser.parse_args()


# --- the file ------------------------------------------------------------------------------------------

def make_files(disk, size):
    """A log of at least `size` bytes, and the same as gzip, on the shared disk. Returns its count of errors."""
    for name in SHARED:
        (disk / name).mkdir()
    os.chmod(disk / "work", 0o1777)
    say("making a log of %d MiB, and the same as .gz, on a disk that all hosts see" % (size >> 20))
    plain, packed = disk / "data" / "app.log", disk / "data" / "old.log.gz"
    with open(plain, "wb") as log, open(packed, "wb") as target:
        gzip = subprocess.Popen(["gzip", "-1"], stdin=subprocess.PIPE, stdout=target)
        blocks = [log_block(seed) for seed in range(8)]
        for number in range(-(-size // min(map(len, blocks)))):
            for file in (log, gzip.stdin):
                file.write(blocks[number % len(blocks)])
        gzip.stdin.close()
        if gzip.wait() != 0:
            raise debian.Trouble("gzip failed: exit %d" % gzip.returncode)
    count = int(hosts.run("grep", "-c", "ERROR", plain))
    detail("grep -c ERROR app.log           %d" % count)
    unpacked = int(hosts.run("sh", "-c", 'zcat "$1" | grep -c ERROR', "sh", packed))
    detail("zcat old.log.gz | grep -c ERROR %d" % unpacked)
    return {"plain": count, "gzip": unpacked}


def log_block(seed):
    """A MiB or so of lines."""
    generator = random.Random(seed)
    levels = ["INFO"] * 12 + ["WARN"] * 3 + ["ERROR"]
    return "".join("2026-11-29T12:%02d:%02d.%06d %s %s request %x took %d us\n" % (
        n // 600 % 60, n // 10 % 60, generator.randrange(1000000), generator.choice(levels), generator.choice(NODES),
        generator.getrandbits(64), generator.randrange(1 << generator.randrange(1, 20))) for n in range(14000)).encode()


# --- the cluster ---------------------------------------------------------------------------------------

def start_host(world, name, disk, bigfs):
    shared = [(disk / part, place) for part, place in SHARED.items()]
    return world.start(name, *shared, (bigfs, "/usr/bin/bigfs"))


def submit(head, cluster, pause):
    """Submits a job for each file, as a user on the head does. Returns {job: its number}."""
    before, move, after = script_text("count.sh").partition("    mv ")
    script = before + "    sleep %d\n" % pause + move + after
    for host in (head, *cluster.nodes.values()):
        host.write("/usr/local/bin/count.sh", script, 0o755)
    say("on %s: bigfs --index old.log.gz (all nodes use the index), and a mount for its users" % head.name)
    head.run("bigfs", "--index", "--index-dir", "/shared/index", "/data/old.log.gz")
    head.run("bigfs", "-o", "allow_other", "--min-size", "1M", "--index-dir", "/shared/index", "/data", "/mnt")
    numbers = {}
    for job, views in JOBS.items():
        word = head.run("cat", "/mnt/%s/pin" % views, user=debian.USER).strip()
        numbers[job] = cluster.submit("--job-name", job, "--chdir", SHARED["work"], "--array=0-%d%%2" % (TASKS - 1),
                                      "/usr/local/bin/count.sh", views, word)
        say("sbatch count.sh %s %s" % (views, word))
    return numbers


def kill_in_the_middle(cluster, numbers, victim, deadline):
    """Ends a node while tasks of both jobs have ended and others run on it. Returns those: {(job, task)}."""
    def running():
        return {(job, task) for job, number in numbers.items() for task, state, node in cluster.tasks(number)
                if (state, node) == ("RUNNING", victim.name)}

    cluster.wait_until(lambda: all(len(cluster.tasks(number)) <= TASKS - 2 for number in numbers.values()),
                       "some tasks of both jobs have ended", deadline)
    before = running()
    cluster.wait_until(lambda: running() - before, "a task begins on %s" % victim.name, deadline)
    victim.kill()
    lost = running()
    say("killed %s, on which ran: %s" % (victim.name, ", ".join("task %s of %s" % (task, job) for job, task in sorted(lost))))
    return lost


def wait_for_jobs(cluster, numbers, deadline):
    started, told = time.monotonic(), False
    while any(cluster.tasks(number) for number in numbers.values()):
        if time.monotonic() > started + deadline:
            raise debian.Trouble("the jobs did not end: %s" % {job: cluster.tasks(number) for job, number in numbers.items()})
        if not told and "down" in "".join(cluster.states().values()):
            told = say("Slurm found %s dead and queues its tasks again" % NODES[1]) or True
        time.sleep(0.2)


# --- the end -------------------------------------------------------------------------------------------

def check(disk, own, histories, lost):
    """Compares the sums, and looks for each task that died."""
    for job, count in own.items():
        counts = [int(path.read_text()) for path in (disk / "work").glob(job + ".*.count")]
        nodes = [node for _, node in histories[job].values()]
        again = {(job, task) for task, (restarts, _) in histories[job].items() if restarts > 0}
        say("%s: %d errors in %d pieces (%s); run again: %s" % (
            job, sum(counts), len(counts), ", ".join("%d on %s" % (nodes.count(name), name) for name in NODES),
            " ".join(sorted(task for _, task in again)) or "none"))
        if len(counts) != TASKS or sum(counts) != count:
            raise debian.Trouble("%s: the file's own count is %d" % (job, count))
        missing = {each for each in lost if each[0] == job} - again
        if missing:
            raise debian.Trouble("%s: not started again: %s" % (job, sorted(missing)))
    detail("the same as the files' own counts")


def check_nothing_is_mounted(node):
    left = node.shell("cat /proc/mounts").count(" /run/bigfs/")
    if left != 0:
        raise debian.Trouble("%s: %d mounts are left after the last epilog" % (node.name, left))
    detail("no mount of a job is left on %s" % node.name)


if __name__ == "__main__":
    try:
        main()
    except debian.Trouble as trouble:
        print("cluster-demo: %s" % trouble, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
