# SPDX-License-Identifier: MIT
"""What the checks know of Markdown: headings, links, code, tables."""

import re
from collections import namedtuple

import tree

Found = namedtuple("Found", "text line")
Row = namedtuple("Row", "cells line")  # cells: by the heading of their column, in lower case

FENCED = re.compile(r"^ {0,3}```.*?^ {0,3}```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}[^\n]*\n|\n(?= {4}))+")
SPAN = re.compile(r"(`+)((?:(?!\n\n).)+?)\1", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)


def documents(root):
    """README.md and all of docs, as far as they are there."""
    return [name for name in ["README.md", *tree.files(root, ["docs"], {".md"})] if (root / name).is_file()]


def _line(text, place):
    return text.count("\n", 0, place) + 1


def _blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def _prose(text):
    """The text without blocks of code."""
    return INDENTED.sub(_blank, FENCED.sub(_blank, text))


def headings(text):
    for match in HEADING.finditer(_prose(text)):
        yield Found(match[1], _line(text, match.start()))


def anchors(text):
    """The anchors that GitHub gives to the headings."""
    taken = []
    for heading in headings(text):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.text)
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        taken.append("%s-%d" % (anchor, taken.count(anchor)) if anchor in taken else anchor)
    return set(taken)


def links(text):
    """Where the links of the prose lead to."""
    prose = SPAN.sub(_blank, _prose(text))
    for match in LINK.finditer(prose):
        yield Found(match[1] or match[2], _line(text, match.start()))


def spans(text):
    """What stands between backticks."""
    prose = _prose(text)
    for match in SPAN.finditer(prose):
        yield Found(match[2], _line(text, match.start()))


def code(text):
    """All code: spans and blocks."""
    yield from spans(text)
    for pattern in (FENCED, INDENTED):
        for match in pattern.finditer(text):
            yield Found(match[0], _line(text, match.start()))


def _cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def rows(text):
    """The rows of all tables, without their headings."""
    columns = None
    for number, line in enumerate(_prose(text).splitlines(), 1):
        if not line.startswith("|"):
            columns = None
        elif columns is None:
            columns = [cell.lower() for cell in _cells(line)]
        elif not re.fullmatch(r"[|:\- ]+", line):
            yield Row(dict(zip(columns, _cells(line))), number)
