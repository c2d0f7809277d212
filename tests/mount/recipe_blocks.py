# SPDX-License-Identifier: MIT
"""The code of the documents, for tests that run it as it stands there.

    class CountTest(Recipes):
        @recipe("docs/recipes.md", "Count in parallel")
        def test_count(self):
            self.assertEqual(self.shell(0), self.plain("grep -c ERROR app.log"))

A test has to use each block of code under its heading. Blocks run literally, except for places and sizes: /data,
/mnt/chunks and their like are directories of the test; and in views, as the files are small, G is M, and M is K.
"""

import functools
import os
import re
import subprocess
import sys
import textwrap

import harness
import support

sys.path.insert(0, str(harness.REPO / "tests" / "check"))
import markdown  # noqa: E402

PLACE = re.compile(r"(?<![\w/])(?:/mnt/(?:chunks|orders|lines|entries)|/data|/backup)(?![\w-])")
SIZE = re.compile(r"(?<=@)(\d+)([MG])\b")
SMALLER = {"M": "K", "G": "M"}
BLOCK = re.compile(r"^\.Bd -literal.*?\n(.*?)^\.Ed", re.MULTILINE | re.DOTALL)


def sections(document):
    """The blocks of code under each heading that has any: {heading: [block]}. Of the manual page, the examples."""
    text = (harness.REPO / document).read_text(encoding="utf-8")
    if document.endswith(".1"):
        return {"EXAMPLES": BLOCK.findall(text[text.index(".Sh EXAMPLES"):text.index(".Sh DIAGNOSTICS")])}
    headings = list(markdown.headings(text))
    found = {}
    for match in markdown.INDENTED.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        above = [heading.text for heading in headings if heading.line < line][-1]
        found.setdefault(above, []).append(textwrap.dedent(match[0]).strip("\n") + "\n")
    return found


def recipe(document, heading):
    """The test of the code under this heading: a method of Recipes."""
    def decorate(function):
        @functools.wraps(function)
        def test(self):
            self.blocks = sections(document)[heading]
            self.used = set()
            function(self)
            self.assertEqual(self.used, set(range(len(self.blocks))), "not all blocks of %s were run" % heading)
        test.recipe = (document, heading)
        return test
    return decorate


class Blocks:
    """What a test of a recipe has, besides what recipe() gives it."""

    def block(self, number, instead=None):
        """A block as it stands there; `instead` has other words for some that the test cannot have."""
        self.used.add(number)
        text = self.blocks[number]
        for old, new in (instead or {}).items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        return text


class Recipes(Blocks, harness.MountTest):
    """A source and a mount of it, with chunks of 64 KiB, and a directory to work in."""

    OPTIONS = ("--chunk-size", "64K")

    def setUp(self):
        super().setUp()
        self.work, self.bin = self.tmp / "work", self.tmp / "bin"
        for path in (self.work, self.bin, self.tmp / "backup", self.tmp / "parallel"):
            path.mkdir()
        for place in ("chunks", "orders", "lines", "entries"):
            (self.tmp / place).mkdir()
            self.addCleanup(self.sweep, self.tmp / place)
        self.env = dict(os.environ, LC_ALL="C", PATH="%s:%s" % (self.bin, os.environ["PATH"]), SHELL="/bin/sh",
                        PARALLEL_HOME=str(self.tmp / "parallel"), PARALLEL_SHELL="/bin/sh")
        self.program("bigfs", 'case $1 in --index|--list|--unmount) exec %s "$@" ;; esac\nexec %s %s "$@"'
                     % (harness.BIGFS, harness.BIGFS, " ".join(self.OPTIONS)))

    def sweep(self, point):
        """What a recipe mounted is gone, whatever the outcome."""
        subprocess.run(["fusermount3", "-u", "-z", str(point)], stderr=subprocess.DEVNULL)
        harness.wait_for(lambda: not support.daemons(point), support.LAG, "the daemon of %s ends" % point)

    def start(self):
        """Mount the source where recipes expect it."""
        self.chunks = self.mount(None, *self.OPTIONS)
        self.places = {"/mnt/chunks": self.chunks.path, "/mnt/orders": self.tmp / "orders",
                       "/mnt/lines": self.tmp / "lines", "/mnt/entries": self.tmp / "entries", "/data": self.source,
                       "/backup": self.tmp / "backup"}

    def mounts_by_itself(self):
        """The recipe makes the mount that others expect."""
        self.places["/mnt/chunks"] = self.tmp / "chunks"

    def gzip(self, name, *paths):
        """A file of the source: these, one after the other, compressed."""
        plain = b"".join(harness.read(path) for path in paths)
        return self.write(name, subprocess.run(["gzip"], input=plain, check=True, stdout=subprocess.PIPE).stdout)

    def program(self, name, code):
        """A shell script that recipes find as a program."""
        path = self.bin / name
        path.write_text("#!/bin/sh\n%s\n" % code)
        path.chmod(0o755)

    def block(self, number, instead=None):
        """A block as it is to be run, with the test's own places and sizes."""
        text = SIZE.sub(lambda match: match[1] + SMALLER[match[2]], super().block(number, instead))
        return PLACE.sub(lambda match: str(self.places[match[0]]), text)

    def run_block(self, argv, **env):
        """Exit status, standard output, standard error."""
        result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, cwd=self.work, timeout=60,
                                env={**self.env, **env})
        return result.returncode, result.stdout.decode(), result.stderr.decode()

    def try_shell(self, number, instead=None, **env):
        return self.run_block(["sh", "-u", "-c", self.block(number, instead)], **env)

    def shell(self, number, instead=None, **env):
        """What a block writes; it must end well, and without a complaint."""
        status, output, errors = self.try_shell(number, instead, **env)
        self.assertEqual((status, errors), (0, ""), self.blocks[number])
        return output

    def assert_same(self, got, wanted):
        """As assertEqual, for what is long: that takes minutes to tell how thousands of lines differ."""
        self.assertEqual(len(got), len(wanted))
        at = next((at for at, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]), None)
        self.assertIsNone(at, "at %s: %r, not %r" % (at, got[at or 0:][:80], wanted[at or 0:][:80]))

    def script(self, number, name):
        """A block that is a file."""
        (self.work / name).write_text(self.block(number))

    def plain(self, command):
        """What a command writes about the plain files."""
        return harness.run("sh", "-c", command, cwd=self.source).decode()

    def made(self, name):
        return harness.read(self.work / name)
