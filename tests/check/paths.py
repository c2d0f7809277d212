# SPDX-License-Identifier: MIT
"""Each path of the tree that README.md and docs name in code exists.

A path may be without its extension, end with /, and have *, {a,b} and words in capitals, which stand for any name:
core/index/index_file, core/index/*, core/base/{list,clock}, tests/unit/test_NAME.c. After a colon, a name that is in
the file may follow: core/file/beneath.h:beneath_open, or tests/mount/test_tree.py:MirrorTest.test_an_empty_source.
"""

import re

import markdown
import tree

PATH = re.compile(r"(?<![\w./~$-])(?:\./)?((?:core|fs|tests|scripts|docs)/[\w./{},*…-]*)(?::([A-Za-z_][\w.]*))?")


def expand(path):
    """The paths that {a,b} stands for."""
    match = re.search(r"\{([^{}]*)\}", path)
    if not match:
        return [path]
    return [one for part in match[1].split(",") for one in expand(path[:match.start()] + part + path[match.end():])]


def matching(root, path):
    """The files and folders that one path, without braces, names."""
    path = path.rstrip("/.,")
    for pattern in (path, re.sub(r"[A-Z]{2,}|…", "*", path)):
        found = [*root.glob(pattern), *root.glob(pattern + ".*")]
        if found:
            return found
    return []


def holds(files, name):
    """Whether each part of the name (parts have dots between them) is a word of one of the files."""
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
    return any(all(re.search(r"\b%s\b" % part, text) for part in name.split(".") if part) for text in texts)


def what_is_wrong(root, path, name):
    """What is wrong with a path, and with the name behind it (or None)."""
    for one in expand(path):
        found = matching(root, one)
        if not found:
            return "there is no %s" % one
        if name and not holds(found, name):
            return "%s has no %s" % (one, name)
    return None


def check(root):
    for document in markdown.documents(root):
        for code in markdown.code(tree.text(root, document)):
            for match in PATH.finditer(code.text):
                wrong = what_is_wrong(root, match[1], match[2])
                if wrong:
                    line = code.line + code.text.count("\n", 0, match.start())
                    yield "%s:%d: paths: %s" % (document, line, wrong)


if __name__ == "__main__":
    tree.run(check)
