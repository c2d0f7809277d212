# SPDX-License-Identifier: MIT
""".bigfs/help: someone who has only the mount finds the names that can be asked for, and all of them can be."""

import os
import re
import shutil

import harness
from compressing import need, text
from harness import K, read, run
from support import NOBODY

EXAMPLES = " is a large file:\n"


def examples(shown):
    """The commands of the examples: what stands before the texts."""
    lines = shown.partition(EXAMPLES)[2].splitlines()
    return [re.split(r" {2,}", line.strip())[0] for line in lines if re.match(r"  \S", line)]


class HelpTest(harness.MountTest):
    def start(self, name, *options):
        need(self, "gzip")
        self.write(name, run("gzip", "-nc", input=text(900 * K)))
        return self.mount(self.source / name, "--min-size=64K", "--chunk-size=64K", *options)

    def shown(self, mount):
        found = read(mount.p(".bigfs/help")).decode()
        self.assertEqual([line for line in found.splitlines() if len(line) > 80 or line != line.rstrip()], [])
        return found

    def test_all_is_named(self):
        """Views with their arguments, formats (also the mount's own), ranges, tables, reports."""
        mount = self.start("app.log", "--record", r"entry=[0-9]{4}-\.", "--rows=50K")
        shown = self.shown(mount)
        for view, arguments in (("bytes", "SIZE nN from=OFFSET to=OFFSET pin=WORD"),
                                ("lines", "SIZE nN header[=H] FORMAT from=OFFSET to=OFFSET pin=WORD"),
                                ("rows", "COUNT nN header[=H] FORMAT pin=WORD"), ("sorted", "header[=H] FORMAT")):
            self.assertRegex(shown, r"(?m)^  %s  +\S" % view)
            self.assertRegex(shown, r"(?m)^  %s@ +%s$" % (view, re.escape(arguments)))
        for name in ("extents", "whole", "plain", "nul", "fastq", "fasta", "csv, csv=X", "FILE/VIEW.tsv", "FILE/pin",
                     "pin=WORD", "bytes/", "rows/", "sorted/", *("/.bigfs/" + name for name in os.listdir(mount.p(".bigfs")))):
            self.assertRegex(shown, r"(?m)^  %s  +\S" % re.escape(name))
        words = " ".join(shown.split())
        for part in (r"entry starts at a line that matches '[0-9]{4}-\.'", "SIZE is 64K if", "COUNT is 50K if",
                     "at least 64K", "OFFSET+LENGTH:", "A-B:", "FROM..TO:"):
            self.assertIn(part, words)

    def test_the_examples(self):
        """Each works as it stands, with the file that the mount has."""
        mount = self.start("app.log.gz")
        commands = examples(self.shown(mount))
        self.assertGreaterEqual(len(commands), 6)
        for command in commands:
            self.assertIn("app.log.gz/", command)
            if shutil.which(command.split()[0]):
                self.assertTrue(run("sh", "-c", command, cwd=mount.path), command)

    def test_names_that_do_not_fit(self):
        for name in ("a b.gz", "x" * 30):
            mount = self.start(name)
            self.assertIn("ls app.log/lines", examples(self.shown(mount)))

    def test_another_user(self):
        """learns no name of a file."""
        self.require(os.geteuid() == 0 and shutil.which("setpriv"), "becoming another user needs root and setpriv")
        self.tmp.chmod(0o755)
        mount = self.start("secret.gz", "-o", "allow_other")
        self.assertIn("secret.gz", read(mount.p(".bigfs/help")).decode())
        self.assertNotIn("secret", run(*NOBODY, "cat", mount.p(".bigfs/help")).decode())


if __name__ == "__main__":
    harness.main()
