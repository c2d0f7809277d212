# SPDX-License-Identifier: MIT
"""The layers: a file includes headers of its own folder and of lower ones; modules include each other in no circle."""

import re

import tree

LAYERS = (  # from low to high
    "core/base", "core/codec", "core/file", "core/generation", "core/extent", "core/content", "core/format",
    "core/index", "core/record", "core/view", "fs/serve", "fs/tree", "fs/generated", "fs/operation", "fs/command",
)
RANK = {folder: rank for rank, folder in enumerate(LAYERS)}
TOP = {"CMakeLists.txt", "LICENSE", "README.md", "core", "docs", "fs", "scripts", "tests"}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
FUSE = re.compile(r"(.*/)?fuse[^/]*$")  # fuse.h, fuse3/fuse_lowlevel.h, linux/fuse.h


def folder_of(name):
    return name.rpartition("/")[0]


def includes(root, name):
    """(line, "<" or '"', what) of each #include of a file."""
    for number, line in enumerate(tree.text(root, name).splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1], match[2]


def is_ours(header):
    return header.startswith(("core/", "fs/"))


def what_is_wrong(root, name, mark, header):
    """Why the file may not include the header; None: it may."""
    own, other = folder_of(name), folder_of(header)
    if is_ours(header):
        if not (root / header).is_file():
            return "layers: there is no %s" % header
        if own in RANK and other in RANK and RANK[other] > RANK[own]:
            return "layers: %s includes %s, which is of a higher layer" % (own, header)
    elif mark == '"':
        return 'layers: "%s" is no path from the root that begins with core/ or fs/' % header
    if name.startswith("core/") and mark == "<" and FUSE.match(header):
        return "fuse: core includes the FUSE header <%s>" % header
    return None


def wrong_includes(root, names):
    for name in names:
        for line, mark, header in includes(root, name):
            wrong = what_is_wrong(root, name, mark, header)
            if wrong:
                yield "%s:%d: %s" % (name, line, wrong)


def wrong_folders(root, names):
    """Files whose folder has no layer, and layers that have no folder."""
    for name in names:
        if folder_of(name) not in RANK:
            yield "%s:1: folders: %s is in no layer (tests/check/layers.py)" % (name, folder_of(name))
    for folder in LAYERS:
        if not (root / folder).is_dir():
            yield "tests/check/layers.py:1: folders: there is no %s" % folder


def module_of(name):
    """A pair of a .c and a .h file is one module."""
    return name.rpartition(".")[0]


def graph_of(root, names):
    """The (file, line, module) that each module includes; a .c file includes its own header."""
    graph = {}
    for name in names:
        arrows = graph.setdefault(module_of(name), [])
        for line, _, header in includes(root, name):
            if is_ours(header) and (module_of(header) != module_of(name) or name.endswith(".h")):
                arrows.append((name, line, module_of(header)))
    return graph


def circles(root, names):
    """Each circle of modules, once: no module is both above and below another."""
    graph, done, way = graph_of(root, names), set(), []

    def visit(module):
        way.append(module)
        for name, line, other in graph.get(module, ()):
            if other in way:
                circle = way[way.index(other):] + [other]
                yield "%s:%d: circle: %s" % (name, line, " includes ".join(circle))
            elif other not in done:
                yield from visit(other)
        done.add(way.pop())

    for module in graph:
        if module not in done:
            yield from visit(module)


def wrong_top_level(root):
    """The top level is for what everybody looks for first; builds and dotfiles come and go."""
    for path in sorted(root.iterdir()):
        if path.name not in TOP and not path.name.startswith((".", "build")):
            yield "%s:1: top level: nothing but %s belongs there" % (path.name, ", ".join(sorted(TOP)))


def check(root):
    names = tree.c_files(root)
    yield from wrong_includes(root, names)
    yield from wrong_folders(root, names)
    yield from circles(root, names)
    yield from wrong_top_level(root)


if __name__ == "__main__":
    tree.run(check)
