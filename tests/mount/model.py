# SPDX-License-Identifier: MIT
"""An independent model of DESIGN parts 2 and 3: which bytes each piece of `bytes`, `lines` and `rows` holds.

It is simple: it looks at every record of the file, while bigfs looks only at the bytes around a cut.
"""

import bisect
import re

UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def size_of(text):
    """The value of a SIZE."""
    unit = UNITS.get(text[-1].lower())
    return int(text[:-1]) * unit if unit else int(text)


def nominal(size, argument):
    """The nominal ranges of SIZE (the last one shorter) or nN (the first size mod N one byte larger)."""
    if argument.startswith("n"):
        count = int(argument[1:])
        small, larger = divmod(size, count)
        ends = [0]
        for k in range(count):
            ends.append(ends[-1] + small + (1 if k < larger else 0))
        return list(zip(ends, ends[1:]))
    step = size_of(argument)
    return [(start, min(start + step, size)) for start in range(0, size, step)]


def record_starts(data):
    """Where each line of the data begins."""
    starts = [0, *(found.end() for found in re.finditer(b"\n", data))]
    return starts[:-1] if starts[-1] == len(data) else starts


def cut(kind, argument, data, starts=None):
    """The ranges (offset, length) of the pieces of a view, in order."""
    ranges = nominal(len(data), argument)
    if kind == "bytes":
        return [(start, end - start) for start, end in ranges]
    starts = record_starts(data) if starts is None else starts
    pieces = []
    for start, end in ranges:
        first = bisect.bisect_left(starts, start)  # the records that begin in [start, end) are this piece's
        last = bisect.bisect_left(starts, end)
        begins = starts[first] if first < len(starts) else len(data)
        ends = starts[last] if last < len(starts) else len(data)
        pieces.append((begins, ends - begins))
    return pieces


def extension(name):
    """The last .suffix of a file's name; a leading dot makes no suffix."""
    dot = name.rfind(".")
    return name[dot:] if dot > 0 else ""


def piece_names(kind, count, name):
    """The names a listing shows: from 0, six digits or as many as the last number needs."""
    width = max(6, len(str(count - 1)))
    suffix = extension(name) if kind in ("lines", "rows") else ""
    return ["%0*d%s" % (width, k, suffix) for k in range(count)]


def table(names, pieces):
    """VIEW.tsv of a file without holes."""
    lines = ["name\toffset\tlength\tdata_bytes"]
    lines += ["%s\t%d\t%d\t%d" % (name, offset, length, length) for name, (offset, length) in zip(names, pieces)]
    return "".join(line + "\n" for line in lines).encode()


def header_length(data, records):
    """The bytes of the first records lines."""
    starts = record_starts(data)
    return starts[records] if records < len(starts) else len(data)


def with_header(argument, data, records):
    """The content of each piece of lines@ARGUMENT,header=RECORDS: the header, then its lines without the header's."""
    head = header_length(data, records)
    contents = []
    for offset, length in cut("lines", argument, data):
        start, end = max(offset, head), max(offset + length, head)
        contents.append(data[:head] + data[start:end])
    return contents


# --- rows --------------------------------------------------------------------------------------------

def count_of(text):
    """The value of a COUNT."""
    unit = {"k": 10 ** 3, "m": 10 ** 6, "g": 10 ** 9}.get(text[-1].lower())
    return int(text[:-1]) * unit if unit else int(text)


class Rows:
    """What `rows` shows for some data: every line, by its number from 1."""

    def __init__(self, data):
        self.data, self.starts = data, record_starts(data)

    def append(self, more):
        """The file has grown."""
        size = len(self.data)
        goes_on = size > 0 and not self.data.endswith(b"\n")  # `more` does not begin with a new line
        self.starts += [size + start for start in record_starts(more)][1 if goes_on else 0:]
        self.data += more

    @property
    def count(self):
        return len(self.starts)

    def place(self, line):
        """Where a line begins, counted from 0; the end if there are no more."""
        return self.starts[line] if line < self.count else len(self.data)

    def lines(self, first, count):
        """The content of the lines from `first`, counted from 1; fewer at the end."""
        return self.data[self.place(first - 1):self.place(first - 1 + count)]

    def cut(self, rows, header=0):
        """For each piece its own part: offset, length, number of its first line, number of lines."""
        found = []
        for first in range(0, self.count, rows):
            start = min(max(first, header), self.count)
            end = max(start, min(first + rows, self.count))
            found.append((self.place(start), self.place(end) - self.place(start), start + 1, end - start))
        return found

    def contents(self, rows, header=0):
        """What each piece holds, with the header."""
        head = self.data[:self.place(header)]
        return [head + self.data[offset:offset + length] for offset, length, _, _ in self.cut(rows, header)]

    def find(self, name, rows):
        """The content of a name in the file's directory, such as rows@50,header/3; None if there is none. `rows` is the
        default."""
        view, _, leaf = name.partition("/")
        header = 0
        for argument in view.split("@")[1].split(",") if "@" in view else ():
            if argument.startswith("header"):
                header = int(argument[7:] or 1)
            else:
                rows = count_of(argument)
        if leaf.startswith("-"):
            count = min(count_of(leaf[1:]), self.count)
            return self.lines(self.count - count + 1, count)
        for sign in "-+":
            if sign in leaf:
                first, second = map(count_of, leaf.split(sign))
                return self.lines(first, second - first + 1 if sign == "-" else second) if first <= self.count else None
        found, number = self.contents(rows, header), int(leaf.partition(".")[0])
        return found[number] if number < len(found) else None

    def table(self, names, rows, header=0, data_bytes=lambda offset, length: length):
        """VIEW.tsv."""
        text = ["name\toffset\tlength\tdata_bytes\tfirst_line\tlines"]
        for name, (offset, length, first, lines) in zip(names, self.cut(rows, header)):
            text.append("%s\t%d\t%d\t%d\t%d\t%d" % (name, offset, length, data_bytes(offset, length), first, lines))
        return "".join(line + "\n" for line in text).encode()
