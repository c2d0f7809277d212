# SPDX-License-Identifier: MIT
"""The checks of documents find dead links and dead paths."""

import fixture
import links
import paths


class LinksTest(fixture.CheckTest):
    check = staticmethod(links.check)

    def setUp(self):
        super().setUp()
        self.write("LICENSE", "")
        self.write("docs/views.md", "# Views\n\n## The tree\n\n[here](#the-tree) [up](../README.md) [](../LICENSE)\n")
        self.write("README.md", "[a](docs/views.md) [b](docs/views.md#views) [c](https://example.org/x#y)\n")

    def test_live_links(self):
        self.finds()

    def test_dead_links(self):
        self.write("README.md", "[a](docs/view.md)\n[b](docs/views.md#no) [c](#no)\n![d](../outside.png)\n")
        self.finds("README.md:1: links: there is no docs/view.md", "README.md:2: links: docs/views.md has no heading #no",
                   "README.md:2: links: README.md has no heading #no", "README.md:3: links: there is no ../outside.png")


class PathsTest(fixture.CheckTest):
    check = staticmethod(paths.check)

    def setUp(self):
        super().setUp()
        self.write("core/base/list.h", "/* append */ struct list { };\n")
        self.write("core/base/clock.c", "")
        self.write("tests/mount/test_tree.py", "class Mirror:\n    def test_empty(self):\n")
        self.write("scripts/test", "")

    def test_paths_that_exist(self):
        self.write("README.md", "`core/base/list.h`, `core/base/list`, `core/base/{list,clock}`, `core/base/*`, `core/`\n"
                   "`tests/mount/test_NAME.py`, `core/base/list:append`, `core/base/list.h:list`, `./scripts/test unit`\n"
                   "`tests/mount/test_tree.py:Mirror.test_empty`, core/nothing, `/data/core/x` `../core/x`\n\n"
                   "    ./scripts/test\n")
        self.finds()

    def test_paths_that_do_not(self):
        self.write("docs/a.md", "`core/base/{list,lists}` `core/lists/*`\n`scripts/tests unit`\n\n    a\n    ./scripts/x\n")
        self.finds("docs/a.md:1: paths: there is no core/base/lists", "docs/a.md:1: paths: there is no core/lists/*",
                   "docs/a.md:2: paths: there is no scripts/tests", "docs/a.md:5: paths: there is no scripts/x")

    def test_names_that_are_not_there(self):
        self.write("docs/a.md", "`core/base/list.h:appen` `tests/mount/test_tree.py:Mirror.test_full`\n")
        self.finds("docs/a.md:1: paths: core/base/list.h has no appen",
                   "docs/a.md:1: paths: tests/mount/test_tree.py has no Mirror.test_full")


if __name__ == "__main__":
    fixture.main()
