# SPDX-License-Identifier: MIT
"""A real Prometheus reads .bigfs/metrics, served over HTTP, and answers questions about it."""

import socket
import subprocess
import sys

import harness
from harness import M, read, wait_for
from support import prometheus_tool

CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: bigfs
    static_configs:
      - targets: ['127.0.0.1:%d']
"""
START_SECONDS = 60  # Prometheus takes 5 s to begin; this only keeps a broken test from hanging


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class ScrapeTest(harness.MountTest):
    def start(self, *command):
        """A server that ends with the test, whatever happens."""
        server = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)

        def end(server):
            server.kill()
            server.wait()
        self._finally(end, server)
        return server

    def ask(self, port, query):
        """The value of the one sample that answers, or None."""
        answer = subprocess.run([self.promtool, "query", "instant", "http://127.0.0.1:%d" % port, query],
                                capture_output=True, text=True)
        lines = answer.stdout.splitlines() if answer.returncode == 0 else []
        return lines[0] if len(lines) == 1 and "=>" in lines[0] else None

    def test_prometheus(self):
        self.promtool, prometheus = prometheus_tool(self, "promtool"), prometheus_tool(self, "prometheus")
        self.write("app.log", b"a line\n" * (3 * M // 7))
        mount = self.mount(None, "--min-size=64K", "--chunk-size=1M", "--cache=none")
        read(mount.p("app.log/lines/1"))
        source, target = free_port(), free_port()
        configuration = self.tmp / "prometheus.yml"
        configuration.write_text(CONFIGURATION % source)
        self.start(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", mount.p(".bigfs"), source)
        self.start(prometheus, "--config.file=%s" % configuration, "--storage.tsdb.path=%s" % (self.tmp / "data"),
                   "--web.listen-address=127.0.0.1:%d" % target)
        info = wait_for(lambda: self.ask(target, "bigfs_build_info"), START_SECONDS, "Prometheus has read the metrics")
        self.assertIn('version="%s"' % read(mount.p(".bigfs/version")).decode().split()[1], info)
        for query in ('sum(bigfs_requests_total{operation="read"})', "bigfs_start_time_seconds", "sum(bigfs_errors_total)",
                      'histogram_quantile(0.5, sum by (le) (bigfs_request_duration_seconds_bucket{operation="read"}))'):
            self.assertRegex(self.ask(target, query) or "", r"=> [0-9.e+-]+ @", query)


if __name__ == "__main__":
    harness.main()
