# SPDX-License-Identifier: MIT
"""What the checks know of C as clang-format leaves it here: braces of a function, and no others, stand in column 1."""

import re
from collections import namedtuple

Function = namedtuple("Function", "name line lines")  # its name, where it is, lines between its braces
Name = namedtuple("Name", "name line")

NO_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
DEFINITION = re.compile(r"^([^{};]+)\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
BRACES = re.compile(r"\{[^{}]*\}")
STATEMENT = re.compile(r"[^;]+;")
CALLED = re.compile(r"\b(\w+)\(")
OTHER_STATEMENT = re.compile(r"\s*(typedef|_Static_assert|static_assert)\b|[^=]*=")
TAG = re.compile(r"\b(?:struct|union|enum)\s+(\w+)\s*\{")


def _blank(match):
    """As many spaces, and the same line ends."""
    return re.sub(r"[^\n]", " ", match[0])


def code(text):
    """The text without comments and strings; every character that is left is at its old place."""
    return NO_CODE.sub(_blank, text)


def _plain(text):
    """The code without directives and attributes."""
    return ATTRIBUTE.sub(_blank, DIRECTIVE.sub(_blank, code(text)))


def _line(text, place):
    return text.count("\n", 0, place) + 1


def functions(text):
    """The functions that a file defines."""
    text = _plain(text)
    for match in DEFINITION.finditer(text):
        name = CALLED.search(match[1])
        if name:
            yield Function(name[1], _line(text, match.start() + name.start()), match[2].count("\n"))


def declarations(text):
    """The functions that a file declares and does not define."""
    text = DEFINITION.sub(lambda match: ";" + _blank(match)[1:], _plain(text))
    while BRACES.search(text):
        text = BRACES.sub(_blank, text)
    for match in STATEMENT.finditer(text):
        name = None if OTHER_STATEMENT.match(match[0]) else CALLED.search(match[0])
        if name:
            yield Name(name[1], _line(text, match.start() + name.start()))


def tags(text):
    """The structs, unions and enums with a name that a file defines."""
    text = _plain(text)
    for match in TAG.finditer(text):
        yield Name(match[1], _line(text, match.start()))


def words(text):
    """All identifiers and key words of a file, those of its macros too."""
    return re.findall(r"[A-Za-z_]\w*", code(text))
