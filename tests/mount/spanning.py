# SPDX-License-Identifier: MIT
"""A model of views with from=, to=, pin= and rows@nN, and of random ones: each record of the file is looked at."""

import os

import harness
import model
from harness import read

HEADING = "name\toffset\tlength\tdata_bytes"


class Piece:
    """The own part of a piece, from `start` to `end`; of rows also the records [first, last)."""

    def __init__(self, start, end, first=0, last=0):
        self.start, self.end, self.first, self.last = start, end, first, last


class View:
    """What KIND@ARGUMENT shows of `data`, which is cut where a pin ends, from `start` to `end`."""

    def __init__(self, kind, argument, data, start=0, end=None, header=0):
        self.kind, self.data, self.start, self.end = kind, data, start, len(data) if end is None else end
        self.starts = model.record_starts(data)
        self.header = min(header, len(self.starts))
        self.head = self.place(self.header)
        if kind == "rows":
            ranges = model.nominal(len(self.starts), argument)
        elif self.start < self.end:
            ranges = [(start + a, start + b) for a, b in model.nominal(self.end - start, argument)]
        else:
            ranges = []
        self.pieces = [getattr(self, "of_" + kind)(a, b) for a, b in ranges]

    def place(self, record):
        """Where a record begins; the end if there is none."""
        return self.starts[record] if record < len(self.starts) else len(self.data)

    def of_bytes(self, a, b):
        return Piece(a, b)

    def of_lines(self, a, b):
        a, b = (min([at for at in self.starts if at >= place], default=len(self.data)) for place in (a, b))
        return Piece(max(a, self.head), max(b, self.head))

    def of_rows(self, a, b):
        a, b = max(a, self.header), max(b, self.header)
        return Piece(self.place(a), self.place(b), a, b)

    def contents(self):
        return [self.data[:self.head] + self.data[piece.start:piece.end] for piece in self.pieces]

    def names(self, file):
        return model.piece_names(self.kind, len(self.pieces), file)

    def table(self, file):
        lines = [HEADING + ("\tfirst_line\tlines" if self.kind == "rows" else "")]
        for name, piece in zip(self.names(file), self.pieces):
            length = piece.end - piece.start
            line = "%s\t%d\t%d\t%d" % (name, piece.start, length, length)
            if self.kind == "rows":
                line += "\t%d\t%d" % (piece.first + 1, piece.last - piece.first)
            lines.append(line)
        return "".join(line + "\n" for line in lines).encode()

    def range(self, offset, length):
        """bytes/OFFSET+LENGTH, or rows/A+COUNT with A from 0; None if there is none."""
        if self.kind == "rows":
            return None if offset > len(self.starts) else self.data[self.place(offset):self.place(offset + length)]
        if offset > self.end:
            return None
        return self.data[max(offset, self.start):max(self.start, min(offset + length, self.end))]

    def tail(self, length):
        if self.kind == "rows":
            return self.data[self.place(max(0, len(self.starts) - length)):]
        return self.data[max(self.start, self.end - length):self.end]


def random_lines(generator, size):
    """About `size` bytes; the last line may have no end."""
    longest = generator.choice([3, 40, 900])
    data = b"".join(bytes(generator.choices(b"abcxyz", k=generator.randrange(longest))) + b"\n"
                    for _ in range(size * 2 // longest + 1))[:size]
    return data or b"x"


def random_view(generator, data, word=None):
    """A view's name, in any order of its arguments, and its model. `data` ends where the pin does, if there is one."""
    kind = generator.choice(["bytes", "lines", "rows"])
    units = len(model.record_starts(data)) if kind == "rows" else len(data)
    argument = generator.choice(["n%d" % generator.randint(1, 40), str(max(1, units // generator.randint(1, 40)))])
    arguments, start, end, header = [argument], 0, None, 0
    if kind != "bytes" and generator.random() < 0.4:
        header = generator.randint(1, 4)
        arguments.append("header=%d" % header)
    if kind != "rows" and generator.random() < 0.6:
        end = generator.choice([len(data), generator.randint(0, len(data))])
        arguments.append("to=%d" % end)
    if kind != "rows" and generator.random() < 0.6:
        most = len(data) if end is None else end
        start = generator.choice([0, most, generator.randint(0, most)])
        arguments.append("from=%d" % start)
    if word:
        arguments.append("pin=" + word)
    generator.shuffle(arguments)
    return "%s@%s" % (kind, ",".join(arguments)), View(kind, argument, data, start, end, header)


class Checker(harness.MountTest):
    """Compares views in the mount with their models."""

    def check_view(self, directory, name, view, generator):
        file = os.path.basename(directory)
        where = os.path.join(directory, name)
        names = view.names(file)
        self.assertEqual(sorted(os.listdir(where)), names, name)
        for number, wanted in enumerate(view.contents()):
            path = os.path.join(where, generator.choice([names[number], str(number)]))
            self.assertEqual(os.stat(path).st_size, len(wanted), path)
            self.assertEqual(read(path), wanted, path)
        table = view.table(file)
        told = os.stat(where + ".tsv").st_size
        self.assertIn(told, (0, len(table)), where)
        self.assertEqual(read(where + ".tsv"), table, where)
        self.assertFalse(os.path.exists(os.path.join(where, str(len(names)))))
        if view.kind != "lines":
            self.check_ranges(where, view, generator)

    def check_ranges(self, where, view, generator):
        for _ in range(6):
            offset, length = generator.randrange(len(view.data) * 6 // 5 + 2), generator.randint(1, len(view.data))
            if view.kind == "rows":
                offset %= len(view.starts) + 3
            wanted = view.range(offset, length)
            path = os.path.join(where, "%d+%d" % (offset + (view.kind == "rows"), length))
            if wanted is None:
                self.assertFalse(os.path.exists(path), path)
            else:
                self.assertEqual(read(path), wanted, path)
            self.assertEqual(read(os.path.join(where, "-%d" % length)), view.tail(length), where)
