# SPDX-License-Identifier: MIT
"""What the checks read from Markdown."""

import unittest

import markdown

TEXT = """# A title

Text with `code of
two lines` and ``one ` in it``, and [a link](views.md#the-tree).

    block in/code [no link](nowhere.md)

    # no heading

## .bigfs, and `code`
## A title
## With [a link](views.md)

```
# no heading
[no link](nowhere.md) `no span`
| no | table |
```

| module | what |
|---|---|
| `a`, `b` | one \\| two |
| `c` | [linked](../LICENSE) |

| promise |
|:--|
| x |

[reference]: recipes.md
"""


class MarkdownTest(unittest.TestCase):
    def test_anchors(self):
        self.assertEqual(markdown.anchors(TEXT), {"a-title", "bigfs-and-code", "a-title-1", "with-a-link"})

    def test_links(self):
        self.assertEqual([tuple(link) for link in markdown.links(TEXT)],
                         [("views.md#the-tree", 4), ("views.md", 12), ("../LICENSE", 23), ("recipes.md", 29)])

    def test_spans(self):
        self.assertEqual([span.text for span in markdown.spans(TEXT)],
                         ["code of\ntwo lines", "one ` in it", "code", "a", "b", "c"])

    def test_code(self):
        blocks = [code.text for code in markdown.code(TEXT) if "in/code" in code.text or "no span" in code.text]
        self.assertEqual(len(blocks), 2)

    def test_rows(self):
        self.assertEqual([tuple(row) for row in markdown.rows(TEXT)], [
            ({"module": "`a`, `b`", "what": r"one \| two"}, 22),
            ({"module": "`c`", "what": "[linked](../LICENSE)"}, 23),
            ({"promise": "x"}, 27),
        ])


if __name__ == "__main__":
    unittest.main()
