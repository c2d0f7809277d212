# SPDX-License-Identifier: MIT
"""The checks of documents find dead links, dead paths, modules that are not described and promises without a proof."""

import fixture
import links
import modules
import paths
import promises


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


class ModulesTest(fixture.CheckTest):
    check = staticmethod(modules.check)

    def test_modules(self):
        for name in ("core/base/list.h", "core/base/clock.h", "fs/tree/node.c", "fs/tree/node.h", "fs/tree/acl.c"):
            self.write(name, "")
        self.write("docs/architecture.md", "| module | what |\n|---|---|\n| `core/base/{list,clock}` | two |\n\n"
                   "| promise | code |\n|---|---|\n| x | `fs/tree/acl` |\n\n`fs/tree/node`\n")
        self.finds("fs/tree/acl.c:1: modules: ", "fs/tree/node.c:1: modules: ")


class PromisesTest(fixture.CheckTest):
    check = staticmethod(promises.check)

    def setUp(self):
        super().setUp()
        self.write("core/base/list.h", "append\n")

    def promise(self, *rows):
        self.write("docs/architecture.md", "## Promises\n\n| promise | code | test |\n|---|---|---|\n" +
                   "".join("| %s |\n" % row for row in rows))

    def test_no_heading(self):
        self.write("docs/architecture.md", "# Architecture\n")
        self.finds()

    def test_no_row(self):
        self.promise()
        self.finds("docs/architecture.md:1: promises: no table")

    def test_a_promise_that_is_kept(self):
        self.promise("`bytes` | `core/base/list.h`, `core/base/list:append` | `core/base/*`")
        self.finds()

    def test_promises_without_a_proof(self):
        self.promise("a | `core/base/list` | none", "b | `core/base/lists` | `core/base/list:remove`", "c | `list` |")
        self.finds("docs/architecture.md:5: promises: no path in the column test",
                   "docs/architecture.md:6: promises: there is no core/base/lists",
                   "docs/architecture.md:6: promises: core/base/list has no remove",
                   "docs/architecture.md:7: promises: list is no path",
                   "docs/architecture.md:7: promises: no path in the column test")


if __name__ == "__main__":
    fixture.main()
