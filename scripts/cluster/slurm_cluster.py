# SPDX-License-Identifier: MIT
"""A Slurm cluster on hosts of hosts.py, set up as its manuals say: munge on each, one slurmctld, a slurmd on each node."""

import os
import time

import debian

# How soon a dead node is seen, and how soon its tasks may start again, is set for a demonstration. Slurm's own
# SlurmdTimeout is 300 s, and its cred_expire 120 s.
CONFIG = """
ClusterName=demo
SlurmctldHost=%(head)s
AuthType=auth/munge
AuthInfo=cred_expire=%(expire)d
SlurmUser=slurm
StateSaveLocation=/var/lib/slurm/slurmctld
SlurmdSpoolDir=/var/lib/slurm/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
MailProg=/bin/true
SlurmdParameters=config_overrides
SlurmdTimeout=%(timeout)d
MessageTimeout=4
MinJobAge=86400
TCPTimeout=1
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0,nohold_on_prolog_fail
JobRequeue=1
Prolog=/etc/slurm/prolog
Epilog=/etc/slurm/epilog
NodeName=%(nodes)s CPUs=%(slots)d State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""
START_SECONDS = 60


class Cluster:
    """Slurm on the host `head` and the hosts `nodes`. Each node runs up to `slots` tasks at once."""

    def __init__(self, head, nodes, prolog, epilog, slots=2):
        self.head, self.nodes = head, {node.name: node for node in nodes}
        key = os.urandom(512).hex()
        config = CONFIG % {"head": head.name, "nodes": ",".join(self.nodes), "slots": slots, "timeout": 4, "expire": 5}
        for host in (head, *nodes):
            host.write("/etc/munge/munge.key", key, 0o400, "munge")
            host.write("/etc/slurm/slurm.conf", config)
            host.write("/etc/slurm/cgroup.conf", "CgroupPlugin=cgroup/v1\n")  # which nothing then uses
            host.write("/etc/slurm/prolog", prolog, 0o755)
            host.write("/etc/slurm/epilog", epilog, 0o755)
            host.shell("install -d -o munge /run/munge && install -d -o slurm /var/lib/slurm/slurmctld /var/log/slurm && "
                       "setpriv --reuid munge --regid munge --init-groups munged")
        head.run("slurmctld")
        for node in nodes:
            node.run("slurmd")
        self.wait_until(lambda: set(self.states().values()) == {"idle"}, "all nodes are idle")

    def states(self):
        """The state of each node: idle, mix, alloc, down and others."""
        return dict(line.split() for line in self.head.run("sinfo", "-h", "-N", "-o", "%N %t").splitlines())

    def wait_until(self, condition, what, seconds=START_SECONDS):
        """Waits for a condition; Trouble if it does not come."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise debian.Trouble("waited %d s: %s; sinfo says %s" % (seconds, what, self.states()))
            time.sleep(0.1)

    def submit(self, *argv):
        """Submits a job as a user does. Returns its number."""
        return self.head.run("sbatch", "--parsable", *argv, user=debian.USER).strip()

    def tasks(self, job):
        """The tasks of a job array that have not ended: (number, state, node)."""
        lines = self.head.run("squeue", "-h", "-r", "-j", job, "-o", "%K %T %N").splitlines()
        return [tuple((line + " ").split(" ")[:3]) for line in lines]

    def history(self, job):
        """What became of the tasks of a job array: {number: (how often it was started again, its last node)}."""
        tasks = {}
        for line in self.head.run("scontrol", "-o", "show", "job", job).splitlines():
            fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
            tasks[fields["ArrayTaskId"]] = int(fields["Restarts"]), fields["NodeList"]
        return tasks
