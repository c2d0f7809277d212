# SPDX-License-Identifier: MIT
"""The rules for names inside a large file's directory (DESIGN 2), in the form of what a name may give; and random
names."""

import os
import re

from support import pieces

GREATEST = (1 << 63) - 1  # the largest offset of a file
UNIT = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}  # as powers of two


def allowed(name, data, chunk):
    """What a name may give by DESIGN 2: one outcome if the page is clear about it, None for any."""
    view, _, leaf = name.partition("/")
    kind, at, argument = view.partition("@")
    if kind in ("rows", "extents") or "header" in argument or view.endswith((".tsv", ".xxh128", ".json")):
        return None  # left to other tests; here nothing must crash
    if view in ("whole.log", "whole"):
        return ["ENOTDIR", "ENOENT"] if leaf else [data, *["ENOENT"] * (view == "whole")]
    size = re.fullmatch(r"(n?)([0-9]+)([kmgtKMGT]?)", argument if at else chunk)
    if kind not in ("bytes", "lines") or not size or int(size[2]) == 0 or (size[1] and size[3]):
        return ["ENOENT"]
    if size[1] and int(size[2]) > 100000:
        return None
    doubtful = size[2][0] == "0" or int(size[2]) << UNIT[size[3].lower()] > GREATEST
    if not leaf:
        return ["EISDIR", *["ENOENT"] * doubtful]
    return _allowed_leaf(kind, data, size[0], leaf, doubtful, bool(at))


def _allowed_leaf(kind, data, argument, leaf, doubtful, by_path):
    """The same for the part after the view's name."""
    leaf, slash, _ = leaf.partition("/")
    known = pieces(kind, argument, data)
    span = re.fullmatch(r"([0-9]*)([kmgtKMGT]?)([+-])([0-9]+)([kmgtKMGT]?)", leaf)
    number = re.fullmatch(r"([0-9]+)(\.log)?", leaf)
    found = None
    if span and kind == "bytes" and (span[3] == "+") == bool(span[1]) and (span[1] or not span[2]):
        start, length = (int(digits or 0) << UNIT[unit.lower()] for digits, unit in
                         ((span[1], span[2]), (span[4], span[5])))
        inside = start < len(data) if span[1] else length <= len(data)
        start = start if span[1] else max(0, len(data) - length)
        plain = not re.search(r"(?<![0-9])0[0-9]", leaf) and length <= GREATEST
        doubtful = doubtful or by_path or not length or not inside or not plain
        found = data[start:start + length] if start <= len(data) else None
    elif number and not (number[2] and kind == "bytes"):
        index = int(number[1])
        found = known[index] if index < len(known) else None
        listed = len(number[1]) == 6 and bool(number[2]) == (kind == "lines")
        doubtful = doubtful or not (listed or leaf == str(index))
    if found is None:
        return ["ENOENT"]
    return ["ENOTDIR"] * bool(slash) + [found] * (not slash) + ["ENOENT"] * doubtful


def random_name(rng):
    """One or more path components without `.` and `..`, which the kernel handles."""
    parts = ["bytes", "lines", "whole", "rows", "extents", "@", "@n", "n", ",", "+", "-", "-", "/", "/", ".log", ".tsv",
             ".xxh128", ".", "header", "=", " ", "\\", "%", "K", "M", "g", "T", "0", "000000", "7", "16", "4096",
             "99999999999999999999", "\udcff", "é", "\n", "x" * 300]
    if rng.random() < 0.6:
        n, m = rng.choice((0, 1, 2, 3, 7, 50, 4095, 4096, 100000, 1 << 40)), rng.choice((0, 1, 5, 12, 4096, 131071))
        argument = rng.choice(("", "@%d" % n, "@n%d" % n, "@%dK" % n, "@0%d" % n, "@%dX" % n, "@-%d" % n, "@"))
        leaf = rng.choice(("%d" % m, "%06d" % m, "%06d.log" % m, "%d+%d" % (m, n), "-%d" % n, "%dk+%dM" % (m, n),
                           "+%d" % m, "%d-%d" % (m, n), "%d+" % m, "%d.5" % m, "0x%x" % m, "%d " % m, ""))
        name = "%s%s/%s" % (rng.choice(("bytes", "lines")), argument, leaf)
    else:
        name = "".join(rng.choice(parts) for _ in range(rng.randrange(1, 7)))
    if rng.random() < 0.2:
        at = rng.randrange(len(name) + 1)
        name = name[:at] + os.fsdecode(bytes([rng.randrange(1, 256)])) + name[at:]
    return "/".join(part for part in name.split("/") if part not in ("", ".", "..")) or "x"
