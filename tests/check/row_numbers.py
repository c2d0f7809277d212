# SPDX-License-Identifier: MIT
"""Numbers that are kept: no two record formats, kinds of content or types of nodes have the same one.

They are in index files and in inode numbers. One that is not written is 0.
"""

import re

import tree

TYPES = ("record_format", "content_type", "node_type")
ROW = re.compile(r"^const struct (%s) (\w+) = \{(.*?)\};" % "|".join(TYPES), re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\.number = (\w+)")


def rows(text):
    """(type, name, number, line) of each row that a file defines."""
    for match in ROW.finditer(text):
        number = NUMBER.search(match[3])
        yield match[1], match[2], number[1] if number else "0", text.count("\n", 0, match.start()) + 1


def check(root):
    first = {}
    for name in tree.c_files(root):
        for kind, row, number, line in rows(tree.text(root, name)):
            other = first.setdefault((kind, number), row)
            if other != row:
                yield "%s:%d: numbers: %s has the number %s, as %s has" % (name, line, row, number, other)


if __name__ == "__main__":
    tree.run(check)
