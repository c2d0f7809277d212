# SPDX-License-Identifier: MIT
"""What the tests of the checks share: a tree of temporary files, and what a check finds in it."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path


class CheckTest(unittest.TestCase):
    """`check` is the check that is tested."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def write(self, name, text):
        """Make a file of the tree, and the folders that it is in."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def finds(self, *beginnings):
        """The check finds as many problems as there are beginnings, and they begin so, in any order."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            problems = sorted(self.check(self.root))
        self.printed = output.getvalue()
        self.assertEqual(len(problems), len(beginnings), problems)
        for problem, beginning in zip(problems, sorted(beginnings)):
            self.assertEqual(problem[:len(beginning)], beginning)


main = unittest.main
