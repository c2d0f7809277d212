# SPDX-License-Identifier: MIT
"""A real Prometheus reads .bigfs/metrics, served over HTTP, and answers questions about it."""

import shlex
import socket
import subprocess

from harness import read, wait_for
from support import prometheus_tool

START_SECONDS = 60  # Prometheus takes 5 s to begin; this only keeps a broken test from hanging
PORT = "9191"  # in the recipe
INTERVAL = "global:\n  scrape_interval: 1s\n"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(test, *command):
    """A server that ends with the test, whatever happens."""
    server = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)

    def end(server):
        server.kill()
        server.wait()
    test._finally(end, server)


def ask(promtool, port, query):
    """The samples of the answer; None if there is no answer."""
    answer = subprocess.run([promtool, "query", "instant", "http://127.0.0.1:%d" % port, query],
                            capture_output=True, text=True)
    return [line for line in answer.stdout.splitlines() if "=>" in line] if answer.returncode == 0 else None


def watch(test, command, configuration, queries):
    """Serve the metrics of test.chunks by this command, and have Prometheus answer all queries."""
    promtool, prometheus = prometheus_tool(test, "promtool"), prometheus_tool(test, "prometheus")
    source, target = free_port(), free_port()
    path = test.tmp / "prometheus.yml"
    path.write_text(INTERVAL + configuration.replace(PORT, str(source)))
    start(test, *shlex.split(command.replace(PORT, str(source))))
    start(test, prometheus, "--config.file=%s" % path, "--storage.tsdb.path=%s" % (test.tmp / "data"),
          "--web.listen-address=127.0.0.1:%d" % target)
    info = wait_for(lambda: ask(promtool, target, "bigfs_build_info"), START_SECONDS, "Prometheus reads the metrics")
    test.assertIn('version="%s"' % read(test.chunks.p(".bigfs/version")).decode().split()[1], info[0])
    for query in ["sum(bigfs_requests_total)", "bigfs_start_time_seconds", "sum(bigfs_errors_total)"]:
        test.assertRegex(ask(promtool, target, query)[0], r"=> [0-9.e+-]+ @", query)
    for query in queries:
        test.assertIsNotNone(ask(promtool, target, query), query)
