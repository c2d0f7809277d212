# SPDX-License-Identifier: MIT
"""The table of promises in docs/architecture.md: what is promised, the code that keeps it, the test that proves it.

Each row names code and a test, as paths in backticks that exist: see paths.py. There is nothing to check as long as
there is no heading "Promises".
"""

import markdown
import paths
import tree

DOCUMENT = "docs/architecture.md"


def wrong_paths(root, row):
    for column in ("code", "test"):
        spans = list(markdown.spans(row.cells.get(column, "")))
        if not spans:
            yield "no path in the column %s" % column
        for span in spans:
            match = paths.PATH.fullmatch(span.text)
            wrong = paths.what_is_wrong(root, match[1], match[2]) if match else "%s is no path" % span.text
            if wrong:
                yield wrong


def check(root):
    text = tree.text(root, DOCUMENT)
    heading = next((found for found in markdown.headings(text) if found.text == "Promises"), None)
    rows = [row for row in markdown.rows(text) if "promise" in row.cells]
    if heading and not rows:
        yield "%s:%d: promises: no table with a column promise and a row" % (DOCUMENT, heading.line)
    for row in rows:
        for wrong in wrong_paths(root, row):
            yield "%s:%d: promises: %s" % (DOCUMENT, row.line, wrong)


if __name__ == "__main__":
    tree.run(check)
