# SPDX-License-Identifier: MIT
"""Each option of the table is in the text of --help=all and in the manual page, by its name and by its letter."""

import re

import tree

TABLE = "fs/command/option_rules.c"
HELP = "fs/command/help.c"
MANUAL = "docs/bigfs.1"

RULE = re.compile(r"""^    \{(?:"([\w-]+)"|NULL), +(?:'(\w)'|0),""", re.MULTILINE)


def options(root):
    """The options: name, letter (either may be None), line."""
    text = tree.text(root, TABLE)
    for match in RULE.finditer(text):
        yield match[1], match[2], text.count("\n", 0, match.start()) + 1


def is_in_help(text, name, letter):
    """Whether a line of the help begins with the option: "    -h, --help[=all]"."""
    words = r"(?:-\w, )?--%s[ \[\\]" % re.escape(name) if name else r"-%s " % letter
    return re.search(r'^ *"    ' + words, text, re.MULTILINE) is not None


def is_in_manual(text, name, letter):
    """Whether there is an item for it: ".It Fl h , -help"."""
    words = r"(?:\w , )?-%s(?: |$)" % re.escape(name) if name else r"%s " % letter
    return re.search(r"^\.It Fl " + words, text, re.MULTILINE) is not None


def check(root):
    found = list(options(root))
    if not found:
        yield "%s:1: options: the table has no rows that this check knows" % TABLE
    for name, letter, line in found:
        shown = "--" + name if name else "-" + letter
        if not is_in_help(tree.text(root, HELP), name, letter):
            yield "%s:%d: options: %s is not in the text of --help=all (%s)" % (TABLE, line, shown, HELP)
        if not is_in_manual(tree.text(root, MANUAL), name, letter):
            yield "%s:%d: options: %s has no item in %s" % (TABLE, line, shown, MANUAL)


if __name__ == "__main__":
    tree.run(check)
