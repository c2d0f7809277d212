# SPDX-License-Identifier: MIT
"""Dead links: each relative link and each anchor of README.md and docs leads somewhere."""

import os.path
import re

import markdown
import tree


def leads_nowhere(root, document, target):
    """Why; None: it leads somewhere, or out of the tree."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    name = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
    if name.startswith("..") or not (root / name).exists():
        return "there is no %s" % name
    if anchor and name.endswith(".md") and anchor not in markdown.anchors(tree.text(root, name)):
        return "%s has no heading #%s" % (name, anchor)
    return None


def check(root):
    for document in markdown.documents(root):
        for link in markdown.links(tree.text(root, document)):
            wrong = leads_nowhere(root, document, link.text)
            if wrong:
                yield "%s:%d: links: %s" % (document, link.line, wrong)


if __name__ == "__main__":
    tree.run(check)
