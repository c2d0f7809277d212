# SPDX-License-Identifier: MIT
"""One name, one thing: no two files of core and fs define a function, or a struct, union or enum, of the same name.

Functions that stand in the same place of several tables have different names, too: a debugger, a profile and a search
show the name alone.
"""

import c_code
import tree


def clashes(root, kind, names_of):
    """Each name that another file has defined before."""
    first = {}
    for name in tree.c_files(root):
        for found in names_of(tree.text(root, name)):
            place = first.setdefault(found.name, (name, found.line))
            if place[0] != name:
                yield "%s:%d: names: %s %s is in %s:%d, too" % (name, found.line, kind, found.name, *place)


def check(root):
    yield from clashes(root, "the function", c_code.functions)
    yield from clashes(root, "the tag", c_code.tags)


if __name__ == "__main__":
    tree.run(check)
