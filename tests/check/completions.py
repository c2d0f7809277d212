# SPDX-License-Identifier: MIT
"""The completions of bash, zsh and fish know every option of the program: by its name, and in -o.

Options that the program does not have are told, and are no problem.
"""

import re

import tree

RULES = "fs/command/option_rules.c"
FOLDER = "scripts/packaging/completion/"
# Of each shell: its file, and what it has for --NAME, for -L and for NAME in -o.
SHELLS = (
    (FOLDER + "bigfs.bash", r"(?<![\w-])--%s(?![\w-])", r"(?<![\w-])-%s(?![\w-])", r"(?<![\w-])%s(?![\w-])"),
    (FOLDER + "_bigfs", r"--%s[=\[},-]", r"[{*' ]-%s[,\[]", r"'%s\["),
    (FOLDER + "bigfs.fish", r" -l %s ", r" -s %s ", r"[{},]%s[=,}]"),
)
ROW = re.compile(r'^ *\{(?:"([a-z-]+)"|NULL), *(?:0|\'(\w)\'), *(true|false),', re.MULTILINE)
NAMED = re.compile(r"(?<![\w-])--([a-z][a-z-]+)(?=[=\[ ])|(?<!set) -l ([a-z-]+) ")


def code(text):
    """The text without its comments."""
    return re.sub(r"^ *#.*$", "", text, flags=re.MULTILINE)


def missing(text, row, shell):
    """The forms of an option that the completion does not have."""
    name, letter, in_lists = row
    _, named, lettered, listed = shell
    if name and not re.search(named % name, text):
        yield "--" + name
    if letter and not re.search(lettered % letter, text):
        yield "-" + letter
    word = (name or "").replace("-", "_")
    if in_lists == "true" and not re.search(listed % word, text):
        yield "-o " + word


def check(root):
    rows = ROW.findall(tree.text(root, RULES))
    if not rows:
        yield "%s:1: completions: no rows are found here" % RULES
    for shell in SHELLS:
        text = code(tree.text(root, shell[0]))
        for row in rows:
            for form in missing(text, row, shell):
                yield "%s:1: completions: there is no %s" % (shell[0], form)
        known = {row[0] for row in rows}
        for name in sorted({one or other for one, other in NAMED.findall(text)} - known):
            print("%s:1: note: bigfs has no option --%s" % (shell[0], name))


if __name__ == "__main__":
    tree.run(check)
