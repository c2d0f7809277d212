# SPDX-License-Identifier: MIT
"""Each source file begins with its licence, after a line #!, or #compdef or #autoload of zsh, if it has one."""

import tree

C_LINE = "/* SPDX-License-Identifier: MIT */"
OTHER_LINE = "# SPDX-License-Identifier: MIT"
FOLDERS = ("core", "fs", "tests", "scripts", ".ci")


def sources(root):
    """(file, the line that it must have) of each source file: also of scripts that have no suffix."""
    yield from ((name, C_LINE) for name in tree.c_files(root, *FOLDERS))
    others = tree.files(root, FOLDERS, {".py", ".sh", ".cmake", ".bash", ".fish", ".service"}) + tree.files(root, ("scripts", ".ci"), {""})
    builds = [name for name in tree.files(root, FOLDERS, {".txt"}) if name.endswith("/CMakeLists.txt")]
    yield from ((name, OTHER_LINE) for name in [*others, *builds, "CMakeLists.txt"])


def check(root):
    for name, wanted in sources(root):
        lines = tree.text(root, name).splitlines() + ["", ""]
        place = 1 if lines[0].startswith(("#!", "#compdef", "#autoload")) else 0
        if lines[place] != wanted:
            yield "%s:%d: licence: this line must be %s" % (name, place + 1, wanted)


if __name__ == "__main__":
    tree.run(check)
