# SPDX-License-Identifier: MIT
"""Each module of core and fs is in a table of docs/architecture.md that has a column "module".

A module is a pair of a .c and a .h file, or one of them alone. core/base/{list,clock} names two.
"""

import markdown
import paths
import tree

DOCUMENT = "docs/architecture.md"


def described(root):
    """The modules that the tables name."""
    for row in markdown.rows(tree.text(root, DOCUMENT)):
        for span in markdown.spans(row.cells.get("module", "")):
            yield from paths.expand(span.text)


def check(root):
    known = set(described(root))
    for name in tree.c_files(root):
        module = name.rpartition(".")[0]
        if module not in known:
            known.add(module)
            yield '%s:1: modules: no table of %s with a column "module" names %s' % (name, DOCUMENT, module)


if __name__ == "__main__":
    tree.run(check)
