# SPDX-License-Identifier: MIT
""".bigfs/metrics: what Debian's promtool accepts, and counts that agree with each other and with what was done."""

import errno
import os
import re
import subprocess
import threading

import harness
from compressing import need, text
from harness import K, M, read, run
from rowing import IndexTest
from support import errno_of, prometheus_tool
from unruly import Unruly, rule

SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)')


def samples(mount):
    """The values of .bigfs/metrics by name and labels: {(name, label value, …): value}."""
    found = {}
    for line in read(mount.p(".bigfs/metrics")).decode().splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            key = (name.removeprefix("bigfs_"), *re.findall(r'="((?:[^"\\]|\\.)*)"', labels or ""))
            assert key not in found, line
            found[key] = float(value)
    return found


class FormatTest(harness.MountTest):
    def test_promtool(self):
        """A mount that has been used for everything: no complaint, and no advice."""
        promtool = prometheus_tool(self, "promtool")
        self.write("app.log", b"a line\n" * (M // 7))
        mount = self.mount(None, "--min-size=64K", "--chunk-size=64K")
        for name in ("lines/3", "rows/1-2", "lines.tsv"):
            read(mount.p("app.log", name))
        self.assertEqual(errno_of(os.stat, mount.p("nothing")), "ENOENT")
        checked = subprocess.run([promtool, "check", "metrics"], input=read(mount.p(".bigfs/metrics")),
                                 capture_output=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""))

    def test_what_is_served(self):
        mount = self.mount()
        found = samples(mount)
        version = read(mount.p(".bigfs/version")).decode().split()[1]
        infos = [key for key in found if key[0] == "build_info"]
        self.assertEqual([(key[1], found[key]) for key in infos], [(version, 1)])
        self.assertRegex(infos[0][2], r"^3\.\d+")
        boot = float(read("/proc/stat").decode().partition("btime ")[2].split()[0])
        ticks = int(read("/proc/%d/stat" % mount.pid).decode().rpartition(")")[2].split()[19])
        started = boot + ticks / os.sysconf("SC_CLK_TCK")
        self.assertLess(abs(found["start_time_seconds",] - started), 60)


class HistogramTest(harness.MountTest):
    def check(self, found):
        """The buckets are cumulative, and the last one is the count, which is the number of requests."""
        operations = {key[1] for key in found if key[0] == "requests_total"}
        self.assertGreater(len(operations), 10)
        for operation in operations:
            buckets = sorted((float(key[2].replace("+Inf", "inf")), value) for key, value in found.items()
                             if key[0] == "request_duration_seconds_bucket" and key[1] == operation)
            self.assertEqual((buckets[0][0], buckets[-2][0], buckets[-1][0]), (1e-5, 300, float("inf")))
            values = [value for _, value in buckets]
            self.assertEqual(values, sorted(values), operation)
            self.assertEqual(values[-1], found["request_duration_seconds_count", operation], operation)
            self.assertGreaterEqual(found["request_duration_seconds_sum", operation],
                                    sum(count * low for (low, _), count in zip(
                                        buckets, [b - a for a, b in zip(values, values[1:])])) * 0.999)
        return found

    def test_while_it_counts(self):
        self.write("app.log", b"a line\n" * (3 * M // 7))
        mount = self.mount(None, "--min-size=64K", "--chunk-size=1M", "--cache=none")
        stop = threading.Event()

        def read_on():
            with open(mount.p("app.log/whole.log"), "rb", buffering=0) as file:
                while not stop.is_set():
                    os.pread(file.fileno(), 4 * K, 0)

        readers = [threading.Thread(target=read_on) for _ in range(3)]
        for reader in readers:
            reader.start()
        try:
            counts = [self.check(samples(mount))["requests_total", "read"] for _ in range(20)]
        finally:
            stop.set()
            for reader in readers:
                reader.join()
        self.assertEqual(counts, sorted(counts))
        self.assertGreater(counts[-1], counts[0])

    def test_a_slow_request(self):
        """A request that the disk holds up for a while is in the buckets above that alone."""
        self.write("app.log", b"a line\n" * (3 * M // 7))
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--min-size=1M", "--chunk-size=1M", "--cache=none")
        with disk.misbehaving(rule("read", "hang", start=1 * M, end=2 * M)):
            reader = subprocess.Popen(["head", "-c1", mount.p("app.log/bytes/1")], stdout=subprocess.DEVNULL)
            disk.wait_held()
            before = self.check(samples(mount))
            try:
                reader.wait(0.4)
            except subprocess.TimeoutExpired:
                pass
            disk.let_go()
            reader.wait()
        after = self.check(samples(mount))
        within = [sum(found["request_duration_seconds_bucket", operation, le] * sign for found, sign in (
                      (after, 1), (before, -1)) for operation in ("lookup", "open", "read")) for le in ("0.3", "+Inf")]
        self.assertGreaterEqual(within[1] - within[0], 1)


class CountTest(harness.MountTest):
    def test_errors_by_kind(self):
        self.write("app.log", b"a line\n" * (3 * M // 7))
        disk = Unruly(self, self.source)
        mount = self.mount(disk.path, "--min-size=1M", "--chunk-size=1M", "--cache=none")
        mount.allowed_trouble.append("EIO")
        first = samples(mount)
        for error in ("ENOENT", "EIO", "ESTALE", "EINTR", "EROFS", "EACCES", "ELOOP", "EMFILE"):
            self.assertEqual(first["errors_total", error], 0, error)
        with disk.misbehaving(rule("read", "errno", errno.EIO, start=1 * M, end=1 * M + 4 * K)):
            self.assertEqual(errno_of(read, mount.p("app.log/bytes/1")), "EIO")
        self.assertEqual(errno_of(os.stat, mount.p("app.log/lines@0")), "ENOENT")
        found = samples(mount)
        self.assertGreaterEqual(found["errors_total", "EIO"], 1)
        self.assertGreaterEqual(found["errors_total", "ENOENT"], 1)
        for error, name in (("EIO", "io_errors_total"), ("ESTALE", "stale_total"), ("EINTR", "interrupted_total")):
            self.assertEqual(found["errors_total", error], found[name,])
        self.assertEqual(sum(value for key, value in found.items() if key[0] == "errors_total"),
                         sum(value for key, value in found.items() if key[0] == "failures_total"))

    def test_windows_and_descriptors(self):
        """What is read again is mapped and open already."""
        self.write("app.log", b"a line\n" * (3 * M // 7))
        mount = self.mount(None, "--min-size=64K", "--chunk-size=1M", "--cache=none")
        with open(mount.p("app.log/whole.log"), "rb", buffering=0) as file:
            for _ in range(20):
                os.pread(file.fileno(), M, 0)
            found = samples(mount)
        for name in ("window_requests_total", "descriptor_requests_total"):
            self.assertGreaterEqual(found[name, "hit"], 15, name)
            self.assertGreaterEqual(found[name, "miss"], 1, name)
        self.assertEqual(found["window_requests_total", "none"], 0)

    def test_decoding(self):
        need(self, "gzip")
        data = text(2 * M)
        self.write("app.log.gz", run("gzip", "-nc", input=data))
        mount = self.mount(None, "--min-size=64K", "--chunk-size=1M", "--cache=none")
        with open(mount.p("app.log.gz/plain/whole.log"), "rb", buffering=0) as file:
            self.assertTrue(file.read(len(data)) == data[:len(data)])
            first = samples(mount)
            os.pread(file.fileno(), 4 * K, 0)
            second = samples(mount)
        blocks = ("decoded_block_requests_total",)
        self.assertEqual(first[blocks + ("miss",)], -(-len(data) // (256 * K)))
        self.assertEqual(second[blocks + ("miss",)], first[blocks + ("miss",)])
        self.assertGreater(second[blocks + ("hit",)], first[blocks + ("hit",)])
        self.assertGreaterEqual(first["decode_runs_total", "begun"], 1)
        self.assertEqual(first["decoded_evictions_total",], 0)
        self.assertEqual(first["index_builds_begun_total", "map"], 1)
        self.assertEqual(first["index_builds_ended_total", "map", "finished"], 1)


class BuildTest(IndexTest):
    def test_made_once_and_found_then(self):
        self.write("app.log", b"a line\n" * (40 * M // 7))
        for begun, found_before in ((1, 0), (0, 1)):
            mount = self.start()
            read(mount.p("app.log/rows/1-2"))
            found = samples(mount)
            self.assertEqual(found["index_builds_begun_total", "index"], begun)
            self.assertEqual(found["index_builds_ended_total", "index", "finished"], begun)
            self.assertEqual(found["index_builds_ended_total", "index", "failed"], 0)
            self.assertEqual(found["index_builds_ended_total", "index", "stopped"], 0)
            self.assertEqual(found["index_build_seconds_total", "index"] > 0, begun > 0)
            self.assertEqual(found["index_files_found_total", "index"] > 0, found_before > 0)
            mount.unmount()


if __name__ == "__main__":
    harness.main()
