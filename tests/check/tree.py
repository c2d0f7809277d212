# SPDX-License-Identifier: MIT
"""The tree that is checked, and how a check is run.

A check is a function check(root) that yields one line for each problem, as "file:line: rule: what is wrong". It may
print figures.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(root, folders, suffixes):
    """The files with these suffixes in these folders, at any depth: as paths from the root, sorted."""
    found = (path for folder in folders for path in (root / folder).rglob("*"))
    return sorted(str(path.relative_to(root)) for path in found if path.suffix in suffixes and path.is_file())


def c_files(root, *folders):
    """The C files of these folders (core and fs if none is given)."""
    return files(root, folders or ("core", "fs"), {".c", ".h"})


def text(root, name):
    """What the file holds."""
    return (root / name).read_text(encoding="utf-8")


def run(check, root=ROOT):
    """Print what the check finds; end with 1 if that is anything."""
    problems = list(check(root))
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
