"""An independent model of DESIGN parts 2 and 3: which bytes each piece of `bytes` and `lines` holds.

Written for plainness: it looks at every record of the file, the product only at the bytes around a cut.
"""

import bisect

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
    starts = []
    position = 0
    while position < len(data):
        starts.append(position)
        end = data.find(b"\n", position)
        position = len(data) if end < 0 else end + 1
    return starts


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
    suffix = extension(name) if kind == "lines" else ""
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
    """The content of each piece of lines@ARGUMENT,header=RECORDS: the header, then its lines but the header's."""
    head = header_length(data, records)
    contents = []
    for offset, length in cut("lines", argument, data):
        start, end = max(offset, head), max(offset + length, head)
        contents.append(data[:head] + data[start:end])
    return contents
