# SPDX-License-Identifier: MIT
"""The tests' own misbehaving file system does what other tests assume, without a bigfs above."""

import errno
import os
import signal
import subprocess
import threading

import harness
from harness import K, M, read
from support import errno_of
from unruly import Unruly, rule


class UnrulyTest(harness.MountTest):
    def setUp(self):
        super().setUp()
        self.data = os.urandom(256 * K)
        self.write("big", self.data)
        self.write("other", b"other\n")
        (self.source / "link").symlink_to("big")
        self.net = Unruly(self, self.source, "-o", "direct_io")

    def p(self, name):
        return os.path.join(self.net.path, name)

    def test_at_rest_it_is_the_directory(self):
        self.assertEqual(sorted(os.listdir(self.net.path)), ["big", "link", "other"])
        self.assertEqual(read(self.p("big")), self.data)
        self.assertEqual(os.readlink(self.p("link")), "big")
        self.assertEqual(os.stat(self.p("big")).st_ino, os.stat(self.source / "big").st_ino)
        self.assertGreater(self.net.asked()["read"], 0)

    def test_bytes_are_counted(self):
        self.assertEqual(harness.pread(self.p("big"), 4 * K, 100), self.data[100:100 + 4 * K])
        self.assertEqual(self.net.given(), 4 * K)
        read(self.p("other"))
        self.assertEqual(self.net.given(), 4 * K + 6)
        with self.net.misbehaving(rule("read", "errno", errno.EIO), rule("read", "short", 10)):
            errno_of(harness.pread, self.p("big"), 4 * K)
        self.assertEqual(self.net.given(), 4 * K + 6)

    def test_errors_by_path_range_and_number(self):
        with self.net.misbehaving(rule("read", "errno", errno.EIO, path="/big", start=64 * K, end=65 * K),
                                  rule("getattr", "errno", errno.ENOMEM, path="/other", times=1),
                                  rule("readlink", "errno", errno.EINPROGRESS)):
            self.assertEqual(harness.pread(self.p("big"), 64 * K), self.data[:64 * K])
            self.assertEqual(errno_of(harness.pread, self.p("big"), 2 * K, 64 * K - 1), "EIO")
            self.assertEqual(harness.pread(self.p("big"), M, 65 * K), self.data[65 * K:])
            self.assertEqual(errno_of(os.stat, self.p("other")), "ENOMEM")
            os.stat(self.p("other"))
            self.assertEqual(errno_of(os.readlink, self.p("link")), "EINPROGRESS")
        self.assertEqual(read(self.p("big")), self.data)

    def test_forged_attributes(self):
        true = os.stat(self.source / "big")
        with self.net.misbehaving(rule("getattr", "size", 7, path="/big"), rule("getattr", "seconds", 2),
                                  rule("getattr", "add_ino", 5)):
            told = os.stat(self.p("big"))
            self.assertEqual((told.st_size, told.st_ino), (7, true.st_ino + 5))
            self.assertEqual(told.st_mtime_ns, true.st_mtime_ns // (2 * 10 ** 9) * 2 * 10 ** 9)
        with self.net.misbehaving(rule("getattr", "new_ino")):
            self.assertNotEqual(os.stat(self.p("big")).st_ino, os.stat(self.p("big")).st_ino)

    def test_many_hang_and_others_do_not(self):
        self.net.rules(rule("read", "hang", path="/big"))
        got = []
        threads = [threading.Thread(target=lambda: got.append(read(self.p("big")))) for _ in range(40)]
        for thread in threads:
            thread.start()
        self.net.wait_held(40)
        self.assertEqual(read(self.p("other")), b"other\n")
        self.net.let_go()
        for thread in threads:
            thread.join()
        self.assertEqual(got, [self.data] * 40)

    def test_what_hangs_can_be_given_an_error(self):
        self.net.rules(rule("any", "hang", path="/big"))
        got = []
        thread = threading.Thread(target=lambda: got.append(errno_of(os.stat, self.p("big"))))
        thread.start()
        self.net.wait_held()
        self.net.rules(rule("getattr", "errno", errno.EINTR, path="/big"))
        thread.join()
        self.assertEqual(got, ["EINTR"])

    def test_only_one_that_waits_can_be_killed(self):
        for action in ("wait", "hang"):
            self.net.rules(rule("read", action, path="/big"))
            reader = subprocess.Popen(["cat", self.p("big")], stdout=subprocess.DEVNULL)
            self.net.wait_held()
            reader.send_signal(signal.SIGKILL)
            if action == "wait":
                reader.wait()
                harness.wait_for(lambda: self.net.held() == 0, 30, "the request has ended")
            else:
                self.assertEqual(self.net.held(), 1)
                self.assertIsNone(reader.poll())
                self.net.let_go()
                reader.wait()

    def test_its_death_frees_all(self):
        self.net.rules(rule("read", "hang"))
        reader = subprocess.Popen(["cat", self.p("big")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.net.wait_held()
        self.net.abort()
        self.assertNotEqual(reader.wait(), 0)
        self.net.close()
        self.assertFalse(harness.mounted(self.net.path))

    def test_a_hang_that_nobody_ends_is_no_trouble_for_the_clean_up(self):
        self.net.rules(rule("any", "hang"))
        for _ in range(3):
            reader = subprocess.Popen(["cat", self.p("big")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(reader.wait)
        self.net.wait_held()  # the others wait for its look-up in the kernel


class CachingTest(harness.MountTest):
    def test_attributes_that_the_kernel_keeps(self):
        self.write("file", b"one\n")
        net = Unruly(self, self.source, "-o", "attr_timeout=600,entry_timeout=600")
        path = os.path.join(net.path, "file")
        self.assertEqual(os.stat(path).st_size, 4)
        self.write("file", b"longer\n")
        self.assertEqual(os.stat(path).st_size, 4)


if __name__ == "__main__":
    harness.main()
