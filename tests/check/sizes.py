# SPDX-License-Identifier: MIT
"""The sizes of files and functions of core and fs.

A file's is the number of its lines. A function's is the number of lines between the line of its opening brace and that
of its closing one, empty ones and comments included. A percentile is the smallest size that so many percent of all do
not exceed.
"""

import c_code
import tree

FILE_MOST = 400  # lines
FILE_MEDIAN_BELOW = 160
FUNCTION_MEDIAN_BELOW = 10
FUNCTION_95_BELOW = 25


def percentile(sizes, percent):
    """Of sizes that are sorted."""
    return sizes[max(0, -(-len(sizes) * percent // 100) - 1)] if sizes else 0


def file_sizes(root):
    """(lines, name) of each file, sorted."""
    return sorted((tree.text(root, name).count("\n"), name) for name in tree.c_files(root))


def function_sizes(root):
    """(lines, file:line, name) of each function, sorted."""
    return sorted((function.lines, "%s:%d" % (name, function.line), function.name)
                  for name in tree.c_files(root) for function in c_code.functions(tree.text(root, name)))


def check_files(root):
    sizes = file_sizes(root)
    median = percentile([size for size, _ in sizes], 50)
    print("%d files: median %d lines, longest %d" % (len(sizes), median, sizes[-1][0] if sizes else 0))
    for size, name in sizes:
        if size > FILE_MOST:
            yield "%s:%d: sizes: a file has at most %d lines" % (name, size, FILE_MOST)
    if median >= FILE_MEDIAN_BELOW:
        yield "core:1: sizes: the median of files is %d lines; it must be below %d" % (median, FILE_MEDIAN_BELOW)


def check_functions(root):
    sizes = function_sizes(root)
    middle, late = (percentile([size for size, _, _ in sizes], percent) for percent in (50, 95))
    print("%d functions: median %d lines, 95th percentile %d" % (len(sizes), middle, late), end="")
    print(", longest %d (%s, %s)" % sizes[-1] if sizes else "")
    if middle >= FUNCTION_MEDIAN_BELOW:
        yield "core:1: sizes: the median of functions is %d lines; it must be below %d" % (middle, FUNCTION_MEDIAN_BELOW)
    if late >= FUNCTION_95_BELOW:
        yield "core:1: sizes: the 95th percentile of functions is %d lines; it must be below %d" % (
            late, FUNCTION_95_BELOW)


def check(root):
    yield from check_files(root)
    yield from check_functions(root)


if __name__ == "__main__":
    tree.run(check)
