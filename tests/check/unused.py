# SPDX-License-Identifier: MIT
"""Dead code: functions that a header of core or fs declares and nobody uses.

What tests alone use is told, and is no problem.
"""

from collections import Counter

import c_code
import tree


def words_of(root, names):
    """How often each word is in the code of these files."""
    return sum((Counter(c_code.words(tree.text(root, name))) for name in names), Counter())


def offered(root, names):
    """(function, file, line) of each that a header declares or defines."""
    for name in names:
        if name.endswith(".h"):
            text = tree.text(root, name)
            for found in [*c_code.declarations(text), *c_code.functions(text)]:
                yield found.name, name, found.line


def uses(root, names):
    """How often each word is in the code, other than where a function of that name is declared or defined."""
    counts = words_of(root, names)
    for name in names:
        text = tree.text(root, name)
        counts.subtract(found.name for found in [*c_code.declarations(text), *c_code.functions(text)])
    return counts


def check(root):
    names = tree.c_files(root)
    used, tested = uses(root, names), words_of(root, tree.c_files(root, "tests"))
    for function, name, line in offered(root, names):
        if used[function] > 0:
            continue
        if tested[function] > 0:
            print("%s:%d: note: only tests use %s" % (name, line, function))
        else:
            yield "%s:%d: dead code: nobody uses %s" % (name, line, function)


if __name__ == "__main__":
    tree.run(check)
