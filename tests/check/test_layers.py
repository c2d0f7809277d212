# SPDX-License-Identifier: MIT
"""The check of layers finds each rule broken, and nothing in a tree that keeps them."""

import fixture
import layers


class LayersTest(fixture.CheckTest):
    check = staticmethod(layers.check)

    def setUp(self):
        super().setUp()
        for folder in layers.LAYERS:
            (self.root / folder).mkdir(parents=True)
        self.write("core/base/list.h", "#include <stddef.h>\n")
        self.write("core/file/window.h", '#include "core/base/list.h"\n')
        self.write("core/file/window.c", '#include "core/file/window.h"\n\n#include <unistd.h>\n')
        self.write("fs/tree/node.h", '#include <fuse_lowlevel.h>\n#include "core/file/window.h"\n')

    def test_a_tree_that_keeps_the_rules(self):
        self.write(".clang-format", "")
        self.write("build-thread/CMakeCache.txt", "")
        self.finds()

    def test_a_higher_layer(self):
        self.write("core/base/list.c", '#include "core/base/list.h"\n#include "core/file/read.h"\n')
        self.write("core/file/read.h", "")
        self.write("core/view/view.c", '#  include <fs/tree/node.h>\n')
        self.finds("core/base/list.c:2: layers: core/base includes core/file/read.h, which is of a higher layer",
                   "core/view/view.c:1: layers: core/view includes fs/tree/node.h, which is of a higher layer")

    def test_no_such_header(self):
        self.write("core/file/open.c", '#include "core/base/lists.h"\n')
        self.finds("core/file/open.c:1: layers: there is no core/base/lists.h")

    def test_a_path_that_is_not_from_the_root(self):
        self.write("core/file/open.c", '#include "window.h"\n#include "tests/unit/support.h"\n')
        self.finds('core/file/open.c:1: layers: "window.h" is no path',
                   'core/file/open.c:2: layers: "tests/unit/support.h" is no path')

    def test_core_and_fuse(self):
        self.write("core/file/open.c", "#include <fuse_lowlevel.h>\n#include <linux/fuse.h>\n#include <fuse3/fuse.h>\n")
        self.finds(*("core/file/open.c:%d: fuse: core includes" % line for line in (1, 2, 3)))

    def test_a_circle(self):
        self.write("core/file/a.h", '#include "core/file/b.h"\n')
        self.write("core/file/b.h", '\n#include "core/file/c.h"\n')
        self.write("core/file/c.h", '#include "core/file/a.h"\n')
        self.finds("core/file/c.h:1: circle: core/file/a includes core/file/b includes core/file/c"
                   " includes core/file/a")

    def test_a_circle_through_a_source(self):
        """Of pairs: the .c file of one needs what needs its header."""
        self.write("core/file/a.h", "")
        self.write("core/file/a.c", '#include "core/file/a.h"\n#include "core/file/b.h"\n')
        self.write("core/file/b.h", '#include "core/file/a.h"\n')
        self.finds("core/file/b.h:1: circle: core/file/a includes core/file/b includes core/file/a")

    def test_a_file_that_includes_itself(self):
        self.write("core/file/a.h", '#include "core/file/a.h"\n')
        self.finds("core/file/a.h:1: circle: core/file/a includes core/file/a")

    def test_a_folder_without_a_layer(self):
        self.write("core/extra/a.h", "")
        self.write("core/file/deeper/a.h", "")
        self.write("fs/main.c", "")
        self.finds("core/extra/a.h:1: folders", "core/file/deeper/a.h:1: folders", "fs/main.c:1: folders")

    def test_a_layer_without_a_folder(self):
        (self.root / "fs/generated").rmdir()
        self.finds("tests/check/layers.py:1: folders: there is no fs/generated")

    def test_the_top_level(self):
        self.write("notes.txt", "")
        self.finds("notes.txt:1: top level")


if __name__ == "__main__":
    fixture.main()
